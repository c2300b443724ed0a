//! Whether the login may write.
//!
//! Roles and rights on the database are asked at every connection. Rights on single tables cost the server a question for
//! each table; a login that had none is not asked for them again for ten minutes.

use crate::link::MssqlLink;
use banyan_adapter::{Call, Fault};
use banyan_sql::Access;

/// What each column of [`ASK`] means for a person.
const GRANTS: [&str; 9] = [
    "is sysadmin of the server",
    "is a member of db_owner",
    "is a member of db_datawriter",
    "is a member of db_ddladmin",
    "has CONTROL of the database",
    "may ALTER the database",
    "may INSERT into any table of the database",
    "may UPDATE any table of the database",
    "may DELETE from any table of the database",
];

const ASK: &str = "SELECT IS_SRVROLEMEMBER('sysadmin'), IS_ROLEMEMBER('db_owner'), IS_ROLEMEMBER('db_datawriter'), \
    IS_ROLEMEMBER('db_ddladmin'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL'), \
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT'), \
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UPDATE'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'DELETE')";

/// A right on a single table needs no right on the database.
const ASK_TABLES: &str = "SELECT TOP (1) p.right_name, p.table_name FROM \
    (SELECT r.n AS right_name, QUOTENAME(s.name) + N'.' + QUOTENAME(o.name) AS table_name, \
    HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(o.name), 'OBJECT', r.n) AS granted \
    FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
    CROSS JOIN (VALUES (N'INSERT'), (N'UPDATE'), (N'DELETE'), (N'ALTER')) AS r(n) \
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0) AS p WHERE p.granted = 1";

pub(crate) fn access(link: &mut MssqlLink, call: &Call) -> Result<Access, Fault> {
    let rows = link.all(ASK, Vec::new(), call)?;
    let Some(row) = rows.first() else {
        return Ok(Access::Unknown("the server did not say what the login may do".into()));
    };
    let mut told = false;
    for (i, grant) in GRANTS.iter().enumerate() {
        match row.try_get::<i32, _>(i).ok().flatten() {
            Some(1) => return Ok(Access::MayWrite(format!("the login {grant}"))),
            Some(_) => told = true,
            None => {}
        }
    }
    if told && link.tables_asked_lately() {
        return Ok(Access::ReadOnly);
    }
    let rows = link.all(ASK_TABLES, Vec::new(), call)?;
    if let Some(row) = rows.first() {
        let text = |i: usize| row.try_get::<&str, _>(i).ok().flatten().unwrap_or("?");
        return Ok(Access::MayWrite(format!("the login has {} on {}", text(0), text(1))));
    }
    if told {
        link.tables_asked();
        return Ok(Access::ReadOnly);
    }
    Ok(Access::Unknown("the server does not say what the login may do".into()))
}
