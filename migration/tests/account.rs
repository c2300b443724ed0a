//! The account of a route: counts do not depend on order, nothing counts twice, nothing recorded becomes a promotion after
//! the fact.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_migration::account::{Account, Autos, DWELL_MS, Due, Judged, Judgement, STALE_MS, Sight, Taken, due};
use banyan_migration::bundle::{Bundle, Cause, verify};
use banyan_migration::compare::{Answer, Compared, Outcome, Rules, compare};
use banyan_migration::coverage::Wanted;
use banyan_migration::distinct::{Print, Remembered, print};
use banyan_migration::gate::{Basis, Ground, Verdict};
use banyan_migration::score::{Counts, Policy};
use banyan_migration::stage::{Side, Stage, Standing};
use banyan_migration::sticky::Weight;
use banyan_migration::watch::Watch;
use proptest::prelude::*;
use std::collections::HashMap;

fn compared(legacy: &str, modern: &str, rules: &Rules) -> Compared {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let answer = |body: &'_ str| body.to_owned().into_bytes();
    let (l, m) = (answer(legacy), answer(modern));
    let with = |body| Answer { status: 200, headers: &headers, body };
    compare(with(&l), with(&m), rules)
}

/// An account and what is remembered beside it.
#[derive(Clone, Default)]
struct Book {
    account: Account,
    prints: HashMap<(u64, Print), Remembered>,
    rules: Rules,
    at_ms: i64,
}

impl Book {
    fn takes(&mut self, request: &str, legacy: &str, again: Option<&str>, modern: &str) -> Taken {
        self.at_ms += 1;
        let twice = again.map(|a| compared(legacy, a, &self.rules));
        let sight = Sight {
            compared: compared(legacy, modern, &self.rules),
            twice: twice.as_ref(),
            status: 200,
            body: None,
            at_ms: self.at_ms,
            watched: None,
        };
        let key = (self.account.epoch, print(request, "", ""));
        let taken = self.account.takes(sight, self.prints.get(&key).copied(), &Wanted::default());
        if let Some(remember) = taken.remember {
            self.prints.insert(key, remember);
        }
        taken
    }

    fn same(&mut self, requests: std::ops::Range<u32>) {
        for n in requests {
            assert!(self.takes(&n.to_string(), r#"{"a":1}"#, None, r#"{"a":1}"#).counted);
        }
    }

    fn verdict(&self) -> Verdict {
        self.account.verdict(&Policy::default(), &Wanted::default(), self.at_ms)
    }

    fn judge(&mut self, cluster: u64, verdict: Option<Judgement>) -> Result<(), String> {
        let judged =
            verdict.map(|verdict| Judged { verdict, by: "ann".into(), reason: "because".into(), at_ms: self.at_ms });
        self.account.judge(cluster, judged, self.at_ms).map(|_| ())
    }
}

#[test]
fn random_ids_and_times_raise_no_mismatch_once_legacy_was_asked_twice() {
    let mut book = Book::default();
    for n in 0..500 {
        let at = |side: u32| format!(r#"{{"id":"r{}","at":{},"n":5}}"#, n * 3 + side, n * 7 + side);
        // Two in a hundred are asked twice, and not the first ones.
        let again = (n % 50 == 30).then(|| at(1));
        book.takes(&n.to_string(), &at(0), again.as_deref(), &at(2));
    }
    assert_eq!(book.account.counts, Counts { matches: 0, mismatches: 0, indeterminate: 500 });
    assert!(book.account.clusters().iter().all(|(_, g)| !book.account.is_open(g)));
    // A fault beside the noise is found all the same, and that all is noise promotes nothing.
    book.takes("x", r#"{"id":"a","at":1,"n":5}"#, None, r#"{"id":"b","at":2,"n":6}"#);
    assert_eq!(book.account.counts.mismatches, 1);
    assert!(matches!(book.verdict(), Verdict::Held(_)));
}

#[test]
fn a_list_in_random_order_hides_no_wrong_value() {
    let mut book = Book::default();
    book.takes(
        "1",
        r#"{"items":[{"p":1},{"p":2}]}"#,
        Some(r#"{"items":[{"p":2},{"p":1}]}"#),
        r#"{"items":[{"p":2},{"p":1}]}"#,
    );
    assert_eq!(book.account.counts.indeterminate, 1);
    book.takes("2", r#"{"items":[{"p":1},{"p":2}]}"#, None, r#"{"items":[{"p":3},{"p":1}]}"#);
    assert_eq!(book.account.counts.mismatches, 1);
}

#[test]
fn a_fault_that_shows_now_and_then_is_not_hidden_by_the_times_it_did_not() {
    let mut book = Book::default();
    let (good, bad) = (r#"{"a":1}"#, r#"{"a":2}"#);
    book.takes("r", good, None, good);
    assert!(!book.takes("r", good, None, good).counted);
    assert_eq!(book.takes("r", good, None, bad).outcome, Outcome::Mismatch);
    book.takes("r", good, None, good);
    book.takes("r", good, None, bad);
    assert_eq!(book.account.counts, Counts { matches: 0, mismatches: 1, indeterminate: 0 });
}

#[test]
fn a_verdict_after_the_fact_promotes_nothing() {
    let mut book = Book::default();
    book.same(0..2_000);
    assert_eq!(book.verdict(), Verdict::Promote(Ground::Score));
    for n in 0..10 {
        book.takes(&format!("bad {n}"), r#"{"name":"A"}"#, None, r#"{"name":"B"}"#);
    }
    assert!(matches!(book.verdict(), Verdict::NotYet(_)));
    let number = book.account.clusters()[0].1.number;
    let before = book.account.effective();
    book.judge(number, Some(Judgement::ModernBug)).unwrap();
    assert_eq!(book.account.counts.mismatches, 10, "a bug of modern stays what it was");
    book.judge(number, Some(Judgement::Accepted)).unwrap();
    assert_eq!(book.account.counts, Counts::default(), "what counts as equal changed: everything is compared again");
    assert_eq!(book.verdict(), Verdict::Insufficient);
    assert_ne!(book.account.effective(), before);
    // From now on the difference is a match, and fresh evidence counts.
    assert_eq!(book.takes("bad 1", r#"{"name":"A"}"#, None, r#"{"name":"B"}"#).outcome, Outcome::Match);
    assert_eq!(
        book.takes("bad 1", r#"{"name":"A"}"#, None, r#"{"name":2}"#).outcome,
        Outcome::Mismatch,
        "another kind"
    );
    book.judge(number, None).unwrap();
    assert_eq!(book.account.counts, Counts::default(), "opening it again starts again as well");
    assert_eq!(book.account.effective(), before);
    assert_eq!(book.takes("bad 1", r#"{"name":"A"}"#, None, r#"{"name":"B"}"#).outcome, Outcome::Mismatch);
}

#[test]
fn that_modern_fails_cannot_be_accepted() {
    let mut book = Book::default();
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let answer = |status| Answer { status, headers: &headers, body: b"{}" };
    let silent = Compared::no_answer("connection refused");
    let failing = compare(answer(200), answer(500), &Rules::default());
    let gone = compare(answer(200), answer(404), &Rules::default());
    for (n, compared) in [silent, failing, gone].into_iter().enumerate() {
        let sight = Sight { compared, twice: None, status: 200, body: None, at_ms: n as i64, watched: None };
        assert_eq!(book.account.takes(sight, None, &Wanted::default()).outcome, Outcome::Mismatch);
    }
    let clusters: Vec<(u64, String)> = book.account.clusters().iter().map(|(c, g)| (g.number, c.to_string())).collect();
    for (number, cluster) in clusters {
        let may = cluster == "status 200/404 status";
        assert_eq!(book.clone().judge(number, Some(Judgement::Accepted)).is_ok(), may, "{cluster}");
        assert!(book.judge(number, Some(Judgement::ModernBug)).is_ok());
    }
}

#[test]
fn another_build_mapping_adapter_or_rule_starts_again_and_says_so() {
    let mut book = Book::default();
    let basis = |rules: &str, mapping: &str, adapter: &str| Basis {
        rules: rules.into(),
        sides: String::new(),
        mapping: mapping.into(),
        adapter: adapter.into(),
        build: String::new(),
    };
    book.account.based_on(&basis("r", "m", "a"), 0);
    assert!(book.account.notes.is_empty(), "the first one is no change");
    book.account.built("1", 0);
    for (n, change) in ["rules", "mapping", "adapter", "build"].into_iter().enumerate() {
        book.same(0..1_148);
        assert_eq!(book.verdict(), Verdict::Promote(Ground::Score), "{change}");
        match n {
            0 => assert!(book.account.based_on(&basis("R", "m", "a"), 5)),
            1 => assert!(book.account.based_on(&basis("R", "M", "a"), 5)),
            2 => assert!(book.account.based_on(&basis("R", "M", "A"), 5)),
            _ => assert!(book.account.built("2", 5)),
        }
        assert_eq!((book.account.counts, book.verdict()), (Counts::default(), Verdict::Insufficient), "{change}");
    }
    assert!(!book.account.based_on(&basis("R", "M", "A"), 6) && !book.account.built("2", 6));
    let told = book.account.notes.last().unwrap().what.clone();
    assert!(told.contains("modern build changed (\"1\" → \"2\")"), "{told}");
}

/// HAZARDS, routes 7.
#[test]
fn without_traffic_there_is_no_evidence_neither_forward_nor_back() {
    let mut book = Book::default();
    book.same(0..1_148);
    assert_eq!(book.verdict(), Verdict::Promote(Ground::Score));
    book.at_ms += STALE_MS + 1;
    assert_eq!(book.verdict(), Verdict::Insufficient);
    for stage in [Stage::Shadow, Stage::Canary, Stage::Modern] {
        let mut account = book.account.clone();
        account.stands(Standing { stage, ..Standing::default() }, 0);
        assert_eq!(due(&account, &Watch::default(), &Policy::default(), &Wanted::default(), AUTO, book.at_ms), None);
    }
}

const AUTO: Autos =
    Autos { promote: true, rollback: true, dwell_ms: DWELL_MS, first: Weight::NONE, writes_only: false };

fn step(book: &Book, watch: &Watch) -> Option<Due> {
    let autos = Autos { first: "5%".parse().unwrap(), ..AUTO };
    due(&book.account, watch, &Policy::default(), &Wanted::default(), autos, book.at_ms)
}

#[test]
fn a_route_goes_forward_by_itself_comes_back_and_does_not_swing() {
    let mut book = Book::default();
    let mut watch = Watch::default();
    let shadow = Standing { stage: Stage::Shadow, ..Standing::default() };
    book.account.stands(shadow, 0);
    book.same(0..1_148);
    assert_eq!(step(&book, &watch), None, "it stays an hour where it is");
    book.at_ms += 3_600_000;
    let forward = step(&book, &watch).unwrap();
    assert_eq!((forward.to.stage, forward.to.weight.to_string()), (Stage::Canary, "5%".to_owned()));
    let bundle = |from: Standing, due: &Due| Bundle {
        route: "/a".into(),
        at: "2026-01-01T00:00:00Z".into(),
        author: "banyan".into(),
        reason: due.reason.clone(),
        from: (from.stage, from.weight),
        to: (due.to.stage, due.to.weight),
        cause: due.cause.clone(),
    };
    assert_eq!(verify(&bundle(shadow, &forward)), Ok(()));
    assert!(book.account.stands(forward.to, book.at_ms));
    book.at_ms += 3_600_000;
    assert_eq!(step(&book, &watch), None, "modern has answered nobody yet");
    (0..100).for_each(|_| watch.answered(Side::Modern, false, 10, forward.to.weight, 0));
    assert_eq!(step(&book, &watch).unwrap().to.weight.to_string(), "25%");
    // It breaks.
    (0..3_000).for_each(|_| watch.answered(Side::Legacy, false, 10, forward.to.weight, 0));
    (0..12).for_each(|_| watch.answered(Side::Modern, true, 10, forward.to.weight, 0));
    let back = step(&book, &watch).unwrap();
    assert_eq!(back.to.stage, Stage::Shadow);
    assert!(matches!(back.cause, Cause::Failures { .. }));
    assert_eq!(verify(&bundle(forward.to, &back)), Ok(()));
    assert!(book.account.stands(back.to, book.at_ms));
    watch.begins(true);
    // However much it gathers again, it waits for a person or another build.
    book.same(0..5_000);
    book.at_ms += 3_600_000;
    assert_eq!(book.verdict(), Verdict::Promote(Ground::Score));
    assert_eq!(step(&book, &watch), None);
    book.account.built("2", book.at_ms);
    book.same(0..1_148);
    assert!(step(&book, &watch).is_some());
}

#[test]
fn parity_that_breaks_after_promotion_brings_it_back_whatever_it_banked() {
    let mut book = Book::default();
    let modern = Standing { stage: Stage::Modern, ..Standing::default() };
    book.account.stands(modern, 0);
    book.same(0..20_000);
    assert_eq!(step(&book, &Watch::default()), None);
    for n in 0..8 {
        book.takes(&format!("bad {n}"), r#"{"a":1}"#, None, r#"{"a":2}"#);
    }
    let back = step(&book, &Watch::default()).unwrap();
    assert!(matches!(back.cause, Cause::Parity { .. }), "{back:?}");
}

/// Where too many are remembered nothing counts; what is compared brings a route back all the same, once each.
#[test]
fn parity_sees_what_does_not_count_for_want_of_room() {
    let mut book = Book::default();
    book.account.stands(Standing { stage: Stage::Modern, ..Standing::default() }, 0);
    let mut looks = |watched| {
        let compared = compared(r#"{"a":1}"#, r#"{"a":2}"#, &book.rules);
        book.account.looks(Sight { compared, twice: None, status: 200, body: None, at_ms: 1, watched })
    };
    for _ in 0..20 {
        assert_eq!(looks(Some(Outcome::Mismatch)), Outcome::Mismatch);
    }
    for _ in 0..7 {
        looks(Some(Outcome::Match));
    }
    assert_eq!(step(&book, &Watch::default()), None);
    book.account.looks(Sight {
        compared: compared(r#"{"a":1}"#, r#"{"a":2}"#, &book.rules),
        twice: None,
        status: 200,
        body: None,
        at_ms: 1,
        watched: None,
    });
    assert!(matches!(step(&book, &Watch::default()).unwrap().cause, Cause::Parity { .. }));
    assert_eq!(book.account.counts.mismatches, 0);
}

#[test]
fn more_clusters_than_there_is_room_for_hold_back_all_the_same() {
    let critical: Rules = serde_json::from_str(r#"{"critical":["/**"]}"#).unwrap();
    let mut book = Book { rules: critical, ..Book::default() };
    for n in 0..1_500 {
        book.takes(&n.to_string(), &format!(r#"{{"f{n}":1}}"#), None, &format!(r#"{{"f{n}":2}}"#));
    }
    assert_eq!(book.account.clusters().len(), 1_000);
    let evidence = book.account.evidence(&Wanted::default());
    assert_eq!((evidence.open, evidence.open_critical), (1_500, 1_500));
    // Under another basis they are old, and make room.
    book.account.built("2", 1);
    book.takes("new", r#"{"g":1}"#, None, r#"{"g":2}"#);
    let evidence = book.account.evidence(&Wanted::default());
    assert_eq!((book.account.clusters().len(), evidence.open), (1_000, 1));
}

#[test]
fn noise_at_a_critical_place_is_said_and_holds_back() {
    let critical: Rules = serde_json::from_str(r#"{"critical":["/credit"]}"#).unwrap();
    let mut book = Book { rules: critical, ..Book::default() };
    book.same(0..2_000);
    book.takes("n", r#"{"credit":1}"#, Some(r#"{"credit":2}"#), r#"{"credit":3}"#);
    let Verdict::Held(why) = book.verdict() else { panic!("{:?}", book.verdict()) };
    assert!(why[0].contains("/credit"), "{why:?}");
}

/// One thing that can happen: a request of a few, each answered in one of a few ways.
#[derive(Clone, Debug)]
struct Happens {
    request: u8,
    modern: u8,
    again: Option<u8>,
}

fn happens() -> impl Strategy<Value = Happens> {
    (0_u8..12, 0_u8..4, prop::option::weighted(0.15, 0_u8..3)).prop_map(|(request, modern, again)| Happens {
        request,
        modern,
        again,
    })
}

fn document(way: u8) -> &'static str {
    match way {
        0 => r#"{"a":1,"b":1,"c":1}"#,
        1 => r#"{"a":2,"b":1,"c":1}"#,
        2 => r#"{"a":1,"b":2,"c":1}"#,
        _ => r#"{"a":2,"b":1,"c":2}"#,
    }
}

fn run(all: &[Happens]) -> Book {
    let mut book = Book::default();
    for h in all {
        book.takes(&h.request.to_string(), document(0), h.again.map(document), document(h.modern));
    }
    book
}

proptest! {
    /// Each request counts once, as the worst that was seen of it, whatever the order: the counts are those of a model
    /// that knows everything at once. Where noise explains differences by halves the signature that came first stays, so
    /// the model is asked without noise; with it, the sum stays.
    #[test]
    fn counts_do_not_depend_on_order(all in prop::collection::vec(happens(), 0..60), turn in 0_usize..60) {
        let quiet: Vec<Happens> = all.iter().map(|h| Happens { again: None, ..h.clone() }).collect();
        let mut turned = quiet.clone();
        turned.rotate_left(turn.min(quiet.len()));
        turned.reverse();
        let (one, other) = (run(&quiet).account.counts, run(&turned).account.counts);
        prop_assert_eq!(one, other);
        let requests: std::collections::HashSet<u8> = quiet.iter().map(|h| h.request).collect();
        let bad: std::collections::HashSet<u8> = quiet.iter().filter(|h| h.modern > 0).map(|h| h.request).collect();
        prop_assert_eq!(one.mismatches, bad.len() as u64);
        prop_assert_eq!(one.matches, (requests.len() - bad.len()) as u64);
        let noisy = run(&all).account.counts;
        prop_assert_eq!(noisy.matches + noisy.mismatches + noisy.indeterminate, requests.len() as u64);
    }

    /// Whatever is learned when: a comparison whose every difference is noise in the end is no mismatch.
    #[test]
    fn noise_explains_what_came_before_it(modern in prop::collection::vec(0_u8..4, 1..40), at in 0_usize..40) {
        let all: Vec<Happens> = modern.iter().enumerate().map(|(n, m)| Happens {
            request: n as u8,
            modern: *m,
            again: (n == at.min(modern.len() - 1)).then_some(1),
        }).collect();
        let counts = run(&all).account.counts;
        let of = |ways: &[u8]| modern.iter().filter(|m| ways.contains(m)).count() as u64;
        prop_assert_eq!(counts, Counts { matches: of(&[0]), mismatches: of(&[2, 3]), indeterminate: of(&[1]) });
    }

    /// It survives being written down at any moment.
    #[test]
    fn a_written_account_goes_on_like_the_one_it_was(all in prop::collection::vec(happens(), 0..40), at in 0_usize..40) {
        let mut book = run(&all[..at.min(all.len())]);
        let text = serde_json::to_string(&book.account).unwrap();
        book.account = serde_json::from_str(&text).unwrap();
        for h in all.iter().skip(at) {
            book.takes(&h.request.to_string(), document(0), h.again.map(document), document(h.modern));
        }
        prop_assert_eq!(book.account, run(&all).account);
    }
}
