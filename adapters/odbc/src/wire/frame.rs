//! Frames: how one begins and ends on a pipe, and how its bytes are put in and taken out.
//!
//! Invariant: no length that a frame names is believed before that many bytes are there. Not here: what frames mean.

use super::LONGEST_FRAME;
use std::io::{self, Read, Write};

/// Writes a frame.
pub fn write_frame(out: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(frame)?;
    out.flush()
}

/// Reads a frame into `frame`; false at the end of the stream.
pub fn read_frame(from: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let first = from.read(&mut length[..1])?;
    if first == 0 {
        return Ok(false);
    }
    from.read_exact(&mut length[1..])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_FRAME || length == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a frame"));
    }
    frame.clear();
    let read = from.take(length as u64).read_to_end(frame)?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(true) }
}

/// Appends to a frame.
#[derive(Default)]
pub struct Put(pub Vec<u8>);

impl Put {
    /// A frame of that kind.
    pub fn new(kind: u8) -> Put {
        Put(vec![kind])
    }
    /// A byte.
    pub fn byte(&mut self, v: u8) -> &mut Put {
        self.0.push(v);
        self
    }
    /// A number.
    pub fn number(&mut self, v: u32) -> &mut Put {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// A long number.
    pub fn long(&mut self, v: u64) -> &mut Put {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// Bytes with their length.
    pub fn bytes(&mut self, v: &[u8]) -> &mut Put {
        self.number(v.len() as u32);
        self.0.extend_from_slice(v);
        self
    }
    /// Text.
    pub fn text(&mut self, v: &str) -> &mut Put {
        self.bytes(v.as_bytes())
    }
}

/// Takes from a frame.
#[derive(Clone, Copy)]
pub struct Take<'f>(pub &'f [u8]);

impl<'f> Take<'f> {
    /// The next `n` bytes.
    pub fn raw(&mut self, n: usize) -> Option<&'f [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
    /// A byte.
    pub fn byte(&mut self) -> Option<u8> {
        Some(self.raw(1)?[0])
    }
    /// A number.
    pub fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.raw(4)?.try_into().ok()?))
    }
    /// A long number.
    pub fn long(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.raw(8)?.try_into().ok()?))
    }
    /// Bytes with their length.
    pub fn bytes(&mut self) -> Option<&'f [u8]> {
        let n = self.number()? as usize;
        self.raw(n)
    }
    /// Text.
    pub fn text(&mut self) -> Option<&'f str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
    /// Text, owned.
    pub fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }
}
