//! Idle connections of one thread: a request belongs to the thread that serves it, and so do the connections it goes over.
//!
//! What was closed meanwhile is dropped when it is come across, or when another one comes back.

use crate::http1::Link;
use std::cell::RefCell;

thread_local! {
    /// By the upstream's number. They are few: going through them is quicker than any table.
    static POOL: RefCell<Vec<(u64, Vec<Link>)>> = const { RefCell::new(Vec::new()) };
}

/// Where connections of an upstream rest.
#[derive(Clone, Copy)]
pub(crate) struct Home {
    /// The upstream's number.
    pub(crate) upstream: u64,
    /// How many rest at most.
    pub(crate) most: usize,
}

impl Home {
    /// A connection that can bear a request, the one used last: others may then grow old and be closed. `surely`: even one
    /// that was closed a moment ago is none.
    pub(crate) fn take(self, surely: bool) -> Option<Link> {
        POOL.with_borrow_mut(|pool| {
            let (_, links) = pool.iter_mut().find(|(number, _)| *number == self.upstream)?;
            while let Some(mut link) = links.pop() {
                if link.is_fresh(surely) {
                    return Some(link);
                }
            }
            None
        })
    }

    /// Takes one back whose answer is over.
    pub(crate) fn take_back(self, mut link: Link) {
        link.rest();
        POOL.with_borrow_mut(|pool| {
            let Some((_, links)) = pool.iter_mut().find(|(number, _)| *number == self.upstream) else {
                return pool.push((self.upstream, vec![link]));
            };
            // The oldest goes where there are too many, or where it was closed.
            let oldest_goes =
                links.len() >= self.most || links.first_mut().is_some_and(|oldest| !oldest.is_fresh(false));
            if oldest_goes && !links.is_empty() {
                links.remove(0);
            }
            if self.most > 0 {
                links.push(link);
            }
        });
    }

    /// Forgets an upstream that is no more.
    pub(crate) fn forget(self) {
        // A thread that ends has forgotten it already.
        let _ = POOL.try_with(|pool| pool.borrow_mut().retain(|(number, _)| *number != self.upstream));
    }
}
