//! Who may ask: no page of another origin, and nobody by another name.

use crate::open_shop;

#[test]
fn a_rebound_name_sees_nothing() {
    let (_site, g) = open_shop();
    for path in ["/", "/readyz", "/metrics", "/admin/v1/dead-letters"] {
        let answer = g.ask_admin(path, &[("host", "rebound.example:8081")]);
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.text().contains("shop"), "{path}");
    }
    assert_eq!(g.ask_admin("/", &[("host", "localhost")]).status, 200);
}

#[test]
fn no_foreign_page_can_act() {
    let (_site, g) = open_shop();
    let act =
        |headers: &[(&str, &str)], body: &str| g.post_admin("/admin/v1/dead-letters/1/discard", headers, body).status;
    let json = ("content-type", "application/json");
    let body = r#"{"reason":"forged"}"#;
    assert_eq!(act(&[json, ("origin", "http://evil.example")], body), 403);
    assert_eq!(act(&[json, ("origin", "null")], body), 403);
    assert_eq!(act(&[json, ("sec-fetch-site", "cross-site")], body), 403);
    // What a form of any page may send without asking first.
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(act(&[("content-type", media)], body), 415, "{media}");
    }
    assert_eq!(g.dataset("shop.items")["dead_letters_open"], 3, "none of these did anything");
    let own = g.admin.clone();
    assert_eq!(act(&[json, ("origin", &own), ("sec-fetch-site", "same-origin")], body), 200);
}

#[test]
fn answers_may_do_little_in_a_browser() {
    let (_site, g) = open_shop();
    for path in ["/", "/dead-letters", "/admin/v1/datasets", "/nothing", "/docs/"] {
        let answer = g.ask_admin(path, &[]);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("script-src 'self' 'unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[test]
fn bodies_are_bounded() {
    let (_site, g) = open_shop();
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(100_000));
    let answer = g.post_admin("/admin/v1/dead-letters/1/discard", &[("content-type", "application/json")], &long);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("body-too-large")));
    let bad = g.post_admin("/admin/v1/dead-letters/1/discard", &[("content-type", "application/json")], "{");
    assert_eq!((bad.status, bad.json()["code"].as_str()), (400, Some("bad-body")));
}

#[test]
fn a_method_that_is_not_offered_is_told_with_those_that_are() {
    let (_site, g) = open_shop();
    let client = reqwest::blocking::Client::new();
    for (method, path, allow) in [
        ("TRACE", "/admin/v1/datasets", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
        ("DELETE", "/admin/v1/reload", "POST"),
        ("GET", "/admin/v1/reload", "POST"),
        ("POST", "/admin/v1/datasets", "GET, HEAD"),
        ("OPTIONS", "/livez", "GET, HEAD"),
    ] {
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", g.admin));
        if method == "POST" {
            request = request.header("content-type", "application/json");
        }
        let answer = request.send().unwrap();
        let allowed = answer.headers().get("allow").map(|a| a.to_str().unwrap().to_owned());
        assert_eq!((answer.status().as_u16(), allowed.as_deref()), (405, Some(allow)), "{method} {path}");
        let body = answer.text().unwrap();
        assert!(body.contains("\"method-not-allowed\""), "{method} {path}: {body}");
    }
}

#[test]
fn a_refusal_has_the_trace_of_its_caller() {
    let (_site, g) = open_shop();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    for path in ["/nothing", "/admin/v1/units?limit=x", "/admin/v1/dead-letters/99"] {
        assert_eq!(g.ask_admin(path, &[("traceparent", &parent)]).json()["trace_id"], trace, "{path}");
        let own = [g.ask_admin(path, &[]).json(), g.ask_admin(path, &[("traceparent", "00-x-y-z")]).json()];
        assert_eq!(own[0]["trace_id"].as_str().unwrap().len(), 32, "{path}");
        assert_ne!(own[0]["trace_id"], own[1]["trace_id"], "{path}");
    }
}

#[test]
fn a_body_that_is_a_list_is_no_object() {
    let (_site, g) = open_shop();
    let json = [("content-type", "application/json")];
    for (path, body) in [
        ("/admin/v1/reload", "[]"),
        ("/admin/v1/dead-letters/1/replay", "[]"),
        ("/admin/v1/dead-letters/1/discard", "[\"because\"]"),
        ("/admin/v1/dead-letters:replay", "[null, null, null]"),
        ("/admin/v1/datasets/shop.items/accept", "[null, null]"),
    ] {
        let answer = g.post_admin(path, &json, body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("bad-body")), "{path} {body}");
    }
    assert_eq!(g.post_admin("/admin/v1/reload", &json, " {} ").status, 200);
    assert_eq!(g.dataset("shop.items")["dead_letters_open"], 3);
}
