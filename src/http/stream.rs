//! Long answers: NDJSON and CSV of all pages, in bounded memory.
//!
//! Invariant: one page at a time is held; the next one is read when the socket took the last. Each page is a fresh view
//! of the store, so a stream is no snapshot: a row that changes its place while it runs may come twice or not at all. A
//! failure in mid-stream breaks the connection, so that a caller never takes half for the whole.

use super::csv;
use super::facade::Ask;
use super::gzip::Gzip;
use super::media::Media;
use super::render::{self, Left};
use super::worker::{self, Worker};
use crate::runtime::execute::{Condition, Fetched, fetch, page};
use crate::runtime::serving::{Serving, Shared};
use actix_web::HttpResponse;
use actix_web::body::BodySize;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use banyan_model::model::EntityNo;
use banyan_model::query::{ListIntent, Position, Selection, cursor_token};
use banyan_model::refusal::Refusal;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Rows of a page of a stream.
const PAGE: usize = 500;

/// A list on its way out.
pub(super) struct Stream {
    shared: Arc<Shared>,
    serving: Arc<Serving>,
    media: Media,
    entity: EntityNo,
    conditions: Vec<Condition>,
    intent: ListIntent,
    after: Option<Position>,
    begun: bool,
    done: bool,
}

impl Stream {
    /// Before its first page.
    pub(super) fn new(
        shared: Arc<Shared>,
        serving: Arc<Serving>,
        media: Media,
        entity: EntityNo,
        conditions: Vec<Condition>,
        mut intent: ListIntent,
    ) -> Stream {
        let after = intent.after.take();
        Stream { shared, serving, media, entity, conditions, intent, after, begun: false, done: false }
    }

    /// Reads and renders the next page.
    pub(super) fn page(&mut self, w: &mut Worker) -> Result<Vec<u8>, Refusal> {
        let embeds = &self.intent.selection.embeds;
        let size = self.intent.bounded(self.intent.limit.unwrap_or(PAGE));
        let (entity, intent) = (self.entity, &self.intent);
        let (fetched, next) = w.read_as(&self.serving, |serving, reader| {
            let found = page(serving, reader, entity, &self.conditions, intent, self.after.as_ref(), size)?;
            Ok((fetch(serving, reader, entity, found.rows, embeds)?, found.next))
        })?;
        let out = render(&self.serving, self.media, entity, &fetched, &intent.selection, !self.begun)?;
        self.begun = true;
        // A limit means one page.
        self.done = next.is_none() || self.intent.limit.is_some();
        self.after = next;
        Ok(out)
    }

    /// Where a caller that wanted one page goes on.
    pub(super) fn next_token(&self) -> Option<String> {
        let after = self.after.as_ref().filter(|_| self.intent.limit.is_some())?;
        Some(cursor_token(after, self.intent.binding))
    }
}

/// The answer that begins with the first page and goes on with the stream.
pub(super) fn respond(ask: &Ask<'_>, media: Media, stream: Stream, first: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(media.full())));
    if ask.head {
        return response.finish();
    }
    let mut gzip = None;
    if ask.wants.gzip && (!stream.done || first.len() >= super::gzip::WORTH_IT) {
        response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        gzip = Some(Gzip::new());
    }
    if stream.done && gzip.is_none() {
        return response.body(Bytes::from(first));
    }
    response.body(Body { stream, gzip, next: Some(first), rest: false })
}

/// A page of NDJSON or CSV; `first`: with the header row that CSV has.
pub(super) fn render(
    serving: &Serving,
    media: Media,
    entity: EntityNo,
    fetched: &Fetched,
    selection: &Selection,
    first: bool,
) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(64 + fetched.rows.len() * 384);
    if media == Media::Csv && first {
        csv::header(serving, entity, selection, &mut out);
    }
    let mut left = Left::new();
    for at in 0..fetched.rows.len() {
        if media == Media::Csv {
            csv::row(serving, entity, fetched, at, selection, &mut left, &mut out)?;
        } else {
            render::row(serving, entity, fetched, at, selection, &mut left, &mut out)?;
            out.push(b'\n');
        }
    }
    Ok(out)
}

struct Body {
    stream: Stream,
    gzip: Option<Gzip>,
    /// A page that is ready.
    next: Option<Vec<u8>>,
    /// Whether the worker had a turn for others since the last page.
    rest: bool,
}

impl Body {
    fn turn(&mut self) -> Result<Option<Bytes>, Refusal> {
        let bytes = match self.next.take() {
            Some(first) => Some(first),
            None if self.stream.done => None,
            None => {
                let shared = self.stream.shared.clone();
                Some(worker::with(&shared, |w| self.stream.page(w))?)
            }
        };
        let failed = |_| Refusal::new("internal", "a page could not be compressed");
        Ok(match (bytes, &mut self.gzip) {
            (Some(bytes), Some(gzip)) => Some(gzip.chunk(&bytes).map_err(failed)?.into()),
            (Some(bytes), None) => Some(bytes.into()),
            (None, gzip) => match gzip.take() {
                Some(gzip) => Some(gzip.end().map_err(failed)?.into()),
                None => None,
            },
        })
    }
}

impl actix_web::body::MessageBody for Body {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        // A fast caller must not keep the worker from everyone else.
        if std::mem::replace(&mut this.rest, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.rest = true;
        match this.turn() {
            Ok(Some(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Ok(None) => Poll::Ready(None),
            Err(refusal) => {
                tracing::error!(code = refusal.def.code, detail = %refusal.detail, "a stream broke off");
                Poll::Ready(Some(Err(actix_web::error::ErrorInternalServerError("the stream broke off"))))
            }
        }
    }
}
