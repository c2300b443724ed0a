//! Running what a request asks for against a reader.
//!
//! Invariant: nothing here knows HTTP; what the store says goes to the log, the consumer gets a refusal that names
//! neither SQL nor files. Work and memory are bounded for each call.
//! Not here: what a query means (`core/query`), how an answer looks (`http/render`).

mod changes;
mod embed;
mod find;
mod page;

pub use changes::{Change, ChangesPage, changes};
pub use embed::{Children, Embedded, Fetched, MAX_CHILDREN, MAX_EMBEDDED, fetch, id_of};
pub use find::{Answer, find, live, referrer};
pub use page::{Rows, conditions, count, page, scope_of};

pub use banyan_store::{Condition, Found, Reader};

use banyan_model::refusal::Refusal;
use banyan_store::StoreError;

/// The refusal a failed read becomes.
pub fn unreadable(e: StoreError) -> Refusal {
    tracing::error!(error = %e, "the store cannot be read");
    Refusal::new("store-unavailable", "the gateway's store cannot be read at the moment; nothing is lost")
}

/// The refusal of a row that cannot be read.
pub fn damaged(found: &Found) -> Refusal {
    tracing::error!(id = %found.id, "a row of the store is damaged or of a newer format");
    Refusal::new("internal", "the stored instance cannot be read; its operator finds the reason in the log")
}
