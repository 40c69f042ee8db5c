//! The Rust side of `benches/peers/history`: joins a Parquet file's events to the rows of another as of their times,
//! writes what was found for the other side to check, and says as lines of JSON how long it took.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mlops_benches::{report, report_waited};
use mlops_core::Dataset;
use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Source, View, gather_tables};

type Failure = Box<dyn Error>;

/// Two fields of the latest event of a key.
fn definition(catalog: &Catalog) -> Result<FeatureSet, Failure> {
    let fields = ["amount", "score"];
    let source = Source::new("events", "at").texts(&["key"]).floats(&fields);
    let view = View::latest("latest", "events", &["key"]).fields(&fields);
    let features = fields.map(|name| Feature::number(name, format!("latest.{name}").as_str(), Nulls::Mean));
    let builder = FeatureSet::builder("peer", "at").texts(&["key"]).sources([source]);
    Ok(builder.views([view]).features(features).build(catalog)?)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, folder, repeats] = &arguments[..] else {
        return Err("arguments: a folder of data, a folder for what is made, the repeats".into());
    };
    let (data, folder, repeats): (&Path, &Path, usize) = (data.as_ref(), folder.as_ref(), repeats.parse()?);
    let catalog = Catalog::new();
    let set = definition(&catalog)?;
    for order in ["sorted", "unsorted"] {
        let rows = Dataset::read_parquet(data.join(order).join("rows.parquet"))?;
        let events = Dataset::read_parquet(data.join(order).join("events.parquet"))?;
        let tables = BTreeMap::from([("events".to_owned(), events)]);

        // The first is to warm up.
        gather_tables(&set, &rows, &tables, &catalog)?.write_parquet(folder.join(format!("{order}.parquet")))?;
        let mut nanoseconds = Vec::new();
        for _ in 0..repeats {
            let start = Instant::now();
            let gathered = gather_tables(&set, black_box(&rows), &tables, &catalog)?;
            nanoseconds.push(start.elapsed().as_nanos() as f64);
            drop(black_box(gathered));
        }
        report(order, 1, nanoseconds);
    }
    report_waited();
    Ok(())
}
