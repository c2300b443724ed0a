//! Many rows, little memory. A process of its own, so that no other test's memory counts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use banyan_adapter::Call;
use banyan_mssql::{Encrypt, Login, MssqlDriver, Settings};
use banyan_sql::{Driver, Sink, Statement};
use banyan_testkit_tds::Server;
use banyan_words::{BatchBuilder, Shape, UnitRef, Value};
use std::sync::Arc;

fn builder() -> BatchBuilder {
    let as_of = jiff::Timestamp::UNIX_EPOCH;
    BatchBuilder::new(Arc::new(UnitRef { name: "u".into(), version: String::new(), order: String::new(), as_of }))
}

/// Resident memory, in bytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    status.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

#[test]
fn three_hundred_thousand_rows_in_bounded_memory() {
    let server = Server::start(
        "CREATE TABLE t (id int, name nvarchar(80), amount TEXT decimal(18,4), at datetime2(7), day date, g uniqueidentifier);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
         INSERT INTO t SELECT i, 'customer number ' || i, i || '.2500', '2024-01-02 03:04:05.1234567', '2024-01-02',
            '6F9619FF-8B86-D011-B42D-00C04FC964FF' FROM n;",
    )
    .unwrap();
    let login = Login { user: "reader".into(), password: "secret".into() };
    let settings = Settings::new(server.address().to_string().parse().unwrap(), "erp", login);
    let call = Call::default();
    let mut link = MssqlDriver::new(Settings { encrypt: Encrypt::Off, ..settings }).open(&call).unwrap();
    let all = Statement { sql: "SELECT id, name, amount, at, day, g FROM t".into(), params: vec![] };
    let columns = link.select(&all, &call).unwrap();
    let shape = Arc::new(Shape { dataset: "d".into(), columns });
    let (mut seen, mut sum, mut before, mut most) = (0_i64, 0_i64, None, 0);
    loop {
        let mut rows = builder();
        let number = rows.shape(shape.clone());
        let more = link.fetch(1000, &mut Sink::new(&mut rows, number, seen as u64), &call).unwrap();
        let batch = rows.finish();
        assert!(batch.len() <= 1000);
        for row in batch.rows() {
            seen += 1;
            let Value::Integer(id) = row.value(0) else { panic!("{:?}", row.value(0)) };
            assert_eq!((id, row.place().line as i64), (seen, seen));
            assert_eq!(row.value(4).to_text().unwrap(), "2024-01-02");
            sum += id;
        }
        if seen == 20_000 {
            before = resident();
        }
        most = most.max(resident().unwrap_or(0));
        if !more {
            break;
        }
    }
    assert_eq!((seen, sum), (300_000, 300_000 * 300_001 / 2));
    let grown = most.saturating_sub(before.unwrap());
    assert!(grown < 24 << 20, "grew by {} KiB", grown >> 10);
}
