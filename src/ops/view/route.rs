//! A route and the decisions about it, for people.

use crate::runtime::routes::Route;
use crate::runtime::routes::journal::Decision;
use banyan_migration::bundle::Cause;
use banyan_migration::stage::{Side, Stage, Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// A route.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RouteView {
    /// What tells it from every other: its path, then its methods and operations, where it names some.
    pub name: String,
    /// Its path.
    pub path: String,
    /// The methods it takes; empty: all.
    pub methods: Vec<String>,
    /// Of an entity's path: the operations that move.
    pub moves: Vec<String>,
    /// `legacy`, `shadow`, `canary`, `modern` or `retired`.
    pub stage: String,
    /// In canary: the share that modern answers.
    pub weight: Option<String>,
    /// It is switched off: legacy answers, nothing is asked of modern.
    pub killed: bool,
    /// Who answers before it moved: an upstream's name, `facade`, or null.
    pub legacy: Option<String>,
    /// The upstream it moves to.
    pub modern: Option<String>,
    /// Upstreams of it that are left alone because they failed of late.
    pub failing: Vec<String>,
    /// The newest decision; null: it stands where the configuration has it begin.
    pub decided: Option<DecisionView>,
    /// The day from which it is deprecated.
    pub deprecated: Option<String>,
    /// The day on which it ends.
    pub sunset: Option<String>,
}

impl RouteView {
    /// Of a route as it stands now.
    pub fn of(route: &Route, decisions: &[Decision]) -> RouteView {
        let Standing { stage, weight, killed } = route.standing();
        let legacy = route.legacy.as_ref().map(|t| t.name.clone());
        let sides = [Side::Legacy, Side::Modern].into_iter().filter_map(|s| route.side(s));
        RouteView {
            name: route.name.clone(),
            path: route.config.path.clone(),
            methods: route.config.methods.clone(),
            moves: match (route.entity, route.config.moves.is_empty()) {
                (Some(_), true) => vec!["list".to_owned(), "get".to_owned()],
                _ => route.config.moves.iter().map(|m| m.name().to_owned()).collect(),
            },
            stage: stage.to_string(),
            weight: (stage == Stage::Canary).then(|| weight.to_string()),
            killed,
            legacy: legacy.or_else(|| route.entity.map(|_| "facade".to_owned())),
            modern: route.modern.as_ref().map(|t| t.name.clone()),
            failing: sides.filter(|t| t.upstream.is_open()).map(|t| t.name.clone()).collect(),
            decided: decisions.iter().rev().find(|d| d.route == route.name).map(DecisionView::of),
            deprecated: route.config.deprecated.clone(),
            sunset: route.config.sunset.clone(),
        }
    }
}

/// A decision about a route.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// Its number in the journal; 0: it is not written down yet.
    pub number: u64,
    /// When.
    pub at: String,
    /// The route's name.
    pub route: String,
    /// Who: a person's name, or `banyan`.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Where it stood, in words.
    pub from: String,
    /// Where it stands, in words.
    pub to: String,
    /// What it rests on: `evidence`, `failures`, `parity`, `latency`, `person`, or `force` where it was against the
    /// evidence.
    pub because: String,
    /// Of a forced step: what spoke against it when it was taken.
    pub overrode: Vec<String>,
}

impl DecisionView {
    /// Of a decision.
    pub fn of(decision: &Decision) -> DecisionView {
        let because = match &decision.cause {
            Cause::Evidence { .. } => "evidence",
            Cause::Failures { .. } => "failures",
            Cause::Parity { .. } => "parity",
            Cause::Latency { .. } => "latency",
            Cause::Person { forced: true, .. } => "force",
            Cause::Person { forced: false, .. } => "person",
        };
        DecisionView {
            number: decision.number,
            at: decision.at.clone(),
            route: decision.route.clone(),
            author: decision.author.clone(),
            reason: decision.reason.clone(),
            from: decision.from.to_string(),
            to: decision.to.to_string(),
            because: because.to_owned(),
            overrode: match &decision.cause {
                Cause::Person { overrode, .. } => overrode.clone(),
                _ => Vec::new(),
            },
        }
    }
}
