//! `make bench`: every figure of the design's speed table that this version has, beside its limit program, as ratios of
//! CPU time in one run. Environment: `BANYAN` (the release binary), `ROWS` (default 1,000,000), `REQUESTS` (default
//! 60,000), `ROUNDS` (default 3; the median counts).

mod load;

use load::{Run, cpu_seconds, memory_mb};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const GATEWAY: u16 = 18480;
const ADMIN: u16 = 18481;
const LIMIT: u16 = 18482;

struct Server(Child);

impl Server {
    /// Asks it to stop, and waits until it has.
    fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> Outcome<()> {
    let number = |name: &str, default: usize| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (rows, requests, rounds) = (number("ROWS", 1_000_000), number("REQUESTS", 60_000), number("ROUNDS", 3));
    let banyan = std::env::var("BANYAN").unwrap_or_else(|_| "target/release/banyan".into());
    let here = std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default();
    let dir = std::env::temp_dir().join(format!("banyan-bench-{}", std::process::id()));
    fs::create_dir_all(dir.join("drop"))?;
    write_csv(&dir.join("big.csv"), rows, 0)?;
    let mut table = String::new();
    ingest(&dir, &banyan, &here, rows, rounds, &mut table)?;
    reads(&dir, &banyan, &here, rows, requests, rounds, &mut table)?;
    println!("\n{:<46} {:>12} {:>12} {:>8} {:>8}\n{table}", "work", "limit", "banyan", "ratio", "aim");
    fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Eight columns, as the limit programs expect them. Every hundredth row differs between `version`s.
fn write_csv(path: &PathBuf, rows: usize, version: usize) -> Outcome<()> {
    let mut out = std::io::BufWriter::new(fs::File::create(path)?);
    writeln!(out, "ID;NAME;EMAIL;PHONE;CITY;KIND;LIMIT;NOTE")?;
    for i in 0..rows {
        let v = if i % 100 == 0 { version } else { 0 };
        writeln!(
            out,
            "{i};Harbour Supplies {i};c{i}@example.test;+44 20 7946 {i:06};town-{:04};{};{}.00;a note of some length for number {i}, as notes are {v}",
            i % 5000,
            ["retail", "trade", "export"][i % 3],
            i % 100_000,
        )?;
    }
    out.flush()?;
    Ok(())
}

fn write_config(dir: &Path, name: &str, drop: &str) -> Outcome<PathBuf> {
    let text = format!(
        r#"banyan: 1
gateway: {{ listen: "127.0.0.1:{GATEWAY}", admin: "127.0.0.1:{ADMIN}" }}
store: sqlite:{name}/banyan.db
sources:
  crm:
    adapter: file-drop
    folder: {drop}
    datasets:
      customers:
        files: "*.csv"
        format: {{ kind: csv, delimiter: ";", header: true }}
        key: [ID]
        content: snapshot
        ready: {{ quiet: 200ms }}
entities:
  customer:
    plural: customers
    authority: crm
    fields:
      name: {{ type: text, required: true }}
      email: {{ type: text }}
      phone: {{ type: text }}
      city: {{ type: text, filter: [eq] }}
      category: {{ type: enum, values: [retail, trade, export] }}
      credit_limit: {{ type: decimal, precision: 12, scale: 2 }}
      note: {{ type: text }}
mappings:
  - from: crm.customers
    to: customer
    fields:
      name: TRIM(NAME)
      email: LOWER(EMAIL)
      phone: PHONE
      city: CITY
      category: KIND ELSE REJECT "bad-kind"
      credit_limit: DECIMAL(LIMIT) ELSE REJECT "bad-limit"
      note: NOTE
"#
    );
    let path = dir.join(format!("{name}.yaml"));
    fs::write(&path, text)?;
    Ok(path)
}

fn start(banyan: &str, config: &Path) -> Outcome<Server> {
    let child = Command::new(banyan)
        .args(["serve", "--config"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{banyan}: {e}; build it with `cargo build --release`"))?;
    Ok(Server(child))
}

/// Starts it; how long until it answers.
fn serving(banyan: &str, config: &Path) -> Outcome<(Server, Duration)> {
    let begun = Instant::now();
    let server = start(banyan, config)?;
    while get(GATEWAY, "/v1/customers?limit=1").map_or(true, |b| !b.starts_with("HTTP/1.1 200")) {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok((server, begun.elapsed()))
}

/// The body of a GET, or an error. One connection a call: this is the harness, not the load.
fn get(port: u16, path: &str) -> Outcome<String> {
    use std::io::Read;
    let mut s = std::net::TcpStream::connect(("127.0.0.1", port))?;
    s.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(s, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut out = Vec::new();
    s.read_to_end(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Waits until the admin API says that the newest unit of the dataset was read to its end.
fn wait_read(name: &str, mut meanwhile: impl FnMut()) -> Outcome<()> {
    let until = Instant::now() + Duration::from_secs(600);
    while Instant::now() < until {
        let units = get(ADMIN, "/admin/v1/units?dataset=crm.customers").unwrap_or_default();
        let newest = units.split(&format!("\"{name}\"")).nth(1).unwrap_or("");
        let newest = &newest[..newest.len().min(600)];
        if newest.contains("\"done\"") || newest.contains("\"unacknowledged\"") {
            return Ok(());
        }
        meanwhile();
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("the file was not read within ten minutes".into())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

fn ingest(dir: &Path, banyan: &str, here: &Path, rows: usize, rounds: usize, table: &mut String) -> Outcome<()> {
    let (mut limit, mut equal, mut ours, mut again, mut changed) = (vec![], vec![], vec![], vec![], vec![]);
    let mut peak = 0.0_f64;
    for round in 0..rounds {
        let db = dir.join(format!("limit-{round}.db"));
        let before = children_cpu();
        Command::new(here.join("limit_csv")).arg(dir.join("big.csv")).arg(&db).status()?;
        limit.push(children_cpu() - before);
        let before = children_cpu();
        let other = dir.join(format!("equal-{round}.db"));
        Command::new(here.join("limit_csv")).arg(dir.join("big.csv")).arg(&other).arg("equal").status()?;
        equal.push(children_cpu() - before);
        fs::remove_file(&other)?;
        let name = format!("store-{round}");
        let drop = format!("drop-{round}");
        fs::create_dir_all(dir.join(&drop))?;
        let config = write_config(dir, &name, &drop)?;
        let server = start(banyan, &config)?;
        std::thread::sleep(Duration::from_millis(500));
        let pid = server.0.id();
        let mut file = |name: &str, version: usize| -> Outcome<f64> {
            let before = cpu_seconds(pid);
            let part = dir.join(&drop).join(format!("{name}.part"));
            write_csv(&part, rows, version)?;
            fs::rename(&part, dir.join(&drop).join(name))?;
            wait_read(name, || peak = peak.max(memory_mb(pid)))?;
            Ok(cpu_seconds(pid) - before)
        };
        ours.push(file("a.csv", 0)?);
        // One more row, so that it is another file but not another customer.
        changed.push(file("b.csv", 1)?);
        again.push(file("c.csv", 0)?);
    }
    let (l, e, ours) = (median(limit), median(equal), median(ours));
    let mut row = |work: &str, l: f64, ours: f64, aim: &str| {
        let _ = writeln!(table, "{work:<46} {l:>10.2} s {ours:>10.2} s {:>8.2} {aim:>8}", ours / l);
    };
    row(&format!("{rows} CSV rows, fresh"), l, ours, "≤ 4");
    row("the same beside a table with equal id and index", e, ours, "");
    row("the same file, 1 % changed", l, median(changed), "");
    row("the same file, 1 % changed back", l, median(again), "");
    let _ = writeln!(table, "{:<46} {:>12} {peak:>9.0} MB {:>8} {:>8}", "peak memory of it (RssAnon)", "", "", "≤ 150");
    Ok(())
}

/// CPU seconds of all children that were waited for.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}

fn reads(
    dir: &Path,
    banyan: &str,
    here: &Path,
    rows: usize,
    requests: usize,
    rounds: usize,
    table: &mut String,
) -> Outcome<()> {
    let config = dir.join("store-0.yaml");
    // The store was left behind by a process that was killed just after it had written: its log is read again.
    let (server, after_kill) = serving(banyan, &config)?;
    server.stop()?;
    let (server, started) = serving(banyan, &config)?;
    std::thread::sleep(Duration::from_secs(3));
    let idle = memory_mb(server.0.id());
    let limit =
        Server(Command::new(here.join("limit_http")).arg(LIMIT.to_string()).arg(dir.join("limit-0.db")).spawn()?);
    std::thread::sleep(Duration::from_secs(2));
    let ids = ids(rows)?;
    let (g, l) = (server.0.id(), limit.0.id());
    let head =
        |port: u16, path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n");
    let mut compare = |work: &str,
                       aim: &str,
                       theirs: &(dyn Fn(usize) -> String + Sync),
                       ours: &(dyn Fn(usize) -> String + Sync)| {
        let (mut a, mut b): (Vec<Run>, Vec<Run>) = (vec![], vec![]);
        for _ in 0..rounds {
            a.push(load::run(LIMIT, l, requests, theirs));
            b.push(load::run(GATEWAY, g, requests, ours));
        }
        let m = |runs: &[Run], f: fn(&Run) -> f64| median(runs.iter().map(f).collect());
        let (x, y) = (m(&a, |r| r.cpu_us), m(&b, |r| r.cpu_us));
        let _ = writeln!(
            table,
            "{work:<46} {x:>9.1} µs {y:>9.1} µs {:>8.2} {aim:>8}   {:.0}/s against {:.0}/s, p99 {:.0} against {:.0} µs",
            y / x,
            m(&b, |r| r.rate),
            m(&a, |r| r.rate),
            m(&b, |r| r.p99_us),
            m(&a, |r| r.p99_us)
        );
    };
    let fixed = |i: usize| head(LIMIT, &format!("/fixed/{}", ids[i % ids.len()].0), "");
    let hot = |i: usize| head(GATEWAY, &format!("/v1/customers/{}", ids[i % 1000.min(ids.len())].0), "");
    let spread = |i: usize| {
        let at = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % ids.len();
        head(GATEWAY, &format!("/v1/customers/{}", ids[at].0), "")
    };
    compare("GET by id, hot set of 1,000", "≤ 1.3", &fixed, &hot);
    compare("GET by id, uniform", "≤ 1.6", &fixed, &spread);
    let nothing = |i: usize| head(LIMIT, &format!("/nothing/{}", ids[i % ids.len()].0), "");
    let same = |i: usize| {
        let (id, etag) = &ids[i % 1000.min(ids.len())];
        head(GATEWAY, &format!("/v1/customers/{id}"), &format!("If-None-Match: {etag}\r\n"))
    };
    compare("304 on ETag", "≤ 1.3", &nothing, &same);
    let their_list = |i: usize| head(LIMIT, &format!("/list?city=town-{:04}", i % 5000), "");
    let our_list = |i: usize| head(GATEWAY, &format!("/v1/customers?city=town-{:04}&limit=50", i % 5000), "");
    compare("filtered list of 50", "≤ 0.8", &their_list, &our_list);
    under_ingest(dir, g, rows, requests, &spread, table)?;
    let _ =
        writeln!(table, "{:<46} {:>12} {:>9} ms {:>8} {:>8}", "start to serving", "", started.as_millis(), "", "≤ 150");
    let _ =
        writeln!(table, "{:<46} {:>12} {:>9} ms", "the same, killed while a file came in", "", after_kill.as_millis());
    let _ = writeln!(table, "{:<46} {:>12} {idle:>9.0} MB {:>8} {:>8}", "idle memory (RssAnon)", "", "", "≤ 60");
    Ok(())
}

/// Reads while as many rows again come in: their p99 beside that of a quiet moment.
fn under_ingest(
    dir: &Path,
    gateway: u32,
    rows: usize,
    requests: usize,
    request: &(dyn Fn(usize) -> String + Sync),
    table: &mut String,
) -> Outcome<()> {
    let quiet = load::run(GATEWAY, gateway, requests, request);
    let part = dir.join("drop-0/z.csv.part");
    write_csv(&part, rows, 2)?;
    fs::rename(&part, dir.join("drop-0/z.csv"))?;
    // Long enough for the file to be found ready.
    std::thread::sleep(Duration::from_secs(2));
    let busy = load::run(GATEWAY, gateway, requests, request);
    wait_read("z.csv", || ())?;
    let _ = writeln!(
        table,
        "{:<46} {:>9.0} µs {:>9.0} µs {:>8.2} {:>8}",
        "p99 of GET by id while a file comes in",
        quiet.p99_us,
        busy.p99_us,
        busy.p99_us / quiet.p99_us,
        "≤ 2"
    );
    Ok(())
}

/// Ids with their ETags: all of them, through pages.
fn ids(rows: usize) -> Outcome<Vec<(String, String)>> {
    let mut out = Vec::with_capacity(rows);
    let text = get(GATEWAY, "/v1/customers/changes?limit=1000")?;
    let mut page = text;
    while out.len() < rows.min(200_000) {
        let mut rest = page.as_str();
        while let Some(at) = rest.find("\"id\":\"") {
            rest = &rest[at + 6..];
            let id = rest.get(..26).unwrap_or("").to_owned();
            let etag =
                rest.split("\"etag\":\"").nth(1).and_then(|e| e.split("\",").next()).unwrap_or("").replace('\\', "");
            out.push((id, if etag.starts_with('"') { etag } else { format!("\"{etag}\"") }));
            rest = rest.find("\"value\":{").map_or("", |at| &rest[at + 40..]);
        }
        let Some(next) = page.rsplit("\"next\":\"").next().and_then(|n| n.split('"').next()).map(str::to_owned) else {
            break;
        };
        let before = out.len();
        page = get(GATEWAY, &format!("/v1/customers/changes?limit=1000&since={next}"))?;
        if before == out.len() && !page.contains("\"id\":\"") {
            break;
        }
    }
    if out.is_empty() { Err("the gateway lists no customers".into()) } else { Ok(out) }
}
