//! The catalog's answers, made from the tables there are.
//!
//! Only the very queries that the adapter sends are known, each by a phrase of it.

use crate::server::State;
use crate::types::{self, Ty};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

/// A small answer: columns with their types, and rows.
pub(crate) struct Canned {
    pub(crate) columns: Vec<(&'static str, Ty)>,
    pub(crate) rows: Vec<Vec<Value>>,
}

fn name(n: &'static str) -> (&'static str, Ty) {
    (n, Ty::NChar { fixed: false, max: Some(128) })
}

fn int(n: &'static str) -> (&'static str, Ty) {
    (n, Ty::Int(4))
}

fn text(t: impl Into<String>) -> Value {
    Value::Text(t.into())
}

/// `[dbo].[orders]`: `orders`.
fn unquoted(name: &str) -> String {
    let last = name.rsplit_once("].[").map_or(name, |(_, last)| last);
    last.trim_start_matches('[').trim_end_matches(']').replace("]]", "]")
}

/// The answer, if the statement asks the catalog.
pub(crate) fn answer(db: &Connection, state: &State, sql: &str, params: &[Value]) -> Result<Option<Canned>> {
    let table = match params.first() {
        Some(Value::Text(t)) => unquoted(t),
        _ => String::new(),
    };
    let canned = if sql.contains("SERVERPROPERTY") {
        who(state)
    } else if sql.contains("IS_SRVROLEMEMBER") {
        access(state)
    } else if sql.contains("p.granted = 1") {
        let rows = state.granted().map(|(right, table)| vec![text(right), text(table)]);
        Canned { columns: vec![name("right_name"), name("table_name")], rows: rows.into_iter().collect() }
    } else if sql.contains("FROM sys.foreign_keys") {
        references(db, &table)?
    } else if sql.contains("FROM sys.objects") {
        tables(db, sql.contains("OBJECT_ID(@P1)").then_some(table.as_str()))?
    } else if sql.contains("FROM sys.columns") {
        columns(db, &table)?
    } else if sql.contains("FROM sys.indexes") {
        indexes(db, &table)?
    } else {
        return Ok(None);
    };
    Ok(Some(canned))
}

fn who(state: &State) -> Canned {
    let snapshot = Value::Integer(i64::from(state.snapshot()));
    Canned {
        columns: vec![name(""), name(""), ("snapshot_isolation_state", Ty::Int(1))],
        rows: vec![vec![text("16.0.1000.6"), text("Test Edition"), snapshot]],
    }
}

fn access(state: &State) -> Canned {
    let rights = state.rights();
    Canned {
        columns: vec![int(""); 9],
        rows: vec![rights.iter().map(|r| r.map_or(Value::Null, |r| Value::Integer(i64::from(r)))).collect()],
    }
}

fn tables(db: &Connection, only: Option<&str>) -> Result<Canned> {
    let mut find =
        db.prepare("SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1")?;
    let found = find.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)))?;
    let mut rows = Vec::new();
    for entry in found {
        let (table, view) = entry?;
        if only.is_some_and(|o| !o.eq_ignore_ascii_case(&table)) {
            continue;
        }
        let count = match view {
            0 => db.query_row(&format!("SELECT COUNT(*) FROM \"{}\"", table.replace('"', "\"\"")), [], |r| r.get(0))?,
            _ => Value::Null,
        };
        rows.push(vec![text("dbo"), text(table), Value::Integer(view), count, Value::Integer(0)]);
    }
    Ok(Canned { columns: vec![name("name"), name("name"), int(""), ("", Ty::Int(8)), int("")], rows })
}

fn columns(db: &Connection, table: &str) -> Result<Canned> {
    let mut find = db.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)")?;
    let found =
        find.query_map([table], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?)))?;
    let mut rows = Vec::new();
    for entry in found {
        let (column, declared, notnull) = entry?;
        let ty = types::ty(&declared).unwrap_or(Ty::Variant);
        let spelled = types::spelled(&declared);
        let base = spelled.split('(').next().unwrap_or_default().to_owned();
        let numbers = sizes(&ty).map(Value::Integer);
        let mut row = vec![text(column), text(if base == "rowversion" { "timestamp".to_owned() } else { base })];
        row.extend(numbers);
        row.push(Value::Integer(1 - notnull));
        row.push(collation(&ty).map_or(Value::Null, text));
        rows.push(row);
    }
    let columns = vec![name("name"), name(""), int(""), int(""), int(""), int(""), name("collation_name")];
    Ok(Canned { columns, rows })
}

/// Length in bytes, precision, scale.
fn sizes(ty: &Ty) -> [i64; 3] {
    let bytes = |max: &Option<u16>, unit: i64| max.map_or(-1, |m| i64::from(m) * unit);
    match ty {
        Ty::Char { max, .. } | Ty::Binary { max, .. } => [bytes(max, 1), 0, 0],
        Ty::NChar { max, .. } => [bytes(max, 2), 0, 0],
        Ty::Decimal(p, s) => [17, i64::from(*p), i64::from(*s)],
        Ty::Time(s) | Ty::DateTime2(s) | Ty::Offset(s) => [8, 27, i64::from(*s)],
        _ => [4, 10, 0],
    }
}

pub(crate) fn collation(ty: &Ty) -> Option<&'static str> {
    match ty {
        Ty::Char { page, .. } | Ty::Text(page) => Some(page.collation()),
        Ty::NChar { .. } | Ty::NText => Some("SQL_Latin1_General_CP1_CI_AS"),
        _ => None,
    }
}

fn indexes(db: &Connection, table: &str) -> Result<Canned> {
    let mut rows = Vec::new();
    let mut put = |index: &str, unique: bool, column: String, null: bool, primary: bool| {
        let flag = |b: bool| Value::Integer(i64::from(b));
        rows.push(vec![text(index), flag(unique), text(column), flag(null), flag(primary)]);
    };
    let mut key = db.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
    for column in key.query_map([table], |r| r.get::<_, String>(0))? {
        put(&format!("PK_{table}"), true, column?, false, true);
    }
    let mut find = db.prepare(
        "SELECT l.name, l.\"unique\", i.name, NOT t.\"notnull\" FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
         JOIN pragma_table_info(?1) AS t ON t.name = i.name WHERE l.origin = 'c' ORDER BY l.seq, i.seqno",
    )?;
    let found =
        find.query_map([table], |r| Ok((r.get::<_, String>(0)?, r.get(1)?, r.get::<_, String>(2)?, r.get(3)?)))?;
    for entry in found {
        let (index, unique, column, null) = entry?;
        put(&index, unique, column, null, false);
    }
    Ok(Canned { columns: vec![name("name"), int(""), name("name"), int(""), int("")], rows })
}

/// Foreign keys, one after the other; SQLite numbers them from the last one declared.
fn references(db: &Connection, table: &str) -> Result<Canned> {
    let mut find =
        db.prepare("SELECT id, \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq")?;
    let found = find.query_map([table], |r| {
        Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, String>(3)?))
    })?;
    let mut rows = Vec::new();
    for entry in found {
        let (id, column, other, theirs) = entry?;
        rows.push(vec![text(format!("FK_{table}_{id}")), text(column), text("dbo"), text(other), text(theirs)]);
    }
    Ok(Canned { columns: vec![name("name"), name("name"), name("name"), name("name"), name("name")], rows })
}
