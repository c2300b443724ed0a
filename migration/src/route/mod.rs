//! Routes: which paths move, and which of them a request belongs to.
//!
//! Invariant: for every request at most one route counts, the most specific one, and [`Table::explain`] tells why.
//! Not here: the facade's own paths, which come before any wildcard; where a route stands now (the journal rules).

mod config;
mod farewell;
mod only;
mod pattern;
mod table;

pub use config::{
    By, CanaryConfig, CaptureConfig, CompareConfig, IdsConfig, Move, PromoteConfig, RollbackConfig, RouteConfig,
    ShadowConfig,
};
pub use farewell::farewell;
pub use only::OnlyConfig;
pub use pattern::PathPattern;
pub use table::{Explained, Found, Table};
