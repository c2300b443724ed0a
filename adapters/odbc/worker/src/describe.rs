//! How each column is read, by what its driver says of it.
//!
//! Invariant: no digit is lost. Decimals are read as text, whole numbers as 64 bits, times as text (the struct has no
//! fraction), SQLite's cells always as the text it holds, whatever type was declared.

use crate::driver::Connection;
use crate::statement::Described;
use banyan_odbc::wire::{Form, WireColumn};
use odbc_api::sys::CDataType;

/// Text up to so many characters is believed to be that short, and read in bulk.
const BOUNDED: usize = 2000;
/// Bytes a cell of unknown length is first given; more are read piecewise.
const FIRST: usize = 8 << 10;
/// The same for libsqliteodbc, which fills the whole of a buffer with zeros at each cell.
const FIRST_SQLITE: usize = 256;

/// How a column is read.
pub(crate) struct Plan {
    /// For the gateway.
    pub(crate) column: WireColumn,
    /// The C type that is asked for.
    pub(crate) c: CDataType,
    /// Bytes of a cell's buffer, its terminator included.
    pub(crate) width: usize,
    /// How long a cell can be is not known.
    pub(crate) open: bool,
    /// Shown in lower case: psqlodbc shows a uuid otherwise than its server.
    pub(crate) lower: bool,
    /// CHAR, of a server to which trailing blanks are padding: they are cut off, so that keys are what people write.
    /// SQLite and drivers we do not know keep theirs, for to those a blank makes another key.
    pub(crate) padded: bool,
}

impl Plan {
    /// Bytes of a cell's terminator.
    pub(crate) fn terminator(&self) -> usize {
        match self.c {
            CDataType::Char => 1,
            CDataType::WChar => 2,
            _ => 0,
        }
    }

    /// Whether a cell's length varies.
    pub(crate) fn varies(&self) -> bool {
        matches!(self.c, CDataType::Char | CDataType::WChar | CDataType::Binary)
    }
}

/// The plan for a column.
pub(crate) fn plan(d: Described, connection: &Connection) -> Plan {
    let sqlite = connection.product.contains("sqlite");
    // What these hold is text, whatever type it is called; mdbtools knows no other C type that it gives right.
    let text = sqlite || connection.plain;
    // psqlodbc makes the current day of a date that its struct cannot hold; its text shows that it is none.
    let days = text || connection.product.contains("postgres");
    let decimal = sqlite.then(|| declared_decimal(&d.word)).flatten();
    let (form, c, width) = match d.sql {
        // libsqliteodbc calls decimals doubles.
        _ if decimal.is_some() => (Form::Decimal, CDataType::Char, 64),
        // Whole numbers.
        -6 | 4 | 5 | -5 if text => (Form::Integer, CDataType::Char, 64),
        -5 if d.unsigned && connection.product.contains("m") => (Form::Decimal, CDataType::Char, 64),
        -6 | 4 | 5 | -5 => (Form::Integer, CDataType::SBigInt, 8),
        // Exact decimals.
        2 | 3 => (Form::Decimal, CDataType::Char, 192),
        6..=8 if text => (Form::Float, CDataType::Char, 64),
        7 => (Form::Real, CDataType::Float, 4),
        6 | 8 => (Form::Float, CDataType::Double, 8),
        -7 if text => (Form::Boolean, CDataType::Char, 64),
        -7 => (Form::Boolean, CDataType::Bit, 1),
        9 | 91 if days => (Form::Date, CDataType::Char, 64),
        9 | 91 => (Form::Date, CDataType::TypeDate, 6),
        10 | 92 => (Form::Time, CDataType::Char, 64),
        11 | 93 if days && instant(&d, connection) => (Form::Instant, CDataType::Char, 64),
        11 | 93 if days => (Form::DateTime, CDataType::Char, 64),
        11 | 93 if instant(&d, connection) => (Form::Instant, CDataType::TypeTimestamp, 16),
        11 | 93 => (Form::DateTime, CDataType::TypeTimestamp, 16),
        -4..=-2 => (Form::Bytes, CDataType::Binary, 0),
        -11 => (Form::Text, CDataType::Char, 64),
        _ => (Form::Text, if connection.narrow { CDataType::Char } else { CDataType::WChar }, 0),
    };
    let (mut width, mut open) = (width, text && c == CDataType::Char);
    if width == 0 {
        open = sqlite || d.size == 0 || d.size > BOUNDED || connection.plain;
        width = match (open, c) {
            (true, _) if sqlite => FIRST_SQLITE,
            (true, _) => FIRST,
            // A character outside the basic plane is two units.
            (false, CDataType::WChar) => d.size * 4 + 2,
            (false, CDataType::Char) => d.size * 4 + 1,
            (false, _) => d.size,
        };
    }
    let (mut precision, mut scale) = (0, 0);
    if form == Form::Decimal {
        precision = u8::try_from(d.size).unwrap_or(38).clamp(1, 38);
        scale = u8::try_from(d.digits).unwrap_or(0).min(precision);
        (precision, scale) = decimal.unwrap_or((precision, scale));
    }
    let lower = d.sql == -11 && connection.product.contains("postgres");
    let pads = ["postgres", "sql server", "adaptive", "sybase"].iter().any(|p| connection.product.contains(p));
    let padded = matches!(d.sql, 1 | -8) && pads;
    Plan { column: WireColumn { name: d.name, form, precision, scale }, c, width, open, lower, padded }
}

/// `decimal(12,2)`, as it was declared.
fn declared_decimal(word: &str) -> Option<(u8, u8)> {
    let rest = ["decimal", "numeric"].iter().find_map(|w| word.strip_prefix(w))?;
    let inner = rest.trim().strip_prefix('(').and_then(|r| r.strip_suffix(')')).unwrap_or("38,10");
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let precision = precision.trim().parse::<u8>().ok()?.clamp(1, 38);
    Some((precision, scale.trim().parse::<u8>().ok()?.min(precision)))
}

/// A type whose values are points on the time line; the session shows them in UTC.
fn instant(d: &Described, connection: &Connection) -> bool {
    d.word == "timestamptz"
        || d.word.contains("with time zone")
        || (d.word == "timestamp" && (connection.product.contains("maria") || connection.product.contains("mysql")))
}
