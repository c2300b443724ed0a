//! Flows through the engine, on Django's admin.

use crate::site::{PASSWORD, Site, USER, map, open};
use banyan_adapter::{Call, Fault, Probed};
use banyan_screens::engine::{self, Login, Means, NoLog, Ran};
use banyan_screens::map::{Checked, End};
use banyan_screens::refusals as codes;
use banyan_screens::transport::{Session, Text};
use jiff::Timestamp;
use std::time::{Duration, Instant};

const DJANGO: &str = include_str!("../maps/django.yaml");

/// A clerk with a browser.
struct Clerk {
    checked: Checked,
    session: Box<dyn Session>,
    login: Login,
    call: Call,
}

impl Clerk {
    fn at(site: &Site) -> Clerk {
        Clerk::with(site, DJANGO, PASSWORD)
    }

    fn with(site: &Site, text: &str, password: &str) -> Clerk {
        let checked = map(text, &site.url("/admin/"));
        let secret = |plain: &str, secret| Text { plain: plain.to_owned(), secret };
        let login = Login { user: secret(USER, false), password: secret(password, true) };
        Clerk { session: open(&checked), checked, login, call: Call::default() }
    }

    fn with_means<T>(&mut self, doing: impl FnOnce(&mut dyn Session, &mut Means<'_>, &Checked) -> T) -> T {
        let mut log = NoLog;
        let (map, login, call) = (&self.checked.map, &self.login, &self.call);
        let mut means = Means {
            map,
            login,
            door: &banyan_screens::engine::OpenDoor,
            clock: &|| Timestamp::UNIX_EPOCH,
            call,
            log: &mut log,
        };
        doing(&mut *self.session, &mut means, &self.checked)
    }

    fn run(&mut self, flow: &str, given: &[(&str, &str)]) -> Result<Ran, Fault> {
        let given: Vec<(String, String)> = given.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.with_means(|session, means, checked| engine::run(session, means, checked.map.flow(flow).unwrap(), &given))
    }

    fn verify(&mut self, given: &[(&str, &str)]) -> Result<Probed, Fault> {
        let given: Vec<(String, String)> = given.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.with_means(|session, means, checked| {
            engine::verify(session, means, checked.map.flow("add_item").unwrap(), &given)
        })
    }

    fn add(&mut self, code: &str, quantity: &str) -> Result<Ran, Fault> {
        self.run("add_item", &item(code, quantity))
    }
}

fn item<'a>(code: &'a str, quantity: &'a str) -> [(&'a str, &'a str); 4] {
    [("code", code), ("title", "Tea <green>"), ("quantity", quantity), ("unit", "Kilograms")]
}

fn cell(text: &str) -> Option<String> {
    Some(text.to_owned())
}

const POST: &str = "POST /admin/stock/stockitem/add/";

/// One browser does it all: reads and writes, errors of all kinds, and at the end an expired login.
#[test]
fn a_clerk_works_through_a_day() {
    let site = Site::start();
    let mut clerk = Clerk::at(&site);

    // All pages of a list, each once, in order.
    let ran = clerk.run("list_items", &[]).unwrap();
    assert_eq!(ran.end, End::Done);
    let codes: Vec<String> = ran.records.iter().map(|r| r.values[0].clone().unwrap()).collect();
    let expected: Vec<String> = (1..=120).map(|n| format!("A{n:04}")).collect();
    assert_eq!(codes, expected);
    let seventh = [cell("A0007"), cell("Žluťoučký kůň, 3 %"), cell("21"), cell("Pieces"), cell("True")];
    assert_eq!(ran.records[6].values, seventh);
    assert_eq!(ran.records[119].values[4], cell("False"));
    assert_eq!((ran.records[119].place.screen.as_str(), ran.records[119].place.page), ("items", 3));

    // One item by its key, and one that does not exist.
    let ran = clerk.run("read_item", &[("code", "A0050")]).unwrap();
    let fiftieth = [cell("A0050"), cell("Item <50>"), cell("150"), cell("Kilograms"), cell("true")];
    assert_eq!((ran.end, ran.records[0].values.clone()), (End::Done, fiftieth.to_vec()));
    assert_eq!(clerk.run("read_item", &[("code", "B0001")]).unwrap().end, End::Absent);

    // A commit, sent once; and the ways it can be rejected, by the map's own codes.
    assert_eq!(clerk.add("B0001", "12").unwrap().end, End::Done);
    assert_eq!(site.tell("item B0001"), "Tea <green>|12|kg|True");
    assert_eq!(site.hits(POST), 1);
    for (code, quantity, wanted) in [("B0001", "12", "duplicate-code"), ("B0002", "10000", "too-many")] {
        match clerk.add(code, quantity).unwrap().end {
            End::Rejected { code, .. } => assert_eq!(code, wanted),
            end => panic!("{end:?}"),
        }
    }
    assert_eq!(site.hits(POST), 3);

    // What does not fit never reaches the form's end.
    for (code, quantity, wanted) in
        [("B00000002", "1", codes::TOO_LONG), ("B2\n", "1", codes::NOT_TYPEABLE), ("B2", "many", codes::NOT_NUMERIC)]
    {
        let fault = clerk.add(code, quantity).unwrap_err();
        assert_eq!(fault.code, wanted, "{fault}");
    }
    assert_eq!(site.hits(POST), 3);

    // A template whose label changed, and one with a second button: nothing is clicked.
    for (template, wanted) in [("label", codes::FIELD_MISSING), ("button", codes::FIELD_MISSING)] {
        let _mood = site.mood("template", template);
        let fault = clerk.add("B0003", "1").unwrap_err();
        assert!([wanted, codes::ELEMENT_AMBIGUOUS].contains(&fault.code.as_str()), "{template}: {fault}");
    }
    assert_eq!((site.hits(POST), site.tell("item B0003").as_str()), (3, "none"));

    // A slow server is waited for: the page that still shows is not taken for the answer.
    {
        let _mood = site.mood("slow", "1.2");
        assert_eq!(clerk.add("B0004", "4").unwrap().end, End::Done);
        assert_eq!(site.tell("item B0004"), "Tea <green>|4|kg|True");
    }

    // The login expires in the midst.
    clerk.run("read_item", &[("code", "A0001")]).unwrap();
    assert_ne!(site.tell("expire"), "0");
    let fault = clerk.run("read_item", &[("code", "A0001")]).unwrap_err();
    assert_eq!(fault.code, codes::SESSION_EXPIRED, "{fault}");
    clerk.session.close();
}

#[test]
fn a_wrong_password_is_tried_once() {
    let site = Site::start();
    let mut clerk = Clerk::with(&site, DJANGO, "wrong");
    let fault = clerk.run("list_items", &[]).unwrap_err();
    assert_eq!(fault.code, codes::LOGIN_REFUSED, "{fault}");
    assert_eq!(site.hits("POST /admin/login/"), 1);
    assert!(!fault.message.contains("wrong"), "{fault}");
}

#[test]
fn a_dialog_that_no_map_knows_stops_everything() {
    let site = Site::start();
    let _mood = site.mood("template", "popup");
    let mut clerk = Clerk::at(&site);
    let fault = clerk.run("list_items", &[]).unwrap_err();
    assert_eq!(fault.code, codes::UNKNOWN_SCREEN, "{fault}");
    assert_eq!(site.hits("POST"), 0);
}

/// Chromium alone would send a form again when a used connection ends without an answer.
#[test]
fn a_commit_without_an_answer_is_sent_once_and_found_out_later() {
    let site = Site::start();
    for (drop, code, there) in [("before", "C0001", false), ("after", "C0002", true)] {
        let mut clerk = Clerk::at(&site);
        let sent = site.hits(POST);
        {
            let _mood = site.mood("drop", drop);
            match clerk.add(code, "7").unwrap().end {
                End::Unknown { message } => assert!(!message.is_empty()),
                end => panic!("{drop}: {end:?}"),
            }
        }
        assert_eq!(site.hits(POST), sent + 1, "{drop}: the commit was repeated");
        assert_eq!(site.tell(&format!("item {code}")) != "none", there);
        let mut other = Clerk::at(&site);
        let probed = other.verify(&item(code, "7")).unwrap();
        let happened = if there { Probed::Happened } else { Probed::NotHappened };
        assert_eq!(probed, happened, "{drop}");
    }
}

#[test]
fn a_server_that_is_gone_before_the_commit_leaves_nothing_in_doubt() {
    let mut site = Site::start();
    let mut clerk = Clerk::at(&site);
    clerk.run("read_item", &[("code", "A0001")]).unwrap();
    site.kill();
    let fault = clerk.add("B0001", "1").unwrap_err();
    assert_eq!(fault.code, codes::HOST_DOWN, "{fault}");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_longer_than_the_map_says() {
    let site = Site::start();
    let text = DJANGO.replace("within: 15s", "within: 5s");
    let mut clerk = Clerk::with(&site, &text, PASSWORD);
    clerk.run("read_item", &[("code", "A0001")]).unwrap();
    let _mood = site.mood("slow", "40");
    let began = Instant::now();
    let fault = clerk.run("read_item", &[("code", "A0002")]).unwrap_err();
    assert!([codes::NO_ANSWER, codes::NO_WAY_HOME].contains(&fault.code.as_str()), "{fault}");
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
}
