use super::super::testing::{Outcome, all, format, read};
use proptest::prelude::*;
use serde_json::json;

fn csv(config: serde_json::Value, bytes: &[u8]) -> Outcome {
    let mut config = config;
    config["kind"] = json!("csv");
    all(&format(config), bytes)
}

fn plain(bytes: &[u8]) -> Outcome {
    csv(json!({}), bytes)
}

#[test]
fn records_know_their_fields_and_places() {
    let out = plain(b"A,B\r\n1,\"x, y\"\r\n\r\n2,\"line one\nline \"\"two\"\"\"\n3,  kept  ");
    assert_eq!(out.columns, ["A", "B"]);
    assert_eq!(out.texts(), ["1|x, y", "2|line one\nline \"two\"", "3|  kept  "]);
    let places: Vec<_> = out.rows.iter().map(|r| (r.place.line, r.place.offset)).collect();
    assert_eq!(places, [(2, 5), (4, 17), (6, 43)]);
}

#[test]
fn a_quote_inside_a_field_is_an_ordinary_character() {
    assert_eq!(plain(b"A,B\n5\" pipe,x\"y\n").texts(), ["5\" pipe|x\"y"]);
    assert_eq!(csv(json!({ "quote": "none" }), b"A,B\n\"a,b\"\n").texts(), ["\"a|b\""]);
    assert_eq!(csv(json!({ "quote": "'" }), b"A,B\n'a,''b',\"\n").texts(), ["a,'b|\""]);
}

#[test]
fn an_open_quote_swallows_its_line_and_no_more() {
    let out = plain(b"A,B\n1,\"open\n2,\"closed\"\n3,plain\n");
    assert_eq!(out.texts(), ["!csv-quote 1,\"open", "2|closed", "3|plain"]);
    assert!(out.rows[0].message.contains("line 2"), "{}", out.rows[0].message);
    // Nothing but plain lines behind it, to the end of the file.
    let out = plain(b"A,B\n1,\"open\n2,x\n3,y\n");
    assert_eq!(out.texts(), ["!csv-quote 1,\"open", "2|x", "3|y"]);
    // The next quote happens to look like a closing one: the number of fields tells.
    let out = plain(b"A,B\n1,\"open\n2,x,\",y\n3,z\n");
    assert_eq!(out.texts(), ["!csv-quote 1,\"open", "!csv-quote 2,x,\",y", "3|z"]);
    // Text behind the closing quote.
    assert_eq!(plain(b"A,B\n1,\"a\"b\n2,c\n").texts(), ["!csv-quote 1,\"a\"b", "2|c"]);
    // Longer than a record may be.
    let long = format!("A,B\n1,\"open\n{}2,x\n", "9,filler\n".repeat(40));
    let out = csv(json!({ "max_record": "100B" }), long.as_bytes());
    assert_eq!(out.rows.len(), 42);
    assert_eq!(out.texts()[0], "!csv-quote 1,\"open");
    assert_eq!(out.texts()[41], "2|x");
}

#[test]
fn too_many_or_too_few_fields_are_told_with_the_line() {
    let out = plain(b"A,B\n1\n1,2,3\n4,5\n");
    assert_eq!(out.texts(), ["!csv-field-count 1", "!csv-field-count 1,2,3", "4|5"]);
    assert!(out.rows[0].message.contains("line 2: 1 fields"), "{}", out.rows[0].message);
    assert!(out.rows[1].message.contains("need 2"), "{}", out.rows[1].message);
    assert!(out.rows[1].cells.iter().all(|c| *c == banyan_words::Value::Missing), "no cell of it can be trusted");
}

#[test]
fn a_record_beyond_the_limit_is_passed_over() {
    let file = format!("A,B\n1,{}\n2,x\n", "y".repeat(500));
    let out = csv(json!({ "max_record": "64B" }), file.as_bytes());
    assert_eq!(out.rows[0].bad.as_ref().unwrap().0, "record-too-large");
    assert_eq!(out.rows[0].bad.as_ref().unwrap().1.len(), 64);
    assert_eq!(out.texts()[1], "2|x");
}

#[test]
fn delimiters_and_record_ends_of_several_characters() {
    let config = json!({ "delimiter": "+|", "record_end": "&|\r\n", "quote": "none", "header": false,
        "columns": ["NO", "DESCR", "PRICE"] });
    let out = csv(config.clone(), b"1+|a + b | c\r\nd+|2.50&|\r\n2+|&+|3&|\r\n");
    assert_eq!(out.texts(), ["1|a + b | c\r\nd|2.50", "2|&|3"]);
    assert_eq!(out.rows[1].place.line, 3);
    // The same in UTF-16, with a place counted in its own bytes.
    let mut wide = config;
    wide["encoding"] = json!("utf-16le");
    let bytes: Vec<u8> = "1+|ä+|2&|\r\n3+|🌳+|4&|\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let out = csv(wide, &bytes);
    assert_eq!(out.texts(), ["1|ä|2", "3|🌳|4"]);
    assert_eq!(out.rows[1].place.offset, 22);
    // A record end that begins with the delimiter.
    let out =
        csv(json!({ "delimiter": "|", "record_end": "|\n", "header": false, "columns": ["A", "B"] }), b"1|2|\n3|4|\n");
    assert_eq!(out.texts(), ["1|2", "3|4"]);
    // Quotes work there too.
    let out = csv(json!({ "delimiter": "||", "header": false, "columns": ["A", "B"] }), b"\"x||y\"||z\n");
    assert_eq!(out.texts(), ["x||y|z"]);
}

#[test]
fn byte_order_marks_decide_and_are_no_part_of_the_header() {
    assert_eq!(plain(b"\xef\xbb\xbf\"A;1\",B\nx,y\n").columns, ["A;1", "B"]);
    for big in [false, true] {
        let units = "\u{feff}\"A\",B\nä,y\n".encode_utf16();
        let bytes: Vec<u8> = units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
        let out = plain(&bytes);
        assert_eq!((out.columns.clone(), out.texts()), (vec!["A".into(), "B".into()], vec!["ä|y".into()]));
        assert_eq!(csv(json!({ "encoding": "utf-16" }), &bytes), out);
    }
    let out = csv(json!({ "encoding": "windows-1252" }), b"\xef\xbb\xbfA,B\n1,2\n");
    assert_eq!(out.code(), Some("wrong-encoding"));
}

#[test]
fn single_byte_pages_are_read_in_full() {
    let out = csv(json!({ "encoding": "windows-1252" }), b"A,B\n\x80 5,\x93quoted\x94 \x9f\n");
    assert_eq!(out.texts(), ["€ 5|“quoted” Ÿ"]);
    let out = csv(json!({ "encoding": "cp850", "delimiter": "§" }), b"A\xf5B\nM\x84rz\xf5\"x\xf5\"\n");
    assert_eq!(out.texts(), ["März|x§"]);
    // Shift_JIS has bytes that look like `|` inside characters.
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode("A|B\nポ|ソ\n表|x\n");
    let out = csv(json!({ "encoding": "shift_jis", "delimiter": "|" }), &bytes);
    assert_eq!(out.texts(), ["ポ|ソ", "表|x"]);
    assert_eq!(out.rows[1].place.offset, 10);
}

#[test]
fn bytes_without_meaning_make_one_bad_record() {
    let out = plain(b"A,B\n1,\xff\xfe\n2,ok\n");
    assert_eq!(out.rows[0].bad.as_ref().unwrap(), &("bad-encoding".to_owned(), b"1,\xff\xfe".to_vec()));
    assert_eq!(out.rows[0].cells[0], banyan_words::Value::text("1"), "what can be read is");
    assert!(out.rows[0].message.contains("line 2: byte 0xFF after 2 characters"), "{}", out.rows[0].message);
    assert_eq!(out.texts()[1], "2|ok");
    // Half a surrogate pair in UTF-16 keeps its own bytes.
    let mut bytes: Vec<u8> = "A,B\n1,".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend([0x00, 0xd8]);
    bytes.extend("\n2,ok\n".encode_utf16().flat_map(u16::to_le_bytes));
    let out = csv(json!({ "encoding": "utf-16le" }), &bytes);
    assert_eq!(out.rows[0].bad.as_ref().unwrap(), &("bad-encoding".to_owned(), b"1\0,\0\x00\xd8".to_vec()));
    assert_eq!(out.texts()[1], "2|ok");
}

#[test]
fn a_file_in_another_encoding_is_refused_as_a_whole() {
    let utf16: Vec<u8> = "A,B\n1,2\n3,4\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(plain(&utf16).code(), Some("wrong-encoding"));
    let latin: Vec<u8> =
        (0..10).flat_map(|i| format!("{i},M").into_bytes().into_iter().chain(*b"\xfcller\n")).collect();
    let out = plain(&[b"A,B\n".as_slice(), &latin].concat());
    assert_eq!((out.code(), out.rows.len()), (Some("wrong-encoding"), 0));
    assert_eq!(csv(json!({ "encoding": "utf-16le" }), b"A,B\n1,2\n3,4\n").code(), Some("wrong-encoding"));
    // Only later than the front: the first hundred are told one by one.
    let mut late = b"A,B\n".to_vec();
    late.extend(b"1,plain\n".repeat(9000));
    late.extend(b"2,M\xfcller\n".repeat(500));
    let out = read(&format(json!({ "kind": "csv" })), &late, 1 << 16, 1 << 20);
    assert_eq!((out.code(), out.rows.len()), (Some("wrong-encoding"), 9100));
}

#[test]
fn odd_headers_are_refused_unless_columns_are_named() {
    assert_eq!(plain(b"A,B,A\n1,2,3\n").code(), Some("csv-header-duplicate"));
    assert_eq!(plain(b"A,,C\n1,2,3\n").code(), Some("csv-header-empty"));
    let named = json!({ "columns": ["A", "B", "C"] });
    assert_eq!(csv(named.clone(), b"A,,A\n1,2,3\n").texts(), ["1|2|3"]);
    assert_eq!(csv(named.clone(), b"A,B\n1,2\n").code(), Some("csv-header-mismatch"));
    let moved = csv(named, b"A,C,B\n1,2,3\n");
    assert_eq!(moved.code(), Some("csv-header-mismatch"));
    assert!(moved.refused.unwrap().1.contains("column 2 of the header is `C`"));
    assert_eq!(plain(b"\"A,B\n1,2\n").code(), Some("csv-header"));
}

#[test]
fn a_header_alone_shows_its_columns() {
    let out = plain(b"A,B\n");
    assert_eq!((out.columns, out.rows.len()), (vec!["A".to_owned(), "B".to_owned()], 0));
    assert_eq!(plain(b"\n\n").columns, Vec::<String>::new());
}

#[test]
fn a_dos_end_of_file_is_no_record() {
    assert_eq!(plain(b"A,B\r\n1,2\r\n\x1a").texts(), ["1|2"]);
}

fn trailer(trailer: serde_json::Value, bytes: &[u8]) -> Outcome {
    let raw = banyan_adapter::RawDataset {
        name: "d".into(),
        path: "d".into(),
        config: json!({ "files": "*", "format": { "kind": "csv" }, "ready": { "trailer": trailer } }).into(),
        snapshot: false,
        key: Vec::new(),
    };
    all(&crate::config::check::dataset(&raw).unwrap().format, bytes)
}

#[test]
fn a_trailer_counts_and_sums() {
    let rule = json!({ "starts": "TRL", "count": { "column": 2 }, "total": { "of": "B", "at": 7, "length": 8 } });
    let good = trailer(rule.clone(), b"A,B\nx,1.50\ny,-0.25\nTRL,2,00001.25\n");
    assert_eq!((good.code(), good.texts()), (None, vec!["x|1.50".to_owned(), "y|-0.25".into()]));
    for bad in [
        "A,B\nx,1.50\ny,-0.25\nTRL,3,00001.25\n",
        "A,B\nx,1.50\ny,-0.25\nTRL,2,00001.26\n",
        "A,B\nx,1.50\ny,-0.25\n",
        "A,B\nx,1.50\nTRL,2,00001.25\ny,-0.25\n",
        "A,B\nx,1.50\ny,much\nTRL,2,00001.25\n",
    ] {
        assert_eq!(trailer(rule.clone(), bad.as_bytes()).code(), Some("trailer-mismatch"), "{bad}");
    }
    let extra = json!({ "starts": "TRL", "count": { "at": 5, "length": 3 }, "extra": 2 });
    let out = trailer(extra, b"A,B\nx,1\nbad\nTRL,004\n");
    assert_eq!((out.code(), out.rows.len()), (None, 2), "bad records count");
}

#[test]
fn a_thousandth_of_bad_records_is_found_whatever_the_pieces() {
    let mut file = String::from("A,B\n");
    for i in 0..20_000 {
        file += &match i % 1000 {
            7 => format!("{i},\"open\n"),
            500 => format!("{i}\n"),
            _ => format!("{i},\"v, {i}\"\n"),
        };
    }
    let format = format(json!({ "kind": "csv" }));
    let whole = read(&format, file.as_bytes(), usize::MAX, usize::MAX);
    let bad = whole.rows.iter().filter(|r| r.bad.is_some()).count();
    assert_eq!((whole.rows.len(), bad), (20_000, 40), "read = accepted + rejected");
    for chunk in [997, 4096, 65_537] {
        assert_eq!(read(&format, file.as_bytes(), chunk, 1000), whole);
    }
}

/// What a careful person would do with the whole file at hand, one character after the other.
fn reference(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut at = 0;
    let chars: Vec<char> = text.chars().collect();
    while at < chars.len() {
        match quoted_record(&chars, at, width) {
            Some((fields, next)) if fields.len() == 1 && fields[0].is_empty() && chars[at] != '"' => at = next,
            Some((fields, next)) => {
                let raw: String = chars[at..next].iter().collect();
                if fields.len() == width {
                    rows.push(fields.join("|"));
                } else {
                    rows.push(format!("!csv-field-count {}", strip(&raw)));
                }
                at = next;
            }
            None => {
                let next = chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n + 1);
                let raw: String = chars[at..next].iter().collect();
                rows.push(format!("!csv-quote {}", strip(&raw)));
                at = next;
            }
        }
    }
    rows
}

fn strip(raw: &str) -> &str {
    let raw = raw.strip_suffix('\n').unwrap_or(raw);
    raw.strip_suffix('\r').unwrap_or(raw)
}

fn quoted_record(c: &[char], start: usize, width: usize) -> Option<(Vec<String>, usize)> {
    let (mut fields, mut at, mut several) = (Vec::new(), start, false);
    loop {
        let mut field = String::new();
        if c.get(at) == Some(&'"') {
            at += 1;
            loop {
                match (c.get(at)?, c.get(at + 1)) {
                    ('"', Some('"')) => {
                        field.push('"');
                        at += 2;
                    }
                    ('"', _) => {
                        at += 1;
                        break;
                    }
                    (x, _) => {
                        several |= *x == '\n';
                        field.push(*x);
                        at += 1;
                    }
                }
            }
            fields.push(field);
        } else {
            while at < c.len() && c[at] != ',' && c[at] != '\n' {
                field.push(c[at]);
                at += 1;
            }
            if c.get(at) != Some(&',') && field.ends_with('\r') {
                field.pop();
            }
            fields.push(field);
        }
        let end = match (c.get(at), c.get(at + 1)) {
            (Some(','), _) => {
                at += 1;
                continue;
            }
            (None, _) => at,
            (Some('\n'), _) => at + 1,
            (Some('\r'), None) => at + 1,
            (Some('\r'), Some('\n')) => at + 2,
            _ => return None,
        };
        return if several && fields.len() != width { None } else { Some((fields, end)) };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn agrees_with_the_reference_in_pieces_of_any_size(text in "[ab\"\",\n\r]{0,60}", chunk in 1_usize..9, rows in 1_usize..4) {
        let format = format(json!({ "kind": "csv", "header": false, "columns": ["A", "B"] }));
        let out = read(&format, text.as_bytes(), chunk, rows);
        prop_assert_eq!(out.texts(), reference(&text, 2));
        // Places lead back to the bytes.
        for row in &out.rows {
            let at = usize::try_from(row.place.offset).unwrap();
            prop_assert_eq!(row.place.line as usize, text[..at].matches('\n').count() + 1);
        }
    }

    #[test]
    fn every_dialect_is_the_same_in_pieces_of_any_size(
        text in "[ab\"+|&\n\r]{0,50}", chunk in 1_usize..6, limit in 4_u64..40,
    ) {
        let config = json!({ "kind": "csv", "delimiter": "+|", "record_end": "&|\n", "header": false,
            "columns": ["A", "B"], "max_record": format!("{limit}B") });
        let format = format(config);
        prop_assert_eq!(read(&format, text.as_bytes(), chunk, 1), read(&format, text.as_bytes(), usize::MAX, usize::MAX));
    }

    #[test]
    fn limits_are_the_same_in_pieces_of_any_size(text in "[ab\",\n\r]{0,80}", chunk in 1_usize..9, limit in 1_u64..20) {
        let format = format(json!({ "kind": "csv", "header": false, "columns": ["A", "B"], "max_record": format!("{limit}B") }));
        prop_assert_eq!(read(&format, text.as_bytes(), chunk, 1), read(&format, text.as_bytes(), usize::MAX, usize::MAX));
    }

    #[test]
    fn bytes_of_any_kind_and_encoding_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..80), chunk in 1_usize..9,
        encoding in proptest::sample::select(vec!["utf-8", "utf-16le", "utf-16be", "shift_jis", "gb18030", "windows-1253", "cp437", "euc-kr"]),
    ) {
        let format = format(json!({ "kind": "csv", "encoding": encoding, "header": false, "columns": ["A", "B"] }));
        prop_assert_eq!(read(&format, &bytes, chunk, 1), read(&format, &bytes, usize::MAX, usize::MAX));
    }
}
