//! Bodies on their way: streaming, with backpressure, one piece at a time.

use crate::http1::Coming;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Why the caller's body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body.
pub enum Outgoing {
    /// None.
    Empty,
    /// All of it is here: it can be sent again.
    Whole(Bytes),
    /// It is still coming. `length` as the caller declared it; `None`: it is sent in chunks.
    Stream {
        /// Bytes.
        length: Option<u64>,
        /// Of this thread, like the request it comes from.
        stream: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>,
    },
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outgoing::Empty => f.write_str("Empty"),
            Outgoing::Whole(bytes) => write!(f, "Whole({})", bytes.len()),
            Outgoing::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

impl Outgoing {
    /// Its length, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Outgoing::Empty => Some(0),
            Outgoing::Whole(bytes) => u64::try_from(bytes.len()).ok(),
            Outgoing::Stream { length, .. } => *length,
        }
    }

    /// The same once more, where that is possible.
    pub fn again(&self) -> Option<Outgoing> {
        match self {
            Outgoing::Empty => Some(Outgoing::Empty),
            Outgoing::Whole(bytes) => Some(Outgoing::Whole(bytes.clone())),
            Outgoing::Stream { .. } => None,
        }
    }
}

/// An answer's body. Trailers are not passed on.
pub struct Incoming {
    /// What comes before the rest.
    first: Bytes,
    body: Source,
    /// How long it may pause; `None`: for ever (server-sent events).
    idle: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

enum Source {
    /// Still coming.
    Coming(Box<Coming>),
    /// All of it is here.
    Whole(Bytes),
}

/// Why an answer's body broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broke {
    /// The upstream ended it early, or it is not proper HTTP.
    #[error("the upstream's answer broke off: {0}")]
    Early(String),
    /// It paused for too long.
    #[error("the upstream's answer paused for more than {0} ms")]
    Paused(u128),
}

impl Incoming {
    /// One that is still coming; what of it has come already is not waited for.
    pub(crate) fn new(mut body: Coming, idle: Option<Duration>) -> Incoming {
        if body.is_end() {
            return Incoming::whole(Bytes::new());
        }
        if let Some(all) = body.at_once() {
            return Incoming::whole(all);
        }
        Incoming { first: Bytes::new(), body: Source::Coming(Box::new(body)), idle, timer: None }
    }

    /// One that is all here.
    pub fn whole(bytes: Bytes) -> Incoming {
        Incoming { first: Bytes::new(), body: Source::Whole(bytes), idle: None, timer: None }
    }

    /// This one with what was read of it put back.
    pub fn after(self, read: Bytes) -> Incoming {
        Incoming { first: read, ..self }
    }

    /// All of it, where all of it is here.
    pub fn here(&self) -> Option<&Bytes> {
        match &self.body {
            Source::Whole(bytes) if self.first.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// Its length, where the upstream declared one.
    pub fn length(&self) -> Option<u64> {
        let rest = match &self.body {
            Source::Coming(body) => body.length(),
            Source::Whole(bytes) => u64::try_from(bytes.len()).ok(),
        };
        rest?.checked_add(u64::try_from(self.first.len()).ok()?)
    }

    /// Whether it is over, or never was.
    pub fn is_end(&self) -> bool {
        self.first.is_empty()
            && match &self.body {
                Source::Coming(body) => body.is_end(),
                Source::Whole(bytes) => bytes.is_empty(),
            }
    }

    fn paused(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(idle) = self.idle else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        timer.as_mut().poll(cx)
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, Broke>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.first))));
        }
        let body = match &mut self.body {
            Source::Coming(body) => body,
            Source::Whole(bytes) => {
                let all = std::mem::take(bytes);
                return Poll::Ready((!all.is_empty()).then_some(Ok(all)));
            }
        };
        match body.poll_piece(cx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(why))) => Poll::Ready(Some(Err(Broke::Early(why)))),
            Poll::Ready(Some(Ok(piece))) => {
                // A timer exists only once there was something to wait for.
                if let (Some(idle), Some(timer)) = (self.idle, &mut self.timer) {
                    timer.as_mut().reset(Instant::now() + idle);
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Pending => {
                ready!(self.paused(cx));
                let millis = self.idle.unwrap_or_default().as_millis();
                Poll::Ready(Some(Err(Broke::Paused(millis))))
            }
        }
    }
}
