//! Reads an answer page by page.
//!
//! Invariant: no cell is cut in silence. An answer whose cells all have a known length is read in bulk; one with a cell of
//! unknown length row by row, and what does not fit its buffer is read piecewise. Where a driver told a length wrongly,
//! the row is a dead letter and later answers are read row by row.

use crate::cell::take;
use crate::describe::{Plan, plan};
use crate::driver::{Connection, Trouble};
use crate::params::Bound;
use crate::statement::{Fetched, Piece, Statement, bytes};
use banyan_odbc::page::{ANY_COLUMN, Gather, Note, encode};
use banyan_odbc::wire::{Form, LONGEST, LONGEST_FRAME, WireColumn};
use odbc_api::sys::NULL_DATA;

/// Bytes that the buffers of a bulk read may take.
const ROOM: usize = 4 << 20;
/// Rows a bulk read brings at most.
const MOST: usize = 1024;
/// A row that the driver could not read (`SQL_ROW_ERROR`).
const ROW_ERROR: u16 = 5;

struct Column {
    plan: Plan,
    data: Vec<u64>,
    indicators: Vec<isize>,
    bound: bool,
    gather: Gather,
}

/// An open answer. The statement is dropped before the buffers it knows.
pub(crate) struct Rowset {
    statement: Statement,
    columns: Vec<Column>,
    piece: Vec<u64>,
    status: Box<[u16]>,
    fetched: Box<usize>,
    rows: usize,
    room: usize,
    lied: bool,
    /// Cells read piecewise.
    mended: u64,
    _params: Vec<Bound>,
}

impl Drop for Rowset {
    fn drop(&mut self) {
        self.statement.unbind();
    }
}

impl Rowset {
    /// Binds the answer of a statement.
    pub(crate) fn new(
        mut statement: Statement,
        connection: &Connection,
        careful: bool,
        params: Vec<Bound>,
    ) -> Result<Rowset, Trouble> {
        let mut columns = Vec::new();
        for number in 1..=statement.width()? {
            let mut plan = plan(statement.describe(number)?, connection);
            plan.open |= careful && plan.varies();
            let gather = Gather::new(plan.column.form);
            columns.push(Column { plan, data: Vec::new(), indicators: Vec::new(), bound: true, gather });
        }
        if columns.is_empty() {
            return Err(Trouble::own("the statement has no answer"));
        }
        let single = connection.plain || columns.iter().any(|c| c.plan.open);
        let width: usize = columns.iter().map(|c| c.plan.width + 8).sum();
        let mut rows = if single { 1 } else { (ROOM / width).clamp(1, MOST) };
        if rows > 1 && statement.rows_at_once(rows).is_err() {
            rows = 1;
        }
        let mut set = Rowset {
            statement,
            columns,
            piece: Vec::new(),
            status: vec![0; rows].into(),
            fetched: Box::new(0),
            rows,
            room: rows,
            lied: false,
            mended: 0,
            _params: params,
        };
        set.bind(connection)?;
        Ok(set)
    }

    fn bind(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let mut bound = true;
        for (i, c) in self.columns.iter_mut().enumerate() {
            // Where bound cells cannot be read piecewise, nothing is bound from the first such cell on.
            bound &= !connection.plain && (connection.piecewise || !c.plan.open);
            c.bound = bound;
            c.data = vec![0; (c.plan.width * self.rows).div_ceil(8) + 1];
            c.indicators = vec![NULL_DATA; self.rows];
            if bound {
                let (width, kind) = (c.plan.width, c.plan.c);
                self.statement.bind(i as u16 + 1, kind, &mut c.data, width, &mut c.indicators)?;
            }
        }
        if self.rows > 1 {
            self.statement.notes(&mut self.fetched, &mut self.status)?;
        }
        Ok(())
    }

    /// The answer's columns.
    pub(crate) fn columns(&self) -> Vec<WireColumn> {
        self.columns.iter().map(|c| c.plan.column.clone()).collect()
    }

    /// Whether the driver told a length wrongly.
    pub(crate) fn lied(&self) -> bool {
        self.lied
    }

    /// A page of about so many rows and bytes, in `frame`'s memory, and whether it is the last.
    pub(crate) fn page(&mut self, frame: Vec<u8>, most: usize, weight: usize) -> Result<(Vec<u8>, bool), Trouble> {
        let (mut count, mut notes, mut last) = (0, Vec::new(), false);
        let most = most.max(1);
        let at_once = self.room.min(most);
        if at_once != self.rows {
            self.statement.rows_at_once(at_once)?;
            self.rows = at_once;
        }
        // A whole rowset more must still be within what was asked for.
        while count + self.rows <= most {
            let cut = match self.statement.fetch() {
                Ok(Fetched::End) => {
                    last = true;
                    break;
                }
                Ok(Fetched::Rows | Fetched::Remarks) => false,
                Ok(Fetched::Cut) => true,
                // A single row that cannot be converted; the next may be.
                Err(t) if self.rows == 1 && t.state().starts_with("22") => {
                    self.columns.iter_mut().for_each(|c| c.gather.null());
                    notes.push(note(count, ANY_COLUMN, "odbc-bad-value", t.message()));
                    count += 1;
                    continue;
                }
                Err(t) => return Err(t),
            };
            let rows = if self.rows > 1 { (*self.fetched).min(self.rows) } else { 1 };
            let before = (notes.len(), self.mended);
            for i in 0..self.columns.len() {
                self.column(i, rows, count, &mut notes)?;
            }
            self.remarks(cut && (notes.len(), self.mended) == before, rows, count, &mut notes);
            count += rows;
            if self.columns.iter().map(|c| c.gather.weight()).sum::<usize>() >= weight {
                break;
            }
        }
        notes.sort_by_key(|n| n.row);
        let page = encode(frame, count, last, &notes, self.columns.iter_mut().map(|c| &mut c.gather));
        if page.len() > LONGEST_FRAME {
            return Err(Trouble::own("a row of more than 512 MiB cannot be read"));
        }
        Ok((page, last))
    }

    /// Rows that the driver says it could not read, and cuts that no length shows.
    fn remarks(&mut self, cut: bool, rows: usize, count: usize, notes: &mut Vec<Note>) {
        for row in 0..rows {
            if self.rows > 1 && self.status.get(row) == Some(&ROW_ERROR) {
                notes.push(note(count + row, ANY_COLUMN, "odbc-bad-value", "the driver could not read the row"));
            }
            if cut {
                self.lied = true;
                notes.push(note(
                    count + row,
                    ANY_COLUMN,
                    "odbc-truncated",
                    "the driver cut a value without telling which",
                ));
            }
        }
    }

    /// Takes over a column's cells of the rows just fetched.
    fn column(&mut self, i: usize, rows: usize, count: usize, notes: &mut Vec<Note>) -> Result<(), Trouble> {
        let Some(c) = self.columns.get_mut(i) else { return Ok(()) };
        for row in 0..rows {
            let room = c.plan.width - c.plan.terminator();
            let mut indicator = c.indicators.get(row).copied().unwrap_or(NULL_DATA);
            let mut fits = true;
            if !c.bound || (c.plan.varies() && !(NULL_DATA..=room as isize).contains(&indicator)) {
                // Read piecewise: not bound, cut, or of a length that cannot be.
                if self.rows > 1 {
                    self.lied = true;
                    c.gather.null();
                    notes.push(note(count + row, i as u32, "odbc-truncated", &longer(&c.plan, indicator)));
                    continue;
                }
                let known = c.bound.then_some(indicator);
                match whole(&mut self.statement, i as u16 + 1, c, known, &mut self.piece)? {
                    Ok(length) => {
                        self.mended += 1;
                        indicator = length;
                        fits = false;
                    }
                    Err((code, message)) => {
                        c.gather.null();
                        notes.push(note(count + row, i as u32, code, &message));
                        continue;
                    }
                }
            }
            if indicator == NULL_DATA {
                c.gather.null();
                continue;
            }
            let cell =
                if fits { bytes(&c.data).get(row * c.plan.width..).unwrap_or_default() } else { bytes(&self.piece) };
            let length = if c.plan.varies() { indicator.max(0) as usize } else { c.plan.width };
            let Some(cell) = cell.get(..length) else {
                return Err(Trouble::own("a cell is longer than its buffer"));
            };
            if !take(&c.plan, cell, &mut c.gather) {
                c.gather.null();
                let code = if c.plan.column.form == Form::Text { "odbc-bad-text" } else { "odbc-bad-value" };
                notes.push(note(count + row, i as u32, code, &unreadable(&c.plan, cell)));
            }
        }
        Ok(())
    }
}

fn note(row: usize, column: u32, code: &str, message: &str) -> Note {
    Note { row: row as u32, column, code: code.to_owned(), message: message.to_owned() }
}

fn longer(plan: &Plan, indicator: isize) -> String {
    format!(
        "column \"{}\" holds a value of {indicator} bytes, longer than the driver said ({}); it is read whole from the next \
         reading on",
        plan.column.name,
        plan.width - plan.terminator()
    )
}

fn unreadable(plan: &Plan, cell: &[u8]) -> String {
    let name = &plan.column.name;
    if plan.column.form == Form::Text {
        return format!("column \"{name}\" holds text that is invalid in its encoding");
    }
    let shown = String::from_utf8_lossy(cell.get(..60).unwrap_or(cell)).into_owned();
    format!("column \"{name}\" is declared {:?} and holds \"{shown}\"", plan.column.form)
}

/// Reads a cell whole into `out`; its length, or null. The inner fault is the row's.
fn whole(
    statement: &mut Statement,
    number: u16,
    c: &mut Column,
    known: Option<isize>,
    out: &mut Vec<u64>,
) -> Result<Result<isize, (&'static str, String)>, Trouble> {
    let name = &c.plan.column.name;
    let too_long = |n: isize| {
        let message = format!("column \"{name}\" holds a value of {n} bytes; the limit is {} MiB", LONGEST >> 20);
        Ok(Err(("odbc-value-too-long", message)))
    };
    let terminator = if c.plan.varies() { c.plan.terminator() } else { 0 };
    let mut filled = 0;
    let mut room = known.map_or(c.plan.width, |n| usize::try_from(n).unwrap_or(0) + terminator).max(c.plan.width);
    if room > LONGEST {
        return too_long(known.unwrap_or(-1));
    }
    let mut buffer: Vec<u64> = vec![0; room.div_ceil(8)];
    out.clear();
    let mut gathered: Vec<u8> = Vec::new();
    loop {
        let mut indicator = NULL_DATA;
        let piece = statement.piece(number, c.plan.c, &mut buffer, room, &mut indicator)?;
        if piece == Piece::End {
            break;
        }
        if indicator == NULL_DATA {
            return Ok(Ok(NULL_DATA));
        }
        if !c.plan.varies() {
            *out = buffer;
            return Ok(Ok(c.plan.width as isize));
        }
        let held = (room - terminator) as isize;
        let cut = indicator > held || indicator < 0;
        let length = if cut { held } else { indicator } as usize;
        gathered.extend_from_slice(bytes(&buffer).get(..length).unwrap_or_default());
        filled += length;
        if filled > LONGEST {
            return too_long(filled as isize);
        }
        if piece == Piece::Last || !cut {
            break;
        }
        room = (room * 2).clamp(64 << 10, 4 << 20);
        buffer.resize(room.div_ceil(8), 0);
    }
    if let Some(known) = known.filter(|n| *n >= 0)
        && known as usize > filled
    {
        // Less than was said; more is common, where a driver counts what fits the buffer.
        let message = format!("column \"{name}\": the driver said {known} bytes and gave {filled}");
        return Ok(Err(("odbc-truncated", message)));
    }
    out.extend(gathered.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word.iter_mut().zip(chunk).for_each(|(w, b)| *w = *b);
        u64::from_ne_bytes(word)
    }));
    Ok(Ok(filled as isize))
}
