//! Tables, columns, keys and indexes, from the server's own catalog or the driver's catalog functions.
//!
//! Invariant: a column's type here is the one its answer will have, since it is found by opening an answer without rows.
//! What a driver does not tell is left out, never guessed. Not here: what is made of it (`banyan-sql`).

use crate::link::{OdbcLink, Rows};
use crate::wire::Catalog;
use banyan_adapter::{Call, Fault};
use banyan_sql::{ColumnInfo, Dialect, IndexInfo, Link, ReferenceInfo, TableInfo, TableName};
use banyan_words::{Column, Type};

/// Tables and views, without those of the system.
pub(crate) fn tables(link: &mut OdbcLink, call: &Call) -> Result<Vec<TableInfo>, Fault> {
    let rows = match link.dialect() {
        Dialect::Postgres => link.rows(POSTGRES_TABLES, call)?,
        Dialect::Mysql => link.rows(MYSQL_TABLES, call)?,
        _ => {
            let any = TableName { schema: None, name: "%".into() };
            let rows = link.catalog(Catalog::Tables, &any, call)?;
            // catalog, schema, name, type
            rows.into_iter().map(|r| vec![cell(&r, 1), cell(&r, 2), cell(&r, 3)]).collect()
        }
    };
    let mut tables: Vec<TableInfo> = rows.iter().filter_map(|r| listed(r)).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables.dedup_by(|a, b| a.name == b.name);
    Ok(tables)
}

fn listed(row: &[Option<String>]) -> Option<TableInfo> {
    let kind = cell(row, 2)?.to_ascii_uppercase();
    if !["TABLE", "VIEW", "BASE TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW"].contains(&kind.as_str()) {
        return None;
    }
    let schema = cell(row, 0).filter(|s| !s.is_empty());
    if schema.as_deref().is_some_and(|s| ["sys", "INFORMATION_SCHEMA", "information_schema"].contains(&s)) {
        return None;
    }
    let rows = cell(row, 3).and_then(|n| n.parse::<f64>().ok()).filter(|n| *n >= 0.0).map(|n| n as u64);
    Some(TableInfo {
        name: TableName { schema, name: cell(row, 1)? },
        view: kind.ends_with("VIEW"),
        columns: Vec::new(),
        key: Vec::new(),
        indexes: Vec::new(),
        rows,
        change_tracking: false,
    })
}

/// A table with all that is known of it.
pub(crate) fn table(link: &mut OdbcLink, name: &TableName, call: &Call) -> Result<Option<TableInfo>, Fault> {
    let listed = |link: &OdbcLink| link.listed.iter().find(|t| same(&t.name, name)).cloned();
    // Whoever looks at all tables, one by one, has them listed once. One that is gone since then is listed again.
    if let Some(info) = listed(link) {
        match described(link, info, call) {
            // Drivers say that in many ways.
            Err(_) if link.usable() && !call.is_over() => {}
            other => return other.map(Some),
        }
    }
    link.listed = tables(link, call)?;
    let Some(info) = listed(link) else { return Ok(None) };
    described(link, info, call).map(Some)
}

fn described(link: &mut OdbcLink, mut info: TableInfo, call: &Call) -> Result<TableInfo, Fault> {
    let found = info.name.clone();
    let dialect = link.dialect();
    // Opened and given up: no row is read.
    let nothing = if dialect == Dialect::Bare { "" } else { " WHERE 1 = 0" };
    let sql = format!("SELECT * FROM {}{nothing}", place(dialect, &found));
    let columns = link.columns_of(sql, call)?;
    match dialect {
        Dialect::Postgres => {
            let told = link.rows(&of(POSTGRES_COLUMNS, &found), call)?;
            info.columns = describe(columns, &told);
            info.indexes = indexes(&link.rows(&of(POSTGRES_INDEXES, &found), call)?, &mut info.key);
        }
        Dialect::Mysql => {
            let told = link.rows(&of(MYSQL_COLUMNS, &found), call)?;
            info.columns = describe(columns, &told);
            info.indexes = indexes(&link.rows(&of(MYSQL_INDEXES, &found), call)?, &mut info.key);
        }
        _ => by_functions(link, &mut info, columns, call)?,
    }
    if info.key.is_empty() {
        let whole = |i: &&IndexInfo| i.unique && i.columns.iter().all(|c| !nullable(&info.columns, c));
        info.key = info.indexes.iter().find(whole).map(|i| i.columns.clone()).unwrap_or_default();
    }
    Ok(info)
}

/// By `SQLColumns`, `SQLPrimaryKeys` and `SQLStatistics`, of which a driver may know none.
fn by_functions(link: &mut OdbcLink, info: &mut TableInfo, columns: Vec<Column>, call: &Call) -> Result<(), Fault> {
    let name = info.name.clone();
    let (bare, sqlite) = (link.dialect() == Dialect::Bare, link.dialect() == Dialect::Sqlite);
    let mut told = |what: Catalog| match link.catalog(what, &name, call) {
        Err(_) if link.usable() => Ok(Rows::new()),
        other => other,
    };
    let this = |r: &Vec<Option<String>>| cell(r, 2).is_none_or(|t| t == name.name);
    let described: Rows = told(Catalog::Columns)?.into_iter().filter(this).map(|r| by_column(&r)).collect();
    info.columns = describe(columns, &described);
    if sqlite {
        // Its driver tells the digits of a decimal in the catalog only. A catalog that no longer knows the decimal speaks
        // of another table: this one was changed or renamed since its columns were read a moment ago.
        let mut decimals = info.columns.iter_mut().filter(|c| matches!(c.ty, Type::Decimal { .. }));
        if !decimals.all(declared_digits) {
            let message = format!("{} was changed while it was looked at; it is looked at again", name.name);
            return Err(Fault::transient("odbc-failed", message));
        }
    }
    if bare {
        // mdbtools says of every column that it is never null, and of none that is true.
        info.columns.iter_mut().for_each(|c| c.nullable = true);
    }
    let mut keys: Rows = told(Catalog::Keys)?.into_iter().filter(this).collect();
    keys.sort_by_key(|r| number(r, 4));
    info.key = keys.iter().filter_map(|r| cell(r, 3)).collect();
    let statistics: Rows = told(Catalog::Indexes)?.into_iter().filter(this).collect();
    for row in &statistics {
        if number(row, 6) == Some(0) {
            info.rows = number(row, 10).and_then(|n| u64::try_from(n).ok());
        }
    }
    let mut of_indexes: Rows = statistics
        .into_iter()
        .filter(|r| number(r, 6) != Some(0) && cell(r, 5).is_some())
        .map(|r| {
            let unique = if number(&r, 3) == Some(0) { "1" } else { "0" };
            vec![cell(&r, 5), cell(&r, 8), Some(unique.into()), Some("0".into()), cell(&r, 7)]
        })
        .collect();
    of_indexes.sort_by(|a, b| (&a[0], number(a, 4)).cmp(&(&b[0], number(b, 4))));
    info.indexes = indexes(&of_indexes, &mut Vec::new());
    Ok(())
}

/// A table's foreign keys.
pub(crate) fn references(
    link: &mut OdbcLink,
    name: &TableName,
    call: &Call,
) -> Result<Option<Vec<ReferenceInfo>>, Fault> {
    let rows = match link.dialect() {
        Dialect::Postgres => link.rows(&of(POSTGRES_REFERENCES, name), call)?,
        Dialect::Mysql => link.rows(&of(MYSQL_REFERENCES, name), call)?,
        _ => match link.catalog(Catalog::References, name, call) {
            Err(_) if link.usable() => return Ok(None),
            Err(fault) => return Err(fault),
            Ok(rows) => by_foreign_keys(rows, name),
        },
    };
    Ok(Some(ReferenceInfo::of_rows(&rows)))
}

/// Rows of `SQLForeignKeys` that are of that table, in order. Where keys have no names, a new one begins with the first
/// column of each.
fn by_foreign_keys(rows: Rows, name: &TableName) -> Rows {
    let mut keys: Vec<Rows> = Vec::new();
    for row in rows.into_iter().filter(|r| cell(r, 6).is_none_or(|t| t == name.name)) {
        match keys.last_mut().filter(|_| number(&row, 8) != Some(1)) {
            Some(key) => key.push(row),
            None => keys.push(vec![row]),
        }
    }
    let mut out = Rows::new();
    for (i, key) in keys.into_iter().enumerate() {
        for row in key {
            // Names need not differ, or be there at all.
            let told = format!("{i} {}", cell(&row, 11).unwrap_or_default());
            out.push(vec![Some(told), cell(&row, 7), cell(&row, 1), cell(&row, 2), cell(&row, 3)]);
        }
    }
    out
}

/// Takes the type of a `DECIMAL(9,2)` as it was declared; SQLite does not hold its values to that. False if it is not
/// declared as a decimal.
fn declared_digits(column: &mut ColumnInfo) -> bool {
    let word = column.server_type.to_ascii_lowercase();
    if !["decimal", "numeric"].iter().any(|w| word.starts_with(w)) {
        return false;
    }
    let inner = word.strip_suffix(')').and_then(|w| w.split_once('(')).map_or("", |(_, inner)| inner);
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    if let (Ok(precision), Ok(scale)) = (precision.trim().parse::<u8>(), scale.trim().parse::<u8>())
        && (1..=banyan_words::decimal::MAX_DIGITS).contains(&precision)
        && scale <= precision
    {
        column.ty = Type::Decimal { precision, scale };
    }
    true
}

/// Name, type, nullable and collation from a row of `SQLColumns`.
fn by_column(row: &[Option<String>]) -> Vec<Option<String>> {
    let mut word = cell(row, 5).unwrap_or_default();
    let (size, digits) = (number(row, 6).unwrap_or(0), number(row, 8).unwrap_or(0));
    let lower = word.to_ascii_lowercase();
    if !word.contains('(') && size > 0 {
        if ["char", "nchar", "varchar", "nvarchar", "binary", "varbinary"].contains(&lower.as_str()) {
            word += &format!("({size})");
        } else if ["decimal", "numeric"].contains(&lower.as_str()) {
            word += &format!("({size},{digits})");
        }
    }
    let nullable = if number(row, 10) == Some(0) { "0" } else { "1" };
    vec![cell(row, 3), Some(word), Some(nullable.into()), None]
}

/// The answer's columns with what the catalog says of them: name, type, nullable, collation.
fn describe(columns: Vec<Column>, described: &[Vec<Option<String>>]) -> Vec<ColumnInfo> {
    let of = |name: &str| described.iter().find(|r| cell(r, 0).as_deref() == Some(name));
    columns
        .into_iter()
        .map(|c| {
            let row = of(&c.name).map(Vec::as_slice).unwrap_or_default();
            let server_type = cell(row, 1).unwrap_or_default();
            ColumnInfo {
                nullable: cell(row, 2).as_deref() != Some("0"),
                collation: cell(row, 3),
                rowversion: ["timestamp", "rowversion"].contains(&server_type.as_str())
                    && c.ty == banyan_words::Type::Bytes,
                read_as: None,
                server_type,
                name: c.name,
                ty: c.ty,
            }
        })
        .collect()
}

/// Indexes from rows of name, column, unique, primary, ordered; the primary one's columns are the key.
fn indexes(rows: &[Vec<Option<String>>], key: &mut Vec<String>) -> Vec<IndexInfo> {
    let mut found: Vec<IndexInfo> = Vec::new();
    for row in rows {
        let Some(name) = cell(row, 0) else { continue };
        // An expression has no column: what is behind it is not found by a column's value.
        let Some(column) = cell(row, 1) else { continue };
        if number(row, 3) == Some(1) && !key.contains(&column) {
            key.push(column.clone());
        }
        match found.last_mut().filter(|i| i.name == name) {
            Some(index) => index.columns.push(column),
            None => found.push(IndexInfo { name, columns: vec![column], unique: number(row, 2) == Some(1) }),
        }
    }
    found
}

fn nullable(columns: &[ColumnInfo], name: &str) -> bool {
    columns.iter().find(|c| c.name == name).is_none_or(|c| c.nullable)
}

fn cell(row: &[Option<String>], i: usize) -> Option<String> {
    row.get(i).cloned().flatten()
}

fn number(row: &[Option<String>], i: usize) -> Option<i64> {
    row.get(i)?.as_deref()?.trim().parse().ok()
}

fn same(found: &TableName, asked: &TableName) -> bool {
    found.name == asked.name
        && match (&found.schema, &asked.schema) {
            (Some(f), Some(a)) => f == a,
            (Some(f), None) => ["public", "dbo"].contains(&f.as_str()),
            (None, _) => true,
        }
}

/// The name as it stands in a statement.
fn place(dialect: Dialect, name: &TableName) -> String {
    let quote = |part: &str| match dialect {
        Dialect::Mysql => format!("`{}`", part.replace('`', "``")),
        Dialect::Tsql => format!("[{}]", part.replace(']', "]]")),
        _ => format!("\"{}\"", part.replace('"', "\"\"")),
    };
    match &name.schema {
        Some(schema) if dialect != Dialect::Mysql => format!("{}.{}", quote(schema), quote(&name.name)),
        _ => quote(&name.name),
    }
}

/// A question about one table.
fn of(question: &str, name: &TableName) -> String {
    // In hexadecimal for MySQL, whose strings have escapes that depend on a mode.
    let mysql = question.contains("DATABASE()");
    let text = |t: &str| match mysql {
        true => format!("CONVERT(X'{}' USING utf8mb4)", banyan_words::value::hex(t.as_bytes())),
        false => format!("'{}'", t.replace('\'', "''")),
    };
    let schema = name.schema.as_deref().unwrap_or("public");
    question.replace("$SCHEMA", &text(schema)).replace("$TABLE", &text(&name.name))
}

const POSTGRES_TABLES: &str = "SELECT n.nspname, c.relname, CASE WHEN c.relkind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END, \
    CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'p', 'm') THEN c.reltuples::float8 END \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')";

const POSTGRES_COLUMNS: &str = "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
    CASE WHEN a.attnotnull THEN '0' ELSE '1' END, \
    CASE WHEN a.attcollation <> 0 THEN (SELECT o.collname FROM pg_catalog.pg_collation o WHERE o.oid = a.attcollation) END \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $SCHEMA AND c.relname = $TABLE AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const POSTGRES_INDEXES: &str = "SELECT i.relname, a.attname, CASE WHEN x.indisunique AND x.indpred IS NULL THEN 1 ELSE 0 END, \
    CASE WHEN x.indisprimary THEN 1 ELSE 0 END \
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid \
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL generate_series(0, x.indnkeyatts - 1) AS k(n) \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[k.n] \
    WHERE n.nspname = $SCHEMA AND c.relname = $TABLE AND x.indisvalid AND x.indexprs IS NULL \
    ORDER BY x.indisprimary DESC, i.relname, k.n";

const POSTGRES_REFERENCES: &str = "SELECT o.conname, a.attname, m.nspname, d.relname, b.attname \
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_class c ON c.oid = o.conrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class d ON d.oid = o.confrelid \
    JOIN pg_catalog.pg_namespace m ON m.oid = d.relnamespace \
    CROSS JOIN LATERAL generate_series(1, array_length(o.conkey, 1)) AS k(n) \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.conkey[k.n] \
    JOIN pg_catalog.pg_attribute b ON b.attrelid = d.oid AND b.attnum = o.confkey[k.n] \
    WHERE o.contype = 'f' AND n.nspname = $SCHEMA AND c.relname = $TABLE ORDER BY o.conname, k.n";

const MYSQL_REFERENCES: &str = "SELECT constraint_name, column_name, NULL, referenced_table_name, referenced_column_name \
    FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND table_name = $TABLE \
    AND referenced_table_schema = DATABASE() ORDER BY constraint_name, ordinal_position";

const MYSQL_TABLES: &str = "SELECT NULL, table_name, table_type, table_rows FROM information_schema.tables \
    WHERE table_schema = DATABASE()";

const MYSQL_COLUMNS: &str = "SELECT column_name, column_type, CASE is_nullable WHEN 'NO' THEN '0' ELSE '1' END, collation_name \
    FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = $TABLE ORDER BY ordinal_position";

const MYSQL_INDEXES: &str = "SELECT index_name, column_name, CASE non_unique WHEN 0 THEN 1 ELSE 0 END, \
    CASE index_name WHEN 'PRIMARY' THEN 1 ELSE 0 END FROM information_schema.statistics \
    WHERE table_schema = DATABASE() AND table_name = $TABLE ORDER BY index_name, seq_in_index";
