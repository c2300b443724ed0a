//! Columns taken out of CSV, all else as it was written.
//!
//! Invariant: what is not plainly a table with a header (RFC 4180) gives `None`: a field that is closed nowhere, text behind
//! a closing quote, a record with more or fewer fields than the header.
//! Not here: who goes without what, and in which answers (`http`).

/// The table without the columns of those names. `None`: it is none, or has none of these.
pub fn without_columns<N: AsRef<str>>(body: &[u8], names: &[N]) -> Option<Vec<u8>> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut records = Records { rest: text };
    let header = records.next()??;
    let named = |field: &[u8]| names.iter().any(|n| unquoted(field) == n.as_ref().as_bytes());
    let gone: Vec<bool> = header.fields.iter().map(|f| named(f)).collect();
    if !gone.contains(&true) {
        return None;
    }
    let mut out = Vec::with_capacity(body.len());
    out.extend_from_slice(&body[..body.len() - text.len()]);
    write(&header, &gone, &mut out);
    for record in records {
        let record = record?;
        if record.fields.len() != gone.len() {
            return None;
        }
        write(&record, &gone, &mut out);
    }
    Some(out)
}

struct Record<'b> {
    /// As they are written, quotes included.
    fields: Vec<&'b [u8]>,
    /// How it ends.
    end: &'b [u8],
}

struct Records<'b> {
    rest: &'b [u8],
}

impl<'b> Iterator for Records<'b> {
    /// `None`: that is no record.
    type Item = Option<Record<'b>>;

    fn next(&mut self) -> Option<Option<Record<'b>>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            let Some(length) = field(self.rest) else {
                self.rest = b"";
                return Some(None);
            };
            let (field, rest) = self.rest.split_at(length);
            fields.push(field);
            if let Some(rest) = rest.strip_prefix(b",") {
                self.rest = rest;
                continue;
            }
            let end = if rest.starts_with(b"\r\n") { 2 } else { rest.len().min(1) };
            let (end, rest) = rest.split_at(end);
            self.rest = rest;
            return Some(Some(Record { fields, end }));
        }
    }
}

/// How long the field is that stands at the front.
fn field(text: &[u8]) -> Option<usize> {
    let ends = |b: &u8| matches!(b, b',' | b'\n' | b'\r');
    if text.first() != Some(&b'"') {
        let length = text.iter().position(ends).unwrap_or(text.len());
        return (!text[..length].contains(&b'"')).then_some(length);
    }
    let mut at = 1;
    loop {
        at += text.get(at..)?.iter().position(|b| *b == b'"')? + 1;
        match text.get(at) {
            Some(b'"') => at += 1,
            next => return next.is_none_or(ends).then_some(at),
        }
    }
}

/// What a field says.
fn unquoted(field: &[u8]) -> Vec<u8> {
    match field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")) {
        Some(inner) => {
            let text = String::from_utf8_lossy(inner).replace("\"\"", "\"");
            text.into_bytes()
        }
        None => field.to_vec(),
    }
}

fn write(record: &Record<'_>, gone: &[bool], out: &mut Vec<u8>) {
    let kept = record.fields.iter().zip(gone).filter(|(_, gone)| !**gone);
    for (n, (field, _)) in kept.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(field);
    }
    out.extend_from_slice(record.end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn less(body: &str, names: &[&str]) -> Option<String> {
        without_columns(body.as_bytes(), names).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_column_goes_and_all_else_stays_as_it_was_written() {
        for (body, wanted) in [
            ("id,fax,name\r\n1,2,Ann\r\n", "id,name\r\n1,Ann\r\n"),
            ("id,name,fax\n1,\"A, \"\"B\"\"\n2\",\n", "id,name\n1,\"A, \"\"B\"\"\n2\"\n"),
            ("\"fax\",id\n\"a\nb\",1", "id\n1"),
            ("\u{feff}fax,id\n,7\n", "\u{feff}id\n7\n"),
            ("id,fax\n", "id\n"),
        ] {
            assert_eq!(less(body, &["fax"]).as_deref(), Some(wanted), "{body:?}");
        }
        assert_eq!(less("id,fax,tel,name\n1,2,3,4\n", &["tel", "fax"]).as_deref(), Some("id,name\n1,4\n"));
    }

    #[test]
    fn what_is_no_table_or_lacks_it_anyway_is_left_alone() {
        for body in ["", "id,name\n1,2\n", "id,fax\n1\n", "id,fax\n1,2,3\n", "id,fax\n1,\"2\n", "id,fax\n1,\"2\"x\n"] {
            assert_eq!(less(body, &["fax"]), None, "{body:?}");
        }
        assert_eq!(less("id,fax\n1,a\"b\n", &["fax"]), None, "a quote within a field that has none around it");
        assert_eq!(less("{\"fax\":1}", &["fax"]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_kept_columns_are_those_of_before(body in "[a,\"\\n\\r f]{0,40}") {
            let _ = less(&body, &["f"]);
            let table = format!("x,f\n{body}");
            if let Some(out) = less(&table, &["f"]) {
                prop_assert!(out.starts_with("x\n") && out.len() < table.len());
            }
        }
    }
}
