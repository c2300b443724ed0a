//! A shadow that never answers: consumers do not wait for it, and what it holds is bounded.
//!
//! How fast consumers are served beside one is a measurement (`benches/`), not a test: here it is shown by order. Modern
//! answers nothing at all while a test runs, so whatever waited for it would never be answered.

use super::metric;
use super::upstream::{Upstream, answer, connect};
use crate::common::{Gateway, Site, until};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A route whose modern side never answers, with these rules for its shadow.
fn hanging(shadow: &str, legacy: &Upstream) -> (Site, Gateway, Upstream) {
    let modern = Upstream::start(|c, _| !c.closed());
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\", timeout: 600s }}\nroutes:\n  \
         - {{ path: /**, legacy: old, modern: new, stage: shadow, shadow: {{ timeout: 600s, {shadow} }} }}\n",
        legacy.url(),
        modern.url()
    ));
    let gateway = site.start();
    (site, gateway, modern)
}

fn mirrored(g: &Gateway, result: &str) -> usize {
    metric(g, &format!("banyan_shadow_requests_total{{route=\"/**\",result=\"{result}\"}}")) as usize
}

/// Asks once over a connection that is kept, and reads the answer whole. A stalled one ends the test by its time-out.
fn ask(stream: &mut TcpStream, length: usize) {
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream.read_exact(&mut vec![0; length]).unwrap();
}

/// HAZARDS, routes 1.
#[test]
fn consumers_are_all_answered_while_none_of_the_shadow_is() {
    const CONSUMERS: usize = 16;
    const EACH: usize = 250;
    let old = Upstream::says(200, "{}");
    let (_site, g, new) = hanging("queue: 50, concurrency: 4", &old);
    std::thread::scope(|scope| {
        for _ in 0..CONSUMERS {
            // One connection for all of a consumer's requests: what stalls it stalls the next one.
            scope.spawn(|| {
                let mut stream = connect(&g.facade);
                (0..EACH).for_each(|_| ask(&mut stream, 2));
            });
        }
    });
    assert_eq!(old.count(), CONSUMERS * EACH);
    until("as many as may are under way", || new.count() == 4);
    until("the rest is counted", || mirrored(&g, "queue-full") >= CONSUMERS * EACH - 50 - 4);
    // Those under way began before the last consumer was answered, and have not ended.
    assert_eq!(mirrored(&g, "mirrored"), 0);
    assert!(mirrored(&g, "queue-full") <= CONSUMERS * EACH - 50, "those that wait are kept");
    assert_eq!(new.count(), 4);
}

/// Memory of a process, in KiB: now, and the most it ever was.
#[cfg(target_os = "linux")]
fn memory(process: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// HAZARDS, routes 4. What ten minutes bring is a number of requests: ten times what the cap holds pass here.
#[cfg(target_os = "linux")]
#[test]
fn a_shadow_that_hangs_holds_no_more_than_its_cap_and_counts_what_it_drops() {
    /// What the shadows of all routes may hold (docs/routes.md), in bytes.
    const CAP: usize = 64 << 20;
    const LARGE: usize = 700 << 10;
    const REQUESTS: usize = 10 * CAP / LARGE;
    let body = "x".repeat(LARGE);
    let old = Upstream::forgetful(move |c, _| c.send(answer(200, "", &body)));
    let (_site, g, new) = hanging("queue: 100000, concurrency: 4", &old);
    ask(&mut connect(&g.facade), LARGE);
    let (before, _) = memory(g.process());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut stream = connect(&g.facade);
                (0..REQUESTS / 4).for_each(|_| ask(&mut stream, LARGE));
            });
        }
    });
    let asked = 1 + REQUESTS / 4 * 4;
    let (_, most) = memory(g.process());
    println!("{asked} answers of {LARGE} bytes: {before} KiB before, {most} KiB at most");
    assert!(most < before + (CAP >> 10) as u64 + (24 << 10), "{before} -> {most} KiB");
    assert!(most > before + (CAP >> 10) as u64 * 8 / 10, "what is held shows in what was measured: {before} -> {most}");
    let kept = CAP / LARGE;
    until("what does not fit is counted", || mirrored(&g, "bytes-full") >= asked - kept);
    assert_eq!((mirrored(&g, "mirrored"), mirrored(&g, "queue-full"), new.count()), (0, 0, 4));
    // Answers on their way at one time compete for the last places; none of them may be kept.
    let held = asked - mirrored(&g, "bytes-full");
    assert!((kept - 4..=kept).contains(&held), "{held} are held of {asked}");
}
