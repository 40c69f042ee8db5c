//! What is read from tables, and what is printed as one.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampSecondArray,
};
use mlops_core::{BinaryEvaluator, Dataset, DatasetError, Table, Timestamp, Validation};

fn dataset<const N: usize>(columns: [(&str, ArrayRef); N]) -> Dataset {
    let columns = columns.map(|(name, array)| (name, array, true));
    Dataset::from_batches([RecordBatch::try_from_iter_with_nullable(columns).unwrap()]).unwrap()
}

fn ints(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int64Array>())
}

#[test]
fn rows_are_sorted_by_columns_and_ties_keep_their_order() {
    let rows = dataset([
        ("value", ints([Some(3), None, Some(-1), Some(3), Some(-1)])),
        ("second", ints([Some(1), Some(0), Some(2), Some(0), Some(2)])),
        ("place", ints((0..5).map(Some))),
    ]);
    let sorted = rows.sort_by(&["value"]).unwrap();
    assert_eq!(sorted.texts("place").unwrap(), ["1", "2", "4", "0", "3"]);
    assert_eq!(rows.sort_by(&["value", "second"]).unwrap().texts("place").unwrap(), ["1", "2", "4", "3", "0"]);
    assert_eq!(sorted.sort_by(&["value"]).unwrap().version(), sorted.version());
    let error = rows.sort_by(&["time"]).unwrap_err();
    assert!(matches!(&error, DatasetError::MissingColumn { column } if column == "time"), "{error}");
}

#[test]
fn floats_are_sorted_by_their_total_order() {
    let values = [f64::NAN, 0.0, -0.0, f64::NEG_INFINITY, 1.0].map(Some);
    let rows = dataset([("x", Arc::new(values.into_iter().chain([None]).collect::<Float64Array>()))]);
    let sorted = rows.sort_by(&["x"]).unwrap().texts("x").unwrap();
    assert_eq!(sorted, ["", "-inf", "-0.0", "0.0", "1.0", "NaN"]);
}

#[test]
fn the_last_rows_are_had_as_far_as_there_are_any() {
    let rows = dataset([("place", ints((0..5).map(Some)))]);
    assert_eq!(rows.last(2).texts("place").unwrap(), ["3", "4"]);
    assert_eq!((rows.last(9).version(), rows.last(0).rows()), (rows.version(), 0));
    // The version of the slice is that of its content.
    assert_eq!(rows.last(2).version(), dataset([("place", ints([Some(3), Some(4)]))]).version());
}

#[test]
fn numbers_and_times_are_had_from_columns_that_hold_them() {
    let seconds = TimestampSecondArray::from(vec![Some(1), None]).with_timezone("UTC");
    let rows = dataset([
        ("n", ints([Some(2), None])),
        ("s", Arc::new(StringArray::from(vec!["2.5", "word"]))),
        ("t", Arc::new(seconds)),
        ("b", Arc::new(BooleanArray::from(vec![true, false]))),
    ]);
    let floats = rows.floats("n").unwrap();
    assert!(floats[0] == 2.0 && floats[1].is_nan());
    assert_eq!(rows.times("t").unwrap(), [Some(Timestamp::from_micros(1_000_000)), None]);
    assert!(matches!(rows.floats("x"), Err(DatasetError::MissingColumn { .. })));
    assert!(matches!(rows.times("x"), Err(DatasetError::MissingColumn { .. })));
    let error = rows.times("n").unwrap_err();
    assert!(matches!(&error, DatasetError::WrongType { column, wanted: "times", .. } if column == "n"), "{error}");
    for column in ["s", "t"] {
        let error = rows.floats(column).unwrap_err();
        assert!(
            matches!(&error, DatasetError::WrongType { column: c, wanted: "numbers", .. } if c == column),
            "{error}"
        );
    }
    assert_eq!(rows.floats("b").unwrap(), [1.0, 0.0]);
}

#[test]
fn rows_are_sliced_by_the_month_of_their_time() {
    let seconds = |days: [Option<(i32, u32, u32)>; 5]| {
        let second =
            |(year, month, day): (i32, u32, u32)| Timestamp::from_date(year, month, day).as_micros() / 1_000_000;
        Arc::new(days.map(|day| day.map(second)).into_iter().collect::<TimestampSecondArray>()) as ArrayRef
    };
    let days = [Some((2013, 5, 31)), Some((2013, 6, 1)), Some((2013, 5, 1)), None, Some((1969, 12, 31))];
    let rows = dataset([("at", seconds(days)), ("n", ints((0..5).map(Some)))]);
    let evaluator = || BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap();
    let validation = || Validation::new(&rows, &[true, false, false, true, false], evaluator()).unwrap();
    let evaluation = validation().slice_by_month(&rows, "at").unwrap().of_constant(0.5).unwrap();
    let slices: Vec<_> =
        evaluation.slices().iter().map(|s| (s.column(), s.value(), s.rows(), s.positives())).collect();
    let wanted = [("", 1, 1), ("1969-12", 1, 0), ("2013-05", 2, 1), ("2013-06", 1, 0)];
    assert_eq!(slices, wanted.map(|(month, rows, positives)| ("month", month, rows, positives)));
    assert!(matches!(validation().slice_by_month(&rows, "n"), Err(DatasetError::WrongType { .. })));
    assert!(matches!(validation().slice_by_month(&rows, "when"), Err(DatasetError::MissingColumn { .. })));
    // Twice by one column is refused when something is evaluated.
    let twice = validation().slice_by_month(&rows, "at").unwrap().slice_by_month(&rows, "at").unwrap();
    assert!(twice.of_constant(0.5).unwrap_err().to_string().contains("month"));
}

#[test]
fn evaluations_stand_side_by_side_with_a_column_of_ones_own() {
    let month = Arc::new(StringArray::from(vec!["May", "May", "June", "June", "July"])) as ArrayRef;
    let rows = dataset([("month", month)]);
    let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap();
    let validation = Validation::new(&rows, &[true, false, true, false, true], evaluator).unwrap();
    let whole = validation.of_constant(0.5).unwrap();
    let sliced = validation.slice_by(&rows, &["month"]).unwrap();
    let (half, quarter) = (sliced.of_constant(0.5).unwrap(), sliced.of_constant(0.25).unwrap());
    let mut table = Table::beside("month", &[("a", &half), ("b", &quarter), ("c", &whole)], &["brier", "nothing"]);
    table.column("version", |month| if month == "June" { "2".into() } else { String::new() });
    // Brier scores: 0.5² and (0.75² + 0.25²)/2; `c` isn't sliced, nobody has a metric `nothing`, July has one row.
    let lines: Vec<String> = table.to_string().lines().map(str::to_owned).collect();
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0].join(" "), "month rows brier a brier b brier c nothing a nothing b nothing c version");
    assert_eq!(cells[1][..2], ["July", "1"]);
    assert_eq!(cells[2], ["June", "2", "0.2500", "0.3125", "–", "–", "–", "–", "2"]);
    assert_eq!(cells[3], ["May", "2", "0.2500", "0.3125", "–", "–", "–", "–"]);
    // The last column ends where its head does.
    assert_eq!(lines[0].chars().count(), lines[2].chars().count());
    assert_eq!(Table::beside("month", &[], &["brier"]).to_string(), "month  rows\n");
}

#[test]
fn a_column_stands_under_its_head_whatever_the_rows_have() {
    let mut table = Table::new(["name", "a"]);
    table.row(["x".into()]);
    table.row(["y".into(), "1".into(), "22".into()]);
    table.column("b", |name| format!("{name}{name}"));
    assert_eq!(table.to_string(), "name  a       b\nx            xx\ny     1  22  yy\n");
    let mut empty = Table::default();
    empty.column("b", |_| unreachable!("there is no row"));
    assert_eq!(empty.to_string(), "");
}
