//! Fields that a consumer goes without for a while, wherever they would stand.

use crate::common::{Answer, Gateway, Site};
use crate::upstream::{Upstream, answer};
use serde_json::Value;

const ORDERS: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      orders: { files: "orders*.csv", format: { kind: csv }, key: [NO], ready: { quiet: 50ms } }
      lines: { files: "lines*.csv", format: { kind: csv }, key: [NO, POS], ready: { quiet: 50ms } }
entities:
  order:
    fields:
      number: { type: text, sort: true }
      fax:    { type: text, filter: [eq] }
  line:
    fields:
      order: { type: ref, to: order, inverse: lines, required: true }
      item:  { type: text }
      price: { type: text }
mappings:
  - from: shop.orders
    to: order
    fields: { number: NO, fax: FAX }
  - from: shop.lines
    to: line
    fields: { order: 'REF("order", "shop", NO)', item: ITEM, price: PRICE }
consumers:
  shop: { header: { X-App: shop } }
brownouts:
  - { consumer: shop, path: /v1/orders, field: fax, at: ["00:00-24:00"], until: 2099-12-31 }
  - { consumer: shop, path: /v1/lines, field: price, at: ["00:00-24:00"], until: 2099-12-31 }
"#;

const SHOP: &[(&str, &str)] = &[("x-app", "shop")];

fn served(more: &str) -> (Site, Gateway) {
    let site = Site::new(&format!("{ORDERS}{more}"));
    site.drop_file("drop/orders.csv", "NO,FAX\n1,0301\n2,0302\n");
    site.drop_file("drop/lines.csv", "NO,POS,ITEM,PRICE\n1,1,cup,5\n1,2,mug,6\n2,1,jug,7\n");
    let g = site.start();
    g.until("orders and lines", |g| {
        let lines = g.ask("/v1/lines?embed=order", SHOP).json()["items"].as_array().unwrap().clone();
        lines.len() == 3 && lines.iter().all(|l| l["order"].is_object())
    });
    (site, g)
}

fn id(g: &Gateway) -> String {
    g.items("/v1/orders?sort=number")[0]["id"].as_str().unwrap().to_owned()
}

/// Whether a field stands anywhere in a document.
fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(all) => all.contains_key(name) || all.values().any(|v| has(v, name)),
        Value::Array(all) => all.iter().any(|v| has(v, name)),
        _ => false,
    }
}

/// What an answer says that it lacks, and that nobody keeps it if it does.
fn lacks(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.headers.get("banyan-brownout").map_or("", |v| v.to_str().unwrap()).to_owned();
    assert_eq!(!told.is_empty(), answer.headers["cache-control"] == "no-store", "{:?}", answer.headers);
    told
}

#[test]
fn a_field_is_left_out_of_sub_collections_and_of_what_is_embedded() {
    let (_site, g) = served("");
    let order = format!("/v1/orders/{}", id(&g));
    for (path, told) in [
        (format!("{order}/lines"), "price"),
        (format!("{order}/lines?fields=item,price"), "price"),
        (format!("{order}/lines?fields=item"), ""),
        (format!("{order}/lines?fields=item&embed=order"), "order.fax"),
        (format!("{order}?embed=lines"), "fax, lines.price"),
        (format!("{order}?fields=number&embed=lines"), "lines.price"),
        (format!("{order}?embed=lines.order"), "fax, lines.price, lines.order.fax"),
        ("/v1/orders?embed=lines".to_owned(), "fax, lines.price"),
        ("/v1/lines?embed=order".to_owned(), "price, order.fax"),
        ("/v1/orders:lookup?space=shop&key=1&embed=lines".to_owned(), "fax, lines.price"),
        ("/v1/orders/changes".to_owned(), "fax"),
        ("/v1/orders".to_owned(), "fax"),
    ] {
        let answer = g.ask(&path, SHOP);
        assert_eq!(lacks(&answer), told, "{path}");
        let value = answer.json();
        assert!(!has(&value, "fax") && !has(&value, "price"), "{path}: {value}");
        let whole = g.ask(&path, &[]);
        assert_eq!(lacks(&whole), "", "{path}");
        assert!(told.is_empty() || has(&whole.json(), "fax") || has(&whole.json(), "price"), "{path}");
        assert!(told.is_empty() || value != whole.json(), "{path}");
        for kind in ["application/x-ndjson", "text/csv"] {
            let offered = path.contains("lines?") || path.starts_with("/v1/orders?") || path == "/v1/orders";
            if offered || (path.ends_with("changes") && kind != "text/csv") {
                let rows = g.ask(&path, &[SHOP[0], ("accept", kind)]);
                assert_eq!(lacks(&rows), told, "{kind} {path}");
                assert!(!rows.text().contains("fax") && !rows.text().contains("price"), "{}", rows.text());
            }
        }
    }
    assert_eq!(g.ask("/v1/orders?fax=0301", SHOP).json()["items"].as_array().unwrap().len(), 1, "it filters by it");
}

#[test]
fn a_reference_that_is_left_out_takes_what_is_embedded_with_it() {
    let more = "  - { consumer: anonymous, path: /v1/lines, field: order, at: [\"00:00-24:00\"], until: 2099-12-31 }\n";
    let (_site, g) = served(more);
    let answer = g.ask("/v1/lines?embed=order", &[]);
    assert_eq!(lacks(&answer), "order");
    assert!(!has(&answer.json(), "order") && has(&answer.json(), "price"), "{}", answer.text());
    let csv = g.ask("/v1/lines?embed=order", &[("accept", "text/csv")]);
    assert!(csv.text().starts_with("id,item,price\r\n"), "{}", csv.text());
}

#[test]
fn the_feed_does_not_say_of_half_an_instance_that_it_is_the_whole() {
    let (_site, g) = served("");
    let etag = |feed: &Value, id: &str| {
        let all = feed["items"].as_array().unwrap();
        all.iter().find(|i| i["id"] == id).unwrap()["etag"].as_str().unwrap().to_owned()
    };
    let path = format!("/v1/orders/{}", id(&g));
    let half = etag(&g.ask("/v1/orders/changes", SHOP).json(), &id(&g));
    let whole = etag(&g.ask("/v1/orders/changes", &[]).json(), &id(&g));
    assert_eq!(g.ask(&path, &[("if-none-match", &whole)]).status, 304);
    assert_eq!(g.ask(&path, &[("if-none-match", &half)]).status, 200, "when it is over the whole is given");
    assert_eq!(g.ask(&path, &[SHOP[0], ("if-none-match", &half)]).status, 304);
}

/// What modern says of each path, with its headers.
fn modern() -> Upstream {
    Upstream::start(|c, r| {
        let json = "Content-Type: application/json; charset=utf-8\r\nETag: \"m1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
                    Cache-Control: max-age=60\r\n";
        let line = r.line();
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let order = r#"{"id": "x", "number":"1",  "fax": "0301", "n": 1.10, "lines":{"items":[{"item":"cup","price":"5"}],"next":null}}"#;
        let body = match path {
            "/v1/orders/changes" => format!(r#"{{"items":[{{"change":"upsert","value":{order}}}],"next":"a"}}"#),
            "/v1/orders" | "/v1/orders:lookup" if query.contains("plain") => {
                return c.send(answer(200, "Content-Type: text/plain\r\n", "fax: 0301"));
            }
            "/v1/orders" if query.contains("csv") => {
                return c.send(answer(200, "Content-Type: text/csv\r\n", "id,fax\r\nx,0301\r\n"));
            }
            "/v1/orders" if query.contains("broken") => "{\"items\":[{\"fax\":".to_owned(),
            "/v1/orders" if query.contains("encoded") => {
                return c.send(answer(200, &format!("{json}Content-Encoding: br\r\n"), order));
            }
            "/v1/orders" if query.contains("large") => {
                let head = format!("HTTP/1.1 200 OK\r\n{json}Connection: close\r\n\r\n");
                c.send(head);
                let item = format!("{{\"fax\":\"{}\"}},", "x".repeat(1 << 20));
                c.send("{\"items\":[");
                for _ in 0..9 {
                    c.send(&item);
                }
                c.send("{}]}");
                return false;
            }
            "/v1/orders" if query.contains("lines") => {
                let rows = format!("{order}\n{order}\n");
                return c.send(answer(200, "Content-Type: application/x-ndjson\r\n", &rows));
            }
            "/v1/orders" => format!(r#"{{"items":[{order}],"next":null}}"#),
            path if path.ends_with("/lines") => {
                r#"{"items":[{"item":"cup","price":"5","fax":"kept"}],"next":null}"#.to_owned()
            }
            path if path.ends_with("/00000000000000000000000000") => return c.send(answer(404, json, order)),
            _ => order.to_owned(),
        };
        if line.starts_with("HEAD") {
            return c.send(format!("HTTP/1.1 200 OK\r\n{json}Content-Length: {}\r\n\r\n", body.len()));
        }
        c.send(answer(200, json, &body))
    })
}

fn moved(new: &Upstream) -> (Site, Gateway) {
    served(&format!(
        "upstreams: {{ new: {{ url: \"{}\" }} }}\nroutes:\n  \
         - {{ path: /v1/orders, modern: new, moves: [list, get, lookup, changes, children], stage: modern, rollback: {{ auto: false }} }}\n",
        new.url()
    ))
}

#[test]
fn a_field_is_taken_out_of_what_modern_answers() {
    let new = modern();
    let (_site, g) = moved(&new);
    // By the orders of the store: modern answers lists.
    let id = g.items("/v1/lines")[0]["order"].as_str().unwrap().to_owned();
    let one = format!("/v1/orders/{id}");
    let conditions = [
        SHOP[0],
        ("if-none-match", "\"m1\""),
        ("if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("range", "bytes=0-3"),
    ];
    let before = new.count();
    let got = g.ask(&format!("{one}?embed=lines"), &conditions);
    assert_eq!(got.header("banyan-served-by"), "modern");
    assert_eq!(lacks(&got), "fax, lines.price");
    let told = r#"{"id":"x","number":"1","n":1.10,"lines":{"items":[{"item":"cup"}],"next":null}}"#;
    assert_eq!(got.text(), told, "all else as it was written");
    assert!(!got.headers.contains_key("etag") && !got.headers.contains_key("last-modified"), "{:?}", got.headers);
    let asked = new.seen().split_off(before).remove(0);
    for ended in ["if-none-match", "if-modified-since", "range"] {
        assert!(asked.field(ended).is_empty(), "{}", asked.text());
    }
    assert_eq!(asked.field("accept-encoding"), ["identity"]);
    for (path, told) in [
        ("/v1/orders".to_owned(), "fax"),
        ("/v1/orders?embed=lines".to_owned(), "fax, lines.price"),
        ("/v1/orders/changes".to_owned(), "fax"),
        ("/v1/orders:lookup?space=shop&key=1".to_owned(), "fax"),
        (format!("{one}/lines"), "price"),
        ("/v1/orders?as=lines".to_owned(), "fax"),
    ] {
        let got = g.ask(&path, SHOP);
        assert_eq!(lacks(&got), told, "{path}");
        assert!(!got.text().contains("\"0301\""), "{path} {}", got.text());
        assert_eq!(got.text().contains("kept"), path.ends_with("/lines"), "a line's `fax` is another field");
        assert!(got.text().contains("price") != told.contains("price"), "{path} {}", got.text());
    }
    let csv = g.ask("/v1/orders?as=csv", SHOP);
    assert_eq!((lacks(&csv).as_str(), csv.text().as_str()), ("fax", "id\r\nx\r\n"), "a column");
    // Whoever is no part of it gets what modern says, byte for byte; and conditions go through.
    let whole = g.ask(&one, &[("if-none-match", "\"m2~modern\"")]);
    assert!(whole.text().contains(r#""number":"1",  "fax": "0301""#) && whole.header("etag") == "\"m1~modern\"");
    assert_eq!(new.seen().pop().unwrap().field("if-none-match"), ["\"m2\""]);
    // Nothing that was asked for is lacking: it goes through as it came.
    let some = g.ask("/v1/orders?fields=number", SHOP);
    assert!(lacks_nothing(&some) && some.header("etag") == "\"m1~modern\"", "{:?}", some.headers);
}

fn lacks_nothing(answer: &Answer) -> bool {
    !answer.headers.contains_key("banyan-brownout")
}

#[test]
fn what_cannot_be_read_goes_through_says_nothing_and_is_counted() {
    let new = modern();
    let (_site, g) = moved(&new);
    for (query, result) in
        [("plain=1", "unreadable"), ("broken=1", "unreadable"), ("encoded=1", "encoded"), ("large=1", "too-large")]
    {
        let got = g.ask(&format!("/v1/orders?{query}"), SHOP);
        assert_eq!(got.status, 200, "{query}");
        assert!(lacks_nothing(&got), "{query} {:?}", got.headers);
        assert!(got.text().contains("fax"), "{query}");
        if query.starts_with("large") {
            assert_eq!(got.text().len(), 9 * ((1 << 20) + 11) + 14, "every byte of it");
        }
        let metrics = g.ask_admin("/metrics", &[]).text();
        let line = format!("result=\"{result}\"");
        let told: Vec<&str> = metrics.lines().filter(|l| l.starts_with("banyan_brownout_answers_total")).collect();
        assert!(told.iter().any(|l| l.contains(&line)), "{query} {told:?}");
    }
    let refused = g.ask(&format!("/v1/orders/{}", "0".repeat(26)), SHOP);
    assert!(refused.status == 404 && lacks_nothing(&refused) && refused.text().contains("fax"), "{}", refused.text());
    let head = crate::upstream::said(
        &g.facade,
        "HEAD /v1/orders HTTP/1.1\r\nHost: a\r\nX-App: shop\r\nConnection: close\r\n\r\n",
    );
    let head = head.to_lowercase();
    assert!(
        head.contains("banyan-brownout: fax") && !head.contains("content-length") && !head.contains("etag"),
        "{head}"
    );
}

#[test]
fn such_a_request_is_not_compared_and_what_others_are_compared_with_is_whole() {
    let new = Upstream::start(|c, _| {
        c.send(answer(200, "Content-Type: application/json\r\n", r#"{"items":[],"next":null}"#))
    });
    let routes = format!(
        "upstreams: {{ new: {{ url: \"{}\" }} }}\nroutes:\n  - {{ path: /v1/orders, modern: new, stage: shadow }}\n",
        new.url()
    );
    let (_site, g) = served(&routes);
    let before = new.count();
    assert_eq!(lacks(&g.ask("/v1/orders?limit=1", SHOP)), "fax");
    assert_eq!(lacks(&g.ask("/v1/orders?limit=2&fields=number", SHOP)), "");
    g.until("the one that lacks nothing is mirrored", |_| new.count() > before);
    let asked: Vec<String> = new.seen().iter().map(|r| r.line()).filter(|l| l.contains("limit=")).collect();
    assert_eq!(asked, ["GET /v1/orders?limit=2&fields=number"]);
}
