//! Screens that changed: by one label, by one column, by a pop-up. Each is a typed error, and no key goes astray.

use super::far::{BOOK, Far, fails, put, stock};
use banyan_screens::picture::Grid;
use banyan_screens::refusals;

fn changed(alter: impl FnMut(&str, &mut Grid) + Send + 'static, code: &str, acts: &[&str]) {
    let map = stock(&[]);
    let mut far = Far::inside().altered(alter);
    assert_eq!(fails(&mut far, &map, "book_stock", BOOK), code);
    assert_eq!(far.acts(), acts);
    assert!(far.bookings.is_empty());
}

#[test]
fn by_one_label() {
    let label = |on: &str, grid: &mut Grid| {
        if on == "booking" {
            put(grid, 1, 30, "STOCK RESERVING");
        }
    };
    changed(label, refusals::UNKNOWN_SCREEN, &["type \"BKG\"", "Enter"]);
}

#[test]
fn by_one_column() {
    let column = |on: &str, grid: &mut Grid| {
        if on == "menu" {
            put(grid, 1, 2, " SVM0202P");
        }
    };
    changed(column, refusals::UNKNOWN_SCREEN, &[]);
    // The title is where it was, the inputs are not: what is typed would land elsewhere.
    let inputs = |on: &str, grid: &mut Grid| {
        if on == "booking" {
            grid.fields.iter_mut().for_each(|f| f.area.at.column += 1);
        }
    };
    changed(inputs, refusals::PROTECTED, &["type \"BKG\"", "Enter"]);
}

#[test]
fn by_a_pop_up() {
    let over = |on: &str, grid: &mut Grid| {
        if on == "booking" {
            (1..5).for_each(|row| put(grid, row, 25, "+----------------------+"));
        }
    };
    changed(over, refusals::UNKNOWN_SCREEN, &["type \"BKG\"", "Enter"]);
    // A pop-up that is a screen of the map itself makes two of them.
    let beside = |on: &str, grid: &mut Grid| {
        if on == "booking" {
            put(grid, 10, 20, "BOOKING ACCEPTED");
        }
    };
    changed(beside, refusals::AMBIGUOUS_SCREEN, &["type \"BKG\"", "Enter"]);
}
