//! SQLite through libsqliteodbc.

use crate::common::*;
use banyan_adapter::Call;
use banyan_sql::{Access, Asides, Dialect, Driver, TableName};
use banyan_words::{Type, Value};
use std::path::Path;

pub(crate) fn database(sql: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("orders.db");
    run(Path::new("sqlite3"), &[path.to_str().unwrap()], sql);
    let connection = format!("Driver={{SQLite3}};Database={}", path.display());
    (dir, connection)
}

const TYPES: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, big BIGINT NOT NULL, price DECIMAL(12,2), ratio DOUBLE, \
    day DATE, at TIMESTAMP, name TEXT, code VARCHAR(5), photo BLOB, flag BOOLEAN);\
    INSERT INTO t VALUES (1, 9223372036854775807, '1234567890.10', 0.1, '0001-01-01', '9999-12-31 23:59:59.123', \
    'Grüße 🌳', 'ab   ', X'00ff', 1);\
    INSERT INTO t VALUES (2, -9223372036854775808, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL);";

#[test]
fn every_type_arrives_exactly() {
    let (_dir, connection) = database(TYPES);
    let mut link = open(&connection);
    assert_eq!(link.dialect(), Dialect::Sqlite);
    let all = select(link.as_mut(), "SELECT * FROM t ORDER BY id").unwrap();
    assert_eq!(all.bad, []);
    let first: Vec<String> = (0..10).map(|c| all.texts(c)[0].clone()).collect();
    assert_eq!(
        first,
        [
            "1",
            "9223372036854775807",
            "1234567890.1",
            "0.1",
            "0001-01-01",
            "9999-12-31T23:59:59.123",
            "Grüße 🌳",
            "ab   ",
            "AP8=",
            "true"
        ],
        "{:?}",
        all.types()
    );
    assert_eq!(all.rows[1][1], Value::Integer(i64::MIN));
    assert_eq!(all.rows[1][6], Value::text(""), "empty text is not null");
    for c in [2, 3, 4, 5, 7, 8, 9] {
        assert_eq!(all.rows[1][c], Value::Null, "{}", all.columns[c].name);
    }
    assert!(matches!(all.columns[2].ty, Type::Decimal { .. }));
}

#[test]
fn what_a_column_cannot_be_is_a_dead_letter_and_others_go_on() {
    let (_dir, connection) = database(
        "CREATE TABLE t (id INTEGER, day DATE, name TEXT); INSERT INTO t VALUES (1, '2024-02-29', 'a'), \
         ('x1', '2024-02-29', 'b'), (3, 'yesterday', 'c'), (4, '2024-02-30', 'd'), (5, '2024-01-01', CAST(X'66ff66' AS TEXT)), \
         (6, '2024-01-01 00:00:00', 'f');",
    );
    let all = select(open(&connection).as_mut(), "SELECT * FROM t").unwrap();
    assert_eq!(all.rows.len(), 6);
    let bad: Vec<(usize, &str)> = all.bad.iter().map(|(i, code, _)| (*i, code.as_str())).collect();
    let value = "odbc-bad-value";
    assert_eq!(bad, [(1, value), (2, value), (3, value), (4, "odbc-bad-text")], "{:?}", all.bad);
    assert!(all.bad[1].2.contains("yesterday"), "{:?}", all.bad);
    assert_eq!(all.texts(2)[5], "f");
}

#[test]
fn long_values_arrive_whole_whatever_the_driver_calls_their_length() {
    let (_dir, connection) = database(
        "CREATE TABLE t (id INTEGER, short VARCHAR(3), body TEXT, photo BLOB);\
         INSERT INTO t VALUES (1, 'abcdefgh', hex(zeroblob(5000000)), zeroblob(3000001));\
         INSERT INTO t VALUES (2, 'x', replace(hex(zeroblob(9000)), '0', 'ü'), X'01');\
         INSERT INTO t VALUES (3, 'y', hex(zeroblob(128)) , zeroblob(256));\
         INSERT INTO t VALUES (4, 'z', hex(zeroblob(40000000)), NULL);\
         INSERT INTO t VALUES (5, 'e', 'end', X'02');",
    );
    let all = select(open(&connection).as_mut(), "SELECT * FROM t ORDER BY id").unwrap();
    assert_eq!(all.rows[0][1], Value::text("abcdefgh"), "longer than declared");
    let Value::Text(body) = &all.rows[0][2] else { panic!() };
    assert!(body.len() == 10_000_000 && body.bytes().all(|b| b == b'0'));
    let Value::Bytes(photo) = &all.rows[0][3] else { panic!() };
    assert_eq!(photo.len(), 3_000_001);
    assert_eq!(all.rows[1][2], Value::text(&"ü".repeat(18_000)));
    assert_eq!(all.rows[2][2], Value::text(&"0".repeat(256)), "a byte longer than its buffer, with the terminator");
    assert_eq!(all.rows[4][2], Value::text("end"));
    assert_eq!(all.bad.len(), 1, "{:?}", all.bad);
    assert_eq!((all.bad[0].0, all.bad[0].1.as_str()), (3, "odbc-value-too-long"));
}

#[test]
fn the_session_cannot_write_and_creates_no_file() {
    let (dir, connection) = database("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1);");
    let mut link = open(&connection);
    for sql in ["INSERT INTO t VALUES (2)", "DELETE FROM t", "CREATE TABLE u (x)", "UPDATE t SET id = 3"] {
        let fault = select(link.as_mut(), sql).err().unwrap_or_else(|| panic!("{sql} was let through"));
        assert!(fault.code == "odbc-read-only" || fault.code == "odbc-failed", "{sql}: {fault}");
    }
    assert_eq!(select(link.as_mut(), "SELECT id FROM t").unwrap().texts(0), ["1"]);
    assert_eq!(link.access(&Call::default()).unwrap(), Access::ReadOnly);
    let other = dir.path().join("misspelt.db");
    let fault = driver(&format!("Driver={{SQLite3}};Database={}", other.display())).open(&Call::default()).err();
    assert!(fault.is_some(), "a missing file is no empty database");
    assert!(!other.exists());
}

#[test]
fn a_file_left_in_disorder_is_not_put_in_order() {
    let (dir, connection) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 3000) INSERT INTO t SELECT i, hex(zeroblob(250)) FROM n;",
    );
    let (db, left) = (dir.path().join("orders.db"), dir.path().join("left 100%.db"));
    // As it stands on the disk in the midst of a transaction, when its program dies.
    let die = format!(
        "PRAGMA cache_size = 5; BEGIN; UPDATE t SET name = name || 'x';\n.shell cp '{0}' '{1}'; cp '{0}-journal' '{1}-journal'\n\
         ROLLBACK;",
        db.display(),
        left.display()
    );
    run(Path::new("sqlite3"), &[db.to_str().unwrap()], &die);
    let journal = dir.path().join("left 100%.db-journal");
    let before = (std::fs::read(&left).unwrap(), std::fs::read(&journal).unwrap());
    assert!(before.1.len() > 100_000, "the journal holds what was there before");
    let connection = connection.replace("orders.db", "left 100%.db");
    let read = || {
        let mut link = driver(&connection).open(&Call::default())?;
        select(link.as_mut(), "SELECT COUNT(*) FROM t").map(|all| all.texts(0))
    };
    let fault = read().expect_err("what is half changed is not read");
    assert!(fault.code == "odbc-read-only" && fault.message.contains("must open it once"), "{fault}");
    assert!(before == (std::fs::read(&left).unwrap(), std::fs::read(&journal).unwrap()), "not a byte was changed");
    // Its program puts it in order.
    run(Path::new("sqlite3"), &[left.to_str().unwrap()], "SELECT COUNT(*) FROM t;");
    assert_eq!(read().unwrap(), ["3000"]);
}

#[test]
fn three_hundred_thousand_rows_with_parameters_and_paging() {
    let (_dir, connection) = database(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price DECIMAL(10,2));\
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BIG}) \
         INSERT INTO t SELECT i, 'customer number ' || i, i || '.25' FROM n;"
    ));
    let mut link = open(&connection);
    assert_eq!(count(link.as_mut(), "SELECT * FROM t").unwrap(), BIG);
    // The whole answer would be some 20 MB; a worker that reads page by page never held it.
    assert!(most_memory_of_workers(&connection) < 24 << 10, "{} KiB", most_memory_of_workers(&connection));
    let sql = "SELECT name FROM t WHERE id = ? AND name = ? AND price > ?";
    let params = vec![Value::Integer(77), Value::text("customer number 77"), Value::Decimal("77.2".parse().unwrap())];
    assert_eq!(select_with(link.as_mut(), sql, params).unwrap().texts(0), ["customer number 77"]);
    // An answer that is not read to its end is given up by the next question.
    let call = Call::default();
    let statement = banyan_sql::Statement { sql: "SELECT * FROM t".into(), params: Vec::new() };
    link.select(&statement, &call).unwrap();
    assert_eq!(select(link.as_mut(), "SELECT 1").unwrap().texts(0), ["1"]);
}

#[test]
fn tables_columns_keys_and_indexes_are_found() {
    let (_dir, connection) = database(
        "CREATE TABLE orders (nr INTEGER NOT NULL, line INTEGER NOT NULL, note VARCHAR(40), \"odd name %\" TEXT, \
         PRIMARY KEY (nr, line)); CREATE INDEX by_note ON orders (note); CREATE VIEW recent AS SELECT nr FROM orders; \
         CREATE TABLE plain (a TEXT);",
    );
    let mut link = open(&connection);
    let call = Call::default();
    let names: Vec<(String, bool)> = link.tables(&call).unwrap().into_iter().map(|t| (t.name.name, t.view)).collect();
    assert_eq!(names, [("orders".into(), false), ("plain".into(), false), ("recent".into(), true)]);
    let name = |name: &str| TableName { schema: None, name: name.into() };
    let orders = link.table(&name("orders"), &call).unwrap().unwrap();
    assert_eq!(orders.key, ["nr", "line"]);
    assert_eq!(orders.columns[2].server_type.to_ascii_lowercase(), "varchar(40)");
    assert_eq!(orders.columns[3].name, "odd name %");
    assert!(!orders.columns[0].nullable);
    assert!(orders.indexes.iter().any(|i| i.name == "by_note" && i.columns == ["note"] && !i.unique), "{orders:?}");
    assert_eq!(link.table(&name("order_"), &call).unwrap(), None, "a name is no pattern");
}

#[test]
fn foreign_keys_are_found() {
    let (_dir, connection) = database(
        "CREATE TABLE site (co INTEGER NOT NULL, nr INTEGER NOT NULL, PRIMARY KEY (co, nr));\
         CREATE TABLE person (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES person(id));\
         CREATE TABLE visit (id INTEGER PRIMARY KEY, co INTEGER, place INTEGER, host INTEGER REFERENCES person,\
            guest INTEGER REFERENCES person(id), FOREIGN KEY (co, place) REFERENCES site(co, nr));",
    );
    let mut link = open(&connection);
    let told = |link: &mut dyn banyan_sql::Link, table: &str| {
        let name = TableName { schema: None, name: table.into() };
        let found = link.references(&name, &Call::default()).unwrap().unwrap();
        let mut told: Vec<(String, String, String)> =
            found.into_iter().map(|r| (r.columns.join(","), r.table.unwrap().name, r.theirs.join(","))).collect();
        told.sort();
        told
    };
    let one = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(
        told(link.as_mut(), "visit"),
        [one("co,place", "site", "co,nr"), one("guest", "person", "id"), one("host", "person", "")]
    );
    assert_eq!(told(link.as_mut(), "person"), [one("boss", "person", "id")]);
    assert_eq!(told(link.as_mut(), "site"), []);
}

#[test]
fn a_thousand_columns() {
    let columns: Vec<String> = (0..1000).map(|i| format!("column_{i} VARCHAR(200)")).collect();
    let values: Vec<String> = (0..1000).map(|i| format!("'{}'", "v".repeat(i % 50))).collect();
    let row = format!("INSERT INTO wide VALUES ({});", values.join(","));
    let (_dir, connection) = database(&format!("CREATE TABLE wide ({});{}", columns.join(","), row.repeat(50)));
    let all = select(open(&connection).as_mut(), "SELECT * FROM wide").unwrap();
    assert_eq!((all.columns.len(), all.rows.len()), (1000, 50));
    assert_eq!(all.rows[49][999], Value::text(&"v".repeat(49)));
}

/// The most memory, in KiB, that any worker of this process with that database open ever held.
fn most_memory_of_workers(connection: &str) -> u64 {
    let file = connection.rsplit('=').next().unwrap();
    let own = std::process::id().to_string();
    let mut most = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
        let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned());
        if field("PPid:").as_deref() != Some(&own) {
            continue;
        }
        let open = std::fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
        if open.filter_map(|fd| std::fs::read_link(fd.path()).ok()).any(|to| to.as_os_str() == file) {
            let held = field("VmHWM:").unwrap();
            most = most.max(held.trim_end_matches("kB").trim().parse().unwrap());
        }
    }
    assert!(most > 0, "no worker has {file} open");
    most
}

#[test]
fn one_state_is_read_where_nobody_waits_for_it() {
    let setup = "PRAGMA journal_mode = wal; CREATE TABLE t (i INTEGER); \
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n;";
    let (dir, connection) = database(setup);
    let path = dir.path().join("orders.db");
    one_state(&connection, "t", || {
        drop(run(Path::new("sqlite3"), &[path.to_str().unwrap()], "INSERT INTO t VALUES (0);"))
    });
    // Without a write-ahead log whoever reads keeps writers out.
    let (_dir, connection) = database("CREATE TABLE t (i INTEGER)");
    assert!(!open(&connection).one_state(true, &Call::default()).unwrap());
}

#[test]
fn what_a_connection_sends_of_its_own_is_told() {
    let (_dir, connection) = database("CREATE TABLE t (i INTEGER PRIMARY KEY)");
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = told.clone();
    let asides = Asides::new(move |aside| {
        listener.lock().unwrap().push((aside.what.to_owned(), aside.rows, aside.fault.map(str::to_owned)));
    });
    let call = Call::default();
    let mut link = driver(&connection).open_telling(&call, &asides).unwrap();
    let began = std::mem::take(&mut *told.lock().unwrap());
    let want = [("PRAGMA query_only = ON".to_owned(), 0, None), ("PRAGMA query_only".to_owned(), 1, None)];
    assert_eq!(began, want);
    let name = TableName { schema: None, name: "t".into() };
    link.table(&name, &call).unwrap().unwrap();
    let asked: Vec<String> = told.lock().unwrap().iter().map(|(what, ..)| what.clone()).collect();
    assert!(asked.iter().any(|a| a == "SELECT * FROM \"t\" WHERE 1 = 0"), "{asked:?}");
    assert!(asked.iter().any(|a| a == "SQL catalog function: Columns of t"), "{asked:?}");
    told.lock().unwrap().clear();
    assert_eq!(select(link.as_mut(), "SELECT * FROM t").unwrap().rows.len(), 0);
    assert!(told.lock().unwrap().is_empty(), "what it was asked to send is not its own");
}
