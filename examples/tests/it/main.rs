//! The laws, on the real flights.

mod by_hand;
mod data;
mod laws;
