//! Values that do not fit: refused before the far side gets a key.

use super::far::{Far, fails, read, stock};
use banyan_screens::picture::Style;
use banyan_screens::refusals;

fn refused(item: &str, qty: &str) -> String {
    let map = stock(&[]);
    let mut far = Far::inside();
    let code = fails(&mut far, &map, "book_stock", &[("item", item), ("qty", qty)]);
    assert_eq!(far.acts(), Vec::<&str>::new(), "{item:?} {qty:?}: nothing was sent, not even the way to the screen");
    code
}

#[test]
fn what_is_given_is_checked_before_anything_is_sent() {
    assert_eq!(refused("MUCH-TOO-LONG", "1"), refusals::TOO_LONG);
    assert_eq!(refused("日本語日本", "1"), refusals::TOO_LONG, "wide characters take two cells");
    assert_eq!(refused("A", "12x"), refusals::NOT_NUMERIC);
    assert_eq!(refused("A", ""), refusals::NOT_NUMERIC);
    assert_eq!(refused("A", "1.5"), refusals::NOT_NUMERIC);
    assert_eq!(refused("A", "123456"), refusals::TOO_LONG);
    assert_eq!(refused("A\n", "1"), refusals::NOT_TYPEABLE);
    assert_eq!(refused("A\u{1b}[A", "1"), refusals::NOT_TYPEABLE);
    assert_eq!(refused("A\u{9b}", "1"), refusals::NOT_TYPEABLE);
}

#[test]
fn names_and_types_must_agree() {
    let map = stock(&[("given: { item: text, qty: integer }", "given: { item: date, qty: decimal }")]);
    let code = |given: &[(&str, &str)]| {
        let mut far = Far::inside();
        let code = fails(&mut far, &map, "book_stock", given);
        assert_eq!(far.acts(), Vec::<&str>::new());
        code
    };
    assert_eq!(code(&[("item", "2026-07-31")]), refusals::UNFIT, "qty is missing");
    assert_eq!(code(&[("item", "2026-07-31"), ("qty", "1"), ("qty", "2")]), refusals::UNFIT);
    assert_eq!(code(&[("item", "2026-07-31"), ("qty", "1"), ("more", "2")]), refusals::UNFIT);
    for date in ["2026-02-30", "20260731", "31.7.2026", ""] {
        assert_eq!(code(&[("item", date), ("qty", "1")]), refusals::UNFIT, "{date}");
    }
    for number in ["1.", ".5", "1,5", "1e3", "--1", "+1", "½"] {
        assert_eq!(code(&[("item", "2026-07-31"), ("qty", number)]), refusals::NOT_NUMERIC, "{number}");
    }
}

#[test]
fn what_only_the_far_side_knows_is_seen_before_the_key() {
    let map = stock(&[("numeric: true", "numeric: false"), ("qty: integer", "qty: text")]);
    let mut letters = Far::inside();
    let given = [("item", "A"), ("qty", "many")];
    assert_eq!(fails(&mut letters, &map, "book_stock", &given), refusals::NOT_NUMERIC, "the field is numeric there");
    assert_eq!(letters.acts().last(), Some(&"fill 4,12 \"A\""));

    let mut protected = Far::inside().altered(|on, grid| {
        if on == "booking" {
            grid.fields.iter_mut().for_each(|f| f.style = f.style.with(Style::PROTECTED));
        }
    });
    assert_eq!(fails(&mut protected, &map, "book_stock", &given), refusals::PROTECTED);
    assert_eq!(protected.acts(), ["type \"BKG\"", "Enter"]);

    let mut shorter = Far::inside().altered(|on, grid| {
        if on == "booking" {
            grid.fields.iter_mut().for_each(|f| f.area.len = f.area.len.min(3));
        }
    });
    assert_eq!(fails(&mut shorter, &map, "book_stock", &[("item", "ABCD"), ("qty", "1")]), refusals::TOO_LONG);
    assert_eq!(shorter.acts(), ["type \"BKG\"", "Enter"]);
}

#[test]
fn what_is_typed_at_the_cursor_must_fit_the_field_there() {
    let text = super::far::STOCK.replace("type: \"STK\"", "type: \"A MUCH LONGER COMMAND LINE\"");
    let mut far = Far::inside();
    assert_eq!(fails(&mut far, &read(&text), "read_stock", &[]), refusals::TOO_LONG);
    assert_eq!(far.acts(), Vec::<&str>::new());

    let map = stock(&[]);
    let mut nowhere = Far::inside().altered(|_, grid| grid.cursor = (9, 9).into());
    assert_eq!(fails(&mut nowhere, &map, "read_stock", &[]), refusals::PROTECTED);
    assert_eq!(nowhere.acts(), Vec::<&str>::new());
}
