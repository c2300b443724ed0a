//! Functions that do more than compute.
//!
//! One list for all servers: a name that is harmless on one of them is seldom needed, and the one who needs it says so
//! (`unchecked:`).

/// Names, in lower case.
const NAMES: &[&str] = &[
    // Wait, or hold what others wait for.
    "sleep",
    "benchmark",
    "get_lock",
    "release_lock",
    "release_all_locks",
    "master_pos_wait",
    "source_pos_wait",
    "wait_for_executed_gtid_set",
    "wait_until_sql_thread_after_gtids",
    "master_gtid_wait",
    "wsrep_sync_wait_upto_gtid",
    // Count on.
    "nextval",
    "setval",
    "last_insert_id",
    "setseed",
    "gen_id",
    "pg_nextoid",
    // Change the session, so that the next statement means something else.
    "set_config",
    "rdb$set_context",
    "set_firewall_mode",
    // Run text.
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "ts_stat",
    "ts_rewrite",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "connectby",
    "xpath_table",
    "eval",
    "sys_eval",
    "sys_exec",
    "sys_set",
    "qcmdexc",
    "admin_cmd",
    "mroonga_command",
    // Reach files, other servers and other programs.
    "load_file",
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fts3_tokenizer",
    "zipfile",
    "fsdir",
    "optimize",
    "lprintf",
    "openrowset",
    "openquery",
    "opendatasource",
    "openxml",
    "fn_trace_gettable",
    "fn_get_audit_file",
    "fn_xe_file_target_read_file",
    "database_to_xml",
    "database_to_xmlschema",
    "database_to_xml_and_xmlschema",
    "schema_to_xml",
    "schema_to_xmlschema",
    "schema_to_xml_and_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "fn_dblog",
    "fn_dump_dblog",
    // Extensions whose functions reach other servers, or run text later: as schemas.
    "cron",
    "net",
    "aws_s3",
    "aws_lambda",
    "aws_commons",
    // Large objects, beside those that begin with `lo_`.
    "lowrite",
    "loread",
    // Take a number that others then do not get.
    "txid_current",
    "pg_current_xact_id",
];

/// How names begin.
const PREFIXES: &[&str] = &[
    "xp_",
    "sp_",
    "dblink",
    "lo_",
    "dbms_",
    "utl_",
    "postgres_fdw_",
    "pg_sleep",
    "pg_read_",
    "pg_ls_",
    "pg_stat_file",
    "pg_file_",
    "pg_advisory",
    "pg_try_advisory",
    "pg_logical",
    "pg_replication",
    "pg_create_",
    "pg_drop_",
    "pg_wal_",
    "pg_switch_",
    "pg_reload",
    "pg_rotate",
    "pg_cancel",
    "pg_terminate",
    "pg_promote",
    "pg_stat_reset",
    "pg_stat_statements_",
    "pg_truncate_",
    "pg_log_",
    "http",
    "pg_background",
    "pg_buffercache_evict",
    "bt_index_",
    "owa_",
    "spider_",
    "group_replication_",
    "asynchronous_connection_failover_",
    "service_get_",
    "service_release_",
    "version_tokens_",
    "keyring_",
    "audit_log_",
    "mysql_firewall_",
    "masking_dictionar",
    "pg_export_",
    "pg_import",
    "pg_notify",
    "pg_backup_",
    "pg_start_",
    "pg_stop_",
    "pg_current_logfile",
    "pg_copy_",
    "pg_sync_",
    "pg_restore_",
    "pg_clear_",
    "pg_set_",
    "pg_execute",
    "pg_extension_config_dump",
    "pg_prewarm",
    "brin_",
    "gin_clean",
    "heap_force_",
    "sqlite_",
    "pragma_",
];

/// `sqlite_version()` and the like only tell.
const TELL: &[&str] = &["sqlite_version", "sqlite_source_id", "sqlite_offset", "pg_wal_lsn_diff"];

/// Words that begin a statement, all of them reserved by SQL Server and its relatives. There a statement may follow another
/// without a semicolon, where a parser sees a second name of the table: `FROM t SHUTDOWN`.
const STATEMENTS: &[&str] = &[
    "alter",
    "backup",
    "begin",
    "break",
    "bulk",
    "checkpoint",
    "commit",
    "continue",
    "create",
    "dbcc",
    "deallocate",
    "declare",
    "delete",
    "deny",
    "drop",
    "dump",
    "exec",
    "execute",
    "goto",
    "grant",
    "if",
    "insert",
    "kill",
    "load",
    "option",
    "print",
    "raiserror",
    "readtext",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "revoke",
    "rollback",
    "save",
    "setuser",
    "shutdown",
    "truncate",
    "update",
    "updatetext",
    "use",
    "waitfor",
    "while",
    "writetext",
];

/// Whether SQL Server takes a word for the beginning of another statement.
pub(super) fn statement(word: &str) -> bool {
    STATEMENTS.contains(&word.to_ascii_lowercase().as_str())
}

/// Whether a word is a hint that holds locks.
pub(super) fn hint(word: &str) -> bool {
    HINTS.contains(&word.to_ascii_lowercase().as_str())
}

/// Table hints that hold more than a reader needs.
pub(super) const HINTS: &[&str] = &[
    "xlock",
    "tablockx",
    "tablock",
    "updlock",
    "holdlock",
    "serializable",
    "repeatableread",
    "paglock",
    "readcommittedlock",
];

/// Whether calling it may do more than compute.
pub(super) fn denied(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.as_str();
    NAMES.contains(&name) || (PREFIXES.iter().any(|p| name.starts_with(p)) && !TELL.contains(&name))
}
