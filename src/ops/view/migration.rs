//! The board: how far each route is, what the evidence says, and what can be switched off afterwards.

use super::moment;
use super::route::DecisionView;
use crate::runtime::evidence::{ClusterLook, Judged, Sample, VerdictLine};
use crate::runtime::routes::{Route, Routes};
use banyan_migration::gate::Verdict;
use banyan_migration::route::Move;
use banyan_migration::stage::{Stage, Standing};
use banyan_model::model::Catalog;
use serde::Serialize;
use utoipa::ToSchema;

/// A route on the board.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardRow {
    /// The route's name.
    pub route: String,
    /// `legacy`, `shadow`, `canary`, `modern` or `retired`.
    pub stage: String,
    /// In canary: the share that modern answers.
    pub weight: Option<String>,
    /// It is switched off.
    pub killed: bool,
    /// What the evidence says, and the distance to a promotion, in words.
    pub told: String,
    /// The figures behind it; null where this gateway keeps no evidence.
    pub evidence: Option<EvidenceView>,
    /// The open clusters of mismatches, the gravest first, ten at most.
    pub open: Vec<ClusterView>,
    /// What legacy is still asked in a day.
    pub legacy_calls_a_day: u64,
    /// Consumers that still call it, and so keep it from being retired.
    pub blocking: Vec<String>,
    /// The newest decision.
    pub decided: Option<DecisionView>,
}

/// The figures of a route's evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// `promote`, `held`, `not-yet` or `insufficient`.
    pub verdict: String,
    /// Why it is held back whatever the score.
    pub held: Vec<String>,
    /// The score.
    pub score: f64,
    /// Where it suffices.
    pub threshold: f64,
    /// Clean distinct comparisons that are missing.
    pub missing: u64,
    /// Distinct comparisons that are equal.
    pub matches: u64,
    /// That differ.
    pub mismatches: u64,
    /// That say nothing, since legacy disagrees with itself.
    pub indeterminate: u64,
    /// Comparisons that repeated another, and do not count.
    pub repeats: u64,
    /// Exchanges that could not be compared.
    pub unanswered: u64,
    /// Comparisons that did not count for want of room.
    pub overflow: u64,
    /// The parity, at 95 %, for display only: lower and upper end.
    pub parity: Option<[f64; 2]>,
    /// How the census stands.
    pub census: Option<String>,
    /// Since when it counts.
    pub since: String,
    /// The last comparison.
    pub last: Option<String>,
    /// Hash of the rules in use, with what people accepted.
    pub rules: String,
    /// The build of modern; empty where it tells none.
    pub build: String,
    /// Places where legacy disagrees with itself.
    pub noisy: Vec<String>,
    /// It came back, and does not go forward by itself until something changes.
    pub barred: bool,
    /// Scores that bring it back, each with where it gives an alarm.
    pub watches: Vec<WatchView>,
    /// What happened to the evidence, oldest first.
    pub notes: Vec<NoteView>,
}

/// A score that brings a route back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WatchView {
    /// `failures`, `failures-drift`, `parity` or `latency`.
    pub name: String,
    /// Where it stands.
    pub score: f64,
    /// Where it gives an alarm.
    pub alarm: f64,
}

/// Something that happened to the evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NoteView {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
}

/// Mismatches of one place and kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClusterView {
    /// Its number.
    pub number: u64,
    /// The place, with `*` for every index; `status 200/404`, or a header's name.
    pub at: String,
    /// `value`, `type`, `missing`, `extra`, `order`, `status`, `header`, `body` or `no-answer`.
    pub kind: String,
    /// It waits: seen under this basis, neither accepted nor noise.
    pub open: bool,
    /// A rule calls the place critical, or a status of another class came.
    pub critical: bool,
    /// Seen under this basis: since the score last started again.
    pub current: bool,
    /// Distinct comparisons it made a mismatch.
    pub mismatches: u64,
    /// Distinct comparisons of it that say nothing, since legacy disagrees with itself there.
    pub indeterminate: u64,
    /// All there ever were.
    pub total: u64,
    /// When it was first seen.
    pub first: String,
    /// When last.
    pub last: String,
    /// `modern-bug`, `legacy-bug` or `accepted`; null: nobody has judged it.
    pub verdict: Option<String>,
    /// Who judged.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl ClusterView {
    /// Of a cluster.
    pub fn of(look: &ClusterLook) -> ClusterView {
        let judged = look.judged.as_ref();
        ClusterView {
            number: look.number,
            at: look.cluster.at.clone(),
            kind: look.cluster.kind.name().to_owned(),
            open: look.open,
            critical: look.critical,
            current: look.current,
            mismatches: look.mismatches,
            indeterminate: look.indeterminate,
            total: look.total,
            first: moment(look.seen_ms.0),
            last: moment(look.seen_ms.1),
            verdict: judged.map(|j| j.verdict.name().to_owned()),
            by: judged.map(|j| j.by.clone()),
            reason: judged.map(|j| j.reason.clone()),
        }
    }
}

/// A mismatch, redacted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SampleView {
    /// When.
    pub at: String,
    /// Finds the request in logs and traces.
    pub trace_id: String,
    /// `live`, `sweep` or `replay`.
    pub origin: String,
    /// Method, path and query; personal values are gone.
    pub request: String,
    /// The build of modern.
    pub build: String,
    /// The place, as a JSON Pointer.
    pub at_place: String,
    /// What legacy says; null where it says nothing.
    pub legacy: Option<String>,
    /// What modern says.
    pub modern: Option<String>,
    /// The dataset the legacy value came from.
    pub dataset: Option<String>,
    /// The columns that were read.
    pub columns: Vec<String>,
    /// What stood in them; empty where it is personal or no longer kept.
    pub raw: Vec<String>,
    /// The formula.
    pub formula: Option<String>,
}

impl SampleView {
    /// Of a sample.
    pub fn of(sample: Sample) -> SampleView {
        let lineage = sample.lineage.unwrap_or_default();
        SampleView {
            at: sample.at,
            trace_id: sample.trace_id,
            origin: sample.origin,
            request: sample.request,
            build: sample.build,
            at_place: sample.difference.at,
            legacy: sample.difference.legacy,
            modern: sample.difference.modern,
            dataset: Some(lineage.dataset).filter(|d| !d.is_empty()),
            columns: lineage.columns,
            raw: lineage.raw,
            formula: lineage.formula,
        }
    }
}

/// A cluster with its samples.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClusterDetail {
    /// The cluster.
    #[serde(flatten)]
    pub cluster: ClusterView,
    /// Its samples, newest first, twenty at most.
    pub samples: Vec<SampleView>,
}

/// A verdict of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// When.
    pub at: String,
    /// The route.
    pub route: String,
    /// The cluster's number.
    pub number: u64,
    /// The cluster.
    pub cluster: String,
    /// `modern-bug`, `legacy-bug` or `accepted`; null: it was opened again.
    pub verdict: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl VerdictView {
    /// Of a journaled verdict.
    pub fn of(line: VerdictLine) -> VerdictView {
        let VerdictLine { at, route, number, cluster, verdict, by, reason } = line;
        VerdictView { at, route, number, cluster, verdict: verdict.map(|v| v.name().to_owned()), by, reason }
    }
}

/// A source or upstream that is there for legacy's sake.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeavingView {
    /// Its name.
    pub name: String,
    /// Its adapter; `upstream` for an upstream.
    pub adapter: String,
    /// Routes that still need it.
    pub routes: Vec<String>,
    /// Collections fed by it that no route moves.
    pub collections: Vec<String>,
    /// Nothing needs it any more: it can be switched off.
    pub can_go: bool,
}

/// The board.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardView {
    /// All routes that have a modern side, in the order of the configuration.
    pub items: Vec<BoardRow>,
    /// What is there for legacy's sake, and what still needs it.
    pub leaving: Vec<LeavingView>,
}

impl BoardRow {
    /// Of a route and what is known of it.
    pub fn of(
        route: &Route,
        judged: Option<&Judged>,
        blocking: Vec<String>,
        decided: Option<DecisionView>,
    ) -> BoardRow {
        let Standing { stage, weight, killed } = route.standing();
        let told = match judged {
            _ if stage == Stage::Retired => "retired: modern answers alone".to_owned(),
            Some(_) if route.config.writes_only() => {
                "writes are never sent twice, so nothing is compared: its canary is watched for failures".to_owned()
            }
            Some(judged) => judged.told.clone(),
            None => "this gateway keeps no evidence".to_owned(),
        };
        let bound = route.bound_to_legacy();
        let lacking = judged.is_some_and(|j| matches!(j.verdict, Verdict::Insufficient)) && !route.config.writes_only();
        let more = match stage {
            Stage::Canary if !bound.is_empty() => {
                let bound = bound.join(", ");
                format!("; {bound} is bound to legacy by a pin, which holds back the step to `modern`")
            }
            Stage::Legacy if lacking => "; requests are compared from `shadow` on".to_owned(),
            Stage::Shadow | Stage::Canary | Stage::Modern if lacking => {
                "; consumers' requests bring some, so do `banyan evidence sweep` and `banyan replay`".to_owned()
            }
            _ => String::new(),
        };
        let told = format!("{told}{more}");
        let open = judged.map(|j| j.clusters.iter().filter(|c| c.open).take(10).map(ClusterView::of).collect());
        BoardRow {
            route: route.name.clone(),
            stage: stage.to_string(),
            weight: (stage == Stage::Canary).then(|| weight.to_string()),
            killed,
            told,
            evidence: judged.map(EvidenceView::of),
            open: open.unwrap_or_default(),
            legacy_calls_a_day: judged.map_or(0, |j| j.legacy_a_day),
            blocking,
            decided,
        }
    }
}

impl EvidenceView {
    fn of(j: &Judged) -> EvidenceView {
        let verdict = match j.verdict {
            Verdict::Promote(_) => "promote",
            Verdict::Held(_) => "held",
            Verdict::NotYet(_) => "not-yet",
            Verdict::Insufficient => "insufficient",
        };
        let alarm = banyan_migration::watch::ALARM.ln();
        let watch = |name: &str, score: f64, alarm: f64| WatchView { name: name.to_owned(), score, alarm };
        let [break_now, slow_drift] = j.failures;
        let mut watches = vec![
            watch("failures", break_now, alarm),
            watch("failures-drift", slow_drift, alarm),
            watch("parity", j.drift, j.drift_limit),
        ];
        watches.extend(j.latency.map(|(score, _)| watch("latency", score, alarm)));
        EvidenceView {
            verdict: verdict.to_owned(),
            held: j.held.clone(),
            score: j.score,
            threshold: j.threshold,
            missing: j.missing,
            matches: j.counts.matches,
            mismatches: j.counts.mismatches,
            indeterminate: j.counts.indeterminate,
            repeats: j.repeats,
            unanswered: j.unanswered,
            overflow: j.overflow,
            parity: j.parity.map(|(low, high)| [low, high]),
            census: j.census.map(|c| c.told()),
            since: moment(j.since_ms),
            last: j.last_ms.map(moment),
            rules: j.basis.rules.clone(),
            build: j.basis.build.clone(),
            noisy: j.noisy.clone(),
            barred: j.barred,
            watches,
            notes: j.notes.iter().map(|n| NoteView { at: moment(n.at_ms), what: n.what.clone() }).collect(),
        }
    }
}

/// What is there for legacy's sake, and what still needs it.
pub fn leaving(routes: &Routes, catalog: &Catalog) -> Vec<LeavingView> {
    let stays = |r: &Route| r.standing().stage != Stage::Retired || r.standing().killed;
    let mut all = Vec::new();
    for source in &catalog.sources {
        let fed = catalog.mappings.iter().filter(|m| {
            let full = catalog.datasets.get(m.dataset).map_or("", |d| d.full.as_str());
            full.split_once('.').is_some_and(|(s, _)| s == source.name)
        });
        let mut entities: Vec<usize> = fed.map(|m| m.entity).collect();
        entities.sort_unstable();
        entities.dedup();
        let (mut needed, mut collections) = (Vec::new(), Vec::new());
        for entity in entities {
            let of: Vec<_> = routes.all.iter().filter(|r| r.entity == Some(entity)).collect();
            needed.extend(of.iter().filter(|r| stays(r)).map(|r| r.name.clone()));
            let moved = |what: Move| of.iter().any(|r| r.config.moves_with(what));
            let plural = catalog.entities.get(entity).map(|e| e.plural.clone());
            collections.extend(plural.filter(|_| !(moved(Move::List) && moved(Move::Get))));
        }
        let can_go = needed.is_empty() && collections.is_empty();
        let (name, adapter) = (source.name.clone(), source.adapter.clone());
        all.push(LeavingView { name, adapter, routes: needed, collections, can_go });
    }
    for upstream in &routes.upstreams {
        let legacy = |r: &Route| r.legacy.as_ref().is_some_and(|t| t.name == upstream.name);
        if !routes.all.iter().any(|r| legacy(r)) {
            continue;
        }
        let needed: Vec<String> = routes.all.iter().filter(|r| legacy(r) && stays(r)).map(|r| r.name.clone()).collect();
        let can_go = needed.is_empty();
        let (name, adapter) = (upstream.name.clone(), "upstream".to_owned());
        all.push(LeavingView { name, adapter, routes: needed, collections: Vec::new(), can_go });
    }
    all
}
