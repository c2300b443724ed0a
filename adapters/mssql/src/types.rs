//! The server's types, as ours.

use banyan_words::Type;
use tiberius::ColumnType;

/// What values of a column become, by the type's name as the server spells it (`decimal(18,4)`, `nvarchar(max)`).
pub fn type_of(server_type: &str) -> Type {
    let lower = server_type.trim().to_ascii_lowercase();
    let (base, args) = match lower.split_once('(') {
        Some((base, rest)) => (base.trim_end(), rest.trim_end_matches(')')),
        None => (lower.as_str(), ""),
    };
    match base {
        "bit" => Type::Boolean,
        "tinyint" | "smallint" | "int" | "bigint" => Type::Integer,
        "decimal" | "numeric" => {
            let mut parts = args.split(',').map(|a| a.trim().parse::<u8>().ok());
            let precision = parts.next().flatten().unwrap_or(18).clamp(1, 38);
            Type::Decimal { precision, scale: parts.next().flatten().unwrap_or(0).min(precision) }
        }
        "money" => Type::Decimal { precision: 19, scale: 4 },
        "smallmoney" => Type::Decimal { precision: 10, scale: 4 },
        "float" | "real" => Type::Float,
        "date" => Type::Date,
        "time" => Type::Time,
        "datetime" | "datetime2" | "smalldatetime" => Type::DateTime,
        "datetimeoffset" => Type::Instant,
        "char" | "nchar" | "varchar" | "nvarchar" | "text" | "ntext" | "xml" | "uniqueidentifier" | "sysname" => {
            Type::Text
        }
        "binary" | "varbinary" | "image" | "timestamp" | "rowversion" | "hierarchyid" | "geography" | "geometry" => {
            Type::Bytes
        }
        _ => Type::Any,
    }
}

/// What is read of a `sql_variant` (`$`): each value in its own type, but for those that do not arrive as they are, see
/// [`read_as`]. Text that is longer than a variant's Unicode text can be stays in its own code page.
const VARIANT: &str = "CAST(CASE \
    WHEN CAST(SQL_VARIANT_PROPERTY($, 'BaseType') AS nvarchar(128)) IN (N'money', N'smallmoney') \
    THEN CAST(CAST($ AS decimal(19,4)) AS sql_variant) \
    WHEN CAST(SQL_VARIANT_PROPERTY($, 'BaseType') AS nvarchar(128)) IN (N'char', N'varchar') AND DATALENGTH($) <= 4000 \
    THEN CAST(CAST($ AS nvarchar(4000)) AS sql_variant) ELSE $ END AS sql_variant)";

/// The type by which a SELECT should read a column that the wire, or the protocol library, does not carry exactly as it
/// is: `CAST([x] AS …)`; or an expression, in which `$` stands for the column. `None` for one that is read as it is.
///
/// Money arrives as a float, also in a `sql_variant`, which has another type in every row; text in code page 437 or 850, and in a UTF-8
/// collation, cannot be decoded here, but the server itself knows how to make `nvarchar` of it.
pub fn read_as(server_type: &str, collation: Option<&str>) -> Option<String> {
    let lower = server_type.trim().to_ascii_lowercase();
    let (base, args) =
        lower.split_once('(').map_or((lower.as_str(), ""), |(b, a)| (b.trim_end(), a.trim_end_matches(')')));
    match base {
        "money" => Some("decimal(19,4)".to_owned()),
        "smallmoney" => Some("decimal(10,4)".to_owned()),
        "sql_variant" => Some(VARIANT.to_owned()),
        "text" if !readable(collation) => Some("nvarchar(max)".to_owned()),
        "char" | "varchar" if !readable(collation) => match args.trim().parse::<u32>() {
            Ok(n) if n <= 4000 => Some(format!("nvarchar({n})")),
            _ => Some("nvarchar(max)".to_owned()),
        },
        _ => None,
    }
}

/// Whether text of that collation is decoded rightly.
pub(crate) fn readable(collation: Option<&str>) -> bool {
    collation.is_none_or(|name| {
        let name = name.to_ascii_uppercase();
        !(name.contains("_CP437_") || name.contains("_CP850_") || name.ends_with("_UTF8"))
    })
}

/// What values of an answer's column become, by what the wire tells of it. The wire tells no scale of decimals to us.
pub(crate) fn of_wire(ty: ColumnType) -> Type {
    match ty {
        ColumnType::Bit | ColumnType::Bitn => Type::Boolean,
        ColumnType::Int1 | ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Intn => Type::Integer,
        ColumnType::Float4 | ColumnType::Float8 | ColumnType::Floatn => Type::Float,
        ColumnType::Money => Type::Decimal { precision: 19, scale: 4 },
        ColumnType::Money4 => Type::Decimal { precision: 10, scale: 4 },
        ColumnType::Datetime | ColumnType::Datetime4 | ColumnType::Datetimen | ColumnType::Datetime2 => Type::DateTime,
        ColumnType::Daten => Type::Date,
        ColumnType::Timen => Type::Time,
        ColumnType::DatetimeOffsetn => Type::Instant,
        ColumnType::Guid
        | ColumnType::BigVarChar
        | ColumnType::BigChar
        | ColumnType::NVarchar
        | ColumnType::NChar
        | ColumnType::Xml
        | ColumnType::Text
        | ColumnType::NText => Type::Text,
        ColumnType::BigVarBin | ColumnType::BigBinary | ColumnType::Udt | ColumnType::Image => Type::Bytes,
        _ => Type::Any,
    }
}

/// A type's full name from the catalog's numbers (`max_length` in bytes, -1 for max).
pub(crate) fn spelled(base: &str, max_length: i64, precision: i64, scale: i64) -> String {
    let length = |unit: i64| if max_length < 0 { "max".to_owned() } else { (max_length / unit).to_string() };
    match base {
        "char" | "varchar" | "binary" | "varbinary" => format!("{base}({})", length(1)),
        "nchar" | "nvarchar" => format!("{base}({})", length(2)),
        "decimal" | "numeric" => format!("{base}({precision},{scale})"),
        "datetime2" | "time" | "datetimeoffset" => format!("{base}({scale})"),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_types() {
        assert_eq!(type_of("DECIMAL(38, 10)"), Type::Decimal { precision: 38, scale: 10 });
        assert_eq!(type_of("numeric"), Type::Decimal { precision: 18, scale: 0 });
        assert_eq!(type_of("nvarchar(max)"), Type::Text);
        assert_eq!(type_of("datetimeoffset(7)"), Type::Instant);
        assert_eq!(type_of("sql_variant"), Type::Any);
        assert_eq!(type_of("decimal(999,99)"), Type::Decimal { precision: 18, scale: 18 });
    }

    #[test]
    fn what_the_wire_does_not_carry_is_cast_by_the_server() {
        let cp437 = Some("SQL_Latin1_General_CP437_CI_AS");
        assert_eq!(read_as("money", None).as_deref(), Some("decimal(19,4)"));
        assert_eq!(read_as("varchar(20)", cp437).as_deref(), Some("nvarchar(20)"));
        assert_eq!(read_as("varchar(8000)", cp437).as_deref(), Some("nvarchar(max)"));
        assert_eq!(read_as("char(3)", Some("Latin1_General_100_CI_AS_SC_UTF8")).as_deref(), Some("nvarchar(3)"));
        assert_eq!(read_as("varchar(20)", Some("SQL_Latin1_General_CP1_CI_AS")), None);
        assert_eq!(read_as("nvarchar(20)", cp437), None);
    }

    #[test]
    fn lengths_are_spelled_in_characters() {
        assert_eq!(spelled("nvarchar", 24, 0, 0), "nvarchar(12)");
        assert_eq!(spelled("varchar", -1, 0, 0), "varchar(max)");
        assert_eq!(spelled("decimal", 17, 38, 10), "decimal(38,10)");
        assert_eq!(spelled("datetime2", 8, 27, 7), "datetime2(7)");
        assert_eq!(spelled("int", 4, 10, 0), "int");
    }
}
