//! Reads bytes as a format, at once and in pieces: both must give the same, and neither may panic.

use banyan_adapter::RawDataset;
use banyan_file_drop::config::check;
use banyan_file_drop::format::trouble::Trouble;
use banyan_file_drop::format::{Format, Limit};
use banyan_words::{BatchBuilder, UnitRef};
use std::io::Read;
use std::sync::Arc;

/// The bytes, how many were given, and how many are given at once.
struct Pieces(Vec<u8>, usize, usize);

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.2.min(buf.len()).min(self.0.len() - self.1);
        buf[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
        self.1 += n;
        Ok(n)
    }
}

/// Compiles a format; the targets choose among sound ones.
pub fn format(config: serde_json::Value) -> Format {
    let config = serde_json::json!({ "files": "*", "format": config }).into();
    let raw = RawDataset { name: "d".into(), path: "d".into(), config, snapshot: false, key: Vec::new() };
    check::dataset(&raw).expect("the target's own configuration").format
}

fn read(format: &Format, bytes: &[u8], chunk: usize, rows: usize) -> String {
    let src = Box::new(Pieces(bytes.to_vec(), 0, chunk));
    let mut seen = String::new();
    let end = |trouble: Trouble, seen: &mut String| seen.push_str(&trouble.to_string());
    let mut reader = match format.open("d", src) {
        Ok(reader) => reader,
        Err(trouble) => {
            end(trouble, &mut seen);
            return seen;
        }
    };
    loop {
        let mut batch = BatchBuilder::new(Arc::new(UnitRef {
            name: "f".into(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        }));
        let more = reader.read(&mut batch, Limit { rows, bytes: usize::MAX });
        for row in batch.finish().rows() {
            let cells: Vec<_> = (0..row.shape().columns.len()).map(|i| row.value(i)).collect();
            seen.push_str(&format!("{:?} {:?} {cells:?}\n", row.place(), row.fate()));
        }
        match more {
            Ok(true) => {}
            Ok(false) => return seen,
            Err(trouble) => {
                end(trouble, &mut seen);
                return seen;
            }
        }
    }
}

/// The check.
pub fn same_in_pieces(format: &Format, chunk: u8, bytes: &[u8]) {
    let whole = read(format, bytes, usize::MAX, usize::MAX);
    assert_eq!(read(format, bytes, usize::from(chunk % 16) + 1, 1), whole);
}
