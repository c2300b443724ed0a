//! What is mirrored, when, and how it stops.

use super::upstream::{Upstream, answer, connect, said};
use super::{gateway, metric};
use crate::common::until;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(super) fn mirrored(g: &crate::common::Gateway, result: &str) -> usize {
    let all = g.ask_admin("/metrics", &[]).text();
    let of = |l: &&str| l.starts_with("banyan_shadow_requests_total") && l.contains(&format!("result=\"{result}\""));
    all.lines().filter(of).map(|l| l.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as usize).sum()
}

fn set(site: &crate::common::Site, args: &[&str]) {
    let all = [&["routes", "set", "/**", "--reason", "r", "--author", "a", "--force"], args].concat();
    let out = site.banyan(&all);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn safe_requests_are_asked_again_as_they_were_and_others_never() {
    let old = Upstream::start(|c, _| c.send(answer(200, "Content-Type: application/json\r\n", r#"{"a":1}"#)));
    let new = Upstream::start(|c, _| c.send(answer(200, "Content-Type: application/json\r\n", r#"{"a":1.0}"#)));
    let (_site, g) = gateway(
        "  - { path: /**, legacy: old, modern: new, stage: shadow, modern_path: /v2, compare: { double_read: 0% } }",
        &old,
        &new,
    );
    let get = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer x\r\n\
        Accept-Encoding: gzip, br\r\nIf-None-Match: \"x\"\r\nContent-Length: 2\r\n\r\nhi";
    assert!(said(&g.facade, get).starts_with("HTTP/1.1 200"));
    until("it is mirrored", || mirrored(&g, "mirrored") == 1);
    let (first, second) = (old.seen().pop().unwrap(), new.seen().pop().unwrap());
    assert_eq!((second.line().as_str(), second.body.as_slice()), ("GET /v2/a?b=c", &b"hi"[..]));
    assert_eq!(second.field("authorization"), ["Bearer x"]);
    assert_eq!((second.field("accept-encoding"), second.field("if-none-match")), (vec!["identity".into()], vec![]));
    assert_eq!(first.field("accept-encoding"), ["gzip, br"], "the consumer's own request stays as it was");
    assert_eq!(first.field("traceparent"), second.field("traceparent"));
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE"] {
        said(&g.facade, &format!("{method} /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    }
    for method in ["HEAD", "OPTIONS"] {
        said(&g.facade, &format!("{method} /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    }
    until("they are mirrored", || mirrored(&g, "mirrored") == 3);
    let mut methods: Vec<String> = new.seen().iter().map(|r| r.line().split(' ').next().unwrap().to_owned()).collect();
    methods.sort();
    assert_eq!((methods.join(" "), old.count()), ("GET HEAD OPTIONS".to_owned(), 8));
    until("they are compared", || metric(&g, "banyan_comparisons_total") as u32 == 3);
}

/// HAZARDS, routes 5: the queue included.
#[test]
fn a_shadow_that_hangs_delays_nobody_is_bounded_and_ends_when_it_is_told_to() {
    let hangs = Arc::new(AtomicBool::new(true));
    let old = Upstream::says(200, "{}");
    let hanging = hangs.clone();
    let new = Upstream::start(move |c, _| match hanging.load(Ordering::SeqCst) {
        true => !c.closed(),
        false => c.send(answer(200, "", "{}")),
    });
    let routes = "  - { path: /**, legacy: old, modern: new, stage: shadow, shadow: { queue: 50, concurrency: 4, timeout: 600s } }";
    let site = crate::common::Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\", timeout: 600s }}\nroutes:\n{routes}\n",
        old.url(),
        new.url()
    ));
    let g = site.start();
    let mut stream = connect(&g.facade);
    let begun = Instant::now();
    for _ in 0..500 {
        stream.write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut all = Vec::new();
        let mut buffer = [0; 1024];
        while !all.ends_with(b"{}") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0, "a stalled keep-alive connection");
            all.extend(&buffer[..n]);
        }
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    until("four are asked", || new.count() == 4);
    assert_eq!((mirrored(&g, "queue-full"), mirrored(&g, "mirrored"), old.count()), (450, 0, 500));
    // Turned off: what waited is never sent, and what is under way ends before the acknowledgement.
    set(&site, &["--stage", "legacy"]);
    hangs.store(false, Ordering::SeqCst);
    let sent = new.count();
    assert_eq!(mirrored(&g, "turned-off"), 50);
    for _ in 0..20 {
        assert_eq!(g.ask("/a", &[]).status, 200);
    }
    assert_eq!((new.count(), sent), (4, 4), "zero after the acknowledgement");
    set(&site, &["--stage", "shadow"]);
    assert_eq!(g.ask("/a", &[]).status, 200);
    until("it mirrors again", || new.count() == 5);
}

/// HAZARDS, routes 5.
#[test]
fn turned_off_under_full_load_means_none_afterwards() {
    let old = Upstream::says(200, "{}");
    let late = Arc::new(AtomicUsize::new(0));
    let off = Arc::new(AtomicBool::new(false));
    let (count, after) = (late.clone(), off.clone());
    let new = Upstream::start(move |c, _| {
        if after.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        c.send(answer(200, "", "{}"))
    });
    let (site, g) = gateway("  - { path: /**, legacy: old, modern: new, stage: shadow }", &old, &new);
    let ends = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (ends, url) = (ends.clone(), g.facade.clone());
            std::thread::spawn(move || {
                let http = reqwest::blocking::Client::new();
                while !ends.load(Ordering::SeqCst) {
                    assert_eq!(http.get(format!("{url}/a")).send().unwrap().status(), 200);
                }
            })
        })
        .collect();
    for n in 0..5 {
        let before = new.count();
        until("it mirrors", || new.count() > before + 20);
        set(&site, &["--stage", "legacy"]);
        // What the service has in its socket by now was sent before; it reads it within a moment.
        let acknowledged = Instant::now();
        while acknowledged.elapsed() < Duration::from_millis(200) {
            std::thread::yield_now();
        }
        off.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            std::thread::yield_now();
        }
        assert_eq!(late.load(Ordering::SeqCst), 0, "round {n}");
        off.store(false, Ordering::SeqCst);
        set(&site, &["--stage", "shadow"]);
    }
    ends.store(true, Ordering::SeqCst);
    load.into_iter().for_each(|l| l.join().unwrap());
}

#[test]
fn legacy_is_asked_beside_no_more_than_it_can_spare() {
    let old = Upstream::says(200, "{}");
    let new = Upstream::says(200, "{}");
    let (_site, g) =
        gateway("  - { path: /**, legacy: old, modern: new, stage: modern, compare: { double_read: 0% } }", &old, &new);
    let begun = Instant::now();
    for _ in 0..200 {
        assert_eq!(g.ask("/a", &[]).header("banyan-served-by"), "modern");
    }
    until("all were looked at", || mirrored(&g, "mirrored") + mirrored(&g, "no-spare") == 200);
    let most = 10 + 10 * (begun.elapsed().as_secs() as usize + 1);
    assert!((10..=most).contains(&old.count()), "{} in {:?}", old.count(), begun.elapsed());
    assert_eq!(mirrored(&g, "mirrored"), old.count());
}

#[test]
fn the_facade_is_a_side_like_any_other() {
    let new = Upstream::start(|c, r| {
        let name = if r.line().contains("limit=1") { "Cup" } else { "Pot" };
        c.send(answer(200, "Content-Type: application/json\r\n", &format!(r#"{{"items":[{{"name":"{name}"}}]}}"#)))
    });
    let site = crate::common::Site::new(&format!(
        "sources: {{ shop: {{ adapter: file-drop, folder: drop, every: 200ms, datasets: {{ items: {{ files: \"*.csv\", \
         format: {{ kind: csv }}, key: [NO], content: snapshot, ready: {{ quiet: 50ms }} }} }} }} }}\n\
         entities: {{ item: {{ fields: {{ name: {{ type: text, required: true }} }} }} }}\n\
         mappings: [ {{ from: shop.items, to: item, fields: {{ name: NAME }} }} ]\n\
         upstreams: {{ new: {{ url: \"{}\" }} }}\n\
         routes: [ {{ path: /v1/items, moves: [list], modern: new, modern_path: /api/items, stage: shadow, \
         compare: {{ double_read: 100% }} }} ]\n",
        new.url()
    ));
    site.drop_file("drop/items.csv", "NO,NAME\n1,Cup\n");
    let g = site.start();
    g.until("the item is there", |g| g.items("/v1/items").len() == 1);
    let before = mirrored(&g, "mirrored");
    let answer = g.ask("/v1/items?limit=1", &[]);
    assert_eq!((answer.status, answer.header("banyan-served-by")), (200, "legacy"));
    until("it is mirrored, and the facade asked again", || mirrored(&g, "mirrored") > before);
    // What was asked while the item was awaited may be mirrored still.
    until("it is asked by its own path", || new.seen().iter().any(|r| r.line() == "GET /api/items?limit=1"));
    let set = |stage: &str| {
        let args = ["routes", "set", "/v1/items", "--stage", stage, "--reason", "r", "--author", "a", "--force"];
        let out = site.banyan(&args);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    set("modern");
    let answer = g.ask("/v1/items?limit=1", &[]);
    assert_eq!(
        (answer.header("banyan-served-by"), answer.json()["items"][0]["name"].as_str()),
        ("modern", Some("Cup"))
    );
    let before = mirrored(&g, "mirrored");
    g.ask("/v1/items?limit=1", &[]);
    until("the facade is asked beside", || mirrored(&g, "mirrored") > before);
    assert_eq!(mirrored(&g, "no-spare"), 0, "the facade burdens no legacy system");
}
