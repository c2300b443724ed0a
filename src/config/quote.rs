//! Scalars as they are written into YAML.
//!
//! Invariant: whatever the text, reading what comes out gives it back, here and in stricter readers.

use std::fmt::Write;

/// Words that some readers take for something else than text.
const WORDS: [&str; 12] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "nan", "inf"];

/// A text as a scalar: plain where every reader takes it as it is, else in double quotes.
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Texts as a list on one line.
pub fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    format!("[{}]", texts.into_iter().map(scalar).collect::<Vec<_>>().join(", "))
}

/// In double quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if hidden(c) => {
                let n = u32::from(c);
                let _ = if n > 0xffff { write!(out, "\\U{n:08x}") } else { write!(out, "\\u{n:04x}") };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What no editor shows.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '(' | ')' | '/'));
    begins && goes_on && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let (node, problems) = banyan_words::node::yaml::parse("f", &format!("k: {{ {}: {} }}\n", "a", scalar(&text)));
            prop_assert_eq!(problems, vec![]);
            let node = node.unwrap();
            prop_assert_eq!(node.get("k").unwrap().get("a").unwrap().as_text(), Some(text.as_str()));
        }
    }

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(list(["CUSTNO", "ORDER NO", "null", "", "a]"]), "[CUSTNO, \"ORDER NO\", \"null\", \"\", \"a]\"]");
    }
}
