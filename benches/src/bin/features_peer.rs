//! The Rust side of `benches/peers/features`: fits and encodes a Parquet file, writes what came out for the other side
//! to check, and says as lines of JSON how long each work took.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use foldhash::fast::FixedState;
use mlops_benches::{report, report_waited};
use mlops_core::{Dataset, EncodeError, Encoder, SlotEncoder, Slots, Timestamp};
use mlops_features::{Catalog, Feature, FeatureError, FeatureSet, FittedFeatures, Nulls};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

const FLOATS: usize = 40;
const TEXTS: usize = 10;
const WIDTH: usize = FLOATS + TEXTS;

/// How many rows the works of one row go round, so that neither caches nor branches know the next one.
const ROWS: usize = 4096;
/// How often a repeat goes round them.
const ROUNDS: usize = 25;

type Failure = Box<dyn Error>;

macro_rules! row {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        struct $name { $($field: $type),* }
    };
}

row! {
    /// A row whose fields come in the order of the definition.
    struct InOrder {
        at: Timestamp, x00: f64, x01: f64, x02: f64, x03: f64, x04: f64, x05: f64, x06: f64, x07: f64, x08: f64,
        x09: f64, x10: f64, x11: f64, x12: f64, x13: f64, x14: f64, x15: f64, x16: f64, x17: f64, x18: f64, x19: f64,
        x20: f64, x21: f64, x22: f64, x23: f64, x24: f64, x25: f64, x26: f64, x27: f64, x28: f64, x29: f64, x30: f64,
        x31: f64, x32: f64, x33: f64, x34: f64, x35: f64, x36: f64, x37: f64, x38: f64, x39: f64, c0: String,
        c1: String, c2: String, c3: String, c4: String, c5: String, c6: String, c7: String, c8: String, c9: String,
    }
}

row! {
    /// The same fields, shuffled.
    struct Shuffled {
        x26: f64, at: Timestamp, x11: f64, x17: f64, x03: f64, c6: String, x19: f64, c7: String, x10: f64, x06: f64,
        x24: f64, x29: f64, x31: f64, x36: f64, x13: f64, x22: f64, x09: f64, x01: f64, x18: f64, x05: f64, x02: f64,
        x21: f64, x39: f64, c8: String, c2: String, x28: f64, x32: f64, x07: f64, c1: String, x27: f64, x20: f64,
        x25: f64, x33: f64, c3: String, x12: f64, x14: f64, x35: f64, x16: f64, c4: String, x00: f64, c5: String,
        x04: f64, c9: String, c0: String, x30: f64, x38: f64, x23: f64, x08: f64, x34: f64, x37: f64, x15: f64,
    }
}

fn names(prefix: &str, count: usize, digits: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i:0digits$}")).collect()
}

/// What is measured: forty standardised numbers, and ten categories as their places.
fn definition(catalog: &Catalog) -> Result<FeatureSet, Failure> {
    let (floats, texts) = (names("x", FLOATS, 2), names("c", TEXTS, 1));
    let standardised = floats.iter().map(|name| Feature::standardised(name, name.as_str(), Nulls::Refuse));
    let ordinals = texts.iter().map(|name| Feature::ordinal(name, name.as_str(), -1.0));
    let set = FeatureSet::builder("peer", "at")
        .floats(&floats.iter().map(String::as_str).collect::<Vec<_>>())
        .categories(&texts.iter().map(String::as_str).collect::<Vec<_>>())
        .features(standardised.chain(ordinals))
        .build(catalog)?;
    Ok(set)
}

fn fit(set: &FeatureSet, rows: &Dataset, catalog: &Catalog) -> Result<FittedFeatures, Failure> {
    Ok(set.fit(|| [Ok::<_, FeatureError>(rows.batch().clone())], catalog)?)
}

/// A row as a loop by hand has it.
struct BareRow {
    numbers: [f64; FLOATS],
    texts: [String; TEXTS],
}

/// The loop by hand.
struct Bare<Hasher> {
    means: [f64; FLOATS],
    scales: [f64; FLOATS],
    codes: [HashMap<String, u32, Hasher>; TEXTS],
}

impl<Hasher: BuildHasher + Default> Bare<Hasher> {
    /// With what the features learnt.
    fn new(features: &FittedFeatures) -> Result<Self, Failure> {
        let fitted = fitted(features)?;
        // The first step lets numbers through, the second standardises.
        let number = |i: usize, name: &str| fitted["fitted"][i][1][0][name].as_f64().ok_or("no number");
        let mut bare = Self { means: [0.0; FLOATS], scales: [1.0; FLOATS], codes: Default::default() };
        for i in 0..FLOATS {
            (bare.means[i], bare.scales[i]) = (number(i, "shift")?, number(i, "scale")?);
        }
        for (codes, name) in bare.codes.iter_mut().zip(names("c", TEXTS, 1)) {
            let texts = categories(features, &name).map(str::to_owned);
            *codes = texts.zip(0..).collect();
        }
        Ok(bare)
    }

    #[inline(never)]
    fn encode(&self, row: &BareRow, out: &mut [f64; WIDTH]) {
        let (numbers, places) = out.split_at_mut(FLOATS);
        for ((out, x), (mean, scale)) in
            numbers.iter_mut().zip(&row.numbers).zip(self.means.iter().zip(&self.scales))
        {
            *out = (x - mean) / scale;
        }
        for ((out, text), codes) in places.iter_mut().zip(&row.texts).zip(&self.codes) {
            *out = codes.get(text.as_str()).map_or(-1.0, |&code| f64::from(code));
        }
    }
}

fn bare_rows(first: &Dataset) -> Result<Vec<BareRow>, Failure> {
    let empty = || BareRow { numbers: [0.0; FLOATS], texts: Default::default() };
    let mut rows: Vec<BareRow> = (0..first.rows()).map(|_| empty()).collect();
    for (i, name) in names("x", FLOATS, 2).iter().enumerate() {
        rows.iter_mut().zip(first.floats(name)?).for_each(|(row, x)| row.numbers[i] = x);
    }
    for (i, name) in names("c", TEXTS, 1).iter().enumerate() {
        rows.iter_mut().zip(first.texts(name)?).for_each(|(row, text)| row.texts[i] = text);
    }
    Ok(rows)
}

/// Does a work once to warm up, and then `repeats` times by the clock.
fn timed<T>(repeats: usize, mut work: impl FnMut() -> Result<T, Failure>) -> Result<(Vec<f64>, T), Failure> {
    let mut made = work()?;
    let mut nanoseconds = Vec::new();
    for _ in 0..repeats {
        drop(made);
        let start = Instant::now();
        made = black_box(work()?);
        nanoseconds.push(start.elapsed().as_nanos() as f64);
    }
    Ok((nanoseconds, made))
}

/// Times a work of one row on each row of a list in turn.
fn timed_rows<Row>(
    work: &str,
    repeats: usize,
    rows: &[Row],
    mut function: impl FnMut(&Row) -> Result<(), EncodeError>,
) -> Result<(), Failure> {
    let (times, ()) = timed(repeats, || {
        for row in std::iter::repeat_n(rows, ROUNDS).flatten() {
            function(black_box(row))?;
        }
        Ok(())
    })?;
    report(work, ROUNDS * rows.len(), times);
    Ok(())
}

/// Checks that rows become what they became in the batch, bit for bit, and then times them.
fn rows_of<Row>(
    work: &str,
    repeats: usize,
    features: &FittedFeatures,
    rows: &[Row],
    wanted: &[f64],
) -> Result<(), Failure>
where
    FittedFeatures: Encoder<Row>,
{
    let mut slots = Slots::default();
    let mut numbers = vec![0.0; features.names().len()];
    for (row, wanted) in rows.iter().zip(wanted.chunks(numbers.len())) {
        features.read(row, &mut slots)?;
        features.encode(&slots, &mut numbers)?;
        same(work, &numbers, wanted)?;
    }
    timed_rows(work, repeats, rows, |row| {
        features.read(row, &mut slots)?;
        features.encode(&slots, black_box(&mut numbers))
    })?;
    timed_rows(&format!("{work}, read alone"), repeats, rows, |row| features.read(row, &mut slots))
}

fn same(work: &str, got: &[f64], wanted: &[f64]) -> Result<(), Failure> {
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    if bits(got) == bits(wanted) { Ok(()) } else { Err(format!("{work}: {got:?}, not {wanted:?}").into()) }
}

fn one_row(repeats: usize, features: &FittedFeatures, first: &Dataset, wanted: &[f64]) -> Result<(), Failure> {
    fn rows<Row: DeserializeOwned>(first: &Dataset) -> Result<Vec<Row>, Failure> {
        Ok(serde_arrow::from_record_batch(first.batch())?)
    }
    let in_order = rows::<InOrder>(first)?;
    let maps = in_order
        .iter()
        .map(|row| serde_json::from_value(serde_json::to_value(row)?))
        .collect::<Result<Vec<Map<String, Value>>, _>>()?;
    rows_of("one row, struct in order", repeats, features, &in_order, wanted)?;
    rows_of("one row, struct in another order", repeats, features, &rows::<Shuffled>(first)?, wanted)?;
    rows_of("one row, JSON map", repeats, features, &maps, wanted)?;

    let slots = in_order
        .iter()
        .map(|row| {
            let mut slots = Slots::default();
            features.read(row, &mut slots).map(|()| slots)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut numbers = vec![0.0; features.names().len()];
    timed_rows("one row, encode alone", repeats, &slots, |slots| features.encode(slots, black_box(&mut numbers)))?;

    bare_loop::<FixedState>("one row, bare loop", repeats, features, first, wanted)?;
    bare_loop::<RandomState>("one row, bare loop, std's hash", repeats, features, first, wanted)
}

/// Checks the loop by hand, and then times it.
fn bare_loop<Hasher: BuildHasher + Default>(
    work: &str,
    repeats: usize,
    features: &FittedFeatures,
    first: &Dataset,
    wanted: &[f64],
) -> Result<(), Failure> {
    let (bare, rows) = (Bare::<Hasher>::new(features)?, bare_rows(first)?);
    let (mut out, width) = ([0.0; WIDTH], features.names().len());
    for (row, wanted) in rows.iter().zip(wanted.chunks(width)) {
        bare.encode(row, &mut out);
        same(work, &out[..width], wanted)?;
    }
    timed_rows(work, repeats, &rows, |row| {
        bare.encode(row, black_box(&mut out));
        Ok(())
    })
}

/// What was learnt, but for the categories.
fn fitted(features: &FittedFeatures) -> Result<Value, Failure> {
    let bytes = features.to_bytes();
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter();
    let mut fitted: Value = values.next().ok_or("no JSON")??;
    fitted["vocabularies"] = serde_json::json!({});
    Ok(fitted)
}

/// The categories of a column, in order.
fn categories<'a>(features: &'a FittedFeatures, name: &str) -> impl Iterator<Item = &'a str> {
    let field = features.slot_schema().fields.iter().find(|field| field.name == name);
    field.and_then(|field| field.vocabulary.as_deref()).into_iter().flat_map(mlops_core::Vocabulary::texts)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folder, repeats] = &arguments[..] else {
        return Err("arguments: a Parquet file, a folder for what is made, the number of repeats".into());
    };
    let (folder, repeats): (&Path, usize) = (folder.as_ref(), repeats.parse()?);
    let (catalog, rows) = (Catalog::new(), Dataset::read_parquet(data)?);
    let set = definition(&catalog)?;

    let (times, features) = timed(repeats, || fit(&set, &rows, &catalog))?;
    report("all rows, fit", 1, times);
    let mut learnt = fitted(&features)?;
    for name in names("c", TEXTS, 1) {
        learnt["vocabularies"]["columns"][&name] = categories(&features, &name).collect();
    }
    fs::write(folder.join("fitted.json"), serde_json::to_vec(&learnt)?)?;
    let (times, matrix) = timed(repeats, || Ok(features.encode_batch(rows.batch())?))?;
    report("all rows, transform", 1, times);
    let both = || Ok(fit(&set, &rows, &catalog)?.encode_batch(rows.batch())?);
    report("all rows, fit and transform", 1, timed(repeats, both)?.0);
    fs::write(folder.join("names.json"), serde_json::to_vec(&*matrix.names)?)?;
    let numbers = matrix.values.as_slice().ok_or("the matrix isn't row-major")?;
    fs::write(folder.join("encoded.f64"), numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())?;

    let first = Dataset::from_batches([rows.batch().slice(0, ROWS.min(rows.rows()))])?;
    one_row(repeats, &features, &first, &numbers[..first.rows() * matrix.names.len()])?;
    report_waited();
    Ok(())
}
