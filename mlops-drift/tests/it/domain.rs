//! Classifiers and texts against scikit-learn and scipy. The values are from `tests/oracle/domain.py`.

use mlops_drift::{DriftError, SampleTest, Script, TextReference};
use proptest::prelude::*;
use serde::Deserialize;

use crate::samples::bits;

#[derive(Deserialize)]
struct Expected {
    #[cfg(feature = "linfa")]
    rows: Vec<Rows>,
    texts: Vec<Texts>,
}

#[cfg(feature = "linfa")]
#[derive(Deserialize)]
struct Rows {
    case: u64,
    auc: f64,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Texts {
    #[cfg(feature = "linfa")]
    auc: f64,
    #[cfg(feature = "linfa")]
    largest: f64,
    tests: [(f64, f64); 4],
    means: [f64; 4],
}

const WORDS: [&str; 25] = [
    "ask", "Buy", "call", "Deal", "east", "file", "give", "help", "idea", "join", "keep", "late", "make", "need",
    "open", "pay", "quit", "read", "send", "take", "über", "жить", "语言", "x86", "2024",
];

/// The `i`-th pair of lists of texts, the same as in `tests/oracle/domain.py`.
fn texts(i: u64) -> (Vec<String>, Vec<String>) {
    let w = bits(3_000_000 + i, 4);
    let (n, m) = (5 + w[0] % 30, 5 + w[1] % 30);
    let most = [25, 12][(w[2] % 2) as usize];
    let first = [0, 6][(w[3] % 2) as usize];
    let text = |seed, first: u64, most: u64| {
        let drawn = bits(seed, 13);
        let words = drawn[1..].iter().take((drawn[0] % 12) as usize);
        words.map(|x| WORDS[((first + x % most) % 25) as usize]).collect::<Vec<_>>().join(", ")
    };
    let reference = (0..n).map(|k| text(6_000_000 + 1000 * i + k, 0, most)).collect();
    (reference, (0..m).map(|k| text(7_000_000 + 1000 * i + k, first, 25)).collect())
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../data/domain.json")).unwrap()
}

#[track_caller]
fn near(got: f64, wanted: f64, allowed: f64) {
    assert!((got - wanted).abs() <= allowed, "{got} is not {wanted} to {allowed}");
}

#[test]
fn texts_compare_as_with_scipy() {
    let expected = expected().texts;
    assert_eq!(expected.len(), 300);
    for (i, case) in (0..).zip(expected) {
        let (reference, current) = texts(i);
        let drift = TextReference::of(&reference).unwrap().compare(&current).unwrap();
        let tests: [SampleTest; 4] = [drift.length, drift.words, drift.unseen_words, drift.digits];
        for (test, (statistic, p_value)) in tests.iter().zip(case.tests) {
            near(test.statistic, statistic, 1e-14);
            near(test.p_value.unwrap(), p_value, 1e-11);
        }
        let means = [
            drift.reference_unseen_words,
            drift.current_unseen_words,
            drift.reference_digits,
            drift.current_digits,
        ];
        means.iter().zip(case.means).for_each(|(&got, wanted)| near(got, wanted, 1e-14));
        near(drift.scripts.iter().map(|share| share.current).sum(), 1.0, 1e-14);
    }
}

#[test]
fn texts_that_cannot_be_compared_are_refused_and_empty_ones_are_not() {
    let none: [&str; 0] = [];
    assert_eq!(TextReference::of(none).unwrap_err(), DriftError::Empty { side: "reference" });
    let reference = TextReference::of(["", "  ", "!"]).unwrap();
    assert_eq!(reference.compare(none).unwrap_err(), DriftError::Empty { side: "current" });
    let drift = reference.compare(["", "слово"]).unwrap();
    assert_eq!(drift.current_unseen_words, 0.5);
    assert_eq!((drift.scripts[0].script, drift.scripts[0].difference()), (Script::Cyrillic, 1.0));
}

proptest! {
    #[test]
    fn any_texts_compare_in_any_order(mut texts in prop::collection::vec(any::<String>(), 1..20)) {
        let reference = TextReference::of(&texts).unwrap();
        let drift = reference.compare(&texts).unwrap();
        prop_assert_eq!(drift.length.statistic + drift.words.statistic + drift.digits.statistic, 0.0);
        prop_assert!(drift.scripts.iter().all(|share| share.difference() == 0.0));
        texts.reverse();
        prop_assert_eq!(&TextReference::of(&texts).unwrap(), &reference);
    }
}

#[cfg(feature = "linfa")]
mod classifiers {
    use mlops_drift::{DomainOptions, DriftError, domain_classifier, text_domain_classifier};
    use ndarray::{Array2, array};

    use super::{expected, near, texts};
    use crate::embedding::rows;

    fn options(alpha: f64) -> DomainOptions {
        DomainOptions::builder().seed(3).alpha(alpha).build().unwrap()
    }

    #[test]
    fn classifiers_of_rows_are_those_of_scikit_learn() {
        let expected = expected().rows;
        assert!(expected.len() >= 300);
        for case in expected {
            let (x, y) = rows(case.case);
            let drift =
                domain_classifier(x.view(), y.view(), &options([1.0, 0.1][case.case as usize % 2])).unwrap();
            // scikit-learn's solver and linfa's differ by about 1e-6: one pair of close scores may change places.
            near(drift.auc.value, case.auc, 1.01 / (x.nrows() * y.nrows()) as f64);
            for weight in &drift.weights {
                near(weight.coefficient, case.weights[weight.column], 2e-5);
            }
            assert!(drift.weights.is_sorted_by(|a, b| a.coefficient.abs() >= b.coefficient.abs()));
        }
    }

    #[test]
    fn classifiers_of_texts_are_those_of_scikit_learn() {
        for (i, case) in (0..).zip(expected().texts) {
            let (reference, current) = texts(i);
            let drift = text_domain_classifier(&reference, &current, 1000, &options(1.0)).unwrap();
            near(drift.auc.value, case.auc, 1.01 / (reference.len() * current.len()) as f64);
            near(drift.weights[0].coefficient.abs(), case.largest, 2e-5);
        }
    }

    #[test]
    fn answers_are_the_same_with_any_number_of_threads() {
        let (x, y) = rows(2);
        let with = |threads| {
            let options = DomainOptions::builder().folds(2).threads(threads).build().unwrap();
            domain_classifier(x.view(), y.view(), &options).unwrap()
        };
        assert!([2, 3, 8].into_iter().all(|threads| with(threads) == with(1)));
    }

    #[test]
    fn equal_and_constant_rows_cannot_be_told_apart() {
        let x = Array2::from_shape_fn((20, 2), |(i, j)| (i * (j + 3) % 7) as f64);
        let drift = domain_classifier(x.view(), x.view(), &options(1.0)).unwrap();
        assert!(drift.auc.value < 0.6, "{drift:?}");
        let constant = Array2::ones((20, 2));
        let drift = domain_classifier(constant.view(), constant.view(), &options(1.0)).unwrap();
        assert!((drift.auc.value - 0.5).abs() < 1e-12 && drift.weights.iter().all(|w| w.coefficient == 0.0));
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let x = array![[1.0], [2.0]];
        let error = domain_classifier(x.view(), x.view(), &options(1.0)).unwrap_err();
        assert_eq!(error, DriftError::TooFewRows { side: "reference", rows: 2, least: 5 });
        assert!(text_domain_classifier(&["?"; 9], &["!"; 9], 10, &options(1.0)).is_err());
        assert!(text_domain_classifier(&["a"; 9], &["b"; 9], 0, &options(1.0)).is_err());
        assert!(text_domain_classifier(&["a"; 9], &["b"; 2], 9, &options(1.0)).is_err());
        assert!(DomainOptions::builder().alpha(f64::NAN).build().is_err());
        assert!(DomainOptions::builder().threads(0).build().is_err());
    }
}
