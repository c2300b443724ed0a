//! A consumer's request as an upstream's: fields, body, path.

use super::upload::Upload;
use crate::http::trace::Traced;
use crate::runtime::shadow::Question;
use actix_web::dev::RequestHead;
use actix_web::http::header as old;
use actix_web::{HttpRequest, web};
use banyan_model::refusal::Refusal;
use banyan_upstream::{Fields, Outgoing, fields};
use futures_util::StreamExt;
use std::cell::Cell;
use std::rc::Rc;

/// A safe request's body up to this is kept, so that it can be asked of another side too. They hardly ever have one.
const KEPT: u64 = 64 << 10;

/// Room for the text of what is added to a request's fields.
const ADDED: usize = 320;

/// The fields to be sent: the consumer's, less those of the hop, with ours.
/// `trusted`: it comes through a proxy that is believed.
pub(super) fn fields(request: &HttpRequest, traced: &Traced, trusted: bool) -> Fields {
    let head = request.head();
    let text: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut fields = Fields::with_capacity(head.headers.len() + 6, text + ADDED);
    for (name, value) in &head.headers {
        let name = name.as_str();
        // Where the trace begins here nothing of another one goes along. An expectation was met when the head was read.
        let ends = match name {
            "traceparent" | "tracestate" => traced.made().is_some(),
            "expect" => head.expect(),
            _ => false,
        };
        if !ends {
            fields.append(name, value.as_bytes());
        }
    }
    fields::end_hop(&mut fields);
    if let Some(parent) = traced.made() {
        fields.append("traceparent", parent.as_bytes());
    }
    let host = head.headers.get(old::HOST).map(|h| h.as_bytes());
    let address = head.peer_addr.map(|a| a.ip());
    fields::stamp(&mut fields, &fields::Caller { address, host, tls: false, trusted });
    fields
}

/// The protocol that is to be changed to: WebSocket, asked for as it must be. Any other wish is passed over, as a server
/// may (RFC 9110, 7.8): the connection under it cannot be had.
pub(super) fn upgrade(head: &RequestHead) -> Option<String> {
    let listed = head.headers.get_all(old::CONNECTION).any(|line| {
        line.as_bytes().split(|b| *b == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    });
    let mut protocols = head.headers.get_all(old::UPGRADE);
    let protocol = protocols.next().filter(|p| p.as_bytes().eq_ignore_ascii_case(b"websocket"))?;
    let asked = listed && protocols.next().is_none() && head.method == actix_web::http::Method::GET;
    if asked { protocol.to_str().ok().map(str::to_owned) } else { None }
}

/// A request's body on its way.
pub(super) enum Body {
    /// It has none, or all of it is here.
    Whole(web::Bytes),
    /// It is still coming.
    Stream { length: Option<u64>, payload: web::Payload },
}

/// Looks at a request's body, and reads it where it is small and may be wanted twice.
pub(super) async fn body(
    head: &RequestHead,
    mut payload: web::Payload,
    safe: bool,
    largest: Option<u64>,
) -> Result<(Body, Option<web::Payload>), Refusal> {
    let length = head.headers.get(old::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.trim().parse::<u64>().ok());
    let chunked = head.headers.contains_key(old::TRANSFER_ENCODING);
    if !chunked && length.unwrap_or(0) == 0 {
        return Ok((Body::Whole(web::Bytes::new()), Some(payload)));
    }
    if let (Some(length), Some(largest)) = (length, largest)
        && length > largest
    {
        return Err(too_large(largest));
    }
    let Some(length) = length.filter(|l| safe && *l <= KEPT) else {
        return Ok((Body::Stream { length, payload }, None));
    };
    let mut all = web::BytesMut::with_capacity(usize::try_from(length).unwrap_or(0));
    while let Some(piece) = payload.next().await {
        all.extend_from_slice(&piece.map_err(|_| broken())?);
    }
    Ok((Body::Whole(all.freeze()), None))
}

/// The refusal of a body that ended early.
pub(super) fn broken() -> Refusal {
    Refusal::new("bad-body", "the body ended early or is not properly encoded")
}

/// The refusal of a body that is too large.
pub(super) fn too_large(largest: u64) -> Refusal {
    Refusal::new("body-too-large", format!("at most {largest} bytes are taken here"))
}

impl Body {
    /// As it is sent. `over` is set if it turns out to be larger than `largest`.
    pub(super) fn outgoing(self, largest: Option<u64>, over: &Rc<Cell<bool>>) -> Outgoing {
        match self {
            Body::Whole(bytes) if bytes.is_empty() => Outgoing::Empty,
            Body::Whole(bytes) => Outgoing::Whole(bytes),
            Body::Stream { length, payload } => {
                Outgoing::Stream { length, stream: Box::pin(Upload::new(payload, largest, over.clone())) }
            }
        }
    }

    /// The same once more, where all of it is here.
    pub(super) fn again(&self) -> Option<web::Bytes> {
        match self {
            Body::Whole(bytes) => Some(bytes.clone()),
            Body::Stream { .. } => None,
        }
    }
}

/// The request as it can be asked of another side.
pub(super) fn question(request: &HttpRequest, fields: Fields, body: web::Bytes) -> Question {
    let head = request.head();
    let method = http::Method::from_bytes(head.method.as_str().as_bytes()).unwrap_or_default();
    Question { method, target: target(head).to_owned(), fields, body }
}

/// Path and query, as they came.
pub(super) fn target(head: &RequestHead) -> &str {
    head.uri.path_and_query().map_or("/", |t| t.as_str())
}
