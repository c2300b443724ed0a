//! Decisions: due, kept, computed again, and verdicts of people.

use crate::{Hands, exchange, open, reply, route};
use banyan::runtime::evidence::Evidence;
use banyan_migration::account::Judgement;
use banyan_migration::bundle::Cause;
use banyan_migration::compare::Outcome;
use banyan_migration::dossier::{Dossier, verify};
use banyan_migration::stage::{Side, Stage, Standing};
use banyan_migration::sticky::Weight;
use std::time::Duration;

const SHADOW: Standing = Standing { stage: Stage::Shadow, weight: Weight::NONE, killed: false };

#[test]
fn a_promotion_and_a_rollback_are_due_kept_and_computed_again() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let mut evidence = open(dir.path(), &hands);
    assert_eq!(evidence.due(&route, SHADOW, hands.now()), None);
    for n in 0..1_600 {
        let modern = if n == 3 { "{\"a\":2}" } else { "{\"a\":1}" };
        evidence.observe(&exchange(&route, &format!("/{n}"), "{\"a\":1}", modern, hands.now()));
        hands.later(1);
    }
    hands.later(3_600_000);
    let promotion = evidence.due(&route, SHADOW, hands.now()).unwrap();
    assert_eq!(promotion.to.0, Stage::Canary);
    let number = evidence.keep(&promotion).unwrap();
    drop(evidence);
    evidence = open(dir.path(), &hands);
    let dossier = evidence.dossier(number).unwrap().unwrap();
    assert_eq!(verify(&dossier), [] as [String; 0]);
    assert_eq!(dossier.samples.len(), 1);
    assert!(!dossier.trace.is_empty());
    // Written, read elsewhere, and altered.
    let text = serde_json::to_string(&dossier).unwrap();
    let read: Dossier = serde_json::from_str(&text).unwrap();
    assert_eq!(verify(&read), [] as [String; 0]);
    let mut altered = read.clone();
    if let Cause::Evidence { evidence, .. } = &mut altered.bundle.cause {
        evidence.counts.mismatches = 0;
    }
    assert!(verify(&altered).len() >= 2, "{:?}", verify(&altered));
    let mut altered = read;
    altered.clusters.clear();
    assert_eq!(verify(&altered).len(), 1);

    // The canary fails three times as often.
    let canary = Standing { stage: Stage::Canary, weight: promotion.to.1, killed: false };
    evidence.moved(&route.name, canary, hands.now()).unwrap();
    let answered =
        |e: &Evidence, side, failed| e.answered(&route.name, side, failed, Duration::from_millis(2), canary.weight);
    (0..1_900).for_each(|n| answered(&evidence, Side::Legacy, n % 100 == 0));
    (0..100).for_each(|n| answered(&evidence, Side::Modern, n % 4 == 0));
    // It is remembered across a restart.
    drop(evidence);
    evidence = open(dir.path(), &hands);
    let rollback = evidence.due(&route, canary, hands.now()).unwrap();
    assert_eq!((rollback.to.0, &rollback.author[..]), (Stage::Shadow, "banyan"));
    let number = evidence.keep(&rollback).unwrap();
    assert_eq!(verify(&evidence.dossier(number).unwrap().unwrap()), [] as [String; 0]);
    evidence.moved(&route.name, SHADOW, hands.now()).unwrap();
    assert_eq!(evidence.due(&route, SHADOW, hands.now()), None);
    let look = evidence.look(&route, hands.now()).unwrap();
    assert!(look.barred && look.notes.last().unwrap().what.contains("went back"), "{:?}", look.notes);
    assert_eq!(evidence.dossiers(Some(&route.name), None, 10).unwrap().len(), 2);
}

#[test]
fn a_slow_canary_comes_back_by_a_threshold_that_was_frozen_before() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    evidence.due(&route, SHADOW, hands.now());
    let weight = Weight::millionths(50_000).unwrap();
    let took = |side, ms| evidence.answered(&route.name, side, false, Duration::from_millis(ms), weight);
    (0..1_000).for_each(|n| took(Side::Legacy, 10 + n % 5));
    let canary = Standing { stage: Stage::Canary, weight, killed: false };
    assert_eq!(evidence.due(&route, canary, hands.now()), None);
    (0..1_000).for_each(|n| took(Side::Modern, 10 + n % 5));
    assert_eq!(evidence.due(&route, canary, hands.now()), None, "as fast as legacy");
    // A thousand good answers are no credit: a score that began just now counts those that follow alone.
    (0..25).for_each(|_| took(Side::Modern, 50));
    let back = evidence.due(&route, canary, hands.now()).unwrap();
    assert!(matches!(back.cause, Cause::Latency { .. }), "{back:?}");
    assert_eq!(evidence.look(&route, hands.now()).unwrap().latency.unwrap().1, 20);
}

#[test]
fn verdicts_are_journaled_survive_a_restart_and_can_be_taken_back() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let mut evidence = open(dir.path(), &hands);
    let see = |e: &Evidence| e.observe(&exchange(&route, "/1", "{\"name\":\"A\"}", "{\"name\":\"B\"}", hands.now()));
    see(&evidence);
    let number = evidence.look(&route, hands.now()).unwrap().clusters[0].number;
    for (by, reason) in [("", "because"), ("ann", "  ")] {
        assert!(evidence.judge(&route.name, number, Some(Judgement::Accepted), by, reason).is_err());
    }
    assert!(evidence.judge(&route.name, 999, Some(Judgement::Accepted), "ann", "because").is_err());
    let line = evidence.judge(&route.name, number, Some(Judgement::LegacyBug), "ann", "the old name is wrong").unwrap();
    assert_eq!(line.cluster, "/name value");
    drop(evidence);
    evidence = open(dir.path(), &hands);
    assert_eq!(see(&evidence).found, Some(Outcome::Match));
    let look = evidence.look(&route, hands.now()).unwrap();
    assert!(!look.clusters[0].open && look.basis.rules.contains('+'), "{look:?}");
    evidence.judge(&route.name, number, None, "bob", "it was not").unwrap();
    assert_eq!(see(&evidence).found, Some(Outcome::Mismatch));
    let told: Vec<String> =
        evidence.verdicts(None, 10).unwrap().iter().map(|v| format!("{} {:?}", v.by, v.verdict)).collect();
    assert_eq!(told, ["bob None", "ann Some(LegacyBug)"]);
}

#[test]
fn exchanges_of_a_configuration_that_is_no_longer_in_use_do_not_count() {
    let (hands, dir) = (Hands::new(), tempfile::tempdir().unwrap());
    let (old, new) = (route("{}"), route(r#"{"ignore":["/at"]}"#));
    let evidence = open(dir.path(), &hands);
    evidence.take_up(vec![old.clone()]).unwrap();
    assert!(evidence.observe(&exchange(&old, "/1", "{}", "{}", hands.now())).counted);
    evidence.take_up(vec![new.clone()]).unwrap();
    assert_eq!(evidence.look(&new, hands.now()).unwrap().counts.matches, 0, "another rule starts again");
    let late = evidence.observe(&exchange(&old, "/2", "{}", "{}", hands.now()));
    assert_eq!((late.found, late.why), (None, Some("the configuration changed")));
    assert!(evidence.observe(&exchange(&new, "/2", "{}", "{}", hands.now())).counted);
    assert_eq!(evidence.look(&new, hands.now()).unwrap().counts.matches, 1);
}

#[test]
fn a_legacy_that_changed_while_it_was_asked_is_no_noise() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    let mut seen = exchange(&route, "/1", "{\"a\":1}", "{\"a\":2}", hands.now());
    let version = |body: &str, version: &str| {
        let mut reply = reply(200, body);
        reply.version = Some(version.into());
        reply
    };
    seen.legacy = Ok(version("{\"a\":1}", "v1"));
    seen.legacy_again = Some(Ok(version("{\"a\":2}", "v2")));
    assert_eq!(evidence.observe(&seen).found, None);
    seen.legacy_again = Some(Ok(version("{\"a\":1}", "v1")));
    assert_eq!(evidence.observe(&seen).found, Some(Outcome::Mismatch));
    // Another version of the same instance is another comparison.
    seen.legacy = Ok(version("{\"a\":2}", "v2"));
    seen.legacy_again = None;
    let next = evidence.observe(&seen);
    assert_eq!((next.found, next.counted), (Some(Outcome::Match), true));
}

#[test]
fn whoever_only_looks_writes_nothing() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    evidence.take_up(vec![route.clone()]).unwrap();
    evidence.observe(&exchange(&route, "/1", "1", "1", hands.now()));
    evidence.due(&route, SHADOW, hands.now());
    evidence.flush();
    let log = || std::fs::metadata(dir.path().join("banyan.evidence.db-wal")).unwrap().len();
    let before = log();
    for _ in 0..100 {
        evidence.due(&route, SHADOW, hands.now());
        evidence.look(&route, hands.now()).unwrap();
        evidence.flush();
    }
    assert_eq!(log(), before);
}
