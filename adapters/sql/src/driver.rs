//! The seam between what all SQL sources have in common and a driver.

use banyan_adapter::{Call, Fault};
use banyan_words::{Bad, BatchBuilder, Column, Place, Type, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Which SQL a server speaks, as far as it matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQL Server and Sybase: `[name]`, `TOP`, `@P1`.
    Tsql,
    /// PostgreSQL: `"name"`, `LIMIT`.
    Postgres,
    /// MySQL and MariaDB: `` `name` ``, `LIMIT`.
    Mysql,
    /// SQLite: `"name"`, `LIMIT`.
    Sqlite,
    /// A driver that only knows `SELECT columns FROM table` (mdbtools): no ORDER BY, no parameters, no CAST, no WHERE.
    Bare,
    /// The entry level of SQL-92: `"name"`, ORDER BY, parameters; nothing to limit rows by.
    Generic,
}

/// One SELECT, as it goes to the server. Made by this crate only, after the guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text, with the dialect's places for parameters (`?`, or `@P1` … for SQL Server).
    pub sql: String,
    /// Their values, in order.
    pub params: Vec<Param>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its value: text, integer, decimal, date, local datetime, instant, bytes …
    pub value: Value<'static>,
    /// The compared column's type as the server spells it (`varchar(12)`). The statement casts to it, so that the server
    /// seeks in the index whatever type the driver sends.
    pub server_type: Option<String>,
}

/// Opens connections. One value for each source; cheap, connects to nothing by itself.
pub trait Driver: Send + Sync + 'static {
    /// Opens a connection whose session cannot write, as far as the server can promise that, and which waits for no lock
    /// longer than it must. Blocks; comes back soon after `call` is over.
    /// Whatever the connection sends of its own, now and later, it tells `asides`.
    fn open_telling(&self, call: &Call, asides: &Asides) -> Result<Box<dyn Link>, Fault>;
    /// The same, where nobody will ask what was sent.
    fn open(&self, call: &Call) -> Result<Box<dyn Link>, Fault> {
        self.open_telling(call, &Asides::default())
    }
}

/// A statement that a driver sent of its own: to set a session up, to ask the catalog. Told once it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside<'a> {
    /// What was sent; values of parameters are not told.
    pub what: &'a str,
    /// How long the answer took.
    pub took: Duration,
    /// Rows that came back.
    pub rows: u64,
    /// A fault's code, where it did not end well.
    pub fault: Option<&'a str>,
}

type Listener = dyn Fn(&Aside<'_>) + Send + Sync;

/// Where a driver tells what it sends of its own, for the audit.
#[derive(Clone, Default)]
pub struct Asides(Option<Arc<Listener>>);

impl Asides {
    /// Told to `listener`.
    pub fn new(listener: impl Fn(&Aside<'_>) + Send + Sync + 'static) -> Asides {
        Asides(Some(Arc::new(listener)))
    }

    /// Tells a statement that was sent at `begun` and is answered now; its rows, or the fault's code.
    pub fn tell(&self, what: &str, begun: Instant, answer: Result<u64, &str>) {
        if let Some(listener) = &self.0 {
            let (rows, fault) = (answer.unwrap_or(0), answer.err());
            listener(&Aside { what, took: begun.elapsed(), rows, fault });
        }
    }
}

/// An open connection. Used by one thread at a time; all calls block, and come back soon after their `call` is over.
/// After a fault with [`Link::usable`] false, or when dropped in the midst of an answer, the connection is thrown away and
/// the server is told to stop.
pub trait Link: Send {
    /// Which SQL the server speaks.
    fn dialect(&self) -> Dialect;
    /// The server's product and version, for people.
    fn server(&self) -> String;
    /// Sends a SELECT; returns the answer's columns. An answer that is still open is given up first.
    fn select(&mut self, statement: &Statement, call: &Call) -> Result<Vec<Column>, Fault>;
    /// Appends about `most` rows of the open answer; false once there are no more.
    fn fetch(&mut self, most: usize, into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault>;
    /// The rest of the open answer is not wanted, and no other statement follows soon: the server forgets it, and keeps no
    /// transaction and no lock for it.
    fn enough(&mut self, _call: &Call) -> Result<(), Fault> {
        Ok(())
    }
    /// Tables and views.
    fn tables(&mut self, call: &Call) -> Result<Vec<TableInfo>, Fault>;
    /// A table's columns, key and indexes. `None` if there is no such table.
    fn table(&mut self, table: &TableName, call: &Call) -> Result<Option<TableInfo>, Fault>;
    /// A table's foreign keys, as far as the login may see them; `None` where the driver cannot tell.
    fn references(&mut self, _table: &TableName, _call: &Call) -> Result<Option<Vec<ReferenceInfo>>, Fault> {
        Ok(None)
    }
    /// Whether the login may write.
    fn access(&mut self, call: &Call) -> Result<Access, Fault>;
    /// Begins to read, or ends reading, one state of the database: until then all SELECTs see what had been committed at
    /// one moment. False where the server cannot promise that without keeping others from writing; nothing is begun then.
    fn one_state(&mut self, _begin: bool, _call: &Call) -> Result<bool, Fault> {
        Ok(false)
    }
    /// Whether the connection can be used again.
    fn usable(&self) -> bool;
}

/// Where rows go. Rows of one answer are placed by their number in it, from 1.
pub struct Sink<'b> {
    builder: &'b mut BatchBuilder,
    shape: u16,
    row: u64,
}

impl<'b> Sink<'b> {
    /// Rows become rows of `shape`; `row` came before.
    pub fn new(builder: &'b mut BatchBuilder, shape: u16, row: u64) -> Sink<'b> {
        Sink { builder, shape, row }
    }

    /// Begins a row; its cells follow, in the order of the answer's columns.
    pub fn begin(&mut self) {
        self.builder.begin(self.shape);
    }

    /// A text cell.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.builder.text(text);
    }

    /// A cell of any value.
    #[inline]
    pub fn value(&mut self, value: Value<'_>) {
        self.builder.value(value);
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.row += 1;
        self.builder.end(Place { line: self.row, offset: self.row });
    }

    /// Ends the row as one that the driver cannot read: a dead letter. Cells so far are kept.
    pub fn end_bad(&mut self, bad: Bad) {
        self.row += 1;
        self.builder.end_bad(self.shape, Place { line: self.row, offset: self.row }, bad);
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.row
    }

    /// Bytes so far, about.
    pub fn weight(&self) -> usize {
        self.builder.weight()
    }
}

/// A table's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TableName {
    /// Its schema (SQL Server: `dbo`); `None` where the server has none, or means its default.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq)]
pub struct TableInfo {
    /// Its name.
    pub name: TableName,
    /// A view.
    pub view: bool,
    /// Its columns, in order. Empty in answers of [`Link::tables`].
    pub columns: Vec<ColumnInfo>,
    /// Columns of its primary key, or of a unique index without nulls, in order; empty where there is none.
    pub key: Vec<String>,
    /// Its indexes. Empty in answers of [`Link::tables`].
    pub indexes: Vec<IndexInfo>,
    /// Rows, as the server's statistics estimate them.
    pub rows: Option<u64>,
    /// SQL Server: change tracking is on.
    pub change_tracking: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// What its values become.
    pub ty: Type,
    /// Its type as the server spells it.
    pub server_type: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its collation, for text, where the server tells.
    pub collation: Option<String>,
    /// SQL Server's rowversion: grows with every change of the row.
    pub rowversion: bool,
    /// The type the server is to cast it to where it is selected, because the driver does not carry it exactly as it is;
    /// or an expression that is selected instead, in which `$` stands for the column.
    /// Comparisons and orders stay on the column itself, so that its indexes serve. `ty` is what then arrives.
    pub read_as: Option<String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexInfo {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// No two rows have the same.
    pub unique: bool,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceInfo {
    /// Its name, where it has one: tells those of one table apart.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The table whose key they hold.
    pub table: Option<TableName>,
    /// The columns there, in the same order; empty where the driver does not say: then they are its key.
    pub theirs: Vec<String>,
}

impl ReferenceInfo {
    /// From rows of name, column, schema there, table there, column there: those of one name in a row, in the order of
    /// the columns. A name that is not told is that of the other table.
    pub fn of_rows(rows: &[Vec<Option<String>>]) -> Vec<ReferenceInfo> {
        let cell = |row: &[Option<String>], i: usize| row.get(i).cloned().flatten();
        let mut found: Vec<ReferenceInfo> = Vec::new();
        for row in rows {
            let (Some(column), Some(other)) = (cell(row, 1), cell(row, 3)) else { continue };
            let name = cell(row, 0).unwrap_or_else(|| other.clone());
            if found.last().is_none_or(|last| last.name != name) {
                let table = Some(TableName { schema: cell(row, 2).filter(|s| !s.is_empty()), name: other });
                found.push(ReferenceInfo { name, table, ..ReferenceInfo::default() });
            }
            if let Some(last) = found.last_mut() {
                last.columns.push(column);
                last.theirs.extend(cell(row, 4));
            }
        }
        // Half a list is none.
        found.iter_mut().filter(|r| r.theirs.len() != r.columns.len()).for_each(|r| r.theirs.clear());
        found
    }
}

/// Whether a login may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may only read, or the connection itself cannot write.
    ReadOnly,
    /// It may write: what grants that, for a person ("member of db_owner", "may INSERT into public.orders").
    MayWrite(String),
    /// The server cannot tell (a file, a driver without a catalog).
    Unknown(String),
}
