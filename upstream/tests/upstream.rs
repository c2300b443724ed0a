//! Requests to real sockets: a server of a few lines that does exactly what a test says, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod server;
mod tls;

use banyan_upstream::{Broke, Failure, Fields, Outgoing, Request, Sent, Upstream, UpstreamConfig};
use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use server::Server;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

fn run<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, task)
}

fn config(url: &str) -> UpstreamConfig {
    let mut config: UpstreamConfig = from(url);
    config.timeout = Some("500ms".parse().unwrap());
    config.idle_timeout = Some("300ms".parse().unwrap());
    config.connect_timeout = Some("2s".parse().unwrap());
    config
}

fn from(url: &str) -> UpstreamConfig {
    use banyan_words::node::{Node, read};
    read(&Node::map([("url", Node::scalar(url, false))]), "upstreams.u").unwrap()
}

fn upstream(server: &Server) -> Upstream {
    Upstream::new(&config(&server.url()), Path::new("/")).unwrap()
}

fn request(method: Method, target: &str, body: &'static str) -> Request {
    let body = if body.is_empty() { Outgoing::Empty } else { Outgoing::Whole(Bytes::from_static(body.as_bytes())) };
    Request { method, target: target.to_owned(), fields: Fields::default(), body, upgrade: None }
}

async fn text(mut body: banyan_upstream::Incoming) -> Result<String, Broke> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(String::from_utf8(all).unwrap())
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_connection_is_used_again_and_the_request_is_what_was_asked() {
    let server = Server::start(|mut c| {
        while c.request().is_some() {
            c.send(OK);
        }
    });
    let mut with_base = config(&format!("{}/base/", server.url()));
    with_base.idle_connections = Some(1);
    let upstream = Upstream::new(&with_base, Path::new("/")).unwrap();
    run(async {
        for _ in 0..3 {
            let mut request = request(Method::POST, "/a?b=c", "hello");
            request.fields.append("x-kept", b"1");
            request.fields.append("content-length", b"999");
            let answer = upstream.send(request).await.unwrap();
            assert_eq!(answer.body.length(), Some(2));
            assert_eq!(text(answer.body).await.unwrap(), "ok");
        }
    });
    let seen = server.seen();
    assert_eq!((server.connections(), seen.len()), (1, 3));
    let first = &seen[0];
    assert!(first.starts_with("POST /base/a?b=c HTTP/1.1\r\n"), "{first}");
    assert!(first.contains("x-kept: 1\r\n") && first.contains("content-length: 5\r\n"), "{first}");
    assert!(first.contains(&format!("host: {}\r\n", server.address())) && first.ends_with("\r\n\r\nhello"), "{first}");
}

#[test]
fn a_post_whose_bytes_were_sent_is_never_sent_again() {
    let server = Server::start(|mut c| {
        c.request();
    });
    let upstream = upstream(&server);
    let failure = run(async { upstream.send(request(Method::POST, "/", "pay")).await.unwrap_err() });
    assert_eq!(failure.sent(), Sent::Perhaps, "{failure}");
    // That nothing more comes can only be waited for.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_safe_request_is_sent_again_once() {
    let server = Server::start(|mut c| {
        c.request();
        if c.number > 1 {
            c.send(OK);
        }
    });
    let upstream = upstream(&server);
    let body = run(async { text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await.unwrap() });
    assert_eq!((body.as_str(), server.seen().len()), ("ok", 2));
}

#[test]
fn an_idle_connection_that_was_closed_costs_a_post_nothing() {
    let server = Server::start(|mut c| {
        c.request();
        c.send(OK);
        // The first one closes right after its answer, without saying so in it.
        if c.number > 1 {
            while c.request().is_some() {
                c.send(OK);
            }
        }
    });
    let upstream = upstream(&server);
    run(async {
        for _ in 0..20 {
            let answer = upstream.send(request(Method::POST, "/", "x")).await.unwrap();
            text(answer.body).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert_eq!(server.seen().len(), 20, "each was sent exactly once");
}

#[test]
fn a_hanging_upstream_is_given_up_and_the_breaker_opens() {
    let server = Server::start(|mut c| {
        c.request();
        std::thread::sleep(Duration::from_secs(3));
    });
    let mut quick = config(&server.url());
    quick.timeout = Some("50ms".parse().unwrap());
    let upstream = Upstream::new(&quick, Path::new("/")).unwrap();
    run(async {
        for n in 0..5 {
            let failure = upstream.send(request(Method::GET, "/", "")).await.unwrap_err();
            assert!(matches!(failure, Failure::Timeout { sent: Sent::Perhaps, .. }), "{n}: {failure}");
        }
        assert!(upstream.is_open());
        let failure = upstream.send(request(Method::GET, "/", "")).await.unwrap_err();
        assert!(matches!(failure, Failure::BreakerOpen { .. }), "{failure}");
    });
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn nobody_listens() {
    // A port that no system hands out by itself, and that nothing uses any more.
    let upstream = Upstream::new(&config("http://127.0.0.1:9"), Path::new("/"));
    let failure = run(async { upstream.unwrap().send(request(Method::POST, "/", "x")).await.unwrap_err() });
    assert_eq!(failure.sent(), Sent::Nothing, "{failure}");
}

#[test]
fn answers_that_are_none() {
    for bad in ["garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 101 X\r\n\r\n"] {
        let server = Server::start(move |mut c| {
            c.request();
            c.send(bad);
        });
        let upstream = upstream(&server);
        let failure = run(async { upstream.send(request(Method::GET, "/", "")).await.unwrap_err() });
        assert!(matches!(failure, Failure::NotHttp { .. }), "{bad:?}: {failure}");
    }
}

#[test]
fn bodies_that_break_off_or_pause_say_so() {
    let server = Server::start(|mut c| {
        c.request();
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        if c.number > 1 {
            std::thread::sleep(Duration::from_secs(2));
        }
    });
    let upstream = upstream(&server);
    run(async {
        let broke = text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await.unwrap_err();
        assert!(matches!(broke, Broke::Early(_)), "{broke}");
        let broke = text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await.unwrap_err();
        assert!(matches!(broke, Broke::Paused(300)), "{broke}");
    });
}

#[test]
fn events_may_pause_as_long_as_they_like() {
    let server = Server::start(|mut c| {
        c.request();
        c.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        std::thread::sleep(Duration::from_millis(700));
        c.send("data: 2\n\n");
    });
    let upstream = upstream(&server);
    let all = run(async { text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await.unwrap() });
    assert_eq!(all, "data: 1\n\ndata: 2\n\n");
}

#[test]
fn a_large_body_streams_both_ways_in_chunks() {
    const CHUNKS: usize = 2_000;
    let server = Server::start(|mut c| {
        let length = c.chunked_length();
        c.send(&format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{length}\r\n0\r\n\r\n",
            length.to_string().len()
        ));
    });
    let mut patient = config(&server.url());
    patient.timeout = Some("60s".parse().unwrap());
    let upstream = Upstream::new(&patient, Path::new("/")).unwrap();
    let chunk = Bytes::from(vec![b'x'; 16 * 1024]);
    let stream = futures_util::stream::iter((0..CHUNKS).map(move |_| Ok(chunk.clone())));
    let body = Outgoing::Stream { length: None, stream: Box::pin(stream) };
    let sent = Request { method: Method::PUT, target: "/".into(), fields: Fields::default(), body, upgrade: None };
    let counted = run(async { text(upstream.send(sent).await.unwrap().body).await.unwrap() });
    assert_eq!(counted, (CHUNKS * 16 * 1024).to_string());
}

#[test]
fn a_caller_that_breaks_off_is_not_the_upstreams_fault() {
    let server = Server::start(|mut c| {
        c.request();
    });
    let upstream = upstream(&server);
    run(async {
        for _ in 0..6 {
            let chunks: Vec<Result<Bytes, banyan_upstream::BodyError>> =
                vec![Ok(Bytes::from_static(b"half")), Err("the caller went away".into())];
            let body = Outgoing::Stream { length: Some(100), stream: Box::pin(futures_util::stream::iter(chunks)) };
            let sent =
                Request { method: Method::PUT, target: "/".into(), fields: Fields::default(), body, upgrade: None };
            let failure = upstream.send(sent).await.unwrap_err();
            assert!(matches!(failure, Failure::CallerBroke { .. }), "{failure}");
        }
    });
    assert!(!upstream.is_open());
}

/// A body of so many pieces, each after a pause.
fn slow(pause_ms: u64, pieces: usize) -> Outgoing {
    let stream = futures_util::stream::unfold(0, move |n| async move {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        (n < pieces).then(|| (Ok(Bytes::from_static(b"x")), n + 1))
    });
    Outgoing::Stream { length: Some(u64::try_from(pieces).unwrap()), stream: Box::pin(stream) }
}

#[test]
fn a_slow_body_has_the_time_it_needs_and_a_stalled_one_is_not_the_upstreams_fault() {
    let server = Server::start(|mut c| {
        c.request();
        // Said, not only done: on a connection that is closed behind its back a write that was begun cannot be repeated.
        c.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
    let mut quick = config(&server.url());
    quick.timeout = Some("200ms".parse().unwrap());
    let upstream = Upstream::new(&quick, Path::new("/")).unwrap();
    let put =
        |body| Request { method: Method::PUT, target: "/".into(), fields: Fields::default(), body, upgrade: None };
    run(async {
        // Longer than the time for a head, all in all.
        let answer = upstream.send(put(slow(40, 10))).await.unwrap();
        assert_eq!(answer.status, 200);
        for _ in 0..6 {
            let failure = upstream.send(put(slow(1_000, 2))).await.unwrap_err();
            assert!(matches!(failure, Failure::CallerPaused { millis: 200 }), "{failure}");
        }
    });
    assert!(!upstream.is_open());
}

#[test]
fn a_protocol_is_changed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(|mut c| {
        c.request();
        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        c.echo();
    });
    let upstream = upstream(&server);
    run(async {
        let mut asked = request(Method::GET, "/ws", "");
        asked.upgrade = Some("websocket".to_owned());
        let answer = upstream.send(asked).await.unwrap();
        let (protocol, mut io) = answer.upgraded.unwrap();
        assert_eq!(protocol, "websocket");
        io.write_all(b"ping").await.unwrap();
        let mut back = [0; 4];
        io.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"ping");
    });
    assert!(server.seen()[0].contains("connection: upgrade\r\n"), "{:?}", server.seen());
}
