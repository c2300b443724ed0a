//! Flows that a person runs, screens and traces that they look at: the real program against the demo's 3270 host.

use crate::common::{Site, printed};
use banyan_testkit_tn3270::{DropAt, Layout};
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

fn book(site: &Site, item: &str, reference: &str, commit: bool) -> Output {
    let (item, reference) = (format!("item={item}"), format!("reference={reference}"));
    let mut args = vec!["screens", "run", "green", "book_stock", "--with", &item, "--with", "qty=2"];
    args.extend(["--with", &reference, "--with", "note=FOR ANN"]);
    args.extend(commit.then_some("--commit"));
    site.banyan(&args)
}

/// Whether the host has a booking, as a flow says.
fn found(site: &Site, reference: &str) -> bool {
    let reference = format!("reference={reference}");
    let out = site.banyan(&["screens", "run", "green", "find_booking", "--with", &reference]);
    assert!([Some(0), Some(4)].contains(&out.status.code()), "{}", printed(&out));
    out.status.success()
}

/// How often the key that books was pressed.
fn commits(site: &Site) -> usize {
    site.host().seen().keys.iter().filter(|k| k.key == "PF5").count()
}

#[test]
fn a_flow_that_commits_runs_only_if_that_is_said() {
    let site = Site::demo();
    let out = book(&site, "HW000111", "R1", false);
    assert!(out.status.code() == Some(2) && printed(&out).contains("--commit"), "{}", printed(&out));
    let seen = site.host().seen();
    assert_eq!((seen.connections, seen.keys.len()), (0, 0), "the host was not even called");

    let out = book(&site, "HW000111", "R1", true);
    assert!(out.status.success() && printed(&out).contains("done"), "{}", printed(&out));
    assert_eq!(commits(&site), 1);
    assert!(found(&site, "R1"));
    let audit = fs::read_to_string(site.path("banyan.discover.audit.jsonl")).unwrap();
    assert!(audit.contains("book_stock: [menu ") && audit.contains("PF5"), "{audit}");
    assert!(!audit.contains("FOR ANN") && audit.contains("$note"), "no values in the audit: {audit}");

    let out = book(&site, "HW999999", "R2", true);
    assert_eq!(out.status.code(), Some(3), "{}", printed(&out));
    assert!(printed(&out).contains("refused [item-not-found]"), "{}", printed(&out));
    assert_eq!(commits(&site), 1, "refused before the key that books");
    assert!(!found(&site, "R2"));
}

#[test]
fn a_login_that_fails_says_where_it_can_be_looked_at() {
    let site = Site::demo();
    site.host().set(|o| o.password = "OTHER".into());
    let out = site.banyan(&["screens", "run", "green", "read_stock"]);
    assert!(out.status.code() == Some(1) && printed(&out).contains("refuses the login"), "{}", printed(&out));
    let told = printed(&out);
    let (_, trace) = told.split_once("\nwhat was seen: ").unwrap_or_else(|| panic!("{told}"));
    let out = site.banyan(&["screens", "show", "green", trace.lines().next().unwrap()]);
    assert!(printed(&out).contains("Please enter a valid account and password"), "{}", printed(&out));
    // It is held back now, and nothing was seen by who was not let in.
    let out = site.banyan(&["screens", "run", "green", "read_stock"]);
    assert!(!out.status.success() && !printed(&out).contains("what was seen"), "{}", printed(&out));
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_and_never_repeated() {
    let site = Site::demo();
    site.host().set(|o| o.drop = Some(DropAt::AfterCommit));
    let out = book(&site, "HW000111", "R1", true);
    assert!(out.status.success(), "it was recorded: {}", printed(&out));
    site.host().set(|o| o.drop = Some(DropAt::AtCommit));
    let out = book(&site, "HW000111", "R2", true);
    assert_eq!(out.status.code(), Some(1), "{}", printed(&out));
    assert!(printed(&out).contains("a new session looked: it was not done"), "{}", printed(&out));
    assert_eq!(commits(&site), 2);
    site.host().set(|o| o.drop = None);
    assert_eq!((found(&site, "R1"), found(&site, "R2")), (true, false));

    // What was booked before under that name is no proof.
    site.host().set(|o| o.drop = Some(DropAt::AtCommit));
    let out = book(&site, "HW000130", "R1", true);
    assert!(out.status.code() == Some(5) && printed(&out).contains("IN DOUBT"), "{}", printed(&out));
    assert!(printed(&out).contains("`item` is `HW000111`, and was to be `HW000130`"), "{}", printed(&out));
    // Recorded, and then a screen that nobody knows: it stops the map, and what became of the commit is looked up.
    site.host().set(|o| (o.drop, o.error_after_commit) = (None, true));
    let out = book(&site, "HW000111", "R3", true);
    assert!(out.status.success(), "it was recorded: {}", printed(&out));
    site.host().set(|o| o.error_after_commit = false);
    let out = book(&site, "HW000111", "R4", true);
    assert!(!out.status.success() && printed(&out).contains("screens-breaker-open"), "{}", printed(&out));
    assert_eq!(commits(&site), 4);
}

#[test]
fn screens_and_traces_are_shown_as_text_and_drawn() {
    let site = Site::demo();
    let never = site.banyan(&["screens", "show", "green", "detail"]);
    assert!(
        never.status.code() == Some(1) && printed(&never).contains("no kept trace shows `detail`"),
        "{}",
        printed(&never)
    );
    let trace = site.path("kept.jsonl");
    let trace = trace.to_str().unwrap();
    site.banyan_json(&["screens", "run", "green", "read_item", "--with", "item=HW000111", "--trace", trace]);

    let screen = site.banyan(&["screens", "show", "green", "detail", "--svg", "detail.svg"]);
    let text = printed(&screen);
    assert!(screen.status.success() && text.starts_with("screen detail\n"), "{text}");
    assert!(text.contains("  5  ITEM . . . . . .  HW000111") && text.contains("GREEN TEA 250"), "{text}");
    let field = text.lines().find(|l| l.trim_start().starts_with("item ")).unwrap();
    assert!(field.contains("5, 20 len 8") && field.ends_with("\"HW000111\""), "{field}");
    let drawn = fs::read_to_string(site.path("detail.svg")).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.contains("HW000111") && drawn.trim_end().ends_with("</svg>"));

    let pictures = site.banyan_json(&["screens", "show", "green", trace])["pictures"].clone();
    let names: Vec<&str> = pictures.as_array().unwrap().iter().filter_map(|p| p["screen"].as_str()).collect();
    assert!(
        names.first() == Some(&"menu") && names.contains(&"enquiry") && names.last() == Some(&"detail"),
        "{names:?}"
    );
    let text = printed(&site.banyan(&["screens", "show", "green", trace]));
    assert!(text.contains("sent: Enter") && text.contains("screen enquiry"), "{text}");

    let wrong = site.banyan(&["screens", "show", "green", "detial"]);
    assert!(
        wrong.status.code() == Some(2) && printed(&wrong).contains("did you mean `detail`?"),
        "{}",
        printed(&wrong)
    );
}

#[test]
fn a_screen_that_moved_is_shown_accepted_and_written_into_the_map() {
    let site = Site::demo();
    let read = || site.banyan(&["screens", "run", "green", "read_item", "--with", "item=HW000111"]);
    assert!(read().status.success());
    site.host().set(|o| o.layout = Layout::ColumnMoved);
    let out = read();
    assert!(out.status.code() == Some(1) && printed(&out).contains("screens-unknown-screen"), "{}", printed(&out));
    let keys = site.host().seen().keys.len();
    let out = read();
    assert!(printed(&out).contains("screens-breaker-open"), "{}", printed(&out));
    assert_eq!(site.host().seen().keys.len(), keys, "nothing is pressed while it stands");

    let before = fs::read_to_string(site.path("green/stock.yaml")).unwrap();
    let shown = site.banyan(&["screens", "accept", "green", "--show"]);
    assert!(shown.status.success(), "{}", printed(&shown));
    assert!(printed(&shown).contains("it stands at row 7, column 3 now"), "{}", printed(&shown));
    let waits: Value = site.banyan_json(&["screens", "accept", "green", "--show"]);
    let proposal = waits["proposal"].as_str().unwrap();
    assert!(proposal.contains("map: stock/v2") && proposal.contains("{ at: [7, 3], is: \"QUANTITY . . . .\" }"));
    let qty = |map: &str| map.lines().find(|l| l.contains("qty:") && l.contains("at: [7,")).map(str::to_owned).unwrap();
    assert_eq!(
        qty(proposal),
        qty(&before).replace("[7, 20]", "[7, 21]"),
        "the host draws the value one column further too"
    );
    assert_eq!((waits["kept"].clone(), waits["done"].clone()), (json!(null), json!(null)));
    assert_eq!(fs::read_to_string(site.path("green/stock.yaml")).unwrap(), before, "showing writes nothing");
    assert!(!read().status.success(), "showing accepts nothing");

    let accepted = site.banyan(&["screens", "accept", "green", "--write"]);
    assert!(accepted.status.success() && printed(&accepted).contains("stock.v1.yaml"), "{}", printed(&accepted));
    assert_eq!(fs::read_to_string(site.path("green/stock.v1.yaml")).unwrap(), before, "the old version is kept");
    assert_eq!(fs::read_to_string(site.path("green/stock.yaml")).unwrap(), proposal);
    let out = read();
    assert!(out.status.success() && printed(&out).contains("HW000111"), "{}", printed(&out));
    assert!(printed(&out).lines().any(|l| l.split_whitespace().any(|w| w == "40")), "{}", printed(&out));
}
