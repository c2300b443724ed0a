//! Blocking work as a future: on a thread of its own, told to stop when nobody waits any more.
//!
//! Invariant: the answer may come before the work ends; work that dies is told as lost.

use crate::refusals;
use banyan_adapter::{Fault, Stop};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

struct State<T> {
    answer: Option<T>,
    waker: Option<Waker>,
}

type Shared<T> = Arc<Mutex<State<T>>>;

fn lock<T>(shared: &Shared<T>) -> MutexGuard<'_, State<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the work puts its answer.
pub(super) struct Answer<T>(Option<Shared<Result<T, Fault>>>);

impl<T> Answer<T> {
    /// Gives it; the work may go on.
    pub(super) fn give(mut self, answer: Result<T, Fault>) {
        self.put(answer);
    }

    fn put(&mut self, answer: Result<T, Fault>) {
        let Some(shared) = self.0.take() else { return };
        let waker = {
            let mut state = lock(&shared);
            state.answer = Some(answer);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.put(Err(Fault::transient(refusals::FAILED, "the work on the screens died; it is tried again")));
    }
}

/// Who waits. Dropping it tells the work to stop.
pub(super) struct Waiting<T> {
    shared: Shared<Result<T, Fault>>,
    stop: Stop,
}

impl<T> Future for Waiting<T> {
    type Output = Result<T, Fault>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.shared);
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Does the work on a thread of its own.
pub(super) fn off_thread<T: Send + 'static>(work: impl FnOnce(&Stop, Answer<T>) + Send + 'static) -> Waiting<T> {
    let shared = Arc::new(Mutex::new(State { answer: None, waker: None }));
    let (answer, stop) = (Answer(Some(shared.clone())), Stop::default());
    let mine = stop.clone();
    // Without a thread the closure is dropped, and with it `answer`: who waits is told.
    let spawned = std::thread::Builder::new().name("banyan-screens".into()).spawn(move || work(&mine, answer));
    if let Err(e) = spawned {
        tracing::error!("there is no thread for a session: {e}");
    }
    Waiting { shared, stop }
}
