//! The version depends on the values and on nothing else; what doesn't meet expectations is set aside.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use mlops_core::{Dataset, DatasetError, DatasetVersion, Expectations, Timestamp};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

fn table(numbers: &[Option<f64>], texts: &[Option<String>]) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Float64Array::from(numbers.to_vec()));
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    RecordBatch::try_from_iter_with_nullable([("x", numbers, true), ("s", texts, true)]).unwrap()
}

fn version(batches: impl IntoIterator<Item = RecordBatch>) -> DatasetVersion {
    Dataset::from_batches(batches).unwrap().version()
}

fn column(name: &str, array: impl arrow::array::Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([(name, Arc::new(array) as ArrayRef, true)]).unwrap()
}

proptest! {
    #[test]
    fn version_ignores_layout_and_sees_every_cell(
        rows in prop::collection::vec((prop::option::of(any::<f64>()), prop::option::of(".{0,6}")), 1..60),
        cut in any::<prop::sample::Index>(),
        changed in any::<prop::sample::Index>(),
        row_group in 1_usize..20,
    ) {
        let (numbers, texts): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        let batch = table(&numbers, &texts);
        let wanted = version([batch.clone()]);

        let cut = cut.index(rows.len());
        prop_assert_eq!(version([batch.slice(0, cut), batch.slice(cut, rows.len() - cut)]), wanted);

        let folder = tempfile::tempdir().unwrap();
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())] {
            let path = folder.path().join("table.parquet");
            let properties = WriterProperties::builder()
                .set_compression(compression)
                .set_max_row_group_row_count(Some(row_group))
                .set_dictionary_enabled(compression == Compression::UNCOMPRESSED)
                .build();
            let file = std::fs::File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            prop_assert_eq!(Dataset::read_parquet(&path).unwrap().version(), wanted);
        }

        let row = changed.index(rows.len());
        let (mut numbers, mut texts) = (numbers, texts);
        let kept = numbers[row];
        numbers[row] = match kept { None => Some(0.0), Some(x) => Some(if x == 1.0 { 2.0 } else { 1.0 }) };
        prop_assert_ne!(version([table(&numbers, &texts)]), wanted);
        numbers[row] = kept;
        texts[row] = match &texts[row] { None => Some(String::new()), Some(text) => Some(format!("{text}!")) };
        prop_assert_ne!(version([table(&numbers, &texts)]), wanted);
    }
}

#[test]
fn version_ignores_the_encoding_of_texts() {
    let texts = vec![Some("EWR"), None, Some("JFK"), Some("EWR")];
    let wanted = version([column("s", StringArray::from(texts.clone()))]);
    assert_eq!(version([column("s", LargeStringArray::from(texts.clone()))]), wanted);
    assert_eq!(version([column("s", StringViewArray::from(texts.clone()))]), wanted);
    assert_eq!(version([column("s", DictionaryArray::<Int32Type>::from_iter(texts))]), wanted);
}

#[test]
fn version_sees_names_types_order_and_signs() {
    let of = |batch| version([batch]);
    let ints = || Int64Array::from(vec![1, 2]);
    let wanted = of(column("x", ints()));
    assert_ne!(of(column("y", ints())), wanted);
    assert_ne!(of(column("x", Float64Array::from(vec![1.0, 2.0]))), wanted);
    assert_ne!(of(column("x", Int64Array::from(vec![2, 1]))), wanted);
    assert_ne!(of(column("x", TimestampMicrosecondArray::from(vec![1, 2]))), wanted);
    let float = |x: Option<f64>| of(column("x", Float64Array::from(vec![x])));
    assert_ne!(float(Some(0.0)), float(Some(-0.0)));
    assert_ne!(float(Some(f64::NAN)), float(None));
    let nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
    assert!(nan.is_nan());
    assert_eq!(float(Some(f64::NAN)), float(Some(nan)));
}

#[test]
fn bad_files_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.parquet");
    let error = Dataset::read_parquet(&path).unwrap_err();
    assert!(matches!(&error, DatasetError::Io { path: named, .. } if *named == path), "{error}");

    let texts: Vec<_> = (0..500).map(|i| Some(format!("text {i}"))).collect();
    let whole = Dataset::from_batches([table(&vec![Some(1.0); 500], &texts)]).unwrap();
    whole.write_parquet(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 1, 4, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = Dataset::read_parquet(&path).unwrap_err();
        assert!(error.to_string().contains("flights.parquet"), "{error}");
    }
}

#[test]
fn rows_that_fail_are_set_aside_with_every_reason() {
    let batch = table(
        &[Some(1.0), Some(7.0), None, Some(f64::NAN), Some(2.0), Some(2.0)],
        &[Some("a"), Some("z"), Some("a"), Some("a"), None, None].map(|text| text.map(str::to_owned)),
    );
    let checked = Expectations::new()
        .between("x", 0.0, 5.0)
        .one_of("s", &["a", "b"])
        .unique(&["x", "s"])
        .check(&Dataset::from_batches([batch]).unwrap())
        .unwrap();
    assert_eq!((checked.clean.rows(), checked.quarantine.rows.rows()), (3, 3));
    assert_eq!(
        checked.quarantine.rows.texts("reason").unwrap(),
        [
            "x is outside of 0 to 5 (got 7.0); s is not one of the allowed (got z)",
            "x is outside of 0 to 5 (got NaN)",
            "x, s repeats",
        ]
    );
    assert_eq!(checked.quarantine.rows.texts("row").unwrap(), ["1", "3", "5"]);
    assert_eq!(
        checked.quarantine.to_string(),
        "2 x is outside of 0 to 5, 1 s is not one of the allowed, 1 x, s repeats"
    );
}

#[test]
fn expectations_that_do_not_fit_name_the_column() {
    let table = Dataset::from_batches([table(&[Some(1.0)], &[Some("a".into())])]).unwrap();
    for (expectations, cause) in [
        (Expectations::new().not_null(&["y"]), "there is no column `y`"),
        (Expectations::new().between("s", 0.0, 1.0), "`s` is of type Utf8, not a number"),
        (Expectations::new().one_of("x", &["a"]), "type Float64 is not a text"),
    ] {
        let error = expectations.check(&table).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(cause), "{source}");
    }
    let error = table.between("x", Timestamp::MIN, Timestamp::MAX).unwrap_err();
    assert_eq!(error.to_string(), "column `x` is of type Float64; times were wanted");
}
