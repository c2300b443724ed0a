//! Ingest: a dropped row's way into the store.
//!
//! A feed's thread reads (`feeds`), one worker thread writes (`worker`): it takes deliveries into a transaction
//! (`session`, `units`, `touch`, `letters`), commits by size or time, and acknowledges only what survives a power cut.

mod again;
mod apply;
mod codes;
mod deleted;
mod engine;
mod feeds;
mod letters;
mod live;
mod lookups;
mod marks;
mod outdated;
mod passes;
mod rederive;
mod replay;
mod session;
mod snapshots;
mod start;
mod state;
mod touch;
mod unit;
mod units;
mod worker;
mod world;

pub use again::batch_of;
pub use codes::CODES;
pub use engine::Engine;
pub use feeds::{FeedState, StoreMemory};
pub use live::{LiveQueue, LiveRead};
pub use replay::{Replayed, accept, discard, replay};
pub use session::Session;
pub use start::{Ingest, OnCommit, start};
pub use state::{ColumnState, DatasetState, Drift, Suspended, differences};
pub use unit::OpenFeed;
pub use units::{States, Taken};
pub use worker::Desk;
pub use world::lookup_key;
