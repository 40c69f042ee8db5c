//! What holds for all samples.

use mlops_core::Slot;
use mlops_drift::{PsiZeros, ReferenceProfile, Sample, jensen_shannon, ks_interval, ks_two_sample, psi};
use proptest::prelude::*;

use crate::rows::{row, schema};

fn counts() -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    prop::collection::vec((0_u64..1000, 0_u64..1000), 1..20)
        .prop_map(|pairs| pairs.into_iter().unzip())
        .prop_filter("both sides have a row", |(a, b): &(Vec<u64>, Vec<u64>)| {
            a.iter().sum::<u64>() > 0 && b.iter().sum::<u64>() > 0
        })
}

/// Values with many ties, or none, and now and then an infinity.
fn sample() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        8 => (-20_i32..20).prop_map(f64::from),
        8 => -20.0..20.0_f64,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ];
    prop::collection::vec(value, 1..80)
}

fn binned(edges: &[f64], values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for x in values {
        counts[edges.partition_point(|edge| edge < x)] += 1;
    }
    counts
}

fn wind(x: f64) -> mlops_core::Slots {
    row(Slot::Float(x), Some(0), 1)
}

proptest! {
    #[test]
    fn distances_are_symmetric_and_zero_on_equal((a, b) in counts()) {
        let there = jensen_shannon(&a, &b).unwrap().divergence;
        let back = jensen_shannon(&b, &a).unwrap().divergence;
        prop_assert!((there - back).abs() <= 1e-12 * there);
        prop_assert!((0.0..=std::f64::consts::LN_2 + 1e-12).contains(&there));
        prop_assert_eq!(jensen_shannon(&a, &a).unwrap().divergence, 0.0);
        let there = psi(&a, &b, PsiZeros::default()).unwrap();
        let back = psi(&b, &a, PsiZeros::default()).unwrap();
        prop_assert!((there.statistic - back.statistic).abs() <= 1e-12 * there.statistic);
        prop_assert!(there.statistic.is_finite() && there.contributions.iter().all(|&x| x >= 0.0));
        prop_assert_eq!(psi(&a, &a, PsiZeros::default()).unwrap().statistic, 0.0);
    }

    #[test]
    fn the_order_of_bins_does_not_matter((a, b) in counts(), turn in 0_usize..20) {
        let turned = |counts: &[u64]| {
            let mut counts = counts.to_vec();
            let len = counts.len();
            counts.rotate_left(turn % len);
            counts
        };
        let straight = psi(&a, &b, PsiZeros::default()).unwrap().statistic;
        let rotated = psi(&turned(&a), &turned(&b), PsiZeros::default()).unwrap().statistic;
        prop_assert!((straight - rotated).abs() <= 1e-12 * straight);
    }

    #[test]
    fn the_interval_holds_the_distance_of_the_raw_samples(
        reference in sample(),
        current in sample(),
        edges in prop::collection::btree_set(-20_i32..20, 0..16),
    ) {
        let edges: Vec<f64> = edges.into_iter().map(f64::from).collect();
        let (a, b) = (binned(&edges, &reference), binned(&edges, &current));
        let interval = ks_interval(&edges, &a, &b).unwrap();
        let raw = ks_two_sample(&Sample::of(&reference), &Sample::of(&current)).unwrap().statistic;
        prop_assert!(interval.low <= raw && raw <= interval.high, "{raw} is not in {interval:?}");
        let share = |counts: &[u64], rows: usize| counts.iter().max().map_or(0.0, |&n| n as f64 / rows as f64);
        let mass = share(&a, reference.len()).max(share(&b, current.len()));
        prop_assert!(interval.high - interval.low <= mass + 1e-12);
    }

    #[test]
    fn a_profiles_interval_holds_the_distance_of_the_raw_samples(
        reference in sample(),
        current in sample(),
        bins in 1_usize..16,
    ) {
        let mut builder = ReferenceProfile::builder(&schema()).bins(bins);
        reference.iter().for_each(|&x| builder.add(&wind(x), &[]));
        let profile = builder.build().unwrap();
        let mut counts = profile.counts();
        for &x in &current {
            profile.update(&mut counts, &wind(x), &[]).unwrap();
        }
        let interval = profile.compare(&counts).unwrap()[0].ks.unwrap();
        let raw = ks_two_sample(&Sample::of(&reference), &Sample::of(&current)).unwrap().statistic;
        prop_assert!(interval.low <= raw && raw <= interval.high, "{raw} is not in {interval:?}");
    }

    #[test]
    fn the_test_does_not_depend_on_the_order_or_the_sides(mut a in sample(), b in sample()) {
        let before = ks_two_sample(&Sample::of(&a), &Sample::of(&b)).unwrap();
        let swapped = ks_two_sample(&Sample::of(&b), &Sample::of(&a)).unwrap();
        prop_assert_eq!(before.statistic, swapped.statistic);
        prop_assert!((before.p_value.unwrap() - swapped.p_value.unwrap()).abs() < 1e-12);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&before.p_value.unwrap()));
        a.reverse();
        prop_assert_eq!(ks_two_sample(&Sample::of(&a), &Sample::of(&b)).unwrap(), before);
        prop_assert_eq!(ks_two_sample(&Sample::of(&a), &Sample::of(&a)).unwrap().statistic, 0.0);
    }

    #[test]
    fn the_profile_of_the_same_rows_is_the_same_in_any_order_and_comes_back_from_bytes(values in sample()) {
        let build = |values: &mut dyn Iterator<Item = &f64>| {
            let mut builder = ReferenceProfile::builder(&schema());
            values.for_each(|&x| builder.add(&wind(x), &[]));
            builder.build().unwrap()
        };
        let profile = build(&mut values.iter());
        prop_assert_eq!(&profile, &build(&mut values.iter().rev()));
        prop_assert_eq!(&profile, &ReferenceProfile::from_bytes(&profile.to_part().bytes).unwrap());
    }

    #[test]
    fn merged_counts_are_those_of_the_whole(values in sample(), cut in 0_usize..80) {
        let mut builder = ReferenceProfile::builder(&schema());
        (0..50).for_each(|i| builder.add(&wind(f64::from(i)), &[]));
        let profile = builder.build().unwrap();
        let count = |values: &[f64]| {
            let mut counts = profile.counts();
            values.iter().for_each(|&x| profile.update(&mut counts, &wind(x), &[]).unwrap());
            counts
        };
        let (head, tail) = values.split_at(cut.min(values.len()));
        let mut merged = count(tail);
        merged.merge(&count(head)).unwrap();
        prop_assert_eq!(merged, count(&values));
    }

    #[test]
    fn no_bytes_make_a_profile_panic(at in 0_usize..1000, byte: u8, cut in 0_usize..1000) {
        let mut builder = ReferenceProfile::builder(&schema()).outputs(["late"]);
        (0..9).for_each(|i| builder.add(&wind(f64::from(i)), &[0.5]));
        let mut bytes = builder.build().unwrap().to_part().bytes.to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        _ = ReferenceProfile::from_bytes(&bytes);
        bytes.truncate(cut);
        _ = ReferenceProfile::from_bytes(&bytes);
    }
}
