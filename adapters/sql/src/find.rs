//! Records that meet conditions, page by page along the key.
//!
//! Invariant: the server alone compares and orders, by its columns' own types and collations, so that an index seek stays a
//! seek and no page skips what another order would have put elsewhere. Conditions are fitted so that they find more rather
//! than less (`fit`). Not here: sending the statement (`lookup`).

use crate::ColumnInfo;
use crate::config::spec::DatasetSpec;
use crate::feed::Described;
use crate::fit::{Fitted, Side, fit};
use crate::text::{Chosen, Compared, Text, quoted};
use banyan_adapter::{Condition, Fault, Search, Test};
use banyan_words::{Batch, Fate, Value, codec};

/// Records of one search at most.
const MOST: usize = 5_000;
/// Values of one statement at most: servers take 2,100 parameters (SQL Server) or 999 (older SQLite).
const VALUES: usize = 900;

/// What makes two searches equal.
pub(crate) fn name(search: &Search) -> Vec<u8> {
    let mut name = vec![b's'];
    codec::put_bytes(search.dataset.as_bytes(), &mut name);
    codec::put_varint(search.limit as u64, &mut name);
    let values = |values: &[Value<'static>], name: &mut Vec<u8>| {
        codec::put_varint(values.len() as u64, name);
        values.iter().for_each(|v| codec::put_value(v, name));
    };
    name.push(u8::from(search.after.is_some()));
    values(search.after.as_deref().unwrap_or_default(), &mut name);
    for condition in &search.conditions {
        codec::put_varint(condition.columns.len() as u64, &mut name);
        condition.columns.iter().for_each(|c| codec::put_bytes(c.as_bytes(), &mut name));
        match &condition.test {
            Test::AnyOf(all) => {
                name.push(0);
                codec::put_varint(all.len() as u64, &mut name);
                all.iter().for_each(|one| values(one, &mut name));
            }
            Test::AtLeast(v) => {
                name.push(1);
                codec::put_value(v, &mut name);
            }
            Test::AtMost(v) => {
                name.push(2);
                codec::put_value(v, &mut name);
            }
        }
    }
    name
}

/// Rows of its answer at most: one more than are wanted.
pub(crate) fn most(search: &Search) -> u64 {
    search.limit.clamp(1, MOST) as u64 + 1
}

/// The statement; `None` where no record can meet the conditions.
pub(crate) fn statement(
    spec: &DatasetSpec,
    table: &Described,
    picked: &[Chosen],
    search: &Search,
) -> Result<Option<Text>, Fault> {
    // Never a scan: a search without a condition would be one.
    if search.conditions.is_empty() || search.conditions.iter().any(|c| c.columns.is_empty()) {
        return Err(Fault::permanent("not-searchable", format!("{}: there is no condition to search by", spec.name)));
    }
    let limit = usize::try_from(most(search)).unwrap_or(MOST);
    let mut text = Text::select(table.dialect, picked, &table.from, Some(limit));
    text.push(" WHERE ");
    let mut values = 0;
    for (i, condition) in search.conditions.iter().enumerate() {
        text.push(if i > 0 { " AND " } else { "" });
        match one(&mut text, spec, table, condition)? {
            Some(n) => values += n,
            None => return Ok(None),
        }
    }
    if values > VALUES {
        let message = format!("{}: {values} values are more than one statement takes", spec.name);
        return Err(Fault::permanent("not-searchable", message));
    }
    let key: Vec<Compared> = spec.key.iter().filter_map(|k| table.compared(k)).collect();
    // A record with a null in its key has no place in the order of keys.
    for column in spec.key.iter().filter_map(|k| described(table, k)).filter(|c| c.nullable) {
        text.push(" AND ").push(&quoted(table.dialect, &column.name)).push(" IS NOT NULL");
    }
    if let Some(last) = &search.after {
        if last.len() != key.len() || last.iter().any(Value::is_absent) {
            return Err(Fault::permanent("not-searchable", format!("{}: this is no key to go on from", spec.name)));
        }
        text.push(" AND (").after(&key, last).push(")");
    }
    text.order_by(&key).limit(limit);
    Ok(Some(text))
}

/// Adds a condition; how many values it has, or `None` where no record can meet it.
fn one(text: &mut Text, spec: &DatasetSpec, table: &Described, c: &Condition) -> Result<Option<usize>, Fault> {
    let mut columns = Vec::with_capacity(c.columns.len());
    for name in &c.columns {
        let found = described(table, name).zip(table.compared(name));
        let missing = || Fault::permanent("column-missing", format!("{}: there is no column {name}", spec.name));
        columns.push(found.ok_or_else(missing)?);
    }
    let fitted =
        |(info, _): &(&ColumnInfo, Compared), side, value: &Value<'static>| match fit(table.dialect, info, side, value)
        {
            Fitted::Value(value) => Ok(Some(value)),
            Fitted::Nobody => Ok(None),
            Fitted::Unfit => {
                let told = if info.server_type.is_empty() { info.ty.word() } else { &info.server_type };
                let message = format!(
                    "{}: the column {} ({told}) cannot be searched by this value without missing records",
                    spec.name, info.name
                );
                Err(Fault::permanent("not-searchable", message))
            }
        };
    let (op, value) = match &c.test {
        Test::AtLeast(value) => (">=", value),
        Test::AtMost(value) => ("<=", value),
        Test::AnyOf(all) => {
            let mut keys = Vec::with_capacity(all.len());
            for values in all.iter().filter(|v| v.len() == columns.len()) {
                let values = columns.iter().zip(values).map(|(c, v)| fitted(c, Side::Equal, v));
                keys.extend(values.collect::<Result<Option<Vec<_>>, Fault>>()?);
            }
            if keys.is_empty() {
                return Ok(None);
            }
            let columns: Vec<Compared> = columns.into_iter().map(|(_, c)| c).collect();
            text.push("(").keys(&columns, &keys).push(")");
            return Ok(Some(keys.len() * columns.len()));
        }
    };
    let Some(first) = columns.first() else { return Ok(None) };
    let Some(value) = fitted(first, Side::Bound, value)? else { return Ok(None) };
    text.compare(&first.1, op, value);
    Ok(Some(1))
}

/// A key as its columns can hold it; `None` where no record can have it, which need not be asked of the server: its cast
/// would fail.
pub(crate) fn fitted_key(table: &Described, columns: &[String], key: &[Value<'static>]) -> Option<Vec<Value<'static>>> {
    let part = |(name, value): (&String, &Value<'static>)| match described(table, name) {
        Some(column) => match fit(table.dialect, column, Side::Equal, value) {
            Fitted::Value(value) => Some(value),
            Fitted::Nobody => None,
            // Searched by, it might miss records; by a key the server is asked for just what was given.
            Fitted::Unfit => Some(value.clone()),
        },
        None => Some(value.clone()),
    };
    columns.iter().zip(key).map(part).collect()
}

fn described<'t>(table: &'t Described, name: &str) -> Option<&'t ColumnInfo> {
    table.columns.iter().find(|c| c.name == name)
}

/// Two records with one key: the page after the first of them would leave the second one out.
pub(crate) fn one_by_one(spec: &DatasetSpec, batch: &Batch) -> Result<(), Fault> {
    let mut before: Option<Vec<Value<'_>>> = None;
    for row in batch.rows().filter(|r| *r.fate() == Fate::Record) {
        let at = spec.key.iter().map(|k| row.shape().position(k).map(|i| row.value(i)));
        let key = at.collect::<Option<Vec<_>>>();
        if key.is_some() && key == before {
            let message = format!("{}: two records have the same key ({})", spec.name, spec.key.join(", "));
            return Err(Fault::permanent("key-not-unique", message));
        }
        before = key;
    }
    Ok(())
}
