//! The `transport:` of a map: one of the kinds, with its own keys.

use super::{Transport, tn3270, vt, web};
use crate::map::Key;
use banyan_words::node::{Node, read, tagged};
use banyan_words::{Problem, Severity};
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::path::Path;

const KINDS: [&str; 3] = ["tn3270", "vt", "web"];

/// How a far side is reached.
#[derive(Clone, Debug)]
pub enum Config {
    /// A 3270 host.
    Tn3270(tn3270::Config),
    /// A program on a character terminal.
    Vt(vt::Config),
    /// A web application.
    Web(web::Config),
}

impl Config {
    /// Reads and checks what stands at `path`. Faults and warnings go to `problems`; `None` if there are faults.
    pub(crate) fn read(node: &Node, path: &str, problems: &mut Vec<Problem>) -> Option<Config> {
        let found = tagged(node, path, "kind", &KINDS).and_then(|(kind, rest)| match kind {
            "tn3270" => read(&rest, path).map(Config::Tn3270),
            "vt" => read(&rest, path).map(Config::Vt),
            _ => read(&rest, path).map(Config::Web),
        });
        let config = found.map_err(|faults| problems.extend(faults)).ok()?;
        let told = match &config {
            Config::Tn3270(c) => tn3270::check(c, path),
            Config::Vt(c) => vt::check(c, path),
            Config::Web(c) => web::check(c, path),
        };
        let sound = told.iter().all(|p| p.severity == Severity::Warning);
        problems.extend(told);
        sound.then_some(config)
    }

    /// The word after `kind:`.
    pub fn kind(&self) -> &'static str {
        match self {
            Config::Tn3270(_) => "tn3270",
            Config::Vt(_) => "vt",
            Config::Web(_) => "web",
        }
    }

    /// A transport to that far side. Opens nothing; relative paths start at `base`.
    pub fn connect(&self, base: &Path) -> Box<dyn Transport> {
        match self {
            Config::Tn3270(c) => tn3270::connect(c, base),
            Config::Vt(c) => vt::connect(c, base),
            Config::Web(c) => web::connect(c, base),
        }
    }

    /// Whether that terminal has a key; else why not. Offline.
    pub(crate) fn has_key(&self, key: Key) -> Result<(), String> {
        match self {
            Config::Tn3270(_) => tn3270::has_key(key),
            Config::Vt(c) => vt::has_key(c, key),
            Config::Web(_) => web::has_key(key),
        }
    }

    /// Rows and columns; `None` of web pages.
    pub fn size(&self) -> Option<(u16, u16)> {
        match self {
            Config::Tn3270(c) => c.size(),
            Config::Vt(c) => c.size(),
            Config::Web(c) => c.size(),
        }
    }
}

/// The JSON schema of `transport:`, with its definitions in `generator`.
pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> Value {
    let kinds = [
        ("tn3270", tn3270::Config::json_schema(generator)),
        ("vt", vt::Config::json_schema(generator)),
        ("web", web::Config::json_schema(generator)),
    ];
    let choices = kinds.map(|(kind, schema)| {
        let mut schema = schema.to_value();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("kind".into(), json!({ "const": kind }));
        }
        match schema.get_mut("required").and_then(Value::as_array_mut) {
            Some(required) => required.push(json!("kind")),
            None => schema["required"] = json!(["kind"]),
        }
        schema
    });
    json!({ "description": "How the far side is reached.", "oneOf": choices })
}
