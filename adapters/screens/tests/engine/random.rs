//! A far side at random: the engine never sends a key on a screen it does not know, never sends a commit twice, and always
//! ends.

use super::far::{BOOK, Far, gone, login, put, run, stock, with};
use banyan_adapter::Call;
use banyan_screens::engine;
use banyan_screens::map::{End, Map};
use proptest::prelude::*;
use std::sync::{Arc, Mutex, OnceLock};

const SCREENS: [&str; 9] =
    ["home", "menu", "list", "detail", "booking", "booked", "broadcast", "NEVER SEEN BEFORE", "SVM0202P"];

/// What the far side does with an act.
#[derive(Clone, Debug)]
enum Whim {
    Honest,
    Silent,
    Lock,
    Show(usize),
    ShowLater(usize),
    DoThenShow(usize),
    DoThenEnd,
    End,
    Fail,
    FailAndEnd,
    Blur,
}

fn whim() -> impl Strategy<Value = Whim> {
    prop_oneof![
        8 => Just(Whim::Honest),
        1 => Just(Whim::Silent),
        1 => Just(Whim::Lock),
        2 => (0..SCREENS.len()).prop_map(Whim::Show),
        2 => (0..SCREENS.len()).prop_map(Whim::ShowLater),
        1 => (0..SCREENS.len()).prop_map(Whim::DoThenShow),
        1 => Just(Whim::DoThenEnd),
        1 => Just(Whim::End),
        1 => Just(Whim::Fail),
        1 => Just(Whim::FailAndEnd),
        1 => Just(Whim::Blur),
    ]
}

fn map() -> &'static Map {
    static MAP: OnceLock<Map> = OnceLock::new();
    MAP.get_or_init(|| stock(&[("within: 5s", "within: 50ms"), ("within: 10s", "within: 50ms")]))
}

fn far(start: usize, whims: Vec<Whim>, blurred: Arc<Mutex<bool>>) -> Far {
    let mut far = Far::new();
    far.go(SCREENS[start]);
    let mut whims = whims.into_iter();
    let blur = blurred.clone();
    far.with_mood(move |far, act| {
        let show = |far: &mut Far, n: usize| {
            if SCREENS[n] == "broadcast" { far.broadcast() } else { far.go(SCREENS[n]) }
        };
        let press = |far: &mut Far| {
            if let banyan_screens::transport::Act::Press(key) = act {
                far.key(*key);
            }
        };
        match whims.next().unwrap_or(Whim::Honest) {
            Whim::Honest => return Ok(false),
            Whim::Silent => {}
            Whim::Lock => {
                far.locked = true;
                far.revision += 1;
            }
            Whim::Show(n) => show(far, n),
            Whim::ShowLater(n) => far.later.push_back(Box::new(move |far| show(far, n))),
            Whim::DoThenShow(n) => {
                press(far);
                show(far, n);
            }
            Whim::DoThenEnd => {
                press(far);
                far.end();
            }
            Whim::End => far.end(),
            Whim::Fail => return Err(gone()),
            Whim::FailAndEnd => {
                far.end();
                return Err(gone());
            }
            Whim::Blur => {
                *blur.lock().unwrap() = true;
                return Ok(false);
            }
        }
        Ok(true)
    })
    .altered(move |_, grid| {
        if *blurred.lock().unwrap() {
            put(grid, 1, 1, &"?".repeat(80));
            put(grid, 10, 1, &"?".repeat(80));
            put(grid, 12, 1, &"?".repeat(80));
        }
    })
}

/// The screens of the far side that the map does not know.
fn astray(far: &Far) -> Vec<&(String, String)> {
    far.keys.iter().filter(|(on, _)| on == "NEVER SEEN BEFORE").collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_far_side_does(start in 0..SCREENS.len(), whims in prop::collection::vec(whim(), 0..14)) {
        let blurred = Arc::new(Mutex::new(false));
        let mut far = far(start, whims, blurred);
        let ran = run(&mut far, map(), "book_stock", BOOK);
        prop_assert!(astray(&far).is_empty(), "{:?}", far.keys);
        prop_assert!(far.count("PF5") <= 1, "{:?}", far.keys);
        prop_assert!(far.keys.iter().all(|(on, key)| key != "PF5" || on == "booking"), "{:?}", far.keys);
        prop_assert!(far.keys.iter().all(|(on, key)| !key.starts_with("fill 4,12") || on == "booking"), "{:?}", far.keys);
        prop_assert!(far.bookings.len() <= 1);
        if far.count("PF5") == 0 {
            prop_assert!(!matches!(&ran, Ok(ran) if ran.end == End::Done), "{ran:?}");
            prop_assert!(far.bookings.is_empty());
        } else {
            prop_assert!(ran.is_ok(), "a commit was sent: never an error that says it may be retried: {ran:?}");
        }
        // And home, or not: but never a second commit.
        let _ = with(map(), &login(), &Call::default(), |means| engine::go_home(&mut far, means));
        prop_assert!(astray(&far).is_empty(), "{:?}", far.keys);
        prop_assert!(far.count("PF5") <= 1);
    }

    #[test]
    fn tables_are_whole_or_not_at_all(start in 0..SCREENS.len(), whims in prop::collection::vec(whim(), 0..14)) {
        let mut far = far(start, whims, Arc::default());
        let stock = far.stock.len();
        match run(&mut far, map(), "read_stock", &[]) {
            Ok(ran) if ran.end == End::Done => prop_assert_eq!(ran.records.len(), stock),
            Ok(ran) => prop_assert!(ran.records.is_empty()),
            Err(_) => {}
        }
        prop_assert!(astray(&far).is_empty(), "{:?}", far.keys);
    }
}
