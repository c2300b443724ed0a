//! Contracts of upstreams: had when they are needed, compared with the facade's, and what they hold back.
//!
//! Invariant: where a contract is configured, no step lets modern answer callers, or more of them, while it would break
//! them or cannot be compared; a person may do so all the same, and that is journaled. Whoever decides without a person
//! never waits for a document.
//! Not here: what a difference is (`banyan_migration::contract`).

use super::rewrite::asked;
use super::{Judge, Route, Target, ask, gives_to_modern};
use banyan_migration::bundle::{Cause, Stood};
use banyan_migration::contract::{Report, compare};
use banyan_migration::route::{Move, PathPattern};
use banyan_migration::stage::{Side, Standing};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The largest document, in bytes.
const LARGEST: usize = 16 << 20;
/// How long an upstream may take to tell it.
const WITHIN: Duration = Duration::from_secs(10);
/// How long a comparison serves those that must not wait.
const KEPT: Duration = Duration::from_secs(60);
/// Differences that a refusal names.
const NAMED: usize = 5;

struct Kept {
    at: Instant,
    /// Why steps are held back; `None`: they are not.
    holds: Option<String>,
    under_way: bool,
}

/// The facade's contract, and what comparisons with it said of late.
#[derive(Default)]
pub struct Contracts {
    facade: RwLock<Arc<Value>>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Contracts {
    /// Takes up the facade's document of a configuration.
    pub fn take_up(&self, facade: Value) {
        *self.facade.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facade);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What moving a route would change for callers. `None`: no contract is configured. An error says why it could not be
    /// compared. Waits for upstreams.
    pub fn compare(&self, route: &Route) -> Option<Result<Report, String>> {
        let modern = route.modern.as_ref().filter(|t| t.upstream.contract().is_some())?;
        match &route.legacy {
            // Without a document of what answers now there is nothing to hold modern's against.
            Some(legacy) => legacy
                .upstream
                .contract()
                .map(|_| document(legacy).and_then(|used| Ok(report(route, modern, &used, &document(modern)?)))),
            None if route.entity.is_some() => {
                let facade = self.facade.read().unwrap_or_else(PoisonError::into_inner).clone();
                Some(document(modern).map(|theirs| report(route, modern, &facade, &theirs)))
            }
            None => None,
        }
    }

    /// The same with a document that is given.
    pub fn compare_with(&self, route: &Route, theirs: &Value) -> Result<Report, String> {
        let modern = route.modern.as_ref().ok_or("the route has no modern side")?;
        let used = match &route.legacy {
            Some(legacy) if legacy.upstream.contract().is_some() => Arc::new(document(legacy)?),
            Some(legacy) => return Err(format!("the upstream {} has no `contract` to compare with", legacy.name)),
            None => self.facade.read().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        Ok(report(route, modern, &used, theirs))
    }

    /// Why a route is held back, in words.
    fn held(&self, route: &Route) -> Option<String> {
        let holds = match self.compare(route)? {
            Ok(report) => refusal(&report),
            Err(why) => Some(format!("the contract could not be compared: {why}")),
        };
        let kept = Kept { at: Instant::now(), holds: holds.clone(), under_way: false };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(route.name.clone(), kept);
        holds
    }

    /// The same as of late; a comparison that is too old is made anew meanwhile.
    fn held_of_late(self: &Arc<Contracts>, route: &Arc<Route>) -> Option<String> {
        route.modern.as_ref()?.upstream.contract()?;
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let comparing = || Some("the contract is being compared".to_owned());
        match all.get_mut(&route.name) {
            Some(kept) if kept.at.elapsed() < KEPT => return kept.holds.clone(),
            Some(kept) if kept.under_way => return comparing(),
            Some(kept) => kept.under_way = true,
            None => drop(all.insert(route.name.clone(), Kept { at: long_ago(), holds: None, under_way: true })),
        }
        drop(all);
        let (contracts, of) = (self.clone(), route.clone());
        let compare = move || {
            if let Some(why) = contracts.held(&of) {
                tracing::warn!(route = of.name, "a step that is due is held back: {why}");
            } else if let Some(kept) = contracts.kept.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&of.name) {
                (kept.at, kept.under_way) = (Instant::now(), false);
            }
        };
        if std::thread::Builder::new().name("contract".to_owned()).spawn(compare).is_err()
            && let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&route.name)
        {
            kept.under_way = false;
        }
        comparing()
    }
}

fn long_ago() -> Instant {
    let now = Instant::now();
    now.checked_sub(KEPT).unwrap_or(now)
}

/// Why breaking differences hold a step back.
fn refusal(report: &Report) -> Option<String> {
    let breaking: Vec<&str> = report.breaking().map(|d| d.told.as_str()).collect();
    let more = match breaking.len().checked_sub(NAMED) {
        Some(n @ 1..) => format!("; and {n} more"),
        _ => String::new(),
    };
    let named = breaking.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ");
    (!breaking.is_empty()).then(|| {
        format!("modern's contract would break callers: {named}{more} (`banyan routes contract` tells all of it)")
    })
}

/// An upstream's document.
fn document(of: &Target) -> Result<Value, String> {
    let Some(contract) = of.upstream.contract() else { return Err(format!("{} has no `contract`", of.name)) };
    let bytes = match (&contract.file, &contract.path) {
        (Some(file), _) => read(&of.upstream.file(file))?,
        (None, Some(path)) => ask::get(&of.upstream, path, "application/json", LARGEST, WITHIN)
            .map_err(|why| format!("the upstream {}: {why}", of.name))?,
        (None, None) => Vec::new(),
    };
    parsed(&bytes).map_err(|why| format!("the document of the upstream {}: {why}", of.name))
}

/// A document in a file.
pub fn document_at(path: &std::path::Path) -> Result<Value, String> {
    parsed(&read(path)?).map_err(|why| format!("{}: {why}", path.display()))
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, String> {
    let told = |why: String| format!("{}: {why}", path.display());
    let mut bytes = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let file = std::fs::File::open(path).map_err(|e| told(e.to_string()))?;
    file.take(limit).read_to_end(&mut bytes).map_err(|e| told(e.to_string()))?;
    if bytes.len() > LARGEST { Err(told(format!("larger than {LARGEST} bytes"))) } else { Ok(bytes) }
}

fn parsed(bytes: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| format!("it is no JSON ({e}); YAML is not read"))?;
    match value.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.") => Ok(value),
        _ => Err("it is no OpenAPI 3 document".to_owned()),
    }
}

fn report(route: &Route, modern: &Target, used: &Value, theirs: &Value) -> Report {
    let pattern: Option<PathPattern> = route.config.path.parse().ok();
    let moved = |method: &str, path: &str| {
        let asked = asked(&route.config, Side::Legacy, path);
        let moves = route.config.takes(method)
            && match route.entity {
                Some(_) => operation(&route.config.path, &asked).is_some_and(|m| route.config.moves_with(m)),
                None => pattern.as_ref().is_some_and(|p| p.matches(&asked)),
            };
        moves.then(|| route.target(Side::Modern, &asked).into_owned())
    };
    let mut report = compare(used, theirs, &moved);
    report.accept(modern.upstream.contract().map(|c| c.accept.as_slice()).unwrap_or_default());
    report
}

/// Which operation of an entity a path is, in the facade's document or as it is asked.
pub(crate) fn operation(collection: &str, path: &str) -> Option<Move> {
    let rest = path.strip_prefix(collection)?;
    let mut steps = rest.strip_prefix('/').unwrap_or_default().split('/');
    Some(match (rest, steps.next(), steps.next()) {
        ("", ..) => Move::List,
        (":lookup", ..) => Move::Lookup,
        ("/changes", ..) => Move::Changes,
        (_, Some(id), None) if !id.is_empty() => Move::Get,
        (_, Some(id), Some("lineage")) if !id.is_empty() => Move::Lineage,
        (_, Some(id), Some(_)) if !id.is_empty() => Move::Children,
        _ => return None,
    })
}

/// Judges by the contract first, then as another does.
pub struct ContractJudge {
    inner: Arc<dyn Judge>,
    contracts: Arc<Contracts>,
}

impl ContractJudge {
    /// Before that other.
    pub fn new(inner: Arc<dyn Judge>, contracts: Arc<Contracts>) -> ContractJudge {
        ContractJudge { inner, contracts }
    }
}

impl Judge for ContractJudge {
    fn judge(&self, route: &Route, from: Standing, to: Standing) -> Result<Cause, Vec<String>> {
        let held = if gives_to_modern(from, to) { self.contracts.held(route) } else { None };
        // Whoever forces it is told all there is against it.
        match (held, self.inner.judge(route, from, to)) {
            (None, judged) => judged,
            (Some(why), judged) => Err([vec![why], judged.err().unwrap_or_default()].concat()),
        }
    }

    fn stood(&self, route: &Route) -> Option<Stood> {
        self.inner.stood(route)
    }

    fn holds(&self, route: &Arc<Route>, from: Standing, to: Standing) -> Option<String> {
        let held = if gives_to_modern(from, to) { self.contracts.held_of_late(route) } else { None };
        held.or_else(|| self.inner.holds(route, from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ask, Refused, Routes, Standings, journal};
    use super::*;
    use crate::runtime::clock::Clock;
    use banyan_migration::bundle::Bundle;
    use banyan_migration::route::{RouteConfig, Table};
    use banyan_migration::stage::Stage;
    use banyan_migration::sticky::Weight;
    use banyan_upstream::{ContractConfig, Upstream, UpstreamConfig};
    use serde_json::json;

    struct Yes;

    impl Judge for Yes {
        fn judge(&self, _: &Route, _: Standing, _: Standing) -> Result<Cause, Vec<String>> {
            Ok(Cause::person())
        }
    }

    fn target(name: &str, folder: &std::path::Path) -> Target {
        let mut config: UpstreamConfig = serde_json::from_str(r#"{ "url": "http://127.0.0.1:1" }"#).unwrap();
        config.contract = Some(ContractConfig { file: Some(format!("{name}.json")), ..ContractConfig::default() });
        Target { name: name.to_owned(), upstream: Arc::new(Upstream::new(&config, folder).unwrap()) }
    }

    /// The two targets, and that route between them.
    fn routes(folder: &std::path::Path, config: &str, standings: &Standings) -> Routes {
        let config: RouteConfig = serde_json::from_str(config).unwrap();
        let (table, _) = Table::new([(0, config.clone())]);
        Routes::new(vec![target("old", folder), target("new", folder)], vec![(config, None)], table, standings)
    }

    fn write(folder: &std::path::Path, name: &str, path: &str) {
        let document = json!({ "openapi": "3.1.0", "paths": { path: { "get": { "responses": {} } } } });
        std::fs::write(folder.join(format!("{name}.json")), document.to_string()).unwrap();
    }

    #[test]
    fn steps_of_persons_and_of_the_evidence_are_held_back_and_ways_back_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let contracts = Arc::new(Contracts::default());
        let judge = Arc::new(ContractJudge::new(Arc::new(Yes), contracts));
        let path = journal::path_of(&dir.path().join("banyan.db"));
        let standings = Standings::open(&path, Clock::system(), judge.clone()).unwrap();
        let routes = routes(
            dir.path(),
            r#"{ "path": "/a/**", "legacy": "old", "modern": "new", "modern_path": "/b" }"#,
            &standings,
        );
        let route = routes.named("/a/**").unwrap();
        write(dir.path(), "old", "/a/{id}");
        write(dir.path(), "new", "/c/{id}");
        let ask = |stage| Ask {
            stage: Some(stage),
            weight: None,
            killed: None,
            author: "ann".to_owned(),
            reason: "a test".to_owned(),
            force: false,
            within: super::super::Within::default(),
        };
        standings.set(route, &ask(Stage::Shadow)).unwrap();
        let held = standings.set(route, &ask(Stage::Canary));
        assert!(matches!(&held, Err(Refused::Held(why)) if why.contains("modern has no path /b/{id}")), "{held:?}");
        let forced = standings.set(route, &Ask { force: true, ..ask(Stage::Canary) }).unwrap();
        let Cause::Person { forced: true, overrode, .. } = forced.cause else { panic!("{:?}", forced.cause) };
        assert!(overrode.len() == 1 && overrode[0].contains("modern has no path /b/{id}"), "{overrode:?}");
        standings.set(route, &ask(Stage::Shadow)).unwrap();
        let bundle = |from: Stage, to: Stage| Bundle {
            route: route.name.clone(),
            at: String::new(),
            author: "banyan".to_owned(),
            reason: "due".to_owned(),
            from: (from, if from == Stage::Canary { Weight::ALL } else { Weight::NONE }),
            to: (to, if to == Stage::Canary { Weight::ALL } else { Weight::NONE }),
            cause: Cause::person(),
        };
        let due = standings.apply(route, &bundle(Stage::Shadow, Stage::Canary));
        assert!(matches!(&due, Err(Refused::Held(why)) if why.contains("modern has no path")), "{due:?}");
        write(dir.path(), "new", "/b/{any}");
        let due = standings.apply(route, &bundle(Stage::Shadow, Stage::Canary));
        assert!(matches!(due, Err(Refused::Held(_))), "it waits for nobody: what it knows is a minute old at most");
        // A person asks anew, and what is found then counts for the evidence too.
        judge.judge(route, route.standing(), Standing { stage: Stage::Modern, ..Standing::default() }).unwrap();
        standings.apply(route, &bundle(Stage::Shadow, Stage::Canary)).unwrap();
        std::fs::remove_file(dir.path().join("new.json")).unwrap();
        let held = standings.set(route, &ask(Stage::Modern));
        assert!(matches!(&held, Err(Refused::Held(why)) if why.contains("could not be compared")), "{held:?}");
        standings.apply(route, &bundle(Stage::Canary, Stage::Shadow)).unwrap();
        standings.set(route, &ask(Stage::Legacy)).unwrap();
    }

    #[test]
    fn who_must_not_wait_is_told_that_it_is_being_compared() {
        let dir = tempfile::tempdir().unwrap();
        let contracts = Arc::new(Contracts::default());
        let standings = Standings::look(&dir.path().join("none")).unwrap();
        let routes = routes(dir.path(), r#"{ "path": "/a/**", "legacy": "old", "modern": "new" }"#, &standings);
        let route = routes.named("/a/**").unwrap();
        write(dir.path(), "old", "/a/{id}");
        write(dir.path(), "new", "/a/{x}");
        assert_eq!(contracts.held_of_late(route).as_deref(), Some("the contract is being compared"));
        let begun = Instant::now();
        while contracts.held_of_late(route).is_some() {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::yield_now();
        }
    }
}
