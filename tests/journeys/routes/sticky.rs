//! Shares of callers: who is where stays there while a share grows.

use super::gateway;
use super::upstream::{Upstream, answer};
use crate::common::{Gateway, Site};

const CALLERS: usize = 200;

/// What a canary goes by, and how caller `n` says who it is, on two calls that are otherwise different.
type How = (&'static str, fn(usize) -> [(String, Vec<(&'static str, String)>); 2]);

fn by_entity(n: usize) -> [(String, Vec<(&'static str, String)>); 2] {
    [(format!("/a/{n}"), vec![]), (format!("/a/{n}?page=2"), vec![("X-Device", "other".to_owned())])]
}

fn by_header(n: usize) -> [(String, Vec<(&'static str, String)>); 2] {
    let device = ("X-Device", format!("till-{n}"));
    [("/a/1".to_owned(), vec![device.clone()]), (format!("/a/{n}/x"), vec![("Cookie", "sid=z".to_owned()), device])]
}

fn by_cookie(n: usize) -> [(String, Vec<(&'static str, String)>); 2] {
    let alone = ("Cookie", format!("sid=s{n}"));
    let among = ("Cookie", format!("theme=dark; sid=s{n}; osid=1"));
    [("/a/1".to_owned(), vec![alone]), (format!("/a/{n}"), vec![among])]
}

fn sides(g: &Gateway, how: &How) -> Vec<bool> {
    let one = |n: usize| {
        let [first, second] = how.1(n).map(|(path, fields)| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            g.ask(&path, &fields).header("x-side") == "modern"
        });
        assert_eq!(first, second, "{}: caller {n} is on both sides", how.0);
        first
    };
    (0..CALLERS).map(one).collect()
}

fn weigh(site: &Site, weight: &str) {
    let args = ["routes", "set", "/**", "--stage", "canary", "--weight", weight, "--force", "--reason", "r"];
    let (done, told) = site.tries(&[&args[..], &["--author", "a"]].concat());
    assert!(done || told.contains("nothing"), "{told}");
}

fn grows(how: How) {
    let old = Upstream::start(|c, _| c.send(answer(200, "X-Side: legacy\r\n", "{}")));
    let new = Upstream::start(|c, _| c.send(answer(200, "X-Side: modern\r\n", "{}")));
    let route = |weight: &str| {
        format!(
            "  - {{ path: /**, legacy: old, modern: new, stage: canary, canary: {{ by: {}, weight: {weight} }}, \
             shadow: {{ sample: 0% }} }}",
            how.0
        )
    };
    let (site, mut g) = gateway(&route("1%"), &old, &new);
    let mut before = sides(&g, &how);
    for weight in ["5%", "25%", "50%"] {
        weigh(&site, weight);
        let now = sides(&g, &how);
        let back: Vec<usize> = (0..CALLERS).filter(|n| before[*n] && !now[*n]).collect();
        assert!(back.is_empty(), "{}: {back:?} moved back at {weight}", how.0);
        assert_ne!(now, before, "{}: somebody moves on at {weight}", how.0);
        before = now;
        g.kill();
        g = site.start();
        assert_eq!(sides(&g, &how), before, "{}: a restart changes nobody's side", how.0);
    }
    let share = before.iter().filter(|m| **m).count();
    assert!((CALLERS * 3 / 10..CALLERS * 7 / 10).contains(&share), "{}: {share} of {CALLERS}", how.0);
    // Another instance with a store of its own knows nothing of this one, and agrees.
    let (_another, other) = gateway(&route("50%"), &old, &new);
    assert_eq!(sides(&other, &how), before, "{}: instances agree", how.0);
}

/// HAZARDS, routes 6.
#[test]
fn a_share_of_things_grows_and_none_moves_back() {
    grows(("entity", by_entity));
}

/// HAZARDS, routes 6.
#[test]
fn a_share_by_a_header_grows_and_nobody_moves_back() {
    grows(("header X-Device", by_header));
}

/// HAZARDS, routes 6.
#[test]
fn a_share_by_a_cookie_grows_and_nobody_moves_back() {
    grows(("cookie sid", by_cookie));
}

/// HAZARDS, routes 6: of consumers.
#[test]
fn a_share_grows_and_nobody_moves_back_restart_included() {
    let old = Upstream::start(|c, _| c.send(answer(200, "X-Side: legacy\r\n", "{}")));
    let new = Upstream::start(|c, _| c.send(answer(200, "X-Side: modern\r\n", "{}")));
    let (site, mut g) =
        gateway("  - { path: /**, legacy: old, modern: new, stage: canary, shadow: { sample: 0% } }", &old, &new);
    let sides = |g: &crate::common::Gateway| -> Vec<bool> {
        (0..300)
            .map(|n| g.ask("/a", &[("X-Consumer", &format!("consumer-{n}"))]).header("x-side") == "modern")
            .collect()
    };
    let mut before = vec![false; 300];
    for (n, weight) in ["1%", "5%", "25%", "50%"].iter().enumerate() {
        let args = [
            "routes", "set", "/**", "--stage", "canary", "--weight", weight, "--force", "--reason", "r", "--author",
            "a",
        ];
        let out = site.banyan(&args);
        assert!(out.status.success() || *weight == "5%", "{}", String::from_utf8_lossy(&out.stderr));
        let now = sides(&g);
        assert!(before.iter().zip(&now).all(|(b, n)| !b || *n || *weight == "1%"), "somebody moved back at {weight}");
        before = now;
        if n == 2 {
            g.kill();
            g = site.start();
            assert_eq!(sides(&g), before, "a restart changes nobody's side");
        }
    }
    // Another instance with a store of its own knows nothing of this one, and agrees.
    let routes =
        "  - { path: /**, legacy: old, modern: new, stage: canary, canary: { weight: 50% }, shadow: { sample: 0% } }";
    let (_another, other) = gateway(routes, &old, &new);
    assert_eq!(sides(&other), before, "instances agree");
    drop(other);
    let share = before.iter().filter(|m| **m).count();
    assert!((110..190).contains(&share), "{share} of 300");
    // A caller may choose, and the switch sends everyone back.
    assert_eq!(g.ask("/a", &[("X-Consumer", "x"), ("Banyan-Side", "modern")]).header("x-side"), "modern");
    assert!(site.banyan(&["routes", "kill", "/**", "--reason", "r", "--author", "a"]).status.success());
    assert!(sides(&g).iter().all(|m| !m));
}
