//! Random rows with columns of every kind, as maps, with fields in fields, and as tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, ListArray, ListBuilder, RecordBatch, StringArray, StringBuilder,
    StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field, Float64Type};
use mlops_core::JsonFloat;
use mlops_features::FeatureSetBuilder;
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Int,
    Time,
    Category,
    Text,
    Numbers,
    Texts,
}

/// All columns that a random set may read; the time first.
pub(crate) const COLUMNS: [(&str, Kind); 15] = [
    ("at", Kind::Time),
    ("x", Kind::Float),
    ("customer.score", Kind::Float),
    ("n", Kind::Int),
    ("customer.home.rooms", Kind::Int),
    ("then", Kind::Time),
    ("key", Kind::Category),
    ("customer.city", Kind::Category),
    ("other key", Kind::Category),
    ("note", Kind::Text),
    ("item.title", Kind::Text),
    ("scores", Kind::Numbers),
    ("item.sizes", Kind::Numbers),
    ("tags", Kind::Texts),
    ("item.tags", Kind::Texts),
];

/// A value of a row; floats stay as they are.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Null(()),
    Float(f64),
    Int(i64),
    Text(String),
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// A row of all columns, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

/// A row with the fields `a.b` inside of the field `a`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Nested {
    Cell(Cell),
    Fields(BTreeMap<String, Nested>),
}

/// By the whole names, in the order of the columns.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COLUMNS.iter().zip(&self.0).map(|((name, _), cell)| (name, cell)))
    }
}

impl Kind {
    /// Adds a column of the kind.
    pub(crate) fn column(self, builder: FeatureSetBuilder, name: &str) -> FeatureSetBuilder {
        match self {
            Self::Float => builder.floats(&[name]),
            Self::Int => builder.ints(&[name]),
            Self::Time => builder.times(&[name]),
            Self::Category => builder.categories(&[name]),
            Self::Text => builder.texts(&[name]),
            Self::Numbers => builder.number_lists(&[name]),
            Self::Texts => builder.text_lists(&[name]),
        }
    }
}

impl Row {
    /// With floats that JSON has no number for as texts.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let cell = |cell: &Cell| match cell {
            Cell::Float(x) => json!(JsonFloat(*x)),
            Cell::Numbers(numbers) => numbers.iter().map(|&x| json!(JsonFloat(x))).collect(),
            other => json!(other),
        };
        COLUMNS.iter().zip(&self.0).map(|((name, _), value)| (*name, cell(value))).collect()
    }

    /// The row that [`Row::to_json`] wrote.
    pub(crate) fn from_json(row: &serde_json::Value) -> Self {
        let float = |value: &serde_json::Value| JsonFloat::deserialize(value).unwrap().0;
        let cell = |(name, kind): &(&str, Kind)| match (kind, &row[name]) {
            (_, serde_json::Value::Null) => Cell::Null(()),
            (Kind::Float, value) => Cell::Float(float(value)),
            (Kind::Int | Kind::Time, value) => Cell::Int(value.as_i64().unwrap()),
            (Kind::Category | Kind::Text, value) => Cell::Text(value.as_str().unwrap().to_owned()),
            (Kind::Numbers, value) => Cell::Numbers(value.as_array().unwrap().iter().map(float).collect()),
            (Kind::Texts, value) => Cell::Texts(Vec::deserialize(value).unwrap()),
        };
        Self(COLUMNS.iter().map(cell).collect())
    }

    /// With fields in fields, sorted by name; what has nothing but nulls in it is null.
    pub(crate) fn nested(&self) -> impl Serialize + use<> {
        let mut row = BTreeMap::new();
        for ((name, _), cell) in COLUMNS.iter().zip(&self.0) {
            let mut fields = &mut row;
            let mut names: Vec<&str> = name.split('.').collect();
            let last = names.pop().unwrap_or_default();
            for name in names {
                let inner = fields.entry(name.to_owned()).or_insert_with(|| Nested::Fields(BTreeMap::new()));
                let Nested::Fields(inner) = inner else { panic!("`{name}` is a column and has columns in it") };
                fields = inner;
            }
            fields.insert(last.to_owned(), Nested::Cell(cell.clone()));
        }
        row.into_iter().map(|(name, value)| (name, value.or_null())).collect::<BTreeMap<_, _>>()
    }
}

impl Nested {
    fn or_null(self) -> Self {
        match self {
            Self::Fields(fields) => {
                let fields: BTreeMap<_, _> =
                    fields.into_iter().map(|(name, value)| (name, value.or_null())).collect();
                let all_null = fields.values().all(|field| matches!(field, Self::Cell(Cell::Null(()))));
                if all_null { Self::Cell(Cell::Null(())) } else { Self::Fields(fields) }
            }
            cell @ Self::Cell(_) => cell,
        }
    }
}

fn column(place: usize, kind: Kind, rows: &[Row]) -> ArrayRef {
    let cells = rows.iter().map(|row| &row.0[place]);
    let ints = || cells.clone().map(|cell| if let Cell::Int(n) = cell { Some(*n) } else { None });
    match kind {
        Kind::Float => Arc::new(Float64Array::from_iter(
            cells.map(|cell| if let Cell::Float(x) = cell { Some(*x) } else { None }),
        )),
        Kind::Int => Arc::new(Int64Array::from_iter(ints())),
        Kind::Time => Arc::new(TimestampMicrosecondArray::from_iter(ints()).with_timezone("UTC")),
        Kind::Category | Kind::Text => Arc::new(StringArray::from_iter(
            cells.map(|cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None }),
        )),
        Kind::Numbers => {
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(cells.map(|cell| match cell {
                Cell::Numbers(numbers) => Some(numbers.iter().copied().map(Some).collect::<Vec<_>>()),
                _ => None,
            })))
        }
        Kind::Texts => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            cells.for_each(|cell| match cell {
                Cell::Texts(texts) => builder.append_value(texts.iter().map(Some)),
                _ => builder.append_null(),
            });
            Arc::new(builder.finish())
        }
    }
}

fn table(columns: Vec<(String, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// The rows as a table with a column for each name.
pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let columns = COLUMNS.iter().enumerate();
    table(columns.map(|(place, (name, kind))| ((*name).to_owned(), column(place, *kind, rows))).collect())
}

/// The same table with columns of structs, the other way round.
pub(crate) fn nested_batch(rows: &[Row]) -> RecordBatch {
    let whole = batch(rows);
    let leaf = |name: &str| whole.column_by_name(name).unwrap().clone();
    let structs = |fields: &[(&str, ArrayRef)]| -> ArrayRef {
        let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
        let valid = NullBuffer::from(vec![true; rows.len()]);
        let arrays = fields.iter().map(|(_, array)| array.clone()).collect();
        Arc::new(StructArray::new(fields.iter().map(field).collect(), arrays, Some(valid)))
    };
    let home = structs(&[("rooms", leaf("customer.home.rooms"))]);
    let customer = structs(&[("home", home), ("city", leaf("customer.city")), ("score", leaf("customer.score"))]);
    let item =
        structs(&[("tags", leaf("item.tags")), ("title", leaf("item.title")), ("sizes", leaf("item.sizes"))]);
    let plain = COLUMNS.iter().filter(|(name, _)| !name.contains('.')).rev();
    let plain = plain.map(|(name, _)| ((*name).to_owned(), leaf(name)));
    table(plain.chain([("customer".to_owned(), customer), ("item".to_owned(), item)]).collect())
}

const HOUR: i64 = 3_600_000_000;

/// Values of a kind; the tame ones are such as are fitted on.
fn cell(kind: Kind, tame: bool) -> BoxedStrategy<Cell> {
    let floats = move || match tame {
        true => prop_oneof![4 => -50.0..50.0, 1 => select(&[0.0, -0.0, 1.0, 2.0][..])].boxed(),
        false => prop_oneof![
            2 => -50.0..50.0,
            1 => any::<f64>(),
            1 => select(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, f64::MAX][..]),
        ]
        .boxed(),
    };
    let some_texts = || select(&["", "a", "b", "c", "ä", "a b", "Foo bar baz", "a×b", "日本", " x\u{a0}"][..]);
    let texts = move || match tame {
        true => some_texts().prop_map(str::to_owned).boxed(),
        false => prop_oneof![some_texts().prop_map(str::to_owned), ".{0,8}", Just("\0ä".to_owned())].boxed(),
    };
    // The longest lists have short texts: a row keeps 64 KiB of them.
    let short = || select(&["", "a", "b", "zz", "ä"][..]).prop_map(str::to_owned);
    let some = match kind {
        Kind::Float => floats().prop_map(Cell::Float).boxed(),
        Kind::Int if tame => (0_i64..13).prop_map(Cell::Int).boxed(),
        Kind::Int => prop_oneof![
            (-3_i64..20),
            any::<i64>(),
            select(&[i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1][..])
        ]
        .prop_map(Cell::Int)
        .boxed(),
        Kind::Time if tame => (0_i64..400_000).prop_map(|hour| Cell::Int(hour * HOUR)).boxed(),
        Kind::Time => prop_oneof![
            (0_i64..400_000).prop_map(|hour| hour * HOUR + 1),
            any::<i64>(),
            select(&[i64::MIN, i64::MAX, i64::MIN + 1, -1, 0][..])
        ]
        .prop_map(Cell::Int)
        .boxed(),
        Kind::Category | Kind::Text => texts().prop_map(Cell::Text).boxed(),
        Kind::Numbers => prop_oneof![
            30 => prop::collection::vec(floats(), 0..9),
            1 => floats().prop_map(|x| (0..1000).map(|i| f64::from(i) * x).collect::<Vec<_>>()),
        ]
        .prop_map(Cell::Numbers)
        .boxed(),
        Kind::Texts => prop_oneof![
            30 => prop::collection::vec(texts(), 0..6),
            1 => short().prop_map(|text| (0..1000).map(|i| format!("{text}{}", i % 37)).collect::<Vec<_>>()),
        ]
        .prop_map(Cell::Texts)
        .boxed(),
    };
    prop_oneof![if tame { 12 } else { 5 } => some, 1 => Just(Cell::Null(()))].boxed()
}

/// Rows to fit on, or rows of anything.
pub(crate) fn rows(tame: bool, counts: std::ops::Range<usize>) -> BoxedStrategy<Vec<Row>> {
    let cells: Vec<_> = COLUMNS.iter().map(|(_, kind)| cell(*kind, tame)).collect();
    // A request has a time.
    let at = if tame { (0_i64..400_000).prop_map(|hour| hour * HOUR).boxed() } else { any::<i64>().boxed() };
    let row = (at, cells).prop_map(|(at, mut cells)| {
        cells[0] = Cell::Int(at);
        Row(cells)
    });
    prop::collection::vec(row, counts).boxed()
}
