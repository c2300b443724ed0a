//! Keys as a browser knows them.

use crate::map::Key;

/// A key with what is held down meanwhile, as the code points by which WebDriver tells keys; `None`: a page has no such.
pub(super) fn stroke(key: Key) -> Option<(Option<char>, char)> {
    let plain = |c: char| Some((None, c));
    match key {
        Key::Enter => plain('\u{E007}'),
        Key::Tab => plain('\u{E004}'),
        Key::BackTab => Some((Some('\u{E008}'), '\u{E004}')),
        Key::Home => plain('\u{E011}'),
        Key::End => plain('\u{E010}'),
        Key::Left => plain('\u{E012}'),
        Key::Up => plain('\u{E013}'),
        Key::Right => plain('\u{E014}'),
        Key::Down => plain('\u{E015}'),
        Key::PageUp => plain('\u{E00E}'),
        Key::PageDown => plain('\u{E00F}'),
        Key::Insert => plain('\u{E016}'),
        Key::Delete => plain('\u{E017}'),
        Key::Backspace => plain('\u{E003}'),
        Key::Escape => plain('\u{E00C}'),
        Key::F(n @ 1..=12) => char::from_u32(0xE030 + u32::from(n)).and_then(plain),
        Key::Ctrl(c) => Some((Some('\u{E009}'), c.to_ascii_lowercase())),
        Key::Alt(c) => Some((Some('\u{E00A}'), c)),
        Key::Char(c) if typeable(c) => plain(c),
        _ => None,
    }
}

/// Whether a character of a text is only that: control characters act as keys, and so do WebDriver's own code points.
pub(super) fn typeable(c: char) -> bool {
    !c.is_control() && !('\u{E000}'..='\u{F8FF}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_terminals_are_none_of_a_page() {
        for key in [Key::Pf(3), Key::Pa(1), Key::Clear, Key::Attn, Key::SysReq, Key::Reset, Key::F(13)] {
            assert_eq!(stroke(key), None, "{key}");
        }
        assert_eq!(stroke(Key::F(12)), Some((None, '\u{E03C}')));
        assert_eq!(stroke(Key::Ctrl('A')), Some((Some('\u{E009}'), 'a')));
    }

    #[test]
    fn what_acts_as_a_key_is_no_text() {
        for c in ['\n', '\t', '\u{7f}', '\u{E007}', '\u{E009}'] {
            assert!(!typeable(c), "{c:?}");
        }
        assert!("Zürich 東京 €".chars().all(typeable));
    }
}
