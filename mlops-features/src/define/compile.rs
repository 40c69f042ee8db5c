//! Expressions with their columns and functions found.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_core::{SlotKind, SlotSchema, Slots, Texts, Value, Vocabulary};

use super::catalog::Catalog;
use super::expression::Expr;
use super::function::{Argument, ArgumentError, MAX_ARGUMENTS, ScalarFn, Scratch};
use crate::FeatureError;

/// An [`Expr`] bound to the slots of a schema and the functions of a catalog.
#[derive(Clone, Debug)]
pub(crate) struct CompiledExpr {
    kind: SlotKind,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Slot(usize),
    /// The text of a category.
    CategoryText {
        slot: usize,
        vocabulary: Arc<Vocabulary>,
    },
    Literal(Literal),
    Call {
        function: Arc<dyn ScalarFn>,
        arguments: Vec<CompiledExpr>,
    },
}

/// A value that stands in the definition.
#[derive(Clone, Debug)]
enum Literal {
    Number(f64),
    Text(Arc<str>),
    Numbers(Arc<[f64]>),
    /// A buffer of [`Texts`].
    Texts(Arc<str>),
}

impl Literal {
    fn kind(&self) -> SlotKind {
        match self {
            Self::Number(_) => SlotKind::Float,
            Self::Text(_) => SlotKind::Text,
            Self::Numbers(_) => SlotKind::Numbers,
            Self::Texts(_) => SlotKind::Texts,
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Number(x) => Value::Float(*x),
            Self::Text(text) => Value::Text(text),
            Self::Numbers(numbers) => Value::Numbers(numbers),
            Self::Texts(buffer) => Value::Texts(Texts::of(buffer)),
        }
    }
}

/// How deep calls may be nested: definitions come from files, and a file may not overflow the stack. A call is three
/// levels of JSON, of which what is stored may have 127.
const MAX_DEPTH: usize = 40;

/// Binds an expression; `columns` is the places of the schema's fields by name.
pub(crate) fn compile(
    expr: &Expr,
    schema: &SlotSchema,
    columns: &BTreeMap<&str, usize>,
    catalog: &Catalog,
    user: &str,
) -> Result<CompiledExpr, FeatureError> {
    compile_at(expr, (schema, columns), catalog, user, 0)
}

fn compile_at(
    expr: &Expr,
    (schema, columns): (&SlotSchema, &BTreeMap<&str, usize>),
    catalog: &Catalog,
    user: &str,
    depth: usize,
) -> Result<CompiledExpr, FeatureError> {
    if depth > MAX_DEPTH {
        let (got, allowed) = (format!("more than {MAX_DEPTH}"), "40 calls deep at most");
        return Err(FeatureError::Parameter { name: user.into(), parameter: "depth", got, allowed });
    }
    match expr {
        Expr::Column(name) => {
            let slot = columns.get(name.as_str()).copied().ok_or_else(|| FeatureError::Unknown {
                what: "column",
                name: name.clone(),
                user: user.into(),
            })?;
            Ok(CompiledExpr { kind: schema.fields[slot].kind, node: Node::Slot(slot) })
        }
        Expr::Number(number) => Ok(literal(Literal::Number(number.0))),
        Expr::Text(text) => Ok(literal(Literal::Text(text.as_str().into()))),
        Expr::Numbers(numbers) => Ok(literal(Literal::Numbers(numbers.iter().map(|number| number.0).collect()))),
        Expr::Texts(texts) => {
            let mut buffer = String::new();
            texts.iter().for_each(|text| Texts::push(&mut buffer, text));
            Ok(literal(Literal::Texts(buffer.into())))
        }
        Expr::Call { function: name, version, arguments } => {
            let function = catalog.get(name, *version).ok_or_else(|| FeatureError::UnknownFunction {
                function: name.clone(),
                version: *version,
                user: user.into(),
            })?;
            let arguments = arguments
                .iter()
                .map(|argument| {
                    Ok(compile_at(argument, (schema, columns), catalog, user, depth + 1)?.with_text(schema))
                })
                .collect::<Result<Vec<_>, FeatureError>>()?;
            let wrong = |argument, got, wanted| FeatureError::WrongArgument {
                user: user.into(),
                function: name.clone(),
                argument,
                got,
                wanted,
            };
            if arguments.len() > MAX_ARGUMENTS {
                let got = format!("{} arguments", arguments.len());
                return Err(wrong(MAX_ARGUMENTS, got, format!("{MAX_ARGUMENTS} at most")));
            }
            let kinds: Vec<_> = arguments.iter().map(CompiledExpr::kind).collect();
            let refused = |error: ArgumentError| wrong(error.argument, error.got, error.wanted);
            let kind = function.kind(&kinds).map_err(refused)?;
            let given: Vec<_> = arguments.iter().map(CompiledExpr::argument).collect();
            let prepared = function.prepare(&given).map_err(refused)?;
            let function = prepared.unwrap_or_else(|| Arc::clone(function));
            Ok(CompiledExpr { kind, node: Node::Call { function, arguments } })
        }
    }
}

fn literal(literal: Literal) -> CompiledExpr {
    CompiledExpr { kind: literal.kind(), node: Node::Literal(literal) }
}

impl CompiledExpr {
    /// This, with the text of a category in the place of its code.
    fn with_text(self, schema: &SlotSchema) -> Self {
        match self.category_slot().and_then(|slot| Some((slot, schema.fields[slot].vocabulary.clone()?))) {
            Some((slot, vocabulary)) => {
                Self { kind: SlotKind::Text, node: Node::CategoryText { slot, vocabulary } }
            }
            None => self,
        }
    }

    /// Whether it makes texts or lists, which lie in the scratch.
    pub(crate) fn makes(&self) -> bool {
        match &self.node {
            Node::Call { arguments, .. } => {
                matches!(self.kind, SlotKind::Text | SlotKind::Numbers | SlotKind::Texts)
                    || arguments.iter().any(Self::makes)
            }
            _ => false,
        }
    }

    fn argument(&self) -> Argument<'_> {
        let constant = match &self.node {
            Node::Literal(literal) => Some(literal.value()),
            _ => None,
        };
        Argument { kind: self.kind, constant }
    }

    pub(crate) fn kind(&self) -> SlotKind {
        self.kind
    }

    /// The slot that this is, if nothing is computed.
    pub(crate) fn slot(&self) -> Option<usize> {
        match self.node {
            Node::Slot(slot) => Some(slot),
            _ => None,
        }
    }

    /// The slot whose codes this is, if it is a plain column of categories.
    pub(crate) fn category_slot(&self) -> Option<usize> {
        match self.node {
            Node::Slot(slot) if self.kind == SlotKind::Category => Some(slot),
            _ => None,
        }
    }

    /// The value for one row.
    pub(crate) fn value<'a>(&'a self, slots: &'a Slots, scratch: &'a Scratch) -> Value<'a> {
        match &self.node {
            Node::Slot(slot) => slots.value(*slot),
            Node::CategoryText { slot, vocabulary } => text_of(slots.value(*slot), vocabulary),
            Node::Literal(literal) => literal.value(),
            Node::Call { function, arguments } => {
                let mut values = [Value::Missing; MAX_ARGUMENTS];
                for (value, argument) in values.iter_mut().zip(arguments) {
                    *value = argument.value(slots, scratch);
                }
                function.call(&values[..arguments.len()], scratch)
            }
        }
    }

    /// The values for many rows, from the columns of their slots.
    pub(crate) fn values<'c, 'a>(
        &'a self,
        columns: &'c [Vec<Value<'a>>],
        rows: usize,
        scratch: &'a Scratch,
    ) -> Cow<'c, [Value<'a>]> {
        match &self.node {
            Node::Slot(slot) => Cow::Borrowed(&columns[*slot]),
            Node::CategoryText { slot, vocabulary } => {
                Cow::Owned(columns[*slot].iter().map(|&value| text_of(value, vocabulary)).collect())
            }
            Node::Literal(literal) => Cow::Owned(vec![literal.value(); rows]),
            Node::Call { function, arguments } => {
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| argument.values(columns, rows, scratch)).collect();
                let arguments: Vec<&[Value<'a>]> = arguments.iter().map(AsRef::as_ref).collect();
                let mut out = vec![Value::Missing; rows];
                function.call_rows(&arguments, scratch, &mut out);
                Cow::Owned(out)
            }
        }
    }
}

/// The text of a category, seen or not.
fn text_of<'a>(value: Value<'a>, vocabulary: &'a Vocabulary) -> Value<'a> {
    match value {
        Value::Category(code) => vocabulary.text(code).map_or(Value::Missing, Value::Text),
        Value::Unseen(text) => Value::Text(text),
        other => other,
    }
}
