//! What a person's own terminal sends, as keys.

use crate::map::Key;

/// Longest sequence that is waited for.
const LONGEST: usize = 16;

/// Cuts what comes into keys; what is incomplete waits.
#[derive(Debug, Default)]
pub(super) struct Keys {
    waiting: Vec<u8>,
}

impl Keys {
    /// Takes in what came, and gives the keys that are complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.waiting.extend_from_slice(bytes);
        let mut keys = Vec::new();
        loop {
            match first(&self.waiting) {
                Some((length, key)) if length > 0 => {
                    self.waiting.drain(..length.min(self.waiting.len()));
                    keys.extend(key);
                }
                _ => return keys,
            }
        }
    }

    /// Nothing more came for a while: an escape that stands alone was the key.
    pub(super) fn rest(&mut self) -> Option<Key> {
        let alone = self.waiting.first() == Some(&0x1b);
        self.waiting.clear();
        alone.then_some(Key::Escape)
    }
}

/// The first key and how many bytes it is; `None` if more must come. A sequence that is no key here is left out.
fn first(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let (byte, rest) = bytes.split_first()?;
    match byte {
        b'\r' | b'\n' => Some((1, Some(Key::Enter))),
        b'\t' => Some((1, Some(Key::Tab))),
        0x7f | 0x08 => Some((1, Some(Key::Backspace))),
        0x1b => escape(rest).map(|(length, key)| (length + 1, key)),
        0..=0x1f => Some((1, Some(Key::Ctrl(char::from(byte | 0x40))))),
        _ => character(bytes).map(|(length, c)| (length, c.map(Key::Char))),
    }
}

fn character(bytes: &[u8]) -> Option<(usize, Option<char>)> {
    let length = match bytes.first()? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = bytes.get(..length)?;
    match std::str::from_utf8(whole) {
        Ok(text) => Some((length, text.chars().next().filter(|c| !c.is_control()))),
        Err(_) => Some((1, None)),
    }
}

fn escape(rest: &[u8]) -> Option<(usize, Option<Key>)> {
    match rest.first()? {
        b'[' => {
            let end = rest.iter().skip(1).position(|b| (0x40..=0x7e).contains(b) && *b != b'[');
            match end {
                Some(end) => {
                    let body = std::str::from_utf8(rest.get(1..end + 2)?).unwrap_or("");
                    Some((end + 2, control(body)))
                }
                None if rest.len() > LONGEST => Some((rest.len(), None)),
                None => None,
            }
        }
        b'O' => {
            let key = match rest.get(1)? {
                b'P' => Some(Key::F(1)),
                b'Q' => Some(Key::F(2)),
                b'R' => Some(Key::F(3)),
                b'S' => Some(Key::F(4)),
                letter => control(&char::from(*letter).to_string()),
            };
            Some((2, key))
        }
        // The first of two stands alone.
        0x1b => Some((0, Some(Key::Escape))),
        _ => {
            let (length, c) = character(rest)?;
            Some((length, c.map(Key::Alt)))
        }
    }
}

/// What follows `ESC [`.
fn control(body: &str) -> Option<Key> {
    Some(match body {
        "A" => Key::Up,
        "B" => Key::Down,
        "C" => Key::Right,
        "D" => Key::Left,
        "H" | "1~" | "7~" => Key::Home,
        "F" | "4~" | "8~" => Key::End,
        "Z" => Key::BackTab,
        "2~" => Key::Insert,
        "3~" => Key::Delete,
        "5~" => Key::PageUp,
        "6~" => Key::PageDown,
        _ => {
            let (number, shift) = match body.strip_suffix(";2~") {
                Some(number) => (number, 12),
                None => (body.strip_suffix('~')?, 0),
            };
            let key = match number.parse::<u8>().ok()? {
                n @ 11..=15 => n - 10,
                n @ 17..=21 => n - 11,
                n @ 23..=24 => n - 12,
                n @ 25..=26 if shift == 0 => n - 12,
                n @ 28..=29 if shift == 0 => n - 13,
                n @ 31..=34 if shift == 0 => n - 14,
                _ => return None,
            };
            Key::F(key + shift)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_become_keys_however_they_are_cut() {
        let text = "a\u{e4}\r\x1b[A\x1bOP\x1b[15~\x1b[24;2~\x1b[Z\x7f\x03\x1bx\x1b[3~\x1b[99q";
        let wanted = "a ä Enter Up F1 F5 F24 BackTab Backspace Ctrl+C Alt+x Delete";
        for cut in 1..text.len() {
            let mut keys = Keys::default();
            let mut found = Vec::new();
            text.as_bytes().chunks(cut).for_each(|piece| found.extend(keys.feed(piece)));
            let found: Vec<String> = found.into_iter().map(String::from).collect();
            assert_eq!(found.join(" "), wanted, "cut {cut}");
            assert_eq!(keys.rest(), None);
        }
        let mut keys = Keys::default();
        assert_eq!(keys.feed(b"\x1b"), []);
        assert_eq!(keys.rest(), Some(Key::Escape));
        assert_eq!(keys.feed(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
    }
}
