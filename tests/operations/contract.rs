//! The contract guard: a step that would break callers is held back, told, and can be forced.

use super::{set_route, shop_with};
use crate::common::Site;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// An upstream that answers every request with what is in the cell: a status line's end and a body.
fn upstream(said: Arc<Mutex<(String, String)>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).unwrap_or(0);
            assert!(asked[..read].starts_with(b"GET /openapi.json"));
            let (status, body) = said.lock().unwrap().clone();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    port
}

fn set(site: &Site, more: &[&str]) -> (bool, String) {
    set_route(site, "/v1/items", more)
}

#[test]
fn a_step_that_would_break_callers_is_held_back() {
    let said = Arc::new(Mutex::new(("200 OK".to_owned(), String::new())));
    let port = upstream(said.clone());
    let upstreams = format!("upstreams:\n  new: {{ url: 'http://127.0.0.1:{port}', contract: /openapi.json }}\n");
    let site =
        shop_with(&format!("{upstreams}routes:\n  - {{ path: /v1/items, modern: new, modern_path: /api/things }}\n"));
    let g = site.start();
    let say = |document: &Value| said.lock().unwrap().1 = document.to_string();

    // Modern offers what the facade does, under its own names of paths.
    // It knows nothing of `fields`, so it answers whole items.
    let item = r##"{"$ref":"#/components/schemas/Item"}"##;
    let either = format!(r##"{{"anyOf":[{item},{{"$ref":"#/components/schemas/ItemSelection"}}]}}"##);
    let own = g.ask("/openapi.json", &[]).text();
    assert!(own.contains(&either));
    let mut theirs: Value = serde_json::from_str(&own.replace(&either, item)).unwrap();
    let paths = theirs["paths"].as_object_mut().unwrap();
    let (list, one) = (paths.remove("/v1/items").unwrap(), paths.remove("/v1/items/{id}").unwrap());
    *paths = [("/api/things".to_owned(), list), ("/api/things/{id}".to_owned(), one)].into_iter().collect();
    say(&theirs);
    let out = site.banyan(&["routes", "contract", "/v1/items"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let (done, told) = set(&site, &["--stage", "canary"]);
    assert!(!done && told.contains("insufficient evidence"), "the contract holds nothing back: {told}");

    // A field less.
    for schema in ["Item", "ItemSelection"] {
        theirs["components"]["schemas"][schema]["properties"].as_object_mut().unwrap().remove("name").unwrap();
    }
    say(&theirs);
    assert!(set(&site, &["--stage", "shadow"]).0, "nobody sees modern's answers in the shadow");
    let (done, told) = set(&site, &["--stage", "canary"]);
    assert!(!done && told.contains("would break callers") && told.contains("`items[].name` is not there"), "{told}");
    let view = g.admin("/admin/v1/routes/contract?route=/v1/items");
    assert_eq!((&view["breaking"], &view["operations"]), (&json!(2), &json!(2)), "{view}");
    let names: Vec<&str> = view["differences"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["breaking"] == true)
        .map(|d| d["name"].as_str().unwrap())
        .collect();
    let expected = ["GET /v1/items 200 /items/*/name: removed-field", "GET /v1/items/{id} 200 /name: removed-field"];
    assert_eq!(names, expected, "{view}");
    assert_eq!(view["differences"][0]["facade"], "/components/schemas/Item/properties/name");
    let out = site.banyan(&["routes", "contract", "/v1/items", "--json"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(serde_json::from_slice::<Value>(&out.stdout).unwrap()["breaking"], 2);

    // A file says the same without the upstream.
    site.drop_file("theirs.json", theirs.to_string());
    let out =
        site.banyan(&["routes", "contract", "/v1/items", "--file", &site.path("theirs.json").display().to_string()]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));

    // What is accepted holds nothing back any more: here one by its name, one by its id.
    let id = view["differences"].as_array().unwrap().iter().find(|d| d["name"] == expected[1]).unwrap()["id"].clone();
    let id = id.as_str().unwrap();
    let accepted = |list: &str| {
        let out = site.banyan(&["routes", "contract", "/v1/items", "--json"]);
        let view: Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{list}: {}", String::from_utf8_lossy(&out.stderr)));
        view["breaking"].as_u64().unwrap()
    };
    let yaml = std::fs::read_to_string(site.config()).unwrap();
    for (list, left) in [
        (format!("\"{}\"", expected[0]), 1),
        (format!("\"{}\", \"{id}\"", expected[0]), 0),
        ("\"* /items/*/name: removed-field\"".to_owned(), 1),
        ("\"GET * 200 *name: removed-field\"".to_owned(), 0),
        ("/components/schemas/Item/properties/name".to_owned(), 0),
        ("/components/schemas/Nothing/**, \"#00000000\", \"GET /gone: removed-path\"".to_owned(), 2),
    ] {
        site.drop_file(
            "banyan.yaml",
            yaml.replace("contract: /openapi.json", &format!("contract: {{ path: /openapi.json, accept: [{list}] }}")),
        );
        assert_eq!(accepted(&list), left, "{list}");
    }
    for bad in ["name", "\"#xyz\"", "\"*\"", "\"GET /v1/items\""] {
        site.drop_file(
            "banyan.yaml",
            yaml.replace("contract: /openapi.json", &format!("contract: {{ path: /openapi.json, accept: [{bad}] }}")),
        );
        let out = site.banyan(&["check"]);
        assert!(
            !out.status.success() && String::from_utf8_lossy(&out.stdout).contains("bad-contract")
                || String::from_utf8_lossy(&out.stderr).contains("bad-contract"),
            "{bad}"
        );
    }
    site.drop_file("banyan.yaml", yaml);

    // What cannot be had holds back too.
    said.lock().unwrap().0 = "503 Busy".to_owned();
    let (done, told) = set(&site, &["--stage", "canary"]);
    assert!(!done && told.contains("the contract could not be compared") && told.contains("503"), "{told}");
    *said.lock().unwrap() = ("200 OK".to_owned(), "swagger: 2".to_owned());
    assert!(set(&site, &["--stage", "canary"]).1.contains("it is no JSON"));

    // A person may do it all the same; the journal says so. The way back asks nobody.
    assert!(set(&site, &["--stage", "canary", "--force"]).0);
    let decisions = g.admin("/admin/v1/routes/decisions?route=/v1/items");
    assert_eq!(decisions["items"][0]["because"], "force");
    assert!(set(&site, &["--stage", "legacy"]).0);
    assert!(g.ask_admin("/admin/v1/routes/contract", &[]).status == 400);
}
