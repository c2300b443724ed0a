//! Compression of lists, where the caller accepts it and it pays: 0.1 ms for 15 KB, so never on a read by id.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Bodies below this are sent as they are.
pub(super) const WORTH_IT: usize = 4096;

/// A gzip stream that hands out what it has so far.
pub(super) struct Gzip(GzEncoder<Vec<u8>>);

impl Gzip {
    /// An empty one.
    pub(super) fn new() -> Gzip {
        Gzip(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    /// Takes a chunk, returns bytes that let the caller read all of it.
    pub(super) fn chunk(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        self.0.write_all(bytes)?;
        self.0.flush()?;
        Ok(std::mem::take(self.0.get_mut()))
    }

    /// The end of the stream.
    pub(super) fn end(self) -> std::io::Result<Vec<u8>> {
        self.0.finish()
    }
}

/// A whole body.
pub(super) fn whole(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
