//! What operators see of an open source, and how they let it go on.

use super::desk::Desk;
use crate::drift::{self, Breaker};
use crate::refusals;
use crate::show;
use banyan_adapter::{Fault, Halted, Inside};
use jiff::Timestamp;

/// Sessions, map, traces; and what waits for a person.
pub(super) fn inside(desk: &Desk) -> Inside {
    let (open, resting) = desk.pool.count();
    let map = desk.map();
    let mut facts = vec![
        ("Map".to_owned(), map.name.clone()),
        (
            "Sessions".to_owned(),
            format!("{} at work, {resting} at rest, at most {}", open - resting.min(open), map.pool.max),
        ),
    ];
    if let Some(trace) = desk.traces.last() {
        facts.push(("Last trace".to_owned(), trace.display().to_string()));
    }
    Inside { facts, halted: halted(desk) }
}

fn halted(desk: &Desk) -> Option<Halted> {
    if let Some((since, fault)) = desk.hold.refused() {
        let message = format!(
            "{}. It is not tried again, lest the user be locked. Correct user and password, and reload; or accept it, and \
             the same are tried once more",
            fault.message.trim_end_matches('.')
        );
        let (id, code) = (id(&fault.code, since), fault.code);
        return Some(Halted { id, code, message, since, pictures: Vec::new(), drawing: None, proposal: None });
    }
    desk.hold.breaker(desk.map()).map(|breaker| drifted(desk, &breaker))
}

fn drifted(desk: &Desk, breaker: &Breaker) -> Halted {
    let yaml = desk.spec.file.as_ref().and_then(|f| std::fs::read_to_string(f).ok());
    let caption = match &breaker.difference.screen {
        Some(screen) => format!("what came; the map's nearest screen is `{screen}`"),
        None => "what came; no screen of the map has anything in common with it".to_owned(),
    };
    let mut pictures = vec![(caption, breaker.difference.text.clone())];
    if !breaker.difference.failing.is_empty() {
        let lines: Vec<String> = breaker.difference.failing.iter().map(failing).collect();
        pictures.push(("what is not as the map says".to_owned(), lines.join("\n")));
    }
    Halted {
        id: id(&breaker.code, breaker.since),
        code: breaker.code.clone(),
        message: format!(
            "{}. The map {} is not used until a person has looked",
            breaker.message.trim_end_matches('.'),
            breaker.map
        ),
        since: breaker.since,
        pictures,
        drawing: Some(drawn(desk, breaker)),
        proposal: yaml.map(|text| drift::propose(&text, &breaker.difference)),
    }
}

/// What came, with the fields of the nearest screen outlined, and marked what is not as the map says.
fn drawn(desk: &Desk, breaker: &Breaker) -> String {
    let named = breaker.difference.screen.as_deref();
    let screen = named.and_then(|name| desk.map().screens.iter().find(|s| s.name == name));
    show::svg(&breaker.picture, screen, &breaker.difference.marks())
}

fn failing(one: &drift::Failing) -> String {
    let mut told = one.what.clone();
    let at = |at: crate::picture::At| format!("row {}, column {}", at.row, at.column);
    if let Some(found) = &one.found {
        told.push_str(&format!("; there is {found:?}"));
    }
    if let Some(moved) = one.moved {
        told.push_str(&format!("; it stands at {} now", at(moved)));
    }
    told
}

/// Names a halt.
fn id(code: &str, since: Timestamp) -> String {
    format!("{code}@{since}")
}

/// A person has looked.
pub(super) fn accept(desk: &Desk, halt: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(waits) = halted(desk) else { return Ok(None) };
    if halt.is_some_and(|seen| seen != waits.id) {
        let message = format!("something else waits by now ({}); look at it first", waits.id);
        return Err(Fault::permanent(refusals::BREAKER_OPEN, message));
    }
    desk.hold.release()?;
    desk.gauges();
    Ok(Some(match waits.code.as_str() {
        refusals::LOGIN_REFUSED => "the login is tried again".to_owned(),
        code => format!("the map is used again; {code} was accepted"),
    }))
}
