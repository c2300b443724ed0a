//! Consumers: who calls, by what a request's headers show.
//!
//! Invariant: this names callers and lets nobody in or out: whoever is not named is anonymous and served all the same. A
//! request that says a thing twice names nobody. No key is kept, its digest is.
//! Not here: what is counted of a consumer, what a route does with its name.

mod config;
mod digest;
mod signs;
mod token;
mod trust;
mod who;

pub use config::ConsumerConfig;
pub use digest::Digest;
pub use signs::{By, Sign};
pub use trust::{Network, Trust};
pub use who::{Consumers, Given, Headers, Memo};

/// What all callers without a name are called.
pub const ANONYMOUS: &str = "anonymous";
