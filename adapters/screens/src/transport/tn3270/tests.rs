//! Untrusted bytes, typing rules, and the child's fate. The real host is in tests/tn3270.rs.

use super::answer::{Answer, complete};
use super::child::{Child, PROMPT};
use super::{Config, Tls, buffer, check, typing};
use crate::picture::{At, Grid, MASK, Style};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const STATUS: &str = "U F U C(host) I 2 2 8 1 3 0x0 0.000";

fn screen(lines: &[&str]) -> Option<Grid> {
    buffer::grid(lines.iter().map(|l| l.as_bytes()), (2, 8), (2, 4))
}

#[test]
fn a_screen_with_fields_attributes_and_a_field_over_the_edge() {
    let grid = screen(&[
        "0041 SF(c0=f0,42=f5) 00e4 SF(c0=cd) 0073 20ac 0000 SF(c0=d1)",
        "0031 SA(41=f2) 0032 GE(03b1) - 0000 0000 0000 0042",
    ])
    .unwrap();
    assert_eq!(grid.row(1).replace('\0', ""), "A ä s€  ");
    assert_eq!(grid.row(2), "12α   B");
    assert_eq!(grid.cursor, At { row: 2, column: 4 });
    let at = |row, column| grid.cells[grid.index(At { row, column }).unwrap()].style;
    assert!(at(1, 2).has(Style::ATTRIBUTE) && at(1, 3).has(Style::PROTECTED) && at(1, 5).has(Style::HIDDEN));
    assert!(at(2, 1).has(Style::NUMERIC) && at(2, 2).has(Style::REVERSE) && !at(2, 1).has(Style::REVERSE));
    // The last field goes on in the first cell.
    assert!(at(1, 1).has(Style::NUMERIC) && !at(1, 1).has(Style::PROTECTED));
    let spans: Vec<_> = grid.fields.iter().map(|f| (f.area.at.row, f.area.at.column, f.area.len, f.modified)).collect();
    assert_eq!(spans, [(1, 3, 1, false), (1, 5, 3, true), (2, 1, 8, true)]);
}

#[test]
fn hidden_characters_are_masked_and_blanks_are_not() {
    let mut grid =
        screen(&["SF(c0=4c) 0073 0065 0000 0020 SF(c0=60) 0041 0000", "0000 0000 0000 0000 0000 0000 0000 0000"])
            .unwrap();
    buffer::mask(&mut grid);
    assert_eq!(grid.row(1), format!(" {MASK}{MASK}   A "));
}

#[test]
fn screens_of_another_size_or_with_other_words_are_none() {
    assert_eq!(screen(&["0041 0042"]), None);
    assert_eq!(
        screen(&["SF(c0=) 0042 0041 0041 0041 0041 0041 0041", "0000 0000 0000 0000 0000 0000 0000 0000"]),
        None
    );
    assert_eq!(screen(&["dc00 0042 0041 0041 0041 0041 0041 0041", "0000 0000 0000 0000 0000 0000 0000 0000"]), None);
}

#[test]
fn answers_are_taken_apart() {
    let bytes = format!("data: records 7 bytes 90\ndata: 0041\n{STATUS}\nok\n");
    assert!(complete(bytes.as_bytes()) && !complete(&bytes.as_bytes()[..bytes.len() - 1]));
    let answer = Answer::read(bytes.as_bytes()).unwrap();
    assert!(answer.ok && answer.status.unlocked && answer.status.connected && answer.status.in_3270);
    assert_eq!((answer.records(), answer.status.size, answer.status.cursor), (Some(7), (2, 8), (2, 4)));
    let garbage = b"data: Connection failed:\n\xfa\xff\x05V\nL U U N N 2 24 80 0 0 0x0 0.005\nerror\n";
    let answer = Answer::read(garbage).unwrap();
    assert!(!answer.ok && !answer.status.connected);
    assert_eq!(answer.words(), "Connection failed:");
}

#[test]
fn room_ends_with_the_field_and_protected_places_have_none() {
    let grid =
        screen(&["SF(c0=40) 0000 0000 SF(c0=60) 0041 0042 SF(c0=50) 0000", "0000 0000 0000 0000 0000 0000 0000 0000"])
            .unwrap();
    let room = |row, column| typing::room(&grid, At { row, column }).map_err(|f| f.code);
    assert_eq!(room(1, 2), Ok(typing::Room { cells: 2, numeric: false }));
    assert_eq!(room(1, 3), Ok(typing::Room { cells: 1, numeric: false }));
    assert_eq!(room(1, 8), Ok(typing::Room { cells: 9, numeric: true }));
    assert_eq!(room(1, 5), Err("screens-protected".into()));
    assert_eq!(room(1, 1), Err("screens-protected".into()));
    assert_eq!(room(3, 1), Err("screens-field-missing".into()));
    // Without fields: to the screen's end.
    let bare = Grid::blank(2, 8);
    assert_eq!(typing::room(&bare, At { row: 2, column: 7 }).unwrap().cells, 2);
}

#[test]
fn texts_that_would_do_something_else_are_refused() {
    let code = |text, cells, numeric| typing::check(text, cells, numeric).map_err(|f| f.code);
    assert_eq!(code("abc", 3, false), Ok(()));
    assert_eq!(code("abcd", 3, false), Err("screens-too-long".into()));
    assert_eq!(code("a\n", 9, false), Err("screens-not-typeable".into()));
    assert_eq!(code("1a", 9, true), Err("screens-not-numeric".into()));
    assert_eq!(code("-1.5", 9, true), Ok(()));
    assert_eq!(typing::string(r#"a\b"c"#), r#"String("a\134b\042c")"#);
}

fn config(host: &str) -> Config {
    let host = host.to_owned();
    let (ca, certificate_name, model, codepage, lu, connect_timeout) = (None, None, None, None, None, None);
    Config { host, tls: Tls::Require, ca, certificate_name, model, codepage, lu, connect_timeout }
}

#[test]
fn settings_are_checked_offline() {
    assert_eq!(config("mainframe").address(), Some(("mainframe", 992)));
    assert_eq!(Config { tls: Tls::None, ..config("mainframe") }.address(), Some(("mainframe", 23)));
    assert_eq!(config("[::1]:23").address(), Some(("::1", 23)));
    for wrong in ["", ":23", "a b:23", "x@host", "host:0", "host:x", "host\"", "a:b:c", "[::1]23"] {
        assert_eq!(config(wrong).address(), None, "{wrong}");
    }
    assert!(check(&config("mainframe:992"), "t").is_empty());
    let numeric = Config { host: "10.0.0.1:992".into(), ..config("") };
    assert_eq!(check(&numeric, "t")[0].code, "certificate-name");
    assert!(check(&Config { certificate_name: Some("mainframe".into()), ..numeric }, "t").is_empty());
    let wrong = Config {
        model: Some("3279-9".into()),
        codepage: Some("cp930".into()),
        lu: Some("A@B".into()),
        certificate_name: Some("-x y".into()),
        tls: Tls::None,
        ..config("?")
    };
    let paths: Vec<String> = check(&wrong, "t").into_iter().map(|p| p.path).collect();
    assert_eq!(paths, ["t.host", "t.model", "t.codepage", "t.lu", "t.certificate_name", "t.tls"]);
}

fn alive(id: u32) -> bool {
    std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn a_child_that_says_nothing_costs_its_time_and_leaves_no_process() {
    let mut child = Child::start("sleep", &["60".into()]).unwrap();
    let id = child.id();
    let began = Instant::now();
    let fault = child.ask("Query()", Duration::from_millis(300), None).unwrap_err();
    assert!(fault.message.contains("does not answer") && began.elapsed() < Duration::from_secs(2), "{fault:?}");
    assert!(child.ask("Query()", PROMPT, None).unwrap_err().message.contains("gone"));
    assert!(alive(id));
    drop(child);
    assert!(!alive(id));
}

#[test]
fn a_child_that_ends_says_its_last_words() {
    let mut child = Child::start("sh", &["-c".into(), "echo no such toggle >&2; exit 3".into()]).unwrap();
    let fault = child.ask("Query()", PROMPT, None).unwrap_err();
    assert!(fault.message.contains("s3270 ended: no such toggle"), "{fault:?}");
    let missing = Child::start("s3270-which-is-not-there", &[]).err().unwrap();
    assert_eq!(missing.code, "screens-program-missing");
    assert!(missing.message.contains("apt-get install s3270"));
}

#[test]
fn a_child_that_does_not_stop_talking_is_left() {
    let mut child = Child::start("yes", &[]).unwrap();
    assert!(child.ask("Query()", PROMPT, None).unwrap_err().message.contains("stop talking"));
}

proptest! {
    #[test]
    fn any_answer_is_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), ok in any::<bool>()) {
        let mut bytes = bytes;
        bytes.extend_from_slice(if ok { b"\nok\n" } else { b"\nerror\n" });
        if let Some(answer) = Answer::read(&bytes) {
            let _ = (answer.records(), answer.words());
            let _ = buffer::grid(answer.lines(), answer.status.size, answer.status.cursor);
        }
    }

    #[test]
    fn any_screen_is_read_without_panic(
        lines in prop::collection::vec("((SF|SA|GE)\\([c04=f,é1]{0,9}\\)?|[0-9a-f]{1,8}|-|x)( [0-9a-f]{4}){0,9}", 0..6),
    ) {
        if let Some(mut grid) = buffer::grid(lines.iter().map(|l| l.as_bytes()), (2, 8), (1, 1)) {
            prop_assert_eq!(grid.cells.len(), 16);
            buffer::mask(&mut grid);
            for row in 0..4 {
                for column in 0..10 {
                    let _ = typing::room(&grid, At { row, column });
                }
            }
        }
    }
}
