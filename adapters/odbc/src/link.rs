//! An open connection: asks its worker and fills batches.
//!
//! Invariant: after a fault of the worker the connection is not used again. Dropping it ends the process and with it
//! whatever the server still did for it. Not here: catalogs and rights (`catalog`, `access`).

use crate::driver::Shared;
use crate::page::Page;
use crate::process::Worker;
use crate::session::{self, Patience};
use crate::wire::{Answer, Catalog, Form, Param as WireParam, Request, WireColumn};
use crate::{access, catalog, fault};
use banyan_adapter::{Call, Fault};
use banyan_sql::{Access, Asides, Dialect, Link, Param, ReferenceInfo, Sink, Statement, TableInfo, TableName};
use banyan_words::{BatchBuilder, Column, Shape, Type, UnitRef, Value};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Bytes of a page, about: more than a processor's cache holds costs time.
const PAGE: u32 = 128 << 10;

/// What a server that heeds its time limit may take beyond it.
const GRACE: Duration = Duration::from_secs(2);

/// Rows of a catalog, as texts.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// An ODBC connection.
pub(crate) struct OdbcLink {
    worker: Worker,
    shared: Arc<Shared>,
    dialect: Dialect,
    about: [String; 3],
    read_only: bool,
    columns: Vec<WireColumn>,
    /// The answer is not yet at its end.
    open: bool,
    dead: bool,
    /// Tables as they were listed last.
    pub(crate) listed: Vec<TableInfo>,
    asides: Asides,
}

impl OdbcLink {
    pub(crate) fn new(
        worker: Worker,
        shared: Arc<Shared>,
        dialect: Dialect,
        about: [String; 3],
        read_only: bool,
        asides: Asides,
    ) -> OdbcLink {
        OdbcLink {
            worker,
            shared,
            dialect,
            about,
            read_only,
            columns: Vec::new(),
            open: false,
            dead: false,
            listed: Vec::new(),
            asides,
        }
    }

    /// Makes the session one that cannot write, and has that proved.
    pub(crate) fn begin(&mut self, patience: Patience, call: &Call) -> Result<(), Fault> {
        let [product, version, _] = &self.about;
        for set in session::begin(self.dialect, product, version, patience) {
            match self.execute(&set.sql, call) {
                Err(f) if set.needed || !self.usable() => {
                    let message = format!("the session cannot be made read-only (`{}`): {}", set.sql, f.message);
                    return Err(Fault { message, ..f });
                }
                _ => {}
            }
        }
        if let Some((question, proof)) = session::proof(self.dialect) {
            let rows = self.rows(question, call)?;
            let last = rows.first().and_then(|r| r.last().cloned().flatten());
            if last.as_deref() != Some(proof) {
                let message = format!(
                    "source {}: the session was told to be read-only and is not (`{question}` says {last:?})",
                    self.shared.config.source
                );
                return Err(Fault::permanent("odbc-not-read-only", message));
            }
        }
        Ok(())
    }

    /// The driver says that its connection cannot write.
    pub(crate) fn says_read_only(&self) -> bool {
        self.read_only
    }

    fn ask(&mut self, request: &Request, call: &Call) -> Result<Vec<u8>, Fault> {
        let source = self.shared.config.source.clone();
        // A server heeds its own time limit; the driver's is for those that do not.
        let limit = match request {
            Request::Fetch { .. } | Request::Select { .. } => {
                self.shared.config.driver_timeout.max(self.shared.config.statement_timeout + GRACE)
            }
            _ => self.shared.config.driver_timeout,
        };
        let frame = self.worker.ask(request, call, limit).map_err(|f| self.shared.clean(f))?;
        if frame.first() == Some(&crate::wire::PAGE) {
            return Ok(frame);
        }
        match Answer::decode(&frame) {
            Some(Answer::Failed { state, message, dead }) => {
                self.open = false;
                self.dead |= dead;
                let mut fault = fault::statement(&source, &state, &message);
                self.dead |= fault.code == "odbc-connection-lost";
                if dead {
                    fault = Fault::transient("odbc-connection-lost", fault.message);
                }
                Err(self.shared.clean(fault))
            }
            Some(_) => Ok(frame),
            None => Err(self.worker.nonsense()),
        }
    }

    fn answer(&mut self, request: &Request, call: &Call) -> Result<(), Fault> {
        let frame = self.ask(request, call)?;
        match Answer::decode(&frame) {
            Some(Answer::Columns(columns)) => {
                self.columns = columns;
                self.open = true;
                Ok(())
            }
            _ => Err(self.worker.nonsense()),
        }
    }

    fn seconds(&self, call: &Call) -> u32 {
        let own = self.shared.config.statement_timeout;
        let left = call.deadline.map_or(own, |at| own.min(at.saturating_duration_since(Instant::now())));
        u32::try_from(left.as_secs()).unwrap_or(u32::MAX).max(1)
    }

    /// A statement of our own without an answer.
    fn execute(&mut self, sql: &str, call: &Call) -> Result<(), Fault> {
        let begun = Instant::now();
        let did = self.ask(&Request::Execute(sql.to_owned()), call).map(drop);
        self.told(sql, begun, did.as_ref().map(|()| 0));
        did
    }

    /// Tells the audit of a statement of our own.
    fn told(&self, what: &str, begun: Instant, answer: Result<u64, &Fault>) {
        self.asides.tell(what, begun, answer.map_err(|f| f.code.as_str()));
    }

    /// The columns of an answer that nobody will read.
    pub(crate) fn columns_of(&mut self, sql: String, call: &Call) -> Result<Vec<Column>, Fault> {
        let begun = Instant::now();
        let columns = self.select(&Statement { sql: sql.clone(), params: Vec::new() }, call);
        self.told(&sql, begun, columns.as_ref().map(|_| 0));
        columns
    }

    /// The whole answer of a small question, as texts.
    pub(crate) fn rows(&mut self, sql: &str, call: &Call) -> Result<Rows, Fault> {
        let ask = Request::Select { sql: sql.to_owned(), params: Vec::new(), seconds: self.seconds(call) };
        self.whole(sql, &ask, call)
    }

    fn whole(&mut self, what: &str, ask: &Request, call: &Call) -> Result<Rows, Fault> {
        let begun = Instant::now();
        let rows = self.answer(ask, call).and_then(|()| self.gather(call));
        self.told(what, begun, rows.as_ref().map(|rows| rows.len() as u64));
        rows
    }

    /// The whole answer of a catalog function, as texts.
    pub(crate) fn catalog(&mut self, what: Catalog, name: &TableName, call: &Call) -> Result<Rows, Fault> {
        let schema = name.schema.clone().unwrap_or_default();
        let told = format!("SQL catalog function: {what:?} of {}", name.name);
        self.whole(&told, &Request::Catalog { what, schema, table: name.name.clone() }, call)
    }

    fn gather(&mut self, call: &Call) -> Result<Rows, Fault> {
        let names: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        let width = names.len();
        let unit = UnitRef {
            name: String::new(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut builder = BatchBuilder::new(Arc::new(unit));
        let shape = builder.shape(Arc::new(Shape::of_text("", names)));
        let mut sink = Sink::new(&mut builder, shape, 0);
        while self.fetch(1000, &mut sink, call)? {}
        let batch = builder.finish();
        let text = |v: Value<'_>| v.to_text().map(|t| t.into_owned());
        Ok(batch.rows().map(|row| (0..width).map(|i| text(row.value(i))).collect()).collect())
    }
}

impl Link for OdbcLink {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn server(&self) -> String {
        let [product, version, driver] = &self.about;
        format!("{} {} (driver {})", product.trim(), version.trim(), driver.trim()).trim().to_owned()
    }

    fn select(&mut self, statement: &Statement, call: &Call) -> Result<Vec<Column>, Fault> {
        self.open = false;
        let params = statement.params.iter().map(param).collect();
        let ask = Request::Select { sql: statement.sql.clone(), params, seconds: self.seconds(call) };
        self.answer(&ask, call)?;
        Ok(self.columns.iter().map(|c| Column { name: c.name.clone(), ty: ty(c) }).collect())
    }

    fn fetch(&mut self, most: usize, into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault> {
        if !self.open {
            return Ok(false);
        }
        let rows = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        let frame = self.ask(&Request::Fetch { rows, bytes: PAGE }, call)?;
        let Some(page) = Page::decode(&frame, &self.columns) else { return Err(self.worker.nonsense()) };
        let last = page.last;
        if page.noted("odbc-truncated") {
            self.shared.careful.store(true, Ordering::Relaxed);
        }
        if !page.pour(&self.columns, into) {
            return Err(self.worker.nonsense());
        }
        self.worker.recycle(frame);
        self.open = !last;
        Ok(!last)
    }

    fn enough(&mut self, call: &Call) -> Result<(), Fault> {
        match std::mem::take(&mut self.open) {
            true => self.ask(&Request::Enough, call).map(drop),
            false => Ok(()),
        }
    }

    fn tables(&mut self, call: &Call) -> Result<Vec<TableInfo>, Fault> {
        self.listed = catalog::tables(self, call)?;
        Ok(self.listed.clone())
    }

    fn table(&mut self, table: &TableName, call: &Call) -> Result<Option<TableInfo>, Fault> {
        catalog::table(self, table, call)
    }

    fn references(&mut self, table: &TableName, call: &Call) -> Result<Option<Vec<ReferenceInfo>>, Fault> {
        catalog::references(self, table, call)
    }

    fn access(&mut self, call: &Call) -> Result<Access, Fault> {
        access::of(self, call)
    }

    fn one_state(&mut self, begin: bool, call: &Call) -> Result<bool, Fault> {
        if !begin {
            return self.execute("COMMIT", call).map(|()| true);
        }
        if self.dialect == Dialect::Sqlite {
            let mode = self.rows("PRAGMA journal_mode", call)?.into_iter().flatten().next().flatten();
            if mode.as_deref() != Some("wal") {
                return Ok(false);
            }
        }
        let begins = session::one_state(self.dialect);
        begins.iter().try_for_each(|sql| self.execute(sql, call))?;
        Ok(!begins.is_empty())
    }

    fn usable(&self) -> bool {
        !self.dead && self.worker.lives()
    }
}

fn ty(column: &WireColumn) -> Type {
    match column.form {
        Form::Text => Type::Text,
        Form::Integer => Type::Integer,
        Form::Decimal => Type::Decimal { precision: column.precision, scale: column.scale },
        Form::Float | Form::Real => Type::Float,
        Form::Boolean => Type::Boolean,
        Form::Date => Type::Date,
        Form::Time => Type::Time,
        Form::DateTime => Type::DateTime,
        Form::Instant => Type::Instant,
        Form::Bytes => Type::Bytes,
    }
}

fn param(param: &Param) -> WireParam {
    match &param.value {
        Value::Missing | Value::Null => WireParam::Null,
        Value::Integer(i) => WireParam::Integer(*i),
        Value::Float(f, _) => WireParam::Float(*f),
        Value::Boolean(b) => WireParam::Integer(i64::from(*b)),
        Value::Bytes(b) => WireParam::Bytes(b.to_vec()),
        Value::Decimal(d) => {
            let digits = d.coefficient().unsigned_abs().checked_ilog10().map_or(1, |n| n as u8 + 1);
            WireParam::Decimal(d.to_string(), digits.max(d.scale()), d.scale())
        }
        Value::Date(d) => WireParam::Date(d.to_string()),
        Value::Time(t) => WireParam::Time(t.to_string()),
        Value::DateTime(t) => WireParam::DateTime(t.to_string().replacen('T', " ", 1)),
        // The session's zone is UTC.
        Value::Instant(t) => {
            let utc = t.to_zoned(jiff::tz::TimeZone::UTC).datetime();
            WireParam::DateTime(utc.to_string().replacen('T', " ", 1))
        }
        other => WireParam::Text(other.to_text().unwrap_or_default().into_owned()),
    }
}
