//! The engine against a far side in memory that counts every key it gets: the rules, each broken, and everything at random.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod drift;
mod far;
mod faults;
mod home;
mod pages;
mod plain;
mod random;
mod reading;
mod rules;
mod traces;
mod values;
