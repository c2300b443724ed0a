//! The command line through the real program: what it prints, and how it ends.

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

mod check;
mod docs;
mod try_file;

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a run ended.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs the program in a directory.
fn banyan(directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.args(arguments).current_dir(directory).env("NO_COLOR", "1").env_remove("RUST_LOG");
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: out.status.code(), out: text(out.stdout), err: text(out.stderr) }
}

/// Compares with a blessed file; with `BLESS=1` in the environment, writes it.
fn blessed(file: &str, text: &str) {
    let path = root(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == text, "{file} is not what comes out now; look at the difference, then run with BLESS=1\n{text}");
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    for arguments in [&["chekc"][..], &[], &["check", "--jsn"], &["try"]] {
        let run = banyan(&root("."), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.out.is_empty() && !run.err.is_empty());
    }
}

#[test]
fn the_schema_is_blessed() {
    let run = banyan(&root("."), &["schema"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.json()["$schema"], "https://json-schema.org/draft/2020-12/schema");
    blessed("openapi/config.schema.json", &run.out);
}

#[test]
fn the_facade_s_document_is_made_from_the_configuration() {
    let run = banyan(&root("examples/wholesaler"), &["openapi"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    blessed("openapi/wholesaler.json", &run.out);
    let document = run.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/customers"].is_object());
    let run = banyan(&root("tests/golden/check/broken"), &["openapi"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "no document of a broken configuration");
    assert!(run.err.contains("error[unknown-adapter]"));
}

#[test]
fn files_are_inspected() {
    let drop = root("examples/wholesaler/drop");
    let run = banyan(&drop, &["inspect", "--json", "crm/customers_20260301.csv"]);
    assert_eq!(run.code, Some(0));
    assert_eq!((&run.json()["kind"], &run.json()["encoding"]), (&"csv".into(), &"windows-1252".into()));
    let run = banyan(&drop, &["inspect", "nowhere.csv"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("cannot read nowhere.csv"), "{}", run.err);
}
