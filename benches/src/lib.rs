//! Nothing here: the benches are under `benches/`, and run by `cargo bench -p mlops-benches`.
