//! What each worker thread keeps between requests: the current catalog, a reader, rendered instances, metric handles.
//!
//! Invariant: taking up a new catalog costs a request one comparison of a number, and no lock while it stays.

use super::cache::Cache;
use super::meter::Meters;
use crate::runtime::consumers::Tally;
use crate::runtime::execute::{Reader, unreadable};
use crate::runtime::serving::{Serving, Shared};
use banyan_migration::consumer::Memo;
use banyan_model::refusal::Refusal;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// How long a reader may be idle before it rests.
const REST: Duration = Duration::from_millis(300);

/// See the module.
pub(super) struct Worker {
    /// What this thread serves.
    pub(super) shared: Arc<Shared>,
    version: u64,
    /// The catalog this request sees.
    pub(super) serving: Arc<Serving>,
    reader: Option<Box<dyn Reader>>,
    /// Rendered instances.
    pub(super) cache: Cache,
    /// Metric handles.
    pub(super) meters: Meters,
    /// What was presented of late, and whom it named.
    pub(super) memo: Memo,
    /// Calls by consumer and route.
    pub(super) tally: Tally,
    /// Whether a timer waits to let the reader rest, and whether it was used since that looked last.
    timed: bool,
    used: bool,
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// Runs `f` with this thread's worker, brought up to date.
pub(super) fn with<R>(shared: &Arc<Shared>, f: impl FnOnce(&mut Worker) -> R) -> R {
    WORKER.with_borrow_mut(|slot| {
        let version = shared.version();
        let current = slot.as_ref().is_some_and(|w| w.version == version && Arc::ptr_eq(&w.shared, shared));
        if !current {
            *slot = None;
        }
        f(slot.get_or_insert_with(|| Worker {
            shared: shared.clone(),
            version,
            serving: shared.get(),
            reader: None,
            cache: Cache::new(),
            meters: Meters::default(),
            memo: Memo::default(),
            tally: Tally::default(),
            timed: false,
            used: false,
        }))
    })
}

/// Lets this thread's reader go of the commit it looks at as soon as nobody calls: it would keep the store from
/// reusing its log.
fn rest_later() {
    actix_web::rt::spawn(async {
        loop {
            actix_web::rt::time::sleep(REST).await;
            let again = WORKER.with_borrow_mut(|slot| {
                let Some(w) = slot else { return false };
                w.reader.iter_mut().for_each(|r| r.rest());
                w.timed = std::mem::replace(&mut w.used, false);
                w.timed
            });
            if !again {
                return;
            }
        }
    });
}

impl Worker {
    /// Runs `f` with this thread's reader. After a store's error a new reader is opened the next time.
    pub(super) fn read<R>(
        &mut self,
        f: impl FnOnce(&Serving, &mut dyn Reader) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let serving = self.serving.clone();
        self.read_as(&serving, f)
    }

    /// The same for a request that began under an earlier catalog.
    pub(super) fn read_as<R>(
        &mut self,
        serving: &Serving,
        f: impl FnOnce(&Serving, &mut dyn Reader) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        if !Arc::ptr_eq(&serving.store, &self.serving.store) {
            return f(serving, &mut *serving.store.reader().map_err(unreadable)?);
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => serving.store.reader().map_err(unreadable)?,
        };
        let result = f(serving, &mut *reader);
        self.used = true;
        if !std::mem::replace(&mut self.timed, true) {
            rest_later();
        }
        if result.as_ref().err().is_none_or(|r| r.def.code != "store-unavailable") {
            self.reader = Some(reader);
        }
        result
    }
}
