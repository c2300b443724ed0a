//! A login that is refused, a screen that drifted: nothing more is typed until a person acts.

use crate::World;
use crate::town::Refuses;
use banyan_adapter::{Connected, Health, Purpose};
use banyan_screens::refusals;
use banyan_screens::source::Source;
use banyan_testkit::Gateway;

#[test]
fn a_wrong_password_is_tried_once_whoever_asks_until_a_person_acts() {
    let mut world = World::new();
    world.password = "wrong";
    let source = world.source();
    let flow = world.spec().map.flow("read_stock").unwrap();
    let codes: Vec<String> = std::thread::scope(|s| {
        let ask = || source.by_hand(flow, &[], &Default::default()).end.unwrap_err().code;
        let all: Vec<_> = (0..6).map(|_| s.spawn(ask)).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|c| c == refusals::LOGIN_REFUSED), "{codes:?}");
    let mut feed = source.feed("stock").unwrap();
    let fault = Gateway::new(world.store.clone(), "stock").drain(&mut *feed).unwrap_err();
    assert_eq!(fault.code, refusals::LOGIN_REFUSED);
    assert_eq!(world.town.host().logins, 1);
    assert!(world.sent().iter().all(|w| !w.contains("wrong")), "{:?}", world.sent());
    let halted = source.inside().halted.unwrap();
    assert!(source.accept(Some("another")).is_err());
    assert!(source.accept(Some(&halted.id)).unwrap().is_some());
    world.town.host().password = "wrong".into();
    assert!(source.by_hand(flow, &[], &Default::default()).end.is_ok());
    assert_eq!(world.town.host().logins, 2);
}

fn asked(source: &Source) -> Health {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(source.health())
}

#[test]
fn where_sessions_rest_outside_each_flow_logs_in_and_a_wrong_password_is_tried_once() {
    let mut world = World::new();
    world.password = "wrong";
    world.map = world.map.replace("pool: { max: 2, rest: menu }", "pool: { max: 6, rest: signon }");
    let source = world.source();
    let flow = world.spec().map.flow("read_stock").unwrap();
    std::thread::scope(|s| {
        let ask = || source.by_hand(flow, &[], &Default::default()).end.unwrap_err().code;
        let all: Vec<_> = (0..6).map(|_| s.spawn(ask)).collect();
        all.into_iter().for_each(|t| assert_eq!(t.join().unwrap(), refusals::LOGIN_REFUSED));
    });
    assert_eq!(world.town.host().logins, 1);
}

#[test]
fn a_line_that_logs_in_itself_is_refused_once_and_another_password_is_tried() {
    let mut world = World::new();
    world.town.opens_as = vec!["ann".into(), "wrong".into()];
    world.town.host().opening_refused = true;
    let flow = world.spec().map.flow("read_stock").unwrap();
    let source = world.source();
    std::thread::scope(|s| {
        let ask = || source.by_hand(flow, &[], &Default::default()).end.unwrap_err().code;
        let all: Vec<_> = (0..6).map(|_| s.spawn(ask)).collect();
        all.into_iter().for_each(|t| assert_eq!(t.join().unwrap(), refusals::LOGIN_REFUSED));
    });
    assert!(!asked(&source).ok);
    assert!(world.source().by_hand(flow, &[], &Default::default()).end.is_err(), "in another process too");
    assert_eq!(world.town.host().opened, 1);
    world.town.opens_as = vec!["ann".into(), "right".into()];
    world.town.host().opening_refused = false;
    assert!(world.source().by_hand(flow, &[], &Default::default()).end.is_ok(), "a corrected one waits for nobody");
}

#[test]
fn while_something_waits_for_a_person_resting_sessions_get_no_key() {
    let mut world = World::new();
    world.map = world.map.replace(
        "pool: { max: 2, rest: menu }",
        "pool: { max: 2, rest: menu, idle: 3s, keep_alive: { key: PF12, every: 1s } }",
    );
    let source = world.source();
    let flow = |name: &str| world.spec().map.flow(name).unwrap();
    let item = [("item".to_owned(), "4711".to_owned())];
    // Two sessions; one of them meets a screen that changed, the other rests.
    std::thread::scope(|s| {
        world.town.host().slow = std::time::Duration::from_millis(100);
        let ask = || source.by_hand(flow("read_item"), &item, &Default::default()).end.unwrap();
        let all: Vec<_> = (0..2).map(|_| s.spawn(ask)).collect();
        all.into_iter().for_each(|t| drop(t.join().unwrap()));
    });
    assert!(asked(&source).ok, "and from now on somebody looks after them");
    assert_eq!(world.town.host().open, 2);
    world.town.host().title = "STOCK OVERVIEW";
    assert!(source.by_hand(flow("read_stock"), &[], &Default::default()).end.is_err());
    assert!(source.inside().halted.is_some());
    let pressed = world.town.host().presses.len();
    crate::until("the resting session is closed", || world.town.host().open == 0);
    assert_eq!(world.town.host().presses[pressed..], [""; 0], "not even to sign off");
}

#[test]
fn a_login_that_nobody_answers_counts_as_refused_and_is_sent_once() {
    for refuses in [Refuses::HangingUp, Refuses::Silently] {
        let mut world = World::new();
        world.password = "wrong";
        world.town.host().refuses = refuses;
        let source = world.source();
        let flow = world.spec().map.flow("read_stock").unwrap();
        for _ in 0..3 {
            let fault = source.by_hand(flow, &[], &Default::default()).end.unwrap_err();
            assert_eq!(fault.code, refusals::LOGIN_REFUSED, "{fault}");
        }
        let mut feed = source.feed("stock").unwrap();
        assert!(Gateway::new(world.store.clone(), "stock").drain(&mut *feed).is_err());
        assert_eq!(world.town.host().logins, 1);
    }
}

#[test]
fn a_refused_login_outlasts_the_program_and_another_password_is_tried() {
    let mut world = World::new();
    world.password = "wrong";
    let flow = world.spec().map.flow("read_stock").unwrap();
    for _ in 0..3 {
        let fault = world.source().by_hand(flow, &[], &Default::default()).end.unwrap_err();
        assert_eq!(fault.code, refusals::LOGIN_REFUSED);
    }
    assert_eq!(world.town.host().logins, 1, "each was a program of its own");
    let kept = std::fs::read_to_string(world.folder.path().join("own/login.json")).unwrap();
    assert!(!kept.contains("wrong\"") && kept.contains("mark"), "{kept}");
    let mode =
        |file: &std::path::Path| std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    let own = world.folder.path().join("own");
    let traces = std::fs::read_dir(own.join("traces/faults")).unwrap().map(|f| f.unwrap().path());
    for file in traces.chain([own.join("login.json")]) {
        assert_eq!(mode(&file) & 0o777, 0o600, "{} shows what stands on screens", file.display());
    }
    // Another process lets it go on.
    assert!(world.source().accept(None).unwrap().is_some());
    assert!(world.source().by_hand(flow, &[], &Default::default()).end.is_err());
    assert_eq!(world.town.host().logins, 2);
    world.password = "secret";
    assert!(world.source().by_hand(flow, &[], &Default::default()).end.is_ok(), "a corrected one waits for nobody");
}

#[test]
fn a_screen_that_drifted_stops_the_map_for_all_and_after_a_restart_until_a_person_accepts() {
    let world = World::new();
    world.town.host().title = "STOCK OVERVIEW";
    let source = world.source();
    let flow = |name: &str| world.spec().map.flow(name).unwrap();
    let ran = source.by_hand(flow("read_stock"), &[], &Default::default());
    assert_eq!(ran.end.unwrap_err().code, refusals::UNKNOWN_SCREEN);
    assert!(ran.trace.is_some_and(|t| t.exists()), "what was seen is kept");
    let pressed = world.town.host().presses.len();
    let item = [("item".to_owned(), "4711".to_owned())];
    let fault = source.by_hand(flow("read_item"), &item, &Default::default()).end.unwrap_err();
    assert_eq!(fault.code, refusals::BREAKER_OPEN);
    drop(source);
    let source = world.source();
    let mut feed = source.feed("stock").unwrap();
    let fault = Gateway::new(world.store.clone(), "stock").drain(&mut *feed).unwrap_err();
    assert_eq!(fault.code, refusals::BREAKER_OPEN);
    assert_eq!(world.town.host().presses.len(), pressed, "nothing was typed since");
    let halted = source.inside().halted.unwrap();
    assert!(halted.pictures[0].1.contains("STOCK OVERVIEW"), "{halted:?}");
    let drawing = halted.drawing.as_deref().unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.contains("STOCK OVERVIEW"), "{drawing}");
    assert!(drawing.contains("stroke=\"#ffb000\""), "what differs is marked");
    assert!(halted.proposal.as_ref().is_some_and(|p| p.contains("town/v2")), "{:?}", halted.proposal);
    // Another process has the same folder: what is accepted there counts here.
    assert!(world.source().accept(None).unwrap().is_some());
    world.town.host().title = "STOCK LIST";
    assert!(source.by_hand(flow("read_stock"), &[], &Default::default()).end.is_ok());
    assert_eq!(source.inside().halted, None);
}

#[test]
fn a_new_version_of_the_map_is_not_held_back() {
    let mut world = World::new();
    world.town.host().title = "STOCK OVERVIEW";
    let flow = world.spec().map.flow("read_stock").unwrap();
    assert!(world.source().by_hand(flow, &[], &Default::default()).end.is_err());
    world.map = world.map.replace("is: STOCK LIST", "is: STOCK OVERVIEW").replace("town/v1", "town/v2");
    let ran = world.source().by_hand(flow, &[], &Default::default());
    assert_eq!((ran.end.is_ok(), ran.records.len()), (true, 3));
}

#[test]
fn every_key_is_in_the_audit_with_its_screen_and_no_value() {
    let world = World::new();
    let source = world.source();
    let flow = world.spec().map.flow("read_item").unwrap();
    let item = [("item".to_owned(), "4711".to_owned())];
    source.by_hand(flow, &item, &Default::default()).end.unwrap();
    let sent = world.sent();
    let keys: usize = sent.iter().map(|w| w.matches("Enter").count() + w.matches("PF3").count()).sum();
    assert_eq!(keys, world.town.host().presses.len(), "{sent:?}");
    assert!(sent.iter().any(|w| w.starts_with("(log in): [signon ") && w.contains("(secret)")), "{sent:?}");
    assert!(sent.iter().any(|w| w.starts_with("read_item: [menu ") && w.contains("\"INQ $item\"")), "{sent:?}");
    let book = world.book.0.lock().unwrap();
    assert!(book.iter().all(|s| s.purpose == Purpose::Live && s.fault.is_none()), "{book:?}");
}

#[test]
fn a_commit_is_in_the_audit_before_it_is_sent() {
    let world = World::new();
    let source = world.source();
    let flow = world.spec().map.flow("book_stock").unwrap();
    let book = world.book.clone();
    *world.town.before_commit.lock().unwrap() = Some(Box::new(move || {
        let book = book.0.lock().unwrap();
        let last = &book.last().expect("somebody logged in").what;
        assert!(last.starts_with("book_stock: ") && last.ends_with("PF5 (commit)"), "{last}");
    }));
    let given = [("item", "4711"), ("qty", "5")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    source.by_hand(flow, &given, &Default::default()).end.unwrap();
    let sent = world.sent();
    assert_eq!(sent.iter().filter(|w| w.contains("(commit)")).count(), 1, "{sent:?}");
    assert!(sent.iter().any(|w| w == "book_stock: (ended)"), "{sent:?}");
}

#[test]
fn traces_are_kept_as_many_as_asked_for_and_faults_are_not_pushed_out() {
    let world = World::new();
    let source = world.source();
    let flow = |name: &str| world.spec().map.flow(name).unwrap();
    world.town.host().shows = None;
    let unknown = [("item".to_owned(), "x".repeat(40))];
    let failed = source.by_hand(flow("read_item"), &unknown, &Default::default());
    assert_eq!(failed.end.unwrap_err().code, refusals::TOO_LONG);
    let kept = failed.trace.unwrap();
    for _ in 0..6 {
        source.by_hand(flow("read_stock"), &[], &Default::default()).end.unwrap();
    }
    let runs = world.folder.path().join("own/traces/runs");
    assert_eq!(std::fs::read_dir(runs).unwrap().count(), 3);
    assert!(kept.exists(), "{}", kept.display());
}
