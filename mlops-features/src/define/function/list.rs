//! Functions of lists. A missing list gives missing; NaN in a list goes through.

use mlops_core::{SlotKind, Value};

use super::signature::{Takes, as_text, signature, takes};
use super::{ArgumentError, ScalarFn, as_float};

/// The sum of floats in the order in which numpy adds them: halves apart, down to 128 numbers, of which eight sums are
/// kept. Its error grows with the logarithm of their number (Higham 1993, doi:10.1137/0914050).
fn pairwise_sum(numbers: &[f64]) -> f64 {
    if numbers.len() < 8 {
        return numbers.iter().fold(0.0, |sum, x| sum + x);
    }
    if numbers.len() > 128 {
        let half = numbers.len() / 2;
        let (left, right) = numbers.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let (eights, rest) = numbers.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += x);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, x| sum + x)
}

/// The number that is chosen again and again; NaN where one is, `None` of nothing.
fn chosen(numbers: &[f64], choose: fn(f64, f64) -> f64) -> Option<f64> {
    let choose = |x: f64, y: f64| if x.is_nan() || y.is_nan() { f64::NAN } else { choose(x, y) };
    numbers.iter().copied().reduce(choose)
}

/// A float about a list of floats.
fn of_numbers(name: &'static str, kernel: fn(&[f64]) -> Option<f64>) -> Box<dyn ScalarFn> {
    signature(name, |kinds| takes(kinds, &[Takes::Numbers], SlotKind::Float)).with(move |arguments, _| {
        match arguments.first()? {
            Value::Numbers(numbers) => kernel(numbers).map(Value::Float),
            _ => None,
        }
    })
}

fn contains_kind(kinds: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
    match kinds.first() {
        Some(SlotKind::Texts) => takes(kinds, &[Takes::List, Takes::Text], SlotKind::Int),
        _ => takes(kinds, &[Takes::List, Takes::Number], SlotKind::Int),
    }
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let mean = |numbers: &[f64]| (!numbers.is_empty()).then(|| pairwise_sum(numbers) / numbers.len() as f64);
    vec![
        signature("list_length", |kinds| takes(kinds, &[Takes::List], SlotKind::Int)).with(|arguments, _| {
            match arguments.first()? {
                Value::Numbers(numbers) => Some(Value::Int(numbers.len() as i64)),
                Value::Texts(texts) => Some(Value::Int(texts.len() as i64)),
                _ => None,
            }
        }),
        of_numbers("list_sum", |numbers| Some(pairwise_sum(numbers))),
        of_numbers("list_mean", mean),
        of_numbers("list_min", |numbers| chosen(numbers, f64::min)),
        of_numbers("list_max", |numbers| chosen(numbers, f64::max)),
        signature("list_contains", contains_kind).with(|arguments, _| {
            let [list, item] = arguments else { return None };
            let holds = match *list {
                Value::Numbers(numbers) => numbers.contains(&as_float(*item)?),
                Value::Texts(texts) => {
                    let item = as_text(*item)?;
                    texts.iter().any(|text| text == item)
                }
                _ => return None,
            };
            Some(Value::Int(i64::from(holds)))
        }),
    ]
}
