//! Fields that a caller goes without for a while, so that somebody notices before they end.
//!
//! Invariant: such an answer says which fields it lacks, and nobody keeps it for another caller. Nothing is said to be
//! lacking that is there.
//! Not here: taking fields out of what an upstream says (`proxy`).

use super::route::Target;
use crate::runtime::consumers::Brownout;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use banyan_migration::path::Pattern;
use banyan_model::model::{Catalog, EntityNo, FieldNo};
use banyan_model::query::{Embed, Link, Selection, params, parse_selection};
use banyan_upstream::Fields;
use jiff::Timestamp;
use std::sync::Arc;

/// Names the fields that an answer lacks.
const BROWNOUT: &str = "banyan-brownout";
/// Nobody keeps such an answer for another caller.
const NEVER_KEPT: &str = "no-store";

/// What the answer of a request lacks.
#[derive(Default)]
pub(super) struct Without {
    /// Fields that are left out wherever they would stand. None, if none of them would stand anywhere.
    hidden: Vec<(EntityNo, FieldNo)>,
    /// What stands nowhere then: `fax`, `customer.fax`, `lines.price`.
    names: Vec<String>,
    /// The same as places in an instance.
    places: Vec<String>,
    /// Where instances stand in an answer of JSON, and in a line of NDJSON.
    roots: [&'static str; 2],
    /// Numbers of fields are those of this catalog.
    catalog: Option<Arc<Catalog>>,
}

/// Fields that a caller goes without at that time.
pub(super) fn hidden(all: &[Brownout], consumer: Option<usize>, now: Timestamp) -> Vec<(EntityNo, FieldNo)> {
    let mut hidden = Vec::new();
    for b in all.iter().filter(|b| b.holds(consumer, now)) {
        if !hidden.contains(&(b.entity, b.field)) {
            hidden.push((b.entity, b.field));
        }
    }
    hidden
}

/// What of the fields that a request asks for it goes without, if these are hidden.
pub(super) fn of(catalog: &Arc<Catalog>, hidden: Vec<(EntityNo, FieldNo)>, target: &Target, query: &str) -> Without {
    let (entity, roots) = match target {
        _ if hidden.is_empty() => return Without::default(),
        Target::List(entity) => (*entity, ["/items/*", ""]),
        Target::Children(parent, _, child) => (catalog.entities[*parent].children[*child].entity, ["/items/*", ""]),
        Target::One(entity, _) | Target::Lookup(entity) => (*entity, ["", ""]),
        Target::Changes(entity) => (*entity, ["/items/*/value", "/value"]),
        _ => return Without::default(),
    };
    let mut without = Without { hidden, roots, ..Without::default() };
    // What is wrong with a request is told by whoever answers it.
    let selection = match target {
        Target::Changes(_) => Selection::default(),
        _ => parse_selection(catalog, entity, &params(query).unwrap_or_default(), &[]).0,
    };
    without.find(catalog, entity, selection.fields.as_deref(), &selection.embeds, ("", ""));
    if without.names.is_empty() {
        return Without::default();
    }
    without.catalog = Some(catalog.clone());
    without
}

impl Without {
    /// Whether nothing is lacking.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// What is lacking: `fax`, `customer.fax`.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Fields that are left out, as numbers of that catalog. A configuration that was taken up meanwhile has others.
    pub(super) fn hidden(&self, catalog: &Arc<Catalog>) -> &[(EntityNo, FieldNo)] {
        match &self.catalog {
            Some(own) if Arc::ptr_eq(own, catalog) => &self.hidden,
            _ => &[],
        }
    }

    /// Their places in a document of JSON, or in a line of NDJSON.
    pub(super) fn places(&self, line: bool) -> Vec<Pattern> {
        let root = self.roots[usize::from(line)];
        self.places.iter().filter_map(|place| format!("{root}{place}").parse().ok()).collect()
    }

    fn find(
        &mut self,
        catalog: &Catalog,
        entity: EntityNo,
        fields: Option<&[bool]>,
        embeds: &[Embed],
        (place, path): (&str, &str),
    ) {
        let Some(e) = catalog.entities.get(entity) else { return };
        let instead = |no: FieldNo| embeds.iter().any(|e| matches!(e.link, Link::One { field, .. } if field == no));
        let of_it: Vec<FieldNo> = self.hidden.iter().filter(|(e, _)| *e == entity).map(|(_, no)| *no).collect();
        for no in &of_it {
            let asked = fields.is_none_or(|f| f.get(*no).copied().unwrap_or(false)) || instead(*no);
            if let (true, Some(field)) = (asked, e.fields.get(*no)) {
                self.names.push(format!("{path}{}", field.name));
                self.places.push(format!("{place}/{}", field.name));
            }
        }
        for embed in embeds {
            let step = match embed.link {
                Link::One { field, .. } if of_it.contains(&field) => continue,
                Link::One { .. } => format!("{place}/{}", embed.name),
                Link::Many { .. } => format!("{place}/{}/items/*", embed.name),
            };
            let path = format!("{path}{}.", embed.name);
            self.find(catalog, embed.link.entity(), None, &embed.inner, (&step, &path));
        }
    }

    /// Says so in an answer of the facade's.
    pub(super) fn tell(&self, mut response: HttpResponse) -> HttpResponse {
        if let Ok(names) = HeaderValue::try_from(self.names.join(", ")) {
            let headers = response.headers_mut();
            headers.insert(HeaderName::from_static(BROWNOUT), names);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NEVER_KEPT));
        }
        response
    }

    /// Says so in an answer of an upstream's.
    pub(super) fn tell_in(&self, fields: &mut Fields) {
        if fields.set(BROWNOUT, self.names.join(", ").as_bytes()) {
            fields.set("cache-control", NEVER_KEPT.as_bytes());
        }
    }
}
