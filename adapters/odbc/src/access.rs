//! Whether a login may write, as far as the server tells.
//!
//! Invariant: what is not known to be harmless counts as writing. Not here: what is done about it (`banyan-sql`).

use crate::link::OdbcLink;
use banyan_adapter::{Call, Fault};
use banyan_sql::{Access, Dialect, Link};

/// The login's rights.
pub(crate) fn of(link: &mut OdbcLink, call: &Call) -> Result<Access, Fault> {
    match link.dialect() {
        Dialect::Postgres => first(link, POSTGRES, call),
        Dialect::Tsql => first(link, TSQL, call),
        Dialect::Mysql => {
            let grants = link.rows("SHOW GRANTS", call)?;
            let lines = grants.iter().filter_map(|r| r.first().cloned().flatten());
            Ok(lines.filter_map(|line| writes(&line)).next().map_or(Access::ReadOnly, Access::MayWrite))
        }
        // Proved when the session began: `query_only`.
        Dialect::Sqlite => Ok(Access::ReadOnly),
        // The driver knows SELECT and nothing else.
        Dialect::Bare => Ok(Access::ReadOnly),
        Dialect::Generic if link.says_read_only() => Ok(Access::ReadOnly),
        Dialect::Generic => {
            let message = format!("{} has no catalog of rights that Banyan knows", link.server());
            Ok(Access::Unknown(message))
        }
    }
}

/// A question whose answer is what grants writing, if anything does.
fn first(link: &mut OdbcLink, sql: &str, call: &Call) -> Result<Access, Fault> {
    let rows = link.rows(sql, call)?;
    let what = rows.into_iter().next().and_then(|r| r.into_iter().next().flatten());
    Ok(what.map_or(Access::ReadOnly, Access::MayWrite))
}

const POSTGRES: &str = "SELECT what FROM (\
    SELECT 1 AS n, 'is a superuser' AS what FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper \
    UNION ALL SELECT 2, 'may CREATE in database ' || current_database() \
      WHERE has_database_privilege(current_database(), 'CREATE') \
    UNION ALL (SELECT 3, 'may write to ' || n.nspname || '.' || c.relname \
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
      WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
      AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') \
        OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')) ORDER BY 2 LIMIT 1) \
    UNION ALL (SELECT 4, 'may CREATE in schema ' || nspname FROM pg_catalog.pg_namespace \
      WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE') \
      ORDER BY 2 LIMIT 1)) AS rights ORDER BY n LIMIT 1";

const TSQL: &str = "SELECT TOP 1 what FROM (\
    SELECT 1 AS n, 'is a member of sysadmin' AS what WHERE IS_SRVROLEMEMBER('sysadmin') = 1 \
    UNION ALL SELECT 2, 'is a member of db_owner' WHERE IS_MEMBER('db_owner') = 1 \
    UNION ALL SELECT 3, 'is a member of db_datawriter' WHERE IS_MEMBER('db_datawriter') = 1 \
    UNION ALL SELECT 4, 'is a member of db_ddladmin' WHERE IS_MEMBER('db_ddladmin') = 1 \
    UNION ALL SELECT 5, 'may ' + permission_name + ' in the database' FROM fn_my_permissions(NULL, 'DATABASE') \
      WHERE permission_name IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'CONTROL', 'EXECUTE', 'CREATE TABLE') \
    UNION ALL SELECT 6, 'may write to ' + SCHEMA_NAME(schema_id) + '.' + name FROM sys.objects WHERE type IN ('U', 'V') \
      AND (HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME(schema_id)) + '.' + QUOTENAME(name), 'OBJECT', 'INSERT') = 1 \
        OR HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME(schema_id)) + '.' + QUOTENAME(name), 'OBJECT', 'UPDATE') = 1 \
        OR HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME(schema_id)) + '.' + QUOTENAME(name), 'OBJECT', 'DELETE') = 1)\
    ) AS rights ORDER BY n";

/// Rights of MySQL and MariaDB that change nothing.
const HARMLESS: [&str; 9] = [
    "SELECT",
    "USAGE",
    "SHOW VIEW",
    "SHOW DATABASES",
    "PROCESS",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
];

/// What a line of `SHOW GRANTS` allows beyond reading.
fn writes(line: &str) -> Option<String> {
    let granted = line.strip_prefix("GRANT ")?;
    let Some((rights, on)) = granted.split_once(" ON ") else {
        // `GRANT role TO user`: an active role's own rights have lines of their own.
        return None;
    };
    let on = on.split(" TO ").next().unwrap_or_default();
    let mut depth = 0_i32;
    let rights = rights.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    for right in rights {
        let word = right.split('(').next().unwrap_or_default().trim();
        if !HARMLESS.contains(&word) {
            return Some(format!("may {word} on {on}"));
        }
    }
    line.ends_with("WITH GRANT OPTION").then(|| format!("may grant rights on {on}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_right_by_right() {
        assert_eq!(writes("GRANT SELECT, SHOW VIEW ON `erp`.* TO `r`@`%`"), None);
        assert_eq!(writes("GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*1'"), None);
        assert_eq!(writes("GRANT SELECT (`id`, `insert`) ON `erp`.`t` TO `r`@`%`"), None);
        let may = writes("GRANT SELECT (`id`, `b`), UPDATE (`b`) ON `erp`.`t` TO `r`@`%`");
        assert_eq!(may.as_deref(), Some("may UPDATE on `erp`.`t`"));
        let may = writes("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`");
        assert_eq!(may.as_deref(), Some("may ALL PRIVILEGES on *.*"));
        assert!(writes("GRANT SELECT ON `erp`.* TO `r`@`%` WITH GRANT OPTION").is_some());
        assert!(writes("GRANT EXECUTE ON PROCEDURE `erp`.`p` TO `r`@`%`").is_some(), "a procedure may do anything");
    }
}
