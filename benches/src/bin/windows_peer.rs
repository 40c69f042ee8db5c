//! The Rust side of `benches/peers/windows`: gathers windows over a Parquet file's events as of each event, writes them
//! for the other side to check, and says as lines of JSON how long it took.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use mlops_benches::{report, report_waited};
use mlops_core::Dataset;
use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Source, Window, gather_tables};

type Failure = Box<dyn Error>;

/// The mean and the count of an amount over an hour, a day and a week.
fn definition(catalog: &Catalog) -> Result<FeatureSet, Failure> {
    let hour = Duration::from_secs(3600);
    let lengths = [("1h", hour), ("24h", 24 * hour), ("7d", 7 * 24 * hour)];
    let windows: Vec<_> = lengths
        .into_iter()
        .flat_map(|(name, length)| {
            [
                Window::count(&format!("count_{name}"), "events", &["key"], length),
                Window::mean(&format!("mean_{name}"), "events", &["key"], "amount", length),
            ]
        })
        .collect();
    let features: Vec<_> =
        windows.iter().map(|window| Feature::number(&window.name, window.name.as_str(), Nulls::Mean)).collect();
    let source = Source::new("events", "at").texts(&["key"]).floats(&["amount"]);
    let builder = FeatureSet::builder("peer", "at").texts(&["key"]).sources([source]);
    Ok(builder.windows(windows).features(features).build(catalog)?)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folder, repeats] = &arguments[..] else {
        return Err("arguments: a folder of data, a folder for what is made, the repeats".into());
    };
    let (data, folder, repeats): (&Path, &Path, usize) = (data.as_ref(), folder.as_ref(), repeats.parse()?);
    let catalog = Catalog::new();
    let set = definition(&catalog)?;
    let events = Dataset::read_parquet(data.join("events.parquet"))?;
    let tables = BTreeMap::from([("events".to_owned(), events.clone())]);

    // The first is to warm up.
    gather_tables(&set, &events, &tables, &catalog)?.write_parquet(folder.join("windows.parquet"))?;
    let mut nanoseconds = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        let gathered = gather_tables(&set, black_box(&events), &tables, &catalog)?;
        nanoseconds.push(start.elapsed().as_nanos() as f64);
        drop(black_box(gathered));
    }
    report("windows", 1, nanoseconds);
    report_waited();
    Ok(())
}
