//! Rows in memory as a table that SQL can read: what makes many rows one statement.
//!
//! `INSERT … SELECT a, b, c, d FROM slice` costs about half of the same rows through a prepared insert each. A
//! statement that uses the table reads whatever lies in the [`Tray`] when it starts.
//! Not here: which rows (`write::pending`, `write::keyed`).

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConnection, VTabCursor, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Result};
use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::sync::{Arc, Mutex, PoisonError};

/// A cell of a slice.
pub(super) enum Cell<'a> {
    /// A number.
    Number(u64),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// Rows with the columns `a`, `b`, `c`, `d` (0 to 3).
pub(super) trait Slice: Send + Sync {
    /// How many rows.
    fn rows(&self) -> usize;
    /// A cell; called with rows below `rows` only.
    fn cell(&self, row: usize, column: usize) -> Cell<'_>;
}

type Slot = Arc<Mutex<Option<Arc<dyn Slice>>>>;

/// Where a slice lies while a statement reads it.
pub(super) struct Tray(Slot);

impl Tray {
    /// Makes the table `slice` known to a connection.
    pub(super) fn attach(conn: &Connection) -> Result<Tray> {
        const MODULE: Module<'static, Table> = Module::eponymous_only_module();
        let slot = Slot::default();
        conn.create_module(c"slice", &MODULE, Some(slot.clone()))?;
        Ok(Tray(slot))
    }

    /// Runs a statement that reads the slice and gives no rows.
    pub(super) fn execute(&self, conn: &Connection, sql: &str, slice: Arc<dyn Slice>) -> Result<usize> {
        self.lay(Some(slice));
        let done = conn.prepare_cached(sql).and_then(|mut s| s.execute([]));
        self.lay(None);
        done
    }

    /// Runs a query that reads the slice.
    pub(super) fn query(
        &self,
        conn: &Connection,
        sql: &str,
        slice: Arc<dyn Slice>,
        mut each: impl FnMut(&rusqlite::Row<'_>) -> crate::Result<()>,
    ) -> crate::Result<()> {
        self.lay(Some(slice));
        let mut run = || -> crate::Result<()> {
            let mut statement = conn.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            Ok(())
        };
        let done = run();
        self.lay(None);
        done
    }

    fn lay(&self, slice: Option<Arc<dyn Slice>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = slice;
    }
}

#[repr(C)]
struct Table {
    base: sqlite3_vtab,
    slot: Slot,
}

// SAFETY: `repr(C)` with `sqlite3_vtab` first, as the trait asks.
unsafe impl<'vtab> VTab<'vtab> for Table {
    type Aux = Slot;
    type Cursor = Walk;

    fn connect(
        _: &mut VTabConnection,
        aux: Option<&Slot>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Table)> {
        let slot = aux.cloned().unwrap_or_default();
        Ok((Cow::Borrowed(c"CREATE TABLE x(a, b, c, d)"), Table { base: sqlite3_vtab::default(), slot }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        info.set_estimated_cost(1000.0);
        info.set_estimated_rows(1000);
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<Walk> {
        let slice = self.slot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = slice.as_ref().map_or(0, |s| s.rows());
        Ok(Walk { base: sqlite3_vtab_cursor::default(), slice, row: 0, rows })
    }
}

#[repr(C)]
struct Walk {
    base: sqlite3_vtab_cursor,
    slice: Option<Arc<dyn Slice>>,
    row: usize,
    rows: usize,
}

// SAFETY: `repr(C)` with `sqlite3_vtab_cursor` first, as the trait asks.
unsafe impl VTabCursor for Walk {
    fn filter(&mut self, _: c_int, _: Option<&str>, _: &Filters<'_>) -> Result<()> {
        self.row = 0;
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        self.row += 1;
        Ok(())
    }

    fn eof(&self) -> bool {
        self.row >= self.rows
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let Some(slice) = &self.slice else { return Ok(()) };
        match slice.cell(self.row, column as usize) {
            Cell::Number(n) => context.set_result(n as i64),
            Cell::Bytes(b) => context.set_result(ToSqlOutput::Borrowed(ValueRef::Blob(b))),
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.row as i64)
    }
}
