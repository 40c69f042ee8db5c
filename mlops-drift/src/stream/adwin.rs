//! Adaptive windowing.

use std::collections::VecDeque;

use super::{Detector, DetectorState, DriftEvidence};
use crate::DriftError;
use crate::error::out_of_range;

/// What [`Adwin`] does with its window once a change was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterDrift {
    /// Starts afresh with the next value, as River does.
    #[default]
    Restart,
    /// Keeps the newer part of the window, as the paper does.
    KeepNewer,
}

/// Adaptive windowing (Bifet and Gavaldà, 2007, doi:10.1137/1.9781611972771.42): a window that grows while its
/// mean is the same and drops its oldest part when it isn't any more.
///
/// At every 32nd value, each cut of the window W into an older part of n₀ and a newer part of n₁ values is
/// looked at. Their means differ by too much if |μ₀ − μ₁| > ε, where
///
/// ε = √(2 m σ² δ′) + ⅔ m δ′, δ′ = ln(2 ln |W| / δ), m = 1/(n₀ − l + 1) + 1/(n₁ − l + 1),
///
/// σ² is the variance of the window and l the least length of a part. Then the oldest bucket is dropped, and
/// the cuts are looked at again. Values lie in buckets of 1, 2, 4, … values, a few of each size, so memory and
/// the time of a check grow with ln |W|; a cut can only be between buckets.
///
/// Detections, window length and mean are those of River 0.26.1 with the same parameters. Unlike River it can
/// keep the newer part ([`AfterDrift::KeepNewer`]), gives evidence, and ignores NaN and infinities, which
/// spoil River's sums for good. δ bounds the rate of false alarms only roughly: ε is used for many cuts at
/// many times.
///
/// | parameter | default | unit | range |
/// |---|---|---|---|
/// | `delta` | 0.002 | confidence | over 0, below 1 |
/// | `clock` | 32 | values between checks | 1 and more |
/// | `max_buckets` | 5 | buckets of each size | 2 and more |
/// | `min_window` | 5 | values, least length of a part | 1 and more |
/// | `grace_period` | 10 | values, no check up to this length | 0 and more |
/// | `after_drift` | restart | | |
///
/// ```
/// use mlops_drift::{Adwin, Detector};
///
/// let mut adwin = Adwin::default();
/// let stream = (0..1000).map(|i| if i < 500 { 0.0 } else { 1.0 });
/// let found: Vec<usize> =
///     stream.enumerate().filter(|&(_, x)| adwin.update(x).is_drift()).map(|(i, _)| i).collect();
/// assert_eq!(found, [511]);
/// ```
#[derive(Clone, Debug)]
pub struct Adwin {
    settings: AdwinBuilder,
    /// `levels[k]` holds buckets of 2ᵏ values, the oldest first; the highest level holds the oldest values.
    levels: Vec<VecDeque<Bucket>>,
    width: u64,
    total: f64,
    /// The sum of squared deviations from the window's mean.
    squares: f64,
    ticks: u64,
    restart: bool,
    ignored: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    total: f64,
    squares: f64,
}

/// Sets up an [`Adwin`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AdwinBuilder {
    delta: f64,
    clock: u64,
    max_buckets: usize,
    min_window: u64,
    grace_period: u64,
    after_drift: AfterDrift,
}

impl Default for AdwinBuilder {
    fn default() -> Self {
        Self {
            delta: 0.002,
            clock: 32,
            max_buckets: 5,
            min_window: 5,
            grace_period: 10,
            after_drift: AfterDrift::Restart,
        }
    }
}

impl AdwinBuilder {
    /// The confidence: the smaller, the fewer false alarms and the later the true ones.
    pub fn delta(mut self, delta: f64) -> Self {
        self.delta = delta;
        self
    }

    /// How many values there are from one check to the next.
    pub fn clock(mut self, values: u64) -> Self {
        self.clock = values;
        self
    }

    /// How many buckets of one size there may be.
    pub fn max_buckets(mut self, buckets: usize) -> Self {
        self.max_buckets = buckets;
        self
    }

    /// How many values each part of a cut has at least.
    pub fn min_window(mut self, values: u64) -> Self {
        self.min_window = values;
        self
    }

    /// Up to which length a window isn't checked.
    pub fn grace_period(mut self, values: u64) -> Self {
        self.grace_period = values;
        self
    }

    /// What happens to the window after a change.
    pub fn after_drift(mut self, after: AfterDrift) -> Self {
        self.after_drift = after;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] that names the parameter.
    pub fn build(self) -> Result<Adwin, DriftError> {
        if !(0.0 < self.delta && self.delta < 1.0) {
            return out_of_range("delta", &self.delta, "over 0 and below 1");
        }
        if self.clock == 0 {
            return out_of_range("clock", &0, "1 and more");
        }
        if !(2..=1000).contains(&self.max_buckets) {
            return out_of_range("max_buckets", &self.max_buckets, "2 to 1000");
        }
        if self.min_window == 0 {
            return out_of_range("min_window", &0, "1 and more");
        }
        Ok(Adwin::new(self))
    }
}

impl Default for Adwin {
    fn default() -> Self {
        Self::new(AdwinBuilder::default())
    }
}

fn size(level: usize) -> u64 {
    // A level of 2⁶³ is never reached: it takes as many values.
    1 << level.min(63)
}

impl Adwin {
    fn new(settings: AdwinBuilder) -> Self {
        let levels = vec![VecDeque::new()];
        Self { settings, levels, width: 0, total: 0.0, squares: 0.0, ticks: 0, restart: false, ignored: 0 }
    }

    /// Starts one with the defaults above.
    pub fn builder() -> AdwinBuilder {
        AdwinBuilder::default()
    }

    /// How many values the window holds.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.width
    }

    /// The mean of the window; 0 if it is empty.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.width == 0 { 0.0 } else { self.total / self.width as f64 }
    }

    /// The population variance of the window; 0 if it is empty.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.width == 0 { 0.0 } else { self.squares / self.width as f64 }
    }

    fn insert(&mut self, x: f64) {
        // The first level is never taken away.
        if let Some(first) = self.levels.first_mut() {
            first.push_back(Bucket { total: x, squares: 0.0 });
        }
        self.width += 1;
        if self.width > 1 {
            let before = (self.width - 1) as f64;
            let away = x - self.total / before;
            self.squares += before * away * away / self.width as f64;
        }
        self.total += x;
        self.merge_buckets();
    }

    /// Where a level holds one bucket too many, its two oldest become one of the next level.
    fn merge_buckets(&mut self) {
        let mut level = 0;
        while let Some(buckets) = self.levels.get_mut(level) {
            if buckets.len() <= self.settings.max_buckets {
                break;
            }
            let (Some(a), Some(b)) = (buckets.pop_front(), buckets.pop_front()) else { break };
            let n = size(level) as f64;
            let apart = a.total / n - b.total / n;
            let merged =
                Bucket { total: a.total + b.total, squares: a.squares + b.squares + n * 0.5 * apart * apart };
            level += 1;
            if level == self.levels.len() {
                self.levels.push(VecDeque::new());
            }
            self.levels[level].push_back(merged);
        }
    }

    fn drop_oldest(&mut self) {
        let Some(level) = self.levels.len().checked_sub(1) else { return };
        let Some(oldest) = self.levels[level].pop_front() else { return };
        let n = size(level);
        self.width -= n;
        self.total -= oldest.total;
        let (n, rest) = (n as f64, self.width as f64);
        let apart = oldest.total / n - self.total / rest;
        self.squares -= oldest.squares + n * rest * apart * apart / (n + rest);
        while self.levels.len() > 1 && self.levels.last().is_some_and(VecDeque::is_empty) {
            self.levels.pop();
        }
    }

    /// The first cut, from the oldest, whose parts differ.
    fn find_cut(&self) -> Option<DriftEvidence> {
        let width = self.width as f64;
        let least = self.settings.min_window;
        let confidence = (2.0 * width.ln() / self.settings.delta).ln();
        let (mut before, mut after) = (0, self.width);
        let (mut total_before, mut total_after) = (0.0, self.total);
        for (level, buckets) in self.levels.iter().enumerate().rev() {
            for bucket in buckets {
                before += size(level);
                after -= size(level);
                total_before += bucket.total;
                total_after -= bucket.total;
                if after < least {
                    return None;
                }
                if before < least {
                    continue;
                }
                let (mean_before, mean_after) = (total_before / before as f64, total_after / after as f64);
                let harmonic = 1.0 / ((before - least) as f64 + 1.0) + 1.0 / ((after - least) as f64 + 1.0);
                let bound = (2.0 * harmonic * (self.squares / width) * confidence).sqrt()
                    + 2.0 / 3.0 * confidence * harmonic;
                if (mean_before - mean_after).abs() > bound {
                    let (values_before, values_after) = (before, after);
                    return Some(DriftEvidence { mean_before, values_before, mean_after, values_after, bound });
                }
            }
        }
        None
    }
}

impl Detector for Adwin {
    fn update(&mut self, x: f64) -> DetectorState {
        if !x.is_finite() {
            self.ignored += 1;
            return DetectorState::Stable;
        }
        if self.restart {
            self.reset();
        }
        self.insert(x);
        self.ticks += 1;
        if !self.ticks.is_multiple_of(self.settings.clock) || self.width <= self.settings.grace_period {
            return DetectorState::Stable;
        }
        let mut evidence = None;
        while let Some(cut) = self.find_cut() {
            evidence.get_or_insert(cut);
            self.drop_oldest();
        }
        self.restart = evidence.is_some() && self.settings.after_drift == AfterDrift::Restart;
        evidence.map_or(DetectorState::Stable, |evidence| DetectorState::Drift { evidence })
    }

    fn ignored(&self) -> u64 {
        self.ignored
    }

    fn reset(&mut self) {
        let fresh = Self::new(self.settings.clone());
        *self = Self { ignored: self.ignored, ..fresh };
    }
}
