//! Where the fields of rows go.

use std::collections::HashMap;

use mlops_core::SlotSchema;

/// How deep fields are looked for inside of others, so that names from a file don't overflow the stack; a name of more
/// parts is found only as it is.
const MAX_DEPTH: usize = 64;

/// The fields of a row, or of what is nested in it at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// In the order of the definition.
    pub(super) children: Vec<Child>,
    places: HashMap<Box<str>, usize, foldhash::fast::FixedState>,
    /// The slots of everything inside.
    pub(super) below: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) name: Box<str>,
    pub(super) target: Target,
    /// The child that comes next in a row in the order of the definition.
    pub(super) then: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A column.
    Slot(usize),
    /// What columns are inside of, and a column of the same name.
    Nested { node: usize, slot: Option<usize> },
}

impl Node {
    /// The place of a child.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    fn push(&mut self, name: &str, target: Target) -> usize {
        let place = self.children.len();
        self.children.push(Child { name: name.into(), target, then: place + 1 });
        self.places.insert(name.into(), place);
        place
    }
}

/// The nodes of the columns that a request brings, the row itself first. The column `a.b` is the field `b` inside of
/// the field `a` of the row, or the row's field `a.b`.
pub(super) fn plan(schema: &SlotSchema) -> Vec<Node> {
    let mut nodes = vec![Node::default()];
    let names = || schema.fields.iter().take(schema.request).map(|field| field.name.as_str()).enumerate();
    let is_nested = |name: &str| (2..=MAX_DEPTH).contains(&name.split('.').count());
    for (slot, name) in names() {
        let (mut node, mut last) = (0, name);
        while is_nested(name)
            && let Some((outer, inner)) = last.split_once('.')
        {
            node = nested(&mut nodes, node, outer);
            nodes[node].below.push(slot);
            last = inner;
        }
        leaf(&mut nodes[node], last, slot);
    }
    // The names as they are come last, each before the next column as it is.
    let row = &mut nodes[0];
    let mut before: Option<usize> = None;
    for (slot, name) in names() {
        let place = match row.place(name) {
            Some(place) => place,
            None => row.push(name, Target::Slot(slot)),
        };
        if let Some(before) = before {
            row.children[before].then = place;
        }
        before = is_nested(name).then_some(place);
    }
    nodes
}

/// The node inside of a child, which is made where there is none.
fn nested(nodes: &mut Vec<Node>, node: usize, name: &str) -> usize {
    let new = nodes.len();
    match nodes[node].place(name).map(|place| &mut nodes[node].children[place].target) {
        Some(Target::Nested { node, .. }) => return *node,
        Some(target @ &mut Target::Slot(slot)) => *target = Target::Nested { node: new, slot: Some(slot) },
        None => {
            nodes[node].push(name, Target::Nested { node: new, slot: None });
        }
    }
    nodes.push(Node::default());
    new
}

fn leaf(node: &mut Node, name: &str, slot: usize) {
    match node.place(name).map(|place| &mut node.children[place].target) {
        Some(Target::Nested { slot: own, .. }) => *own = Some(slot),
        Some(target) => *target = Target::Slot(slot),
        None => {
            node.push(name, Target::Slot(slot));
        }
    }
}
