//! A bounded load: keep-alive connections, one request outstanding on each.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What a run measured.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Server CPU, µs a request.
    pub cpu_us: f64,
    /// Requests a second.
    pub rate: f64,
    /// 99th percentile of latency, µs.
    pub p99_us: f64,
}

/// CPU time a process has used, in seconds (user and system, `/proc/PID/stat`, proc(5)).
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// The same of a process and of those it started itself.
pub fn family_cpu_seconds(pid: u32) -> f64 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let of_children = children.split_whitespace().filter_map(|c| c.parse().ok()).map(cpu_seconds);
    cpu_seconds(pid) + of_children.sum::<f64>()
}

/// Memory of a process that is its own, in MB: `RssAnon`, which is what limits on memory count. Mapped pages of the store
/// come and go as the system likes.
pub fn memory_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Sends `total` requests over 8 connections; `path` makes each request's path and extra headers.
pub fn run(port: u16, pid: u32, total: usize, request: impl Fn(usize) -> String + Sync) -> Run {
    let threads = 8;
    let before = family_cpu_seconds(pid);
    let begun = Instant::now();
    let mut latencies: Vec<u64> = std::thread::scope(|s| {
        let workers: Vec<_> = (0..threads)
            .map(|t| {
                let request = &request;
                s.spawn(move || {
                    let mut took = Vec::with_capacity(total / threads);
                    let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) else { return took };
                    let _ = socket.set_nodelay(true);
                    let _ = socket.set_read_timeout(Some(Duration::from_secs(30)));
                    let mut buffer = vec![0; 256 * 1024];
                    for i in (t..total).step_by(threads) {
                        let at = Instant::now();
                        if socket.write_all(request(i).as_bytes()).is_err() || !answer(&mut socket, &mut buffer) {
                            eprintln!("a request failed");
                            return took;
                        }
                        took.push(at.elapsed().as_micros() as u64);
                    }
                    took
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap_or_default()).collect()
    });
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), family_cpu_seconds(pid) - before);
    latencies.sort_unstable();
    let done = latencies.len().max(1);
    Run {
        cpu_us: cpu * 1e6 / done as f64,
        rate: done as f64 / wall,
        p99_us: latencies.get(done * 99 / 100).copied().unwrap_or(0) as f64,
    }
}

fn answer(socket: &mut TcpStream, buffer: &mut [u8]) -> bool {
    let mut have = 0;
    loop {
        let Ok(n) = socket.read(&mut buffer[have..]) else { return false };
        if n == 0 {
            return false;
        }
        have += n;
        let Some(end) = find(&buffer[..have], b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        if !(head.starts_with("http/1.1 200") || head.starts_with("http/1.1 304")) {
            eprintln!("{}", head.lines().next().unwrap_or(""));
            return false;
        }
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length:"))
            .and_then(|l| l.trim().parse::<usize>().ok())
            .unwrap_or(0);
        while have < end + 4 + length {
            let Ok(n) = socket.read(&mut buffer[have..]) else { return false };
            if n == 0 {
                return false;
            }
            have += n;
        }
        return true;
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}
