//! The service on real sockets: it follows a feed, answers from it, and is wrong as it is told to be.

#![allow(clippy::unwrap_used)]

use banyan_modern_customers::{Modern, Options};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A feed that says what stands in the slot: status and body by `since`.
type Says = Arc<Mutex<Box<dyn Fn(Option<&str>) -> (u16, Value) + Send>>>;

fn feed(says: Says) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let since = first.split_once("since=").and_then(|(_, rest)| rest.split(' ').next());
            let (status, body) = says.lock().unwrap()(since);
            let body = body.to_string();
            let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    format!("http://{address}")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ask(url: &str) -> (u16, String, Value) {
    let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(url).send().unwrap();
    let build = answer.headers().get("x-build").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), build, serde_json::from_slice(&answer.bytes().unwrap()).unwrap())
}

fn customer(id: &str) -> Value {
    json!({ "change": "upsert", "id": id, "value": { "id": id, "name": id, "email": null, "credit_limit": "10.50" } })
}

#[test]
fn it_follows_answers_and_is_wrong_as_told() {
    let says: Says = Arc::new(Mutex::new(Box::new(|since| match since {
        None => (200, json!({ "items": [customer("a"), customer("b")], "next": "t1", "more": true })),
        Some("t1") => (200, json!({ "items": [{ "change": "delete", "id": "b" }], "next": "t2", "more": false })),
        Some(other) => (200, json!({ "items": [], "next": other, "more": false })),
    })));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("customers.json");
    let options = Options { listen: "127.0.0.1:0".into(), from: feed(says.clone()), data: data.clone() };
    let modern = Modern::start(&options).unwrap();
    until("the feed is read to its end", || modern.has_caught_up());
    let at = format!("http://{}/v1/customers", modern.address());

    let (status, right, list) = ask(&at);
    let a = json!({ "id": "a", "name": "a", "email": null, "credit_limit": "10.50" });
    assert_eq!((status, &list), (200, &json!({ "items": [a], "next": null })));
    let told = |path: &str| {
        let (status, _, body) = ask(&format!("{at}{path}"));
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told("/a"), (200, String::new()));
    assert_eq!(told("/b"), (410, "gone".to_owned()));
    assert_eq!(told("/c"), (404, "not-found".to_owned()));
    assert_eq!(told("?categry=x"), (400, "unknown-parameter".to_owned()));

    // A bug is a line, seen by the next request; taken out it is gone, and the build is the one before.
    let bugs = data.with_file_name("bugs.txt");
    std::fs::write(&bugs, "whole-pounds\nno-email\n").unwrap();
    let (_, wrong, spoilt) = ask(&format!("{at}/a"));
    assert_eq!(spoilt, json!({ "id": "a", "name": "a", "credit_limit": "10.00" }));
    assert_ne!(wrong, right);
    std::fs::write(&bugs, "fails: 50%\n").unwrap();
    let statuses: Vec<u16> = (0..10).map(|_| ask(&at).0).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 500).count(), 5, "{statuses:?}");
    std::fs::remove_file(&bugs).unwrap();
    assert_eq!(ask(&at).1, right);

    // The wrapper's store was built anew: its feed knows the old place no more, and begins again.
    *says.lock().unwrap() = Box::new(|since| match since {
        None => (200, json!({ "items": [customer("z")], "next": "n1", "more": false })),
        Some("n1") => (200, json!({ "items": [], "next": "n1", "more": false })),
        Some(_) => (410, json!({ "code": "cursor-expired" })),
    });
    until("it began again", || ask(&at).2["items"][0]["id"] == "z");
    assert_eq!(told("/a").0, 404);

    // What it knows it keeps: the next start needs no feed.
    drop(modern);
    let alone = Modern::start(&Options { from: "http://127.0.0.1:1".into(), ..options }).unwrap();
    let (_, _, list) = ask(&format!("http://{}/v1/customers?fields=name", alone.address()));
    assert_eq!(list["items"], json!([{ "id": "z", "name": "z" }]));
    assert!(!alone.has_caught_up());
}

#[test]
fn what_it_does_not_offer_it_refuses_as_the_facade_does() {
    let folder = tempfile::tempdir().unwrap();
    let says: Says = Arc::new(Mutex::new(Box::new(|_| (200, json!({ "items": [], "next": "n" })))));
    let options =
        Options { listen: "127.0.0.1:0".into(), from: feed(says), data: folder.path().join("customers.json") };
    let modern = Modern::start(&options).unwrap();
    let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    for path in ["/v1/customers", "/v1/customers/c1"] {
        let url = format!("http://{}{path}", modern.address());
        let answer = http.post(&url).send().unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"] == "GET, HEAD, OPTIONS"), (405, true));
        assert_eq!(&answer.headers()["content-type"], "application/problem+json");
        let body: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        assert_eq!(body["code"], "method-not-allowed");
        let answer = http.request(reqwest::Method::OPTIONS, &url).send().unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"] == "GET, HEAD, OPTIONS"), (204, true));
    }
}
