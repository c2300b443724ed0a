//! The facade: extract → intent, answer → render, refusal → problem+json.
//!
//! A request runs through these rooms in this order, each ending it or handing on a value: `server` (sockets, limits) →
//! `handle` (`caller`: who calls; the facade, or a route that leads elsewhere: `proxy`) → `facade` (its pipeline) → `route` (path → target) → `wants` (headers) → `core/query`
//! (parameters) → `one`, `list`, `feed` (one answer each, by `runtime/execute`) → `render`, `csv`, `stream`.
//! `fault` alone knows which status a refusal has.
//! Invariant: no request reads beyond its bounds, buffers a whole result, or shows what the store or a source said.
//! Not here: SQL (`store`), what a query means (`core/query`).

mod brownout;
mod cache;
mod caller;
mod captured;
mod conditional;
mod csv;
mod docs;
mod dress;
mod explain;
mod explained;
mod facade;
mod fault;
mod feed;
mod fresh;
mod gzip;
mod handle;
mod list;
mod media;
mod meter;
mod one;
pub mod openapi;
mod proxy;
mod render;
mod route;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod trace;
mod wants;
mod worker;

pub use docs::errors_table;
pub use explain::{Explanation, Step, explain};
pub use explained::{Asked, World};
pub use fault::status as status_of;
pub use openapi::plain_document;
pub use proxy::Inside;
pub use server::{Limits, serve};
pub use trace::id as trace_id;
