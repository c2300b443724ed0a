//! A census through the real program: everything an entity's route can show is asked of both sides.

use super::SHOP;
use crate::common::{Gateway, PROGRAM, Site, printed};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// A modern service that says what the facade says, but for one fault: of a target, or of a body.
#[derive(Clone)]
struct Modern {
    facade: Arc<OnceLock<String>>,
    wrong: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
    fault: fn(String, String) -> (String, String),
}

impl Modern {
    fn new(fault: fn(String, String) -> (String, String)) -> (Modern, String) {
        let modern =
            Modern { facade: Arc::default(), wrong: Arc::new(AtomicBool::new(true)), asked: Arc::default(), fault };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = modern.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let service = service.clone();
                std::thread::spawn(move || service.answer(&mut stream));
            }
        });
        (modern, url)
    }

    fn answer(&self, stream: &mut std::net::TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let Some(target) = head.split(' ').nth(1).map(str::to_owned) else { return };
        self.asked.lock().unwrap().push(target.clone());
        let faulty = |target, body| match self.wrong.load(Ordering::Relaxed) {
            true => (self.fault)(target, body),
            false => (target, body),
        };
        let (target, _) = faulty(target, String::new());
        let answer = reqwest::blocking::get(format!("{}{target}", self.facade.wait())).unwrap();
        let (status, kind) = (answer.status(), answer.headers()["content-type"].to_str().unwrap().to_owned());
        let (_, body) = faulty(target, answer.text().unwrap());
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }
}

fn routes(url: &str) -> String {
    format!("upstreams: {{ new: {{ url: \"{url}\" }} }}\nroutes:\n  - {{ path: /v1/items, modern: new }}\n")
}

/// Sweeps, which are so many requests; what the census says once that is done.
fn sweep(site: &Site, g: &Gateway, requests: usize) -> String {
    let (done, printed) = site.tries(&["evidence", "sweep", "/v1/items", "--rate", "2000"]);
    assert!(done && printed.contains(&format!("{requests} requests")), "{printed}");
    let board = g.admin("/admin/v1/migration")["items"][0]["evidence"]["census"].as_str().unwrap().to_owned();
    assert!(printed.ends_with(&format!("/v1/items: all was asked: {board}\n")), "{printed}");
    board
}

/// A shop of 150 items, and a modern service that is right.
fn right() -> (Site, Gateway) {
    let (modern, url) = Modern::new(|target, body| (target, body));
    let site = Site::new(&format!("{SHOP}{}", routes(&url)));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    let items: String = (0..150).map(|n| format!("{n},Item {n},C\n")).collect();
    site.drop_file("drop/a.csv", format!("NO,NAME,CODE\n{items}"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    modern.facade.set(g.facade.clone()).unwrap();
    (site, g)
}

const STATE: &str = "/admin/v1/evidence/sweeps?route=%2Fv1%2Fitems";

/// The command, at a rate at which it takes a minute; what it prints from there on can be read.
fn follow(site: &Site) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(PROGRAM);
    command.args(["evidence", "sweep", "/v1/items", "--rate", "2", "--config"]).arg(site.config());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains("155 requests are asked"), "{line}");
    (child, out)
}

#[test]
fn who_stops_following_a_sweep_leaves_it_running() {
    let (site, g) = right();
    assert_eq!((&g.admin(STATE)["ended"], &g.admin(STATE)["runs"]), (&Value::Null, &false.into()));
    let (child, _out) = follow(&site);
    g.until("it is under way", |g| g.admin(STATE)["asked"].as_u64() >= Some(2));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let out = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("of 155 asked: the sweep goes on") && told.contains("--stop"), "{told}");
    let asked = g.admin(STATE)["asked"].as_u64();
    g.until("it goes on", |g| g.admin(STATE)["asked"].as_u64() > asked);
    assert_eq!(g.admin(STATE)["runs"], true);
    let stop = ["evidence", "sweep", "/v1/items", "--stop"];
    assert!(site.tries(&stop).0);
    g.until("it stops", |g| g.admin(STATE)["runs"] == false);
    assert_eq!(g.admin(STATE)["ended"], "stopped");
    // Who follows one that somebody else stops is told so.
    let (mut child, mut out) = follow(&site);
    g.until("it runs", |g| g.admin(STATE)["runs"] == true);
    assert!(site.tries(&stop).0);
    let mut told = String::new();
    out.read_line(&mut told).unwrap();
    assert!(told.contains("it was stopped; run it again") && told.contains("to come"), "{told}");
    assert!(!child.wait().unwrap().success());
    // The old way, and on to the end.
    let (done, told) = site.tries(&["evidence", "sweep", "/v1/items", "--rate", "2", "--no-wait"]);
    assert!(done && !told.contains("asked:"), "{told}");
    assert_eq!(g.admin(STATE)["runs"], true);
    assert!(site.tries(&stop).0);
    g.until("it stops", |g| g.admin(STATE)["runs"] == false);
    assert!(sweep(&site, &g, 155).starts_with("155 of 155 equal"));
}

#[test]
fn a_census_promotes_a_small_population_once_nothing_differs() {
    let (modern, url) = Modern::new(|target, body| (target, body.replace("\"Item 77\"", "\"Item 7\"")));
    let site = Site::new(&format!("{SHOP}{}", routes(&url)));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    let items: String = (0..150).map(|n| format!("{n},Item {n},C\n")).collect();
    site.drop_file("drop/a.csv", format!("NO,NAME,CODE\n{items}"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    modern.facade.set(g.facade.clone()).unwrap();
    let canary = |more: &[&str]| {
        let set = ["routes", "set", "/v1/items", "--stage", "canary", "--reason", "a test", "--author", "ann"];
        let out = site.banyan(&[&set, more].concat());
        (out.status.success(), printed(&out))
    };
    // 150 instances, one that is not there, two pages of the list, the filter by name twice.
    assert_eq!(sweep(&site, &g, 155), "153 of 155 equal, 2 open, 0 indeterminate, 0 failed, 0 to come");
    let (done, told) = canary(&[]);
    assert!(!done && told.contains("to go"), "{told}");
    // The sample says where legacy has its value from.
    let out = printed(&site.banyan(&["evidence", "clusters", "/v1/items"]));
    assert!(out.contains("legacy \"Item 77\", modern \"Item 7\""), "{out}");
    assert!(out.contains("shop.items [NAME] = [Item 77] by TRIM(NAME)"), "{out}");
    modern.wrong.store(false, Ordering::Relaxed);
    let out = site.banyan(&["evidence", "restart", "/v1/items", "--reason", "mended", "--author", "ann"]);
    assert!(out.status.success(), "{}", printed(&out));
    assert_eq!(sweep(&site, &g, 155), "155 of 155 equal, 0 open, 0 indeterminate, 0 failed, 0 to come");
    assert_eq!(canary(&["--weight", "5%"]), (true, "/v1/items: legacy -> canary at 5%\n".to_owned()));
    assert!(printed(&site.banyan(&["evidence", "verify", "--all"])).contains("0 do not hold"));
}

/// A shop whose items can be filtered in every way; of three, one has no price.
const FILTERS: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items: { files: "*.csv", format: { kind: csv }, key: [NO], ready: { quiet: 50ms } }
entities:
  item:
    fields:
      name:  { type: text, filter: [eq, ne, in, lt, lte, gt, gte, startswith], sort: true }
      price: { type: decimal, scale: 2, filter: [gt, gte] }
      kind:  { type: enum, values: [cup, pot, jug], filter: [eq, ne, in] }
      owner: { type: text, personal: true, filter: [eq, startswith] }
      due:   { type: instant, filter: [lt] }
mappings:
  - from: shop.items
    to: item
    fields:
      name: NAME
      price: IF(PRICE = "", NULL, DECIMAL(PRICE))
      kind: KIND
      owner: OWNER
      due: INSTANT(DATETIME(DUE, "yyyy-MM-dd HH:mm"), "UTC")
"#;

#[test]
fn every_filter_is_asked_for_values_that_exist_and_none_that_is_personal() {
    // It takes "at least" for "more than": seen where the bound is a value that exists.
    let at_least = |target: String, body| (target.replace("price%5Bgte%5D", "price%5Bgt%5D"), body);
    let (modern, url) = Modern::new(at_least);
    let site = Site::new(&format!("{FILTERS}{}", routes(&url)));
    let rows = "1,\"Cup, blue\",4.50,cup,Ann,2026-03-01 08:00\n2,Jug & lid,,jug,Bob,2026-03-02 08:00\n\
                3,Été,12.00,jug,Cid,2026-03-03 08:00\n";
    site.drop_file("drop/a.csv", format!("NO,NAME,PRICE,KIND,OWNER,DUE\n{rows}"));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    modern.facade.set(g.facade.clone()).unwrap();
    let wanted = "sort=name sort=-name name=Cup,%20blue name=%C3%89t%C3%A9 \
        name%5Bne%5D=Cup,%20blue name%5Bne%5D=%C3%89t%C3%A9 name%5Bin%5D=%22Cup,%20blue%22,%C3%89t%C3%A9 \
        name%5Blt%5D=Cup,%20blue name%5Blt%5D=%C3%89t%C3%A9 name%5Blte%5D=Cup,%20blue name%5Blte%5D=%C3%89t%C3%A9 \
        name%5Bgt%5D=Cup,%20blue name%5Bgt%5D=%C3%89t%C3%A9 name%5Bgte%5D=Cup,%20blue name%5Bgte%5D=%C3%89t%C3%A9 \
        name%5Bstartswith%5D=C name%5Bstartswith%5D=%C3%89 \
        price%5Bgte%5D=4.50 price%5Bgte%5D=12.00 price%5Bgt%5D=4.50 price%5Bgt%5D=12.00 \
        kind=cup kind=pot kind=jug kind%5Bne%5D=cup kind%5Bne%5D=jug kind%5Bin%5D=cup,jug \
        due%5Blt%5D=2026-03-01T08:00:00Z due%5Blt%5D=2026-03-03T08:00:00Z";
    let wanted: Vec<&str> = wanted.split(' ').filter(|w| !w.is_empty()).collect();
    // Three instances, one that is not there, two pages.
    let requests = wanted.len() + 6;
    let told = sweep(&site, &g, requests);
    assert_eq!(told, format!("{} of {requests} equal, 2 open, 0 indeterminate, 0 failed, 0 to come", requests - 2));
    let asked = modern.asked.lock().unwrap().clone();
    let shapes: Vec<&str> =
        asked.iter().filter_map(|t| t.strip_prefix("/v1/items?")).filter(|q| !q.starts_with("limit=")).collect();
    let set = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!((set(&shapes), shapes.len()), (set(&wanted), wanted.len()));
    assert!(
        shapes[0] == "sort=name" && shapes.last().unwrap().starts_with("due"),
        "in the contract's order: {shapes:?}"
    );
    modern.wrong.store(false, Ordering::Relaxed);
    let out = site.banyan(&["evidence", "restart", "/v1/items", "--reason", "mended", "--author", "ann"]);
    assert!(out.status.success(), "{}", printed(&out));
    let told = sweep(&site, &g, requests);
    assert!(told.starts_with(&format!("{requests} of {requests} equal")), "{told}");
    let again: Vec<String> = modern.asked.lock().unwrap()[asked.len()..].to_vec();
    assert_eq!(again, asked, "the order is fixed");
}
