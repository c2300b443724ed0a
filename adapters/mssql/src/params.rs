//! Parameters, typed for the wire.
//!
//! The statement casts each to the compared column's type, so that an index seek stays a seek; here each only has to
//! arrive exactly.

use crate::times;
use banyan_adapter::Fault;
use banyan_sql::Param;
use banyan_words::Value;
use std::borrow::Cow;
use tiberius::time::{Date, DateTime2, DateTimeOffset, Time};
use tiberius::{ColumnData, numeric::Numeric};

/// Days from 0001-01-01 to 1970-01-01, in seconds.
const UNIX_SECONDS: i64 = 719_162 * 86_400;

/// A parameter, as the wire carries it.
pub(crate) fn bound(param: &Param, number: usize) -> Result<ColumnData<'static>, Fault> {
    data(&param.value).ok_or_else(|| {
        Fault::permanent(
            "mssql-parameter",
            format!("parameter @P{number} is a {} that SQL Server has no type for", param.value.word()),
        )
    })
}

fn data(value: &Value<'static>) -> Option<ColumnData<'static>> {
    Some(match value {
        Value::Missing | Value::Null => ColumnData::String(None),
        Value::Text(text) => ColumnData::String(Some(Cow::Owned(text.clone().into_owned()))),
        Value::Integer(n) => ColumnData::I64(Some(*n)),
        Value::Decimal(d) => decimal(*d),
        Value::Float(f, true) => ColumnData::F32(Some(*f as f32)),
        Value::Float(f, false) => ColumnData::F64(Some(*f)),
        Value::Boolean(b) => ColumnData::Bit(Some(*b)),
        Value::Date(d) => ColumnData::Date(Some(Date::new(times::days(*d)?))),
        Value::Time(t) => ColumnData::Time(Some(Time::new(times::ticks(*t)?, 7))),
        Value::DateTime(t) => ColumnData::DateTime2(Some(DateTime2::new(
            Date::new(times::days(t.date())?),
            Time::new(times::ticks(t.time())?, 7),
        ))),
        Value::Instant(t) => ColumnData::DateTimeOffset(Some(instant(*t)?)),
        Value::Bytes(bytes) => ColumnData::Binary(Some(Cow::Owned(bytes.clone().into_owned()))),
        Value::Ref(id) => ColumnData::String(Some(Cow::Owned(id.to_string()))),
        Value::List(_) | Value::Object(_) => return None,
    })
}

/// As numeric, or as text where the protocol library would count more than 38 digits (0.… with 38 of them after the
/// point): the statement's cast reads either.
fn decimal(d: banyan_words::Decimal) -> ColumnData<'static> {
    let numeric = Numeric::new_with_scale(d.coefficient(), d.scale().min(Numeric::MAX_NUMERIC_SCALE));
    match numeric.precision() {
        0..=38 => ColumnData::Numeric(Some(numeric)),
        _ => ColumnData::String(Some(Cow::Owned(d.to_string()))),
    }
}

fn instant(t: jiff::Timestamp) -> Option<DateTimeOffset> {
    let nanos = t.as_nanosecond() + i128::from(UNIX_SECONDS) * 1_000_000_000;
    let (days, of_day) = (nanos.div_euclid(86_400_000_000_000), nanos.rem_euclid(86_400_000_000_000));
    let days = u32::try_from(days).ok()?;
    let ticks = u64::try_from(of_day / 100).ok().filter(|_| of_day % 100 == 0)?;
    Some(DateTimeOffset::new(DateTime2::new(Date::new(days), Time::new(ticks, 7)), 0))
}

/// The declaration of a parameter's type, for statements that describe other statements.
pub(crate) fn declared(data: &ColumnData<'static>) -> String {
    match data {
        ColumnData::I64(_) => "bigint".to_owned(),
        ColumnData::Bit(_) => "bit".to_owned(),
        ColumnData::F32(_) => "real".to_owned(),
        ColumnData::F64(_) => "float".to_owned(),
        ColumnData::Date(_) => "date".to_owned(),
        ColumnData::Time(_) => "time(7)".to_owned(),
        ColumnData::DateTime2(_) => "datetime2(7)".to_owned(),
        ColumnData::DateTimeOffset(_) => "datetimeoffset(7)".to_owned(),
        ColumnData::Binary(_) => "varbinary(max)".to_owned(),
        ColumnData::Numeric(Some(n)) => format!("numeric({},{})", n.precision(), n.scale()),
        _ => "nvarchar(4000)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_go_as_decimals_while_the_server_has_room() {
        let one = |t: &str| decimal(t.parse().unwrap());
        assert!(matches!(one("12.50"), ColumnData::Numeric(Some(n)) if n.value() == 1250 && n.scale() == 2));
        let tiny = "0.12345678901234567890123456789012345678";
        assert!(matches!(one(tiny), ColumnData::String(Some(t)) if t == tiny));
        assert_eq!(declared(&one("12.50")), "numeric(4,2)");
    }

    #[test]
    fn what_has_no_type_is_refused() {
        let list = Param { value: Value::List(vec![]), server_type: None };
        assert_eq!(bound(&list, 2).unwrap_err().code, "mssql-parameter");
        let fine = Param { value: Value::Time(jiff::civil::time(1, 2, 3, 4)), server_type: None };
        assert!(bound(&fine, 1).is_err(), "nanoseconds are finer than time(7)");
    }
}
