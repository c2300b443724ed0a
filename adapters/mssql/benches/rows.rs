//! Rows through the link into batches, against a bare loop of the protocol library over the same answers.
//!
//! Both sides run on one thread of their own (a runtime of the current thread), so that the thread's own CPU time is
//! theirs and nobody else's: the server has its threads in the same process, and they do not count. The goal is at most
//! 1.25 times the bare loop. `cargo bench -p banyan-mssql` runs it; without `--bench` it reads a few rows, as a test.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_adapter::Call;
use banyan_mssql::{Encrypt, Login, MssqlDriver, Settings};
use banyan_sql::{Driver, Sink, Statement};
use banyan_testkit_tds::Server;
use banyan_words::{BatchBuilder, Shape, UnitRef};
use futures_util::TryStreamExt;
use std::hint::black_box;
use std::sync::Arc;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem};
use tokio_util::compat::TokioAsyncWriteCompatExt;

const SQL: &str = "SELECT id, code, name, amount, changed, day, active, parent, rate, guid FROM t";

fn setup(rows: u64) -> String {
    format!(
        "CREATE TABLE t (id int, code varchar(12), name nvarchar(40), amount TEXT decimal(18,2), changed datetime2(7),
            day date, active bit, parent int, rate float, guid uniqueidentifier);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO t SELECT i, 'C' || i, 'Customer number ' || i, i || '.50', '2024-01-02 03:04:05.1234567', '2024-01-02',
            i % 2, CASE WHEN i % 3 = 0 THEN NULL ELSE i END, i / 7.0, '6F9619FF-8B86-D011-B42D-00C04FC964FF' FROM n;"
    )
}

/// Nanoseconds that this thread was on a processor.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

fn bare(server: &Server) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut config = Config::new();
        config.host("127.0.0.1");
        config.port(server.address().port());
        config.database("erp");
        config.authentication(AuthMethod::sql_server("reader", "secret"));
        config.encryption(EncryptionLevel::NotSupported);
        config.packet_size(16 * 1024);
        let tcp = tokio::net::TcpStream::connect(config.get_addr()).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let mut client = Client::connect(config, tcp.compat_write()).await.unwrap();
        let mut stream = client.simple_query(SQL).await.unwrap();
        let mut rows = 0;
        while let Some(item) = stream.try_next().await.unwrap() {
            if let QueryItem::Row(row) = item {
                row.cells().for_each(|(_, data)| {
                    black_box(data);
                });
                rows += 1;
            }
        }
        rows
    })
}

fn ours(server: &Server) -> u64 {
    let login = Login { user: "reader".into(), password: "secret".into() };
    let settings = Settings::new(server.address().to_string().parse().unwrap(), "erp", login);
    let call = Call::default();
    let mut link = MssqlDriver::new(Settings { encrypt: Encrypt::Off, ..settings }).open(&call).unwrap();
    let columns = link.select(&Statement { sql: SQL.into(), params: vec![] }, &call).unwrap();
    let shape = Arc::new(Shape { dataset: "t".into(), columns });
    let as_of = jiff::Timestamp::UNIX_EPOCH;
    let unit = Arc::new(UnitRef { name: "u".into(), version: String::new(), order: String::new(), as_of });
    let mut rows = 0;
    loop {
        let mut builder = BatchBuilder::new(unit.clone());
        let number = builder.shape(shape.clone());
        let more = link.fetch(1000, &mut Sink::new(&mut builder, number, rows), &call).unwrap();
        rows += black_box(builder.finish()).len() as u64;
        if !more {
            return rows;
        }
    }
}

fn main() {
    let full = std::env::args().any(|a| a == "--bench");
    let (count, rounds) = if full { (300_000, 5) } else { (2_000, 1) };
    let server = Server::start(&setup(count)).unwrap();
    let measure = |read: fn(&Server) -> u64| {
        let before = cpu();
        assert_eq!(read(&server), count);
        (cpu() - before) as f64 / count as f64
    };
    let (mut bares, mut mine) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bares.push(measure(bare));
        mine.push(measure(ours));
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (bare, ours) = (median(&mut bares), median(&mut mine));
    println!("{count} rows of 10 columns, CPU of the reading thread for each row:");
    println!("  bare loop {bare:.0} ns, through the link {ours:.0} ns, {:.2} times", ours / bare);
}
