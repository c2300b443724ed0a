//! A small TDS 7.4 server for tests.
//!
//! It listens on a port of this machine, logs clients in, and answers real SELECTs from an embedded SQLite database in
//! real TDS: PRELOGIN with TLS wrapped in its packets, LOGIN7, SQL batches, `sp_executesql` with typed parameters,
//! `sp_describe_first_result_set`, COLMETADATA, ROW and NBCROW in the encoding of every type, ERROR, INFO, ENVCHANGE, DONE,
//! and attention. It misbehaves on demand ([`Mood`]) and remembers what it saw ([`Seen`]).
//!
//! What of SQL Server it does not show, so that no test here says anything about it: locks, lock time-outs and deadlocks
//! (their errors come on demand, from nowhere), transactions, snapshot isolation (SET statements are only noted), change
//! tracking, query plans, index seeks and what a cast does to them, collations' comparison and order (SQLite's own), type
//! conversion and overflow, permissions (the answers to permission questions are what the test set), several results in
//! one answer, MARS, fixed-length type tokens of NOT NULL columns, schemas other than `dbo`, Windows logins, routing, and
//! T-SQL beyond a few words that are rewritten one by one: brackets, `TOP`, `CAST`, `N''`, `@P1`. Named instances' browser
//! service is not there either.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod catalog;
mod conversation;
mod login;
mod rpc;
mod server;
mod sql;
mod tokens;
mod types;
mod wire;

pub use server::{LoginSeen, Mood, Options, Seen, Server, Tls};
