//! Everything that can be wrong with a map: each told with its code, its place and a hint.

use super::*;

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
    breaks("do: { key: Clear }", "do: [{ type: $password, press: Clear }]", "conflict", "screens.broadcast.do[0]");
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
