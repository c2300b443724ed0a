//! An answer's body, read as it is asked for. What is left of the request goes out meanwhile.

use super::call::Call;
use super::chunked::{Chunked, Next};
use super::head::Ends;
use super::link::{HEAD, PIECE};
use crate::pool::Home;
use bytes::Bytes;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A body under way. Dropped before its end it closes the connection, which tells the upstream that nobody listens.
pub(crate) struct Coming {
    call: Option<Call>,
    left: Left,
    /// The connection may be used again.
    keeps: bool,
    home: Home,
    /// How long the rest of the request may pause after the answer is over.
    idle: Duration,
}

enum Left {
    Length(u64),
    Chunks(Chunked),
    UntilClosed,
}

impl Coming {
    pub(crate) fn new(call: Call, ends: Ends, keeps: bool, home: Home, idle: Duration) -> Coming {
        let left = match ends {
            Ends::Length(length) => Left::Length(length),
            Ends::Chunked => Left::Chunks(Chunked::default()),
            Ends::Closing => Left::UntilClosed,
        };
        let mut coming = Coming { call: Some(call), left, keeps, home, idle };
        if let Left::Length(0) = coming.left {
            coming.end();
        }
        coming
    }

    /// What is left of it, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.left {
            _ if self.is_end() => Some(0),
            Left::Length(left) => Some(left),
            _ => None,
        }
    }

    /// Whether it is over.
    pub(crate) fn is_end(&self) -> bool {
        self.call.is_none()
    }

    /// All of it, where it has come already.
    pub(crate) fn at_once(&mut self) -> Option<Bytes> {
        let (Some(call), Left::Length(left)) = (&mut self.call, &self.left) else { return None };
        let length = usize::try_from(*left).ok().filter(|l| *l <= call.link.read.len())?;
        let all = call.link.read.split_to(length).freeze();
        self.end();
        Some(all)
    }

    /// The next piece. An error says what is wrong with the upstream.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, String>>> {
        let Some(call) = &mut self.call else { return Poll::Ready(None) };
        if let Poll::Ready(Err(why)) = call.poll_sent(cx) {
            self.call = None;
            return Poll::Ready(Some(Err(why)));
        }
        let piece = ready!(poll_piece(call, &mut self.left, cx));
        match &piece {
            Some(Ok(_)) => {
                if is_over(call, &mut self.left) {
                    self.end();
                }
            }
            Some(Err(_)) => self.call = None,
            None => self.end(),
        }
        Poll::Ready(piece)
    }

    /// It is over: the connection goes home, if it may.
    fn end(&mut self) {
        let Some(mut call) = self.call.take().filter(|call| self.keeps && call.link.read.is_empty()) else { return };
        if call.is_sent() {
            return self.home.take_back(call.link);
        }
        let (home, idle) = (self.home, self.idle);
        // An answer that came before the request's end: what the upstream was promised it gets.
        tokio::task::spawn_local(async move {
            let rest = std::future::poll_fn(|cx| call.poll_sent(cx));
            if matches!(tokio::time::timeout(idle, rest).await, Ok(Ok(()))) && call.is_sent() {
                home.take_back(call.link);
            }
        });
    }
}

/// Whether nothing follows the piece that was just taken, as far as can be told without waiting.
fn is_over(call: &mut Call, left: &mut Left) -> bool {
    match left {
        Left::Length(left) => *left == 0,
        // Data is not taken here: it stays for the next time.
        Left::Chunks(chunks) => chunks.is_over_with(&mut call.link.read),
        Left::UntilClosed => false,
    }
}

fn poll_piece(call: &mut Call, left: &mut Left, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, String>>> {
    let link = &mut call.link;
    loop {
        let mut most = PIECE;
        match left {
            Left::Length(0) => return Poll::Ready(None),
            Left::Length(left) => {
                let rest = usize::try_from(*left).unwrap_or(usize::MAX);
                if !link.read.is_empty() {
                    let piece = link.read.split_to(rest.min(link.read.len())).freeze();
                    *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(*left));
                    return Poll::Ready(Some(Ok(piece)));
                }
                most = rest.clamp(HEAD, PIECE);
            }
            Left::Chunks(chunks) => match chunks.next(&mut link.read) {
                Ok(Next::Piece(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(Next::End) => return Poll::Ready(None),
                Ok(Next::More) => {}
                Err(why) => return Poll::Ready(Some(Err(why))),
            },
            Left::UntilClosed if !link.read.is_empty() => {
                return Poll::Ready(Some(Ok(link.read.split().freeze())));
            }
            Left::UntilClosed => {}
        }
        match ready!(link.poll_more(cx, most)) {
            Ok(0) if matches!(left, Left::UntilClosed) => return Poll::Ready(None),
            Ok(0) => return Poll::Ready(Some(Err("the connection ended before the body did".to_owned()))),
            Ok(_) => {}
            Err(e) => return Poll::Ready(Some(Err(e.to_string()))),
        }
    }
}
