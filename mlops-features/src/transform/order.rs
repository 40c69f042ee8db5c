//! Exact order statistics.

/// All numbers that were seen, NaN apart, to be put in order in the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordered(Vec<f64>);

/// Numbers in ascending order.
#[derive(Clone, Debug)]
pub(crate) struct Sorted(Vec<f64>);

impl Ordered {
    pub(crate) fn add(&mut self, x: f64) {
        if !x.is_nan() {
            self.0.push(x);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn finish(mut self) -> Sorted {
        self.0.sort_unstable_by(f64::total_cmp);
        Sorted(self.0)
    }
}

impl Sorted {
    /// The quantile `q` of 0 to 1 by linear interpolation, as numpy has it; `None` of nothing.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let place = q * last as f64;
        let below = (place.floor() as usize).min(last);
        let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
        let share = place - below as f64;
        // As numpy, from the nearer end, so that equal ends give just that.
        Some(if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) })
    }

    /// The number that is there most often, the least of several; `None` of nothing.
    pub(crate) fn mode(&self) -> Option<f64> {
        let runs = self.0.chunk_by(|a, b| a == b);
        runs.fold(None, |best: Option<&[f64]>, run| match best {
            Some(best) if best.len() >= run.len() => Some(best),
            _ => Some(run),
        })
        .map(|run| run[0])
    }
}
