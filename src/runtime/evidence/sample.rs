//! A mismatch kept to be looked at: redacted, joined to its trace and to where the legacy value came from.
//!
//! Invariant: what is personal is kept in no form: neither in the values, nor in the request's query, nor in the lineage.

use super::{Exchange, RouteInfo};
use banyan_migration::compare::Difference;
use banyan_migration::json::Doc;
use serde::{Deserialize, Serialize};

/// Where a legacy value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The dataset, with its source: `erp.custmas`.
    pub dataset: String,
    /// The columns that were read.
    pub columns: Vec<String>,
    /// What stood in them; empty where that is personal, or no longer kept.
    pub raw: Vec<String>,
    /// The formula.
    pub formula: Option<String>,
}

/// Tells where the field of an instance came from: route, id, field.
pub type LineageOf = dyn Fn(&RouteInfo, &str, &str) -> Option<Lineage> + Send + Sync;

/// A mismatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, RFC 3339.
    pub at: String,
    /// The request's trace.
    pub trace_id: String,
    /// `live`, `sweep` or `replay`.
    pub origin: String,
    /// The request: method, path and query.
    pub request: String,
    /// The build of modern, if it tells one.
    pub build: String,
    /// The difference.
    pub difference: Difference,
    /// Where the legacy value came from.
    pub lineage: Option<Lineage>,
}

impl Sample {
    pub(super) fn of(exchange: &Exchange, difference: Difference, build: &str, lineage: Option<&LineageOf>) -> Sample {
        let at = jiff::Timestamp::from_millisecond(exchange.at_ms).map_or_else(|_| String::new(), |t| t.to_string());
        let lineage = lineage.and_then(|of| {
            let (id, field) = field(exchange, &difference)?;
            let mut told = of(&exchange.route, &id, &field)?;
            if difference.personal {
                told.raw.clear();
            }
            Some(told)
        });
        Sample {
            at,
            trace_id: exchange.trace_id.chars().take(64).collect(),
            origin: exchange.origin.name().to_owned(),
            request: format!("{} {}", exchange.request.method, target(exchange)),
            build: build.to_owned(),
            difference,
            lineage,
        }
    }
}

/// The instance and field a difference is about: `/name` of the one that was asked for, `/items/3/name` of a list's.
fn field(exchange: &Exchange, difference: &Difference) -> Option<(String, String)> {
    let mut steps = difference.at.strip_prefix('/')?.split('/');
    let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
    match (&exchange.request.entity, steps.next()?) {
        (Some(id), field) => Some((id.clone(), unescaped(field))),
        (None, "items") => {
            exchange.route.entity.as_ref()?;
            let at: usize = steps.next()?.parse().ok()?;
            let field = unescaped(steps.next()?);
            let legacy = exchange.legacy.as_ref().ok()?;
            let doc = Doc::parse(&legacy.body).ok()?;
            let Doc::List(items) = doc.get("items")? else { return None };
            let Doc::Text(id) = items.get(at)?.get("id")? else { return None };
            Some((id.clone(), field))
        }
        _ => None,
    }
}

/// Longest target that is kept, in characters.
const LONGEST: usize = 500;

/// The request's target; values of parameters that name something personal are gone.
fn target(exchange: &Exchange) -> String {
    let target = &exchange.request.target;
    let Some((path, query)) = target.split_once('?') else { return target.chars().take(LONGEST).collect() };
    let personal: Vec<String> = exchange.route.rules.personal.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = personal.iter().filter_map(|p| p.rsplit('/').find(|s| !s.contains('*'))).collect();
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if names.iter().any(|n| !n.is_empty() && holds(name, n)) => format!("{name}=(redacted)"),
        _ => part.to_owned(),
    });
    format!("{path}?{}", parts.collect::<Vec<_>>().join("&")).chars().take(LONGEST).collect()
}

/// Whether a parameter's name, encoded or not, holds that of a field.
fn holds(name: &str, field: &str) -> bool {
    let whole = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == field);
    whole(&name.to_lowercase().replace("%5b", "[").replace("%5d", "]")) || whole(name)
}
