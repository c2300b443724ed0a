//! The way back, from everywhere.

use super::super::{Routes, Target, journal};
use super::*;
use banyan_migration::route::Table;
use banyan_migration::stage::{Access, Side};
use banyan_upstream::{Upstream, UpstreamConfig};

/// Finds every step supported.
struct Yes;

impl Judge for Yes {
    fn judge(&self, _: &Route, _: Standing, _: Standing) -> Result<Cause, Vec<String>> {
        Ok(Cause::person())
    }
}

fn target(name: &str) -> Target {
    let config: UpstreamConfig = serde_json::from_str(r#"{ "url": "http://127.0.0.1:1" }"#).unwrap();
    Target { name: name.to_owned(), upstream: Arc::new(Upstream::new(&config, Path::new(".")).unwrap()) }
}

fn routes(standings: &Standings) -> Routes {
    let config: RouteConfig = serde_json::from_str(r#"{ "path": "/a", "legacy": "old", "modern": "new" }"#).unwrap();
    let (table, problems) = Table::new([(0, config.clone())]);
    assert!(problems.is_empty());
    Routes::new(vec![target("old"), target("new")], vec![(config, None)], table, standings)
}

fn ask(stage: Option<Stage>, killed: Option<bool>) -> Ask {
    let text = |t: &str| t.to_owned();
    Ask {
        stage,
        weight: None,
        killed,
        author: text("ann"),
        reason: text("a test"),
        // Whole steps at once, over what lies between.
        force: true,
        within: Within::default(),
    }
}

fn answers(route: &Route) -> Side {
    // A point that the smallest share does not hold would hide a canary: the pin of nobody, the share of all.
    route.way(Access::Read, "ann", Some(Side::Modern)).answers
}

#[test]
fn legacy_is_back_at_once_from_every_stage_and_after_a_restart() {
    for stage in Stage::ALL {
        for back in [ask(Some(Stage::Legacy), None), ask(None, Some(true))] {
            let dir = tempfile::tempdir().unwrap();
            let path = journal::path_of(&dir.path().join("banyan.db"));
            let standings = Standings::open(&path, Clock::system(), Arc::new(Yes)).unwrap();
            let routes = routes(&standings);
            let route = routes.named("/a").unwrap();
            if stage != Stage::Legacy {
                standings.set(route, &ask(Some(stage), None)).unwrap();
            }
            assert_eq!(answers(route) == Side::Modern, stage >= Stage::Canary, "{stage}");
            let done = standings.set(route, &back);
            assert!(done.is_ok() || (stage == Stage::Legacy && back.stage.is_some()), "{stage}: {done:?}");
            assert_eq!(answers(route), Side::Legacy, "{stage}");
            drop((routes, standings));
            let again = Standings::open(&path, Clock::system(), Arc::new(NoEvidence)).unwrap();
            assert_eq!(answers(self::routes(&again).named("/a").unwrap()), Side::Legacy, "{stage} after a restart");
        }
    }
}

#[test]
fn the_way_back_needs_no_disk_and_is_written_down_as_soon_as_there_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("var");
    std::fs::create_dir(&folder).unwrap();
    let path = journal::path_of(&folder.join("banyan.db"));
    let standings = Standings::open(&path, Clock::system(), Arc::new(Yes)).unwrap();
    let routes = routes(&standings);
    let route = routes.named("/a").unwrap();
    standings.set(route, &ask(Some(Stage::Modern), None)).unwrap();
    drop(standings);
    let standings = Standings::open(&path, Clock::system(), Arc::new(Yes)).unwrap();
    let routes = self::routes(&standings);
    let route = routes.named("/a").unwrap();
    // Nothing can be written where the file was: a folder stands in its place.
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_dir(&folder).unwrap();
    standings.inner().journal.as_mut().unwrap().close();
    let refused = standings.set(route, &ask(Some(Stage::Retired), None));
    assert!(matches!(refused, Err(Refused::Journal(_))), "{refused:?}");
    assert_eq!(answers(route), Side::Modern, "what could not be written down was not done");
    standings.set(route, &ask(Some(Stage::Shadow), None)).unwrap();
    assert_eq!(answers(route), Side::Legacy);
    std::fs::create_dir(&folder).unwrap();
    standings.set(route, &ask(None, Some(true))).unwrap();
    let told: Vec<Standing> = standings.decisions(None).iter().map(|d| d.to).collect();
    assert_eq!(told.len(), 3, "the first, and the two ways back: {told:?}");
    assert!(std::fs::read_to_string(&path).unwrap().lines().count() == 2);
}

#[test]
fn nobody_leaves_out_a_step_unless_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let standings =
        Standings::open(&journal::path_of(&dir.path().join("b.db")), Clock::system(), Arc::new(Yes)).unwrap();
    let routes = routes(&standings);
    let route = routes.named("/a").unwrap();
    let to = |stage, force| standings.set(route, &Ask { force, ..ask(Some(stage), None) });
    let held = |stage| match to(stage, false) {
        Err(Refused::Held(why)) => why,
        other => panic!("{stage}: {other:?}"),
    };
    for from in [Stage::Legacy, Stage::Shadow, Stage::Canary] {
        let _ = to(from, true);
        assert!(held(Stage::Retired).contains("set it to `modern` first"), "{from}");
        if from != Stage::Canary {
            assert!(held(Stage::Modern).contains("by canary only"), "{from}");
        }
    }
    assert_eq!(route.standing().stage, Stage::Canary, "what was held was not done");
    to(Stage::Modern, false).unwrap();
    to(Stage::Retired, false).unwrap();
    to(Stage::Legacy, false).unwrap();
    let forced = to(Stage::Retired, true).unwrap();
    let Cause::Person { forced: true, overrode, .. } = &forced.cause else { panic!("{:?}", forced.cause) };
    assert!(overrode[0].contains("`modern` first"), "{overrode:?}");
}

#[test]
fn whoever_is_bound_to_legacy_holds_back_the_step_to_modern() {
    let dir = tempfile::tempdir().unwrap();
    let standings =
        Standings::open(&journal::path_of(&dir.path().join("b.db")), Clock::system(), Arc::new(Yes)).unwrap();
    let config = r#"{ "path": "/a", "legacy": "old", "modern": "new", "canary": { "pin": { "payroll": "legacy", "shop": "modern" } } }"#;
    let config: RouteConfig = serde_json::from_str(config).unwrap();
    let (table, _) = Table::new([(0, config.clone())]);
    let routes = Routes::new(vec![target("old"), target("new")], vec![(config, None)], table, &standings);
    let route = routes.named("/a").unwrap();
    let to = |stage, force| standings.set(route, &Ask { force, ..ask(Some(stage), None) });
    to(Stage::Canary, true).unwrap();
    let held = to(Stage::Modern, false).unwrap_err().to_string();
    assert!(held.contains("a pin binds `payroll` to legacy") && !held.contains("shop"), "{held}");
    // So it does where evidence would move the route.
    let (from, cause) = (route.standing(), Cause::person());
    let bundle = Bundle {
        route: "/a".to_owned(),
        at: "2026-01-01T00:00:00Z".to_owned(),
        author: "banyan".to_owned(),
        reason: "due".to_owned(),
        from: (from.stage, from.weight),
        to: (Stage::Modern, banyan_migration::sticky::Weight::NONE),
        cause,
    };
    assert!(matches!(standings.apply(route, &bundle), Err(Refused::Held(_))));
    to(Stage::Modern, true).unwrap();
}
