//! Fields that a caller goes without for a while, so that somebody notices before they end.
//!
//! Invariant: such an answer says which fields it lacks, and nobody keeps it for another caller.

use super::caller;
use super::route::Target;
use super::worker::Worker;
use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use banyan_model::model::EntityNo;
use banyan_model::query::params;

/// Names the fields that an answer lacks.
const BROWNOUT: HeaderName = HeaderName::from_static("banyan-brownout");

/// What an answer lacks.
#[derive(Default)]
pub(super) struct Without {
    /// The fields' places.
    pub(super) fields: Vec<usize>,
    names: Vec<String>,
}

/// Whether a caller goes without any field of an entity now.
pub(super) fn holds(w: &Worker, consumer: Option<usize>, entity: EntityNo) -> bool {
    let all = &w.serving.brownouts;
    !all.is_empty() && {
        let now = w.serving.clock.now();
        all.iter().any(|b| b.holds(consumer, entity, now))
    }
}

/// What of the fields that a request asks for its caller goes without now.
pub(super) fn of(w: &mut Worker, request: &RequestHead, target: &Target) -> Without {
    let mut without = Without::default();
    let (Target::List(entity) | Target::One(entity, _) | Target::Lookup(entity)) = target else { return without };
    if w.serving.brownouts.iter().all(|b| b.entity != *entity) {
        return without;
    }
    let consumer = caller::named(w, request);
    let given = request.uri.query().and_then(|q| params(q).ok()).unwrap_or_default();
    let asked = given.iter().find(|p| p.name == "fields").map(|p| &*p.value);
    let now = w.serving.clock.now();
    for b in w.serving.brownouts.iter().filter(|b| b.holds(consumer, *entity, now)) {
        if asked.is_none_or(|fields| fields.split(',').any(|f| f == b.name)) && !without.fields.contains(&b.field) {
            without.fields.push(b.field);
            without.names.push(b.name.clone());
        }
    }
    without
}

impl Without {
    /// Says so in an answer.
    pub(super) fn tell(&self, mut response: HttpResponse) -> HttpResponse {
        if let (false, Ok(names)) = (self.names.is_empty(), HeaderValue::try_from(self.names.join(", "))) {
            let headers = response.headers_mut();
            headers.insert(BROWNOUT, names);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}
