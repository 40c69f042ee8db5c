//! Definitions, stored features and rows that were changed at random: an error that names the thing, never a panic, and
//! no memory that only a number in a file asks for.

use std::sync::LazyLock;

use mlops_core::{EncodeError, Encoder, SlotEncoder, Slots};
use mlops_features::{Catalog, FeatureError, FeatureSet, FittedFeatures};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

use crate::kept_features::{everything, some_fit, some_rows};
use crate::random_definitions::{fit_whole, labels_of};
use crate::random_rows::{COLUMNS, Row, batch};
use crate::rows::set_over_time;

/// What is done at a place of a JSON value.
#[derive(Clone, Debug)]
enum Change {
    /// Another value in its place.
    Set(Json),
    /// What stands at another place.
    Copy(Index),
    /// Gone from the list or the object that it is in.
    Drop,
    /// There twice in its list, or under another name too.
    Twice,
    /// In so many lists, or calls, in one another.
    Deep(u8),
    /// A field that nothing knows.
    Field(String),
}

fn change() -> impl Strategy<Value = Change> {
    let words = [
        "", "f0", "x", "key", "number", "one_hot", "standard", "power", "plus", "text", "nothing", "NaN",
        "Infinity", "numbers", "category", "time", "count", "sum",
    ];
    let value = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        select(vec![json!(0), json!(1), json!(-1), json!(1_u64 << 60), json!(u64::MAX), json!(i64::MIN)]),
        select(vec![json!(1e300), json!(-0.0), json!(0.5), json!(4_294_967_295_u64), json!(65_537)]),
        select(words.to_vec()).prop_map(Json::from),
        Just(json!([])),
        Just(json!({})),
    ];
    prop_oneof![
        4 => value.prop_map(Change::Set),
        4 => any::<Index>().prop_map(Change::Copy),
        2 => Just(Change::Drop),
        2 => Just(Change::Twice),
        1 => any::<u8>().prop_map(Change::Deep),
        1 => "[a-z]{1,9}".prop_map(Change::Field),
    ]
}

fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    prop::collection::vec((any::<Index>(), change()), 1..4)
}

/// The pointers of all values in it.
fn pointers(json: &Json) -> Vec<String> {
    fn walk(json: &Json, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        match json {
            Json::Object(fields) => fields.iter().for_each(|(name, value)| {
                walk(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }),
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(place, item)| walk(item, &format!("{at}/{place}"), all));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(json, "", &mut all);
    all
}

fn changed(json: &Json, changes: &[(Index, Change)]) -> Json {
    let mut json = json.clone();
    for (at, change) in changes {
        let all = pointers(&json);
        let pointer: &String = at.get(&all);
        let there = json.pointer(pointer).unwrap().clone();
        let replace = |json: &mut Json, value: Json| *json.pointer_mut(pointer).unwrap() = value;
        let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", ""));
        match change {
            Change::Set(value) => replace(&mut json, value.clone()),
            Change::Copy(from) => {
                let from: &String = from.get(&all);
                let other = json.pointer(from).unwrap().clone();
                replace(&mut json, other);
            }
            Change::Drop | Change::Twice if pointer.is_empty() => {}
            Change::Drop => match json.pointer_mut(parent) {
                Some(Json::Object(fields)) => drop(fields.remove(name)),
                Some(Json::Array(items)) => drop(items.remove(name.parse().unwrap())),
                _ => {}
            },
            Change::Twice => match json.pointer_mut(parent) {
                Some(Json::Object(fields)) => drop(fields.insert(format!("{name}2"), there)),
                Some(Json::Array(items)) => items.push(there),
                _ => {}
            },
            Change::Deep(depth) => {
                let of = |inner: Json| match &inner {
                    Json::Object(fields) if fields.contains_key("column") || fields.contains_key("call") => {
                        json!({"call": {"function": "negative", "version": 1, "arguments": [inner]}})
                    }
                    _ => json!([inner]),
                };
                let deep = (0..*depth).fold(there, |inner, _| of(inner));
                replace(&mut json, deep);
            }
            Change::Field(name) => {
                if let Some(Json::Object(fields)) = json.pointer_mut(pointer) {
                    fields.insert(name.clone(), json!(1));
                }
            }
        }
    }
    json
}

/// The message of an error with those of its causes.
pub(crate) fn whole_message(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Whatever a definition's text says, it is an error or a set that can be fitted and encodes, or says why not.
fn tried(text: &str) -> Result<(), TestCaseError> {
    let catalog = Catalog::new();
    let Ok(set) = serde_json::from_str::<FeatureSet>(text) else { return Ok(()) };
    let started = set.start_fit(&catalog).map(drop);
    if started.is_ok() {
        prop_assert!(set.select(|_| true, &catalog).is_ok(), "what can be fitted is whole");
    }
    let features = started.and_then(|()| fit_whole(&set, &batch(&some_rows(12)), &labels_of(12)));
    match features {
        Ok(features) => used(&features),
        Err(error) => {
            prop_assert!(
                whole_message(&error).contains('`') || matches!(error, FeatureError::NoFeature { .. }),
                "{error}"
            );
            Ok(())
        }
    }
}

/// Features encode rows or refuse them, and are the same when they were saved.
fn used(features: &FittedFeatures) -> Result<(), TestCaseError> {
    let rows = some_rows(14);
    let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &Catalog::new());
    prop_assert_eq!(reloaded.map(|reloaded| reloaded.to_bytes()).unwrap(), features.to_bytes());
    let whole = features.encode_batch(&batch(&rows)).map(drop);
    let sparse = features.encode_batch_sparse(&batch(&rows)).map(drop);
    if !matches!(whole, Err(FeatureError::TooWide { .. })) {
        prop_assert_eq!(whole.map_err(|e| whole_message(&e)), sparse.map_err(|e| whole_message(&e)));
    }
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    for row in &rows {
        if features.read(row, &mut slots).is_ok() {
            let _ = features.encode(&slots, &mut numbers);
        }
    }
    Ok(())
}

/// The most memory that a call had at a time, in bytes.
fn most_bytes(call: impl FnOnce()) -> u64 {
    allocation_counter::measure(call).bytes_max
}

static STORED: LazyLock<(Json, Vec<u8>)> = LazyLock::new(|| {
    let bytes = some_fit().to_bytes();
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    (serde_json::from_slice(&bytes[..end]).unwrap(), bytes[end..].to_vec())
});

/// How much may be had for some thousands of stored bytes: as much as the widest rows that may be named take.
const MODEST: u64 = 64 << 20;

proptest! {
    #[test]
    fn a_changed_definition_is_an_error_or_a_set(changes in changes(), over_time in any::<bool>()) {
        let set = if over_time { set_over_time() } else { everything() };
        let text = changed(&serde_json::to_value(&set).unwrap(), &changes).to_string();
        tried(&text)?;
    }

    #[test]
    fn a_definition_of_changed_bytes_is_an_error_or_a_set(
        bytes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4), cut in prop::option::of(any::<Index>()),
    ) {
        let mut text = serde_json::to_vec(&everything()).unwrap();
        for (at, byte) in bytes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        text.truncate(cut.map_or(text.len(), |cut| cut.index(text.len())));
        if let Ok(text) = String::from_utf8(text) {
            tried(&text)?;
        }
    }

    #[test]
    fn changed_stored_features_are_an_error_or_features(changes in changes()) {
        let (json, vocabularies) = &*STORED;
        let bytes = [changed(json, &changes).to_string().as_bytes(), vocabularies].concat();
        let mut loaded = None;
        let most = most_bytes(|| loaded = Some(FittedFeatures::from_bytes(&bytes, &Catalog::new())));
        prop_assert!(most < MODEST, "{most} bytes");
        match loaded.unwrap() {
            Ok(features) => used(&features)?,
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn what_was_fitted_and_then_changed_is_an_error_or_features(changes in changes()) {
        let (json, vocabularies) = &*STORED;
        let mut json = json.clone();
        json["fitted"] = changed(&json["fitted"], &changes);
        let bytes = [json.to_string().as_bytes(), vocabularies].concat();
        let mut loaded = None;
        let most = most_bytes(|| loaded = Some(FittedFeatures::from_bytes(&bytes, &Catalog::new())));
        prop_assert!(most < MODEST, "{most} bytes");
        if let Ok(features) = loaded.unwrap() {
            used(&features)?;
        }
    }

    #[test]
    fn torn_and_changed_bytes_are_an_error_or_features(
        bytes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4), cut in prop::option::of(any::<Index>()),
    ) {
        let (json, vocabularies) = &*STORED;
        let whole = [json.to_string().as_bytes(), vocabularies].concat();
        let mut changed = whole.clone();
        // Half of the changes are in the vocabularies, which are a small part.
        for (i, (at, byte)) in bytes.into_iter().enumerate() {
            let from = if i % 2 == 0 { whole.len() - vocabularies.len() } else { 0 };
            let at = from + at.index(whole.len() - from);
            changed[at] = byte;
        }
        if let Some(cut) = cut {
            changed.truncate(cut.index(whole.len()));
            prop_assert!(FittedFeatures::from_bytes(&changed, &Catalog::new()).is_err());
        }
        let mut loaded = None;
        let most = most_bytes(|| loaded = Some(FittedFeatures::from_bytes(&changed, &Catalog::new())));
        prop_assert!(most < MODEST, "{most} bytes");
        if let Ok(features) = loaded.unwrap() {
            used(&features)?;
        }
    }

    #[test]
    fn a_changed_row_is_read_or_names_its_field(row in 0_usize..20, changes in changes()) {
        read_or_refused(&changed(&some_rows(20)[row].to_json(), &changes))?;
        let nested = serde_json::to_value(some_rows(20)[row].nested()).unwrap();
        read_or_refused(&changed(&nested, &changes))?;
    }

    #[test]
    fn any_json_is_a_row_or_names_its_field(row in crate::lists::json_value(), with in 0_usize..20) {
        read_or_refused(&row)?;
        // Often enough whole: what a row has, and some other values.
        let mut whole: serde_json::Map<_, _> = some_rows(20)[with].to_json().as_object().unwrap().clone();
        if let Json::Object(fields) = row {
            let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).cycle();
            whole.extend(fields.into_values().zip(names.skip(with)).map(|(value, name)| (name, value)));
        }
        read_or_refused(&Json::Object(whole))?;
    }
}

fn read_or_refused(row: &Json) -> Result<(), TestCaseError> {
    let features = some_fit();
    let mut slots = Slots::default();
    match features.read(row, &mut slots) {
        Ok(()) => {
            prop_assert_eq!(slots.first_absent(), None);
            let mut numbers = vec![0.0; features.names().len()];
            if let Err(error) = features.encode(&slots, &mut numbers) {
                prop_assert_eq!(error.to_string(), "feature `refused` got a null, which its null policy refuses");
            }
        }
        Err(EncodeError::MissingField { field } | EncodeError::WrongKind { field, .. }) => {
            prop_assert!(COLUMNS.iter().any(|(name, _)| *name == field), "{field}");
        }
        Err(error) => prop_assert!(matches!(error, EncodeError::NotARow { .. }), "{error}"),
    }
    Ok(())
}

#[test]
fn rows_written_as_json_are_the_rows() {
    for row in some_rows(30) {
        assert_eq!(format!("{:?}", Row::from_json(&row.to_json())), format!("{row:?}"));
    }
}
