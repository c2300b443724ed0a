//! Which bytes mean which characters.
//!
//! Three sorts matter to the readers: UTF-8, single-byte pages (a table of 128 characters above ASCII), and the rest
//! (UTF-16, Asian multi-byte pages), where a byte that looks like a delimiter may be half a character.
//! Not here: EBCDIC pages, which are refused until their issue.

use encoding_rs::Encoding;
use oem_cp::code_table::DECODING_TABLE_CP_MAP;
use std::fmt;
use std::sync::Arc;

/// A single-byte page that agrees with ASCII below 128.
pub struct Table {
    name: String,
    high: [Option<char>; 128],
    complete: bool,
}

impl Table {
    fn new(name: String, high: [Option<char>; 128]) -> Table {
        Table { name, high, complete: high.iter().all(Option::is_some) }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Table {
    /// Appends `bytes` as characters; the position of the first byte that means none.
    pub fn push(&self, bytes: &[u8], out: &mut String) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            let ascii = Encoding::ascii_valid_up_to(&bytes[at..]);
            out.push_str(std::str::from_utf8(&bytes[at..at + ascii]).unwrap_or_default());
            at += ascii;
            let Some(&b) = bytes.get(at) else { break };
            out.push(self.high.get(usize::from(b & 0x7f)).copied().flatten().ok_or(at)?);
            at += 1;
        }
        Ok(())
    }

    /// True if every byte means a character.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The character of one byte.
    pub fn char(&self, b: u8) -> Option<char> {
        if b < 0x80 { Some(char::from(b)) } else { self.high[usize::from(b & 0x7f)] }
    }

    fn encode(&self, c: char) -> Option<u8> {
        if c.is_ascii() {
            return Some(c as u8);
        }
        let at = self.high.iter().position(|h| *h == Some(c))?;
        Some(0x80 | at as u8)
    }
}

/// An encoding, as known once the file's first bytes were seen.
#[derive(Clone, Debug)]
pub enum Charset {
    /// UTF-8, ASCII included.
    Utf8,
    /// A single-byte page.
    Table(Arc<Table>),
    /// UTF-16; `big` endian or little.
    Utf16 {
        /// Big endian.
        big: bool,
    },
    /// A multi-byte page such as Shift_JIS.
    Multi(&'static Encoding),
}

impl Charset {
    /// Its name, for messages.
    pub fn name(&self) -> &str {
        match self {
            Charset::Utf8 => "utf-8",
            Charset::Table(t) => &t.name,
            Charset::Utf16 { big: false } => "utf-16le",
            Charset::Utf16 { big: true } => "utf-16be",
            Charset::Multi(e) => e.name(),
        }
    }

    /// What a parser that works on the page's own bytes looks for when it looks for `text`: the page's bytes for
    /// single-byte pages, UTF-8 for everything else (which is transcoded before it is parsed). `None` where the page
    /// has no such character.
    pub fn needle(&self, text: &str) -> Option<Vec<u8>> {
        match self {
            Charset::Table(t) => text.chars().map(|c| t.encode(c)).collect(),
            _ => Some(text.as_bytes().to_vec()),
        }
    }
}

/// What the configuration says.
#[derive(Clone, Debug)]
pub enum Declared {
    /// Nothing: a byte order mark decides, else the format's own rule, else UTF-8.
    Auto,
    /// `utf-16`: a byte order mark decides, else little endian.
    Utf16,
    /// Exactly that one; a byte order mark that says otherwise refuses the file.
    Is(Charset),
}

/// Finds an encoding by its label; else what to tell the user.
pub fn named(label: &str) -> Result<Declared, String> {
    let lower = label.trim().to_ascii_lowercase();
    match lower.as_str() {
        "utf-16" | "utf16" => return Ok(Declared::Utf16),
        "utf-16le" | "utf16le" => return Ok(Declared::Is(Charset::Utf16 { big: false })),
        "utf-16be" | "utf16be" => return Ok(Declared::Is(Charset::Utf16 { big: true })),
        "cp65001" => return Ok(Declared::Is(Charset::Utf8)),
        "cp932" => return Ok(Declared::Is(Charset::Multi(encoding_rs::SHIFT_JIS))),
        "cp936" => return Ok(Declared::Is(Charset::Multi(encoding_rs::GBK))),
        "cp949" => return Ok(Declared::Is(Charset::Multi(encoding_rs::EUC_KR))),
        "cp950" => return Ok(Declared::Is(Charset::Multi(encoding_rs::BIG5))),
        _ => {}
    }
    let page = code_page(&lower);
    if lower.contains("ebcdic") || page.is_some_and(is_ebcdic) {
        return Err(format!("`{label}` is an EBCDIC page; EBCDIC files cannot be read yet"));
    }
    if let Some(encoding) = Encoding::for_label(lower.as_bytes()) {
        return of_encoding(encoding).map(Declared::Is).ok_or_else(|| format!("`{label}` cannot be read as a file"));
    }
    if let Some(table) = page.and_then(|p| DECODING_TABLE_CP_MAP.get(&p).map(|t| (p, t))) {
        let high = std::array::from_fn(|i| table.1.decode_char_checked(0x80 | i as u8));
        return Ok(Declared::Is(Charset::Table(Arc::new(Table::new(format!("cp{}", table.0), high)))));
    }
    Err(format!(
        "`{label}` is not an encoding that is known here; known are utf-8, utf-16le, windows-1252, iso-8859-15, cp850, \
         shift_jis and the like, by their usual names"
    ))
}

/// The number in `cp850`, `ibm850`, `ibm-850`.
fn code_page(lower: &str) -> Option<u16> {
    let digits = lower.strip_prefix("cp").or_else(|| lower.strip_prefix("ibm"))?;
    digits.trim_start_matches(['-', '_']).parse().ok()
}

fn is_ebcdic(page: u16) -> bool {
    const PAGES: [u16; 24] = [
        37, 273, 277, 278, 280, 284, 285, 290, 297, 420, 424, 500, 838, 870, 871, 875, 880, 905, 924, 1025, 1026, 1047,
        1140, 1141,
    ];
    PAGES.contains(&page) || (1142..=1149).contains(&page)
}

/// `None` for the two that are no encodings of files: `replacement`, and ISO-2022-JP, whose bytes mean different
/// things after each escape, so that no place in such a file can be read on its own.
pub fn of_encoding(encoding: &'static Encoding) -> Option<Charset> {
    if encoding == encoding_rs::UTF_8 {
        return Some(Charset::Utf8);
    }
    if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE {
        return Some(Charset::Utf16 { big: encoding == encoding_rs::UTF_16BE });
    }
    if encoding == encoding_rs::REPLACEMENT || encoding == encoding_rs::ISO_2022_JP {
        return None;
    }
    if !encoding.is_single_byte() {
        return Some(Charset::Multi(encoding));
    }
    let high = std::array::from_fn(|i| {
        let byte = [0x80 | i as u8];
        encoding.decode_without_bom_handling_and_without_replacement(&byte).and_then(|t| t.chars().next())
    });
    Some(Charset::Table(Arc::new(Table::new(encoding.name().to_ascii_lowercase(), high))))
}

/// The byte order mark at the front: its encoding and its length.
pub fn mark(front: &[u8]) -> Option<(Charset, usize)> {
    match front {
        [0xef, 0xbb, 0xbf, ..] => Some((Charset::Utf8, 3)),
        [0xff, 0xfe, ..] => Some((Charset::Utf16 { big: false }, 2)),
        [0xfe, 0xff, ..] => Some((Charset::Utf16 { big: true }, 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(label: &str) -> Arc<Table> {
        match named(label).unwrap() {
            Declared::Is(Charset::Table(t)) => t,
            other => panic!("{other:?}"),
        }
    }

    fn decode(label: &str, bytes: &[u8]) -> Result<String, usize> {
        let mut out = String::new();
        table(label).push(bytes, &mut out).map(|()| out)
    }

    #[test]
    fn pages_of_windows_and_dos_are_known() {
        assert_eq!(decode("windows-1252", b"\x80 \x9f ASCII \xe4").unwrap(), "€ Ÿ ASCII ä");
        assert_eq!(decode("cp850", b"M\x84rz \x9c").unwrap(), "März £");
        assert_eq!(decode("CP437", b"\xe1").unwrap(), "ß");
        assert_eq!(decode("ibm-852", b"\x8a").unwrap(), "Ő");
        assert_eq!(decode("iso-8859-15", b"\xa4").unwrap(), "€");
    }

    #[test]
    fn a_byte_without_meaning_is_named_by_its_position() {
        assert_eq!(decode("windows-1253", b"ab\xaac"), Err(2));
    }

    #[test]
    fn ebcdic_and_nonsense_are_refused_with_a_reason() {
        for label in ["cp037", "ibm1047", "cp500", "ebcdic-cp-us", "ibm-1140"] {
            assert!(named(label).unwrap_err().contains("EBCDIC"), "{label}");
        }
        assert!(named("klingon").is_err());
        assert!(named("iso-2022-jp").is_err());
    }

    #[test]
    fn a_needle_is_what_the_parser_will_meet() {
        assert_eq!(Charset::Table(table("windows-1252")).needle("§").unwrap(), b"\xa7");
        assert_eq!(Charset::Table(table("windows-1252")).needle("Ж"), None);
        assert_eq!(Charset::Utf16 { big: true }.needle("§").unwrap(), "§".as_bytes());
    }
}
