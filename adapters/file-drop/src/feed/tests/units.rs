//! What a file is told as: its name, version, order and part, what follows it, and what was there before.

use super::*;

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

#[test]
fn what_would_be_read_otherwise_today_is_read_again_and_nothing_else_is() {
    let mut rig = any();
    rig.write("a.csv", "A;B\n1;2\n");
    rig.write("b.csv", "A;B\n3;4\n");
    rig.date("a.csv", 1);
    rig.date("b.csv", 2);
    assert_eq!(rig.settle().len(), 2);
    // How a file is waited for changes nothing of what it holds.
    rig.config["ready"] = json!({ "quiet": "1s" });
    rig.restart();
    assert!(rig.settle().is_empty());
    rig.config["format"] = json!({ "kind": "csv", "delimiter": ";" });
    rig.restart();
    let units = rig.settle();
    assert_eq!(names(&units), ["a.csv", "b.csv"], "in their order");
    assert_eq!(units[0].texts(), [["1", "2"]]);
    rig.restart();
    assert!(rig.settle().is_empty(), "once");
    // The same content under another name counts as read, by today's configuration.
    rig.write("c.csv", "A;B\n3;4\n");
    rig.date("c.csv", 3);
    assert_eq!(rig.settle()[0].end, End::Identical("b.csv".into()));
}

#[test]
fn what_was_refused_is_tried_again_where_the_configuration_may_admit_it() {
    for (name, content, code, before, after) in [
        ("a.csv", "", "empty-file", json!({ "files": "*" }), json!({ "files": "*", "empty": "ok" })),
        (
            "c_20260101_east.csv",
            "A\n1\n",
            "unknown-part",
            json!({ "files": "*", "snapshot": { "name": "c_{date:yyyyMMdd}_{part}.csv", "parts": ["north"] } }),
            json!({ "files": "*", "snapshot": { "name": "c_{date:yyyyMMdd}_{part}.csv", "parts": ["north", "east"] } }),
        ),
        (
            "a.csv",
            "A,A\n1,2\n",
            "csv-header-duplicate",
            json!({ "files": "*" }),
            json!({ "files": "*", "format": { "kind": "csv", "columns": ["A", "B"] } }),
        ),
    ] {
        let mut rig = Rig::new(before);
        rig.write(name, content);
        assert_eq!(rig.settle()[0].refusal(), Some(code));
        rig.restart();
        assert!(rig.settle().is_empty(), "{code}: nothing has changed");
        rig.config = after;
        rig.restart();
        assert!(rig.settle().first().is_some_and(|u| u.is_done()), "{code}");
    }
}

#[test]
fn files_read_by_an_older_version_count_as_read_by_this_configuration() {
    let mut rig = any();
    rig.write("a.csv", "A,B\n1,2\n");
    let unit = rig.settle()[0].unit.clone();
    let memo = rig.gateway.store.unit("d", "a.csv").unwrap();
    let (old, _) = memo.token.split_once('#').unwrap();
    rig.gateway.store.note("d", &unit, old, UnitState::Done);
    rig.restart();
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
