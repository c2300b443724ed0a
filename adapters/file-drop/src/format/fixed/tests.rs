use super::super::testing::{Outcome, all, format, read};
use proptest::prelude::*;
use serde_json::json;

fn fixed(extra: serde_json::Value, bytes: &[u8]) -> Outcome {
    let mut config = json!({ "kind": "fixed", "columns": [
        { "name": "BIN", "at": 1, "length": 4 }, { "name": "QTY", "at": 5, "length": 5 } ] });
    for (key, value) in extra.as_object().unwrap() {
        config[key] = value.clone();
    }
    all(&format(config), bytes)
}

#[test]
fn columns_stand_at_their_positions() {
    let out = fixed(json!({}), b"A1  00012\r\nB 2    3 \n\n    00000");
    assert_eq!(out.columns, ["BIN", "QTY"]);
    assert_eq!(out.texts(), ["A1|00012", "B 2|   3", "|00000"]);
    assert_eq!(out.rows[2].place, banyan_words::Place { line: 4, offset: 22 });
    assert_eq!(fixed(json!({ "trim": "none" }), b"A1  00012\n").texts(), ["A1  |00012"]);
}

#[test]
fn short_and_long_records() {
    let out = fixed(json!({}), b"A1  12\nA1  00012   \nA1  00012 x\n");
    assert_eq!(out.texts(), ["!fixed-short A1  12", "A1|00012", "!fixed-long A1  00012 x"]);
    assert_eq!(out.rows[0].cells[0], banyan_words::Value::text("A1"), "what is whole is kept");
    assert!(out.rows[0].message.contains("line 1: 6 bytes where the columns need 9"), "{}", out.rows[0].message);
    assert_eq!(fixed(json!({ "short": "pad" }), b"A1  12\nX\n").texts(), ["A1|12", "X|"]);
    assert_eq!(fixed(json!({ "length": 12 }), b"A1  00012abc\n").texts(), ["A1|00012"], "filler");
}

#[test]
fn records_without_lines_follow_each_other() {
    let out = fixed(json!({ "lines": false, "length": 10 }), b"A1  00012.B2  00003.\n");
    assert_eq!(out.texts(), ["A1|00012", "B2|00003"]);
    assert_eq!(out.rows[1].place, banyan_words::Place { line: 2, offset: 10 });
    let out = fixed(json!({ "lines": false }), b"A1  00012B2  ");
    assert_eq!(out.texts(), ["A1|00012", "!fixed-short B2  "]);
}

#[test]
fn positions_count_what_the_encoding_counts() {
    assert_eq!(fixed(json!({ "encoding": "cp850" }), b"M\x84rz12345\n").texts(), ["März|12345"]);
    let utf16: Vec<u8> = "März12345\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(fixed(json!({ "encoding": "utf-16be" }), &utf16).texts(), ["März|12345"]);
    assert_eq!(fixed(json!({ "positions": "characters" }), "März12345\n".as_bytes()).texts(), ["März|12345"]);
    assert_eq!(fixed(json!({}), "Mär12345\n".as_bytes()).texts(), ["Mär|12345"], "bytes");
    let (sjis, ..) = encoding_rs::SHIFT_JIS.encode("ポソ12345\n");
    assert_eq!(fixed(json!({ "encoding": "shift_jis" }), &sjis).texts(), ["ポソ|12345"]);
    let cut = fixed(json!({}), "abcä1234\n".as_bytes());
    assert_eq!(cut.rows[0].bad.as_ref().unwrap().0, "bad-encoding", "half a character");
}

#[test]
fn numbers_are_exact_or_refused() {
    let columns = json!([{ "name": "N", "at": 1, "length": 4, "type": "integer" },
        { "name": "D", "at": 5, "length": 8, "type": "decimal", "scale": 2 }]);
    let out = fixed(
        json!({ "columns": columns }),
        b"0012  123.50\n-7      1250\n  5-    125-\n            \n12x4       1\n   1   1.234\n",
    );
    assert_eq!(
        out.texts(),
        [
            "12|123.50",
            "-7|12.50",
            "-5|-1.25",
            "∅|∅",
            "!fixed-bad-number 12x4       1",
            "!fixed-bad-number    1   1.234"
        ]
    );
    assert!(out.rows[4].message.contains("column N: `12x4`"), "{}", out.rows[4].message);
    assert_eq!(out.rows[4].cells[1].to_text().unwrap(), "0.01", "what can be read is");
}

#[test]
fn a_record_beyond_the_limit_is_passed_over() {
    let out = fixed(json!({ "max_record": "20B" }), format!("A1  00012\n{}\nB2  00003\n", "x".repeat(99)).as_bytes());
    assert_eq!(out.rows.len(), 3);
    assert_eq!(out.rows[1].bad.as_ref().unwrap().0, "record-too-large");
    assert_eq!(out.texts()[2], "B2|00003");
}

#[test]
fn trailers_count_and_sum() {
    let raw = |trailer: serde_json::Value| banyan_adapter::RawDataset {
        name: "d".into(),
        path: "d".into(),
        config: json!({ "files": "*", "ready": { "trailer": trailer }, "format": { "kind": "fixed", "columns": [
            { "name": "BIN", "at": 1, "length": 4 }, { "name": "QTY", "at": 5, "length": 5 } ] } })
        .into(),
        snapshot: false,
        key: Vec::new(),
    };
    let rule =
        json!({ "starts": "TR", "count": { "at": 3, "length": 3 }, "total": { "of": "QTY", "at": 6, "length": 6 } });
    let format = crate::config::check::dataset(&raw(rule)).unwrap().format;
    assert_eq!(all(&format, b"A1  00012\nB2  00003\nTR002000015\n").code(), None);
    assert_eq!(all(&format, b"A1  00012\nB2  00003\nTR002000016\n").code(), Some("trailer-mismatch"));
    assert_eq!(all(&format, b"A1  00012\nB2  00003\nTR003000015\n").code(), Some("trailer-mismatch"));
}

proptest! {
    #[test]
    fn the_same_in_pieces_of_any_size(
        bytes in proptest::collection::vec(proptest::sample::select(b"a1 \n\r\xc3\xa4\xff".to_vec()), 0..60),
        chunk in 1_usize..9, lines in any::<bool>(), pad in any::<bool>(), characters in any::<bool>(),
    ) {
        let format = format(json!({ "kind": "fixed", "lines": lines, "short": if pad { "pad" } else { "reject" },
            "positions": if characters { "characters" } else { "bytes" }, "max_record": "16B",
            "columns": [{ "name": "A", "at": 1, "length": 3 }, { "name": "B", "at": 3, "length": 2, "type": "integer" }] }));
        prop_assert_eq!(read(&format, &bytes, chunk, 1), read(&format, &bytes, usize::MAX, usize::MAX));
    }

    #[test]
    fn agrees_with_slicing(lines in proptest::collection::vec("[a-z ]{9}", 0..8)) {
        let format = format(json!({ "kind": "fixed",
            "columns": [{ "name": "A", "at": 2, "length": 3 }, { "name": "B", "at": 6, "length": 4 }] }));
        let expected: Vec<String> =
            lines.iter().map(|l| format!("{}|{}", l[1..4].trim_end(), l[5..9].trim_end())).collect();
        prop_assert_eq!(read(&format, lines.join("\n").as_bytes(), usize::MAX, 3).texts(), expected);
    }
}
