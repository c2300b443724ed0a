//! Looks after sessions that rest: closes those that rested too long, keeps the others alive.
//!
//! Invariant: one thread a source, and only while a session is open.

use super::desk::Desk;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Sees to it that somebody looks.
pub(super) fn look_after(desk: &Arc<Desk>) {
    if desk.pool.count().0 == 0 || !desk.take_keeping() {
        return;
    }
    let pool = &desk.map().pool;
    let shortest = pool.keep_alive.as_ref().map_or(pool.idle, |(_, every)| pool.idle.min(*every));
    let tick = (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let weak = Arc::downgrade(desk);
    let spawned = std::thread::Builder::new().name("banyan-keeper".into()).spawn(move || watch(&weak, tick));
    if let Err(e) = spawned {
        desk.keeping.store(false, Ordering::SeqCst);
        tracing::error!(source = %desk.cx.source, "there is no thread to look after sessions: {e}");
    }
}

fn watch(desk: &Weak<Desk>, tick: Duration) {
    loop {
        std::thread::sleep(tick);
        let Some(desk) = desk.upgrade() else { return };
        if desk.keep() {
            continue;
        }
        desk.keeping.store(false, Ordering::SeqCst);
        // One may have been opened meanwhile, by somebody who saw that we look.
        if desk.pool.count().0 == 0 || !desk.take_keeping() {
            return;
        }
    }
}
