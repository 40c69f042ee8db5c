//! Functions of texts by regular expressions, which run in time linear in the text.

use std::sync::{LazyLock, Mutex, PoisonError};

use mlops_core::{SlotKind, Value};
use regex::{CaptureLocations, Regex, RegexBuilder};

use super::signature::{Signature, Takes, as_text, constant_text, constant_whole, signature, takes, wrong};
use super::{Argument, ArgumentError, ScalarFn};

/// How many bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// Words of two characters and more, as scikit-learn's `token_pattern` has them: to Python a letter of a word is what
/// Unicode calls a letter or a number, and `_`; marks are none.
static WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]{2,}").expect("it is a pattern"));

/// The pattern in argument 1.
fn pattern(arguments: &[Argument<'_>]) -> Result<Regex, ArgumentError> {
    let pattern = constant_text(arguments, 1, "a constant regular expression")?;
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| {
        let wanted = match error {
            regex::Error::CompiledTooBig(_) => "a smaller regular expression",
            _ => "a regular expression",
        };
        wrong(1, format!("{pattern:?}"), wanted)
    })
}

fn matches(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let pattern = pattern(arguments)?;
    Ok(signature.with(move |arguments, _| {
        let text = as_text(*arguments.first()?)?;
        Some(Value::Int(i64::from(pattern.is_match(text))))
    }))
}

/// Room for the groups of a match, which threads take and give back.
#[derive(Default)]
struct Locations(Mutex<Vec<CaptureLocations>>);

impl Locations {
    fn with<T>(&self, pattern: &Regex, function: impl FnOnce(&mut CaptureLocations) -> T) -> T {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut locations = taken.unwrap_or_else(|| pattern.capture_locations());
        let answer = function(&mut locations);
        free().push(locations);
        answer
    }
}

fn extract(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let pattern = pattern(arguments)?;
    let group = constant_whole(arguments, 2, 0..=pattern.captures_len() - 1)?;
    let locations = Locations::default();
    Ok(signature.with(move |arguments, _| {
        let text = as_text(*arguments.first()?)?;
        let (start, end) = locations.with(&pattern, |locations| {
            pattern.captures_read(locations, text)?;
            locations.get(group)
        })?;
        Some(Value::Text(&text[start..end]))
    }))
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    use SlotKind::{Int, Text, Texts};
    vec![
        signature("matches", |kinds| takes(kinds, &[Takes::Text; 2], Int)).made_by(matches),
        signature("extract", |kinds| takes(kinds, &[Takes::Text, Takes::Text, Takes::Number], Text))
            .made_by(extract),
        signature("words", |kinds| takes(kinds, &[Takes::Text], Texts)).with(|arguments, scratch| {
            let text = as_text(*arguments.first()?)?;
            Some(Value::Texts(scratch.texts(WORDS.find_iter(text).map(|word| word.as_str()))))
        }),
    ]
}
