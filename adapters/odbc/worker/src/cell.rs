//! What the bytes of one cell mean, by the type of its column.
//!
//! Invariant: a cell is taken whole and as it is, or not at all; whatever the bytes are, nothing panics.
//! Not here: where they come from (`rowset`), and what is told of those that are not taken.

use crate::describe::Plan;
use banyan_odbc::page::{Civil, Gather};
use banyan_odbc::wire::Form;
use odbc_api::sys::CDataType;

/// Takes over a cell; false where it is not what its column's type says.
#[inline]
pub(crate) fn take(plan: &Plan, cell: &[u8], into: &mut Gather) -> bool {
    let form = plan.column.form;
    let cell = if plan.padded { unpadded(cell, plan.terminator()) } else { cell };
    match plan.c {
        CDataType::SBigInt | CDataType::Double => cell.first_chunk::<8>().map(|b| into.fixed(*b)).is_some(),
        CDataType::Float => cell.first_chunk::<4>().map(|b| into.fixed(*b)).is_some(),
        CDataType::Bit => cell.first().map(|b| into.fixed([*b])).is_some(),
        CDataType::TypeDate | CDataType::TypeTimestamp => civil(cell).map(|c| into.fixed(c.bytes())).is_some(),
        CDataType::WChar => wide(cell, into),
        CDataType::Binary => {
            into.varying(|out| {
                out.extend_from_slice(cell);
                true
            });
            true
        }
        _ if plan.lower => text(form, &cell.to_ascii_lowercase(), into),
        _ => text(form, cell, into),
    }
}

/// Without the blanks at its end. `unit`: bytes of a character's unit.
fn unpadded(mut cell: &[u8], unit: usize) -> &[u8] {
    let blank: &[u8] = if unit == 2 { &[b' ', 0] } else { b" " };
    while let Some(shorter) = cell.strip_suffix(blank) {
        cell = shorter;
    }
    cell
}

fn text(form: Form, cell: &[u8], into: &mut Gather) -> bool {
    let Ok(text) = std::str::from_utf8(cell) else { return false };
    let append = |bytes: &[u8], into: &mut Gather| {
        into.varying(|out| {
            out.extend_from_slice(bytes);
            true
        })
    };
    match form {
        Form::Text => append(cell, into),
        Form::Decimal => append(text.trim().as_bytes(), into),
        Form::Integer => text.trim().parse::<i64>().map(|i| into.fixed(i.to_le_bytes())).is_ok(),
        Form::Float => text.trim().parse::<f64>().map(|f| into.fixed(f.to_le_bytes())).is_ok(),
        Form::Boolean => {
            let word = text.trim();
            let yes = ["1", "-1", "t", "true", "TRUE"].contains(&word);
            let known = yes || ["0", "f", "false", "FALSE"].contains(&word);
            if known {
                into.fixed([u8::from(yes)]);
            }
            known
        }
        Form::Date | Form::Time | Form::DateTime | Form::Instant => {
            parse(form, text.trim()).map(|c| into.fixed(c.bytes())).is_some()
        }
        _ => false,
    }
}

/// UTF-16 to UTF-8; false where it is none.
fn wide(cell: &[u8], into: &mut Gather) -> bool {
    let units = cell.chunks_exact(2).map(|c| u16::from_ne_bytes([c[0], c[1]]));
    let plain = units.clone().all(|u| u < 0x80);
    // Checked before anything is counted as a cell.
    if !plain && char::decode_utf16(units.clone()).any(|c| c.is_err()) {
        return false;
    }
    into.varying(|out| {
        if plain {
            out.extend(units.map(|u| u as u8));
            return true;
        }
        let mut utf8 = [0; 4];
        for c in char::decode_utf16(units).flatten() {
            out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
        }
        true
    })
}

/// `SQL_DATE_STRUCT` or `SQL_TIMESTAMP_STRUCT`.
fn civil(cell: &[u8]) -> Option<Civil> {
    let short = |at: usize| Some(u16::from_ne_bytes(*cell.get(at..)?.first_chunk()?));
    let byte = |at: usize| short(at).map(|n| u8::try_from(n).unwrap_or(255));
    let mut civil = Civil { year: short(0)? as i16, month: byte(2)?, day: byte(4)?, ..Civil::default() };
    if cell.len() >= 16 {
        (civil.hour, civil.minute, civil.second) = (byte(6)?, byte(8)?, byte(10)?);
        civil.nanos = u32::from_ne_bytes(*cell.get(12..)?.first_chunk()?);
    }
    Some(civil)
}

/// `2024-02-29`, `23:59:59.5`, or both with a blank or a T between them.
fn parse(form: Form, text: &str) -> Option<Civil> {
    let mut civil = Civil::default();
    let (date, time) = match form {
        Form::Date => match text.split_once([' ', 'T']) {
            // A date that is stored with midnight is a date.
            Some((date, time)) if time.chars().all(|c| "0:.".contains(c)) => (date, ""),
            Some(_) => return None,
            None => (text, ""),
        },
        Form::Time => ("", text),
        _ => text.split_once([' ', 'T']).unwrap_or((text, "00:00:00")),
    };
    if form != Form::Time {
        let mut parts = date.split('-');
        let mut next = |digits: usize| {
            let part = parts.next()?;
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i16>().ok())?
        };
        civil.year = next(4)?;
        civil.month = u8::try_from(next(2)?).ok()?;
        civil.day = u8::try_from(next(2)?).ok()?;
        parts.next().is_none().then_some(())?;
    }
    if form != Form::Date {
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut parts = clock.split(':').map(|p| (p.len() == 2).then(|| p.parse::<u8>().ok())?);
        civil.hour = parts.next()??;
        civil.minute = parts.next()??;
        civil.second = parts.next().unwrap_or(Some(0))?;
        parts.next().is_none().then_some(())?;
        if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if !fraction.is_empty() {
            civil.nanos = fraction.parse::<u32>().ok()? * 10_u32.pow(9 - fraction.len() as u32);
        }
    }
    Some(civil)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_as_drivers_write_them() {
        let civil =
            |form, text| parse(form, text).map(|c| (c.year, c.month, c.day, c.hour, c.minute, c.second, c.nanos));
        assert_eq!(civil(Form::Date, "2024-02-29"), Some((2024, 2, 29, 0, 0, 0, 0)));
        assert_eq!(civil(Form::Date, "2024-02-29 00:00:00.000"), Some((2024, 2, 29, 0, 0, 0, 0)));
        let none = Civil::default();
        assert_eq!(civil(Form::Time, "23:59:59.5"), Some((none.year, none.month, none.day, 23, 59, 59, 500_000_000)));
        assert_eq!(civil(Form::DateTime, "2024-02-29T23:59"), Some((2024, 2, 29, 23, 59, 0, 0)));
        for odd in ["", "2024", "24-02-29", "2024-2-9", "2024-02-29 01:00", "2024-02-29-01", "+024-02-29"] {
            assert_eq!(civil(Form::Date, odd), None, "{odd:?}");
        }
        for odd in ["", "12", "1:02", "12:00:00.1234567890", "12:00:00.x", "12:00:00:00", "-1:00"] {
            assert_eq!(civil(Form::Time, odd), None, "{odd:?}");
        }
    }

    #[test]
    fn blanks_at_the_end_go_and_no_other() {
        assert_eq!(unpadded(b" a b  ", 1), b" a b");
        assert_eq!(unpadded(b"   ", 1), b"");
        assert_eq!(unpadded(b"a\0 \0 \0", 2), b"a\0");
        assert_eq!(unpadded(b"a  ", 2), b"a  ", "no whole unit");
    }
}
