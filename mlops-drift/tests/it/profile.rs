//! Reference profiles.

use mlops_core::{Slot, Slots};
use mlops_drift::{ColumnKind, DriftError, ReferenceProfile};

use crate::rows::{random_row, row, schema};

fn profile() -> ReferenceProfile {
    let mut builder = ReferenceProfile::builder(&schema()).outputs(["late"]);
    for i in 0..1000 {
        builder.add(&random_row(i, 0.0), &[(i % 100) as f64 / 100.0]);
    }
    builder.build().unwrap()
}

fn counts(profile: &ReferenceProfile, rows: impl IntoIterator<Item = (Slots, f64)>) -> mlops_drift::BinCounts {
    let mut counts = profile.counts();
    for (slots, output) in rows {
        profile.update(&mut counts, &slots, &[output]).unwrap();
    }
    counts
}

#[test]
fn the_reference_itself_has_not_drifted() {
    let profile = profile();
    for column in profile.compare(profile.reference()).unwrap() {
        assert_eq!((column.psi.statistic, column.jensen_shannon.divergence), (0.0, 0.0), "{}", column.column);
        assert!(column.ks.is_none_or(|ks| ks.low == 0.0));
    }
    let names: Vec<_> = profile.columns().iter().map(|column| (column.name(), column.kind())).collect();
    assert_eq!(names[3..], [("departure", ColumnKind::Input), ("late", ColumnKind::Output)]);
}

#[test]
fn a_shift_is_seen_in_its_column_alone() {
    let profile = profile();
    let current = counts(&profile, (1000..3000).map(|i| (random_row(i, 3.0), (i % 100) as f64 / 100.0)));
    let drift = profile.compare(&current).unwrap();
    assert!(drift[0].psi.statistic > 1.0);
    assert!(drift[0].ks.unwrap().low > 0.25, "{:?}", drift[0].ks);
    assert!(drift[1..].iter().all(|column| column.psi.statistic < 0.05), "{drift:?}");
}

#[test]
fn what_is_no_value_has_bins_of_its_own() {
    let profile = profile();
    let strange = [
        row(Slot::Missing, None, 1),
        row(Slot::Float(f64::NAN), Some(9), 1),
        row(Slot::Float(f64::INFINITY), Some(0), i64::MAX),
        row(Slot::Int(3), Some(1), -1),
    ];
    let current = counts(&profile, strange.map(|slots| (slots, f64::NAN)));
    let drift = profile.compare(&current).unwrap();
    let shares: Vec<f64> = drift.iter().map(|column| column.current_without_value).collect();
    assert_eq!(shares, [0.5, 0.5, 0.0, 1.0, 1.0]);
    assert!(drift.iter().all(|column| column.psi.statistic.is_finite()));
    assert_eq!(drift[4].ks, None);
}

#[test]
fn a_row_shorter_than_the_profile_is_missing_where_it_ends() {
    let profile = profile();
    let mut current = profile.counts();
    profile.update(&mut current, &Slots::new(0), &[]).unwrap();
    assert!(profile.compare(&current).unwrap().iter().all(|column| column.current_without_value == 1.0));
}

#[test]
fn a_constant_column_has_one_range_and_a_certain_distance() {
    let mut builder = ReferenceProfile::builder(&schema());
    (0..100).for_each(|_| builder.add(&row(Slot::Float(5.0), Some(0), 1), &[]));
    let profile = builder.build().unwrap();
    let mut current = profile.counts();
    for x in [5.0, 5.0, 4.0, 6.0] {
        profile.update(&mut current, &row(Slot::Float(x), Some(0), 1), &[]).unwrap();
    }
    let ks = profile.compare(&current).unwrap()[0].ks.unwrap();
    assert_eq!((ks.low, ks.high), (0.25, 0.25));
}

#[test]
fn rare_categories_share_a_bin() {
    let mut builder = ReferenceProfile::builder(&schema()).categories(2);
    for code in [0, 1, 1, 2, 3, 3, 3] {
        builder.add(&row(Slot::Missing, Some(code), 1), &[]);
    }
    let profile = builder.build().unwrap();
    let labels: Vec<_> = (0..6).filter_map(|i| profile.columns()[1].bins().label(i)).collect();
    assert_eq!(labels, ["WN", "DL", "other", "missing", "unseen", "other kind"]);
    let drift = profile.compare(profile.reference()).unwrap();
    assert_eq!(drift[1].psi.reference_rows, 7);
}

#[test]
fn counts_of_another_profile_are_refused() {
    let mut builder = ReferenceProfile::builder(&schema()).outputs(["late"]).bins(5);
    (0..100).for_each(|i| builder.add(&random_row(i, 0.0), &[0.5]));
    let other = builder.build().unwrap();
    let profile = profile();
    assert!(matches!(profile.compare(other.reference()), Err(DriftError::OtherProfile { .. })));
    assert!(matches!(profile.counts().merge(other.reference()), Err(DriftError::OtherProfile { .. })));
    assert_eq!(profile.compare(&profile.counts()), Err(DriftError::Empty { side: "current" }));
}

#[test]
fn profiles_that_cannot_be_are_refused_with_what_is_wrong() {
    assert_eq!(ReferenceProfile::builder(&schema()).build(), Err(DriftError::Empty { side: "reference" }));
    let mut builder = ReferenceProfile::builder(&schema()).bins(129);
    builder.add(&random_row(1, 0.0), &[]);
    assert!(matches!(builder.build(), Err(DriftError::OutOfRange { parameter: "bins", .. })));

    let text = |bins: &str, counts: &str| {
        format!(
            r#"{{"format":1,"rows":3,"columns":[{{"name":"wind","source":{{"slot":0}},"bins":{bins}}}],"counts":[{counts}]}}"#
        )
    };
    let problem =
        |bins, counts| ReferenceProfile::from_bytes(text(bins, counts).as_bytes()).unwrap_err().to_string();
    let numeric = r#"{"numeric":{"edges":[1,2]}}"#;
    assert!(ReferenceProfile::from_bytes(text(numeric, "[1,1,1,0,0,0]").as_bytes()).is_ok());
    let bad = "column `wind` of the profile is bad: ";
    assert_eq!(problem(numeric, "[1,1,1]"), format!("{bad}it has not one count for each bin"));
    assert_eq!(
        problem(numeric, "[1,1,1,18446744073709551615,0,0]"),
        format!("{bad}its counts don't add up to the number of rows")
    );
    assert_eq!(problem(r#"{"numeric":{"edges":[2,1]}}"#, "[]"), format!("{bad}its edges don't rise"));
    assert_eq!(problem(r#"{"numeric":{"edges":["NaN"]}}"#, "[]"), format!("{bad}its edges don't rise"));
    let twice = r#"{"category":{"texts":["a","b"],"codes":[7,7]}}"#;
    assert_eq!(problem(twice, "[]"), format!("{bad}a code comes twice"));
    assert!(problem(r#"{"fuzzy":{}}"#, "[]").contains("unknown variant `fuzzy`"));
    let newer = ReferenceProfile::from_bytes(br#"{"format":3,"more":[]}"#).unwrap_err();
    assert_eq!(newer, DriftError::NewerFormat { got: 3, supported: 2 });
}

#[test]
fn rows_together_count_as_one_by_one() {
    let slots: Vec<_> = (0..100).map(|i| random_row(i, 0.0)).collect();
    let outputs: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    let builder = || ReferenceProfile::builder(&schema()).outputs(["late", "very late"]);
    let mut one_by_one = builder();
    slots.iter().zip(outputs.chunks(2)).for_each(|(slots, outputs)| one_by_one.add(slots, outputs));
    assert_eq!(builder().rows(&slots, &outputs).build(), one_by_one.build());
    // Without outputs they are missing.
    let missing = builder().rows(&slots, &[]).build().unwrap();
    let drift = missing.compare(missing.reference()).unwrap();
    assert_eq!((drift[4].column.as_str(), drift[4].current_without_value), ("late", 1.0));
    let uneven = builder().rows(&slots, &outputs[1..]).build().unwrap_err();
    assert_eq!(uneven.to_string(), "`outputs` is 199 for 100 rows; the same number for each row is allowed");
    assert!(builder().rows(&[], &[0.5]).rows(&slots, &outputs).build().is_err());
}

#[test]
fn columns_that_are_left_out_are_not_watched() {
    let builder = || ReferenceProfile::builder(&schema()).outputs(["late", "very late"]);
    let slots = [random_row(1, 0.0), random_row(2, 0.0)];
    let outputs = [0.1, 0.2, 0.3, 0.4];
    let profile = builder().without(&["carrier", "late", "no such"]).rows(&slots, &outputs).build().unwrap();
    let names: Vec<_> = profile.columns().iter().map(mlops_drift::ProfileColumn::name).collect();
    assert_eq!(names, ["wind", "distance", "departure", "very late"]);
    // The others are found where they were.
    let whole = builder().rows(&slots, &outputs).build().unwrap();
    for column in profile.compare(profile.reference()).unwrap() {
        let same = whole.columns().iter().find(|other| other.name() == column.column).unwrap();
        let kept = profile.columns().iter().find(|other| other.name() == column.column).unwrap();
        assert_eq!((kept.kind(), kept.bins()), (same.kind(), same.bins()), "{}", column.column);
    }
}

#[test]
fn the_log_loss_travels_in_the_bytes_and_a_bad_one_is_refused() {
    let of = |log_loss| {
        let builder = ReferenceProfile::builder(&schema()).rows(&[random_row(1, 0.0)], &[]);
        builder.log_loss(log_loss).build()
    };
    for log_loss in [None, Some(0.0), Some(0.1 + 0.2)] {
        let profile = of(log_loss).unwrap();
        let back = ReferenceProfile::from_bytes(&profile.to_part().bytes).unwrap();
        assert_eq!((back.log_loss(), &back), (log_loss, &profile));
    }
    // It is no part of the bins, so counts can be merged whatever it is.
    assert_eq!(of(None).unwrap().bins_fingerprint(), of(Some(0.5)).unwrap().bins_fingerprint());
    let refused = |log_loss| of(Some(log_loss)).unwrap_err().to_string();
    assert_eq!(refused(f64::NAN), "`log_loss` is NaN; 0 and more is allowed");
    assert_eq!(refused(-0.1), "`log_loss` is -0.1; 0 and more is allowed");
    assert_eq!(refused(f64::INFINITY), "`log_loss` is inf; 0 and more is allowed");
    let bytes = of(Some(0.5)).unwrap().to_part().bytes;
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.contains(r#""log_loss":0.5"#), "{text}");
    for (bad, problem) in [("-0.5", "`log_loss` is -0.5"), ("1e999", "out of range"), (r#""a""#, "invalid type")] {
        let text = text.replace(r#""log_loss":0.5"#, &format!(r#""log_loss":{bad}"#));
        let error = ReferenceProfile::from_bytes(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
