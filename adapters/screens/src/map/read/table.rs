//! Tables: their rows, columns, paging and end.

use super::super::{Finder, Paging, ScreenNo, Table, TableEnd};
use super::notes::each;
use super::raw::{RawElement, RawEnd, RawTable};
use super::{Far, Reader};
use crate::picture::{Area, At};
use banyan_words::node::{Kind, Node, join};

impl Reader<'_> {
    pub(super) fn table(&mut self, no: ScreenNo, raw: &RawTable, path: &str) -> Option<Table> {
        let height = raw.height.unwrap_or(1);
        let rows = self.rows(raw, height, path);
        if raw.columns.is_empty() {
            self.notes.missing(path, "the table has no columns", "write `columns: { item: [2, 8] }`");
        }
        let mut columns: Vec<(String, Finder)> = Vec::new();
        for (name, node) in raw.columns.iter() {
            let at = join(&join(path, "columns"), name);
            if let Some(find) = self.column(node, height, &at) {
                let same = columns.iter().find(|(_, other)| overlaps(other, &find));
                if let Some((other, _)) = same {
                    let message = format!("`{name}` and `{other}` share cells");
                    self.notes.error("fields-overlap", &at, message, "check columns and lengths");
                }
                columns.push((name.to_owned(), find));
            }
        }
        let next = raw.next.as_ref().and_then(|node| self.next(no, node, &join(path, "next")));
        let end = raw.end.as_ref().and_then(|end| self.end(no, end, &join(path, "end")));
        self.check_paging(raw, path);
        let key = self.table_key(raw, path);
        Some(Table { rows: rows?, height, row_css: raw.row.clone(), columns, next, end, key })
    }

    fn rows(&mut self, raw: &RawTable, height: u16, path: &str) -> Option<(u16, u16)> {
        if self.far == Some(Far::Web) {
            if raw.rows.is_some() {
                self.on_grid("rows", &join(path, "rows"));
            }
            if raw.row.as_deref().is_none_or(|css| css.trim().is_empty()) {
                let hint = "write `row: \"table#list tbody tr\"`: a CSS selector";
                self.notes.missing(path, "nothing says what a row of the table is", hint);
            }
            return Some((0, 0));
        }
        if raw.row.is_some() {
            self.on_page("row", &join(path, "row"));
        }
        let Some((first, last)) = raw.rows else {
            let hint = "write `rows: [5, 20]`: the first and the last row";
            self.notes.missing(path, "nothing says in which rows the table stands", hint);
            return None;
        };
        let at = join(path, "rows");
        self.area(At { row: first, column: 1 }, 1, &at)?;
        self.area(At { row: last, column: 1 }, 1, &at)?;
        let rows = last.checked_sub(first).map(|n| n + 1);
        if height == 0 || rows.is_none_or(|n| n % height != 0) {
            let message = match (height, rows) {
                (0, _) => "a record has at least one row".to_owned(),
                (_, None) => "the last row stands above the first".to_owned(),
                (_, Some(n)) => format!("{n} rows are no whole number of records of {height} rows"),
            };
            self.notes.error("bad-value", &at, message, "check `rows` and `height`");
            return None;
        }
        Some((first, last))
    }

    fn column(&mut self, node: &Node, height: u16, path: &str) -> Option<Finder> {
        match &node.kind {
            Kind::List(_) => {
                self.on_grid("[column, length]", path);
                let numbers: Vec<u16> = self.notes.read(node, path)?;
                let (row, column, len) = match numbers.as_slice() {
                    [column, len] => (1, *column, *len),
                    [row, column, len] => (*row, *column, *len),
                    _ => {
                        let hint =
                            "write `[column, length]`, or `[row, column, length]` where a record has several rows";
                        self.notes.error("bad-value", path, "a column has a place and a length", hint);
                        return None;
                    }
                };
                if !(1..=height.max(1)).contains(&row) {
                    let message = format!("a record has no row {row}");
                    self.notes.error("outside-screen", path, message, "its rows count from 1 to `height`");
                    return None;
                }
                // Any row of the screen has the same columns.
                self.area(At { row: 1, column }, len, path)?;
                if self.size.is_some_and(|(_, all)| u32::from(column) + u32::from(len) - 1 > u32::from(all)) {
                    let message = "a column of a table does not run on into the next row";
                    self.notes.error("outside-screen", path, message, "check its length");
                }
                Some(Finder::Area(Area { at: At { row, column }, len }))
            }
            Kind::Map(_) => {
                self.on_page("css", path);
                let raw: RawElement = self.notes.read(node, path)?;
                self.element(&raw.css, &raw.role, &raw.name, path).map(Finder::Element)
            }
            Kind::Scalar { .. } => {
                self.on_page("a selector", path);
                let css: String = self.notes.read(node, path)?;
                self.element(&css, &None, &None, path).map(Finder::Element)
            }
        }
    }

    fn next(&mut self, no: ScreenNo, node: &Node, path: &str) -> Option<Paging> {
        let here = Some(vec![no]);
        if let Some(word) = node.as_text() {
            return Some(Paging { press: self.press_word(&here, word, path)?, within: None });
        }
        let raw: super::raw::RawPress = self.notes.read(node, path)?;
        if raw.expect.is_some() {
            let message = "the next page is on the same screen";
            self.notes.error("conflict", &join(path, "expect"), message, "leave it out");
        }
        let press = self.pressed(&here, (raw.press.as_ref(), raw.key.as_deref(), raw.button.as_deref()), path)?;
        if press.is_none() {
            self.notes.missing(path, "nothing is pressed", "write `next: PF8`");
        }
        Some(Paging { press: press?, within: raw.within.map(|d| d.0) })
    }

    fn end(&mut self, no: ScreenNo, raw: &RawEnd, path: &str) -> Option<TableEnd> {
        let said = [raw.text.is_some(), raw.blank, raw.counter.is_some(), raw.no_next];
        if said.iter().filter(|s| **s).count() != 1 {
            let hint =
                "write `{ text: \"BOTTOM OF DATA\" }`, `{ blank: true }`, `{ counter: total }` or `{ no_next: true }`";
            self.notes.error("conflict", path, "a table ends in one way", hint);
            return None;
        }
        if let Some(text) = &raw.text {
            if text.trim().is_empty() {
                self.notes.error("bad-value", path, "a blank text stands everywhere", "say which text");
                return None;
            }
            return Some(TableEnd::Text { text: text.clone(), repeats: raw.repeats });
        }
        if raw.repeats {
            self.notes.error("conflict", &join(path, "repeats"), "it belongs to an end by `text`", "leave it out");
        }
        if raw.blank {
            self.on_grid("blank", path);
            return Some(TableEnd::Blank);
        }
        match &raw.counter {
            Some(name) => self.field_of(no, name, &join(path, "counter")).map(TableEnd::Counter),
            None => Some(TableEnd::NoNext),
        }
    }

    fn check_paging(&mut self, raw: &RawTable, path: &str) {
        if raw.next.is_some() && raw.end.is_none() {
            let hint = "say what the last page shows: `end: { text: \"BOTTOM OF DATA\" }`";
            self.notes.missing(path, "a table with `next` needs an `end`", hint);
        }
        if raw.next.is_some() && raw.key.is_none() {
            let hint = "name the columns that no two records share: `key: [item]`";
            self.notes.missing(path, "a table with pages needs a `key`, lest a record be read twice", hint);
        }
        if raw.next.is_none() && raw.end.as_ref().is_some_and(|e| e.no_next) {
            let message = "`no_next` says that `next` is gone, and there is no `next`";
            self.notes.error("conflict", &join(path, "end"), message, "leave `end` out: there is one page");
        }
    }

    fn table_key(&mut self, raw: &RawTable, path: &str) -> Vec<String> {
        let mut key: Vec<String> = Vec::new();
        for (node, at) in each(raw.key.as_ref(), &join(path, "key")) {
            let Some(name) = self.notes.read::<String>(node, &at) else { continue };
            let faulty = self.notes.partial(&join(path, "columns"));
            if raw.columns.get(&name).is_none() && !faulty {
                self.notes.unknown("column", &at, &name, raw.columns.names());
            } else if key.contains(&name) {
                self.notes.error("duplicate-name", &at, format!("`{name}` is named twice"), "name it once");
            }
            key.push(name);
        }
        key
    }
}

/// Whether two places on a grid share a cell of one row.
pub(super) fn overlaps(a: &Finder, b: &Finder) -> bool {
    match (a, b) {
        (Finder::Area(a), Finder::Area(b)) => {
            let end = |a: &Area| u32::from(a.at.column) + u32::from(a.len);
            a.at.row == b.at.row && u32::from(a.at.column) < end(b) && u32::from(b.at.column) < end(a)
        }
        _ => false,
    }
}
