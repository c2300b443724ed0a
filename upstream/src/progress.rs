//! How far a request's body has come: who keeps it waiting, the caller or the upstream?

use crate::body::{BodyError, Outgoing};
use bytes::Bytes;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Of one body, while it is sent.
#[derive(Debug)]
pub(crate) struct Progress {
    moved: Cell<Instant>,
    ended: Cell<bool>,
    /// The caller was asked for more and had none.
    waiting: Cell<bool>,
}

impl Progress {
    /// When something of it was sent last, or it ended.
    pub(crate) fn moved(&self) -> Instant {
        self.moved.get()
    }

    /// Whether it is the caller who keeps all waiting.
    pub(crate) fn is_callers(&self) -> bool {
        !self.ended.get() && self.waiting.get()
    }
}

struct Watched {
    stream: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>,
    progress: Rc<Progress>,
}

impl Stream for Watched {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.stream.as_mut().poll_next(cx);
        let progress = &self.progress;
        progress.waiting.set(polled.is_pending());
        if let Poll::Ready(chunk) = &polled {
            progress.moved.set(Instant::now());
            progress.ended.set(chunk.is_none());
        }
        polled
    }
}

/// Watches a body that is still coming; `None`: it is all there.
pub(crate) fn watch(body: Outgoing) -> (Outgoing, Option<Rc<Progress>>) {
    let Outgoing::Stream { length, stream } = body else { return (body, None) };
    let progress =
        Rc::new(Progress { moved: Cell::new(Instant::now()), ended: Cell::new(false), waiting: Cell::new(false) });
    let stream = Box::pin(Watched { stream, progress: progress.clone() });
    (Outgoing::Stream { length, stream }, Some(progress))
}
