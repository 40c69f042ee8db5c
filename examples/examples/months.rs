//! Which columns of the flights have drifted, month by month, from January: effects that are beyond their thresholds, and in
//! how many columns a test that knows of the others sees anything at all.

use std::error::Error;

use arrow::array::RecordBatch;
use mlops_core::{Dataset, Timestamp};
use mlops_drift::{ColumnComparison, Correction, EffectThresholds, EffectVerdict, PreparedReference, correct};

const COLUMNS: [&str; 6] = ["dep_delay", "arr_delay", "distance", "carrier", "origin", "dest"];

/// The columns that are compared, of the flights that were to leave in a month of 2013.
fn month(flights: &Dataset, month: u32) -> Result<RecordBatch, Box<dyn Error>> {
    let first = |month| match month {
        13 => Timestamp::from_date(2014, 1, 1),
        month => Timestamp::from_date(2013, month, 1),
    };
    let flights = flights.between("scheduled", first(month), first(month + 1))?;
    let schema = flights.batch().schema();
    let places = COLUMNS.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(flights.batch().project(&places)?)
}

/// What of a column is beyond its threshold.
fn drifted(column: &ColumnComparison) -> Result<Vec<String>, Box<dyn Error>> {
    let effects = column.effects(&EffectThresholds::default())?;
    let beyond = effects.iter().filter(|held| held.verdict == EffectVerdict::Beyond);
    Ok(beyond.map(|held| format!("{} ({} {:.3})", column.column, held.effect.measure, held.effect.value)).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let flights = Dataset::read_parquet(concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights.parquet"))?;
    let january = PreparedReference::builder().build(&[month(&flights, 1)?])?;
    println!("| month | rows | tests at 5 % | beyond a threshold |\n|---|---|---|---|");
    for number in 2..=12 {
        let current = month(&flights, number)?;
        let columns = january.compare(std::slice::from_ref(&current))?;
        let tests = columns.iter().filter_map(|column| column.numbers.as_ref()?.kolmogorov_smirnov.p_value);
        let corrected = correct(&tests.collect::<Vec<_>>(), 0.05, Correction::BenjaminiHochberg)?;
        let rejected = corrected.rejected.iter().filter(|&&rejected| rejected).count();
        let drifted = columns.iter().map(drifted).collect::<Result<Vec<_>, _>>()?.concat();
        println!(
            "| 2013-{number:02} | {} | {rejected} of {} | {} |",
            current.num_rows(),
            corrected.rejected.len(),
            drifted.join(", ")
        );
    }
    Ok(())
}
