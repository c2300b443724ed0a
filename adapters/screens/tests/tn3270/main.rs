//! 3270 sessions with the real `s3270` program, against the stock system of `banyan-testkit-tn3270`.
//!
//! Where `s3270` is not installed these tests fail; scripts/setup.sh brings it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bad_input;
mod flows;
mod stock;
mod transport;
