//! What passes a gate, and what doesn't.

use mlops_core::{
    BinaryEvaluator, Evaluation, Failure, Gate, GateBuilder, GateError, Metric, Rule, ScoredRows, Side, Subject,
    Undefined, Verdict,
};
use proptest::prelude::*;

use crate::toy::{data, inputs, model, scored};

const SCORES: [f64; 4] = [0.1, 0.6, 0.4, 0.9];
const LABELS: [bool; 4] = [false, true, false, true];

fn evaluator() -> BinaryEvaluator {
    BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap()
}

fn evaluate(scored: &ScoredRows) -> Evaluation {
    evaluator().evaluate(scored)
}

/// A model with an area of 1, sliced in two.
fn candidate() -> Evaluation {
    evaluate(&scored(&SCORES, &LABELS).slice_by("carrier", ["AA", "AA", "UA", "UA"]).unwrap())
}

fn constant() -> ScoredRows {
    ScoredRows::by_constant(0.5, &LABELS, data("validation")).unwrap()
}

/// The constant half, sliced as the candidate is.
fn baseline() -> Evaluation {
    evaluate(&constant().slice_by("carrier", ["AA", "AA", "UA", "UA"]).unwrap())
}

fn gate(rules: impl IntoIterator<Item = Rule>) -> Gate {
    rules.into_iter().fold(Gate::builder(), GateBuilder::rule).build().unwrap()
}

/// Why the only check of a rule failed.
#[track_caller]
fn failure(rule: Rule, candidate: &Evaluation, baseline: Option<&Evaluation>) -> Failure {
    let failed = gate([rule]).judge(candidate, baseline).passed().unwrap_err();
    let failures: Vec<_> = failed.failures().map(|check| check.failure.clone().unwrap()).collect();
    assert!(failures.iter().all(|failure| *failure == failures[0]), "{failed}");
    failures[0].clone()
}

fn no_worse() -> Rule {
    Rule::no_worse_than_baseline("log_loss", 0.0)
}

#[test]
fn a_model_that_keeps_all_rules_passes_with_proof_of_what_was_judged() {
    let rules = [
        Rule::at_least("roc_auc", 1.0),
        Rule::at_most("mean_score", 0.5),
        Rule::at_most("log_loss", 0.6).in_each_slice_of("carrier"),
        Rule::no_worse_than_baseline("roc_auc", 0.0),
        Rule::better_than_baseline("log_loss", 0.1),
        Rule::better_than_baseline("brier", 0.0).in_each_slice_of("carrier"),
    ];
    let passed = gate(rules).judge(&candidate(), Some(&baseline())).passed().unwrap();
    assert_eq!(passed.model(), model(1.0).digest());
    assert_eq!(passed.data(), data("validation"));
    assert_eq!(passed.baseline(), Some(&Subject::Constant { score: 0.5 }));
    assert_eq!(passed.checks().len(), 8);
    assert_eq!(passed.checks()[2].slice.as_deref(), Some("AA"));
    assert!(passed.to_string().contains("log_loss ≤ 0.6 in each slice of carrier = AA"), "{passed}");
    let json = serde_json::to_value(&passed).unwrap();
    assert_eq!(
        json["checks"][0]["rule"],
        serde_json::json!({ "metric": "roc_auc", "demand": { "at_least": 1.0 } })
    );
}

#[test]
fn a_proof_names_no_baseline_that_nothing_was_held_against() {
    let passed = gate([Rule::at_least("roc_auc", 0.5)]).judge(&candidate(), Some(&baseline())).passed().unwrap();
    assert_eq!(passed.baseline(), None);
}

#[test]
fn one_broken_rule_fails_and_shows_by_how_much() {
    let gate = gate([Rule::at_least("roc_auc", 0.5), Rule::at_most("brier", 0.01)]);
    let verdict = gate.judge(&candidate(), None);
    assert_eq!(verdict.checks().len(), 2);
    let Verdict::Failed(failed) = verdict else { panic!("it must not pass") };
    let failures: Vec<_> = failed.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_eq!((failures[0].bound, &failures[0].failure), (Some(0.01), &Some(Failure::OutOfBound)));
    assert!(failed.to_string().contains("failed 1 of 2 checks"), "{failed}");
}

#[test]
fn a_comparison_knows_which_way_a_metric_gets_better() {
    let (good, bad) = (candidate(), evaluate(&scored(&[0.9, 0.4, 0.6, 0.1], &LABELS)));
    for metric in ["roc_auc", "log_loss", "brier", "average_precision"] {
        let gate = gate([Rule::better_than_baseline(metric, 0.0)]);
        assert!(gate.judge(&good, Some(&bad)).passed().is_ok(), "{metric}");
        assert!(gate.judge(&bad, Some(&good)).passed().is_err(), "{metric}");
        assert!(gate.judge(&good, Some(&good)).passed().is_err(), "{metric}");
    }
}

#[test]
fn a_gate_without_sense_is_not_built() {
    let build = |rule| Gate::builder().rule(rule).build().unwrap_err();
    assert_eq!(Gate::builder().build().unwrap_err(), GateError::NoRules);
    let unknown = build(Rule::at_least("auc", 0.5)).to_string();
    assert!(unknown.starts_with("`auc` is not a metric; those are roc_auc, log_loss"), "{unknown}");
    assert!(matches!(build(Rule::no_worse_than_baseline("base_rate", 0.0)), GateError::NoBetter { .. }));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for rule in [Rule::at_least, Rule::at_most, Rule::no_worse_than_baseline, Rule::better_than_baseline] {
            assert!(matches!(build(rule("roc_auc", bad)), GateError::BadBound { .. }), "{bad}");
        }
    }
    assert!(matches!(build(Rule::no_worse_than_baseline("roc_auc", -0.1)), GateError::BadBound { .. }));
    assert!(matches!(build(Rule::better_than_baseline("roc_auc", -0.1)), GateError::BadBound { .. }));
}

#[test]
fn fail_closed_what_is_not_a_model() {
    let constant = evaluate(&constant());
    assert_eq!(failure(Rule::at_least("roc_auc", 0.5), &constant, None), Failure::NotAModel);
    let other = ScoredRows::by_other("rule", SCORES.to_vec(), &LABELS, data("validation")).unwrap();
    assert_eq!(failure(no_worse(), &evaluate(&other), Some(&constant)), Failure::NotAModel);
}

#[test]
fn fail_closed_no_baseline() {
    assert_eq!(failure(no_worse(), &candidate(), None), Failure::NoBaseline);
}

#[test]
fn fail_closed_baseline_on_other_data_rows_or_labels() {
    let against = |scored: ScoredRows| failure(no_worse(), &candidate(), Some(&evaluate(&scored)));
    let constant = |labels: &[bool], name: &str| ScoredRows::by_constant(0.5, labels, data(name)).unwrap();
    assert_eq!(against(constant(&LABELS, "test")), Failure::OtherData);
    assert_eq!(against(constant(&LABELS[..3], "validation")), Failure::OtherRows { candidate: 4, baseline: 3 });
    assert_eq!(against(constant(&[true, false, true, false], "validation")), Failure::OtherLabels);
}

#[test]
fn fail_closed_baseline_of_another_evaluator() {
    let twenty = BinaryEvaluator::builder().minimum_slice_rows(2).calibration_bins(20).build().unwrap();
    let rule = Rule::no_worse_than_baseline("ece", 0.5);
    assert_eq!(failure(rule, &candidate(), Some(&twenty.evaluate(&constant()))), Failure::OtherEvaluator);
}

#[test]
fn fail_closed_slices_that_are_absent_or_not_the_same() {
    let sliced = || no_worse().in_each_slice_of("carrier");
    let rule = Rule::at_least("roc_auc", 0.5).in_each_slice_of("origin");
    assert_eq!(failure(rule, &candidate(), None), Failure::NotSliced { side: Side::Candidate });
    let baseline = evaluate(&constant());
    assert_eq!(failure(sliced(), &candidate(), Some(&baseline)), Failure::NotSliced { side: Side::Baseline });
    let baseline = evaluate(&constant().slice_by("carrier", ["AA", "UA", "AA", "UA"]).unwrap());
    assert_eq!(failure(sliced(), &candidate(), Some(&baseline)), Failure::OtherSlices);
}

#[test]
fn fail_closed_no_slices() {
    let nothing = evaluate(&scored(&[], &[]).slice_by("carrier", [""; 0]).unwrap());
    let rule = Rule::at_most("log_loss", 9.0).in_each_slice_of("carrier");
    assert_eq!(failure(rule, &nothing, None), Failure::NoSlices);
}

#[test]
fn fail_closed_undefined_metric() {
    let undefined = |side, reason| Failure::Undefined { side, reason };
    let nothing = evaluate(&scored(&[], &[]));
    let no_rows = undefined(Side::Candidate, Undefined::NoRows);
    assert_eq!(failure(Rule::at_most("log_loss", 9.0), &nothing, None), no_rows);
    let one_class = evaluate(&scored(&SCORES, &[false; 4]));
    let reason = Undefined::OneClass { rows: 4, positives: 0 };
    let rule = Rule::at_least("roc_auc", 0.0);
    assert_eq!(failure(rule, &one_class, None), undefined(Side::Candidate, reason));
    let rule = Rule::no_worse_than_baseline("average_precision", 1.0);
    let reason = Undefined::NoPositives { rows: 4 };
    assert_eq!(failure(rule, &one_class, Some(&one_class)), undefined(Side::Candidate, reason));
}

#[test]
fn fail_closed_undefined_slice() {
    let rows = scored(&SCORES, &LABELS).slice_by("carrier", ["AA", "AA", "AA", "UA"]).unwrap();
    let gate = gate([Rule::at_most("log_loss", 9.0).in_each_slice_of("carrier")]);
    let failed = gate.judge(&evaluate(&rows), None).passed().unwrap_err();
    assert!(failed.checks()[0].passed());
    let reason = Undefined::TooFewRows { rows: 1, minimum: 2 };
    assert_eq!(failed.checks()[1].failure, Some(Failure::Undefined { side: Side::Candidate, reason }));
}

const METRICS: [&str; 6] = ["roc_auc", "log_loss", "brier", "ece", "ece_equal_mass", "average_precision"];

/// Rules that anything which is defined keeps.
fn rule() -> impl Strategy<Value = Rule> {
    (prop::sample::select(&METRICS), 0..3_u8, any::<bool>()).prop_map(|(metric, kind, sliced)| {
        let rule = match kind {
            0 => Rule::at_least(metric, -1e9),
            1 => Rule::at_most(metric, 1e9),
            _ => Rule::no_worse_than_baseline(metric, 1e9),
        };
        if sliced { rule.in_each_slice_of("slice") } else { rule }
    })
}

proptest! {
    #[test]
    fn fail_closed_exactly_where_something_is_undefined(
        rows in prop::collection::vec((0.0..=1.0, any::<bool>(), 0..3_u8), 0..12),
        rules in prop::collection::vec(rule(), 1..4),
    ) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = rows.iter().map(|(score, label, _)| (*score, *label)).unzip();
        let slices: Vec<String> = rows.iter().map(|(.., slice)| slice.to_string()).collect();
        let by_model = ScoredRows::by_model(&model(1.0), &inputs(&scores), &labels, data("validation")).unwrap();
        let by_model = evaluate(&by_model.slice_by("slice", &slices).unwrap());
        let constant = ScoredRows::by_constant(0.5, &labels, data("validation")).unwrap();
        let constant = evaluate(&constant.slice_by("slice", &slices).unwrap());

        let defined = |rule: &Rule| {
            let value = |metric: Option<&Metric>| metric.and_then(Metric::defined_value).is_some();
            match rule.slices_of() {
                None => value(by_model.metric(rule.metric())),
                Some(_) => !slices.is_empty() && by_model.slices().iter().all(|slice| value(slice.metric(rule.metric()))),
            }
        };
        let wanted = rules.iter().all(defined);
        prop_assert_eq!(gate(rules).judge(&by_model, Some(&constant)).passed().is_ok(), wanted);
    }
}
