//! The recorder behind the `metrics` macros, what each metric means, and the gauges that are read from the store.
//!
//! Invariant: one recorder a process, installed once; what the hot paths record are counters and histograms whose
//! handles they keep. Everything that can be read from the store is read when somebody looks, so that figures survive a
//! restart and cost nothing while nobody does.
//! Not here: the recording itself (`runtime::ingest::worker`, `http::meter`).

use super::rates::Rates;
use super::view::{DatasetView, Sizes, StateWord};
use metrics::{Unit, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How often buffered readings are folded into their histograms, and rates are sampled.
pub(super) const TICK: Duration = Duration::from_secs(5);

/// From a fiftieth of a millisecond (a cached GET) to ten seconds.
const REQUEST_BUCKETS: &[f64] = &[
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// From a millisecond to ten minutes.
const INGEST_BUCKETS: &[f64] =
    &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// A metric as documented.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its labels.
    pub labels: &'static str,
    /// What it counts, in which unit.
    pub meaning: &'static str,
}

const fn metric(name: &'static str, kind: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind, labels, meaning }
}

/// Every metric; `docs/operations.md` holds the same table, and a test compares them.
pub const METRICS: &[Metric] = &[
    metric("banyan_ingest_records_total", "counter", "dataset", "Records read since the start (throughput)."),
    metric(
        "banyan_ingest_refused_units_total",
        "counter",
        "dataset",
        "Files and passes refused as a whole since the start.",
    ),
    metric(
        "banyan_ingest_commit_seconds",
        "histogram",
        "",
        "Time a transaction of ingest took, from its first record to its commit.",
    ),
    metric(
        "banyan_ingest_unit_seconds",
        "histogram",
        "dataset",
        "Time from a unit's beginning (its file was found whole) to its durable commit (latency).",
    ),
    metric(
        "banyan_source_requests_total",
        "counter",
        "source, purpose, outcome",
        "Requests sent to a source, as the audit log has them. `purpose` is live, probe, sync or discover; `outcome` ok or fault.",
    ),
    metric(
        "banyan_source_request_seconds",
        "histogram",
        "source",
        "Time a source took for a request, until the end of its answer.",
    ),
    metric(
        "banyan_live_read_seconds",
        "histogram",
        "dataset, outcome",
        "Time a consumer's request waited for a live read, the source's budget included.",
    ),
    metric(
        "banyan_screens_runs_total",
        "counter",
        "source, flow, outcome",
        "Runs of flows on screens. `outcome` is done, absent, rejected, not-done, unknown, or the code of a fault.",
    ),
    metric(
        "banyan_screens_run_seconds",
        "histogram",
        "source, flow",
        "Time a run took, from leave to use a session to its answer.",
    ),
    metric("banyan_screens_sessions", "gauge", "source, state", "Open sessions; `state` is working or resting."),
    metric(
        "banyan_screens_halted",
        "gauge",
        "source",
        "1 while a source of screens stands still until a person has looked, else 0.",
    ),
    metric(
        "banyan_ledger_records",
        "gauge",
        "dataset, mapping, fate",
        "Records by what became of them, over all units: the ledger. `fate` is in, applied, unchanged, superseded, skipped, held, rejected, discarded or deleted.",
    ),
    metric(
        "banyan_ledger_adds_up",
        "gauge",
        "dataset",
        "1 while the ledger's equation holds for every mapping of the dataset, else 0.",
    ),
    metric("banyan_dead_letters_open", "gauge", "dataset", "Dead letters that wait for a person or a fix (errors)."),
    metric("banyan_dataset_state", "gauge", "dataset, state", "1 for the state the dataset is in, 0 for the others."),
    metric(
        "banyan_dataset_age_seconds",
        "gauge",
        "dataset",
        "Age of what is served: now less the dataset's as-of. Missing before the first unit.",
    ),
    metric(
        "banyan_dataset_promise_seconds",
        "gauge",
        "dataset",
        "The dataset's promise of freshness (`fresh:`), where it makes one.",
    ),
    metric("banyan_dataset_promise_kept", "gauge", "dataset", "1 while that promise is kept, else 0."),
    metric(
        "banyan_dataset_last_unit_seconds",
        "gauge",
        "dataset",
        "How long the last finished unit took from its beginning to its end, to about a second (latency).",
    ),
    metric("banyan_dataset_last_unit_records", "gauge", "dataset", "Records of the last finished unit."),
    metric(
        "banyan_http_requests_total",
        "counter",
        "route, method, status",
        "Requests answered by the facade since the start (throughput, and errors by status).",
    ),
    metric(
        "banyan_http_request_seconds",
        "histogram",
        "route, method, status",
        "Time from a request's head to its answer's head (latency).",
    ),
    metric("banyan_instances", "gauge", "entity", "Live instances."),
    metric(
        "banyan_catalog",
        "gauge",
        "part",
        "How many sources, datasets, entities, mappings and lookups are configured.",
    ),
    metric("banyan_catalog_version", "gauge", "", "Grows with every configuration taken up since the start."),
    metric(
        "banyan_store_bytes",
        "gauge",
        "file",
        "Size of the store's files: `data`, and `log` (the write-ahead log).",
    ),
    metric(
        "banyan_process_resident_bytes",
        "gauge",
        "kind",
        "Memory of the process: `all`, and `own` (without file pages, what memory limits count).",
    ),
    metric("banyan_process_start_seconds", "gauge", "", "When the process began, seconds since 1970."),
    metric("banyan_build_info", "gauge", "version", "Always 1."),
    metric(
        "banyan_comparisons_total",
        "counter",
        "route, outcome",
        "Exchanges of the two sides since the start. `outcome` is match, mismatch, indeterminate, repeat, unanswered, overflow where too many are remembered, or unkept where it could not be written down.",
    ),
    metric(
        "banyan_evidence_score",
        "gauge",
        "route",
        "The score on which a route is promoted; 4.605 suffices unless the route says otherwise.",
    ),
    metric(
        "banyan_evidence_clusters_open",
        "gauge",
        "route",
        "Clusters of mismatches that wait: neither accepted nor noise.",
    ),
    metric(
        "banyan_capture_requests_total",
        "counter",
        "route, result",
        "Requests of the sample that is captured. `result` is kept, dropped (too many wait), too-long, unknown (the route is gone) or unwritten (the disk).",
    ),
    metric(
        "banyan_route_legacy_calls_a_day",
        "gauge",
        "route",
        "What legacy is still asked in a day for a route on its way.",
    ),
];

/// The recorder's handle and what is sampled from it.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    pub(super) rates: Arc<Rates>,
}

/// Installs the recorder of the process, the first time it is called; always the same one.
pub fn install() -> anyhow::Result<Metrics> {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    if let Some(metrics) = INSTALLED.get() {
        return Ok(metrics.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("banyan_http_request_seconds".to_owned()), REQUEST_BUCKETS)?
        .set_buckets_for_metric(Matcher::Prefix("banyan_ingest_".to_owned()), INGEST_BUCKETS)?
        .set_buckets_for_metric(Matcher::Prefix("banyan_source_".to_owned()), INGEST_BUCKETS)?
        .set_buckets_for_metric(Matcher::Prefix("banyan_live_".to_owned()), INGEST_BUCKETS)?
        .set_buckets_for_metric(Matcher::Prefix("banyan_screens_".to_owned()), INGEST_BUCKETS)?
        .build_recorder();
    let metrics = Metrics { handle: recorder.handle(), rates: Arc::default() };
    // Two at once: one installs its recorder, and both get that one.
    let ours = INSTALLED.get_or_init(|| {
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("another recorder of metrics was there first; /metrics stays empty");
        }
        metrics
    });
    describe();
    Ok(ours.clone())
}

fn describe() {
    for m in METRICS {
        let unit = if m.name.ends_with("_seconds") {
            Unit::Seconds
        } else if m.name.ends_with("_bytes") {
            Unit::Bytes
        } else {
            Unit::Count
        };
        match m.kind {
            "counter" => metrics::describe_counter!(m.name, unit, m.meaning),
            "histogram" => metrics::describe_histogram!(m.name, unit, m.meaning),
            _ => metrics::describe_gauge!(m.name, unit, m.meaning),
        }
    }
}

impl Metrics {
    /// Everything as Prometheus text.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds buffered readings and samples rates; called every [`TICK`].
    pub(super) fn tick(&self, now_ms: i64) {
        self.handle.run_upkeep();
        self.rates.sample(&self.handle.render(), now_ms);
    }
}

/// Sets a dataset's gauges.
pub(super) fn show_dataset(d: &DatasetView) {
    let dataset = || d.name.clone();
    for m in &d.ledger.mappings {
        for (fate, count) in m.sums.fates() {
            let mapping = m.mapping.clone();
            gauge!("banyan_ledger_records", "dataset" => dataset(), "mapping" => mapping, "fate" => fate)
                .set(count as f64);
        }
    }
    gauge!("banyan_ledger_adds_up", "dataset" => dataset()).set(truth(d.ledger.adds_up));
    gauge!("banyan_dead_letters_open", "dataset" => dataset()).set(d.dead_letters_open as f64);
    for state in StateWord::ALL {
        gauge!("banyan_dataset_state", "dataset" => dataset(), "state" => state.word()).set(truth(d.state == state));
    }
    if let Some(age) = d.age_seconds {
        gauge!("banyan_dataset_age_seconds", "dataset" => dataset()).set(age as f64);
    }
    if let Some(promise) = &d.promise {
        gauge!("banyan_dataset_promise_seconds", "dataset" => dataset()).set(promise.seconds as f64);
        gauge!("banyan_dataset_promise_kept", "dataset" => dataset()).set(truth(promise.kept));
    }
    if let Some(unit) = &d.last_finished {
        gauge!("banyan_dataset_last_unit_records", "dataset" => dataset()).set(unit.records as f64);
        if let Some(took) = unit.seconds {
            gauge!("banyan_dataset_last_unit_seconds", "dataset" => dataset()).set(took);
        }
    }
}

/// Sets the gauges of a route on its way.
pub(super) fn show_evidence(route: &str, judged: &crate::runtime::evidence::Judged) {
    let set = |name: &'static str, value: f64| gauge!(name, "route" => route.to_owned()).set(value);
    set("banyan_evidence_score", judged.score);
    set("banyan_evidence_clusters_open", judged.clusters.iter().filter(|c| c.open).count() as f64);
    set("banyan_route_legacy_calls_a_day", judged.legacy_a_day as f64);
}

/// Sets the gauges of sizes and memory.
pub(super) fn show_sizes(sizes: &Sizes) {
    let set = |name: &'static str, label: &'static str, word: &'static str, bytes: Option<u64>| {
        if let Some(bytes) = bytes {
            gauge!(name, label => word).set(bytes as f64);
        }
    };
    set("banyan_store_bytes", "file", "data", sizes.store_bytes);
    set("banyan_store_bytes", "file", "log", sizes.log_bytes);
    set("banyan_process_resident_bytes", "kind", "all", sizes.resident_bytes);
    set("banyan_process_resident_bytes", "kind", "own", sizes.own_bytes);
}

fn truth(b: bool) -> f64 {
    f64::from(u8::from(b))
}
