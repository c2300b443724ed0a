//! Maps that are right, and everything that can be wrong with one.

use super::super::{Condition, Expected, Finder, Given, Key, Map, Piece, Press, Read, Returns, Side, TableEnd, Wanted};
use super::{Checked, read};
use crate::picture::{Area, At};
use banyan_words::node::{Kind, Node, yaml};
use banyan_words::{Problem, Severity};
use proptest::prelude::*;

const STOCK: &str = include_str!("../../../tests/maps/stock.yaml");
const PEOPLE: &str = include_str!("../../../tests/maps/people.yaml");
const ADMIN: &str = include_str!("../../../tests/maps/admin.yaml");

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
    assert!(matches!(&table.end, Some(TableEnd::Text(t)) if t == "BOTTOM OF DATA"));
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
    assert_eq!(flow("find_booking").columns(&map), vec!["qty", "bin"]);
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
    let page = include_str!("../../../../../docs/adapter-screens.md");
    let start = page.find("```yaml\nmap: ").unwrap() + "```yaml\n".len();
    let end = start + page[start..].find("```").unwrap();
    let map = good(&page[start..end]).map;
    assert_eq!((map.screens.len(), map.flows.len()), (7, 4));
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
fn names_that_are_not_known() {
    let p = breaks("expect: booking }", "expect: boking }", "unknown-screen", "flows.book_stock.steps[0].expect");
    assert!(p.hint.unwrap().contains("did you mean `booking`?"));
    assert_eq!(p.spot.map(|s| (s.file, s.line)), Some(("stock.yaml".into(), 61)));
    breaks("set: { item: $item", "set: { itm: $item", "unknown-field", "flows.book_stock.steps[1].set.itm");
    breaks("run: find_booking", "run: find_bookings", "unknown-flow", "flows.book_stock.verify.run");
    breaks("qty: $qty", "qty: $quantity_", "unknown-given", "flows.book_stock.steps[1].set.qty");
    breaks("booking.errors]", "booking.insuficient-stock]", "unknown-error", "flows.book_stock.steps[2].expect[1]");
    breaks("absent: detail.not_found", "absent: detail.notfound", "unknown-error", "flows.read_item.absent");
    breaks("key: [item] }", "key: [itm] }", "unknown-column", "screens.list.table.key[0]");
    breaks(
        "with: { item: $item } }",
        "with: { itm: $item, item: $item } }",
        "unknown-given",
        "flows.book_stock.verify.with.itm",
    );
    breaks("press: PF5", "press: PF25", "unknown-key-name", "flows.book_stock.steps[2].press");
    breaks("press: PF5", "press: F5", "unknown-key-name", "flows.book_stock.steps[2].press");
    breaks("press: PF5", "press: Insert", "unknown-key-name", "flows.book_stock.steps[2].press");
    breaks("volatile:", "volatle:", "unknown-key", "screens.home.volatle");
    breaks("pool: {", "pool: { rest: men, ", "unknown-screen", "pool.rest");
    breaks("qty: detail.qty", "qty: detail.quantity", "unknown-field", "flows.read_item.steps[0].read.qty");
}

#[test]
fn places_off_the_screen() {
    breaks("at: [21, 13], len: 8", "at: [25, 13], len: 8", "outside-screen", "screens.home.fields.account");
    breaks("at: [21, 13], len: 8", "at: [0, 13], len: 8", "outside-screen", "screens.home.fields.account");
    breaks("at: [1, 2], is: SVM0201P", "at: [1, 78], is: SVM0201P", "outside-screen", "screens.home.match.text[0]");
    let p = breaks("at: [21, 13], len: 8", "at: [21, 79], len: 8", "runs-on", "screens.home.fields.account");
    assert_eq!(p.severity, Severity::Warning, "a 3270 field may");
    breaks("rows: [5, 20]", "rows: [5, 25]", "outside-screen", "screens.list.table.rows");
    breaks("rows: [5, 20]", "rows: [20, 5]", "bad-value", "screens.list.table.rows");
    breaks("rows: [5, 20]", "rows: [5, 20], height: 3", "bad-value", "screens.list.table.rows");
    breaks("qty: [40, 7]", "qty: [2, 40, 7]", "outside-screen", "screens.list.table.columns.qty");
    breaks("qty: [40, 7]", "qty: [8, 7]", "fields-overlap", "screens.list.table.columns.qty");
    breaks("password: { at: [21, 53]", "password: { at: [21, 20]", "fields-overlap", "screens.home.fields.password");
    breaks("volatile: [[2, 71, 8]]", "volatile: [[1, 1, 8]]", "volatile-condition", "screens.home.volatile[0]");
    breaks("model: 3279-2-E", "model: 3279", "bad-value", "transport.model");
}

#[test]
fn screens_that_cannot_be_told_apart() {
    let told = problems(&STOCK.replacen("has: \"STOCK BOOKING\"", "has: \"STOCK\"", 1));
    let messages: Vec<&str> = told.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        vec![
            "wherever `list` is, `booking` would be recognised as well",
            "wherever `detail` is, `booking` would be recognised as well",
        ]
    );
    assert!(told.iter().all(|p| p.code == "screens-alike" && p.path == "screens.booking.match"));
    breaks("is: SVM0202P", "is: SVM0201P", "screens-alike", "screens.home.match");
    breaks("match: { text: { at: [1, 2], is: SVM0202P } }", "match: {}", "no-condition", "screens.menu");
    breaks(
        "match: { text: { at: [1, 2], is: SVM0202P } }",
        "match: { contains: SVM0201P }",
        "screens-alike",
        "screens.menu.match",
    );
    breaks("like: \"*NOT FOUND*\"", "like: \"*\"", "bad-value", "screens.detail.errors[0]");
}

#[test]
fn ways_home() {
    breaks("exit: { key: PF3, expect: home }", "volatile: []", "no-exit", "screens.menu");
    breaks("exit: { key: PF3, expect: home }", "exit: { key: PF3, expect: list }", "no-way-home", "screens.menu.exit");
    assert_eq!(problems(&STOCK.replacen("exit: { key: PF3, expect: home }", "exit: none", 1)), vec![]);
    breaks("expect: disconnected", "expect: broadcast", "transient-expected", "screens.home.exit.expect");
    breaks("start: menu, steps", "start: booked, steps", "unreachable-start", "flows.read_stock.start");
    breaks("exit: { key: PF3, expect: home }", "exit: { key: PF3 }", "missing-key", "screens.menu.exit");
}

#[test]
fn commits() {
    let at = "flows.book_stock";
    breaks(
        "    verify: { run: find_booking, with: { item: $item } }\n",
        "",
        "commit-without-verify",
        &format!("{at}.steps[2].commit"),
    );
    breaks("commit: true, ", "", "verify-without-commit", &format!("{at}.verify"));
    breaks(
        "press: PF5, commit",
        "press: PF5, set: { qty: \"1\" }, commit: true, expect: booking }\n      - { press: PF5, commit",
        "two-commits",
        &format!("{at}.steps[3]"),
    );
    breaks(
        "within: 10s }",
        "within: 10s }\n      - { press: Enter, expect: menu }",
        "after-commit",
        &format!("{at}.steps[3]"),
    );
    breaks("with: { item: $item } }", "with: {} }", "missing-key", &format!("{at}.verify.with"));
    breaks("run: find_booking, with: { item: $item } }", "run: login }", "conflict", &format!("{at}.verify.run"));
    assert_eq!(problems(&STOCK.replacen("within: 10s }", "within: 10s }\n      - { read: booked.table }", 1)).len(), 1);
}

#[test]
fn steps_on_the_wrong_screen() {
    let two = "expect: [booking, list] }";
    breaks("expect: booking }", two, "ambiguous-start", "flows.book_stock.steps[1].set");
    breaks(
        "{ type: \"BKG\", press: Enter, expect: booking }",
        "{ type: \"BKG\", press: Enter, expect: booking.errors }",
        "nothing-follows",
        "flows.book_stock.steps[1]",
    );
    breaks(
        "read: { item: detail.item",
        "read: { item: booking.item",
        "wrong-screen",
        "flows.read_item.steps[0].read.item",
    );
    breaks(
        "{ type: \"STK\", press: Enter, expect: list }",
        "{ type: \"STK\", press: Enter }",
        "missing-key",
        "flows.read_stock.steps[0]",
    );
    breaks("{ read: table } ]", "{ read: table, expect: list } ]", "conflict", "flows.read_stock.steps[1].expect");
    breaks("returns: records", "returns: record", "conflict", "flows.read_stock.returns");
    breaks(
        "given: { item: text, qty: integer }",
        "given: { item: text, qty: integer, more: date }",
        "unused-given",
        "flows.book_stock.given.more",
    );
    breaks(
        "given: { item: text, qty: integer }",
        "given: { item: text, qty: integer, user: text }",
        "bad-name",
        "flows.book_stock.given.user",
    );
    breaks("qty: $qty", "qty: \"123456\"", "too-long", "flows.book_stock.steps[1].set.qty");
}

#[test]
fn tables_and_secrets() {
    let at = "screens.list.table";
    breaks("end: { text: \"BOTTOM OF DATA\" }, ", "", "missing-key", at);
    breaks(", key: [item] }", " }", "missing-key", at);
    breaks("end: { text: \"BOTTOM OF DATA\" }", "end: { text: x, blank: true }", "conflict", &format!("{at}.end"));
    breaks(
        "end: { text: \"BOTTOM OF DATA\" }",
        "end: { counter: total }",
        "unknown-field",
        &format!("{at}.end.counter"),
    );
    breaks("next: PF8, end: { text: \"BOTTOM OF DATA\" }", "end: { no_next: true }", "conflict", &format!("{at}.end"));
    let p = breaks("\"${env:STOCK_PW}\"", "hunter2", "secret-in-clear", "flows.login.steps[0].set.password");
    assert!(p.severity == Severity::Warning && !p.message.contains("hunter2"));
    breaks("len: 8, hidden: true", "len: 8", "secret-in-clear", "screens.home.fields.password");
    breaks("lu: [LU01-LU04]", "lu: [LU01-LU03]", "conflict", "pool.max");
    breaks("lu: [LU01-LU04]", "lu: [LU01-XX04]", "bad-value", "pool.lu");
}

#[test]
fn what_a_page_and_a_grid_lack() {
    let web = |from: &str, to: &str, path: &str| {
        assert!(ADMIN.contains(from), "{from}");
        only(&ADMIN.replacen(from, to, 1), "conflict", path);
    };
    web("contains: \"Select item to change\"", "text: { row: 1, has: x }", "screens.items.match.text");
    web(
        "more: { css: \"a.next\" }",
        "more: { css: \"a.next\" }\n      x: { at: [1, 2], len: 3 }",
        "screens.items.fields.x",
    );
    web("title: \"Site administration\"", "cursor: [1, 1]", "screens.index.match.cursor");
    let on_grid = |from: &str, to: &str, path: &str| breaks(from, to, "conflict", path);
    on_grid("contains: \"BOOKING ACCEPTED\"", "title: x", "screens.booked.match.title");
    on_grid("bin:  { regex: \"Bin +([A-Z][0-9]+)\", row: 6 }", "bin: { css: x }", "screens.detail.fields.bin");
}

#[test]
fn all_at_once() {
    let text = STOCK
        .replace("expect: booking }", "expect: boking }")
        .replace("at: [21, 13], len: 8", "at: [99, 13], len: 8")
        .replace("exit: { key: PF3, expect: home }", "")
        .replace("press: PF5", "pres: PF5");
    let mut codes: Vec<String> = problems(&text).into_iter().map(|p| p.code).collect();
    codes.sort();
    assert!(
        ["unknown-screen", "outside-screen", "no-exit", "unknown-key"].iter().all(|c| codes.iter().any(|f| f == c)),
        "{codes:?}"
    );
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

/// Every number of a map points somewhere.
fn assert_sound(map: &Map) {
    let screen = |no: usize| &map.screens[no];
    let expected = |all: &[Expected]| {
        for e in all {
            match e {
                Expected::Screen(no) | Expected::Errors(no) => assert!(screen(*no).transient.is_none()),
                Expected::Error(no, code) => assert!(screen(*no).errors.iter().any(|e| e.code == *code)),
                Expected::Disconnected => {}
            }
        }
    };
    let _ = screen(map.rest);
    for s in &map.screens {
        assert!(!s.conditions.is_empty());
        if let Some(exit) = &s.exit {
            expected(&exit.expect);
            if let Press::Button(no) = exit.press {
                let _ = &s.fields[no];
            }
        }
    }
    for flow in &map.flows {
        let _ = screen(flow.start);
        for step in &flow.steps {
            expected(&step.expect);
            assert!(!step.on.is_empty());
            for (no, _) in &step.set {
                let _ = &screen(step.on[0]).fields[*no];
            }
            match &step.read {
                Some(Read::Table(no)) => assert!(screen(*no).table.is_some()),
                Some(Read::Fields(fields)) => fields.iter().for_each(|(_, s, f)| {
                    let _ = &screen(*s).fields[*f];
                }),
                None => {}
            }
        }
        assert_eq!(flow.verify.is_some(), flow.steps.iter().any(|s| s.commit));
        if let Some(verify) = &flow.verify {
            let _ = &map.flows[verify.flow];
        }
        if let Some((no, code)) = &flow.absent {
            assert!(screen(*no).errors.iter().any(|e| e.code == *code));
        }
    }
}

/// Words that mean something in a map, so that random trees get far.
fn word() -> impl Strategy<Value = String> {
    let known = "home menu list detail booking table PF3 Enter text none $item $ $$ [ \u{0} item qty disconnected home.errors 0 1 24 99999 -1 true 5s x.y vt web";
    let known: Vec<String> = known.split(' ').map(str::to_owned).collect();
    prop_oneof![proptest::sample::select(known), any::<String>()]
}

fn any_node() -> impl Strategy<Value = Node> {
    let leaf = (word(), any::<bool>()).prop_map(|(text, plain)| Node::scalar(text, plain));
    let keys = "match text at is row has like regex fields errors exit key expect table rows columns next end start steps set type press read screens flows transport kind map pool rest given verify run with absent do transient height css blank counter";
    let keys: Vec<String> = keys.split(' ').map(str::to_owned).collect();
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let key = prop_oneof![proptest::sample::select(keys.clone()), word()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::list),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(Node::map),
        ]
    })
}

/// Replaces or removes the `n`th node.
fn mutate(node: &mut Node, n: &mut usize, with: &Option<Node>) {
    if *n == 0 {
        *n = usize::MAX;
        *node = with.clone().unwrap_or(Node::scalar("", true));
        return;
    }
    *n = n.saturating_sub(1);
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|i| mutate(i, n, with)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(_, i)| mutate(i, n, with)),
        Kind::Scalar { .. } => {}
    }
}

proptest! {
    #[test]
    fn no_tree_breaks_the_reader(node in any_node()) {
        let _ = read(&node, "sources.x.map");
    }

    #[test]
    fn a_map_that_checks_cleanly_is_sound(
        which in 0_usize..3,
        changes in proptest::collection::vec((0_usize..260, proptest::option::of(any_node())), 0..4),
    ) {
        let mut node = tree([STOCK, PEOPLE, ADMIN][which]);
        for (n, with) in changes {
            mutate(&mut node, &mut n.clone(), &with);
        }
        match read(&node, "sources.x.map") {
            Ok(checked) => assert_sound(&checked.map),
            Err(problems) => prop_assert!(problems.iter().any(|p| p.severity == Severity::Error)),
        }
    }
}
