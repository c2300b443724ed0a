//! What happens in folders, with time turned by hand.

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

#[test]
fn a_file_is_read_once_it_is_quiet_and_then_no_more() {
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n");
    assert!(rig.pass(0).is_empty() && rig.pass(1_999).is_empty());
    let units = rig.pass(1);
    assert_eq!(units[0].texts(), [["1", "2"]]);
    assert_eq!(units[0].end, End::Done(1, None));
    assert!(rig.settle().is_empty());
    rig.restart();
    assert!(rig.settle().is_empty());
}

#[test]
fn a_file_that_grows_is_never_read_in_part() {
    let mut rig = any();
    for run in 0..1000 {
        let line = format!("{run},x\n");
        let mut file = fs::File::options().create(true).append(true).open(rig.path("a.csv")).unwrap();
        file.write_all(if run == 0 { b"A,B\n" } else { line.as_bytes() }).unwrap();
        drop(file);
        assert!(rig.pass(1_999).is_empty(), "run {run}");
    }
    let units = rig.settle();
    assert_eq!(units.len(), 1);
    assert_eq!(units[0].records.len(), 999);
}

#[cfg(target_os = "linux")]
#[test]
fn a_copy_that_stalls_and_keeps_an_old_time_is_read_once_and_whole() {
    let mut rig = any();
    let mut copy = fs::File::create(rig.path("a.csv")).unwrap();
    copy.write_all(b"A,B\n1,").unwrap();
    rig.date("a.csv", 0);
    for _ in 0..10 {
        // Each quiet for much longer than it would need to be.
        assert!(rig.pass(30_000).is_empty(), "the copier still has it open");
        copy.write_all(b"2").unwrap();
        rig.date("a.csv", 0);
    }
    drop(copy);
    rig.date("a.csv", 0);
    let units = rig.settle();
    assert_eq!(units.len(), 1);
    assert_eq!(units[0].texts(), [["1", "2222222222"]]);
    assert_eq!(units[0].unit.as_of, "2025-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
}

#[test]
fn a_writer_known_from_events_is_waited_for_but_not_for_ever() {
    use notify::event::{DataChange, EventKind, ModifyKind};
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n");
    let path = rig.dir.path().canonicalize().unwrap().join("a.csv");
    rig.feed.signals.note(Ok(notify::Event::new(EventKind::Modify(ModifyKind::Data(DataChange::Any))).add_path(path)));
    assert!(rig.settle().is_empty());
    assert!(rig.pass(500_000).is_empty());
    assert_eq!(rig.pass(100_000).len(), 1, "ends get lost: after `patience` quiet time decides alone");
}

#[test]
fn what_was_begun_and_not_committed_begins_again() {
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n3,4\n");
    rig.pass(0);
    rig.millis.fetch_add(2_000, Ordering::SeqCst);
    let ask = Ask { rows: 1, bytes: 1 << 20, wait: Duration::ZERO };
    let Delivery::Begin { unit, token, .. } = rig.feed.next(ask, &Call::default()).unwrap() else { panic!() };
    rig.gateway.store.note("d", &unit, &token, UnitState::Open);
    let Delivery::Records(batch) = rig.feed.next(ask, &Call::default()).unwrap() else { panic!() };
    assert_eq!(batch.len(), 1);
    rig.restart();
    let units = rig.settle();
    assert_eq!(units[0].unit, *unit, "the same version");
    assert_eq!(units[0].records.len(), 2, "from its start");
    // A commit that failed after `Done`: the memory knows nothing of it.
    rig.gateway.store = Arc::new(Store::default());
    rig.restart();
    rig.pass(0);
    rig.millis.fetch_add(2_000, Ordering::SeqCst);
    while !matches!(rig.feed.next(ask, &Call::default()).unwrap(), Delivery::Done(_)) {}
    rig.feed.rewind();
    assert_eq!(rig.settle().len(), 1);
}

#[test]
fn names_versions_and_identical_content() {
    let mut rig = Rig::new(json!({ "files": "**/*.csv" }));
    rig.write("north/a.csv", "A,B\nn,1\n");
    rig.write("south/a.csv", "A,B\ns,1\n");
    rig.date("north/a.csv", 1);
    rig.date("south/a.csv", 2);
    assert_eq!(names(&rig.settle()), ["north/a.csv", "south/a.csv"], "two files");
    // Corrected: a new version.
    rig.write("north/a.csv", "A,B\nn,2\n");
    rig.date("north/a.csv", 3);
    let units = rig.settle();
    assert_eq!((names(&units), units[0].texts()), (vec!["north/a.csv"], vec![vec!["n".to_owned(), "2".into()]]));
    // The same again under another name, and touched.
    rig.write("north/copy.csv", "A,B\nn,2\n");
    rig.date("north/copy.csv", 4);
    rig.date("north/a.csv", 5);
    let units = rig.settle();
    assert_eq!(names(&units), ["north/copy.csv", "north/a.csv"]);
    assert!(units.iter().all(|u| u.end == End::Identical("north/a.csv".into())), "{units:?}");
    rig.restart();
    assert!(rig.settle().is_empty());
}

#[test]
fn old_content_that_returns_after_something_newer_is_news() {
    let mut rig = any();
    rig.write("1.csv", "A,B\nx,1\n");
    rig.date("1.csv", 1);
    rig.settle();
    rig.write("2.csv", "A,B\nx,2\n");
    rig.date("2.csv", 2);
    rig.settle();
    rig.write("3.csv", "A,B\nx,1\n");
    rig.date("3.csv", 3);
    let units = rig.settle();
    assert!(units[0].is_done(), "the third file says what the first did, and it says it last: {units:?}");
    // But an old one that comes late changes nothing.
    rig.write("0.csv", "A,B\nx,2\n");
    rig.date("0.csv", 0);
    assert_eq!(rig.settle()[0].end, End::Identical("2.csv".into()));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_told_once_and_keeps_nothing_waiting() {
    use std::os::unix::ffi::OsStrExt;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.csv"), "A,B\nsecret,1\n").unwrap();
    let mut rig = any();
    fs::create_dir(rig.path("dir.csv")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), rig.path("out.csv")).unwrap();
    std::os::unix::fs::symlink("nowhere", rig.path("broken.csv")).unwrap();
    rig.write("real/inside.txt", "A,B\nin,1\n");
    std::os::unix::fs::symlink("real/inside.txt", rig.path("in.csv")).unwrap();
    fs::write(rig.path("line\nbreak.csv"), "A,B\n1,2\n").unwrap();
    fs::write(rig.dir.path().join(std::ffi::OsStr::from_bytes(b"not\xffutf8.csv")), "A,B\n1,2\n").unwrap();
    assert!(std::process::Command::new("mkfifo").arg(rig.path("pipe.csv")).status().unwrap().success());
    rig.write("good.csv", "A,B\ngood,1\n");
    let mut told: Vec<_> =
        rig.settle().into_iter().map(|u| (u.unit.name.clone(), u.refusal().unwrap_or("read").to_owned())).collect();
    told.sort();
    let expected = [
        ("broken.csv", "not-a-file"),
        ("dir.csv", "not-a-file"),
        ("good.csv", "read"),
        ("in.csv", "read"),
        ("line\\nbreak.csv", "name-refused"),
        ("not\\xffutf8.csv", "name-refused"),
        ("out.csv", "link-outside-folder"),
        ("pipe.csv", "not-a-file"),
    ];
    assert_eq!(told, expected.map(|(n, c)| (n.to_owned(), c.to_owned())));
    assert!(rig.settle().is_empty());
    rig.restart();
    assert!(rig.settle().is_empty(), "remembered");
    // Put right, it is read.
    fs::remove_dir(rig.path("dir.csv")).unwrap();
    rig.write("dir.csv", "A,B\nnow a file,1\n");
    assert_eq!(names(&rig.settle()), ["dir.csv"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_read_once_it_may() {
    use std::os::unix::fs::PermissionsExt;
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n");
    fs::set_permissions(rig.path("a.csv"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(rig.path("a.csv")).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    assert_eq!(rig.settle()[0].refusal(), Some("unreadable-file"));
    assert!(rig.settle().is_empty());
    fs::set_permissions(rig.path("a.csv"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(rig.settle()[0].is_done());
}

#[test]
fn a_folder_that_vanishes_deletes_nothing_and_comes_back() {
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n");
    rig.settle();
    let aside = rig.dir.path().with_extension("aside");
    fs::rename(rig.dir.path(), &aside).unwrap();
    let fault = rig.fault();
    assert_eq!((fault.code.as_str(), fault.class), ("folder-missing", banyan_adapter::Class::Transient));
    fs::write(rig.dir.path(), "a file in its place").unwrap();
    assert_eq!(rig.fault().code, "folder-missing");
    fs::remove_file(rig.dir.path()).unwrap();
    fs::rename(&aside, rig.dir.path()).unwrap();
    assert!(rig.settle().is_empty());
    rig.write("b.csv", "A,B\n1,3\n");
    assert_eq!(names(&rig.settle()), ["b.csv"]);
}

#[test]
fn a_done_file_counts_only_if_it_is_no_older() {
    let mut rig = Rig::new(json!({ "files": "*.csv", "ready": { "done_file": "{stem}.done" } }));
    rig.write("a.csv", "A,B\n1,2\n");
    rig.date("a.csv", 100);
    assert!(rig.settle().is_empty());
    rig.write("a.done", "");
    rig.date("a.done", 50);
    assert!(rig.settle().is_empty(), "left over from last time");
    rig.date("a.done", 100);
    assert_eq!(names(&rig.settle()), ["a.csv"]);
}

#[test]
fn a_trailer_is_waited_for_and_then_refused() {
    let mut rig = Rig::new(json!({ "files": "*.csv", "ready": { "patience": "1m",
        "trailer": { "starts": "TRL", "count": { "column": 2 } } } }));
    rig.write("a.csv", "A,B\n1,2\n");
    assert!(rig.settle().is_empty());
    rig.write("a.csv", "A,B\n1,2\nTRL,1\n");
    let units = rig.settle();
    assert_eq!(units[0].texts(), [["1", "2"]], "the trailer is no record");
    rig.write("b.csv", "A,B\n1,2\nTRL,2\n");
    assert!(rig.settle().is_empty());
    let units = rig.pass(60_000);
    assert_eq!(units[0].refusal(), Some("trailer-mismatch"));
    assert!(rig.settle().is_empty());
    rig.write("b.csv", "A,B\n1,2\n3,4\nTRL,2\n");
    assert_eq!(rig.settle()[0].records.len(), 2, "corrected");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_done() {
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n3,4\n");
    rig.date("a.csv", 1);
    rig.pass(0);
    rig.millis.fetch_add(2_000, Ordering::SeqCst);
    let ask = Ask { rows: 1, bytes: 1 << 20, wait: Duration::ZERO };
    assert!(matches!(rig.feed.next(ask, &Call::default()).unwrap(), Delivery::Begin { .. }));
    assert!(matches!(rig.feed.next(ask, &Call::default()).unwrap(), Delivery::Records(_)));
    // As long as before and with the same time: the change itself leaves a trace.
    rig.write("a.csv", "A,B\n1,2\n3,5\n");
    rig.date("a.csv", 1);
    let fault = loop {
        match rig.feed.next(ask, &Call::default()) {
            Ok(Delivery::Records(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.code, "changed-while-reading");
    let units = rig.settle();
    assert_eq!(units[0].texts()[1], ["3", "5"]);
    // Removed while it is read.
    rig.write("b.csv", "A,B\n1,2\n3,4\n");
    assert!(rig.pass(1_000).is_empty());
    rig.millis.fetch_add(2_000, Ordering::SeqCst);
    assert!(matches!(rig.feed.next(ask, &Call::default()).unwrap(), Delivery::Begin { .. }));
    fs::remove_file(rig.path("b.csv")).unwrap();
    assert_eq!(rig.fault().code, "changed-while-reading");
    // The rig did not see this unit begin.
    rig.gateway.protocol.clear();
    assert!(rig.settle().is_empty());
}

#[test]
fn files_are_left_moved_or_deleted_only_after_they_are_durable() {
    let mut rig = Rig::new(json!({ "files": "**/*.csv", "after": { "move": "done/" } }));
    rig.write("in/a.csv", "A,B\n1,2\n");
    rig.settle();
    assert!(!rig.path("in/a.csv").exists());
    assert_eq!(fs::read(rig.path("done/in/a.csv")).unwrap(), b"A,B\n1,2\n");
    assert!(rig.settle().is_empty(), "what was moved is not found again");
    let mut rig = Rig::new(json!({ "files": "*.csv", "after": "delete" }));
    rig.write("a.csv", "A,B\n1,2\n");
    rig.write("bad.csv", "");
    let units = rig.settle();
    assert_eq!(units.iter().filter_map(|u| u.refusal()).collect::<Vec<_>>(), ["empty-file"]);
    assert!(!rig.path("a.csv").exists());
    assert!(rig.path("bad.csv").exists(), "what was refused stays");
}

#[test]
fn units_come_in_their_declared_order() {
    let order = |config: serde_json::Value| {
        let mut rig = Rig::new(config);
        for (name, seconds) in [("x_20260103.csv", 1), ("b_20260101.csv", 3), ("c_20260102.csv", 2)] {
            rig.write(name, &format!("A,B\n{name},1\n"));
            rig.date(name, seconds);
        }
        let units = rig.settle();
        assert!(units.windows(2).all(|w| w[0].unit.order < w[1].unit.order));
        (names(&units).join(" "), units[0].unit.as_of.to_string())
    };
    let second = |n: u8| format!("2025-01-01T00:00:0{n}Z");
    assert_eq!(
        order(json!({ "files": "*.csv", "order": "name" })),
        ("b_20260101.csv c_20260102.csv x_20260103.csv".into(), second(3))
    );
    assert_eq!(order(json!({ "files": "*.csv" })), ("x_20260103.csv c_20260102.csv b_20260101.csv".into(), second(1)));
    assert_eq!(
        order(json!({ "files": "*.csv", "order": { "date": "*_{date:yyyyMMdd}.csv" } })),
        ("b_20260101.csv c_20260102.csv x_20260103.csv".into(), "2026-01-01T00:00:00Z".into())
    );
}

#[test]
fn parts_of_a_snapshot_are_told_apart() {
    let mut rig = Rig::new(json!({ "files": "c_*.csv", "snapshot":
        { "name": "c_{date:yyyyMMdd}_{part}.csv", "parts": ["north", "south"] } }));
    rig.write("c_20260101_north.csv", "A,B\n1,2\n");
    rig.write("c_20260101_south.csv", "A,B\n3,4\n");
    // Nothing changed in the north: still part of its own snapshot.
    rig.write("c_20260102_north.csv", "A,B\n1,2\n");
    rig.write("c_20260102_east.csv", "A,B\n5,6\n");
    rig.write("c_tomorrow.csv", "A,B\n5,6\n");
    let units = rig.settle();
    let parts: Vec<_> = units
        .iter()
        .filter_map(|u| match &u.end {
            End::Done(_, Some(p)) => Some(format!("{} {}", p.snapshot, p.part)),
            _ => None,
        })
        .collect();
    assert_eq!(parts, ["2026-01-01T00:00:00 north", "2026-01-01T00:00:00 south", "2026-01-02T00:00:00 north"]);
    let mut refused: Vec<_> = units.iter().filter_map(|u| u.refusal()).collect();
    refused.sort_unstable();
    assert_eq!(refused, ["name-without-date", "unknown-part"]);
}

#[test]
fn a_file_without_content_is_refused_or_has_no_records() {
    let mut rig = any();
    rig.write("a.csv", "");
    rig.write("b.csv", "A,B\n");
    let mut units = rig.settle();
    units.sort_by(|a, b| a.unit.name.cmp(&b.unit.name));
    assert_eq!(units[0].refusal(), Some("empty-file"));
    assert_eq!(units[1].end, End::Done(0, None));
    assert_eq!(units[1].columns.len(), 2, "a header alone shows its columns");
    let mut rig = Rig::new(json!({ "files": "*.csv", "empty": "ok" }));
    rig.write("a.csv", "");
    assert_eq!(rig.settle()[0].end, End::Done(0, None));
}

#[test]
fn unfinished_and_hidden_files_are_not_looked_at() {
    let mut rig = Rig::new(json!({ "files": "*" }));
    for name in [".a.csv", "a.csv.part", "b.tmp", "~$c.csv"] {
        rig.write(name, "A,B\n1,2\n");
    }
    assert!(rig.settle().is_empty());
    fs::rename(rig.path("a.csv.part"), rig.path("a.csv")).unwrap();
    assert_eq!(names(&rig.settle()), ["a.csv"]);
}

#[test]
fn records_before_a_refusal_are_delivered_with_it() {
    let mut rig = Rig::new(json!({ "files": "*.xml", "format":
        { "kind": "xml", "record": "/c/i", "fields": { "a": "@a" } } }));
    rig.write("a.xml", "<c><i a='1'/><i a='2'/><j></c>");
    let units = rig.settle();
    assert_eq!(units[0].refusal(), Some("xml-malformed"));
    assert_eq!(units[0].records.len(), 2);
    let End::Refused(_, message) = &units[0].end else { panic!() };
    assert!(message.starts_with("a.xml: line 1, byte"), "{message}");
}

#[test]
fn a_sweep_finds_what_no_event_told_of() {
    let mut rig = any();
    rig.settle();
    let (source, spec) = specs(rig.dir.path(), &rig.config);
    // Sweeps so rare that only an overflowed queue of events asks for one.
    let source = Arc::new(SourceSpec { every: Duration::from_secs(1 << 30), ..(*source).clone() });
    let (millis, cx) = (rig.millis.clone(), rig.gateway.context("s", Timestamp::UNIX_EPOCH));
    rig.feed = Feed::new(source, spec, cx, Arc::new(move || Duration::from_millis(millis.load(Ordering::SeqCst))));
    rig.pass(0);
    for i in 0..2_000 {
        rig.write(&format!("{i:04}.csv"), &format!("A,B\n{i},1\n"));
    }
    assert!(rig.settle().is_empty());
    rig.feed.signals.note(Ok(notify::Event::new(notify::EventKind::Other).set_flag(notify::event::Flag::Rescan)));
    let mut found = rig.settle();
    found.sort_by(|a, b| a.unit.name.cmp(&b.unit.name));
    assert_eq!(found.len(), 2_000);
    assert!(found.iter().enumerate().all(|(i, u)| u.texts()[0][0] == i.to_string()));
}

#[test]
fn a_disk_that_fails_is_a_fault_and_never_an_end() {
    let mut rig = Rig::new(json!({ "files": "*.csv" }));
    rig.write("a.csv", "A,B\n1,2\n");
    rig.pass(0);
    rig.millis.fetch_add(2_000, Ordering::SeqCst);
    let ask = Ask { rows: 1, bytes: 1 << 20, wait: Duration::ZERO };
    assert!(matches!(rig.feed.next(ask, &Call::default()).unwrap(), Delivery::Begin { .. }));
    // The handle it reads through is replaced by one that fails: a directory opened as a file gives EISDIR.
    rig.feed.open.as_mut().unwrap().reader = Source::File(fs::File::open(rig.dir.path()).unwrap());
    let fault = rig.fault();
    assert_eq!((fault.code.as_str(), fault.class), ("file-io", banyan_adapter::Class::Transient));
    assert!(rig.gateway.store.unit("d", "a.csv").is_none_or(|m| m.state == UnitState::Open));
    assert_eq!(rig.settle()[0].records.len(), 1, "read again, whole");
}

#[cfg(unix)]
#[test]
fn a_sick_file_keeps_no_other_waiting() {
    let mut rig = any();
    // A link that leads to itself can be listed, but looking at it fails.
    std::os::unix::fs::symlink("loop.csv", rig.path("loop.csv")).unwrap();
    rig.write("z.csv", "A,B\n1,2\n");
    // As the gateway does: after each fault it rewinds, and pauses longer and longer.
    let mut faults = 0;
    for pause in [200, 400, 800, 1_600, 3_200, 6_400, 12_800] {
        rig.millis.fetch_add(pause, Ordering::SeqCst);
        match rig.gateway.drain(&mut rig.feed) {
            Ok(_) => {}
            Err(fault) => {
                assert_eq!(fault.code, "file-io");
                faults += 1;
                rig.feed.rewind();
            }
        }
    }
    assert!(faults >= 2, "told again, as long as it lasts");
    assert!(rig.gateway.store.unit("d", "z.csv").is_some_and(|m| m.state == UnitState::Done), "and z was read");
}
