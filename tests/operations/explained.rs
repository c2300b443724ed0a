//! What `routes explain` says of a request is what the gateway does with it, whatever its method.

use super::shop_with;
use super::upstream::{Upstream, answer, said};
use serde_json::Value;

const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const ID: &str = "01hzzzzzzzzzzzzzzzzzzzzzzz";

/// Who answered, by what came back.
fn met(text: &str) -> String {
    let text = text.to_lowercase();
    let field = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("").trim().to_owned();
    let (status, upstream) = (&text[9..12], field("x-upstream:"));
    match (upstream.as_str(), status) {
        ("", "405") => format!("405 offers {}", field("allow:").to_uppercase()),
        ("", "404") if field("banyan-served-by:").is_empty() && !text.contains("\"not-found\"") => "404".into(),
        ("", _) => "facade".into(),
        (name, _) => format!("{} {name}", field("banyan-served-by:")),
    }
}

/// Who answers, by what is explained.
fn told(explained: &Value) -> String {
    let answers = explained["answers"].as_str().unwrap();
    // In a canary for some it is modern that answers whoever is sent there.
    if let Some((_, rest)) = answers.split_once("405: ").filter(|_| !answers.starts_with("modern")) {
        let (_, methods) = rest.split_once(" offer").unwrap();
        return format!("405 offers {}", methods.trim_start_matches('s').trim().split(" here").next().unwrap());
    }
    for (begins, short) in [
        ("404", "404"),
        ("the facade", "facade"),
        ("legacy (the facade)", "facade"),
        ("legacy (`old`)", "legacy old"),
        ("legacy (`new`)", "legacy new"),
        ("modern (`new`)", "modern new"),
    ] {
        if answers.starts_with(begins) {
            return short.to_owned();
        }
    }
    panic!("nobody knows what this says: {answers}");
}

#[test]
fn each_method_is_explained_as_it_is_answered() {
    let named = |name: &'static str| {
        Upstream::start(move |c, r| {
            let body = if r.line().starts_with("HEAD") { "" } else { "{}" };
            c.send(answer(200, &format!("X-Upstream: {name}\r\n"), body))
        })
    };
    let (old, new) = (named("old"), named("new"));
    for (stage, weight) in [("legacy", "1%"), ("shadow", "1%"), ("canary", "100%"), ("modern", "1%"), ("retired", "1%")]
    {
        let at = format!("modern: new, stage: {stage}, canary: {{ weight: {weight} }}");
        let site = shop_with(&format!(
            "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\" }}\nroutes:\n  \
             - {{ path: /v1/items, moves: [list, get, lookup], {at} }}\n  \
             - {{ path: /v1/extra/**, methods: [GET, PUT], legacy: old, {at} }}\n  \
             - {{ path: /orders/**, methods: [POST, DELETE], legacy: old, modern: new }}\n  \
             - {{ path: /orders/**, methods: [GET], legacy: old, {at} }}\n  \
             - {{ path: /few/**, methods: [GET], only: {{ headers: {{ X-Tenant: acme }} }}, legacy: new }}\n",
            old.url(),
            new.url()
        ));
        let g = site.start();
        let mut wrong = String::new();
        for path in [
            "/v1/items",
            &format!("/v1/items/{ID}"),
            "/v1/items:lookup?no=1",
            "/v1/items/changes",
            "/v1/extra/1",
            "/v1/nothing",
            "/openapi.json",
            "/orders/7",
            "/few/1",
            "/elsewhere",
        ] {
            for method in METHODS {
                let headers = if path.starts_with("/few") { &["", "X-Tenant: acme"][..] } else { &[""] };
                for header in headers {
                    let line = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
                    let length = if method.starts_with('P') { "Content-Length: 0\r\n" } else { "" };
                    let request =
                        format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{line}{length}\r\n");
                    let met = met(&said(&g.facade, &request));
                    let mut args = vec!["routes", "explain", method, path];
                    if !header.is_empty() {
                        args.extend(["--header", header]);
                    }
                    let explained = site.banyan_json(&args);
                    let told = told(&explained);
                    if met != told {
                        wrong.push_str(&format!(
                            "{stage}: {method} {path} {header}: met {met}, told {}\n",
                            explained["answers"]
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}
