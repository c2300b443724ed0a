//! The adapter against real drivers and servers. What is missing is a failure, not a skipped test: `scripts/setup.sh --for
//! test` installs it. SQL Server has no server here: its driver is only asked to fail well.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod mariadb;
mod mdb;
mod postgres;
mod sqlite;
mod tds;
mod worker;
