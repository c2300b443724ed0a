//! Why a request goes where it goes: the precedence of `handle`, in words.

use super::explained::{Asked, World};
use super::handle::{is_facades, moved};
use super::route::{self, Target};
use crate::runtime::routes::{Route, Turn, access};
use banyan_migration::route::OnlyConfig;
use banyan_migration::stage::{Side, Stage};
use banyan_model::refusal::Refusal;
use std::sync::Arc;

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
    /// As whom it is counted, and why.
    pub counted: String,
    /// What its answer lacks now (`fax`, `customer.fax`), as it would say in `Banyan-Brownout`.
    pub lacks: Vec<String>,
    /// Headers that announce the route's end.
    pub headers: Vec<String>,
}

/// Where the search ended.
enum End<'w> {
    Route(&'w Arc<Route>),
    Facade,
    Refused(String),
}

/// Explains a request.
pub fn explain(world: &World<'_>, asked: &Asked) -> Explanation {
    let (steps, end) = search(world, asked);
    let mut told = Explanation {
        steps,
        route: None,
        answers: String::new(),
        counted: asked.counted(world),
        lacks: Vec::new(),
        headers: Vec::new(),
    };
    match end {
        End::Route(route) => {
            told.route = Some(route.name.clone());
            told.answers = match asked.turn(world, route) {
                Err(refusal) => format!("nobody: {} ({})", refusal.def.code, refusal.detail),
                Ok(turn) => answers(world, route, asked, turn),
            };
            if route.entity.is_some() {
                told.lacks = asked.lacks(world);
            }
            told.headers = route.farewell.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        }
        End::Facade => {
            told.answers = "the facade".to_owned();
            told.lacks = asked.lacks(world);
        }
        End::Refused(why) => told.answers = why,
    }
    told
}

/// What is looked at, in this order, and where that ends.
fn search<'w>(world: &World<'w>, asked: &Asked) -> (Vec<Step>, End<'w>) {
    let (catalog, routes) = (world.catalog, world.routes);
    let (method, path) = (asked.method(), asked.path());
    let meets = |only: &OnlyConfig| asked.meets(world, only);
    let mut steps = Vec::new();
    let mut step = |what: String, counts, why: String| steps.push(Step { what, counts, why });
    if is_facades(path) {
        match target(world, path) {
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
                    return (steps, End::Route(route));
                }
                if steps.is_empty() {
                    steps.push(Step {
                        what: template,
                        counts: true,
                        why: "the facade's own document: it never moves".to_owned(),
                    });
                }
                let end = match offers(&target, method) {
                    true => End::Facade,
                    false => End::Refused(format!("405: the facade offers {} here", target.allow())),
                };
                return (steps, end);
            }
            Err(refusal) => {
                if let Some(route) = routes.of_path(method, path, meets).filter(|r| is_facades(&r.config.path)) {
                    step(name(route), true, "a place of its own under /v1, beside the collections".to_owned());
                    return (steps, End::Route(route));
                }
                step(path.to_owned(), true, "paths under /v1 and /docs never fall through to a wildcard".to_owned());
                return (steps, End::Refused(format!("404: {}", refusal.detail)));
            }
        }
    }
    for found in routes.explain_path(method, path, meets) {
        let route = routes.all.get(found.number);
        step(route.map_or(found.path, |r| name(r)), found.counts, found.why);
    }
    match routes.of_path(method, path, meets) {
        Some(route) => (steps, End::Route(route)),
        None => {
            let why = match routes.allow(path, meets) {
                Some(methods) => format!("405: routes offer {} here", methods.join(", ")),
                None => "404: no route has this path".to_owned(),
            };
            (steps, End::Refused(why))
        }
    }
}

/// What a path is to the facade.
fn target(world: &World<'_>, path: &str) -> Result<Target, Refusal> {
    let collection = |plural: &str| world.catalog.entities.iter().position(|e| e.plural == plural);
    route::find_in(world.catalog, collection, path)
}

fn offers(target: &Target, method: &str) -> bool {
    target.allow().split(", ").any(|m| m == method)
}

/// The methods that the facade offers where it does not offer this one. A route takes every method unless it says which,
/// and its modern side may know more of them than the facade does.
fn not_offered(world: &World<'_>, asked: &Asked) -> Option<&'static str> {
    let target = target(world, asked.path()).ok().filter(|t| !offers(t, asked.method()))?;
    Some(target.allow())
}

fn name(route: &Route) -> String {
    format!("routes[{}] {}", route.number, route.name)
}

/// Who answers now. Without a turn nobody is said to ask.
fn answers(world: &World<'_>, route: &Route, asked: &Asked, turn: Option<(Turn, bool)>) -> String {
    let standing = route.standing();
    let side = |side: Side| match (route.side(side), side) {
        (Some(target), _) => format!("{} (`{}`)", side.name(), target.name),
        (None, Side::Legacy) if route.entity.is_some() => "legacy (the facade)".to_owned(),
        (None, _) => "nobody".to_owned(),
    };
    let way = match &turn {
        Some((turn, _)) => turn.way,
        None => route.way(access(asked.method()), asked.path(), None),
    };
    let mut text = match (standing.killed, standing.stage, &turn) {
        (false, Stage::Canary, None) => {
            format!(
                "{} for {} of the callers, {} for the others",
                side(Side::Modern),
                standing.weight,
                side(Side::Legacy)
            )
        }
        (_, _, Some((_, true))) => format!("{}, which made the cursor or ETag that it shows", side(way.answers)),
        (false, Stage::Canary, Some(_)) => {
            format!("{} for `{}`{}", side(way.answers), asked.who(world, route), asked.sent_by(world, route))
        }
        _ => side(way.answers),
    };
    text.push_str(&format!("; the route stands at {standing}"));
    let anyone = standing.stage == Stage::Canary && turn.is_none();
    let facade = route.entity.is_some() && route.legacy.is_none() && (anyone || way.answers == Side::Legacy);
    if let Some(methods) = not_offered(world, asked).filter(|_| facade) {
        text.push_str(&format!("; the facade answers 405: it offers {methods} here"));
    }
    if let Some(beside) = way.beside {
        let other = if anyone { "the other side".to_owned() } else { side(beside) };
        text.push_str(&format!("; {other} is asked afterwards, and compared"));
    }
    if let Some(idle) = asked.sent_in_vain(world, route) {
        text.push_str(&idle);
    }
    text
}
