//! The reference page: its examples are run, and the page in `docs/` is the one that would be made now.

use super::*;
use std::path::Path;

#[test]
fn every_example_comes_to_what_the_page_says() {
    let sample = Sample::new();
    let mut wrong = Vec::new();
    for (_, table) in functions() {
        for f in table {
            assert!(!f.examples.is_empty(), "{} has no example", f.name);
            for (formula, want) in f.examples {
                let got = sample.run(formula, None);
                if got != *want {
                    wrong.push(format!("{formula}: {got}, not {want}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reference_page_is_the_one_that_would_be_made_now() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mapping-language.md");
    let made = reference_markdown();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, &made).unwrap();
    }
    let stands = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(stands == made, "docs/mapping-language.md is out of date; BLESS=1 makes it anew");
}

#[test]
fn names_are_told_once_and_codes_are_told_all() {
    let mut names: Vec<&str> = functions().flat_map(|(_, t)| t.iter().map(|f| f.name)).collect();
    let n = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), n);
    assert!(n >= 60, "{n} functions");
    let page = reference_markdown();
    for code in Code::ALL {
        assert!(page.contains(code.as_str()));
    }
}

#[test]
fn an_implicit_rejection_has_a_code_that_its_formula_declares() {
    let sample = Sample::new();
    for (_, table) in functions() {
        for (formula, _) in table.iter().flat_map(|f| f.examples) {
            let (f, _) = compile(formula, &sample.scope(), None).unwrap();
            let bound = f.bind(sample.batch.row(0).shape());
            if let Outcome::Reject { code, message } = bound.eval(&sample.batch.row(0), &sample.tables) {
                assert!(f.codes().iter().any(|c| c == code), "{formula} rejects with {code}: {:?}", f.codes());
                assert!(!message.is_empty());
            }
        }
    }
}
