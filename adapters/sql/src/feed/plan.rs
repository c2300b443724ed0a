//! What a pass does, decided when it begins: from what is configured and what the server has now.

use crate::config::spec::{DatasetSpec, Mode, SyncSpec};
use crate::lane::Lane;
use crate::text::{Chosen, Compared, ReadFrom, Text};
use crate::{ColumnInfo, Dialect, TableName, misses};
use banyan_adapter::{Call, Context, Fault, Purpose};
use banyan_words::problem::nearest;
use banyan_words::{Column, Type, codec};
use std::time::Duration;

/// What a dataset is read from, as the server has it now.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub dialect: Dialect,
    /// Where its rows are: a table by the name that the catalog has, so that what is read is what was described, whatever
    /// a session's search path says.
    pub from: ReadFrom,
    pub columns: Vec<ColumnInfo>,
    pub change_tracking: bool,
    /// It can only be read as a whole: no condition, no order.
    pub whole: bool,
}

impl Described {
    /// Asks the server.
    pub(crate) fn ask(lane: &mut Lane, spec: &DatasetSpec, purpose: Purpose, call: &Call) -> Result<Described, Fault> {
        let dialect = lane.dialect(purpose, call)?;
        match &spec.from {
            ReadFrom::Table(name) => {
                let Some(info) = lane.table(name, purpose, call)? else {
                    // What it may be called now is worth a question.
                    let others = lane.tables(purpose, call).unwrap_or_default();
                    return Err(missing(name, others.into_iter().map(|t| t.name).collect()));
                };
                let whole = dialect == Dialect::Bare;
                let from = ReadFrom::Table(info.name);
                Ok(Described { dialect, from, columns: info.columns, change_tracking: info.change_tracking, whole })
            }
            ReadFrom::Query(query) => {
                let whole = dialect == Dialect::Bare || !query.wraps();
                let text = if whole {
                    Text::verbatim(dialect, query)
                } else {
                    let mut text = Text::select(dialect, &[], &spec.from, None);
                    text.push(" WHERE 1 = 0");
                    text
                };
                let columns = lane.select(text, &spec.name, purpose, call)?;
                lane.enough();
                let columns = columns.into_iter().map(|c| ColumnInfo {
                    name: c.name,
                    ty: c.ty,
                    server_type: String::new(),
                    nullable: true,
                    collation: None,
                    rowversion: false,
                    read_as: None,
                });
                let (from, columns) = (spec.from.clone(), columns.collect());
                Ok(Described { dialect, from, columns, change_tracking: false, whole })
            }
        }
    }

    /// Whether a page costs no more than a page. Products that are not known are not told how long one is: for each they
    /// would sort all that is left.
    pub(crate) fn pages_well(&self) -> bool {
        !self.whole && self.dialect != Dialect::Generic
    }

    /// A column, to compare with.
    pub(crate) fn compared(&self, name: &str) -> Option<Compared> {
        let column = self.columns.iter().find(|c| c.name == name)?;
        let server_type = (!column.server_type.is_empty()).then(|| column.server_type.clone());
        // SQL Server makes text of the database's own code page unless a collation says of which: a Cyrillic key in a
        // Latin database would become question marks, and be compared as such.
        let collation = column.collation.clone().filter(|_| self.dialect == Dialect::Tsql);
        Some(Compared { name: name.to_owned(), server_type, collation })
    }

    /// A column, to select.
    pub(crate) fn chosen(&self, name: &str) -> Chosen {
        self.columns.iter().find(|c| c.name == name).map_or_else(|| Chosen::from(name), Chosen::of)
    }

    /// All columns, for the gateway.
    pub(crate) fn columns(&self) -> Vec<Column> {
        self.columns.iter().map(|c| Column { name: c.name.clone(), ty: c.ty.clone() }).collect()
    }

    /// The columns that are read, in the server's order, and those that are asked for in vain.
    pub(crate) fn picked(&self, spec: &DatasetSpec, cx: &Context, more: Option<&str>) -> (Vec<Chosen>, Vec<String>) {
        let wanted = cx.wanted.get(&spec.name);
        let asked = |name: &str| {
            wanted.is_none_or(|w| w.contains(name)) || spec.key.iter().any(|k| k == name) || more == Some(name)
        };
        let there = |name: &&String| self.columns.iter().any(|c| c.name == **name);
        let picked = self.columns.iter().filter(|c| asked(&c.name)).map(Chosen::of).collect();
        let more = more.map(str::to_owned);
        let all = wanted.into_iter().flatten().chain(&spec.key).chain(&more);
        let mut missing: Vec<String> = all.filter(|n| !there(n)).cloned().collect();
        missing.sort();
        missing.dedup();
        (picked, missing)
    }
}

/// There is no table of that name; `others` are there.
fn missing(name: &TableName, others: Vec<TableName>) -> Fault {
    let full = |t: &TableName| t.schema.as_ref().map(|s| format!("{s}.")).unwrap_or_default() + &t.name;
    let like = nearest(&name.name, others.iter().map(|t| t.name.as_str()));
    let begins = |t: &&TableName| t.name.to_lowercase().starts_with(&name.name.to_lowercase());
    let meant = others.iter().find(|t| Some(t.name.as_str()) == like).or_else(|| others.iter().find(begins));
    let meant = meant.map_or(".".to_owned(), |t| format!("; {} is there: was it renamed?", full(t)));
    let message = format!(
        "there is no table or view {}, or the login may not see it{meant} What was read before stays as it is. Correct \
         `table`, have SELECT granted, or give it its name again: then it is read on",
        full(name)
    );
    Fault::permanent("table-missing", message)
}

/// What a pass does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub table: Described,
    pub mode: Mode,
    /// The growing column and its type.
    pub column: Option<(Compared, Type)>,
    pub key: Vec<Compared>,
    /// A column of the key may be null.
    pub null_keys: bool,
    pub picked: Vec<Chosen>,
    pub missing: Vec<String>,
    pub lag: Duration,
    pub every: Duration,
    pub deletes: Option<Duration>,
    /// What its positions are positions of.
    pub of: u64,
}

impl Plan {
    pub(crate) fn make(spec: &DatasetSpec, sync: &SyncSpec, table: Described, cx: &Context) -> Result<Plan, Fault> {
        let mode = mode(spec, sync, &table);
        let named = sync.column.clone().or_else(|| match mode {
            Mode::Rowversion => table.columns.iter().find(|c| c.rowversion).map(|c| c.name.clone()),
            _ => None,
        });
        let (picked, missing) = table.picked(spec, cx, named.as_deref());
        let not = |what: &str| {
            let message = format!("{}: `mode: {}` is not possible here: {what}", spec.name, mode.word());
            Err(Fault::permanent("mode-not-possible", message))
        };
        let ordered = mode != Mode::Full || sync.deletes.is_some();
        if ordered && table.whole && mode != Mode::Full {
            return not("the driver or the query knows no conditions and no order; use `mode: full`");
        }
        if mode == Mode::Rowversion && (table.dialect != Dialect::Tsql || named.is_none()) {
            return not("only a SQL Server table with a rowversion column has one; use `watermark` or `keyset`");
        }
        if mode == Mode::ChangeTracking && !table.change_tracking {
            return not("change tracking is not on for the table; ask its administrator, or use `keyset`");
        }
        let column = named.as_ref().and_then(|name| {
            let ty = table.columns.iter().find(|c| c.name == *name)?.ty.clone();
            Some((table.compared(name)?, ty))
        });
        let time = column.as_ref().is_some_and(|(_, ty)| super::window::is_time(ty));
        if sync.lag.is_some_and(|l| !l.is_zero()) && !time && missing.is_empty() {
            return not("`lag` is a time, and the column holds none; leave it out");
        }
        // SQLite compares the texts that times are in it, `10:00` with `10:00:00`: a second back, and no tie is left out.
        let least = Duration::from_secs(u64::from(time && table.dialect == Dialect::Sqlite));
        let key: Vec<Compared> = spec.key.iter().filter_map(|k| table.compared(k)).collect();
        let null_keys = table.columns.iter().any(|c| c.nullable && spec.key.contains(&c.name));
        let by_itself = matches!(mode, Mode::Full | Mode::Keyset | Mode::ChangeTracking);
        let auto = sync.mode.is_none() && !spec.key.is_empty();
        let deletes = sync.deletes.or(auto.then_some(Duration::from_secs(6 * 3600))).filter(|_| !by_itself);
        let of = codec::hash(format!("{:?} {mode:?} {named:?}", spec.from).as_bytes(), 0x5351);
        Ok(Plan {
            lag: sync.lag.unwrap_or(Duration::from_secs(if time { 300 } else { 0 })).max(least),
            every: sync.every.unwrap_or(mode.every()),
            table,
            mode,
            column,
            key,
            null_keys,
            picked,
            missing,
            deletes,
            of,
        })
    }

    /// Told when a dataset's mode is decided.
    pub(crate) fn log(&self, source: &str, dataset: &str, auto: bool) {
        let how = if auto { "picked by sync: auto" } else { "as configured" };
        let mode = self.mode.word();
        tracing::info!(
            source,
            dataset,
            mode,
            "brought up to date by {mode} ({how}); it can miss {}",
            misses(self.mode)
        );
        if self.mode == Mode::Watermark && self.lag.is_zero() {
            tracing::warn!(source, dataset, "without a lag, what is committed late, with a lower value, is missed");
        }
    }

    /// The fault for columns that are asked for in vain.
    pub(crate) fn gone(&self, dataset: &str) -> Option<Fault> {
        let first = self.missing.first()?;
        let near = nearest(first, self.table.columns.iter().map(|c| c.name.as_str()));
        let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        let message = format!(
            "{dataset}: there is no column {} (names count with their case){near}. Correct the configuration, or grant the \
             login SELECT on it",
            self.missing.join(", ")
        );
        Some(Fault::permanent("column-missing", message))
    }
}

fn mode(spec: &DatasetSpec, sync: &SyncSpec, table: &Described) -> Mode {
    if let Some(mode) = sync.mode {
        return mode;
    }
    let sql_server = table.dialect == Dialect::Tsql;
    if sql_server && table.columns.iter().any(|c| c.rowversion) {
        Mode::Rowversion
    } else if sql_server && table.change_tracking && !spec.key.is_empty() {
        Mode::ChangeTracking
    } else if !spec.key.is_empty() && table.pages_well() {
        Mode::Keyset
    } else {
        Mode::Full
    }
}
