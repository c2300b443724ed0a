use super::*;
use proptest::prelude::*;

const ALL: [Dialect; 6] =
    [Dialect::Tsql, Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite, Dialect::Bare, Dialect::Generic];

#[test]
fn queries_pass() {
    use Dialect::*;
    for (dialect, text) in [
        (
            Tsql,
            "SELECT TOP (100) [ORDER NO], [a]]b] FROM [dbo].[OLD ORDERS] WHERE [ORDER NO] > CAST(@P1 AS varchar(12)) ORDER BY [ORDER NO];",
        ),
        (Tsql, "SELECT a FROM dbo.T WITH (NOLOCK) WHERE b = N'x'"),
        (Tsql, "SELECT min_active_rowversion() AS rv"),
        (
            Tsql,
            "SELECT CHANGE_TRACKING_CURRENT_VERSION() AS v, CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'[dbo].[T]')) AS m",
        ),
        (Tsql, "SELECT a FROM t FOR XML PATH('x')"),
        (
            Postgres,
            "SELECT \"a\"\"b\" FROM \"s\".\"t\" WHERE (a, b) > ($1, CAST($2 AS timestamp(6) without time zone)) ORDER BY a LIMIT 5",
        ),
        (Postgres, "WITH x AS (SELECT 1 AS a) SELECT a FROM x UNION ALL VALUES (2)"),
        (Mysql, "SELECT `a``b`, COUNT(*) FROM `t` WHERE x >= ? GROUP BY 1 LIMIT 5"),
        (Sqlite, "SELECT \"a\" FROM \"t\" WHERE x IN (?, ?, 'it''s') LIMIT 100"),
        (Bare, "SELECT a, b FROM t"),
        (Generic, "SELECT \"a\" FROM (SELECT * FROM t) q WHERE 1 = 0"),
        (Tsql, "SELECT CAST(@P1 AS datetime2(7)) AS a FROM T WHERE x = 'DELETE FROM T'"),
        // What is refused as a word may be a name, and stand in a text.
        (Tsql, "SELECT [option], [Shutdown] FROM [save] [update] WHERE a = N'-- UPDLOCK' OR b = '/* EXEC'"),
        (Tsql, "SELECT a FROM t INNER JOIN u ON 1 = 1 ORDER BY a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY"),
        (Postgres, "SELECT \"--\", E'/*', $x$ -- $x$, a - -1, U&'d\\0061t' FROM sp_orders WHERE a * -1 < 2"),
        (Sqlite, "SELECT name, '--', `/*`, [--] FROM sqlite_schema WHERE a = x'00'"),
        (Mysql, "SELECT \"-- x\", `--`, 1 - -1 FROM http_log l WHERE l.x = _utf8'--'"),
        (Generic, "SELECT a AS \"--\", b FROM app.t WHERE c = '/*' AND d = UPPER('x')"),
    ] {
        let checked = check(text, dialect);
        assert!(checked.is_ok(), "{dialect:?} {text}: {checked:?}");
    }
    assert!(!check("WITH x AS (SELECT 1 a) SELECT a FROM x", Tsql).unwrap().wraps());
    assert!(!check("SELECT a FROM x ORDER BY a", Tsql).unwrap().wraps());
    assert!(check("SELECT a FROM x WHERE a IN (SELECT b FROM y)", Tsql).unwrap().wraps());
    assert_eq!(check(" SELECT 1 ; ", Sqlite).unwrap().text(), "SELECT 1");
}

#[test]
fn attacks_are_refused_by_every_dialect() {
    for text in [
        "",
        ";",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "INSERT INTO t VALUES (1)",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "CREATE TABLE t (a int)",
        "ALTER TABLE t ADD b int",
        "GRANT SELECT ON t TO u",
        "MERGE INTO t USING s ON 1=1 WHEN MATCHED THEN DELETE",
        "SELECT 1; DELETE FROM t",
        "SELECT a FROM srv.db.dbo.t",
        "SELECT lowrite(0, 'x')",
        "SELECT txid_current()",
        "SELECT pg_stat_statements_reset()",
        "SELECT pg_truncate_visibility_map('t')",
        "SELECT pg_log_backend_memory_contexts(1)",
        "SELECT schema_to_xml_and_xmlschema('s', true, true, '')",
        "SELECT http_post('http://h', 'x')",
        "SELECT net.http_post('http://h')",
        "SELECT cron.schedule('* * * * *', 'delete from t')",
        "SELECT aws_s3.query_export_to_s3('select 1', 'b')",
        "SELECT * FROM fn_dblog(NULL, NULL)",
        "SELECT 1; SELECT 2",
        "SELECT * INTO u FROM t",
        "SELECT a INTO #u FROM t",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x",
        "WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR SHARE",
        "SELECT * FROM (SELECT * FROM t FOR UPDATE) q",
        "SELECT * FROM t LOCK IN SHARE MODE",
        "SELECT * FROM OPENROWSET('SQLNCLI', 'x', 'DELETE')",
        "SELECT * FROM OPENQUERY(srv, 'DELETE FROM t')",
        "SELECT * FROM OPENDATASOURCE('a', 'b').c.d.e",
        "SELECT * FROM OPENXML(1, 'x')",
        "EXEC sp_who",
        "EXECUTE xp_cmdshell 'dir'",
        "CALL p()",
        "xp_cmdshell 'dir'",
        "SELECT xp_cmdshell('dir')",
        "SELECT pg_sleep(10)",
        "SELECT pg_catalog.pg_sleep(10)",
        "SELECT \"pg_sleep\"(10)",
        "SELECT PG_SLEEP(10)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT * FROM dblink('x', 'DELETE FROM t') AS d",
        "SELECT dblink_exec('x')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT nextval('s')",
        "SELECT setval('s', 1)",
        "SELECT set_config('a', 'b', false)",
        "SELECT pg_terminate_backend(1)",
        "SELECT LOAD_FILE('/etc/passwd')",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT SLEEP(5)",
        "SELECT BENCHMARK(1, 2)",
        "SELECT GET_LOCK('a', 1)",
        "SELECT a FROM t INTO OUTFILE '/tmp/x'",
        "SELECT a INTO OUTFILE '/tmp/x' FROM t",
        "SELECT a INTO DUMPFILE '/tmp/x' FROM t",
        "SELECT a INTO @x FROM t",
        "SELECT query_to_xml('DELETE', true, true, '')",
        "SELECT 1 /* x */",
        "SELECT 1 -- x",
        "SELECT 1 /*! ; DELETE FROM t */",
        "SELECT 1 /*M! INTO OUTFILE 'x' */",
        "SELECT /*+ hint */ 1",
        "SELECT '\\'; DELETE FROM t; --'",
        "SELECT '\\' || '; DELETE FROM t; '",
        "SELECT 1\0; DELETE FROM t",
        "SELECT 1 \u{1}",
        "{call p()}",
        "SELECT {fn sleep(1)}",
        "SET x = 1",
        "USE master",
        "BEGIN SELECT 1 END",
        "IF 1=1 SELECT 1",
        "DECLARE @x int",
        "SHUTDOWN",
        "BACKUP DATABASE x TO DISK = 'y'",
        "PRAGMA writable_schema = 1",
        "ATTACH 'x' AS y",
        "VACUUM",
        "COPY t TO '/tmp/x'",
        "EXPLAIN ANALYZE DELETE FROM t",
        "LOCK TABLE t",
        "DO $$ BEGIN END $$",
        "SELECT a FROM t WHERE a IN (SELECT pg_sleep(1))",
        "SELECT CASE WHEN 1=1 THEN pg_sleep(1) END",
        "SELECT a FROM t ORDER BY sleep(1)",
        "SELECT a FROM t GROUP BY sleep(1)",
        "SELECT a FROM t HAVING sleep(1) = 0",
        "SELECT a FROM t JOIN u ON sleep(1) = 0",
        "SELECT a FROM t LIMIT sleep(1)",
    ] {
        for dialect in ALL {
            assert!(check(text, dialect).is_err(), "{dialect:?} lets through: {text}");
        }
        assert!(check_any(text).is_err(), "some dialect lets through: {text}");
    }
}

#[test]
fn attacks_on_one_server_are_refused_there() {
    use Dialect::*;
    for (dialect, text) in [
        (Tsql, "SELECT * FROM srv.db.dbo.t"),
        (Tsql, "SELECT * FROM t WITH (XLOCK)"),
        (Tsql, "SELECT * FROM t WITH (UPDLOCK, HOLDLOCK)"),
        (Tsql, "SELECT * FROM t (TABLOCKX)"),
        (Tsql, "SELECT NEXT VALUE FOR s"),
        (Tsql, "SELECT 1 DELETE FROM t"),
        (Tsql, "SELECT 1\nDELETE FROM t"),
        (Tsql, "SELECT 1 EXEC sp_who"),
        (Tsql, "SELECT 1 SELECT 2"),
        (Postgres, "SELECT app.pay(1)"),
        (Postgres, "SELECT * FROM app.pay(1)"),
        (Postgres, "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED"),
        (Mysql, "SELECT @a := 1"),
        (Mysql, "SELECT 1 # x"),
        (Mysql, "SELECT shop.pay(1)"),
        (Mysql, "SELECT $$a$$"),
        (Mysql, "HANDLER t OPEN"),
        // A name that the server reads as another one.
        (Postgres, r#"SELECT U&"pg_sl\0065ep"(10)"#),
        (Postgres, r#"SELECT * FROM u&"dblin\006B"('x', 'y')"#),
        (Mysql, "SELECT sl\u{e9}\u{e9}p(5)"),
        (Mysql, "SELECT \u{17f}leep(5)"),
        // A comment that a parser takes for an operator: to the server the next line is code.
        (Postgres, "SELECT 1 #-- '\n 2, pg_sleep(10) --'"),
        (Postgres, "SELECT 1 @-- x"),
        (Postgres, "SELECT a$x$, pg_sleep(1), b$x$ FROM t"),
        // SQL Server needs no semicolon: what looks like a second name is a statement.
        (Tsql, "SELECT 1 FROM t SHUTDOWN"),
        (Tsql, "SELECT 1 CHECKPOINT"),
        (Tsql, "SELECT 1 FROM f(1) COMMIT"),
        (Tsql, "SELECT 1 UNION SELECT 2 RECONFIGURE"),
        (Tsql, "SELECT 1\u{a0}FROM t\u{a0}ROLLBACK"),
        (Tsql, "SELECT 1 FROM t EXEC (\"DELETE FROM x\")"),
        (Tsql, "SELECT a FROM t OPTION (TABLE HINT (t, TABLOCKX))"),
        (Tsql, "SELECT a FROM t x (TABLOCKX)"),
        (Tsql, "SELECT a FROM t (NOLOCK, UPDLOCK)"),
        (Tsql, "SELECT a FROM t HOLDLOCK"),
        (Tsql, "SELECT srv.db.dbo.f(1)"),
        (Mysql, "SELECT MASTER_GTID_WAIT('0-1-1', 5)"),
        (Mysql, "SELECT spider_direct_sql('x', 'y', 'z')"),
        (Mysql, "SELECT s.nextval FROM dual"),
        (Mysql, "SELECT HIGH_PRIORITY a FROM t"),
        (Sqlite, "SELECT * FROM pragma_journal_mode"),
        (Sqlite, "SELECT optimize(t) FROM t"),
        (Generic, "SELECT app.s.NEXTVAL FROM dual"),
        (Generic, "SELECT GEN_ID(g, 1) FROM rdb$database"),
        (Generic, "SELECT a FROM t@other.world"),
        (Generic, "SELECT pkg.pay(1) FROM dual"),
        (Generic, "SELECT a FROM TABLE(app.pay(1))"),
        (Generic, "SELECT QSYS2.QCMDEXC('DLTLIB X') FROM sysibm.sysdummy1"),
        (Generic, "SELECT ctxsys.drithsx.sn(1, 'x') FROM dual"),
    ] {
        assert!(check(text, dialect).is_err(), "{dialect:?} lets through: {text}");
    }
}

#[test]
fn what_is_refused_is_told_with_its_place() {
    let refused = check("SELECT a\nFROM t WHERE (", Dialect::Sqlite).unwrap_err();
    assert!(refused.message.contains("Expected") && refused.hint.contains("unchecked"), "{refused:?}");
    let refused = check("SELECT a -- b", Dialect::Sqlite).unwrap_err();
    assert_eq!((refused.at, refused.message.contains("comment")), (9, true), "{refused:?}");
    let refused = check("SELECT a, sleep(5) FROM t", Dialect::Mysql).unwrap_err();
    assert!(refused.message.contains("`sleep`"), "{refused:?}");
}

#[test]
fn deep_nesting_is_refused_and_overflows_nothing() {
    for (open, close) in [("(", ")"), ("SELECT (", ")"), ("NOT ", ""), ("CASE WHEN ", " THEN 1 END")] {
        let text = format!("SELECT {}1{}", open.repeat(20_000), close.repeat(20_000));
        for dialect in ALL {
            assert!(check(&text, dialect).is_err());
        }
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT", "FROM", "t", "(", ")", "*", ",", "WITH", "x", "AS", "DELETE", "INTO", "FOR", "UPDATE", "'", "\"",
        "[", "]", "`", "/*", "*/", "--", "\n", ";", "EXEC", "1", "@P1", "?", "$1", "$$", "\\", "UNION", "VALUES",
        "JOIN", "ON", "=", "{", "}", "#", "N'", "E'", "CAST", "INSERT", "LIMIT", "TOP", "ORDER BY", "é", "\u{2028}",
        "0x", ".", "::", ":=",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|w| w.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), sql in words()) {
        for dialect in ALL {
            let _ = check(&text, dialect);
            let _ = check(&sql, dialect);
        }
    }

    /// A statement that changes data does not become a query by what stands before, behind or around it.
    #[test]
    fn nothing_hides_a_change(before in words(), after in words(), at in 0..4_usize) {
        let change = ["DELETE FROM t", "UPDATE t SET a = 1", "DROP TABLE t", "INSERT INTO t VALUES (1)"][at];
        for dialect in ALL {
            if let Ok(checked) = check(&format!("{before} {change} {after}"), dialect) {
                // Then it is a text, a name or the like: without quotes there is no way.
                let quoted = ['\'', '"', '[', '`', '$'].iter().any(|q| checked.text().contains(*q));
                prop_assert!(quoted, "{dialect:?} lets through: {}", checked.text());
            }
        }
    }
}
