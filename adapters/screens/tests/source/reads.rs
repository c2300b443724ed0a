//! Passes and live reads.

use crate::{World, until};
use banyan_adapter::{Call, Connected, Fault, Probe};
use banyan_screens::{refusals, source};
use banyan_testkit::{Gateway, block_on};
use banyan_words::{Batch, UnitRef, Value};
use std::future::Future;
use std::pin::pin;
use std::task::{Context as Cx, Waker};
use std::time::{Duration, Instant};

fn probe(items: &[&str]) -> Probe {
    let keys = items.iter().map(|i| vec![Value::text(i).into_owned()]).collect();
    Probe { dataset: "stock".to_owned(), keys }
}

fn ask(source: &dyn Connected, items: &[&str]) -> Result<Vec<Vec<String>>, Fault> {
    let probe = probe(items);
    let call = Call { deadline: Instant::now().checked_add(Duration::from_secs(5)), ..Call::default() };
    block_on(source.lookup().unwrap().fetch(&probe, &call)).map(|b| texts(&b))
}

fn texts(batch: &Batch) -> Vec<Vec<String>> {
    let text = |v: Value<'_>| v.to_text().unwrap_or_default().into_owned();
    batch.rows().map(|r| (0..r.shape().columns.len()).map(|i| text(r.value(i))).collect()).collect()
}

#[test]
fn a_pass_is_one_unit_of_all_pages_and_says_where_each_value_stood() {
    let world = World::new();
    let source = world.source();
    let mut gateway = Gateway::new(world.store.clone(), "stock");
    let mut feed = source.feed("stock").unwrap();
    let units = gateway.drain(&mut *feed).unwrap();
    assert_eq!(units.len(), 1);
    assert!(units[0].is_done() && gateway.protocol.is_empty(), "{:?}", gateway.protocol);
    assert_eq!(units[0].texts(), [["4711", "12"], ["4712", "7"], ["4713", "0"]]);
    let (unit, place) = (&units[0].unit, units[0].records[2].place);
    assert!(unit.version.starts_with("town/v1@"), "{}", unit.version);
    let told = |column, unit: &UnitRef| source::locate(&world.spec(), "stock", column, unit, place).unwrap();
    assert_eq!(told(Some("qty"), unit), "map town/v1, screen list, page 2, row 5, columns 12 to 17");
    let older = UnitRef { version: "town/v0@0123".into(), ..unit.clone() };
    let expected = "map town/v0 (another version than the one in use, 0123), page 2, row 5, column 2";
    assert_eq!(told(Some("qty"), &older), expected);
    // Nothing is due for an hour, nor after a restart; a person who waits does not wait for it.
    assert!(gateway.drain(&mut *feed).unwrap().is_empty());
    let again = world.source();
    let mut feed = again.feed("stock").unwrap();
    assert!(gateway.drain(&mut *feed).unwrap().is_empty());
    feed.again();
    assert_eq!(gateway.drain(&mut *feed).unwrap().len(), 1);
}

#[test]
fn a_pass_that_breaks_off_on_its_second_page_hands_over_nothing_and_is_tried_in_a_new_session_once() {
    let world = World::new();
    world.town.host().cut_after = Some(1);
    let source = world.source();
    let mut gateway = Gateway::new(world.store.clone(), "stock");
    let mut feed = source.feed("stock").unwrap();
    let fault = gateway.drain(&mut *feed).unwrap_err();
    assert_eq!(fault.code, refusals::DISCONNECTED);
    assert_eq!(world.town.host().opened, 2, "once, and once more");
    assert!(world.store.all("stock").is_empty(), "no unit was begun");
    world.town.host().cut_after = None;
    feed.rewind();
    assert_eq!(gateway.drain(&mut *feed).unwrap()[0].texts().len(), 3);
}

#[test]
fn live_reads_share_sessions_with_passes_and_never_use_more_than_there_may_be() {
    let world = World::new();
    world.town.host().slow = Duration::from_millis(3);
    let source = world.source();
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| assert_eq!(ask(&source, &["4712"]).unwrap(), [["4712", "7"]]));
        }
        s.spawn(|| {
            let mut feed = source.feed("stock").unwrap();
            assert_eq!(Gateway::new(world.store.clone(), "stock").drain(&mut *feed).unwrap().len(), 1);
        });
    });
    let host = world.town.host();
    assert_eq!((host.most_open, host.logins), (2, 2), "two sessions, each logged in once");
}

#[test]
fn what_does_not_exist_is_no_record_and_another_record_is_a_fault() {
    let world = World::new();
    let source = world.source();
    assert_eq!(ask(&source, &["9999"]).unwrap(), Vec::<Vec<String>>::new());
    assert_eq!(ask(&source, &["4713", "9999", "4711"]).unwrap(), [["4713", "0"], ["4711", "12"]]);
    world.town.host().shows = Some("4712".into());
    assert_eq!(ask(&source, &["4711"]).unwrap_err().code, refusals::OTHER_RECORD);
}

#[test]
fn a_session_that_ended_while_it_rested_is_replaced_and_nobody_notices() {
    let world = World::new();
    let source = world.source();
    ask(&source, &["4711"]).unwrap();
    world.town.host().cuts = 1;
    assert_eq!(ask(&source, &["4711"]).unwrap(), [["4711", "12"]]);
    assert_eq!(world.town.host().opened, 2);
}

#[test]
fn a_reader_that_goes_away_leaves_a_session_that_is_at_home_or_closed() {
    let world = World::new();
    let source = world.source();
    ask(&source, &["4711"]).unwrap();
    world.town.host().slow = Duration::from_millis(60);
    let (asked, call) = (probe(&["4712"]), Call::default());
    {
        let mut reading = pin!(source.lookup().unwrap().fetch(&asked, &call));
        assert!(reading.as_mut().poll(&mut Cx::from_waker(Waker::noop())).is_pending());
        until("the inquiry is sent", || world.town.host().presses.iter().filter(|k| *k == "Enter").count() == 3);
    }
    until("nobody works", || source.inside().facts.iter().any(|(_, v)| v.starts_with("0 at work")));
    world.town.host().slow = Duration::ZERO;
    assert_eq!(ask(&source, &["4713"]).unwrap(), [["4713", "0"]]);
    assert!(world.town.host().open <= 2);
}

#[test]
fn a_session_that_rested_long_enough_signs_off() {
    let mut world = World::new();
    world.map = world.map.replace("pool: { max: 2, rest: menu }", "pool: { max: 2, rest: menu, idle: 1s }");
    let source = world.source();
    ask(&source, &["4711"]).unwrap();
    assert_eq!(world.town.host().open, 1);
    until("it is closed", || world.town.host().open == 0);
    let last: Vec<String> = world.town.host().presses.iter().rev().take(2).cloned().collect();
    assert_eq!(last, ["PF3", "PF3"], "from the menu to the sign-on screen, and out");
    let off = world.sent().into_iter().find(|w| w.starts_with("(sign off)")).unwrap();
    assert!(off.contains("PF3"), "{off}");
}

#[test]
fn logical_units_are_handed_out_one_a_session() {
    let mut world = World::new();
    world.map = world.map.replace("max: 2, rest: menu", "max: 2, lu: [LU01, LU02], rest: menu");
    world.town.host().slow = Duration::from_millis(3);
    let source = world.source();
    std::thread::scope(|s| {
        for _ in 0..6 {
            s.spawn(|| ask(&source, &["4711"]).unwrap());
        }
    });
    let host = world.town.host();
    let mut lus: Vec<_> = host.lus.iter().flatten().cloned().collect();
    lus.sort();
    assert_eq!((lus, host.most_open), (vec!["LU01".to_owned(), "LU02".to_owned()], 2));
}

#[test]
fn a_session_that_rests_is_kept_alive_and_still_closed_when_nobody_needs_it() {
    let mut world = World::new();
    let kept = "pool: { max: 2, rest: menu, idle: 3s, keep_alive: { key: PF12, every: 1s } }";
    world.map = world.map.replace("pool: { max: 2, rest: menu }", kept);
    let source = world.source();
    ask(&source, &["4711"]).unwrap();
    let alive = || world.town.host().presses.iter().filter(|p| *p == "PF12").count();
    assert_eq!(alive(), 0, "not while it works, nor right after");
    until("it is pressed again and again", || alive() == 2);
    let sent = world.sent();
    let lines: Vec<_> = sent.iter().filter(|w| w.contains("PF12")).collect();
    assert!(lines.len() == 2 && lines.iter().all(|l| l.starts_with("(keep alive): [menu ")), "{sent:?}");
    until("what keeps it alive is no work: it goes when it rested for long", || world.town.host().open == 0);
    let host = world.town.host();
    assert_eq!((host.opened, host.logins), (1, 1));
}

#[test]
fn a_session_that_is_lost_at_rest_is_given_up_and_the_next_run_opens_another() {
    let mut world = World::new();
    let kept = "pool: { max: 2, rest: menu, keep_alive: { key: PF12, every: 1s } }";
    world.map = world.map.replace("pool: { max: 2, rest: menu }", kept);
    let source = world.source();
    ask(&source, &["4711"]).unwrap();
    let alive = || world.town.host().presses.iter().filter(|p| *p == "PF12").count();
    // It rests once it is kept alive: an earlier cut would fall on its way back.
    until("it rests", || alive() == 1);
    world.town.host().cuts = 1;
    until("it is given up", || world.town.host().open == 0);
    assert_eq!(alive(), 2, "no second try");
    assert_eq!(world.town.host().opened, 1, "nobody needs another now");
    ask(&source, &["4711"]).unwrap();
    assert_eq!((world.town.host().opened, source.inside().halted), (2, None));
}
