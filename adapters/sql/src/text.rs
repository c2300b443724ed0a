//! Statements as texts: quoting, paging, casts.
//!
//! Invariant: names are quoted as the dialect does, values are parameters, and what is compared with a column is cast to
//! that column's own type, so that an index seek stays a seek. The server alone orders and compares; its last key is only
//! handed back to it. Every text made here passes the guard before it leaves ([`Text::checked`]).
//! Not here: which statement is sent when (`feed`, `lookup`).

use crate::guard::{self, Checked};
use crate::{ColumnInfo, Dialect, Param, Statement, TableName};
use banyan_adapter::Fault;
use banyan_words::Value;

/// Where a parameter stands until the text is finished.
const MARK: char = '\u{1}';
/// Where the changes of a table stand, which the parser does not know how to read.
const CHANGES: char = '\u{2}';

/// What is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// A table or view.
    Table(TableName),
    /// A query that the guard passed.
    Query(Checked),
}

/// A text being written.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    dialect: Dialect,
    sql: String,
    params: Vec<Param>,
    /// SQL Server's `CHANGETABLE(…)`, where [`CHANGES`] stands.
    changes: String,
    /// A part of it is vouched for by its owner: the guard cannot read it.
    vouched: bool,
}

/// A column to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Its name.
    pub name: String,
    /// Its type as the server spells it, where that is known.
    pub server_type: Option<String>,
    /// SQL Server: the collation whose code page a text must be cast in, which need not be the database's.
    pub collation: Option<String>,
}

/// A column of a select list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Its name.
    pub name: String,
    /// See [`ColumnInfo::read_as`].
    pub read_as: Option<String>,
}

impl Chosen {
    /// One that the server described.
    pub(crate) fn of(column: &ColumnInfo) -> Chosen {
        Chosen { name: column.name.clone(), read_as: column.read_as.clone() }
    }

    /// As it stands in a select list. A cast gets no name: ORDER BY would take it for the column, and sort instead of
    /// following the index. Answers are read by position.
    pub(crate) fn written(&self, dialect: Dialect, before: &str) -> String {
        let name = quoted(dialect, &self.name);
        match &self.read_as {
            Some(by) if by.contains('$') => by.replace('$', &format!("{before}{name}")),
            Some(ty) => format!("CAST({before}{name} AS {ty})"),
            None => format!("{before}{name}"),
        }
    }
}

impl From<&str> for Chosen {
    fn from(name: &str) -> Chosen {
        Chosen { name: name.to_owned(), read_as: None }
    }
}

/// A name as the dialect quotes it.
pub fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Tsql => format!("[{}]", name.replace(']', "]]")),
        Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        // mdbtools reads quoted names; a plain one is left plain for drivers that read nothing else.
        Dialect::Bare if plain(name) => name.to_owned(),
        Dialect::Postgres | Dialect::Sqlite | Dialect::Generic | Dialect::Bare => {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    }
}

fn plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A table's name as the dialect quotes it.
pub(crate) fn quoted_table(dialect: Dialect, table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", quoted(dialect, schema), quoted(dialect, &table.name)),
        None => quoted(dialect, &table.name),
    }
}

impl Text {
    /// `SELECT columns FROM …`, at most `limit` rows where the dialect can say so. No columns: all.
    pub(crate) fn select(dialect: Dialect, columns: &[Chosen], from: &ReadFrom, limit: Option<usize>) -> Text {
        let mut text =
            Text { dialect, sql: "SELECT ".into(), params: Vec::new(), changes: String::new(), vouched: false };
        if let (Dialect::Tsql, Some(limit)) = (dialect, limit) {
            text.push(&format!("TOP ({limit}) "));
        }
        let names: Vec<String> = columns.iter().map(|c| c.written(dialect, "")).collect();
        text.push(if names.is_empty() { "*".into() } else { names.join(", ") }.as_str());
        text.push(" FROM ");
        match from {
            ReadFrom::Table(table) => text.push(&quoted_table(dialect, table)),
            // No AS: Oracle knows none before the name of a table.
            ReadFrom::Query(query) => text.push(&format!("({}) banyan_q", query.text())),
        };
        text
    }

    /// A query as it is.
    pub(crate) fn verbatim(dialect: Dialect, query: &Checked) -> Text {
        let vouched = query.is_vouched();
        Text { dialect, sql: query.text().to_owned(), params: Vec::new(), changes: String::new(), vouched }
    }

    /// A text of this crate's own.
    pub(crate) fn own(dialect: Dialect, sql: &str) -> Text {
        Text { dialect, sql: sql.to_owned(), params: Vec::new(), changes: String::new(), vouched: false }
    }

    /// The guard does not read it.
    pub(crate) fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// Adds SQL.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Text {
        self.sql.push_str(sql);
        self
    }

    /// Adds a parameter, cast to the column's type.
    pub(crate) fn param(&mut self, value: Value<'static>, column: &Compared) -> &mut Text {
        match column.server_type.as_deref().and_then(|t| cast_type(self.dialect, t)) {
            Some(ty) => {
                let collation = column.collation.as_deref().filter(|c| plain(c) && ty.contains("char"));
                let collate = collation.map(|c| format!(" COLLATE {c}")).unwrap_or_default();
                self.sql.push_str(&format!("CAST({MARK}{collate} AS {ty})"));
            }
            None => self.sql.push(MARK),
        }
        self.params.push(Param { value, server_type: column.server_type.clone() });
        self
    }

    /// `CHANGETABLE(CHANGES table, from)`.
    pub(crate) fn changes(&mut self, table: &TableName, from: Value<'static>) -> &mut Text {
        self.sql.push(CHANGES);
        self.changes = format!("CHANGETABLE(CHANGES {}, {MARK})", quoted_table(self.dialect, table));
        self.params.push(Param { value: from, server_type: Some("bigint".into()) });
        self
    }

    /// `column op value`.
    pub(crate) fn compare(&mut self, column: &Compared, op: &str, value: Value<'static>) -> &mut Text {
        let name = quoted(self.dialect, &column.name);
        self.push(&name).push(" ").push(op).push(" ").param(value, column)
    }

    /// Rows whose key comes after `last`.
    pub(crate) fn after(&mut self, key: &[Compared], last: &[Value<'static>]) -> &mut Text {
        let rows = matches!(self.dialect, Dialect::Postgres | Dialect::Sqlite);
        match (key, last) {
            ([only], [value]) => self.compare(only, ">", value.clone()),
            _ if rows => {
                let names: Vec<String> = key.iter().map(|k| quoted(self.dialect, &k.name)).collect();
                self.push(&format!("({}) > (", names.join(", ")));
                for (i, (column, value)) in key.iter().zip(last).enumerate() {
                    self.push(if i > 0 { ", " } else { "" }).param(value.clone(), column);
                }
                self.push(")")
            }
            ([first, ..], [value, ..]) => {
                // The first comparison alone is what an index is sought by.
                self.compare(first, ">=", value.clone()).push(" AND (");
                self.expanded(key, last);
                self.push(")")
            }
            _ => self.push("1 = 0"),
        }
    }

    /// `a > x OR (a = x AND (b > y OR …))`.
    fn expanded(&mut self, key: &[Compared], last: &[Value<'static>]) {
        let (Some((column, key)), Some((value, last))) = (key.split_first(), last.split_first()) else { return };
        self.compare(column, ">", value.clone());
        if !key.is_empty() {
            self.push(" OR (").compare(column, "=", value.clone()).push(" AND (");
            self.expanded(key, last);
            self.push("))");
        }
    }

    /// Rows with one of those keys.
    pub(crate) fn keys(&mut self, key: &[Compared], keys: &[Vec<Value<'static>>]) -> &mut Text {
        if let [only] = key {
            let name = quoted(self.dialect, &only.name);
            self.push(&name).push(" IN (");
            for (i, value) in keys.iter().filter_map(|k| k.first()).enumerate() {
                self.push(if i > 0 { ", " } else { "" }).param(value.clone(), only);
            }
            return self.push(")");
        }
        for (i, values) in keys.iter().enumerate() {
            self.push(if i > 0 { " OR (" } else { "(" });
            for (j, (column, value)) in key.iter().zip(values).enumerate() {
                self.push(if j > 0 { " AND " } else { "" }).compare(column, "=", value.clone());
            }
            self.push(")");
        }
        self
    }

    /// `ORDER BY columns`.
    pub(crate) fn order_by(&mut self, columns: &[Compared]) -> &mut Text {
        let names: Vec<String> = columns.iter().map(|c| quoted(self.dialect, &c.name)).collect();
        self.push(" ORDER BY ").push(&names.join(", "))
    }

    /// `LIMIT`, where the dialect has it at the end.
    pub(crate) fn limit(&mut self, limit: usize) -> &mut Text {
        match self.dialect {
            Dialect::Postgres | Dialect::Mysql | Dialect::Sqlite => self.push(&format!(" LIMIT {limit}")),
            Dialect::Tsql | Dialect::Bare | Dialect::Generic => self,
        }
    }

    /// The statement, once the guard has passed it.
    pub(crate) fn checked(self) -> Result<Statement, Fault> {
        if !self.vouched {
            // PostgreSQL's own grammar has no `?`, and no grammar has CHANGETABLE.
            let read = self.sql.replace(CHANGES, "[banyan_changes]");
            let read = self.placed(&read, |dialect, no| match dialect {
                Dialect::Postgres => format!("${no}"),
                _ => place(dialect, no),
            });
            guard::check(&read, self.dialect).map_err(|refused| {
                let message = format!("a statement is not sent: {}; {}: {read}", refused.message, refused.hint);
                Fault::permanent("unsafe-sql", message)
            })?;
        }
        let sql = self.placed(&self.sql.replace(CHANGES, &self.changes), place);
        Ok(Statement { sql, params: self.params })
    }

    fn placed(&self, sql: &str, place: impl Fn(Dialect, usize) -> String) -> String {
        let mut out = String::with_capacity(sql.len() + 8);
        for (no, part) in sql.split(MARK).enumerate() {
            if no > 0 {
                out.push_str(&place(self.dialect, no));
            }
            out.push_str(part);
        }
        out
    }
}

fn place(dialect: Dialect, no: usize) -> String {
    match dialect {
        Dialect::Tsql => format!("@P{no}"),
        _ => "?".into(),
    }
}

/// What a parameter is cast to; `None` where the server does well without.
fn cast_type(dialect: Dialect, server_type: &str) -> Option<String> {
    let ty = server_type.trim().to_lowercase();
    let ty = ty.strip_suffix(" identity").unwrap_or(&ty).trim();
    let (name, length) = match ty.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest)),
        None => (ty, None),
    };
    let sound = ty.starts_with(|c: char| c.is_ascii_alphabetic())
        && ty.bytes().all(|b| b.is_ascii_alphanumeric() || b" _(),".contains(&b));
    if !sound {
        return None;
    }
    match dialect {
        // Literals of these take the column's type and collation by themselves; a cast would fix another one.
        Dialect::Sqlite | Dialect::Mysql | Dialect::Bare => None,
        Dialect::Tsql => match (name, length) {
            ("rowversion" | "timestamp", _) => Some("binary(8)".into()),
            ("text" | "ntext" | "image" | "xml" | "sql_variant" | "geography" | "geometry" | "hierarchyid", _) => None,
            // Without a length SQL Server takes 30, and cuts off.
            ("char" | "varchar" | "binary" | "varbinary", None) => Some(format!("{name}(8000)")),
            ("nchar" | "nvarchar", None) => Some(format!("{name}(4000)")),
            ("sysname", _) => Some("nvarchar(128)".into()),
            ("decimal" | "numeric", None) => None,
            _ => Some(ty.to_owned()),
        },
        Dialect::Postgres => match (name, length) {
            ("character" | "char" | "bpchar", None) => Some("bpchar".into()),
            ("user-defined" | "array" | "json" | "xml", _) => None,
            _ => Some(ty.to_owned()),
        },
        Dialect::Generic => {
            let whole = ["integer", "int", "bigint", "smallint", "date", "double precision"];
            (length.is_some() || whole.contains(&name)).then(|| ty.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, ty: &str) -> Compared {
        Compared { name: name.into(), server_type: (!ty.is_empty()).then(|| ty.into()), collation: None }
    }

    fn table(schema: Option<&str>, name: &str) -> ReadFrom {
        ReadFrom::Table(TableName { schema: schema.map(str::to_owned), name: name.into() })
    }

    #[test]
    fn odd_names_are_quoted_and_still_pass_the_guard() {
        let from = table(Some("select"), "ORDER] \"NO` x.y");
        for (dialect, sql) in [
            (Dialect::Tsql, r#"SELECT [a b], [c]]d] FROM [select].[ORDER]] "NO` x.y]"#),
            (Dialect::Postgres, r#"SELECT "a b", "c]d" FROM "select"."ORDER] ""NO` x.y""#),
            (Dialect::Mysql, r#"SELECT `a b`, `c]d` FROM `select`.`ORDER] "NO`` x.y`"#),
        ] {
            let text = Text::select(dialect, &["a b".into(), "c]d".into()], &from, None);
            assert_eq!(text.checked().unwrap().sql, sql);
        }
    }

    #[test]
    fn keyset_conditions_seek_and_casts_are_those_of_the_columns() {
        let key = [column("a", "varchar(12)"), column("b", "timestamp(6) without time zone")];
        let last = [Value::text("x"), Value::Integer(2)];
        let made = |dialect| {
            let mut text = Text::select(dialect, &["a".into()], &table(None, "t"), Some(10));
            text.push(" WHERE ").after(&key, &last).order_by(&key).limit(10);
            text.checked().unwrap()
        };
        assert_eq!(
            made(Dialect::Postgres).sql,
            "SELECT \"a\" FROM \"t\" WHERE (\"a\", \"b\") > (CAST(? AS varchar(12)), \
             CAST(? AS timestamp(6) without time zone)) ORDER BY \"a\", \"b\" LIMIT 10"
        );
        assert_eq!(
            made(Dialect::Mysql).sql,
            "SELECT `a` FROM `t` WHERE `a` >= ? AND (`a` > ? OR (`a` = ? AND (`b` > ?))) ORDER BY `a`, `b` LIMIT 10"
        );
        let key = [column("a", "varchar(12)"), column("rv", "timestamp")];
        let mut text = Text::select(Dialect::Tsql, &["a".into()], &table(None, "t"), Some(10));
        text.push(" WHERE ").after(&key, &last).order_by(&key);
        let made = text.checked().unwrap();
        assert!(made.sql.starts_with("SELECT TOP (10) [a] FROM [t] WHERE [a] >= CAST(@P1 AS varchar(12)) AND ("));
        assert!(made.sql.contains("[rv] > CAST(@P4 AS binary(8))"), "{}", made.sql);
        assert_eq!(made.params.len(), 4);
    }

    #[test]
    fn casts_stand_in_the_select_list_and_nowhere_else() {
        let mut key = column("k", "varchar(12)");
        key.collation = Some("SQL_Latin1_General_CP850_BIN".into());
        let money = Chosen { name: "m".into(), read_as: Some("decimal(19,4)".into()) };
        let by = Chosen { name: "v".into(), read_as: Some("CASE WHEN $ IS NULL THEN 1 ELSE $ END".into()) };
        assert_eq!(by.written(Dialect::Tsql, "t."), "CASE WHEN t.[v] IS NULL THEN 1 ELSE t.[v] END");
        let text = Chosen { name: "k".into(), read_as: Some("nvarchar(12)".into()) };
        let mut page = Text::select(Dialect::Tsql, &[text, money], &table(None, "t"), Some(2));
        page.push(" WHERE ").after(std::slice::from_ref(&key), &[Value::text("x")]).order_by(&[key]);
        assert_eq!(
            page.checked().unwrap().sql,
            "SELECT TOP (2) CAST([k] AS nvarchar(12)), CAST([m] AS decimal(19,4)) FROM [t] \
             WHERE [k] > CAST(@P1 COLLATE SQL_Latin1_General_CP850_BIN AS varchar(12)) ORDER BY [k]"
        );
    }

    #[test]
    fn several_keys_and_changes() {
        let key = [column("a", "int identity"), column("b", "char(3)")];
        let keys = vec![vec![Value::Integer(1), Value::text("x")], vec![Value::Integer(2), Value::text("y")]];
        let mut text = Text::select(Dialect::Tsql, &[], &table(None, "t"), None);
        text.push(" WHERE ").keys(&key, &keys);
        assert_eq!(
            text.checked().unwrap().sql,
            "SELECT * FROM [t] WHERE ([a] = CAST(@P1 AS int) AND [b] = CAST(@P2 AS char(3))) \
             OR ([a] = CAST(@P3 AS int) AND [b] = CAST(@P4 AS char(3)))"
        );
        let mut text = Text::own(Dialect::Tsql, "SELECT c.[a] FROM ");
        let name = TableName { schema: Some("dbo".into()), name: "t".into() };
        text.changes(&name, Value::Integer(5)).push(" AS c");
        assert_eq!(text.checked().unwrap().sql, "SELECT c.[a] FROM CHANGETABLE(CHANGES [dbo].[t], @P1) AS c");
    }

    #[test]
    fn a_text_that_writes_is_not_sent() {
        let mut text = Text::select(Dialect::Sqlite, &[], &table(None, "t"), None);
        text.push("; DELETE FROM t");
        assert_eq!(text.checked().unwrap_err().code, "unsafe-sql");
    }

    #[test]
    fn types_that_would_cut_off_are_not_cast_to() {
        assert_eq!(cast_type(Dialect::Tsql, "varchar").as_deref(), Some("varchar(8000)"));
        assert_eq!(cast_type(Dialect::Tsql, "decimal"), None);
        assert_eq!(cast_type(Dialect::Tsql, "int); DROP TABLE t"), None);
        assert_eq!(cast_type(Dialect::Postgres, "character").as_deref(), Some("bpchar"));
        assert_eq!(cast_type(Dialect::Mysql, "varchar(5)"), None);
        assert_eq!(cast_type(Dialect::Generic, "VARCHAR(5)").as_deref(), Some("varchar(5)"));
    }
}
