//! How often alarms go off without drift, and how often with: one table in Markdown, of the default of `mlops-drift`, of a
//! Kolmogorov–Smirnov test at 5 %, and of what Evidently and NannyML do by default (`mlops_drift::compat`).
//!
//! Reference and current sample have the same number of rows: a column of normally distributed numbers and one of ten
//! texts. NannyML cuts both into ten chunks and alarms for each, so its share is one of chunks. `--test` is a quick run.

use std::error::Error;
use std::f64::consts::TAU;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use mlops_drift::compat::nannyml::{Categorical, CategoricalMethod, Chunks, Continuous, ContinuousMethod};
use mlops_drift::compat::{Categories, evidently};
use mlops_drift::{EffectThresholds, EffectVerdict, PreparedReference, Sample, ks_two_sample};

type Failure = Box<dyn Error>;

/// What becomes of the current rows.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    Moved(f64),
    Missing(f64),
    NewText(f64),
}

struct Scenario {
    name: &'static str,
    change: Change,
    /// Whether it is looked for in the texts, else in the numbers.
    texts: bool,
}

const SCENARIOS: [Scenario; 7] = [
    Scenario { name: "no drift, numbers", change: Change::Nothing, texts: false },
    Scenario { name: "no drift, texts", change: Change::Nothing, texts: true },
    Scenario { name: "moved by 0.05 σ", change: Change::Moved(0.05), texts: false },
    Scenario { name: "moved by 0.1 σ", change: Change::Moved(0.1), texts: false },
    Scenario { name: "moved by 0.2 σ", change: Change::Moved(0.2), texts: false },
    Scenario { name: "1 % missing", change: Change::Missing(0.01), texts: false },
    Scenario { name: "new text, 0.5 %", change: Change::NewText(0.005), texts: true },
];

const TEXTS: [&str; 10] = ["AA", "AS", "B6", "DL", "EV", "F9", "MQ", "UA", "US", "WN"];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 12) as f64 + 0.5) * (-52_f64).exp2()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

struct Rows {
    /// NaN where missing.
    numbers: Vec<f64>,
    texts: Vec<Option<&'static str>>,
}

impl Rows {
    fn draw(random: &mut Random, rows: usize, change: Change) -> Self {
        let numbers = (0..rows).map(|_| match change {
            Change::Moved(by) => random.normal() + by,
            Change::Missing(share) if random.uniform() < share => f64::NAN,
            _ => random.normal(),
        });
        let numbers = numbers.collect();
        let texts = (0..rows).map(|_| match change {
            Change::NewText(share) if random.uniform() < share => Some("HA"),
            _ => Some(TEXTS[(random.uniform() * 10.0) as usize]),
        });
        Self { numbers, texts: texts.collect() }
    }

    fn batch(&self) -> Result<RecordBatch, Failure> {
        let numbers: Float64Array = self.numbers.iter().map(|&x| (!x.is_nan()).then_some(x)).collect();
        let texts: StringArray = self.texts.iter().copied().collect();
        Ok(RecordBatch::try_from_iter([
            ("number", Arc::new(numbers) as ArrayRef),
            ("text", Arc::new(texts) as ArrayRef),
        ])?)
    }
}

/// How often each method has alarmed, and how often it has been asked.
type Alarms = [(u32, u32); 4];

fn repeat(random: &mut Random, rows: usize, table: &mut [Alarms]) -> Result<(), Failure> {
    let reference = Rows::draw(random, rows, Change::Nothing);
    let prepared = PreparedReference::builder().build(&[reference.batch()?])?;
    let sample = Sample::of(&reference.numbers);
    let categories: Categories = reference.texts.iter().copied().collect();
    let chunks = Chunks::default().of(rows)?;
    let continuous = Continuous::fit(ContinuousMethod::JensenShannon, &reference.numbers, Chunks::default())?;
    let categorical = Categorical::fit(CategoricalMethod::JensenShannon, &reference.texts, Chunks::default())?;
    for (Scenario { change, texts, .. }, alarms) in SCENARIOS.iter().zip(table) {
        let current = Rows::draw(random, rows, *change);
        let column = &prepared.compare(&[current.batch()?])?[usize::from(*texts)];
        let effects = column.effects(&EffectThresholds::default())?;
        let mut alarm = |method: usize, alarmed: bool| {
            alarms[method].0 += u32::from(alarmed);
            alarms[method].1 += 1;
        };
        alarm(0, effects.iter().any(|effect| effect.verdict == EffectVerdict::Beyond));
        if *texts {
            let counts: Categories = current.texts.iter().copied().collect();
            alarm(2, evidently::categorical_drift(&categories, &counts, None)?.drifted);
            for chunk in &chunks {
                let counts: Categories = current.texts[chunk.clone()].iter().copied().collect();
                alarm(3, categorical.compare(&counts)?.alert);
            }
        } else {
            let numbers = Sample::of(&current.numbers);
            alarm(1, ks_two_sample(&sample, &numbers)?.p_value.is_some_and(|p| p < 0.05));
            alarm(2, evidently::numeric_drift(&sample, &numbers, None)?.drifted);
            for chunk in &chunks {
                alarm(3, continuous.compare(&current.numbers[chunk.clone()])?.alert);
            }
        }
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let sizes: &[(usize, usize)] = match std::env::args().nth(1).as_deref() {
        None => &[(1_000, 400), (10_000, 400), (100_000, 100), (1_000_000, 20)],
        Some("--test") => &[(1_000, 5)],
        Some(_) => return Err("usage: alarms [--test]".into()),
    };
    println!("| rows | repeats | change | ours | KS, p < 0.05 | Evidently | NannyML, a chunk |");
    println!("|---|---|---|---|---|---|---|");
    for &(rows, repeats) in sizes {
        let mut random = Random(rows as u64);
        let mut table = [Alarms::default(); SCENARIOS.len()];
        for _ in 0..repeats {
            repeat(&mut random, rows, &mut table)?;
        }
        for (Scenario { name, .. }, alarms) in SCENARIOS.iter().zip(table) {
            let shares = alarms.map(|(alarmed, asked)| match asked {
                0 => "–".to_owned(),
                _ => format!("{:.1} %", 100.0 * f64::from(alarmed) / f64::from(asked)),
            });
            println!("| {rows} | {repeats} | {name} | {} |", shares.join(" | "));
        }
    }
    Ok(())
}
