//! Every file says what it is for, is small, and holds nothing that was left lying about.

use crate::source::{ROOT, RUST, Rust, files, short};

/// Longest file, in lines. The median is far below.
const LONGEST: usize = 450;

fn shipped() -> impl Iterator<Item = &'static Rust> {
    RUST.iter()
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    // A module's unit tests in a file of their own need none: they are named by what they test.
    let files = shipped().filter(|f| !f.path.ends_with("/tests.rs"));
    let bare: Vec<_> = files.filter(|f| !f.text.trim_start().starts_with("//!")).map(|f| &f.path).collect();
    assert!(bare.is_empty(), "begin with `//!`: purpose, invariant, what is not here: {bare:#?}");
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long: Vec<_> = shipped().map(|f| (&f.path, f.text.lines().count())).filter(|(_, n)| *n > LONGEST).collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn nothing_is_left_to_do_or_to_debug() {
    for file in shipped() {
        for word in ["todo!", "unimplemented!", "dbg!"] {
            if let Some(at) = file.code.find(word) {
                panic!("{}:{}: {word}", file.path, file.line(at));
            }
        }
    }
}

#[test]
fn libraries_do_not_read_the_clock() {
    // The stock host is another system, with a clock of its own.
    let allowed = ["src/runtime/clock.rs", "adapters/testkit-tn3270/src/conversation.rs"];
    for file in shipped().filter(|f| !f.path.starts_with("tests/") && !f.path.starts_with("benches/")) {
        let reads = file.shipped.find("SystemTime::now").or_else(|| file.shipped.find("Timestamp::now"));
        if let (Some(_), false) = (reads, allowed.contains(&file.path.as_str())) {
            panic!("{} reads the clock; runtime/clock.rs does, and passes it on", file.path);
        }
    }
}

#[test]
fn what_documents_describe_has_a_name_of_its_own() {
    // utoipa knows a schema by its type's name alone: of two it describes one, for both.
    let mut described: Vec<(&str, &str)> = Vec::new();
    for file in shipped().filter(|f| f.path.starts_with("src/")) {
        for at in file.shipped.match_indices("ToSchema").map(|(at, _)| at) {
            let after = file.shipped[at..].split(';').next().unwrap_or_default();
            let mut words = after.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
            if let Some(name) = words.find(|w| matches!(*w, "struct" | "enum")).and_then(|_| words.next()) {
                described.push((name, &file.path));
            }
        }
    }
    assert!(described.len() > 50, "derives are seen: {described:?}");
    described.sort_unstable();
    described.dedup();
    let twice: Vec<_> = described.windows(2).filter(|two| two[0].0 == two[1].0).collect();
    assert!(twice.is_empty(), "rename one of each: {twice:#?}");
}

/// Texts a person commits, besides Rust.
fn texts() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = RUST.iter().map(|f| (f.path.clone(), f.text.clone())).collect();
    for ending in ["md", "yaml", "yml", "toml", "sh", "py", "json", "lock", "txt", "ts", "js", "css", "html"] {
        for path in files(&["."], ending) {
            if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((short(&path).trim_start_matches("./").to_owned(), text));
            }
        }
    }
    for name in ["Makefile", ".ci/run", ".gitignore", ".gitattributes"] {
        if let Ok(text) = std::fs::read_to_string(format!("{ROOT}/{name}")) {
            found.push((name.to_owned(), text));
        }
    }
    found
}

#[test]
fn no_paths_of_one_machine() {
    // Put together so that this file does not hold them.
    let words = [["/ho", "me/"].concat(), ["/ro", "ot/."].concat(), ["/wo", "rk/"].concat(), ["/Use", "rs/"].concat()];
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (n, line) in text.lines().enumerate() {
            if words.iter().any(|w| line.contains(w.as_str())) {
                found.push(format!("{path}:{}: {}", n + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "a path of somebody's machine:\n{}", found.join("\n"));
}

#[test]
fn lock_files_name_no_registry() {
    for (path, text) in texts() {
        if path.ends_with("package-lock.json") {
            assert!(!text.contains("\"resolved\""), "{path}: install with `omit-lockfile-registry-resolved=true`");
        }
    }
}
