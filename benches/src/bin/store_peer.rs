//! The Rust side of `benches/peers/store`: puts a table's events into each store, reads the requests from it, writes what
//! came out for the other side to check, and says as lines of JSON how long each took.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mlops_core::{Dataset, SlotEncoder, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, EventLog, Feature, FeatureServer, FeatureSet, FittedFeatures, Labels, Materialize, MaterializeCursor,
    MemoryStore, Nulls, OnlineStore, RedbStore, RedisStore, Source, View, column, gather_history,
};
use serde::Serialize;
use serde_json::{Value as Json, json};

/// How many entities a request asks for.
const ASKED: usize = 100;

type Failure = Box<dyn Error>;

/// A row of a request.
#[derive(Debug, Serialize)]
struct Asked<'a> {
    at: Timestamp,
    entity: &'a str,
}

fn names(prefix: &str, count: usize, digits: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i:0digits$}")).collect()
}

/// The fields: 40 floats, 5 integers, 5 texts.
fn fields() -> [Vec<String>; 3] {
    [names("x", 40, 2), names("n", 5, 1), names("c", 5, 1)]
}

/// The view. What it is encoded to isn't timed here, so one feature will do.
fn definition(catalog: &Catalog) -> Result<FeatureSet, Failure> {
    let [floats, ints, texts] = fields();
    let all: Vec<_> = [&floats, &ints, &texts].into_iter().flatten().map(String::as_str).collect();
    let [floats, ints, texts] =
        [&floats, &ints, &texts].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
    let events = Source::new("events", "at").texts(&["entity"]).floats(&floats).ints(&ints).texts(&texts);
    Ok(FeatureSet::builder("peer", "at")
        .texts(&["entity"])
        .sources([events])
        .views([View::latest("view", "events", &["entity"]).fields(&all)])
        .features([Feature::number("x00", column("view.x00"), Nulls::constant(0.0))])
        .build(catalog)?)
}

/// Any fit of the set.
fn fitted(set: &FeatureSet, log: &EventLog, rows: &Dataset, catalog: &Catalog) -> Result<FittedFeatures, Failure> {
    let gathered = gather_history(set, rows, log, catalog)?;
    let label = Some(mlops_features::Label { value: 0.0, available: Timestamp::MIN });
    Ok(set.fit_encode(gathered.batch(), &Labels(vec![label; rows.rows()]), Timestamp::MAX, catalog)?.features)
}

/// What a request read, as the other side has it: the rows, each with its fields.
fn answer(features: &FittedFeatures, rows: &[Slots]) -> Result<Json, Failure> {
    let schema = features.slot_schema();
    let value = |slots: &Slots, slot: usize| {
        Ok::<_, Failure>(match slots.value(slot) {
            Value::Missing => Json::Null,
            Value::Float(x) => json!(x),
            Value::Int(x) => json!(x),
            Value::Text(text) | Value::Unseen(text) => json!(text),
            Value::Category(code) => {
                let vocabulary = schema.fields[slot].vocabulary.as_ref().ok_or("no vocabulary")?;
                json!(vocabulary.text(code).ok_or("no text")?)
            }
            other => return Err(format!("{other:?}").into()),
        })
    };
    let row =
        |slots| (schema.request..schema.fields.len()).map(|slot| value(slots, slot)).collect::<Result<Json, _>>();
    rows.iter().map(row).collect()
}

/// Puts all events, checks what is read against `wanted`, and then times it.
fn read(
    work: &str,
    store: Arc<dyn OnlineStore>,
    (set, log, catalog, features): (&FeatureSet, &EventLog, &Catalog, &Arc<FittedFeatures>),
    requests: &[Vec<Asked<'_>>],
    repeats: usize,
    wanted: &mut Option<Json>,
) -> Result<(), Failure> {
    Materialize::new(set, log, catalog)?.run(&*store, MaterializeCursor::start(), Timestamp::MAX, |_| {})?;
    let server = FeatureServer::from_store(Arc::clone(features), store, None)?;
    let (mut slots, mut answers) = (Vec::new(), Vec::new());
    for rows in requests {
        server.gather_many(rows, rows[0].at, &mut slots)?;
        answers.push(answer(features, &slots)?);
    }
    let answers = Json::from(answers);
    if *wanted.get_or_insert_with(|| answers.clone()) != answers {
        return Err(format!("{work} reads something else").into());
    }
    let mut times = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        for rows in requests {
            server.gather_many(black_box(rows), rows[0].at, &mut slots)?;
            black_box(&slots);
        }
        times.push(start.elapsed().as_nanos() as f64 / requests.len() as f64);
    }
    times.sort_by(f64::total_cmp);
    println!("{}", json!({"work": work, "best_ns": times[0], "median_ns": times[times.len() / 2]}));
    Ok(())
}

/// Which share of the time in which this thread could have run it waited for a core; 0 where the system doesn't say.
fn waited() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [ran, waited, _] => waited / (ran + waited),
        _ => 0.0,
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folder, repeats, redis] = &arguments[..] else {
        return Err("arguments: the data's folder, one for what is made, the repeats, a Redis server".into());
    };
    let (data, folder, repeats): (&Path, &Path, usize) = (data.as_ref(), folder.as_ref(), repeats.parse()?);
    let (catalog, events) = (Catalog::new(), Dataset::read_parquet(data.join("events.parquet"))?);
    let set = definition(&catalog)?;
    let mut log = EventLog::open(folder.join("log"))?;
    log.append(&set.sources()[0], events.batch())?;
    let features = Arc::new(fitted(&set, &log, &events, &catalog)?);

    let entities = Dataset::read_parquet(data.join("requests.parquet"))?.texts("entity")?;
    let at = events.times("at")?.into_iter().flatten().max().ok_or("no event")?;
    let at = at + std::time::Duration::from_secs(3600);
    let mut requests = Vec::new();
    for entities in entities.chunks(ASKED) {
        requests.push(entities.iter().map(|entity| Asked { at, entity }).collect());
    }

    let stores: [(&str, Arc<dyn OnlineStore>); 3] = [
        ("memory", Arc::new(MemoryStore::new())),
        ("redb", Arc::new(RedbStore::open(folder.join("ours.redb"))?)),
        ("Redis", Arc::new(RedisStore::at(format!("redis://{redis}")).open()?)),
    ];
    let mut wanted = None;
    for (work, store) in stores {
        read(work, store, (&set, &log, &catalog, &features), &requests, repeats, &mut wanted)?;
    }
    let mut answers = BufWriter::new(File::create(folder.join("answers.json"))?);
    serde_json::to_writer(&mut answers, &wanted)?;
    answers.flush()?;
    println!("{}", json!({"waited": waited()}));
    Ok(())
}
