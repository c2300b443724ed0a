//! What happens in folders, with time turned by hand.

mod ready;
mod trouble;
mod units;

use super::*;
use crate::config::check;
use banyan_adapter::{Memory, RawDataset, RawSource, UnitState};
use banyan_testkit::{End, Gateway, Store, Unit};
use jiff::Timestamp;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

struct Rig {
    dir: tempfile::TempDir,
    millis: Arc<AtomicU64>,
    gateway: Gateway,
    feed: Feed,
    config: serde_json::Value,
}

fn specs(folder: &Path, config: &serde_json::Value) -> (Arc<SourceSpec>, Arc<DatasetSpec>) {
    let mut config = config.clone();
    let source = json!({ "folder": folder.to_str().unwrap(), "watch": "poll", "every": "1s" });
    let snapshot = config.get("snapshot").is_some();
    if config.get("format").is_none() {
        config["format"] = json!({ "kind": "csv" });
    }
    let raw = RawDataset { name: "d".into(), path: "d".into(), config: config.into(), snapshot, key: Vec::new() };
    let source = RawSource {
        name: "s".into(),
        path: "s".into(),
        base: folder.into(),
        config: source.into(),
        datasets: vec![raw.clone()],
    };
    (Arc::new(check::source(&source).unwrap()), Arc::new(check::dataset(&raw).unwrap()))
}

impl Rig {
    fn new(config: serde_json::Value) -> Rig {
        let dir = tempfile::tempdir().unwrap();
        let millis = Arc::new(AtomicU64::new(1_000_000));
        let gateway = Gateway::new(Arc::new(Store::default()), "d");
        let feed = feed(dir.path(), &config, &gateway, &millis);
        Rig { dir, millis, gateway, feed, config }
    }

    /// The process was killed and started again.
    fn restart(&mut self) {
        self.feed = feed(self.dir.path(), &self.config, &self.gateway, &self.millis);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Sets the modification time to so many seconds after 2025 began.
    fn date(&self, name: &str, seconds: u64) {
        let file = fs::File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600 + seconds)).unwrap();
    }

    fn pass(&mut self, millis: u64) -> Vec<Unit> {
        self.millis.fetch_add(millis, Ordering::SeqCst);
        self.gateway.drain(&mut self.feed).unwrap()
    }

    /// Enough time for everything that lies there quietly.
    fn settle(&mut self) -> Vec<Unit> {
        let mut units = self.pass(0);
        for _ in 0..3 {
            units.extend(self.pass(2_000));
        }
        assert_eq!(self.gateway.protocol, Vec::<String>::new());
        units
    }

    fn fault(&mut self) -> Fault {
        self.gateway.drain(&mut self.feed).unwrap_err()
    }
}

fn feed(folder: &Path, config: &serde_json::Value, gateway: &Gateway, millis: &Arc<AtomicU64>) -> Feed {
    let (source, spec) = specs(folder, config);
    let millis = millis.clone();
    let ticks: Ticks = Arc::new(move || Duration::from_millis(millis.load(Ordering::SeqCst)));
    Feed::new(source, spec, gateway.context("s", "2026-01-01T00:00:00Z".parse().unwrap()), ticks)
}

fn any() -> Rig {
    Rig::new(json!({ "files": "*.csv" }))
}

fn names(units: &[Unit]) -> Vec<&str> {
    units.iter().map(|u| u.unit.name.as_str()).collect()
}
