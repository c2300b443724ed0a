//! CPU time per record of 8 columns in the readers alone: `cargo bench -p banyan-file-drop`. Linux only.

#![allow(clippy::unwrap_used, missing_docs)]

use banyan_adapter::RawDataset;
use banyan_file_drop::config::check;
use banyan_file_drop::format::{Format, Limit};
use banyan_words::{BatchBuilder, UnitRef};
use serde_json::{Value, json};
use std::sync::Arc;

const ROWS: usize = 300_000;

fn measure(name: &str, format: Value, text: &[u8]) {
    let config = json!({ "files": "*", "format": format }).into();
    let raw = RawDataset { name: "d".into(), path: "d".into(), config, snapshot: false, key: Vec::new() };
    let format = check::dataset(&raw).unwrap().format;
    let best = (0..5).map(|_| once(&format, text)).min().unwrap().max(1);
    println!("{name:<34} {best:>6} ns/record {:>6} MB/s", text.len() as u64 * 1000 / (best * ROWS as u64));
}

/// Nanoseconds this thread was on a processor: other work on the machine does not count.
fn on_cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn once(format: &Format, text: &[u8]) -> u64 {
    let src = std::io::Cursor::new(text.to_vec());
    let unit = Arc::new(UnitRef {
        name: "f".into(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    });
    let begun = on_cpu();
    let mut reader = format.open("d", Box::new(src)).unwrap();
    let (mut rows, mut more) = (0, true);
    while more {
        let mut batch = BatchBuilder::new(unit.clone());
        more = reader.read(&mut batch, Limit { rows: 4096, bytes: 4 << 20 }).unwrap();
        rows += batch.len();
    }
    assert_eq!(rows, ROWS);
    (on_cpu() - begun) / ROWS as u64
}

fn rows(row: impl Fn(usize) -> String) -> String {
    (0..ROWS).map(row).collect()
}

fn main() {
    let fields = |i: usize| {
        [
            format!("{i:08}"),
            format!("Harbour Supplies {i}"),
            "12 High Street".into(),
            "Kingston upon Hull".into(),
            format!("{}.{:02}", i % 90_000, i % 100),
            "trade".into(),
            "2019-04-01".into(),
            format!("info{i}@example.com"),
        ]
    };
    let header = "A,B,C,D,E,F,G,H\n";
    let plain = format!("{header}{}", rows(|i| fields(i).join(",") + "\n"));
    let quoted = format!("{header}{}", rows(|i| format!("\"{}\"\n", fields(i).join("\",\""))));
    let latin: Vec<u8> = rows(|i| fields(i).join(",").replace("Hull", "H~ll") + "\n")
        .bytes()
        .map(|b| if b == b'~' { 0xfc } else { b })
        .collect();
    let latin = [header.as_bytes(), &latin].concat();
    let odd = rows(|i| fields(i).join("+|") + "&|\n");
    let names = json!(["A", "B", "C", "D", "E", "F", "G", "H"]);
    measure("(warming up)", json!({ "kind": "csv" }), plain.as_bytes());
    measure("csv", json!({ "kind": "csv" }), plain.as_bytes());
    measure("csv, quote: none", json!({ "kind": "csv", "quote": "none" }), plain.as_bytes());
    measure("csv, all quoted", json!({ "kind": "csv" }), quoted.as_bytes());
    measure("csv, windows-1252", json!({ "kind": "csv", "encoding": "windows-1252" }), &latin);
    measure(
        "csv, +| and &|",
        json!({ "kind": "csv", "delimiter": "+|", "record_end": "&|\n", "quote": "none", "header": false, "columns": names }),
        odd.as_bytes(),
    );
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    measure("csv, utf-16le", json!({ "kind": "csv", "encoding": "utf-16le" }), &utf16);
    let wide = rows(|i| fields(i).map(|f| format!("{f:<24}")).concat() + "\n");
    let columns: Vec<_> = (0..8).map(|i| json!({ "name": format!("C{i}"), "at": 1 + 24 * i, "length": 24 })).collect();
    measure("fixed", json!({ "kind": "fixed", "columns": columns }), wide.as_bytes());
    let object = |i: usize| {
        let [a, b, c, d, e, f, g, h] = fields(i);
        json!({ "A": a, "B": b, "C": c, "D": d, "E": e, "F": f, "G": g, "H": h }).to_string()
    };
    measure("jsonl", json!({ "kind": "jsonl", "columns": names }), rows(|i| object(i) + "\n").as_bytes());
    let list = format!("{{\"items\":[{}]}}", rows(|i| format!("{}{}", if i > 0 { "," } else { "" }, object(i))));
    measure("json", json!({ "kind": "json", "record": "/items", "columns": names }), list.as_bytes());
    let item = |i: usize| {
        let [a, b, c, d, e, f, g, h] = fields(i);
        format!("<i a='{a}' b='{b}'><c>{c}</c><d>{d}</d><e>{e}</e><f>{f}</f><g>{g}</g><h>{h}</h></i>\n")
    };
    measure(
        "xml",
        json!({ "kind": "xml", "record": "/x/i", "fields": { "A": "@a", "B": "@b", "C": "c", "D": "d", "E": "e", "F": "f", "G": "g", "H": "h" } }),
        format!("<x>{}</x>", rows(item)).as_bytes(),
    );
}
