//! What comparisons with a prepared reference cost against rows and columns: tables in Markdown, of nanoseconds a value, once
//! warm, on one thread. `--test` is a quick run.
//!
//! `compare` sorts the current values and gives the Kolmogorov–Smirnov test, the Wasserstein distance and the indices of bins;
//! `tally` counts batches of 100,000 rows, of which eight go round, in the reference's bins.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use mlops_drift::PreparedReference;

type Failure = Box<dyn Error>;

/// Uniform numbers, other ones for each seed.
fn batch(seed: u64, rows: usize, columns: usize) -> Result<RecordBatch, Failure> {
    let column = |column: u64| -> ArrayRef {
        let mut state = seed.wrapping_mul(1_000_003).wrapping_add(column);
        let values = (0..rows).map(|_| {
            // SplitMix64
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)) as f64
        });
        Arc::new(Float64Array::from_iter_values(values))
    };
    let columns = (0..columns as u64).map(|place| (format!("x{place}"), column(place)));
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// The most memory that the process has had so far, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map_or_else(|| "–".into(), |kilobytes| format!("{} MB", kilobytes / 1000))
}

fn compare(rows: usize, columns: usize) -> Result<f64, Failure> {
    let reference = PreparedReference::builder().build(&[batch(1, rows, columns)?])?;
    let current = [batch(2, rows, columns)?];
    if rows < 10_000_000 {
        black_box(reference.compare(&current)?);
    }
    let start = Instant::now();
    black_box(reference.compare(&current)?);
    Ok(start.elapsed().as_nanos() as f64 / (rows * columns) as f64)
}

fn tally(rows: usize, columns: usize) -> Result<f64, Failure> {
    let size = rows.min(100_000);
    let reference = PreparedReference::builder().build(&[batch(1, 100_000, columns)?])?;
    let batches: Vec<RecordBatch> = (2..10).map(|seed| batch(seed, size, columns)).collect::<Result<_, _>>()?;
    let mut tally = reference.tally();
    let start = Instant::now();
    for batch in batches.iter().cycle().take(rows / size) {
        tally.add(batch)?;
    }
    black_box(tally.compare()?);
    let nanoseconds = start.elapsed().as_nanos() as f64;
    Ok(nanoseconds / (tally.rows() as usize * columns) as f64)
}

fn main() -> Result<(), Failure> {
    let (rows, columns): (&[usize], &[usize]) = match std::env::args().nth(1).as_deref() {
        None => (&[10_000, 100_000, 1_000_000, 10_000_000, 100_000_000], &[1, 10, 100, 1000]),
        Some("--test") => (&[10_000], &[1, 10]),
        Some(_) => return Err("usage: drift_cost [--test]".into()),
    };
    // First, so that the peak is its own.
    println!("| tally: rows × 10 columns | ns a value | peak memory |\n|---|---|---|");
    for &rows in rows {
        println!("| {rows} | {:.1} | {} |", tally(rows, 10)?, peak());
    }
    println!("\n| compare: 10,000 rows × columns | ns a value |\n|---|---|");
    for &columns in columns {
        println!("| {columns} | {:.1} |", compare(10_000, columns)?);
    }
    println!("\n| compare: rows × 1 column | ns a value | peak memory |\n|---|---|---|");
    for &rows in rows {
        println!("| {rows} | {:.1} | {} |", compare(rows, 1)?, peak());
    }
    Ok(())
}
