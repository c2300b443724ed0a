//! Programs on a pty: what they show, what reaches them.

use crate::far::{QUIET, eventually, map, open, press, run, script, settle, shows, text, types, until};
use banyan_adapter::Call;
use banyan_screens::map::Map;
use banyan_screens::picture::{At, Shown, Style};
use banyan_screens::refusals;
use banyan_screens::transport::vt::{Config, Term, connect};
use banyan_screens::transport::{Act, Text};
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn a_screen_is_shown_as_it_is_meant() {
    let mut session = run(
        r"printf '\033[2;3Hplain \033[1mbold\033[m \033(0lqqk\033(B \033[7mrev\033[m \033[8mpass wd\033[m\033[10;20H'; sleep 100",
    );
    let grid = until(&mut *session, "plain");
    assert_eq!(grid.row(2).trim_end(), "  plain bold ┌──┐ rev **** **");
    let style = |column| grid.cells[grid.index(At { row: 2, column }).unwrap()].style;
    assert!(style(9).has(Style::BRIGHT) && style(19).has(Style::REVERSE) && style(23).has(Style::HIDDEN));
    assert_eq!(style(3), Style::default());
    assert_eq!((grid.cursor, grid.size), (At { row: 10, column: 20 }, (24, 80)));
    assert!(grid.fields.is_empty());
}

#[test]
fn wide_characters_have_two_cells_and_tabs_are_blank() {
    let mut session = run(r"printf 'a\tb 漢x e\314\201'; sleep 100");
    let grid = until(&mut *session, "漢x");
    assert_eq!(grid.row(1).trim_end(), "a       b 漢x é");
    assert_eq!((grid.cells[10].glyph, grid.cells[11].glyph, grid.cells[12].glyph), ('漢', '\0', 'x'));
}

#[test]
fn encodings_and_sizes() {
    let config = Config {
        encoding: Some("cp437".into()),
        size: Some((30, 100)),
        ..script(r"stty size; printf '\311\315\273 \201\n'; read x; printf %s $x | od -An -tx1; sleep 100")
    };
    let mut session = open(&config, Path::new("/")).unwrap();
    let grid = until(&mut *session, "ü");
    assert_eq!((grid.row(1).trim_end(), grid.row(2).trim_end(), grid.size), ("30 100", "╔═╗ ü", (30, 100)));
    let refused = session.act(&Act::Type(text("€"))).unwrap_err();
    assert_eq!(refused.code, refusals::NOT_ENCODABLE);
    types(&mut *session, "ü");
    press(&mut *session, "Enter");
    until(&mut *session, "81");
}

#[test]
fn rest_is_quiet_since_the_last_byte() {
    // Far from what a busy machine makes of the pauses.
    let (quiet, config) =
        (Duration::from_secs(2), script("for i in 1 2 3 4 5 6 7 8 9 10; do printf $i; sleep 0.3; done; sleep 100"));
    let map = Map { quiet, ..map(config.size().unwrap()) };
    let mut session = connect(&config, Path::new("/")).open(&map, None, &Call::default()).unwrap();
    let picture = settle(&mut *session, 0);
    assert!(picture.at_rest);
    assert_eq!(picture.grid().unwrap().row(1).trim_end(), "12345678910", "no dribble was taken for the whole");
    assert!(session.look().unwrap().at_rest);
}

#[test]
fn an_unfinished_sequence_is_no_rest() {
    let mut session = run(r"stty -echo; printf 'old\033['; read x; printf '2J\033[Hnew'; sleep 100");
    eventually("it begins", || shows(session.look().unwrap().grid().unwrap(), "old"));
    // What counts is that time passes.
    std::thread::sleep(4 * QUIET);
    let picture = session.look().unwrap();
    assert!(!picture.at_rest, "quiet for long, but in the midst of a sequence");
    press(&mut *session, "Enter");
    let picture = settle(&mut *session, 0);
    assert_eq!(picture.grid().unwrap().row(1).trim_end(), "new");
}

#[test]
fn settling_waits_for_something_new_and_gives_up_in_time() {
    let mut session = run("stty -echo; printf ready; read x; printf ' done'; sleep 100");
    let ready = settle(&mut *session, 0);
    let began = Instant::now();
    let same = session.settle(ready.revision, began + Duration::from_millis(400), &Call::default()).unwrap();
    assert_eq!((same.revision, same.at_rest), (ready.revision, true));
    assert!((Duration::from_millis(400)..Duration::from_secs(3)).contains(&began.elapsed()));
    let call = Call::default();
    call.stop.stop();
    let began = Instant::now();
    session.settle(ready.revision, began + Duration::from_secs(20), &call).unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "a call that was ended is not waited for");
    press(&mut *session, "Enter");
    let done = settle(&mut *session, ready.revision);
    assert!(done.revision > ready.revision && done.at_rest && shows(done.grid().unwrap(), "ready done"));
    let began = Instant::now();
    settle(&mut *session, ready.revision);
    assert!(began.elapsed() < QUIET, "what holds already is not waited for");
}

#[test]
fn questions_of_the_far_side_are_answered() {
    let mut session =
        run(r"stty raw -echo; printf '\033[3;5H\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c; sleep 100");
    until(&mut *session, "033   [   3   ;   5   R");
}

#[test]
fn keys_follow_the_modes_of_the_program() {
    let keys = r"stty raw -echo; printf '%s'; printf go; dd bs=1 count=COUNT 2>/dev/null | od -An -c; sleep 100";
    for (mode, key, wanted) in [
        ("", "Up", "033   [   A"),
        (r"\033[?1h", "Up", "033   O   A"),
        ("", "F10", "033   [   2   1   ~"),
        ("", "Ctrl+C", "003"),
        ("", "Alt+x", "033   x"),
        ("", "Enter", r"\r"),
        ("", "Backspace", r"\b"),
        ("", "Escape", "033"),
    ] {
        let count = wanted.split_whitespace().count();
        let mut session = run(&keys.replace("%s", mode).replace("COUNT", &count.to_string()));
        until(&mut *session, "go");
        press(&mut *session, key);
        until(&mut *session, wanted);
    }
}

#[test]
fn what_cannot_be_typed_is_refused_and_nothing_is_sent() {
    let mut session = run("stty -echo; printf 'Name: '; read x; echo \"<$x>\"; sleep 100");
    until(&mut *session, "Name:");
    let mut refused = |act: Act| session.act(&act).unwrap_err();
    for bad in ["a\nb", "a\tb", "\u{1b}[A", "\u{7f}", "\u{9b}2J"] {
        assert_eq!(refused(Act::Type(text(bad))).code, refusals::NOT_TYPEABLE, "{bad:?}");
    }
    let secret = refused(Act::Type(Text { plain: "pass\u{7}".into(), secret: true }));
    assert!(
        secret.code == refusals::NOT_TYPEABLE && !secret.message.contains("pass") && !secret.message.contains('\u{7}')
    );
    let fill = |row, column, len, plain: &str| Act::FillAt { at: At { row, column }, len, text: text(plain) };
    let elsewhere = refused(fill(1, 8, Some(10), "Ann"));
    assert_eq!(elsewhere.code, refusals::READ_BACK);
    assert!(elsewhere.message.contains("row 1, column 7"), "{elsewhere}");
    assert_eq!(refused(fill(1, 7, Some(2), "Ann")).code, refusals::TOO_LONG);
    assert_eq!(refused(Act::Press("Clear".parse().unwrap())).code, refusals::NOT_SENT);
    assert_eq!(refused(Act::Press("Home".parse().unwrap())).code, refusals::NOT_SENT);
    session.act(&fill(1, 7, Some(3), "Ann")).unwrap();
    press(&mut *session, "Enter");
    until(&mut *session, "<Ann>");
}

#[test]
fn the_environment_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = script("pwd; env | sed 's/=.*//' | sort | tr '\\n' ' '; echo; echo $TERM $LANG $EXTRA; sleep 100");
    config.env.insert("EXTRA".into(), "more".into());
    config.term = Term::Xterm256;
    let mut session = open(&config, folder.path()).unwrap();
    let grid = until(&mut *session, "more");
    assert!(shows(&grid, folder.path().to_str().unwrap()));
    assert!(shows(&grid, "xterm-256color C.UTF-8 more"));
    let allowed =
        ["EXTRA", "HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TZ", "USER", "_", "OLDPWD", "SHLVL"];
    let names = grid.row(2);
    assert!(names.contains("TERM"));
    for name in names.split_whitespace() {
        assert!(allowed.contains(&name), "{name} was handed on");
    }
}

#[test]
fn a_program_that_is_not_there() {
    for program in ["no-such-program-anywhere", "./here/neither"] {
        let config = Config { command: Some(vec![program.into()]), ..Config::default() };
        let fault = open(&config, Path::new("/tmp")).err().unwrap();
        assert_eq!(fault.code, refusals::PROGRAM_MISSING, "{fault}");
        assert!(fault.message.contains(program));
    }
}

#[test]
fn the_end_of_a_program_is_seen() {
    let mut session = run("printf bye; read x; exit 3");
    let bye = settle(&mut *session, 0);
    press(&mut *session, "Enter");
    let end = Instant::now() + Duration::from_secs(10);
    let mut gone = settle(&mut *session, bye.revision);
    while gone.shown != Shown::Disconnected && Instant::now() < end {
        gone = settle(&mut *session, gone.revision);
    }
    assert!(gone.shown == Shown::Disconnected && gone.revision > bye.revision && gone.at_rest);
    let fault = session.act(&Act::Press("Enter".parse().unwrap())).unwrap_err();
    assert_eq!(fault.code, refusals::DISCONNECTED);
    assert!(fault.message.contains("code 3"), "{fault}");
}
