//! Records per second of each dataset over the last minutes, sampled from the counters: for the dashboard.
//!
//! Not here: anything Prometheus can compute better from `/metrics`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many samples are kept: ten minutes at one every five seconds.
const KEPT: usize = 120;
const COUNTER: &str = "banyan_ingest_records_total{dataset=\"";

/// Samples of all datasets.
#[derive(Default, Debug)]
pub(super) struct Rates(Mutex<VecDeque<Sample>>);

#[derive(Debug)]
struct Sample {
    at: i64,
    records: BTreeMap<String, u64>,
}

/// A dataset's recent past.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recent {
    /// Records a second over the last minute.
    pub(super) now: f64,
    /// Records a second between samples, oldest first.
    pub(super) past: Vec<f64>,
}

impl Rates {
    /// Reads the counters out of rendered metrics.
    pub(super) fn sample(&self, rendered: &str, now_ms: i64) {
        let records = rendered.lines().filter_map(counter).collect();
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() == KEPT {
            samples.pop_front();
        }
        samples.push_back(Sample { at: now_ms, records });
    }

    /// Of a dataset. Record kinds of one file are counted under the file's name.
    pub(super) fn of(&self, dataset: &str) -> Recent {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |s: &Sample| s.records.get(dataset).copied().unwrap_or(0);
        let rate = |a: &Sample, b: &Sample| {
            let seconds = (b.at - a.at).max(1) as f64 / 1000.0;
            count(b).saturating_sub(count(a)) as f64 / seconds
        };
        let Some(last) = samples.back() else { return Recent::default() };
        let minute_ago = samples.iter().find(|s| s.at >= last.at - 60_000).unwrap_or(last);
        let past = samples.iter().zip(samples.iter().skip(1)).map(|(a, b)| rate(a, b)).collect();
        Recent { now: rate(minute_ago, last), past }
    }
}

/// Dataset names hold no quotes or backslashes, so the label is the text up to the quote.
fn counter(line: &str) -> Option<(String, u64)> {
    let (dataset, value) = line.strip_prefix(COUNTER)?.split_once("\"} ")?;
    Some((dataset.to_owned(), value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_the_counter() {
        let rates = Rates::default();
        assert_eq!(rates.of("crm.contacts"), Recent::default());
        for (at, records) in [(0, 0), (5_000, 1_000), (10_000, 1_000)] {
            let text =
                format!("# HELP x\nbanyan_ingest_records_total{{dataset=\"crm.contacts\"}} {records}\nother 3\n");
            rates.sample(&text, at);
        }
        let recent = rates.of("crm.contacts");
        assert_eq!(recent.past, [200.0, 0.0]);
        assert_eq!(recent.now, 100.0);
        assert_eq!(rates.of("erp.items").now, 0.0);
    }

    #[test]
    fn a_restarted_counter_is_no_negative_rate() {
        let rates = Rates::default();
        rates.sample("banyan_ingest_records_total{dataset=\"a.b\"} 500", 0);
        rates.sample("banyan_ingest_records_total{dataset=\"a.b\"} 20", 5_000);
        assert_eq!(rates.of("a.b").now, 0.0);
    }
}
