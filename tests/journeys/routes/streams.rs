//! Large bodies, events, WebSockets: nothing is kept, nothing waits for its end.

use super::gateway;
use super::upstream::{Upstream, connect};
use crate::common::until;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Memory of a process, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&head)));
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

const LARGE: usize = 100 << 20;
const PIECE: usize = 64 << 10;

#[test]
fn a_hundred_megabytes_go_both_ways_in_flat_memory() {
    let old = Upstream::start(|c, r| {
        let piece = vec![b'x'; PIECE];
        if r.line().starts_with("GET") {
            c.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
            return (0..LARGE / PIECE).all(|_| c.send(&piece));
        }
        let mut got = 0;
        if r.field("content-length").is_empty() {
            while let Some(piece) = c.chunk() {
                got += piece.len();
            }
        } else {
            let mut buffer = vec![0; PIECE];
            while got < LARGE {
                got += c.stream.read(&mut buffer).unwrap();
            }
        }
        c.send(super::upstream::answer(200, "", &got.to_string()))
    });
    let (_site, g) = gateway("  - { path: /**, legacy: old, modern: new, stage: shadow }", &old, &old);
    let process = g.process();
    assert_eq!(g.ask("/warm", &[]).status, 200);
    let before = memory(process);
    let mut most = before;
    let mut stream = connect(&g.facade);
    stream.write_all(b"GET /down HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(head(&mut stream).contains(&format!("content-length: {LARGE}")));
    // A reader that pauses: what it does not take stays where it comes from, which only time can show.
    std::thread::sleep(Duration::from_millis(500));
    most = most.max(memory(process));
    let (mut got, mut buffer) = (0, vec![0; PIECE]);
    while got < LARGE {
        got += stream.read(&mut buffer).unwrap();
        if got % (5 << 20) < PIECE {
            most = most.max(memory(process));
        }
    }
    for chunked in [false, true] {
        let mut stream = connect(&g.facade);
        let how = if chunked {
            "Transfer-Encoding: chunked\r\nX-Large: 1".into()
        } else {
            format!("Content-Length: {LARGE}")
        };
        stream.write_all(format!("PUT /up HTTP/1.1\r\nHost: a\r\n{how}\r\n\r\n").as_bytes()).unwrap();
        let piece = vec![b'x'; PIECE];
        for n in 0..LARGE / PIECE {
            if chunked {
                stream.write_all(format!("{PIECE:x}\r\n").as_bytes()).unwrap();
            }
            stream.write_all(&piece).unwrap();
            if chunked {
                stream.write_all(b"\r\n").unwrap();
            }
            if n % 100 == 0 {
                most = most.max(memory(process));
            }
        }
        if chunked {
            stream.write_all(b"0\r\n\r\n").unwrap();
        }
        head(&mut stream);
        let mut told = [0; 9];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(told, *b"104857600");
    }
    println!("memory before: {before} KiB, at most: {most} KiB");
    assert!(most < before + (16 << 10), "{before} -> {most} KiB");
}

#[test]
fn events_come_as_they_are_sent() {
    let (say, said) = std::sync::mpsc::channel::<()>();
    let said = std::sync::Mutex::new(said);
    let old = Upstream::start(move |c, _| {
        c.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for n in 0..3 {
            said.lock().unwrap().recv().unwrap();
            let event = format!("data: {n}\n\n");
            c.send(format!("{:x}\r\n{event}\r\n", event.len()));
        }
        false
    });
    let site = crate::common::Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\", idle_timeout: 200ms }}\nroutes:\n  - {{ path: /**, legacy: old }}\n",
        old.url()
    ));
    let g = site.start();
    let mut stream = connect(&g.facade);
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(head(&mut stream).contains("text/event-stream"));
    for n in 0..3 {
        // Not a wait for something: longer than a body may pause elsewhere.
        std::thread::sleep(Duration::from_millis(400));
        say.send(()).unwrap();
        let mut chunk = [0; 14];
        stream.read_exact(&mut chunk).unwrap();
        assert_eq!(String::from_utf8_lossy(&chunk), format!("9\r\ndata: {n}\n\n\r\n"));
    }
}

const WISH: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A service that changes the protocol and sends back what comes.
fn echo() -> Upstream {
    Upstream::start(|c, r| {
        assert_eq!((r.field("upgrade"), r.field("connection")), (vec!["websocket".into()], vec!["upgrade".into()]));
        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n");
        let mut buffer = vec![0; PIECE];
        while let Ok(n @ 1..) = c.stream.read(&mut buffer) {
            if !c.send(&buffer[..n]) {
                break;
            }
        }
        false
    })
}

#[test]
fn web_sockets_pass_and_end_with_either_side() {
    let old = echo();
    let (_site, g) = gateway("  - { path: /**, legacy: old, modern: new, stage: shadow }", &old, &old);
    let mut stream = connect(&g.facade);
    // The first frame may come before the answer.
    stream.write_all(format!("{WISH}first").as_bytes()).unwrap();
    let told = head(&mut stream).to_lowercase();
    assert!(told.starts_with("http/1.1 101") && told.contains("upgrade: websocket"), "{told}");
    assert!(told.contains("sec-websocket-accept: y") && told.contains("connection: upgrade"), "{told}");
    assert!(!told.contains("transfer-encoding") && !told.contains("content-length"), "{told}");
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"first");
    // Much both ways at once.
    let mut writer = stream.try_clone().unwrap();
    let sent = std::thread::spawn(move || {
        let piece: Vec<u8> = (0..PIECE).map(|n| (n % 251) as u8).collect();
        (0..320).for_each(|_| writer.write_all(&piece).unwrap());
    });
    let mut piece = vec![0; PIECE];
    for _ in 0..320 {
        stream.read_exact(&mut piece).unwrap();
        assert!(piece.iter().enumerate().all(|(n, b)| *b == (n % 251) as u8));
    }
    sent.join().unwrap();
    assert_eq!(old.count(), 1, "a changed protocol is not mirrored");
}

/// HAZARDS, routes 11.
#[test]
fn reloads_drop_no_request_and_no_open_connection() {
    let old = Upstream::start(|c, r| {
        if r.line() != "GET /ws" {
            return c.send(super::upstream::answer(200, "", "ok"));
        }
        c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        let mut buffer = [0; 64];
        while let Ok(n @ 1..) = c.stream.read(&mut buffer) {
            if !c.send(&buffer[..n]) {
                break;
            }
        }
        false
    });
    let (site, g) = gateway("  - { path: /**, legacy: old }", &old, &old);
    let get = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let answered = |stream: &mut TcpStream| {
        stream.write_all(get).unwrap();
        assert!(head(stream).starts_with("HTTP/1.1 200"));
        let mut body = [0; 2];
        stream.read_exact(&mut body).unwrap();
    };
    let echoes = |stream: &mut TcpStream, n: u8| {
        stream.write_all(&[n]).unwrap();
        let mut back = [0];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(back, [n]);
    };
    // Each is used at once: one that asks nothing for ten seconds is closed.
    let ask = |begin: &dyn Fn(&mut TcpStream)| {
        let mut stream = connect(&g.facade);
        begin(&mut stream);
        stream
    };
    let mut idle: Vec<TcpStream> = (0..750).map(|_| ask(&answered)).collect();
    let upgraded = |stream: &mut TcpStream| {
        stream.write_all(WISH.as_bytes()).unwrap();
        let head = head(stream);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    };
    let mut open: Vec<TcpStream> = (0..250).map(|_| ask(&upgraded)).collect();
    let mut slow = connect(&g.facade);
    slow.write_all(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").unwrap();
    let begun = Instant::now();
    for n in 0..100_u8 {
        site.edit("banyan.yaml", |y| format!("{}\n# {n}\n", y.split("\n# ").next().unwrap()));
        let done = g.act("/admin/v1/reload", &serde_json::json!({}));
        assert_eq!(done.status, 200, "{}", done.text());
        slow.write_all(b"x").unwrap();
        answered(&mut idle[usize::from(n) * 7]);
        echoes(&mut open[usize::from(n) * 2], n);
    }
    println!("100 reloads in {:?}", begun.elapsed());
    assert!(head(&mut slow).starts_with("HTTP/1.1 200"), "a request that spans all reloads");
    idle.iter_mut().for_each(answered);
    open.iter_mut().for_each(|s| echoes(s, 7));
    until("the body arrived whole", || old.seen().iter().any(|r| r.body.len() == 100));
}
