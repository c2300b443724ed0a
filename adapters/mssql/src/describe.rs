//! What the server says of a statement's columns before it runs.
//!
//! The wire tells the precision and scale of decimals and the collation of text only to the protocol library, which keeps
//! them to itself; `sp_describe_first_result_set` (SQL Server 2012 and later) tells us, without running anything.
//! Invariant: what is not known stays unknown; nothing is guessed.

use crate::{params, types};
use banyan_words::Type;
use std::borrow::Cow;
use std::collections::HashMap;
use tiberius::{ColumnData, ColumnType, Row};

/// Statements remembered for a connection, at most.
const REMEMBERED: usize = 256;
const ASK: &str = "EXEC sys.sp_describe_first_result_set @tsql = @P1, @params = @P2, @browse_information_mode = 0";

/// A column, as described.
struct Told {
    name: String,
    server_type: String,
    collation: Option<String>,
}

/// Statements that were described.
#[derive(Default)]
pub(crate) struct Described {
    known: HashMap<String, Option<Vec<Told>>>,
}

impl Described {
    pub(crate) fn knows(&self, sql: &str) -> bool {
        self.known.contains_key(sql)
    }

    /// The question, and its parameters.
    pub(crate) fn question(sql: &str, params: &[ColumnData<'static>]) -> (&'static str, Vec<ColumnData<'static>>) {
        let declared: Vec<String> =
            params.iter().zip(1..).map(|(p, n)| format!("@P{n} {}", params::declared(p))).collect();
        let text = |t: String| ColumnData::String(Some(Cow::Owned(t)));
        let declared = if declared.is_empty() { ColumnData::String(None) } else { text(declared.join(", ")) };
        (ASK, vec![text(sql.to_owned()), declared])
    }

    /// Keeps the answer; `None` if the server could not tell.
    pub(crate) fn learn(&mut self, sql: &str, rows: Option<&[Row]>) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let told = rows.map(|rows| rows.iter().filter_map(told).collect());
        self.known.insert(sql.to_owned(), told);
    }

    /// Which columns cannot be decoded here, and what to write instead.
    pub(crate) fn unreadable(&self, sql: &str) -> Option<String> {
        let columns = self.known.get(sql)?.as_ref()?;
        let hint = |c: &Told| {
            let base = c.server_type.split('(').next().unwrap_or_default();
            let coded = matches!(base, "char" | "varchar" | "text") && !types::readable(c.collation.as_deref());
            let read_as = types::read_as(&c.server_type, c.collation.as_deref()).filter(|_| coded)?;
            let collation = c.collation.as_deref().unwrap_or_default();
            Some(format!("`{0}` (collation {collation}): CAST([{0}] AS {read_as})", c.name))
        };
        let hints: Vec<String> = columns.iter().filter_map(hint).collect();
        (!hints.is_empty()).then(|| {
            format!(
                "text in these columns cannot be decoded as it is; let the server make Unicode of it: {}",
                hints.join("; ")
            )
        })
    }

    /// The columns' types, if the description is of these columns. It is forgotten if not: the table has changed since.
    pub(crate) fn types(&mut self, sql: &str, wire: &[(String, ColumnType)]) -> Option<Vec<Type>> {
        let columns = self.known.get(sql)?.as_ref()?;
        let same = columns.len() == wire.len() && columns.iter().zip(wire).all(|(c, (name, _))| c.name == *name);
        if !same {
            self.known.remove(sql);
            return None;
        }
        Some(columns.iter().map(|c| types::type_of(&c.server_type)).collect())
    }
}

fn told(row: &Row) -> Option<Told> {
    let text = |name: &str| row.try_get::<&str, _>(name).ok().flatten().map(str::to_owned);
    let hidden = row.try_get::<bool, _>("is_hidden").ok().flatten().unwrap_or(false);
    (!hidden).then(|| Told {
        name: text("name").unwrap_or_default(),
        server_type: text("system_type_name").unwrap_or_default(),
        collation: text("collation_name"),
    })
}
