//! An answer's head, and what it says of the body's end and the connection's (RFC 9112, 4 to 6 and 9).
//!
//! Invariant: two ways of reading one head are no answer. What a server of old may send and everyone reads alike
//! (`identity`, one length said twice) is read.

use crate::fields::{Fields, Line};
use bytes::{Buf, BytesMut};
use http::StatusCode;
use httparse::{Header, ParserConfig, Response, Status};
use std::mem::MaybeUninit;

/// Bytes of a head beyond which it is refused: a proxy must not be felled by its upstream.
const LARGEST: usize = 256 << 10;
/// Fields of a head beyond which it is refused.
const MOST: usize = 200;

/// An answer's head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Its fields, those of the hop too.
    pub(crate) fields: Fields,
    pub(crate) ends: Ends,
    /// The connection may be used again once the body is over.
    pub(crate) keeps: bool,
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// After so many bytes; 0: there is none.
    Length(u64),
    /// With an empty chunk.
    Chunked,
    /// With the connection.
    Closing,
}

/// Takes the first final head from what has come; those before it (RFC 9110, 15.2) are passed over. `None`: it is not whole
/// yet. `seen`: how much was looked at in vain, 0 at first. `asked_head`: HEAD was asked, which no body answers.
pub(crate) fn read(buffer: &mut BytesMut, seen: &mut usize, asked_head: bool) -> Result<Option<Head>, String> {
    loop {
        // A head that comes byte by byte is not read anew for each.
        if buffer.is_empty() || (*seen > 0 && !has_end(buffer, seen.saturating_sub(3))) {
            return wait(buffer, seen);
        }
        let mut room = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST];
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, buffer, &mut room);
        let length = match parsed.map_err(|e| e.to_string())? {
            Status::Complete(length) => length,
            Status::Partial => return wait(buffer, seen),
        };
        if length > LARGEST {
            return Err(too_large());
        }
        let code = response.code.unwrap_or_default();
        let status = StatusCode::from_u16(code).map_err(|_| format!("{code} is no status"))?;
        *seen = 0;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            buffer.advance(length);
            continue;
        }
        let (lines, said) = look(&response, buffer)?;
        let mut fields = Fields::read(buffer.split_to(length), lines);
        let one_one = response_is_one_one(code, &said);
        let bare = asked_head || status.is_informational() || matches!(code, 204 | 304);
        let ends = match (bare, said.chunked, said.length) {
            (true, ..) => Ends::Length(0),
            (_, true, _) => Ends::Chunked,
            (_, false, Some(length)) => Ends::Length(length),
            (_, false, None) => Ends::Closing,
        };
        if said.chunked && said.length.is_some() {
            // The encoding counts (RFC 9112, 6.3), and nobody after us shall read it otherwise.
            fields.remove("content-length");
        } else if let (true, Some(length)) = (said.lengths > 1, said.length) {
            fields.set("content-length", length.to_string().as_bytes());
        }
        let keeps = one_one && ends != Ends::Closing && !(said.chunked && said.length.is_some());
        return Ok(Some(Head { status, fields, ends, keeps }));
    }
}

/// Whether the connection may stay: HTTP/1.1 says when it closes, HTTP/1.0 when it does not (RFC 9112, 9.3).
fn response_is_one_one(code: u16, said: &Said) -> bool {
    code != 101 && if said.old { said.keep_alive && !said.close } else { !said.close }
}

fn wait(buffer: &BytesMut, seen: &mut usize) -> Result<Option<Head>, String> {
    *seen = buffer.len();
    if buffer.len() > LARGEST { Err(too_large()) } else { Ok(None) }
}

fn too_large() -> String {
    format!("its head is larger than {} KiB", LARGEST >> 10)
}

/// Whether an empty line stands there.
fn has_end(buffer: &[u8], from: usize) -> bool {
    let rest = buffer.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', rest).any(|at| matches!(rest.get(at + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..])))
}

/// What fields say of the body and the connection.
#[derive(Default)]
struct Said {
    /// HTTP/1.0.
    old: bool,
    length: Option<u64>,
    /// How often it was said.
    lengths: usize,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

fn look(response: &Response<'_, '_>, buffer: &[u8]) -> Result<(Vec<Line>, Said), String> {
    let mut said = Said { old: response.version == Some(0), ..Said::default() };
    // With those that are added on the way to the consumer.
    let mut lines = Vec::with_capacity(response.headers.len() + 2);
    let begin = buffer.as_ptr().addr();
    for header in response.headers.iter() {
        let (name, value) = (header.name.as_bytes(), header.value);
        // The usual name is told apart by its length.
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for word in words(value) {
                    said.close |= word.eq_ignore_ascii_case(b"close");
                    said.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => length(value, &mut said)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => encoding(value, &mut said)?,
            _ => {}
        }
        let range = |piece: &[u8]| {
            let at = piece.as_ptr().addr().saturating_sub(begin);
            at..at + piece.len()
        };
        // An empty value is nowhere.
        let value = if value.is_empty() { 0..0 } else { range(value) };
        lines.extend(Line::at(range(name), value));
    }
    if said.chunked && said.old {
        return Err("chunks in HTTP/1.0".to_owned());
    }
    Ok((lines, said))
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// A length, or the same one several times (RFC 9112, 6.3).
fn length(value: &[u8], said: &mut Said) -> Result<(), String> {
    let wrong = || format!("`{}` is no content length", String::from_utf8_lossy(value));
    let mut any = false;
    for word in words(value) {
        let digits = std::str::from_utf8(word).ok().filter(|w| w.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|d| d.parse::<u64>().ok()).ok_or_else(wrong)?;
        if said.length.is_some_and(|other| other != length) {
            return Err("it has two content lengths".to_owned());
        }
        (said.length, any) = (Some(length), true);
        said.lengths += 1;
    }
    if any { Ok(()) } else { Err(wrong()) }
}

/// Chunks, and no encoding under them; `identity` was a word for none (RFC 2616, 3.6).
fn encoding(value: &[u8], said: &mut Said) -> Result<(), String> {
    for word in words(value).filter(|word| !word.eq_ignore_ascii_case(b"identity")) {
        if said.chunked || !word.eq_ignore_ascii_case(b"chunked") {
            let value = String::from_utf8_lossy(value);
            return Err(format!("the transfer is encoded as `{value}`, which is not read here"));
        }
        said.chunked = true;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ends::{Chunked, Closing, Length};

    fn one(text: &str, asked_head: bool) -> Result<Option<(Head, String)>, String> {
        let mut buffer = BytesMut::from(text);
        let head = read(&mut buffer, &mut 0, asked_head)?;
        Ok(head.map(|head| (head, String::from_utf8(buffer.to_vec()).unwrap())))
    }

    #[test]
    fn where_a_body_ends_and_whether_the_connection_stays() {
        for (fields, ends, keeps) in [
            ("1.1 200 OK\r\nContent-Length: 5\r\n", Length(5), true),
            ("1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n", Length(5), true),
            ("1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", Chunked, true),
            ("1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n", Length(5), true),
            ("1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", Chunked, false),
            ("1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 5\r\n", Length(5), false),
            ("1.0 200 OK\r\nContent-Length: 5\r\n", Length(5), false),
            ("1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n", Length(5), true),
            ("1.1 200\r\n", Closing, false),
            ("1.1 204 No\r\nContent-Length: 5\r\n", Length(0), true),
            ("1.1 304 No\r\nContent-Length: 5\r\n", Length(0), true),
            ("1.1 101 X\r\nUpgrade: x\r\n", Length(0), false),
        ] {
            let (head, rest) = one(&format!("HTTP/{fields}\r\nrest"), false).unwrap().unwrap();
            assert_eq!((head.ends, head.keeps, rest.as_str()), (ends, keeps, "rest"), "{fields}");
            let lengths: Vec<_> = head.fields.get_all("content-length").collect();
            let told = fields.contains("ontent-") && !(ends == Chunked);
            assert_eq!(lengths, if told { vec![&b"5"[..]] } else { vec![] }, "{fields}");
        }
        let (head, _) = one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).unwrap().unwrap();
        assert_eq!((head.ends, head.fields.get("content-length")), (Length(0), Some(&b"5"[..])));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_answer() {
        for bad in [
            "1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
            "1.1 200 OK\r\nContent-Length: 5, 6\r\n",
            "1.1 200 OK\r\nContent-Length: +5\r\n",
            "1.1 200 OK\r\nContent-Length: 0x5\r\n",
            "1.1 200 OK\r\nContent-Length: \r\n",
            "1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
            "1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
            "1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n",
            "1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n",
            "1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
            "1.1 200 OK\r\nContent-Length : 5\r\n",
            "1.1 200 OK\r\nX: a\r\n b\r\n",
            "1.1 200 OK\r\nX: a\0b\r\n",
            "1.1 042 OK\r\n",
            "2 200 OK\r\n",
        ] {
            assert!(one(&format!("HTTP/{bad}\r\n"), false).is_err(), "{bad}");
        }
    }

    #[test]
    fn heads_before_the_last_are_passed_over_and_large_ones_refused() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let (head, _) = one(text, false).unwrap().unwrap();
        assert_eq!((head.status, head.fields.texts()), (StatusCode::OK, vec![("a".to_owned(), "b".to_owned())]));
        assert!(one(&format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(LARGEST)), false).is_err());
        let many = |n| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(n));
        assert!(one(&many(MOST), false).is_ok() && one(&many(MOST + 1), false).is_err());
    }

    #[test]
    fn a_head_that_comes_byte_by_byte_is_the_same() {
        let text = b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nName: \r\nX-Y: z  \r\nContent-Length: 1\r\n\r\n";
        let (mut buffer, mut seen) = (BytesMut::new(), 0);
        for (n, byte) in text.iter().enumerate() {
            assert!(read(&mut buffer, &mut seen, false).unwrap().is_none(), "{n}");
            buffer.extend_from_slice(&[*byte]);
        }
        let head = read(&mut buffer, &mut seen, false).unwrap().unwrap();
        let told = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(head.fields.texts(), [told("name", ""), told("x-y", "z"), told("content-length", "1")]);
    }
}
