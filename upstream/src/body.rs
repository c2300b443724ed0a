//! Bodies on their way: streaming, with backpressure, one frame at a time.

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming as Raw;
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
    /// The same once more, where that is possible.
    pub(crate) fn again(&self) -> Option<Outgoing> {
        match self {
            Outgoing::Empty => Some(Outgoing::Empty),
            Outgoing::Whole(bytes) => Some(Outgoing::Whole(bytes.clone())),
            Outgoing::Stream { .. } => None,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Outgoing::Empty => Poll::Ready(None),
            Outgoing::Whole(bytes) => {
                let all = std::mem::take(bytes);
                *self = Outgoing::Empty;
                Poll::Ready((!all.is_empty()).then_some(Ok(Frame::data(all))))
            }
            Outgoing::Stream { stream, .. } => {
                Poll::Ready(ready!(stream.as_mut().poll_next(cx)).map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Empty => true,
            Outgoing::Whole(bytes) => bytes.is_empty(),
            Outgoing::Stream { length, .. } => *length == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Empty => SizeHint::with_exact(0),
            Outgoing::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Outgoing::Stream { length: Some(length), .. } => SizeHint::with_exact(*length),
            Outgoing::Stream { length: None, .. } => SizeHint::default(),
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
    Coming(Raw),
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
    pub(crate) fn new(body: Raw, idle: Option<Duration>) -> Incoming {
        Incoming { first: Bytes::new(), body: Source::Coming(body), idle, timer: None }
    }

    /// One that is all here.
    pub fn whole(bytes: Bytes) -> Incoming {
        Incoming { first: Bytes::new(), body: Source::Whole(bytes), idle: None, timer: None }
    }

    /// This one with what was read of it put back.
    pub fn after(self, read: Bytes) -> Incoming {
        Incoming { first: read, ..self }
    }

    /// Its length, where the upstream declared one.
    pub fn length(&self) -> Option<u64> {
        let rest = match &self.body {
            Source::Coming(body) => body.size_hint().exact(),
            Source::Whole(bytes) => u64::try_from(bytes.len()).ok(),
        };
        rest?.checked_add(u64::try_from(self.first.len()).ok()?)
    }

    /// Whether it is over, or never was.
    pub fn is_end(&self) -> bool {
        self.first.is_empty()
            && match &self.body {
                Source::Coming(body) => body.is_end_stream(),
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
        loop {
            let body = match &mut self.body {
                Source::Coming(body) => body,
                Source::Whole(bytes) => {
                    let all = std::mem::take(bytes);
                    return Poll::Ready((!all.is_empty()).then_some(Ok(all)));
                }
            };
            match Pin::new(body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(e))) => return Poll::Ready(Some(Err(Broke::Early(e.to_string())))),
                Poll::Ready(Some(Ok(frame))) => {
                    // A timer exists only once there was something to wait for.
                    if let (Some(idle), Some(timer)) = (self.idle, &mut self.timer) {
                        timer.as_mut().reset(Instant::now() + idle);
                    }
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Pending => {
                    ready!(self.paused(cx));
                    let millis = self.idle.unwrap_or_default().as_millis();
                    return Poll::Ready(Some(Err(Broke::Paused(millis))));
                }
            }
        }
    }
}
