//! The reference page of the formula language, made from the tables that the compiler itself uses.

use super::functions::functions;
use super::outcome::Code;
use super::pattern::LETTERS;
use super::sample::{self, CATEGORY};
use std::fmt::Write as _;

const RULES: &str = include_str!("reference.md");

/// The page, in Markdown. Every example in it is executed by a test.
pub fn reference_markdown() -> String {
    let mut out = RULES.to_owned();
    sample_record(&mut out);
    let _ = writeln!(out, "\n## Date patterns\n");
    let _ = writeln!(out, "| pattern | stands for | example |\n|---|---|---|");
    for (letters, meaning, example) in LETTERS {
        let _ = writeln!(out, "| `{letters}` | {meaning} | `{example}` |");
    }
    let _ = writeln!(
        out,
        "\n## Codes of failures\n\nWhere no `ELSE` gives another code, a failure rejects the record with:\n"
    );
    let _ = writeln!(out, "| code | when |\n|---|---|");
    for code in Code::ALL {
        let _ = writeln!(out, "| `{}` | {} |", code.as_str(), code.meaning());
    }
    let _ = writeln!(out, "\n## Functions\n\nEvery example below is run over the sample record by the test suite.");
    for (group, table) in functions() {
        let _ = writeln!(out, "\n### {group}");
        for f in table {
            let _ = writeln!(out, "\n#### {}\n\n`{}` → {}\n\n{}\n", f.name, f.signature, f.result, f.about);
            let _ = writeln!(out, "- Absent: {}.", f.absent);
            for fault in f.fails {
                let _ = writeln!(out, "- Fails (`{}`): {}.", fault.code.as_str(), fault.when);
            }
            let _ = writeln!(out, "\n```text");
            for (formula, value) in f.examples {
                let _ = writeln!(out, "{formula}\n  → {value}");
            }
            let _ = writeln!(out, "```");
        }
    }
    out
}

fn sample_record(out: &mut String) {
    let _ = writeln!(out, "\n## The sample record\n\n| column | type | value |\n|---|---|---|");
    for (name, ty, value) in sample::rows() {
        // A line end would end the table's row.
        let value = value.replace('\r', "\\r").replace('\n', "\\n");
        let _ = writeln!(out, "| `{name}` | {ty} | `{value}` |");
    }
    let _ = writeln!(out, "\nIts zone is Europe/London, `99999999` is a null date, and the lookup `category` is:\n");
    let _ = writeln!(out, "```csv\n{CATEGORY}```");
}
