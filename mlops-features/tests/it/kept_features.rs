//! Features of format 1, kept as bytes: later code opens them, and gives the same bits.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mlops_core::{Encoder, SlotEncoder, Slots};
use mlops_features::{
    BucketEncoding, Bucketise, Catalog, CategoryCount, ClipToQuantiles, DropConstant, DropMissing, Edges, Expr,
    Feature, FeatureSet, FittedFeatures, Folds, Frequency, Hashing, Impute, Infrequent, MaxAbs, MinMax, NaNs, Norm,
    NullPlace, NullTexts, Nulls, OneHot, Ordinal, Power, Quantile, Robust, Standard, Target, TfIdf, Transform,
    Unknown, column, concat, cross, geohash, haversine, numbers, text, texts, weekday,
};

use crate::random_definitions::{bits, fit_whole, labels_of};
use crate::random_rows::{COLUMNS, Cell, Kind, Row, batch};

/// Every built-in function, as a number.
fn functions() -> Vec<Expr> {
    let x = || column("x");
    let n = || column("n");
    let (score, rooms) = (|| column("customer.score"), || column("customer.home.rooms"));
    let (at, then, note, title) = (|| column("at"), || column("then"), || column("note"), || column("item.title"));
    let (scores, tags) = (|| column("scores"), || column("tags"));
    let berlin = "Europe/Berlin";
    let days = ["2013-12-25", "2014-01-01"];
    vec![
        x().plus(n()).minus(score()).times(0.5).over(3.0),
        x().absolute().power(0.3).least(score()).greatest(-2.0),
        x().negative().square_root(),
        n().exp(),
        score().absolute().ln(),
        n().ln_1p(),
        rooms().plus(1.0).log10(),
        x().round(),
        x().floor().plus(score().ceiling()),
        x().clip(-5.0, 5.0),
        n().cycle_sin(7.0),
        n().cycle_cos(7.0),
        x().greater(n()).or(x().less(0.0)),
        x().at_least(1.0).and(n().at_most(9.0)).negated(),
        n().equal(4.0),
        score().is_nan(),
        column("key").is_missing(),
        x().or_else(n()),
        x().greater(0.0).if_else(x(), score()),
        at().minute_utc(),
        at().hour_utc(),
        at().weekday_utc(),
        at().is_weekend_utc(),
        at().day_utc(),
        at().day_of_year_utc(),
        at().month_utc(),
        at().year_utc(),
        then().minute_in("Asia/Kolkata"),
        then().hour_in("America/New_York"),
        then().weekday_in("Pacific/Apia"),
        then().is_weekend_in("Pacific/Apia"),
        then().day_in(berlin),
        then().day_of_year_in(berlin),
        then().month_in(berlin),
        then().year_in(berlin),
        at().is_holiday(berlin, days),
        at().days_to_holiday(berlin, days),
        at().seconds_since(then()),
        weekday(2013.0, rooms().plus(1.0), n()),
        note().lower().length(),
        note().upper().trim().hash(),
        title().starts_with(text("a")),
        title().contains_text(note()),
        note().matches("^[a-c]"),
        title().extract("([a-z]+) ", 1).hash(),
        concat([note(), text("-"), title()]).hash(),
        cross([column("key"), rooms()]).hash(),
        column("customer.city").lookup(texts(["a", "b"]), numbers([1.5, -0.0])),
        column("customer.city").lookup(texts(["a", "b"]), texts(["x", "yz"])).length(),
        title().words().list_length(),
        note().ngrams(1, 2).list_contains(text("b")),
        scores().list_sum().plus(scores().list_mean()),
        scores().list_min(),
        scores().list_max(),
        column("item.sizes").list_contains(2.0),
        tags().list_length(),
        haversine([x(), score()], [n(), rooms()]),
        geohash([x(), score()], 7).hash(),
    ]
}

/// A set with every built-in function and transform. What is kept was made by it: it stays as it is.
pub(crate) fn everything() -> FeatureSet {
    let number = |name: &str| Feature::number(name, "x", Nulls::NaN);
    let infrequent = Infrequent { min_count: Some(2), ..Infrequent::default() };
    let bucketise = Bucketise { encode: BucketEncoding::OneHot, ..Bucketise::uniform(4, NaNs::Bucket) };
    let given = Edges::Given([-10.0, 0.0, 2.5].map(mlops_core::JsonFloat).to_vec());
    let mut builder = FeatureSet::builder("everything", "at");
    for (name, kind) in &COLUMNS[1..] {
        builder = kind.column(builder, name);
    }
    let computed = functions().into_iter().enumerate();
    builder
        .features(
            computed.map(|(place, value)| Feature::number(&format!("f{place}"), value, Nulls::constant(-1.5))),
        )
        .features([
            Feature::interaction("key × scaled", &["key", "scaled"]),
            Feature::number("mean", "x", Nulls::Mean.flagged()).then(Standard::default()),
            Feature::number("median", "n", Nulls::Median),
            Feature::number("mode", "n", Nulls::MostFrequent).then(MinMax::between(-1.0, 1.0).clipped()),
            Feature::number("refused", column("at").hour_utc(), Nulls::Refuse),
            number("scaled").then(MaxAbs {}),
            number("robust").then(Robust::between(0.1, 0.9)),
            number("quantile").then(Quantile::uniform(10)),
            number("normal")
                .then(Quantile { output: mlops_features::Distribution::Normal, ..Quantile::uniform(10) }),
            number("power").then(Power::default()),
            Feature::number("box-cox", column("n").plus(1.0), Nulls::Mean).then(Power::box_cox()),
            number("buckets").then(bucketise),
            number("given").then(Bucketise { edges: given, ..Bucketise::uniform(2, NaNs::Bucket) }),
            number("imputed").then(Impute::median().flagged()).then(Standard { mean: true, deviation: false }),
            number("clipped").then(ClipToQuantiles::between(0.05, 0.95)),
            number("constant").then(Impute::constant(2.0)).then(DropConstant::at_most(0.0)),
            Feature::number("gone", column("x").times(0.0).or_else(0.0), Nulls::NaN)
                .then(DropConstant::at_most(0.0)),
            number("missing").then(DropMissing::above(0.5)),
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::one_hot("rare", "other key", OneHot::new(Unknown::Infrequent).min_count(3).null_category()),
            Feature::one_hot("dropped", "key", OneHot::new(Unknown::Infrequent).max_categories(3).drop_first()),
            Feature::new("ordinal", "customer.city")
                .then(Ordinal::unknown(-1.0).infrequent(infrequent).nulls(NullPlace::Last)),
            Feature::new("given order", "key").then(Ordinal::unknown(-1.0).given(&["b", "a", "never"])),
            Feature::new("count", column("note").lower()).then(CategoryCount::new(Unknown::AsAll).null_category()),
            Feature::new("share", "key").then(Frequency::new(Unknown::AsAll)),
            Feature::new("hashed", "note").then(Hashing::new(7, NullTexts::Empty)),
            Feature::new("hashed tags", "tags").then(Hashing::new(5, NullTexts::Empty).unsigned()),
            Feature::new("tf-idf", "item.tags").then(TfIdf::new(NullTexts::Empty)),
            Feature::new("tf", column("item.title").words()).then(TfIdf {
                sublinear: true,
                norm: Norm::L1,
                max_texts: Some(4),
                ..TfIdf::new(NullTexts::Empty)
            }),
            Feature::target("target", "key", 5.0, Unknown::AsAll),
            Feature::new("classes", "customer.city")
                .then(Target { folds: Folds::Stratified(3), ..Target::auto(Unknown::AsAll) }.each_class()),
            Feature::interaction("square", &["mean", "mean"]).then(Standard::default()),
        ])
        .build(&Catalog::new())
        .unwrap()
}

/// So many rows with something of everything, always the same.
pub(crate) fn some_rows(count: usize) -> Vec<Row> {
    let texts = ["a", "b", "c", "", "ä", "a b", "Foo bar baz", "b c d", "ab", "a×b"];
    let text = |i: usize| texts[i % texts.len()].to_owned();
    let float = |i: usize| (i * 7919 % 1009) as f64 * 0.173 - 60.0;
    let cell = |row: usize, (place, (_, kind)): (usize, &(&str, Kind))| {
        let i = row * 31 + place * 17 + row * row % 13;
        match kind {
            _ if place > 0 && i % 11 == 3 => Cell::Null(()),
            Kind::Float if i % 41 == 5 => Cell::Float(f64::NAN),
            Kind::Float => Cell::Float(if i % 29 == 2 { -0.0 } else { float(i) }),
            Kind::Int => Cell::Int((i % 13) as i64),
            // From 2010 on, since what zones will do may still change.
            Kind::Time => Cell::Int((i as i64 * 79_193 + 1_262_304_000) * 1_000_000),
            Kind::Category | Kind::Text => Cell::Text(text(i / 3)),
            Kind::Numbers => Cell::Numbers((0..i % 5).map(|item| float(i + item).round()).collect()),
            Kind::Texts => Cell::Texts((0..i % 4).map(|item| text(i + item)).collect()),
        }
    };
    (0..count).map(|row| Row(COLUMNS.iter().enumerate().map(|column| cell(row, column)).collect())).collect()
}

static FITTED: LazyLock<FittedFeatures> =
    LazyLock::new(|| fit_whole(&everything(), &batch(&some_rows(80)), &labels_of(80)).unwrap());

/// The set, fitted on some of its rows.
pub(crate) fn some_fit() -> &'static FittedFeatures {
    &FITTED
}

fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/features-1")).to_owned()
}

/// Rows that were fitted on, and others.
fn rows_to_encode() -> Vec<Row> {
    some_rows(100).split_off(70)
}

#[test]
#[ignore = "writes tests/data/features-1, once for the format"]
fn write_the_features_of_this_format() {
    let (folder, features, rows) = (folder(), some_fit(), rows_to_encode());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("features"), features.to_bytes()).unwrap();
    let numbers = features.encode_batch(&batch(&rows)).unwrap().values;
    let numbers: Vec<_> = numbers.rows().into_iter().map(bits).collect();
    fs::write(folder.join("rows.json"), lines(rows.iter().map(Row::to_json))).unwrap();
    fs::write(folder.join("bits.json"), lines(numbers.iter().map(|row| serde_json::json!(row)))).unwrap();
}

/// A JSON list, a line an item.
fn lines(items: impl Iterator<Item = serde_json::Value>) -> String {
    format!("[\n{}\n]\n", items.map(|item| item.to_string()).collect::<Vec<_>>().join(",\n"))
}

#[test]
fn features_of_format_1_open_and_give_the_same_bits() {
    let kept = fs::read(folder().join("features")).unwrap();
    let features = FittedFeatures::from_bytes(&kept, &Catalog::new()).unwrap();
    assert!(features.to_bytes() == kept, "saved again, they are the same bytes");
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&read("rows.json")).unwrap();
    let rows: Vec<Row> = rows.iter().map(Row::from_json).collect();
    let wanted: Vec<Vec<u64>> = serde_json::from_str(&read("bits.json")).unwrap();
    let matrix = features.encode_batch(&batch(&rows)).unwrap().values;
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    assert_eq!((rows.len(), matrix.nrows()), (wanted.len(), wanted.len()));
    for ((row, of_batch), wanted) in rows.iter().zip(matrix.rows()).zip(&wanted) {
        assert_eq!(&bits(of_batch), wanted);
        features.read(row, &mut slots).unwrap();
        features.encode(&slots, &mut numbers).unwrap();
        assert_eq!(&bits(&numbers), wanted);
    }
}

#[test]
fn features_are_still_fitted_and_written_as_format_1() {
    assert!(some_fit().to_bytes() == fs::read(folder().join("features")).unwrap());
    let definition = serde_json::to_string(&everything()).unwrap();
    for (function, version) in Catalog::new().functions() {
        let called = format!("\"function\":\"{function}\",\"version\":{version}");
        assert!(definition.contains(&called), "{function}");
    }
    let transforms = [
        Bucketise::NAME,
        CategoryCount::NAME,
        ClipToQuantiles::NAME,
        DropConstant::NAME,
        DropMissing::NAME,
        Frequency::NAME,
        Hashing::NAME,
        Impute::NAME,
        MaxAbs::NAME,
        MinMax::NAME,
        mlops_features::Number::NAME,
        OneHot::NAME,
        Ordinal::NAME,
        Power::NAME,
        Quantile::NAME,
        Robust::NAME,
        Standard::NAME,
        Target::NAME,
        TfIdf::NAME,
    ];
    for transform in transforms {
        assert!(definition.contains(&format!("\"name\":\"{transform}\",\"version\"")), "{transform}");
    }
}
