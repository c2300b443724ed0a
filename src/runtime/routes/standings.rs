//! Where all routes stand, and how that is changed: by a person, by evidence, by the switch.

use super::Route;
use super::journal::{Decision, Journal, JournalError};
use super::standing::Cell;
use crate::runtime::clock::Clock;
use banyan_migration::bundle::{Bundle, Cause, Stood};
use banyan_migration::route::RouteConfig;
use banyan_migration::stage::{Stage, Standing, left_out};
use banyan_migration::sticky::Weight;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Longest reason that is kept, in characters.
const LONGEST: usize = 1_000;

/// Sentences that are kept of what spoke against a forced step.
const MOST: usize = 100;

/// What somebody wants.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The stage; `None`: as it is.
    pub stage: Option<Stage>,
    /// In canary: the share of modern; `None`: as it is, or the route's first.
    pub weight: Option<Weight>,
    /// The switch; `None`: as it is.
    pub killed: Option<bool>,
    /// Who asks.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Against what the evidence says.
    pub force: bool,
    /// Of a step to `retired`: whose calls hold it back.
    pub within: Within,
}

/// Whose calls hold back a step to `retired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// Of the last so many days, today included.
    pub days: u32,
    /// The route is to be taken away altogether: whoever calls at all, not only who needs legacy.
    pub gone: bool,
}

impl Default for Within {
    fn default() -> Within {
        Within { days: 30, gone: false }
    }
}

/// Who tells whom a route's end would break.
pub trait StillCalling: Send + Sync {
    /// Consumers that called in the last so many days, each with its calls and when it was seen last, in words: those that
    /// needed legacy, or, if the route is to be `gone`, all.
    fn broken(&self, route: &Route, days: u32, gone: bool) -> Vec<String>;
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It makes no sense.
    #[error("{0}")]
    Bad(String),
    /// It stands there already.
    #[error("the route stands at {0} already")]
    Same(Standing),
    /// Evidence, or the contract, does not support it.
    #[error("{0}. It can be done all the same with `--force`, and is journaled as such")]
    Held(String),
    /// It could not be written down, so it is not done.
    #[error("{0}; nothing was changed")]
    Journal(#[from] JournalError),
}

/// Who tells whether a step forward is supported, and by what.
pub trait Judge: Send + Sync {
    /// What a step of that route rests on; else all that speaks against it, in sentences.
    fn judge(&self, route: &Route, from: Standing, to: Standing) -> Result<Cause, Vec<String>>;

    /// How the evidence of a route stands, to be kept with what a person decides against it.
    fn stood(&self, route: &Route) -> Option<Stood> {
        let _ = route;
        None
    }

    /// Why a step that evidence makes due is held back all the same, in words. Never waits.
    fn holds(&self, route: &Arc<Route>, from: Standing, to: Standing) -> Option<String> {
        let _ = (route, from, to);
        None
    }
}

/// Knows of no evidence: a step that needs some is held back.
pub struct NoEvidence;

impl Judge for NoEvidence {
    fn judge(&self, route: &Route, from: Standing, to: Standing) -> Result<Cause, Vec<String>> {
        match needs_evidence(route, from, to) {
            true => Err(vec!["insufficient evidence: nothing was compared".to_owned()]),
            false => Ok(Cause::person()),
        }
    }
}

struct Inner {
    /// `None`: nothing can be decided here, only looked at.
    journal: Option<Journal>,
    standings: BTreeMap<String, Standing>,
    cells: BTreeMap<String, Arc<Cell>>,
    decisions: Vec<Decision>,
    /// Ways back that were gone although the journal could not be written; they are written as soon as it can.
    unwritten: Vec<Decision>,
}

/// Where all routes stand. Outlives reloads.
pub struct Standings {
    inner: Mutex<Inner>,
    clock: Clock,
    judge: Arc<dyn Judge>,
    /// Done after each decision, before it is acknowledged.
    then: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Asked whom the end of a route would break.
    callers: Option<Arc<dyn StillCalling>>,
}

impl Standings {
    /// Asks that one who would be broken before a person retires a route.
    pub fn with_callers(mut self, callers: Arc<dyn StillCalling>) -> Standings {
        self.callers = Some(callers);
        self
    }

    /// Who would break if the route were retired now: who needed legacy of late.
    pub fn still_calling(&self, route: &Route) -> Vec<String> {
        let within = Within::default();
        self.callers.as_ref().map(|callers| callers.broken(route, within.days, false)).unwrap_or_default()
    }

    /// As the journal at `path` says.
    pub fn open(path: &Path, clock: Clock, judge: Arc<dyn Judge>) -> Result<Standings, JournalError> {
        let (journal, decisions) = Journal::open(path)?;
        let standings = super::journal::standings(&decisions);
        let inner =
            Inner { journal: Some(journal), standings, cells: BTreeMap::new(), decisions, unwritten: Vec::new() };
        Ok(Standings { inner: Mutex::new(inner), clock, judge, then: OnceLock::new(), callers: None })
    }

    /// The same to be looked at only, beside a gateway that may be at work.
    pub fn look(path: &Path) -> Result<Standings, JournalError> {
        let decisions = super::journal::read(path)?;
        let standings = super::journal::standings(&decisions);
        let inner = Inner { journal: None, standings, cells: BTreeMap::new(), decisions, unwritten: Vec::new() };
        Ok(Standings {
            inner: Mutex::new(inner),
            clock: Clock::system(),
            judge: Arc::new(NoEvidence),
            then: OnceLock::new(),
            callers: None,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is done after each decision, before it is acknowledged: what was under way under the old one ends.
    pub fn then(&self, act: Box<dyn Fn() + Send + Sync>) {
        let _ = self.then.set(act);
    }

    /// The cell of a route: as the journal says, else as its configuration begins.
    pub(super) fn cell(&self, route: &str, first: Standing) -> Arc<Cell> {
        let mut inner = self.inner();
        let standing = inner.standings.get(route).copied();
        let cell =
            inner.cells.entry(route.to_owned()).or_insert_with(|| Arc::new(Cell::new(Standing::default()))).clone();
        if inner.decisions.iter().any(|d| d.route == route && d.to.stage >= Stage::Canary) {
            cell.go_far();
        }
        // Without a decision a changed configuration counts.
        cell.set(standing.unwrap_or(first));
        cell
    }

    /// The decisions about a route, or about all, oldest first.
    pub fn decisions(&self, route: Option<&str>) -> Vec<Decision> {
        let inner = self.inner();
        let all = inner.decisions.iter().chain(&inner.unwritten);
        all.filter(|d| route.is_none_or(|r| r == d.route)).cloned().collect()
    }

    /// A person moves a route. A step forward is judged; a way back never is.
    pub fn set(&self, route: &Route, ask: &Ask) -> Result<Decision, Refused> {
        let (author, reason) = (ask.author.trim(), ask.reason.trim());
        if author.is_empty() || author.chars().count() > 200 {
            return Err(Refused::Bad("say who decides: a name of up to 200 characters".to_owned()));
        }
        if reason.is_empty() || reason.chars().count() > LONGEST {
            return Err(Refused::Bad(format!("say why, in up to {LONGEST} characters: the journal keeps it")));
        }
        let from = route.standing();
        let to = wanted(&route.config, from, ask)?;
        if to == from {
            return Err(Refused::Same(from));
        }
        let mut against: Vec<String> = self.broken(route, to, ask.within).into_iter().collect();
        let mut cause = Cause::person();
        if forward(from, to) {
            let writes = route.config.takes_writes(route.entity.is_some());
            against.extend(left_out(from, to, writes).map(str::to_owned));
            against.extend(bound(route, from, to));
            match self.judge.judge(route, from, to) {
                Ok(supported) => cause = supported,
                Err(why) => against.extend(why),
            }
        }
        if !against.is_empty() {
            if !ask.force {
                against.extend(way_on(route, from, to));
                return Err(Refused::Held(against.join("; ")));
            }
            let stood = if needs_evidence(route, from, to) { self.judge.stood(route) } else { None };
            cause = Cause::Person { forced: true, overrode: kept(against), stood: stood.map(Box::new) };
        }
        self.decide(&route.name, from, to, author, reason, cause)
    }

    /// Whom the end of a route would break, in words.
    fn broken(&self, route: &Route, to: Standing, within: Within) -> Option<String> {
        let callers = self.callers.as_ref().filter(|_| to.stage == Stage::Retired && !to.killed)?;
        let told = callers.broken(route, within.days, within.gone);
        let when = if within.days == 1 { "today".to_owned() } else { format!("in the last {} days", within.days) };
        (!told.is_empty()).then(|| format!("whoever called {when} would be broken: {}", told.join(", ")))
    }

    /// Evidence moves a route: the bundle says where to, and on what grounds. It must stand where the bundle begins.
    pub fn apply(&self, route: &Arc<Route>, bundle: &Bundle) -> Result<Decision, Refused> {
        let from = route.standing();
        if (from.stage, from.weight) != bundle.from {
            return Err(Refused::Bad(format!("the route stands at {from} meanwhile")));
        }
        let to = Standing { stage: bundle.to.0, weight: bundle.to.1, killed: from.killed };
        let held = bound(route, from, to).or_else(|| self.judge.holds(route, from, to));
        if let Some(why) = held.filter(|_| forward(from, to)) {
            return Err(Refused::Held(why));
        }
        self.decide(&route.name, from, to, &bundle.author, &bundle.reason, bundle.cause.clone())
    }

    fn decide(
        &self,
        route: &str,
        from: Standing,
        to: Standing,
        author: &str,
        reason: &str,
        cause: Cause,
    ) -> Result<Decision, Refused> {
        let mut inner = self.inner();
        let decision = Decision {
            number: 0,
            at: self.clock.now().to_string(),
            route: route.to_owned(),
            author: author.to_owned(),
            reason: reason.to_owned(),
            from,
            to,
            cause,
        };
        inner.catch_up();
        let Some(journal) = &mut inner.journal else {
            return Err(Refused::Bad("routes are moved through the gateway that serves them".to_owned()));
        };
        let decision = match journal.add(decision.clone()) {
            Ok(written) => {
                inner.decisions.push(written.clone());
                written
            }
            Err(e) if forward(from, to) => return Err(e.into()),
            Err(e) => {
                tracing::error!(route, "a way back to legacy could not be written down and is gone all the same: {e}");
                inner.unwritten.push(decision.clone());
                decision
            }
        };
        inner.standings.insert(route.to_owned(), to);
        if let Some(cell) = inner.cells.get(route) {
            cell.set(to);
        }
        metrics::counter!("banyan_route_decisions_total", "route" => route.to_owned(), "to" => to.stage.name())
            .increment(1);
        tracing::info!(route, from = %from, to = %to, author, reason, "a route moved");
        drop(inner);
        if let Some(then) = self.then.get() {
            then();
        }
        Ok(decision)
    }
}

impl Standings {
    /// The switch that works whatever else does not: a file beside the journal that names routes, one a line, or `*`; after
    /// tabs who did it and why, where that is known. Where it stands, those routes are switched off. Taking it away switches
    /// nothing on again.
    pub fn obey(&self, path: &Path, routes: &super::Routes) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        for route in routes.all.iter().filter(|r| !r.standing().killed) {
            let named = |name: &str| name == "*" || name == route.name || name == route.config.path;
            let Some(line) = text.lines().rfind(|l| named(l.split('\t').next().unwrap_or_default().trim())) else {
                continue;
            };
            let mut said = line.split('\t').skip(1).map(|part| kept_of(part.trim()));
            let (author, reason) = (said.next().unwrap_or_default(), said.next().unwrap_or_default());
            let author = if author.is_empty() { "banyan".to_owned() } else { author };
            let file = format!("{} names it", path.display());
            let reason = if reason.is_empty() { file } else { format!("{reason} ({file})") };
            let from = route.standing();
            // Cannot be refused: it is a way back.
            let _ =
                self.decide(&route.name, from, Standing { killed: true, ..from }, &author, &reason, Cause::person());
        }
    }
}

/// A line of the file by which routes are switched off.
pub fn switch_line(route: &str, author: &str, reason: &str) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    format!("{}\t{}\t{}\n", plain(route), plain(author), plain(reason))
}

fn kept_of(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The file of the switch of a store's gateway: beside the store.
pub fn switch_path_of(store: &Path) -> std::path::PathBuf {
    store.with_extension("routes.kill")
}

impl Inner {
    /// Writes down what could not be before.
    fn catch_up(&mut self) {
        while let (Some(decision), Some(journal)) = (self.unwritten.first().cloned(), &mut self.journal) {
            let Ok(written) = journal.add(decision) else { return };
            self.decisions.push(written);
            self.unwritten.remove(0);
        }
    }
}

/// Who would be answered by modern though the configuration binds it to legacy, in words.
fn bound(route: &Route, from: Standing, to: Standing) -> Option<String> {
    let moves = to.stage >= Stage::Modern && !to.killed && (from.killed || from.stage < Stage::Modern);
    let names: Vec<String> = route.bound_to_legacy().iter().map(|name| format!("`{name}`")).collect();
    let told = || {
        format!(
            "a pin binds {} to legacy, and at `{}` modern answers all: take the pin away",
            names.join(", "),
            to.stage
        )
    };
    (moves && !names.is_empty()).then(told)
}

/// What else can be done with a route that was switched off and may not go back to where it stood.
fn way_on(route: &Route, from: Standing, to: Standing) -> Option<String> {
    let stage = if route.config.writes_only() { Stage::Legacy } else { Stage::Shadow };
    let held = from.killed && !to.killed && to.stage > stage;
    held.then(|| format!("to switch it on where legacy answers: `--stage {stage} --revive`"))
}

/// Whether a step leads away from legacy.
fn forward(from: Standing, to: Standing) -> bool {
    let share = |s: Standing| match (s.killed, s.stage) {
        (true, _) => (0, Weight::NONE),
        (false, Stage::Legacy) => (0, Weight::NONE),
        (false, Stage::Shadow) => (1, Weight::NONE),
        (false, Stage::Canary) => (2, s.weight),
        (false, Stage::Modern) => (3, Weight::ALL),
        (false, Stage::Retired) => (4, Weight::ALL),
    };
    share(to) > share(from)
}

/// Whether a step lets modern answer callers, or more of them.
pub fn gives_to_modern(from: Standing, to: Standing) -> bool {
    forward(from, to) && to.stage >= Stage::Canary && !to.killed
}

/// Whether a step needs evidence. One into the shadow does not: nobody sees modern's answers yet. Of a write nothing can be
/// compared: its canary is watched for failures alone.
pub fn needs_evidence(route: &Route, from: Standing, to: Standing) -> bool {
    gives_to_modern(from, to) && !route.config.writes_only()
}

/// What the journal keeps of what spoke against a step.
fn kept(against: Vec<String>) -> Vec<String> {
    let more = against.len().saturating_sub(MOST);
    let cut = |told: String| kept_of(&told);
    let mut kept: Vec<String> = against.into_iter().take(MOST).map(cut).collect();
    kept.extend((more > 0).then(|| format!("and {more} more")));
    kept
}

fn wanted(config: &RouteConfig, from: Standing, ask: &Ask) -> Result<Standing, Refused> {
    let bad = |why: &str| Err(Refused::Bad(why.to_owned()));
    let stage = ask.stage.unwrap_or(from.stage);
    if config.modern.is_none() && stage != Stage::Legacy {
        return bad("the route has no modern side: name one with `modern` in the configuration");
    }
    if config.writes_only() && stage == Stage::Shadow {
        return bad("a write is never sent twice, so nothing can be mirrored: it goes to modern by canary only");
    }
    if stage != Stage::Canary && ask.weight.is_some() {
        return bad("a weight belongs to the stage `canary`");
    }
    let weight = match stage {
        Stage::Canary if from.stage == Stage::Canary => ask.weight.unwrap_or(from.weight),
        Stage::Canary => ask.weight.unwrap_or_else(|| config.first_weight()),
        _ => Weight::NONE,
    };
    Ok(Standing { stage, weight, killed: ask.killed.unwrap_or(from.killed) })
}

#[cfg(test)]
mod tests;
