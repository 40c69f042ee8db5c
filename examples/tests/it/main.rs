//! The laws, on the real flights.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backfilled;
mod by_hand;
mod data;
mod flight;
mod killed;
mod laws;
mod served;
mod service;
mod stores;
mod thresholds;
