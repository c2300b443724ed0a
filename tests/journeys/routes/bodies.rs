//! Bodies stay what they were in the mirror, or are left out with a reason.

use super::gateway;
use super::mirror::mirrored;
use super::upstream::{Upstream, answer, connect, said};
use crate::common::until;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// HAZARDS, routes 3.
#[test]
fn bodies_are_mirrored_whole_or_skipped_with_a_reason() {
    let old = Upstream::start(|c, r| match r.line().rsplit('/').next().unwrap() {
        "empty" => c.send(answer(200, "", "")),
        "none" => c.send("HTTP/1.1 204 No Content\r\n\r\n"),
        "chunks" => c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        "large" => c.send(answer(200, "", &"x".repeat(1001))),
        "brotli" => c.send(answer(200, "Content-Encoding: br\r\n", "x")),
        "part" => c.send(answer(206, "Content-Range: bytes 0-0/2\r\n", "x")),
        "broken" => {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            false
        }
        _ => {
            c.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
            false
        }
    });
    let new = Upstream::says(200, "{}");
    let routes = "  - { path: /**, legacy: old, modern: new, stage: shadow, shadow: { body: 1kB }, compare: { double_read: 0% } }";
    let (_site, g) = gateway(routes, &old, &new);
    let ask = |rest: &str| said(&g.facade, &format!("GET /{rest}"));
    for (n, name) in ["empty", "none", "chunks", "until-the-end"].iter().enumerate() {
        ask(&format!("{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        until(name, || mirrored(&g, "mirrored") == n + 1);
    }
    for (name, why) in
        [("large", "answer-too-large"), ("brotli", "encoded"), ("part", "partial"), ("broken", "broke-off")]
    {
        ask(&format!("{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        until(why, || mirrored(&g, why) == 1);
    }
    ask("empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    until("a request of unknown length", || mirrored(&g, "request-too-large") == 1);
    assert_eq!((new.count(), mirrored(&g, "mirrored")), (4, 4));
}

/// What the request of that number holds.
fn body_of(number: usize) -> Vec<u8> {
    (0..number * 37 % 1_500).map(|at| (number * 31 + at * 7) as u8).collect()
}

/// HAZARDS, routes 2: a retry that shares a mirrored body sends half of it, or another's. 40,000 requests, each with a body of
/// its own, take a quarter of a minute on two cores; `REQUESTS=100000` is the number that met the fault elsewhere.
#[test]
fn bodies_stay_what_they_were_while_connections_break_and_requests_are_tried_again() {
    let all: usize = std::env::var("REQUESTS").ok().and_then(|n| n.parse().ok()).unwrap_or(40_000);
    let wrong = Arc::new(AtomicUsize::new(0));
    let checking = |breaks: usize| {
        let (wrong, seen) = (wrong.clone(), Arc::new(AtomicUsize::new(0)));
        Upstream::forgetful(move |c, r| {
            let number: usize = r.line().rsplit('/').next().unwrap().parse().unwrap();
            if r.body != body_of(number) {
                wrong.fetch_add(1, Ordering::SeqCst);
            }
            // Before it answers: what was sent is sent again over another connection.
            if breaks > 0 && seen.fetch_add(1, Ordering::SeqCst) % breaks == breaks - 1 {
                return false;
            }
            c.send(answer(200, "Content-Type: application/json\r\n", "{}"))
        })
    };
    let (old, new) = (checking(97), checking(0));
    let routes = "  - { path: /**, legacy: old, modern: new, stage: shadow, shadow: { queue: 100000 }, compare: { double_read: 0% } }";
    let (_site, g) = gateway(routes, &old, &new);
    let threads = 8;
    let failed: usize = std::thread::scope(|scope| {
        let asking = |first: usize| {
            let mut stream = BufReader::with_capacity(4 << 10, connect(&g.facade));
            let mut failed = 0;
            for number in (first..all).step_by(threads) {
                let body = body_of(number);
                let head = format!("GET /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.get_mut().write_all(&[head.as_bytes(), &body].concat()).unwrap();
                let mut said = Vec::new();
                while !said.ends_with(b"\r\n\r\n") {
                    assert!(stream.read_until(b'\n', &mut said).unwrap() > 0, "a stalled keep-alive connection");
                }
                let text = String::from_utf8_lossy(&said).to_lowercase();
                let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")?.trim().parse().ok());
                stream.read_exact(&mut vec![0; length.unwrap()]).unwrap();
                failed += usize::from(!text.starts_with("http/1.1 200"));
            }
            failed
        };
        let running: Vec<_> = (0..threads).map(|n| scope.spawn(move || asking(n))).collect();
        running.into_iter().map(|t| t.join().unwrap()).sum()
    });
    until("all are mirrored", || {
        ["mirrored", "queue-full", "bytes-full"].iter().map(|r| mirrored(&g, r)).sum::<usize>() >= all - failed
    });
    assert!(mirrored(&g, "mirrored") * 2 > all, "most are mirrored: {}", mirrored(&g, "mirrored"));
    assert_eq!(wrong.load(Ordering::SeqCst), 0, "bodies that were not what was asked");
    assert!(failed * 50 < all, "{failed} of {all} were not answered though they could be tried again");
}
