//! What another configuration would change about routes, in words.
//!
//! Invariant: a plan changes nothing, and says of each change who moves by it, which evidence it costs, and what legacy
//! would have to bear.

use super::{Route, Routes};
use banyan_migration::stage::{Side, Stage};
use banyan_model::model::Catalog;

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

    /// What it is about, for people.
    pub fn about(&self) -> String {
        match (&self.route, &self.consumer) {
            (Some(route), _) => route.clone(),
            (None, Some(consumer)) => format!("consumer `{consumer}`"),
            (None, None) => "consumers".to_owned(),
        }
    }
}

/// What would change from `now` to `then`.
pub fn plan(now: &Routes, then: &Routes, before: &Catalog, after: &Catalog) -> Vec<Change> {
    let mut changes = Vec::new();
    for route in &then.all {
        let told = match now.all.iter().find(|r| r.name == route.name) {
            None => (ChangeKind::Added, added(route)),
            Some(old) => (ChangeKind::Changed, changed(old, route, before, after)),
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
        let told = rests_on_legacy(route, after);
        if !told.is_empty() {
            changes.push(Change::of_route(route, ChangeKind::Note, told));
        }
    }
    changes
}

fn added(route: &Route) -> Vec<String> {
    let standing = route.standing();
    let mut told = vec![format!("it begins at {standing}")];
    if let Some(load) = load(route) {
        told.push(load);
    }
    told
}

fn changed(old: &Route, new: &Route, before: &Catalog, after: &Catalog) -> Vec<String> {
    let mut told = Vec::new();
    let names = |r: &Route, side: Side| r.side(side).map(|t| t.name.clone());
    for side in [Side::Legacy, Side::Modern] {
        let (a, b) = (names(old, side), names(new, side));
        if a != b {
            let shown = |n: Option<String>| n.map_or_else(|| "nobody or the facade".to_owned(), |n| format!("`{n}`"));
            told.push(format!("its {} side becomes {}, it was {}", side.name(), shown(b), shown(a)));
            told.push("its evidence starts again: it was gathered with another side".to_owned());
        }
    }
    if old.config.compare.rules().hash() != new.config.compare.rules().hash() {
        told.push("its evidence starts again: the rules of comparison are others".to_owned());
    }
    let mapping = |catalog: &Catalog, r: &Route| r.entity.map(|e| mapping_hash(catalog, e));
    if mapping(before, old) != mapping(after, new) {
        told.push("its evidence starts again: a mapping behind its legacy side is another".to_owned());
    }
    if old.config.promote.policy() != new.config.promote.policy() {
        told.push("what is asked before it moves on changes; what was counted stays".to_owned());
    }
    if old.config.stage != new.config.stage {
        told.push(format!("`stage` says {}, and the journal rules: it stands at {}", new.config.stage, old.standing()));
    }
    let by = |r: &Route| r.config.canary.by.clone();
    if by(old) != by(new) && old.standing().stage == Stage::Canary {
        told.push(
            "callers are told apart by something else: who is answered by modern is drawn anew, and some move back"
                .to_owned(),
        );
    }
    let pins = |r: &Route| r.config.canary.pin.clone();
    if pins(old) != pins(new) {
        for (consumer, side) in pins(new).iter().filter(|(c, s)| pins(old).get(*c) != Some(*s)) {
            told.push(format!("consumer `{consumer}` goes to {}", side.name()));
        }
        for consumer in pins(old).keys().filter(|c| !pins(new).contains_key(*c)) {
            told.push(format!("consumer `{consumer}` goes where its share sends it"));
        }
    }
    let farewell = |r: &Route| (r.config.deprecated.clone(), r.config.sunset.clone());
    if farewell(old) != farewell(new) {
        let (deprecated, sunset) = farewell(new);
        let day = |d: Option<String>| d.unwrap_or_else(|| "never".to_owned());
        told.push(format!("deprecated from {}, ends on {}", day(deprecated), day(sunset)));
    }
    if load(old) != load(new)
        && let Some(load) = load(new)
    {
        told.push(load);
    }
    told
}

/// What legacy has to bear beside what consumers ask of it.
fn load(route: &Route) -> Option<String> {
    let config = &route.config;
    let twice = config.compare.double_read.map(|p| p.to_string()).unwrap_or_else(|| "2%".to_owned());
    let sample = config.shadow.sample.map(|p| p.to_string()).unwrap_or_else(|| "100%".to_owned());
    match route.standing().stage {
        Stage::Shadow => {
            Some(format!("legacy is asked as before, and {twice} of the reads once more, to find its noise"))
        }
        Stage::Canary => Some(format!(
            "legacy is spared {} of the requests, and asked again for {sample} of those reads, to compare",
            route.standing().weight
        )),
        Stage::Modern => Some(format!("legacy is asked for {sample} of the reads, to compare, and where modern fails")),
        Stage::Legacy | Stage::Retired => None,
    }
}

/// The mappings that feed an entity, as one text.
fn mapping_hash(catalog: &Catalog, entity: usize) -> Vec<String> {
    let of = catalog.mappings.iter().filter(|m| m.entity == entity);
    of.map(|m| format!("{} {:?}", m.name, m.hash)).collect()
}

/// What still rests on legacy-fed rows once an entity's route has reached modern.
fn rests_on_legacy(route: &Route, catalog: &Catalog) -> Vec<String> {
    let Some(entity) = route.entity.filter(|_| route.standing().stage >= Stage::Modern) else { return Vec::new() };
    let mut told = Vec::new();
    for other in &catalog.entities {
        for field in other.fields.iter().filter(|f| f.refers_to == Some(entity)) {
            told.push(format!(
                "`embed={}` at /v1/{} still shows what legacy says: it is read from the store",
                field.name, other.plural
            ));
        }
    }
    told
}
