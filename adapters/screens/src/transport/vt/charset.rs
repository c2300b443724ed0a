//! What bytes on the line mean as characters: UTF-8 or one byte a character.
//!
//! Invariant: decoding never fails (what no character is becomes `U+FFFD`, which a person sees); encoding never
//! replaces. Not here: encodings of several bytes other than UTF-8.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use oem_cp::code_table::DECODING_TABLE_CP_MAP;

/// An encoding that a line can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Charset {
    /// UTF-8.
    Utf8,
    /// The characters of the bytes 128 to 255; the lower half is ASCII.
    Single(Box<[char; 128]>),
}

/// What no character is.
const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

impl Charset {
    /// The encoding of that name: `utf-8`, `cp437`, `iso-8859-1`, `windows-1252`.
    pub(super) fn named(name: &str) -> Result<Charset, String> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "utf-8" | "utf8" => return Ok(Charset::Utf8),
            // What the web calls by these names is windows-1252.
            "iso-8859-1" | "latin1" => return Ok(Charset::of(char::from)),
            "ascii" | "us-ascii" => return Ok(Charset::of(|_| UNKNOWN)),
            _ => {}
        }
        if let Some(table) = (lower.strip_prefix("cp").and_then(|n| n.parse::<u16>().ok()))
            .and_then(|page| DECODING_TABLE_CP_MAP.get(&page))
        {
            return Ok(Charset::of(|byte| table.decode_char_checked(byte).unwrap_or(UNKNOWN)));
        }
        match Encoding::for_label(lower.as_bytes()) {
            Some(encoding) if encoding.is_single_byte() => Ok(Charset::of(|byte| {
                encoding.decode_without_bom_handling(&[byte]).0.chars().next().unwrap_or(UNKNOWN)
            })),
            Some(_) => Err(format!("a terminal cannot speak `{name}` here: only utf-8 and encodings of one byte")),
            None => Err(format!("`{name}` is not an encoding known here")),
        }
    }

    fn of(decode: impl Fn(u8) -> char) -> Charset {
        let mut upper = Box::new([UNKNOWN; 128]);
        for (byte, slot) in (128..=255_u8).zip(upper.iter_mut()) {
            *slot = decode(byte);
        }
        Charset::Single(upper)
    }

    /// The bytes of a character; `None` where the encoding lacks it.
    pub(super) fn encode(&self, c: char, into: &mut Vec<u8>) -> Option<()> {
        match self {
            _ if c.is_ascii() => into.push(c as u8),
            Charset::Utf8 => into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Charset::Single(upper) => {
                let place = upper.iter().position(|known| *known == c && c != UNKNOWN)?;
                into.push(u8::try_from(place + 128).ok()?);
            }
        }
        Some(())
    }
}

/// Turns what comes in pieces into characters.
pub(super) struct Reader {
    charset: Charset,
    utf8: Decoder,
    /// A character has begun and is not complete.
    partial: bool,
}

impl Reader {
    pub(super) fn new(charset: Charset) -> Reader {
        Reader { charset, utf8: UTF_8.new_decoder_without_bom_handling(), partial: false }
    }

    /// Whether the last piece ended within a character.
    pub(super) fn partial(&self) -> bool {
        self.partial
    }

    /// Appends the characters of a piece. Control characters above ASCII (an eight-bit terminal's) become the escape
    /// sequences that mean the same.
    pub(super) fn read(&mut self, mut bytes: &[u8], into: &mut String) {
        match &self.charset {
            Charset::Utf8 => {
                self.partial = ends_within(bytes, self.partial);
                // Three bytes for one that is no character, and what was kept of the last piece.
                into.reserve(bytes.len() * 3 + 16);
                loop {
                    let (result, read, _) = self.utf8.decode_to_string(bytes, into, false);
                    bytes = bytes.get(read..).unwrap_or_default();
                    match result {
                        CoderResult::InputEmpty => break,
                        CoderResult::OutputFull => into.reserve(bytes.len() * 3 + 16),
                    }
                }
            }
            Charset::Single(upper) => {
                for byte in bytes {
                    match usize::from(*byte).checked_sub(128).and_then(|i| upper.get(i)) {
                        None => into.push(char::from(*byte)),
                        Some(c @ '\u{80}'..='\u{9f}') => {
                            into.push('\u{1b}');
                            into.push(char::from_u32(*c as u32 - 0x40).unwrap_or(UNKNOWN));
                        }
                        Some(c) => into.push(*c),
                    }
                }
            }
        }
    }
}

/// Whether UTF-8 ends within a character; `before` says whether the piece before did.
fn ends_within(bytes: &[u8], before: bool) -> bool {
    for (back, byte) in bytes.iter().rev().take(4).enumerate() {
        let wanted = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return back + 1 < wanted;
    }
    // Nothing but continuations: of a character that began before. One piece more rarely leaves it open; a longer one
    // is no character at all.
    before && bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, pieces: &[&[u8]]) -> (String, bool) {
        let mut reader = Reader::new(Charset::named(name).unwrap());
        let mut text = String::new();
        pieces.iter().for_each(|piece| reader.read(piece, &mut text));
        (text, reader.partial())
    }

    #[test]
    fn encodings_of_old_systems() {
        assert_eq!(read("cp437", &[b"\xc9\xcd\xbb \x81"]).0, "╔═╗ ü");
        assert_eq!(read("cp850", &[b"\x9b\xd5"]).0, "øı");
        assert_eq!(read("iso-8859-1", &[b"\xe4\xa4"]).0, "ä¤");
        assert_eq!(read("iso-8859-15", &[b"\xa4"]).0, "€");
        assert_eq!(read("windows-1252", &[b"\x80"]).0, "€");
        assert!(Charset::named("shift_jis").unwrap_err().contains("one byte"));
        assert!(Charset::named("nonsense").is_err());
    }

    #[test]
    fn eight_bit_controls_become_escape_sequences() {
        assert_eq!(read("iso-8859-1", &[b"\x9b2J"]).0, "\u{1b}[2J");
        assert_eq!(read("cp437", &[b"\x9b"]).0, "¢");
    }

    #[test]
    fn pieces_may_cut_characters() {
        assert_eq!(read("utf-8", &[b"\xe2\x82"]), (String::new(), true));
        assert_eq!(read("utf-8", &[b"\xe2", b"\x82", b"\xac"]), ("€".into(), false));
        assert_eq!(read("utf-8", &[b"\xc3("]), ("\u{fffd}(".into(), false));
        assert_eq!(read("utf-8", &[b"\x80\x80\x80\x80\x80"]).1, false);
    }

    #[test]
    fn nothing_is_replaced_when_typed() {
        let cp = Charset::named("cp850").unwrap();
        let mut bytes = Vec::new();
        assert!(cp.encode('ø', &mut bytes).is_some() && cp.encode('€', &mut bytes).is_none());
        assert_eq!(bytes, [0x9b]);
    }
}
