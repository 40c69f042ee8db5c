//! Functions of values: each is written once, for one row.

mod geo;
mod list;
mod logic;
mod lookup;
mod ngrams;
mod number;
mod pattern;
mod signature;
mod text;
mod time;
mod zone;

use std::fmt;
use std::sync::Arc;

use mlops_core::{SlotKind, Value};

pub use super::scratch::Scratch;

/// The most arguments that a function may take.
pub const MAX_ARGUMENTS: usize = 8;

/// A stateless function of values.
///
/// # Contract
/// The same arguments give the same bits, on every platform (transcendental functions come from `libm`). It is
/// called from many threads and allocates nothing: texts and lists that it makes lie in the scratch. A category
/// column is given as its text. A missing argument is the function's own business; the
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

    /// The function that is called in its place for these arguments, where something can be made ready once for all
    /// rows: a pattern that is compiled, a table that is indexed, a choice by kinds. Most functions have none.
    ///
    /// # Errors
    /// [`ArgumentError`] for a constant that can't be made ready.
    fn prepare(&self, _arguments: &[Argument<'_>]) -> Result<Option<Arc<dyn ScalarFn>>, ArgumentError> {
        Ok(None)
    }

    /// The kernel: one row. Called with the kinds that [`ScalarFn::kind`] accepted.
    fn call<'a>(&self, arguments: &[Value<'a>], scratch: &'a Scratch) -> Value<'a>;

    /// Many rows: `arguments[i][row]` to `out[row]`. This loop is compiled for each function around its own
    /// kernel; don't write another.
    fn call_rows<'a>(&self, arguments: &[&[Value<'a>]], scratch: &'a Scratch, out: &mut [Value<'a>]) {
        let mut row_arguments = [Value::Missing; MAX_ARGUMENTS];
        for (row, out) in out.iter_mut().enumerate() {
            for (value, column) in row_arguments.iter_mut().zip(arguments) {
                *value = column[row];
            }
            *out = self.call(&row_arguments[..arguments.len()], scratch);
        }
    }
}

/// What is known of an argument when a set is built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Argument<'a> {
    /// Its kind.
    pub kind: SlotKind,
    /// Its value, if it is the same for all rows.
    pub constant: Option<Value<'a>>,
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

/// The value of a number as a float; `None` of what is no number.
#[must_use]
#[inline]
pub fn as_float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Float(x) => Some(x),
        Value::Int(x) => Some(x as f64),
        _ => None,
    }
}

/// Checks that there are as many arguments as a function takes.
fn check_count(arguments: &[SlotKind], wanted: usize) -> Result<(), ArgumentError> {
    if arguments.len() == wanted {
        return Ok(());
    }
    let got = format!("{} arguments", arguments.len());
    Err(ArgumentError { argument: wanted, got, wanted: wanted.to_string() })
}

/// Checks that some arguments are numbers.
fn check_numbers(arguments: &[SlotKind], first: usize) -> Result<(), ArgumentError> {
    let number = |kind: &SlotKind| matches!(kind, SlotKind::Float | SlotKind::Int);
    match arguments.iter().skip(first).position(|kind| !number(kind)) {
        Some(place) => {
            let argument = first + place;
            Err(ArgumentError { argument, got: arguments[argument].to_string(), wanted: "a number".into() })
        }
        None => Ok(()),
    }
}

/// The functions that every catalog begins with.
pub(crate) fn built_in() -> Vec<Box<dyn ScalarFn>> {
    let topics = [
        number::functions(),
        logic::functions(),
        time::functions(),
        zone::functions(),
        text::functions(),
        pattern::functions(),
        ngrams::functions(),
        list::functions(),
        lookup::functions(),
        geo::functions(),
    ];
    topics.into_iter().flatten().collect()
}
