//! A consumer's body on its way to an upstream: piece by piece, as fast as the upstream takes it.

use actix_web::web::{Bytes, Payload};
use banyan_upstream::BodyError;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

pub(super) struct Upload {
    payload: Payload,
    left: Option<u64>,
    over: Rc<Cell<bool>>,
}

impl Upload {
    /// `over` is set if more than `largest` bytes come.
    pub(super) fn new(payload: Payload, largest: Option<u64>, over: Rc<Cell<bool>>) -> Upload {
        Upload { payload, left: largest, over }
    }
}

impl Stream for Upload {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(piece) = ready!(Pin::new(&mut self.payload).poll_next(cx)) else { return Poll::Ready(None) };
        let piece = match piece {
            Ok(piece) => piece,
            Err(e) => return Poll::Ready(Some(Err(e.to_string().into()))),
        };
        if let Some(left) = self.left {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            let Some(left) = left.checked_sub(length) else {
                self.over.set(true);
                return Poll::Ready(Some(Err("it is too large".into())));
            };
            self.left = Some(left);
        }
        Poll::Ready(Some(Ok(piece)))
    }
}
