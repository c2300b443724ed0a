//! Guesses from the first bytes of a file: packing, encoding, kind, delimiter, header.
//!
//! A guess is a proposal for a person, never a decision: what is read is what the configuration says.

use serde_json::{Value, json};

/// Delimiters that are tried, the likelier first.
const DELIMITERS: [&str; 6] = [";", ",", "\t", "|", "+|", "~"];
/// Lines that are looked at.
const LINES: usize = 200;

/// What a file seems to be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Guess {
    /// `csv`, `fixed`, `json`, `jsonl`, `xml`, `gzip`, `zip`, `text`, `empty`.
    pub(super) kind: &'static str,
    pub(super) encoding: Option<&'static str>,
    /// What to write after `format:`.
    pub(super) format: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Guess {
    pub(super) fn what(&self) -> String {
        match self.encoding {
            Some(encoding) => format!("{} in {encoding}", self.kind),
            None => self.kind.to_owned(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "kind": self.kind, "encoding": self.encoding, "format": self.format,
                "columns": self.columns, "notes": self.notes })
    }
}

/// Looks at the beginning of a file; `cut`: there is more of it.
pub(super) fn guess(bytes: &[u8], cut: bool) -> Guess {
    let packed = |kind, what: &str| Guess {
        kind,
        notes: vec![format!("{what} files are read as what they hold; unpack it to have its content guessed")],
        ..Guess::default()
    };
    match bytes {
        [] => return Guess { kind: "empty", ..Guess::default() },
        [0x1f, 0x8b, ..] => return packed("gzip", "gzip"),
        [b'P', b'K', 3 | 5, ..] => return packed("zip", "zip"),
        _ => {}
    }
    let (encoding, text) = decode(bytes, cut);
    let mut guess = of_text(&text, cut);
    guess.encoding = Some(encoding);
    if encoding != "utf-8"
        && let Some(format) = guess.format.as_mut().filter(|f| !f.contains("xml") && f.ends_with(" }"))
    {
        format.truncate(format.len() - 2);
        format.push_str(&format!(", encoding: {encoding} }}"));
    }
    if encoding == "windows-1252" {
        guess.notes.push("it is not UTF-8; if letters come out wrong, it may be cp850 or iso-8859-15".to_owned());
    }
    guess
}

/// The likely encoding, and the text by it, roughly.
fn decode(bytes: &[u8], cut: bool) -> (&'static str, String) {
    let wide = |little: bool, bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|p| match (p, little) {
            ([a, b], true) => u16::from_le_bytes([*a, *b]),
            ([a, b], false) => u16::from_be_bytes([*a, *b]),
            _ => 0,
        });
        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect::<String>()
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return ("utf-8", String::from_utf8_lossy(rest).into_owned()),
        [0xff, 0xfe, rest @ ..] => return ("utf-16le", wide(true, rest)),
        [0xfe, 0xff, rest @ ..] => return ("utf-16be", wide(false, rest)),
        _ => {}
    }
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).filter(|b| **b == 0).count() * 4 > bytes.len();
    if zeros(1) {
        return ("utf-16le", wide(true, bytes));
    }
    if zeros(0) {
        return ("utf-16be", wide(false, bytes));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => ("utf-8", text.to_owned()),
        // The last character may have been cut in two.
        Err(e) if cut && e.valid_up_to() + 4 > bytes.len() => {
            ("utf-8", String::from_utf8_lossy(bytes.get(..e.valid_up_to()).unwrap_or_default()).into_owned())
        }
        Err(_) => ("windows-1252", bytes.iter().map(|b| char::from(*b)).collect()),
    }
}

fn of_text(text: &str, cut: bool) -> Guess {
    let begin = text.trim_start();
    if begin.starts_with('<') {
        let notes = vec!["say which element is a record, and where its values stand".to_owned()];
        let format = Some("{ kind: xml, record: /root/element, fields: { name: \"path\" } }".to_owned());
        return Guess { kind: "xml", format, notes, ..Guess::default() };
    }
    if begin.starts_with(['{', '[']) {
        return json(begin);
    }
    let mut lines: Vec<&str> = text.lines().take(LINES).collect();
    if cut && lines.len() > 1 && lines.len() < LINES {
        lines.pop(); // its end is not there
    }
    lines.retain(|l| !l.is_empty());
    let found = DELIMITERS.iter().filter_map(|d| columns_by(&lines, d).map(|n| (n, *d)));
    // `+|` makes `|` consistent too; the longer one says more.
    let best = found.max_by_key(|(n, d)| (*n, d.len()));
    match best {
        Some((_, delimiter)) => delimited(&lines, delimiter),
        None => unseparated(&lines),
    }
}

fn json(begin: &str) -> Guess {
    let lines: Vec<&str> = begin.lines().filter(|l| !l.trim().is_empty()).take(LINES).collect();
    let whole = lines.iter().filter(|l| serde_json::from_str::<Value>(l).is_ok_and(|v| v.is_object())).count();
    let first = lines.first().and_then(|l| serde_json::from_str::<Value>(l).ok()).filter(Value::is_object);
    // A bad line or two make no other kind of it.
    if first.is_some() && whole * 2 > lines.len() {
        let columns = first.as_ref().and_then(Value::as_object).map(|o| o.keys().cloned().collect());
        let format = Some("{ kind: jsonl }".to_owned());
        return Guess { kind: "jsonl", format, columns: columns.unwrap_or_default(), ..Guess::default() };
    }
    let notes = vec!["`record` is the JSON Pointer of the list of records".to_owned()];
    Guess { kind: "json", format: Some("{ kind: json, record: /items }".to_owned()), notes, ..Guess::default() }
}

/// How many columns a delimiter makes, if it makes the same number in nearly every line.
fn columns_by(lines: &[&str], delimiter: &str) -> Option<usize> {
    let counts: Vec<usize> = lines.iter().map(|l| cells(l, delimiter).len()).collect();
    let most = *counts.iter().max_by_key(|n| counts.iter().filter(|m| m == n).count())?;
    let agree = counts.iter().filter(|n| **n == most).count();
    (most > 1 && agree * 10 >= counts.len() * 8).then_some(most)
}

/// The cells of a line; delimiters within double quotes do not count.
fn cells(line: &str, delimiter: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted, mut rest) = (Vec::new(), String::new(), false, line);
    while let Some(c) = rest.chars().next() {
        if !quoted && let Some(after) = rest.strip_prefix(delimiter) {
            cells.push(std::mem::take(&mut cell));
            rest = after;
            continue;
        }
        match c {
            '"' => quoted = !quoted,
            other => cell.push(other),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    cells.push(cell);
    cells
}

fn delimited(lines: &[&str], delimiter: &str) -> Guess {
    let first = lines.first().map(|l| cells(l, delimiter)).unwrap_or_default();
    let header = is_header(&first);
    let shown = delimiter.replace('\t', "\\t");
    let mut format = format!("{{ kind: csv, delimiter: \"{shown}\"");
    let columns: Vec<String> = match header {
        true => first,
        false => (1..=first.len()).map(|n| format!("C{n}")).collect(),
    };
    if !header {
        format.push_str(&format!(", header: false, columns: [{}]", columns.join(", ")));
    }
    format.push_str(" }");
    let mut notes = Vec::new();
    if !header {
        notes.push("the first line does not look like a header; give the columns their names".to_owned());
    }
    Guess { kind: "csv", format: Some(format), columns, notes, ..Guess::default() }
}

/// Names, each once: no numbers, none empty.
fn is_header(cells: &[String]) -> bool {
    let name = |c: &String| {
        let c = c.trim();
        !c.is_empty() && c.len() <= 64 && !c.starts_with(|c: char| c.is_ascii_digit()) && !c.contains('@')
    };
    cells.iter().all(name) && cells.iter().enumerate().all(|(i, c)| !cells.iter().take(i).any(|o| o == c))
}

fn unseparated(lines: &[&str]) -> Guess {
    let width = lines.first().map_or(0, |l| l.chars().count());
    let same = lines.iter().filter(|l| l.chars().count() == width).count();
    if width > 1 && same * 10 >= lines.len() * 9 && lines.len() > 1 {
        let format = Some("{ kind: fixed, columns: [ { name: A, at: 1, length: 4 } ] }".to_owned());
        let notes = vec![format!("every line has {width} characters; say where each column begins, counted from 1")];
        return Guess { kind: "fixed", format, notes, ..Guess::default() };
    }
    let notes = vec!["no delimiter divides its lines into equally many parts".to_owned()];
    Guess { kind: "text", notes, ..Guess::default() }
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn common_files_are_recognised() {
        for (bytes, what, format) in [
            (&b"a;b\n1;2\n3;4\n"[..], "csv in utf-8", "{ kind: csv, delimiter: \";\" }"),
            (b"a,b\n\"x,y\",2\n", "csv in utf-8", "{ kind: csv, delimiter: \",\" }"),
            (b"1\t2\n3\t4\n", "csv in utf-8", "{ kind: csv, delimiter: \"\\t\", header: false, columns: [C1, C2] }"),
            (
                b"1+|x+|y\n2+|x+|z\n",
                "csv in utf-8",
                "{ kind: csv, delimiter: \"+|\", header: false, columns: [C1, C2, C3] }",
            ),
            (b"n;m\ncaf\xe9;2\n", "csv in windows-1252", "{ kind: csv, delimiter: \";\", encoding: windows-1252 }"),
            (b"\xff\xfea\0;\0b\0\n\0", "csv in utf-16le", "{ kind: csv, delimiter: \";\", encoding: utf-16le }"),
            (b"{\"a\":1}\n{\"a\":2}\n", "jsonl in utf-8", "{ kind: jsonl }"),
            (b"{\"a\":1}\nx\n{\"a\":2}\n", "jsonl in utf-8", "{ kind: jsonl }"),
            (b"[\n {\"a\": 1}\n]", "json in utf-8", "{ kind: json, record: /items }"),
            (b"AAA001\nBBB002\n", "fixed in utf-8", "{ kind: fixed, columns: [ { name: A, at: 1, length: 4 } ] }"),
        ] {
            let g = guess(bytes, false);
            assert_eq!((g.what().as_str(), g.format.as_deref()), (what, Some(format)), "{bytes:?}");
        }
        assert_eq!(guess(b"<?xml version=\"1.0\"?><a/>", false).kind, "xml");
        assert_eq!(guess(b"", false).kind, "empty");
        assert_eq!(guess(b"\x1f\x8b\x08", false).kind, "gzip");
        assert_eq!(guess(b"one\nthree\n", false).kind, "text");
    }

    #[test]
    fn any_bytes_are_survived() {
        for n in 0..=255_u8 {
            let bytes: Vec<u8> = (0..n).map(|i| i.wrapping_mul(n)).collect();
            let _ = guess(&bytes, n % 2 == 0);
        }
    }
}
