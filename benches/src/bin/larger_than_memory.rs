//! Joins events in files that are larger than the memory it may use, and fails if it used more: `larger_than_memory
//! MEGABYTES` of events, 8192 where none are given, half of which have one key.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Float64Type;
use mlops_core::Dataset;
use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Source, View, gather_files};
use parquet::arrow::ArrowWriter;

type Failure = Box<dyn Error>;

/// The most that may be in memory at any time.
const LIMIT: usize = 512 << 20;
const ROWS: usize = 1_000_000;
const KEYS: u64 = 10_000;
/// A time, three floats, and a key of 15 bytes with its place.
const EVENT_BYTES: usize = 8 + 3 * 8 + 15 + 4;
const PART: usize = 1 << 16;

/// Numbers without an order, each from its place (SplitMix64).
fn mixed(place: u64) -> u64 {
    let x = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// The key of an event or a row: one half of them have the same.
fn key(place: u64) -> String {
    let key = if mixed(place) & 1 == 0 { 0 } else { mixed(place) % KEYS };
    format!("customer-{key:06}")
}

/// Times without an order in ninety days.
fn at(place: u64) -> i64 {
    1_700_000_000_000_000 + (mixed(place ^ 1 << 60) % 7_776_000_000_000) as i64
}

/// Keys and times by place, with so many floats more.
fn table(places: std::ops::Range<u64>, floats: &[&str]) -> Result<RecordBatch, Failure> {
    let times = TimestampMicrosecondArray::from_iter_values(places.clone().map(at)).with_timezone("UTC");
    let keys = StringArray::from_iter_values(places.clone().map(key));
    let mut columns: Vec<(&str, ArrayRef)> = vec![("key", Arc::new(keys)), ("at", Arc::new(times))];
    for name in floats {
        columns.push((name, Arc::new(Float64Array::from_iter_values(places.clone().map(|place| place as f64)))));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn write_events(path: &Path, events: usize) -> Result<(), Failure> {
    let mut writer: Option<ArrowWriter<File>> = None;
    for begin in (0..events).step_by(PART) {
        let batch = table(begin as u64..events.min(begin + PART) as u64, &["x", "y", "z"])?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?);
        }
        writer.as_mut().ok_or("there is a writer")?.write(&batch)?;
    }
    writer.ok_or("there are no events")?.close()?;
    Ok(())
}

/// The most that was in memory, in bytes, by `/proc`.
fn peak() -> Result<usize, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system tells no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? << 10)
}

/// Checks some rows by a loop over all events, of which `x` is the place.
fn check(gathered: &Dataset, events: usize) -> Result<(), Failure> {
    const CHECKED: usize = 16;
    let asked = |row: usize| ROW + (row * (ROWS / CHECKED)) as u64;
    let mut wanted: Vec<Option<(i64, u64)>> = vec![None; CHECKED];
    for event in 0..events as u64 {
        let (time, key) = (at(event), key(event));
        for (row, wanted) in wanted.iter_mut().enumerate() {
            if time <= at(asked(row)) && key == self::key(asked(row)) {
                *wanted = (*wanted).max(Some((time, event)));
            }
        }
    }
    let found = gathered.column("latest.x")?.as_primitive::<Float64Type>();
    for (row, wanted) in wanted.into_iter().enumerate() {
        let place = row * (ROWS / CHECKED);
        let got = (!arrow::array::Array::is_null(found, place)).then(|| found.value(place));
        if got != wanted.map(|(_, event)| event as f64) {
            return Err(format!("row {place} found {got:?}, and not {wanted:?}").into());
        }
    }
    Ok(())
}

/// The places of rows, which no event has.
const ROW: u64 = 1 << 40;

fn main() -> Result<(), Failure> {
    let megabytes: usize = std::env::args().nth(1).map_or(Ok(8192), |text| text.parse())?;
    let events = (megabytes << 20) / EVENT_BYTES;
    let catalog = Catalog::new();
    let source = Source::new("events", "at").texts(&["key"]).floats(&["x", "y", "z"]);
    let set = FeatureSet::builder("files", "at")
        .texts(&["key"])
        .sources([source])
        .views([View::latest("latest", "events", &["key"]).fields(&["x", "y", "z"])])
        .features([Feature::number("x", "latest.x", Nulls::Mean)])
        .build(&catalog)?;
    let folder = PathBuf::from(
        std::env::var("CARGO_TARGET_TMPDIR").unwrap_or_else(|_| std::env::temp_dir().display().to_string()),
    );
    let path = folder.join(format!("larger_than_memory-{}.parquet", std::process::id()));
    write_events(&path, events)?;
    println!("{events} events, {} MB in memory, {} MB in the file", megabytes, fs::metadata(&path)?.len() >> 20);

    let rows = Dataset::from_batches([table(ROW..ROW + ROWS as u64, &[])?])?;
    let files = BTreeMap::from([("events".to_owned(), vec![path.clone()])]);
    let start = Instant::now();
    let gathered = gather_files(&set, &rows, &files, &catalog);
    let took = start.elapsed();
    fs::remove_file(&path)?;
    let gathered = gathered?;
    println!("{ROWS} rows joined in {took:.1?}, {} MB in memory at most", peak()? >> 20);
    check(&gathered, events)?;
    if peak()? > LIMIT {
        return Err(format!("that is more than {} MB", LIMIT >> 20).into());
    }
    Ok(())
}
