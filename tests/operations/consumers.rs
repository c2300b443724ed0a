//! Consumers: named, counted, told of an end, protected from one, and made to notice.

use super::upstream::{Upstream, answer};
use super::{SHOP, shop_with};
use crate::common::{Gateway, PROGRAM, Site, printed};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// The digests of `k-shop` and `k-payroll` go here.
const CONSUMERS: &str = r#"
consumers:
  shop: { keys: ["SHOP"], header: { X-App: shop } }
  payroll: { keys: ["PAYROLL"] }
"#;

fn hash(key: &str) -> (bool, String) {
    let mut command = Command::new(PROGRAM);
    command.args(["keys", "hash"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(key.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let told = if out.status.success() { out.stdout } else { out.stderr };
    (out.status.success(), String::from_utf8(told).unwrap().trim().to_owned())
}

/// A site with these consumers and more.
fn site(more: &str) -> Site {
    let consumers = CONSUMERS.replace("SHOP", &hash("k-shop\n").1).replace("PAYROLL", &hash("k-payroll").1);
    let site = shop_with(&format!("{consumers}{more}"));
    site.drop_file("drop/items.csv", "NO,NAME,CODE\n1,Cup,C\n2,Mug,C\n3,Jug,C\n");
    site
}

fn served(site: &Site) -> Gateway {
    let g = site.start();
    g.until("three items", |g| g.items("/v1/items").len() == 3);
    g
}

fn calls(rows: &Value, consumer: &str, route: &str) -> u64 {
    let row = rows.as_array().unwrap().iter().find(|r| r["consumer"] == consumer && r["route"] == route);
    row.map_or(0, |r| r["calls"].as_u64().unwrap())
}

/// Sends bytes as they are; the answer's first line.
fn raw(g: &Gateway, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(g.facade.trim_start_matches("http://")).unwrap();
    stream.write_all(request).unwrap();
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    String::from_utf8_lossy(&told).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_key_is_hashed_and_never_stands_in_clear() {
    assert_eq!(hash("abc\n").1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hash("abc"), hash("  abc\r\n"));
    for bad in ["", "\n", "two words", &"x".repeat(600)] {
        assert!(!hash(bad).0, "{bad}");
    }
    let check = |yaml: &str| Site::new(&format!("{SHOP}{yaml}")).tries(&["check"]);
    let (good, told) = check("consumers: { shop: { keys: [k-shop-secret] } }\n");
    assert!(!good && told.contains("banyan keys hash"), "{told}");
    let (good, told) = check("consumers: { shop: { header: { X-Api-Key: s3cret } } }\n");
    assert!(!good && told.contains("secret-in-clear"), "{told}");
    let (good, told) = check("consumers: { shop: { claim: { client_id: shop } } }\n");
    assert!(!good && told.contains("trusted_proxy: true"), "{told}");
    let twice = "consumers: { shop: { header: { X-App: a } }, other: { header: { x-app: a } } }\n";
    assert!(check(twice).1.contains("consumer-twice"));
}

#[test]
fn whoever_calls_is_named_counted_and_remembered() {
    let site = site("");
    let g = served(&site);
    let rows = |g: &Gateway| g.admin("/admin/v1/consumers")["items"].clone();
    let list = "/v1/items list";
    let before = calls(&rows(&g), "anonymous", list);
    let ask = |headers: &[(&str, &str)]| assert_eq!(g.ask("/v1/items?fields=name", headers).status, 200);
    ask(&[("x-api-key", "k-shop")]);
    ask(&[("authorization", "Bearer k-shop")]);
    ask(&[("x-app", "shop")]);
    ask(&[("x-api-key", "k-payroll"), ("x-app", "shop")]);
    ask(&[("x-api-key", "k-payroll")]);
    // None of these is anyone, and all are served.
    ask(&[("x-api-key", "k-shop"), ("x-api-key", "k-payroll")]);
    ask(&[("x-api-key", "k-shop"), ("x-api-key", "k-shop")]);
    ask(&[("x-app", "shop"), ("x-app", "other")]);
    ask(&[("x-api-key", "k-shop,k-payroll")]);
    ask(&[("x-consumer", "shop")]);
    let long = "k".repeat(20_000);
    ask(&[("x-api-key", &long)]);
    ask(&[("authorization", &format!("Bearer {long}"))]);
    let odd =
        b"GET /v1/items HTTP/1.1\r\nHost: x\r\nX-App: sh\xf6p\r\nX-Api-Key: \xff\xfe\r\nConnection: close\r\n\r\n";
    assert!(raw(&g, odd).contains("200"));
    let all = rows(&g);
    assert_eq!(calls(&all, "shop", list), 4, "{all}");
    assert_eq!(calls(&all, "payroll", list), 1);
    assert_eq!(calls(&all, "anonymous", list) - before, 8);
    let shop = all.as_array().unwrap().iter().find(|r| r["consumer"] == "shop").unwrap().clone();
    assert_eq!(shop["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["name"]);
    assert_eq!(shop["stages"]["facade"], 4);
    let metrics = g.ask_admin("/metrics", &[]).text();
    let line = "banyan_consumer_requests_total{consumer=\"shop\",route=\"/v1/items list\",stage=\"facade\"} 4";
    assert!(metrics.contains(line), "{metrics}");
    let page = g.ask_admin("/consumers", &[]).text();
    assert!(page.contains("payroll") && page.contains("/v1/items list"), "{page}");
    assert!(g.ask_admin("/", &[]).text().contains("href=\"/consumers\""));
    g.stop();
    let kept = site.banyan_json(&["consumers", "--consumer", "shop"]);
    assert_eq!(kept, Value::from(vec![shop.clone()]), "the same without a gateway");
    let g = served(&site);
    let again = rows(&g);
    assert_eq!(calls(&again, "shop", list), 4, "a restart forgets nothing");
    assert_eq!(
        again.as_array().unwrap().iter().find(|r| r["consumer"] == "shop").unwrap()["first_seen"],
        shop["first_seen"]
    );
    assert!(printed(&site.banyan(&["consumers"])).contains("payroll  /v1/items list\n  1 calls in 30 days (facade 1)"));
}

#[test]
fn a_kill_loses_the_last_second_at_most() {
    let site = site("");
    let g = served(&site);
    assert_eq!(g.ask("/v1/items", &[("x-api-key", "k-shop")]).status, 200);
    let path = banyan_store::evidence::path_of(&site.path("banyan.db"));
    g.until("the call is on disk", |_| {
        // The file is made with the first call that is counted.
        let store = banyan_store::evidence::EvidenceStore::read(&path).unwrap();
        store.is_some_and(|s| s.consumers().unwrap().0.iter().any(|p| p.consumer == "shop"))
    });
    g.kill();
    let g = served(&site);
    assert_eq!(calls(&g.admin("/admin/v1/consumers")["items"], "shop", "/v1/items list"), 1);
}

#[test]
fn a_route_announces_its_end_whoever_answers() {
    let old = Upstream::start(|c, _| {
        let own = "Content-Type: text/plain\r\nDeprecation: @1\r\nLink: </x>; rel=\"next\"\r\n";
        c.send(answer(200, own, "hello"))
    });
    let routes = format!(
        "upstreams: {{ old: {{ url: \"{}\" }} }}\nroutes:\n  \
         - {{ path: /v1/items, modern: old, deprecated: 2027-01-01, sunset: 2027-06-30 }}\n  \
         - {{ path: /old/**, legacy: old, deprecated: 2027-01-01, notice: /docs/ }}\n  - {{ path: /**, legacy: old }}\n",
        old.url()
    );
    let site = site(&routes);
    let g = served(&site);
    let facade = g.ask("/v1/items", &[]);
    assert_eq!(facade.header("deprecation"), "@1798761600");
    assert_eq!(facade.header("sunset"), "Wed, 30 Jun 2027 00:00:00 GMT");
    assert_eq!(g.ask("/v1/items?nonsense=1", &[]).header("deprecation"), "@1798761600", "refusals too");
    let proxied = g.ask("/old/page", &[]);
    assert_eq!(proxied.text(), "hello");
    let all = |name: &str| proxied.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(all("deprecation"), ["@1798761600"]);
    assert_eq!(all("link"), ["</x>; rel=\"next\"", "</docs/>; rel=\"deprecation\""]);
    assert!(!proxied.headers.contains_key("sunset"));
    assert_eq!(g.ask("/other", &[]).header("deprecation"), "@1", "another route says nothing of its own");
}

#[test]
fn a_route_is_not_retired_under_whom_it_would_break() {
    let new = Upstream::start(|c, r| {
        let status = if r.line().contains("broken") { 503 } else { 200 };
        c.send(answer(status, "Content-Type: application/json\r\n", "{}"))
    });
    let old = Upstream::says(200, "{\"old\":true}");
    let routes = format!(
        "upstreams: {{ new: {{ url: \"{}\" }}, old: {{ url: \"{}\" }} }}\nroutes:\n  \
         - {{ path: /a/**, legacy: old, modern: new, stage: modern, fallback: true, rollback: {{ auto: false }} }}\n  \
         - {{ path: /quiet, legacy: old, modern: new, stage: modern }}\n",
        new.url(),
        old.url()
    );
    let site = site(&routes);
    let g = served(&site);
    let retire = |route: &str, more: &[&str]| {
        let out = site.banyan(&[&["retire", route, "--reason", "a test", "--author", "ann"], more].concat());
        (out.status.success(), printed(&out))
    };
    assert_eq!(g.ask("/a/fine", &[("x-api-key", "k-payroll")]).status, 200);
    let fallen = g.ask("/a/broken", &[("x-api-key", "k-shop")]);
    assert_eq!((fallen.status, fallen.header("banyan-served-by")), (200, "legacy"));
    // Evidence is missing as well; it is not what holds the route back where somebody would be broken.
    let (done, told) = retire("/a/**", &[]);
    assert!(
        !done && told.contains("`shop` needed legacy for 1 of its 1 calls") && told.contains("modern failed"),
        "{told}"
    );
    assert!(!told.contains("payroll"), "whoever is served by modern is not broken: {told}");
    let (done, told) = retire("/a/**", &["--gone"]);
    assert!(!done && told.contains("`shop` called 1 times") && told.contains("`payroll` called 1 times"), "{told}");
    assert!(retire("/a/**", &["--days", "91"]).1.contains("from 1 to 90"));
    let (done, told) = retire("/a/**", &["--force"]);
    assert!(done, "{told}");
    let decision = g.admin("/admin/v1/routes/decisions?route=/a/**")["items"][0].clone();
    assert_eq!((decision["to"].as_str(), decision["because"].as_str()), (Some("retired"), Some("force")));
    let overrode = decision["overrode"].to_string();
    assert!(
        overrode.contains("`shop` needed legacy for 1 of its 1 calls") && overrode.contains("comparisons more to go"),
        "{overrode}"
    );
    // Nobody called this one; what is missing is evidence.
    let (done, told) = retire("/quiet", &["--gone"]);
    assert!(!done && told.contains("evidence") && !told.contains("would be broken"), "{told}");
    // A step to any other stage asks nobody.
    let out = site.banyan(&["routes", "set", "/a/**", "--stage", "modern", "--reason", "back", "--author", "ann"]);
    assert!(out.status.success(), "{}", printed(&out));
}

#[test]
fn a_consumer_goes_without_a_field_for_a_while_and_is_told() {
    let brownouts = r#"brownouts:
  - { consumer: shop, path: /v1/items, field: category, at: ["00:00-24:00"], until: 2099-12-31 }
  - { consumer: payroll, path: /v1/items, field: category, at: ["00:00-24:00"], until: 2020-01-01 }
"#;
    let site = site(brownouts);
    let g = served(&site);
    let shop = [("x-api-key", "k-shop")];
    let first = |headers: &[(&str, &str)], path: &str| {
        let answer = g.ask(path, headers);
        assert_eq!(answer.status, 200, "{}", answer.text());
        (answer.json()["items"][0].clone(), answer.headers)
    };
    let brown = |h: &reqwest::header::HeaderMap| h.get("banyan-brownout").map(|v| v.to_str().unwrap().to_owned());
    let (item, headers) = first(&shop, "/v1/items");
    assert!(item.get("category").is_none() && item["name"].is_string(), "{item}");
    assert_eq!(brown(&headers).as_deref(), Some("category"));
    assert_eq!(headers["cache-control"], "no-store");
    let (item, headers) = first(&shop, "/v1/items?fields=category");
    assert!(item.get("category").is_none() && brown(&headers).is_some(), "{item}");
    let (_, headers) = first(&shop, "/v1/items?fields=name");
    assert_eq!(brown(&headers), None, "it was not asked for");
    for others in [&[][..], &[("x-api-key", "k-payroll")], &[("x-api-key", "k-shop"), ("x-api-key", "k-shop")]] {
        let (item, headers) = first(others, "/v1/items");
        assert_eq!((item["category"].as_str(), brown(&headers)), (Some("crockery"), None));
    }
    // One by its id and by its key; who holds the whole is not told that it is unchanged.
    let path = format!("/v1/items/{}", item_id(&g));
    let whole = g.ask(&path, &[]);
    let etag = whole.header("etag").to_owned();
    let one = g.ask(&path, &[("x-api-key", "k-shop"), ("if-none-match", &etag)]);
    assert_eq!((one.status, one.header("banyan-brownout")), (200, "category"));
    assert!(one.json().get("category").is_none() && one.header("etag") != etag);
    assert_eq!(g.ask(&path, &[("if-none-match", &etag)]).status, 304, "others are");
    let looked = g.ask("/v1/items:lookup?space=shop&key=1", &shop);
    assert!(looked.status == 200 && looked.json().get("category").is_none(), "{}", looked.text());
    let csv = g.ask("/v1/items", &[("x-api-key", "k-shop"), ("accept", "text/csv")]);
    assert!(!csv.text().contains("category") && csv.header("banyan-brownout") == "category", "{}", csv.text());
}

fn item_id(g: &Gateway) -> String {
    g.items("/v1/items")[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_brownout_of_nothing_is_told_before_it_begins() {
    let check = |yaml: &str| printed(&site(&format!("brownouts: [{yaml}]\n")).banyan(&["check"]));
    let with = |key: &str, value: &str| {
        let mut all = [
            ("consumer", "shop"),
            ("path", "/v1/items"),
            ("field", "category"),
            ("at", "[\"Mon 09:00-10:00\"]"),
            ("zone", "Europe/London"),
            ("until", "2099-06-30"),
        ];
        all.iter_mut().filter(|(k, _)| *k == key).for_each(|(_, v)| *v = value);
        let all: Vec<String> = all.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        check(&format!("{{ {} }}", all.join(", ")))
    };
    for (key, value, code, hint) in [
        ("consumer", "shpo", "unknown-consumer", "did you mean `shop`?"),
        ("path", "/v1/itmes", "unknown-path", "did you mean `/v1/items`?"),
        ("path", "/items", "unknown-path", "/v1/items"),
        ("field", "categry", "unknown-field", "did you mean `category`?"),
        ("at", "[]", "never", "Mon 09:00-10:00"),
        ("at", "[\"Mo 09:00-10:00\"]", "invalid-value", "Mon 09:00-10:00"),
        ("zone", "Europe/Lundon", "unknown-zone", "Europe/London"),
        ("until", "soon", "bad-day", "2027-06-30"),
    ] {
        let told = with(key, value);
        assert!(told.contains(code) && told.contains(hint), "{key}: {value}\n{told}");
    }
    let told = with("field", "category");
    assert!(!told.contains("brownouts"), "{told}");
}
