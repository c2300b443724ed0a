//! What the evidence of live traffic decides, through the real program.

use super::upstream::{Upstream, answer};
use super::{JSON, board, stage_of};
use crate::common::{Gateway, Site, until};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A gateway whose legacy may be asked as often as it takes.
fn site(routes: &str, legacy: &Upstream, modern: &Upstream) -> Site {
    Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\", spare: 1000 }}\n  new: {{ url: \"{}\" }}\nroutes:\n{routes}\n",
        legacy.url(),
        modern.url()
    ))
}

/// The clusters of a route, as place, kind and mismatches.
fn clusters(g: &Gateway, route: &str) -> Vec<(String, String, u64)> {
    let all = g.admin(&format!("/admin/v1/migration/{}/clusters", route.replace('/', "%2F")));
    let one = |c: &Value| {
        let text = |key: &str| c[key].as_str().unwrap().to_owned();
        (text("at"), text("kind"), c["mismatches"].as_u64().unwrap())
    };
    all["items"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn what_modern_failed_to_answer_is_evidence_though_legacy_answered_in_its_place() {
    let new = Upstream::start(|c, r| match r.line().split('/').nth(1) {
        Some("says") => c.send(answer(503, "Content-Type: application/json\r\nX-Build: 7\r\n", "{}")),
        Some("half") => {
            c.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{\"a\":");
            false
        }
        Some("good") => c.send(answer(200, JSON, r#"{"a":1}"#)),
        _ => false,
    });
    let old = Upstream::says(200, r#"{"a":1}"#);
    let routes = ["says", "ends", "half", "good"].map(|path| {
        format!("  - {{ path: /{path}/**, legacy: old, modern: new, stage: modern, fallback: true, compare: {{ build: X-Build, double_read: 0% }}, rollback: {{ auto: false }} }}\n")
    });
    let site = site(&routes.concat(), &old, &new);
    let g = site.start();
    for n in 0..5 {
        for _ in 0..2 {
            let said = g.ask(&format!("/says/{n}"), &[]);
            assert_eq!((said.status, said.header("banyan-fallback")), (200, "modern-503"));
            assert_eq!(g.ask(&format!("/ends/{n}"), &[]).header("banyan-served-by"), "legacy");
        }
        assert_eq!(g.ask(&format!("/good/{n}"), &[]).header("banyan-served-by"), "modern");
        let half = reqwest::blocking::get(format!("{}/half/{n}", g.facade)).and_then(|a| a.bytes());
        assert!(half.is_err(), "the consumer sees that it broke off");
    }
    // Once for each distinct request.
    let counted = |route: &str| {
        let row = board(&g, route);
        ["matches", "mismatches", "repeats"].map(|key| row["evidence"][key].as_u64().unwrap())
    };
    // The connections that broke have opened modern's breaker: that it is left alone is a failure of it like any other.
    for (route, counts) in
        [("/says/**", [0, 5, 5]), ("/ends/**", [0, 5, 5]), ("/half/**", [0, 5, 0]), ("/good/**", [5, 0, 0])]
    {
        let mut told = [0; 3];
        until(route, || {
            told = counted(route);
            told == counts || told.iter().sum::<u64>() > 10
        });
        assert_eq!(told, counts, "{route}");
    }
    assert_eq!(clusters(&g, "/says/**"), [("status 200/503".to_owned(), "status".to_owned(), 5)]);
    assert_eq!(clusters(&g, "/ends/**"), [("no answer".to_owned(), "no-answer".to_owned(), 5)]);
    assert_eq!(clusters(&g, "/half/**"), [("no answer".to_owned(), "no-answer".to_owned(), 5)]);
    assert_eq!(board(&g, "/says/**")["evidence"]["build"], "7", "who fails tells its build too");
    assert!(board(&g, "/says/**")["told"].as_str().unwrap().contains("critical"));
}

#[test]
fn a_route_whose_failures_legacy_covers_comes_back_all_the_same() {
    let broken = Arc::new(AtomicBool::new(false));
    let now = broken.clone();
    let new = Upstream::start(move |c, _| match now.load(Ordering::SeqCst) {
        true => c.send(answer(503, JSON, "{}")),
        false => c.send(answer(200, JSON, "{}")),
    });
    let old = Upstream::says(200, "{}");
    let site = site(
        "  - { path: /**, legacy: old, modern: new, stage: modern, fallback: true, compare: { double_read: 0% } }",
        &old,
        &new,
    );
    let g = site.start();
    let mut n = 0;
    let mut ask = || {
        n += 1;
        assert_eq!(g.ask(&format!("/{n}"), &[]).status, 200, "no consumer sees anything of it");
    };
    until("what goes well is compared", || {
        ask();
        board(&g, "/**")["evidence"]["matches"].as_u64() > Some(20)
    });
    assert_eq!(stage_of(&g, "/**"), "modern");
    broken.store(true, Ordering::SeqCst);
    until("it came back", || {
        ask();
        stage_of(&g, "/**") == "shadow"
    });
    let decided = board(&g, "/**")["decided"].clone();
    assert_eq!((decided["because"].as_str(), decided["author"].as_str()), (Some("parity"), Some("banyan")));
    let verified = || site.banyan(&["evidence", "verify", "--all"]);
    until("its bundle is kept", || String::from_utf8_lossy(&verified().stdout).contains("1 decision"));
    assert!(verified().status.success());
}

/// A policy that fifty comparisons satisfy, so that a test can gather them.
const QUICK: &str = "promote: { auto: true, dwell: 200ms, parity: 99%, against: 90%, alpha: 1% }";

#[test]
fn a_route_goes_by_itself_from_the_shadow_to_modern_on_evidence() {
    let (old, new) = (Upstream::says(200, r#"{"a":1}"#), Upstream::says(200, r#"{"a":1.0}"#));
    let site = site(
        &format!("  - {{ path: /**, legacy: old, modern: new, stage: shadow, canary: {{ weight: 25% }}, {QUICK} }}"),
        &old,
        &new,
    );
    let g = site.start();
    let mut n = 0;
    until("modern answers", || {
        for _ in 0..10 {
            n += 1;
            let side = if n % 2 == 0 { "modern" } else { "legacy" };
            assert_eq!(g.ask(&format!("/{n}"), &[("Banyan-Side", side)]).status, 200);
        }
        stage_of(&g, "/**") == "modern"
    });
    let decisions = g.admin("/admin/v1/routes/decisions")["items"].clone();
    let steps: Vec<String> = decisions
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|d| {
            assert_eq!((d["author"].as_str(), d["because"].as_str()), (Some("banyan"), Some("evidence")), "{d}");
            format!("{} -> {}", d["from"].as_str().unwrap(), d["to"].as_str().unwrap())
        })
        .collect();
    assert_eq!(steps, ["shadow -> canary at 25%", "canary at 25% -> canary at 50%", "canary at 50% -> modern"]);
    until("its bundles are kept", || {
        let out = site.banyan(&["evidence", "verify", "--all"]);
        out.status.success() && String::from_utf8_lossy(&out.stdout).contains("3 decisions computed again")
    });
    assert_eq!(g.ask("/last", &[]).header("banyan-served-by"), "modern");
}

/// HAZARDS, routes 9: what was measured of another build, or with the sides the other way round, promotes nothing.
#[test]
fn evidence_of_another_build_or_of_the_wrong_side_promotes_nothing() {
    let build = Arc::new(AtomicUsize::new(1));
    let now = build.clone();
    let new = Upstream::start(move |c, _| {
        let build = now.load(Ordering::SeqCst);
        let body = if build == 1 { "{\"a\":1}" } else { "{\"a\":2}" };
        c.send(answer(200, &format!("{JSON}X-Build: {build}\r\n"), body))
    });
    // Legacy tells a build as well, and another one each time: it is not modern's.
    let calls = AtomicUsize::new(0);
    let old = Upstream::start(move |c, _| {
        let build = calls.fetch_add(1, Ordering::SeqCst);
        c.send(answer(200, &format!("{JSON}X-Build: old-{build}\r\n"), "{\"a\":1}"))
    });
    let quick = QUICK.replace("auto: true", "auto: false");
    let site = site(
        &format!(
            "  - {{ path: /**, legacy: old, modern: new, stage: shadow, compare: {{ build: X-Build }}, {quick} }}"
        ),
        &old,
        &new,
    );
    let mut g = site.start();
    let mut n = 0;
    let mut gather = |g: &Gateway, enough: &dyn Fn(&Value) -> bool| {
        until("it is compared", || {
            n += 1;
            assert_eq!(g.ask(&format!("/{n}"), &[]).header("banyan-served-by"), "legacy");
            enough(&board(g, "/**"))
        });
    };
    let may = |row: &Value| row["told"] == "may be promoted: the score suffices";
    let canary = || {
        let args = ["routes", "set", "/**", "--stage", "canary", "--reason", "r", "--author", "a"];
        let out = site.banyan(&args);
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    gather(&g, &may);
    // A broken build is rolled out meanwhile: its first answer ends what the good one gathered.
    build.store(2, Ordering::SeqCst);
    gather(&g, &|row| row["evidence"]["build"] == "2");
    let row = board(&g, "/**");
    assert_eq!(row["evidence"]["matches"], 0, "{row}");
    let (done, told) = canary();
    assert!(!done && told.contains("to go"), "{told}");
    gather(&g, &|row| row["evidence"]["mismatches"].as_u64() >= Some(60));
    assert!(!canary().0);
    // The good one again; then somebody mixes up the sides, so that the broken one would be measured against itself.
    build.store(1, Ordering::SeqCst);
    gather(&g, &may);
    g.stop();
    site.edit("banyan.yaml", |yaml| yaml.replace("legacy: old, modern: new", "legacy: new, modern: old"));
    g = site.start();
    let row = board(&g, "/**");
    assert_eq!((&row["evidence"]["matches"], &row["evidence"]["verdict"]), (&0.into(), &"insufficient".into()));
    let notes = row["evidence"]["notes"].to_string();
    assert!(notes.contains("a side's place or path changed"), "{notes}");
    let (done, told) = canary();
    assert!(!done && told.contains("insufficient evidence"), "{told}");
}
