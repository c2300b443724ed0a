//! What another configuration would change for those who call, in words.
//!
//! Invariant: whoever is known by something now and would be known by nothing, or as somebody else, is told; no key is.
//! Not here: what becomes of routes (`routes::plan`).

use crate::runtime::routes::plan::{Change, ChangeKind};
use crate::runtime::routes::{Route, Routes};
use banyan_migration::consumer::{Consumers, Sign};
use banyan_migration::route::By;
use banyan_migration::stage::{Access, Side, Stage};
use banyan_store::StoreError;
use banyan_store::evidence::EvidenceStore;
use std::collections::{BTreeMap, BTreeSet};

/// What a caller is once nothing shows who it is.
const NOBODY: &str =
    "anonymous; a canary tells them apart by what they say in `X-Consumer`, or else by the thing they ask for";

/// One configuration's routes and consumers.
type Version<'c> = (&'c Routes, &'c Consumers);

/// Days whose mean is told.
const DAYS: i64 = 7;

/// What is asked in a day of each route and each operation of the facade: the mean of the last seven whole days since
/// somebody called, else what today had so far.
pub fn calls_a_day(store: &EvidenceStore, now_ms: i64) -> Result<BTreeMap<String, u64>, StoreError> {
    let today = now_ms.div_euclid(86_400_000);
    let mut days: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
    for row in store.consumers()?.1.into_iter().filter(|row| (today - DAYS..=today).contains(&row.day)) {
        *days.entry(row.route).or_default().entry(row.day).or_default() += row.calls;
    }
    let mean = |days: &BTreeMap<i64, u64>| {
        let first = *days.keys().next().filter(|first| **first < today)?;
        let whole: u64 = days.range(..today).map(|(_, calls)| calls).sum();
        Some(whole.div_ceil(u64::try_from(today - first).unwrap_or(1).max(1)))
    };
    Ok(days.iter().map(|(route, days)| (route.clone(), mean(days).unwrap_or_else(|| days.values().sum()))).collect())
}

/// What would change from `now` to `then`.
pub fn plan(now: Version<'_>, then: Version<'_>) -> Vec<Change> {
    let (old, new) = (now.1, then.1);
    let mut changes = Vec::new();
    for (no, name) in old.names().iter().enumerate() {
        let signs = old.signs(no);
        let kept = new.names().iter().position(|n| n == name);
        let renamed = renamed(&signs, old, new).filter(|_| kept.is_none());
        let (kind, mut told) = match (kept, renamed) {
            (Some(at), _) => (ChangeKind::Changed, changed(&signs, &new.signs(at), name, new)),
            (None, Some(other)) => {
                let told = format!(
                    "it becomes `{other}`, known by all that it is known by; what was counted stays under `{name}`"
                );
                (ChangeKind::Changed, vec![told])
            }
            (None, None) => (ChangeKind::Removed, lost(signs.iter(), name, new)),
        };
        let known_as = kept.map(|_| name.as_str()).or(renamed);
        told.extend(moves(now.0, then.0, name, known_as));
        push(&mut changes, name, kind, told);
    }
    for (no, name) in new.names().iter().enumerate().filter(|(_, name)| !old.names().contains(name)) {
        let signs = new.signs(no);
        if old.names().iter().enumerate().any(|(n, o)| old.signs(n) == signs && !new.names().contains(o)) {
            continue;
        }
        let mut told = vec![format!("it is known by {}", list(signs.iter()))];
        told.extend(drawn(then.0, name));
        push(&mut changes, name, ChangeKind::Added, told);
    }
    if kept_in_order(old, new) != kept_in_order(new, old) {
        let told =
            "their order is another: who shows to be several of them counts as the one declared first".to_owned();
        changes.push(Change { route: None, consumer: None, kind: ChangeKind::Note, told: vec![told] });
    }
    changes
}

fn push(changes: &mut Vec<Change>, consumer: &str, kind: ChangeKind, told: Vec<String>) {
    if !told.is_empty() {
        changes.push(Change { route: None, consumer: Some(consumer.to_owned()), kind, told });
    }
}

fn list<'s>(signs: impl Iterator<Item = &'s Sign>) -> String {
    signs.map(Sign::to_string).collect::<Vec<_>>().join(", ")
}

/// The new name of what is known by the same.
fn renamed<'n>(signs: &BTreeSet<Sign>, old: &Consumers, new: &'n Consumers) -> Option<&'n str> {
    let is_new = |name: &String| !old.names().contains(name);
    let found = new.names().iter().enumerate().find(|(no, name)| is_new(name) && new.signs(*no) == *signs);
    found.map(|(_, name)| name.as_str())
}

/// Those of `a` that `b` has too, in the order of `a`.
fn kept_in_order<'c>(a: &'c Consumers, b: &Consumers) -> Vec<&'c String> {
    a.names().iter().filter(|n| b.names().contains(n)).collect()
}

fn changed(old: &BTreeSet<Sign>, new: &BTreeSet<Sign>, name: &str, then: &Consumers) -> Vec<String> {
    let mut told = lost(old.difference(new), name, then);
    let more: Vec<&Sign> = new.difference(old).collect();
    if !more.is_empty() {
        told.push(format!("it is known by {} too", list(more.into_iter())));
    }
    told
}

/// What becomes of those who were known by these.
fn lost<'s>(signs: impl Iterator<Item = &'s Sign>, name: &str, then: &Consumers) -> Vec<String> {
    let mut told = Vec::new();
    for sign in signs {
        let other = then.names().iter().enumerate().find(|(no, _)| then.signs(*no).contains(sign));
        told.push(match other {
            Some((_, other)) => format!("who is known by {sign} counts as `{other}`, no longer as `{name}`"),
            None => format!("who is known by {sign} alone loses its name: it is {NOBODY}"),
        });
    }
    told
}

fn by_name(route: &Route) -> bool {
    matches!(route.config.canary.by, None | Some(By::Consumer))
}

/// Whom a route asks for that consumer, and whether that is said for all its requests.
fn side(route: &Route, name: &str) -> Option<Side> {
    let decided =
        by_name(route) || route.standing().stage != Stage::Canary || route.config.canary.pin.contains_key(name);
    decided.then(|| route.way(Access::Read, name, None).answers)
}

/// On which routes that consumer is answered by another side.
fn moves(now: &Routes, then: &Routes, name: &str, known_as: Option<&str>) -> Vec<String> {
    let mut told = Vec::new();
    for route in then.all.iter().filter(|r| r.standing().stage == Stage::Canary && !r.standing().killed) {
        let Some(old) = now.all.iter().find(|r| r.name == route.name) else { continue };
        let before = side(old, name);
        match known_as {
            Some(known_as) => {
                let after = side(route, known_as);
                if let (true, Some(after)) = (before != after, after) {
                    told.push(format!("on {} it moves to {}", route.name, after.name()));
                } else if before != after {
                    told.push(format!("on {} it goes where each request's share sends it", route.name));
                }
            }
            None => {
                if let Some(before) = before {
                    let was = before.name();
                    told.push(format!("on {} it was answered by {was}; its callers are drawn anew", route.name));
                }
            }
        }
    }
    told
}

/// Where a new name sends its callers, who were drawn otherwise before.
fn drawn(then: &Routes, name: &str) -> Vec<String> {
    let canary = then.all.iter().filter(|r| r.standing().stage == Stage::Canary && !r.standing().killed);
    let told = |r: &std::sync::Arc<Route>| {
        let side = side(r, name)?;
        Some(format!("on {} its callers are answered by {}, wherever each was before", r.name, side.name()))
    };
    canary.filter_map(told).collect()
}
