//! Rule 7: a screen that drifted is shown, a new version is proposed, and nothing is healed by itself.

use super::far::{Far, STOCK, put, stock, traced};
use banyan_screens::drift::{self, Breaker, Difference};
use banyan_screens::picture::{Area, At, Grid};
use banyan_screens::refusals;
use jiff::Timestamp;

fn breaker(alter: impl FnMut(&str, &mut Grid) + Send + 'static) -> Breaker {
    let map = stock(&[]);
    let mut far = Far::inside().altered(alter);
    let (ran, trace) = traced(&mut far, &map, "read_item", &[("item", "ITEM2")]);
    assert_eq!(ran.unwrap_err().code, trace.stopped().unwrap().fault.code);
    let breaker = Breaker::of(&map, trace.stopped().unwrap(), Timestamp::UNIX_EPOCH).unwrap();
    assert!(breaker.holds(&map));
    let json = serde_json::to_string(&breaker).unwrap();
    assert_eq!(serde_json::from_str::<Breaker>(&json).unwrap(), breaker, "it is kept over restarts");
    breaker
}

fn moved() -> Breaker {
    breaker(|on, grid| {
        if on == "menu" {
            put(grid, 1, 2, "          ");
            put(grid, 2, 5, "SVM0202P");
        }
    })
}

#[test]
fn what_moved_is_found_and_a_new_version_says_where() {
    let Breaker { difference, code, .. } = moved();
    assert_eq!(difference.marks(), [Area { at: At { row: 1, column: 2 }, len: 8 }]);
    assert_eq!((code.as_str(), difference.screen.as_deref()), (refusals::UNKNOWN_SCREEN, Some("menu")));
    assert_eq!(difference.failing[0].moved, Some(At { row: 2, column: 5 }));
    assert!(
        difference.text.contains("^^^^^^^^ row 1, column 2 is `SVM0202P`; it stands at row 2, column 5 now"),
        "{}",
        difference.text
    );
    let proposed = drift::propose(STOCK, &difference);
    let wanted = STOCK.replace("stock/v3", "stock/v4").replace("at: [1, 2], is: SVM0202P", "at: [2, 5], is: SVM0202P");
    assert_eq!(proposed, wanted, "nothing else is changed, comments stay");
}

#[test]
fn what_is_gone_is_left_to_a_person() {
    let Breaker { difference, .. } = breaker(|on, grid| {
        if on == "menu" {
            put(grid, 1, 2, "SVM0300P");
        }
    });
    assert_eq!(difference.screen.as_deref(), Some("menu"));
    assert_eq!(difference.failing[0].found.as_deref(), Some("SVM0300P"));
    let proposed = drift::propose(STOCK, &difference);
    let note = "    # TO DO: no longer true: row 1, column 2 is `SVM0202P`. Now: `SVM0300P`.\n    match: { text: { at: [1, 2], is: SVM0202P } }";
    assert!(proposed.contains(note), "{proposed}");
    assert!(proposed.contains("map: stock/v4"));
}

#[test]
fn what_may_have_moved_with_a_text_is_left_to_a_person() {
    // A line came in above: everything is a row lower. The text is found; of the rest nothing tells.
    let lower = |screen: &'static str| {
        move |on: &str, grid: &mut Grid| {
            if on == screen {
                let columns = usize::from(grid.size.1);
                grid.cells.rotate_right(columns);
            }
        }
    };
    let Breaker { difference, .. } = breaker(lower("detail"));
    let proposed = drift::propose(STOCK, &difference);
    assert!(proposed.contains("match: { text: { row: 2, has: \"STOCK ITEM\" } }"), "{proposed}");
    let item = "      # TO DO: `STOCK ITEM` moved, and nothing tells whether `item` did: look, and correct its place or leave it.";
    assert!(proposed.contains(&format!("{item}\n      item: {{ at: [4, 12], len: 8 }}")), "{proposed}");
    assert!(!proposed.contains("whether `qty`"), "a label finds its field: {proposed}");

    let map = stock(&[]);
    let (_, trace) = traced(&mut Far::inside().altered(lower("list")), &map, "read_stock", &[]);
    let difference = Breaker::of(&map, trace.stopped().unwrap(), Timestamp::UNIX_EPOCH).unwrap().difference;
    let proposed = drift::propose(STOCK, &difference);
    let table = "    # TO DO: `STOCK LIST` moved, and nothing tells whether the table did";
    assert!(proposed.contains("row: 2, has: \"STOCK LIST\"") && proposed.contains(table), "{proposed}");
    // Aside, not down: what stands in other rows stays where it is.
    let aside = |on: &str, grid: &mut Grid| {
        if on == "menu" {
            put(grid, 1, 2, "          ");
            put(grid, 1, 30, "SVM0202P");
        }
    };
    assert!(!drift::propose(STOCK, &breaker(aside).difference).contains("TO DO"));
}

#[test]
fn a_text_that_is_there_twice_did_not_certainly_move() {
    let Breaker { difference, .. } = breaker(|on, grid| {
        if on == "menu" {
            put(grid, 1, 2, "          ");
            put(grid, 2, 5, "SVM0202P  SVM0202P");
        }
    });
    assert!(difference.failing.iter().all(|f| f.moved.is_none()), "{difference:?}");
    assert!(drift::propose(STOCK, &difference).contains("at: [1, 2], is: SVM0202P"));
}

#[test]
fn a_label_that_is_gone_is_named() {
    let Breaker { difference, code, .. } = breaker(|on, grid| {
        if on == "detail" {
            put(grid, 5, 2, "In stock: 17");
        }
    });
    assert_eq!((code.as_str(), difference.screen.as_deref()), (refusals::FIELD_MISSING, Some("detail")));
    assert!(difference.text.contains("! the label of `qty` is there 0 times"), "{}", difference.text);
    assert!(drift::propose(STOCK, &difference).contains("# TO DO: the label of `qty`"));
}

#[test]
fn what_is_volatile_is_not_shown_as_a_difference() {
    let map = stock(&[]);
    let mut far = Far::new().altered(|_, grid| put(grid, 1, 2, "SVM0999P"));
    let (_, trace) = traced(&mut far, &map, "read_stock", &[]);
    let difference = Breaker::of(&map, trace.stopped().unwrap(), Timestamp::UNIX_EPOCH).unwrap().difference;
    assert_eq!(difference.screen.as_deref(), Some("home"));
    assert!(difference.text.contains("~~~~~~~~") && !difference.text.contains(":00:00"), "{}", difference.text);
}

#[test]
fn other_faults_open_no_breaker_and_any_text_can_be_proposed_for() {
    let map = stock(&[]);
    let mut silent = Far::inside().with_mood(|_, _| Ok(true));
    let (_, trace) = traced(&mut silent, &map, "read_stock", &[]);
    assert!(Breaker::of(&map, trace.stopped().unwrap(), Timestamp::UNIX_EPOCH).is_none());

    let difference: Difference = moved().difference;
    for text in [
        "",
        "a: [",
        "map: x",
        "map: \"stock/v9\"\nscreens: { menu: { match: { text: { at: [1, 2], is: SVM0202P } } } }",
    ] {
        let proposed = drift::propose(text, &difference);
        assert!(proposed.len() >= text.len());
        assert!(
            !text.contains("v9") || proposed.contains("stock/v10") && proposed.contains("at: [2, 5]"),
            "{proposed}"
        );
    }
}
