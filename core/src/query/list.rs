//! A query for a list: filters, sort, page, and what of each instance is wanted.

use super::cursor::{CursorFault, Position, read_cursor};
use super::select::{embeds, fields, no_field, twice, unknown};
use super::{Embed, Filter, Link, Param, Selection, binding, filter, offer};
use crate::model::{Catalog, Entity, EntityNo, FieldNo, FilterOp};
use crate::refusal::{Flaw, Refusal};
use banyan_words::Id;

/// How many instances a page has where nothing is asked.
pub const DEFAULT_LIMIT: usize = 50;
/// How many it may have.
pub const MAX_LIMIT: usize = 1000;
/// How many it has at most if sub-collections are embedded: each instance brings up to 100 more.
pub const MAX_LIMIT_WITH_CHILDREN: usize = 100;

/// Which collection is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All instances of the entity.
    All,
    /// Those that refer to one parent.
    Children {
        /// The parent.
        parent: Id,
        /// Their reference to it.
        field: FieldNo,
    },
}

/// A sort field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Its position in the entity.
    pub field: FieldNo,
    /// Highest first.
    pub descending: bool,
}

/// A parsed and typed query for a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListIntent {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The first leads.
    pub sort: Vec<SortBy>,
    /// How many are wanted, where it was said.
    pub limit: Option<usize>,
    /// Continue after this.
    pub after: Option<Position>,
    /// What of each.
    pub selection: Selection,
    /// What cursors of this query are bound to.
    pub binding: u64,
}

impl ListIntent {
    /// How many instances a page of this query has. `limit` is a bound, so fewer is always right.
    pub fn page_size(&self) -> usize {
        self.bounded(self.limit.unwrap_or(DEFAULT_LIMIT))
    }

    /// The same for a page of `wanted`.
    pub fn bounded(&self, wanted: usize) -> usize {
        if has_children(&self.selection.embeds) { wanted.min(MAX_LIMIT_WITH_CHILDREN) } else { wanted }
    }
}

/// The query without parameters.
pub fn plain_list(catalog: &Catalog, entity: EntityNo, scope: &Scope) -> ListIntent {
    let mut intent = ListIntent::default();
    intent.binding = binding::binding(&catalog.entities[entity], scope, &intent);
    intent
}

/// Reads the parameters of a list; every flaw at once.
pub fn parse_list(
    catalog: &Catalog,
    entity_no: EntityNo,
    scope: &Scope,
    params: &[Param<'_>],
) -> Result<ListIntent, Refusal> {
    let entity = &catalog.entities[entity_no];
    let mut intent = ListIntent::default();
    let mut flaws = Vec::new();
    let mut cursor = None;
    for (at, p) in params.iter().enumerate() {
        if params.iter().take(at).any(|before| before.name == p.name) {
            flaws.push(twice(&p.name));
            continue;
        }
        match &*p.name {
            "limit" => intent.limit = limit(&p.value, MAX_LIMIT, &mut flaws),
            "cursor" => cursor = Some(&*p.value),
            "sort" => intent.sort = sort(entity, &p.value, &mut flaws),
            "fields" => intent.selection.fields = fields(entity, &p.value, &mut flaws),
            "embed" => intent.selection.embeds = embeds(catalog, entity_no, &p.value, &mut flaws),
            name => one_filter(entity, name, &p.value, &mut intent.filters, &mut flaws),
        }
    }
    if !flaws.is_empty() {
        return Err(Refusal::flaws(flaws));
    }
    if entity.live_list.is_some() && intent.filters.is_empty() {
        return Err(unnarrowed(entity));
    }
    intent.binding = binding::binding(entity, scope, &intent);
    if let Some(token) = cursor {
        intent.after = Some(read_cursor(token, intent.binding, intent.sort.len()).map_err(cursor_refusal)?);
    }
    Ok(intent)
}

/// Of what is only read live there is no list of all.
fn unnarrowed(entity: &Entity) -> Refusal {
    let names: Vec<String> = offer::filters(entity).into_iter().map(|o| o.name).collect();
    let detail = format!(
        "{} are read live from the system that has them, and a list of all would read all of it; narrow it by one of: {}",
        entity.plural,
        names.join(", ")
    );
    Refusal::new("filter-needed", detail)
}

pub(super) fn cursor_refusal(fault: CursorFault) -> Refusal {
    Refusal::flaws(vec![match fault {
        CursorFault::Damaged => Flaw::parameter("bad-cursor", "cursor", "`cursor` is none that this gateway gave"),
        CursorFault::Mismatch => Flaw::parameter(
            "cursor-mismatch",
            "cursor",
            "`cursor` belongs to another collection, or to other filters or another sort",
        ),
    }])
}

pub(super) fn limit(text: &str, max: usize, flaws: &mut Vec<Flaw>) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let n = text.parse::<usize>().ok().filter(|n| digits && (1..=max).contains(n));
    if n.is_none() {
        flaws.push(Flaw::parameter("bad-value", "limit", format!("`limit` is a whole number from 1 to {max}")));
    }
    n
}

fn has_children(embeds: &[Embed]) -> bool {
    embeds.iter().any(|e| matches!(e.link, Link::Many { .. }) || has_children(&e.inner))
}

fn sort(entity: &Entity, text: &str, flaws: &mut Vec<Flaw>) -> Vec<SortBy> {
    let mut out: Vec<SortBy> = Vec::new();
    for piece in text.split(',') {
        let (name, descending) = piece.strip_prefix('-').map_or((piece, false), |n| (n, true));
        match entity.field(name).filter(|(_, f)| f.sort) {
            // Named again, it has nothing left to decide.
            Some((field, _)) if out.iter().any(|s| s.field == field) => {}
            Some((field, _)) => out.push(SortBy { field, descending }),
            None => {
                let valid = entity.fields.iter().filter(|f| f.sort).map(|f| f.name.as_str());
                flaws.push(no_field("sort", name, &format!("field {} can be sorted by", entity.plural), valid));
            }
        }
    }
    out
}

fn one_filter(entity: &Entity, name: &str, value: &str, filters: &mut Vec<Filter>, flaws: &mut Vec<Flaw>) {
    let (field, op) = match name.split_once('[') {
        Some((field, rest)) => {
            (field, rest.strip_suffix(']').and_then(FilterOp::from_word).filter(|o| *o != FilterOp::Eq))
        }
        None => (name, Some(FilterOp::Eq)),
    };
    let offered = entity.field(field).zip(op).filter(|((_, f), op)| f.filter.contains(op));
    let Some(((no, field), op)) = offered else {
        let names = offer::list_parameters(entity);
        flaws.push(unknown(name, names.iter().map(String::as_str)));
        return;
    };
    match filter::test(field, op, value) {
        Ok(test) => filter::add(filters, no, test),
        Err(detail) => flaws.push(Flaw::parameter("bad-value", name, detail)),
    }
}
