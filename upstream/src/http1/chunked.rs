//! A body in chunks (RFC 9112, 7.1). Extensions and trailers are passed over.
//!
//! Invariant: a line ends with CR and LF and with nothing else, so that nobody reads another end than we.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of a chunk's first line, or of all trailers, beyond which it is refused.
const LONGEST: usize = 16 << 10;

/// How far a body was read.
#[derive(Debug, Default)]
pub(crate) struct Chunked {
    at: At,
    /// Bytes of the line, or of the trailers, so far.
    length: usize,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// Its size, as far as it was read, and whether there was a digit.
    Size(u64, bool),
    /// What follows the size.
    Extension(u64),
    /// The CR after the size was there.
    SizeEnd(u64),
    /// So much of it is to come.
    Data(u64),
    /// The CR after the data, then its LF.
    DataEnd,
    DataEndLf,
    /// The beginning of a line, the midst of one, a CR in one, and the CR of the empty one.
    Trailer,
    InTrailer,
    TrailerLf,
    LastLf,
    Over,
}

impl Default for At {
    fn default() -> At {
        At::Size(0, false)
    }
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Piece(Bytes),
    /// Nothing before more is read.
    More,
    End,
}

impl Chunked {
    /// Takes what comes next from what was read. An error says what is wrong; nothing after it counts.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Next, String> {
        self.pass_over(buffer)?;
        let At::Data(left) = self.at else {
            return Ok(if let At::Over = self.at { Next::End } else { Next::More });
        };
        if buffer.is_empty() {
            return Ok(Next::More);
        }
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let left = left.saturating_sub(u64::try_from(length).unwrap_or(left));
        self.at = if left == 0 { At::DataEnd } else { At::Data(left) };
        Ok(Next::Piece(buffer.split_to(length).freeze()))
    }

    /// Whether what was read ends it. What is wrong is told when the next piece is taken.
    pub(crate) fn is_over_with(&mut self, buffer: &mut BytesMut) -> bool {
        self.pass_over(buffer).is_ok() && matches!(self.at, At::Over)
    }

    /// Reads lines until data stands there, or the end. What is wrong stays wrong: its byte is not taken.
    fn pass_over(&mut self, buffer: &mut BytesMut) -> Result<(), String> {
        let mut read = 0;
        let mut read_all = || {
            for &byte in buffer.iter() {
                if let At::Data(_) | At::Over = self.at {
                    break;
                }
                self.at = self.step(byte)?;
                read += 1;
            }
            Ok(())
        };
        let passed = read_all();
        buffer.advance(read);
        passed
    }

    fn step(&mut self, byte: u8) -> Result<At, String> {
        let wrong = |what: &str| Err(format!("{what} of a chunked body is not as it must be"));
        self.length += 1;
        if self.length > LONGEST {
            return wrong("a line's length");
        }
        Ok(match (self.at, byte) {
            (At::Size(size, _), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = u64::from(char::from(byte).to_digit(16).unwrap_or_default());
                match size.checked_mul(16) {
                    Some(size) => At::Size(size | digit, true),
                    None => return wrong("a size"),
                }
            }
            (At::Size(size, true), b'\r') | (At::Extension(size), b'\r') => At::SizeEnd(size),
            (At::Size(size, true), b';' | b' ' | b'\t') => At::Extension(size),
            (At::Size(..), _) => return wrong("a size"),
            (At::Extension(_), b'\n') => return wrong("an extension"),
            (At::Extension(size), _) => At::Extension(size),
            (At::SizeEnd(size), b'\n') => {
                self.length = 0;
                if size == 0 { At::Trailer } else { At::Data(size) }
            }
            (At::DataEnd, b'\r') => At::DataEndLf,
            (At::DataEndLf, b'\n') => {
                self.length = 0;
                At::default()
            }
            (At::Trailer, b'\r') => At::LastLf,
            (At::InTrailer, b'\r') => At::TrailerLf,
            (At::Trailer | At::InTrailer, b'\n') => return wrong("a trailer"),
            (At::Trailer | At::InTrailer, _) => At::InTrailer,
            (At::TrailerLf, b'\n') => At::Trailer,
            (At::LastLf, b'\n') => At::Over,
            _ => return wrong("a line's end"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, and what follows it. `None`: it is not over.
    fn all(text: &[u8], piece: usize) -> Result<Option<(Vec<u8>, Vec<u8>)>, String> {
        let (mut chunks, mut buffer, mut body) = (Chunked::default(), BytesMut::new(), Vec::new());
        let mut pieces = text.chunks(piece);
        loop {
            match chunks.next(&mut buffer)? {
                Next::Piece(piece) => body.extend_from_slice(&piece),
                Next::End => {
                    let rest = pieces.flatten().copied();
                    return Ok(Some((body, buffer.iter().copied().chain(rest).collect())));
                }
                Next::More => match pieces.next() {
                    Some(piece) => buffer.extend_from_slice(piece),
                    None => return Ok(None),
                },
            }
        }
    }

    #[test]
    fn chunks_are_the_same_however_they_come() {
        let text = b"5\r\nhello\r\n00b ; a=\"b\"\r\n big\r\nworld\r\n0\r\nX: y\r\nZ: \r\n\r\nrest";
        for piece in 1..=text.len() {
            let (body, rest) = all(text, piece).unwrap().unwrap();
            assert_eq!((body.as_slice(), rest.as_slice()), (&b"hello big\r\nworld"[..], &b"rest"[..]), "{piece}");
        }
        for length in 0..text.len() - 4 {
            assert_eq!(all(&text[..length], 7).unwrap(), None, "{length}");
        }
    }

    #[test]
    fn lines_that_others_could_read_otherwise_are_refused() {
        let long = [b"1;".to_vec(), vec![b'x'; LONGEST]].concat();
        let many = [b"0\r\n".to_vec(), b"a: b\r\n".repeat(LONGEST)].concat();
        for bad in [
            &b"\r\n"[..],
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"0x1\r\n",
            b" 1\r\n",
            b"1\nx",
            b"1;a\nb\r\n",
            b"1;a\rb\n",
            b"1\rx",
            b"1\r\nxy",
            b"1\r\nx\ny",
            b"1\r\nx\r\r",
            b"0\r\n\n",
            b"0\r\nx\ny",
            b"0\r\n\rx",
            b"10000000000000000\r\n",
            &long,
            &many,
        ] {
            for piece in [1, bad.len()] {
                assert!(all(bad, piece).is_err(), "{:?}", String::from_utf8_lossy(bad));
            }
        }
    }
}
