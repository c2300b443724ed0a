//! The 3270 data stream: screens out, keys and modified fields in.
//!
//! Invariant: reading takes any bytes; what makes no sense is left out.

use crate::CodePage;

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

const ERASE_WRITE: u8 = 0xf5;
const WRITE: u8 = 0xf1;
const SBA: u8 = 0x11;
const SF: u8 = 0x1d;
const SFE: u8 = 0x29;
const IC: u8 = 0x13;
const RA: u8 = 0x3c;
const GE: u8 = 0x08;

/// Six bits as a byte that every EBCDIC shows.
const SIX: [u8; 64] = [
    0x40, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0xd1, 0xd2,
    0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61, 0xe2, 0xe3, 0xe4, 0xe5,
    0xe6, 0xe7, 0xe8, 0xe9, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
];

pub(crate) const PROTECTED: u8 = 0x20;
pub(crate) const NUMERIC: u8 = 0x10;
pub(crate) const SKIP: u8 = PROTECTED | NUMERIC;
pub(crate) const BRIGHT: u8 = 0x08;
pub(crate) const HIDDEN: u8 = 0x0c;

fn six(bits: usize) -> u8 {
    SIX.get(bits & 63).copied().unwrap_or(0x40)
}

/// Writes a screen.
pub(crate) struct Painter {
    page: CodePage,
    out: Vec<u8>,
}

impl Painter {
    /// Erases first if `erase`; unlocks the keyboard and resets modified-data tags if `unlock`.
    pub(crate) fn new(page: CodePage, erase: bool, unlock: bool) -> Painter {
        let control = if unlock { 0x03 } else { 0x00 };
        Painter { page, out: vec![if erase { ERASE_WRITE } else { WRITE }, six(control)] }
    }

    pub(crate) fn at(&mut self, row: u16, column: u16) {
        let address = usize::from((row - 1) * COLUMNS + column - 1);
        self.out.extend([SBA, six(address >> 6), six(address)]);
    }

    pub(crate) fn field(&mut self, attribute: u8) {
        self.out.extend([SF, six(usize::from(attribute))]);
    }

    /// A protected field in a colour.
    pub(crate) fn coloured(&mut self, attribute: u8, colour: u8) {
        self.out.extend([SFE, 2, 0xc0, six(usize::from(attribute)), 0x42, colour]);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.out.extend(text.chars().map(|c| self.page.encode(c)));
    }

    pub(crate) fn cursor(&mut self) {
        self.out.push(IC);
    }

    /// Fills up to, and without, a place.
    pub(crate) fn fill(&mut self, row: u16, column: u16, c: char) {
        let address = usize::from((row - 1) * COLUMNS + column - 1);
        self.out.extend([RA, six(address >> 6), six(address), self.page.encode(c)]);
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.out
    }
}

/// A key and the fields that were changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The key's name: `Enter`, `PF3`, `PA1`, `Clear`, else its byte.
    pub key: String,
    /// Where the cursor stood: row and column, from 1.
    pub cursor: Option<(u16, u16)>,
    /// Places of fields (first cell) and what they hold, without NULs.
    pub fields: Vec<((u16, u16), String)>,
}

fn key(aid: u8) -> String {
    match aid {
        0x7d => "Enter".into(),
        0x6d => "Clear".into(),
        0x6c => "PA1".into(),
        0x6e => "PA2".into(),
        0x6b => "PA3".into(),
        0xf1..=0xf9 => format!("PF{}", aid - 0xf0),
        0x7a..=0x7c => format!("PF{}", aid - 0x7a + 10),
        0xc1..=0xc9 => format!("PF{}", aid - 0xc0 + 12),
        0x4a..=0x4c => format!("PF{}", aid - 0x4a + 22),
        other => format!("0x{other:02x}"),
    }
}

fn place(high: u8, low: u8) -> Option<(u16, u16)> {
    // The two highest bits tell 14-bit addresses (00) from 12-bit ones.
    let address = if high & 0xc0 == 0 {
        u16::from(high) << 8 | u16::from(low)
    } else {
        u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f)
    };
    (address < ROWS * COLUMNS).then(|| (address / COLUMNS + 1, address % COLUMNS + 1))
}

/// Reads what the terminal sent: Read Modified and its short form.
pub fn inbound(page: CodePage, record: &[u8]) -> Option<Inbound> {
    let (&aid, rest) = record.split_first()?;
    let mut inbound = Inbound { key: key(aid), cursor: None, fields: Vec::new() };
    let mut bytes = rest.iter().copied();
    if let (Some(high), Some(low)) = (bytes.next(), bytes.next()) {
        inbound.cursor = place(high, low);
    }
    let mut current: Option<((u16, u16), String)> = None;
    while let Some(byte) = bytes.next() {
        match byte {
            SBA => {
                inbound.fields.extend(current.take());
                if let (Some(high), Some(low)) = (bytes.next(), bytes.next()) {
                    current = place(high, low).map(|at| (at, String::new()));
                }
            }
            0 | GE => {}
            byte => {
                if let Some((_, text)) = &mut current {
                    text.push(page.decode(byte));
                }
            }
        }
    }
    inbound.fields.extend(current);
    Some(inbound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_manual() {
        // Enter, cursor at 5d 6b? (row 22), one field "AB".
        let read = inbound(CodePage::Cp037, &[0x7d, 0x40, 0xc1, SBA, 0x40, 0x40, 0xc1, 0, 0xc2]).unwrap();
        assert_eq!(read, Inbound { key: "Enter".into(), cursor: Some((1, 2)), fields: vec![((1, 1), "AB".into())] });
        assert_eq!(inbound(CodePage::Cp037, &[0x6d]).unwrap().key, "Clear");
        assert_eq!(inbound(CodePage::Cp037, &[0xf3, 0x40]).unwrap().key, "PF3");
        assert_eq!(inbound(CodePage::Cp037, &[]), None);
    }

    #[test]
    fn every_pf_key_has_a_byte() {
        let names: Vec<String> = (0..=255).map(key).collect();
        for n in 1..=24 {
            assert_eq!(names.iter().filter(|k| **k == format!("PF{n}")).count(), 1, "PF{n}");
        }
    }

    #[test]
    fn addresses_come_in_two_forms() {
        assert_eq!(place(0x40, 0x40), Some((1, 1)));
        assert_eq!(place(0x5d, 0x7f), Some((24, 80)));
        assert_eq!(place(0x07, 0x7f), Some((24, 80)));
        assert_eq!(place(0x3f, 0xff), None);
    }
}
