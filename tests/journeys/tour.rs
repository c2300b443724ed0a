//! The tours of README.md and docs/tour-migration.md, step by step, on the demo: what is printed there is what a reader
//! sees.
//!
//! Each `$` line of a `console` block is run by a shell in a copy of the demo, and what follows it is compared. With
//! `BLESS=1` the document is given what was printed instead.

use crate::common::{Gateway, PROGRAM, ROOT, Site};
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// Where the demo listens.
const FACADE: &str = "http://127.0.0.1:8080";
const ADMIN: &str = "http://127.0.0.1:8081";

#[test]
fn golden_readme_tour() {
    let site = Site::demo();
    let g = served(&site);
    walk("README.md", &site, &g);
    g.stop();
}

#[test]
fn golden_migration_tour() {
    let site = Site::demo();
    // A list without `sort` is in the order in which the facade learnt of customers, and the new service's in that of
    // their last change. They agree if what completes customers is there before them; else the census finds an order.
    let customers = "drop/crm/customers_20260301.csv";
    std::fs::rename(site.path(customers), site.path("customers.csv")).unwrap();
    let g = started(&site);
    g.until("what completes customers is read", |g| {
        ["crm.countries", "mailing.changes"].iter().all(|d| g.dataset(d)["last_unit"]["state"] == "done")
    });
    std::fs::rename(site.path("customers.csv"), site.path(customers)).unwrap();
    is_read(&g);
    let modern = site.modern();
    g.until("the new customer service has read the feed", |_| modern.has_caught_up());
    walk("docs/tour-migration.md", &site, &g);
    drop(modern);
    g.stop();
}

/// The demo, its files read.
fn served(site: &Site) -> Gateway {
    let g = started(site);
    is_read(&g);
    g
}

fn started(site: &Site) -> Gateway {
    std::os::unix::fs::symlink(PROGRAM, site.path("banyan")).unwrap();
    site.start()
}

fn is_read(g: &Gateway) {
    g.until("the demo's files are read", |g| {
        let datasets = g.admin("/admin/v1/datasets")["items"].as_array().unwrap().clone();
        datasets.iter().all(|d| d["last_unit"]["state"] == "done" && d["feed"]["is"] == "idle")
    });
}

fn walk(document: &str, site: &Site, g: &Gateway) {
    let path = format!("{ROOT}/{document}");
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut found, mut differences, mut steps) = (String::new(), String::new(), 0);
    let mut lines = text.lines().peekable();
    let mut console = false;
    while let Some(line) = lines.next() {
        let _ = writeln!(found, "{line}");
        if line.starts_with("```") {
            console = line == "```console";
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| console) else { continue };
        let mut wanted = String::new();
        while let Some(next) = lines.next_if(|l| !l.starts_with("$ ") && !l.starts_with("```")) {
            let _ = writeln!(wanted, "{next}");
        }
        steps += 1;
        let printed = step(site, g, command, &wanted);
        if steady(&printed) == steady(&wanted) {
            found.push_str(&wanted);
        } else {
            let _ = writeln!(differences, "$ {command}\nprinted:\n{printed}{document} says:\n{wanted}");
            found.push_str(&printed);
        }
    }
    assert!(steps > 10, "{document} has no tour any more");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).unwrap();
    } else {
        assert!(differences.is_empty(), "{document} is not true (make bless renews it):\n{differences}");
    }
}

/// Runs a command. One that changes nothing is repeated for a while: files are read a moment after they were dropped.
fn step(site: &Site, g: &Gateway, command: &str, wanted: &str) -> String {
    let here = command.replace(FACADE, &g.facade).replace(ADMIN, &g.admin);
    const ACTS: [&str; 6] = [" > ", ">>", "-X POST", "sed -i", "routes set", "evidence sweep"];
    let acts = ACTS.iter().any(|a| command.contains(a));
    let begun = Instant::now();
    let patience = if wanted.is_empty() { Duration::from_secs(3) } else { Duration::from_secs(20) };
    loop {
        let out =
            Command::new("sh").arg("-c").arg(&here).current_dir(site.folder()).env("NO_COLOR", "1").output().unwrap();
        assert!(out.stderr.is_empty(), "$ {command}\n{}", String::from_utf8_lossy(&out.stderr));
        let mut printed = String::from_utf8_lossy(&out.stdout).replace(&g.facade, FACADE).replace(&g.admin, ADMIN);
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        if acts || steady(&printed) == steady(wanted) || begun.elapsed() > patience {
            return printed;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Without what differs each time: moments, traces, cursors, how often legacy was asked, and the numbers that lines of a
/// list of dead letters begin with.
fn steady(text: &str) -> String {
    let moment = |word: &str| word.len() >= 20 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
    let words = |l: &str| {
        let words = l.split(' ').map(|w| if moment(w.trim_end_matches(';')) { "…" } else { w });
        words.collect::<Vec<_>>().join(" ")
    };
    let number =
        |l: &str| l.split_once("  ").is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let line =
        |l: &str| if number(l) { l.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned() } else { l.to_owned() };
    let mut out: String = text.lines().map(|l| words(&line(l)) + "\n").collect();
    let between = [
        ("\"trace_id\":\"", "\""),
        ("\"next\":\"", "\""),
        ("(done ", ")"),
        ("(trace ", ")"),
        ("legacy is asked ", " times a day"),
    ];
    for (before, after) in between {
        let mut from = 0;
        while let Some(at) = out[from..].find(before).map(|n| from + n + before.len()) {
            let end = out[at..].find(after).map_or(out.len(), |n| at + n);
            out.replace_range(at..end, "…");
            from = at;
        }
    }
    out
}
