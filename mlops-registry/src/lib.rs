//! mlops-registry
