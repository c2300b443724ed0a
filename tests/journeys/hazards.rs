//! What broke in other people's products, at the size it was reported at.

use crate::common::{Gateway, Site};
use crate::redrop::ITEMS;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Plain rows of files that only add.
fn changes() -> String {
    ITEMS.replace("content: snapshot\n        shrink_guard: 60%", "content: changes")
}

/// The process' own memory in megabytes, file pages apart.
fn own_megabytes(g: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", g.process())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn more_files_at_once_than_the_kernel_tells_of_are_all_found() {
    // Three events each, and its queue holds 16,384: what it drops, a sweep finds.
    const FILES: u64 = 6_000;
    let site = Site::new(&changes().replace("every: 200ms", "every: 2s"));
    let g = site.start();
    for i in 0..FILES {
        std::fs::write(site.path(&format!("drop/{i}.csv")), format!("NO,NAME,PRICE\n{i},Thing,1.00\n")).unwrap();
    }
    g.until("every file is read", |g| {
        // Not a wait for something: an exact count is dear, and is not to keep the gateway from reading.
        std::thread::sleep(Duration::from_millis(200));
        g.count("/v1/items") == FILES
    });
    let sums = g.dataset("shop.items")["ledger"]["mappings"][0].clone();
    assert_eq!((sums["in"].as_u64(), sums["applied"].as_u64()), (Some(FILES), Some(FILES)), "each once: {sums}");
    g.stop();
}

#[test]
fn a_store_has_one_gateway() {
    let site = Site::new(ITEMS);
    let g = site.start();
    let other = site.path("other.yaml");
    let yaml = std::fs::read_to_string(site.config()).unwrap();
    let gateway = yaml.lines().find(|l| l.starts_with("gateway:")).unwrap();
    let free = "gateway: { listen: \"127.0.0.1:0\", admin: \"127.0.0.1:0\" }";
    std::fs::write(&other, yaml.replace(gateway, free)).unwrap();
    let mut command = Command::new(crate::common::PROGRAM);
    let out = command.args(["serve", "--config"]).arg(&other).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains("banyan.db") && told.contains("process"), "{told}");
    site.drop_file("drop/items.csv", "NO,NAME,PRICE\n1,Cup,1.50\n");
    assert_eq!(g.settled("shop.items", "items.csv"), "done", "the first one is not disturbed");
    g.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_and_passes_by_itself() {
    let site = Site::new(&changes());
    // Else a write beyond the limit would end the process, which a full disk does not.
    let g = site.spawn_after("trap '' XFSZ").ready();
    site.drop_file("drop/a.csv", "NO,NAME,PRICE\n1,Cup,1.50\n");
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    // No file of the store may grow beyond this: to the process it is as if the disk were full.
    let limit = |bytes: &str| {
        let limit = format!("--fsize={bytes}:unlimited");
        Command::new("prlimit").args(["--pid", &g.process().to_string(), &limit]).status().is_ok_and(|s| s.success())
    };
    if !limit("300000") {
        println!("skipped: limits cannot be set here");
        return;
    }
    let rows: String = (2..20_000).map(|i| format!("{i},Thing number {i} {},1.00\n", i * 7919 % 10_007)).collect();
    site.drop_file("drop/b.csv", format!("NO,NAME,PRICE\n{rows}"));
    g.until("it is told", |g| g.log().contains("ingest:"));
    assert_eq!(g.get("/v1/items")["items"].as_array().unwrap().len(), 1, "what was served is served on");
    assert_eq!(g.ask_admin("/livez", &[]).status, 200);
    assert!(limit("unlimited"));
    g.until("there is room again", |g| g.count("/v1/items") == 19_999);
    assert_eq!(g.settled("shop.items", "b.csv"), "done");
    let ledger = g.dataset("shop.items")["ledger"].clone();
    assert_eq!(ledger["adds_up"], true, "{ledger}");
    assert_eq!(ledger["mappings"][0]["applied"], 19_999, "nothing is doubled");
    g.stop();
    assert!(site.banyan(&["store", "verify"]).status.success());
}

#[test]
fn an_archive_that_would_fill_the_disk_is_refused_and_leaves_nothing() {
    let site = Site::new(&changes().replace("\"*.csv\"", "\"*\""));
    // A gigabyte of nothing, in a megabyte.
    let mut gzip = Command::new("sh");
    gzip.arg("-c").arg("(echo NO,NAME,PRICE; head -c 1000000000 /dev/zero | tr '\\0' x) | gzip > drop/all.csv.gz");
    assert!(gzip.current_dir(site.folder()).status().unwrap().success());
    let g = site.start();
    assert_eq!(g.settled("shop.items", "all.csv.gz"), "refused");
    assert_eq!(g.dataset("shop.items")["last_unit"]["code"], "archive-too-large");
    assert_eq!(std::fs::read_dir(site.path("drop")).unwrap().count(), 1, "nothing was unpacked anywhere");
    g.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_list_flows_and_is_never_held_whole() {
    const ROWS: u64 = 30_000;
    let site = Site::new(ITEMS);
    let long = "x".repeat(1_500);
    let rows: String = (0..ROWS).map(|i| format!("{i},{long}{i},1.00\n")).collect();
    site.drop_file("drop/items.csv", format!("NO,NAME,PRICE\n{rows}"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    let before = own_megabytes(&g);
    let client = reqwest::blocking::Client::new();
    let request = client.get(format!("{}/v1/items", g.facade)).header("accept", "application/x-ndjson");
    let mut answer = request.send().unwrap();
    // A reader that stops after the first lines: the rest must wait in the store.
    let mut lines = vec![0; 64 << 10];
    answer.read_exact(&mut lines).unwrap();
    // That nothing more is taken up can only be waited for.
    std::thread::sleep(Duration::from_millis(500));
    let grown = own_megabytes(&g).saturating_sub(before);
    assert!(grown < 20, "{grown} MB are held for an answer of 47 MB");
    let mut rest = Vec::new();
    answer.read_to_end(&mut rest).unwrap();
    let all = lines.iter().chain(&rest).filter(|b| **b == b'\n').count() as u64;
    assert_eq!(all, ROWS);
    assert!(rest.len() > 40 << 20);
    g.stop();
}
