//! Writing to standard output and standard error.
//!
//! Invariant: a reader that has gone away (`banyan schema | head`) ends the output, and is no error.

use std::io::Write;

/// Writes an answer to standard output.
pub(super) fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes JSON to standard output, indented, with a line end.
pub(super) fn json(value: &serde_json::Value) {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    answer(&text);
}

/// Writes to standard error.
pub(super) fn aside(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
}

/// Text with control characters spelled out: the name of a file, or what a record held, must not paint the terminal.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
        if c.is_control() || turns {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
