//! What is asked of both sides, and what they say.

use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use banyan_upstream::Fields;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A request, as it can be asked again.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its method: a safe one.
    pub method: http::Method,
    /// Path and query, as they came.
    pub target: String,
    /// Its fields, less those of the hop.
    pub fields: Fields,
    /// Its body, whole.
    pub body: Bytes,
}

/// What one side answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status code.
    pub status: u16,
    /// Its fields. Values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// Its body, decoded.
    pub body: Bytes,
    /// How long its head took.
    pub took: Duration,
}

/// One request that both sides were asked.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its route.
    pub route: Arc<Route>,
    /// The request.
    pub question: Question,
    /// Who answered the consumer.
    pub answered: Side,
    /// Its trace.
    pub trace_id: String,
    /// When it was asked, in milliseconds since 1970.
    pub at_ms: i64,
    /// What legacy answered, or why it did not.
    pub legacy: Result<Reply, String>,
    /// What legacy answered a second time.
    pub legacy_again: Option<Result<Reply, String>>,
    /// What modern answered, or why it did not.
    pub modern: Result<Reply, String>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a request was not mirrored. Counted by these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skipped {
    /// Too many wait already.
    QueueFull,
    /// What waits is too large already.
    BytesFull,
    /// The answer's body is larger than what is compared.
    AnswerTooLarge,
    /// The request's body is larger than what is kept, or of unknown length.
    RequestTooLarge,
    /// The answer broke off, or the consumer went away.
    BrokeOff,
    /// The answer is encoded in a way that is not read here.
    Encoded,
    /// A part, or `Not Modified`: there is nothing whole to compare.
    Partial,
    /// The protocol was changed.
    Upgraded,
    /// Legacy has borne what it may be asked beyond its consumers.
    NoSpare,
    /// Legacy did not answer the consumer: there is nothing to compare with.
    Unanswered,
    /// The route does not mirror any more.
    TurnedOff,
}

impl Skipped {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Skipped::QueueFull => "queue-full",
            Skipped::BytesFull => "bytes-full",
            Skipped::AnswerTooLarge => "answer-too-large",
            Skipped::RequestTooLarge => "request-too-large",
            Skipped::BrokeOff => "broke-off",
            Skipped::Encoded => "encoded",
            Skipped::Partial => "partial",
            Skipped::Upgraded => "upgraded",
            Skipped::NoSpare => "no-spare",
            Skipped::Unanswered => "unanswered",
            Skipped::TurnedOff => "turned-off",
        }
    }
}
