//! The whole map through the engine and `s3270`, where the host behaves or is merely tiresome.

use crate::stock::{clean, count, driver, host, until};
use banyan_screens::map::End;
use banyan_testkit_tn3270::{Server, Stock};
use std::time::Duration;

const BOOKING: [(&str, &str); 4] = [("item", "A1010"), ("qty", "3"), ("reference", "R1"), ("note", "£ ¬ äöü \\ \"x\"")];

#[test]
fn login_list_item_and_booking() {
    let server = host();
    let driver = driver(&server, &[]);
    let mut session = driver.open();
    driver.home(&mut *session).unwrap();

    let list = driver.run(&mut *session, "read_stock", &[]).unwrap();
    assert_eq!((list.end, list.records.len()), (End::Done, 40));
    let second: Vec<_> = list.records[1].values.iter().map(|v| v.as_deref().unwrap()).collect();
    assert_eq!(second, ["A1002", "Küchenmesser 20 cm, 3 Stück", "37", "4.07", "O-01-2"]);
    assert_eq!((list.records[39].place.page, list.records[39].place.at.unwrap().row), (3, 12));

    let item = driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap();
    let values: Vec<_> = item.records[0].values.iter().map(|v| v.as_deref().unwrap()).collect();
    assert_eq!(values, ["A1003", "Crème brûlée dish, £ 4", "74", "7.14", "S-02-3"]);
    assert_eq!(driver.run(&mut *session, "read_item", &[("item", "NONE")]).unwrap().end, End::Absent);

    assert_eq!(driver.run(&mut *session, "book_stock", &BOOKING).unwrap().end, End::Done);
    let booking = &server.stock().bookings[0];
    assert_eq!((booking.item.as_str(), booking.quantity, booking.note.as_str()), ("A1010", 3, BOOKING[3].1));
    let found = driver.run(&mut *session, "find_booking", &[("reference", "R1")]).unwrap();
    assert_eq!(found.records[0].values[3].as_deref(), Some(BOOKING[3].1));
    driver.home(&mut *session).unwrap();
    clean(&server);
    assert_eq!((count(&server, "SVM0520P", "PF5"), count(&server, "SVM0201P", "Enter")), (1, 1));
}

#[test]
fn what_the_host_refuses_is_told_by_its_code() {
    let server = host();
    let driver = driver(&server, &[]);
    let mut session = driver.open();
    for (name, value, code) in [
        ("item", "NONE", "item-not-found"),
        ("qty", "0", "bad-quantity"),
        ("qty", "99999", "not-enough"),
        ("reference", "", "reference-missing"),
    ] {
        let given = BOOKING.map(|(n, v)| if n == name { (n, value) } else { (n, v) });
        let ran = driver.run(&mut *session, "book_stock", &given).unwrap();
        assert!(matches!(&ran.end, End::Rejected { code: c, .. } if c == code), "{name} {:?}", ran.end);
    }
    assert_eq!(server.stock().bookings, []);
    assert_eq!(count(&server, "SVM0520P", "PF5"), 0);
    clean(&server);
}

/// Reads, and books once.
fn all_flows(server: &Server) {
    let driver = driver(server, &[]);
    let mut session = driver.open();
    driver.home(&mut *session).unwrap();
    assert_eq!(driver.run(&mut *session, "read_stock", &[]).unwrap().records.len(), 40);
    assert_eq!(driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap().end, End::Done);
    assert_eq!(driver.run(&mut *session, "book_stock", &BOOKING).unwrap().end, End::Done);
    driver.home(&mut *session).unwrap();
    assert_eq!(server.stock().bookings.len(), 1);
    assert_eq!(count(server, "SVM0520P", "PF5"), 1);
    clean(server);
}

#[test]
fn a_slow_host() {
    let server = host();
    server.set(|o| o.delay = Duration::from_millis(150));
    all_flows(&server);
}

#[test]
fn screens_in_two_records_that_both_unlock() {
    let server = host();
    server.set(|o| o.partial = Some(Duration::from_millis(60)));
    all_flows(&server);
}

#[test]
fn messages_of_the_operator_in_between() {
    let server = host();
    let driver = driver(&server, &[]);
    let mut session = driver.open();
    driver.home(&mut *session).unwrap();
    for flow in 0..3 {
        server.set(|o| o.broadcasts = 1);
        let ran = driver.run(&mut *session, "read_item", &[("item", "A1003")]).unwrap();
        assert_eq!(ran.end, End::Done, "{flow}");
    }
    server.set(|o| o.broadcasts = 2);
    assert_eq!(driver.run(&mut *session, "book_stock", &BOOKING).unwrap().end, End::Done);
    // Out of turn, while the session rests.
    let resting = session.look().unwrap().revision;
    server.shout();
    until("the message comes", || session.look().unwrap().revision > resting);
    assert_eq!(driver.run(&mut *session, "read_stock", &[]).unwrap().records.len(), 40);
    assert_eq!(count(&server, "broadcast", "Clear"), 6);
    clean(&server);
}

#[test]
fn eight_sessions_at_once() {
    let server = Server::start(Stock::made_up(200)).unwrap();
    let driver = driver(&server, &[]);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let driver = &driver;
            scope.spawn(move || {
                let mut session = driver.open();
                let (item, reference) = (format!("A{}", 1110 + number), format!("REF{number}"));
                let given =
                    [("item", item.as_str()), ("qty", "1"), ("reference", reference.as_str()), ("note", "eight")];
                assert_eq!(driver.run(&mut *session, "book_stock", &given).unwrap().end, End::Done);
                let list = driver.run(&mut *session, "read_stock", &[]).unwrap();
                assert_eq!(list.records.len(), 200);
                let found = driver.run(&mut *session, "find_booking", &[("reference", &reference)]).unwrap();
                assert_eq!(found.records[0].values[0].as_deref(), Some(item.as_str()));
            });
        }
    });
    assert_eq!((server.stock().bookings.len(), count(&server, "SVM0520P", "PF5")), (8, 8));
    clean(&server);
}
