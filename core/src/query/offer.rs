//! Which parameters there are: what the parser accepts, the messages list and the document shows.

use super::Param;
use super::cursor::{CursorFault, read_change_token};
use super::list::{MAX_LIMIT, limit};
use super::select::{twice, unknown};
use crate::model::{Entity, FieldNo, FilterOp};
use crate::refusal::{Flaw, Refusal};

/// Parameters of lists that are no filters; a filtered field cannot have one of these names.
pub const RESERVED_PARAMETERS: [&str; 5] = ["limit", "cursor", "sort", "fields", "embed"];

/// A filter that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The parameter's name: `category`, `credit_limit[gte]`.
    pub name: String,
    /// The field.
    pub field: FieldNo,
    /// The operator.
    pub op: FilterOp,
}

/// The filters an entity's lists offer: one parameter for each declared operator.
pub fn filters(entity: &Entity) -> Vec<Offer> {
    let mut out = Vec::new();
    for (field, f) in entity.fields.iter().enumerate() {
        for op in FilterOp::ALL.into_iter().filter(|o| f.filter.contains(o)) {
            let name = if op == FilterOp::Eq { f.name.clone() } else { format!("{}[{}]", f.name, op.word()) };
            out.push(Offer { name, field, op });
        }
    }
    out
}

/// Every parameter of an entity's lists.
pub(super) fn list_parameters(entity: &Entity) -> Vec<String> {
    let offered = filters(entity).into_iter().map(|o| o.name);
    offered.chain(RESERVED_PARAMETERS.into_iter().map(str::to_owned)).collect()
}

/// A request to the change feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesIntent {
    /// Slice and item after which to begin; `None` for `since=now`, which asks for the newest position alone.
    pub since: Option<(u64, u32)>,
    /// At most so many changes.
    pub limit: usize,
}

/// Reads the parameters of the change feed.
pub fn parse_changes(entity: &Entity, params: &[Param<'_>]) -> Result<ChangesIntent, Refusal> {
    let mut intent = ChangesIntent { since: Some((0, 0)), limit: 100 };
    let mut flaws = Vec::new();
    for (at, p) in params.iter().enumerate() {
        if params.iter().take(at).any(|before| before.name == p.name) {
            flaws.push(twice(&p.name));
            continue;
        }
        match &*p.name {
            "limit" => intent.limit = limit(&p.value, MAX_LIMIT, &mut flaws).unwrap_or(1),
            "since" if p.value == "now" => intent.since = None,
            "since" => match read_change_token(&entity.id_name, &p.value) {
                Ok(place) => intent.since = Some(place),
                Err(CursorFault::Damaged) => flaws.push(Flaw::parameter(
                    "bad-cursor",
                    "since",
                    "`since` is no position that this gateway gave; leave it out to begin at the beginning",
                )),
                Err(CursorFault::Mismatch) => flaws.push(Flaw::parameter(
                    "cursor-mismatch",
                    "since",
                    format!("`since` is a position of another feed than that of {}", entity.plural),
                )),
            },
            name => flaws.push(unknown(name, ["since", "limit"].into_iter())),
        }
    }
    if flaws.is_empty() { Ok(intent) } else { Err(Refusal::flaws(flaws)) }
}
