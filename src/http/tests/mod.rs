//! The facade through real sockets, over a real store.

mod caching;
mod document;
mod embedding;
mod feeding;
mod finding;
mod listing;
mod refusing;
mod reloading;
mod streaming;
mod world;
