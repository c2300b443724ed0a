//! `banyan migration`: the board of routes on their way.

use super::admin_client::AdminClient;
use super::out::plain;
use super::{Done, Failure, Global, out};
use crate::config::{Built, MissingSecret};
use crate::ops::view::{figure, times};
use serde_json::Value;

/// How far each route is, what the evidence says, what differs, and what can be switched off.
#[derive(Debug, clap::Args)]
pub(super) struct Migration {
    /// Only this route, with its figures.
    route: Option<String>,
}

impl Migration {
    pub(super) fn run(self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let mut board = gateway(&built)?.get("/admin/v1/migration")?;
        if let Some(route) = &self.route {
            let kept = |row: &Value| row["route"].as_str() == Some(route);
            if let Some(rows) = board.get_mut("items").and_then(Value::as_array_mut) {
                rows.retain(kept);
                if rows.is_empty() {
                    return Err(Failure::Because(format!("no route `{route}` has a modern side")));
                }
            }
        }
        if global.json {
            out::json(&board);
        } else {
            out::answer(&told(&board, self.route.is_some()));
        }
        Ok(())
    }
}

/// The gateway that serves this configuration.
pub(super) fn gateway(built: &Built) -> Result<AdminClient, Failure> {
    AdminClient::find(built.settings.admin, &built.settings.store)?.ok_or_else(|| {
        let admin = built.settings.admin;
        Failure::Because(format!(
            "no gateway answers at {admin} (gateway.admin); evidence is gathered while one serves"
        ))
    })
}

fn list<'v>(v: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    v.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(v: &'v Value, key: &str) -> &'v str {
    v.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(v: &Value, key: &str) -> u64 {
    v.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn told(board: &Value, whole: bool) -> String {
    let mut out = String::new();
    for row in list(board, "items") {
        let mut stage = text(row, "stage").to_owned();
        if let Some(weight) = row["weight"].as_str() {
            stage.push_str(&format!(" at {weight}"));
        }
        if row["killed"] == true {
            stage.push_str(", switched off");
        }
        out.push_str(&format!("{}\n  {stage}: {}\n", plain(text(row, "route")), plain(text(row, "told"))));
        let evidence = &row["evidence"];
        if !evidence.is_null() {
            let (score, threshold) = (evidence["score"].as_f64(), evidence["threshold"].as_f64());
            out.push_str(&format!(
                "  {} equal, {} different, {} indeterminate; score {} of {}\n",
                number(evidence, "matches"),
                number(evidence, "mismatches"),
                number(evidence, "indeterminate"),
                figure(score.unwrap_or_default(), 2),
                figure(threshold.unwrap_or_default(), 2)
            ));
        }
        for told in list(&row["decided"], "overrode").filter_map(Value::as_str) {
            out.push_str(&format!("  forced by {} against: {}\n", plain(text(&row["decided"], "author")), plain(told)));
        }
        for cluster in list(row, "open") {
            let critical = if cluster["critical"] == true { ", critical" } else { "" };
            let verdict = match cluster["verdict"].as_str() {
                Some("modern-bug") => ", judged a bug of modern: open until modern is mended".to_owned(),
                Some(other) => format!(", judged {}", plain(other)),
                None => String::new(),
            };
            out.push_str(&format!(
                "    [{}] {} {}: {}{critical}{verdict}\n",
                number(cluster, "number"),
                plain(text(cluster, "at")),
                text(cluster, "kind"),
                times(number(cluster, "mismatches"))
            ));
        }
        out.push_str(&format!("  legacy is asked {} times a day\n", number(row, "legacy_calls_a_day")));
        let blocking: Vec<String> = list(row, "blocking").filter_map(Value::as_str).map(plain).collect();
        if !blocking.is_empty() {
            out.push_str(&format!("  still called by {}\n", blocking.join(", ")));
        }
        if whole {
            figures(evidence, &mut out);
        }
    }
    if out.is_empty() {
        out.push_str("no route has a modern side\n");
    }
    for source in list(board, "leaving") {
        let name = plain(text(source, "name"));
        let needs: Vec<String> =
            list(source, "routes").chain(list(source, "collections")).filter_map(Value::as_str).map(plain).collect();
        match source["can_go"] == true {
            true => out.push_str(&format!("{name} ({}) can be switched off\n", text(source, "adapter"))),
            false => out.push_str(&format!("{name} ({}) is needed by {}\n", text(source, "adapter"), needs.join(", "))),
        }
    }
    out
}

fn figures(evidence: &Value, out: &mut String) {
    for watch in list(evidence, "watches") {
        let (score, alarm) = (watch["score"].as_f64().unwrap_or_default(), watch["alarm"].as_f64().unwrap_or_default());
        out.push_str(&format!("  {}: {}, comes back at {}\n", text(watch, "name"), figure(score, 2), figure(alarm, 2)));
    }
    for note in list(evidence, "notes") {
        out.push_str(&format!("  {} {}\n", text(note, "at"), plain(text(note, "what"))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_board_is_told_in_words() {
        let board = json!({ "items": [{ "route": "/v1/customers", "stage": "canary", "weight": "5%", "killed": false,
            "told": "401 clean distinct comparisons more to go", "legacy_calls_a_day": 12, "blocking": ["payroll"],
            "decided": { "author": "ann", "overrode": ["insufficient evidence"] },
            "evidence": { "matches": 1148, "mismatches": 1, "indeterminate": 0, "score": 3.0, "threshold": 4.605,
                "watches": [{ "name": "failures", "score": 0.5, "alarm": 6.9 }, { "name": "latency", "score": -0.004, "alarm": 6.9 }], "notes": [] },
            "open": [{ "number": 3, "at": "/credit", "kind": "value", "critical": true, "mismatches": 1 },
                { "number": 4, "at": "/fax", "kind": "missing", "verdict": "modern-bug", "mismatches": 2 }] }],
            "leaving": [{ "name": "erp", "adapter": "mssql", "routes": ["/v1/customers"], "collections": ["orders"], "can_go": false },
                { "name": "crm", "adapter": "file-drop", "routes": [], "collections": [], "can_go": true }] });
        let told = told(&board, true);
        for line in [
            "  canary at 5%: 401 clean distinct comparisons more to go\n",
            "  forced by ann against: insufficient evidence\n",
            "    [3] /credit value: once, critical\n",
            "    [4] /fax missing: 2 times, judged a bug of modern: open until modern is mended\n",
            "  legacy is asked 12 times a day\n",
            "  still called by payroll\n",
            "  failures: 0.50, comes back at 6.90\n",
            "  latency: 0.00, comes back at 6.90\n",
            "erp (mssql) is needed by /v1/customers, orders\n",
            "crm (file-drop) can be switched off\n",
        ] {
            assert!(told.contains(line), "{line:?} in {told}");
        }
    }
}
