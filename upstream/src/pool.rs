//! Idle connections of one thread.
//!
//! A connection whose answer is still streaming stays here too, and is not given out before it is ready: no task has to
//! wait for that. Closed ones are dropped when they are come across.

use crate::body::Outgoing;
use hyper::client::conn::http1::SendRequest;
use std::cell::RefCell;

thread_local! {
    /// By the upstream's number. They are few: going through them is quicker than any table.
    static POOL: RefCell<Vec<(u64, Vec<SendRequest<Outgoing>>)>> = const { RefCell::new(Vec::new()) };
}

/// A connection that is ready, the one used last: others may then grow old and be closed.
pub(crate) fn take(upstream: u64) -> Option<SendRequest<Outgoing>> {
    POOL.with_borrow_mut(|pool| {
        let (_, connections) = pool.iter_mut().find(|(number, _)| *number == upstream)?;
        connections.retain(|c| !c.is_closed());
        let at = connections.iter().rposition(SendRequest::is_ready)?;
        Some(connections.remove(at))
    })
}

/// Takes one back after its request was sent. Beyond `most` the oldest idle one goes.
pub(crate) fn give(upstream: u64, connection: SendRequest<Outgoing>, most: usize) {
    POOL.with_borrow_mut(|pool| {
        let Some((_, connections)) = pool.iter_mut().find(|(number, _)| *number == upstream) else {
            return pool.push((upstream, vec![connection]));
        };
        connections.push(connection);
        if connections.len() > most {
            connections.retain(|c| !c.is_closed());
            while connections.iter().filter(|c| c.is_ready()).count() > most {
                let Some(at) = connections.iter().position(SendRequest::is_ready) else { break };
                connections.remove(at);
            }
        }
    });
}

/// Forgets an upstream that is no more.
pub(crate) fn forget(upstream: u64) {
    POOL.with_borrow_mut(|pool| pool.retain(|(number, _)| *number != upstream));
}
