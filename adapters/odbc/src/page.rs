//! A page of rows: columns in bulk, one frame.
//!
//! `u32 rows | u8 last | notes | columns`. A note is a row that could not be read, with its column, code and message. A column is
//! its nulls (a bit a row), then its cells: fixed width, or lengths and then bytes.
//! Invariant: reading a page never panics and never reads past it; a page that does not fit its columns is refused whole.

use crate::wire::{Form, PAGE, Put, Take, WireColumn};
use banyan_sql::Sink;
use banyan_words::{Bad, Value};
use jiff::civil;
use std::borrow::Cow;

/// A date, time or both, as it travels: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Of a second.
    pub nanos: u32,
}

impl std::fmt::Display for Civil {
    /// As it came, though it be no date: `0000-00-00`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Civil { year, month, day, hour, minute, second, nanos } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if (*hour, *minute, *second, *nanos) != (0, 0, 0, 0) {
            write!(f, " {hour:02}:{minute:02}:{second:02}")?;
        }
        if *nanos > 0 { write!(f, ".{nanos:09}") } else { Ok(()) }
    }
}

impl Civil {
    /// Its bytes.
    pub fn bytes(self) -> [u8; 12] {
        let mut out = [0; 12];
        out[..2].copy_from_slice(&self.year.to_le_bytes());
        out[2..7].copy_from_slice(&[self.month, self.day, self.hour, self.minute, self.second]);
        out[8..].copy_from_slice(&self.nanos.to_le_bytes());
        out
    }

    fn of(b: &[u8; 12]) -> Civil {
        Civil {
            year: i16::from_le_bytes([b[0], b[1]]),
            month: b[2],
            day: b[3],
            hour: b[4],
            minute: b[5],
            second: b[6],
            nanos: u32::from_le_bytes([b[8], b[9], b[10], b[11]]),
        }
    }

    fn date(self) -> Option<civil::Date> {
        civil::Date::new(self.year, i8::try_from(self.month).ok()?, i8::try_from(self.day).ok()?).ok()
    }

    fn time(self) -> Option<civil::Time> {
        let nanos = i32::try_from(self.nanos).ok()?;
        let part = |v: u8| i8::try_from(v).ok();
        civil::Time::new(part(self.hour)?, part(self.minute)?, part(self.second)?, nanos).ok()
    }

    fn value(self, form: Form) -> Option<Value<'static>> {
        Some(match form {
            Form::Date => Value::Date(self.date()?),
            Form::Time => Value::Time(self.time()?),
            Form::DateTime => Value::DateTime(self.date()?.to_datetime(self.time()?)),
            _ => Value::Instant(jiff::tz::TimeZone::UTC.to_timestamp(self.date()?.to_datetime(self.time()?)).ok()?),
        })
    }
}

/// Gathers a column of a page.
pub struct Gather {
    form: Form,
    nulls: Vec<u8>,
    lengths: Vec<u8>,
    cells: Vec<u8>,
    rows: usize,
}

impl Gather {
    /// For a column of that form.
    pub fn new(form: Form) -> Gather {
        Gather { form, nulls: Vec::new(), lengths: Vec::new(), cells: Vec::new(), rows: 0 }
    }

    fn next(&mut self, null: bool) {
        if self.rows.is_multiple_of(8) {
            self.nulls.push(0);
        }
        if null && let Some(last) = self.nulls.last_mut() {
            *last |= 1 << (self.rows % 8);
        }
        self.rows += 1;
    }

    /// A cell without a value.
    pub fn null(&mut self) {
        self.next(true);
        match width(self.form) {
            Some(n) => self.cells.resize(self.cells.len() + n, 0),
            None => self.lengths.extend_from_slice(&[0; 4]),
        }
    }

    /// A cell of fixed width, of exactly the form's bytes.
    pub fn fixed<const N: usize>(&mut self, cell: [u8; N]) {
        debug_assert_eq!(width(self.form), Some(N));
        self.next(false);
        self.cells.extend_from_slice(&cell);
    }

    /// A cell whose bytes `write` appends; where it says no, they are taken back and the cell is null.
    pub fn varying(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let before = self.cells.len();
        let good = write(&mut self.cells);
        if !good {
            self.cells.truncate(before);
        }
        self.next(!good);
        self.lengths.extend_from_slice(&((self.cells.len() - before) as u32).to_le_bytes());
        good
    }

    /// Bytes so far.
    pub fn weight(&self) -> usize {
        self.lengths.len() + self.cells.len()
    }
}

fn width(form: Form) -> Option<usize> {
    match form {
        Form::Text | Form::Decimal | Form::Bytes => None,
        Form::Integer | Form::Float => Some(8),
        Form::Real => Some(4),
        Form::Boolean => Some(1),
        Form::Date | Form::Time | Form::DateTime | Form::Instant => Some(12),
    }
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number on the page, from 0.
    pub row: u32,
    /// The column whose cell it was, from 0; [`ANY_COLUMN`] where that is not known.
    pub column: u32,
    /// A code of this crate.
    pub code: String,
    /// For a person.
    pub message: String,
}

/// The row as a whole.
pub const ANY_COLUMN: u32 = u32::MAX;

/// The frame of a page, into `frame`'s memory; the columns are emptied and keep theirs.
pub fn encode<'g>(
    mut frame: Vec<u8>,
    rows: usize,
    last: bool,
    notes: &[Note],
    columns: impl Iterator<Item = &'g mut Gather>,
) -> Vec<u8> {
    frame.clear();
    let mut put = Put(frame);
    put.byte(PAGE).number(rows as u32).byte(u8::from(last)).number(notes.len() as u32);
    for n in notes {
        put.number(n.row).number(n.column).text(&n.code).text(&n.message);
    }
    for c in columns {
        put.byte(c.form as u8);
        put.0.extend_from_slice(&c.nulls);
        put.0.extend_from_slice(&c.lengths);
        put.bytes(&c.cells);
        c.nulls.clear();
        c.lengths.clear();
        c.cells.clear();
        c.rows = 0;
    }
    put.0
}

/// A column of a page that arrived.
struct Cells<'p> {
    form: Form,
    nulls: &'p [u8],
    lengths: &'p [u8],
    cells: &'p [u8],
    /// The cells of a text column, found to be UTF-8 as a whole.
    text: &'p str,
    at: usize,
}

/// A page that arrived.
pub struct Page<'p> {
    rows: usize,
    /// The answer ends with it.
    pub last: bool,
    notes: Vec<Note>,
    columns: Vec<Cells<'p>>,
}

impl<'p> Page<'p> {
    /// Reads a frame; `None` where it does not fit the columns.
    pub fn decode(frame: &'p [u8], columns: &[WireColumn]) -> Option<Page<'p>> {
        let mut take = Take(frame);
        if take.byte()? != PAGE {
            return None;
        }
        let (rows, last, count) = (take.number()? as usize, take.byte()? != 0, take.number()?);
        let note = |take: &mut Take<'_>| {
            let (row, column) = (take.number()?, take.number()?);
            Some(Note { row, column, code: take.string()?, message: take.string()? })
        };
        let notes = (0..count).map(|_| note(&mut take)).collect::<Option<_>>()?;
        let columns: Vec<Cells<'p>> =
            columns.iter().map(|c| Cells::decode(&mut take, c.form, rows)).collect::<Option<_>>()?;
        // Without columns nothing bounds the number of rows.
        let sound = take.0.is_empty() && (rows == 0 || !columns.is_empty());
        sound.then_some(Page { rows, last, notes, columns })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a row has a note of that code.
    pub fn noted(&self, code: &str) -> bool {
        self.notes.iter().any(|n| n.code == code)
    }

    /// Appends its rows; false where the cells turn out not to fit, which leaves the rows before.
    pub fn pour(mut self, names: &[WireColumn], into: &mut Sink<'_>) -> bool {
        let mut notes = self.notes.into_iter().peekable();
        for row in 0..self.rows {
            into.begin();
            let mut bad = None;
            let own: Vec<Note> = std::iter::from_fn(|| notes.next_if(|n| n.row as usize <= row)).collect();
            for (i, column) in self.columns.iter_mut().enumerate() {
                let unread = own.iter().any(|n| n.column == ANY_COLUMN || n.column as usize == i);
                match column.cell(row, unread, into) {
                    Poured::Well => {}
                    Poured::Never => return false,
                    Poured::Unreadable(what) => {
                        let name = names.get(i).map_or("", |c| &c.name);
                        let message = format!("column \"{name}\" holds {what}, which its type cannot be");
                        bad = Some(Bad { code: "odbc-bad-value".into(), message, raw: Vec::new() });
                        into.value(Value::Missing);
                    }
                }
            }
            for note in own {
                bad = Some(Bad { code: note.code, message: note.message, raw: Vec::new() });
            }
            match bad {
                None => into.end(),
                Some(bad) => into.end_bad(bad),
            }
        }
        true
    }
}

enum Poured {
    Well,
    /// The page is damaged.
    Never,
    Unreadable(String),
}

impl<'p> Cells<'p> {
    fn decode(take: &mut Take<'p>, form: Form, rows: usize) -> Option<Cells<'p>> {
        if take.byte()? != form as u8 {
            return None;
        }
        let nulls = take.raw(rows.div_ceil(8))?;
        let lengths = if width(form).is_none() { take.raw(rows.checked_mul(4)?)? } else { &[] };
        let cells = take.bytes()?;
        let text = match form {
            Form::Text | Form::Decimal => std::str::from_utf8(cells).ok()?,
            _ => "",
        };
        if width(form).is_some_and(|n| rows.checked_mul(n) != Some(cells.len())) {
            return None;
        }
        Some(Cells { form, nulls, lengths, cells, text, at: 0 })
    }

    fn fixed<const N: usize>(&self, row: usize) -> Option<&'p [u8; N]> {
        self.cells.get(row * N..)?.first_chunk()
    }

    fn cell(&mut self, row: usize, unread: bool, into: &mut Sink<'_>) -> Poured {
        match self.pour(row, unread, into) {
            Some(Ok(())) => Poured::Well,
            Some(Err(what)) => Poured::Unreadable(what),
            None => Poured::Never,
        }
    }

    #[inline]
    fn pour(&mut self, row: usize, unread: bool, into: &mut Sink<'_>) -> Option<Result<(), String>> {
        let null = self.nulls.get(row / 8)? & (1 << (row % 8)) != 0;
        let mut from = 0;
        if width(self.form).is_none() {
            let length = u32::from_le_bytes(*self.lengths.get(row * 4..)?.first_chunk()?) as usize;
            from = self.at;
            self.at += length;
        }
        if null {
            into.value(if unread { Value::Missing } else { Value::Null });
            return Some(Ok(()));
        }
        let value = match self.form {
            Form::Text => {
                into.text(self.text.get(from..self.at)?);
                return Some(Ok(()));
            }
            Form::Decimal => {
                let text = self.text.get(from..self.at)?;
                match text.parse() {
                    Ok(d) => Value::Decimal(d),
                    Err(_) => return Some(Err(format!("\"{}\"", text.chars().take(60).collect::<String>()))),
                }
            }
            Form::Bytes => Value::Bytes(Cow::Borrowed(self.cells.get(from..self.at)?)),
            Form::Integer => Value::Integer(i64::from_le_bytes(*self.fixed(row)?)),
            Form::Float => Value::Float(f64::from_le_bytes(*self.fixed(row)?), false),
            Form::Real => Value::Float(f64::from(f32::from_le_bytes(*self.fixed(row)?)), true),
            Form::Boolean => Value::Boolean(self.fixed::<1>(row)?[0] != 0),
            Form::Date | Form::Time | Form::DateTime | Form::Instant => {
                let civil = Civil::of(self.fixed(row)?);
                match civil.value(self.form) {
                    Some(value) => value,
                    None => return Some(Err(civil.to_string())),
                }
            }
        };
        into.value(value);
        Some(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_words::{BatchBuilder, Fate, Shape, UnitRef};
    use std::sync::Arc;

    fn columns() -> Vec<WireColumn> {
        let column = |(name, form): (&str, Form)| WireColumn { name: name.into(), form, precision: 10, scale: 2 };
        [("n", Form::Integer), ("t", Form::Text), ("d", Form::Decimal), ("at", Form::DateTime)].map(column).to_vec()
    }

    fn page() -> Vec<u8> {
        let mut gathers: Vec<Gather> = columns().iter().map(|c| Gather::new(c.form)).collect();
        for row in 0..20_i64 {
            gathers[0].fixed(row.to_le_bytes());
            if row % 3 == 0 {
                gathers[1].null();
            } else {
                gathers[1].varying(|out| {
                    out.extend_from_slice("ü🌳".as_bytes());
                    true
                });
            }
            gathers[2].varying(|out| {
                out.extend_from_slice(if row == 7 { b"NaN" } else { b"1.50" });
                true
            });
            let day = if row == 9 { 30 } else { 29 };
            gathers[3].fixed(Civil { year: 2024, month: 2, day, ..Civil::default() }.bytes());
        }
        let notes = [Note { row: 11, column: 1, code: "odbc-bad-text".into(), message: "m".into() }];
        encode(Vec::new(), 20, true, &notes, gathers.iter_mut())
    }

    fn pour(frame: &[u8]) -> Option<banyan_words::Batch> {
        let as_of = jiff::Timestamp::UNIX_EPOCH;
        let unit = UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of };
        let mut builder = BatchBuilder::new(Arc::new(unit));
        let shape = builder.shape(Arc::new(Shape::of_text("d", ["n", "t", "d", "at"])));
        let poured = Page::decode(frame, &columns())?.pour(&columns(), &mut Sink::new(&mut builder, shape, 0));
        poured.then(|| builder.finish())
    }

    #[test]
    fn rows_arrive_and_those_that_cannot_be_are_dead_letters() {
        let batch = pour(&page()).unwrap();
        assert_eq!(batch.len(), 20);
        assert_eq!(batch.row(4).value(1), Value::text("ü🌳"));
        assert_eq!(batch.row(3).value(1), Value::Null);
        let bad: Vec<usize> = (0..20).filter(|i| matches!(batch.row(*i).fate(), Fate::Bad(_))).collect();
        assert_eq!(bad, [7, 9, 11]);
    }

    #[test]
    fn a_damaged_page_is_refused_and_never_read_past() {
        let whole = page();
        for cut in 0..whole.len() {
            assert!(pour(&whole[..cut]).is_none(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x85;
            let _ = pour(&damaged);
        }
    }
}
