//! What a session begins with: it cannot write, waits for no lock for long, and shows instants in UTC.
//!
//! Invariant: where the server can promise read-only, a session without that promise is not used.
//! Not here: whether the login may write all the same (`access`).

use banyan_sql::Dialect;

/// A statement of the session's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    /// The statement.
    pub(crate) sql: String,
    /// Without it the connection is not used; others only make it gentler, and old servers do not know them all.
    pub(crate) needed: bool,
}

/// How patient a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Milliseconds a statement may take; 0: no limit.
    pub(crate) statement_ms: u64,
    /// Milliseconds to wait for a lock.
    pub(crate) lock_ms: u64,
}

/// The SQL a product speaks, by the name its driver gives (`SQL_DBMS_NAME`).
pub(crate) fn dialect(product: &str, driver: &str) -> Dialect {
    let product = product.to_ascii_lowercase();
    let driver = driver.to_ascii_lowercase();
    let is = |name: &str| product.contains(name);
    if driver.contains("mdbodbc") || is("mdbtools") {
        Dialect::Bare
    } else if is("postgres") || is("redshift") || is("greenplum") || is("cockroach") {
        Dialect::Postgres
    } else if is("mysql") || is("mariadb") {
        Dialect::Mysql
    } else if is("sqlite") {
        Dialect::Sqlite
    } else if is("sql server") || is("sybase") || is("adaptive server") {
        Dialect::Tsql
    } else {
        Dialect::Generic
    }
}

/// What a session of that server begins with.
pub(crate) fn begin(dialect: Dialect, product: &str, version: &str, patience: Patience) -> Vec<Set> {
    let Patience { statement_ms, lock_ms } = patience;
    let needed = |sql: &str| Set { sql: sql.to_owned(), needed: true };
    let gentle = |sql: String| Set { sql, needed: false };
    match dialect {
        Dialect::Postgres => vec![
            needed("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
            // Points on the time line come without their zone: this makes it known.
            needed("SET TIME ZONE 'UTC'"),
            gentle(format!("SET statement_timeout = {statement_ms}")),
            gentle(format!("SET lock_timeout = {lock_ms}")),
        ],
        Dialect::Mysql => {
            let maria =
                product.to_ascii_lowercase().contains("maria") || version.to_ascii_lowercase().contains("maria");
            let lock = lock_ms.div_ceil(1000).max(1);
            let mut sets = vec![
                needed("SET SESSION TRANSACTION READ ONLY"),
                needed("SET SESSION time_zone = '+00:00'"),
                // A server may be set up to cut answers off, without a word.
                needed("SET SESSION sql_select_limit = 18446744073709551615"),
                gentle(format!("SET SESSION lock_wait_timeout = {lock}")),
                gentle(format!("SET SESSION innodb_lock_wait_timeout = {lock}")),
            ];
            // Which of the two it is, some drivers do not tell; the other's word is an error that does no harm.
            sets.push(gentle(format!("SET SESSION max_statement_time = {}", statement_ms as f64 / 1000.0)));
            if !maria {
                sets.push(gentle(format!("SET SESSION max_execution_time = {statement_ms}")));
            }
            sets
        }
        Dialect::Tsql => vec![
            gentle(format!("SET LOCK_TIMEOUT {lock_ms}")),
            gentle("SET DEADLOCK_PRIORITY LOW".to_owned()),
            // What FreeTDS, or the server, may have been told to cut off: long values, and rows.
            gentle("SET TEXTSIZE 2147483647".to_owned()),
            gentle("SET ROWCOUNT 0".to_owned()),
            // An INSERT that slipped through would stay open and be rolled back with the connection.
            gentle("SET IMPLICIT_TRANSACTIONS OFF".to_owned()),
        ],
        Dialect::Sqlite => vec![needed("PRAGMA query_only = ON")],
        Dialect::Bare | Dialect::Generic => Vec::new(),
    }
}

/// A question whose answer's first cell proves that the session cannot write, and that answer.
pub(crate) fn proof(dialect: Dialect) -> Option<(&'static str, &'static str)> {
    match dialect {
        Dialect::Postgres => Some(("SHOW default_transaction_read_only", "on")),
        Dialect::Sqlite => Some(("PRAGMA query_only", "1")),
        // MariaDB calls it tx_read_only, MySQL transaction_read_only; both understand this.
        Dialect::Mysql => {
            Some(("SHOW VARIABLES WHERE Variable_name IN ('tx_read_only', 'transaction_read_only')", "ON"))
        }
        _ => None,
    }
}

/// What begins a transaction that reads one state of the database, where a server can promise that and nobody waits for it.
pub(crate) fn one_state(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"],
        Dialect::Mysql => &[
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ],
        // With a write-ahead log only: else readers keep writers out for as long as they read.
        Dialect::Sqlite => &["BEGIN"],
        Dialect::Tsql | Dialect::Bare | Dialect::Generic => &[],
    }
}

/// What is added to a connection string so that the driver reads exactly, without holding whole answers in memory.
/// The user's own words come first, and drivers heed the first.
pub(crate) fn options(dialect: Dialect, lock_ms: u64) -> String {
    match dialect {
        Dialect::Postgres => "UseDeclareFetch=1;Fetch=1000;BoolsAsChar=0;TextAsLongVarchar=1;\
                              UnknownsAsLongVarchar=1;ByteaAsLongVarBinary=1;LFConversion=0;"
            .to_owned(),
        // NO_CACHE and FORWARDONLY: rows are read as they come.
        Dialect::Mysql => "OPTION=3145728;CHARSET=utf8mb4;".to_owned(),
        // NoCreat: a misspelt path is an error and not a new, empty database. StepAPI: rows are read as they come.
        Dialect::Sqlite => format!("NoCreat=1;StepAPI=1;BigInt=1;NoWCHAR=1;FKSupport=0;LoadExt=;Timeout={lock_ms};"),
        Dialect::Tsql | Dialect::Bare | Dialect::Generic => String::new(),
    }
}

/// What a connection string tells of its driver, before any connection.
pub(crate) fn guess(connection: &str) -> Option<Dialect> {
    let text = connection.to_ascii_lowercase();
    let driver = text.split(';').find_map(|part| part.trim_start().strip_prefix("driver"))?;
    let is = |name: &str| driver.contains(name);
    if is("mdb") {
        Some(Dialect::Bare)
    } else if is("postgres") || is("psqlodbc") {
        Some(Dialect::Postgres)
    } else if is("maria") || is("mysql") || is("maodbc") || is("myodbc") {
        Some(Dialect::Mysql)
    } else if is("sqlite") {
        Some(Dialect::Sqlite)
    } else if is("tds") || is("sql server") {
        Some(Dialect::Tsql)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_by_their_names() {
        assert_eq!(dialect("PostgreSQL", "psqlodbcw.so"), Dialect::Postgres);
        assert_eq!(dialect("MariaDB", "libmaodbc.so"), Dialect::Mysql);
        assert_eq!(dialect("Microsoft SQL Server", "libtdsodbc.so"), Dialect::Tsql);
        assert_eq!(dialect("SQLite", "sqlite3odbc.so"), Dialect::Sqlite);
        assert_eq!(dialect("Oracle", "sqora.so"), Dialect::Generic);
        assert_eq!(guess("DSN=erp;Database=postgres"), None, "only the driver tells");
        assert_eq!(guess("Driver={PostgreSQL Unicode};Server=x"), Some(Dialect::Postgres));
    }

    #[test]
    fn who_can_promise_read_only_is_asked_to_prove_it() {
        let patience = Patience { statement_ms: 1500, lock_ms: 10 };
        for d in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
            assert!(begin(d, "", "", patience).iter().any(|s| s.needed), "{d:?}");
            assert!(proof(d).is_some(), "{d:?}");
        }
    }
}
