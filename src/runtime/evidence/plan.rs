//! What a census of an entity's route asks: every instance, and every declared shape of its list.
//!
//! Invariant: the plan follows from the contract and the instances there are, in a fixed order, so that a sweep goes on
//! after a restart. A route that is no entity's has no census: nobody knows what it can show.
//! Not here: which filters and sorts are asked of a list (`shapes`).

use super::shapes;
use crate::runtime::routes::Route;
use crate::runtime::serving::Serving;
use banyan_migration::census::Plan;
use banyan_migration::route::Move;
use banyan_model::model::Entity;
use banyan_store::{ListQuery, Reader};
use banyan_words::Id;

/// A census larger than this is none: the score is for that.
pub const MOST: u64 = 100_000;

/// Instances on a page of the default list at most.
const PAGE: u64 = 100;

/// The plan of a route; else why there is none, for people.
pub fn plan(serving: &Serving, reader: &mut dyn Reader, route: &Route) -> Result<Plan, String> {
    let Some(no) = route.entity else {
        return Err("a census needs an entity: nobody knows what all a proxied path can show. Let its traffic be compared, or replay what was captured".to_owned());
    };
    let entity = serving.catalog.entities.get(no).ok_or("the entity is gone")?;
    let store = |e: banyan_store::StoreError| e.to_string();
    let count = reader.count(entity.stored, &[]).map_err(store)?;
    if count > MOST {
        return Err(format!(
            "there are {count} instances, and a census is for {MOST} at most: the score decides sooner"
        ));
    }
    let ids = ids(reader, entity)?;
    let (base, mut plan) = (format!("/v1/{}", entity.plural), Plan::default());
    if route.config.moves_with(Move::Get) {
        for id in &ids {
            plan.one(format!("{base}/{id}"), Some(id.clone()));
        }
        // What is not there belongs to the contract as well.
        plan.one(format!("{base}/{}", Id([0; 16])), None);
    }
    if route.config.moves_with(Move::List) && entity.listed {
        // Few instances are two pages all the same: what goes wrong from one page to the next shows nowhere else.
        let page = PAGE.min(count.div_ceil(2)).max(1);
        plan.list(format!("{base}?limit={page}"), count.div_ceil(page));
        let shapes = shapes::shapes(serving, reader, no).map_err(store)?;
        shapes.into_iter().for_each(|shape| plan.list(format!("{base}?{shape}"), 1));
    }
    Ok(plan)
}

fn ids(reader: &mut dyn Reader, entity: &Entity) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    let mut query = ListQuery { limit: 1_000, ..ListQuery::default() };
    loop {
        let page = reader.list(entity.stored, &query).map_err(|e| e.to_string())?;
        ids.extend(page.rows.iter().map(|found| found.id.to_string()));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    // Not the order of arrival: a store that was rebuilt has another one.
    ids.sort_unstable();
    Ok(ids)
}
