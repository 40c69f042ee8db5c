//! The Rust side of `benches/peers/mmd`: compares the rows of a file by maximum mean discrepancy, with 200 permutations,
//! and says as lines of JSON what came out and how long it took.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mlops_benches::{report, report_waited};
use mlops_drift::{Bandwidth, KernelStore, PermutationOptions, mmd};
use ndarray::{Array2, s};
use serde_json::json;

const COLUMNS: usize = 384;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, repeats] = &arguments[..] else {
        return Err("arguments: a folder of data, the repeats".into());
    };
    let (data, repeats): (&Path, usize) = (data.as_ref(), repeats.parse()?);
    let bytes = fs::read(data.join("rows.f64"))?;
    let values: Vec<f64> = bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight)).collect();
    let both = Array2::from_shape_vec((values.len() / COLUMNS, COLUMNS), values)?;
    let rows = both.nrows() / 2;
    let (reference, current) = (both.slice(s![..rows, ..]), both.slice(s![rows.., ..]));

    for threads in [1, 2] {
        for (kind, store) in [("f64", KernelStore::F64), ("f32", KernelStore::F32)] {
            let options = PermutationOptions::builder().permutations(200).threads(threads).store(store).build()?;
            // The first is to warm up.
            let test = mmd(reference, current, Bandwidth::Median, &options)?;
            let sigma = test.bandwidth.ok_or("a test without a bandwidth")?;
            let answer = format!("{kind}, {threads} threads");
            println!(
                "{}",
                json!({"answer": answer, "statistic": test.statistic, "p_value": test.p_value, "sigma": sigma})
            );
            for (name, bandwidth) in [("given", Bandwidth::Fixed(sigma)), ("median", Bandwidth::Median)] {
                let mut nanoseconds = Vec::new();
                for _ in 0..repeats {
                    let start = Instant::now();
                    black_box(mmd(black_box(reference), black_box(current), bandwidth, &options)?);
                    nanoseconds.push(start.elapsed().as_nanos() as f64);
                }
                report(&format!("{kind}, {name} bandwidth, {threads} threads"), 1, nanoseconds);
            }
        }
    }
    report_waited();
    Ok(())
}
