//! The link against a real TDS conversation: types, manners, refusals, time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod catalog;
mod kind;
mod login;
mod manners;
mod types;

use banyan_adapter::{Call, Fault};
use banyan_mssql::{Encrypt, Login, MssqlDriver, Settings, Trust};
use banyan_sql::{Driver, Link, Param, Sink, Statement};
use banyan_testkit_tds::Server;
use banyan_words::{Batch, BatchBuilder, Column, Shape, UnitRef, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ORDERS: &str = "
    CREATE TABLE orders (id int NOT NULL PRIMARY KEY, customer varchar(12) NOT NULL, amount TEXT decimal(18,2),
        ordered datetime2(7), note nvarchar_max);
    CREATE INDEX by_customer ON orders (customer, ordered);
    INSERT INTO orders VALUES
        (1, 'ACME', '12.50', '2024-01-02 03:04:05.1234567', 'first'),
        (2, 'ACME', '-0.05', '2024-02-29 23:59:59.9999999', NULL),
        (3, 'Böse', NULL, NULL, 'Grüße 🌳');";

fn settings(server: &Server) -> Settings {
    let login = Login { user: "reader".into(), password: "secret".into() };
    let mut settings = Settings::new(server.address().to_string().parse().unwrap(), "erp", login);
    settings.trust = Trust::Any;
    settings
}

/// Without encryption, which most tests do not care about.
fn plain(server: &Server) -> Settings {
    Settings { encrypt: Encrypt::Off, ..settings(server) }
}

fn within(seconds: u64) -> Call {
    Call { deadline: Some(Instant::now() + Duration::from_secs(seconds)), ..Call::default() }
}

fn open(server: &Server) -> Box<dyn Link> {
    MssqlDriver::new(plain(server)).open(&within(20)).unwrap()
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.into(), params: vec![] }
}

fn with(sql: &str, values: Vec<Value<'static>>) -> Statement {
    let params = values.into_iter().map(|value| Param { value, server_type: None }).collect();
    Statement { sql: sql.into(), params }
}

fn builder() -> BatchBuilder {
    let as_of = jiff::Timestamp::UNIX_EPOCH;
    BatchBuilder::new(Arc::new(UnitRef { name: "u".into(), version: String::new(), order: String::new(), as_of }))
}

/// The answer's columns and rows.
fn read(link: &mut dyn Link, statement: &Statement) -> Result<(Vec<Column>, Batch), Fault> {
    let call = within(30);
    let columns = link.select(statement, &call)?;
    let mut rows = builder();
    let shape = rows.shape(Arc::new(Shape { dataset: "d".into(), columns: columns.clone() }));
    let mut sink = Sink::new(&mut rows, shape, 0);
    while link.fetch(100, &mut sink, &call)? {}
    Ok((columns, rows.finish()))
}

fn texts(batch: &Batch, column: usize) -> Vec<String> {
    batch.rows().map(|r| r.value(column).to_text().map_or("-".into(), |t| t.into_owned())).collect()
}
