//! What is other about a route that stays, in words.
//!
//! Invariant: no key changes in silence. What costs evidence is told by the basis that the gateway itself goes by.

use super::CallsADay;
use super::load::load;
use crate::runtime::routes::{Route, basis};
use banyan_migration::route::RouteConfig;
use banyan_migration::stage::{Side, Stage};
use banyan_model::model::Catalog;
use std::fmt::Debug;

/// A route in one configuration, and what it stands on.
type Version<'v> = (&'v Route, &'v Catalog);

pub(super) fn changed((old, before): Version<'_>, (new, after): Version<'_>, calls: CallsADay<'_>) -> Vec<String> {
    let mut told = Vec::new();
    sides(old, new, &mut told);
    let lost = basis(old, before).changed(&basis(new, after));
    if !lost.is_empty() {
        told.push(format!("its evidence starts again: {} changed", lost.join(" and ")));
    }
    decisions(old, new, &mut told);
    callers(old, new, &mut told);
    contract(old, new, &mut told);
    rest(&old.config, &new.config, &mut told);
    let (was, is) = (load(old, calls(&old.name)), load(new, calls(&new.name)));
    if was != is {
        told.extend(is);
    }
    told
}

fn sides(old: &Route, new: &Route, told: &mut Vec<String>) {
    for side in [Side::Legacy, Side::Modern] {
        let [was, is] = [old, new].map(|r| r.side(side));
        let name = |r: Option<&crate::runtime::routes::Target>| {
            r.map_or_else(|| "nobody or the facade".to_owned(), |t| format!("`{}`", t.name))
        };
        let place = |r: Option<&crate::runtime::routes::Target>| r.map(|t| t.upstream.place());
        if was.map(|t| &t.name) != is.map(|t| &t.name) {
            told.push(format!("its {} side becomes {}, it was {}", side.name(), name(is), name(was)));
        } else if let (Some(was), Some(is)) = (place(was), place(is))
            && was != is
        {
            told.push(format!("its {} side moves to {is}, it was at {was}", side.name()));
        }
        let path = |c: &RouteConfig| match side {
            Side::Legacy => c.legacy_path.clone(),
            Side::Modern => c.modern_path.clone(),
        };
        let (was, is) = (path(&old.config), path(&new.config));
        if was != is {
            let shown = |p: Option<String>| p.unwrap_or_else(|| "the path that consumers ask for".to_owned());
            told.push(format!("{} is asked under {}, it was {}", side.name(), shown(is), shown(was)));
        }
    }
}

/// What moves it, by itself or not.
fn decisions(old: &Route, new: &Route, told: &mut Vec<String>) {
    let (was, is) = (&old.config, &new.config);
    if was.promote.policy() != is.promote.policy() {
        told.push("what is asked before it moves on changes; what was counted stays".to_owned());
    }
    if was.promote.auto != is.promote.auto {
        let word =
            if is.promote.auto { "moves on by itself when evidence suffices" } else { "moves on by people alone" };
        told.push(format!("it {word}"));
    }
    if was.promote.auto && is.promote.auto && was.promote.dwell_ms() != is.promote.dwell_ms() {
        let [was, is] = [was, is].map(|c| c.promote.dwell_ms() / 1_000);
        told.push(format!("it stays {is} s at least before it moves on by itself, it was {was} s"));
    }
    if was.rollback.auto != is.rollback.auto {
        let word =
            if is.rollback.auto { "comes back by itself when modern fails" } else { "comes back by people alone" };
        told.push(format!("it {word}"));
    }
    if was.fallback != is.fallback {
        told.push(match is.fallback {
            true => "reads that modern answers with 502, 503 or 504 are answered by legacy".to_owned(),
            false => "reads that modern answers with 502, 503 or 504 are answered so: legacy covers for them no more"
                .to_owned(),
        });
    }
    if was.stage != is.stage {
        told.push(format!("`stage` says {}, and the journal rules: it stands at {}", is.stage, old.standing()));
    }
}

fn callers(old: &Route, new: &Route, told: &mut Vec<String>) {
    let (was, is) = (&old.config, &new.config);
    if was.canary.by != is.canary.by {
        told.push(match old.standing().stage {
            Stage::Canary => {
                "callers are told apart by something else: who is answered by modern is drawn anew, and some move back"
            }
            Stage::Legacy | Stage::Shadow => "in a canary callers will be told apart by something else",
            Stage::Modern | Stage::Retired => "callers are told apart by something else, which moves nobody now",
        }
        .to_owned());
    }
    if was.first_weight() != is.first_weight() {
        told.push(format!("a canary begins with {}, it was {}", is.first_weight(), was.first_weight()));
    }
    let (old_pins, pins) = (&was.canary.pin, &is.canary.pin);
    for (consumer, side) in pins.iter().filter(|(c, s)| old_pins.get(*c) != Some(*s)) {
        told.push(format!("consumer `{consumer}` goes to {}", side.name()));
    }
    for consumer in old_pins.keys().filter(|c| !pins.contains_key(*c)) {
        told.push(format!("consumer `{consumer}` goes where its share sends it"));
    }
    let farewell = |c: &RouteConfig| (c.deprecated.clone(), c.sunset.clone(), c.notice.clone());
    if farewell(was) != farewell(is) {
        let (deprecated, sunset, _) = farewell(is);
        let day = |d: Option<String>| d.unwrap_or_else(|| "never".to_owned());
        told.push(format!("deprecated from {}, ends on {}", day(deprecated), day(sunset)));
    }
}

/// Whether modern's document holds steps back.
fn contract(old: &Route, new: &Route, told: &mut Vec<String>) {
    let of = |r: &Route| r.side(Side::Modern).and_then(|t| t.upstream.contract().cloned());
    let word = match (of(old), of(new)) {
        (Some(_), None) => "modern's document is compared no more: nothing holds a step back that would break callers",
        (None, Some(_)) => "modern's document is compared: a step that would break callers is held back",
        (Some(was), Some(is)) if format!("{was:?}") != format!("{is:?}") => {
            "modern's document is another, or other differences of it are accepted"
        }
        _ => return,
    };
    told.push(word.to_owned());
}

/// Keys of which there is no more to say than what they were and are.
fn rest(was: &RouteConfig, is: &RouteConfig, told: &mut Vec<String>) {
    let mut other = |key: &str, was: &dyn Debug, is: &dyn Debug| {
        if format!("{was:?}") != format!("{is:?}") {
            told.push(format!("`{key}` is another"));
        }
    };
    other("largest_body", &was.largest_body, &is.largest_body);
    other("shadow", &was.shadow, &is.shadow);
    other("compare.double_read", &was.compare.double_read, &is.compare.double_read);
    other("compare.personal", &was.compare.personal, &is.compare.personal);
    match (&was.capture, &is.capture) {
        (None, Some(_)) => told.push("requests of it are captured".to_owned()),
        (Some(_), None) => told.push("requests of it are captured no more; what there is stays".to_owned()),
        (was, is) => other("capture", was, is),
    }
}
