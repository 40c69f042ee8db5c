//! What the built-in functions are made of.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use mlops_core::{SlotKind, Texts, Value};

use super::{Argument, ArgumentError, ScalarFn, Scratch, check_count};

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Number,
    Text,
    TextOrInt,
    Time,
    Numbers,
    Texts,
    List,
    TextOrTexts,
}

impl Takes {
    fn check(self, argument: usize, kind: SlotKind) -> Result<(), ArgumentError> {
        let (kinds, wanted): (&[SlotKind], _) = match self {
            Self::Number => (&[SlotKind::Float, SlotKind::Int], "a number"),
            Self::Text => (&[SlotKind::Text], "a text"),
            Self::TextOrInt => (&[SlotKind::Text, SlotKind::Int], "a text or an integer"),
            Self::Time => (&[SlotKind::Time], "a time"),
            Self::Numbers => (&[SlotKind::Numbers], "a list of floats"),
            Self::Texts => (&[SlotKind::Texts], "a list of texts"),
            Self::List => (&[SlotKind::Numbers, SlotKind::Texts], "a list"),
            Self::TextOrTexts => (&[SlotKind::Text, SlotKind::Texts], "a text or a list of texts"),
        };
        if kinds.contains(&kind) { Ok(()) } else { Err(wrong(argument, kind.to_string(), wanted)) }
    }
}

/// What a function with these arguments answers.
pub(super) fn takes(
    arguments: &[SlotKind],
    wanted: &[Takes],
    answers: SlotKind,
) -> Result<SlotKind, ArgumentError> {
    check_count(arguments, wanted.len())?;
    arguments.iter().zip(wanted).enumerate().try_for_each(|(i, (kind, wanted))| wanted.check(i, *kind))?;
    Ok(answers)
}

/// What a function with as many arguments of one sort answers.
pub(super) fn takes_several(
    arguments: &[SlotKind],
    wanted: Takes,
    counts: RangeInclusive<usize>,
    answers: SlotKind,
) -> Result<SlotKind, ArgumentError> {
    if !counts.contains(&arguments.len()) {
        let (low, high) = (counts.start(), counts.end());
        return Err(wrong(*high, format!("{} arguments", arguments.len()), format!("{low} to {high}")));
    }
    arguments.iter().enumerate().try_for_each(|(i, kind)| wanted.check(i, *kind))?;
    Ok(answers)
}

pub(super) fn wrong(argument: usize, got: impl Into<String>, wanted: impl Into<String>) -> ArgumentError {
    ArgumentError { argument, got: got.into(), wanted: wanted.into() }
}

/// A function's name and what it answers for arguments of some kinds.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) kind: fn(&[SlotKind]) -> Result<SlotKind, ArgumentError>,
}

/// The signature of a function by its name and its kinds.
pub(super) fn signature(name: &'static str, kind: fn(&[SlotKind]) -> Result<SlotKind, ArgumentError>) -> Signature {
    Signature { name, kind }
}

impl Signature {
    /// The function with a kernel, in which `None` is missing.
    pub(super) fn with<F>(self, kernel: F) -> Box<dyn ScalarFn>
    where
        F: for<'a> Fn(&[Value<'a>], &'a Scratch) -> Option<Value<'a>> + Send + Sync + 'static,
    {
        Box::new(Kernel { signature: self, kernel })
    }

    /// The function whose kernel is made of constants.
    pub(super) fn made_by<M: Make>(self, make: M) -> Box<dyn ScalarFn> {
        Box::new(FromConstants { signature: self, make })
    }
}

struct Kernel<F> {
    signature: Signature,
    kernel: F,
}

impl<F> fmt::Debug for Kernel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature.name)
    }
}

impl<F> ScalarFn for Kernel<F>
where
    F: for<'a> Fn(&[Value<'a>], &'a Scratch) -> Option<Value<'a>> + Send + Sync,
{
    fn name(&self) -> &str {
        self.signature.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        (self.signature.kind)(arguments)
    }

    #[inline]
    fn call<'a>(&self, arguments: &[Value<'a>], scratch: &'a Scratch) -> Value<'a> {
        (self.kernel)(arguments, scratch).unwrap_or(Value::Missing)
    }
}

/// What makes a function with its constants known.
pub(super) trait Make:
    Fn(Signature, &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> + Send + Sync + 'static
{
}

impl<M> Make for M where
    M: Fn(Signature, &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> + Send + Sync + 'static
{
}

/// A function that is nothing before it has seen its constants; called without, it answers missing.
struct FromConstants<M> {
    signature: Signature,
    make: M,
}

impl<M> fmt::Debug for FromConstants<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature.name)
    }
}

impl<M: Make> ScalarFn for FromConstants<M> {
    fn name(&self) -> &str {
        self.signature.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        (self.signature.kind)(arguments)
    }

    fn prepare(&self, arguments: &[Argument<'_>]) -> Result<Option<Arc<dyn ScalarFn>>, ArgumentError> {
        (self.make)(self.signature, arguments).map(|function| Some(function.into()))
    }

    fn call<'a>(&self, _: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        Value::Missing
    }
}

/// The text of a row, whether its column's vocabulary holds it or not.
pub(super) fn as_text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Unseen(text) => Some(text),
        _ => None,
    }
}

/// A text that is the same for all rows.
pub(super) fn constant_text<'a>(
    arguments: &[Argument<'a>],
    argument: usize,
    wanted: &str,
) -> Result<&'a str, ArgumentError> {
    let constant = arguments.get(argument).and_then(|argument| argument.constant);
    constant.and_then(as_text).ok_or_else(|| varies(argument, wanted))
}

/// A list of texts that is the same for all rows.
pub(super) fn constant_texts<'a>(
    arguments: &[Argument<'a>],
    argument: usize,
    wanted: &str,
) -> Result<Texts<'a>, ArgumentError> {
    match arguments.get(argument).and_then(|argument| argument.constant) {
        Some(Value::Texts(texts)) => Ok(texts),
        _ => Err(varies(argument, wanted)),
    }
}

/// A whole number that is the same for all rows.
pub(super) fn constant_whole(
    arguments: &[Argument<'_>],
    argument: usize,
    allowed: RangeInclusive<usize>,
) -> Result<usize, ArgumentError> {
    let wanted = format!("a constant whole number from {} to {}", allowed.start(), allowed.end());
    let constant = arguments.get(argument).and_then(|argument| argument.constant);
    let Some(x) = constant.and_then(super::as_float) else {
        return Err(varies(argument, &wanted));
    };
    if x.fract() == 0.0 && (*allowed.start() as f64..=*allowed.end() as f64).contains(&x) {
        return Ok(x as usize);
    }
    Err(wrong(argument, x.to_string(), wanted))
}

pub(super) fn varies(argument: usize, wanted: &str) -> ArgumentError {
    wrong(argument, "what may differ from row to row", wanted)
}
