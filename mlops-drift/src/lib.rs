//! mlops-drift
