//! What a key sends, of each kind of terminal.
//!
//! Invariant: a key that a kind of terminal lacks is refused, never sent in another's tongue: a program would take the
//! sequence apart and read its letters as commands. The tables are those of terminfo (a test compares them).

use super::charset::Charset;
use super::config::Term;
use super::screen::Modes;
use crate::map::Key;

/// The bytes of a key; else why there are none.
pub(super) fn bytes(
    key: Key,
    term: Term,
    backspace: Option<u8>,
    modes: Modes,
    charset: &Charset,
) -> Result<Vec<u8>, String> {
    let plain = |text: &str| Ok(text.as_bytes().to_vec());
    match key {
        Key::Enter if modes.newline => plain("\r\n"),
        Key::Enter => plain("\r"),
        Key::Tab => plain("\t"),
        Key::Escape => plain("\x1b"),
        Key::Backspace => Ok(vec![backspace.unwrap_or(term.backspace())]),
        Key::Ctrl(c) => control(c).map(|byte| vec![byte]).ok_or_else(|| format!("`Ctrl+{c}` is no control character")),
        Key::Char(c) => typed("", c, charset),
        Key::Alt(c) => typed("\x1b", c, charset),
        Key::Up | Key::Down | Key::Right | Key::Left => {
            let letter = match key {
                Key::Up => 'A',
                Key::Down => 'B',
                Key::Right => 'C',
                _ => 'D',
            };
            let application = modes.cursor && term != Term::Ansi;
            plain(&format!("\x1b{}{letter}", if application { 'O' } else { '[' }))
        }
        Key::Home | Key::End if term.is_xterm() => {
            let letter = if key == Key::Home { 'H' } else { 'F' };
            plain(&format!("\x1b{}{letter}", if modes.cursor { 'O' } else { '[' }))
        }
        Key::F(n) => function(n, term).ok_or_else(|| lacks(key, term)).map(String::into_bytes),
        Key::Pf(n @ 1..=4) if matches!(term, Term::Vt100 | Term::Vt220) => {
            function(n, term).ok_or_else(|| lacks(key, term)).map(String::into_bytes)
        }
        named => editing(named, term).ok_or_else(|| lacks(key, term)).and_then(plain),
    }
}

fn lacks(key: Key, term: Term) -> String {
    format!("a {term} has no key `{key}`")
}

fn typed(before: &str, c: char, charset: &Charset) -> Result<Vec<u8>, String> {
    let mut bytes = before.as_bytes().to_vec();
    charset.encode(c, &mut bytes).ok_or_else(|| format!("the line's encoding lacks `{c}`"))?;
    Ok(bytes)
}

fn control(c: char) -> Option<u8> {
    match c.to_ascii_uppercase() {
        c @ '@'..='_' => Some(c as u8 & 0x1f),
        ' ' => Some(0),
        '?' => Some(0x7f),
        _ => None,
    }
}

fn editing(key: Key, term: Term) -> Option<&'static str> {
    let full = term.is_xterm() || matches!(term, Term::Vt220 | Term::Linux);
    match key {
        Key::BackTab if term.is_xterm() || term == Term::Ansi => Some("\x1b[Z"),
        Key::BackTab if term == Term::Linux => Some("\x1b\t"),
        Key::Home if term == Term::Ansi => Some("\x1b[H"),
        Key::Home if term == Term::Linux => Some("\x1b[1~"),
        Key::End if term == Term::Linux => Some("\x1b[4~"),
        Key::Insert if term == Term::Ansi => Some("\x1b[L"),
        Key::Insert if full => Some("\x1b[2~"),
        Key::Delete if full => Some("\x1b[3~"),
        Key::PageUp if full => Some("\x1b[5~"),
        Key::PageDown if full => Some("\x1b[6~"),
        _ => None,
    }
}

fn function(n: u8, term: Term) -> Option<String> {
    // The numbers that terminals since the VT220 give their function keys.
    let numbered = |n: u8| {
        let number = match n {
            5 => 15,
            6..=10 => n + 11,
            11..=14 => n + 12,
            15..=16 => n + 13,
            17..=20 => n + 14,
            _ => return None,
        };
        Some(format!("\x1b[{number}~"))
    };
    match (term, n) {
        (Term::Vt100 | Term::Vt220 | Term::Xterm | Term::Xterm256, 1..=4) => Some(format!("\x1bO{}", pqrs(n))),
        (Term::Vt100, 5..=10) => Some(format!("\x1bO{}", char::from(*b"tuvlwx".get(usize::from(n - 5))?))),
        (Term::Vt220, 6..=20) => numbered(n),
        (Term::Xterm | Term::Xterm256, 5..=12) => numbered(n),
        (Term::Xterm | Term::Xterm256, 13..=16) => Some(format!("\x1b[1;2{}", pqrs(n - 12))),
        (Term::Xterm | Term::Xterm256, 17..=24) => numbered(n - 12).map(|plain| plain.replace('~', ";2~")),
        (Term::Linux, 1..=5) => Some(format!("\x1b[[{}", char::from(b'A' + n - 1))),
        (Term::Linux, 6..=20) => numbered(n),
        _ => None,
    }
}

/// The letters of the first four function keys.
fn pqrs(n: u8) -> char {
    match n {
        1 => 'P',
        2 => 'Q',
        3 => 'R',
        _ => 'S',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// What terminfo says each key of a kind of terminal sends.
    fn terminfo(term: Term) -> BTreeMap<String, Vec<u8>> {
        let shown = std::process::Command::new("infocmp").args(["-1", term.name()]).output();
        let shown = shown.expect("infocmp, of Debian's package ncurses-bin, is not installed");
        assert!(shown.status.success(), "terminfo has no {term}");
        let text = String::from_utf8(shown.stdout).unwrap();
        (text.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once('=')))
            .map(|(name, value)| (name.to_owned(), unescape(value)))
            .collect()
    }

    fn unescape(value: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = value.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => bytes.push(match rest.next() {
                    Some('E') => 0x1b,
                    Some(c) => c as u8,
                    None => b'\\',
                }),
                '^' => bytes.push(match rest.next() {
                    Some('?') => 0x7f,
                    c => c.unwrap() as u8 & 0x1f,
                }),
                c => bytes.push(c as u8),
            }
        }
        bytes
    }

    #[test]
    fn keys_are_those_of_terminfo_and_no_others() {
        let mut named = vec![
            ("kbs".to_owned(), Key::Backspace),
            ("kcuu1".into(), Key::Up),
            ("kcud1".into(), Key::Down),
            ("kcuf1".into(), Key::Right),
            ("kcub1".into(), Key::Left),
            ("khome".into(), Key::Home),
            ("kend".into(), Key::End),
            ("kich1".into(), Key::Insert),
            ("kdch1".into(), Key::Delete),
            ("kpp".into(), Key::PageUp),
            ("knp".into(), Key::PageDown),
            ("kcbt".into(), Key::BackTab),
        ];
        named.extend((1..=24).map(|n| (format!("kf{n}"), Key::F(n))));
        let mut compared = 0;
        for term in Term::ALL {
            let known = terminfo(term);
            // A program of such a terminal says so before it expects application sequences, where it does.
            let application = known.get("smkx").is_some_and(|s| s.windows(5).any(|w| w == b"\x1b[?1h"));
            let modes = Modes { cursor: application, newline: false };
            for (name, key) in &named {
                let ours = bytes(*key, term, None, modes, &Charset::Utf8).ok();
                // Help and Do, which terminfo knows by other names.
                let other = match (term, name.as_str()) {
                    (Term::Vt220, "kf15") => "khlp",
                    (Term::Vt220, "kf16") => "krdo",
                    _ => name,
                };
                assert_eq!(ours.as_deref(), known.get(other).map(Vec::as_slice), "{name} of {term}");
                compared += 1;
            }
        }
        assert_eq!(compared, named.len() * Term::ALL.len());
    }

    #[test]
    fn modes_letters_and_what_is_no_key() {
        let send = |key: &str, modes| bytes(key.parse().unwrap(), Term::Vt220, None, modes, &Charset::Utf8);
        let off = Modes::default();
        assert_eq!(send("Up", off).unwrap(), b"\x1b[A");
        assert_eq!(send("Up", Modes { cursor: true, ..off }).unwrap(), b"\x1bOA");
        assert_eq!(send("Enter", Modes { newline: true, ..off }).unwrap(), b"\r\n");
        assert_eq!(send("Ctrl+c", off).unwrap(), [3]);
        assert_eq!(send("Ctrl+]", off).unwrap(), [0x1d]);
        assert_eq!(send("Alt+ä", off).unwrap(), "\x1bä".as_bytes());
        assert_eq!(send("PF3", off).unwrap(), b"\x1bOR");
        for key in ["Clear", "PA1", "PF5", "Attn", "F5", "Home", "Ctrl+1"] {
            assert!(send(key, off).is_err(), "{key}");
        }
        let cp437 = Charset::named("cp437").unwrap();
        assert!(bytes(Key::Char('€'), Term::Ansi, None, off, &cp437).is_err());
        assert_eq!(bytes(Key::Backspace, Term::Vt220, Some(0x7f), off, &cp437).unwrap(), [0x7f]);
    }
}
