//! Arrows run downward only: between crates (by their manifests) and between the rooms of the gateway (by the paths
//! that the code names).

use crate::source::{ROOT, RUST, Rust};
use std::collections::{BTreeMap, BTreeSet};

/// Which of our crates each of our crates may use.
const CRATES: [(&str, &[&str]); 17] = [
    ("banyan-words", &[]),
    ("banyan-model", &["banyan-words"]),
    ("banyan-migration", &["banyan-words"]),
    ("banyan-upstream", &["banyan-migration", "banyan-words"]),
    ("banyan-adapter", &["banyan-words"]),
    ("banyan-file-drop", &["banyan-adapter", "banyan-words"]),
    ("banyan-screens", &["banyan-adapter", "banyan-words"]),
    ("banyan-sql", &["banyan-adapter", "banyan-words"]),
    ("banyan-mssql", &["banyan-sql", "banyan-adapter", "banyan-words"]),
    ("banyan-odbc", &["banyan-sql", "banyan-adapter", "banyan-words"]),
    // The worker is a program of its own: it shares nothing but the adapter's words on the pipe.
    ("banyan-odbc-worker", &["banyan-odbc"]),
    // The demo's new system: it knows the wrapper by its REST face alone.
    ("banyan-modern-customers", &[]),
    ("banyan-testkit", &["banyan-adapter", "banyan-words"]),
    ("banyan-testkit-tds", &[]),
    ("banyan-testkit-tn3270", &[]),
    ("banyan-store", &["banyan-model", "banyan-words"]),
    (
        "banyan",
        &[
            "banyan-model",
            "banyan-adapter",
            "banyan-file-drop",
            "banyan-migration",
            "banyan-mssql",
            "banyan-odbc",
            "banyan-screens",
            "banyan-store",
            "banyan-upstream",
            "banyan-words",
        ],
    ),
];

/// What pure crates do without, whoever else in the workspace uses it.
const IMPURE: [&str; 9] =
    ["tokio", "actix-web", "rusqlite", "reqwest", "notify", "futures-util", "tracing", "metrics", "rand"];

/// Which rooms of the gateway each room may look into. The roof (`main`, `lib`, `cli`, `gateway`, `adapters`) may look anywhere.
const ROOMS: [(&str, &[&str]); 4] =
    [("config", &[]), ("runtime", &[]), ("http", &["runtime"]), ("ops", &["runtime", "http"])];

/// The crates of single kinds of sources.
const CONCRETE: [&str; 5] = ["banyan_file_drop", "banyan_mssql", "banyan_odbc", "banyan_screens", "banyan_sql"];

/// Crates that a room must not name.
const NOT_IN_ROOM: [(&str, &[&str]); 4] = [
    ("config", &["actix_web", "banyan_file_drop", "banyan_store", "rusqlite", "tokio"]),
    ("runtime", &["actix_web", "banyan_file_drop", "clap", "rusqlite", "utoipa"]),
    ("http", &["banyan_file_drop", "clap", "rusqlite"]),
    ("ops", &["banyan_file_drop", "clap", "rusqlite"]),
];

/// `cargo metadata`: crate -> (dependencies, dev-dependencies).
fn manifests() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let out = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(ROOT)
        .output()
        .expect("cargo metadata runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let all: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = all["packages"].as_array().unwrap().iter();
    packages
        .map(|p| {
            let (mut plain, mut dev) = (BTreeSet::new(), BTreeSet::new());
            for d in p["dependencies"].as_array().unwrap() {
                let set = if d["kind"] == "dev" { &mut dev } else { &mut plain };
                set.insert(d["name"].as_str().unwrap().to_owned());
            }
            (p["name"].as_str().unwrap().to_owned(), (plain, dev))
        })
        .collect()
}

#[test]
fn crates_use_only_crates_below_them() {
    let manifests = manifests();
    let known: BTreeSet<&str> = CRATES.iter().map(|c| c.0).collect();
    for (name, (plain, _)) in &manifests {
        let Some((_, allowed)) = CRATES.iter().find(|c| c.0 == name) else {
            panic!("{name} is not in the table of this test: say there which crates it may use");
        };
        let ours: BTreeSet<&str> = plain.iter().map(String::as_str).filter(|d| known.contains(d)).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let climbs: Vec<_> = ours.difference(&allowed).collect();
        assert!(climbs.is_empty(), "{name} uses {climbs:?}, which stand above or beside it");
    }
    assert_eq!(manifests.len(), CRATES.len(), "a crate of the table is gone");
}

#[test]
fn the_testkit_is_for_tests_only() {
    for (name, (plain, _)) in manifests() {
        let kit = plain.iter().find(|d| d.starts_with("banyan-testkit"));
        assert!(kit.is_none(), "{name} ships {kit:?}; make it a dev-dependency");
    }
}

#[test]
fn pure_crates_have_no_runtime_and_no_io() {
    let manifests = manifests();
    for name in ["banyan-words", "banyan-model", "banyan-migration", "banyan-adapter"] {
        for impure in IMPURE {
            assert!(!manifests[name].0.contains(impure), "{name} uses {impure}");
        }
    }
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "tokio::",
        "async fn",
        ".await",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "println!",
        "eprintln!",
    ];
    for file in RUST.iter().filter(|f| ["words/", "core/", "migration/"].iter().any(|room| f.path.starts_with(room))) {
        for word in forbidden {
            if let Some(at) = file.shipped.find(word) {
                let line = file.shipped[..at].matches('\n').count() + 1;
                panic!("{}: about line {line}: `{word}`; whatever is not pure is passed in", file.path);
            }
        }
    }
}

#[test]
fn rooms_look_into_rooms_below_them_only() {
    let mut climbs = Vec::new();
    for file in RUST.iter() {
        let Some((room, module)) = room_of(file) else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|r| r.0 == room) else { continue };
        for (at, seen) in paths(&file.shipped, &module) {
            if seen != room && !allowed.contains(&seen.as_str()) && !seen.is_empty() {
                let line = file.shipped[..at].matches('\n').count() + 1;
                climbs.push(format!("{}: about line {line}: `{room}` looks into `{seen}`", file.path));
            }
        }
        for name in NOT_IN_ROOM.iter().find(|r| r.0 == room).map_or(&[][..], |r| r.1) {
            if names_crate(&file.shipped, name) {
                climbs.push(format!("{}: `{room}` names the crate {name}", file.path));
            }
        }
    }
    assert!(climbs.is_empty(), "arrows run downward only (DESIGN section 4):\n{}", climbs.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let roof = ["main", "lib", "cli", "adapters", "gateway"];
    for file in RUST.iter() {
        if let Some((room, _)) = room_of(file) {
            let known = ROOMS.iter().any(|r| r.0 == room) || roof.contains(&room.as_str());
            assert!(known, "{}: `{room}` is not in the table of this test: say there what it may look into", file.path);
        }
    }
}

#[test]
fn concrete_adapters_are_named_on_the_roof_only() {
    for file in RUST.iter().filter(|f| f.path.starts_with("src/")) {
        let roof =
            ["src/adapters.rs", "src/main.rs"].contains(&file.path.as_str()) || file.path.starts_with("src/cli/");
        let named = CONCRETE.iter().find(|c| names_crate(&file.shipped, c));
        assert!(roof || named.is_none(), "{} names {named:?}, a concrete adapter", file.path);
    }
}

#[test]
fn only_the_store_speaks_sql_of_our_store() {
    let sql =
        ["SELECT ", "INSERT INTO", "INSERT OR", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA ", "DROP TABLE"];
    for file in RUST.iter().filter(|f| !f.shipped.is_empty() && !f.path.starts_with("store/") && is_shipped(&f.path)) {
        for (line, text) in &file.strings {
            let body = text.trim_start_matches(['b', 'r', '#', '"']).trim_start();
            // Those that read databases speak SQL of theirs; of ours they do not even know the library.
            let speaks = !of_databases(&file.path)
                && sql.iter().any(|s| body.starts_with(s))
                && body.split_whitespace().count() > 2;
            assert!(!speaks, "{}:{line}: SQL stands in store/ only", file.path);
        }
        let kit = file.path.starts_with("adapters/testkit-tds/");
        assert!(kit || !names_crate(&file.shipped, "rusqlite"), "{} names rusqlite", file.path);
    }
}

/// Adapters of databases, and the server that their tests ask.
fn of_databases(path: &str) -> bool {
    ["sql", "mssql", "odbc", "testkit-tds"].iter().any(|a| path.starts_with(&format!("adapters/{a}/")))
}

fn is_shipped(path: &str) -> bool {
    ["words/", "core/", "adapters/", "src/"].iter().any(|p| path.starts_with(p))
}

/// The room of a file of the gateway, and the file's module path.
fn room_of(file: &Rust) -> Option<(String, Vec<String>)> {
    let inner = file.path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module.len() > 1 && module.last().is_some_and(|l| l == "mod") {
        module.pop();
    }
    Some((module.first()?.clone(), module))
}

/// Whether the code names that crate: `rusqlite::`, `use rusqlite;`.
fn names_crate(code: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(i, _)| {
        let (before, after) = (&code[..i], &code[i + name.len()..]);
        let free = !before.ends_with(word) && !after.starts_with(word);
        let path = after.trim_start().starts_with("::") || before.trim_end().ends_with("use");
        free && path && !before.trim_end().ends_with("::")
    })
}

/// The room each `crate::…` and `super::…` path leads into, with its place. `module` is where the code stands.
fn paths(code: &str, module: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for start in ["crate", "super"] {
        for (at, _) in code.match_indices(&format!("{start}::")) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let (mut rest, mut depth) = (&code[at..], module.len());
            if let Some(r) = rest.strip_prefix("crate::") {
                (rest, depth) = (r, 0);
            }
            while let Some(r) = rest.strip_prefix("super::") {
                (rest, depth) = (r, depth.saturating_sub(1));
            }
            if depth > 0 {
                found.push((at, module[0].clone()));
                continue;
            }
            found.extend(firsts(rest).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// The first names of a path: one, or those of a group in braces.
fn firsts(rest: &str) -> Vec<String> {
    let ident = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.trim_start().strip_prefix('{') else {
        let name = ident(rest.trim_start());
        // `crate::Thing` is what lib.rs itself offers, not a room.
        return if name.starts_with(char::is_lowercase) { vec![name] } else { Vec::new() };
    };
    let (mut depth, mut names, mut begins) = (0_usize, Vec::new(), true);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && (c.is_alphabetic() || c == '_') => {
                names.push(ident(&group[i..]));
                begins = false;
            }
            _ => {}
        }
    }
    names.into_iter().filter(|n| n.starts_with(char::is_lowercase)).collect()
}

#[test]
fn climbing_paths_are_seen() {
    let module = ["http".to_owned(), "route".to_owned()];
    let seen = |code: &str| paths(code, &module).into_iter().map(|p| p.1).collect::<Vec<_>>();
    assert_eq!(seen("use crate::{ops::{a, b}, runtime};"), ["ops", "runtime"]);
    assert_eq!(seen("fn f() { crate::cli::run() }"), ["cli"]);
    assert_eq!(seen("use super::media; use super::super::ops::x;"), ["http", "ops"]);
    assert!(names_crate("use rusqlite::Connection;", "rusqlite") && names_crate("use rusqlite;", "rusqlite"));
    assert!(!names_crate("let rusqlite_like = 1;", "rusqlite") && !names_crate("x::rusqlite::y", "rusqlite"));
}
