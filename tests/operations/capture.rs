//! Captured requests: what is kept, what never is, and what asking them again says.

use super::SHOP;
use super::upstream::{Upstream, answer};
use crate::common::{Gateway, Site, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// An upstream that answers what `says` says of a target, and remembers what it was asked.
fn upstream(says: fn(&str) -> String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let heard = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let body = says(&target);
            heard.lock().unwrap().push(head);
            let fields = "content-type: application/json\r\nconnection: close";
            let _ = stream.write_all(
                format!("HTTP/1.1 200 OK\r\n{fields}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            );
        }
    });
    (port, asked)
}

fn same(target: &str) -> String {
    json!({ "at": target }).to_string()
}

/// Wrong about one thing.
fn wrong(target: &str) -> String {
    if target.contains("/7") { json!({ "at": "elsewhere" }).to_string() } else { same(target) }
}

fn kept(site: &Site) -> String {
    let Ok(files) = std::fs::read_dir(site.path("banyan.capture")) else { return String::new() };
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect()
}

fn site() -> (Site, [Arc<Mutex<Vec<String>>>; 2]) {
    let ((old, to_old), (new, to_new)) = (upstream(same), upstream(wrong));
    let shop = SHOP.replace("name:     { type: text, ", "name:     { type: text, personal: true, ");
    assert_ne!(shop, SHOP);
    let site = Site::new(&format!(
        "{shop}upstreams:\n  old: {{ url: 'http://127.0.0.1:{old}', spare: 1000 }}\n  new: {{ url: 'http://127.0.0.1:{new}' }}\n\
         consumers: {{ till: {{ header: {{ X-App: till-secret }} }} }}\nroutes:\n  - {{ path: /orders/**, legacy: old, modern: new, capture: {{ sample: 100%, query: [token] }} }}\n  \
         - {{ path: /v1/items, modern: new, capture: {{ sample: 100% }} }}\n  - {{ path: /quiet, legacy: old, modern: new }}\n"
    ));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    (site, [to_old, to_new])
}

fn ask_all(g: &Gateway, site: &Site) {
    let secret = [
        ("authorization", "Bearer SECRET1"),
        ("cookie", "sid=SECRET2"),
        ("x-api-key", "SECRET3"),
        ("x-consumer", "till-4"),
        ("accept", "application/json"),
    ];
    for n in 1..=9 {
        assert_eq!(g.ask(&format!("/orders/{n}"), &secret).status, 200);
    }
    assert_eq!(g.ask("/orders/1?token=SECRET4&x=1", &secret).status, 200);
    assert_eq!(g.ask("/v1/items?name=SECRET5", &secret).status, 200);
    assert_eq!(g.ask("/v1/items?limit=2", &[]).status, 200);
    assert_eq!(g.ask("/quiet", &[]).status, 200);
    for (n, name, value) in [(10, "x-app", "till-secret"), (11, "x-consumer", "till")] {
        assert_eq!(g.ask(&format!("/orders/{n}"), &[(name, value), ("accept", "application/json")]).status, 200);
    }
    let client = reqwest::blocking::Client::new();
    let posted = client.post(format!("{}/orders/SECRET6?a=SECRET7", g.facade)).body("SECRET8").send().unwrap();
    assert_eq!(posted.status(), 200);
    g.until("all is written", |_| kept(site).lines().count() == 15);
}

#[test]
fn what_is_kept_shows_no_secret_and_can_be_asked_again() {
    let (site, [to_old, to_new]) = site();
    let g = site.start();
    ask_all(&g, &site);
    let text = kept(&site);
    assert!(!text.contains("SECRET"), "{text}");
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |target: &str| lines.iter().find(|l| l["target"] == target).unwrap_or_else(|| panic!("{target}: {text}"));
    let first = of("/orders/1");
    assert_eq!((&first["method"], &first["consumer"]), (&json!("GET"), &json!("till-4")));
    assert_eq!(first["headers"], json!({ "accept": "application/json" }));
    assert_eq!(first["trace"].as_str().unwrap().len(), 32);
    assert_eq!(of("/orders/1?token=***&x=1")["masked"], json!(["token"]));
    assert_eq!(of("/v1/items?name=***")["masked"], json!(["name"]));
    assert_eq!(of("/orders/10")["consumer"], "till", "the name of the one that was recognised");
    assert_eq!(of("/orders/11").get("consumer"), None, "who says to be it is not");
    assert!(!text.contains("till-secret"), "{text}");
    let write = of("/orders/**");
    assert_eq!((&write["method"], &write["size"]), (&json!("POST"), &json!(7)));

    let metrics = g.ask_admin("/metrics", &[]).text();
    let counted = "banyan_capture_requests_total{route=\"/orders/**\",result=\"kept\"} 13";
    assert!(metrics.lines().any(|l| l == counted), "{metrics}");

    // Nothing was asked of modern until now; asked again, both are, and one answer differs.
    assert!(to_new.lock().unwrap().is_empty());
    let before = to_old.lock().unwrap().len();
    let told = site.banyan_json(&["replay", "/orders/**", "--rate", "500/s"]);
    let n = |key: &str| told[key].as_u64().unwrap();
    assert_eq!((n("asked"), n("matched"), n("mismatched")), (11, 10, 1), "{told}");
    assert_eq!(told["consumers"]["till"], json!({ "asked": 1, "matched": 1, "mismatched": 0 }), "{told}");
    assert_eq!(
        (&told["consumers"]["till-4"]["asked"], &told["consumers"]["anonymous"]["asked"]),
        (&json!(9), &json!(1))
    );
    assert_eq!((n("not_replayable"), n("damaged"), n("elsewhere")), (2, 0, 0), "{told}");
    assert_eq!(to_new.lock().unwrap().len(), 11);
    assert_eq!(to_old.lock().unwrap().len(), before + 11);
    assert!(to_new.lock().unwrap().iter().all(|h| h.starts_with("GET ") && h.contains("application/json")));
    // A repeat says nothing new. A limit ends it.
    let told = site.banyan_json(&["replay", "/orders/**", "--rate", "500/s", "--limit", "3"]);
    assert_eq!((&told["asked"], &told["not_counted"]), (&json!(3), &json!(3)), "{told}");
    let told = site.banyan(&["replay", "/orders/**", "--rate", "500/s", "--consumer", "till"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("1 asked of both sides") && told.contains("\n  till: 1 asked, 0 agree, 0 differ\n"),
        "{told}"
    );
    // What cannot be meant is refused, with what there is.
    site.drop_file("garbage.jsonl", "this is\nnothing\n");
    let garbage = site.path("garbage.jsonl").display().to_string();
    for (args, why) in [
        (["nowhere.jsonl", "--limit", "9"], "is no route, and there is no file of that name. Routes: `/orders/**`"),
        ([&garbage, "--limit", "9"], "no line of"),
        (["/orders/**", "--consumer", "nobody"], "nothing that `nobody` asked is among what was captured"),
    ] {
        let (done, told) = site.tries(&[&["replay"], &args[..]].concat());
        assert!(!done && told.contains(why), "{args:?}: {told}");
    }
    // Of an entity the facade is asked as legacy.
    let told = site.banyan_json(&["replay", "/v1/items"]);
    assert_eq!((&told["asked"], &told["mismatched"]), (&json!(1), &json!(1)), "{told}");
}

#[test]
fn several_are_asked_at_once_but_no_more_than_were_wanted() {
    let (inside, most) = (Arc::new(Mutex::new(0_usize)), Arc::new(Mutex::new(0_usize)));
    let want = Arc::new(Mutex::new(1));
    let told = (inside.clone(), most.clone(), want.clone());
    let new = Upstream::start(move |c, _| {
        let (inside, most, want) = &told;
        *inside.lock().unwrap() += 1;
        // Nobody goes on before as many are here as may be: they must have been asked at once.
        until("as many are under way as were wanted", || {
            let now = *inside.lock().unwrap();
            let mut most = most.lock().unwrap();
            *most = now.max(*most);
            *most >= *want.lock().unwrap()
        });
        let sent = c.send(answer(200, "Content-Type: application/json\r\n", "{}"));
        *inside.lock().unwrap() -= 1;
        sent
    });
    let old = Upstream::says(200, "{}");
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: '{}', spare: 1000 }}\n  new: {{ url: '{}' }}\nroutes:\n  \
         - {{ path: /orders/**, legacy: old, modern: new, capture: {{ sample: 100% }} }}\n",
        old.url(),
        new.url()
    ));
    let g = site.start();
    for n in 0..40 {
        assert_eq!(g.ask(&format!("/orders/{n}"), &[]).status, 200);
    }
    g.until("all is written", |_| kept(&site).lines().count() == 40);
    for (parallel, limit, asked) in [(1, 10, 10), (4, 1_000, 40), (4, 22, 22)] {
        *most.lock().unwrap() = 0;
        *want.lock().unwrap() = parallel;
        let (n, limit) = (parallel.to_string(), limit.to_string());
        let args = ["replay", "/orders/**", "--rate", "1000/s", "--parallel", &n, "--limit", &limit];
        let told = site.banyan_json(&args);
        assert_eq!(told["asked"], asked, "{told}");
        assert_eq!(*most.lock().unwrap(), parallel);
    }
    let begun = std::time::Instant::now();
    site.banyan_json(&["replay", "/orders/**", "--rate", "50/s", "--parallel", "8"]);
    assert!(begun.elapsed().as_millis() >= 780, "the rate holds: 40 at 50 a second take {:?}", begun.elapsed());
    assert_eq!(g.act("/admin/v1/replay", &json!({ "route": "/orders/**", "parallel": 65 })).status, 400);
}

#[test]
fn a_route_that_is_switched_off_is_asked_nothing() {
    let (site, [_, to_new]) = site();
    let g = site.start();
    ask_all(&g, &site);
    let file = std::fs::read_dir(site.path("banyan.capture")).unwrap();
    let file = file.map(|f| f.unwrap().path()).find(|f| f.display().to_string().contains("orders")).unwrap();
    assert!(site.banyan(&["routes", "kill", "/orders/**", "--reason", "a test", "--author", "ann"]).status.success());
    let out = site.banyan(&["replay", &file.display().to_string()]);
    let told = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains("/orders/** is switched off"), "{told}");
    assert!(to_new.lock().unwrap().is_empty());
    for (ask, status) in [
        (json!({ "route": "/orders/**", "rate": 0 }), 400),
        (json!({ "file": "/nowhere" }), 400),
        (json!({ "route": "/nowhere" }), 404),
        (json!({}), 400),
    ] {
        assert_eq!(g.act("/admin/v1/replay", &ask).status, status, "{ask}");
    }
}
