//! The sections `upstreams:` and `routes:`, checked against each other and against the entities.
//!
//! Invariant: every path has one meaning. What belongs to the facade is never caught by a wildcard, and a route over an
//! entity's path moves that entity's operations, nothing else.
//! Not here: where a route stands now (the journal), sending anything.

use super::Loaded;
use super::patience::Patience;
use banyan_migration::route::{PathPattern, RouteConfig, Table};
use banyan_migration::stage::Stage;
use banyan_model::model::{Catalog, EntityNo};
use banyan_upstream::{Upstream, UpstreamConfig};
use banyan_words::Problem;
use banyan_words::node::{Named, join, read};
use banyan_words::problem::nearest;
use std::sync::Arc;

/// Upstreams and routes.
#[derive(Default)]
pub struct Moving {
    /// Services behind the wrapper, with their keys.
    pub upstreams: Vec<(String, UpstreamConfig, Arc<Upstream>)>,
    /// Routes in the order of the configuration.
    pub routes: Vec<BuiltRoute>,
    /// Those of them that are not an entity's, most specific first; numbered as in `routes`.
    pub table: Table,
}

/// A route, checked.
pub struct BuiltRoute {
    /// Its keys.
    pub config: RouteConfig,
    /// The entity whose operations it moves.
    pub entity: Option<EntityNo>,
}

/// Reads both sections. Without a catalog (it has errors of its own) entities' paths are not judged.
pub(super) fn read_all(loaded: &Loaded, catalog: Option<&Catalog>, problems: &mut Vec<Problem>) -> Moving {
    let mut configs = Vec::new();
    for part in &loaded.draft.upstreams {
        match read::<UpstreamConfig>(&part.body, &part.path) {
            Ok(config) => configs.push((part.name.clone(), part.path.clone(), config)),
            Err(found) => problems.extend(found),
        }
    }
    let declared = Named(loaded.draft.upstreams.iter().map(|p| (p.name.clone(), ())).collect());
    let consumers: Vec<String> = loaded.draft.consumers.iter().map(|p| p.name.clone()).collect();
    let mut moving = Moving::default();
    let mut patience = Patience::default();
    for (name, path, config) in configs {
        patience.knows(&name, &path, &config);
        let found = config.check(&path);
        if found.is_empty() {
            match Upstream::new(&config, &loaded.base) {
                Ok(upstream) => moving.upstreams.push((name, config, Arc::new(upstream))),
                Err(why) => {
                    let hint = "paths are relative to the configuration; certificates and keys are PEM files";
                    problems.push(Problem::error("bad-tls", join(&path, "tls"), why).hint(hint));
                }
            }
        }
        problems.extend(found);
    }
    let mut proxied = Vec::new();
    for (number, part) in loaded.draft.routes.iter().enumerate() {
        let config = match read::<RouteConfig>(&part.body, &part.path) {
            Ok(config) => config,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        problems.extend(config.check(&part.path, &declared));
        problems.extend(config.only.check_names(&join(&part.path, "only"), &consumers));
        let entity = catalog.and_then(|c| place(&config, &part.path, c, problems));
        if let Some(catalog) = catalog {
            numbers(&config, &part.path, entity, catalog, problems);
        }
        if entity.is_some() && !config.only.is_all() {
            let message = "a collection's route is for all who call it";
            let hint = "leave it out; `canary: { pin: { shop: modern } }` sends a consumer to one side";
            problems.push(Problem::error("route-for-some", join(&part.path, "only"), message).hint(hint));
        }
        patience.falls_back(&config, entity.is_some());
        if entity.is_none() {
            proxied.push((number, config.clone()));
        } else if let Some(twin) = moving.routes.iter().position(|r| r.entity == entity && share(&r.config, &config)) {
            let message = format!("routes[{twin}] moves the same operations of this path");
            let hint = "leave one of them out, or give them different `methods` or `moves`";
            problems.push(Problem::error("route-twice", join(&part.path, "path"), message).hint(hint));
        }
        moving.routes.push(BuiltRoute { config, entity });
    }
    let (table, found) = Table::new(proxied);
    moving.table = table;
    problems.extend(found);
    problems.extend(patience.told());
    moving
}

/// Whether two routes of one entity move the same operation for one method.
fn share(a: &RouteConfig, b: &RouteConfig) -> bool {
    use banyan_migration::route::Move;
    const ALL: [Move; 6] = [Move::List, Move::Get, Move::Lookup, Move::Changes, Move::Lineage, Move::Children];
    let methods = a.methods.is_empty() || b.methods.is_empty() || a.methods.iter().any(|m| b.takes(m));
    methods && ALL.iter().any(|m| a.moves_with(*m) && b.moves_with(*m))
}

/// Whether the key space in which modern numbers is one that the entity's instances have keys in.
fn numbers(config: &RouteConfig, at: &str, entity: Option<EntityNo>, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let Some(ids) = &config.ids else { return };
    let Some(entity) = entity else {
        let message = "ids are translated by the crosswalk of an entity, and this is no entity's path";
        problems.push(Problem::error("no-crosswalk", join(at, "ids"), message).hint("leave it out"));
        return;
    };
    let of = catalog.mappings.iter().filter(|m| m.entity == entity);
    let spaces: Vec<&str> = of.flat_map(|m| std::iter::once(&m.key).chain(&m.also)).map(|k| k.space.as_str()).collect();
    if !spaces.contains(&ids.space.as_str()) {
        let message = format!("no mapping gives an instance a key in `{}`", ids.space);
        let hint = match nearest(&ids.space, spaces.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("give it one: `also: {{ {}: [COLUMN] }}` in a mapping of what modern has", ids.space),
        };
        problems.push(Problem::error("unknown-space", join(&join(at, "ids"), "space"), message).hint(hint));
    }
}

/// The entity whose path it is. A path of the facade that is none of its collections' is a problem.
fn place(config: &RouteConfig, at: &str, catalog: &Catalog, problems: &mut Vec<Problem>) -> Option<EntityNo> {
    config.path.parse::<PathPattern>().ok()?;
    let at = join(at, "path");
    let mut steps = config.path.trim_start_matches('/').split('/');
    let (first, second, third) = (steps.next().unwrap_or_default(), steps.next(), steps.next());
    let mut tell = |message: String, hint: String| {
        problems.push(Problem::error("facade-path", at.clone(), message).hint(hint));
        None
    };
    let plurals = || catalog.entities.iter().map(|e| e.plural.as_str());
    match first {
        "docs" | "openapi.json" => {
            tell(format!("`/{first}` belongs to the facade and never moves"), "choose another path".to_owned())
        }
        "v1" => match second {
            Some(plural) if plurals().any(|p| p == plural) => {
                if third.is_some() {
                    let hint = format!("write `path: /v1/{plural}` and say with `moves` which of its operations move");
                    return tell("an entity's route names its collection".to_owned(), hint);
                }
                if config.legacy.is_some() {
                    let message = format!("`/v1/{plural}` is answered by Banyan itself until it moves");
                    return tell(message, "leave `legacy` out".to_owned());
                }
                catalog.entities.iter().position(|e| e.plural == plural)
            }
            Some(word) if !word.contains(['*', '{', ':']) && !word.is_empty() => {
                if config.legacy.is_none() && config.stage != Stage::Modern && config.stage != Stage::Retired {
                    let meant =
                        nearest(word, plurals()).map(|m| format!("did you mean `/v1/{m}`? ")).unwrap_or_default();
                    let message =
                        format!("there is no collection `{word}` that could answer until the route has moved");
                    return tell(
                        message,
                        format!("{meant}Else name an upstream with `legacy`, or begin with `stage: modern`"),
                    );
                }
                None
            }
            _ => tell(
                "paths under /v1 belong to the facade; no wildcard catches them".to_owned(),
                "name a collection, as in `/v1/customers`".to_owned(),
            ),
        },
        _ => {
            if config.legacy.is_none() && config.modern.is_some() && config.stage < Stage::Modern {
                let hint = "name the upstream that answers until then with `legacy`, or begin with `stage: modern`";
                return tell("nobody answers this path until the route has moved".to_owned(), hint.to_owned());
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::adapters::KINDS;
    use crate::config::{Memory, MissingSecret, build, load_from};
    use std::path::Path;

    const SHOP: &str = "
banyan: 1
sources: { shop: { adapter: file-drop, folder: drop, datasets: { items: { files: '*.csv', format: { kind: csv, columns: [NO, NAME] }, key: [NO], content: changes } } } }
entities: { item: { fields: { name: { type: text } } } }
mappings: [{ from: shop.items, to: item, fields: { name: NAME } }]
upstreams: { new: { url: 'http://127.0.0.1:1', timeout: 2s }, old: { url: 'http://127.0.0.1:2' } }
routes:
";

    fn told(routes: &str) -> Vec<String> {
        let mut world = Memory::default();
        world.files.insert("banyan.yaml".into(), format!("{SHOP}{routes}").into_bytes());
        let mut loaded = load_from(&world, Path::new("banyan.yaml"), MissingSecret::Error);
        let built = build(&mut loaded, KINDS, &world);
        assert_eq!(built.is_some(), !loaded.has_errors());
        loaded.problems.iter().map(|p| format!("{} {}", p.path, p.code)).collect()
    }

    #[test]
    fn routes_that_can_be_used_are_taken() {
        let routes = "  - { path: /v1/items, modern: new, stage: shadow }
  - { path: /v1/items, moves: [changes], modern: new }
  - { path: /v1/reports, modern: new, stage: modern }
  - { path: /v1/old-reports/**, legacy: old }
  - { path: /**, legacy: old }\n";
        assert_eq!(told(routes), Vec::<String>::new());
    }

    /// Before legacy answers instead of it, modern's whole time has passed.
    #[test]
    fn a_read_that_falls_back_late_is_warned_of() {
        let with = |timeout: &str, routes: &str| {
            let mut world = Memory::default();
            let yaml = format!("{SHOP}{routes}").replace(", timeout: 2s", timeout);
            world.files.insert("banyan.yaml".into(), yaml.into_bytes());
            let mut loaded = load_from(&world, Path::new("banyan.yaml"), MissingSecret::Error);
            assert!(build(&mut loaded, KINDS, &world).is_some(), "a warning stops nobody");
            let told = |p: &banyan_words::Problem| {
                assert!(p.hint.as_ref().is_some_and(|h| h.contains("timeout: 2s")), "{p}");
                let spot = p.spot.as_ref().map(|s| (s.line, s.column)).unwrap_or_default();
                format!("{} {} {} {}", spot.0, spot.1, p.code, p.message)
            };
            loaded.problems.iter().map(told).collect::<Vec<_>>()
        };
        let both = "  - { path: /v1/items, modern: new }\n  - { path: /accounts, legacy: old, modern: new }\n";
        let late = "where `new` does not answer, readers of /v1/items, /accounts wait";
        assert_eq!(
            with(", timeout: 20s", both),
            [format!("6 57 late-fallback {late} 20s before legacy answers instead")]
        );
        let unsaid = format!("6 14 late-fallback {late} 30s before legacy answers instead");
        assert_eq!(with("", both), [unsaid], "that is what an upstream has where nothing is said");
        assert_eq!(with(", timeout: 5s", both), [""; 0]);
        for nobody_falls_back in [
            "  - { path: /v1/items, methods: [POST], modern: new }\n",
            "  - { path: /v1/items, modern: new, stage: retired }\n",
            "  - { path: /v1/reports, modern: new, stage: modern }\n",
            "  - { path: /accounts, legacy: new }\n",
        ] {
            assert_eq!(with("", nobody_falls_back), [""; 0], "{nobody_falls_back}");
        }
    }

    #[test]
    fn every_path_has_one_meaning() {
        for (route, problem) in [
            ("{ path: /v1/itmes, modern: new }", "routes[0].path facade-path"),
            ("{ path: /v1/**, legacy: old }", "routes[0].path facade-path"),
            ("{ path: '/v1/{any}', legacy: old }", "routes[0].path facade-path"),
            ("{ path: /docs/x, legacy: old }", "routes[0].path facade-path"),
            ("{ path: /openapi.json, legacy: old }", "routes[0].path facade-path"),
            ("{ path: '/v1/items/{id}', modern: new }", "routes[0].path facade-path"),
            ("{ path: /v1/items, legacy: old, modern: new }", "routes[0].path facade-path"),
            ("{ path: /accounts, modern: new }", "routes[0].path facade-path"),
            ("{ path: /accounts, legacy: odl }", "routes[0].legacy unknown-upstream"),
            ("{ path: /v1/items, modern: new, ids: { space: shp, at: [/id] } }", "routes[0].ids.space unknown-space"),
            ("{ path: /x, legacy: old, ids: { space: shop, at: [/id] } }", "routes[0].ids no-crosswalk"),
            ("{ path: /accounts }", "routes[0] route-to-nowhere"),
            ("{ path: /x, legacy: old, only: { consumers: [shop] } }", "routes[0].only.consumers unknown-consumer"),
            ("{ path: /v1/items, modern: new, only: { headers: { X-A: b } } }", "routes[0].only route-for-some"),
            ("{ path: /accounts, legacy: old, stage: canary }", "routes[0].stage no-modern-side"),
            (
                "{ path: /o, methods: [POST], legacy: old, modern: new, stage: shadow }",
                "routes[0].stage no-shadow-for-writes",
            ),
        ] {
            assert_eq!(told(&format!("  - {route}\n")), [problem], "{route}");
        }
        let twice =
            "  - { path: /v1/items, modern: new }\n  - { path: /v1/items, modern: new, moves: [get, changes] }\n";
        assert_eq!(told(twice), ["routes[1].path route-twice"]);
        let twice = "  - { path: '/a/{x}', legacy: old }\n  - { path: /a/*, legacy: new }\n";
        assert_eq!(told(twice), ["routes[1].path route-twice"]);
    }
}
