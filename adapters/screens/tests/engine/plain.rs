//! Terminals that know no fields of their own: what is typed is echoed, later and perhaps elsewhere.

use super::far::{BOOK, Far, fails, run, stock};
use banyan_screens::map::{End, Key};
use banyan_screens::picture::At;
use banyan_screens::refusals;
use banyan_screens::transport::Act;

fn plain(mut far: Far) -> Far {
    far.plain = true;
    far
}

#[test]
fn an_echo_that_comes_in_parts_is_waited_for() {
    let map = stock(&[]);
    let mut far = plain(Far::inside().with_mood(|far, act| {
        let Act::Type(text) = act else { return Ok(false) };
        let at = far.cursor;
        for part in 1..=text.plain.len() {
            let part = text.plain[..part].to_owned();
            far.later.push_back(Box::new(move |far| {
                far.typed.insert(at, part);
                far.revision += 1;
            }));
        }
        Ok(true)
    }));
    assert_eq!(run(&mut far, &map, "read_stock", &[]).unwrap().records.len(), 5);
    assert_eq!(far.acts(), ["type \"STK\"", "Enter", "PF8", "PF8"]);
}

#[test]
fn without_an_echo_nothing_is_pressed() {
    let map = stock(&[]);
    let mut far = plain(Far::inside().with_mood(|_, act| Ok(matches!(act, Act::Type(_)))));
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::READ_BACK);
    assert_eq!(far.acts(), ["type \"STK\""]);
}

#[test]
fn letters_that_act_as_keys_end_the_run() {
    let map = stock(&[]);
    let mut far = plain(Far::inside().with_mood(|far, act| {
        let typed = matches!(act, Act::Type(_));
        if typed {
            far.later.push_back(Box::new(|far| far.go("booking")));
        }
        Ok(typed)
    }));
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::UNEXPECTED_SCREEN);
    assert_eq!(far.acts(), ["type \"STK\""]);
}

#[test]
fn hidden_text_that_is_not_echoed_is_no_difference_and_one_that_is_cut_is() {
    let map = stock(&[]);
    let hidden = |shows: &'static str| {
        plain(Far::new().with_mood(move |far, act| {
            let Act::FillAt { at, .. } = act else { return Ok(false) };
            if at.column == 53 {
                far.typed.insert(*at, shows.to_owned());
                far.revision += 1;
                return Ok(true);
            }
            Ok(false)
        }))
    };
    let mut silent = hidden("");
    // The system never saw the password, and says so; what matters is that it was submitted.
    assert_eq!(fails(&mut silent, &map, "read_stock", &[]), refusals::LOGIN_REFUSED);
    assert_eq!(silent.count("Enter"), 1);
    let mut cut = hidden("***");
    assert_eq!(fails(&mut cut, &map, "read_stock", &[]), refusals::READ_BACK);
    assert_eq!(cut.count("Enter"), 0);
}

#[test]
fn a_label_s_field_is_where_the_cursor_is() {
    let map = stock(&[(
        "item: { at: [4, 12], len: 8 }\n      qty:  { at: [5, 12]",
        "item: { label: \"Item:\" }\n      qty:  { at: [5, 12]",
    )]);
    let mut far = plain(Far::inside().altered(|on, grid| {
        if on == "booking" {
            super::far::put(grid, 4, 2, "Item:");
        }
    }));
    assert_eq!(run(&mut far, &map, "book_stock", BOOK).unwrap().end, End::Done);
    assert!(far.keys.iter().any(|(_, k)| k == "fill 4,12 \"NEW1\""), "{:?}", far.keys);
    assert_eq!(far.bookings, vec![("NEW1".to_owned(), "3".to_owned())]);
    assert_eq!(far.cursor, At { row: 20, column: 8 });
}

#[test]
fn a_message_that_stood_there_before_is_no_answer() {
    let map = stock(&[]);
    // Somebody's wrong password is still told when this one is sent; the far side answers after its echo.
    let late = |then: fn(&mut Far)| {
        let mut far = plain(Far::new().with_mood(move |far, act| {
            let sent = far.on == "home" && matches!(act, Act::Press(Key::Enter));
            if sent {
                far.revision += 1;
                far.later.push_back(Box::new(then));
            }
            Ok(sent)
        }));
        far.message = "Please enter a valid user and password".into();
        far
    };
    assert_eq!(run(&mut late(|far| far.go("menu")), &map, "read_stock", &[]).unwrap().records.len(), 5);
    let mut silent = late(|_| {});
    // A login that nobody answers counts as refused; but nobody says that the far side said so.
    let fault = run(&mut silent, &map, "read_stock", &[]).unwrap_err();
    assert!(fault.code == refusals::LOGIN_REFUSED && fault.message.contains("stood on `home` before"), "{fault}");
}
