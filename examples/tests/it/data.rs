//! The files are those that the script made.

use mlops_core::Fingerprint;
use mlops_examples::read;

#[test]
fn digests_are_those_recorded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let sums = std::fs::read_to_string(format!("{folder}/SHA256SUMS")).unwrap();
    let mut files = 0;
    for line in sums.lines() {
        let (digest, file) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(format!("{folder}/{file}")).unwrap();
        assert_eq!(Fingerprint::of(&bytes).to_string(), digest, "{file}");
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn rows_and_columns_are_those_of_the_source() {
    let flights = read("flights.parquet").unwrap();
    // 19 columns of the source and three instants.
    assert_eq!((flights.rows(), flights.batch().num_columns()), (336_776, 22));
    let weather = read("weather.parquet").unwrap();
    assert_eq!((weather.rows(), weather.batch().num_columns()), (26_115, 15));
}
