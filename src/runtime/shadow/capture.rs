//! An answer on its way to the consumer, kept as it passes.

use super::run::Job;
use super::{MOST_BYTES, Question, Reply, Shadow, Skipped, count};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A place in the shadow and the bytes it holds. Given back when it is dropped.
pub(super) struct Place {
    shadow: Arc<Shadow>,
    pub(super) route: Arc<Route>,
    bytes: usize,
}

impl Place {
    fn grow(&mut self, bytes: usize) -> bool {
        let before = self.shadow.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= MOST_BYTES
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shadow.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.route.lane.leave();
    }
}

/// What is known of a request when the head of its answer is.
pub struct Seen {
    /// The request.
    pub question: Question,
    /// Its trace.
    pub trace_id: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's fields.
    pub headers: Vec<(String, String)>,
    /// How long its head took.
    pub took: Duration,
}

/// Keeps an answer. Whatever becomes of it is counted once: by [`Capture::end`], [`Capture::skip`], or when it is dropped.
pub struct Capture {
    place: Option<Place>,
    answers: Side,
    body: Vec<u8>,
    seen: Option<Box<Seen>>,
    /// How modern failed, where legacy answers in its place.
    failed: Option<Result<Reply, String>>,
}

impl Capture {
    pub(super) fn new(shadow: Arc<Shadow>, route: Arc<Route>, answers: Side) -> Capture {
        let place = Some(Place { shadow, route, bytes: 0 });
        Capture { place, answers, body: Vec::new(), seen: None, failed: None }
    }

    /// The head of the answer is known; `answers` is who gave it at last.
    pub fn seen(&mut self, answers: Side, seen: Seen) {
        let partial = matches!(seen.status, 206 | 304);
        self.answers = answers;
        self.seen = Some(Box::new(seen));
        if partial {
            self.skip(Skipped::Partial);
        }
    }

    /// Modern failed so, and legacy answers instead: both are known, and nobody needs to be asked again.
    pub fn fell_back(&mut self, modern: Result<Reply, String>) {
        self.failed = Some(modern);
    }

    /// It will not be mirrored, for that reason.
    pub fn skip(&mut self, why: Skipped) {
        if let Some(place) = self.place.take() {
            count(&place.route, why.word());
        }
        self.body = Vec::new();
    }

    /// A piece of its body.
    pub fn piece(&mut self, bytes: &[u8]) {
        let Some(place) = &mut self.place else { return };
        if self.body.len() + bytes.len() > place.route.lane.body {
            return self.skip(Skipped::AnswerTooLarge);
        }
        if !place.grow(bytes.len()) {
            return self.skip(Skipped::BytesFull);
        }
        self.body.extend_from_slice(bytes);
    }

    /// The answer was given whole.
    pub fn end(mut self) {
        let Some(mut seen) = self.seen.take() else { return };
        let (status, took) = (seen.status, seen.took);
        let (headers, body) = (std::mem::take(&mut seen.headers), std::mem::take(&mut self.body).into());
        self.hand_over(*seen, Ok(Reply { status, headers, body, took }));
    }

    /// The side that answered broke off on the way: half an answer compares with nothing, but if it is modern's it is a
    /// failure like any other.
    pub fn broke(mut self, why: &str) {
        // Legacy's counts as broken off when this is dropped.
        if let Some(seen) = self.seen.take().filter(|_| self.answers == Side::Modern) {
            self.hand_over(*seen, Err(why.to_owned()));
        }
    }

    fn hand_over(&mut self, seen: Seen, reply: Result<Reply, String>) {
        let Some(mut place) = self.place.take() else { return };
        if !place.grow(seen.question.body.len()) {
            count(&place.route, Skipped::BytesFull.word());
            return;
        }
        let shadow = place.shadow.clone();
        let (answered, failed, at_ms) = (self.answers, self.failed.take(), shadow.clock.now_ms());
        let Seen { question, trace_id, .. } = seen;
        shadow.send(Job { place, question, trace_id, at_ms, answered, reply, failed });
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            count(&place.route, Skipped::BrokeOff.word());
        }
    }
}
