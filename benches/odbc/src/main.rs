//! 300,000 rows of SQLite through libsqliteodbc: CPU time, children included, of the adapter into batches, and of a bare
//! odbc-api loop that pipes its cells to a bare reader. Environment: `ROWS`, `ROUNDS` (the median counts). Needs the
//! command `sqlite3`.

use banyan_adapter::Call;
use banyan_odbc::{Config, OdbcDriver};
use banyan_sql::{Driver, Sink, Statement};
use banyan_words::{BatchBuilder, Shape, UnitRef};
use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const SQL: &str = "SELECT * FROM t";

fn main() -> Outcome<()> {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (rows, rounds) = (number("ROWS", 300_000), number("ROUNDS", 3));
    let dir = std::env::temp_dir().join(format!("banyan-bench-odbc-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("bench.db");
    let mut made = Command::new("sqlite3");
    made.arg(&path).arg(format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(60), email VARCHAR(60), phone VARCHAR(30), city VARCHAR(30), \
         kind VARCHAR(10), amount DECIMAL(12,2), note TEXT); \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT i, \
         'Harbour Supplies ' || i, 'c' || i || '@example.test', '+44 20 7946 ' || i, 'town-' || (i % 5000), 'retail', \
         i || '.25', 'a note of some length for number ' || i || ', as notes are' FROM n"
    ));
    if !made.status()?.success() {
        return Err("sqlite3 failed".into());
    }
    let connection = format!("Driver={{SQLite3}};Database={};StepAPI=1;NoWCHAR=1;BigInt=1", path.display());
    let here = std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default();
    let (mut bare_times, mut times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = cpu()?;
        let cells = bare(&here.join("bare-worker"), &connection)?;
        let middle = cpu()?;
        let read = banyan(&here.join("banyan-odbc-worker"), &connection)?;
        let after = cpu()?;
        if cells != rows * 8 || read != rows {
            return Err(format!("{cells} cells, {read} rows").into());
        }
        bare_times.push(middle - before);
        times.push(after - middle);
    }
    bare_times.sort_by(f64::total_cmp);
    times.sort_by(f64::total_cmp);
    let (limit, own) = (bare_times[bare_times.len() / 2], times[times.len() / 2]);
    let parts = std::fs::read_to_string("/proc/self/stat")?;
    if std::env::var("PARTS").is_ok() {
        let after = parts.rsplit_once(')').ok_or("stat")?.1;
        println!(
            "self user, self system, children user, children system: {:?}",
            after.split_whitespace().skip(11).take(4).collect::<Vec<_>>()
        );
    }
    println!("{rows} rows: bare {limit:.2} s, banyan {own:.2} s of CPU, ratio {:.2} (aim 1.25)", own / limit);
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// CPU seconds of this process and its ended children.
fn cpu() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(')').ok_or("stat")?.1;
    let ticks: f64 = after.split_whitespace().skip(11).take(4).filter_map(|t| t.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}

/// Cells that the bare loop pipes; their bytes are gathered in an arena a page long.
fn bare(program: &Path, connection: &str) -> Outcome<u64> {
    let mut child = Command::new(program).args([connection, SQL]).stdout(Stdio::piped()).spawn()?;
    let mut from = std::io::BufReader::with_capacity(64 << 10, child.stdout.take().ok_or("pipe")?);
    let (mut cells, mut arena, mut spans) = (0, Vec::new(), Vec::new());
    let mut length = [0; 4];
    while from.read_exact(&mut length).is_ok() {
        let length = u32::from_le_bytes(length);
        let start = arena.len();
        if length != u32::MAX {
            arena.resize(start + length as usize, 0);
            from.read_exact(&mut arena[start..])?;
        }
        spans.push((start, length));
        cells += 1;
        if spans.len() >= 16_000 {
            std::hint::black_box((&arena, &spans));
            arena.clear();
            spans.clear();
        }
    }
    child.wait()?;
    Ok(cells)
}

/// Rows that the adapter puts into batches.
fn banyan(program: &Path, connection: &str) -> Outcome<u64> {
    let mut config = Config::new("bench", connection);
    config.worker = Some(program.to_owned());
    let call = Call::default();
    let mut link = OdbcDriver::new(config).open(&call)?;
    let columns = link.select(&Statement { sql: SQL.into(), params: Vec::new() }, &call)?;
    let shape = Arc::new(Shape { dataset: "t".into(), columns });
    let as_of = jiff::Timestamp::UNIX_EPOCH;
    let unit = Arc::new(UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of });
    let mut rows = 0;
    loop {
        let mut batch = BatchBuilder::new(unit.clone());
        let number = batch.shape(shape.clone());
        let mut sink = Sink::new(&mut batch, number, rows);
        let more = link.fetch(2000, &mut sink, &call)?;
        rows = sink.rows();
        std::hint::black_box(batch.finish());
        if !more {
            return Ok(rows);
        }
    }
}
