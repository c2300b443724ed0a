//! What another configuration would change about routes, in words.
//!
//! Invariant: a plan changes nothing, and says of each change who moves by it, which evidence it costs, and what legacy
//! would have to bear.

mod changed;
mod load;

use super::{Route, Routes};
use banyan_migration::route::Move;
use banyan_migration::stage::Stage;
use banyan_model::model::Catalog;
use load::load;

/// What happens to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Some of its keys are others.
    Changed,
    /// Nothing about it changes, but there is something to know.
    Note,
}

impl ChangeKind {
    /// As plans are drawn.
    pub fn sign(self) -> &'static str {
        match self {
            ChangeKind::Added => "+",
            ChangeKind::Removed => "-",
            ChangeKind::Changed => "~",
            ChangeKind::Note => "!",
        }
    }
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The route's name, where it is about a route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The consumer's name, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// What happens to it.
    pub kind: ChangeKind,
    /// What that means, a line each.
    pub told: Vec<String>,
}

impl Change {
    fn of_route(route: &Route, kind: ChangeKind, told: Vec<String>) -> Change {
        Change { route: Some(route.name.clone()), consumer: None, kind, told }
    }

    fn is_of(&self, route: &Route) -> bool {
        self.route.as_ref() == Some(&route.name)
    }

    /// What it is about, for people.
    pub fn about(&self) -> String {
        match (&self.route, &self.consumer) {
            (Some(route), _) => route.clone(),
            (None, Some(consumer)) => format!("consumer `{consumer}`"),
            (None, None) => "consumers".to_owned(),
        }
    }
}

/// What is known of a route's callers: how many requests it gets in a day, if anybody counted.
pub type CallsADay<'c> = &'c dyn Fn(&str) -> Option<u64>;

/// One configuration: its routes, and what they stand on.
pub type Version<'v> = (&'v Routes, &'v Catalog);

/// What would change from `now` to `then`.
pub fn plan((now, before): Version<'_>, (then, after): Version<'_>, calls: CallsADay<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for route in &then.all {
        let told = match now.all.iter().find(|r| r.name == route.name) {
            None => (ChangeKind::Added, added(route, calls)),
            Some(old) => (ChangeKind::Changed, changed::changed((old, before), (route, after), calls)),
        };
        if !told.1.is_empty() {
            changes.push(Change::of_route(route, told.0, told.1));
        }
    }
    for old in now.all.iter().filter(|r| !then.all.iter().any(|n| n.name == r.name)) {
        let mut told = vec![match old.entity {
            Some(_) => "the facade answers every operation of it again".to_owned(),
            None => "its requests go to the next route that has their path, or are answered 404".to_owned(),
        }];
        if old.standing().stage >= Stage::Canary {
            told.push(format!("callers that modern answers move back: it stands at {}", old.standing()));
        }
        told.push("its evidence and its decisions stay in the journal, under its name".to_owned());
        changes.push(Change::of_route(old, ChangeKind::Removed, told));
    }
    for route in &then.all {
        // On its way there, or about to begin it: what is decided now leads to `modern`.
        let concerned = route.standing().stage >= Stage::Canary || changes.iter().any(|c| c.is_of(route));
        let told = if concerned { rests_on_legacy(route, after) } else { Vec::new() };
        if !told.is_empty() {
            changes.push(Change::of_route(route, ChangeKind::Note, told));
        }
    }
    changes
}

fn added(route: &Route, calls: CallsADay<'_>) -> Vec<String> {
    let standing = route.standing();
    let mut told = vec![format!("it begins at {standing}")];
    told.extend(load(route, calls(&route.name)));
    told
}

/// What rests on legacy-fed rows once an entity's route has reached `modern`.
fn rests_on_legacy(route: &Route, catalog: &Catalog) -> Vec<String> {
    let Some(no) = route.entity else { return Vec::new() };
    let Some(entity) = catalog.entities.get(no) else { return Vec::new() };
    let there = route.standing().stage >= Stage::Modern;
    let begin = if there { "" } else { "at `modern`: " };
    let mut told = Vec::new();
    for other in &catalog.entities {
        for field in other.fields.iter().filter(|f| f.refers_to == Some(no)) {
            told.push(format!(
                "{begin}`embed={}` at /v1/{} still shows what legacy says: it is read from the store",
                field.name, other.plural
            ));
        }
    }
    let stays = |what: Move| !route.config.moves_with(what);
    for child in entity.children.iter().filter(|_| stays(Move::Children)) {
        told.push(format!("{begin}/v1/{}/{{id}}/{} is still read from the store", entity.plural, child.name));
    }
    for rule in &entity.match_rules {
        told.push(format!(
            "{begin}the match rule `{rule}` still joins what legacy systems say, and nothing of modern's"
        ));
    }
    told
}
