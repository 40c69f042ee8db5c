//! Laws that metrics keep on any rows.

use mlops_core::{BinaryEvaluator, Evaluation, ScoredRows, SliceEvaluation};
use proptest::prelude::*;

use crate::toy::{data, scored};

fn evaluate(scores: &[f64], labels: &[bool]) -> Evaluation {
    BinaryEvaluator::default().evaluate(&scored(scores, labels))
}

fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    evaluate(scores, labels).metric("roc_auc").unwrap().defined_value()
}

/// Scores on a grid, so that ties are common and squares and complements are exact; labels; slices.
fn rows() -> impl Strategy<Value = Vec<(f64, bool, u8)>> {
    prop::collection::vec(((0..=64_u32).prop_map(|k| f64::from(k) / 64.0), any::<bool>(), 0..4_u8), 0..120)
}

fn columns(rows: &[(f64, bool, u8)]) -> (Vec<f64>, Vec<bool>) {
    rows.iter().map(|(score, label, _)| (*score, *label)).unzip()
}

proptest! {
    #[test]
    fn the_area_depends_on_the_order_of_scores_alone(rows in rows()) {
        let (scores, labels) = columns(&rows);
        let squares: Vec<f64> = scores.iter().map(|score| score * score).collect();
        prop_assert_eq!(roc_auc(&scores, &labels), roc_auc(&squares, &labels));
    }

    #[test]
    fn the_area_of_negated_scores_is_what_is_left_to_one(rows in rows()) {
        let (scores, labels) = columns(&rows);
        let negated: Vec<f64> = scores.iter().map(|score| 1.0 - score).collect();
        match (roc_auc(&scores, &labels), roc_auc(&negated, &labels)) {
            // Each of the two is rounded once.
            (Some(area), Some(other)) => prop_assert!((area + other - 1.0).abs() <= f64::EPSILON),
            (area, other) => prop_assert_eq!(area, other),
        }
    }

    #[test]
    fn the_order_of_rows_leaves_no_trace(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let written = |rows: &[(f64, bool, u8)]| {
            let (scores, labels) = columns(rows);
            let slices = rows.iter().map(|(.., slice)| slice.to_string());
            let scored = scored(&scores, &labels).slice_by("slice", slices).unwrap();
            let evaluator = BinaryEvaluator::builder().minimum_slice_rows(5).build().unwrap();
            serde_json::to_string(&evaluator.evaluate(&scored)).unwrap()
        };
        prop_assert_eq!(written(&rows), written(&shuffled));
    }

    #[test]
    fn slices_add_up_and_each_is_as_if_it_were_alone(rows in rows()) {
        let (scores, labels) = columns(&rows);
        let slices = rows.iter().map(|(.., slice)| slice.to_string());
        let sliced = scored(&scores, &labels).slice_by("slice", slices).unwrap();
        let evaluator = BinaryEvaluator::builder().minimum_slice_rows(1).build().unwrap();
        let evaluation = evaluator.evaluate(&sliced);
        let parts = evaluation.slices();
        prop_assert_eq!(parts.iter().map(SliceEvaluation::rows).sum::<usize>(), evaluation.rows());
        prop_assert_eq!(parts.iter().map(SliceEvaluation::positives).sum::<usize>(), evaluation.positives());
        for part in parts {
            let of_part = |row: &&(f64, bool, u8)| row.2.to_string() == part.value();
            let (scores, labels) = columns(&rows.iter().filter(of_part).copied().collect::<Vec<_>>());
            let alone = evaluator.evaluate(&scored(&scores, &labels));
            prop_assert!(part.metrics().eq(alone.metrics()));
        }
    }

    #[test]
    fn an_interval_holds_its_value_and_values_lie_in_their_range(rows in rows()) {
        let (scores, labels) = columns(&rows);
        for (name, metric) in evaluate(&scores, &labels).metrics() {
            let Some(value) = metric.defined_value() else { continue };
            prop_assert!(0.0 <= value && (value <= 1.0 || name == "log_loss"), "{}: {}", name, value);
            if let Some(interval) = metric.interval {
                // The logit there and back is rounded.
                let slack = 1e-12;
                prop_assert!(interval.low <= value + slack && value <= interval.high + slack, "{}: {:?}", name, metric);
            }
        }
    }

    #[test]
    fn any_float_is_scored_or_turned_away_by_its_row(
        scores in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..=1.0, Just(f64::NAN), Just(-0.0)], 0..20),
    ) {
        let labels: Vec<bool> = scores.iter().map(|score| *score > 0.5).collect();
        let bad = scores.iter().position(|score| !(0.0..=1.0).contains(score));
        match ScoredRows::by_other("any", scores, &labels, data("any")) {
            Ok(rows) => {
                prop_assert_eq!(bad, None);
                let evaluation = BinaryEvaluator::default().evaluate(&rows);
                prop_assert!(evaluation.metrics().filter_map(|(_, metric)| metric.defined_value()).all(f64::is_finite));
            }
            Err(error) => {
                let row = format!("row {} ", bad.unwrap());
                prop_assert!(error.to_string().contains(&row));
            }
        }
    }
}
