//! Hazards of mirrors and stages that were met elsewhere, each over real sockets.

use super::upstream::{Upstream, answer};
use super::{JSON, board, metric, stage_of};
use crate::common::{Gateway, Site, until};
use banyan::adapters::KINDS;
use banyan::config::{self, Disk, MissingSecret};
use banyan::gateway;
use banyan::runtime::clock::Clock;
use banyan::runtime::evidence::{Asked, Evidence, Exchange, Origin, Reply, RouteInfo};
use banyan::runtime::routes::{Standings, journal};
use banyan_migration::stage::Side;
use banyan_store::evidence::path_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a gateway of this site gathered so many hours ago: each route may be promoted.
fn gathered(site: &Site, hours_ago: i64, routes: &[&str]) {
    let mut loaded = config::load(&site.config(), MissingSecret::Warning);
    let mut built = config::build(&mut loaded, KINDS, &Disk).unwrap();
    let store = built.settings.store.clone();
    let standings = Standings::look(&journal::path_of(&store)).unwrap();
    let all = gateway::routes(std::mem::take(&mut built.moving), &standings);
    let infos: Vec<_> = all.all.iter().map(|r| Arc::new(RouteInfo::of(r, &built.catalog))).collect();
    let then = Clock::system().now_ms() - hours_ago * 3_600_000;
    let clock = Clock::of(move || jiff::Timestamp::from_millisecond(then).unwrap());
    let evidence = Evidence::open(&path_of(&store), clock).unwrap();
    evidence.take_up(infos.clone()).unwrap();
    for info in infos.iter().filter(|i| routes.contains(&i.name.as_str())) {
        for n in 0..1_200 {
            let reply = Reply {
                status: 200,
                headers: vec![],
                body: bytes::Bytes::from_static(b"{}"),
                took: Duration::from_millis(2),
                version: None,
            };
            let request = Asked { method: "GET".into(), target: format!("/{n}"), ..Asked::default() };
            assert!(
                evidence
                    .observe(&Exchange {
                        route: info.clone(),
                        request,
                        trace_id: String::new(),
                        at_ms: then,
                        legacy: Ok(reply.clone()),
                        legacy_again: None,
                        modern: Ok(reply),
                        origin: Origin::Live,
                    })
                    .counted
            );
        }
        // Modern failed once in a while, as legacy did: no reason to come back.
        (0..20).for_each(|n| {
            evidence.answered(&info.name, Side::Modern, n == 7, Duration::from_millis(2), "5%".parse().unwrap())
        });
    }
    evidence.close();
}

/// HAZARDS, routes 7.
#[test]
fn when_traffic_stops_nothing_moves_in_either_direction_and_the_board_says_why() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let route = |path: &str, stage: &str| {
        format!(
            "  - {{ path: {path}, legacy: old, modern: new, stage: {stage}, promote: {{ auto: true, dwell: 1ms }} }}\n"
        )
    };
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\" }}\nroutes:\n{}{}{}{}",
        old.url(),
        new.url(),
        route("/quiet/**", "shadow"),
        route("/still/**", "canary"),
        route("/none/**", "shadow"),
        route("/busy/**", "shadow"),
    ));
    gathered(&site, 25, &["/quiet/**", "/still/**"]);
    gathered(&site, 1, &["/busy/**"]);
    let g = site.start();
    // The last one shows that decisions are taken; those before it were looked at before it was.
    g.until("the busy one goes on", |g| stage_of(g, "/busy/**") == "canary");
    for (path, stage) in [("/quiet/**", "shadow"), ("/still/**", "canary"), ("/none/**", "shadow")] {
        let row = board(&g, path);
        assert_eq!((row["stage"].as_str(), row["evidence"]["verdict"].as_str()), (Some(stage), Some("insufficient")));
        assert!(row["told"].as_str().unwrap().starts_with("insufficient evidence"), "{row}");
        assert!(row["decided"].is_null(), "{row}");
    }
    let told = board(&g, "/quiet/**")["told"].as_str().unwrap().to_owned();
    assert!(told.contains("nothing was compared for a day; what was compared before waits"), "{told}");
    let out = site.banyan(&["migration"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains(&told));
    // A person's step is held back too.
    let args = ["routes", "set", "/quiet/**", "--stage", "canary", "--reason", "r", "--author", "a"];
    let (why, _) = told.rsplit_once("; ").expect("what would bring some");
    let held = site.banyan(&args).stderr;
    assert!(String::from_utf8_lossy(&held).contains(why), "{}", String::from_utf8_lossy(&held));
    // Traffic again, and what waited counts.
    assert_eq!(g.ask("/quiet/new", &[]).status, 200);
    g.until("it goes on", |g| stage_of(g, "/quiet/**") == "canary");
}

const STAGES: [&str; 5] = ["legacy", "shadow", "canary", "modern", "retired"];

fn at_every_stage(old: &Upstream, new: &Upstream) -> Site {
    let routes = STAGES.map(|stage| {
        format!("  - {{ path: /{stage}/**, legacy: old, modern: new, stage: {stage}, canary: {{ weight: 100% }} }}\n")
    });
    Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\" }}\nroutes:\n{}",
        old.url(),
        new.url(),
        routes.concat()
    ))
}

/// Who answers on each route.
fn sides(g: &Gateway) -> Vec<String> {
    STAGES.iter().map(|s| g.ask(&format!("/{s}/x"), &[]).header("banyan-served-by").to_owned()).collect()
}

fn run(site: &Site, args: &[&str]) -> (bool, String) {
    site.tries(&[args, &["--reason", "r", "--author", "ann"]].concat())
}

/// HAZARDS, routes 8.
#[test]
fn the_way_back_works_from_every_state() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = at_every_stage(&old, &new);
    let g = site.start();
    assert_eq!(sides(&g), ["legacy", "legacy", "modern", "modern", "modern"]);
    for (n, stage) in STAGES.iter().enumerate() {
        let route = format!("/{stage}/**");
        // By the switch, and on again where it stood; then for good.
        let (done, told) = run(&site, &["routes", "kill", &route]);
        assert!(done, "{told}");
        let asked = new.count();
        assert_eq!(g.ask(&format!("/{stage}/1"), &[]).header("banyan-served-by"), "legacy");
        assert_eq!(new.count(), asked, "nothing is asked of modern");
        assert!(run(&site, &["routes", "set", &route, "--revive", "--force"]).0);
        assert_eq!(
            g.ask(&format!("/{stage}/2"), &[]).header("banyan-served-by"),
            if n < 2 { "legacy" } else { "modern" }
        );
        let (done, told) = run(&site, &["routes", "set", &route, "--stage", "legacy"]);
        assert!(done || n == 0, "{told}");
        assert_eq!(g.ask(&format!("/{stage}/3"), &[]).header("banyan-served-by"), "legacy");
    }
    g.kill();
    let g = site.start();
    assert_eq!(sides(&g), ["legacy"; 5], "a restart keeps it");
}

/// The same where nothing can be written any more.
#[test]
fn the_way_back_works_from_every_state_while_nothing_can_be_written() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = at_every_stage(&old, &new);
    let g = site.start();
    assert_eq!(sides(&g), ["legacy", "legacy", "modern", "modern", "modern"]);
    // The journal cannot be opened, whoever the process runs as.
    let journal = site.path("banyan.routes.jsonl");
    std::fs::create_dir(&journal).unwrap();
    let (done, told) = run(&site, &["routes", "set", "/shadow/**", "--stage", "canary", "--force"]);
    assert!(!done && told.contains("nothing was changed"), "a step forward that cannot be journaled is none: {told}");
    let (done, told) = run(&site, &["routes", "kill", "/legacy/**"]);
    assert!(done, "{told}");
    for stage in &STAGES[1..] {
        let (done, told) = run(&site, &["routes", "set", &format!("/{stage}/**"), "--stage", "legacy"]);
        assert!(done, "{told}");
        assert_eq!(g.ask(&format!("/{stage}/1"), &[]).header("banyan-served-by"), "legacy");
    }
    assert_eq!(sides(&g), ["legacy"; 5]);
    assert!(g.log().contains("could not be written down and is gone all the same"), "{}", g.log());
    // It can be written again: with the next decision all are.
    std::fs::remove_dir(&journal).unwrap();
    assert!(run(&site, &["routes", "set", "/shadow/**", "--stage", "shadow"]).0);
    g.kill();
    let text = std::fs::read_to_string(&journal).unwrap();
    assert_eq!(text.lines().count(), 6, "{text}");
    let g = site.start();
    assert_eq!(sides(&g), ["legacy"; 5]);
    assert_eq!(board(&g, "/legacy/**")["killed"], true);
}

/// HAZARDS, routes 10.
#[test]
fn noise_raises_no_mismatch_and_every_seeded_fault_is_found() {
    let calls = Arc::new(AtomicUsize::new(0));
    let side = |modern: bool| {
        let calls = calls.clone();
        Upstream::start(move |c, r| {
            let n = calls.fetch_add(1, Ordering::SeqCst);
            let line = r.line();
            let steps: Vec<&str> = line.trim_start_matches("GET /").split('/').collect();
            let wrong = |fault: &str| modern && steps.first() == Some(&fault);
            let rows = if wrong("page") { [2, 3, 4] } else { [1, 2, 3] };
            let mut tags = ["a", "b", "c"];
            tags.rotate_left(n % 3);
            let items: Vec<String> = rows.iter().map(|n| format!("{{\"id\":\"c{n}\"}}")).collect();
            let items =
                if wrong("order") { format!("{},{},{}", items[1], items[0], items[2]) } else { items.join(",") };
            // The same instant, in as many ways as there are to write it.
            let at = ["2026-07-01T12:00:00Z", "2026-07-01T14:00:00+02:00", "2026-07-01T12:00:00.000Z"][n % 3];
            let body = format!(
                "{{\"request_id\":\"{n}\",\"took\":{},\"served\":\"2026-07-01T12:00:{:02}Z\",\"tags\":{tags:?},\"at\":\"{}\",\"credit\":{},{}\"items\":[{items}]}}",
                n * 7 % 1_000,
                n % 60,
                if wrong("zone") { "2026-07-01T12:00:00+02:00" } else { at },
                if wrong("value") {
                    "12500.01"
                } else if wrong("type") {
                    "\"12500.00\""
                } else if n.is_multiple_of(2) {
                    "12500.0"
                } else {
                    "12500.00"
                },
                if wrong("missing") { "" } else { "\"email\":null," },
            );
            let status = if wrong("status") { 404 } else { 200 };
            c.send(answer(status, JSON, &body))
        })
    };
    let (old, new) = (side(false), side(true));
    let faults = [
        ("none", "", ""),
        ("value", "/credit", "value"),
        ("type", "/credit", "type"),
        ("missing", "/email", "missing"),
        ("order", "/items", "order"),
        ("page", "/items/*", "missing"),
        ("zone", "/at", "value"),
        ("status", "status 200/404", "status"),
    ];
    // Nothing is said of `took` and `served`: that legacy disagrees with itself there must be found out.
    let routes = faults.map(|(fault, ..)| {
        format!("  - {{ path: /{fault}/**, legacy: old, modern: new, stage: shadow, compare: {{ ignore: [/request_id], unordered: [/tags], double_read: 20% }} }}\n")
    });
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\", spare: 10000 }}\n  new: {{ url: \"{}\" }}\nroutes:\n{}",
        old.url(),
        new.url(),
        routes.concat()
    ));
    let g = site.start();
    for n in 0..40 {
        for (fault, ..) in &faults {
            assert_eq!(g.ask(&format!("/{fault}/{n}"), &[]).status, 200);
        }
    }
    until("all is compared", || metric(&g, "banyan_comparisons_total") as usize == 40 * faults.len());
    for (fault, at, kind) in faults {
        let row = board(&g, &format!("/{fault}/**"));
        let mut open: Vec<(String, String)> = row["open"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (c["at"].as_str().unwrap().to_owned(), c["kind"].as_str().unwrap().to_owned()))
            .collect();
        if fault == "none" {
            assert_eq!((open, &row["evidence"]["mismatches"]), (vec![], &0.into()), "{row}");
            let noisy = row["evidence"]["noisy"].to_string();
            assert!(noisy.contains("/took") && noisy.contains("/served"), "{noisy}");
            continue;
        }
        // A page that begins one later has one row too few, and one too many.
        open.retain(|(_, k)| !(fault == "page" && k == "extra"));
        assert_eq!(open, [(at.to_owned(), kind.to_owned())], "{fault}");
        assert_eq!(row["evidence"]["mismatches"], 40, "{fault}: all of them");
    }
}
