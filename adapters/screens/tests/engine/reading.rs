//! Rule 6 and the reading of fields: tables end where they say, and nothing comes twice.

use super::far::{Far, fails, login, put, run, stock, with};
use banyan_adapter::Call;
use banyan_screens::engine;
use banyan_screens::map::{End, Key, Map};
use banyan_screens::picture::{Area, At, Span, Style};
use banyan_screens::refusals;
use banyan_screens::transport::Act;

const NEXT: &str = "next: PF8, end: { text: \"BOTTOM OF DATA\" }";

fn items(far: &mut Far, map: &Map) -> Vec<String> {
    let ran = run(far, map, "read_stock", &[]).unwrap();
    assert_eq!(ran.end, End::Done);
    ran.records.iter().map(|r| r.values[0].clone().unwrap()).collect()
}

const ALL: [&str; 5] = ["ITEM1", "ITEM2", "ITEM3", "ITEM4", "ITEM5"];

#[test]
fn all_pages_and_where_each_value_stood() {
    let map = stock(&[]);
    let mut far = Far::inside();
    let ran = run(&mut far, &map, "read_stock", &[]).unwrap();
    assert_eq!(ran.records.len(), 5);
    let last = &ran.records[4];
    assert_eq!(last.values, [Some("ITEM5".to_owned()), Some("50".to_owned())]);
    assert_eq!(
        (last.place.screen.as_str(), last.place.at, last.place.page),
        ("list", Some(At { row: 5, column: 2 }), 3)
    );
    assert_eq!((last.cells[1].at, last.cells[1].page), (Some(At { row: 5, column: 40 }), 3));
    assert_eq!(far.acts(), ["type \"STK\"", "Enter", "PF8", "PF8"], "no page more than there is");
}

#[test]
fn the_other_ends() {
    let blank = stock(&[(NEXT, "next: PF8, end: { blank: true }")]);
    let mut far = Far::inside();
    far.per_page = 20;
    assert_eq!(items(&mut far, &blank), ALL);

    let one_page = stock(&[(NEXT, "end: { blank: true }")]);
    let mut far = Far::inside();
    far.per_page = 5;
    assert_eq!(items(&mut far, &one_page), ALL);

    let counter = [
        (NEXT, "next: PF8, end: { counter: count }"),
        (
            "match: { text: [{ row: 1, has: \"STOCK LIST\" }] }",
            "match: { text: [{ row: 1, has: \"STOCK LIST\" }] }\n    fields: { count: { at: [3, 10], len: 5 } }",
        ),
    ];
    let counts = |says: &'static str| {
        Far::inside().altered(move |on, grid| {
            if on == "list" {
                put(grid, 3, 10, says);
            }
        })
    };
    assert_eq!(items(&mut counts("5"), &stock(&counter)), ALL);
    assert_eq!(fails(&mut counts("3"), &stock(&counter), "read_stock", &[]), refusals::TABLE_WITHOUT_END);
    assert_eq!(fails(&mut counts("many"), &stock(&counter), "read_stock", &[]), refusals::FIELD_MISSING);
    assert_eq!(fails(&mut counts("6"), &stock(&counter), "read_stock", &[]), refusals::PAGE_REPEATED);

    // A row that was read is deleted while somebody turns the page: the last row of the next page moves to this one.
    let mut far = Far::inside()
        .altered(|on, grid| {
            let left = if grid.row(5).contains("ITEM1") { "5" } else { "4" };
            if on == "list" {
                put(grid, 3, 10, left);
            }
        })
        .with_mood(|far, act| {
            if matches!(act, Act::Press(Key::Pf(8))) && far.stock.len() == 5 {
                far.stock.remove(0);
            }
            Ok(false)
        });
    assert_eq!(fails(&mut far, &stock(&counter), "read_stock", &[]), refusals::TABLE_CHANGED);
}

#[test]
fn a_repeated_page_is_an_error() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        let next = *act == Act::Press(Key::Pf(8));
        far.revision += u64::from(next);
        Ok(next)
    });
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::PAGE_REPEATED);
    assert_eq!(far.count("PF8"), 1, "it was pressed once and not again");

    let mut circle = Far::inside().with_mood(|far, act| {
        if *act == Act::Press(Key::Pf(8)) {
            far.page = (far.page + 1) % 2;
            far.revision += 1;
            return Ok(true);
        }
        Ok(false)
    });
    assert_eq!(fails(&mut circle, &map, "read_stock", &[]), refusals::PAGE_REPEATED);
    assert_eq!(circle.count("PF8"), 2, "an earlier page is seen as well");
}

/// A far side that shows its marker only when more is asked of its last page, which comes again.
fn marks_when_asked_again() -> Far {
    let mut pressed = 0;
    let mut far = Far::inside().with_mood(move |far, act| {
        pressed += usize::from(*act == Act::Press(Key::Pf(8)));
        if pressed == 3 {
            far.later.push_back(Box::new(|far| far.go("list")));
        }
        Ok(false)
    });
    far.alter = Some(Box::new({
        let mut shown = 0;
        move |on, grid| {
            if on == "list" && grid.cells[21 * 80 + 29].glyph == 'B' {
                shown += 1;
                if shown == 1 {
                    put(grid, 22, 30, "              ");
                }
            }
        }
    }));
    far
}

#[test]
fn a_last_page_that_comes_again_with_the_end_text_is_the_end_only_where_the_map_says_so() {
    let map = stock(&[(NEXT, "next: PF8, end: { text: \"BOTTOM OF DATA\", repeats: true }")]);
    assert_eq!(items(&mut marks_when_asked_again(), &map), ALL);
    // Of any other system it may be a page that was not turned.
    assert_eq!(fails(&mut marks_when_asked_again(), &stock(&[]), "read_stock", &[]), refusals::PAGE_REPEATED);
}

#[test]
fn an_end_text_in_a_record_is_data() {
    let map = stock(&[]);
    let with = |name: &str, quantity: &str| {
        let mut far = Far::inside();
        far.stock[1] = (name.into(), quantity.into());
        run(&mut far, &map, "read_stock", &[])
    };
    // The quantity's column is as wide as seven letters.
    assert_eq!(with("ITEM2", "BOTTOM OF DATA").unwrap().records.len(), 5);
    for name in ["BOTTOM OF DATA LOGGER", "A BOTTOM OF DATA"] {
        let fault = with(name, "20").unwrap_err();
        assert_eq!(fault.code, refusals::TABLE_WITHOUT_END);
        assert!(fault.message.contains("nobody can tell"), "{fault}");
    }
    // A line drawn around the text is none.
    let mut far = Far::inside().altered(|on, grid| {
        if on == "list" && grid.cells[21 * 80 + 29].glyph == 'B' {
            put(grid, 22, 30, "              ");
            put(grid, 12, 2, "******************* BOTTOM OF DATA *******************");
        }
    });
    assert_eq!(items(&mut far, &map), ALL);
}

#[test]
fn a_repeated_key_is_an_error() {
    let map = stock(&[]);
    let mut far = Far::inside();
    far.stock[4].0 = "ITEM1".into();
    let fault = run(&mut far, &map, "read_stock", &[]).unwrap_err();
    assert_eq!(fault.code, refusals::KEY_REPEATED);
    assert!(fault.message.contains("`ITEM1`"), "{fault}");
}

#[test]
fn what_stands_below_the_end_is_an_error() {
    let map = stock(&[]);
    let mut far = Far::inside().altered(|on, grid| {
        if on == "list" {
            put(grid, 7, 20, "BOTTOM OF DATA");
            put(grid, 9, 2, "LATE");
        }
    });
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::TABLE_WITHOUT_END);
}

#[test]
fn without_its_end_a_table_is_not_used() {
    let map = stock(&[(NEXT, "end: { text: \"BOTTOM OF DATA\" }")]);
    assert_eq!(fails(&mut Far::inside(), &map, "read_stock", &[]), refusals::TABLE_WITHOUT_END);
}

#[test]
fn lost_while_paging_nothing_is_used_and_pages_are_handed_on_as_they_come() {
    let map = stock(&[]);
    let broken = || {
        Far::inside().with_mood(|far, act| {
            if *act == Act::Press(Key::Pf(8)) && far.page == 1 {
                far.end();
            }
            Ok(false)
        })
    };
    assert_eq!(fails(&mut broken(), &map, "read_stock", &[]), refusals::DISCONNECTED);

    let pages = |far: &mut Far| {
        let mut pages = Vec::new();
        let flow = map.flow("read_stock").unwrap();
        let (end, _) = with(&map, &login(), &Call::default(), |means| {
            engine::run_into(far, means, flow, &[], &mut |page| {
                pages.push(page.len());
                Ok(())
            })
        });
        (end.map_err(|f| f.code), pages)
    };
    assert_eq!(pages(&mut Far::inside()), (Ok(End::Done), vec![2, 2, 1]));
    assert_eq!(pages(&mut broken()).0, Err(refusals::DISCONNECTED.to_owned()));
}

#[test]
fn a_flow_that_commits_is_not_streamed() {
    let map = stock(&[]);
    let mut far = Far::inside();
    let given = [("item".to_owned(), "A".to_owned()), ("qty".to_owned(), "1".to_owned())];
    let flow = map.flow("book_stock").unwrap();
    let (end, _) =
        with(&map, &login(), &Call::default(), |m| engine::run_into(&mut far, m, flow, &given, &mut |_| Ok(())));
    assert_eq!(end.unwrap_err().code, refusals::NOT_SENT);
    assert_eq!(far.acts(), Vec::<&str>::new());
}

#[test]
fn fields_by_label_and_pattern_and_what_does_not_exist() {
    let map = stock(&[]);
    let ran = run(&mut Far::inside(), &map, "find_booking", &[("item", "ITEM2")]).unwrap();
    assert_eq!(ran.records[0].values, [Some("17".to_owned()), Some("A12".to_owned())]);
    let places: Vec<_> = ran.records[0].cells.iter().map(|p| p.at).collect();
    assert_eq!(places, [Some(At { row: 5, column: 12 }), Some(At { row: 6, column: 8 })]);

    let ran = run(&mut Far::inside(), &map, "read_item", &[("item", "NONE")]).unwrap();
    assert_eq!((ran.end, ran.records.len()), (End::Absent, 0));
}

#[test]
fn labels_that_are_gone_or_there_twice() {
    let map = stock(&[]);
    let given = [("item", "ITEM2")];
    let mut gone = Far::inside().altered(|on, grid| {
        if on == "detail" {
            put(grid, 5, 2, "In stock: 17");
        }
    });
    assert_eq!(fails(&mut gone, &map, "read_item", &given), refusals::FIELD_MISSING);
    let mut twice = Far::inside().altered(|on, grid| {
        if on == "detail" {
            put(grid, 8, 2, "On hand:  99");
        }
    });
    assert_eq!(fails(&mut twice, &map, "read_item", &given), refusals::FIELD_MISSING);
    let mut pattern = Far::inside().altered(|on, grid| {
        if on == "detail" {
            put(grid, 6, 2, "Bin   12A");
        }
    });
    assert_eq!(fails(&mut pattern, &map, "find_booking", &given), refusals::FIELD_MISSING);
}

#[test]
fn a_blank_value_before_another_label_is_blank() {
    let map = stock(&[("bin:  { regex: \"Bin +([A-Z][0-9]+)\", row: 6 }", "bin: { label: \"Bin:\" }")]);
    let mut far = Far::inside().altered(|on, grid| {
        if on == "detail" {
            put(grid, 5, 2, "On hand:      Bin: A12  x");
        }
    });
    let ran = run(&mut far, &map, "find_booking", &[("item", "ITEM2")]).unwrap();
    assert_eq!(ran.records[0].values, [Some(String::new()), Some("A12".to_owned())]);
}

#[test]
fn a_value_that_goes_on_beyond_its_field_is_not_read_cut_off() {
    let wide = ("qty:  { label: \"On hand:\", len: 7 }", "qty:  { at: [5, 12], len: 2 }");
    let shows = |says: &'static str| {
        Far::inside().altered(move |on, grid| {
            if on == "detail" {
                put(grid, 5, 12, says);
                let area = Area { at: At { row: 5, column: 12 }, len: 8 };
                grid.fields.push(Span { area, style: Style::PROTECTED, modified: false });
            }
        })
    };
    let item = &[("item", "ITEM1")];
    let map = stock(&[wide]);
    assert_eq!(run(&mut shows("17 "), &map, "read_item", item).unwrap().records[0].values[1].as_deref(), Some("17"));
    for says in ["1765", " 17"] {
        let fails = || fails(&mut shows(says), &map, "read_item", item);
        assert_eq!(fails(), refusals::FIELD_MISSING, "{says}");
    }
    let part = stock(&[(wide.0, "qty:  { at: [5, 12], len: 2, part: true }")]);
    assert_eq!(run(&mut shows("1765"), &part, "read_item", item).unwrap().records[0].values[1].as_deref(), Some("17"));
}
