//! Definitions as text: a table for a terminal, a graph in Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::time::Duration;

use serde_json::Value as Json;

use super::feature::{Feature, Input};
use super::lineage::Origin;
use super::set::FeatureSet;
use super::source::{Availability, Source, View, Window};
use super::step::Step;

/// So many items of a list are printed, and then how many there are.
const ITEMS: usize = 6;

/// Tables with their columns to the left, empty ones left out: the row, sources, views, windows, and a line a feature.
///
/// ```
/// use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Unknown, column};
///
/// let set = FeatureSet::builder("flights", "scheduled")
///     .ints(&["distance"])
///     .categories(&["carrier"])
///     .features([
///         Feature::number("far", column("distance").ln_1p(), Nulls::constant(0.0).flagged()),
///         Feature::target("carrier", "carrier", 20.0, Unknown::AsAll),
///     ])
///     .build(&Catalog::new())?;
/// let printed = "\
/// flights, as of scheduled
///
/// row       columns
/// time      scheduled
/// int       distance
/// category  carrier
///
/// feature  value            transforms
/// far      ln_1p(distance)  number(nulls: constant 0, flagged)
/// carrier  carrier          target(folds: time 5, smoothing: fixed 20, unknown: as_all)
/// ";
/// assert_eq!(set.to_string(), printed);
/// # Ok::<(), mlops_features::FeatureError>(())
/// ```
impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, as of {}", one_line(&self.name), one_line(&self.time))?;
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for column in &self.columns.columns {
            let kind = column.kind.to_string();
            match kinds.iter_mut().find(|(of, _)| *of == kind) {
                Some((_, names)) => names.push(&column.name),
                None => kinds.push((kind, vec![&column.name])),
            }
        }
        let kinds = kinds.into_iter().map(|(kind, names)| [kind, names.join(", ")]);
        aligned(f, ["row", "columns"], kinds)?;
        aligned(f, ["source", "happened", "known", "columns"], self.sources.iter().map(source_cells))?;
        aligned(f, ["view", "source", "key", "fields", "ttl"], self.views.iter().map(view_cells))?;
        aligned(f, ["window", "source", "key", "value", "length"], self.windows.iter().map(window_cells))?;
        aligned(f, ["feature", "value", "transforms"], self.features.iter().map(feature_cells))
    }
}

fn source_cells(source: &Source) -> [String; 4] {
    let known = match &source.availability {
        Availability::After(lag) if lag.is_zero() => "then".into(),
        Availability::After(lag) => format!("{} later", span(*lag)),
        Availability::Column(column) => column.clone(),
    };
    let columns: Vec<_> = source.columns.columns.iter().map(|column| column.name.as_str()).collect();
    [source.name.clone(), source.event_time.clone(), known, columns.join(", ")]
}

fn view_cells(view: &View) -> [String; 5] {
    let ttl = view.ttl.map_or_else(|| "any".into(), span);
    [view.name.clone(), view.source.clone(), view.key.join(", "), view.fields.join(", "), ttl]
}

fn window_cells(window: &Window) -> [String; 5] {
    let mut length = span(window.length);
    if !window.hop.is_zero() {
        length = format!("{length} by {}", span(window.hop));
    }
    [window.name.clone(), window.source.clone(), window.key.join(", "), aggregated(window), length]
}

fn feature_cells(feature: &Feature) -> [String; 3] {
    let value = match &feature.input {
        Input::Value(value) => value.to_string(),
        Input::Product(factors) => factors.join(" × "),
    };
    let steps: Vec<_> = feature.transforms.iter().map(ToString::to_string).collect();
    [feature.name.clone(), value, steps.join(" → ")]
}

/// An empty line and a table, columns to the left; nothing where there is no row.
fn aligned<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let mut table = vec![head.map(str::to_owned)];
    table.extend(rows.map(|row| row.map(|cell| one_line(&cell))));
    if table.len() == 1 {
        return Ok(());
    }
    let widths: [usize; N] =
        std::array::from_fn(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    writeln!(f)?;
    for row in &table {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// A text without control characters: these are escaped.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_debug());
        } else {
            line.push(c);
        }
    }
    line
}

/// A duration in the greatest unit that divides it.
fn span(duration: Duration) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let seconds = duration.as_secs();
    let whole = units.iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) if duration.subsec_nanos() == 0 => format!("{}{name}", seconds / unit),
        _ => format!("{duration:?}"),
    }
}

/// What a window is made of, such as `mean(delay)`.
fn aggregated(window: &Window) -> String {
    format!("{}({})", window.aggregate, window.value)
}

/// `name(parameter: value, switch)`: switches that are on come last, what is off or absent is left out, and a version
/// is told from 2 on. Of a long list the first items are printed.
///
/// ```
/// use mlops_features::{Nulls, Step};
///
/// assert_eq!(Step::of_transform(&Nulls::Median.flagged()).to_string(), "number(nulls: median, flagged)");
/// ```
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.version != 1 {
            write!(f, " v{}", self.version)?;
        }
        match &self.parameters {
            Json::Null => Ok(()),
            Json::Object(map) => {
                let parameters = entries(map);
                if parameters.is_empty() { Ok(()) } else { write!(f, "({})", parameters.join(", ")) }
            }
            other => write!(f, "({})", compact(other)),
        }
    }
}

fn entries(map: &serde_json::Map<String, Json>) -> Vec<String> {
    let off = |value: &Json| matches!(value, Json::Null | Json::Bool(_));
    let values = map.iter().filter(|(_, value)| !off(value));
    let values = values.map(|(name, value)| format!("{}: {}", word(name), compact(value)));
    values.chain(map.iter().filter(|(_, value)| **value == Json::Bool(true)).map(|(name, _)| word(name))).collect()
}

/// A value in few letters: one with a single name as `name value`.
fn compact(value: &Json) -> String {
    match value {
        Json::Null => "none".into(),
        Json::Bool(on) => on.to_string(),
        Json::String(text) => word(text),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |x| x.to_string()),
        Json::Array(items) => {
            let mut shown: Vec<_> = items.iter().take(ITEMS).map(compact).collect();
            if items.len() > ITEMS {
                shown.push(format!("… {} in all", items.len()));
            }
            format!("[{}]", shown.join(", "))
        }
        Json::Object(map) => match map.iter().next() {
            Some((name, value)) if map.len() == 1 && !matches!(value, Json::Null | Json::Bool(_)) => {
                format!("{} {}", word(name), compact(value))
            }
            _ => format!("{{{}}}", entries(map).join(", ")),
        },
    }
}

/// A text as it is if it is one word, else in quotes.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !text.is_empty() && text.chars().all(plain) { text.into() } else { format!("{text:?}") }
}

impl FeatureSet {
    /// The set as a flowchart in [Mermaid](https://mermaid.js.org): from columns of the row and sources over views and
    /// windows to features and their products. Dotted lines are keys; a line from a view tells the field.
    ///
    /// ```
    /// use mlops_features::{Catalog, Feature, FeatureSet, Nulls};
    ///
    /// let set = FeatureSet::builder("flights", "scheduled")
    ///     .ints(&["distance"])
    ///     .features([Feature::standardised("far", "distance", Nulls::Refuse)])
    ///     .build(&Catalog::new())?;
    /// let graph = "\
    /// flowchart LR
    ///     n0[\"scheduled<br/>time\"]
    ///     n1[\"distance<br/>int\"]
    ///     n2(\"far<br/>number → standard\")
    ///     n1 --> n2
    /// ";
    /// assert_eq!(set.to_mermaid(), graph);
    /// # Ok::<(), mlops_features::FeatureError>(())
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut graph = Graph::default();
        for column in &self.columns.columns {
            graph.node(Node::Row(&column.name), ["[", "]"], &column.name, &column.kind.to_string());
        }
        for source in &self.sources {
            graph.node(Node::Source(&source.name), ["[(", ")]"], &source.name, "");
        }
        for view in &self.views {
            let detail = view.ttl.map_or_else(|| "latest".into(), |ttl| format!("latest, {}", span(ttl)));
            graph.node(Node::View(&view.name), ["([", "])"], &view.name, &detail);
            graph.gathered(Node::View(&view.name), &view.source, &view.key);
        }
        for window in &self.windows {
            let detail = format!("{}, {}", aggregated(window), span(window.length));
            graph.node(Node::Window(&window.name), ["([", "])"], &window.name, &detail);
            graph.gathered(Node::Window(&window.name), &window.source, &window.key);
        }
        for feature in &self.features {
            let steps: Vec<_> = feature.transforms.iter().map(|step| step.name.as_str()).collect();
            let shape = if matches!(feature.input, Input::Value(_)) { ["(", ")"] } else { ["{{", "}}"] };
            graph.node(Node::Feature(&feature.name), shape, &feature.name, &steps.join(" → "));
        }
        for feature in &self.features {
            let (origins, factors) = match &feature.input {
                Input::Value(value) => {
                    (value.columns().into_iter().filter_map(|name| self.origin(name)).collect(), &[][..])
                }
                Input::Product(factors) => (Vec::new(), factors.as_slice()),
            };
            for origin in origins {
                let (from, field) = match origin {
                    Origin::Row(column) => (Node::Row(&column.name), ""),
                    Origin::View(view, field) => (Node::View(&view.name), field),
                    Origin::Window(window) => (Node::Window(&window.name), ""),
                };
                let arrow = if field.is_empty() { "-->".into() } else { format!("-->|\"{}\"|", label(field)) };
                graph.edge(from, &arrow, Node::Feature(&feature.name));
            }
            for factor in factors {
                graph.edge(Node::Feature(factor), "-->", Node::Feature(&feature.name));
            }
        }
        graph.print()
    }
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'a> {
    Row(&'a str),
    Source(&'a str),
    View(&'a str),
    Window(&'a str),
    Feature(&'a str),
}

/// A flowchart as it is put together; nodes are named by numbers, whatever their labels are.
#[derive(Debug, Default)]
struct Graph<'a> {
    ids: BTreeMap<Node<'a>, usize>,
    nodes: String,
    edges: Vec<String>,
    drawn: BTreeSet<String>,
}

impl<'a> Graph<'a> {
    fn node(&mut self, node: Node<'a>, [open, close]: [&str; 2], name: &str, detail: &str) {
        // A set that was never checked may have two of one name: the first stays.
        if self.ids.contains_key(&node) {
            return;
        }
        let id = self.ids.len();
        self.ids.insert(node, id);
        let between = if detail.is_empty() { "" } else { "<br/>" };
        // Mermaid takes no empty label.
        let name = if name.is_empty() { "\"\"" } else { name };
        let (name, detail) = (label(name), label(detail));
        let _ = writeln!(self.nodes, "    n{id}{open}\"{name}{between}{detail}\"{close}");
    }

    /// An arrow, once; none from or to what isn't there.
    fn edge(&mut self, from: Node<'a>, arrow: &str, to: Node<'a>) {
        if let (Some(from), Some(to)) = (self.ids.get(&from), self.ids.get(&to)) {
            let edge = format!("    n{from} {arrow} n{to}\n");
            if self.drawn.insert(edge.clone()) {
                self.edges.push(edge);
            }
        }
    }

    fn gathered(&mut self, to: Node<'a>, source: &'a str, key: &'a [String]) {
        self.edge(Node::Source(source), "-->", to);
        for column in key {
            self.edge(Node::Row(column), "-.->", to);
        }
    }

    fn print(self) -> String {
        format!("flowchart LR\n{}{}", self.nodes, self.edges.concat())
    }
}

/// A text as a quoted label: what Mermaid or the Markdown in its labels could take for its own becomes an entity.
fn label(text: &str) -> String {
    let line: Vec<char> = one_line(text).chars().collect();
    let inside = |at: usize| {
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        at > 0 && word(line.get(at - 1)) && word(line.get(at + 1))
    };
    let mut label = String::new();
    for (at, &c) in line.iter().enumerate() {
        match c {
            '"' => label.push_str("#quot;"),
            ' ' | ',' | '→' | '×' => label.push(c),
            '.' | '_' if inside(at) => label.push(c),
            c if c.is_alphanumeric() => label.push(c),
            c => {
                let _ = write!(label, "#{};", u32::from(c));
            }
        }
    }
    label
}
