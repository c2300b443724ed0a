//! HTML that cannot forget to escape.

use std::fmt::{Display, Write};

/// A page, or a part of one.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Mark-up: literals of this program only, which the lifetime enforces.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    /// Text, or the value of a quoted attribute, from anywhere.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Html {
        let _ = write!(Escaped(&mut self.0), "{text}");
        self
    }

    /// A segment of a path within a quoted attribute: percent-encoded, so that nothing in it can leave the segment.
    pub(super) fn segment(&mut self, text: &str) -> &mut Html {
        for b in text.bytes() {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                self.0.push(char::from(b));
            } else {
                let _ = write!(self.0, "%{b:02X}");
            }
        }
        self
    }

    /// Another part.
    pub(super) fn part(&mut self, part: &Html) -> &mut Html {
        self.0.push_str(&part.0);
        self
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

struct Escaped<'o>(&'o mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                // A line's end as Windows writes it is one.
                '\r' if chars.peek() == Some(&'\n') => {}
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // What has no shape is shown as what it is: a forged name should look forged.
                '\n' | '\t' => self.0.push(c),
                c if c.is_control()
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c) =>
                {
                    self.0.push('\u{fffd}');
                }
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_is_escaped() {
        let mut h = Html::default();
        h.raw("<p title=\"")
            .text("\" onload='x' &")
            .raw("\">")
            .text("<script>alert(1)</script>\u{202e}\u{0}\r\n\r")
            .raw("</p>");
        let expected = "<p title=\"&quot; onload=&#39;x&#39; &amp;\">&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}\u{fffd}\n\u{fffd}</p>";
        assert_eq!(h.finish(), expected);
    }

    #[test]
    fn a_segment_stays_one() {
        let mut h = Html::default();
        h.segment("../a b\"/ü");
        assert_eq!(h.finish(), "..%2Fa%20b%22%2F%C3%BC");
    }
}
