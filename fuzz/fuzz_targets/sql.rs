//! No text makes the guard panic, and what passes is a query: it begins as one, is one statement, and passes again.

#![no_main]

use banyan_sql::Dialect;
use banyan_sql::guard::{check, check_any};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let dialects =
        [Dialect::Tsql, Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite, Dialect::Bare, Dialect::Generic];
    for dialect in dialects {
        if let Ok(passed) = check(text, dialect) {
            let begins = passed.text().trim_start().trim_start_matches('(').trim_start().to_ascii_lowercase();
            let known = ["select", "with", "values", "table", "from"];
            assert!(known.iter().any(|k| begins.starts_with(k)), "{dialect:?} takes {text:?}");
            assert!(check(passed.text(), dialect).is_ok(), "what passed does not pass again: {text:?}");
        }
    }
    let _ = check_any(text);
});
