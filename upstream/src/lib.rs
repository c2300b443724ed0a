//! HTTP client of the services behind the wrapper: legacy web applications and their modern successors.
//!
//! Purpose: one request goes to one upstream, its answer comes back, both streaming.
//! Invariant: a request whose bytes may have reached the upstream is never sent again unless its method is safe; hop-by-hop
//! fields end here, in both directions; nothing is buffered beyond a frame.
//! Not here: which upstream a request goes to, what is compared, what an answer means.
//!
//! Pools belong to a thread: a worker that serves a request also talks to the upstream, without locks or task switches.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod body;
mod budget;
mod config;
mod connect;
mod contract;
mod failure;
pub mod fields;
mod http1;
mod pool;
mod send;
mod spare;

pub use body::{BodyError, Broke, Incoming, Outgoing};
pub use config::{HostField, Timeouts, TlsConfig, UpstreamConfig};
pub use contract::ContractConfig;
pub use failure::{Failure, Sent};
pub use fields::Fields;
pub use http1::{Upgraded, read_for_fuzzing};
pub use send::{Answer, Request, Upstream};
