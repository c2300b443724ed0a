//! Far sides that print garbage, print without end, or do not listen.

use crate::far::{QUIET, open, run, script, settle, text, until};
use banyan_screens::refusals;
use banyan_screens::transport::Act;
use banyan_screens::transport::vt::{Config, Screen};
use proptest::prelude::*;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn who_does_not_listen_is_not_waited_for() {
    let mut session = run("stty raw -echo; echo ready; sleep 100");
    until(&mut *session, "ready");
    let began = Instant::now();
    let lines = "x".repeat(4096);
    let fault = (0..1000).find_map(|_| session.act(&Act::Type(text(&lines))).err()).expect("it takes no end of bytes");
    assert_eq!(fault.code, refusals::NOT_SENT);
    assert!(began.elapsed() < Duration::from_secs(5));
    session.close();
}

#[test]
fn garbage_is_shown_and_the_session_lives() {
    let config = Config {
        size: Some((10, 40)),
        ..script("stty -echo; head -c 200000 /dev/urandom; printf '\\030\\033c\\033[Hafter all'; sleep 100")
    };
    let mut session = open(&config, Path::new("/")).unwrap();
    let grid = until(&mut *session, "after all");
    assert_eq!(grid.size, (10, 40), "nothing changes the size");
    let picture = settle(&mut *session, 0);
    assert!(picture.at_rest && picture.revision > 200_000);
    assert!(QUIET < Duration::from_secs(1));
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let sequence = prop_oneof![
        any::<Vec<u8>>(),
        "\\PC{0,12}".prop_map(String::into_bytes),
        "\x1b\\[[?>!=]?[0-9;:]{0,12}[ -/]?[@-~]".prop_map(String::into_bytes),
        "\x1b[ -~]{1,2}".prop_map(String::into_bytes),
        "\x1b[\\]P_^X][ -~]{0,20}(\x07|\x1b\\\\)?".prop_map(String::into_bytes),
        Just(b"\x1b[?3h\x1b[?6h\x1b[2;5r\x1b[?1049h".to_vec()),
    ];
    proptest::collection::vec(sequence, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_bytes_make_the_terminal_fall(
        bytes in pieces(),
        size in (1_u16..40, 2_u16..90),
        cut in 1_usize..50,
        encoding in prop_oneof![Just("utf-8"), Just("cp437"), Just("iso-8859-1")],
    ) {
        let mut screen = Screen::new(size, encoding).unwrap();
        let mut answers = Vec::new();
        bytes.chunks(cut).for_each(|piece| screen.feed(piece, &mut answers));
        let grid = screen.grid();
        prop_assert_eq!(grid.size, size);
        prop_assert_eq!(grid.cells.len(), usize::from(size.0) * usize::from(size.1));
        prop_assert!(grid.index(grid.cursor).is_some());
        prop_assert!(grid.cells.iter().all(|c| c.glyph == '\0' || !c.glyph.is_control()));
        prop_assert!(answers.len() <= 4096 * (bytes.len() / cut + 1));
        // Cancelled and cleared, it is as good as new.
        screen.feed(b"\x18\x1bc", &mut answers);
        prop_assert!(!screen.midway());
        screen.feed(b"new", &mut answers);
        prop_assert!(size.1 < 3 || screen.grid().row(1).starts_with("new"));
    }
}
