//! The record over which the reference page's examples are evaluated.

use banyan_words::{Type, Value};

/// Its lookup, as the file stands.
pub(crate) const CATEGORY: &str = "CTYPE,REGION,category\nT,UK,trade\nT,*,export\nR,*,retail\n";

pub(crate) fn cells() -> Vec<(&'static str, Type, Value<'static>)> {
    let decimal = |t: &str| t.parse().map_or(Value::Null, Value::Decimal);
    let stamp = jiff::civil::DateTime::constant(2026, 3, 29, 1, 30, 0, 0);
    vec![
        ("NAME1", Type::Text, Value::text("HARBOUR  SUPPLIES   ")),
        ("EMAIL", Type::Text, Value::text("")),
        ("CTYPE", Type::Text, Value::text("T")),
        ("REGION", Type::Text, Value::text("UK")),
        ("CRLIM", Type::Text, Value::text("1250000")),
        ("OPENDT", Type::Text, Value::text("1190401")),
        ("LINES", Type::Text, Value::text("one\r\ntwo")),
        ("QTY", Type::Integer, Value::Integer(7)),
        ("PRICE", Type::Decimal { precision: 10, scale: 2 }, decimal("12.50")),
        ("STAMP", Type::DateTime, Value::DateTime(stamp)),
        ("TAGS", Type::List(Box::new(Type::Text)), Value::List(vec![Value::text("new"), Value::text("red")])),
        ("SHIPTO", Type::Any, Value::Object(vec![("city".into(), Value::text("Hull"))])),
        (
            "DOC",
            Type::Text,
            Value::text("<Store id=\"7\"><Phone>555-1</Phone><Phone>555-2</Phone><Sales>1500.00</Sales></Store>"),
        ),
        ("NOTHING", Type::Text, Value::Null),
        ("GONE", Type::Text, Value::Missing),
    ]
}

/// Name, type and value of each column.
pub(crate) fn rows() -> impl Iterator<Item = (&'static str, String, String)> {
    cells().into_iter().map(|(name, ty, v)| (name, ty.to_string(), super::outcome::show(&v)))
}
