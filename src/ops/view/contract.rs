//! What moving a route would change for its callers, for people.

use banyan_migration::contract::{Difference, Report};
use serde::Serialize;
use utoipa::ToSchema;

/// What modern's contract would change for a route's callers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractView {
    /// The route.
    pub route: String,
    /// Whether a contract is configured: without one nothing is guarded.
    pub configured: bool,
    /// Why the two could not be compared. Steps that let modern answer are held back then.
    pub not_compared: Option<String>,
    /// How many operations were compared.
    pub operations: usize,
    /// How many differences break callers.
    pub breaking: usize,
    /// All differences.
    pub differences: Vec<DifferenceView>,
}

/// A difference between two contracts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DifferenceView {
    /// Whether callers may break by it: steps are held back.
    pub breaking: bool,
    /// Whether it would, and the upstream's `contract.accept` names it.
    pub accepted: bool,
    /// A short id of its name: `#3f2a91c0`. `contract.accept` takes it.
    pub id: String,
    /// What it is: operation, place and kind. It stays the same whatever else is in the two documents.
    pub name: String,
    /// Its kind, such as `removed-field`.
    pub kind: String,
    /// In words.
    pub told: String,
    /// JSON Pointer into the document in use.
    pub facade: String,
    /// JSON Pointer into modern's.
    pub modern: String,
}

impl ContractView {
    /// Of a comparison; `None`: no contract is configured.
    pub fn of(route: &str, compared: Option<Result<Report, String>>) -> ContractView {
        let configured = compared.is_some();
        let (report, not_compared) = match compared {
            Some(Ok(report)) => (report, None),
            Some(Err(why)) => (Report::default(), Some(why)),
            None => (Report::default(), None),
        };
        ContractView {
            route: route.to_owned(),
            configured,
            not_compared,
            operations: report.operations,
            breaking: report.breaking().count(),
            differences: report.differences.into_iter().map(DifferenceView::of).collect(),
        }
    }

    /// In lines.
    pub fn to_text(&self) -> String {
        if !self.configured {
            return format!("{}: no contract is configured (`contract` of its upstreams)\n", self.route);
        }
        if let Some(why) = &self.not_compared {
            return format!("{}: the contract could not be compared: {why}\n", self.route);
        }
        let mut text = format!(
            "{}: {} operations compared, {} differences, {} of them breaking\n",
            self.route,
            self.operations,
            self.differences.len(),
            self.breaking
        );
        for d in &self.differences {
            let word = match (d.breaking, d.accepted) {
                (true, _) => "breaking",
                (_, true) => "accepted",
                _ => "note    ",
            };
            text.push_str(&format!(
                "  {word}  {} {}\n            {}\n            {} | {}\n",
                d.id, d.told, d.name, d.facade, d.modern
            ));
        }
        text
    }
}

impl DifferenceView {
    fn of(d: Difference) -> DifferenceView {
        let kind = serde_json::to_value(d.kind).ok().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
        DifferenceView {
            breaking: d.breaking,
            accepted: d.accepted,
            id: d.id,
            name: d.name,
            kind,
            told: d.told,
            facade: d.facade,
            modern: d.modern,
        }
    }
}
