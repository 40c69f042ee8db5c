//! Random transforms of every built-in kind, with random parameters.

use mlops_core::JsonFloat;
use mlops_features::{
    BucketEncoding, Bucketise, CategoryCount, ClipToQuantiles, Distribution, DropConstant, DropMissing, Edges,
    Feature, Fill, Folds, Frequency, Hashing, Impute, Infrequent, MaxAbs, MinMax, NaNs, Norm, NullPlace, NullTexts,
    Nulls, Number, OneHot, Ordinal, Power, Quantile, Robust, Standard, Target, TfIdf, Transform, Unknown,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::definitions::number_literal;

/// A transform with its parameters, put behind a feature.
pub(crate) type Then = BoxedStrategy<Box<dyn ThenFn>>;

pub(crate) trait ThenFn: std::fmt::Debug {
    fn put(&self, feature: Feature) -> Feature;
}

#[derive(Debug)]
struct Put<T>(T);

impl<T: Transform + Clone> ThenFn for Put<T> {
    fn put(&self, feature: Feature) -> Feature {
        feature.then(self.0.clone())
    }
}

fn then<T: Transform + Clone>(strategy: impl Strategy<Value = T> + 'static) -> Then {
    strategy.prop_map(|transform| Box::new(Put(transform)) as Box<dyn ThenFn>).boxed()
}

pub(crate) fn number() -> Then {
    let nulls = prop_oneof![
        Just(Nulls::Refuse),
        Just(Nulls::NaN),
        Just(Nulls::Mean),
        Just(Nulls::Median),
        Just(Nulls::MostFrequent),
        number_literal().prop_map(Nulls::constant),
    ];
    then((nulls, any::<bool>()).prop_map(|(nulls, flagged)| Number { nulls, flagged }))
}

/// A low and a high level of quantiles.
fn levels() -> BoxedStrategy<(f64, f64)> {
    select(&[(0.25, 0.75), (0.05, 0.95), (0.01, 0.5), (0.1, 0.9)][..]).boxed()
}

/// Every transform of numbers.
pub(crate) fn of_numbers() -> Then {
    let nans = || prop_oneof![1 => Just(NaNs::Refuse), 3 => Just(NaNs::Bucket)];
    let edges = prop_oneof![
        (2_u32..6).prop_map(Edges::Uniform),
        (2_u32..6).prop_map(Edges::Quantile),
        Just(Edges::Given([-1.0, 0.0, 2.5, f64::INFINITY].map(JsonFloat).to_vec())),
    ];
    let encode = select(&[BucketEncoding::Ordinal, BucketEncoding::OneHot][..]);
    let bucketise = (edges, encode, nans()).prop_map(|(edges, encode, nan)| Bucketise { edges, encode, nan });
    let output = select(&[Distribution::Uniform, Distribution::Normal][..]);
    let quantile = (1_u32..12, output).prop_map(|(quantiles, output)| Quantile { quantiles, output });
    let robust = (levels(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((low, high), center, scale, unit_variance)| Robust {
            center,
            scale,
            unit_variance,
            ..Robust::between(low, high)
        },
    );
    let lambda = prop::option::of(select(&[-1.0, 0.0, 0.5, 1.0, 2.0][..])).prop_map(|lambda| lambda.map(JsonFloat));
    let method = prop_oneof![3 => Just(Power::default()), 1 => Just(Power::box_cox())];
    let power = (method, lambda, any::<bool>()).prop_map(|(power, lambda, standardise)| Power {
        lambda,
        standardise,
        ..power
    });
    let fill = prop_oneof![
        Just(Fill::Mean),
        Just(Fill::Median),
        Just(Fill::MostFrequent),
        Just(Fill::Constant(JsonFloat(-0.0)))
    ];
    let impute = (fill, any::<bool>()).prop_map(|(with, flagged)| Impute { with, flagged });
    let min_max = (any::<bool>(), -2.0..0.0, 0.5..3.0)
        .prop_map(|(clip, low, high)| MinMax { clip, ..MinMax::between(low, high) });
    Union::new([
        then((any::<bool>(), any::<bool>()).prop_map(|(mean, deviation)| Standard { mean, deviation })),
        then(min_max),
        then(Just(MaxAbs {})),
        then(robust),
        then(quantile),
        then(power),
        then(bucketise),
        then(impute),
        then(levels().prop_map(|(low, high)| ClipToQuantiles::between(low, high))),
        then(select(&[0.0, 0.5][..]).prop_map(DropConstant::at_most)),
        then(select(&[0.0, 0.3, 1.0][..]).prop_map(DropMissing::above)),
    ])
    .boxed()
}

fn unknown() -> BoxedStrategy<Unknown> {
    prop_oneof![1 => Just(Unknown::Refuse), 3 => Just(Unknown::AsAll)].boxed()
}

fn infrequent() -> BoxedStrategy<Infrequent> {
    let share = prop::option::of(select(&[0.05, 0.3][..]));
    (prop::option::of(1_u64..4), share, prop::option::of(1_u32..5))
        .prop_map(|(min_count, share, max_categories)| Infrequent {
            min_count,
            min_share: share.map(JsonFloat),
            max_categories,
        })
        .boxed()
}

fn null_texts() -> BoxedStrategy<NullTexts> {
    prop_oneof![1 => Just(NullTexts::Refuse), 3 => Just(NullTexts::Empty)].boxed()
}

pub(crate) fn hashing() -> Then {
    let hashing = (1_u32..24, any::<bool>(), null_texts());
    then(hashing.prop_map(|(numbers, signed, nulls)| Hashing { numbers, signed, nulls }))
}

fn one_hot() -> Then {
    then((unknown(), 0..3, infrequent(), any::<bool>()).prop_map(|(unknown, drop, infrequent, null_category)| {
        let unknown = if infrequent.is_nothing() || drop == 0 { unknown } else { Unknown::Infrequent };
        let unknown = if drop > 0 && unknown == Unknown::AsAll { Unknown::Refuse } else { unknown };
        let one_hot = OneHot { infrequent, null_category, ..OneHot::new(unknown) };
        match drop {
            0 => one_hot,
            1 => one_hot.drop_first(),
            _ => one_hot.drop_if_binary(),
        }
    }))
}

fn ordinal() -> Then {
    let nulls = select(&[NullPlace::Unknown, NullPlace::Last, NullPlace::Number(JsonFloat(-2.0))][..]);
    let given = prop::option::of(prop::sample::subsequence(vec!["a", "b", "", "ä", "never"], 1..=5));
    let ordinal = (prop::option::weighted(0.75, Just(-1.0)), nulls, given, infrequent());
    then(ordinal.prop_map(|(unknown, nulls, given, infrequent)| {
        let ordinal = unknown.map_or_else(Ordinal::refusing, Ordinal::unknown);
        let ordinal = ordinal.nulls(nulls).infrequent(infrequent);
        given.map_or(ordinal.clone(), |given| ordinal.given(&given))
    }))
}

fn target() -> Then {
    let folds = select(&[Folds::Time(3), Folds::Contiguous(2), Folds::Stratified(4)][..]);
    let target = (unknown(), prop::option::of(0.0..30.0), folds, any::<bool>(), any::<bool>());
    then(target.prop_map(|(unknown, smoothing, folds, each_class, null_category)| {
        let target = smoothing.map_or_else(|| Target::auto(unknown), |smoothing| Target::new(smoothing, unknown));
        let target = Target { folds, null_category, ..target };
        if each_class { target.each_class() } else { target }
    }))
}

pub(crate) fn tf_idf() -> Then {
    let norm = select(&[Norm::L2, Norm::L1, Norm::None][..]);
    let counts = (0_u64..3, select(&[0.5, 1.0][..]), prop::option::of(1_u32..20));
    then((null_texts(), any::<bool>(), norm, any::<bool>(), counts).prop_map(
        |(nulls, sublinear, norm, smooth, (min_documents, share, max_texts))| TfIdf {
            nulls,
            sublinear,
            norm,
            smooth,
            min_documents,
            max_share: JsonFloat(share),
            max_texts,
        },
    ))
}

pub(crate) fn of_texts() -> Then {
    fn count<T: Transform + Clone>(make: fn(Unknown, bool) -> T) -> Then {
        then((unknown(), any::<bool>()).prop_map(move |(unknown, null_category)| make(unknown, null_category)))
    }
    Union::new([
        one_hot(),
        ordinal(),
        count(|unknown, null_category| Frequency { null_category, ..Frequency::new(unknown) }),
        count(|unknown, null_category| CategoryCount { null_category, ..CategoryCount::new(unknown) }),
        target(),
        hashing(),
    ])
    .boxed()
}
