//! Characters that take no cell of their own: accents and the like that are drawn over the one before.
//!
//! Invariant: a cell holds one character, and none that a person reads is dropped in silence: two become the one that means
//! both, where there is such a one, else `U+FFFD`, which nothing mistakes for a value.

use icu_normalizer::properties::CanonicalCompositionBorrowed;
use unicode_width::UnicodeWidthChar;

/// Whether a character takes no cell.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_control() && c.width() == Some(0)
}

/// What stands in a cell once a mark came to what stood there.
pub(super) fn marked(base: char, mark: char) -> char {
    if shows_nothing(mark) {
        return base;
    }
    let base = if base.is_control() { ' ' } else { base };
    CanonicalCompositionBorrowed::new().compose(base, mark).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Joiners, directions, variants, marks of byte order: nobody sees them, and they change no value.
fn shows_nothing(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use crate::transport::vt::Screen;

    fn shows(encoding: &str, pieces: &[&[u8]]) -> String {
        let mut screen = Screen::new((2, 6), encoding).unwrap();
        pieces.iter().for_each(|p| screen.feed(p, &mut Vec::new()));
        screen.grid().row(1).trim_end().to_owned()
    }

    #[test]
    fn two_characters_that_are_one_become_that_one() {
        assert_eq!(shows("utf-8", &["Zu\u{308}rich".as_bytes()]), "Zürich");
        assert_eq!(
            shows("utf-8", &[b"e", "\u{302}".as_bytes(), "\u{301}".as_bytes(), b"!"]),
            "ế!",
            "whatever the pieces"
        );
        assert_eq!(shows("utf-8", &["12345e\u{301}".as_bytes()]), "12345é", "in the last column as well");
        assert_eq!(shows("utf-8", &["\u{1112}\u{1161}\u{11ab}!".as_bytes()]), "한!", "where they take two cells");
    }

    #[test]
    fn what_is_no_one_character_is_seen_to_be_none() {
        assert_eq!(shows("utf-8", &["x\u{301}y".as_bytes()]), "\u{fffd}y");
        assert_eq!(shows("windows-874", &[b"\xa1\xd1x"]), "\u{fffd}x", "Thai");
        assert_eq!(shows("utf-8", &["\u{301}".as_bytes()]), "\u{fffd}", "with nothing before it");
    }

    #[test]
    fn what_nobody_sees_changes_nothing() {
        assert_eq!(shows("utf-8", &["\u{feff}a\u{200d}b\u{fe0f}c".as_bytes()]), "abc");
        assert_eq!(shows("utf-8", &["a\u{1b}]0;t\u{301}\u{7}b".as_bytes()]), "ab", "in a title");
    }
}
