//! Orders and their lines, read from a database by ODBC and committed as one.
//!
//! `banyan-odbc-worker` must lie beside the program (`cargo build -p banyan-odbc-worker`), and SQLite's driver and its
//! shell be installed; where they are not, the test says so and fails.

use crate::common::{Gateway, Site};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

const YAML: &str = r#"
sources:
  erp:
    adapter: odbc
    connection: "Driver={SQLite3};Database=FILE"
    datasets:
      orders:
        table: orders
        key: [no]
        page_rows: 50
        sync: { together: [orders, lines], every: 20ms }
      lines: { table: lines, key: [no, pos] }
entities:
  order:
    fields:
      number:   { type: integer, sort: true }
      customer: { type: text }
  line:
    fields:
      order: { type: ref, to: order, inverse: lines, required: true }
      item:  { type: text }
mappings:
  - from: erp.orders
    to: order
    fields: { number: no, customer: customer }
  - from: erp.lines
    to: line
    fields: { order: 'REF("order", "erp", no)', item: item }
"#;

/// A shell of the old system's database.
fn shell(db: &Path) -> Child {
    let mut command = Command::new("sqlite3");
    command.arg(db).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sqlite3 is installed")
}

fn run(db: &Path, sql: &str) {
    let mut child = shell(db);
    child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{sql}");
}

/// An order with three lines, in one transaction of the old system.
fn order(no: u64) -> String {
    format!(
        "BEGIN IMMEDIATE; INSERT INTO orders VALUES ({no}, 'customer {no}'); \
         INSERT INTO lines VALUES ({no}, 1, 'a'), ({no}, 2, 'b'), ({no}, 3, 'c'); COMMIT;\n"
    )
}

fn legacy(site: &Site) -> std::path::PathBuf {
    let db = site.path("erp.db");
    run(
        &db,
        "PRAGMA journal_mode = wal; CREATE TABLE orders (no INTEGER PRIMARY KEY NOT NULL, customer TEXT);
         CREATE TABLE lines (no INTEGER NOT NULL, pos INTEGER NOT NULL, item TEXT, PRIMARY KEY (no, pos));\n",
    );
    run(&db, &(1..=200).map(order).collect::<String>());
    let path = db.display().to_string();
    site.edit("banyan.yaml", |text| text.replace("FILE", &path));
    db
}

/// How many lines each order of a page has, as one answer shows them.
fn lines_of(page: &[Value]) -> Vec<usize> {
    page.iter().map(|o| o["lines"]["items"].as_array().map_or(0, Vec::len)).collect()
}

fn newest(g: &Gateway) -> Vec<Value> {
    g.items("/v1/orders?limit=100&sort=-number&embed=lines")
}

#[test]
fn nobody_sees_an_order_without_its_lines() {
    let site = Site::new(YAML);
    let db = legacy(&site);
    let g = site.start();
    g.until("the first pass", |g| g.count("/v1/orders") == 200);
    assert_eq!(g.count("/v1/lines"), 600, "committed with the orders");

    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (over, db) = (over.clone(), db.clone());
        std::thread::spawn(move || {
            let mut child = shell(&db);
            let mut input = child.stdin.take().unwrap();
            let mut no = 200;
            input.write_all(b".timeout 20000\n").unwrap();
            while !over.load(SeqCst) {
                no += 1;
                input.write_all(order(no).as_bytes()).unwrap();
                input.flush().unwrap();
                // Not a wait for something: the pace of the old system.
                std::thread::sleep(Duration::from_millis(3));
            }
            drop(input);
            assert!(child.wait().unwrap().success());
            no
        })
    };
    let begun = Instant::now();
    let mut looks = 0;
    while begun.elapsed() < Duration::from_secs(4) {
        let orders = newest(&g);
        assert!(!orders.is_empty());
        assert!(lines_of(&orders).iter().all(|n| *n == 3), "{orders:?}");
        looks += 1;
    }
    over.store(true, SeqCst);
    let written = writer.join().unwrap();
    assert!(looks > 5 && written > 300, "{looks} looks, {written} orders");
    g.until("all of them", |g| g.count("/v1/orders") == written);
    assert_eq!(g.count("/v1/lines"), written * 3);

    // What is deleted together goes together, and both datasets tell of the same pass.
    run(&db, "BEGIN IMMEDIATE; DELETE FROM lines WHERE no <= 50; DELETE FROM orders WHERE no <= 50; COMMIT;\n");
    g.until("the deletions", |g| g.count("/v1/orders") == written - 50);
    assert_eq!(g.count("/v1/lines"), (written - 50) * 3);
    for dataset in ["erp.orders", "erp.lines"] {
        let told = g.dataset(dataset);
        assert_eq!(told["ledger"]["adds_up"], true, "{told}");
        assert_eq!(told["dead_letters_open"], 0, "{told}");
    }
    g.stop();
}

#[test]
fn a_killed_gateway_goes_on_with_both() {
    let site = Site::new(YAML);
    let db = legacy(&site);
    for round in 0..3_u64 {
        let g = site.start();
        g.until("a pass", |g| g.count("/v1/orders") >= 200 + round * 100);
        run(&db, &(201 + round * 100..=300 + round * 100).map(order).collect::<String>());
        // Not a wait for something: killed at some moment of a pass.
        std::thread::sleep(Duration::from_millis(17 * (round + 1)));
        g.kill();
    }
    let g = site.start();
    let orders = newest(&g);
    assert!(lines_of(&orders).iter().all(|n| *n == 3), "{orders:?}");
    g.until("all of them", |g| g.count("/v1/orders") == 500);
    assert_eq!(g.count("/v1/lines"), 1_500, "none is lost, none is doubled");
    g.stop();
}
