//! Live reads before an answer: the only requests that wait for anything. One instance, or a page of a list.
//!
//! Invariant: a request that nobody's source must be asked for pays one look at a flag.

use super::media::Media;
use super::route::{self, Target};
use super::wants::{self, Wants};
use super::worker;
use crate::runtime::live::{Fresh, Listed};
use crate::runtime::serving::{Serving, Shared};
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use banyan_model::model::EntityNo;
use banyan_model::query::{ListIntent, Scope, params, parse_list, parse_lookup, parse_lookup_body};
use banyan_model::refusal::Refusal;
use banyan_words::Id;
use std::sync::Arc;

/// What was read for a request.
#[derive(Default)]
pub(super) struct Heard {
    /// Of one instance.
    pub(super) fresh: Option<Fresh>,
    /// A page of a list.
    pub(super) listed: Option<Listed>,
}

/// Reads what must be read. Requests that are wrong are none of its business: they are refused later.
pub(super) async fn read(shared: &Arc<Shared>, request: &RequestHead, body: Option<&[u8]>) -> Result<Heard, Refusal> {
    if let Some(listed) = list(shared, request).await? {
        return Ok(Heard { listed: Some(listed), ..Heard::default() });
    }
    Ok(Heard { fresh: one(shared, request, body).await?, ..Heard::default() })
}

/// Why a source that must be asked was not.
fn not_asked(code: Option<&str>) -> Refusal {
    let why = match code {
        Some("source-closed") => "its source is left alone at this hour",
        Some("budget-timeout") => "its source is busy: it may be asked no more than its budget says",
        Some("not-searchable") => "its source cannot be searched so; its operator finds the reason in the log",
        _ => "its source did not answer",
    };
    Refusal::new("source-unavailable", format!("this is only read live, and {why}"))
}

/// A page of what is only read live.
async fn list(shared: &Arc<Shared>, request: &RequestHead) -> Result<Option<Listed>, Refusal> {
    let planned = worker::with(shared, |w| {
        let serving = w.serving.clone();
        let Some(live) = serving.live.as_ref().filter(|l| l.lists()) else { return Ok(None) };
        let Some((entity, intent)) = asked_to_list(w, request) else { return Ok(None) };
        let plan = w.read(|serving, reader| live.plan_list(serving, reader, entity, &intent))?;
        Ok(plan.map(|plan| (plan, serving.clone())))
    })?;
    let Some((plan, serving)) = planned else { return Ok(None) };
    let Some(live) = &serving.live else { return Ok(None) };
    let batch = live.ask_list(&serving, &plan).await.map_err(|fault| not_asked(Some(&fault.code)))?;
    let merged = |serving: &Arc<Serving>, w: &mut worker::Worker| {
        w.read_as(serving, |_, reader| live.merge_list(serving.clone(), reader, &plan, batch))
    };
    worker::with(shared, |w| merged(&serving, w)).map(Some)
}

/// The list a request is about, if it is one that is read live, and the request is sound.
fn asked_to_list(w: &worker::Worker, request: &RequestHead) -> Option<(EntityNo, ListIntent)> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return None;
    }
    let catalog = &w.serving.catalog;
    let Target::List(entity) = route::find(&w.serving, request.uri.path()).ok()? else { return None };
    catalog.entities[entity].live_list.as_ref()?;
    wants::media(&request.headers, &[Media::Json, Media::Ndjson, Media::Csv]).ok()?;
    let given = params(request.uri.query().unwrap_or_default()).ok()?;
    Some((entity, parse_list(catalog, entity, &Scope::All, &given).ok()?))
}

/// One instance.
async fn one(shared: &Arc<Shared>, request: &RequestHead, body: Option<&[u8]>) -> Result<Option<Fresh>, Refusal> {
    let planned = worker::with(shared, |w| {
        let serving = w.serving.clone();
        let Some(live) = &serving.live else { return Ok(None) };
        let Some((entity, id, key)) = asked_for(w, request, body).filter(|(e, ..)| live.of(*e)) else {
            return Ok(None);
        };
        let max_age = Wants::of(&request.headers).max_age;
        let plan = w.read(|serving, reader| {
            let key = key.as_ref().map(|(space, parts)| (space.as_str(), parts.as_slice()));
            live.plan(serving, reader, entity, id, key, max_age)
        })?;
        Ok(plan.map(|plan| (plan, serving.clone())))
    })?;
    let Some((plan, serving)) = planned else { return Ok(None) };
    let Some(live) = &serving.live else { return Ok(None) };
    let asked = live.ask(plan).await;
    let fresh = worker::with(shared, |w| w.read_as(&serving, |serving, reader| live.merge(serving, reader, asked)))?;
    if fresh.failed {
        return Err(not_asked(fresh.faults.first().map(|f| f.code.as_str())));
    }
    // Nothing was heard: what is stored is answered, with its true age.
    Ok((!fresh.as_of.is_empty()).then_some(fresh))
}

type AskedFor = (EntityNo, Id, Option<(String, Vec<String>)>);

/// The one instance a request is about.
fn asked_for(w: &worker::Worker, request: &RequestHead, body: Option<&[u8]>) -> Option<AskedFor> {
    let posted = request.method == Method::POST;
    if !posted && request.method != Method::GET && request.method != Method::HEAD {
        return None;
    }
    let uri = &request.uri;
    match route::find(&w.serving, uri.path()).ok()? {
        Target::One(entity, id) if !posted => Some((entity, id, None)),
        Target::Lookup(entity) => {
            let given = params(uri.query().unwrap_or_default()).ok()?;
            let catalog = &w.serving.catalog;
            let intent = match posted {
                true => parse_lookup_body(catalog, entity, &given, body?).ok()?,
                false => parse_lookup(catalog, entity, &given).ok()?,
            };
            Some((entity, intent.id, Some((intent.space, intent.key))))
        }
        _ => None,
    }
}
