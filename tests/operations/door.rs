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
