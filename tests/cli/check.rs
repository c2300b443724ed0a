//! `check` and `init`.

use super::{banyan, blessed, root};

#[test]
fn every_problem_is_shown_at_once_in_its_place() {
    let run = banyan(&root("tests/golden/check/broken"), &["check"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.err, "");
    blessed("tests/golden/check/broken.txt", &run.out);
}

#[test]
fn machines_are_told_the_same() {
    let run = banyan(&root("tests/golden/check/broken"), &["check", "--json"]);
    assert_eq!(run.code, Some(1));
    let told = run.json();
    let shown = std::fs::read_to_string(root("tests/golden/check/broken.txt")).unwrap();
    let problems = told["problems"].as_array().unwrap();
    assert_eq!(problems.len(), shown.matches("error[").count() + shown.matches("warning[").count());
    for p in problems {
        let spot = &p["spot"];
        let place = format!("{}:{}:", spot["file"].as_str().unwrap(), spot["line"]);
        assert!(shown.contains(&place), "{p}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_a_problem() {
    let run = banyan(&root("tests"), &["check", "--config", "nowhere.yaml"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("nowhere.yaml"), "{}", run.out);
}

#[test]
fn the_demo_is_sound() {
    let run = banyan(&root("examples/wholesaler"), &["check"]);
    assert_eq!(run.code, Some(0), "{}", run.out);
    assert!(run.out.ends_with("no problems\n"), "{}", run.out);
    // Nobody answers for the stock room here; the journeys run its host. What is sent is written down beside the store.
    let copy = tempfile::tempdir().unwrap();
    let from = root("examples/wholesaler/.");
    assert!(std::process::Command::new("cp").arg("-R").arg(from).arg(copy.path()).status().unwrap().success());
    let run = banyan(copy.path(), &["check", "--connect"]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(run.out.contains("crm: ok") && run.out.contains("desk: ok"), "{}", run.out);
    assert!(run.out.contains("green: NOT OK: 127.0.0.1:3270 cannot be reached"), "{}", run.out);
    assert!(run.out.ends_with("no problems in the configuration; 1 source not usable now\n"), "{}", run.out);
    let audit = std::fs::read_to_string(copy.path().join("banyan.discover.audit.jsonl")).unwrap();
    assert!(audit.contains("\"desk\""), "{audit}");
}

#[test]
fn what_init_writes_is_sound_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let first = banyan(folder.path(), &["init"]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let check = banyan(folder.path(), &["check"]);
    assert_eq!(check.code, Some(0), "{}", check.out);
    assert!(check.out.contains("2 examples\nno problems\n"), "{}", check.out);
    let before = std::fs::read_to_string(folder.path().join("banyan.yaml")).unwrap();
    std::fs::write(folder.path().join("banyan.yaml"), format!("{before}# mine\n")).unwrap();
    std::fs::remove_file(folder.path().join("lookups/category.csv")).unwrap();
    let second = banyan(folder.path(), &["init"]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("nothing was written"), "{}", second.err);
    assert!(!folder.path().join("lookups/category.csv").exists());
    assert!(std::fs::read_to_string(folder.path().join("banyan.yaml")).unwrap().ends_with("# mine\n"));
}

#[test]
fn a_source_that_cannot_be_used_is_told_with_connect_only() {
    let folder = tempfile::tempdir().unwrap();
    banyan(folder.path(), &["init"]);
    std::fs::remove_dir_all(folder.path().join("drop")).unwrap();
    assert_eq!(banyan(folder.path(), &["check"]).code, Some(0));
    let run = banyan(folder.path(), &["check", "--connect", "--json"]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert_eq!(run.json()["sources"][0]["ok"], false);
}
