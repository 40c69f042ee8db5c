//! What it costs to load features: a thousand of them without vocabularies, as many numbers.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use criterion::{Criterion, criterion_group, criterion_main};
use mlops_features::{Catalog, Feature, FeatureError, FeatureSet, FittedFeatures, Nulls, Standard, column};

/// A thousand features over a hundred columns: as they are, computed, imputed and standardised.
fn a_thousand() -> FittedFeatures {
    let catalog = Catalog::new();
    let names: Vec<String> = (0..100).map(|i| format!("column {i}")).collect();
    let features = (0..1000).map(|i| {
        let (name, value) = (format!("feature {i}"), column(names[i % 100].as_str()));
        match i / 100 {
            0..3 => Feature::number(&name, value, Nulls::constant(0.0)),
            3..6 => Feature::number(&name, value, Nulls::Mean.flagged()).then(Standard::default()),
            _ => {
                let value = value.plus(names[(i + 1) % 100].as_str()).times(0.5).clip(-100.0, 100.0);
                Feature::number(&name, value, Nulls::Mean).then(Standard::default())
            }
        }
    });
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let set = FeatureSet::builder("thousand", "at").floats(&columns).features(features);
    let set = set.build(&catalog).expect("a set");
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(0..50));
    let floats = names.iter().enumerate().map(|(i, name)| {
        let floats = (0..50).map(|row| f64::from(row * 37 % 41) * 0.3 + i as f64);
        (name.as_str(), Arc::new(Float64Array::from_iter_values(floats)) as ArrayRef)
    });
    let rows = RecordBatch::try_from_iter([("at", at)].into_iter().chain(floats)).expect("a table");
    set.fit(|| [Ok::<_, FeatureError>(rows.clone())], &catalog).expect("a fit")
}

fn load(criterion: &mut Criterion) {
    let (catalog, bytes) = (Catalog::new(), a_thousand().to_bytes());
    criterion.bench_function("load 1,000 features without vocabularies", |bencher| {
        bencher.iter_with_large_drop(|| FittedFeatures::from_bytes(black_box(&bytes), &catalog).expect("features"));
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
