//! What goes through: fields, bodies, paths, both ways.

use super::upstream::{Upstream, answer, raw, said};
use super::{gateway, metric};

const ALL: &str = "  - { path: /**, legacy: old }";

/// HAZARDS, routes 12: what `Connection` names is the hop's own.
#[test]
fn fields_go_through_both_ways_and_those_of_the_hop_end() {
    let old = Upstream::start(|c, _| {
        c.send(
            b"HTTP/1.1 200 Fine\r\nConnection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=1\r\n\
              Set-Cookie: b=2\r\nX-Odd: caf\xe9\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok",
        )
    });
    let (_site, g) = gateway(ALL, &old, &old);
    let asked =
        b"GET /a/b?c=%20d HTTP/1.1\r\nHost: api.example\r\nConnection: close, X-Foo\r\nX-Foo: 1\r\nX-Many: 1\r\n\
        X-Many: 2\r\nX-Odd: caf\xe9\r\nTE: trailers\r\nKeep-Alive: 1\r\nProxy-Authorization: Basic eA==\r\n\
        X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nUpgrade: h2c\r\n\r\n";
    for slowly in [false, true] {
        let said = raw(&g.facade, asked, slowly);
        let text = String::from_utf8_lossy(&said).to_lowercase();
        assert!(text.starts_with("http/1.1 200") && text.ends_with("\r\n\r\nok"), "{text}");
        assert!(said.windows(11).any(|w| w == b"x-odd: caf\xe9"), "{text}");
        for kept in [
            "set-cookie: a=1\r\n",
            "set-cookie: b=2\r\n",
            "content-length: 2\r\n",
            "via: 1.1 banyan\r\n",
            "banyan-served-by: legacy\r\n",
        ] {
            assert!(text.contains(kept), "{kept} {text}");
        }
        for ended in ["x-gone", "keep-alive", "proxy-authenticate", "transfer-encoding"] {
            assert!(!text.contains(ended), "{ended} {text}");
        }
    }
    for request in old.seen() {
        assert_eq!(request.line(), "GET /a/b?c=%20d");
        assert_eq!(request.field("x-many"), ["1", "2"]);
        assert!(request.head.windows(11).any(|w| w == b"x-odd: caf\xe9"));
        assert_eq!(request.field("host"), [old.address()]);
        assert_eq!(request.field("x-forwarded-for"), ["127.0.0.1"]);
        assert_eq!(request.field("x-forwarded-host"), ["api.example"]);
        assert_eq!(request.field("forwarded"), ["for=127.0.0.1;host=\"api.example\";proto=http"]);
        assert_eq!(request.field("via"), ["1.1 banyan"]);
        let parent = request.field("traceparent").concat();
        assert!(parent.starts_with("00-") && parent.len() == 55, "{parent}");
        for ended in ["connection", "x-foo", "te", "keep-alive", "proxy-authorization", "upgrade", "content-length"] {
            assert!(request.field(ended).is_empty(), "{ended} {}", request.text());
        }
    }
    assert_eq!(old.count(), 2);
    assert_eq!(metric(&g, "banyan_route_requests_total{route=\"/**\",side=\"legacy\",status=\"200\"}") as u32, 2);
}

/// What an upstream is told of who asks, by a caller at 127.0.0.1 who says these things of himself.
fn told_of(trusted: &str, fields: &str) -> Vec<String> {
    let old = Upstream::says(200, "{}");
    let site = super::site(ALL, &old, &old);
    site.edit("banyan.yaml", |yaml| yaml.replace("gateway: { ", &format!("gateway: {{ {trusted}")));
    let g = site.start();
    let ask = format!("GET / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n{fields}\r\n");
    let said = said(&g.facade, &ask);
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let request = old.seen().remove(0).text();
    let of_it = |l: &&str| {
        let name = l.split(':').next().unwrap().to_lowercase().replace('_', "-");
        name == "forwarded" || name.starts_with("x-forwarded") || name == "x-real-ip"
    };
    let mut lines: Vec<String> = request.lines().skip(1).filter(of_it).map(str::to_owned).collect();
    lines.sort();
    lines
}

const FORGED: &str = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nForwarded: for=6.6.6.6;by=\"a\\\"b\"\r\n\
    X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 6.6.6.6\r\n\
    X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: https\r\n";

#[test]
fn who_asks_is_told_by_whoever_is_believed_and_by_nobody_else() {
    let ours = [
        "forwarded: for=127.0.0.1;host=\"api.example\";proto=http",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: api.example",
        "x-forwarded-proto: http",
    ];
    for stranger in ["", "trusted_proxy: false, ", "trusted_proxy: [], ", "trusted_proxy: [127.0.0.2, 10.0.0.0/8], "] {
        assert_eq!(told_of(stranger, FORGED), ours, "{stranger}");
    }
    let chain = [
        "forwarded: for=6.6.6.6;by=\"a\\\"b\", for=127.0.0.1;host=\"api.example\";proto=http",
        "x-forwarded-for: 6.6.6.6, 7.7.7.7, 127.0.0.1",
        "x-forwarded-host: evil.example",
        "x-forwarded-port: 443",
        "x-forwarded-proto: https",
        "x-real-ip: 6.6.6.6",
    ];
    for proxy in ["trusted_proxy: true, ", "trusted_proxy: [127.0.0.1], ", "trusted_proxy: [10.0.0.1, 127.0.0.0/31], "]
    {
        assert_eq!(told_of(proxy, FORGED), chain, "{proxy}");
    }
    assert_eq!(told_of("trusted_proxy: true, ", ""), ours, "a chain begins");
    let open = "Forwarded: for=\"6.6.6.6\r\n";
    assert_eq!(told_of("trusted_proxy: true, ", open), ours, "what is added must not stand in a quote");
}

#[test]
fn a_callers_trace_goes_on() {
    let old = Upstream::says(200, "{}");
    let (_site, g) = gateway(ALL, &old, &old);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ask = |parent: &str| {
        said(
            &g.facade,
            &format!(
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: {parent}\r\ntracestate: a=b\r\n\r\n"
            ),
        );
        old.seen().pop().unwrap()
    };
    let kept = ask(parent);
    assert_eq!((kept.field("traceparent"), kept.field("tracestate")), (vec![parent.into()], vec!["a=b".into()]));
    let replaced = ask("00-00000000000000000000000000000000-00f067aa0ba902b7-01");
    assert_ne!(replaced.field("traceparent").concat().split('-').nth(1), Some("00000000000000000000000000000000"));
    assert!(replaced.field("tracestate").is_empty(), "a state without its parent says nothing");
}

#[test]
fn lengths_are_kept_and_answers_without_one_come_in_chunks_or_end_the_connection() {
    let old = Upstream::start(|c, request| match request.line().as_str() {
        "HEAD /sized" => c.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
        "GET /empty" => c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        "GET /none" => c.send("HTTP/1.1 204 No Content\r\n\r\n"),
        "GET /same" => c.send("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"),
        "GET /hints" => {
            c.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 299 Odd\r\nContent-Length: 1\r\n\r\nx")
        }
        "GET /chunks" => c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        _ => {
            c.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
            false
        }
    });
    let (_site, g) = gateway(ALL, &old, &old);
    let ask = |line: &str| {
        let text = said(&g.facade, &format!("{line}\r\nHost: a\r\nConnection: close\r\n\r\n"));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    };
    let (head, body) = ask("HEAD /sized HTTP/1.1");
    assert!(head.contains("content-length: 1234") && body.is_empty(), "{head}");
    let (head, _) = ask("GET /empty HTTP/1.1");
    assert!(head.contains("content-length: 0"), "{head}");
    for (line, status) in [("GET /none HTTP/1.1", "204"), ("GET /same HTTP/1.1", "304")] {
        let (head, body) = ask(line);
        assert!(head.starts_with(&format!("http/1.1 {status}")) && body.is_empty(), "{head}");
        assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
    }
    let (head, body) = ask("GET /hints HTTP/1.1");
    assert!(head.starts_with("http/1.1 299") && body == "x", "{head}");
    for path in ["/chunks", "/until-the-end"] {
        let (head, body) = ask(&format!("GET {path} HTTP/1.1"));
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        let read: String = body.lines().filter(|l| !l.chars().all(|c| c.is_ascii_digit())).collect();
        assert_eq!(read, "abc", "{body}");
        let (head, body) = ask(&format!("GET {path} HTTP/1.0"));
        assert!(!head.contains("transfer-encoding") && body == "abc", "{head} {body}");
    }
}

#[test]
fn bodies_go_through_and_are_bounded() {
    let old = Upstream::start(|c, r| c.send(answer(200, "", &r.body.len().to_string())));
    let (_site, g) =
        gateway("  - { path: /small/**, legacy: old, largest_body: 1kB }\n  - { path: /**, legacy: old }", &old, &old);
    let post = |path: &str, rest: &str| {
        said(&g.facade, &format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}"))
    };
    let text = post("/x", "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
    assert!(text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{text}");
    assert!(text.ends_with("\r\n\r\n5"), "{text}");
    let seen = old.seen().pop().unwrap();
    assert_eq!((seen.body.as_slice(), seen.field("content-length")), (&b"hello"[..], vec!["5".to_owned()]));
    assert!(seen.field("expect").is_empty(), "it was answered here");
    let text = post("/x", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert!(text.ends_with("\r\n\r\n3"), "{text}");
    assert_eq!(old.seen().pop().unwrap().field("transfer-encoding"), ["chunked"]);
    let before = old.count();
    let text = post("/small/x", &format!("Content-Length: 1001\r\n\r\n{}", "x".repeat(1001)));
    assert!(text.starts_with("HTTP/1.1 413") && text.contains("body-too-large"), "{text}");
    let text = post("/small/x", &format!("Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)));
    assert!(text.starts_with("HTTP/1.1 413") && text.contains("body-too-large"), "{text}");
    let whole = old.seen().into_iter().skip(before).filter(|r| r.body.len() > 1000).count();
    assert_eq!(whole, 0, "none reached it whole");
    assert!(post("/small/x", &format!("Content-Length: 1000\r\n\r\n{}", "x".repeat(1000))).ends_with("\r\n\r\n1000"));
}

#[test]
fn paths_and_hosts_are_rewritten() {
    let old = Upstream::says(200, "{}");
    let site = crate::common::Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{0}/base\" }}\n  kept: {{ url: \"{0}\", host: keep }}\nroutes:\n  \
         - {{ path: /accounts/**, legacy: old, legacy_path: /api/v2/konto }}\n  - {{ path: /**, legacy: kept }}\n",
        old.url()
    ));
    let g = site.start();
    for (path, line, host) in [
        ("/accounts/7/x?y=/accounts", "GET /base/api/v2/konto/7/x?y=/accounts", old.address()),
        ("/other//x%2Fy", "GET /other//x%2Fy", "api.example".to_owned()),
    ] {
        said(&g.facade, &format!("GET {path} HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n"));
        let seen = old.seen().pop().unwrap();
        assert_eq!((seen.line().as_str(), seen.field("host")), (line, vec![host]));
    }
}
