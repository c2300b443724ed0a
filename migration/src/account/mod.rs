//! What is known of one route: everything its comparisons came to, and what that allows.
//!
//! Purpose: [`Account`] takes comparisons one by one, and tells at any moment what may be done. It is kept as a document;
//! what it rests on is kept beside it by the evidence store, in the same transactions.
//! Invariant: counts depend on what was compared, not on the order in which it came. A change of the basis (rules with
//! what people accepted, mappings, adapters, the modern build) starts the score again, so that nobody can turn recorded
//! mismatches into a promotion after the fact. Everything is bounded; what overflows is counted and holds back.
//! Not here: asking, remembering prints and samples, the watch on the request path ([`crate::watch::Watch`]).

mod clusters;
mod due;
mod signatures;
mod sweep;
mod unkept;

pub use clusters::{Gathered, Judged, Judgement};
pub use due::{Autos, DWELL_MS, Due, ENOUGH_ANSWERS, due};
pub use sweep::Sweep;

use crate::bundle::Bundle;
use crate::census::Census;
use crate::compare::{Cluster, Compared, Difference, Noise, Outcome};
use crate::coverage::{Coverage, Wanted};
use crate::distinct::{Remembered, rank};
use crate::dossier::{self, Dossier};
use crate::gate::{self, Basis, Evidence, Verdict};
use crate::json::Doc;
use crate::score::{Counts, Policy};
use crate::stage::{Stage, Standing};
use crate::watch::Cusum;
use clusters::Clusters;
use serde::{Deserialize, Serialize};
use signatures::Signatures;

/// Without a comparison for so long there is no evidence any more: a day, in milliseconds.
pub const STALE_MS: i64 = 86_400_000;

/// A noise that was not seen for so long is forgotten: a week.
const NOISE_MS: i64 = 7 * 86_400_000;

const MOST_NOTES: usize = 100;
const MOST_POINTS: usize = 256;

/// Something that happened to the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What, for people.
    pub what: String,
}

/// How the counts stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The counts.
    pub counts: Counts,
}

/// A comparison of two answers.
#[derive(Clone, Debug)]
pub struct Sight<'a> {
    /// What it found, accepted differences included.
    pub compared: Compared,
    /// Legacy against itself, where it was asked twice.
    pub twice: Option<&'a Compared>,
    /// The status of legacy.
    pub status: u16,
    /// Its document.
    pub body: Option<&'a Doc>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// As what parity has taken it already, where what is remembered does not say so: it could not be kept.
    pub watched: Option<Outcome>,
}

/// What became of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What it says.
    pub outcome: Outcome,
    /// Whether it counted; a repeat does not.
    pub counted: bool,
    /// What is to be remembered of it; `None`: what is remembered stays.
    pub remember: Option<Remembered>,
    /// The differences worth a sample, each with its cluster's number.
    pub samples: Vec<(u64, Difference)>,
}

/// The account of a route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Counts the bases there were; comparisons are remembered under it.
    pub epoch: u64,
    /// Since when the counts count.
    pub since_ms: i64,
    /// The basis, as it was told, without what people accepted.
    pub basis: Basis,
    /// What counted under it.
    pub counts: Counts,
    /// Comparisons that repeated another and were no worse.
    pub repeats: u64,
    /// Exchanges that could not be compared, since legacy did not answer, or changed while it was asked.
    pub unanswered: u64,
    /// Comparisons that did not count because too many are remembered.
    pub overflow: u64,
    /// The last comparison.
    pub last_ms: Option<i64>,
    /// The sweep under this basis.
    pub sweep: Option<Sweep>,
    /// How the counts came about.
    pub trace: Vec<Point>,
    /// What happened to the evidence, oldest first.
    pub notes: Vec<Note>,
    /// Where the route stood when last looked at, and since when.
    pub standing: Option<(Standing, i64)>,
    /// It came back: it does not go forward by itself until something changes.
    pub barred: bool,
    /// Parity since it moved.
    pub cusum: Cusum,
    clusters: Clusters,
    signatures: Signatures,
    coverage: Coverage,
    noise: Noise,
}

impl Account {
    /// Takes a comparison, with what is remembered of an earlier one of the same print under this epoch.
    pub fn takes(&mut self, sight: Sight<'_>, before: Option<Remembered>, wanted: &Wanted) -> Taken {
        self.last_ms = Some(self.last_ms.unwrap_or(i64::MIN).max(sight.at_ms));
        if let Some(twice) = sight.twice {
            self.noise.forget_before(sight.at_ms.saturating_sub(NOISE_MS));
            if self.noise.learn(twice, sight.at_ms) {
                self.counts = self.signatures.learned(&self.noise, self.counts);
                self.clusters.learned(&self.noise, self.epoch);
            }
        }
        let compared = sight.compared.without(|d| self.clusters.accepts(&d.cluster()));
        let (outcome, found) = self.noise.judge(&compared);
        self.coverage.saw(sight.status, sight.body, wanted);
        let before = before.map(|b| self.signatures.now(b));
        if before.is_some_and(|b| rank(b.outcome) >= rank(outcome)) {
            self.repeats += 1;
            return Taken { outcome, counted: false, remember: None, samples: Vec::new() };
        }
        if let Some(before) = before {
            self.uncount(before);
        }
        let signature = match outcome {
            Outcome::Match => 0,
            _ => self.signatures.count(outcome, &found, compared.is_whole()),
        };
        *self.counter(outcome) += 1;
        let samples = match outcome {
            Outcome::Match => Vec::new(),
            _ => self.clusters.gather(&found, outcome, self.epoch, sight.at_ms),
        };
        self.watches(outcome, sight.watched);
        Taken { outcome, counted: true, remember: Some(Remembered { outcome, signature }), samples }
    }

    /// What a comparison says that is not counted. Parity takes it all the same: it may bring the route back.
    pub fn looks(&mut self, sight: Sight<'_>) -> Outcome {
        self.last_ms = Some(self.last_ms.unwrap_or(i64::MIN).max(sight.at_ms));
        let outcome = self.noise.judge(&sight.compared.without(|d| self.clusters.accepts(&d.cluster()))).0;
        self.watches(outcome, sight.watched);
        outcome
    }

    fn counter(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Match => &mut self.counts.matches,
            Outcome::Mismatch => &mut self.counts.mismatches,
            Outcome::Indeterminate => &mut self.counts.indeterminate,
        }
    }

    fn uncount(&mut self, before: Remembered) {
        self.signatures.uncount(before);
        let counter = self.counter(before.outcome);
        *counter = counter.saturating_sub(1);
    }

    /// The basis in use: its rules are named with what people accepted.
    pub fn effective(&self) -> Basis {
        let accepted = self.clusters.accepted();
        let rules = if accepted.is_empty() {
            self.basis.rules.clone()
        } else {
            let print = crate::distinct::print(&self.basis.rules, &accepted.join("\n"), "accepted");
            let hash: String = print.iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("{}+{hash}", self.basis.rules)
        };
        Basis { rules, ..self.basis.clone() }
    }

    /// The configuration rests on these rules, mappings and adapters; the build is told by modern itself. Whether the score
    /// starts again.
    pub fn based_on(&mut self, basis: &Basis, now_ms: i64) -> bool {
        let basis = Basis { build: self.basis.build.clone(), ..basis.clone() };
        self.rebase(basis, now_ms)
    }

    /// Modern told its build. Whether the score starts again.
    pub fn built(&mut self, build: &str, now_ms: i64) -> bool {
        self.basis.build != build && self.rebase(Basis { build: build.to_owned(), ..self.basis.clone() }, now_ms)
    }

    fn rebase(&mut self, basis: Basis, now_ms: i64) -> bool {
        let changed = self.basis.changed(&basis);
        if changed.is_empty() {
            return false;
        }
        // Where nothing counted yet, nothing starts again.
        let first =
            self.counts == Counts::default() && (self.basis == Basis::default() || changed == ["the modern build"]);
        let builds =
            (self.basis.build != basis.build).then(|| format!(" ({:?} → {:?})", self.basis.build, basis.build));
        self.basis = basis;
        self.barred = false;
        let what = (!first).then(|| format!("{} changed{}", changed.join(" and "), builds.unwrap_or_default()));
        self.restart(what, now_ms);
        true
    }

    /// Starts the score again.
    pub fn restart(&mut self, why: Option<String>, now_ms: i64) {
        self.epoch += 1;
        self.since_ms = now_ms;
        self.counts = Counts::default();
        (self.repeats, self.unanswered, self.overflow) = (0, 0, 0);
        self.last_ms = None;
        self.sweep = None;
        self.trace.clear();
        self.coverage = Coverage::default();
        self.signatures = Signatures::default();
        self.clusters.restart();
        self.cusum = Cusum::default();
        if let Some(why) = why {
            self.note(now_ms, format!("{why}: the score starts again"));
        }
    }

    /// Notes what happened.
    pub fn note(&mut self, at_ms: i64, what: String) {
        if self.notes.len() >= MOST_NOTES {
            self.notes.remove(0);
        }
        self.notes.push(Note { at_ms, what });
    }

    /// The route stands there now. Whether it moved since it was last looked at: watches begin anew then.
    pub fn stands(&mut self, standing: Standing, now_ms: i64) -> bool {
        let Some((before, _)) = self.standing else {
            self.standing = Some((standing, now_ms));
            return false;
        };
        if before == standing {
            return false;
        }
        self.standing = Some((standing, now_ms));
        self.cusum = Cusum::default();
        let place = |s: Standing| if s.killed { (Stage::Legacy, s.weight) } else { (s.stage, s.weight) };
        let back = place(standing) < place(before);
        self.barred = back;
        if back && moved(before) {
            self.restart(Some(format!("the route went back from {}", before.stage)), now_ms);
        }
        true
    }

    /// A person judges a cluster, or opens it again. Where that changes what counts as a match the score starts again.
    pub fn judge(&mut self, number: u64, judged: Option<Judged>, now_ms: i64) -> Result<Cluster, String> {
        let before = self.clusters.accepted();
        let cluster = self.clusters.judge(number, judged)?;
        if self.clusters.accepted() != before {
            self.restart(Some(format!("what counts as equal at {cluster} changed")), now_ms);
        }
        Ok(cluster)
    }

    /// The clusters, those of this basis first, the greatest first.
    pub fn clusters(&self) -> Vec<(&Cluster, &Gathered)> {
        self.clusters.all(self.epoch)
    }

    /// With all it rests on, to be taken elsewhere.
    pub fn dossier(&self, bundle: Bundle, samples: Vec<serde_json::Value>) -> Dossier {
        let clusters = self.clusters().into_iter().map(|(c, g)| (c.clone(), g.clone())).collect();
        let mut trace = self.trace.clone();
        if let Some(evidence) = bundle.cause.evidence()
            && trace.last().is_none_or(|p| p.counts != evidence.counts)
        {
            // A comparison is as old as its question, and counts when both answers are there: the trace goes by the latter.
            let asked = self.last_ms.unwrap_or(self.since_ms);
            let at_ms = trace.last().map_or(asked, |p| p.at_ms.max(asked));
            trace.push(Point { at_ms, counts: evidence.counts });
        }
        Dossier {
            format: dossier::FORMAT.to_owned(),
            bundle,
            epoch: self.epoch,
            since_ms: self.since_ms,
            trace,
            notes: self.notes.clone(),
            clusters,
            without_room: self.clusters.without_room(),
            samples,
        }
    }

    /// Whether it is open: seen under this basis, not accepted, not noise.
    pub fn is_open(&self, gathered: &Gathered) -> bool {
        gathered.is_open_under(self.epoch)
    }

    /// Places where legacy disagrees with itself.
    pub fn noisy(&self) -> impl Iterator<Item = &str> {
        self.noise.clusters()
    }

    /// Whether a second answer of legacy would tell more than usual: something differs, and whether legacy does so too is
    /// not known yet.
    pub fn wants_second(&self) -> bool {
        self.counts.mismatches > 0 && self.clusters.undecided(self.epoch)
    }

    /// The evidence as it is.
    pub fn evidence(&self, wanted: &Wanted) -> Evidence {
        let (open, open_critical) = self.clusters.open(self.epoch);
        let mut uncovered = self.coverage.missing(wanted);
        uncovered.extend(
            self.clusters
                .noisy_critical(self.epoch)
                .into_iter()
                .map(|c| format!("at {c}, which is critical, legacy disagrees with itself: nothing can be said there")),
        );
        let census = self.sweep.as_ref().map(|s| s.census);
        Evidence { basis: self.effective(), counts: self.counts, open_critical, open, uncovered, census }
    }

    /// What it says now. Without traffic it says nothing, whatever it said before.
    pub fn verdict(&self, policy: &Policy, wanted: &Wanted, now_ms: i64) -> Verdict {
        match self.last_ms {
            Some(last) if now_ms.saturating_sub(last) <= STALE_MS => gate::judge(&self.evidence(wanted), policy),
            _ => Verdict::Insufficient,
        }
    }

    /// Adds a point to the trace, if anything counted since the last one. Old points thin out.
    pub fn point(&mut self, at_ms: i64) {
        if self.trace.last().map_or(Counts::default(), |p| p.counts) == self.counts {
            return;
        }
        if self.trace.len() >= MOST_POINTS {
            let mut n = 0;
            self.trace.retain(|_| {
                n += 1;
                n % 2 == 0
            });
        }
        let at_ms = self.trace.last().map_or(at_ms, |p| p.at_ms.max(at_ms));
        self.trace.push(Point { at_ms, counts: self.counts });
    }

    /// The census of this basis, if there was a sweep.
    pub fn census(&self) -> Option<Census> {
        self.sweep.as_ref().map(|s| s.census)
    }
}

/// Whether modern answers somebody.
fn moved(standing: Standing) -> bool {
    !standing.killed && matches!(standing.stage, Stage::Canary | Stage::Modern)
}
