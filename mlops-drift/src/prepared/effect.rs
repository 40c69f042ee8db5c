//! Whether a column's effects are beyond thresholds, as far as the rows tell.

use super::{BinRows, ColumnComparison};
use crate::DriftError;
use crate::compare::{Effect, EffectMeasure, Interval, band, share_of_unseen, total_variation, two_proportion_z};
use crate::error::out_of_range;

/// What must be exceeded for a column to have drifted: effects, which don't grow with the rows. Made by
/// [`EffectThresholds::builder`]; the default is that of the table.
///
/// | name | default | what it is of | range |
/// |---|---|---|---|
/// | `distance` | 0.03 | Kolmogorov distance of numbers, total variation distance of the texts that the reference has | 0 to 1 |
/// | `missing` | 0.005 | difference of the shares of rows without a finite value: missing, NaN, infinite | 0 to 1 |
/// | `unseen` | 0.001 | share of current rows with texts that the reference doesn't have | 0 to 1 |
///
/// A normal distribution that is moved by a tenth of its standard deviation has a Kolmogorov distance of 0.04, by a fifth one
/// of 0.08.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectThresholds {
    distance: f64,
    missing: f64,
    unseen: f64,
}

/// Builds [`EffectThresholds`].
#[derive(Clone, Copy, Debug)]
pub struct EffectThresholdsBuilder(EffectThresholds);

impl Default for EffectThresholds {
    fn default() -> Self {
        Self { distance: 0.03, missing: 0.005, unseen: 0.001 }
    }
}

impl EffectThresholds {
    /// A builder with the defaults.
    #[must_use]
    pub fn builder() -> EffectThresholdsBuilder {
        EffectThresholdsBuilder(Self::default())
    }
}

impl EffectThresholdsBuilder {
    /// Of the distance of numbers, or of known texts.
    #[must_use]
    pub fn distance(mut self, threshold: f64) -> Self {
        self.0.distance = threshold;
        self
    }

    /// Of the difference of the shares of rows without a finite value.
    #[must_use]
    pub fn missing(mut self, threshold: f64) -> Self {
        self.0.missing = threshold;
        self
    }

    /// Of the share of unseen texts.
    #[must_use]
    pub fn unseen(mut self, threshold: f64) -> Self {
        self.0.unseen = threshold;
        self
    }

    /// The thresholds.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] for one that isn't 0 to 1.
    pub fn build(self) -> Result<EffectThresholds, DriftError> {
        let EffectThresholds { distance, missing, unseen } = self.0;
        for (parameter, threshold) in [("distance", distance), ("missing", missing), ("unseen", unseen)] {
            if !(0.0..=1.0).contains(&threshold) {
                return out_of_range(parameter, &threshold, "0 to 1");
            }
        }
        Ok(self.0)
    }
}

/// What an effect's interval says of its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EffectVerdict {
    /// The whole interval is above: the column has drifted.
    Beyond,
    /// The whole interval is at or below: it hasn't, by that measure.
    Within,
    /// The threshold is inside: more rows are needed to tell.
    Undetermined,
}

/// An effect of a column, held against its threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnEffect {
    /// The effect: a distance, a difference of shares of missing rows ([`EffectMeasure::ShareDifference`]), or a share of unseen
    /// texts.
    pub effect: Effect,
    /// The threshold.
    pub threshold: f64,
    /// What the interval says of it.
    pub verdict: EffectVerdict,
}

impl ColumnEffect {
    /// Holds the size of an effect, whatever its direction, against a threshold.
    fn of(effect: Effect, threshold: f64) -> Self {
        let Interval { low, high } = effect.interval.unwrap_or(Interval { low: -1.0, high: 1.0 });
        let least = low.max(-high).max(0.0);
        let verdict = if least > threshold {
            EffectVerdict::Beyond
        } else if low.abs().max(high.abs()) <= threshold {
            EffectVerdict::Within
        } else {
            EffectVerdict::Undetermined
        };
        Self { effect, threshold, verdict }
    }
}

impl ColumnComparison {
    /// The column's effects, each with its interval at 95 %, held against thresholds: the default alarm, which no number of rows
    /// sets off by itself.
    ///
    /// A drift that is [`Beyond`](EffectVerdict::Beyond) is larger than the threshold in 97.5 % of samples or more; one that the rows
    /// can't tell from the threshold is [`Undetermined`](EffectVerdict::Undetermined) and no alarm. The distance of numbers is the
    /// Kolmogorov distance with its band; of counts alone, the interval of the bins widened by that band.
    ///
    /// # Errors
    /// [`DriftError::Column`] where counts can't be compared.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow::array::{Float64Array, RecordBatch};
    /// use mlops_drift::{EffectThresholds, EffectVerdict, PreparedReference};
    ///
    /// let batch = |rows: i32, shift: f64| {
    ///     let wind = Float64Array::from_iter_values((0..rows).map(|i| f64::from(i) / f64::from(rows) + shift));
    ///     RecordBatch::try_from_iter([("wind", Arc::new(wind) as _)])
    /// };
    /// let verdict = |rows, shift| -> Result<EffectVerdict, Box<dyn std::error::Error>> {
    ///     let reference = PreparedReference::builder().build(&[batch(rows, 0.0)?])?;
    ///     let wind = &reference.compare(&[batch(rows, shift)?])?[0];
    ///     Ok(wind.effects(&EffectThresholds::default())?[0].verdict)
    /// };
    /// assert_eq!(verdict(100, 0.1)?, EffectVerdict::Undetermined);
    /// assert_eq!(verdict(10_000, 0.1)?, EffectVerdict::Beyond);
    /// assert_eq!(verdict(1_000_000, 0.001)?, EffectVerdict::Within);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn effects(&self, thresholds: &EffectThresholds) -> Result<Vec<ColumnEffect>, DriftError> {
        self.effects_of(thresholds)
            .map_err(|cause| DriftError::Column { column: self.column.clone(), cause: Box::new(cause) })
    }

    fn effects_of(&self, thresholds: &EffectThresholds) -> Result<Vec<ColumnEffect>, DriftError> {
        let of = |bins: &[BinRows]| -> (Vec<u64>, Vec<u64>) {
            bins.iter().map(|bin| (bin.reference, bin.current)).unzip()
        };
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        // What is no value comes last: four bins of numbers, one of texts, behind that of unseen ones.
        let (values, others) = self.bins.split_at(self.bins.len() - if self.is_text { 1 } else { 4 });
        let mut effects = Vec::new();
        if let Some(distance) = self.distance(values)? {
            effects.push(ColumnEffect::of(distance, thresholds.distance));
        }
        let ((reference, current), (none, none_current)) = (of(values), of(others));
        let missing = two_proportion_z([sum(&none), sum(&reference)], [sum(&none_current), sum(&current)])?;
        effects.push(ColumnEffect::of(missing.effect, thresholds.missing));
        if self.is_text && sum(&reference) > 0 && sum(&current) > 0 {
            effects.push(ColumnEffect::of(share_of_unseen(&reference, &current)?.effect, thresholds.unseen));
        }
        Ok(effects)
    }

    /// The distance of what both sides have values of; `None` where a side has none.
    fn distance(&self, values: &[BinRows]) -> Result<Option<Effect>, DriftError> {
        if let Some(numbers) = &self.numbers {
            return Ok(Some(numbers.kolmogorov_smirnov.effect));
        }
        if let Some(bins) = self.ks_interval {
            let reach = band(bins.reference_rows as usize, bins.current_rows as usize);
            let interval = Interval { low: (bins.low - reach).max(0.0), high: (bins.high + reach).min(1.0) };
            let measure = EffectMeasure::KolmogorovDistance;
            return Ok(Some(Effect { measure, value: bins.low, interval: Some(interval) }));
        }
        let known = if self.is_text { &values[..values.len() - 1] } else { &[] };
        let (reference, current): (Vec<u64>, Vec<u64>) =
            known.iter().map(|bin| (bin.reference, bin.current)).unzip();
        if reference.iter().all(|&rows| rows == 0) || current.iter().all(|&rows| rows == 0) {
            return Ok(None);
        }
        Ok(Some(total_variation(&reference, &current)?.effect))
    }
}
