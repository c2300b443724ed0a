//! Maps of real programs, driven by the engine over all three carriers.

use crate::far::text;
use crate::ssh::Sshd;
use crate::telnet::telnetd;
use banyan_adapter::{Call, Fault, Probed};
use banyan_screens::engine::{self, Login, Means, NoLog, Ran};
use banyan_screens::map::{End, Map, read};
use banyan_screens::refusals;
use banyan_screens::transport::vt::{Config, Term, connect};
use banyan_screens::transport::{self, Session, Text, Transport};
use banyan_words::node::yaml;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

pub(crate) const ABOOK: &str = include_str!("../maps/abook.yaml");
const CALCURSE: &str = include_str!("../maps/calcurse.yaml");

/// A map, and the session it is tried in.
pub(crate) struct Tried {
    pub(crate) map: Map,
    pub(crate) session: Box<dyn Session>,
}

pub(crate) fn checked(map: &str) -> (Map, Config) {
    let (node, problems) = yaml::parse("map.yaml", map);
    assert_eq!(problems, vec![]);
    let checked = read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}"));
    let transport::Config::Vt(config) = checked.transport else { panic!("not a VT map") };
    (checked.map, config)
}

impl Tried {
    pub(crate) fn new(map: &str, base: &Path) -> Tried {
        let (map, mut config) = checked(map);
        config.env.insert("HOME".into(), base.to_str().unwrap().to_owned());
        Tried::over(map, &*connect(&config, base))
    }

    fn over(map: Map, transport: &dyn Transport) -> Tried {
        let session = transport.open(&map, None, &Call::default()).unwrap();
        Tried { map, session }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut dyn Session, &mut Means<'_>) -> T) -> T {
        let login = Login { user: text("ann"), password: Text { plain: String::new(), secret: true } };
        let (call, mut log) = (Call::default(), NoLog);
        let clock = || jiff::Timestamp::UNIX_EPOCH;
        let mut means = Means {
            map: &self.map,
            login: &login,
            door: &banyan_screens::engine::OpenDoor,
            clock: &clock,
            call: &call,
            log: &mut log,
        };
        work(&mut *self.session, &mut means)
    }

    pub(crate) fn run(&mut self, flow: &str, given: &[(&str, &str)]) -> Result<Ran, Fault> {
        let flow = self.map.flow(flow).unwrap();
        let given: Vec<_> = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.with(|session, means| engine::run(session, means, flow, &given))
    }

    fn home(&mut self) -> Result<(), Fault> {
        self.with(engine::go_home)
    }
}

/// The first column of what was read.
fn first(ran: &Ran) -> Vec<String> {
    ran.records.iter().map(|r| r.values[0].clone().unwrap()).collect()
}

/// An address book of so many lines, the first of which is `---`.
pub(crate) fn book(folder: &Path, lines: usize) {
    let mut text =
        "# abook addressbook file\n\n[format]\nprogram=abook\nversion=0.6.1\n\n\n[0]\nname=---\n\n".to_owned();
    for n in 1..lines {
        text += &format!("[{n}]\nname=Person {n:03}\nemail=p{n}@example.com\nphone=07{n}\n\n");
    }
    fs::write(folder.join("people.abook"), text).unwrap();
}

fn people(lines: usize) -> (TempDir, Tried) {
    let folder = tempfile::tempdir().unwrap();
    book(folder.path(), lines);
    let tried = Tried::new(ABOOK, folder.path());
    (folder, tried)
}

fn expected(lines: usize) -> Vec<String> {
    std::iter::once("---".to_owned()).chain((1..lines).map(|n| format!("Person {n:03}"))).collect()
}

#[test]
fn people_are_listed_page_by_page() {
    for lines in [1, 12, 19, 38, 57] {
        let (_folder, mut tried) = people(lines);
        let ran = tried.run("list_people", &[]).unwrap();
        assert_eq!((ran.end.clone(), first(&ran)), (End::Done, expected(lines)), "{lines}");
        let last = ran.records.last().unwrap();
        assert_eq!(last.place.page as usize, lines.div_ceil(19));
        // And again, from wherever that ended.
        assert_eq!(first(&tried.run("list_people", &[]).unwrap()).len(), lines);
    }
}

#[test]
fn a_page_that_overlaps_the_one_before_is_an_error_and_nothing_is_used() {
    let (_folder, mut tried) = people(45);
    let fault = tried.run("list_people", &[]).unwrap_err();
    assert_eq!(fault.code, refusals::KEY_REPEATED, "{fault}");
    let folder = tempfile::tempdir().unwrap();
    book(folder.path(), 45);
    let high = ABOOK
        .replace("term: xterm", "term: xterm, size: [100, 80]")
        .replace("row: 24", "row: 100")
        .replace("rows: [4, 22]", "rows: [4, 98]")
        .replace("cursor: [21, 77]", "cursor: [97, 77]");
    let ran = Tried::new(&high, folder.path()).run("list_people", &[]).unwrap();
    assert_eq!(first(&ran), expected(45), "a high terminal shows all");
}

#[test]
fn people_are_found_or_not() {
    let (_folder, mut tried) = people(57);
    for n in [1, 19, 40, 56] {
        let ran = tried.run("find_person", &[("name", &format!("Person {n:03}"))]).unwrap();
        let values: Vec<_> = ran.records[0].values.iter().flatten().cloned().collect();
        assert_eq!(values, [format!("Person {n:03}"), format!("p{n}@example.com")]);
    }
    let ran = tried.run("find_person", &[("name", "Nobody")]).unwrap();
    assert_eq!((ran.end, ran.records.len()), (End::Absent, 0));
    tried.home().unwrap();
}

#[test]
fn a_person_is_added_and_saved() {
    let (folder, mut tried) = people(12);
    let given = [("name", "Röd Åkerström")];
    assert_eq!(tried.run("add_person", &given).unwrap().end, End::Done);
    let found = tried.run("find_person", &given).unwrap();
    assert_eq!(found.records[0].values[0].as_deref(), Some("Röd Åkerström"));
    // `q` on the list saves.
    tried.home().unwrap();
    crate::far::press(&mut *tried.session, "q");
    crate::far::eventually("it was not saved", || {
        fs::read_to_string(folder.path().join("people.abook")).unwrap().contains("name=Röd Åkerström")
    });
    let saved = fs::read_to_string(folder.path().join("people.abook")).unwrap();
    assert!(saved.contains("Person 011"));
}

/// What is typed where the program does not ask for it would be commands to it: `r` removes, `q` saves and ends.
#[test]
fn letters_never_become_commands() {
    // The map believes that `A` asks for a name. It does nothing.
    let asks_not = ABOOK.replace("press: a, expect: name_asked", "press: A, expect: name_asked");
    // It believes that a name can be typed below the list.
    let blind = ABOOK
        .replace("      total: {", "      name: { at: [24, 7], len: 40 }\n      total: {")
        .replace("press: a, expect: name_asked", "press: Home, expect: list")
        .replace("{ type: $name, press: Enter, commit", "{ set: { name: $name }, press: Enter, commit");
    let late = [refusals::NO_ANSWER, refusals::UNEXPECTED_SCREEN];
    for (map, wanted) in [(asks_not, &late[..]), (blind, &[refusals::READ_BACK])] {
        assert_ne!(map, ABOOK);
        let map = map.replace("within: 5s", "within: 1s");
        let folder = tempfile::tempdir().unwrap();
        book(folder.path(), 12);
        let before = fs::read(folder.path().join("people.abook")).unwrap();
        let mut tried = Tried::new(&map, folder.path());
        let fault = tried.run("add_person", &[("name", "rqy")]).unwrap_err();
        assert!(wanted.contains(&fault.code.as_str()), "{fault}");
        let grid = tried.session.look().unwrap().grid().unwrap().clone();
        assert!(grid.row(1).contains("/ 12"), "nobody was removed, nothing was ended: {}", grid.row(1));
        assert_eq!(grid.row(24).trim(), "", "no question was raised");
        drop(tried);
        assert_eq!(fs::read(folder.path().join("people.abook")).unwrap(), before);
    }
}

#[test]
fn line_ends_and_controls_in_values_never_reach_the_program() {
    let (_folder, mut tried) = people(12);
    for bad in ["Ann\rq", "Ann\nr", "\u{1b}q", "Ann\u{7}"] {
        let fault = tried.run("add_person", &[("name", bad)]).unwrap_err();
        assert_eq!(fault.code, refusals::NOT_TYPEABLE, "{bad:?}: {fault}");
    }
    assert_eq!(first(&tried.run("list_people", &[]).unwrap()).len(), 12);
}

#[test]
fn things_to_do_are_read_from_calcurse() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("calendar")).unwrap();
    fs::write(folder.path().join("calendar/todo"), "[1] Feed the cat\n[3] Buy milk\n[0] Sleep\n").unwrap();
    let mut tried = Tried::new(CALCURSE, folder.path());
    let ran = tried.run("list_todo", &[]).unwrap();
    assert_eq!(first(&ran), ["1. Feed the cat", "3. Buy milk", "Sleep"]);
    tried.home().unwrap();
}

#[test]
fn the_same_map_over_ssh_and_telnet() {
    let (map, _) = checked(ABOOK);
    let sshd = Sshd::start();
    let folder = sshd.folder.path();
    book(folder, 38);
    // The host may have been started where hang-ups are ignored; the program would then outlive its terminal, and be busy.
    let command = format!(
        "cd {0} && HOME={0} LANG=C.UTF-8 exec env --default-signal=HUP abook --datafile people.abook",
        folder.display()
    );
    let mut over_ssh = Tried::over(map.clone(), &*connect(&sshd.config(Some(&command)), folder));
    let (address, kept) = telnetd(&command);
    let config = Config { telnet: Some(address.to_string()), term: Term::Xterm, ..Config::default() };
    let mut over_telnet = Tried::over(map, &*connect(&config, kept.path()));
    for tried in [&mut over_ssh, &mut over_telnet] {
        assert_eq!(first(&tried.run("list_people", &[]).unwrap()), expected(38));
        let ran = tried.run("find_person", &[("name", "Person 033")]).unwrap();
        assert_eq!(ran.records[0].values[1].as_deref(), Some("p33@example.com"));
        let given = [("name", "Dörte")];
        assert_eq!(tried.run("add_person", &given).unwrap().end, End::Done);
        assert_eq!(tried.run("find_person", &given).unwrap().records.len(), 1);
        tried.home().unwrap();
    }
}

/// A line of business on a terminal: asks for an item, books it, and may break at the wrong moment.
const LEDGER: &str = r#"
book=ledger.txt; touch $book
while :; do
  printf '\033[2J\033[HLEDGER\nB book  F find  Q quit: '; read choice
  case "$choice" in
    B) printf '\033[2J\033[HBOOKING\nItem: '; read item
       [ "$1" = before ] && exit 9
       sleep 0.2; printf %s "$item" | while IFS= read -r c; do :; done; echo "$item" >> $book
       [ "$1" = after ] && exit 9
       printf '\033[2J\033[HBOOKED %s\nReturn: ' "$item"; read x ;;
    F) printf '\033[2J\033[HFIND\nItem: '; read item
       if grep -qx "$item" $book; then printf '\033[2J\033[HDETAIL\nItem: %s\nReturn: ' "$item"
       else printf '\033[2J\033[HDETAIL\nNOT FOUND\nReturn: '; fi; read x ;;
    Q) exit 0 ;;
  esac
done
"#;

const LEDGER_MAP: &str = r#"
map: ledger/v1
transport: { kind: vt, command: [sh, ledger.sh, MOOD] }
within: 3s
screens:
  home: { match: { text: { at: [1, 1], is: LEDGER } }, exit: none }
  booking: { match: { text: { at: [1, 1], is: BOOKING } }, exit: none }
  find: { match: { text: { at: [1, 1], is: FIND } }, exit: none }
  booked: { match: { text: { at: [1, 1], is: BOOKED } }, exit: { key: Enter, expect: home } }
  detail:
    match: { text: { at: [1, 1], is: DETAIL } }
    fields: { item: { at: [2, 7], len: 30 } }
    errors: [{ code: not-found, row: 2, like: "NOT FOUND" }]
    exit: { key: Enter, expect: home }
flows:
  find:
    start: home
    given: { item: text }
    steps:
      - { type: F, press: Enter, expect: find }
      - { type: $item, press: Enter, expect: [detail, detail.not-found] }
      - { read: { item: detail.item } }
    absent: detail.not-found
    returns: record
  book:
    start: home
    given: { item: text }
    steps:
      - { type: B, press: Enter, expect: booking }
      - { type: $item, press: Enter, commit: true, expect: booked }
    verify: { run: find, with: { item: $item } }
"#;

#[test]
fn a_commit_whose_answer_is_lost_is_looked_for_and_never_sent_again() {
    for (mood, done) in [("none", true), ("after", true), ("before", false)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ledger.sh"), LEDGER).unwrap();
        let map = LEDGER_MAP.replace("MOOD", mood);
        let mut tried = Tried::new(&map, folder.path());
        let ran = tried.run("book", &[("item", "A-100")]).unwrap();
        match mood {
            "none" => assert_eq!(ran.end, End::Done),
            // Its session is gone, so it is in doubt until another one has looked.
            _ => assert!(matches!(ran.end, End::Unknown { .. }), "{:?}", ran.end),
        }
        drop(tried);
        let mut other = Tried::new(&LEDGER_MAP.replace("MOOD", "none"), folder.path());
        let flow = other.map.flow("book").unwrap();
        let given = vec![("item".to_owned(), "A-100".to_owned())];
        let probed = other.with(|session, means| engine::verify(session, means, flow, &given)).unwrap();
        assert_eq!(probed, if done { Probed::Happened } else { Probed::NotHappened }, "{mood}");
        let lines = fs::read_to_string(folder.path().join("ledger.txt")).unwrap();
        assert_eq!(lines.lines().count(), usize::from(done), "{mood}: {lines}");
    }
}
