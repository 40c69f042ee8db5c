//! Random sets of features: expressions over columns of every kind, chains of every built-in transform, products.

use mlops_features::{Catalog, Expr, Feature, FeatureSet, call, column, numbers, text, texts};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::random_rows::{COLUMNS, Kind};
use crate::random_transforms::{Then, hashing, number, of_numbers, of_texts, tf_idf};

/// What an expression is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Number,
    Int,
    Text,
    Time,
    Numbers,
    Texts,
}

/// Expressions of one depth, by what they are.
#[derive(Clone)]
struct Layer([BoxedStrategy<Expr>; 6]);

impl Layer {
    fn of(&self, want: Want) -> BoxedStrategy<Expr> {
        self.0[want as usize].clone()
    }
}

fn columns_of(kinds: &[Kind]) -> BoxedStrategy<Expr> {
    let names: Vec<&str> = COLUMNS.iter().filter(|(_, kind)| kinds.contains(kind)).map(|(name, _)| *name).collect();
    select(names).prop_map(column).boxed()
}

pub(crate) fn number_literal() -> BoxedStrategy<f64> {
    prop_oneof![
        4 => select(&[0.0, -0.0, 1.0, 2.0, -1.0, 0.5, 24.0, 1e-3, -7.25][..]),
        1 => select(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324, 9_007_199_254_740_993.0][..]),
        1 => any::<f64>(),
    ]
    .boxed()
}

fn text_literal() -> BoxedStrategy<String> {
    prop_oneof![select(&["", "a", "b", "Ab c", "ä", "ẞß", "a×b", " ", "01"][..]).prop_map(str::to_owned), ".{0,4}"]
        .boxed()
}

/// Columns, and values that stand in the definition.
fn leaves() -> Layer {
    let number = columns_of(&[Kind::Float, Kind::Int]);
    let text_of = columns_of(&[Kind::Category, Kind::Text]);
    let list = prop::collection::vec(number_literal(), 0..4).prop_map(numbers);
    Layer([
        prop_oneof![4 => number, 1 => number_literal().prop_map(Expr::from)].boxed(),
        columns_of(&[Kind::Int]),
        prop_oneof![4 => text_of, 1 => text_literal().prop_map(text)].boxed(),
        columns_of(&[Kind::Time]),
        prop_oneof![4 => columns_of(&[Kind::Numbers]), 1 => list].boxed(),
        prop_oneof![
            4 => columns_of(&[Kind::Texts]),
            1 => prop::collection::vec(text_literal(), 0..4).prop_map(texts),
        ]
        .boxed(),
    ])
}

fn calls(names: &'static [&'static str], arguments: Vec<BoxedStrategy<Expr>>) -> BoxedStrategy<Expr> {
    (select(names), arguments).prop_map(|(name, arguments)| call(name, 1, arguments)).boxed()
}

fn zone() -> BoxedStrategy<Expr> {
    select(&["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Europe/Berlin"][..]).prop_map(text).boxed()
}

fn days() -> BoxedStrategy<Expr> {
    let days = ["1970-01-01", "2013-12-25", "2000-02-29", "0001-01-01", "9999-12-31"];
    prop::sample::subsequence(days.to_vec(), 1..=5).prop_map(texts).boxed()
}

fn pattern() -> BoxedStrategy<Expr> {
    select(&["^(a)|(b)", "(.)(.*)", "[0-9]+(x)?", "\\p{Lu}()", "(?i)AB|(Z)"][..]).prop_map(text).boxed()
}

fn whole(least: u32, most: u32) -> BoxedStrategy<Expr> {
    (least..=most).prop_map(|n| f64::from(n).into()).boxed()
}

fn list_of(item: &BoxedStrategy<Expr>, most: usize) -> BoxedStrategy<Vec<Expr>> {
    prop::collection::vec(item.clone(), 2..=most).boxed()
}

fn lookup(key: BoxedStrategy<Expr>, to_texts: bool) -> BoxedStrategy<Expr> {
    let entry = (text_literal(), number_literal(), text_literal());
    (key, prop::collection::vec(entry, 1..5))
        .prop_map(move |(key, mut entries)| {
            entries.sort_by(|(a, ..), (b, ..)| a.cmp(b));
            entries.dedup_by(|(a, ..), (b, ..)| a == b);
            let keys = texts(entries.iter().map(|(key, ..)| key.as_str()));
            let values = if to_texts {
                texts(entries.iter().map(|(.., value)| value.as_str()))
            } else {
                numbers(entries.iter().map(|(_, value, _)| *value))
            };
            key.lookup(keys, values)
        })
        .boxed()
}

fn function_of(name: &'static str, counts: BoxedStrategy<Vec<Expr>>) -> BoxedStrategy<Expr> {
    counts.prop_map(move |arguments| call(name, 1, arguments)).boxed()
}

/// Functions of what is below, and what is below.
fn above(below: &Layer) -> Layer {
    use Want::{Int, Number, Text, Texts, Time};
    let of = |want| below.of(want);
    let ngrams = |of: BoxedStrategy<Expr>| {
        (of, 1_u8..4, 0_u8..2).prop_map(|(value, least, more)| value.ngrams(least, least + more)).boxed()
    };
    let choices = |want: Want| {
        let of = || below.of(want);
        vec![calls(&["or_else"], vec![of(), of()]), calls(&["if_else"], vec![below.of(Number), of(), of()])]
    };
    let or = |want: Want, calls: Vec<BoxedStrategy<Expr>>| {
        let calls = Union::new(calls.into_iter().chain(choices(want)));
        prop_oneof![1 => below.of(want), 4 => calls].boxed()
    };
    let any = Union::new([Number, Text, Time, Want::Numbers, Texts].map(of)).boxed();
    let floats = vec![
        calls(&["plus", "minus", "times", "over", "power", "least", "greatest"], vec![of(Number), of(Number)]),
        calls(
            &["negative", "absolute", "square_root", "exp", "ln", "ln_1p", "log10", "round", "floor", "ceiling"],
            vec![of(Number)],
        ),
        calls(&["clip"], vec![of(Number); 3]),
        calls(&["cycle_sin", "cycle_cos"], vec![of(Number), number_literal().prop_map(Expr::from).boxed()]),
        calls(&["list_sum", "list_mean", "list_min", "list_max"], vec![of(Want::Numbers)]),
        calls(&["haversine"], vec![of(Number); 4]),
        calls(&["seconds_since"], vec![of(Time), of(Time)]),
        lookup(of(Text), false),
    ];
    let text_or_int = Union::new([of(Text), of(Int)]).boxed();
    let ints = vec![
        calls(&["greater", "at_least", "less", "at_most", "equal", "and", "or"], vec![of(Number), of(Number)]),
        calls(&["is_nan", "not"], vec![of(Number)]),
        calls(&["is_missing"], vec![any]),
        calls(
            &[
                "minute_utc",
                "hour_utc",
                "weekday_utc",
                "is_weekend_utc",
                "day_utc",
                "day_of_year_utc",
                "month_utc",
                "year_utc",
            ],
            vec![of(Time)],
        ),
        calls(
            &[
                "minute_in",
                "hour_in",
                "weekday_in",
                "is_weekend_in",
                "day_in",
                "day_of_year_in",
                "month_in",
                "year_in",
            ],
            vec![of(Time), zone()],
        ),
        calls(&["is_holiday", "days_to_holiday"], vec![of(Time), zone(), days()]),
        calls(&["weekday"], vec![of(Number); 3]),
        calls(&["length", "hash"], vec![of(Text)]),
        calls(&["starts_with", "contains_text"], vec![of(Text), of(Text)]),
        calls(&["matches"], vec![of(Text), pattern()]),
        calls(&["list_length"], vec![Union::new([of(Want::Numbers), of(Texts)]).boxed()]),
        calls(&["list_contains"], vec![of(Texts), of(Text)]),
        calls(&["list_contains"], vec![of(Want::Numbers), of(Number)]),
    ];
    let int = or(Int, ints);
    let texts_made = vec![
        calls(&["lower", "upper", "trim"], vec![of(Text)]),
        calls(&["extract"], vec![of(Text), pattern(), whole(0, 1)]),
        function_of("concat", list_of(&of(Text), 4)),
        function_of("cross", list_of(&text_or_int, 4)),
        lookup(of(Text), true),
        calls(&["geohash"], vec![of(Number), of(Number), whole(1, 12)]),
    ];
    let lists = vec![calls(&["words"], vec![of(Text)]), ngrams(of(Text)), ngrams(of(Texts))];
    Layer([
        prop_oneof![2 => or(Number, floats), 1 => int.clone()].boxed(),
        int,
        or(Text, texts_made),
        or(Time, Vec::new()),
        or(Want::Numbers, Vec::new()),
        or(Texts, lists),
    ])
}

/// Expressions of up to so many calls in one another.
pub(crate) fn expression(want: Want, depth: usize) -> BoxedStrategy<Expr> {
    (0..depth).fold(leaves(), |below, _| above(&below)).of(want)
}

/// A value and up to three transforms; its name is given later.
fn of_value() -> BoxedStrategy<Feature> {
    let chain = |want: Want, first: Then| {
        let value = prop_oneof![1 => expression(want, 0), 2 => expression(want, 2), 1 => expression(want, 4)];
        (value, first, prop::collection::vec(of_numbers(), 0..3)).prop_map(|(value, first, rest)| {
            let feature = first.put(Feature::new("", value));
            rest.iter().fold(feature, |feature, next| next.put(feature))
        })
    };
    prop_oneof![
        4 => chain(Want::Number, number()),
        3 => chain(Want::Text, of_texts()),
        1 => chain(Want::Texts, Union::new([hashing(), tf_idf()]).boxed()),
    ]
    .boxed()
}

/// A whole set: values, products of them (which may come first), over the columns that they read and some more.
pub(crate) fn set() -> BoxedStrategy<FeatureSet> {
    let factors = prop::collection::vec(any::<prop::sample::Index>(), 1..3);
    let product = (factors, prop::collection::vec(of_numbers(), 0..2), any::<bool>());
    let products = prop_oneof![
        2 => prop::collection::vec(product.clone(), 0..1),
        1 => prop::collection::vec(product, 1..3),
    ];
    let parts = (prop::collection::vec(of_value(), 1..7), products);
    let columns = prop::sample::subsequence(COLUMNS[1..].to_vec(), 0..COLUMNS.len()).prop_shuffle();
    (parts, columns)
        .prop_map(|((mut features, products), columns)| {
            let mut names = Vec::new();
            for (place, feature) in features.iter_mut().enumerate() {
                feature.name = format!("f{place}");
                names.push(feature.name.clone());
            }
            for (place, (factors, transforms, first)) in products.iter().enumerate() {
                let factors: Vec<&str> =
                    factors.iter().map(|factor| names[factor.index(names.len())].as_str()).collect();
                let product = Feature::interaction(&format!("p{place}"), &factors);
                let product = transforms.iter().fold(product, |feature, next| next.put(feature));
                features.insert(if *first { 0 } else { features.len() }, product);
            }
            build(features, &columns)
        })
        .boxed()
}

/// The set over these columns, and after them those that its features want too.
fn build(features: Vec<Feature>, columns: &[(&'static str, Kind)]) -> FeatureSet {
    let written = serde_json::to_string(&features).unwrap();
    let is_read = |name: &str| written.contains(&format!("{{\"column\":\"{name}\"}}"));
    let mut builder = FeatureSet::builder("random", "at");
    let others = COLUMNS[1..].iter().filter(|column| is_read(column.0) && !columns.contains(column));
    for (name, kind) in columns.iter().chain(others) {
        builder = kind.column(builder, name);
    }
    builder.features(features).build(&Catalog::new()).unwrap()
}
