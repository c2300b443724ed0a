//! Rule 9 and secrets in traces: what was recorded is replayed, byte for byte; any difference is told.

use super::far::{BOOK, Far, fails, stock, traced};
use banyan_screens::map::{End, Key};
use banyan_screens::refusals;
use banyan_screens::trace::{Trace, replay};
use banyan_screens::transport::Act;

fn lines(trace: &Trace) -> String {
    trace.lines().unwrap()
}

#[test]
fn a_trace_replays_and_holds_no_secret() {
    let map = stock(&[]);
    let (ran, trace) = traced(&mut Far::new(), &map, "read_stock", &[]);
    let text = lines(&trace);
    assert!(!text.contains("s3cr3t"), "the password is its length");
    assert!(text.contains(r#""secret":6"#) && text.contains("******"), "{text}");
    assert_eq!(replay(&map, &text).unwrap(), ran.unwrap());
}

#[test]
fn commits_and_failures_replay_as_they_were() {
    let map = stock(&[]);
    let (ran, trace) = traced(&mut Far::inside(), &map, "book_stock", BOOK);
    assert_eq!(replay(&map, &lines(&trace)).unwrap(), ran.unwrap());

    let mut lost = Far::inside().with_mood(|far, act| {
        if *act == Act::Press(Key::Pf(5)) {
            far.end();
            return Err(super::far::gone());
        }
        Ok(false)
    });
    let (ran, trace) = traced(&mut lost, &map, "book_stock", BOOK);
    let again = replay(&map, &lines(&trace)).unwrap();
    assert!(matches!(again.end, End::Unknown { .. }));
    assert_eq!(again, ran.unwrap());

    let mut silent = Far::inside().with_mood(|_, act| Ok(*act == Act::Press(Key::Enter)));
    let (ran, trace) = traced(&mut silent, &map, "read_stock", &[]);
    assert_eq!(replay(&map, &lines(&trace)).unwrap_err(), ran.unwrap_err());
}

#[test]
fn a_difference_is_told_with_both_sides() {
    let map = stock(&[]);
    let (_, trace) = traced(&mut Far::inside(), &map, "read_stock", &[]);
    let text = lines(&trace);
    let other = stock(&[("type: \"STK\"", "type: \"STX\"")]);
    let fault = replay(&other, &text).unwrap_err();
    assert_eq!(fault.code, refusals::REPLAY_DIFFERS);
    assert!(fault.message.contains("STK") && fault.message.contains("STX"), "{fault}");

    // One key less, and one key more.
    let shorter = stock(&[("next: PF8, end: { text: \"BOTTOM OF DATA\" }", "end: { text: \"STOCK\" }")]);
    assert_eq!(replay(&shorter, &text).unwrap_err().code, refusals::REPLAY_DIFFERS);
    let pf8 = text.lines().position(|l| l.contains("PF8")).unwrap();
    let cut: Vec<&str> = text.lines().enumerate().filter(|(n, _)| *n != pf8).map(|(_, l)| l).collect();
    assert_eq!(replay(&map, &cut.join("\n")).unwrap_err().code, refusals::REPLAY_DIFFERS);
    for bad in ["", "{}", "{\"ended\":\"Done\"}", &text[..text.len() / 2]] {
        assert_eq!(replay(&map, bad).unwrap_err().code, refusals::REPLAY_DIFFERS);
    }
}

#[test]
fn the_same_keys_with_other_values_are_a_difference() {
    let map = stock(&[]);
    let (_, trace) = traced(&mut Far::inside(), &map, "read_stock", &[]);
    let text = lines(&trace);
    for (map, text) in
        [(stock(&[("qty: [40, 7]", "qty: [40, 1]")]), text.clone()), (map, text.replacen("ITEM4   ", "ITEM9   ", 1))]
    {
        let fault = replay(&map, &text).unwrap_err();
        assert_eq!(fault.code, refusals::REPLAY_DIFFERS);
        assert!(fault.message.contains("read 5 records, this one the same number, and other values"), "{fault}");
    }
}

#[test]
fn what_is_not_whole_is_bounded_and_says_so() {
    let map = stock(&[]);
    let mut far = Far::inside();
    far.stock = (0..400).map(|n| (format!("I{n}"), "1".into())).collect();
    let mut trace = Trace::new(false);
    let (login, call, clock) = (super::far::login(), Default::default(), || jiff::Timestamp::UNIX_EPOCH);
    let mut means = banyan_screens::engine::Means {
        map: &map,
        login: &login,
        door: &banyan_screens::engine::OpenDoor,
        clock: &clock,
        call: &call,
        log: &mut trace,
    };
    let flow = map.flow("read_stock").unwrap();
    assert_eq!(banyan_screens::engine::run(&mut far, &mut means, flow, &[]).unwrap().records.len(), 400);
    let text = lines(&trace);
    assert!(text.lines().count() < 110, "{}", text.lines().count());
    assert_eq!(replay(&map, &text).unwrap_err().code, refusals::REPLAY_DIFFERS, "a part is not a whole");
}

#[test]
fn files_never_overwrite_one_another() {
    let map = stock(&[]);
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("traces");
    let (_, trace) = traced(&mut Far::inside(), &map, "read_stock", &[]);
    let (one, two) = (trace.write(&into).unwrap(), trace.write(&into).unwrap());
    assert_ne!(one, two);
    assert_eq!(std::fs::read_to_string(one).unwrap(), lines(&trace));
    let mut far = Far::inside();
    far.go("NEW");
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::UNKNOWN_SCREEN);
}
