//! The Rust side of `benches/peers/drift`: compares two tables in Parquet files and says as lines of JSON what came out
//! and how long each work took.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use mlops_benches::{report, report_waited};
use mlops_core::Dataset;
use mlops_drift::{PreparedReference, Sample, ks_two_sample, wasserstein};
use serde_json::json;

type Failure = Box<dyn Error>;

/// Does the work once to warm up, then as often as asked, and reports it.
fn time<T>(work: &str, repeats: usize, mut once: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut last = once()?;
    let mut nanoseconds = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        last = black_box(once()?);
        nanoseconds.push(start.elapsed().as_nanos() as f64);
    }
    report(work, 1, nanoseconds);
    Ok(last)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, repeats] = &arguments[..] else { return Err("usage: drift_peer FOLDER REPEATS".into()) };
    let repeats: usize = repeats.parse()?;
    let table = |name: &str| -> Result<RecordBatch, Failure> {
        Ok(Dataset::read_parquet(Path::new(folder).join(name))?.batch().clone())
    };
    let (reference, current) = (table("reference.parquet")?, table("current.parquet")?);

    // Two samples of the first column that drifts.
    let column = |batch: &RecordBatch| batch.column(1).as_primitive::<Float64Type>().values().to_vec();
    let (a, b) = (column(&reference), column(&current));
    let ks = time("ks, cold", repeats, || Ok(ks_two_sample(&Sample::of(&a), &Sample::of(&b))?))?;
    let distance = time("wasserstein, cold", repeats, || Ok(wasserstein(&Sample::of(&a), &Sample::of(&b))?))?;
    let sorted = Sample::of(&a);
    time("ks, prepared", repeats, || Ok(ks_two_sample(&sorted, &Sample::of(&b))?))?;
    time("wasserstein, prepared", repeats, || Ok(wasserstein(&sorted, &Sample::of(&b))?))?;
    println!("{}", json!({"ks": ks.statistic, "ks_p": ks.p_value, "wasserstein": distance.statistic}));

    // The population stability index of all columns, by counts alone.
    let prepared = PreparedReference::builder().build(std::slice::from_ref(&reference))?;
    let counted = time("psi", repeats, || {
        let mut tally = prepared.tally();
        tally.add(&current)?;
        Ok(tally.compare()?)
    })?;
    let psi: Vec<f64> = counted.iter().map(|column| column.psi.statistic).collect();
    println!("{}", json!({ "psi": psi }));

    // Every column by every comparison, once with the reference's own preparation and once without, on one thread and on two.
    for threads in [1, 2] {
        let columns = time(&format!("all, cold, {threads} threads"), repeats, || {
            let builder = PreparedReference::builder().threads(threads);
            let prepared = builder.build(std::slice::from_ref(&reference))?;
            Ok(prepared.compare(std::slice::from_ref(&current))?)
        })?;
        let prepared = prepared.clone().with_threads(threads)?;
        time(&format!("all, prepared, {threads} threads"), repeats, || {
            Ok(prepared.compare(std::slice::from_ref(&current))?)
        })?;
        if threads == 1 {
            let numbers = columns.iter().filter_map(|column| column.numbers.as_ref());
            let p: Vec<Option<f64>> = numbers.clone().map(|numbers| numbers.kolmogorov_smirnov.p_value).collect();
            let distances = numbers.map(|numbers| numbers.normalized_wasserstein.map(|test| test.statistic));
            let distances: Vec<Option<f64>> = distances.collect();
            println!("{}", json!({"all_ks_p": p, "all_wasserstein": distances}));
        }
    }
    report_waited();
    Ok(())
}
