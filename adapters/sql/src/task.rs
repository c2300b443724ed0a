//! Blocking work as a future: on a thread of its own, told to stop when nobody waits any more.
//!
//! Invariant: the last one that stops waiting stops the work. Not here: what the work is.

use banyan_adapter::{Fault, Stop, Task};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Work that is under way, and those who wait for it.
pub(crate) struct Flight<T> {
    /// Tells the work to stop.
    pub stop: Stop,
    state: Mutex<State<T>>,
}

struct State<T> {
    result: Option<T>,
    wakers: Vec<Option<Waker>>,
    waiting: usize,
}

impl<T: Clone + Send + 'static> Flight<T> {
    pub(crate) fn new() -> Arc<Flight<T>> {
        let state = State { result: None, wakers: Vec::new(), waiting: 0 };
        Arc::new(Flight { stop: Stop::default(), state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the work on a thread of its own; `lost` is what is told if it dies.
    pub(crate) fn start(self: &Arc<Self>, work: impl FnOnce(&Stop) -> T + Send + 'static, lost: T, after: impl FnOnce() + Send + 'static) {
        struct Ends<T: Clone + Send + 'static, A: FnOnce()>(Arc<Flight<T>>, Option<T>, Option<A>);
        impl<T: Clone + Send + 'static, A: FnOnce()> Drop for Ends<T, A> {
            fn drop(&mut self) {
                if let Some(after) = self.2.take() {
                    after();
                }
                self.0.finish(self.1.take());
            }
        }
        let ends = Ends(self.clone(), Some(lost.clone()), Some(after));
        let spawned = std::thread::Builder::new().name("banyan-sql".into()).spawn(move || {
            let mut ends = ends;
            let result = work(&ends.0.stop);
            ends.1 = Some(result);
            drop(ends);
        });
        // Without a thread the closure is dropped, and with it `ends`: those who wait are told it is lost.
        drop(spawned);
    }

    fn finish(&self, result: Option<T>) {
        let mut state = self.lock();
        state.result = result;
        for waker in state.wakers.drain(..).flatten() {
            waker.wake();
        }
    }

    /// Waits for the result. `None` if the work was already told to stop because nobody waited.
    pub(crate) fn join(self: &Arc<Self>) -> Option<Waiting<T>> {
        let mut state = self.lock();
        if self.stop.stopped() {
            return None;
        }
        state.waiting += 1;
        state.wakers.push(None);
        let place = state.wakers.len() - 1;
        drop(state);
        Some(Waiting { flight: self.clone(), place })
    }
}

/// One who waits.
pub(crate) struct Waiting<T: Clone + Send + 'static> {
    flight: Arc<Flight<T>>,
    place: usize,
}

impl<T: Clone + Send + 'static> Future for Waiting<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.flight.lock();
        if let Some(result) = &state.result {
            return Poll::Ready(result.clone());
        }
        if let Some(place) = state.wakers.get_mut(self.place) {
            *place = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl<T: Clone + Send + 'static> Drop for Waiting<T> {
    fn drop(&mut self) {
        let mut state = self.flight.lock();
        state.waiting -= 1;
        if state.waiting == 0 && state.result.is_none() {
            self.flight.stop.stop();
        }
    }
}

/// Blocking work that one waits for.
pub(crate) fn off_thread<'a, T: Clone + Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, Fault> + Send + 'static,
) -> Task<'a, Result<T, Fault>> {
    let flight = Flight::new();
    let waiting = flight.join();
    let lost = Err(Fault::transient("source-lost", "the work on the source died; it is tried again"));
    flight.start(work, lost.clone(), || {});
    Box::pin(async move {
        match waiting {
            Some(waiting) => waiting.await,
            None => lost,
        }
    })
}
