//! Every format through the suite that every adapter passes, with real time and real events.

#![allow(clippy::unwrap_used)]

use banyan_adapter::{Kind, RawDataset, RawSource};
use banyan_file_drop::{FileDrop, REFUSALS};
use banyan_testkit::{Gateway, Store, Subject, assert_feed, block_on};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn raw(folder: &Path, watch: &str, dataset: Value) -> RawSource {
    let config = json!({ "folder": folder.to_str().unwrap(), "watch": watch, "every": "1h" });
    let dataset =
        RawDataset { name: "d".into(), path: "sources.s.datasets.d".into(), config: dataset.into(), snapshot: false, key: Vec::new() };
    RawSource {
        name: "s".into(),
        path: "sources.s".into(),
        base: folder.into(),
        config: config.into(),
        datasets: vec![dataset],
    }
}

fn conforms(format: Value, files: &[(&str, &[u8])]) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let dataset = json!({ "files": "*.txt*", "format": format, "ready": { "quiet": "10ms" } });
    assert_feed(&Subject {
        kind: &FileDrop,
        raw: raw(dir.path(), "auto", dataset),
        dataset: "d".into(),
        patience: Duration::from_secs(20),
    });
}

#[test]
fn csv_conforms() {
    conforms(
        json!({ "kind": "csv" }),
        &[
            ("a.txt", b"A,B\n1,2\nbad\n3,\"open\n4,5\n"),
            ("b.txt", b"A,B\n6,\xff\n"),
            ("c.txt", b""),
            ("d.txt", b"A,B\n"),
        ],
    );
}

#[test]
fn fixed_conforms() {
    let columns = json!([{ "name": "A", "at": 1, "length": 2 }, { "name": "N", "at": 3, "length": 3, "type": "integer" },
        { "name": "D", "at": 6, "length": 4, "type": "decimal", "scale": 1 }]);
    conforms(json!({ "kind": "fixed", "columns": columns }), &[("a.txt", b"AB 121234\nCD x  0.5\nEF\n")]);
}

#[test]
fn json_conforms() {
    conforms(
        json!({ "kind": "json", "columns": ["A", "B"] }),
        &[("a.txt", br#"[{"A": 1, "B": 0.1}, {"A": [1.5, {"x": null}]}, 3, {"A": 1e999}]"#), ("b.txt", b"[{}")],
    );
    conforms(json!({ "kind": "jsonl", "fields": { "A": "/a/b" } }), &[("a.txt", b"{\"a\": {\"b\": 2.50}}\n{\n")]);
}

#[test]
fn xml_conforms() {
    conforms(
        json!({ "kind": "xml", "record": "/c/i", "fields": { "A": "@a", "T": "t[]" } }),
        &[("a.txt", b"<c><i a='1'><t>x</t></i><i a='&no;'/></c>"), ("b.txt", b"<c><i a='1'/>")],
    );
}

#[test]
fn packed_files_conform() {
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(b"A,B\n1,2\nbad\n").unwrap();
    let gz = gz.finish().unwrap();
    conforms(json!({ "kind": "csv" }), &[("a.txt.gz", &gz), ("cut.txt.gz", &gz[..gz.len() - 9])]);
}

/// A feed with real events and sweeps so rare that they find nothing.
fn watching(folder: &Path, dataset: Value) -> (Gateway, Box<dyn banyan_adapter::BlockingFeed>) {
    let mut gateway = Gateway::new(Arc::new(Store::default()), "d");
    gateway.ask.wait = Duration::from_millis(200);
    let prepared = FileDrop.prepare(&raw(folder, "auto", dataset)).unwrap();
    let connected = block_on(prepared.connect(gateway.context("s", Timestamp::UNIX_EPOCH))).unwrap();
    let mut feed = connected.feed("d").unwrap();
    assert!(gateway.drain(&mut *feed).unwrap().is_empty());
    (gateway, feed)
}

fn until(gateway: &mut Gateway, feed: &mut dyn banyan_adapter::BlockingFeed, count: usize) -> Vec<String> {
    let begun = Instant::now();
    let mut names = Vec::new();
    while names.len() < count && begun.elapsed() < Duration::from_secs(30) {
        names.extend(gateway.drain(feed).unwrap().into_iter().map(|u| u.unit.name));
    }
    names.sort();
    names
}

#[test]
fn events_tell_of_new_files_also_in_new_sub_folders() {
    let dir = tempfile::tempdir().unwrap();
    let (mut gateway, mut feed) =
        watching(dir.path(), json!({ "files": "**/*.csv", "format": { "kind": "csv" }, "ready": { "quiet": "10ms" } }));
    std::fs::write(dir.path().join("a.csv"), "A\n1\n").unwrap();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    std::fs::write(dir.path().join("sub/b.csv"), "A\n2\n").unwrap();
    let elsewhere = tempfile::tempdir_in(dir.path().parent().unwrap()).unwrap();
    std::fs::create_dir(elsewhere.path().join("moved")).unwrap();
    std::fs::write(elsewhere.path().join("moved/c.csv"), "A\n3\n").unwrap();
    std::fs::rename(elsewhere.path().join("moved"), dir.path().join("moved")).unwrap();
    assert_eq!(until(&mut gateway, &mut *feed, 3), ["a.csv", "moved/c.csv", "sub/b.csv"]);
}

#[test]
fn a_done_file_wakes_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let (mut gateway, mut feed) = watching(
        dir.path(),
        json!({ "files": "*.csv", "format": { "kind": "csv" }, "ready": { "done_file": "{stem}.done" } }),
    );
    std::fs::write(dir.path().join("a.csv"), "A\n1\n").unwrap();
    assert!(gateway.drain(&mut *feed).unwrap().is_empty());
    std::fs::write(dir.path().join("a.done"), "").unwrap();
    assert_eq!(until(&mut gateway, &mut *feed, 1), ["a.csv"]);
}

#[test]
fn misspelt_and_contradictory_keys_are_all_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dataset = json!({ "files": "../x", "after": { "move": "../done" }, "ready": { "done_file": "a/b", "trailer": { "starts": "T" } },
        "format": { "kind": "csv", "encoding": "klingon", "delimiter": "", "header": false, "quote": "ab" } });
    let Err(problems) = FileDrop.prepare(&raw(dir.path(), "auto", dataset)) else { panic!() };
    let mut paths: Vec<_> = problems.iter().map(|p| p.path.strip_prefix("sources.s.datasets.d.").unwrap()).collect();
    paths.sort_unstable();
    let expected = [
        "after.move",
        "files",
        "format.columns",
        "format.delimiter",
        "format.encoding",
        "format.quote",
        "ready",
        "ready.done_file",
        "ready.trailer",
    ];
    assert_eq!(paths, expected, "{problems:#?}");
}

#[test]
fn discovery_shows_what_lies_there() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), "A,B\n1,2\n").unwrap();
    std::fs::write(dir.path().join("stray.dat"), "x").unwrap();
    let prepared =
        FileDrop.prepare(&raw(dir.path(), "auto", json!({ "files": "*.csv", "format": { "kind": "csv" } }))).unwrap();
    let gateway = Gateway::new(Arc::new(Store::default()), "d");
    let connected = block_on(prepared.connect(gateway.context("s", Timestamp::UNIX_EPOCH))).unwrap();
    let found = block_on(connected.discover()).unwrap();
    assert_eq!(found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["d", "stray.dat"]);
    assert_eq!(found[0].columns.len(), 2);
    assert_eq!(found[0].sample, [["1", "2"]]);
    let batches = prepared.read_file("d", &dir.path().join("a.csv"), 10).unwrap();
    assert_eq!(batches[0].row(0).text(1), Some("2"));
    assert_eq!(prepared.read_file("d", &dir.path().join("none.csv"), 10).unwrap_err().code, "file-io");
}

#[test]
fn the_reading_hash_changes_with_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let hash = |format: Value| {
        FileDrop.prepare(&raw(dir.path(), "auto", json!({ "files": "*", "format": format }))).unwrap().reading_hash("d")
    };
    let plain = hash(json!({ "kind": "csv" }));
    assert_eq!(plain, hash(json!({ "kind": "csv", "delimiter": "," })), "a default written out");
    assert_ne!(plain, hash(json!({ "kind": "csv", "delimiter": ";" })));
    assert_ne!(plain, hash(json!({ "kind": "csv", "encoding": "cp850" })));
}

#[test]
fn the_documentation_lists_every_code() {
    let page = include_str!("../../../docs/adapter-file-drop.md");
    for def in REFUSALS {
        assert!(
            page.contains(&format!("| `{}` | {} |", def.code, def.stage)),
            "{} is missing in docs/adapter-file-drop.md",
            def.code
        );
    }
}
