//! The files are those that the script made.

use mlops_core::{Dataset, Fingerprint};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

#[test]
fn digests_are_those_recorded() {
    let sums = std::fs::read_to_string(format!("{FOLDER}/SHA256SUMS")).unwrap();
    let mut files = 0;
    for line in sums.lines() {
        let (digest, file) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(format!("{FOLDER}/{file}")).unwrap();
        assert_eq!(Fingerprint::of(&bytes).to_string(), digest, "{file}");
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn rows_and_columns_are_those_of_the_source() {
    let read = |file| Dataset::read_parquet(format!("{FOLDER}/{file}")).unwrap();
    let flights = read("flights.parquet");
    // 19 columns of the source and three instants.
    assert_eq!((flights.rows(), flights.batch().num_columns()), (336_776, 22));
    let weather = read("weather.parquet");
    assert_eq!((weather.rows(), weather.batch().num_columns()), (26_115, 15));
}
