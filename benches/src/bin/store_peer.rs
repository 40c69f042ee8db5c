//! The Rust side of `benches/peers/store`: puts a Parquet file's events into each store, reads them by the requests of
//! another, writes what was read for the other side to check, and says as lines of JSON how long it took.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_benches::{report, report_waited};
use mlops_core::{Dataset, SlotEncoder, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, EventLog, Feature, FeatureError, FeatureServer, FeatureSet, FittedFeatures, Materialize,
    MaterializeCursor, MemoryStore, Nulls, OnlineStore, RedbStore, RedisStore, Source, View, gather_history,
};
use serde::Serialize;
use serde_json::json;

/// The entities of a request.
const ENTITIES: usize = 100;
/// The time of the requests, an hour after that of the events.
const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000 + 3_600_000_000);

type Failure = Box<dyn Error>;

#[derive(Debug, Serialize)]
struct Asked {
    at: Timestamp,
    entity: String,
}

fn names(prefix: &str, count: usize, digits: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i:0digits$}")).collect()
}

/// One view of forty floats, five integers and five texts.
fn definition(catalog: &Catalog) -> Result<FeatureSet, Failure> {
    let (floats, ints, texts) = (names("x", 40, 2), names("n", 5, 1), names("c", 5, 1));
    fn slices(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }
    let (floats, ints, texts) = (slices(&floats), slices(&ints), slices(&texts));
    let source = Source::new("events", "at").texts(&["entity"]).floats(&floats).ints(&ints).texts(&texts);
    let fields = [&floats[..], &ints, &texts].concat();
    let view = View::latest("view", "events", &["entity"]).ttl(Duration::from_secs(86_400)).fields(&fields);
    let number = |name: &&str| Feature::number(name, format!("view.{name}").as_str(), Nulls::Mean);
    let place = |name: &&str| Feature::ordinal(name, format!("view.{name}").as_str(), -1.0);
    let features: Vec<_> = floats.iter().chain(&ints).map(number).chain(texts.iter().map(place)).collect();
    let builder = FeatureSet::builder("peer", "at").texts(&["entity"]).sources([source]).views([view]);
    Ok(builder.features(features).build(catalog)?)
}

fn table(asked: &[Asked]) -> Result<Dataset, Failure> {
    let times = TimestampMicrosecondArray::from_iter_values(asked.iter().map(|row| row.at.as_micros()));
    let entities = StringArray::from_iter_values(asked.iter().map(|row| &row.entity));
    let columns = [("at", Arc::new(times.with_timezone("UTC")) as _), ("entity", Arc::new(entities) as _)];
    Ok(Dataset::from_batches([RecordBatch::try_from_iter(columns)?])?)
}

/// What a program gets of the view's fields, for the other side to compare.
fn values(features: &FittedFeatures, slots: &Slots) -> serde_json::Value {
    let schema = features.slot_schema();
    let one = |slot: usize| match slots.value(slot) {
        Value::Float(x) => json!(x),
        Value::Int(x) => json!(x),
        Value::Text(text) | Value::Unseen(text) => json!(text),
        Value::Category(code) => json!(schema.fields[slot].vocabulary.as_deref().and_then(|of| of.text(code))),
        _ => serde_json::Value::Null,
    };
    (schema.request..schema.fields.len()).map(one).collect()
}

/// Goes through the requests once to warm up, and then `repeats` times by the clock.
fn timed(
    work: &str,
    repeats: usize,
    requests: &[&[Asked]],
    mut get: impl FnMut(&[Asked]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut nanoseconds = Vec::new();
    for _ in 0..=repeats {
        let start = Instant::now();
        for request in requests {
            get(black_box(request))?;
        }
        nanoseconds.push(start.elapsed().as_nanos() as f64);
    }
    // The first was to warm up.
    nanoseconds.remove(0);
    report(work, requests.len(), nanoseconds);
    Ok(())
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folder, repeats, redis] = &arguments[..] else {
        return Err("arguments: a folder of data, a folder for what is made, the repeats, Redis' address".into());
    };
    let (data, folder, repeats): (&Path, &Path, usize) = (data.as_ref(), folder.as_ref(), repeats.parse()?);
    let catalog = Catalog::new();
    let set = definition(&catalog)?;
    let mut log = EventLog::open(folder.join("log"))?;
    log.append(&set.sources()[0], Dataset::read_parquet(data.join("events.parquet"))?.batch())?;

    let entities = Dataset::read_parquet(data.join("requests.parquet"))?.texts("entity")?;
    let asked: Vec<Asked> = entities.into_iter().map(|entity| Asked { at: AT, entity }).collect();
    let requests: Vec<&[Asked]> = asked.chunks(ENTITIES).collect();
    let gathered = gather_history(&set, &table(&asked)?, &log, &catalog)?;
    let features = Arc::new(set.fit(|| [Ok::<_, FeatureError>(gathered.batch().clone())], &catalog)?);
    let history: Vec<_> =
        features.slots_of(gathered.batch())?.iter().map(|slots| values(&features, slots)).collect();
    let answers: Vec<_> = history.chunks(ENTITIES).collect();
    fs::write(folder.join("answers.json"), serde_json::to_vec(&answers)?)?;

    let stores: [(&str, Arc<dyn OnlineStore>); 3] = [
        ("memory", Arc::new(MemoryStore::new())),
        ("redb", Arc::new(RedbStore::open(folder.join("views.redb"))?)),
        ("Redis", Arc::new(RedisStore::at(format!("redis://{redis}")).prefix("mlops:").open()?)),
    ];
    let materialize = Materialize::new(&set, &log, &catalog)?;
    let mut numbers = vec![0.0; features.names().len()];
    for (name, store) in stores {
        materialize.run(&*store, MaterializeCursor::start(), AT, |_| {})?;
        let server = FeatureServer::from_store(Arc::clone(&features), store, None)?;
        let mut slots = Vec::new();
        for (request, wanted) in requests.iter().zip(&answers) {
            server.gather_many(request, AT, &mut slots)?;
            let got: Vec<_> = slots.iter().map(|slots| values(&features, slots)).collect();
            if got != *wanted {
                return Err(format!("{name} differs from history").into());
            }
        }
        timed(name, repeats, &requests, |request| {
            server.gather_many(request, AT, black_box(&mut slots))?;
            Ok(())
        })?;
        timed(&format!("{name}, encoded"), repeats, &requests, |request| {
            server.gather_many(request, AT, &mut slots)?;
            slots.iter().try_for_each(|slots| features.encode(slots, black_box(&mut numbers)))?;
            Ok(())
        })?;
    }
    report_waited();
    Ok(())
}
