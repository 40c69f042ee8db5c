//! Arithmetic and elementary functions. A missing argument gives missing; NaN goes through.

use std::f64::consts::TAU;
use std::fmt;

use mlops_core::{SlotKind, Value};

use super::{ArgumentError, ScalarFn, Scratch, as_float, check_count, check_numbers};

/// A built-in function of numbers.
#[derive(Clone, Copy)]
struct Numeric<const N: usize, F> {
    name: &'static str,
    answers: SlotKind,
    kernel: F,
}

impl<const N: usize, F> fmt::Debug for Numeric<N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<const N: usize, F: Fn([f64; N]) -> Value<'static> + Send + Sync> ScalarFn for Numeric<N, F> {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        check_count(arguments, N)?;
        check_numbers(arguments, 0)?;
        Ok(self.answers)
    }

    #[inline]
    fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        let mut numbers = [0.0; N];
        for (number, &argument) in numbers.iter_mut().zip(arguments) {
            match as_float(argument) {
                Some(x) => *number = x,
                None => return Value::Missing,
            }
        }
        (self.kernel)(numbers)
    }
}

pub(super) fn float<const N: usize>(
    name: &'static str,
    kernel: impl Fn([f64; N]) -> f64 + Copy + Send + Sync + 'static,
) -> Box<dyn ScalarFn> {
    let kernel = move |numbers| Value::Float(kernel(numbers));
    Box::new(Numeric { name, answers: SlotKind::Float, kernel })
}

pub(super) fn int<const N: usize>(
    name: &'static str,
    kernel: impl Fn([f64; N]) -> Value<'static> + Copy + Send + Sync + 'static,
) -> Box<dyn ScalarFn> {
    Box::new(Numeric { name, answers: SlotKind::Int, kernel })
}

/// NaN if either is, as IEEE 754's `minimum` and `maximum` have it; f64's own take the other.
fn unless_nan(x: f64, y: f64, choose: impl Fn(f64, f64) -> f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { choose(x, y) }
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    vec![
        float("plus", |[x, y]| x + y),
        float("minus", |[x, y]| x - y),
        float("times", |[x, y]| x * y),
        float("over", |[x, y]| x / y),
        float("negative", |[x]| -x),
        float("absolute", |[x]: [f64; 1]| x.abs()),
        float("power", |[x, y]| libm::pow(x, y)),
        float("square_root", |[x]: [f64; 1]| x.sqrt()),
        float("exp", |[x]| libm::exp(x)),
        float("ln", |[x]| libm::log(x)),
        float("ln_1p", |[x]| libm::log1p(x)),
        float("log10", |[x]| libm::log10(x)),
        float("round", |[x]: [f64; 1]| x.round_ties_even()),
        float("floor", |[x]: [f64; 1]| x.floor()),
        float("ceiling", |[x]: [f64; 1]| x.ceil()),
        float("least", |[x, y]| unless_nan(x, y, f64::min)),
        float("greatest", |[x, y]| unless_nan(x, y, f64::max)),
        float("clip", |[x, low, high]| unless_nan(unless_nan(x, low, f64::max), high, f64::min)),
        float("cycle_sin", |[x, period]| libm::sin(x / period * TAU)),
        float("cycle_cos", |[x, period]| libm::cos(x / period * TAU)),
    ]
}
