//! A route's keys, as people write them.

use super::*;
use crate::score::Policy;
use banyan_words::node::{Node, read};

fn route(entries: &[(&str, Node)]) -> Result<RouteConfig, Vec<Problem>> {
    read(&Node::map(entries.iter().map(|(k, v)| (k.to_owned(), v.clone()))), "routes[0]")
}

fn text(text: &str) -> Node {
    Node::scalar(text, false)
}

fn list(items: &[&str]) -> Node {
    Node::list(items.iter().map(|i| text(i)).collect())
}

#[test]
fn the_example_of_the_rules_is_read() {
    let route = route(&[
        ("path", text("/accounts/**")),
        ("methods", list(&["GET"])),
        ("legacy", text("old_web")),
        ("modern", text("accounts_new")),
        ("stage", text("shadow")),
        (
            "shadow",
            Node::map([
                ("sample", text("100%")),
                ("queue", text("1000")),
                ("body", text("1MiB")),
                ("timeout", text("5s")),
            ]),
        ),
        ("canary", Node::map([("weight", text("5%")), ("by", text("header X-Consumer"))])),
        (
            "compare",
            Node::map([
                ("ignore", list(&["/at"])),
                ("unordered", list(&["/tags"])),
                ("tolerance", Node::map([("/rate", text("0.0001"))])),
                ("critical", list(&["/credit"])),
                ("double_read", text("2%")),
            ]),
        ),
        (
            "promote",
            Node::map([
                ("parity", text("99.9%")),
                ("against", text("99.5%")),
                ("alpha", text("1%")),
                ("auto", text("false")),
            ]),
        ),
        ("rollback", Node::map([("auto", text("true"))])),
        ("deprecated", text("2027-01-01")),
        ("sunset", text("2027-06-30")),
    ])
    .unwrap();
    let upstreams = Named(vec![("old_web".to_owned(), ()), ("accounts_new".to_owned(), ())]);
    assert_eq!(route.check("routes[0]", &upstreams), []);
    assert_eq!(route.promote.policy(), Policy::default());
    assert_eq!(route.canary.by, Some(By::Header("x-consumer".into())));
    assert!(route.takes("GET") && route.takes("HEAD") && !route.takes("POST"));
}

#[test]
fn what_is_wrong_is_told_at_once() {
    let route = route(&[
        ("path", text("accounts")),
        ("methods", list(&["GTE"])),
        ("modern", text("acounts_new")),
        ("promote", Node::map([("parity", text("99%")), ("against", text("99.5%"))])),
        ("sunset", text("soon")),
    ])
    .unwrap();
    let upstreams = Named(vec![("accounts_new".to_owned(), ())]);
    let mut codes: Vec<String> = route.check("routes[0]", &upstreams).into_iter().map(|p| p.code).collect();
    codes.sort();
    assert_eq!(codes, ["bad-day", "bad-method", "bad-path", "bad-policy", "unknown-upstream"]);
}
