//! Tables that stand in the definition.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use mlops_core::{SlotKind, Value};

use super::signature::{Signature, Takes, as_text, constant_texts, signature, takes, varies, wrong};
use super::{Argument, ArgumentError, ScalarFn};

/// The values by the keys in argument 1.
fn table<T>(
    arguments: &[Argument<'_>],
    values: impl ExactSizeIterator<Item = T>,
) -> Result<HashMap<Box<str>, T, FixedState>, ArgumentError> {
    let keys = constant_texts(arguments, 1, "a constant list of texts")?;
    if keys.len() != values.len() {
        let got = format!("{} values", values.len());
        return Err(wrong(2, got, format!("{}, one a key", keys.len())));
    }
    let mut table = HashMap::default();
    for (key, value) in keys.iter().zip(values) {
        if table.insert(key.into(), value).is_some() {
            return Err(wrong(1, format!("{key:?} twice"), "each key once"));
        }
    }
    Ok(table)
}

fn lookup(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    match arguments.get(2).and_then(|argument| argument.constant) {
        Some(Value::Numbers(numbers)) => {
            let table = table(arguments, numbers.iter().copied())?;
            Ok(signature.with(move |arguments, _| {
                table.get(as_text(*arguments.first()?)?).map(|number| Value::Float(*number))
            }))
        }
        Some(Value::Texts(texts)) => {
            let texts: Vec<Box<str>> = texts.iter().map(Into::into).collect();
            let table = table(arguments, texts.into_iter())?;
            Ok(signature.with(move |arguments, scratch| {
                let text = table.get(as_text(*arguments.first()?)?)?;
                Some(Value::Text(scratch.joined([&**text])))
            }))
        }
        _ => Err(varies(2, "a constant list")),
    }
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let kind = |kinds: &[SlotKind]| {
        let texts = kinds.get(2) == Some(&SlotKind::Texts);
        let answers = if texts { SlotKind::Text } else { SlotKind::Float };
        takes(kinds, &[Takes::Text, Takes::Texts, Takes::List], answers)
    };
    vec![signature("lookup", kind).made_by(lookup)]
}
