//! Encodings of categories as nodes: the kernel is asked once for each text that it tells from others.

use mlops_core::{Code, Value, Vocabulary};

use super::graph::{Graph, Tensor};
use super::number::{Block, Started};
use crate::transform::{AnyFitted, FittedOneHot, FittedOrdinal, FittedTarget, OfCategory};

/// The texts that an encoding tells from all others, beside those of the vocabulary; `None` for one that may tell any.
fn own_texts(fitted: &dyn AnyFitted) -> Option<Vec<&str>> {
    let any = fitted.as_any();
    if let Some(ordinal) = any.downcast_ref::<FittedOrdinal>() {
        return Some(ordinal.unseen.keys().map(String::as_str).collect());
    }
    (any.is::<FittedOneHot>() || any.is::<OfCategory>() || any.is::<FittedTarget>()).then(Vec::new)
}

/// The encoding of a text.
///
/// # Errors
/// What ONNX lacks.
pub(super) fn encode(
    graph: &mut Graph,
    text: &Tensor,
    fitted: &dyn AnyFitted,
    vocabulary: &Vocabulary,
    lacks: impl FnOnce() -> String,
) -> Result<Started, String> {
    let own = own_texts(fitted).ok_or_else(lacks)?;
    let texts: Vec<&str> = vocabulary.texts().chain(own.iter().copied()).collect();
    if texts.contains(&"") {
        return Err("a null beside the empty text, which is a category".into());
    }
    let codes = (0..vocabulary.len() as u32).map(|code| Value::Category(Code(code)));
    // A null is the empty text, behind all others; what is none of them comes last, and the empty text is such a one.
    let values = codes.chain(own.into_iter().map(Value::Unseen)).chain([Value::Missing, Value::Unseen("")]);
    let values: Vec<Value<'_>> = values.collect();
    let place = graph.place_among(text, texts.iter().copied().chain([""]));
    let axis = graph.ints(&[1], [1]);
    let place = graph.node("Squeeze", &[&place, &axis]);
    let width = fitted.count();
    let mut refused = vec![0; values.len()];
    let numbers = if fitted.as_any().is::<FittedOneHot>() {
        // Which number is 1; a table of all numbers would be of the square of the categories.
        let mut lit = vec![-1; values.len()];
        for ((value, lit), refused) in values.iter().zip(&mut lit).zip(&mut refused) {
            let put = &mut |number: usize, _| *lit = number as i64;
            *refused = i64::from(fitted.one_sparse(*value, vocabulary, put).is_err());
        }
        let lit = looked_up_ints(graph, lit, &place);
        let numbers = graph.ints(&[1, width], 0..width as i64);
        let is_lit = graph.node("Equal", &[&lit, &numbers]);
        graph.as_float(&is_lit)
    } else {
        let mut table = vec![0.0; values.len() * width];
        for ((value, out), refused) in values.iter().zip(table.chunks_exact_mut(width)).zip(&mut refused) {
            *refused = i64::from(fitted.one(*value, vocabulary, out).is_err());
        }
        let table = graph.floats(&[values.len(), width], table);
        graph.node("Gather", &[&table, &place])
    };
    let refused = refused.contains(&1).then(|| {
        let refused = looked_up_ints(graph, refused, &place);
        graph.as_mask(&refused)
    });
    Ok(Started { numbers: Block::new(numbers, width), flag: None, refused })
}

/// What a table has for each row, which has a place in it.
fn looked_up_ints(graph: &mut Graph, table: Vec<i64>, place: &Tensor) -> Tensor {
    let table = graph.ints(&[table.len(), 1], table);
    graph.node("Gather", &[&table, place])
}
