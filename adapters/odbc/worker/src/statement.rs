//! A statement of the driver manager: what is asked, and how its answer is bound and fetched.
//!
//! Invariant: buffers outlive their binding, since a rowset drops its statement before its buffers. Not here: what is read
//! and how (`describe`, `rowset`).
#![allow(unsafe_code)]

use crate::driver::{Trouble, check};
use crate::params::Bound;
use odbc_api::handles::{Record, SqlText, Statement as _, StatementImpl};
use odbc_api::sys::{self, CDataType, Desc, Pointer, SqlDataType, SqlReturn, StatementAttribute};
use std::ptr::null_mut;

unsafe extern "system" {
    fn SQLStatistics(
        statement: sys::HStmt,
        catalog: *const u8,
        catalog_length: i16,
        schema: *const u8,
        schema_length: i16,
        table: *const u8,
        table_length: i16,
        unique: u16,
        reserved: u16,
    ) -> SqlReturn;
}

/// What a driver says of a column.
pub(crate) struct Described {
    /// Its name.
    pub(crate) name: String,
    /// The SQL type.
    pub(crate) sql: i16,
    /// Characters, bytes or digits.
    pub(crate) size: usize,
    /// Digits after the point.
    pub(crate) digits: i16,
    /// The type's name, in lower case.
    pub(crate) word: String,
    /// No sign.
    pub(crate) unsigned: bool,
}

/// What a call for rows found.
pub(crate) enum Fetched {
    /// Rows, without remark.
    Rows,
    /// Rows, and some text was cut though its length does not show it.
    Cut,
    /// Rows, with other remarks.
    Remarks,
    /// No more.
    End,
}

/// What a call for a piece found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The last one.
    Last,
    /// There may be more.
    More,
    /// Nothing was left.
    End,
}

/// A statement.
pub(crate) struct Statement {
    handle: StatementImpl<'static>,
}

impl Statement {
    /// One that was allocated.
    pub(crate) fn of(handle: StatementImpl<'static>) -> Statement {
        crate::cancel::begin(handle.as_sys());
        Statement { handle }
    }

    /// Seconds it may take, where the driver knows how.
    pub(crate) fn timeout(&mut self, seconds: u32) {
        if seconds > 0 {
            let _ = self.handle.set_query_timeout_sec(seconds as usize);
        }
    }

    /// Runs a statement. The parameters must outlive its answer.
    pub(crate) fn execute(&mut self, sql: &str, params: &[Bound]) -> Result<(), Trouble> {
        for (i, p) in params.iter().enumerate() {
            // SAFETY: the parameters' buffers do not move and are as long as they say; the caller keeps them.
            let result = unsafe {
                sys::SQLBindParameter(
                    self.handle.as_sys(),
                    i as u16 + 1,
                    sys::ParamType::Input,
                    p.c,
                    p.sql,
                    p.size,
                    p.digits,
                    p.data.as_ptr().cast_mut().cast(),
                    p.data.len() as isize,
                    std::ptr::from_ref::<isize>(&p.indicator).cast_mut(),
                )
            };
            self.done(result, "SQLBindParameter")?;
        }
        // SAFETY: see above.
        let result = unsafe { self.handle.exec_direct(&SqlText::new(sql)) };
        check(result, &self.handle, "SQLExecDirect")
    }

    /// `SQLTables`.
    pub(crate) fn tables(&mut self, schema: &str, table: &str) -> Result<(), Trouble> {
        let _ = (schema, table);
        // All null pointers: every table of the current catalog, which also drivers without patterns understand.
        // SAFETY: null stands for "any".
        let result =
            unsafe { sys::SQLTables(self.handle.as_sys(), null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut(), 0) };
        self.done(result, "SQLTables")
    }

    /// `SQLColumns`.
    pub(crate) fn columns(&mut self, schema: &str, table: &str) -> Result<(), Trouble> {
        let (schema, length) = optional(schema);
        // SAFETY: pointers with their lengths; null stands for "any".
        let result = unsafe {
            sys::SQLColumns(
                self.handle.as_sys(),
                null_mut(),
                0,
                schema,
                length,
                table.as_ptr(),
                table.len() as i16,
                null_mut(),
                0,
            )
        };
        self.done(result, "SQLColumns")
    }

    /// `SQLPrimaryKeys`.
    pub(crate) fn keys(&mut self, schema: &str, table: &str) -> Result<(), Trouble> {
        let (schema, length) = optional(schema);
        // SAFETY: as above.
        let result = unsafe {
            sys::SQLPrimaryKeys(self.handle.as_sys(), null_mut(), 0, schema, length, table.as_ptr(), table.len() as i16)
        };
        self.done(result, "SQLPrimaryKeys")
    }

    /// `SQLStatistics`: quick ones, of all indexes.
    pub(crate) fn indexes(&mut self, schema: &str, table: &str) -> Result<(), Trouble> {
        let (schema, length) = optional(schema);
        // SAFETY: as above.
        let result = unsafe {
            SQLStatistics(self.handle.as_sys(), null_mut(), 0, schema, length, table.as_ptr(), table.len() as i16, 1, 0)
        };
        self.done(result, "SQLStatistics")
    }

    /// `SQLForeignKeys`: those that the table has.
    pub(crate) fn references(&mut self, schema: &str, table: &str) -> Result<(), Trouble> {
        let (schema, length) = optional(schema);
        // SAFETY: as above.
        let result = unsafe {
            sys::SQLForeignKeys(
                self.handle.as_sys(),
                null_mut(),
                0,
                null_mut(),
                0,
                null_mut(),
                0,
                null_mut(),
                0,
                schema,
                length,
                table.as_ptr(),
                table.len() as i16,
            )
        };
        self.done(result, "SQLForeignKeys")
    }

    fn done(&self, result: SqlReturn, function: &str) -> Result<(), Trouble> {
        match result {
            SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO | SqlReturn::NO_DATA => Ok(()),
            _ => Err(Trouble::of(&self.handle, function)),
        }
    }

    /// How many columns the answer has.
    pub(crate) fn width(&mut self) -> Result<u16, Trouble> {
        let mut width = 0;
        // SAFETY: a place for the number.
        let result = unsafe { sys::SQLNumResultCols(self.handle.as_sys(), &mut width) };
        self.done(result, "SQLNumResultCols")?;
        Ok(u16::try_from(width).unwrap_or(0))
    }

    /// What the driver says of a column, counted from 1.
    pub(crate) fn describe(&mut self, column: u16) -> Result<Described, Trouble> {
        let mut name = [0_u8; 1024];
        let (mut length, mut sql, mut size, mut digits) = (0_i16, SqlDataType::UNKNOWN_TYPE, 0_usize, 0_i16);
        let mut nullable = sys::Nullability::UNKNOWN;
        // SAFETY: the buffer is as long as is said.
        let result = unsafe {
            sys::SQLDescribeCol(
                self.handle.as_sys(),
                column,
                name.as_mut_ptr(),
                1024,
                &mut length,
                &mut sql,
                &mut size,
                &mut digits,
                &mut nullable,
            )
        };
        self.done(result, "SQLDescribeCol")?;
        let mut word = [0_u8; 256];
        let mut unsigned = 0_isize;
        // SAFETY: as above. Where the driver does not know, the texts stay empty.
        unsafe {
            let handle = self.handle.as_sys();
            let text: Pointer = word.as_mut_ptr().cast();
            if sys::SQLColAttribute(handle, column, Desc::TypeName, text, 255, &mut length, null_mut())
                != SqlReturn::SUCCESS
            {
                word = [0; 256];
            }
            let number = &mut unsigned;
            let _ = sys::SQLColAttribute(handle, column, Desc::Unsigned, null_mut(), 0, null_mut(), number);
        }
        Ok(Described {
            name: until_nul(&name),
            sql: sql.0,
            size,
            digits,
            word: until_nul(&word).to_ascii_lowercase(),
            unsigned: unsigned == 1,
        })
    }

    /// Binds a column to a buffer that outlives the binding: `width` bytes a row, and an indicator for each.
    pub(crate) fn bind(
        &mut self,
        column: u16,
        c: CDataType,
        data: &mut [u64],
        width: usize,
        indicators: &mut [isize],
    ) -> Result<(), Trouble> {
        // SAFETY: the caller keeps both buffers, for as many rows as it asks for.
        let result = unsafe {
            sys::SQLBindCol(
                self.handle.as_sys(),
                column,
                c,
                data.as_mut_ptr().cast(),
                width as isize,
                indicators.as_mut_ptr(),
            )
        };
        self.done(result, "SQLBindCol")
    }

    /// How many rows a fetch brings.
    pub(crate) fn rows_at_once(&mut self, rows: usize) -> Result<(), Trouble> {
        // SAFETY: the buffers hold as many rows.
        let result = unsafe { self.handle.set_row_array_size(rows) };
        check(result, &self.handle, "SQLSetStmtAttr")
    }

    /// Where the driver notes how many rows came, and what became of each. Both outlive the statement's answer.
    pub(crate) fn notes(&mut self, fetched: &mut usize, status: &mut [u16]) -> Result<(), Trouble> {
        // SAFETY: see above.
        unsafe {
            check(self.handle.set_num_rows_fetched(fetched), &self.handle, "SQLSetStmtAttr")?;
            let at: Pointer = status.as_mut_ptr().cast();
            let _ = sys::SQLSetStmtAttr(self.handle.as_sys(), StatementAttribute::RowStatusPtr, at, 0);
        }
        Ok(())
    }

    /// The next rows.
    pub(crate) fn fetch(&mut self) -> Result<Fetched, Trouble> {
        // SAFETY: what is bound is kept.
        let result = unsafe { sys::SQLFetch(self.handle.as_sys()) };
        match result {
            SqlReturn::SUCCESS => Ok(Fetched::Rows),
            SqlReturn::NO_DATA => Ok(Fetched::End),
            SqlReturn::SUCCESS_WITH_INFO => {
                let mut record = Record::with_capacity(128);
                for number in 1..=8 {
                    if !record.fill_from(&self.handle, number) {
                        break;
                    }
                    if record.state.as_str() == "01004" {
                        return Ok(Fetched::Cut);
                    }
                }
                Ok(Fetched::Remarks)
            }
            _ => Err(Trouble::of(&self.handle, "SQLFetch")),
        }
    }

    /// A piece of a cell of the row fetched last.
    pub(crate) fn piece(
        &mut self,
        column: u16,
        c: CDataType,
        data: &mut [u64],
        width: usize,
        indicator: &mut isize,
    ) -> Result<Piece, Trouble> {
        let width = width.min(size_of_val(data));
        let at: Pointer = data.as_mut_ptr().cast();
        // SAFETY: the buffer is at least as long as is said.
        match unsafe { sys::SQLGetData(self.handle.as_sys(), column, c, at, width as isize, indicator) } {
            SqlReturn::SUCCESS => Ok(Piece::Last),
            SqlReturn::SUCCESS_WITH_INFO => Ok(Piece::More),
            SqlReturn::NO_DATA => Ok(Piece::End),
            _ => Err(Trouble::of(&self.handle, "SQLGetData")),
        }
    }

    /// Lets go of the buffers.
    pub(crate) fn unbind(&mut self) {
        // SAFETY: afterwards the driver knows of no buffer.
        unsafe {
            let _ = sys::SQLFreeStmt(self.handle.as_sys(), sys::FreeStmtOption::Close);
            let _ = sys::SQLFreeStmt(self.handle.as_sys(), sys::FreeStmtOption::Unbind);
        }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        crate::cancel::end(self.handle.as_sys());
    }
}

fn optional(text: &str) -> (*const u8, i16) {
    if text.is_empty() { (std::ptr::null(), 0) } else { (text.as_ptr(), text.len() as i16) }
}

fn until_nul(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The bytes of a buffer of words.
pub(crate) fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: every byte of a word is a byte.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}
