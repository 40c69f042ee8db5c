//! How the rows that labels were learnt from are encoded.

use std::cmp::Ordering;

use mlops_core::{Timestamp, Value};
use serde::{Deserialize, Serialize};

use super::group::{Encoding, Group, Wanted};
use super::{FittedTarget, Target};
use crate::transform::{FitRows, RowTimes, TransformError};

/// Which labels the rows that an encoding was fitted on are encoded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Folds {
    /// So many folds in the order of time, each by the labels that were available when it began. The first, before which
    /// nothing is known, gets the mean of all.
    Time(u32),
    /// So many folds of rows that follow each other, each by the labels of all others: `KFold` without shuffling.
    Contiguous(u32),
    /// So many folds, each with the same share of each label and rows that follow each other among those of their label,
    /// and each by the labels of all others: `StratifiedKFold` without shuffling.
    Stratified(u32),
    /// The folds that [`FeatureSet::fit_encode_in_folds`](crate::FeatureSet::fit_encode_in_folds) is given, each by the
    /// labels of all others.
    Given,
}

impl Folds {
    pub(super) fn check(self) -> Result<(), TransformError> {
        match self {
            Self::Time(folds) | Self::Contiguous(folds) | Self::Stratified(folds) if folds < 2 => {
                let (parameter, allowed) = ("folds", "2 or more");
                Err(TransformError::Parameter { parameter, got: folds.to_string(), allowed })
            }
            _ => Ok(()),
        }
    }
}

/// Rows, and what is known when each of their folds is encoded.
struct Encoder<'a> {
    encoding: Encoding<'a>,
    wanted: Wanted,
    /// By row: the group that its value is in, if it is known.
    groups: Vec<Option<usize>>,
    labels: &'a [f64],
    /// What is known: by group, and of all rows.
    known: Vec<Group>,
    all: Group,
    encoded: Vec<f64>,
    width: usize,
}

/// The numbers of the rows that were fitted on, out of fold; what nothing is known of gets the mean of all.
pub(super) fn out_of_fold(target: &Target, fitted: &FittedTarget, rows: &FitRows<'_>, codes: usize) -> Vec<f64> {
    let classes: Vec<f64> = fitted.classes.iter().map(|class| class.0).collect();
    let group = |value: Value<'_>| fitted.group(value).ok().flatten();
    let overall: Vec<f64> = fitted.overall.iter().map(|mean| mean.0).collect();
    let mut encoder = Encoder {
        encoding: Encoding { smoothing: target.smoothing, classes: &classes },
        wanted: target.wants(),
        groups: rows.values.iter().map(group).collect(),
        labels: rows.labels,
        known: vec![Group::default(); codes + usize::from(fitted.has_null)],
        all: Group::default(),
        encoded: overall.repeat(rows.values.len()),
        width: overall.len(),
    };
    let fold = |row: &RowTimes| row.fold.unwrap_or(0);
    match target.folds {
        Folds::Time(folds) => encoder.in_order_of_time(rows.times, folds as usize),
        Folds::Contiguous(folds) => encoder.by_the_others(&contiguous(rows.labels.len(), folds as usize)),
        Folds::Stratified(folds) => encoder.by_the_others(&stratified(rows.labels, folds as usize)),
        Folds::Given => encoder.by_the_others(&rows.times.iter().map(fold).collect::<Vec<_>>()),
    }
    encoder.encoded
}

impl Encoder<'_> {
    /// Takes in the label of a row.
    fn learn(&mut self, row: usize) {
        self.all.add(self.labels[row], self.wanted);
        if let Some(group) = self.groups[row] {
            self.known[group].add(self.labels[row], self.wanted);
        }
    }

    /// Encodes rows by what is known.
    fn encode(&mut self, rows: impl Iterator<Item = usize>) {
        if self.all.count == 0 {
            return;
        }
        let overall = self.encoding.overall(&self.all);
        let means: Vec<f64> = overall.iter().map(|overall| overall.mean).collect();
        let mut done: Vec<Option<Vec<f64>>> = vec![None; self.known.len()];
        for row in rows {
            let numbers = match self.groups[row] {
                None => &means,
                Some(group) => done[group].get_or_insert_with(|| self.encoding.group(&self.known[group], &overall)),
            };
            self.encoded[row * self.width..][..self.width].copy_from_slice(numbers);
        }
    }

    /// Folds in the order of time, of equal counts (rows of one time may fall into two).
    fn in_order_of_time(&mut self, times: &[RowTimes], folds: usize) {
        let order_by = |key: fn(&RowTimes) -> Timestamp| {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by_key(|&row| key(&times[row]));
            order
        };
        let by_time = order_by(|row| row.at);
        let mut by_label = order_by(|row| row.label_available).into_iter().peekable();
        for fold in by_time.chunks(times.len().div_ceil(folds).max(1)) {
            let begins = times[fold[0]].at;
            while let Some(row) = by_label.next_if(|&row| times[row].label_available <= begins) {
                self.learn(row);
            }
            self.encode(fold.iter().copied());
        }
    }

    /// Each fold by the labels of all others; `fold_of` has one a row.
    fn by_the_others(&mut self, fold_of: &[u32]) {
        let mut folds = fold_of.to_vec();
        folds.sort_unstable();
        folds.dedup();
        for fold in folds {
            self.known.fill(Group::default());
            self.all = Group::default();
            let is_in = |row: &usize| fold_of[*row] == fold;
            (0..fold_of.len()).filter(|row| !is_in(row)).for_each(|row| self.learn(row));
            self.encode((0..fold_of.len()).filter(is_in));
        }
    }
}

/// scikit-learn's `KFold(folds)`: the first folds have a row more where the count doesn't divide.
fn contiguous(rows: usize, folds: usize) -> Vec<u32> {
    let (each, more) = (rows / folds, rows % folds);
    let sizes = (0..folds as u32).map(|fold| (fold, each + usize::from((fold as usize) < more)));
    sizes.flat_map(|(fold, size)| std::iter::repeat_n(fold, size)).collect()
}

/// scikit-learn's `StratifiedKFold(folds)`: labels sorted, in the order in which each first comes, are dealt out one by
/// one to say how many of each a fold has; then each label's rows go to folds in order.
fn stratified(labels: &[f64], folds: usize) -> Vec<u32> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let by_label = |a: &usize, b: &usize| -> Ordering { (labels[*a] + 0.0).total_cmp(&(labels[*b] + 0.0)) };
    order.sort_by(by_label);
    let mut classes: Vec<&[usize]> = order.chunk_by(|a, b| by_label(a, b) == Ordering::Equal).collect();
    classes.sort_by_key(|rows| rows[0]);
    let (mut fold_of, mut dealt) = (vec![0; labels.len()], 0);
    for rows in classes {
        let mut sizes = vec![0_usize; folds];
        (dealt..dealt + rows.len()).for_each(|place| sizes[place % folds] += 1);
        dealt += rows.len();
        let folds = (0_u32..).zip(sizes).flat_map(|(fold, size)| std::iter::repeat_n(fold, size));
        rows.iter().zip(folds).for_each(|(&row, fold)| fold_of[row] = fold);
    }
    fold_of
}
