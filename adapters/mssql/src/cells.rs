//! Rows of the wire, as rows of a batch.
//!
//! Invariant: a value arrives exactly, or its row is a dead letter that says which column and why.

use crate::times;
use banyan_sql::Sink;
use banyan_words::{Bad, Decimal, Value};
use std::borrow::Cow;
use tiberius::{ColumnData, ColumnType, Row};

/// Money below this is exact in the float that the protocol library makes of it: 2^51 ten-thousandths.
const EXACT_MONEY: f64 = 2_251_799_813_685_248.0;

/// Appends a row. `columns` are the answer's.
pub(crate) fn put(row: &Row, sink: &mut Sink<'_>) {
    sink.begin();
    let mut trouble = None;
    for (column, data) in row.cells() {
        if let Err(why) = cell(data, column.column_type(), sink) {
            // The others are kept: whoever looks at the letter wants to know which record it is.
            sink.value(Value::Missing);
            trouble.get_or_insert_with(|| bad(column.name(), why));
        }
    }
    match trouble {
        None => sink.end(),
        Some(bad) => sink.end_bad(bad),
    }
}

fn bad(column: &str, why: Trouble) -> Bad {
    Bad { code: why.code.to_owned(), message: format!("column `{column}`: {}", why.message), raw: why.raw.into_bytes() }
}

/// Why a cell cannot be read.
struct Trouble {
    code: &'static str,
    message: &'static str,
    raw: String,
}

/// About how many bytes a row holds, so that rows waiting to be taken stay few when they are large.
pub(crate) fn weight(row: &Row) -> usize {
    let held = |data: &ColumnData<'_>| match data {
        ColumnData::String(Some(t)) => t.len(),
        ColumnData::Binary(Some(b)) => b.len(),
        ColumnData::Xml(Some(x)) => x.as_ref().as_ref().len(),
        _ => 0,
    };
    row.cells().map(|(_, data)| 32 + held(data)).sum()
}

#[inline]
fn cell(data: &ColumnData<'static>, ty: ColumnType, sink: &mut Sink<'_>) -> Result<(), Trouble> {
    let value = match data {
        ColumnData::String(Some(text)) => {
            // CHAR: its trailing blanks are padding, to the server too.
            let padded = matches!(ty, ColumnType::BigChar | ColumnType::NChar);
            sink.text(if padded { text.trim_end_matches(' ') } else { text });
            return Ok(());
        }
        ColumnData::Bit(Some(b)) => Value::Boolean(*b),
        ColumnData::U8(Some(n)) => Value::Integer(i64::from(*n)),
        ColumnData::I16(Some(n)) => Value::Integer(i64::from(*n)),
        ColumnData::I32(Some(n)) => Value::Integer(i64::from(*n)),
        ColumnData::I64(Some(n)) => Value::Integer(*n),
        ColumnData::F32(Some(f)) => Value::Float(f64::from(*f), true),
        ColumnData::F64(Some(f)) if matches!(ty, ColumnType::Money | ColumnType::Money4) => money(*f)?,
        ColumnData::F64(Some(f)) => Value::Float(*f, false),
        ColumnData::Numeric(Some(n)) => {
            Value::Decimal(Decimal::new(n.value(), n.scale()).map_err(|_| out_of_range(format!("{n:?}")))?)
        }
        ColumnData::Guid(Some(id)) => {
            let mut text = [0; 36];
            sink.text(id.as_hyphenated().encode_upper(&mut text));
            return Ok(());
        }
        ColumnData::Binary(Some(bytes)) => Value::Bytes(Cow::Borrowed(bytes)),
        ColumnData::Xml(Some(xml)) => {
            sink.text(xml.as_ref().as_ref());
            return Ok(());
        }
        other => return moment(other, sink),
    };
    sink.value(value);
    Ok(())
}

fn moment(data: &ColumnData<'static>, sink: &mut Sink<'_>) -> Result<(), Trouble> {
    let value = match data {
        ColumnData::DateTime(Some(t)) => times::datetime(t.days(), t.seconds_fragments()).map(Value::DateTime),
        ColumnData::SmallDateTime(Some(t)) => {
            times::smalldatetime(t.days(), t.seconds_fragments()).map(Value::DateTime)
        }
        ColumnData::Date(Some(d)) => times::date(i64::from(d.days())).map(Value::Date),
        ColumnData::Time(Some(t)) => times::time(t.increments(), t.scale()).map(Value::Time),
        ColumnData::DateTime2(Some(t)) => {
            times::datetime2(t.date().days(), t.time().increments(), t.time().scale()).map(Value::DateTime)
        }
        ColumnData::DateTimeOffset(Some(t)) => {
            let t = t.datetime2();
            times::instant(t.date().days(), t.time().increments(), t.time().scale()).map(Value::Instant)
        }
        _ => Some(Value::Null),
    };
    sink.value(value.ok_or_else(|| out_of_range(format!("{data:?}")))?);
    Ok(())
}

fn out_of_range(raw: String) -> Trouble {
    Trouble {
        code: "mssql-out-of-range",
        message: "the value is outside what its type allows, or what can be kept",
        raw,
    }
}

/// Ten-thousandths, taken back out of the float.
fn money(float: f64) -> Result<Value<'static>, Trouble> {
    let scaled = (float * 10_000.0).round();
    if scaled.abs() >= EXACT_MONEY || scaled.is_nan() {
        return Err(Trouble {
            code: "mssql-money",
            message: "so much money arrives rounded; read the column as CAST(… AS decimal(19,4))",
            raw: float.to_string(),
        });
    }
    let decimal = Decimal::new(scaled as i128, 4).map_err(|_| out_of_range(float.to_string()))?;
    Ok(Value::Decimal(decimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_or_refused() {
        let exact = |n: i64| match money(n as f64 / 1e4) {
            Ok(Value::Decimal(d)) => Some(d.coefficient() as i64),
            _ => None,
        };
        let last = (1_i64 << 51) - 1;
        for n in [0, 1, -1, 99_999, -2_147_483_648, 2_147_483_647, last, last - 7, -last] {
            assert_eq!(exact(n), Some(n));
        }
        for step in 1..5_000_i64 {
            let n = last - step * 450_111_111_113 % last;
            assert_eq!(exact(n), Some(n));
        }
        assert_eq!((exact(1 << 51), exact(i64::MAX), exact(i64::MIN)), (None, None, None));
    }
}
