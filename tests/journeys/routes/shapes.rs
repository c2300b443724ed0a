//! Requests that two systems could read differently. None of them reaches an upstream.

use super::gateway;
use super::upstream::{Upstream, raw};

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/// HAZARDS, routes 12.
#[test]
fn shapes_that_smuggle_are_refused_and_end_the_connection() {
    let old = Upstream::says(200, "{}");
    let (_site, g) = gateway("  - { path: /**, legacy: old }", &old, &old);
    let post = |fields: &str, body: &str| format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}");
    let get = |fields: &str| format!("GET /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let shapes = [
        ("length and chunks", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("chunks and length", post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 35\r\n", "")),
        ("the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        ("a list of lengths", post("Content-Length: 0, 35\r\n", "")),
        ("a signed length", post("Content-Length: +5\r\n", "hello")),
        ("a length that is none", post("Content-Length: 0x5\r\n", "hello")),
        ("two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("two other encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")),
        ("a list of encodings", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("an odd encoding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("an encoding that is none", post("Transfer-Encoding: identity\r\n", "0\r\n\r\n")),
        ("an encoding with a tab", post("Transfer-Encoding:\u{b}chunked\r\n", "0\r\n\r\n")),
        ("a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("a folded line", post("X-Foo: a\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("a bare CR", post("X-Foo: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("a NUL", post("X-Foo: a\0b\r\n", "")),
        (
            "an encoding in HTTP/1.0",
            "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        ),
        ("no host", "GET /x HTTP/1.1\r\n\r\n".into()),
        ("two hosts", get("Host: b\r\n")),
        ("an upgrade with a length", get("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n")),
    ];
    // Where these end nobody doubts, but whom or what they are for.
    let odd = [
        ("another host in the line", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("a host that is none", "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n".into()),
        ("a host with a login", "GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n".into()),
        (
            "an upgrade in chunks",
            get("Connection: upgrade, close\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        ),
        (
            "an upgrade to h2c with a body",
            get("Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n") + "hello",
        ),
        ("dots", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("encoded dots", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("an encoded slash and dots", "GET /a/..%2fb HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("two slashes", "GET //b/x HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("an encoded NUL", "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n".into()),
    ];
    for (what, shape) in shapes.iter().chain(&odd) {
        for slowly in [false, true] {
            // Whoever could be fooled would take what follows for a second request.
            let follows = if slowly || odd.iter().any(|o| o.0 == *what) { "" } else { HIDDEN };
            // A reset, for bytes that came after the refusal, takes the refusal with it: then it is asked again.
            let bytes = format!("{shape}{follows}");
            let mut all = (0..20).map(|_| raw(&g.facade, bytes.as_bytes(), slowly));
            let said = all.find(|said| !said.is_empty()).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            assert!(said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.0 400"), "{what}: {said}");
            assert_eq!(said.matches("HTTP/1.").count(), 1, "{what}: {said}");
        }
    }
    assert_eq!(old.count(), 0, "{:?}", old.seen());
}

/// HAZARDS, routes 12.
#[test]
fn what_follows_an_early_upgrade_is_no_request() {
    let old = Upstream::says(200, "{}");
    let (_site, g) = gateway("  - { path: /**, legacy: old }", &old, &old);
    for fields in [
        "Connection: upgrade\r\nUpgrade: websocket\r\n",
        "Upgrade: websocket\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n",
    ] {
        let said = raw(&g.facade, format!("GET /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n{HIDDEN}").as_bytes(), false);
        let said = String::from_utf8_lossy(&said);
        assert!(said.starts_with("HTTP/1.1 200") && said.matches("HTTP/1.").count() == 1, "{said}");
    }
    assert_eq!((old.count(), old.seen().iter().filter(|r| r.line() == "GET /hidden").count()), (3, 0));
}
