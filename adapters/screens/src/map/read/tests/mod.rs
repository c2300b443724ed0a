//! Maps that are right (here), everything that can be wrong with one (`faults`), and what no tree may do (`random`).

mod faults;
mod random;

use super::super::{Condition, Expected, Finder, Given, Key, Piece, Press, Read, Returns, Side, TableEnd, Wanted};
use super::{Checked, read};
use crate::picture::{Area, At};
use banyan_words::node::{Kind, Node, yaml};
use banyan_words::{Problem, Severity};

const STOCK: &str = include_str!("../../../../tests/maps/stock.yaml");
const PEOPLE: &str = include_str!("../../../../tests/maps/people.yaml");
const ADMIN: &str = include_str!("../../../../tests/maps/admin.yaml");

fn tree(text: &str) -> Node {
    let (node, problems) = yaml::parse("stock.yaml", text);
    assert_eq!(problems, vec![]);
    let mut node = node.unwrap();
    fill(&mut node);
    node
}

/// As the gateway fills secrets in.
fn fill(node: &mut Node) {
    match &mut node.kind {
        Kind::Scalar { text, secret, .. } if text == "${env:STOCK_PW}" => {
            *text = "pa$$w0rd".into();
            *secret = true;
        }
        Kind::Scalar { .. } => {}
        Kind::List(items) => items.iter_mut().for_each(fill),
        Kind::Map(entries) => entries.iter_mut().for_each(|(_, n)| fill(n)),
    }
}

fn good(text: &str) -> Checked {
    let checked = read(&tree(text), "").unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(checked.warnings, vec![]);
    checked
}

/// The problems of a map: code, path, line.
fn problems(text: &str) -> Vec<Problem> {
    match read(&tree(text), "") {
        Ok(checked) => checked.warnings,
        Err(problems) => problems,
    }
}

/// The stock map with one text replaced has that one problem.
fn breaks(from: &str, to: &str, code: &str, path: &str) -> Problem {
    assert!(STOCK.contains(from), "{from}");
    only(&STOCK.replacen(from, to, 1), code, path)
}

fn only(text: &str, code: &str, path: &str) -> Problem {
    let found = problems(text);
    let told: Vec<_> = found.iter().map(|p| (p.code.as_str(), p.path.as_str(), p.message.as_str())).collect();
    assert_eq!(told.iter().map(|t| (t.0, t.1)).collect::<Vec<_>>(), vec![(code, path)], "{told:?}");
    let problem = found.into_iter().next().unwrap();
    assert!(problem.spot.as_ref().is_some_and(|s| s.line > 0), "{problem:?}");
    assert!(problem.hint.as_deref().is_some_and(|h| !h.is_empty()), "{problem:?}");
    problem
}

/// A terminal of that kind with one screen and one flow that presses `key`.
fn pressing(transport: &str, key: &str) -> String {
    format!(
        "map: keys/v1\ntransport: {{ {transport} }}\nscreens:\n  home: {{ match: {{ contains: READY }} }}\nflows:\n  \
         go: {{ start: home, steps: [{{ press: \"{key}\", expect: home }}] }}\n"
    )
}

#[test]
fn a_map_presses_only_keys_that_its_terminal_has() {
    let vt = |term: &str| format!("kind: vt, command: [stock], term: {term}");
    let told =
        |transport: &str, key: &str| only(&pressing(transport, key), "unknown-key-name", "flows.go.steps[0].press");
    for (term, key) in [("vt100", "F12"), ("vt220", "F5"), ("vt220", "Home"), ("ansi", "F1"), ("xterm", "PA1")] {
        assert!(told(&vt(term), key).message.contains(key), "{term} {key}");
    }
    let euro = format!("{}, encoding: cp437", vt("ansi"));
    assert!(told(&euro, "€").message.contains("encoding"));
    told("kind: web, url: \"https://stock.example/\"", "F13");
    for (term, key) in [("vt100", "PF4"), ("vt220", "F6"), ("xterm", "F24"), ("ansi", "Home"), ("linux", "BackTab")] {
        good(&pressing(&vt(term), key));
    }
}

#[test]
fn the_stock_map() {
    let Checked { map, transport, .. } = good(STOCK);
    assert_eq!((map.name.as_str(), transport.kind(), map.size), ("stock/v3", "tn3270", Some((24, 80))));
    assert_eq!((map.pool.max, map.pool.lu.join(" ").as_str()), (4, "LU01 LU02 LU03 LU04"));
    assert_eq!((map.rest, map.login), (map.screen("home").unwrap(), map.flow("login")));
    let home = &map.screens[0];
    assert_eq!(home.conditions, vec![Condition::TextAt((1, 2).into(), "SVM0201P".into())]);
    assert_eq!(home.volatile, vec![Area { at: At { row: 2, column: 71 }, len: 8 }]);
    assert!(home.fields[1].hidden && !home.fields[0].hidden);
    let Some(Finder::Area(place)) = &home.errors[0].place else { panic!() };
    assert_eq!((place.at, place.len), ((23, 2).into(), 79), "to the end of the row");
    assert_eq!(home.exit.as_ref().unwrap().expect, vec![Expected::Disconnected]);
    let broadcast = &map.screens[map.screen("broadcast").unwrap()];
    assert_eq!(broadcast.transient.as_ref().unwrap()[0].press, Some(Press::Key(Key::Clear)));
    let table = map.screens[map.screen("list").unwrap()].table.as_ref().unwrap();
    assert_eq!((table.rows, table.height, table.key.as_slice()), ((5, 20), 1, &["item".to_owned()][..]));
    assert!(matches!(&table.end, Some(TableEnd::Text { text, repeats: false }) if text == "BOTTOM OF DATA"));
    assert_eq!(table.next.as_ref().unwrap().press, Press::Key(Key::Pf(8)));

    let flow = |name: &str| &map.flows[map.flow(name).unwrap()];
    let set = &flow("login").steps[0].set;
    assert_eq!(set[0].1, vec![Piece::Given("user".into())]);
    let Piece::Plain(secret) = &set[1].1[0] else { panic!() };
    assert!(secret.secret && secret.plain == "pa$$w0rd", "a secret is taken as it stands");
    assert_eq!(flow("read_stock").columns(&map), vec!["item", "qty"]);
    assert_eq!(flow("read_stock").steps[1].read, Some(Read::Table(map.screen("list").unwrap())));
    assert_eq!((flow("read_item").returns, flow("read_item").columns(&map)), (Returns::Record, vec!["item", "qty"]));
    assert_eq!(flow("read_item").absent, Some((map.screen("detail").unwrap(), "not_found".into())));
    assert_eq!(flow("find_booking").columns(&map), vec!["on_hand", "bin"]);
    let book = flow("book_stock");
    assert_eq!(book.given, vec![("item".into(), Given::Text), ("qty".into(), Given::Integer)]);
    assert!(book.steps[2].commit && book.steps[1].readback);
    assert_eq!(book.verify.as_ref().unwrap().flow, map.flow("find_booking").unwrap());
    let booking = map.screen("booking").unwrap();
    assert_eq!(book.steps[2].expect[1], Expected::Errors(booking));
    assert_eq!(book.steps[2].on, vec![booking]);
}

#[test]
fn the_map_in_the_documentation() {
    let page = include_str!("../../../../../../docs/adapter-screens.md");
    let start = page.find("```yaml\nmap: ").unwrap() + "```yaml\n".len();
    let end = start + page[start..].find("```").unwrap();
    let map = good(&page[start..end]).map;
    assert_eq!((map.screens.len(), map.flows.len()), (8, 5));
}

#[test]
fn maps_of_other_terminals() {
    let Checked { map, .. } = good(PEOPLE);
    let edit = &map.screens[map.screen("edit").unwrap()];
    assert_eq!(edit.fields[0].find, Finder::Label { label: "Name".into(), side: Side::Right, len: None });
    assert_eq!(edit.fields[1].wanted, Wanted::Output);
    assert_eq!(map.screens[map.rest].name, "list");
    assert_eq!(map.pool.keep_alive.as_ref().unwrap().0, Key::Ctrl('L'));
    let typed = &map.flows[map.flow("rename").unwrap()].steps[1].typed;
    let Piece::Plain(text) = &typed[0] else { panic!() };
    assert_eq!((text.plain.as_str(), &typed[1]), ("costs $5 for ", &Piece::Given("name".into())));
    assert_eq!(map.screens[map.screen("wait").unwrap()].transient.as_deref().map(<[_]>::len), Some(0));

    let Checked { map, .. } = good(ADMIN);
    assert_eq!(map.size, None);
    let items = &map.screens[map.screen("items").unwrap()];
    assert_eq!(items.table.as_ref().unwrap().next.as_ref().unwrap().press, Press::Button(1));
    assert!(matches!(items.table.as_ref().unwrap().end, Some(TableEnd::NoNext)));
    assert_eq!(map.flows[1].steps[0].press, Some(Press::Button(0)), "a word that is no key is a button");
}

#[test]
fn the_hash_is_of_what_is_read() {
    let hash = |text: &str| good(text).map.hash;
    let first = hash(STOCK);
    assert_eq!(first, hash(STOCK));
    assert_eq!(
        first,
        hash(&STOCK.replace("host: \"mainframe:992\"", "host: \"other:992\"").replace("max: 4", "max: 3"))
    );
    assert_ne!(first, hash(&STOCK.replace("qty: [40, 7]", "qty: [41, 7]")));
    let mut other = tree(STOCK);
    other_secret(&mut other);
    assert_eq!(first, read(&other, "").unwrap().map.hash, "a new password changes nothing");
}

fn other_secret(node: &mut Node) {
    match &mut node.kind {
        Kind::Scalar { text, secret: true, .. } => *text = "other".into(),
        Kind::Scalar { .. } => {}
        Kind::List(items) => items.iter_mut().for_each(other_secret),
        Kind::Map(entries) => entries.iter_mut().for_each(|(_, n)| other_secret(n)),
    }
}
