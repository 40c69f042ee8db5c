//! Compatibility modes against what the other tools give. The values are from `tests/oracle/compat_*.py`.

mod car_loan;
mod evidently;
mod frouros;
mod laws;
mod nannyml;
mod scouter;

/// Within this relative difference.
#[track_caller]
fn near(got: f64, wanted: f64, relative: f64, what: &str) {
    let off = (got - wanted).abs();
    assert!(off <= relative * wanted.abs() || got == wanted, "{what}: {got} is not {wanted}, off by {off:e}");
}

/// Categories named `00`, `01` and so on.
fn categories(counts: &[u64]) -> mlops_drift::compat::Categories {
    let named = counts.iter().enumerate().map(|(i, &count)| (format!("{i:02}"), count));
    mlops_drift::compat::Categories::of_counts(named, 0)
}
