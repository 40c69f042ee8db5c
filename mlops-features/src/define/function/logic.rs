//! Comparisons, logic, conditions and nulls. Truth is an integer, 1 or 0; any number but 0 counts as true, NaN as missing.
//! And, or and not are three-valued, as in SQL: a missing side matters only where it decides.

use std::sync::Arc;

use mlops_core::{SlotKind, Value};

use super::number::int;
use super::{Argument, ArgumentError, ScalarFn, Scratch, as_float, check_count, check_numbers};

fn truth(yes: bool) -> Value<'static> {
    Value::Int(i64::from(yes))
}

/// Whether a number is true; `None` where that is not known.
fn is_true(value: Value<'_>) -> Option<bool> {
    as_float(value).filter(|x| !x.is_nan()).map(|x| x != 0.0)
}

fn known(answer: Option<bool>) -> Value<'static> {
    answer.map_or(Value::Missing, truth)
}

/// A function that looks at missing arguments itself.
#[derive(Clone, Copy, Debug)]
enum Logic {
    And,
    Or,
    Not,
    IsMissing,
    /// The first unless it is missing, else the second.
    OrElse(Choice),
    /// The second if the first is true, the third if not.
    IfElse(Choice),
}

/// What becomes of the value that is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// It is the answer.
    Kept,
    /// It is the answer as a float, because another that might have been chosen is one.
    Float,
}

impl Choice {
    fn of(self, value: Value<'_>) -> Value<'_> {
        match (self, value) {
            (Self::Float, Value::Int(x)) => Value::Float(x as f64),
            _ => value,
        }
    }
}

impl Logic {
    /// The kind of values of which one is the answer, all of one kind; integers beside floats become floats.
    fn common(arguments: &[SlotKind], first: usize) -> Result<SlotKind, ArgumentError> {
        let numbers = check_numbers(arguments, first);
        let kinds = &arguments[first..];
        match kinds.iter().position(|kind| *kind != kinds[0]) {
            None if kinds[0] == SlotKind::Category => {
                let wanted = "a number, a time or a text".into();
                Err(ArgumentError { argument: first, got: kinds[0].to_string(), wanted })
            }
            None => Ok(kinds[0]),
            Some(_) if numbers.is_ok() => Ok(SlotKind::Float),
            Some(place) => {
                let wanted = format!("{} as argument {first} is", kinds[0]);
                Err(ArgumentError { argument: first + place, got: kinds[place].to_string(), wanted })
            }
        }
    }
}

impl ScalarFn for Logic {
    fn name(&self) -> &str {
        match self {
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
            Self::IsMissing => "is_missing",
            Self::OrElse(_) => "or_else",
            Self::IfElse(_) => "if_else",
        }
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        let count = match self {
            Self::Not | Self::IsMissing => 1,
            Self::And | Self::Or | Self::OrElse(_) => 2,
            Self::IfElse(_) => 3,
        };
        check_count(arguments, count)?;
        match self {
            Self::And | Self::Or | Self::Not => check_numbers(arguments, 0).map(|()| SlotKind::Int),
            Self::IsMissing => Ok(SlotKind::Int),
            Self::OrElse(_) => Self::common(arguments, 0),
            Self::IfElse(_) => {
                check_numbers(&arguments[..1], 0)?;
                Self::common(arguments, 1)
            }
        }
    }

    fn prepare(&self, arguments: &[Argument<'_>]) -> Result<Option<Arc<dyn ScalarFn>>, ArgumentError> {
        let kinds: Vec<_> = arguments.iter().map(|argument| argument.kind).collect();
        let choice = if self.kind(&kinds)? == SlotKind::Float { Choice::Float } else { Choice::Kept };
        Ok(match self {
            Self::OrElse(_) => Some(Arc::new(Self::OrElse(choice))),
            Self::IfElse(_) => Some(Arc::new(Self::IfElse(choice))),
            _ => None,
        })
    }

    #[inline]
    fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        match (self, arguments) {
            (Self::And, &[x, y]) => known(match (is_true(x), is_true(y)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }),
            (Self::Or, &[x, y]) => known(match (is_true(x), is_true(y)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }),
            (Self::Not, &[x]) => known(is_true(x).map(|x| !x)),
            (Self::IsMissing, &[x]) => truth(matches!(x, Value::Missing)),
            (Self::OrElse(choice), &[x, y]) => choice.of(if matches!(x, Value::Missing) { y } else { x }),
            (Self::IfElse(choice), &[condition, yes, no]) => match is_true(condition) {
                Some(true) => choice.of(yes),
                Some(false) => choice.of(no),
                None => Value::Missing,
            },
            _ => Value::Missing,
        }
    }
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    vec![
        int("greater", |[x, y]| truth(x > y)),
        int("at_least", |[x, y]| truth(x >= y)),
        int("less", |[x, y]| truth(x < y)),
        int("at_most", |[x, y]| truth(x <= y)),
        int("equal", |[x, y]| truth(x == y)),
        int("is_nan", |[x]: [f64; 1]| truth(x.is_nan())),
        Box::new(Logic::And),
        Box::new(Logic::Or),
        Box::new(Logic::Not),
        Box::new(Logic::IsMissing),
        Box::new(Logic::OrElse(Choice::Kept)),
        Box::new(Logic::IfElse(Choice::Kept)),
    ]
}
