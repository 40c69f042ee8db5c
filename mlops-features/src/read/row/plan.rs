//! Where the fields of rows go.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use mlops_core::SlotSchema;

/// How deep fields are looked for inside of others, so that names from a file don't overflow the stack; a name of more
/// parts is found only as it is.
const MAX_DEPTH: usize = 64;

/// The fields of a row, or of what is nested in it at one place.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// In the order of the definition.
    pub(super) children: Vec<Child>,
    /// The child that came first in the last row.
    first: AtomicUsize,
    places: HashMap<Box<str>, usize, foldhash::fast::FixedState>,
    /// The slots of everything inside.
    pub(super) below: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Child {
    name: Box<str>,
    pub(super) target: Target,
    /// Where the name lay in the program when a struct brought it last: there lies no other.
    address: AtomicUsize,
    /// The child that came next in the last row; at first, that in the order of the definition.
    then: AtomicUsize,
}

impl Clone for Child {
    fn clone(&self) -> Self {
        let copy = |number: &AtomicUsize| AtomicUsize::new(number.load(Relaxed));
        let (name, target) = (self.name.clone(), self.target);
        Self { name, target, address: copy(&self.address), then: copy(&self.then) }
    }
}

impl Clone for Node {
    fn clone(&self) -> Self {
        let (children, places, below) = (self.children.clone(), self.places.clone(), self.below.clone());
        Self { children, first: AtomicUsize::new(self.first.load(Relaxed)), places, below }
    }
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
    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The place of a child that comes after the one at `last`, first of all the one that came there in the last row.
    #[inline]
    pub(super) fn place_after(&self, last: Option<usize>, name: &str) -> Option<usize> {
        let then = self.then(last);
        match self.children.get(then.load(Relaxed)) {
            Some(child) if *child.name == *name => Some(then.load(Relaxed)),
            _ => self.learn(then, name),
        }
    }

    /// The same for a name that is part of the program, which is known by where it lies.
    #[inline]
    pub(super) fn place_of_static(&self, last: Option<usize>, name: &'static str) -> Option<usize> {
        let address = name.as_ptr() as usize;
        let lies_there = |child: &Child| child.address.load(Relaxed) == address && child.name.len() == name.len();
        // The processor needn't wait to be told where this is.
        let next = last.map_or(0, |last| last + 1);
        if self.children.get(next).is_some_and(lies_there) {
            return Some(next);
        }
        let then = self.then(last);
        let place = then.load(Relaxed);
        match self.children.get(place) {
            Some(child) if lies_there(child) => Some(place),
            Some(child) if *child.name == *name => {
                child.address.store(address, Relaxed);
                Some(place)
            }
            _ => self.learn(then, name),
        }
    }

    #[inline]
    fn then(&self, last: Option<usize>) -> &AtomicUsize {
        last.and_then(|last| self.children.get(last)).map_or(&self.first, |child| &child.then)
    }

    #[cold]
    fn learn(&self, then: &AtomicUsize, name: &str) -> Option<usize> {
        let place = self.place(name)?;
        then.store(place, Relaxed);
        Some(place)
    }

    fn push(&mut self, name: &str, target: Target) -> usize {
        let place = self.children.len();
        let (address, then) = (AtomicUsize::new(0), AtomicUsize::new(place + 1));
        self.children.push(Child { name: name.into(), target, address, then });
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
            row.children[before].then = AtomicUsize::new(place);
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
