//! Expressions with their columns and functions found.

use std::borrow::Cow;
use std::sync::Arc;

use mlops_core::{SlotKind, SlotSchema, Slots, Value};

use super::catalog::Catalog;
use super::expression::Expr;
use super::function::{MAX_ARGUMENTS, ScalarFn};
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
    Number(f64),
    Call { function: Arc<dyn ScalarFn>, arguments: Vec<CompiledExpr> },
}

/// How deep calls may be nested: definitions come from files, and a file may not overflow the stack.
const MAX_DEPTH: usize = 64;

pub(crate) fn compile(
    expr: &Expr,
    schema: &SlotSchema,
    catalog: &Catalog,
    user: &str,
) -> Result<CompiledExpr, FeatureError> {
    compile_at(expr, schema, catalog, user, 0)
}

fn compile_at(
    expr: &Expr,
    schema: &SlotSchema,
    catalog: &Catalog,
    user: &str,
    depth: usize,
) -> Result<CompiledExpr, FeatureError> {
    if depth > MAX_DEPTH {
        let (got, allowed) = (format!("more than {MAX_DEPTH}"), "64 calls deep at most");
        return Err(FeatureError::Parameter { name: user.into(), parameter: "depth", got, allowed });
    }
    match expr {
        Expr::Column(name) => {
            let slot = schema.position(name).ok_or_else(|| FeatureError::Unknown {
                what: "column",
                name: name.clone(),
                user: user.into(),
            })?;
            Ok(CompiledExpr { kind: schema.fields[slot].kind, node: Node::Slot(slot) })
        }
        Expr::Number(number) => Ok(CompiledExpr { kind: SlotKind::Float, node: Node::Number(number.0) }),
        Expr::Call { function: name, version, arguments } => {
            let function = catalog.get(name, *version).ok_or_else(|| FeatureError::UnknownFunction {
                function: name.clone(),
                version: *version,
                user: user.into(),
            })?;
            let arguments = arguments
                .iter()
                .map(|argument| compile_at(argument, schema, catalog, user, depth + 1))
                .collect::<Result<Vec<_>, _>>()?;
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
            let kind = function.kind(&kinds).map_err(|error| wrong(error.argument, error.got, error.wanted))?;
            Ok(CompiledExpr { kind, node: Node::Call { function: Arc::clone(function), arguments } })
        }
    }
}

impl CompiledExpr {
    pub(crate) fn kind(&self) -> SlotKind {
        self.kind
    }

    /// The slot whose codes this is, if it is a plain column of categories.
    pub(crate) fn category_slot(&self) -> Option<usize> {
        match self.node {
            Node::Slot(slot) if self.kind == SlotKind::Category => Some(slot),
            _ => None,
        }
    }

    /// The value for one row.
    pub(crate) fn value<'a>(&self, slots: &'a Slots) -> Value<'a> {
        match &self.node {
            Node::Slot(slot) => slots.value(*slot),
            Node::Number(number) => Value::Float(*number),
            Node::Call { function, arguments } => {
                let mut values = [Value::Missing; MAX_ARGUMENTS];
                for (value, argument) in values.iter_mut().zip(arguments) {
                    *value = argument.value(slots);
                }
                function.call(&values[..arguments.len()])
            }
        }
    }

    /// The values for many rows, from the columns of their slots.
    pub(crate) fn values<'c, 'a>(&self, columns: &'c [Vec<Value<'a>>], rows: usize) -> Cow<'c, [Value<'a>]> {
        match &self.node {
            Node::Slot(slot) => Cow::Borrowed(&columns[*slot]),
            Node::Number(number) => Cow::Owned(vec![Value::Float(*number); rows]),
            Node::Call { function, arguments } => {
                let arguments: Vec<_> = arguments.iter().map(|argument| argument.values(columns, rows)).collect();
                let arguments: Vec<&[Value<'a>]> = arguments.iter().map(AsRef::as_ref).collect();
                let mut out = vec![Value::Missing; rows];
                function.call_rows(&arguments, &mut out);
                Cow::Owned(out)
            }
        }
    }
}
