//! Which filters and sorts a type offers.

use super::tell::Tell;
use crate::draft::{FieldDraft, FilterWord};
use crate::model::FilterOp;
use banyan_words::Type;
use banyan_words::node::join;

/// Query parameters of every list; a filter of that name could not be told from them.
const PARAMETERS: [&str; 5] = ["sort", "fields", "embed", "limit", "cursor"];

/// The filters a field offers.
pub(super) fn of(name: &str, field: &FieldDraft, ty: &Type, path: &str, tell: &mut Tell<'_>) -> Vec<FilterOp> {
    let mut ops = Vec::with_capacity(field.filter.len());
    for (i, word) in field.filter.iter().enumerate() {
        let (op, at) = (operator(*word), format!("{}[{i}]", join(path, "filter")));
        let suits = suiting(ty);
        if !suits.contains(&op) {
            let message = format!("a field of type {} cannot be filtered by `{}`", ty.word(), op.word());
            let words: Vec<&str> = suits.iter().map(|o| o.word()).collect();
            let hint = match words.is_empty() {
                true => "filters are offered for single values only; leave it out".to_owned(),
                false => format!("possible are: {}", words.join(", ")),
            };
            tell.error("not-filterable", &at, message, hint);
        } else if ops.contains(&op) {
            tell.error("duplicate-name", &at, format!("`{}` stands there twice", op.word()), "name it once");
        } else {
            ops.push(op);
        }
    }
    if !ops.is_empty() && PARAMETERS.contains(&name) {
        let message = format!("a filter by `{name}` could not be told from the parameter `{name}` of every list");
        tell.error("reserved-name", path, message, "give the field another name, or offer no filter on it");
    }
    ops
}

/// Whether the field offers sorting.
pub(super) fn sorts(field: &FieldDraft, ty: &Type, path: &str, tell: &mut Tell<'_>) -> bool {
    let possible = !matches!(ty, Type::Bytes | Type::Ref(_) | Type::List(_) | Type::Object(_) | Type::Any);
    if field.sort && !possible {
        let message = format!("values of type {} have no order that means anything", ty.word());
        tell.error("not-sortable", &join(path, "sort"), message, "leave it out");
    }
    field.sort && possible
}

fn suiting(ty: &Type) -> &'static [FilterOp] {
    use FilterOp::{Eq, Gt, Gte, In, Lt, Lte, Ne, StartsWith};
    match ty {
        Type::Text => &[Eq, Ne, In, Lt, Lte, Gt, Gte, StartsWith],
        Type::Boolean => &[Eq, Ne],
        Type::Enum(_) | Type::Ref(_) => &[Eq, Ne, In],
        Type::Bytes | Type::List(_) | Type::Object(_) | Type::Any => &[],
        _ => &[Eq, Ne, In, Lt, Lte, Gt, Gte],
    }
}

fn operator(word: FilterWord) -> FilterOp {
    match word {
        FilterWord::Eq => FilterOp::Eq,
        FilterWord::Ne => FilterOp::Ne,
        FilterWord::In => FilterOp::In,
        FilterWord::Lt => FilterOp::Lt,
        FilterWord::Lte => FilterOp::Lte,
        FilterWord::Gt => FilterOp::Gt,
        FilterWord::Gte => FilterOp::Gte,
        FilterWord::StartsWith => FilterOp::StartsWith,
    }
}
