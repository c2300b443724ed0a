//! MariaDB through its own driver: a server of its own in a temporary folder, spoken to over a socket.

use crate::common::*;
use banyan_adapter::{Call, Class, Test};
use banyan_sql::{Access, Dialect, Driver, Statement, TableName};
use banyan_words::{Type, Value};
use std::path::Path;
use std::process::{Command, Stdio};

struct Maria(Server);

impl Maria {
    fn start() -> Maria {
        let dir = tempfile::Builder::new().prefix("maria").tempdir().unwrap();
        let data = format!("--datadir={}", dir.path().join("data").display());
        let user = if root() { "--user=root" } else { "--skip-name-resolve" };
        let args = ["--no-defaults", &data, "--auth-root-authentication-method=normal", "--skip-test-db", user];
        run(Path::new("mariadb-install-db"), &args, "");
        let socket = format!("--socket={}", dir.path().join("s").display());
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let program = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"].into_iter().find(|p| Path::new(p).is_file());
        let child = Command::new(program.unwrap_or_else(|| panic!("there is no MariaDB here: {SETUP}")))
            .args(["--no-defaults", &data, &socket, "--skip-networking", "--innodb-flush-log-at-trx-commit=0", user])
            .args(["--character-set-server=utf8mb4", "--innodb-buffer-pool-size=32M", "--max-allowed-packet=64M"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Server { child, dir };
        wait_for("MariaDB", &server.path("log"), || server.path("s").exists());
        Maria(server)
    }

    fn sql(&self, sql: &str) {
        self.told(sql);
    }

    fn told(&self, sql: &str) -> String {
        let socket = format!("--socket={}", self.0.path("s").display());
        let args = ["--no-defaults", &socket, "-uroot", "--default-character-set=utf8mb4", "--max-allowed-packet=64M"];
        run(Path::new("mariadb"), &args, sql)
    }

    fn connection(&self, user: &str, password: &str) -> String {
        let socket = self.0.path("s");
        format!(
            "Driver={{MariaDB Unicode}};Server=localhost;Socket={};Database=erp;UID={user};PWD={password}",
            socket.display()
        )
    }
}

const TYPES: &str = "USE erp; SET time_zone = '+00:00'; SET sql_mode = '';\
    CREATE TABLE everything (id int PRIMARY KEY, tiny tinyint, big bigint, ubig bigint unsigned, exact decimal(38,10), \
    narrow float, wide double, day date, clock time(6), at datetime(6), instant timestamp(6) NULL, name text, code char(6), \
    short varchar(12), bytes varbinary(10), photo longblob, word enum('a','b'), j json, y year);\
    INSERT INTO everything VALUES (1, -128, 9223372036854775807, 18446744073709551615, \
    1234567890123456789012345678.0123456789, 0.1, 0.1, '0001-01-01', '23:59:59.123456', '9999-12-31 23:59:59.999999', \
    '2024-02-29 10:00:00.000001', 'Grüße 🌳', 'ab', 'ü12345678901', X'00ff', X'0102', 'b', '{\"a\": 1}', 2024);\
    INSERT INTO everything (id, name, short, bytes) VALUES (2, '', '', '');\
    INSERT INTO everything (id, day, at) VALUES (3, '0000-00-00', '2024-01-01'), (4, '2024-01-01', '2024-01-01 10:00');";

fn every_type(maria: &Maria) {
    maria.sql(TYPES);
    let mut link = open(&maria.connection("reader", "geheim"));
    assert_eq!(link.dialect(), Dialect::Mysql);
    let all = select(link.as_mut(), "SELECT * FROM everything WHERE id < 3 ORDER BY id").unwrap();
    assert_eq!(all.bad, [], "{:?}", all.types());
    let row: Vec<String> = (0..19).map(|c| all.texts(c)[0].clone()).collect();
    assert_eq!(
        row,
        [
            "1",
            "-128",
            "9223372036854775807",
            "18446744073709551615",
            "1234567890123456789012345678.0123456789",
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
            "AQI=",
            "b",
            "{\"a\": 1}",
            "2024"
        ],
        "{:?}",
        all.types()
    );
    assert_eq!(all.rows[1][11], Value::text(""));
    assert_eq!(all.rows[1][13], Value::text(""));
    assert_eq!(all.rows[1][1], Value::Null);
    assert_eq!(all.rows[1][15], Value::Null);
    assert_eq!(all.columns[10].ty, Type::Instant);
    assert_eq!(all.columns[9].ty, Type::DateTime);
    assert_eq!(all.columns[4].ty, Type::Decimal { precision: 38, scale: 10 });
    // The day that is none is a dead letter or null, never another day; the row behind it arrives.
    let odd = select(link.as_mut(), "SELECT id, day, at FROM everything WHERE id >= 3 ORDER BY id").unwrap();
    assert!(odd.bad.first().is_some_and(|b| b.0 == 0) || odd.rows[0][1] == Value::Null, "{:?}", odd.rows[0]);
    assert_eq!(odd.texts(1)[1], "2024-01-01");
}

fn long_values(maria: &Maria) {
    maria.sql(
        "USE erp; CREATE TABLE long_ones (id int, body longtext, photo longblob, more varchar(3000));\
        INSERT INTO long_ones VALUES (1, repeat('ü🌳', 2000000), repeat(X'00ff', 2000000), repeat('🌳', 3000));\
        INSERT INTO long_ones VALUES (2, repeat('x', 8190), NULL, 'm'), (3, 'end', X'01', '');",
    );
    let mut link = open(&maria.connection("reader", "geheim"));
    let all = select(link.as_mut(), "SELECT * FROM long_ones ORDER BY id").unwrap();
    assert_eq!(all.bad, []);
    assert!(all.rows[0][1] == Value::text(&"ü🌳".repeat(2_000_000)), "12 MB of text");
    let Value::Bytes(photo) = &all.rows[0][2] else { panic!("{:?}", all.types()) };
    assert!(photo.len() == 4_000_000 && photo.chunks(2).all(|c| c == [0, 255]));
    let Value::Text(more) = &all.rows[0][3] else { panic!() };
    assert!(*more == "🌳".repeat(3000), "{} bytes", more.len());
    assert_eq!(all.rows[1][1], Value::text(&"x".repeat(8190)));
    assert_eq!(all.texts(1)[2], "end");
}

fn searches(maria: &Maria) {
    maria.sql(&format!("USE erp; {FINDS} ALTER TABLE finds ADD at datetime(6); \
        UPDATE finds SET at = '9999-12-31 23:59:59.999999' WHERE k = 'c3'; UPDATE finds SET at = '2026-01-05 10:00:00.000001' WHERE k = 'a1'; \
        UPDATE finds SET at = '1600-01-01 00:00:00' WHERE k = 'B2'"));
    let at = |t: &str| Value::DateTime(t.parse().unwrap());
    finds(
        &maria.connection("reader", "geheim"),
        &[
            ("at", Test::AtLeast(at("2026-01-05T10:00:00.000001999")), &["a1", "c3"]),
            ("at", Test::AnyOf(vec![vec![at("2026-01-05T10:00:00.000001")]]), &["a1"]),
            ("at", Test::AtLeast(at("2026-01-05T10:00:00.000002")), &["c3"]),
            ("at", Test::AtLeast(at("1500-01-01T00:00:00")), &["B2", "a1", "c3"]),
            ("at", Test::AtMost(at("9999-12-31T23:59:59.999999999")), &["B2", "a1", "c3"]),
        ],
        || {},
    );
}

fn nothing_is_cut_off(maria: &Maria) {
    maria.sql("SET GLOBAL sql_select_limit = 2");
    let mut link = open(&maria.connection("reader", "geheim"));
    assert_eq!(count(link.as_mut(), "SELECT * FROM finds").unwrap(), 5, "a limit of the server's is none of ours");
    maria.sql("SET GLOBAL sql_select_limit = DEFAULT");
}

fn who_goes_away_leaves_no_work(maria: &Maria) {
    let works = || maria.told("SHOW FULL PROCESSLIST").contains("SLEEP(60)");
    given_up(&maria.connection("reader", "geheim"), "SELECT SLEEP(60)", works);
}

fn nothing_is_written(maria: &Maria) {
    maria.sql("USE erp; CREATE TABLE prey (id int); INSERT INTO prey VALUES (1);");
    let call = Call::default();
    let mut link = open(&maria.connection("writer", "geheim"));
    for sql in
        ["INSERT INTO prey VALUES (2)", "DELETE FROM prey", "CREATE TABLE hole (x int)", "UPDATE prey SET id = 5"]
    {
        let fault = select(link.as_mut(), sql).err().unwrap_or_else(|| panic!("{sql} was let through"));
        assert_eq!((fault.code.as_str(), fault.class), ("odbc-read-only", Class::Permanent), "{sql}: {fault}");
    }
    assert_eq!(select(link.as_mut(), "SELECT count(*) FROM prey").unwrap().texts(0), ["1"]);
    let Access::MayWrite(what) = link.access(&call).unwrap() else { panic!() };
    assert!(what.contains("INSERT on `erp`"), "{what}");
    assert_eq!(open(&maria.connection("reader", "geheim")).access(&call).unwrap(), Access::ReadOnly);
}

fn logins_and_catalogs(maria: &Maria) {
    let fault = driver(&maria.connection("reader", "wrong-secret")).open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-login", Class::Permanent), "{fault}");
    assert!(!fault.message.contains("wrong-secret"), "{fault}");
    maria.sql(
        "USE erp; CREATE TABLE `Order Lines` (nr int, line int, `group` varchar(7) NOT NULL, PRIMARY KEY (nr, line), \
        UNIQUE KEY by_group (`group`)); CREATE VIEW v AS SELECT nr FROM `Order Lines`;",
    );
    let call = Call::default();
    let mut link = open(&maria.connection("reader", "geheim"));
    let tables = link.tables(&call).unwrap();
    assert!(tables.iter().any(|t| t.name.name == "v" && t.view), "{tables:?}");
    let name = TableName { schema: None, name: "Order Lines".into() };
    let lines = link.table(&name, &call).unwrap().unwrap();
    assert_eq!(lines.key, ["nr", "line"]);
    assert_eq!((lines.columns[2].name.as_str(), lines.columns[2].nullable), ("group", false));
    assert_eq!(lines.columns[2].server_type, "varchar(7)");
    assert!(lines.columns[2].collation.as_deref().is_some_and(|c| c.starts_with("utf8mb4")));
    assert!(lines.indexes.iter().any(|i| i.name == "by_group" && i.unique && i.columns == ["group"]));
    maria.sql(
        "USE erp; CREATE TABLE pick (id int PRIMARY KEY, o int, l int, self int, CONSTRAINT of_line FOREIGN KEY (o, l) \
        REFERENCES `Order Lines` (nr, line), CONSTRAINT same FOREIGN KEY (self) REFERENCES pick (id)) ENGINE=InnoDB;",
    );
    let found = link.references(&TableName { schema: None, name: "pick".into() }, &call).unwrap().unwrap();
    let told: Vec<(String, String, String)> =
        found.into_iter().map(|r| (r.columns.join(","), r.table.unwrap().name, r.theirs.join(","))).collect();
    let one = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(told, [one("o,l", "Order Lines", "nr,line"), one("self", "pick", "id")]);
    assert_eq!(link.references(&name, &call).unwrap(), Some(Vec::new()));
    let sql =
        "SELECT id FROM everything WHERE short = ? AND big = ? AND exact > ? AND day = ? AND at = ? AND instant = ?";
    let params = vec![
        Value::text("ü12345678901"),
        Value::Integer(i64::MAX),
        Value::Decimal("0.5".parse().unwrap()),
        Value::Date("0001-01-01".parse().unwrap()),
        Value::DateTime("9999-12-31T23:59:59.999999".parse().unwrap()),
        Value::Instant("2024-02-29T10:00:00.000001Z".parse().unwrap()),
    ];
    assert_eq!(select_with(link.as_mut(), sql, params).unwrap().texts(0), ["1"]);
}

fn reads_one_state(maria: &Maria) {
    maria.sql("USE erp; CREATE TABLE pair (i int) ENGINE=InnoDB; INSERT INTO pair SELECT seq FROM seq_1_to_5000");
    one_state(&maria.connection("reader", "geheim"), "pair", || maria.sql("INSERT INTO erp.pair VALUES (0)"));
}

fn many_rows_and_a_server_that_dies(maria: &mut Maria) {
    maria.sql(&format!(
        "USE erp; CREATE TABLE many AS SELECT seq AS id, concat('customer number ', seq) AS name, \
        repeat('x', 100) AS more FROM seq_1_to_{BIG}"
    ));
    let mut link = open(&maria.connection("reader", "geheim"));
    assert_eq!(count(link.as_mut(), "SELECT * FROM many").unwrap(), BIG);
    let sql = Statement { sql: "SELECT * FROM many".into(), params: Vec::new() };
    link.select(&sql, &Call::default()).unwrap();
    maria.0.child.kill().unwrap();
    maria.0.child.wait().unwrap();
    // Drivers before 3.2 hold the whole answer, so that it survives its server; a part of it must never pass for the whole.
    let read = count_open(link.as_mut());
    assert!(read.as_ref().map_or(true, |rows| *rows == BIG), "{read:?}");
    let fault = select(link.as_mut(), "SELECT 1").err().expect("the server is gone");
    assert_eq!(fault.class, Class::Transient, "{fault}");
    assert!(!link.usable(), "{fault}");
}

#[test]
fn mariadb() {
    let mut maria = Maria::start();
    maria.sql(
        "CREATE DATABASE erp; CREATE USER reader@localhost IDENTIFIED BY 'geheim'; GRANT SELECT, SHOW VIEW ON erp.* TO \
        reader@localhost; CREATE USER writer@localhost IDENTIFIED BY 'geheim'; \
        GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON erp.* TO writer@localhost;",
    );
    every_type(&maria);
    long_values(&maria);
    nothing_is_written(&maria);
    logins_and_catalogs(&maria);
    searches(&maria);
    nothing_is_cut_off(&maria);
    reads_one_state(&maria);
    who_goes_away_leaves_no_work(&maria);
    many_rows_and_a_server_that_dies(&mut maria);
}
