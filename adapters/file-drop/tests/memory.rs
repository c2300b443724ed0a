//! Memory does not depend on the size of a file or of anything in it. A process of its own, so that its peak is ours.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use banyan_adapter::RawDataset;
use banyan_file_drop::config::check;
use banyan_file_drop::format::{Format, Limit};
use banyan_words::{BatchBuilder, Fate, UnitRef};
use serde_json::{Value, json};
use std::io::{Read, Result};
use std::sync::Arc;

/// A text, then so many bytes of one kind, then a text.
struct Long(&'static [u8], u8, u64, &'static [u8]);

impl Read for Long {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        if !self.0.is_empty() {
            return self.0.read(buf);
        }
        if self.2 == 0 {
            return self.3.read(buf);
        }
        let n = buf.len().min(usize::try_from(self.2).unwrap_or(usize::MAX));
        buf[..n].fill(self.1);
        self.2 -= n as u64;
        Ok(n)
    }
}

fn codes(format: Value, src: Long) -> Vec<String> {
    let config = json!({ "files": "*", "format": format }).into();
    let raw = RawDataset { name: "d".into(), path: "d".into(), config, snapshot: false, key: Vec::new() };
    let format: Format = check::dataset(&raw).unwrap().format;
    let mut reader = format.open("d", Box::new(src)).unwrap();
    let mut codes = Vec::new();
    loop {
        let mut batch = BatchBuilder::new(Arc::new(UnitRef {
            name: "f".into(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        }));
        let more = reader.read(&mut batch, Limit { rows: 100, bytes: 1 << 20 }).unwrap();
        codes.extend(batch.finish().rows().map(|row| match row.fate() {
            Fate::Record => "record".to_owned(),
            Fate::Bad(bad) => bad.code.clone(),
        }));
        if !more {
            return codes;
        }
    }
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn two_gigabytes_in_one_piece_is_passed_over_in_a_few_megabytes() {
    const HUGE: u64 = 2 << 30;
    let before = peak_megabytes();
    let xml = json!({ "kind": "xml", "record": "/c/i", "fields": { "a": "@a" } });
    let jsons = json!({ "kind": "json", "record": "/items", "columns": ["a"] });
    let lines = json!({ "kind": "jsonl", "columns": ["a"] });
    let csv = json!({ "kind": "csv" });
    let fixed = json!({ "kind": "fixed", "columns": [{ "name": "A", "at": 1, "length": 3 }] });
    let cases = [
        (
            xml.clone(),
            Long(b"<c><i a='1'><t>", b'x', HUGE, b"</t></i><i a='2'/></c>"),
            vec!["record-too-large", "record"],
        ),
        (xml.clone(), Long(b"<c><t>", b'x', HUGE, b"</t><i a='2'/></c>"), vec!["record"]),
        (xml, Long(b"<c><!--", b'-', HUGE, b"--><i a='2'/></c>"), vec!["record"]),
        (
            jsons.clone(),
            Long(b"{\"items\": [{\"a\": \"", b'x', HUGE, b"\"}, {\"a\": 2}]}"),
            vec!["record-too-large", "record"],
        ),
        (jsons, Long(b"{\"skip\": [\"", b'x', HUGE, b"\"], \"items\": [{\"a\": 2}]}"), vec!["record"]),
        (lines, Long(b"{\"a\": \"", b'x', HUGE, b"\"}\n{\"a\": 2}\n"), vec!["record-too-large", "record"]),
        (csv.clone(), Long(b"A,B\n1,", b'x', HUGE, b"\n2,3\n"), vec!["record-too-large", "record"]),
        (csv, Long(b"A,B\n1,\"", b'x', HUGE, b"\n2,3\n"), vec!["record-too-large", "record"]),
        (fixed, Long(b"ABC", b'x', HUGE, b"\nDEF\n"), vec!["record-too-large", "record"]),
    ];
    for (format, src, expected) in cases {
        let shown = format.to_string();
        assert_eq!(codes(format, src), expected, "{shown}");
        let grown = peak_megabytes() - before;
        assert!(grown < 40, "{shown}: {grown} MB");
    }
}
