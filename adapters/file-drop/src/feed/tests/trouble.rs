//! What cannot be read: told once, in nobody's way, and read as soon as it can be.

use super::*;

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

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_read_keeps_those_beside_it_from_nothing() {
    let mut rig = Rig::new(json!({ "files": "**/*.csv" }));
    for i in 0..20 {
        rig.write(&format!("{i}/a.csv"), &format!("A,B\n{i},1\n"));
    }
    // Deeper than any path may be: nobody can list it by its path, whatever they may.
    let deep = "i=0; mkdir private; cd -P private; while [ $i -lt 20 ]; do mkdir $1; cd -P $1; i=$((i+1)); done";
    let mut shell = std::process::Command::new("bash");
    let long = "x".repeat(250);
    shell.args(["-c", deep, "bash", &long]).current_dir(rig.dir.path());
    assert!(shell.status().unwrap().success());
    // As the gateway does: after each fault it rewinds.
    let mut told = String::new();
    for _ in 0..4 {
        rig.millis.fetch_add(2_000, Ordering::SeqCst);
        if let Err(fault) = rig.gateway.drain(&mut rig.feed) {
            assert_eq!(fault.code, "file-io");
            told = fault.message;
            rig.feed.rewind();
        }
    }
    assert!(told.contains("/private/xxx") && told.contains("tried again"), "it is told which: {told}");
    let read = |i: u32| rig.gateway.store.unit("d", &format!("{i}/a.csv")).is_some_and(|m| m.state == UnitState::Done);
    assert!((0..20).all(read), "{:?}", (0..20).filter(|i| !read(*i)).collect::<Vec<_>>());
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
