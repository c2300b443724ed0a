//! Answers as servers send them, and what becomes of their connections.

use super::server::Server;
use super::{OK, config, request, run, text, upstream};
use banyan_upstream::{Broke, Failure, Fields, Outgoing, Request, Upstream};
use bytes::Bytes;
use http::Method;
use std::path::Path;
use std::time::Duration;

/// Asks twice; the second connection answers properly. What the first answer was, and over how many connections.
fn twice(method: Method, first: &'static str) -> (String, usize) {
    let server = Server::start(move |mut c| {
        let mut said = if c.number == 1 { first } else { OK };
        while c.request().is_some() {
            c.send(said);
            said = OK;
        }
    });
    let upstream = upstream(&server);
    let body = run(async {
        let answer = upstream.send(request(method, "/", "")).await.unwrap();
        let body = text(answer.body).await.unwrap();
        assert_eq!(text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await.unwrap(), "ok");
        body
    });
    (body, server.connections())
}

#[test]
fn a_connection_is_used_again_only_where_its_answer_is_certainly_over() {
    for (first, body, connections) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall", "all", 1),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\nX: y\r\n\r\n", "all", 1),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall", "all", 1),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", "", 1),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "", 1),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nall", "all", 1),
        // It says that it ends, or is of a time in which that went without saying.
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nall", "all", 2),
        ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nall", "all", 2),
        // It says more than was asked, which could be taken for the next answer.
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nallHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "all", 2),
        ("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "", 2),
        // Its end is told twice.
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n", "all", 2),
    ] {
        assert_eq!(twice(Method::GET, first), (body.to_owned(), connections), "{first:?}");
    }
    assert_eq!(twice(Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), (String::new(), 1));
    assert_eq!(twice(Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall"), (String::new(), 2));
}

#[test]
fn what_comes_while_nobody_asks_is_nobodys_answer() {
    let server = Server::start(|mut c| {
        while c.request().is_some() {
            c.send(OK);
            if c.number == 1 {
                c.pause(100);
                c.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            }
        }
    });
    let upstream = upstream(&server);
    run(async {
        for _ in 0..2 {
            let answer = upstream.send(request(Method::POST, "/", "x")).await.unwrap();
            assert_eq!(text(answer.body).await.unwrap(), "ok");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    assert_eq!((server.connections(), server.seen().len()), (2, 2));
}

#[test]
fn a_body_ends_as_it_was_announced_or_it_broke_off() {
    for (said, whole) in [
        ("HTTP/1.1 200 OK\r\n\r\nall", Ok("all")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n", Ok("all")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n", Err(())),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n", Err(())),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nallx\r\n0\r\n\r\n", Err(())),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nall", Err(())),
    ] {
        let server = Server::start(move |mut c| {
            c.request();
            c.send(said);
        });
        let upstream = upstream(&server);
        let body = run(async { text(upstream.send(request(Method::GET, "/", "")).await.unwrap().body).await });
        match (&body, whole) {
            (Ok(body), Ok(whole)) => assert_eq!(body, whole, "{said:?}"),
            (Err(Broke::Early(_)), Err(())) => {}
            _ => panic!("{said:?}: {body:?}"),
        }
    }
}

/// A body of a megabyte, in pieces, as fast as they are taken.
fn large() -> Outgoing {
    let piece = Bytes::from(vec![b'x'; 16 << 10]);
    let stream = futures_util::stream::iter((0..64).map(move |_| Ok(piece.clone())));
    Outgoing::Stream { length: Some(1 << 20), stream: Box::pin(stream) }
}

fn put(body: Outgoing) -> Request {
    Request { method: Method::PUT, target: "/".into(), fields: Fields::default(), body, upgrade: None }
}

#[test]
fn an_answer_may_come_before_the_request_is_over() {
    // It answers at once and takes the rest all the same.
    let server = Server::start(|mut c| {
        let first = c.number == 1;
        while c.head_only() {
            c.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
            if first {
                c.pause(100);
                assert_eq!(c.take(1 << 20), 1 << 20);
                c.done();
            }
        }
    });
    let upstream = upstream(&server);
    run(async {
        assert_eq!(upstream.send(put(large())).await.unwrap().status, 202);
        // What it was promised it gets, though nobody waits for it any more.
        for _ in 0..200 {
            if server.seen().len() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.seen(), ["done"]);
        // Then its connection is one like any other.
        assert_eq!(upstream.send(request(Method::GET, "/", "")).await.unwrap().status, 202);
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn who_refuses_a_body_and_closes_is_heard() {
    let server = Server::start(|mut c| {
        c.head_only();
        c.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!");
        // Closed with what was not read, it would take the answer with it.
        c.pause(300);
    });
    let upstream = upstream(&server);
    run(async {
        let answer = upstream.send(put(large())).await.unwrap();
        assert_eq!((answer.status.as_u16(), text(answer.body).await.unwrap().as_str()), (413, "no!"));
    });
}

#[test]
fn a_body_of_another_length_than_was_said_is_not_passed_off_as_whole() {
    let server = Server::start(|mut c| {
        c.head_only();
        c.take(1 << 20);
    });
    let upstream = upstream(&server);
    run(async {
        for length in [2, 9] {
            let stream = Box::pin(futures_util::stream::iter([Ok(Bytes::from_static(b"hello"))]));
            let failure = upstream.send(put(Outgoing::Stream { length: Some(length), stream })).await.unwrap_err();
            assert!(matches!(failure, Failure::CallerBroke { .. }), "{failure}");
        }
    });
}

#[test]
fn what_is_no_target_or_no_field_is_not_sent() {
    let server = Server::start(|mut c| {
        while c.request().is_some() {
            c.send(OK);
        }
    });
    let upstream = upstream(&server);
    run(async {
        for bad in ["", "x", "http://b/", "/a b", "/a\r\nX: y", "/a#b", "/\u{7f}"] {
            let failure = upstream.send(request(Method::GET, bad, "")).await.unwrap_err();
            assert!(matches!(failure, Failure::Unsendable { .. }), "{bad:?}: {failure}");
        }
        let mut asked = request(Method::DELETE, "/a", "");
        assert!(!asked.fields.append("x", b"a\r\nY: b"));
        for (name, value) in [("Host", "evil"), ("Transfer-Encoding", "chunked"), ("Content-Length", "0")] {
            asked.fields.append(name, value.as_bytes());
        }
        upstream.send(asked).await.unwrap();
        upstream.send(request(Method::DELETE, "/a", "")).await.unwrap();
        upstream.send(request(Method::POST, "/a", "")).await.unwrap();
    });
    let host = server.address();
    let line = |rest: &str| format!("{rest} /a HTTP/1.1\r\nhost: {host}\r\n");
    let seen = [
        line("DELETE") + "content-length: 0\r\n\r\n",
        line("DELETE") + "\r\n",
        line("POST") + "content-length: 0\r\n\r\n",
    ];
    assert_eq!(server.seen(), seen);
}

#[test]
fn connections_that_rest_are_no_more_than_may() {
    let server = Server::start(|mut c| {
        while c.request().is_some() {
            c.pause(50);
            c.send(OK);
        }
    });
    let mut few = config(&server.url());
    few.idle_connections = Some(2);
    let upstream = Upstream::new(&few, Path::new("/")).unwrap();
    run(async {
        for _ in 0..2 {
            let asked = (0..5).map(|_| async {
                let answer = upstream.send(request(Method::GET, "/", "")).await.unwrap();
                text(answer.body).await.unwrap()
            });
            assert_eq!(futures_util::future::join_all(asked).await, ["ok"; 5]);
        }
    });
    assert_eq!(server.connections(), 8);
}

proptest::proptest! {
    /// However an answer comes apart on its way, it is the same answer.
    #[test]
    fn pieces_make_no_difference(
        head in "HTTP/1\\.[01] [1-5][0-9]{2}( OK)?\r\n",
        fields in "((content-length|Transfer-Encoding|connection|x)[ ]?:[ ]?(chunked|identity|close|5|0|5, 5| |gzip)\r?\n){0,4}",
        body in "([0-9a-f]{0,2}(;x)?\r?\n?[a-z]{0,12}\r\n){0,4}(0\r\n)?(\r\n)?",
        piece in 1_usize..40,
    ) {
        let text = format!("{head}{fields}\r\n{body}");
        let whole = banyan_upstream::read_for_fuzzing(text.as_bytes(), text.len());
        proptest::prop_assert_eq!(banyan_upstream::read_for_fuzzing(text.as_bytes(), piece), whole);
    }
}
