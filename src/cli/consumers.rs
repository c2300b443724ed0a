//! `banyan consumers`: who calls which route, and who still needs legacy.

use super::admin_client::AdminClient;
use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
use crate::ops::view::consumer::ConsumerView;
use crate::runtime::clock::Clock;
use crate::runtime::consumers::Callers;
use banyan_store::evidence::{EvidenceStore, path_of};
use serde_json::{Value, json};

/// Show who calls which route, at which stage, and who still needs legacy.
#[derive(Debug, clap::Args)]
pub(super) struct ConsumersCommand {
    /// Of this consumer only.
    #[arg(long)]
    consumer: Option<String>,
    /// Of this route only: its name as `banyan routes list` shows it.
    #[arg(long)]
    route: Option<String>,
}

impl ConsumersCommand {
    pub(super) fn run(self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let because = |e: banyan_store::StoreError| Failure::Because(e.to_string());
        let all: Value = match AdminClient::find(built.settings.admin, &built.settings.store)? {
            Some(gateway) => gateway.get("/admin/v1/consumers")?["items"].take(),
            // Beside no gateway: what the last one wrote down.
            None => match EvidenceStore::read(&path_of(&built.settings.store)).map_err(because)? {
                Some(store) => {
                    let (callers, now_ms) = (Callers::read(&store).map_err(because)?, Clock::system().now_ms());
                    json!(callers.iter().map(|c| ConsumerView::of(c, now_ms)).collect::<Vec<_>>())
                }
                None => json!([]),
            },
        };
        let is = |row: &Value, key: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|w| row.get(key).and_then(Value::as_str) == Some(w))
        };
        let mut rows = all.as_array().cloned().unwrap_or_default();
        rows.retain(|r| is(r, "consumer", &self.consumer) && is(r, "route", &self.route));
        if global.json {
            out::json(&json!(rows));
            return Ok(());
        }
        let text: String = rows.iter().map(row).collect();
        out::answer(if text.is_empty() { "nobody has called yet\n" } else { &text });
        Ok(())
    }
}

fn row(row: &Value) -> String {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| row.get(key).and_then(Value::as_u64).unwrap_or_default();
    let names = |key: &str| row.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let stages: Vec<String> = names("stages").iter().map(|(stage, n)| format!("{stage} {n}")).collect();
    let fields = names("fields");
    let fields = match fields.contains_key("*") {
        true => "all".to_owned(),
        false => fields.keys().cloned().collect::<Vec<_>>().join(", "),
    };
    let mut told = format!(
        "{}  {}\n  {} calls in 30 days ({}), last at {}\n",
        text("consumer"),
        text("route"),
        number("calls"),
        stages.join(", "),
        text("last_seen")
    );
    if !fields.is_empty() {
        told.push_str(&format!("  asks for {fields}\n"));
    }
    if let Some(last) = row.get("needed_legacy").and_then(Value::as_str) {
        told.push_str(&format!(
            "  needed legacy, calls by reason: modern failed {}, bound to legacy {}, went on in a list that legacy began {}; last at {last}\n",
            number("fell_back"),
            number("pinned"),
            number("tokens")
        ));
    }
    told
}
