//! PostgreSQL through psqlodbc: a server of its own in a temporary folder, spoken to over a socket.

use crate::common::*;
use banyan_adapter::{Call, Class, Test};
use banyan_sql::{Access, Dialect, Driver, Statement, TableName};
use banyan_words::{Type, Value};
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn tools() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .unwrap_or_else(|_| panic!("there is no PostgreSQL here: {SETUP}"))
        .map(|e| e.unwrap().path().join("bin"))
        .filter(|p| p.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("there is no initdb here: {SETUP}"))
}

/// As the user `postgres` where the test is root, since the server refuses to run as root.
fn as_user(program: &std::path::Path, args: &[&str]) -> Command {
    let mut command;
    if root() {
        command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
    } else {
        command = Command::new(program);
    }
    command.args(args).current_dir("/");
    command
}

struct Postgres {
    server: Server,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop("immediate");
    }
}

impl Postgres {
    fn start() -> Postgres {
        let dir = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        std::fs::write(dir.path().join("password"), "b;os}s\n").unwrap();
        if root() {
            run("chown".as_ref(), &["-R", "postgres", dir.path().to_str().unwrap()], "");
        }
        let data = dir.path().join("data").display().to_string();
        let pwfile = format!("--pwfile={}", dir.path().join("password").display());
        let args = ["-D", &data, "-U", "boss", "-A", "scram-sha-256", &pwfile, "-E", "UTF8", "--locale=C.UTF-8", "-N"];
        let made = as_user(&tools().join("initdb"), &args).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let socket = dir.path().display().to_string();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let args =
            ["-D", &data, "-k", &socket, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"];
        let child = as_user(&tools().join("postgres"), &args).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Server { child, dir };
        let ready = || {
            server.path("data/postmaster.pid").exists()
                && std::fs::read_to_string(server.path("data/postmaster.pid")).unwrap().contains("ready")
        };
        wait_for("PostgreSQL", &server.path("log"), ready);
        Postgres { server }
    }

    fn stop(&self, mode: &str) {
        let data = self.server.path("data").display().to_string();
        let _ = as_user(&tools().join("pg_ctl"), &["stop", "-D", &data, "-m", mode, "-W"]).output();
    }

    fn sql(&self, sql: &str) {
        let out = self.psql(sql);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Whether it goes well.
    fn runs(&self, sql: &str) -> bool {
        self.psql(sql).status.success()
    }

    fn psql(&self, sql: &str) -> std::process::Output {
        let host = self.server.dir.path().display().to_string();
        let mut command = Command::new(tools().join("psql"));
        command.args(["-h", &host, "-U", "boss", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-c", sql]);
        command.env("PGPASSWORD", "b;os}s").output().unwrap()
    }

    fn connection(&self, user: &str, password: &str) -> String {
        let host = self.server.dir.path().display();
        format!("Driver={{PostgreSQL Unicode}};Server={host};Database=postgres;UID={user};PWD={password}")
    }
}

const TYPES: &str = "CREATE TABLE everything (id int PRIMARY KEY, small smallint, big bigint, exact numeric(38,10), \
    free numeric, narrow real, wide double precision, day date, clock time, at timestamp, instant timestamptz, \
    name text, code char(6), short varchar(12), bytes bytea, flag boolean, u uuid, j jsonb, list int[], span interval);\
    INSERT INTO everything VALUES (1, -32768, 9223372036854775807, 1234567890123456789012345678.0123456789, \
    0.00000000000000000001, 0.1, 0.1, '0001-01-01', '23:59:59.123456', '9999-12-31 23:59:59.999999', \
    '2024-02-29 12:00:00.000001+02', 'Grüße 🌳', 'ab', 'ü12345678901', '\\x00ff', true, \
    '00112233-4455-6677-8899-aabbccddeeff', '{\"a\": 1}', '{1,2}', '1 day');\
    INSERT INTO everything VALUES (2, 1, -9223372036854775808, -0.0000000001, 12, -1.5, 1e300, '9999-12-31', '00:00:00', \
    '0001-01-01 00:00:00', '1970-01-01 00:00:00+00', '', '', '', '', false, NULL, NULL, NULL, NULL);\
    INSERT INTO everything (id) VALUES (3);";

fn every_type(pg: &Postgres) {
    pg.sql(TYPES);
    pg.sql("GRANT SELECT ON everything TO reader");
    let mut link = open(&pg.connection("reader", "geheim"));
    assert_eq!(link.dialect(), Dialect::Postgres);
    assert!(link.server().contains("PostgreSQL"), "{}", link.server());
    let all = select(link.as_mut(), "SELECT * FROM everything ORDER BY id").unwrap();
    assert_eq!(all.bad, [], "{:?}", all.types());
    let row = |r: usize| (0..20).map(|c| all.rows[r][c].to_text().map(|t| t.into_owned())).collect::<Vec<_>>();
    let some = |texts: [&str; 20]| texts.map(|t| Some(t.to_owned())).to_vec();
    let first = [
        "1",
        "-32768",
        "9223372036854775807",
        "1234567890123456789012345678.0123456789",
        "0.00000000000000000001",
        "0.1",
        "0.1",
        "0001-01-01",
        "23:59:59.123456",
        "9999-12-31T23:59:59.999999",
        "2024-02-29T10:00:00.000001Z",
        "Grüße 🌳",
        "ab",
        "ü12345678901",
        "AP8=",
        "true",
        "00112233-4455-6677-8899-aabbccddeeff",
        "{\"a\": 1}",
        "{1,2}",
        "1 day",
    ];
    assert_eq!(row(0), some(first), "{:?}", all.types());
    assert_eq!(
        row(1)[2..16],
        some([
            "",
            "",
            "-9223372036854775808",
            "-0.0000000001",
            "12",
            "-1.5",
            &format!("{}", 1e300),
            "9999-12-31",
            "00:00:00",
            "0001-01-01T00:00:00",
            "1970-01-01T00:00:00Z",
            "",
            "",
            "",
            "",
            "false",
            "",
            "",
            "",
            ""
        ])[2..16]
    );
    assert!(all.rows[2][1..].iter().all(|v| *v == Value::Null), "{:?}", all.rows[2]);
    assert!(matches!(all.rows[0][5], Value::Float(_, true)), "a single stays a single");
    assert_eq!(all.columns[3].ty, Type::Decimal { precision: 38, scale: 10 });
    assert_eq!(all.columns[10].ty, Type::Instant);
    assert_eq!(all.columns[9].ty, Type::DateTime);
}

fn long_values_and_unreadable_ones(pg: &Postgres) {
    pg.sql("CREATE TABLE long (id int, body text, photo bytea, day timestamp);\
        INSERT INTO long VALUES (1, repeat('ü🌳', 2500000), decode(repeat('00ff', 2000000), 'hex'), now());\
        INSERT INTO long VALUES (2, repeat('x', 8190), NULL, now()); INSERT INTO long VALUES (3, 'end', '\\x01', now());\
        GRANT SELECT ON long TO reader");
    let mut link = open(&pg.connection("reader", "geheim"));
    let all = select(link.as_mut(), "SELECT * FROM long ORDER BY id").unwrap();
    assert_eq!(all.bad, []);
    assert!(all.rows[0][1] == Value::text(&"ü🌳".repeat(2_500_000)), "15 MB of text");
    let Value::Bytes(photo) = &all.rows[0][2] else { panic!("{:?}", all.types()) };
    assert!(photo.len() == 4_000_000 && photo.chunks(2).all(|c| c == [0, 255]));
    assert_eq!(all.rows[1][1], Value::text(&"x".repeat(8190)));
    assert_eq!(all.texts(1)[2], "end");
}

fn days_that_are_none(pg: &Postgres) {
    let mut link = open(&pg.connection("reader", "geheim"));
    let mut bad = |sql: &str| {
        let all = select(link.as_mut(), sql).unwrap();
        assert_eq!(all.texts(1).last().unwrap().get(..10), Some("2024-01-01"), "the others go on");
        all.bad.iter().map(|b| (b.0, b.1.clone())).collect::<Vec<_>>()
    };
    let value = |row| (row, "odbc-bad-value".to_owned());
    // The driver's struct would say that these are today.
    let days = "SELECT 1 AS id, 'infinity'::date AS day UNION ALL SELECT 2, '12024-01-01' UNION ALL SELECT 3, '2024-01-01' ORDER BY id";
    assert_eq!(bad(days), [value(0), value(1)]);
    let times = "SELECT 1 AS id, '-infinity'::timestamp AS at UNION ALL SELECT 2, '0044-03-15 BC' UNION ALL \
        SELECT 3, '12024-01-01' UNION ALL SELECT 4, '2024-01-01' ORDER BY id";
    assert_eq!(bad(times), [value(0), value(1), value(2)]);
    let all = select(link.as_mut(), "SELECT 'NaN'::numeric AS n UNION ALL SELECT 1.5").unwrap();
    assert_eq!((all.bad.len(), all.rows.len()), (1, 2));
}

/// Columns of known length are read in bulk: every cell must stand in its row.
fn bulk(pg: &Postgres) {
    let mut link = open(&pg.connection("reader", "geheim"));
    let sql = "SELECT i AS id, CASE WHEN i % 3 > 0 THEN CAST(repeat('ü', i % 20) AS varchar(20)) END AS name, \
        CAST(i / 8.0 AS numeric(12,3)) AS price, CASE WHEN i % 7 > 0 THEN DATE '2024-01-01' + i END AS day, \
        i % 2 = 0 AS even FROM generate_series(1, 5000) AS i ORDER BY i";
    let all = select(link.as_mut(), sql).unwrap();
    assert_eq!((all.rows.len(), all.bad.len()), (5000, 0), "{:?}", all.bad.first());
    let start: jiff::civil::Date = "2024-01-01".parse().unwrap();
    for (row, i) in all.rows.iter().zip(1_i64..) {
        assert_eq!(row[0], Value::Integer(i));
        let name = if i % 3 > 0 { Value::Text("ü".repeat((i % 20) as usize).into()) } else { Value::Null };
        assert_eq!(row[1], name, "row {i}");
        assert_eq!(row[2].to_text().unwrap().parse::<f64>().unwrap(), i as f64 / 8.0);
        let day = start.checked_add(jiff::Span::new().days(i)).unwrap();
        assert_eq!(row[3], if i % 7 > 0 { Value::Date(day) } else { Value::Null }, "row {i}");
        assert_eq!(row[4], Value::Boolean(i % 2 == 0));
    }
}

fn nothing_is_written(pg: &Postgres) {
    pg.sql(
        "CREATE TABLE prey (id int, name varchar(20)); INSERT INTO prey VALUES (1, 'a'); GRANT ALL ON prey TO writer",
    );
    let call = Call::default();
    let mut link = open(&pg.connection("writer", "geheim"));
    for sql in [
        "INSERT INTO prey VALUES (2)",
        "DELETE FROM prey",
        "CREATE TABLE hole (x int)",
        "WITH gone AS (DELETE FROM prey RETURNING id) SELECT * FROM gone",
        "SELECT nextval('counter')",
    ] {
        let fault = select(link.as_mut(), sql).err().unwrap_or_else(|| panic!("{sql} was let through"));
        // A cursor is refused before the transaction is asked.
        let code = if sql.starts_with("WITH") { "odbc-refused" } else { "odbc-read-only" };
        assert_eq!((fault.code.as_str(), fault.class), (code, Class::Permanent), "{sql}: {fault}");
    }
    assert_eq!(select(link.as_mut(), "SELECT count(*) FROM prey").unwrap().texts(0), ["1"]);
    let Access::MayWrite(what) = link.access(&call).unwrap() else { panic!() };
    assert_eq!(what, "may write to public.prey");
    assert_eq!(open(&pg.connection("reader", "geheim")).access(&call).unwrap(), Access::ReadOnly);
    let boss = open(&pg.connection("boss", "{b;os}}s}")).access(&call).unwrap();
    assert_eq!(boss, Access::MayWrite("is a superuser".into()));
}

fn logins(pg: &Postgres) {
    let fault = driver(&pg.connection("reader", "wrong-secret")).open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-login", Class::Permanent), "{fault}");
    assert!(!fault.message.contains("wrong-secret"), "{fault}");
    let fault = select(open(&pg.connection("reader", "geheim")).as_mut(), "SELECT * FROM nowhere").err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-refused", Class::Permanent), "{fault}");
}

fn parameters(pg: &Postgres) {
    let mut link = open(&pg.connection("reader", "geheim"));
    let sql = "SELECT id FROM everything WHERE id = CAST(? AS int) AND short = CAST(? AS varchar(12)) AND exact > ? AND \
        day = CAST(? AS date) AND at = CAST(? AS timestamp) AND instant = CAST(? AS timestamptz) AND big = ?";
    let params = vec![
        Value::Integer(1),
        Value::text("ü12345678901"),
        Value::Decimal("0.5".parse().unwrap()),
        Value::Date("0001-01-01".parse().unwrap()),
        Value::DateTime("9999-12-31T23:59:59.999999".parse().unwrap()),
        Value::Instant("2024-02-29T10:00:00.000001Z".parse().unwrap()),
        Value::Integer(i64::MAX),
    ];
    assert_eq!(select_with(link.as_mut(), sql, params).unwrap().texts(0), ["1"]);
    let none =
        select_with(link.as_mut(), "SELECT id FROM everything WHERE short = ?", vec![Value::text("' OR 1=1 --")]);
    assert_eq!(none.unwrap().rows.len(), 0);
}

fn searches(pg: &Postgres) {
    // Keys in an order that is not that of bytes.
    pg.sql(&FINDS.replace("k varchar(12)", "k varchar(12) COLLATE \"und-x-icu\""));
    pg.sql("ALTER TABLE finds ADD at timestamp(3), ADD free numeric, ADD u uuid; \
        UPDATE finds SET at = '9999-12-31 23:59:59.999', free = 1e30, u = '00112233-4455-6677-8899-aabbccddeeff' WHERE k = 'c3'; \
        UPDATE finds SET at = '2026-01-05 10:00:00.123', free = 0.5 WHERE k = 'a1'; GRANT SELECT ON finds TO reader");
    // Another table of that name comes first on the session's path; the one that was described is read.
    pg.sql(
        "CREATE SCHEMA other; CREATE TABLE other.finds (LIKE public.finds); GRANT USAGE ON SCHEMA other TO reader; \
         GRANT SELECT ON other.finds TO reader; ALTER ROLE reader SET search_path = other, public",
    );
    let at = |t: &str| Value::DateTime(t.parse().unwrap());
    let number = |t: &str| Value::Decimal(t.parse().unwrap());
    let uuid = |t: &'static str| Test::AnyOf(vec![vec![Value::text(t)]]);
    finds(
        &pg.connection("reader", "geheim"),
        &[
            ("at", Test::AtLeast(at("2026-01-05T10:00:00.123000001")), &["a1", "c3"]),
            ("at", Test::AtMost(at("9999-12-31T23:59:59.999999999")), &["a1", "c3"]),
            ("at", Test::AtMost(at("2026-01-05T10:00:00.122")), &[]),
            ("free", Test::AtLeast(number("0.51")), &["c3"]),
            ("free", Test::AnyOf(vec![vec![number("0.5")]]), &["a1"]),
            ("u", uuid("00112233-4455-6677-8899-AABBCCDDEEFF"), &["c3"]),
            ("u", uuid("nonsense"), &[]),
        ],
        // Whoever is left open there keeps the server from tidying, and others from changing the table.
        || {
            pg.sql(
                "DO $$ BEGIN IF EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'reader' AND xact_start IS NOT NULL) \
                 THEN RAISE 'a transaction is left open'; END IF; END $$",
            );
        },
    );
    pg.sql("ALTER ROLE reader RESET search_path");
}

fn catalogs(pg: &Postgres) {
    pg.sql("CREATE SCHEMA sales; CREATE TABLE sales.\"Order Lines\" (nr int, line smallint, \"sélect\" varchar(7) \
        COLLATE \"C\" NOT NULL, PRIMARY KEY (nr, line)); CREATE UNIQUE INDEX by_name ON sales.\"Order Lines\" (\"sélect\"); \
        CREATE INDEX odd ON sales.\"Order Lines\" (lower(\"sélect\")); CREATE VIEW sales.v AS SELECT 1 AS one; \
        GRANT USAGE ON SCHEMA sales TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA sales TO reader");
    let call = Call::default();
    let mut link = open(&pg.connection("reader", "geheim"));
    let tables = link.tables(&call).unwrap();
    let name = TableName { schema: Some("sales".into()), name: "Order Lines".into() };
    assert!(tables.iter().any(|t| t.name == name && !t.view), "{tables:?}");
    assert!(tables.iter().any(|t| t.name.name == "v" && t.view));
    assert!(!tables.iter().any(|t| t.name.name == "prey"), "what may not be read is not shown");
    let lines = link.table(&name, &call).unwrap().unwrap();
    assert_eq!(lines.key, ["nr", "line"]);
    let last = &lines.columns[2];
    assert_eq!(
        (last.name.as_str(), last.server_type.as_str(), last.nullable),
        ("sélect", "character varying(7)", false)
    );
    assert_eq!(last.collation.as_deref(), Some("C"));
    assert_eq!(lines.indexes.len(), 2, "an index over an expression finds no column: {:?}", lines.indexes);
    assert!(lines.indexes.iter().any(|i| i.name == "by_name" && i.unique));
    pg.sql(
        "CREATE SCHEMA hr; CREATE TABLE hr.site (co int, nr int, PRIMARY KEY (nr, co)); \
        CREATE TABLE hr.visit (id int PRIMARY KEY, a int, b int, nr int, line smallint, \
        CONSTRAINT one FOREIGN KEY (a, b) REFERENCES hr.site (co, nr), \
        CONSTRAINT two FOREIGN KEY (nr, line) REFERENCES sales.\"Order Lines\" (nr, line)); \
        GRANT USAGE ON SCHEMA hr TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA hr TO reader",
    );
    let visit = TableName { schema: Some("hr".into()), name: "visit".into() };
    let found = link.references(&visit, &call).unwrap().unwrap();
    let told = |i: usize| {
        let r = &found[i];
        (r.columns.join(","), r.table.clone().unwrap(), r.theirs.join(","))
    };
    let site = TableName { schema: Some("hr".into()), name: "site".into() };
    assert_eq!((found.len(), told(0)), (2, ("a,b".into(), site, "co,nr".into())));
    assert_eq!(told(1), ("nr,line".into(), name.clone(), "nr,line".into()));
    assert_eq!(link.references(&name, &call).unwrap(), Some(Vec::new()));
    let missing = TableName { schema: Some("sales".into()), name: "Order%".into() };
    assert_eq!(link.table(&missing, &call).unwrap(), None);
}

fn who_goes_away_leaves_no_work(pg: &Postgres) {
    let works = || {
        let sql = "DO $$ BEGIN IF EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active') \
                   THEN RAISE 'at work'; END IF; END $$";
        !pg.runs(sql)
    };
    given_up(&pg.connection("reader", "geheim"), "SELECT pg_sleep(60)", works);
}

fn reads_one_state(pg: &Postgres) {
    pg.sql("CREATE TABLE pair AS SELECT i FROM generate_series(1, 5000) AS i; GRANT SELECT ON pair TO reader");
    one_state(&pg.connection("reader", "geheim"), "pair", || pg.sql("INSERT INTO pair VALUES (0)"));
}

fn many_rows_and_a_server_that_dies(pg: &Postgres) {
    pg.sql(&format!(
        "CREATE TABLE many AS SELECT i AS id, 'customer number ' || i AS name, repeat('x', 100) AS more \
        FROM generate_series(1, {BIG}) AS i; GRANT SELECT ON many TO reader"
    ));
    let mut link = open(&pg.connection("reader", "geheim"));
    assert_eq!(count(link.as_mut(), "SELECT * FROM many").unwrap(), BIG);
    let slow = Statement { sql: "SELECT id, pg_sleep(0.01) FROM many".into(), params: Vec::new() };
    let call =
        Call { deadline: Some(std::time::Instant::now() + std::time::Duration::from_secs(1)), ..Call::default() };
    let begin = std::time::Instant::now();
    let mut gone = open(&pg.connection("reader", "geheim"));
    let _ = gone.select(&slow, &call);
    drop(gone);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));

    let sql = Statement { sql: "SELECT * FROM many".into(), params: Vec::new() };
    link.select(&sql, &Call::default()).unwrap();
    pg.stop("immediate");
    let fault = count_open(link.as_mut()).err().unwrap();
    assert_eq!(fault.class, Class::Transient, "{fault}");
    assert!(!link.usable(), "{fault}");
    let fault = driver(&pg.connection("reader", "geheim")).open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-connect", Class::Transient), "{fault}");
}

#[test]
fn postgresql() {
    let pg = Postgres::start();
    pg.sql("CREATE ROLE reader LOGIN PASSWORD 'geheim'; CREATE ROLE writer LOGIN PASSWORD 'geheim'; CREATE SEQUENCE counter; \
        GRANT USAGE ON SEQUENCE counter TO writer; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    every_type(&pg);
    long_values_and_unreadable_ones(&pg);
    days_that_are_none(&pg);
    bulk(&pg);
    nothing_is_written(&pg);
    logins(&pg);
    parameters(&pg);
    catalogs(&pg);
    searches(&pg);
    reads_one_state(&pg);
    who_goes_away_leaves_no_work(&pg);
    many_rows_and_a_server_that_dies(&pg);
}
