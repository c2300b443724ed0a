//! An upstream's answer as the consumer's: head at once, body as it comes.

use super::socket;
use crate::runtime::shadow::Capture;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpResponse, HttpResponseBuilder};
use banyan_migration::stage::Side;
use banyan_upstream::{Answer, Broke, Incoming};
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Which side answered.
pub(super) const SERVED_BY: HeaderName = HeaderName::from_static("banyan-served-by");
/// Why the other side answered than the one whose turn it was.
pub(super) const FALLBACK: HeaderName = HeaderName::from_static("banyan-fallback");

/// Says which side answered.
pub(super) fn mark(response: &mut HttpResponse, side: Side, fallback: Option<&'static str>) {
    let headers = response.headers_mut();
    headers.insert(SERVED_BY, HeaderValue::from_static(side.name()));
    if let Some(why) = fallback {
        headers.insert(FALLBACK, HeaderValue::from_static(why));
    }
}

/// The consumer's answer. `payload` is what the consumer sends from now on, if the protocol is changed.
pub(super) fn respond(
    asked: &RequestHead,
    answer: Answer,
    payload: Option<Payload>,
    capture: Option<Capture>,
) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut builder = HttpResponseBuilder::new(status);
    if status.canonical_reason().is_none() {
        builder.reason("");
    }
    let size = size(asked, &answer, status);
    let changed = answer.upgraded.zip(payload);
    if let Some(((protocol, _), _)) = &changed {
        builder.upgrade(protocol.as_bytes());
    }
    let mut response = builder.body(match changed {
        Some(((_, connection), payload)) => BoxBody::new(socket::Joined::new(connection, payload)),
        None => BoxBody::new(Passing { body: Some(answer.body), size, capture, broke: None }),
    });
    let headers = response.headers_mut();
    answer.fields.give(|name, value| {
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(value)) {
            headers.append(name, value);
        }
    });
    headers.append(header::VIA, HeaderValue::from_static("1.1 banyan"));
    // Where a length is not known HTTP/1.0 ends by closing. So must a connection that asked for a WebSocket and is
    // refused: what else it sent is no request.
    if size == BodySize::Stream && status != StatusCode::SWITCHING_PROTOCOLS && !chunks(asked) {
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response
}

/// Whether the consumer's connection can bear a body in chunks.
fn chunks(asked: &RequestHead) -> bool {
    let socket = |v: &HeaderValue| v.as_bytes().eq_ignore_ascii_case(b"websocket");
    asked.version >= Version::HTTP_11 && !asked.headers.get_all(header::UPGRADE).any(socket)
}

fn size(asked: &RequestHead, answer: &Answer, status: StatusCode) -> BodySize {
    if answer.upgraded.is_some() {
        return BodySize::Stream;
    }
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return BodySize::None;
    }
    if asked.method == Method::HEAD {
        let length = answer.fields.text("content-length").and_then(|v| v.trim().parse().ok());
        return length.map_or(BodySize::None, BodySize::Sized);
    }
    answer.body.length().map_or(BodySize::Stream, BodySize::Sized)
}

/// A body on its way, a copy of which may be kept.
struct Passing {
    body: Option<Incoming>,
    size: BodySize,
    capture: Option<Capture>,
    /// How it broke off: told when asked again.
    broke: Option<Broke>,
}

impl MessageBody for Passing {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(broke) = self.broke.take() {
            return Poll::Ready(Some(Err(broke.into())));
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        match ready!(Pin::new(body).poll_next(cx)) {
            Some(Ok(piece)) => {
                if let Some(capture) = &mut self.capture {
                    capture.piece(&piece);
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Some(Err(broke)) => {
                tracing::info!("an answer under way broke off: {broke}");
                self.body = None;
                if let Some(capture) = self.capture.take() {
                    capture.broke(&broke.to_string());
                }
                // With an error the server forgets what it has not written yet. Until it asks again it writes.
                self.broke = Some(broke);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.body = None;
                Poll::Ready(None)
            }
        }
    }

    fn try_into_bytes(mut self) -> Result<Bytes, Self> {
        // One that is here, and of which nobody keeps a copy, need not be asked for.
        let whole = self.body.as_ref().filter(|_| self.capture.is_none()).and_then(Incoming::here);
        match whole.filter(|bytes| self.size == BodySize::Sized(u64::try_from(bytes.len()).unwrap_or(u64::MAX))) {
            Some(bytes) => {
                let bytes = bytes.clone();
                self.body = None;
                Ok(bytes)
            }
            None => Err(self),
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // actix drops a body as soon as it is over; one of no length is never asked for.
        let over =
            self.body.as_ref().is_none_or(Incoming::is_end) || matches!(self.size, BodySize::None | BodySize::Sized(0));
        if over && let Some(capture) = self.capture.take() {
            capture.end();
        }
    }
}

/// An answer of the facade whose copy is kept.
pub(super) struct Copied {
    pub(super) body: BoxBody,
    pub(super) capture: Option<Capture>,
}

impl MessageBody for Copied {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = ready!(self.body.as_pin_mut().poll_next(cx));
        match (&piece, &mut self.capture) {
            (Some(Ok(piece)), Some(capture)) => capture.piece(piece),
            (None, Some(_)) => {
                if let Some(capture) = self.capture.take() {
                    capture.end();
                }
            }
            _ => {}
        }
        Poll::Ready(piece)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if matches!(self.body.size(), BodySize::None | BodySize::Sized(0))
            && let Some(capture) = self.capture.take()
        {
            capture.end();
        }
    }
}
