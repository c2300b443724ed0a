//! Evidence that cannot be written: callers are served, nothing is promoted on it, what is worse comes back all the same,
//! people see it, and it passes.

use super::upstream::{Upstream, answer};
use super::{JSON, board, metric, stage_of};
use crate::common::{Site, until};
use std::process::Command;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_promotes_nothing_and_passes_by_itself() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\" }}\n  new: {{ url: \"{}\" }}\nroutes:\n  - {{ path: /**, legacy: old, \
         modern: new, stage: shadow, promote: {{ auto: true, dwell: 1ms }} }}\n",
        old.url(),
        new.url()
    ));
    // Else a write beyond the limit would end the process, which a full disk does not.
    let g = site.spawn_after("trap '' XFSZ").ready();
    let limit = |bytes: &str| {
        let limit = format!("--fsize={bytes}:unlimited");
        Command::new("prlimit").args(["--pid", &g.process().to_string(), &limit]).status().is_ok_and(|s| s.success())
    };
    // No file may grow beyond this. It is more than the log needs.
    if !limit("60000") {
        println!("skipped: limits cannot be set here");
        return;
    }
    let mut n = 0;
    let mut ask = |times: usize| {
        for _ in 0..times {
            n += 1;
            assert_eq!(g.ask(&format!("/{n}"), &[]).status, 200, "callers are served");
        }
    };
    let health = || g.admin("/readyz");
    let unkept = |health: &serde_json::Value| health.to_string().contains("evidence-unkept");
    until("it is told", || {
        ask(20);
        unkept(&health())
    });
    assert_eq!(health()["status"], "degraded");
    assert!(g.log().contains("evidence cannot be kept"), "{}", g.log());
    // Far more than would suffice, were it kept. Decisions are taken each second meanwhile.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        ask(20);
        let row = board(&g, "/**");
        assert_eq!(row["stage"], "shadow", "{row}");
        assert!(row["told"].as_str().unwrap().starts_with("evidence cannot be kept"), "{row}");
    }
    assert!(unkept(&health()), "{}", health());
    let args = ["routes", "set", "/**", "--stage", "modern", "--reason", "r", "--author", "a"];
    let out = site.banyan(&args);
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && told.contains("evidence cannot be kept"), "{told}");
    assert!(g.ask_admin("/migration", &[]).text().contains("evidence cannot be kept"));
    assert!(limit("unlimited"));
    until("it is kept again", || !unkept(&health()));
    assert!(g.log().contains("evidence is kept again"), "{}", g.log());
    until("it goes on", || {
        ask(20);
        stage_of(&g, "/**") == "canary"
    });
    until("its bundle is kept", || {
        let out = site.banyan(&["evidence", "verify", "--all"]);
        out.status.success() && String::from_utf8_lossy(&out.stdout).contains(" 0 do not hold")
    });
    assert!(metric(&g, "banyan_comparisons_total{") > 0.0);
    g.stop();
    let g = site.start();
    assert!(board(&g, "/**")["evidence"]["matches"].as_u64() > Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_keep_a_route_whose_answers_differ_at_modern() {
    let new = Upstream::start(|c, r| {
        let differs = r.line().contains("/bad/");
        c.send(answer(200, JSON, if differs { r#"{"a":2}"# } else { r#"{"a":1}"# }))
    });
    let old = Upstream::says(200, r#"{"a":1}"#);
    let site = Site::new(&format!(
        "upstreams:\n  old: {{ url: \"{}\", spare: 1000 }}\n  new: {{ url: \"{}\" }}\nroutes:\n  - {{ path: /**, legacy: old, \
         modern: new, stage: modern, compare: {{ double_read: 0% }} }}\n",
        old.url(),
        new.url()
    ));
    // Else a write beyond the limit would end the process, which a full disk does not.
    let g = site.spawn_after("trap '' XFSZ").ready();
    let limit = ["--fsize=60000:unlimited", "--pid", &g.process().to_string()].map(str::to_owned);
    if !Command::new("prlimit").args(limit).status().is_ok_and(|s| s.success()) {
        println!("skipped: limits cannot be set here");
        return;
    }
    let mut n = 0;
    until("nothing can be kept", || {
        n += 1;
        assert_eq!(g.ask(&format!("/good/{n}"), &[]).status, 200);
        board(&g, "/**")["told"].as_str().unwrap().starts_with("evidence cannot be kept")
    });
    let mismatches = || board(&g, "/**")["evidence"]["mismatches"].as_u64().unwrap();
    // Slowly: each one is taken back before the next one comes, so that no second sees two of them.
    for n in 0..8 {
        assert_eq!(stage_of(&g, "/**"), "modern", "after {n} of them");
        assert_eq!(g.ask(&format!("/bad/{n}"), &[]).header("banyan-served-by"), "modern");
        until("it is compared", || n == 7 || mismatches() > 0);
        until("it is taken back", || n == 7 || mismatches() == 0);
    }
    until("it comes back", || stage_of(&g, "/**") == "shadow");
    assert_eq!(board(&g, "/**")["decided"]["because"], "parity", "{}", board(&g, "/**"));
    assert_eq!(g.ask("/bad/1", &[]).header("banyan-served-by"), "legacy");
}
