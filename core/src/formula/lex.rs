//! Characters to tokens.
//!
//! Invariant: every token has its place in the text, and no text whatever makes it panic.

use super::ast::{Span, begins_name, continues_name};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A bare word, as written: column, function or keyword.
    Word(String),
    /// A name in brackets: always a column.
    Bracket(String),
    Text(String),
    /// Digits with at most one point.
    Number(String),
    /// An operator or punctuation mark.
    Mark(&'static str),
    /// A character no formula has, or a text or bracket that does not end; the message.
    Bad(String, Option<&'static str>),
    End,
}

const MARKS: [&str; 14] = ["<>", "<=", ">=", "(", ")", ",", "&", "=", "<", ">", "+", "-", "*", "/"];

/// All tokens, the last one `End`.
pub(crate) fn tokens(text: &str) -> Vec<(Token, Span)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, len) = one(text.get(at..).unwrap_or(""), c);
        out.push((token, Span::new(at, at + len)));
        at += len;
    }
    out.push((Token::End, Span::new(text.len(), text.len())));
    out
}

/// The token at the front of `rest`, which begins with `c`, and its length in bytes.
fn one(rest: &str, c: char) -> (Token, usize) {
    match c {
        '"' => match closed(rest, '"') {
            Some((t, n)) => (Token::Text(t), n),
            None => (
                Token::Bad(
                    "a text has no closing quote".to_owned(),
                    Some(
                        "a quote within a text is written twice: \"\"; a formula with ` #` in it stands in single quotes, else \
                         YAML takes the rest of the line for a comment",
                    ),
                ),
                rest.len(),
            ),
        },
        '[' => match closed(rest, ']') {
            Some((t, n)) if !t.is_empty() => (Token::Bracket(t), n),
            Some((_, n)) => (Token::Bad("a column name is empty".to_owned(), None), n),
            None => (Token::Bad("a column name has no closing bracket".to_owned(), None), rest.len()),
        },
        '0'..='9' | '.' => number(rest),
        c if begins_name(c) => {
            let n = word(rest);
            (Token::Word(rest[..n].to_owned()), n)
        }
        c => match MARKS.iter().find(|m| rest.starts_with(**m)) {
            Some(m) => (Token::Mark(m), m.len()),
            None => bad(c),
        },
    }
}

fn bad(c: char) -> (Token, usize) {
    let hint = match c {
        '\'' | '“' | '”' | '„' | '‘' | '’' => Some("texts stand in straight double quotes: \"text\""),
        ';' => Some("arguments are separated by commas"),
        '!' => Some("unequal is written <>, negation NOT(…)"),
        '#' | '@' | '$' | '{' | '}' => Some("a column with such a name stands in brackets: [ORDER NO]"),
        _ => None,
    };
    (Token::Bad(format!("'{}' means nothing here", c.escape_debug()), hint), c.len_utf8())
}

/// The content up to `close`, which is doubled within, and the length including both ends.
fn closed(rest: &str, close: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c == close {
            if chars.peek().is_none_or(|(_, next)| *next != close) {
                return Some((out, i + c.len_utf8()));
            }
            chars.next();
        }
        out.push(c);
    }
    None
}

/// Bytes of the word at the front: names joined by single points.
fn word(rest: &str) -> usize {
    let mut end = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let point = c == '.' && chars.peek().is_some_and(|(_, next)| begins_name(*next));
        if !continues_name(c) && !point {
            break;
        }
        end = i + c.len_utf8();
    }
    end
}

fn number(rest: &str) -> (Token, usize) {
    let n = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let text = &rest[..n];
    // `1e5` and `12AB` are neither numbers nor names.
    let tail = word(&rest[n..]);
    if tail > 0 {
        return (Token::Bad(format!("'{}' is no number", &rest[..n + tail]), None), n + tail);
    }
    if text.bytes().filter(|b| *b == b'.').count() > 1 || text == "." {
        return (
            Token::Bad(format!("'{text}' is no number"), Some("the decimal sign is a point; digits are not grouped")),
            n,
        );
    }
    (Token::Number(text.to_owned()), n)
}
