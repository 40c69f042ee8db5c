//! Expressions as nodes. A null number is told by a mask, a null text by being empty.

use mlops_core::{SlotKind, SlotSchema};

use super::graph::{Graph, INNER, NUMBERS, Tensor};
use super::proto::{DOUBLE, STRING};
use crate::define::expression::Expr;

/// The value of an expression.
#[derive(Clone, Debug)]
pub(super) enum OnnxValue {
    Number(OnnxNumber),
    Text(Tensor),
}

/// A number, and where it is null; what it is there doesn't matter.
#[derive(Clone, Debug)]
pub(super) struct OnnxNumber {
    pub(super) value: Tensor,
    pub(super) null: Option<Tensor>,
}

/// What is true and what is false of a number; a null and NaN are neither.
struct Truth {
    yes: Tensor,
    no: Tensor,
}

/// The value of an expression over the columns of a schema.
///
/// # Errors
/// What ONNX lacks.
pub(super) fn value(graph: &mut Graph, expr: &Expr, schema: &SlotSchema) -> Result<OnnxValue, String> {
    match expr {
        Expr::Column(name) => column(graph, name, schema),
        Expr::Number(x) => Ok(OnnxValue::Number(OnnxNumber { value: graph.float(x.0), null: None })),
        Expr::Text(text) if text.is_empty() => Err("an empty text that is no null".into()),
        Expr::Text(text) => Ok(OnnxValue::Text(graph.text(text))),
        Expr::Numbers(_) | Expr::Texts(_) => Err("lists".into()),
        Expr::Call { function, version, arguments } => {
            let lacks = || format!("the function `{function}` version {version}");
            if *version != 1 || operator(function).is_none() && !COMPOSED.contains(&function.as_str()) {
                return Err(lacks());
            }
            let values = arguments.iter().map(|argument| value(graph, argument, schema));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            call(graph, function, &values).ok_or_else(lacks)
        }
    }
}

/// A column of the row, which becomes an input.
///
/// # Errors
/// What ONNX lacks.
pub(super) fn column(graph: &mut Graph, name: &str, schema: &SlotSchema) -> Result<OnnxValue, String> {
    if name == NUMBERS || name.starts_with(INNER) {
        return Err(format!("a second tensor named `{name}`"));
    }
    let kind = schema.fields.iter().find(|field| field.name == name).map(|field| field.kind);
    match kind {
        Some(SlotKind::Float | SlotKind::Int) => {
            let value = graph.input(name, DOUBLE);
            let null = graph.node("IsNaN", &[&value]);
            Ok(OnnxValue::Number(OnnxNumber { value, null: Some(null) }))
        }
        Some(SlotKind::Category | SlotKind::Text) => Ok(OnnxValue::Text(graph.input(name, STRING))),
        Some(kind) => Err(format!("an input for the column `{name}`, a {kind}")),
        None => Err(format!("the column `{name}`")),
    }
}

/// The functions that are made of several operators.
const COMPOSED: [&str; 11] =
    ["and", "clip", "cycle_cos", "cycle_sin", "greatest", "if_else", "is_missing", "least", "not", "or", "or_else"];

/// The operator that is a function of numbers.
fn operator(function: &str) -> Option<(&'static str, Gives)> {
    Some(match function {
        "plus" => ("Add", Gives::Number),
        "minus" => ("Sub", Gives::Number),
        "times" => ("Mul", Gives::Number),
        "over" => ("Div", Gives::Number),
        "power" => ("Pow", Gives::Number),
        "negative" => ("Neg", Gives::Number),
        "absolute" => ("Abs", Gives::Number),
        "square_root" => ("Sqrt", Gives::Number),
        "exp" => ("Exp", Gives::Number),
        "ln" => ("Log", Gives::Number),
        "round" => ("Round", Gives::Number),
        "floor" => ("Floor", Gives::Number),
        "ceiling" => ("Ceil", Gives::Number),
        "greater" => ("Greater", Gives::Mask),
        "at_least" => ("GreaterOrEqual", Gives::Mask),
        "less" => ("Less", Gives::Mask),
        "at_most" => ("LessOrEqual", Gives::Mask),
        "equal" => ("Equal", Gives::Mask),
        "is_nan" => ("IsNaN", Gives::Mask),
        _ => return None,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    Number,
    Mask,
}

/// A function of values; `None` where it has no form for these.
fn call(graph: &mut Graph, function: &str, arguments: &[OnnxValue]) -> Option<OnnxValue> {
    match (function, arguments) {
        ("is_missing", [OnnxValue::Text(text)]) => {
            let empty = is_empty(graph, text);
            return Some(OnnxValue::Number(OnnxNumber { value: graph.as_float(&empty), null: None }));
        }
        ("or_else", [OnnxValue::Text(x), OnnxValue::Text(y)]) => {
            let empty = is_empty(graph, x);
            return Some(OnnxValue::Text(graph.node("Where", &[&empty, y, x])));
        }
        ("if_else", [OnnxValue::Number(condition), OnnxValue::Text(yes), OnnxValue::Text(no)]) => {
            let (truth, null) = (truth(graph, condition), graph.text(""));
            let otherwise = graph.node("Where", &[&truth.no, no, &null]);
            return Some(OnnxValue::Text(graph.node("Where", &[&truth.yes, yes, &otherwise])));
        }
        _ => {}
    }
    let number = |argument: &OnnxValue| match argument {
        OnnxValue::Number(number) => Some(number.clone()),
        OnnxValue::Text(_) => None,
    };
    let numbers = arguments.iter().map(number).collect::<Option<Vec<_>>>()?;
    of_numbers(graph, function, &numbers).map(OnnxValue::Number)
}

fn of_numbers(graph: &mut Graph, function: &str, arguments: &[OnnxNumber]) -> Option<OnnxNumber> {
    if let Some((operator, gives)) = operator(function) {
        let inputs: Vec<_> = arguments.iter().map(|argument| &argument.value).collect();
        let value = graph.node(operator, &inputs);
        let value = if gives == Gives::Mask { graph.as_float(&value) } else { value };
        return Some(OnnxNumber { value, null: any_null(graph, arguments) });
    }
    match (function, arguments) {
        ("and" | "or" | "not" | "is_missing" | "or_else" | "if_else", _) => logic(graph, function, arguments),
        ("least" | "greatest", [x, y]) => {
            let value = chosen(graph, function == "least", &x.value, &y.value);
            Some(OnnxNumber { value, null: any_null(graph, arguments) })
        }
        ("clip", [x, low, high]) => {
            let value = chosen(graph, false, &x.value, &low.value);
            let value = chosen(graph, true, &value, &high.value);
            Some(OnnxNumber { value, null: any_null(graph, arguments) })
        }
        ("cycle_sin" | "cycle_cos", [x, period]) => {
            let (turns, full) = (graph.node("Div", &[&x.value, &period.value]), graph.float(std::f64::consts::TAU));
            let angle = graph.node("Mul", &[&turns, &full]);
            let value = graph.node(if function == "cycle_sin" { "Sin" } else { "Cos" }, &[&angle]);
            Some(OnnxNumber { value, null: any_null(graph, arguments) })
        }
        _ => None,
    }
}

fn logic(graph: &mut Graph, function: &str, arguments: &[OnnxNumber]) -> Option<OnnxNumber> {
    let truths = |graph: &mut Graph| arguments.iter().map(|x| truth(graph, x)).collect::<Vec<_>>();
    match (function, arguments) {
        ("and" | "or", [_, _]) => {
            let (all, any) = if function == "and" { ("And", "Or") } else { ("Or", "And") };
            let truths = truths(graph);
            let [x, y] = truths.as_slice() else { return None };
            let (yes, no) = (graph.node(all, &[&x.yes, &y.yes]), graph.node(any, &[&x.no, &y.no]));
            Some(known(graph, &Truth { yes, no }))
        }
        ("not", [x]) => {
            let Truth { yes, no } = truth(graph, x);
            Some(known(graph, &Truth { yes: no, no: yes }))
        }
        ("is_missing", [x]) => {
            let value = x.null.as_ref().map(|null| graph.as_float(null));
            Some(OnnxNumber { value: value.unwrap_or_else(|| graph.float(0.0)), null: None })
        }
        ("or_else", [x, y]) => {
            let Some(missing) = &x.null else { return Some(x.clone()) };
            let value = graph.node("Where", &[missing, &y.value, &x.value]);
            Some(OnnxNumber { value, null: y.null.as_ref().map(|null| graph.node("And", &[missing, null])) })
        }
        ("if_else", [condition, yes, no]) => {
            let truth = truth(graph, condition);
            let value = graph.node("Where", &[&truth.yes, &yes.value, &no.value]);
            let null_yes = yes.null.as_ref().map(|null| graph.node("And", &[&truth.yes, null]));
            let null_no = no.null.as_ref().map(|null| graph.node("And", &[&truth.no, null]));
            let chosen = graph.either(null_yes, null_no);
            let null = known(graph, &truth).null;
            Some(OnnxNumber { value, null: graph.either(chosen, null) })
        }
        _ => None,
    }
}

/// Where any of these is null.
fn any_null(graph: &mut Graph, numbers: &[OnnxNumber]) -> Option<Tensor> {
    numbers.iter().fold(None, |all, number| graph.either(all, number.null.clone()))
}

/// The lesser or the greater of two; NaN where one is, which ONNX's `Min` and `Max` leave open.
fn chosen(graph: &mut Graph, lesser: bool, x: &Tensor, y: &Tensor) -> Tensor {
    let is = graph.node(if lesser { "Less" } else { "Greater" }, &[x, y]);
    let value = graph.node("Where", &[&is, x, y]);
    let (x_nan, y_nan, nan) = (graph.node("IsNaN", &[x]), graph.node("IsNaN", &[y]), graph.float(f64::NAN));
    let either = graph.node("Or", &[&x_nan, &y_nan]);
    graph.node("Where", &[&either, &nan, &value])
}

fn truth(graph: &mut Graph, x: &OnnxNumber) -> Truth {
    let (zero, nan) = (graph.float(0.0), graph.node("IsNaN", &[&x.value]));
    let no = graph.node("Equal", &[&x.value, &zero]);
    let null = x.null.clone();
    let unknown = graph.either(Some(nan.clone()), null).unwrap_or(nan);
    let is_known = graph.node("Not", &[&unknown]);
    let no = graph.node("And", &[&no, &is_known]);
    let neither = graph.node("Or", &[&no, &unknown]);
    Truth { yes: graph.node("Not", &[&neither]), no }
}

/// Truth as a number, null where it is neither.
fn known(graph: &mut Graph, truth: &Truth) -> OnnxNumber {
    let either = graph.node("Or", &[&truth.yes, &truth.no]);
    OnnxNumber { value: graph.as_float(&truth.yes), null: Some(graph.node("Not", &[&either])) }
}

fn is_empty(graph: &mut Graph, text: &Tensor) -> Tensor {
    // The only text gets 0, all others 1.
    let place = graph.place_among(text, [""].into_iter());
    let other = graph.as_mask(&place);
    graph.node("Not", &[&other])
}
