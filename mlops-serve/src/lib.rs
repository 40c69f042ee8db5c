//! mlops-serve
