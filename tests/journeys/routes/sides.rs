//! Who answers: what a request says of itself, fallbacks, and what is never sent twice.

use super::upstream::{Upstream, answer, connect, said};
use super::{gateway, metric};
use crate::common::until;
use std::io::{Read, Write};

/// HAZARDS, routes 13.
#[test]
fn a_post_whose_bytes_were_sent_is_never_sent_again() {
    let broken = Upstream::start(|_, _| false);
    let old = Upstream::says(200, "{}");
    let (_site, g) =
        gateway("  - { path: /**, legacy: old, modern: new, stage: modern, fallback: true }", &old, &broken);
    let text = said(&g.facade, "POST /pay HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\npay");
    assert!(text.starts_with("HTTP/1.1 502") && text.contains("upstream-failed"), "{text}");
    assert_eq!((broken.count(), old.count()), (1, 0), "sent once, to one side");
    let text = said(&g.facade, "GET /pay HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").to_lowercase();
    assert!(text.starts_with("http/1.1 200") && text.contains("banyan-served-by: legacy"), "{text}");
    assert!(text.contains("banyan-fallback: modern-failed"), "{text}");
    assert_eq!(metric(&g, "banyan_route_fallbacks_total") as u32, 1);
}

#[test]
fn of_one_path_headers_and_consumers_go_where_they_are_told() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let routes = "  - { path: /a/**, legacy: old }
  - { path: /a/**, only: { headers: { X-Tenant: acme } }, legacy: new, legacy_path: /tenant }
  - { path: /a/**, only: { consumers: [shop] }, legacy: new, legacy_path: /shop }
  - { path: /a/**, only: { headers: { X-Tenant: acme }, consumers: [shop] }, legacy: new, legacy_path: /both }
  - { path: /few, only: { consumers: [shop] }, methods: [GET], legacy: new }
consumers: { shop: { header: { X-App: shop } } }";
    let (_site, g) = gateway(routes, &old, &new);
    let ask = |line: &str, fields: &str| {
        said(&g.facade, &format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n\r\n"))[9..12].to_owned()
    };
    for (fields, line) in [
        ("X-Tenant: acme\r\n", "GET /tenant/1"),
        ("X-App: shop\r\n", "GET /shop/1"),
        ("X-App: shop\r\nx-tenant: acme\r\n", "GET /both/1"),
        // What is said twice names nothing.
        ("X-App: shop\r\nX-Tenant: acme\r\nX-Tenant: acme\r\n", "GET /shop/1"),
    ] {
        assert_eq!(ask("GET /a/1", fields), "200");
        assert_eq!(new.seen().pop().unwrap().line(), line, "{fields}");
    }
    let before = new.count();
    for fields in ["", "X-Tenant: ACME\r\n", "X-App: till\r\n", "X-Tenant: acme\r\nX-Tenant: acme\r\n"] {
        assert_eq!(ask("GET /a/1", fields), "200");
        assert_eq!(old.seen().pop().unwrap().line(), "GET /a/1", "{fields}");
    }
    assert_eq!(new.count(), before, "the rest goes to the route for all");
    let few = [("GET", "X-App: shop\r\n"), ("POST", "X-App: shop\r\n"), ("GET", ""), ("POST", "")];
    let few = few.map(|(method, fields)| ask(&format!("{method} /few"), fields));
    assert_eq!(few, ["200", "405", "404", "404"], "for others the path is none");
}

#[test]
fn reads_fall_back_when_modern_says_503_only_if_told_to() {
    let new = Upstream::says(503, "{}");
    let old = Upstream::says(200, "{}");
    let routes = "  - { path: /a/**, legacy: old, modern: new, stage: modern, fallback: true }\n  \
                  - { path: /b/**, legacy: old, modern: new, stage: modern }";
    let (_site, g) = gateway(routes, &old, &new);
    let status = |line: &str| {
        said(&g.facade, &format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))[9..12].to_owned()
    };
    assert_eq!(
        (status("GET /a/1"), status("GET /b/1"), status("DELETE /a/1")),
        ("200".into(), "503".into(), "503".into())
    );
}

#[test]
fn what_cannot_be_reached_or_hangs_has_its_code() {
    let gone = format!("127.0.0.1:{}", crate::common::free_port());
    let hanging = Upstream::start(|c, _| !c.closed());
    let site = crate::common::Site::new(&format!(
        "upstreams:\n  gone: {{ url: \"http://{gone}\" }}\n  slow: {{ url: \"{}\", timeout: 200ms }}\nroutes:\n  \
         - {{ path: /gone, legacy: gone }}\n  - {{ path: /slow, legacy: slow }}\n",
        hanging.url()
    ));
    let (g, gone_at) = (site.start(), gone.split_once(':').unwrap().1.to_owned());
    let ask = |path: &str| {
        said(&g.facade, &format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"))
    };
    for n in 0..6 {
        let (gone, slow) = (ask("/gone"), ask("/slow"));
        let open = n == 5;
        assert!(gone.contains(if open { "upstream-unavailable" } else { "upstream-unreachable" }), "{n} {gone}");
        assert!(slow.contains(if open { "upstream-unavailable" } else { "upstream-timeout" }), "{n} {slow}");
        assert!(!gone.contains(&gone_at) && !gone.contains("refused"), "what is behind is not told: {gone}");
    }
    assert_eq!(hanging.count(), 5, "each once");
}

#[test]
fn who_goes_away_ends_the_request_at_the_upstream() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let ended = Arc::new(AtomicUsize::new(0));
    let seen = ended.clone();
    let old = Upstream::start(move |c, r| {
        if r.line() == "GET /streams" {
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
        }
        c.closed();
        seen.fetch_add(1, Ordering::SeqCst);
        false
    });
    let site = crate::common::Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\", timeout: 600s, idle_timeout: 600s }}\nroutes:\n  - {{ path: /**, legacy: old }}\n",
        old.url()
    ));
    let g = site.start();
    for (n, path) in ["/waits", "/streams"].iter().enumerate() {
        let mut stream = connect(&g.facade);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        until("the request arrives", || old.count() == n + 1);
        if *path == "/streams" {
            stream.read_exact(&mut [0]).unwrap();
        }
        drop(stream);
        until("the upstream sees the end", || ended.load(Ordering::SeqCst) == n + 1);
    }
}

/// What a condition of that request came to at an upstream.
fn condition(upstream: &Upstream, name: &str) -> String {
    upstream.seen().pop().unwrap().field(name).join(" | ")
}

#[test]
fn etags_name_the_side_that_made_them() {
    // Both count versions: the same tag, and not the same thing.
    let tagged = |own: &str| {
        let own = format!("ETag: \"5\"\r\nX-Side: {own}\r\n");
        Upstream::start(move |c, _| c.send(answer(200, &own, "{}")))
    };
    let (old, new) = (tagged("legacy"), tagged("modern"));
    let routes = "  - { path: /**, legacy: old, modern: new, stage: canary, canary: { weight: 50% }, \
                  shadow: { sample: 0% } }";
    let (site, g) = gateway(routes, &old, &new);
    let on = |side: &'static str| ("Banyan-Side", side);
    assert_eq!(g.ask("/a", &[on("legacy")]).header("etag"), "\"5\"");
    assert_eq!(g.ask("/a", &[on("modern")]).header("etag"), "\"5~modern\"");
    let asked = |fields: &[(&str, &str)]| g.ask("/a", fields).header("x-side").to_owned();
    // What the other side made is no condition of a read, and no part is taken of another whole.
    for (name, value, seen) in [
        ("If-None-Match", "\"5\"", ""),
        ("If-None-Match", "W/\"5~modern\", \"4\"", "W/\"5\""),
        ("If-Range", "\"5\"", ""),
        ("If-Range", "\"5~modern\"", "\"5\""),
    ] {
        assert_eq!(asked(&[on("modern"), (name, value), ("Range", "bytes=0-1")]), "modern");
        assert_eq!(condition(&new, &name.to_lowercase()), seen, "{name}: {value}");
        assert_eq!(condition(&new, "range").is_empty(), name == "If-Range" && seen.is_empty(), "{name}: {value}");
    }
    assert_eq!(asked(&[on("legacy"), ("If-None-Match", "\"5~modern\"")]), "legacy");
    assert_eq!(condition(&old, "if-none-match"), "\"5~modern\"", "legacy has no such tag");
    // A change of what one side gave goes back there, whoever's turn it is; once the other alone answers it is not met.
    let change = |g: &crate::common::Gateway, tag: &str, caller: usize| {
        let lines = format!("If-Match: {tag}\r\nX-Consumer: c{caller}\r\n");
        let text = said(
            &g.facade,
            &format!("PUT /a HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}"),
        );
        text.lines().find_map(|l| l.to_lowercase().strip_prefix("x-side: ").map(str::to_owned)).unwrap()
    };
    for caller in 0..12 {
        assert_eq!(change(&g, "\"5\"", caller), "legacy");
        assert_eq!(condition(&old, "if-match"), "\"5\"");
        assert_eq!(change(&g, "\"5~modern\"", caller), "modern");
        assert_eq!(condition(&new, "if-match"), "\"5\"");
    }
    let step = ["routes", "set", "/**", "--stage", "modern", "--force", "--reason", "r", "--author", "a"];
    assert!(site.banyan(&step).status.success());
    assert_eq!(change(&g, "\"5\"", 1), "modern");
    assert_eq!(condition(&new, "if-match"), "\"5~legacy\"", "modern has no such tag");
}

#[test]
fn a_thing_is_one_thing_however_its_path_is_written() {
    let old = Upstream::start(|c, _| c.send(answer(200, "X-Side: legacy\r\n", "{}")));
    let new = Upstream::start(|c, _| c.send(answer(200, "X-Side: modern\r\n", "{}")));
    let routes = "  - { path: /**, legacy: old, modern: new, stage: canary, canary: { weight: 50%, by: entity }, \
                  shadow: { sample: 0% } }";
    let (_site, g) = gateway(routes, &old, &new);
    let mut seen = [0, 0];
    for n in 10..40 {
        let side = |path: String| g.ask(&path, &[]).header("x-side").to_owned();
        let plain = side(format!("/a/{n}"));
        assert_eq!(side(format!("/a/%3{}{}", n / 10, n % 10)), plain, "{n}");
        assert_eq!(side(format!("/a/{n}?q=1")), plain, "{n}");
        seen[usize::from(plain == "modern")] += 1;
    }
    assert!(seen.iter().all(|n| *n > 3), "{seen:?}");
}
