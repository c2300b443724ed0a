//! Where a byte of a scalar's meaning stands in the text: past quotes, escapes, and the lines of a block.

use banyan_words::Spot;

/// The spot of the byte `offset` of the scalar that begins at `start` and means `meaning`. `None` if the text does not
/// show it.
pub(super) fn spot(text: &str, start: &Spot, meaning: &str, offset: usize) -> Option<Spot> {
    let skip = usize::try_from(start.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(start.column).ok()?.checked_sub(1)?;
    let rest = text.split_inclusive('\n').skip(skip).flat_map(str::chars).skip(column);
    // Escapes make the source longer than its meaning, but by no more than this.
    let source: Vec<char> = rest.take(meaning.len().saturating_mul(10) + 4096).collect();
    let first: Vec<char> = meaning.lines().next().unwrap_or_default().chars().collect();
    let quote = match source.first() {
        // A block may begin with a quotation mark of its own.
        Some(quote @ ('"' | '\'')) if !source.starts_with(&first) || first.is_empty() => Some(*quote),
        _ => None,
    };
    let mut walk = Walk { source, at: usize::from(quote.is_some()), quote };
    walk.past(meaning.get(..offset)?)?;
    walk.source.get(walk.at).or_else(|| walk.source.last())?;
    let (mut line, mut column) = (start.line, start.column);
    for c in walk.source.iter().take(walk.at) {
        match c {
            '\n' => (line, column) = (line.saturating_add(1), 1),
            _ => column = column.saturating_add(1),
        }
    }
    Some(Spot { file: start.file.clone(), line, column })
}

/// A way through the source of one scalar. A run of blanks and line ends is one step: folding and margins change it.
struct Walk {
    source: Vec<char>,
    at: usize,
    quote: Option<char>,
}

impl Walk {
    /// Goes past what means `meaning`.
    fn past(&mut self, meaning: &str) -> Option<()> {
        let mut chars = meaning.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                while self.is_blank() {
                    self.step()?;
                }
            } else {
                self.step()?;
            }
        }
        Some(())
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.at + ahead).copied()
    }

    fn is_escape(&self) -> bool {
        self.quote == Some('"') && self.peek(0) == Some('\\')
    }

    fn is_blank(&self) -> bool {
        match self.peek(0) {
            Some('\\') if self.is_escape() => self.peek(1).is_some_and(|c| " \t\nntvfreNLP_".contains(c) && c != 'e'),
            c => c.is_some_and(char::is_whitespace),
        }
    }

    /// One character of the meaning.
    fn step(&mut self) -> Option<()> {
        let c = self.peek(0)?;
        let length = if self.is_escape() {
            match self.peek(1)? {
                'x' => 4,
                'u' if self.is_surrogate() => 12,
                'u' => 6,
                'U' => 10,
                _ => 2,
            }
        } else if Some(c) == self.quote {
            // The end of the text, unless doubled.
            (c == '\'' && self.peek(1) == Some('\'')).then_some(2)?
        } else {
            1
        };
        self.at += length;
        Some(())
    }

    /// `\uD83C\uDFB5` is one character.
    fn is_surrogate(&self) -> bool {
        let at = |ahead: usize| self.peek(ahead).map(|c| c.to_ascii_lowercase());
        at(2) == Some('d') && matches!(at(3), Some('8' | '9' | 'a' | 'b')) && at(6) == Some('\\') && at(7) == Some('u')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: u32, column: u32, meaning: &str, offset: usize) -> Option<(u32, u32)> {
        spot(text, &Spot { file: String::new(), line, column }, meaning, offset).map(|s| (s.line, s.column))
    }

    #[test]
    fn past_quotes_and_escapes() {
        assert_eq!(at("a: TRIM(X", 1, 4, "TRIM(X", 5), Some((1, 9)));
        assert_eq!(at("a: 'it''s'", 1, 4, "it's", 2), Some((1, 7)));
        assert_eq!(at("a: 'it''s'", 1, 4, "it's", 3), Some((1, 9)));
        let escaped = r#"a: "é\"x\u00e9y""#;
        assert_eq!(at(escaped, 1, 4, "é\"xéy", 2), Some((1, 6)));
        assert_eq!(at(escaped, 1, 4, "é\"xéy", 3), Some((1, 8)));
        assert_eq!(at(escaped, 1, 4, "é\"xéy", 6), Some((1, 15)));
        assert_eq!(at(r#"a: "\uD83C\uDFB5x""#, 1, 4, "🎵x", 4), Some((1, 17)));
    }

    #[test]
    fn past_the_lines_of_blocks_and_folds() {
        assert_eq!(at("a: |\n  one\n    two é x\n", 2, 3, "one\n  two é x\n", 6), Some((3, 5)));
        assert_eq!(at("a: |\n  one\n    two é x\n", 2, 3, "one\n  two é x\n", 13), Some((3, 11)));
        assert_eq!(at("a: |\n  \"one\" & X\n", 2, 3, "\"one\" & X\n", 8), Some((2, 11)));
        assert_eq!(at("a: one\n  two", 1, 4, "one two", 4), Some((2, 3)));
        assert_eq!(at("a: \"one\n  two\"", 1, 4, "one two", 4), Some((2, 3)));
        assert_eq!(at("a: \"one\\n\\\n  two\"", 1, 4, "one\ntwo", 4), Some((2, 3)));
    }

    #[test]
    fn what_is_not_there_has_no_place() {
        assert_eq!(at("a: \"x\"", 1, 4, "x", 9), None);
        assert_eq!(at("a: é", 1, 4, "é", 1), None, "within a character");
        assert_eq!(at("", 7, 4, "x", 1), None);
    }
}
