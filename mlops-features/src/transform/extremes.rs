//! The least and the greatest number.

use super::TransformError;

/// The least and the greatest number that was seen, NaN apart. (−0 is less than 0.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Extremes(Option<(f64, f64)>);

impl Extremes {
    /// Takes in numbers; NaN is passed over.
    ///
    /// # Errors
    /// [`TransformError::Infinite`] for an infinity.
    pub(crate) fn add_all(&mut self, numbers: &[f64]) -> Result<(), TransformError> {
        for &x in numbers.iter().filter(|x| !x.is_nan()) {
            if x.is_infinite() {
                return Err(TransformError::Infinite { got: x });
            }
            self.merge(Self(Some((x, x))));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn merge(&mut self, other: Self) {
        let least = |a: f64, b: f64| if b.total_cmp(&a).is_lt() { b } else { a };
        let greatest = |a: f64, b: f64| if b.total_cmp(&a).is_gt() { b } else { a };
        self.0 = match (self.0, other.0) {
            (Some((a, b)), Some((c, d))) => Some((least(a, c), greatest(b, d))),
            (one, other) => one.or(other),
        };
    }

    /// The least and the greatest; `None` of nothing.
    pub(crate) fn get(self) -> Option<(f64, f64)> {
        self.0
    }
}

/// scikit-learn's rule for a scale that tells a constant: one below 10 machine epsilons is taken for 1.
pub(crate) fn scale_or_one(scale: f64) -> f64 {
    if scale < 10.0 * f64::EPSILON { 1.0 } else { scale }
}
