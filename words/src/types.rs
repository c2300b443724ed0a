//! The types a column or a canonical field may have (DESIGN section 5, Types).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A type. `Missing` and null are not types: every type admits them until a field says `required`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Unicode text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// An exact decimal. `precision` counts all digits (at most 38), `scale` those after the point.
    Decimal {
        /// All digits, at most 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Binary floating point, shown as the shortest decimal at its width.
    Float,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A date and time without a zone. The facade shows it with its dataset's declared zone.
    DateTime,
    /// A point on the time line.
    Instant,
    /// Bytes, shown in base 64.
    Bytes,
    /// One of the listed words.
    Enum(Vec<String>),
    /// The canonical id of an instance of the named entity.
    Ref(String),
    /// Several values of one type.
    List(Box<Type>),
    /// Named values.
    Object(Vec<(String, Type)>),
    /// Not known (a source without a schema). Converts to nothing without a formula that says how.
    Any,
}

impl Type {
    /// The word used in configuration, documents and messages.
    pub fn word(&self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Integer => "integer",
            Type::Decimal { .. } => "decimal",
            Type::Float => "float",
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Time => "time",
            Type::DateTime => "datetime",
            Type::Instant => "instant",
            Type::Bytes => "bytes",
            Type::Enum(_) => "enum",
            Type::Ref(_) => "ref",
            Type::List(_) => "list",
            Type::Object(_) => "object",
            Type::Any => "any",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Type::List(of) => write!(f, "list of {of}"),
            Type::Ref(to) => write!(f, "ref to {to}"),
            other => f.write_str(other.word()),
        }
    }
}
