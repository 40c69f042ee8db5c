//! Functions of values: each is written once, for one row.

use std::fmt;

use mlops_core::{SlotKind, Timestamp, Value};

/// The most arguments that a function may take.
pub const MAX_ARGUMENTS: usize = 8;

/// A stateless function of values.
///
/// # Contract
/// The same arguments give the same bits, on every platform (transcendental functions come from `libm`). It is
/// called from many threads and allocates nothing. A missing argument is the function's own business; the
/// built-in ones answer missing. Whoever changes what it answers gives it another version.
pub trait ScalarFn: Send + Sync + fmt::Debug {
    /// Its name in the catalog.
    fn name(&self) -> &str;

    /// Its version in the catalog.
    fn version(&self) -> u32;

    /// What it answers for arguments of these kinds.
    ///
    /// # Errors
    /// [`ArgumentError`] for the first argument that it doesn't take.
    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError>;

    /// The kernel: one row. Called with the kinds that [`ScalarFn::kind`] accepted.
    fn call<'a>(&self, arguments: &[Value<'a>]) -> Value<'a>;

    /// Many rows: `arguments[i][row]` to `out[row]`. This loop is compiled for each function around its own
    /// kernel; don't write another.
    fn call_rows<'a>(&self, arguments: &[&[Value<'a>]], out: &mut [Value<'a>]) {
        let mut row_arguments = [Value::Missing; MAX_ARGUMENTS];
        for (row, out) in out.iter_mut().enumerate() {
            for (value, column) in row_arguments.iter_mut().zip(arguments) {
                *value = column[row];
            }
            *out = self.call(&row_arguments[..arguments.len()]);
        }
    }
}

/// An argument that a function doesn't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError {
    /// Which, from 0; the number of arguments that it takes where there are too few or too many.
    pub argument: usize,
    /// What was given.
    pub got: String,
    /// What it takes.
    pub wanted: String,
}

/// The value of a number as a float.
pub(crate) fn as_float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Float(x) => Some(x),
        Value::Int(x) => Some(x as f64),
        _ => None,
    }
}

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
        let wrong = |argument, got: String, wanted: String| Err(ArgumentError { argument, got, wanted });
        if arguments.len() != N {
            return wrong(N, format!("{} arguments", arguments.len()), format!("{N}"));
        }
        match arguments.iter().position(|kind| !matches!(kind, SlotKind::Float | SlotKind::Int)) {
            Some(argument) => wrong(argument, arguments[argument].to_string(), "a number".into()),
            None => Ok(self.answers),
        }
    }

    #[inline]
    fn call<'a>(&self, arguments: &[Value<'a>]) -> Value<'a> {
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

fn float<const N: usize>(
    name: &'static str,
    kernel: impl Fn([f64; N]) -> f64 + Copy + Send + Sync + 'static,
) -> Box<dyn ScalarFn> {
    let kernel = move |numbers| Value::Float(kernel(numbers));
    Box::new(Numeric { name, answers: SlotKind::Float, kernel })
}

fn int<const N: usize>(
    name: &'static str,
    kernel: impl Fn([f64; N]) -> Value<'static> + Copy + Send + Sync + 'static,
) -> Box<dyn ScalarFn> {
    Box::new(Numeric { name, answers: SlotKind::Int, kernel })
}

/// Monday is 0; missing for what is no date. 1970-01-01 was a Thursday.
fn weekday_of([year, month, day]: [f64; 3]) -> Value<'static> {
    let in_calendar = (-9999.0..=9999.0).contains(&year) && (1.0..=12.0).contains(&month);
    if !in_calendar || !(1.0..=31.0).contains(&day) {
        return Value::Missing;
    }
    let midnight = Timestamp::from_date(year as i32, month as u32, day as u32);
    Value::Int((midnight.as_micros().div_euclid(86_400_000_000) + 3).rem_euclid(7))
}

/// The functions that every catalog begins with.
pub(crate) fn built_in() -> Vec<Box<dyn ScalarFn>> {
    use std::f64::consts::TAU;
    vec![
        float("plus", |[x, y]| x + y),
        float("minus", |[x, y]| x - y),
        float("times", |[x, y]| x * y),
        float("over", |[x, y]| x / y),
        float("ln_1p", |[x]| libm::log1p(x)),
        float("cycle_sin", |[x, period]| libm::sin(x / period * TAU)),
        float("cycle_cos", |[x, period]| libm::cos(x / period * TAU)),
        int("greater", |[x, y]| Value::Int(i64::from(x > y))),
        int("weekday", weekday_of),
    ]
}
