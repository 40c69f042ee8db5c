//! The laws, on the real flights.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod by_hand;
mod data;
mod flight;
mod laws;
mod served;
mod service;
mod thresholds;
