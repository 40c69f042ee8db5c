//! What the benches share.

use std::fs;

use mlops_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A flight as its prediction is asked for, at the scheduled departure. Whether it is late is not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Flight {
    pub scheduled: Timestamp,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub distance: i64,
    pub carrier: String,
    pub origin: String,
    pub dest: String,
}

/// Says how long a work took: the best and the median of the repeats, in nanoseconds of each of `count`.
pub fn report(work: &str, count: usize, mut nanoseconds: Vec<f64>) {
    nanoseconds.sort_by(f64::total_cmp);
    let each = |place: usize| nanoseconds.get(place).map(|ns| ns / count as f64);
    println!("{}", json!({"work": work, "best_ns": each(0), "median_ns": each(nanoseconds.len() / 2)}));
}

/// Says which share of the time in which this thread could have run it waited for a core; 0 where the system doesn't
/// tell.
pub fn report_waited() {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let waited = match numbers[..] {
        [ran, waited, _] => waited / (ran + waited),
        _ => 0.0,
    };
    println!("{}", json!({"waited": waited}));
}
