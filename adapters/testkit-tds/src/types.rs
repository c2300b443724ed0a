//! Column types, as declared, and their values on the wire (MS-TDS 2.2.5).
//!
//! A table declares a column as SQL Server would spell it, with two liberties the embedded database asks for: `_max` for
//! `(max)`, and a leading `TEXT` where its own number affinity would round (`TEXT decimal(38,10)`, `TEXT money`). A code
//! page follows an underscore: `varchar_cp437(20)`, `varchar_utf8(20)`, `varchar_unknown(20)`.

use crate::tokens::utf16;
use jiff::civil::{Date, DateTime, Time};
use rusqlite::types::ValueRef;

/// A type on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Bit,
    Int(u8),
    Decimal(u8, u8),
    Money(u8),
    Float(u8),
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    Offset(u8),
    Guid,
    Char { fixed: bool, max: Option<u16>, page: Page },
    NChar { fixed: bool, max: Option<u16> },
    Binary { fixed: bool, max: Option<u16> },
    Text(Page),
    NText,
    Image,
    Xml,
    Variant,
}

/// The code page of a collation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Latin1,
    Cp437,
    Cp850,
    Utf8,
    Unknown,
}

impl Page {
    fn bytes(self) -> [u8; 5] {
        match self {
            Page::Latin1 => [0x09, 0x04, 0xD0, 0x00, 52],
            Page::Cp437 => [0x09, 0x04, 0xD0, 0x00, 32],
            Page::Cp850 => [0x09, 0x04, 0xD0, 0x00, 40],
            Page::Utf8 => [0x09, 0x04, 0xD0, 0x04, 0],
            Page::Unknown => [0x77, 0x77, 0xD0, 0x00, 0],
        }
    }

    pub(crate) fn collation(self) -> &'static str {
        match self {
            Page::Latin1 => "SQL_Latin1_General_CP1_CI_AS",
            Page::Cp437 => "SQL_Latin1_General_CP437_CI_AS",
            Page::Cp850 => "SQL_Latin1_General_CP850_BIN",
            Page::Utf8 => "Latin1_General_100_CI_AS_SC_UTF8",
            Page::Unknown => "Klingon_CI_AS",
        }
    }

    fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Page::Utf8 => text.as_bytes().to_vec(),
            _ => {
                text.chars().map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).unwrap_or(b'?') }).collect()
            }
        }
    }
}

/// The name as the catalog spells it: `TEXT decimal(38,10)` is `decimal(38,10)`, `nvarchar_max` is `nvarchar(max)`.
pub(crate) fn spelled(declared: &str) -> String {
    let lower = declared.to_ascii_lowercase();
    let name = lower.strip_prefix("text ").unwrap_or(&lower).replace(' ', "");
    let (base, rest) = name.split_once('(').map_or((name.as_str(), String::new()), |(b, r)| (b, format!("({r}")));
    match base.split_once('_') {
        Some((base, "max")) => format!("{base}(max)"),
        Some(("sql", _)) => name,
        Some((base, _)) => format!("{base}{rest}"),
        None => name,
    }
}

pub(crate) fn ty(declared: &str) -> Option<Ty> {
    let page = match declared.to_ascii_lowercase() {
        d if d.contains("_cp437") => Page::Cp437,
        d if d.contains("_cp850") => Page::Cp850,
        d if d.contains("_utf8") => Page::Utf8,
        d if d.contains("_unknown") => Page::Unknown,
        _ => Page::Latin1,
    };
    let name = spelled(declared);
    let (base, args) = name.split_once('(').map_or((name.as_str(), ""), |(b, a)| (b, a.trim_end_matches(')')));
    let mut numbers = args.split(',').map(|a| a.trim().parse::<u16>().ok());
    let first = numbers.next().flatten();
    let second = numbers.next().flatten();
    let small = |n: Option<u16>, default: u8| n.and_then(|n| u8::try_from(n).ok()).unwrap_or(default);
    let max = if args == "max" { None } else { Some(first.unwrap_or(1)) };
    Some(match base {
        "bit" => Ty::Bit,
        "tinyint" => Ty::Int(1),
        "smallint" => Ty::Int(2),
        "int" | "integer" => Ty::Int(4),
        "bigint" => Ty::Int(8),
        "decimal" | "numeric" => Ty::Decimal(small(first, 18), small(second, 0)),
        "money" => Ty::Money(8),
        "smallmoney" => Ty::Money(4),
        "real" => Ty::Float(4),
        "float" => Ty::Float(8),
        "date" => Ty::Date,
        "time" => Ty::Time(small(first, 7)),
        "datetime" => Ty::DateTime,
        "smalldatetime" => Ty::SmallDateTime,
        "datetime2" => Ty::DateTime2(small(first, 7)),
        "datetimeoffset" => Ty::Offset(small(first, 7)),
        "uniqueidentifier" => Ty::Guid,
        "char" | "varchar" => Ty::Char { fixed: base == "char", max, page },
        "nchar" | "nvarchar" => Ty::NChar { fixed: base == "nchar", max },
        "binary" | "varbinary" => Ty::Binary { fixed: base == "binary", max },
        "timestamp" | "rowversion" => Ty::Binary { fixed: true, max: Some(8) },
        "text" => Ty::Text(page),
        "ntext" => Ty::NText,
        "image" => Ty::Image,
        "xml" => Ty::Xml,
        "sql_variant" => Ty::Variant,
        _ => return None,
    })
}

impl Ty {
    /// TYPE_INFO, and for the old large types the table's name.
    pub(crate) fn info(&self, out: &mut Vec<u8>) {
        let two = |out: &mut Vec<u8>, ty: u8, max: Option<u16>, unit: u16| {
            out.push(ty);
            out.extend(max.map_or(0xFFFF, |m| m.saturating_mul(unit)).to_le_bytes());
        };
        match self {
            Ty::Bit => out.extend([0x68, 1]),
            Ty::Int(n) => out.extend([0x26, *n]),
            Ty::Decimal(p, s) => out.extend([0x6A, decimal_size(*p), *p, *s]),
            Ty::Money(n) => out.extend([0x6E, *n]),
            Ty::Float(n) => out.extend([0x6D, *n]),
            Ty::Date => out.push(0x28),
            Ty::Time(s) => out.extend([0x29, *s]),
            Ty::DateTime => out.extend([0x6F, 8]),
            Ty::SmallDateTime => out.extend([0x6F, 4]),
            Ty::DateTime2(s) => out.extend([0x2A, *s]),
            Ty::Offset(s) => out.extend([0x2B, *s]),
            Ty::Guid => out.extend([0x24, 16]),
            Ty::Char { fixed, max, page } => {
                two(out, if *fixed { 0xAF } else { 0xA7 }, *max, 1);
                out.extend(page.bytes());
            }
            Ty::NChar { fixed, max } => {
                two(out, if *fixed { 0xEF } else { 0xE7 }, *max, 2);
                out.extend(Page::Latin1.bytes());
            }
            Ty::Binary { fixed, max } => two(out, if *fixed { 0xAD } else { 0xA5 }, *max, 1),
            Ty::Text(_) | Ty::NText | Ty::Image => {
                out.push(match self {
                    Ty::Text(_) => 0x23,
                    Ty::NText => 0x63,
                    _ => 0x22,
                });
                out.extend(0x7FFF_FFFF_u32.to_le_bytes());
                match self {
                    Ty::Text(page) => out.extend(page.bytes()),
                    Ty::NText => out.extend(Page::Latin1.bytes()),
                    _ => {}
                }
                out.extend([1, 1, 0]);
                out.extend(utf16("t"));
            }
            Ty::Xml => out.extend([0xF1, 0]),
            Ty::Variant => {
                out.push(0x62);
                out.extend(8009_u32.to_le_bytes());
            }
        }
    }

    /// A null where no bitmap says so.
    pub(crate) fn null(&self, out: &mut Vec<u8>) {
        match self {
            Ty::Char { max, .. } | Ty::NChar { max, .. } | Ty::Binary { max, .. } => match max {
                Some(_) => out.extend([0xFF, 0xFF]),
                None => out.extend(u64::MAX.to_le_bytes()),
            },
            Ty::Xml => out.extend(u64::MAX.to_le_bytes()),
            Ty::Variant => out.extend([0; 4]),
            _ => out.push(0),
        }
    }

    /// A value. `None` if the cell does not hold one of this type.
    pub(crate) fn value(&self, cell: ValueRef<'_>, out: &mut Vec<u8>) -> Option<()> {
        if let Ty::Variant = self {
            return variant(cell, out);
        }
        if let ValueRef::Blob(bytes) = cell {
            match self {
                Ty::Binary { max, .. } => sized(out, bytes, *max),
                Ty::Image => pointed(out, bytes),
                // Bytes as they are: text that no collation allows.
                Ty::Char { max, .. } | Ty::NChar { max, .. } => sized(out, bytes, *max),
                _ => return None,
            }
            return Some(());
        }
        if let (Ty::Bit | Ty::Int(_), ValueRef::Integer(n)) = (self, cell) {
            let size = if let Ty::Int(size) = self { usize::from(*size) } else { 1 };
            out.push(size as u8);
            out.extend_from_slice(&n.to_le_bytes()[..size]);
            return Some(());
        }
        if let Ty::Float(size) = self {
            let f = match cell {
                ValueRef::Real(f) => f,
                ValueRef::Integer(n) => n as f64,
                _ => return None,
            };
            out.push(*size);
            if *size == 4 {
                out.extend((f as f32).to_le_bytes())
            } else {
                out.extend(f.to_le_bytes())
            }
            return Some(());
        }
        let held = match cell {
            ValueRef::Integer(n) => n.to_string(),
            ValueRef::Real(f) => f.to_string(),
            ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            _ => return None,
        };
        self.text(&held, out)
    }

    fn text(&self, held: &str, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Ty::Char { max, page, .. } => sized(out, &page.encode(held), *max),
            Ty::NChar { max, .. } => sized(out, &utf16(held), *max),
            Ty::Xml => sized(out, &utf16(held), None),
            Ty::Text(page) => pointed(out, &page.encode(held)),
            Ty::NText => pointed(out, &utf16(held)),
            Ty::Decimal(p, s) => {
                let n = scaled(held, *s)?;
                let size = decimal_size(*p);
                out.extend([size, u8::from(n >= 0)]);
                out.extend_from_slice(&n.unsigned_abs().to_le_bytes()[..usize::from(size) - 1]);
            }
            Ty::Money(size) => {
                let n = i64::try_from(scaled(held, 4)?).ok()?;
                out.push(*size);
                if *size == 8 {
                    out.extend(((n >> 32) as i32).to_le_bytes());
                }
                out.extend((n as u32).to_le_bytes());
            }
            Ty::Guid => {
                let digits: Vec<u8> = held.bytes().filter(|b| *b != b'-').collect();
                let byte =
                    |i: usize| u8::from_str_radix(std::str::from_utf8(digits.get(2 * i..2 * i + 2)?).ok()?, 16).ok();
                out.push(16);
                for i in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] {
                    out.push(byte(i)?);
                }
            }
            _ => return self.moment(held, out),
        }
        Some(())
    }

    fn moment(&self, held: &str, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Ty::Date => {
                out.push(3);
                out.extend_from_slice(&day(held.parse().ok()?).to_le_bytes()[..3]);
            }
            Ty::Time(s) => {
                out.push(time_size(*s));
                clock(held.parse().ok()?, *s, out);
            }
            Ty::DateTime => {
                let at: DateTime = held.parse().ok()?;
                out.push(8);
                out.extend((day(at.date()) as i32 - 693_595).to_le_bytes());
                let millis = nanos(at.time()) / 1_000_000;
                out.extend(((millis * 3 + 5) / 10).to_le_bytes()[..4].iter());
            }
            Ty::SmallDateTime => {
                let at: DateTime = held.parse().ok()?;
                out.push(4);
                out.extend(((day(at.date()) as i32 - 693_595) as u16).to_le_bytes());
                out.extend(((nanos(at.time()) / 60_000_000_000) as u16).to_le_bytes());
            }
            Ty::DateTime2(s) => {
                let at: DateTime = held.parse().ok()?;
                out.push(time_size(*s) + 3);
                clock(at.time(), *s, out);
                out.extend_from_slice(&day(at.date()).to_le_bytes()[..3]);
            }
            Ty::Offset(s) => {
                let (civil, offset) = held.split_at(held.len().checked_sub(6)?);
                let (hours, minutes) = offset.split_once(':')?;
                let hours: i64 = hours.parse().ok()?;
                let minutes =
                    hours * 60 + if offset.starts_with('-') { -1 } else { 1 } * minutes.parse::<i64>().ok()?;
                let at: DateTime = civil.trim().parse().ok()?;
                let utc = at.checked_sub(jiff::Span::new().minutes(minutes)).ok()?;
                out.push(time_size(*s) + 5);
                clock(utc.time(), *s, out);
                out.extend_from_slice(&day(utc.date()).to_le_bytes()[..3]);
                out.extend((minutes as i16).to_le_bytes());
            }
            _ => return None,
        }
        Some(())
    }
}

fn decimal_size(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

fn time_size(scale: u8) -> u8 {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// `-12.5` with scale 4 is -125000.
fn scaled(text: &str, scale: u8) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part: String = part.chars().chain(std::iter::repeat('0')).take(usize::from(scale)).collect();
    format!("{whole}{part}").parse::<i128>().ok().map(|n| sign * n)
}

/// Days since 0001-01-01.
fn day(date: Date) -> u32 {
    (jiff::civil::date(1, 1, 1).until(date).map(|s| s.get_days()).unwrap_or(0)) as u32
}

fn nanos(time: Time) -> u64 {
    let seconds = (time.hour() as u64 * 60 + time.minute() as u64) * 60 + time.second() as u64;
    seconds * 1_000_000_000 + time.subsec_nanosecond() as u64
}

fn clock(time: Time, scale: u8, out: &mut Vec<u8>) {
    let units = nanos(time) / 10_u64.pow(u32::from(9 - scale));
    out.extend_from_slice(&units.to_le_bytes()[..usize::from(time_size(scale))]);
}

fn sized(out: &mut Vec<u8>, bytes: &[u8], max: Option<u16>) {
    if max.is_some() {
        out.extend((bytes.len() as u16).to_le_bytes());
        return out.extend_from_slice(bytes);
    }
    out.extend((bytes.len() as u64).to_le_bytes());
    for part in bytes.chunks(8000) {
        out.extend((part.len() as u32).to_le_bytes());
        out.extend_from_slice(part);
    }
    out.extend([0; 4]);
}

fn pointed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(16);
    out.extend([0xAB; 16]);
    out.extend([0; 8]);
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// A value of that type within a variant: the type, its properties, and the value without a length.
fn typed_variant(declared: &str, held: &str, body: &mut Vec<u8>) -> Option<()> {
    let ty = ty(declared)?;
    match &ty {
        Ty::Decimal(p, s) => body.extend([0x6C, 2, *p, *s]),
        Ty::Money(8) => body.extend([0x3C, 0]),
        Ty::Date => body.extend([0x28, 0]),
        Ty::Time(s) => body.extend([0x29, 1, *s]),
        Ty::DateTime => body.extend([0x3D, 0]),
        Ty::DateTime2(s) => body.extend([0x2A, 1, *s]),
        Ty::Offset(s) => body.extend([0x2B, 1, *s]),
        Ty::Guid => body.extend([0x24, 0]),
        _ => return None,
    }
    let mut value = Vec::new();
    ty.text(held, &mut value)?;
    body.extend(value.get(1..)?);
    Some(())
}

fn variant(cell: ValueRef<'_>, out: &mut Vec<u8>) -> Option<()> {
    let mut body = Vec::new();
    match cell {
        ValueRef::Integer(n) => {
            body.extend([0x7F, 0]);
            body.extend(n.to_le_bytes());
        }
        ValueRef::Real(f) => {
            body.extend([0x3E, 0]);
            body.extend(f.to_le_bytes());
        }
        // A type, a bar, a value.
        ValueRef::Text(t) if t.contains(&b'|') => {
            let held = String::from_utf8_lossy(t);
            let (declared, held) = held.split_once('|')?;
            typed_variant(declared, held, &mut body)?;
        }
        ValueRef::Blob(bytes) => {
            body.extend([0xA5, 2]);
            body.extend(8000_u16.to_le_bytes());
            body.extend(bytes);
        }
        ValueRef::Text(t) => {
            body.extend([0xE7, 7]);
            body.extend(Page::Latin1.bytes());
            body.extend(8000_u16.to_le_bytes());
            body.extend(utf16(&String::from_utf8_lossy(t)));
        }
        _ => return None,
    }
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    Some(())
}
