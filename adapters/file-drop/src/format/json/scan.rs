//! Finds where a JSON value ends, in pieces of any size and without keeping it.

/// Nesting beyond this is refused even where the value is only passed over.
const DEEPEST: usize = 10_000;

/// A value being passed over.
#[derive(Default)]
pub struct Scan {
    open: Vec<u8>,
    in_text: bool,
    escaped: bool,
    /// A number or a word has begun.
    bare: bool,
}

impl Scan {
    /// Looks at the next bytes: `Some(n)` if the value ends before byte `n` of them. An error says what is wrong.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<usize>, &'static str> {
        let mut at = 0;
        while at < bytes.len() {
            if self.in_text {
                at += self.text(&bytes[at..]);
                if !self.in_text && self.open.is_empty() {
                    return Ok(Some(at));
                }
                continue;
            }
            let b = bytes[at];
            if self.bare && matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' | b':') {
                self.bare = false;
                if self.open.is_empty() {
                    return Ok(Some(at));
                }
            }
            at += 1;
            match b {
                b'"' if self.bare => return Err("a quote inside a number or word"),
                b'"' => self.in_text = true,
                b'{' | b'[' if self.open.len() == DEEPEST => return Err("nested too deep"),
                b'{' | b'[' => self.open.push(b),
                b'}' | b']' => {
                    let fits = self.open.pop() == Some(if b == b'}' { b'{' } else { b'[' });
                    if !fits {
                        return Err("brackets do not match");
                    }
                    if self.open.is_empty() {
                        return Ok(Some(at));
                    }
                }
                b',' | b':' if self.open.is_empty() => return Err("a value was expected"),
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.bare = true,
            }
        }
        Ok(None)
    }

    /// The end of the file: true if it ends the value.
    pub fn finish(&self) -> bool {
        self.bare && self.open.is_empty()
    }

    /// Passes over text; how many bytes.
    fn text(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        if self.escaped {
            self.escaped = false;
            at = 1;
        }
        while let Some(n) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
            at += n + 1;
            if bytes[at - 1] == b'"' {
                self.in_text = false;
                return at;
            }
            if at == bytes.len() {
                self.escaped = true;
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}
