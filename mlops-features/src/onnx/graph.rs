//! A graph of ONNX as it grows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use mlops_core::Fingerprint;
use prost::Message;

use super::proto::{Attribute, BOOL, DOUBLE, GraphProto, INT64, Node, STRING, TensorProto, ValueInfo};

/// The name of the output.
pub(super) const NUMBERS: &str = "numbers";

/// A tensor of the graph: `rows × width`, or one that is the same for all rows and broadcast to them.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    name: Rc<str>,
    rows: bool,
}

/// Nodes in the order in which they are computed. What is asked for twice is there once.
#[derive(Debug, Default)]
pub(super) struct Graph {
    proto: GraphProto,
    inputs: BTreeMap<String, Tensor>,
    known: HashMap<Fingerprint, Tensor>,
}

impl Graph {
    /// The input of this name.
    pub(super) fn input(&mut self, name: &str, elements: i32) -> Tensor {
        if let Some(tensor) = self.inputs.get(name) {
            return tensor.clone();
        }
        let doc = if elements == STRING { "An empty text stands for null." } else { "NaN stands for null." };
        self.proto.input.push(ValueInfo::of_rows(name, elements, 1, doc));
        let tensor = Tensor { name: name.into(), rows: true };
        self.inputs.insert(name.into(), tensor.clone());
        tensor
    }

    /// A tensor that something gives: what `encoded` says of it is all that there is to it but for its name.
    fn tensor(&mut self, encoded: &[u8], rows: bool, add: impl FnOnce(&mut GraphProto, String)) -> Tensor {
        let key = Fingerprint::of(encoded);
        if let Some(tensor) = self.known.get(&key) {
            return tensor.clone();
        }
        // No column has such a name: `FittedFeatures::to_onnx` looks.
        let name = format!("{INNER}{}", self.known.len());
        add(&mut self.proto, name.clone());
        let tensor = Tensor { name: name.into(), rows };
        self.known.insert(key, tensor.clone());
        tensor
    }

    fn node_with(&mut self, op_type: &str, inputs: &[&Tensor], attribute: Vec<Attribute>) -> Tensor {
        let domain = if op_type == "LabelEncoder" { ML } else { "" };
        let input = inputs.iter().map(|tensor| tensor.name.to_string()).collect();
        let node = Node { input, output: Vec::new(), op_type: op_type.into(), attribute, domain: domain.into() };
        let rows = inputs.iter().any(|tensor| tensor.rows);
        self.tensor(&node.encode_to_vec(), rows, |graph, name| {
            graph.node.push(Node { output: vec![name], ..node });
        })
    }

    /// What an operator without attributes gives.
    pub(super) fn node(&mut self, op_type: &str, inputs: &[&Tensor]) -> Tensor {
        self.node_with(op_type, inputs, Vec::new())
    }

    fn constant(&mut self, tensor: TensorProto) -> Tensor {
        self.tensor(&tensor.encode_to_vec(), false, |graph, name| {
            graph.initializer.push(TensorProto { name, ..tensor });
        })
    }

    /// Floats of this shape.
    pub(super) fn floats(&mut self, dims: &[usize], floats: impl IntoIterator<Item = f64>) -> Tensor {
        let raw_data = floats.into_iter().flat_map(f64::to_le_bytes).collect();
        self.constant(TensorProto { dims: sizes(dims), data_type: DOUBLE, raw_data, ..TensorProto::default() })
    }

    /// Integers of this shape.
    pub(super) fn ints(&mut self, dims: &[usize], ints: impl IntoIterator<Item = i64>) -> Tensor {
        let raw_data = ints.into_iter().flat_map(i64::to_le_bytes).collect();
        self.constant(TensorProto { dims: sizes(dims), data_type: INT64, raw_data, ..TensorProto::default() })
    }

    /// A float.
    pub(super) fn float(&mut self, x: f64) -> Tensor {
        self.floats(&[], [x])
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) -> Tensor {
        let string_data = vec![text.as_bytes().to_vec()];
        self.constant(TensorProto { data_type: STRING, string_data, ..TensorProto::default() })
    }

    /// A tensor with every row of its own; `None` where the graph has no input that tells how many there are.
    pub(super) fn in_rows(&mut self, tensor: &Tensor) -> Option<Tensor> {
        if tensor.rows {
            return Some(tensor.clone());
        }
        let any = self.inputs.values().next()?.clone();
        let shape = self.node("Shape", &[&any]);
        Some(self.node("Expand", &[tensor, &shape]))
    }

    /// Truth as 1 and 0.
    pub(super) fn as_float(&mut self, mask: &Tensor) -> Tensor {
        self.node_with("Cast", &[mask], vec![Attribute::int("to", DOUBLE.into())])
    }

    /// Integers but 0 as truth.
    pub(super) fn as_mask(&mut self, ints: &Tensor) -> Tensor {
        self.node_with("Cast", &[ints], vec![Attribute::int("to", BOOL.into())])
    }

    /// Where either is true, if anything is.
    pub(super) fn either(&mut self, a: Option<Tensor>, b: Option<Tensor>) -> Option<Tensor> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.node("Or", &[&a, &b])),
            (a, b) => a.or(b),
        }
    }

    /// `x` where it is from `low` to `high` or NaN, else the bound.
    pub(super) fn clipped(&mut self, x: &Tensor, low: &Tensor, high: &Tensor) -> Tensor {
        let (below, above) = (self.node("Less", &[x, low]), self.node("Greater", &[x, high]));
        let capped = self.node("Where", &[&above, high, x]);
        self.node("Where", &[&below, low, &capped])
    }

    /// These columns, in this order.
    pub(super) fn columns(&mut self, x: &Tensor, columns: impl ExactSizeIterator<Item = usize>) -> Tensor {
        let len = columns.len();
        let columns = self.ints(&[len], columns.map(|column| column as i64));
        self.node_with("Gather", &[x, &columns], vec![Attribute::int("axis", 1)])
    }

    /// Tensors side by side.
    pub(super) fn beside(&mut self, tensors: &[&Tensor]) -> Tensor {
        match tensors {
            [tensor] => (*tensor).clone(),
            _ => self.node_with("Concat", tensors, vec![Attribute::int("axis", 1)]),
        }
    }

    /// The place of each text among these, or how many these are.
    pub(super) fn place_among<'t>(&mut self, text: &Tensor, keys: impl Iterator<Item = &'t str>) -> Tensor {
        let keys = Attribute::strings("keys_strings", keys);
        let count = keys.strings.len() as i64;
        let places = Attribute::ints("values_int64s", (0..count).collect());
        self.node_with("LabelEncoder", &[text], vec![keys, places, Attribute::int("default_int64", count)])
    }

    /// The graph with this output, without what that doesn't need.
    pub(super) fn finish(mut self, name: &str, output: &Tensor, width: usize) -> GraphProto {
        self.proto.node.push(Node {
            input: vec![output.name.to_string()],
            output: vec![NUMBERS.into()],
            op_type: "Identity".into(),
            ..Node::default()
        });
        let doc = "A row that is refused is NaN throughout.";
        self.proto.output.push(ValueInfo::of_rows(NUMBERS, DOUBLE, width, doc));
        self.proto.name = name.into();
        self.prune();
        self.proto
    }

    /// Leaves out what nothing uses, such as masks of nulls that nobody asks for.
    fn prune(&mut self) {
        let mut used = BTreeSet::from([NUMBERS.to_owned()]);
        for node in self.proto.node.iter().rev() {
            if node.output.iter().any(|output| used.contains(output)) {
                used.extend(node.input.iter().cloned());
            }
        }
        self.proto.node.retain(|node| node.output.iter().any(|output| used.contains(output)));
        self.proto.initializer.retain(|tensor| used.contains(&tensor.name));
    }
}

/// The domain of operators on categories.
pub(super) const ML: &str = "ai.onnx.ml";

/// What the names of tensors in the middle begin with.
pub(super) const INNER: &str = "inner:";

fn sizes(dims: &[usize]) -> Vec<i64> {
    dims.iter().map(|&size| size as i64).collect()
}
