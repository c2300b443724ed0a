//! A condition's values, as the compared column can hold them.
//!
//! Invariant: what is done to a value keeps the order of values, and leaves every value that the column holds as it is.
//! So a column that is at or above the value asked for is at or above the fitted one too, and equal values stay equal: a
//! fitted condition may find more than was asked for, never less, and no cast of the server fails on it. Where that cannot
//! be promised the column is not searched by. Not here: the statement (`find`).

use crate::{ColumnInfo, Dialect};
use banyan_words::{Decimal, Type, Value};
use jiff::civil::{Date, DateTime, date};

/// What became of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fitted {
    /// This is compared with.
    Value(Value<'static>),
    /// No record can have it.
    Nobody,
    /// The column cannot be searched by it.
    Unfit,
}

/// Whether values of a type can be compared at the server without losing any, as far as the type alone tells.
pub(crate) fn searchable(dialect: Dialect, ty: &Type) -> (bool, bool) {
    match (dialect, ty) {
        (Dialect::Bare, _) => (false, false),
        // Its columns hold whatever was put into them: a decimal may be a float, a date may be text of any form.
        (Dialect::Sqlite, Type::Integer) => (true, true),
        (Dialect::Sqlite, Type::Text) => (true, false),
        (Dialect::Sqlite, _) => (false, false),
        // Texts are ordered by the server's collation, not as the gateway orders them.
        (_, Type::Text) => (true, false),
        (_, Type::Integer | Type::Decimal { .. }) => (true, true),
        (Dialect::Generic, _) => (false, false),
        (_, Type::Date | Type::DateTime) => (true, true),
        _ => (false, false),
    }
}

/// Which end of a range a value is, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It is compared for equality.
    Equal,
    /// It bounds a range.
    Bound,
}

/// Fits a value to a column.
pub(crate) fn fit(dialect: Dialect, column: &ColumnInfo, side: Side, value: &Value<'static>) -> Fitted {
    let (equal, range) = match &column.ty {
        // Not known offline; by now the server has told.
        Type::Any => (false, false),
        ty => searchable(dialect, ty),
    };
    if value.is_absent() {
        return Fitted::Nobody;
    }
    if !(if side == Side::Equal { equal } else { range }) {
        return Fitted::Unfit;
    }
    let name = base(&column.server_type);
    match &column.ty {
        Type::Text => text(dialect, column, &name, value),
        Type::Integer => integer(dialect, &name, side, value),
        Type::Decimal { .. } => decimal(dialect, &name, &column.server_type, side, value),
        Type::Date => day(value),
        Type::DateTime => moment(dialect, &name, value),
        _ => Fitted::Unfit,
    }
}

/// The name of a type, without length and in small letters.
fn base(server_type: &str) -> String {
    let lower = server_type.trim().to_lowercase();
    lower.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

fn text(dialect: Dialect, column: &ColumnInfo, name: &str, value: &Value<'static>) -> Fitted {
    let Value::Text(t) = value else { return Fitted::Unfit };
    let declared = column.server_type.to_lowercase();
    let known = match dialect {
        Dialect::Tsql => ["char", "varchar", "nchar", "nvarchar", "sysname"].contains(&name),
        Dialect::Postgres => ["char", "character", "varchar", "text", "bpchar"].contains(&name),
        // By these words SQLite keeps text in a column, whatever was put into it.
        Dialect::Sqlite => ["char", "text", "clob"].iter().any(|w| declared.contains(w)) && !declared.contains("int"),
        Dialect::Mysql | Dialect::Generic => name.contains("char") || name.ends_with("text"),
        Dialect::Bare => false,
    };
    if known {
        // A cast goes through a code page; through which one, the column's collation tells.
        let coded = dialect == Dialect::Tsql && matches!(name, "char" | "varchar");
        let lossy = coded && column.collation.is_none() && !t.is_ascii();
        // No server keeps a NUL in a text, or takes one in a parameter.
        return match () {
            () if t.contains('\0') => Fitted::Nobody,
            () if lossy => Fitted::Unfit,
            () => Fitted::Value(value.clone()),
        };
    }
    if matches!(name, "uuid" | "uniqueidentifier") {
        let dashes = [8, 13, 18, 23];
        let digit = |(i, b): (usize, u8)| if dashes.contains(&i) { b == b'-' } else { b.is_ascii_hexdigit() };
        let sound = t.len() == 36 && t.bytes().enumerate().all(digit);
        return if sound { Fitted::Value(value.clone()) } else { Fitted::Nobody };
    }
    Fitted::Unfit
}

fn integer(dialect: Dialect, name: &str, side: Side, value: &Value<'static>) -> Fitted {
    let whole = match value {
        Value::Integer(i) => Some(*i),
        Value::Decimal(d) => match d.to_i64() {
            Some(i) => Some(i),
            None if side == Side::Equal => return Fitted::Nobody,
            None => Some(nearest(*d)),
        },
        Value::Text(t) => match t.parse() {
            Ok(i) => Some(i),
            Err(_) => return Fitted::Nobody,
        },
        _ => None,
    };
    let Some(whole) = whole else { return Fitted::Unfit };
    let (least, most) = match (dialect, name) {
        (Dialect::Tsql, "tinyint") => (0, 255),
        (Dialect::Tsql | Dialect::Postgres | Dialect::Generic, "smallint" | "smallserial") => {
            (i64::from(i16::MIN), i64::from(i16::MAX))
        }
        (Dialect::Tsql | Dialect::Postgres | Dialect::Generic, "int" | "integer" | "serial") => {
            (i64::from(i32::MIN), i64::from(i32::MAX))
        }
        _ => (i64::MIN, i64::MAX),
    };
    match side {
        Side::Equal if whole < least || whole > most => Fitted::Nobody,
        _ => Fitted::Value(Value::Integer(whole.clamp(least, most))),
    }
}

/// Rounded to a whole number of 64 bits; the nearest there is.
fn nearest(d: Decimal) -> i64 {
    d.round(0).to_i64().unwrap_or(if d.is_negative() { i64::MIN } else { i64::MAX })
}

fn decimal(dialect: Dialect, name: &str, server_type: &str, side: Side, value: &Value<'static>) -> Fitted {
    let d = match value {
        Value::Decimal(d) => *d,
        Value::Integer(i) => match Decimal::new(i128::from(*i), 0) {
            Ok(d) => d,
            Err(_) => return Fitted::Unfit,
        },
        Value::Text(t) => match t.parse() {
            Ok(d) => d,
            Err(_) => return Fitted::Nobody,
        },
        _ => return Fitted::Unfit,
    };
    let (most, scale) = match (name, digits(server_type)) {
        ("money" | "smallmoney", _) if dialect != Dialect::Tsql => return Fitted::Unfit,
        ("money", _) => (Decimal::new(9_223_372_036_854_775_807, 4), 4),
        ("smallmoney", _) => (Decimal::new(2_147_483_647, 4), 4),
        (_, Some((precision, scale))) => (Decimal::new(10_i128.pow(u32::from(precision)) - 1, scale), scale),
        // Without a limit, as PostgreSQL's numeric.
        _ => return Fitted::Value(Value::Decimal(d)),
    };
    let Ok(most) = most else { return Fitted::Unfit };
    let Ok(least) = Decimal::new(-most.coefficient(), most.scale()) else { return Fitted::Unfit };
    let fitted = d.round(scale);
    let fitted = match () {
        () if above(fitted, most) => most,
        () if above(least, fitted) => least,
        () => fitted,
    };
    match side {
        Side::Equal if fitted.normalised() != d.normalised() => Fitted::Nobody,
        _ => Fitted::Value(Value::Decimal(fitted)),
    }
}

/// Whether a number is above another. One that has no room for as many digits after the point is the larger one.
fn above(a: Decimal, b: Decimal) -> bool {
    let scale = a.scale().max(b.scale());
    match (a.with_scale(scale), b.with_scale(scale)) {
        (Ok(a), Ok(b)) => a.coefficient() > b.coefficient(),
        (Err(_), _) => !a.is_negative(),
        (_, Err(_)) => b.is_negative(),
    }
}

/// Precision and scale of `decimal(12,2)`.
fn digits(server_type: &str) -> Option<(u8, u8)> {
    let inner = server_type.split_once('(')?.1.split_once(')')?.0;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (precision <= 38 && scale <= precision).then_some((precision, scale))
}

fn day(value: &Value<'static>) -> Fitted {
    let day: Option<Date> = match value {
        Value::Date(d) => Some(*d),
        Value::Text(t) => match t.parse() {
            Ok(d) => Some(d),
            Err(_) => return Fitted::Nobody,
        },
        _ => None,
    };
    // No server knows a year 0.
    day.map_or(Fitted::Unfit, |d| Fitted::Value(Value::Date(d.max(date(1, 1, 1)))))
}

fn moment(dialect: Dialect, name: &str, value: &Value<'static>) -> Fitted {
    let moment: Option<DateTime> = match value {
        Value::DateTime(t) => Some(*t),
        Value::Text(t) => match t.parse() {
            Ok(t) => Some(t),
            Err(_) => return Fitted::Nobody,
        },
        _ => None,
    };
    let (least, most) = match name {
        _ if dialect != Dialect::Tsql => (date(1, 1, 1).at(0, 0, 0, 0), DateTime::MAX),
        "datetime" => (date(1753, 1, 1).at(0, 0, 0, 0), date(9999, 12, 31).at(23, 59, 59, 997_000_000)),
        "smalldatetime" => (date(1900, 1, 1).at(0, 0, 0, 0), date(2079, 6, 6).at(23, 59, 0, 0)),
        _ => (date(1, 1, 1).at(0, 0, 0, 0), DateTime::MAX),
    };
    // As exact as the server's own times, which are then left as they are: datetime counts three-hundredths of a second,
    // so that the nearest to its milliseconds is itself.
    let unit = match (dialect, name) {
        (Dialect::Tsql, "datetime" | "smalldatetime") => 1_000_000,
        (Dialect::Tsql, _) => 100,
        _ => 1_000,
    };
    let whole = |t: DateTime| {
        let nanos = t.subsec_nanosecond();
        t.with().subsec_nanosecond(nanos - nanos % unit).build().unwrap_or(t)
    };
    moment.map_or(Fitted::Unfit, |t| Fitted::Value(Value::DateTime(whole(t.clamp(least, most)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(ty: Type, server_type: &str) -> ColumnInfo {
        ColumnInfo {
            name: "c".into(),
            ty,
            server_type: server_type.into(),
            nullable: true,
            collation: None,
            rowversion: false,
            read_as: None,
        }
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        (any::<i64>(), 0_u8..12).prop_map(|(c, s)| Decimal::new(i128::from(c), s).unwrap())
    }

    proptest! {
        /// The rule of this module, for decimals: whatever a decimal(9,2) holds and a person asks for.
        #[test]
        fn a_fitted_bound_leaves_nothing_out(held in -999_999_999_i64..=999_999_999, asked in any_decimal()) {
            let money = column(Type::Decimal { precision: 9, scale: 2 }, "decimal(9,2)");
            let held = Decimal::new(i128::from(held), 2).unwrap();
            let Fitted::Value(Value::Decimal(bound)) =
                fit(Dialect::Tsql, &money, Side::Bound, &Value::Decimal(asked)) else { panic!() };
            prop_assert!(bound.fits(9, 2), "the server's cast would fail: {bound}");
            prop_assert!(above(asked, held) || !above(bound, held), "{held} >= {asked}, but not {bound}");
            prop_assert!(above(held, asked) || !above(held, bound), "{held} <= {asked}, but not {bound}");
            let same = fit(Dialect::Tsql, &money, Side::Equal, &Value::Decimal(held));
            prop_assert_eq!(same, Fitted::Value(Value::Decimal(held)));
        }

        #[test]
        fn whole_numbers_are_kept_within_the_column(held in any::<i16>(), asked in any_decimal(), n in any::<i64>()) {
            let small = column(Type::Integer, "smallint");
            let held_d = Decimal::new(i128::from(held), 0).unwrap();
            for value in [Value::Decimal(asked), Value::Integer(n)] {
                let asked = match &value {
                    Value::Decimal(d) => *d,
                    _ => Decimal::new(i128::from(n), 0).unwrap(),
                };
                let Fitted::Value(Value::Integer(bound)) = fit(Dialect::Postgres, &small, Side::Bound, &value) else { panic!() };
                prop_assert!(i16::try_from(bound).is_ok());
                prop_assert!(above(asked, held_d) || i64::from(held) >= bound);
                prop_assert!(above(held_d, asked) || i64::from(held) <= bound);
                match fit(Dialect::Postgres, &small, Side::Equal, &value) {
                    Fitted::Value(Value::Integer(i)) => prop_assert!(i16::try_from(i).is_ok()),
                    other => prop_assert!(other == Fitted::Nobody && asked.normalised() != held_d.normalised()),
                }
            }
        }

        #[test]
        fn times_stay_within_what_a_datetime_holds(seconds in -60_000_000_000_i64..250_000_000_000, held in 0_i64..200_000_000_000) {
            let old = column(Type::DateTime, "datetime");
            let at = |s: i64| date(1970, 1, 1).at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_secs(s)).unwrap();
            let Fitted::Value(Value::DateTime(bound)) =
                fit(Dialect::Tsql, &old, Side::Bound, &Value::DateTime(at(seconds))) else { panic!() };
            prop_assert!(bound.year() >= 1753);
            prop_assert!(at(held) < at(seconds) || at(held) >= bound);
            prop_assert!(at(held) > at(seconds) || at(held) <= bound);
        }
    }

    #[test]
    fn what_could_miss_a_record_is_not_searched_by() {
        let unfit = |dialect, ty, server: &str, side, v: Value<'static>| {
            assert_eq!(fit(dialect, &column(ty, server), side, &v), Fitted::Unfit, "{server}");
        };
        let decimal = Type::Decimal { precision: 12, scale: 2 };
        unfit(Dialect::Sqlite, decimal, "decimal(12,2)", Side::Equal, Value::Integer(1));
        unfit(Dialect::Sqlite, Type::Text, "", Side::Equal, Value::text("x"));
        unfit(Dialect::Tsql, Type::Text, "varchar(9)", Side::Bound, Value::text("x"));
        unfit(Dialect::Tsql, Type::Text, "text", Side::Equal, Value::text("x"));
        unfit(Dialect::Tsql, Type::Text, "varchar(9)", Side::Equal, Value::text("Ж"));
        unfit(Dialect::Tsql, Type::Float, "float", Side::Bound, Value::Integer(1));
        unfit(Dialect::Bare, Type::Integer, "int", Side::Equal, Value::Integer(1));
        unfit(Dialect::Postgres, Type::Text, "user-defined", Side::Equal, Value::text("x"));
        let coded = ColumnInfo { collation: Some("Cyrillic_General_CI_AS".into()), ..column(Type::Text, "varchar(9)") };
        assert_eq!(fit(Dialect::Tsql, &coded, Side::Equal, &Value::text("Ж")), Fitted::Value(Value::text("Ж")));
    }

    #[test]
    fn times_are_as_exact_as_the_column() {
        let at = |text: &str| Value::DateTime(text.parse().unwrap());
        let bound =
            |server: &str, text: &str| fit(Dialect::Tsql, &column(Type::DateTime, server), Side::Bound, &at(text));
        for (server, asked, told) in [
            ("datetime2(7)", "2026-01-01T10:00:00.123456789", "2026-01-01T10:00:00.1234567"),
            ("datetime", "2026-01-01T10:00:00.006666666", "2026-01-01T10:00:00.006"),
            ("datetime", "9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.997"),
            ("smalldatetime", "1066-10-14T09:00:00", "1900-01-01T00:00:00"),
        ] {
            assert_eq!(bound(server, asked), Fitted::Value(at(told)), "{server}");
        }
        // The same word is another type elsewhere.
        let early = at("1066-10-14T09:00:00.000001");
        let told = fit(Dialect::Mysql, &column(Type::DateTime, "datetime(6)"), Side::Bound, &early);
        assert_eq!(told, Fitted::Value(early));
    }

    #[test]
    fn what_no_column_can_hold_finds_nobody() {
        let nobody = |ty, server: &str, v: Value<'static>| {
            assert_eq!(fit(Dialect::Postgres, &column(ty, server), Side::Equal, &v), Fitted::Nobody, "{server}");
        };
        nobody(Type::Integer, "integer", Value::text("12a"));
        nobody(Type::Integer, "integer", Value::Integer(i64::MAX));
        nobody(Type::Text, "uuid", Value::text("no uuid"));
        nobody(Type::Text, "text", Value::text("a\0b"));
        nobody(Type::Date, "date", Value::text("tomorrow"));
        nobody(Type::Decimal { precision: 4, scale: 1 }, "numeric(4,1)", Value::Decimal("1.25".parse().unwrap()));
    }
}
