//! When a file is whole: it rests, its writer is gone, its done file or its trailer is there.

use super::*;

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
