//! A request's body that is still coming from the caller, on its way to the upstream.

use super::link::Link;
use crate::body::BodyError;
use bytes::Bytes;
use futures_util::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// A body under way.
pub(crate) struct Upload {
    stream: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>,
    /// What of its length is still to come; `None`: it is sent in chunks.
    left: Option<u64>,
    moved: Instant,
    /// The caller was asked for more and had none.
    waiting: bool,
    ended: bool,
}

/// Why a body cannot be sent.
pub(crate) enum Unsent {
    /// The caller broke off, or sent another length than it said.
    Caller(String),
    /// The connection is broken.
    Io(io::Error),
}

impl Upload {
    /// `length` as the caller declared it.
    pub(crate) fn new(length: Option<u64>, stream: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>) -> Upload {
        Upload { stream, left: length, moved: Instant::now(), waiting: false, ended: false }
    }

    /// When something of it was taken last, or it ended.
    pub(crate) fn moved(&self) -> Instant {
        self.moved
    }

    /// Whether it is the caller who keeps all waiting.
    pub(crate) fn is_callers(&self) -> bool {
        !self.ended && self.waiting
    }

    /// Sends what there is. Ready: all of it is written.
    pub(crate) fn poll_sent(&mut self, link: &mut Link, cx: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        loop {
            ready!(link.poll_written(cx)).map_err(Unsent::Io)?;
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            let next = self.stream.as_mut().poll_next(cx);
            self.waiting = next.is_pending();
            let next = ready!(next);
            self.moved = Instant::now();
            match next {
                Some(Ok(piece)) => self.piece(link, &piece).map_err(Unsent::Caller)?,
                Some(Err(why)) => return Poll::Ready(Err(Unsent::Caller(why.to_string()))),
                None => {
                    self.ended = true;
                    match self.left {
                        None => link.write(b"0\r\n\r\n"),
                        Some(0) => {}
                        Some(left) => {
                            return Poll::Ready(Err(Unsent::Caller(format!("{left} bytes are missing at its end"))));
                        }
                    }
                }
            }
        }
    }

    fn piece(&mut self, link: &mut Link, piece: &[u8]) -> Result<(), String> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        match &mut self.left {
            // An empty chunk would be the last one.
            None if piece.is_empty() => {}
            None => {
                link.write(format!("{length:x}\r\n").as_bytes());
                link.write(piece);
                link.write(b"\r\n");
            }
            Some(left) => {
                *left = left.checked_sub(length).ok_or("it is longer than was said")?;
                link.write(piece);
            }
        }
        Ok(())
    }
}
