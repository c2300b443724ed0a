//! Metrics: each that is documented is there, with the figures of the store.

use crate::open_shop;
use banyan::ops::metrics::{METRICS, Metric};

#[test]
fn every_documented_metric_is_told() {
    let (_site, g) = open_shop();
    g.lines("/v1/items");
    let mut text = String::new();
    g.until("the request is counted", |g| {
        text = g.ask_admin("/metrics", &[]).text();
        text.contains("banyan_http_requests_total{")
    });
    // These say nothing before what they tell of has happened, or was promised.
    let silent = ["banyan_ingest_refused_units_total", "banyan_dataset_promise_seconds", "banyan_dataset_promise_kept"];
    // Files ask nothing of anybody, and here no route moves; other tests look for these.
    let asks = [
        "banyan_source_",
        "banyan_live_",
        "banyan_screens_",
        "banyan_capture_",
        "banyan_comparisons_",
        "banyan_evidence_",
        "banyan_route_",
    ];
    let told_here = |m: &&Metric| !silent.contains(&m.name) && !asks.iter().any(|a| m.name.starts_with(a));
    for m in METRICS.iter().filter(told_here) {
        let samples = [m.name.to_owned(), format!("{}_bucket", m.name)];
        let told = text
            .lines()
            .any(|l| samples.iter().any(|s| l.strip_prefix(s.as_str()).is_some_and(|r| r.starts_with(['{', ' ']))));
        assert!(told, "{} is missing:\n{text}", m.name);
        assert!(text.contains(&format!("# TYPE {} {}", m.name, m.kind)), "{} is no {}", m.name, m.kind);
    }
    for line in [
        "banyan_ingest_records_total{dataset=\"shop.items\"} 5",
        "banyan_dead_letters_open{dataset=\"shop.items\"} 3",
        "banyan_ledger_records{dataset=\"shop.items\",mapping=\"shop.items -> item\",fate=\"applied\"} 2",
        "banyan_ledger_adds_up{dataset=\"shop.items\"} 1",
        "banyan_ingest_unit_seconds_count{dataset=\"shop.items\"} 1",
        "banyan_instances{entity=\"item\"} 2",
        "banyan_dataset_state{dataset=\"shop.items\",state=\"idle\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "`{line}` is missing:\n{text}");
    }
    assert!(text.contains("banyan_http_requests_total{route=\"/v1/items\",method=\"GET\",status=\"200\"}"), "{text}");
}

#[test]
fn the_documentation_has_a_row_for_each_metric() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let docs = std::fs::read_to_string(path).unwrap();
    for m in METRICS {
        let row = format!("| `{}` | {} | {} | {} |", m.name, m.kind, m.labels, m.meaning);
        assert!(docs.contains(&row), "docs/operations.md lacks the row\n{row}");
    }
    let rows = docs.lines().filter(|l| l.starts_with("| `banyan_")).count();
    assert_eq!(rows, METRICS.len(), "docs/operations.md has a row for a metric that is gone");
}
