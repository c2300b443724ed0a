//! SELECTs, answered from the embedded database, in the mood of the day.

use crate::catalog::{self, Canned};
use crate::conversation;
use crate::rpc::Request;
use crate::server::{Mood, State};
use crate::types::{self, Ty};
use crate::wire::{ATTENTION, Answer};
use crate::{sql, tokens};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement};
use std::io::{Error, Result};
use std::time::Duration;

/// How many rows go out between two looks at whether the client wants us to stop.
const LOOK_EVERY: u64 = 256;

/// COLMETADATA.
pub(crate) fn metadata(out: &mut Vec<u8>, columns: &[(String, Ty)]) {
    out.push(0x81);
    out.extend((columns.len() as u16).to_le_bytes());
    for (name, ty) in columns {
        out.extend(0_u32.to_le_bytes());
        out.extend(9_u16.to_le_bytes());
        ty.info(out);
        tokens::short(out, name);
    }
}

/// ROW, or NBCROW where more than one cell is null.
pub(crate) fn row(
    out: &mut Vec<u8>,
    columns: &[(String, Ty)],
    cells: &[ValueRef<'_>],
) -> std::result::Result<(), String> {
    let null = |cell: &ValueRef<'_>| matches!(cell, ValueRef::Null);
    let compact = cells.iter().filter(|c| null(c)).count() > 1;
    out.push(if compact { 0xD2 } else { 0xD1 });
    if compact {
        let mut bits = vec![0; cells.len().div_ceil(8)];
        for (i, _) in cells.iter().enumerate().filter(|(_, c)| null(c)) {
            bits[i / 8] |= 1_u8 << (i % 8);
        }
        out.extend(bits);
    }
    for ((name, ty), cell) in columns.iter().zip(cells) {
        if null(cell) {
            if !compact {
                ty.null(out);
            }
        } else if ty.value(*cell, out).is_none() {
            return Err(format!("column {name}: {cell:?} is no {ty:?}"));
        }
    }
    Ok(())
}

/// An error instead of an answer.
pub(crate) fn refuse(mut out: Answer<'_>, procedure: bool, code: i32, class: u8, message: &str) -> Result<()> {
    tokens::error(&mut out.tokens, code, class, message);
    tokens::finish(&mut out.tokens, procedure, true, 0);
    out.end()
}

fn declared(statement: &Statement<'_>, casts: &[Option<String>]) -> Vec<(String, Option<String>)> {
    let columns: Vec<_> = statement.columns().collect();
    let aligned = casts.len() == columns.len();
    let cast = |i: usize| casts.get(i).filter(|_| aligned).cloned().flatten();
    columns
        .iter()
        .enumerate()
        .map(|(i, c)| (c.name().to_owned(), cast(i).or_else(|| c.decl_type().map(str::to_owned))))
        .collect()
}

/// What `sp_describe_first_result_set` says.
pub(crate) fn describe(out: Answer<'_>, db: &Connection, state: &State, request: &Request) -> Result<()> {
    if !state.options().describes {
        let what = "Could not find stored procedure 'sys.sp_describe_first_result_set'.";
        return refuse(out, request.procedure, 2812, 16, what);
    }
    let Some(Value::Text(asked)) = request.params.first() else {
        return refuse(out, request.procedure, 214, 16, "Procedure expects parameter '@tsql' of type 'nvarchar(max)'.");
    };
    let rewritten = sql::rewrite(asked);
    let statement = match db.prepare(&rewritten.sql) {
        Ok(statement) => statement,
        Err(error) => return refuse(out, request.procedure, 11501, 16, &error.to_string()),
    };
    let text = |t: String| Value::Text(t);
    let rows = declared(&statement, &rewritten.casts)
        .into_iter()
        .zip(1..)
        .map(|((name, declared), ordinal)| {
            let declared = declared.unwrap_or_else(|| "int".to_owned());
            let collation = types::ty(&declared).as_ref().and_then(catalog::collation);
            let collation = collation.map_or(Value::Null, |c| text(c.to_owned()));
            vec![Value::Integer(0), Value::Integer(ordinal), text(name), text(types::spelled(&declared)), collation]
        })
        .collect();
    let name = |n: &'static str| (n, Ty::NChar { fixed: false, max: Some(256) });
    let columns = vec![
        ("is_hidden", Ty::Bit),
        ("column_ordinal", Ty::Int(4)),
        name("name"),
        name("system_type_name"),
        name("collation_name"),
    ];
    conversation::canned(out, &Canned { columns, rows }, request.procedure)
}

/// Rows, while the mood lasts.
pub(crate) fn select(mut out: Answer<'_>, db: &Connection, state: &State, request: &Request) -> Result<()> {
    let mood = state.options().mood;
    match &mood {
        Mood::StallBefore => return stall(out, state),
        Mood::ErrorBefore(code, class, text) => return refuse(out, request.procedure, *code, *class, text),
        _ => {}
    }
    let rewritten = sql::rewrite(&request.sql);
    let mut statement = match db.prepare(&rewritten.sql) {
        Ok(statement) => statement,
        Err(error) => return refuse(out, request.procedure, 208, 16, &error.to_string()),
    };
    let declared = declared(&statement, &rewritten.casts);
    let mut rows = match statement.query(rusqlite::params_from_iter(&request.params)) {
        Ok(rows) => rows,
        Err(error) => return refuse(out, request.procedure, 8178, 16, &error.to_string()),
    };
    let mut columns = Vec::new();
    let (mut sent, mut first) = (0, true);
    loop {
        let current = rows.next().map_err(Error::other)?;
        if first {
            first = false;
            columns = declared.iter().enumerate().map(|(i, d)| column(d, current, i)).collect();
            metadata(&mut out.tokens, &columns);
        }
        let Some(current) = current else { break };
        let cells: Vec<ValueRef<'_>> =
            (0..columns.len()).map(|i| current.get_ref(i)).collect::<rusqlite::Result<_>>().map_err(Error::other)?;
        let before = out.tokens.len();
        row(&mut out.tokens, &columns, &cells).map_err(Error::other)?;
        match &mood {
            Mood::StallMidRow(after) if *after == sent => {
                halve(&mut out.tokens, before);
                out.push()?;
                return stall(out, state);
            }
            Mood::DropMidRow(after) if *after == sent => {
                halve(&mut out.tokens, before);
                out.push()?;
                return Err(Error::other("dropped, as ordered"));
            }
            Mood::Garbage(after) if *after == sent => {
                out.tokens.truncate(before);
                out.tokens.extend([0x77; 64]);
                return out.end();
            }
            Mood::ErrorAfter(after, code, class, text) if *after == sent => {
                out.tokens.truncate(before);
                return refuse(out, request.procedure, *code, *class, text);
            }
            _ => {}
        }
        sent += 1;
        out.flow()?;
        if sent % LOOK_EVERY == 0 && out.line().stirs(Duration::ZERO)? {
            let (kind, _) = out.line().message()?;
            if kind == ATTENTION {
                return conversation::attention(out, state);
            }
        }
    }
    tokens::finish(&mut out.tokens, request.procedure, false, sent);
    out.end()
}

fn halve(tokens: &mut Vec<u8>, before: usize) {
    let half = before + (tokens.len() - before).div_ceil(2);
    tokens.truncate(half);
}

/// A column without a declared type has the type of its first value.
fn column(declared: &(String, Option<String>), row: Option<&rusqlite::Row<'_>>, i: usize) -> (String, Ty) {
    let ty = declared.1.as_deref().and_then(types::ty).unwrap_or_else(|| match row.map(|r| r.get_ref(i)) {
        Some(Ok(ValueRef::Real(_))) => Ty::Float(8),
        Some(Ok(ValueRef::Text(_))) => Ty::NChar { fixed: false, max: None },
        Some(Ok(ValueRef::Blob(_))) => Ty::Binary { fixed: false, max: None },
        Some(Ok(ValueRef::Integer(_))) => Ty::Int(8),
        _ => Ty::Int(4),
    });
    (declared.0.clone(), ty)
}

fn stall(mut out: Answer<'_>, state: &State) -> Result<()> {
    if conversation::deaf(out.line(), state)? {
        return conversation::attention(out, state);
    }
    Err(Error::other("a message in the midst of an answer"))
}
