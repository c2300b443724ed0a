//! Everything that may go wrong with a host, through the engine and `s3270`: each a typed fault, and the host's own log
//! shows that it never got a key it should not.

use crate::stock::{Driver, clean, count, driver, host};
use banyan_adapter::Probed;
use banyan_screens::map::End;
use banyan_screens::refusals;
use banyan_screens::transport::{Session, Text};
use banyan_testkit_tn3270::{DropAt, Layout, Options, Paging, Server};
use std::time::Duration;

const BOOKING: [(&str, &str); 4] = [("item", "A1010"), ("qty", "3"), ("reference", "R1"), ("note", "")];

/// Waits a second where the map says five: what never comes need not be waited for so long.
const BRISK: (&str, &str) = ("within: 5s", "within: 1s");

fn brisk(server: &Server) -> (Driver, Box<dyn Session>) {
    let driver = driver(server, &[BRISK]);
    let mut session = driver.open();
    driver.home(&mut *session).unwrap();
    (driver, session)
}

#[test]
fn a_wrong_password_is_tried_once() {
    let server = host();
    let mut driver = driver(&server, &[BRISK]);
    driver.login.password = Text { plain: "WRONG".into(), secret: true };
    let mut session = driver.open();
    let fault = driver.home(&mut *session).unwrap_err();
    assert_eq!(fault.code, refusals::LOGIN_REFUSED, "{fault:?}");
    assert!(!fault.message.contains("WRONG"));
    assert_eq!(server.seen().wrong_logins["STOCKUSR"], 1);
    assert_eq!(count(&server, "SVM0201P", "Enter"), 1);
    clean(&server);
}

#[test]
fn a_changed_screen_gets_no_key_at_all() {
    for layout in [Layout::ColumnMoved, Layout::LabelChanged, Layout::PopUp] {
        let server = host();
        let (driver, mut session) = brisk(&server);
        server.set(|o| o.layout = layout);
        let fault = driver.run(&mut *session, "book_stock", &BOOKING).unwrap_err();
        assert_eq!(fault.code, refusals::UNKNOWN_SCREEN, "{layout:?} {fault:?}");
        let keys = server.seen().keys;
        assert!(keys.iter().all(|k| k.screen != "SVM0510P"), "{layout:?} {keys:?}");
        // The session does not get home from there, and no key is tried.
        assert!(driver.home(&mut *session).is_err());
        assert!(server.seen().keys.iter().all(|k| k.screen != "SVM0510P"), "{layout:?}");

        let mut reading = driver.open();
        let fault = driver.run(&mut *reading, "read_item", &[("item", "A1003")]).unwrap_err();
        assert_eq!(fault.code, refusals::UNKNOWN_SCREEN, "{layout:?} {fault:?}");
        clean(&server);
    }
}

#[test]
fn pages_that_repeat_or_never_end_are_faults() {
    for (paging, codes) in [
        (Paging::Repeated, [refusals::PAGE_REPEATED, refusals::PAGE_REPEATED]),
        (Paging::NoEnd, [refusals::PAGE_REPEATED, refusals::TABLE_WITHOUT_END]),
    ] {
        let server = host();
        let (driver, mut session) = brisk(&server);
        server.set(|o| o.paging = paging);
        let fault = driver.run(&mut *session, "read_stock", &[]).unwrap_err();
        assert!(codes.contains(&fault.code.as_str()), "{paging:?} {fault:?}");
        assert!(count(&server, "SVM0410P", "PF8") <= 3, "{paging:?}");
        driver.home(&mut *session).unwrap();
        clean(&server);
    }
}

/// A booking that ends in doubt, verified in a new session once the host is well again.
fn doubt(mood: fn(&mut Options), happened: bool) {
    let server = host();
    let (driver, mut session) = brisk(&server);
    server.set(mood);
    let ran = driver.run(&mut *session, "book_stock", &BOOKING).unwrap();
    assert!(matches!(ran.end, End::Unknown { .. }), "{:?}", ran.end);
    drop(session);
    server.set(|o| (o.drop, o.error_after_commit, o.mute) = (None, false, false));
    let mut session = driver.open();
    let probed = driver.verify(&mut *session, "book_stock", &BOOKING).unwrap();
    assert_eq!(probed, if happened { Probed::Happened } else { Probed::NotHappened });
    assert_eq!((server.stock().bookings.len(), count(&server, "SVM0520P", "PF5")), (usize::from(happened), 1));
    clean(&server);
}

#[test]
fn lost_before_the_commit_nothing_was_sent() {
    let server = host();
    let (driver, mut session) = brisk(&server);
    server.set(|o| o.drop = Some(DropAt::BeforeCommit));
    let fault = driver.run(&mut *session, "book_stock", &BOOKING).unwrap_err();
    assert_eq!(fault.code, refusals::DISCONNECTED);
    assert_eq!((server.stock().bookings.len(), count(&server, "SVM0520P", "PF5")), (0, 0));
    clean(&server);
}

#[test]
fn lost_at_the_commit_is_in_doubt_and_not_repeated() {
    doubt(|o| o.drop = Some(DropAt::AtCommit), false);
}

#[test]
fn lost_after_the_commit_is_in_doubt_and_not_repeated() {
    doubt(|o| o.drop = Some(DropAt::AfterCommit), true);
}

#[test]
fn an_error_nobody_knows_after_the_commit() {
    doubt(|o| o.error_after_commit = true, true);
}

#[test]
fn values_that_do_not_fit_are_refused_before_any_of_them_is_sent() {
    let text = [BRISK, ("qty: integer", "qty: text"), ("len: 5, numeric: true", "len: 5")];
    for (name, value, code) in [
        ("note", "10 €", refusals::NOT_ENCODABLE),
        ("note", "日本", refusals::NOT_ENCODABLE),
        ("note", "a\u{9}b", refusals::NOT_TYPEABLE),
        ("note", "a\u{1b}[A", refusals::NOT_TYPEABLE),
        ("qty", "12a", refusals::NOT_NUMERIC),
        ("item", "A10101010", refusals::TOO_LONG),
        ("note", "123456789012345678901", refusals::TOO_LONG),
    ] {
        let server = host();
        let driver = driver(&server, &text);
        let mut session = driver.open();
        driver.home(&mut *session).unwrap();
        let given = BOOKING.map(|(n, v)| if n == name { (n, value) } else { (n, v) });
        let fault = driver.run(&mut *session, "book_stock", &given).unwrap_err();
        assert_eq!(fault.code, code, "{name} {value:?} {fault:?}");
        assert_eq!(count(&server, "SVM0510P", "Enter"), 0, "{name} {value:?}");
        // The next transaction finds nothing of it.
        driver.home(&mut *session).unwrap();
        assert_eq!(driver.run(&mut *session, "book_stock", &BOOKING).unwrap().end, End::Done);
        assert_eq!(server.stock().bookings[0].note, "");
        clean(&server);
    }
}

#[test]
fn a_keyboard_that_stays_locked() {
    let server = host();
    let (driver, mut session) = brisk(&server);
    server.set(|o| o.locked = true);
    let fault = driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap_err();
    assert_eq!(fault.code, refusals::LOCKED, "{fault:?}");
    let keys = server.seen().keys.len();
    assert!(driver.home(&mut *session).is_err());
    // That nothing comes can only be waited for.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.seen().keys.len(), keys, "no key was sent to it");
    clean(&server);
}

#[test]
fn a_host_that_says_nothing() {
    let server = host();
    let (driver, mut session) = brisk(&server);
    server.set(|o| o.mute = true);
    let fault = driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap_err();
    assert!([refusals::NO_ANSWER, refusals::LOCKED].contains(&fault.code.as_str()), "{fault:?}");
    assert_eq!(count(&server, "SVM0300P", "Enter"), 1);
    clean(&server);
}

#[test]
fn a_session_that_expired() {
    let server = host();
    let (driver, mut session) = brisk(&server);
    server.set(|o| o.expired = true);
    let fault = driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap_err();
    assert_eq!(fault.code, refusals::SESSION_EXPIRED, "{fault:?}");
    clean(&server);
}
