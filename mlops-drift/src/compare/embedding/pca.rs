//! What is lost of rows by the principal components of a reference.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use super::eigen::symmetric_eigen;
use super::rows::check_side;
use crate::DriftError;
use crate::compare::{Sample, SampleTest, ks_two_sample};
use crate::error::out_of_range;

/// How many principal components are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PcaComponents {
    /// The fewest whose variance is at least this share of all, within (0, 1]; NannyML's default is 0.65.
    Share(f64),
    /// This many, from 1 to the number of columns.
    Count(usize),
}

/// The principal components of a reference, to see how well they still say what current rows are.
///
/// Columns are standardised by the reference's means and standard deviations (divided by n; a constant column is only
/// centred). The components are the eigenvectors of the columns' correlations, as in NannyML's reconstruction error; no
/// variance is shrunk. What is lost of a row is the Euclidean norm of the standardised row less its projection on the
/// components. The reference's own losses are in-sample and so a little small: on average by a factor of about
/// √(1 − components / n).
///
/// ```
/// use mlops_drift::{PcaComponents, PcaReference};
/// use ndarray::Array2;
///
/// // Both columns say the same: one component loses nothing.
/// let rows = Array2::from_shape_fn((50, 2), |(i, _)| (i % 7) as f64);
/// let pca = PcaReference::fit(rows.view(), PcaComponents::Share(0.65))?;
/// assert_eq!(pca.components().nrows(), 1);
/// let mut current = rows.clone();
/// current.column_mut(1).iter_mut().for_each(|x| *x = 6.0 - *x);
/// let drift = pca.reconstruction_error(current.view())?;
/// assert!(drift.reference_mean < 1e-12 && drift.current_mean > 0.5);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PcaReference {
    means: Array1<f64>,
    deviations: Array1<f64>,
    components: Array2<f64>,
    shares: Vec<f64>,
    losses: Sample,
}

/// What is lost of the rows on both sides. Made by [`PcaReference::reconstruction_error`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PcaReconstruction {
    /// The mean loss of the reference's rows, in standard deviations of the columns.
    pub reference_mean: f64,
    /// The mean loss of the current rows.
    pub current_mean: f64,
    /// Whether the losses of both sides are alike.
    pub test: SampleTest,
    /// The loss of each current row, in their order.
    pub losses: Vec<f64>,
}

impl PcaReference {
    /// Fits the components.
    ///
    /// It takes n columns² + 4 columns³ multiplications or so, and is meant for up to some thousand columns.
    ///
    /// # Errors
    /// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::TooFewRows`] for one row,
    /// [`DriftError::NotFinite`], [`DriftError::OutOfRange`] for a share or a number of components out of its range, and
    /// [`DriftError::Undefined`] where all rows are equal, or so large that their variance is beyond all numbers.
    pub fn fit(rows: ArrayView2<f64>, components: PcaComponents) -> Result<Self, DriftError> {
        check_side("reference", &rows, 2)?;
        match components {
            PcaComponents::Share(share) if !(share > 0.0 && share <= 1.0) => {
                return out_of_range("components", &share, "a share above 0, up to 1");
            }
            PcaComponents::Count(count) if !(1..=rows.ncols()).contains(&count) => {
                return out_of_range("components", &count, "1 to the number of columns");
            }
            _ => {}
        }
        let undefined = |cause| DriftError::Undefined { statistic: "principal components", cause };
        let n = rows.nrows() as f64;
        // From the first row on, so that a constant column has its own mean to the last bit.
        let first = rows.row(0);
        let means = &first + &((&rows - &first).sum_axis(Axis(0)) / n);
        let deviations: Array1<f64> =
            rows.columns().into_iter().zip(&means).map(|(column, &mean)| deviation(column, mean)).collect();
        if !deviations.iter().chain(&means).all(|x| x.is_finite()) {
            return Err(undefined("the variance of a column is beyond all numbers"));
        }
        let mut reference = Self {
            means,
            deviations,
            components: Array2::zeros((0, 0)),
            shares: Vec::new(),
            losses: Sample::of(&[]),
        };
        let standard = reference.standardised(&rows);
        let correlations = standard.t().dot(&standard) / n;
        let total: f64 = correlations.diag().sum();
        if total == 0.0 {
            return Err(undefined("all rows are equal"));
        }
        let (values, vectors) =
            symmetric_eigen(correlations).ok_or_else(|| undefined("the eigenvalues were not found"))?;
        let shares: Vec<f64> = values.iter().map(|value| value.max(0.0) / total).collect();
        let kept = match components {
            PcaComponents::Count(count) => count,
            PcaComponents::Share(share) => {
                let mut sum = 0.0;
                let reached = shares.iter().position(|part| {
                    sum += part;
                    sum >= share
                });
                reached.map_or(shares.len(), |place| place + 1)
            }
        };
        reference.components = vectors.slice(s![..kept, ..]).to_owned();
        reference.shares = shares[..kept].to_vec();
        reference.losses = Sample::of(&reference.losses_of(&standard));
        Ok(reference)
    }

    /// The components, a row each, by falling variance; each of length 1, its largest part positive.
    #[must_use]
    pub fn components(&self) -> &Array2<f64> {
        &self.components
    }

    /// The share of the variance that each component has.
    #[must_use]
    pub fn variance_shares(&self) -> &[f64] {
        &self.shares
    }

    /// What is lost of current rows, beside what is lost of the reference's.
    ///
    /// # Errors
    /// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::NotFinite`], [`DriftError::OtherWidths`].
    pub fn reconstruction_error(&self, current: ArrayView2<f64>) -> Result<PcaReconstruction, DriftError> {
        check_side("current", &current, 1)?;
        if current.ncols() != self.means.len() {
            return Err(DriftError::OtherWidths { reference: self.means.len(), current: current.ncols() });
        }
        let losses = self.losses_of(&self.standardised(&current));
        let sample = Sample::of(&losses);
        let mean = |sample: &Sample| sample.values().iter().sum::<f64>() / sample.values().len() as f64;
        Ok(PcaReconstruction {
            reference_mean: mean(&self.losses),
            current_mean: mean(&sample),
            test: ks_two_sample(&self.losses, &sample)?,
            losses,
        })
    }

    fn standardised(&self, rows: &ArrayView2<f64>) -> Array2<f64> {
        (rows - &self.means) / &self.deviations.mapv(|x| if x > 0.0 { x } else { 1.0 })
    }

    fn losses_of(&self, standard: &Array2<f64>) -> Vec<f64> {
        let rest = standard - &standard.dot(&self.components.t()).dot(&self.components);
        // Beyond all numbers where a row is too far out for its square.
        rest.rows()
            .into_iter()
            .map(|row| row.dot(&row).sqrt())
            .map(|x| if x.is_nan() { f64::INFINITY } else { x })
            .collect()
    }
}

/// The standard deviation, by the largest part, whose square may be beyond all numbers.
fn deviation(column: ArrayView1<f64>, mean: f64) -> f64 {
    let largest = column.iter().fold(0.0_f64, |most, x| most.max((x - mean).abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let squares: f64 = column.iter().map(|x| ((x - mean) / largest) * ((x - mean) / largest)).sum();
    largest * (squares / column.len() as f64).sqrt()
}
