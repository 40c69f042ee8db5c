//! What was answered comes back as one table, with what came of it.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Float64Type, Schema};
use mlops_core::{Dataset, Outcome, SourcedBundle};
use mlops_serve::{
    Live, Loader, LogError, LogOptions, OutcomeJoin, PredictionLog, Runner, read_predictions, read_predictions_of,
};

use crate::toy::{ScaledFormat, ShareFormat, at, bundle_of, loaded, loaded_with_lists};

fn outcome<'a>(id: &'a str, label: f64, available: i64) -> Outcome<'a> {
    Outcome { id, at: at(0), version: 1, outputs: &[], label, available: at(available) }
}

/// A folder with what two versions answered, and some outcomes.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path(), LogOptions::default()).unwrap();
    let live = |version, scale, share| {
        let bundle = loaded(scale, share);
        let observer = log.observer(version, &bundle);
        Live::new(version, bundle, vec![observer])
    };
    let runner = Runner::new(live(1, 0.5, 0.5));
    runner.predict("c", &-1.0, at(30)).unwrap();
    runner.predict("b", &0.5, at(10)).unwrap();
    log.flush().unwrap();
    runner.predict("a", &8.0, at(10)).unwrap();
    assert!(runner.outcome(&outcome("b", 1.0, 70)));
    log.flush().unwrap();
    runner.swap(live(2, 3.0, 7.0)).unwrap();
    runner.predict("d", &1.0, at(20)).unwrap();
    // Of three that came, the one that was available first counts, wherever it was logged.
    for (label, available) in [(0.0, 60), (0.25, 65)] {
        runner.outcome(&outcome("b", label, available));
    }
    runner.outcome(&outcome("nobody", 1.0, 60));
    runner.outcome(&outcome("d", 0.5, 90));
    log.flush().unwrap();
    let counts = log.counts();
    assert_eq!((counts.written, counts.outcomes_written, counts.outcomes_waiting), (4, 5, 0));
    folder
}

fn names(table: &Dataset) -> Vec<String> {
    table.batch().schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// The only file of predictions whose name begins so, under another version's name and with other columns.
fn altered(folder: &Path, from: &str, to: &str, alter: impl Fn(&str) -> Option<String>) {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let entry = entries.into_iter().find(|entry| entry.file_name().to_str().unwrap().starts_with(from)).unwrap();
    let table = Dataset::read_parquet(entry.path()).unwrap();
    let (schema, columns) = (table.batch().schema(), table.batch().columns());
    let renamed = schema.fields().iter().zip(columns);
    let renamed = renamed.filter_map(|(field, column)| {
        Some((Field::clone(field).with_name(alter(field.name())?), ArrayRef::clone(column)))
    });
    let (fields, columns): (Vec<_>, Vec<_>) = renamed.unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    Dataset::from_batches([batch]).unwrap().write_parquet(folder.join(to)).unwrap();
}

/// `name`, but `to` where it is `from`.
fn rename<'a>(from: &'a str, to: &'a str) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| Some(if name == from { to } else { name }.to_owned())
}

#[test]
fn what_was_answered_comes_back_in_order_with_its_outcomes() {
    let folder = folder();
    let table = read_predictions(folder.path()).unwrap();
    let slots = ["x", "whole", "sign", "note", "when"];
    assert_eq!(names(&table)[..4], ["id", "at", "version", "latency_ns"]);
    assert_eq!(names(&table)[4..9], slots);
    assert_eq!(names(&table)[9..], ["output.probability", "label", "label_available"]);
    // By time, then by id, of both versions.
    assert_eq!(table.texts("id").unwrap(), ["a", "b", "d", "c"]);
    assert_eq!(table.times("at").unwrap(), [10, 10, 20, 30].map(|micros| Some(at(micros))));
    assert_eq!(table.texts("version").unwrap(), ["1", "1", "2", "1"]);
    assert_eq!(table.floats("x").unwrap(), [8.0, 0.5, 1.0, -1.0]);
    assert_eq!(table.floats("whole").unwrap(), [8.0, 0.0, 1.0, -1.0]);
    assert_eq!(table.texts("sign").unwrap(), ["plus", "plus", "plus", "minus"]);
    assert_eq!(table.texts("note").unwrap(), ["large", "", "", ""]);
    assert_eq!(table.times("when").unwrap(), table.times("at").unwrap());
    assert_eq!(table.floats("output.probability").unwrap(), [2.0, 0.125, 21.0, -0.25]);
    assert_eq!(table.texts("label").unwrap(), ["", "0.0", "0.5", ""]);
    assert_eq!(table.times("label_available").unwrap(), [None, Some(at(60)), Some(at(90)), None]);
}

#[test]
fn the_numbers_come_with_the_predictions_of_one_version() {
    let folder = folder();
    let first = read_predictions_of(folder.path(), 1).unwrap();
    assert_eq!(first.texts("id").unwrap(), ["a", "b", "c"]);
    assert_eq!(first.floats("number.scaled").unwrap(), [4.0, 0.25, -0.5]);
    assert_eq!(first.texts("label").unwrap(), ["", "0.0", ""]);
    assert_eq!(read_predictions_of(folder.path(), 2).unwrap().floats("number.scaled").unwrap(), [3.0]);
    // Version 1 is not version 10.
    let error = read_predictions_of(folder.path(), 10).unwrap_err();
    assert!(matches!(&error, LogError::NoPredictions { folder: named } if named == folder.path()), "{error}");
}

#[test]
fn columns_that_versions_do_not_share_are_left_out() {
    let folder = folder();
    altered(folder.path(), "v2-", "v3-x.parquet", |name| match name {
        "slot.whole" => None,
        // A text now, and two columns that only this version has.
        "slot.x" => Some("slot.y".into()),
        "slot.sign" => Some("slot.x".into()),
        "slot.when" => Some("slot.later".into()),
        other => Some(other.to_owned()),
    });
    let table = read_predictions(folder.path()).unwrap();
    let slots: Vec<_> = ["x", "y", "whole", "sign", "note", "when", "later"]
        .into_iter()
        .filter(|name| table.column(name).is_ok())
        .collect();
    assert_eq!(slots, ["note"]);
    assert_eq!(table.texts("version").unwrap(), ["1", "1", "2", "2", "1"], "all rows are there");
    assert!(read_predictions_of(folder.path(), 1).unwrap().column("whole").is_ok());
}

#[test]
fn lists_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path(), LogOptions::default()).unwrap();
    let bundle = loaded_with_lists(0.5, 0.5);
    let observer = log.observer(1, &bundle);
    let runner = Runner::new(Live::new(1, bundle, vec![observer]));
    for (place, row) in [3.0, -1.0, 0.0, 0.25].iter().enumerate() {
        runner.predict(&place.to_string(), row, at(place as i64)).unwrap();
        if place == 1 {
            log.flush().unwrap();
        }
    }
    log.flush().unwrap();
    let table = read_predictions(folder.path()).unwrap();
    let wanted: [Option<&[f64]>; 4] = [Some(&[3.0, 1.5]), None, Some(&[]), Some(&[0.25, 0.125])];
    let halves = table.column("halves").unwrap().as_list::<i32>();
    let got = halves.iter().map(|list| list.map(|list| list.as_primitive::<Float64Type>().values().to_vec()));
    assert_eq!(got.collect::<Vec<_>>(), wanted.map(|list| list.map(<[f64]>::to_vec)));
    let wanted = [Some(vec!["", "grün", "3"]), None, Some(vec![]), Some(vec!["", "grün", "0.25"])];
    let words = table.column("words").unwrap().as_list::<i32>();
    for (row, wanted) in wanted.into_iter().enumerate() {
        let list = words.is_valid(row).then(|| words.value(row));
        let texts = list.as_ref().map(|list| list.as_string::<i32>().iter().flatten().collect::<Vec<_>>());
        assert_eq!(texts, wanted);
    }
}

#[test]
fn lists_that_find_no_room_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    // 20 bytes a share: an id of one byte, two floats, and no room for the texts.
    let log = PredictionLog::new(folder.path(), LogOptions { bytes: 160, ..LogOptions::default() }).unwrap();
    let bundle = loaded_with_lists(0.5, 0.5);
    let observer = log.observer(1, &bundle);
    let runner = Runner::new(Live::new(1, bundle, vec![observer]));
    runner.predict("a", &0.5, at(0)).unwrap();
    let counts = log.counts();
    assert_eq!((counts.full, counts.waiting), (1, 0));
    runner.predict("b", &0.0, at(0)).unwrap();
    let counts = log.counts();
    assert_eq!((counts.full, counts.waiting), (1, 1));
}

#[test]
fn a_slot_keeps_its_name_and_what_else_has_it_yields() {
    for own in ["id", "at", "version", "latency_ns", "label", "label_available", "output.probability"] {
        let folder = folder();
        altered(folder.path(), "v2-", "v3-x.parquet", rename("slot.note", &format!("slot.{own}")));
        let plain = read_predictions_of(folder.path(), 2).unwrap();
        let table = read_predictions_of(folder.path(), 3).unwrap();
        let moved = format!("log.{own}");
        // The slot is a text that is missing in this row.
        assert_eq!(table.texts(own).unwrap(), [""], "{own}");
        assert_eq!(table.column(&moved).unwrap(), plain.column(own).unwrap());
        assert_eq!(table.batch().num_columns(), plain.batch().num_columns());
        // The others don't have that slot, and yet nothing else comes under its name.
        let all = read_predictions(folder.path()).unwrap();
        assert!(all.column(own).is_err() && all.column(&moved).is_ok(), "{own}");
        assert_eq!(all.rows(), 5);
    }
}

#[test]
fn two_columns_of_one_name_are_named() {
    let folder = folder();
    altered(folder.path(), "v2-", "v3-x.parquet", |name| {
        let slot = match name {
            "slot.note" => "slot.at",
            "slot.sign" => "slot.log.at",
            other => other,
        };
        Some(slot.to_owned())
    });
    let error = read_predictions_of(folder.path(), 3).unwrap_err();
    assert!(matches!(&error, LogError::RepeatedColumn { column } if column == "log.at"), "{error}");
}

#[test]
fn a_file_that_is_damaged_or_not_the_logs_is_named() {
    let damage = |name: &str, write: &dyn Fn(&Path)| {
        let folder = folder();
        write(&folder.path().join(name));
        read_predictions(folder.path()).unwrap_err()
    };
    for name in ["v2-x.parquet", "outcomes-x.parquet"] {
        let error = damage(name, &|path| std::fs::write(path, "PAR1").unwrap());
        assert!(matches!(&error, LogError::Read { path, .. } if path.ends_with(name)), "{error}");
    }
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let table = Dataset::from_batches([RecordBatch::try_from_iter([("id", ids)]).unwrap()]).unwrap();
    let error = damage("v2-x.parquet", &|path| table.write_parquet(path).unwrap());
    assert!(matches!(&error, LogError::NotPredictions { path } if path.ends_with("v2-x.parquet")), "{error}");
    let error = damage("outcomes-x.parquet", &|path| table.write_parquet(path).unwrap());
    assert!(matches!(&error, LogError::NotOutcomes { path } if path.ends_with("outcomes-x.parquet")), "{error}");
    // The columns of outcomes, but a label that isn't there.
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(StringArray::from(vec!["b"]))),
        ("available", Arc::new(TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC"))),
        ("label", Arc::new(arrow::array::Float64Array::from(vec![None::<f64>]))),
    ];
    let table = Dataset::from_batches([RecordBatch::try_from_iter(columns).unwrap()]).unwrap();
    let error = damage("outcomes-x.parquet", &|path| table.write_parquet(path).unwrap());
    assert!(matches!(error, LogError::NotOutcomes { .. }), "{error}");
    // What is staged or not Parquet is no file of the log.
    let folder = folder();
    for name in [".v2-x.parquet.staged", "v2-x.txt"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(read_predictions(folder.path()).unwrap().rows(), 4);
}

#[test]
fn a_folder_without_predictions_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path(), LogOptions::default()).unwrap();
    log.observer(1, &loaded(0.5, 0.5)).outcome(&outcome("a", 1.0, 1));
    log.flush().unwrap();
    let error = read_predictions(folder.path()).unwrap_err();
    assert!(matches!(&error, LogError::NoPredictions { folder: named } if named == folder.path()), "{error}");
    let missing = folder.path().join("missing");
    let error = read_predictions(&missing).unwrap_err();
    assert!(matches!(&error, LogError::ReadFolder { folder, .. } if *folder == missing), "{error}");
}

#[test]
fn outcomes_that_find_no_room_or_no_file_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = PredictionLog::new(&path, LogOptions { rows: 4, ..LogOptions::default() }).unwrap();
    let observer = log.observer(1, &loaded(0.5, 0.5));
    let tell = |outcomes: std::ops::Range<u8>| {
        outcomes.for_each(|id| observer.outcome(&outcome(&id.to_string(), 1.0, 1)));
    };
    tell(0..6);
    let counts = log.counts();
    assert_eq!((counts.outcomes_waiting, counts.outcomes_full, counts.outcomes_written), (4, 2, 0));
    log.flush().unwrap();
    tell(0..1);
    std::fs::remove_dir_all(&path).unwrap();
    assert!(matches!(log.flush(), Err(LogError::Io { .. })));
    let counts = log.counts();
    assert_eq!((counts.outcomes_waiting, counts.outcomes_full), (0, 2));
    assert_eq!((counts.outcomes_written, counts.outcomes_failed), (4, 1));
    // Outcomes are no answers.
    assert_eq!((counts.observed, counts.waiting), (0, 0));
}

#[test]
fn a_loader_has_each_version_logged_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(PredictionLog::new(folder.path(), LogOptions::default()).unwrap());
    let join = Arc::new(OutcomeJoin::new(1000, std::time::Duration::from_secs(1)));
    let loader = Loader::new(ScaledFormat).model(ShareFormat).observer(&join).log(&log);
    let live = |version| {
        let bundle = Arc::new(bundle_of(0.5, 0.5, "probability"));
        loader.load(SourcedBundle { version, bundle }).unwrap()
    };
    let runner = Runner::new(live(1));
    runner.predict("a", &1.0, at(1)).unwrap();
    runner.swap(live(2)).unwrap();
    runner.predict("b", &1.0, at(2)).unwrap();
    assert_eq!(join.counts().observed, 2);
    for (id, version) in [("a", 1), ("b", 2)] {
        let joined = join.outcome(id, version as f64, at(9)).unwrap();
        assert_eq!(joined.version, version);
        assert!(runner.outcome(&joined.as_outcome()));
    }
    log.flush().unwrap();
    assert_eq!(read_predictions(folder.path()).unwrap().texts("label").unwrap(), ["1.0", "2.0"]);
}
