//! No far side makes a session grow. Alone in its process, so that the memory is its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]
#![cfg(unix)]

#[path = "vt/far.rs"]
mod far;

use banyan_adapter::Call;
use banyan_screens::transport::vt::Screen;
use far::run;
use std::time::{Duration, Instant};

/// Kilobytes of memory this process holds.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn nothing_grows() {
    strings_and_stacks_are_bounded();
    a_flood_is_never_at_rest_and_keeps_no_memory();
}

fn a_flood_is_never_at_rest_and_keeps_no_memory() {
    let floods = [
        "yes 'all work and no play'",
        r"printf '\033]0;'; yes title | tr -d '\n'",
        r"while :; do printf 'e\314\201\314\201\033[H\314\201\033[22;0t\033[6n'; done",
        "cat /dev/urandom",
    ];
    for flood in floods {
        let mut session = run(&format!("stty raw -echo; {flood}"));
        session.settle(0, Instant::now() + Duration::from_millis(500), &Call::default()).unwrap();
        let before = resident();
        let picture = session.settle(0, Instant::now() + Duration::from_secs(2), &Call::default()).unwrap();
        assert!(picture.revision > 20_000 && !picture.at_rest, "{flood}: {}", picture.revision);
        let grown = resident().saturating_sub(before);
        assert!(grown < 16 * 1024, "{flood}: {grown} KB more after {} bytes", picture.revision);
    }
}

fn strings_and_stacks_are_bounded() {
    let mut screen = Screen::new((24, 80), "utf-8").unwrap();
    let mut answers = Vec::new();
    let before = resident();
    let mut flood = b"\x1b]2;".to_vec();
    flood.resize(1 << 20, b'x');
    for _ in 0..200 {
        screen.feed(&flood, &mut answers);
    }
    for _ in 0..20_000 {
        screen.feed(b"\x1b]2;tttttttttttttttttttttttttttttttttt\x07\x1b[22;0t\x1b[>1u", &mut answers);
        answers.clear();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KB more");
    screen.feed(b"\x1b\\\x1b[2J\x1b[Hstill here", &mut answers);
    assert_eq!(screen.grid().row(1).trim_end(), "still here");
}
