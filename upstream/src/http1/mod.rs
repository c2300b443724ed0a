//! HTTP/1.1 as a client speaks it (RFC 9112), on the thread of whoever asks.
//!
//! In this order: `call` (a request goes out and its answer's head comes back, at the same time) → `head` (what the head
//! says) → `coming` (the body after it). Under them `link` (a connection and its buffers), `upload` (a request's body that
//! is still coming), `chunked` (the encoding of a body without a length).
//! Invariant: where an answer ends is known for certain, or its connection is not used again; nothing is read into memory
//! beyond a head's bound or one piece of a body.
//! Why our own: a request passes through without a task, a channel or a second set of fields, which is most of what a
//! proxy's user time goes into (`benches/proxy`).
//! Not here: retries, timeouts, pools (`send`, `pool`).

mod call;
mod chunked;
mod coming;
mod head;
mod link;
mod upload;

pub(crate) use call::{Call, Unanswered};
pub(crate) use coming::Coming;
pub(crate) use head::{Ends, Head};
pub use link::Upgraded;
pub(crate) use link::{Io, Link};
pub(crate) use upload::Upload;

/// Reads heads and chunks as an upstream may send them, in pieces of that size: for fuzzing. It must not panic, and what
/// it makes of them must not depend on the pieces.
#[doc(hidden)]
pub fn read_for_fuzzing(bytes: &[u8], piece: usize) -> String {
    use std::fmt::Write;
    let (mut buffer, mut told, mut seen) = (bytes::BytesMut::new(), String::new(), 0);
    let mut pieces = bytes.chunks(piece.max(1));
    let head = loop {
        match head::read(&mut buffer, &mut seen, false) {
            Ok(Some(head)) => break head,
            Ok(None) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                // Half a head is looked at once, where it comes in pieces, and what is wrong further on is seen with its
                // end only. That is no difference: none of it is an answer.
                None => match head::read(&mut buffer, &mut 0, false) {
                    Err(_) => return "refused".to_owned(),
                    Ok(_) => return "unfinished".to_owned(),
                },
            },
            Err(_) => return "refused".to_owned(),
        }
    };
    let _ = write!(told, "{} {:?} {:?} {}", head.status, head.fields.texts(), head.ends, head.keeps);
    if head.ends != Ends::Chunked {
        return told;
    }
    let (mut chunks, mut body) = (chunked::Chunked::default(), Vec::new());
    loop {
        match chunks.next(&mut buffer) {
            Ok(chunked::Next::Piece(piece)) => body.extend_from_slice(&piece),
            Ok(chunked::Next::End) => return format!("{told} {body:?}"),
            Ok(chunked::Next::More) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return format!("{told} unfinished"),
            },
            Err(_) => return format!("{told} refused"),
        }
    }
}
