//! What a compared exchange costs in processor time. Told, not judged: machines differ.

use crate::{Hands, exchange, open, route};

/// Processor time of this thread so far, in nanoseconds.
fn spent() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

/// `cargo test --release -p banyan --test evidence -- --ignored --nocapture cost`
#[test]
#[ignore = "measures; run it alone, in release"]
fn the_cost_of_a_compared_exchange() {
    let one = |n: u32, name: &str| {
        format!(
            r#"{{"id":"c{n}","name":"{name}","street":"Harbour Road {n}","city":"Rotterdam","country":"NL","credit_limit":12500.00,"since":"2011-03-04","status":"active","email":"office{n}@example.org","tags":["retail","export"],"balance":{{"amount":"{n}.50","currency":"EUR"}},"updated_at":"2026-07-01T12:00:00Z"}}"#
        )
    };
    let list = |n: u32, name: &str| {
        let items: Vec<String> = (0..100).map(|i| one(n + i, name)).collect();
        format!(r#"{{"items":[{}],"next":null}}"#, items.join(","))
    };
    for (what, times, equal, length) in [
        ("an instance, byte for byte", 50_000, true, one(1, "Ann").len()),
        ("an instance, written otherwise", 50_000, true, one(1, "Ann").len()),
        ("an instance, one value differs", 20_000, false, one(1, "Ann").len()),
        ("a page of a hundred, written otherwise", 1_000, true, list(1, "Ann").len()),
        ("an instance, a repeat", 50_000, true, one(1, "Ann").len()),
    ] {
        let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route(r#"{"ignore":["/request_id"]}"#));
        let evidence = open(dir.path(), &hands);
        let otherwise = what.ends_with("otherwise");
        let all: Vec<_> = (0..times)
            .map(|n| {
                let make = |name: &str| if what.contains("page") { list(n, name) } else { one(n, name) };
                let mut modern = make(if equal { "Ann" } else { "Bob" });
                if otherwise {
                    modern = modern.replace("12500.00", "12500.0").replace(",\"", ", \"");
                }
                let target = if what.contains("repeat") { 1 } else { n };
                exchange(&route, &format!("/v1/customers/{target}"), &make("Ann"), &modern, hands.now())
            })
            .collect();
        let begun = spent();
        for seen in &all {
            evidence.observe(seen);
        }
        evidence.flush();
        let micros = (spent() - begun) as f64 / 1_000.0 / f64::from(times);
        println!("{what} ({length} bytes): {micros:.1} µs of processor time");
    }
}
