//! A tried record, for people and for machines.

use banyan_model::formula::Step;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A record and what became of it.
pub(super) struct Record {
    /// Where it stands in its file.
    pub(super) line: u64,
    /// Its columns.
    pub(super) raw: Vec<(String, String)>,
    pub(super) verdict: Verdict,
    pub(super) fields: Vec<Field>,
}

/// A field, what its formula comes to, and how.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) said: Said,
    pub(super) steps: Vec<Step>,
}

/// What a formula comes to.
pub(super) enum Said {
    /// This JSON, as the facade would show it.
    Value(String),
    /// Nothing is said.
    Missing,
    /// `ELSE KEEP`
    Keep(String),
    /// The record is rejected.
    Reject(String),
    /// It asks for rows that are not at hand.
    NotKnown,
}

impl Said {
    fn to_text(&self) -> String {
        match self {
            Said::Value(json) => json.clone(),
            Said::Missing => "MISSING".to_owned(),
            Said::Keep(code) => format!("KEEP \"{code}\""),
            Said::Reject(code) => format!("REJECT \"{code}\""),
            Said::NotKnown => "not known without the lookup's rows".to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Said::Value(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Said::Missing => json!({ "missing": true }),
            Said::Keep(code) => json!({ "keep": code }),
            Said::Reject(code) => json!({ "reject": code }),
            Said::NotKnown => json!({ "known": false }),
        }
    }
}

/// What became of a record.
pub(super) enum Verdict {
    Says {
        id: Option<String>,
    },
    Withdrawn,
    Skipped,
    Rejected {
        code: String,
        field: Option<String>,
        message: String,
    },
    /// It asks for rows of a dataset that are not at hand.
    NotKnown {
        field: Option<String>,
    },
}

impl Verdict {
    pub(super) fn rejected(code: &str, field: Option<&str>, message: &str) -> Verdict {
        Verdict::Rejected { code: code.to_owned(), field: field.map(str::to_owned), message: message.to_owned() }
    }

    fn word(&self) -> &'static str {
        match self {
            Verdict::Says { .. } => "accepted",
            Verdict::Withdrawn => "withdrawn",
            Verdict::Skipped => "skipped",
            Verdict::Rejected { .. } => "rejected",
            Verdict::NotKnown { .. } => "not-known",
        }
    }
}

impl Record {
    pub(super) fn to_text(&self, explain: bool) -> String {
        let mut out = String::new();
        let _ = match &self.verdict {
            Verdict::Says { id: Some(id) } => writeln!(out, "line {}: {id}", self.line),
            Verdict::Says { id: None } => writeln!(out, "line {}: accepted", self.line),
            Verdict::Withdrawn => writeln!(out, "line {}: withdraws what it said", self.line),
            Verdict::Skipped => writeln!(out, "line {}: skipped by `when`", self.line),
            Verdict::NotKnown { field } => {
                let field = field.as_deref().unwrap_or("a condition");
                let why = "asks a lookup whose rows are a dataset's; name a file of it: --rows LOOKUP=FILE";
                writeln!(out, "line {}: not known: {field} {why}", self.line)
            }
            Verdict::Rejected { code, field, message } => {
                let by = field.as_ref().map(|f| format!(" by {f}")).unwrap_or_default();
                writeln!(out, "line {}: REJECTED \"{code}\"{by}: {message}", self.line)
            }
        };
        let cells: Vec<String> = self.raw.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let _ = writeln!(out, "  < {}", cells.join(", "));
        let rejected = match &self.verdict {
            Verdict::Rejected { field, .. } => field.as_deref(),
            _ => None,
        };
        let width = self.fields.iter().map(|f| f.name.chars().count()).max().unwrap_or(0);
        for Field { name, said, steps } in &self.fields {
            let _ = writeln!(out, "  > {name:width$}  {}", said.to_text());
            if explain || rejected == Some(name.as_str()) {
                for step in steps {
                    let note = step.note.as_ref().map(|n| format!("  ({n})")).unwrap_or_default();
                    let _ = writeln!(out, "    {:width$}  {} = {}{note}", "", step.text, step.value);
                }
            }
        }
        out.push('\n');
        out
    }

    pub(super) fn to_json(&self, explain: bool) -> Value {
        let mut out = Map::new();
        out.insert("line".into(), json!(self.line));
        out.insert("outcome".into(), json!(self.verdict.word()));
        match &self.verdict {
            Verdict::Says { id } => {
                out.insert("id".into(), json!(id));
            }
            Verdict::Rejected { code, field, message } => {
                out.insert("code".into(), json!(code));
                out.insert("field".into(), json!(field));
                out.insert("message".into(), json!(message));
            }
            Verdict::Withdrawn | Verdict::Skipped | Verdict::NotKnown { .. } => {}
        }
        out.insert("raw".into(), self.raw.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
        let field = |f: &Field| {
            let told = match explain {
                true => json!({ "value": f.said.to_json(), "steps": f.steps.iter().map(step).collect::<Vec<_>>() }),
                false => f.said.to_json(),
            };
            (f.name.clone(), told)
        };
        out.insert("fields".into(), self.fields.iter().map(field).collect());
        Value::Object(out)
    }
}

fn step(step: &Step) -> Value {
    json!({ "text": step.text, "offset": step.offset, "value": step.value, "note": step.note })
}
