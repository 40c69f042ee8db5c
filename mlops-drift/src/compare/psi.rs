//! The population stability index.

use super::Interval;
use super::shares::{Pair, Pairs};
use crate::DriftError;

/// What [`psi`] does about bins that are empty on one side, where the logarithm has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PsiZeros {
    /// Half a row more in every bin, on both sides: the default.
    ///
    /// It is the mean of the shares under Jeffreys' prior (a Dirichlet distribution with parameters ½). An
    /// empty bin so weighs as much as the rows allow: with few rows it is little evidence and adds little, with
    /// many rows it adds much; and nothing has to be chosen. A fixed share in its stead (1e-4, 1e-10 and 2e-308
    /// are in use) makes the index depend on that choice more than on the data: an empty bin against a share of
    /// 1 % adds 0.05, 0.18 or 7.
    #[default]
    Jeffreys,
    /// Nothing: a bin that is empty on one side makes the index infinite.
    Infinite,
}

impl PsiZeros {
    /// Rows that are added to each occupied bin.
    pub(super) fn added(self) -> f64 {
        match self {
            Self::Jeffreys => 0.5,
            Self::Infinite => 0.0,
        }
    }
}

/// A population stability index. Made by [`psi`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Psi {
    /// The index: 0 for equal shares, without an upper bound.
    pub statistic: f64,
    /// What each bin adds to it; never negative.
    pub contributions: Vec<f64>,
    /// About what the index would be on average if nothing had changed: (B − 1)(1/n + 1/m).
    pub expected_without_drift: f64,
    /// Rows in the reference, n.
    pub reference_rows: u64,
    /// Rows in the current sample, m.
    pub current_rows: u64,
    /// What was done about empty bins.
    pub zeros: PsiZeros,
    /// Where the index of what the samples were drawn from may lie; `None` where nothing can be said.
    pub interval: Option<Interval>,
}

/// The population stability index of counts in the same bins: Σ (qᵢ − pᵢ) ln(qᵢ / pᵢ).
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample. By default they are
/// (count + ½) / (rows + B/2), where B is the number of bins that hold a row on at least one side (see
/// [`PsiZeros`]); a bin that is empty on both sides is left out. The index is Jeffreys' symmetric divergence,
/// KL(p‖q) + KL(q‖p), in nats: it doesn't matter which side is which. Readings of 0.1 as small and 0.25 as
/// large are a custom of credit scoring (Siddiqi, *Credit Risk Scorecards*, 2006), not a test. Without a change
/// the index is on average about (B − 1)(1/n + 1/m) (Yurdakul and Naranjo, 2020, doi:10.21314/JRMV.2020.227),
/// given as [`Psi::expected_without_drift`]: a reading near that says nothing.
///
/// The interval takes that off, so the index may lie above it. It is from the noncentral chi-square distribution with a
/// variance by the delta method, as that of [`kullback_leibler`](crate::kullback_leibler), and there is none where an
/// occupied bin has less than 5 rows on a side.
///
/// One occupied bin gives 0. Evidently puts 1e-4 into empty bins without renormalising, scouter adds 1e-10 to
/// each share. Neither looks at the number of rows, so values differ wherever a bin is empty or rows are few.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::{PsiZeros, psi};
///
/// let drift = psi(&[50, 50], &[80, 20], PsiZeros::Infinite).unwrap();
/// assert!((drift.statistic - 0.415_888_308_335_967_2).abs() < 1e-15); // 0.3 ln 1.6 − 0.3 ln 0.4
/// assert!(psi(&[50, 50, 0], &[80, 20, 5], PsiZeros::default()).unwrap().statistic.is_finite());
/// ```
pub fn psi(reference: &[u64], current: &[u64], zeros: PsiZeros) -> Result<Psi, DriftError> {
    let pairs = Pairs::of(reference, current, zeros.added())?;
    let contribution = |bin: &Pair| {
        if bin.difference == 0.0 {
            return 0.0;
        }
        if bin.p == 0.0 || bin.q == 0.0 {
            return f64::INFINITY;
        }
        let relative = bin.difference / bin.p;
        bin.difference * if relative.abs() < 0.5 { libm::log1p(relative) } else { (bin.q / bin.p).ln() }
    };
    let contributions: Vec<f64> = pairs.bins.iter().map(contribution).collect();
    let statistic = contributions.iter().sum();
    let gradient = |bin: &Pair| ((bin.p / bin.q).ln() - bin.q / bin.p, (bin.q / bin.p).ln() - bin.p / bin.q);
    let interval = pairs.interval(statistic, 1.0 / pairs.per_row(), gradient);
    Ok(Psi {
        statistic,
        contributions,
        expected_without_drift: (pairs.occupied - 1.0) * pairs.per_row(),
        reference_rows: pairs.n as u64,
        current_rows: pairs.m as u64,
        zeros,
        interval,
    })
}
