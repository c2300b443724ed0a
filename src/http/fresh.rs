//! Live reads before an answer: the only requests that wait for anything.
//!
//! Invariant: a request that nobody's source must be asked for pays one look at a flag.

use super::route::{self, Target};
use super::wants::Wants;
use super::worker;
use crate::runtime::live::Fresh;
use crate::runtime::serving::Shared;
use actix_web::HttpRequest;
use actix_web::http::Method;
use banyan_model::model::EntityNo;
use banyan_model::query::{params, parse_lookup, parse_lookup_body};
use banyan_model::refusal::Refusal;
use banyan_words::Id;
use std::sync::Arc;

/// Reads what must be read. Requests that are wrong are none of its business: they are refused later.
pub(super) async fn read(
    shared: &Arc<Shared>,
    request: &HttpRequest,
    body: Option<&[u8]>,
) -> Result<Option<Fresh>, Refusal> {
    let planned = worker::with(shared, |w| {
        let serving = w.serving.clone();
        let Some(live) = &serving.live else { return Ok(None) };
        let Some((entity, id, key)) = asked_for(w, request, body).filter(|(e, ..)| live.of(*e)) else {
            return Ok(None);
        };
        let max_age = Wants::of(request.headers()).max_age;
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
        let why = match fresh.faults.first().map(|f| f.code.as_str()) {
            Some("source-closed") => "its source is left alone at this hour",
            Some("budget-timeout") => "its source is busy: it may be asked no more than its budget says",
            _ => "its source did not answer",
        };
        return Err(Refusal::new("source-unavailable", format!("this is only read live, and {why}")));
    }
    // Nothing was heard: what is stored is answered, with its true age.
    Ok((!fresh.as_of.is_empty()).then_some(fresh))
}

type AskedFor = (EntityNo, Id, Option<(String, Vec<String>)>);

/// The one instance a request is about.
fn asked_for(w: &worker::Worker, request: &HttpRequest, body: Option<&[u8]>) -> Option<AskedFor> {
    let posted = *request.method() == Method::POST;
    if !posted && *request.method() != Method::GET && *request.method() != Method::HEAD {
        return None;
    }
    let uri = request.uri();
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
