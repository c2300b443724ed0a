//! Rules 5 and 8: the way home, the login, keeping a session alive.

use super::far::{Far, fails, login, run, stock, with};
use banyan_adapter::{Call, Class, Fault};
use banyan_screens::engine::{self, Login};
use banyan_screens::map::{End, Key, Map};
use banyan_screens::refusals;
use banyan_screens::transport::Act;

const MENU: (&str, &str) = ("idle: 10m }", "idle: 10m, rest: menu, keep_alive: { key: Enter, every: 1m } }");

fn home(far: &mut Far, map: &Map, login: &Login) -> Result<(), Fault> {
    with(map, login, &Call::default(), |means| engine::go_home(far, means)).0
}

#[test]
fn every_screen_leads_home() {
    let map = stock(&[MENU]);
    for screen in ["home", "menu", "list", "detail", "booking", "booked"] {
        let mut far = Far::new();
        far.go(screen);
        home(&mut far, &map, &login()).unwrap();
        assert_eq!(far.on, "menu");
    }
}

#[test]
fn rule_5_no_exit_no_way_and_no_key() {
    let map = stock(&[
        MENU,
        (
            "match: { contains: \"BOOKING ACCEPTED\" }\n    exit: { key: PF3, expect: [menu, list] }",
            "match: { contains: \"BOOKING ACCEPTED\" }\n    exit: none",
        ),
    ]);
    let mut far = Far::inside();
    far.go("booked");
    assert_eq!(home(&mut far, &map, &login()).unwrap_err().code, refusals::NO_WAY_HOME);
    assert_eq!(far.acts(), Vec::<&str>::new());

    // An exit that leads in a circle is left after one round.
    let mut circle = Far::inside().with_mood(|far, act| {
        if *act == Act::Press(Key::Pf(3)) {
            let next = if far.on == "booked" { "list" } else { "booked" };
            far.go(next);
            return Ok(true);
        }
        Ok(false)
    });
    circle.go("booked");
    let map = stock(&[
        MENU,
        (
            "key: [item] }\n    exit: { key: PF3, expect: menu }",
            "key: [item] }\n    exit: { key: PF3, expect: booked }",
        ),
    ]);
    assert_eq!(home(&mut circle, &map, &login()).unwrap_err().code, refusals::NO_WAY_HOME);
    assert_eq!(circle.acts(), ["PF3", "PF3"]);
}

#[test]
fn an_unknown_screen_is_told_as_such_and_gets_no_key() {
    let map = stock(&[MENU]);
    let mut far = Far::inside();
    far.go("WHAT IS THIS");
    assert_eq!(home(&mut far, &map, &login()).unwrap_err().code, refusals::UNKNOWN_SCREEN);
    assert_eq!(far.acts(), Vec::<&str>::new());
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mut wrong = login();
    wrong.password.plain = "wrong".into();
    // With the error rule, and where the map knows none: the login screen that comes again says no as well.
    let silent = ("like: \"Please enter a valid*\"", "like: \"Something else*\"");
    for map in [stock(&[MENU]), stock(&[MENU, silent])] {
        let mut far = Far::new();
        let fault = home(&mut far, &map, &wrong).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.class), (refusals::LOGIN_REFUSED, Class::Permanent));
        assert_eq!(far.count("Enter"), 1);
    }
}

#[test]
fn a_login_asked_for_midway_is_an_expired_session() {
    let map = stock(&[MENU]);
    let mut far = Far::inside().with_mood(|far, act| {
        let enter = *act == Act::Press(Key::Enter);
        if enter {
            far.go("home");
        }
        Ok(enter)
    });
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::SESSION_EXPIRED);
    assert_eq!(far.acts(), ["type \"STK\"", "Enter"]);
}

#[test]
fn a_session_that_rests_outside_logs_in_for_each_flow() {
    let map = stock(&[]);
    let mut far = Far::new();
    assert_eq!(run(&mut far, &map, "read_stock", &[]).unwrap().end, End::Done);
    home(&mut far, &map, &login()).unwrap();
    assert_eq!(far.on, "home");
    assert_eq!(run(&mut far, &map, "read_stock", &[]).unwrap().end, End::Done);
    assert_eq!(far.count("type \"STK\""), 2);
}

#[test]
fn transient_screens_are_left_anywhere_but_not_for_ever() {
    let map = stock(&[MENU]);
    let mut far = Far::inside().with_mood(|far, act| {
        if *act == Act::Press(Key::Pf(8)) && far.page == 0 {
            far.key(Key::Pf(8));
            far.broadcast();
            return Ok(true);
        }
        Ok(false)
    });
    far.broadcast();
    assert_eq!(run(&mut far, &map, "read_stock", &[]).unwrap().records.len(), 5);
    assert_eq!(far.count("Clear"), 2);
    assert!(far.keys.iter().all(|(on, key)| (on == "broadcast") == (key == "Clear")), "{:?}", far.keys);

    let mut storm = Far::inside().with_mood(|far, act| {
        let clear = *act == Act::Press(Key::Clear);
        far.revision += u64::from(clear);
        Ok(clear)
    });
    storm.broadcast();
    assert_eq!(fails(&mut storm, &map, "read_stock", &[]), refusals::UNEXPECTED_SCREEN);
    assert_eq!(storm.count("Clear"), 8);
}

#[test]
fn rule_8_kept_alive_where_it_rests_and_nowhere_else() {
    let map = stock(&[MENU]);
    let keep = |far: &mut Far| with(&map, &login(), &Call::default(), |m| engine::keep_alive(far, m)).0;
    let mut far = Far::inside().with_mood(|far, _| {
        far.revision += 1;
        Ok(true)
    });
    keep(&mut far).unwrap();
    assert_eq!(far.acts(), ["Enter"]);

    let mut elsewhere = Far::inside();
    elsewhere.go("booking");
    assert_eq!(keep(&mut elsewhere).unwrap_err().code, refusals::NO_WAY_HOME);
    assert_eq!(elsewhere.acts(), Vec::<&str>::new());
}

#[test]
fn who_is_gone_gets_no_keys_sent() {
    let map = stock(&[]);
    let call = Call::default();
    call.stop.stop();
    let mut far = Far::inside();
    let flow = map.flow("read_stock").unwrap();
    let (ran, _) = with(&map, &login(), &call, |m| engine::run(&mut far, m, flow, &[]));
    assert_eq!(ran.unwrap_err().code, refusals::GIVEN_UP);
    assert_eq!(far.acts(), Vec::<&str>::new());
}
