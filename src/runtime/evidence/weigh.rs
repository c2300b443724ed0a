//! What an exchange says, before anybody remembers anything: it is computed without a lock.

use super::{Exchange, Reply, RouteInfo};
use banyan_migration::compare::{Answer, Compared, Rules, compare};
use banyan_migration::distinct::{Print, print};
use banyan_migration::json::Doc;
use std::borrow::Cow;

/// Statuses by which a side says that it is not able to answer now.
const UNABLE: [u16; 4] = [429, 502, 503, 504];

pub(super) enum Weighed {
    /// It cannot be compared, and says nothing about modern.
    Unanswered(&'static str),
    Seen(Box<Seen>),
}

pub(super) struct Seen {
    pub(super) compared: Compared,
    pub(super) twice: Option<Compared>,
    pub(super) status: u16,
    pub(super) body: Option<Doc>,
    pub(super) print: Print,
    /// The build that modern told, if it did.
    pub(super) build: Option<String>,
}

pub(super) fn weigh(exchange: &Exchange) -> Weighed {
    let Ok(legacy) = &exchange.legacy else { return Weighed::Unanswered("legacy did not answer") };
    // A legacy that is overloaded says nothing about modern; one that answers 500 does: that may be a fault modern mends.
    if UNABLE.contains(&legacy.status) {
        return Weighed::Unanswered("legacy was not able to answer");
    }
    let route = &exchange.route;
    let rules = rules(route, legacy.status);
    let mut twice = None;
    if let Some(Ok(again)) = &exchange.legacy_again {
        let told = legacy.version.is_some() && again.version.is_some();
        if told && legacy.version != again.version {
            return Weighed::Unanswered("legacy changed while it was asked");
        }
        if !UNABLE.contains(&again.status) {
            twice = Some(compare(answer(legacy), answer(again), &rules));
        }
    }
    let compared = match &exchange.modern {
        Ok(modern) => compare(answer(legacy), answer(modern), &rules),
        Err(why) => Compared::no_answer(why),
    };
    let body = if route.wanted.values.is_empty() { None } else { Doc::parse(&legacy.body).ok() };
    let asked = &exchange.request;
    let mut request = format!("{} {}", asked.method, asked.target);
    for (name, value) in &asked.headers {
        request.push_str(&format!("\n{}: {value}", name.to_ascii_lowercase()));
    }
    let (entity, version) = (asked.entity.as_deref().unwrap_or_default(), legacy.version.as_deref());
    Weighed::Seen(Box::new(Seen {
        compared,
        twice,
        status: legacy.status,
        body,
        print: print(&request, entity, version.unwrap_or_default()),
        build: build(exchange),
    }))
}

/// What the facade words for people, or makes for each request, when it refuses.
const WORDED: [&str; 5] = ["/title", "/detail", "/hint", "/instance", "/trace_id"];

/// The rules for an answer of that status. Of a refusal of an entity's route status and code count, not the words.
fn rules(route: &RouteInfo, status: u16) -> Cow<'_, Rules> {
    if route.entity.is_none() || status < 400 {
        return Cow::Borrowed(&route.rules);
    }
    let mut rules = route.rules.clone();
    rules.ignore.extend(WORDED.iter().filter_map(|p| p.parse().ok()));
    Cow::Owned(rules)
}

fn answer(reply: &Reply) -> Answer<'_> {
    Answer { status: reply.status, headers: &reply.headers, body: &reply.body }
}

fn build(exchange: &Exchange) -> Option<String> {
    let name = exchange.route.build.as_deref()?;
    let modern = exchange.modern.as_ref().ok()?;
    let found = modern.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    // It is shown and kept: no more of it than a name has.
    Some(found.1.trim().chars().filter(|c| !c.is_control()).take(100).collect())
}
