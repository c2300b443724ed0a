//! Match rules: conditions over two instances of one entity. Kept for the review desk; their faults are told now.

use super::formulas;
use super::tell::Tell;
use crate::draft::Draft;
use crate::model::Catalog;
use banyan_words::Column;
use banyan_words::node::join;

pub(super) fn check(catalog: &Catalog, draft: &Draft, tell: &mut Tell<'_>) {
    for (entity, part) in catalog.entities.iter().zip(&draft.entities) {
        if part.matches.is_empty() || tell.is_partial(&join(&part.path, "fields")) {
            continue;
        }
        let own = entity.fields.iter().map(|f| (f.name.clone(), &f.ty));
        let other = entity.fields.iter().map(|f| (format!("other.{}", f.name), &f.ty));
        let columns: Vec<Column> = own.chain(other).map(|(name, ty)| Column { name, ty: ty.clone() }).collect();
        for (i, rule) in part.matches.iter().enumerate() {
            let at = format!("{}[{i}]", join(&part.path, "match"));
            formulas::over(&columns, &rule.when, &join(&at, "when"), tell);
            if rule.then != "review" {
                let message = format!("`{}` is nothing a match can lead to", rule.then);
                tell.error("unknown-word", &join(&at, "then"), message, "write `then: review`");
            }
        }
    }
}
