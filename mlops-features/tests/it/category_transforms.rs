//! Transforms of categories and lists of texts give the numbers of scikit-learn 1.9.1
//! (`tests/oracle/category_transforms.py`): codes, places and zeros exactly, all else to 1e-12.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_core::{EncodedMatrix, JsonFloat, SlotEncoder, SlotKind, Value};
use mlops_features::{
    ArgumentError, Catalog, CategoryCount, Dropped, Expr, Feature, FeatureError, FeatureSet, FittedFeatures,
    Frequency, Hashing, Infrequent, Norm, NullPlace, NullTexts, OneHot, Ordinal, ScalarFn, Scratch, TfIdf, Unknown,
    call, column,
};
use serde::Deserialize;

use crate::rows::{Row, batch, row};

pub(crate) fn near(got: f64, wanted: f64) -> bool {
    got == wanted || (got - wanted).abs() <= 1e-12 * wanted.abs()
}

/// The items of a text, between commas; none of an empty one.
#[derive(Debug)]
struct Items;

impl ScalarFn for Items {
    fn name(&self) -> &str {
        "items"
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, _: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        Ok(SlotKind::Texts)
    }

    fn call<'a>(&self, arguments: &[Value<'a>], scratch: &'a Scratch) -> Value<'a> {
        match arguments {
            [Value::Text(text)] => Value::Texts(scratch.texts(text.split(',').filter(|_| !text.is_empty()))),
            _ => Value::Missing,
        }
    }
}

pub(crate) fn catalog() -> Catalog {
    Catalog::new().with(Arc::new(Items))
}

/// The items of the column `key`.
pub(crate) fn items() -> Expr {
    call("items", 1, [column("key")])
}

pub(crate) fn keys<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Vec<Row> {
    (0..).zip(texts).map(|(at, key)| row(at, None, None, key)).collect()
}

pub(crate) fn set_of(feature: Feature) -> Result<FeatureSet, FeatureError> {
    FeatureSet::builder("set", "at").categories(&["key"]).features([feature]).build(&catalog())
}

pub(crate) fn fitted(feature: Feature, rows: &[Row]) -> Result<FittedFeatures, FeatureError> {
    let catalog = catalog();
    set_of(feature)?.fit(|| [Ok(batch(rows))], &catalog)
}

fn encoded(feature: Feature, rows: &[Row], probe: &[Row]) -> EncodedMatrix {
    fitted(feature, rows).unwrap().encode_batch(&batch(probe)).unwrap()
}

#[derive(Deserialize)]
pub(crate) struct Fixture {
    columns: Vec<BTreeMap<String, Vec<Option<String>>>>,
    one_hot: Vec<OneHotCase>,
    ordinal: Vec<OrdinalCase>,
    counts: Vec<CountCase>,
    hashing: Vec<HashingCase>,
    tf_idf: Vec<TfIdfCase>,
    pub(crate) target: Vec<serde_json::Value>,
    pub(crate) stratified: Vec<serde_json::Value>,
    pub(crate) products: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct OneHotCase {
    column: String,
    min_count: Option<u64>,
    min_share: Option<f64>,
    max_categories: Option<u32>,
    drop: Option<String>,
    unknown: String,
    names: Vec<String>,
    probe: Vec<Option<String>>,
    places: Vec<Option<usize>>,
    unseen_is_refused: bool,
}

#[derive(Deserialize)]
struct OrdinalCase {
    column: String,
    nulls: String,
    min_count: Option<u64>,
    min_share: Option<f64>,
    max_categories: Option<u32>,
    given: Option<Vec<String>>,
    probe: Vec<Option<String>>,
    places: Vec<f64>,
}

#[derive(Deserialize)]
struct CountCase {
    column: String,
    probe: Vec<Option<String>>,
    counts: Vec<f64>,
    shares: Vec<f64>,
}

type Entries = Vec<Vec<(usize, f64)>>;

#[derive(Deserialize)]
#[serde(untagged)]
enum HashingCase {
    Rows { rows: Vec<Vec<String>> },
    Case { numbers: u32, signed: bool, entries: Entries },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TfIdfCase {
    Rows {
        rows: Vec<Vec<String>>,
        probe: Vec<Vec<String>>,
    },
    Case {
        sublinear: bool,
        norm: Option<String>,
        smooth: bool,
        min_documents: u64,
        max_share: f64,
        max_texts: Option<u32>,
        names: Vec<String>,
        entries: Entries,
    },
}

pub(crate) fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../data/category_transforms.json")).unwrap()
}

fn rows_of(texts: &[Option<String>]) -> Vec<Row> {
    keys(texts.iter().map(Option::as_deref))
}

fn joined(lists: &[Vec<String>]) -> Vec<Row> {
    lists.iter().map(|list| row(0, None, None, Some(&list.join(",")))).collect()
}

#[test]
fn one_hot_is_that_of_one_hot_encoder() {
    let fixture = fixture();
    assert!(fixture.one_hot.len() > 500);
    for case in fixture.one_hot {
        let unknown = match case.unknown.as_str() {
            "error" => Unknown::Refuse,
            "ignore" => Unknown::AsAll,
            _ => Unknown::Infrequent,
        };
        let drop = match case.drop.as_deref() {
            None => Dropped::Keep,
            Some("first") => Dropped::First,
            _ => Dropped::IfBinary,
        };
        let min_share = case.min_share.map(JsonFloat);
        let infrequent = Infrequent { min_count: case.min_count, min_share, max_categories: case.max_categories };
        let encoding = OneHot { unknown, drop, infrequent, null_category: true };
        let about = format!("{} {encoding:?}", case.column);
        let features =
            fitted(Feature::one_hot("key", "key", encoding), &rows_of(&fixture.columns[0][&case.column])).unwrap();
        let names = case.names.iter().map(|name| match name.as_str() {
            "key_None" => "key.missing".into(),
            "key_infrequent_sklearn" => "key=infrequent…".into(),
            name => name.replacen('_', "=", 1),
        });
        assert_eq!(features.names().to_vec(), names.collect::<Vec<_>>(), "{about}");
        for (row, place) in rows_of(&case.probe).iter().zip(&case.places) {
            let got = features.encode_batch(&batch(std::slice::from_ref(row)));
            if case.unseen_is_refused && row.key.as_deref() == Some("unseen") {
                // A batch of no numbers at all looks at no row.
                assert!(got.is_err() || case.names.is_empty(), "{about}");
                continue;
            }
            let mut wanted = vec![0.0; case.names.len()];
            place.iter().for_each(|&place| wanted[place] = 1.0);
            assert_eq!(got.unwrap().values.row(0).to_vec(), wanted, "{about} {row:?}");
        }
    }
}

#[test]
fn ordinal_is_that_of_ordinal_encoder() {
    let fixture = fixture();
    assert!(fixture.ordinal.len() > 200);
    for case in fixture.ordinal {
        let min_share = case.min_share.map(JsonFloat);
        let infrequent = Infrequent { min_count: case.min_count, min_share, max_categories: case.max_categories };
        let nulls = match case.nulls.as_str() {
            "no" => NullPlace::Unknown,
            "none" => NullPlace::Last,
            _ => NullPlace::number(-2.5),
        };
        let encoding = Ordinal { given: case.given, ..Ordinal::unknown(-1.0).nulls(nulls).infrequent(infrequent) };
        let about = format!("{} {encoding:?} {:?}", case.column, case.probe);
        let rows = rows_of(&fixture.columns[0][&case.column]);
        let got = encoded(Feature::new("key", "key").then(encoding), &rows, &rows_of(&case.probe));
        assert_eq!(got.values.column(0).to_vec(), case.places, "{about}");
    }
}

#[test]
fn counts_and_shares_are_those_of_the_rows() {
    let fixture = fixture();
    for case in fixture.counts {
        let (rows, probe) = (rows_of(&fixture.columns[0][&case.column]), rows_of(&case.probe));
        let count = CategoryCount::new(Unknown::AsAll).null_category();
        assert_eq!(
            encoded(Feature::new("n", "key").then(count), &rows, &probe).values.column(0).to_vec(),
            case.counts
        );
        let share = Frequency::new(Unknown::AsAll).null_category();
        assert_eq!(
            encoded(Feature::new("n", "key").then(share), &rows, &probe).values.column(0).to_vec(),
            case.shares
        );
        let share = Frequency::new(Unknown::AsAll);
        let unknown = encoded(Feature::new("n", "key").then(share), &rows, &keys([None, Some("unseen")]));
        assert!(unknown.values.iter().all(|&x| x == 0.0), "no row counts for what is unknown");
    }
}

/// Compares dense numbers with the entries that are not zero.
fn compare(got: &EncodedMatrix, entries: &[Vec<(usize, f64)>], about: &str) {
    for (row, (got, wanted)) in got.values.rows().into_iter().zip(entries).enumerate() {
        let got: Vec<(usize, f64)> = got.iter().copied().enumerate().filter(|(_, x)| *x != 0.0).collect();
        let places = |entries: &[(usize, f64)]| entries.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        assert_eq!(places(&got), places(wanted), "row {row} {about}");
        for ((_, got), (_, wanted)) in got.iter().zip(wanted) {
            assert!(near(*got, *wanted), "row {row} {about}: {got} {wanted}");
        }
    }
}

#[test]
fn hashing_is_that_of_feature_hasher() {
    let mut cases = fixture().hashing.into_iter();
    let Some(HashingCase::Rows { rows }) = cases.next() else { panic!("the rows come first") };
    for case in cases {
        let HashingCase::Case { numbers, signed, entries } = case else { panic!("one list of rows") };
        let encoding = Hashing { signed, ..Hashing::new(numbers, NullTexts::Refuse) };
        let got = encoded(Feature::new("words", items()).then(encoding), &keys([Some("x")]), &joined(&rows));
        compare(&got, &entries, &format!("{encoding:?}"));
        assert_eq!(got.values.shape(), [rows.len(), numbers as usize]);
        // A category is a list of one text.
        let ones: Vec<_> = rows.iter().zip(&entries).filter(|(row, _)| row.len() == 1).collect();
        assert!(!ones.is_empty());
        for (row, entries) in ones {
            let rows = keys([Some(row[0].as_str())]);
            for seen in [&rows, &keys([Some("another")])] {
                let got = encoded(Feature::new("word", "key").then(encoding), seen, &rows);
                compare(&got, std::slice::from_ref(entries), &row[0]);
            }
        }
    }
}

#[test]
fn tf_idf_is_that_of_tfidf_vectorizer() {
    let mut cases = fixture().tf_idf.into_iter();
    let Some(TfIdfCase::Rows { rows, probe }) = cases.next() else { panic!("the rows come first") };
    assert!(cases.len() > 100);
    for case in cases {
        let TfIdfCase::Case { sublinear, norm, smooth, min_documents, max_share, max_texts, names, entries } = case
        else {
            panic!("one list of rows")
        };
        let norm = match norm.as_deref() {
            Some("l1") => Norm::L1,
            Some(_) => Norm::L2,
            None => Norm::None,
        };
        let max_share = JsonFloat(max_share);
        let encoding =
            TfIdf { nulls: NullTexts::Refuse, sublinear, norm, smooth, min_documents, max_share, max_texts };
        let got = encoded(Feature::new("w", items()).then(encoding), &joined(&rows), &joined(&probe));
        compare(&got, &entries, &format!("{encoding:?}"));
        assert_eq!(got.names.to_vec(), names.iter().map(|name| format!("w={name}")).collect::<Vec<_>>());
    }
}
