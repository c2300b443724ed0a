//! Pictures drawn.

use super::*;
use crate::map;
use crate::picture::{Area, At, Element, Style};
use banyan_words::node::yaml;

fn screen(name: &str) -> Screen {
    let text = include_str!("../../tests/maps/stock.yaml").replace("\"${env:STOCK_PW}\"", "$password");
    let (node, _) = yaml::parse("stock.yaml", &text);
    let map = map::read(&node.unwrap(), "").unwrap().map;
    map.screens[map.screen(name).unwrap()].clone()
}

fn put(grid: &mut Grid, row: u16, column: u16, text: &str) {
    let start = grid.index(At { row, column }).unwrap();
    for (i, c) in text.chars().enumerate() {
        grid.cells[start + i].glyph = c;
    }
}

fn detail() -> Picture {
    let mut grid = Grid::blank(24, 80);
    put(&mut grid, 1, 2, "STOCK ITEM <&>");
    put(&mut grid, 4, 12, "A-100");
    put(&mut grid, 5, 2, "On hand:   42");
    put(&mut grid, 6, 2, "Bin   C7");
    grid.cells[0].style = Style::REVERSE;
    grid.cursor = At { row: 4, column: 12 };
    Picture { revision: 1, at_rest: true, shown: Shown::Grid(grid) }
}

#[test]
fn a_grid_as_text() {
    let told = text(&detail(), Some(&screen("detail")));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "screen detail");
    assert!(lines[1].starts_with("             1         2"), "{:?}", lines[1]);
    assert_eq!(lines[2].trim().len(), 80);
    assert_eq!(lines[3], "  1  STOCK ITEM <&>");
    let has = |text: &str| assert!(told.contains(text), "{text}\n{told}");
    has("cursor at 4, 12");
    has("item             4, 12 len 8      \"A-100\"");
    has("qty              5, 13 len 7      \"42\"");
    has("bin              6, 8 len 2       \"C7\"");
    let blank = Picture { shown: Shown::Grid(Grid::blank(24, 80)), ..detail() };
    assert!(text(&blank, Some(&screen("detail"))).contains("its label is not there once"));
}

#[test]
fn a_grid_as_svg() {
    let drawn = svg(&detail(), Some(&screen("detail")), &[]);
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains("STOCK ITEM &lt;&amp;&gt;") && !drawn.contains("<&>"));
    for name in ["item", "qty", "bin"] {
        assert!(drawn.contains(&format!(">{name}</text>")), "{name}");
    }
    assert_eq!(drawn.matches("stroke=\"#40c0ff\"").count(), 3);
    let table = svg(&detail(), Some(&screen("list")), &[]);
    assert_eq!(table.matches("stroke=\"#40c0ff\"").count(), 32, "two columns of sixteen rows");
    let marks = [Area { at: At { row: 2, column: 79 }, len: 4 }, Area { at: At { row: 99, column: 1 }, len: 1 }];
    let marked = svg(&detail(), None, &marks);
    assert_eq!(marked.matches("stroke=\"#ffb000\"").count(), 2, "over the end of a row, and none outside the screen");
}

#[test]
fn a_page_is_a_list_of_what_was_found() {
    let element = Element { text: "Save".into(), role: "button".into(), visible: true, ..Element::default() };
    let page = Page {
        url: "https://h/a".into(),
        title: "Items\u{1b}[2J".into(),
        found: [("button \"Save\" input".to_owned(), vec![element])].into(),
        tables: [("items".to_owned(), vec![vec![Some("A1".into()), None]])].into(),
        text: "first\nsecond <b>".into(),
    };
    let picture = Picture { revision: 1, at_rest: true, shown: Shown::Page(page) };
    let told = text(&picture, None);
    for part in ["title Items [2J", "button \"Save\" input: 1 found", "not to be used", "A1 | –", "  second <b>"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let drawn = svg(&picture, None, &[]);
    assert!(drawn.contains("second &lt;b&gt;") && !drawn.contains('\u{1b}'));
    let ended = Picture { revision: 2, at_rest: true, shown: Shown::Disconnected };
    assert!(text(&ended, None).contains("ended the session"));
}
