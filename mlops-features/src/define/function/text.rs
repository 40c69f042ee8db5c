//! Functions of texts. A missing argument gives missing.

use std::fmt::{self, Write};

use mlops_core::{SlotKind, Value};

use super::signature::{Takes, as_text, signature, takes, takes_several};
use super::{MAX_ARGUMENTS, ScalarFn, Scratch};
use crate::define::murmur::murmur3_32;

/// A space as Python's `str.isspace` has it: White_Space of Unicode, and the four separators of ASCII.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// A function of one text.
fn of_text<F>(
    name: &'static str,
    kind: fn(&[SlotKind]) -> Result<SlotKind, super::ArgumentError>,
    kernel: F,
) -> Box<dyn ScalarFn>
where
    F: for<'a> Fn(&'a str, &'a Scratch) -> Value<'a> + Send + Sync + 'static,
{
    signature(name, kind).with(move |arguments, scratch| Some(kernel(as_text(*arguments.first()?)?, scratch)))
}

/// A truth about two texts.
fn of_texts(name: &'static str, kernel: fn(&str, &str) -> bool) -> Box<dyn ScalarFn> {
    signature(name, |kinds| takes(kinds, &[Takes::Text; 2], SlotKind::Int)).with(move |arguments, _| {
        let [text, part] = arguments else { return None };
        Some(Value::Int(i64::from(kernel(as_text(*text)?, as_text(*part)?))))
    })
}

/// Texts one behind another.
struct Joined<'v, 'a>(&'v [Value<'a>]);

impl fmt::Display for Joined<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().filter_map(|value| as_text(*value)).try_for_each(|text| f.write_str(text))
    }
}

/// Texts and integers with `×` between them, in which `×` and `\` have a `\` before them: no two rows of values are
/// written alike.
struct Crossed<'v, 'a>(&'v [Value<'a>]);

impl fmt::Display for Crossed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_char('×')?;
            }
            match value {
                Value::Int(number) => write!(f, "{number}")?,
                value => {
                    let mut rest = as_text(*value).unwrap_or_default();
                    while let Some(place) = rest.find(['×', '\\']) {
                        let (plain, special) = rest.split_at(place);
                        f.write_str(plain)?;
                        f.write_char('\\')?;
                        let length = special.chars().next().map_or(0, char::len_utf8);
                        f.write_str(&special[..length])?;
                        rest = &special[length..];
                    }
                    f.write_str(rest)?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let to_text = |kinds: &[SlotKind]| takes(kinds, &[Takes::Text], SlotKind::Text);
    let to_int = |kinds: &[SlotKind]| takes(kinds, &[Takes::Text], SlotKind::Int);
    vec![
        of_text("lower", to_text, |text, scratch| {
            Value::Text(scratch.chars(text.chars().flat_map(char::to_lowercase)))
        }),
        of_text("upper", to_text, |text, scratch| {
            Value::Text(scratch.chars(text.chars().flat_map(char::to_uppercase)))
        }),
        of_text("trim", to_text, |text, _| Value::Text(text.trim_matches(is_space))),
        of_text("length", to_int, |text, _| Value::Int(text.chars().count() as i64)),
        of_text("hash", to_int, |text, _| Value::Int(murmur3_32(text.as_bytes(), 0).into())),
        of_texts("starts_with", |text, prefix| text.starts_with(prefix)),
        of_texts("contains_text", |text, part| text.contains(part)),
        signature("concat", |kinds| takes_several(kinds, Takes::Text, 2..=MAX_ARGUMENTS, SlotKind::Text)).with(
            |arguments, scratch| {
                arguments.iter().all(|value| as_text(*value).is_some()).then_some(())?;
                Some(Value::Text(scratch.text(format_args!("{}", Joined(arguments)))))
            },
        ),
        signature("cross", |kinds| takes_several(kinds, Takes::TextOrInt, 2..=MAX_ARGUMENTS, SlotKind::Text)).with(
            |arguments, scratch| {
                let whole = |value: &Value<'_>| matches!(value, Value::Int(_)) || as_text(*value).is_some();
                arguments.iter().all(whole).then_some(())?;
                Some(Value::Text(scratch.text(format_args!("{}", Crossed(arguments)))))
            },
        ),
    ]
}
