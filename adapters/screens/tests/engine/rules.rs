//! Each rule, broken by the far side: the engine stops, and the far side gets no key it should not.

use super::far::{BOOK, Far, fails, gone, put, run, stock, traced};
use banyan_adapter::Class;
use banyan_screens::map::{End, Key};
use banyan_screens::refusals;
use banyan_screens::transport::Act;

#[test]
fn what_goes_well() {
    let map = stock(&[]);
    let mut far = Far::new();
    let ran = run(&mut far, &map, "book_stock", BOOK).unwrap();
    assert_eq!(ran.end, End::Done);
    assert_eq!(far.bookings, vec![("NEW1".to_owned(), "3".to_owned())]);
    let acts = [
        "fill 21,13 \"op\"",
        "fill 21,53 (6 characters)",
        "Enter",
        "type \"BKG\"",
        "Enter",
        "fill 4,12 \"NEW1\"",
        "fill 5,12 \"3\"",
        "PF5",
    ];
    assert_eq!(far.acts(), acts);
}

#[test]
fn rule_1_no_screen_or_two_and_nothing_is_sent() {
    let map = stock(&[]);
    let mut unknown = Far::inside();
    unknown.go("SOMETHING ELSE");
    assert_eq!(fails(&mut unknown, &map, "read_stock", &[]), refusals::UNKNOWN_SCREEN);
    assert_eq!(unknown.acts(), Vec::<&str>::new());

    let mut both = Far::inside().altered(|_, grid| put(grid, 1, 30, "STOCK LIST"));
    assert_eq!(fails(&mut both, &map, "read_stock", &[]), refusals::AMBIGUOUS_SCREEN);
    assert_eq!(both.acts(), Vec::<&str>::new());
}

#[test]
fn rule_1_holds_again_right_before_the_press() {
    let map = stock(&[]);
    // Another screen comes while the fields are filled.
    let mut far = Far::inside().with_mood(|far, act| {
        if matches!(act, Act::FillAt { at, .. } if at.row == 5) {
            far.go("OTHER SCREEN");
            return Ok(true);
        }
        Ok(false)
    });
    assert_eq!(fails(&mut far, &map, "book_stock", BOOK), refusals::UNKNOWN_SCREEN);
    assert_eq!(far.count("PF5"), 0);
    assert_eq!(far.keys.last().unwrap().0, "booking", "nothing was sent to the other screen");
}

#[test]
fn rule_2_rest_alone_is_no_answer() {
    let map = stock(&[]);
    let silent = |far: &mut Far, act: &Act| Ok(far.on == "menu" && *act == Act::Press(Key::Enter));
    assert_eq!(fails(&mut Far::inside().with_mood(silent), &map, "read_stock", &[]), refusals::NO_ANSWER);

    let locks = |far: &mut Far, act: &Act| {
        far.locked = *act == Act::Press(Key::Enter);
        far.revision += u64::from(far.locked);
        Ok(far.locked)
    };
    assert_eq!(fails(&mut Far::inside().with_mood(locks), &map, "read_stock", &[]), refusals::LOCKED);

    let other = |far: &mut Far, act: &Act| {
        let enter = *act == Act::Press(Key::Enter);
        if enter {
            far.go("booked");
        }
        Ok(enter)
    };
    let mut far = Far::inside().with_mood(other);
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::UNEXPECTED_SCREEN);
    assert_eq!(far.acts(), ["type \"STK\"", "Enter"]);
}

#[test]
fn rule_2_what_comes_in_between_is_waited_out_and_the_answer_counts() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        let enter = *act == Act::Press(Key::Enter);
        if enter {
            far.go("PLEASE WAIT");
            far.later.push_back(Box::new(|far| far.go("STILL WORKING")));
            far.later.push_back(Box::new(|far| far.go("list")));
        }
        Ok(enter)
    });
    assert_eq!(run(&mut far, &map, "read_stock", &[]).unwrap().records.len(), 5);
}

#[test]
fn rule_2_a_clock_that_ticks_is_no_answer() {
    let menu = "match: { text: { at: [1, 2], is: SVM0202P } }";
    let read =
        "{ start: menu, steps: [ { type: \"STK\", press: Enter, expect: list }, { read: table } ], returns: records }";
    let map = stock(&[
        (menu, &format!("{menu}\n    volatile: [[2, 71, 8]]")),
        (read, "{ start: menu, steps: [ { press: Enter, expect: menu } ] }"),
    ]);
    let mut far = Far::inside().with_mood(|far, _| {
        far.revision += 1;
        Ok(true)
    });
    far.plain = true;
    far.alter = Some(Box::new({
        let mut tick = 0;
        move |_, grid| {
            tick += 1;
            put(grid, 2, 71, &format!("12:00:{tick:02}"));
        }
    }));
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::NO_ANSWER);
}

#[test]
fn rule_3_what_stands_there_is_not_what_was_typed() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        if let Act::FillAt { at, text, .. } = act {
            far.typed.insert(*at, text.plain[1..].to_owned());
            return Ok(true);
        }
        Ok(false)
    });
    let (ran, _) = traced(&mut far, &map, "book_stock", BOOK);
    let fault = ran.unwrap_err();
    assert_eq!(fault.code, refusals::READ_BACK);
    assert!(fault.message.contains("`EW1`") && fault.message.contains("`NEW1`"), "{fault}");
    assert_eq!((far.count("PF5"), far.bookings.len()), (0, 0));
}

#[test]
fn rule_3_of_hidden_fields_the_length_is_read_back() {
    let map = stock(&[]);
    let mut far = Far::new().with_mood(|far, act| {
        if let Act::FillAt { at, text, .. } = act
            && at.column == 53
        {
            far.typed.insert(*at, text.plain[1..].to_owned());
            return Ok(true);
        }
        Ok(false)
    });
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::READ_BACK);
    assert_eq!(far.count("Enter"), 0, "a wrong password would have been one try of three");
}

#[test]
fn rule_3_what_was_left_behind_the_new_text_is_seen() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        if let Act::Type(text) = act {
            let at = far.cursor;
            far.typed.insert(at, format!("{}OLD", text.plain));
            return Ok(true);
        }
        Ok(false)
    });
    assert_eq!(fails(&mut far, &map, "read_stock", &[]), refusals::READ_BACK);
    assert_eq!(far.count("Enter"), 0);
}

#[test]
fn rule_4_lost_before_the_commit_is_an_error_that_may_be_retried() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        if matches!(act, Act::FillAt { at, .. } if at.row == 5) {
            far.end();
            return Ok(true);
        }
        Ok(false)
    });
    let fault = run(&mut far, &map, "book_stock", BOOK).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.class), (refusals::DISCONNECTED, Class::Transient));
    assert_eq!((far.count("PF5"), far.bookings.len()), (0, 0));
}

#[test]
fn rule_4_lost_at_the_commit_is_in_doubt() {
    let map = stock(&[]);
    for done in [true, false] {
        let mut far = Far::inside().with_mood(move |far, act| {
            if *act == Act::Press(Key::Pf(5)) {
                if done {
                    far.key(Key::Pf(5));
                }
                far.end();
                return Err(gone());
            }
            Ok(false)
        });
        let ran = run(&mut far, &map, "book_stock", BOOK).unwrap();
        assert!(matches!(ran.end, End::Unknown { .. }), "{ran:?}");
        assert_eq!(far.count("PF5"), 1);
    }
}

#[test]
fn rule_4_not_sent_at_the_commit_is_no_doubt() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|_, act| {
        if *act == Act::Press(Key::Pf(5)) {
            return Err(banyan_adapter::Fault::transient(refusals::NOT_SENT, "the terminal was busy"));
        }
        Ok(false)
    });
    assert_eq!(fails(&mut far, &map, "book_stock", BOOK), refusals::NOT_SENT);
}

#[test]
fn rule_4_lost_after_the_commit_is_verified_where_the_session_lives() {
    let map = stock(&[]);
    for done in [true, false] {
        // The answer to the commit is nothing; then the booking screen is still there.
        let mut far = Far::inside().with_mood(move |far, act| {
            let commit = *act == Act::Press(Key::Pf(5));
            if commit && done {
                let booking = ("NEW1".to_owned(), "3".to_owned());
                far.bookings.push(booking);
            }
            Ok(commit)
        });
        let (ran, trace) = traced(&mut far, &map, "book_stock", BOOK);
        let end = ran.unwrap().end;
        assert_eq!(end == End::Done, done, "{end:?}");
        assert_eq!(matches!(end, End::NotDone { .. }), !done, "{end:?}");
        assert_eq!((far.count("PF5"), far.count("type \"INQ NEW1\"")), (1, 1));
        assert_eq!(trace.stopped().unwrap().fault.code, refusals::NO_ANSWER);
    }
}

#[test]
fn rule_4_lost_between_the_commit_and_its_answer_is_in_doubt() {
    let map = stock(&[]);
    let mut far = Far::inside().with_mood(|far, act| {
        let commit = *act == Act::Press(Key::Pf(5));
        if commit {
            far.later.push_back(Box::new(Far::end));
        }
        Ok(commit)
    });
    let ran = run(&mut far, &map, "book_stock", BOOK).unwrap();
    let End::Unknown { message } = ran.end else { panic!("{ran:?}") };
    assert!(message.contains(refusals::DISCONNECTED), "{message}");
    assert_eq!(far.count("PF5"), 1);
}

#[test]
fn rule_4_no_is_an_answer() {
    let map = stock(&[]);
    let mut far = Far::inside();
    let ran = run(&mut far, &map, "book_stock", &[("item", "NOPE"), ("qty", "1")]).unwrap();
    let rejected = End::Rejected { code: "unknown-item".into(), message: "UNKNOWN ITEM NOPE".into() };
    assert_eq!(ran.end, rejected);
}
