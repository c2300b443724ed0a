//! Tables, columns, keys and indexes, from the server's catalog.
//!
//! Only views that every login may read are asked (`sys.partitions` for row counts, not the one that needs VIEW DATABASE
//! STATE). What the login may not see is not there.

use crate::link::MssqlLink;
use crate::types;
use banyan_adapter::{Call, Fault};
use banyan_sql::{ColumnInfo, IndexInfo, ReferenceInfo, TableInfo, TableName};
use std::borrow::Cow;
use tiberius::{ColumnData, Row};

const TABLES: &str = "SELECT s.name, o.name, CAST(CASE o.type WHEN 'V' THEN 1 ELSE 0 END AS int), \
    (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)), \
    CAST(CASE WHEN t.object_id IS NULL THEN 0 ELSE 1 END AS int) \
    FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
    LEFT JOIN sys.change_tracking_tables AS t ON t.object_id = o.object_id \
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0";

const COLUMNS: &str = "SELECT c.name, COALESCE(b.name, t.name), CAST(c.max_length AS int), CAST(c.precision AS int), \
    CAST(c.scale AS int), CAST(c.is_nullable AS int), c.collation_name \
    FROM sys.columns AS c JOIN sys.types AS t ON t.user_type_id = c.user_type_id \
    LEFT JOIN sys.types AS b ON b.user_type_id = c.system_type_id \
    WHERE c.object_id = OBJECT_ID(@P1) ORDER BY c.column_id";

const INDEXES: &str = "SELECT i.name, CAST(i.is_unique AS int), c.name, CAST(c.is_nullable AS int), \
    CAST(i.is_primary_key AS int) FROM sys.indexes AS i \
    JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id \
    JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id \
    WHERE i.object_id = OBJECT_ID(@P1) AND i.type IN (1, 2) AND x.key_ordinal > 0 AND i.is_disabled = 0 \
    AND i.is_hypothetical = 0 AND i.has_filter = 0 ORDER BY i.is_primary_key DESC, i.index_id, x.key_ordinal";

const REFERENCES: &str = "SELECT f.name, c.name, s.name, o.name, r.name FROM sys.foreign_keys AS f \
    JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id \
    JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id \
    JOIN sys.columns AS r ON r.object_id = k.referenced_object_id AND r.column_id = k.referenced_column_id \
    JOIN sys.objects AS o ON o.object_id = f.referenced_object_id \
    JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
    WHERE f.parent_object_id = OBJECT_ID(@P1) ORDER BY f.name, k.constraint_column_id";

fn text(row: &Row, i: usize) -> Option<String> {
    row.try_get::<&str, _>(i).ok().flatten().map(str::to_owned)
}

fn number(row: &Row, i: usize) -> i64 {
    let wide = row.try_get::<i64, _>(i).ok().flatten();
    wide.or_else(|| row.try_get::<i32, _>(i).ok().flatten().map(i64::from)).unwrap_or(0)
}

fn info(row: &Row) -> Option<TableInfo> {
    let rows = row.try_get::<i64, _>(3).ok().flatten().and_then(|n| u64::try_from(n).ok());
    Some(TableInfo {
        name: TableName { schema: text(row, 0), name: text(row, 1)? },
        view: number(row, 2) == 1,
        columns: Vec::new(),
        key: Vec::new(),
        indexes: Vec::new(),
        rows,
        change_tracking: number(row, 4) == 1,
    })
}

/// All tables and views that the login may see.
pub(crate) fn tables(link: &mut MssqlLink, call: &Call) -> Result<Vec<TableInfo>, Fault> {
    let rows = link.all(&format!("{TABLES} ORDER BY s.name, o.name"), Vec::new(), call)?;
    Ok(rows.iter().filter_map(info).collect())
}

/// `[schema].[name]`, whatever the names hold.
fn quoted(table: &TableName) -> String {
    let one = |name: &str| format!("[{}]", name.replace(']', "]]"));
    match &table.schema {
        Some(schema) => format!("{}.{}", one(schema), one(&table.name)),
        None => one(&table.name),
    }
}

/// One of them, with columns, key and indexes.
pub(crate) fn table(link: &mut MssqlLink, table: &TableName, call: &Call) -> Result<Option<TableInfo>, Fault> {
    let name = || vec![ColumnData::String(Some(Cow::Owned(quoted(table))))];
    let rows = link.all(&format!("{TABLES} AND o.object_id = OBJECT_ID(@P1)"), name(), call)?;
    let Some(mut info) = rows.first().and_then(info) else { return Ok(None) };
    info.columns = link.all(COLUMNS, name(), call)?.iter().filter_map(column).collect();
    let mut key_holds_null = Vec::new();
    for row in link.all(INDEXES, name(), call)? {
        let (Some(index), Some(column)) = (text(&row, 0), text(&row, 2)) else { continue };
        if info.indexes.last().is_none_or(|last| last.name != index) {
            info.indexes.push(IndexInfo { name: index, columns: Vec::new(), unique: number(&row, 1) == 1 });
            key_holds_null.push(false);
        }
        if let (Some(last), Some(null)) = (info.indexes.last_mut(), key_holds_null.last_mut()) {
            last.columns.push(column);
            *null |= number(&row, 3) == 1;
        }
    }
    // The primary key comes first; a unique index without nulls serves as well.
    let key = info.indexes.iter().zip(&key_holds_null).find(|(index, null)| index.unique && !**null);
    info.key = key.map(|(index, _)| index.columns.clone()).unwrap_or_default();
    Ok(Some(info))
}

/// A table's foreign keys.
pub(crate) fn references(link: &mut MssqlLink, table: &TableName, call: &Call) -> Result<Vec<ReferenceInfo>, Fault> {
    let name = vec![ColumnData::String(Some(Cow::Owned(quoted(table))))];
    let rows = link.all(REFERENCES, name, call)?;
    let rows: Vec<Vec<Option<String>>> = rows.iter().map(|r| (0..5).map(|i| text(r, i)).collect()).collect();
    Ok(ReferenceInfo::of_rows(&rows))
}

fn column(row: &Row) -> Option<ColumnInfo> {
    let base = text(row, 1)?;
    let server_type = types::spelled(&base, number(row, 2), number(row, 3), number(row, 4));
    let collation = text(row, 6);
    let read_as = types::read_as(&server_type, collation.as_deref());
    // What an expression gives is of the column's own type.
    let arrives = read_as.as_deref().filter(|by| !by.contains('$'));
    Some(ColumnInfo {
        name: text(row, 0)?,
        ty: types::type_of(arrives.unwrap_or(&server_type)),
        nullable: number(row, 5) == 1,
        collation,
        rowversion: base == "timestamp",
        read_as,
        server_type,
    })
}
