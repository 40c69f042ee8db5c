//! mlops-features
