//! Why a request goes where it goes: the precedence of `handle`, in words.

use super::handle::{is_facades, moved};
use super::route;
use crate::runtime::routes::{Route, Routes, access};
use banyan_migration::route::OnlyConfig;
use banyan_migration::stage::{Side, Stage};
use banyan_model::model::Catalog;

/// One step of the search.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = ExplainStep)]
pub struct Step {
    /// What was looked at.
    pub what: String,
    /// The search ended here.
    pub counts: bool,
    /// Why, or why not.
    pub why: String,
}

/// Why a request goes where it goes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// What was looked at, in this order.
    pub steps: Vec<Step>,
    /// The name of the route; null: no route takes part.
    pub route: Option<String>,
    /// Who answers, in words.
    pub answers: String,
}

/// Explains a request of `who`, where routes tell callers apart.
pub fn explain(catalog: &Catalog, routes: &Routes, method: &str, path: &str, who: Option<&str>) -> Explanation {
    let path = path.split('?').next().unwrap_or_default();
    let meets = |_: &OnlyConfig| false;
    let mut steps = Vec::new();
    let mut step = |what: String, counts, why: String| steps.push(Step { what, counts, why });
    let collection = |plural: &str| catalog.entities.iter().position(|e| e.plural == plural);
    if is_facades(path) {
        match route::find_in(catalog, collection, path) {
            Ok(target) => {
                let template = target.template(catalog);
                let route = moved(&target).and_then(|(entity, what)| {
                    let route = routes.of_entity(entity, what, method);
                    let why = match (route, routes.all.iter().find(|r| r.entity == Some(entity))) {
                        (Some(_), _) => format!("the facade's own paths come first; this is its `{}`", what.name()),
                        (None, Some(other)) => {
                            format!(
                                "the facade's own path; `{}` does not move `{}` for {method}",
                                other.name,
                                what.name()
                            )
                        }
                        (None, None) => "the facade's own path; no route moves it".to_owned(),
                    };
                    step(template.clone(), route.is_none(), why);
                    route
                });
                if let Some(route) = route {
                    step(name(route), true, "it moves that operation of the collection".to_owned());
                    let answers = answers(route, method, path, who);
                    return Explanation { steps, route: Some(route.name.clone()), answers };
                }
                if steps.is_empty() {
                    steps.push(Step {
                        what: template,
                        counts: true,
                        why: "the facade's own document: it never moves".to_owned(),
                    });
                }
                let answers = match target.allow().split(", ").any(|m| m == method) {
                    true => "the facade".to_owned(),
                    false => format!("405: the facade offers {} here", target.allow()),
                };
                return Explanation { steps, route: None, answers };
            }
            Err(refusal) => {
                if let Some(route) = routes.of_path(method, path, meets).filter(|r| is_facades(&r.config.path)) {
                    step(name(route), true, "a place of its own under /v1, beside the collections".to_owned());
                    let answers = answers(route, method, path, who);
                    return Explanation { steps, route: Some(route.name.clone()), answers };
                }
                step(path.to_owned(), true, "paths under /v1 and /docs never fall through to a wildcard".to_owned());
                return Explanation { steps, route: None, answers: format!("404: {}", refusal.detail) };
            }
        }
    }
    for found in routes.explain_path(method, path, meets) {
        let route = routes.all.get(found.number);
        step(route.map_or(found.path, |r| name(r)), found.counts, found.why);
    }
    match routes.of_path(method, path, meets) {
        Some(route) => {
            let answers = answers(route, method, path, who);
            Explanation { steps, route: Some(route.name.clone()), answers }
        }
        None => {
            let answers = match routes.allow(path, meets) {
                Some(methods) => format!("405: routes offer {} here", methods.join(", ")),
                None => "404: no route has this path".to_owned(),
            };
            Explanation { steps, route: None, answers }
        }
    }
}

fn name(route: &Route) -> String {
    format!("routes[{}] {}", route.number, route.name)
}

/// Who answers now.
fn answers(route: &Route, method: &str, path: &str, who: Option<&str>) -> String {
    let standing = route.standing();
    let side = |side: Side| match (route.side(side), side) {
        (Some(target), _) => format!("{} (`{}`)", side.name(), target.name),
        (None, Side::Legacy) if route.entity.is_some() => "legacy (the facade)".to_owned(),
        (None, _) => "nobody".to_owned(),
    };
    let way = route.way(access(method), who.unwrap_or(path), None);
    let mut text = match (standing.killed, standing.stage, who) {
        (false, Stage::Canary, None) => {
            format!(
                "{} for {} of the callers, {} for the others",
                side(Side::Modern),
                standing.weight,
                side(Side::Legacy)
            )
        }
        (false, Stage::Canary, Some(who)) => format!("{} for `{who}`", side(way.answers)),
        _ => side(way.answers),
    };
    text.push_str(&format!("; the route stands at {standing}"));
    if let Some(beside) = way.beside {
        let other =
            if standing.stage == Stage::Canary && who.is_none() { "the other side".to_owned() } else { side(beside) };
        text.push_str(&format!("; {other} is asked afterwards, and compared"));
    }
    text
}
