//! What is known of the labels of some rows.

use std::collections::{BTreeMap, HashMap};

use super::{Classes, Smoothing, Target};
use crate::time::ExactSum;
use crate::transform::moments::Moments;
use crate::transform::{FitRows, TransformError, text_of};

/// Labels by category, of nulls, and of all rows.
#[derive(Clone, Debug, Default)]
pub struct LabelGroups {
    by_text: HashMap<Box<str>, Group, foldhash::fast::FixedState>,
    null: Group,
    all: Group,
    none: Group,
}

/// The labels of some rows: as much of them as is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) count: u64,
    sum: ExactSum,
    moments: Moments,
    /// By label, in how many rows it is.
    classes: BTreeMap<Label, u64>,
}

/// What [`Group`] gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Sum,
    SumAndVariance,
    Classes,
}

/// A label that is a class, by the order of floats.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Label(f64);

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Of all labels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overall {
    pub(super) mean: f64,
    variance: f64,
}

/// How many labels there are, their sum and their variance.
#[derive(Clone, Copy, Debug)]
struct Statistics {
    count: f64,
    sum: f64,
    variance: f64,
}

impl Target {
    pub(super) fn wants(&self) -> Wanted {
        match (self.classes, self.smoothing) {
            (Classes::Each, _) => Wanted::Classes,
            (Classes::Number, Smoothing::Auto) => Wanted::SumAndVariance,
            (Classes::Number, Smoothing::Fixed(_)) => Wanted::Sum,
        }
    }
}

impl Group {
    pub(super) fn add(&mut self, label: f64, wanted: Wanted) {
        self.count += 1;
        match wanted {
            Wanted::Sum => self.sum.add(label),
            Wanted::SumAndVariance => {
                self.sum.add(label);
                self.moments.add(label);
            }
            // Both zeros are one class.
            Wanted::Classes => *self.classes.entry(Label(label + 0.0)).or_default() += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum.merge(&other.sum);
        self.moments.merge(&other.moments);
        for (label, count) in &other.classes {
            *self.classes.entry(*label).or_default() += count;
        }
    }

    /// The different labels in order, where classes are gathered.
    pub(super) fn labels(&self) -> Vec<f64> {
        self.classes.keys().map(|label| label.0).collect()
    }

    /// Of the labels, or of a class: 1 for each row that has it, else 0.
    fn statistics(&self, class: Option<f64>) -> Statistics {
        let count = self.count as f64;
        match class {
            None => Statistics { count, sum: self.sum.value(), variance: self.moments.variance().unwrap_or(0.0) },
            Some(class) => {
                let sum = self.classes.get(&Label(class)).map_or(0.0, |&count| count as f64);
                Statistics { count, sum, variance: sum / count * ((count - sum) / count) }
            }
        }
    }
}

impl LabelGroups {
    pub(super) fn update(&mut self, rows: &FitRows<'_>, wanted: Wanted) -> Result<(), TransformError> {
        for (value, &label) in rows.values.iter().zip(rows.labels) {
            if wanted != Wanted::Sum && !label.is_finite() {
                return Err(TransformError::Infinite { got: label });
            }
            self.all.add(label, wanted);
            let Some(text) = text_of(value) else {
                self.null.add(label, wanted);
                continue;
            };
            match self.by_text.get_mut(text) {
                Some(group) => group.add(label, wanted),
                None => self.by_text.entry(text.into()).or_default().add(label, wanted),
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.all.merge(&other.all);
        self.null.merge(&other.null);
        for (text, group) in other.by_text {
            self.by_text.entry(text).or_default().merge(&group);
        }
    }

    pub(super) fn all(&self) -> &Group {
        &self.all
    }

    pub(super) fn of(&self, text: &str) -> &Group {
        self.by_text.get(text).unwrap_or(&self.none)
    }

    pub(super) fn of_null(&self) -> &Group {
        &self.null
    }
}

/// How labels become numbers: one, or one for each class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoding<'a> {
    pub(super) smoothing: Smoothing,
    pub(super) classes: &'a [f64],
}

impl Encoding<'_> {
    /// The classes; that of a number is `None`.
    fn each(&self) -> impl Iterator<Item = Option<f64>> {
        self.classes.is_empty().then_some(None).into_iter().chain(self.classes.iter().copied().map(Some))
    }

    /// What is known of all labels, which are some.
    pub(super) fn overall(&self, all: &Group) -> Vec<Overall> {
        let overall = |class| {
            let Statistics { count, sum, variance } = all.statistics(class);
            Overall { mean: sum / count, variance }
        };
        self.each().map(overall).collect()
    }

    /// The numbers of a group among all.
    pub(super) fn group(&self, group: &Group, all: &[Overall]) -> Vec<f64> {
        let one = |(class, all): (Option<f64>, &Overall)| {
            let Statistics { count, sum, variance } = group.statistics(class);
            match self.smoothing {
                Smoothing::Fixed(smoothing) => {
                    let weight = count + smoothing.0;
                    if weight > 0.0 { (sum + smoothing.0 * all.mean) / weight } else { all.mean }
                }
                Smoothing::Auto => {
                    let spread = all.variance * count;
                    let share = spread / (spread + variance);
                    if share.is_nan() { all.mean } else { share * (sum / count) + (1.0 - share) * all.mean }
                }
            }
        };
        self.each().zip(all).map(one).collect()
    }
}
