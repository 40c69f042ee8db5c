//! Making a profile of reference rows.

use std::collections::HashMap;
use std::sync::Arc;

use mlops_core::{Code, Metric, Prepared, Slot, SlotKind, SlotSchema, Slots, Vocabulary, Winner};

use super::bins::{MAX_CATEGORIES, MAX_EDGES};
use super::{Bins, CategoryBins, NumericBins, ReferenceProfile, Source};
use crate::DriftError;
use crate::error::out_of_range;

/// Gathers reference rows and makes a [`ReferenceProfile`] of them.
///
/// | parameter | default | unit | range |
/// |---|---|---|---|
/// | `bins` | 10 | ranges between quantiles of a numeric column | 1 to 128 |
/// | `categories` | 64 | texts with a bin of their own | 1 to 250 |
/// | `log_loss` | none | mean log loss of the model's evaluation, in nats | 0 and more |
///
/// Until it is built it holds all numbers of the reference, 8 bytes each.
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    columns: Vec<Column>,
    bins: usize,
    categories: usize,
    log_loss: Option<f64>,
    rows: u64,
    /// Outputs that didn't come evenly.
    uneven: Option<String>,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    source: Source,
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    Numeric {
        numbers: Vec<f64>,
        missing: u64,
        nan: u64,
        other: u64,
    },
    Category {
        codes: HashMap<u32, u64>,
        vocabulary: Option<Arc<Vocabulary>>,
        missing: u64,
        unseen: u64,
        other: u64,
    },
    Presence {
        present: u64,
        missing: u64,
    },
}

impl Values {
    fn numeric() -> Self {
        Self::Numeric { numbers: Vec::new(), missing: 0, nan: 0, other: 0 }
    }

    fn add(&mut self, slot: Slot) {
        match self {
            Self::Numeric { numbers, missing, nan, other } => match slot {
                Slot::Float(x) if x.is_nan() => *nan += 1,
                Slot::Float(x) => numbers.push(x),
                Slot::Int(x) => numbers.push(x as f64),
                Slot::Missing => *missing += 1,
                _ => *other += 1,
            },
            Self::Category { codes, missing, unseen, other, .. } => match slot {
                Slot::Category(code) => *codes.entry(code.0).or_default() += 1,
                Slot::Missing => *missing += 1,
                Slot::Unseen(_) => *unseen += 1,
                _ => *other += 1,
            },
            Self::Presence { present, missing } => {
                *(if slot == Slot::Missing { missing } else { present }) += 1;
            }
        }
    }
}

impl ReferenceProfile {
    /// Starts a profile of the rows that a model was made with: their slots, what the winner answers to them, and the
    /// log loss that its evaluation found.
    #[must_use]
    pub fn of(data: &dyn Prepared, winner: &Winner) -> ProfileBuilder {
        let log_loss = winner.evaluation().metric("log_loss").and_then(Metric::defined_value);
        Self::builder(data.encoder().slot_schema())
            .outputs(winner.part().model().signature().outputs.iter().cloned())
            .log_loss(log_loss)
            .rows(data.rows(), winner.answers())
    }

    /// Starts a profile of rows with these slots.
    ///
    /// ```
    /// use mlops_core::{Slot, SlotField, SlotKind, SlotSchema, Slots};
    /// use mlops_drift::ReferenceProfile;
    ///
    /// let distance = SlotField { name: "distance".into(), kind: SlotKind::Float, vocabulary: None };
    /// let mut builder = ReferenceProfile::builder(&SlotSchema { fields: vec![distance], request: 1 });
    /// let mut slots = Slots::new(1);
    /// for i in 0..1000 {
    ///     slots.set(0, Slot::Float(f64::from(i)));
    ///     builder.add(&slots, &[]);
    /// }
    /// let profile = builder.build().unwrap();
    /// assert_eq!(profile.rows(), 1000);
    /// assert_eq!(profile.columns()[0].bins().len(), 15); // below, 10 ranges, above, missing, NaN, other kind
    /// ```
    #[must_use]
    pub fn builder(schema: &SlotSchema) -> ProfileBuilder {
        let columns = schema.fields.iter().enumerate().map(|(index, field)| Column {
            name: field.name.clone(),
            source: Source::Slot(index),
            values: match field.kind {
                SlotKind::Float | SlotKind::Int => Values::numeric(),
                SlotKind::Category => Values::Category {
                    codes: HashMap::new(),
                    vocabulary: field.vocabulary.clone(),
                    missing: 0,
                    unseen: 0,
                    other: 0,
                },
                _ => Values::Presence { present: 0, missing: 0 },
            },
        });
        let (bins, categories, columns) = (10, 64, columns.collect());
        ProfileBuilder { columns, bins, categories, log_loss: None, rows: 0, uneven: None }
    }
}

impl ProfileBuilder {
    /// Watches the model's outputs too, as further numeric columns of these names. To be called before the
    /// first row.
    #[must_use]
    pub fn outputs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.columns.extend(names.into_iter().enumerate().map(|(index, name)| Column {
            name: name.into(),
            source: Source::Output(index),
            values: Values::numeric(),
        }));
        self
    }

    /// Leaves columns out, inputs and outputs alike: those of which another distribution says nothing, such as the
    /// day of a month.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.columns.retain(|column| !names.contains(&column.name.as_str()));
        self
    }

    /// How many ranges a numeric column has between its least and its greatest value.
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// How many texts of a category column have a bin of their own.
    #[must_use]
    pub fn categories(mut self, categories: usize) -> Self {
        self.categories = categories;
        self
    }

    /// The mean log loss that the model's evaluation found, for a monitor to compare outcomes with.
    #[must_use]
    pub fn log_loss(mut self, nats: Option<f64>) -> Self {
        self.log_loss = nats;
        self
    }

    /// Adds a row. A slot or an output that isn't there is missing.
    pub fn add(&mut self, slots: &Slots, outputs: &[f64]) {
        self.rows += 1;
        for column in &mut self.columns {
            column.values.add(match column.source {
                Source::Slot(index) => slots.as_slice().get(index).copied().unwrap_or_default(),
                Source::Output(index) => outputs.get(index).map_or(Slot::Missing, |&x| Slot::Float(x)),
            });
        }
    }

    /// Adds many rows, whose outputs lie one row after the other, as many a row.
    ///
    /// ```
    /// use mlops_core::{SlotSchema, Slots};
    /// use mlops_drift::ReferenceProfile;
    ///
    /// let rows = vec![Slots::new(0); 3];
    /// let profile = ReferenceProfile::builder(&SlotSchema::default()).outputs(["late"]).rows(&rows, &[0.1, 0.2, 0.3]);
    /// assert_eq!(profile.build().unwrap().rows(), 3);
    /// ```
    #[must_use]
    pub fn rows(mut self, slots: &[Slots], outputs: &[f64]) -> Self {
        let width = outputs.len().checked_div(slots.len()).unwrap_or(0);
        if width * slots.len() != outputs.len() {
            self.uneven.get_or_insert(format!("{} for {} rows", outputs.len(), slots.len()));
        }
        for (row, slots) in slots.iter().enumerate() {
            self.add(slots, outputs.get(row * width..(row + 1) * width).unwrap_or_default());
        }
        self
    }

    /// Makes the bins and counts the rows.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without a row, [`DriftError::OutOfRange`] for a parameter or outputs that were not as many
    /// for each row, [`DriftError::RepeatedColumn`] for two inputs or two outputs of one name.
    pub fn build(self) -> Result<ReferenceProfile, DriftError> {
        if self.rows == 0 {
            return Err(DriftError::Empty { side: "reference" });
        }
        if let Some(got) = &self.uneven {
            return out_of_range("outputs", got, "the same number for each row");
        }
        if !(1..MAX_EDGES).contains(&self.bins) {
            return out_of_range("bins", &self.bins, "1 to 128");
        }
        if !(1..=MAX_CATEGORIES).contains(&self.categories) {
            return out_of_range("categories", &self.categories, "1 to 250");
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for Column { name, source, values } in self.columns {
            let (bins, counts) = match values {
                Values::Numeric { numbers, missing, nan, other } => {
                    let (bins, mut counts) = numeric(numbers, self.bins, &name)?;
                    counts.extend([missing, nan, other]);
                    (Bins::Numeric(bins), counts)
                }
                Values::Category { codes, vocabulary, missing, unseen, other } => {
                    let (bins, mut counts) = category(codes, vocabulary.as_deref(), self.categories, &name)?;
                    counts.extend([missing, unseen, other]);
                    (Bins::Category(bins), counts)
                }
                Values::Presence { present, missing } => (Bins::Presence, vec![present, missing]),
            };
            columns.push((name, source, bins, counts));
        }
        ReferenceProfile::from_columns(self.rows, columns, self.log_loss)
    }
}

fn bad(column: &str, problem: &'static str) -> DriftError {
    DriftError::BadColumn { column: column.into(), problem }
}

fn numeric(mut numbers: Vec<f64>, bins: usize, column: &str) -> Result<(NumericBins, Vec<u64>), DriftError> {
    numbers.sort_unstable_by(f64::total_cmp);
    let start = numbers.partition_point(|&x| x == f64::NEG_INFINITY);
    let end = numbers.partition_point(|&x| x < f64::INFINITY);
    let finite = &numbers[start..end];
    let mut edges = Vec::with_capacity(bins + 1);
    if let Some(least) = finite.first() {
        edges.push(least.next_down());
        // The least value that at least i/bins of all don't exceed.
        edges.extend((1..=bins).map(|i| finite[(finite.len() * i).div_ceil(bins) - 1]));
        edges.dedup_by(|a, b| a == b);
    }
    let bins = NumericBins::new(&edges).map_err(|problem| bad(column, problem))?;
    let mut counts = vec![0; edges.len() + 1];
    for x in numbers {
        counts[bins.bin(x)] += 1;
    }
    Ok((bins, counts))
}

fn category(
    codes: HashMap<u32, u64>,
    vocabulary: Option<&Vocabulary>,
    keep: usize,
    column: &str,
) -> Result<(CategoryBins, Vec<u64>), DriftError> {
    let mut codes: Vec<(u32, u64)> = codes.into_iter().collect();
    // By falling count, then by code: the same rows give the same bins in any order.
    codes.sort_unstable_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
    let others = codes.iter().skip(keep).map(|&(_, count)| count).sum();
    codes.truncate(keep);
    let text =
        |code| vocabulary.and_then(|all| all.text(Code(code))).map_or_else(|| format!("#{code}"), str::to_owned);
    let texts = codes.iter().map(|&(code, _)| text(code)).collect();
    let bins = CategoryBins::new(texts, codes.iter().map(|&(code, _)| code).collect());
    let counts = codes.iter().map(|&(_, count)| count).chain([others]).collect();
    Ok((bins.map_err(|problem| bad(column, problem))?, counts))
}
