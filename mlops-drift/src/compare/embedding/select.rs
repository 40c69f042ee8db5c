//! The median of very many numbers.

use super::real::Real;

/// How many numbers are looked at to guess where the median lies.
const GUESS: usize = 10_000;

/// The median of those above 0 of all parts; the mean of the two in the middle where their number is even.
///
/// It is exact. A few numbers, evenly spaced, say between which two it most likely lies, and only what lies there is
/// sorted (Floyd and Rivest, 1975, doi:10.1145/360680.360691); where it turns out to lie elsewhere, all are.
pub(super) fn median_of<T: Real>(parts: &[&[T]]) -> Option<f64> {
    let zero = T::zero();
    let all = || parts.iter().flat_map(|part| part.iter().copied());
    let total: usize = parts.iter().map(|part| part.len()).sum();
    if total <= 4 * GUESS {
        return middle(all().filter(|&x| x > zero).map(Into::into).collect());
    }
    let step = total / GUESS;
    let mut guess = Vec::with_capacity(GUESS + 1);
    let mut skip = 0;
    for part in parts {
        guess.extend(part.iter().skip(skip).step_by(step).filter(|&&x| x > zero).map(|&x| x.into()));
        // The next place, counted from the next part's start.
        let left = part.len().saturating_sub(skip);
        skip = skip.saturating_sub(part.len()) + if left == 0 { 0 } else { (step - left % step) % step };
    }
    guess.sort_unstable_by(f64::total_cmp);
    let reach = guess.len() / 40;
    let (Some(&low), Some(&high)) =
        (guess.get((guess.len() / 2).saturating_sub(reach + 1)), guess.get(guess.len() / 2 + reach + 1))
    else {
        return middle(all().filter(|&x| x > zero).map(Into::into).collect());
    };
    let (mut positive, mut below, mut within) = (0, 0, Vec::new());
    let mut kept = [0.0; 256];
    for part in parts {
        for some in part.chunks(kept.len()) {
            // No branch hangs on a number: each is written, and the next over it unless it was to keep.
            let mut count = 0;
            for &x in some {
                let x: f64 = x.into();
                positive += usize::from(x > 0.0);
                below += usize::from(x > 0.0 && x < low);
                kept[count] = x;
                count += usize::from(low <= x && x <= high);
            }
            within.extend_from_slice(&kept[..count]);
        }
    }
    let (first, second) = ((positive - 1) / 2, positive / 2);
    if first < below || second >= below + within.len() {
        return middle(all().filter(|&x| x > zero).map(Into::into).collect());
    }
    Some(0.5 * (nth(&mut within, first - below) + nth(&mut within, second - below)))
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| 0.5 * (nth(&mut values, (n - 1) / 2) + nth(&mut values, n / 2)))
}

fn nth(values: &mut [f64], place: usize) -> f64 {
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::{median_of, middle};
    use crate::compare::embedding::deal::SplitMix;

    #[test]
    fn medians_are_exact() {
        let mut chance = SplitMix::new(1, 1);
        for (rows, values) in [(3, 5), (400, 9), (401, 1_000_000), (500, 2), (450, 1)] {
            let parts: Vec<Vec<f64>> =
                (0..rows).map(|i| (0..i).map(|_| chance.below(values) as f64).collect()).collect();
            let slices: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
            let all = parts.iter().flatten().copied().filter(|&x| x > 0.0).collect();
            assert_eq!(median_of(&slices), middle(all), "{rows} {values}");
        }
    }
}
