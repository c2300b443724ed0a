//! What is left of a program when its session is gone: nothing.

use crate::far::{eventually, open, run, script, until};
use std::path::Path;

/// Whether a process is there; a zombie is.
fn alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

fn pids(row: &str) -> Vec<String> {
    let pids: Vec<_> = row.split_whitespace().map(str::to_owned).collect();
    assert!(pids.len() >= 2 && pids.iter().all(|p| p.parse::<u32>().is_ok() && alive(p)), "{row}");
    pids
}

#[test]
fn the_whole_group_ends_with_its_session() {
    for stubborn in ["", "trap '' HUP TERM;"] {
        let mut session = run(&format!("{stubborn} sleep 1000 & a=$!; sleep 1000 & echo $$ $a $! here; wait"));
        let grid = until(&mut *session, "here");
        let pids = pids(grid.row(1).trim_end().trim_end_matches("here"));
        drop(session);
        eventually("processes are left", || !pids.iter().any(|pid| alive(pid)));
    }
}

#[test]
fn closing_waits_until_all_is_gone() {
    let mut session = run("trap '' HUP; sleep 1000 & echo $$ $! here; wait");
    let grid = until(&mut *session, "here");
    let pids = pids(grid.row(1).trim_end().trim_end_matches("here"));
    session.close();
    // The shell was reaped; its child is reaped by whoever adopts orphans.
    assert!(!alive(&pids[0]));
    eventually("a child is left", || !alive(&pids[1]));
}

#[test]
fn a_program_that_ended_by_itself_leaves_no_children_and_no_zombie() {
    let mut session = run("trap '' HUP; sleep 1000 & echo $$ $! here; sleep 0.5");
    let grid = until(&mut *session, "here");
    let pids = pids(grid.row(1).trim_end().trim_end_matches("here"));
    eventually("processes are left", || !pids.iter().any(|pid| alive(pid)));
    drop(session);
}

#[test]
fn ending_a_session_types_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = script("trap '' HUP; stty raw -echo; echo ready; exec cat > typed");
    let mut session = open(&config, folder.path()).unwrap();
    until(&mut *session, "ready");
    session.close();
    assert_eq!(std::fs::read(folder.path().join("typed")).unwrap(), b"", "not even an end of line");
}
