//! Two schemas compared: of an answer modern may promise more, of a request it may ask for less.

use super::bounds::Differs;
use super::resolve::Doc;
use super::shape::{More, Node, Shape};
use super::{Difference, Kind};
use serde_json::Value;
use std::collections::BTreeSet;

/// Schemas within schemas at most.
const DEEPEST: usize = 60;
/// Pairs of schemas that are looked at in one comparison at most.
const MOST_STEPS: usize = 50_000;

/// Whether a schema is what callers read, or what they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Answer,
    Request,
}

type Pair = (String, String, Way);

/// Two documents, and what was found so far.
pub(super) struct Comparer<'a> {
    pub(super) old: Doc<'a>,
    pub(super) new: Doc<'a>,
    /// Where the comparison is, in words.
    pub(super) within: String,
    found: Vec<Difference>,
    told: BTreeSet<(Kind, String, String, String)>,
    /// Pairs being compared: where one comes up again within itself, it is taken to agree.
    open: Vec<Pair>,
    done: BTreeSet<Pair>,
    steps: usize,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Comparer<'a> {
        Comparer {
            old: Doc { root: old },
            new: Doc { root: new },
            within: String::new(),
            found: Vec::new(),
            told: BTreeSet::new(),
            open: Vec::new(),
            done: BTreeSet::new(),
            steps: 0,
        }
    }

    /// What was found.
    pub(super) fn found(mut self) -> Vec<Difference> {
        if self.steps > MOST_STEPS {
            self.within = "the documents".to_owned();
            self.tell(true, Kind::TooLarge, "there is too much to be compared; not all of it was looked at", "", "");
        }
        self.found
    }

    /// Adds a difference, once: by how many ways it is come upon does not matter.
    pub(super) fn tell(&mut self, breaking: bool, kind: Kind, what: &str, old: &str, new: &str) {
        let detail = what.split('`').step_by(2).collect::<String>() + if breaking { "!" } else { "" };
        if self.told.insert((kind, old.to_owned(), new.to_owned(), detail)) {
            let told = format!("{}: {what}", self.within);
            let (facade, modern) = (old.to_owned(), new.to_owned());
            self.found.push(Difference { breaking, kind, told, facade, modern, accepted: false });
        }
    }

    /// Compares two schemas; `at` is where they stand, in words: `items[].name`.
    pub(super) fn schema(&mut self, old: &Node<'a>, new: &Node<'a>, way: Way, at: &str) {
        let pair = (old.key(&self.old), new.key(&self.new), way);
        if self.open.contains(&pair) || self.done.contains(&pair) {
            return;
        }
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return;
        }
        if self.open.len() >= DEEPEST {
            let what = format!("{} is too deep to be judged", name(at));
            return self.tell(false, Kind::NotJudged, &what, &old.pointer(), &new.pointer());
        }
        self.open.push(pair);
        let (a, b) = (old.shape(&self.old), new.shape(&self.new));
        for (shape, whose) in [(&a, "the facade's"), (&b, "modern's")] {
            if let Some(why) = &shape.unclear {
                let what = format!("{} cannot be judged: in {whose} document {why}", name(at));
                self.tell(false, Kind::NotJudged, &what, &a.pointer, &b.pointer);
            }
        }
        if a.unclear.is_none() && b.unclear.is_none() {
            if a.alternatives.is_some() || b.alternatives.is_some() {
                self.nullable(&a, &b, way, at);
                self.alternatives((old, a.alternatives), (new, b.alternatives), way, at);
            } else {
                self.plain(&a, &b, way, at);
            }
        }
        if let Some(pair) = self.open.pop() {
            self.done.insert(pair);
        }
    }

    /// Each alternative of who gives must be one that who takes knows.
    fn alternatives(
        &mut self,
        old: (&Node<'a>, Option<Vec<Node<'a>>>),
        new: (&Node<'a>, Option<Vec<Node<'a>>>),
        way: Way,
        at: &str,
    ) {
        let all = |side: (&Node<'a>, Option<Vec<Node<'a>>>)| side.1.unwrap_or_else(|| vec![side.0.clone()]);
        let (old, new) = (all(old), all(new));
        let (givers, takers) = if way == Way::Answer { (&new, &old) } else { (&old, &new) };
        for (n, giver) in givers.iter().enumerate() {
            let mut best: Option<Vec<Difference>> = None;
            // Most often the two are in the same order.
            let order =
                takers.get(n).into_iter().chain(takers.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, t)| t));
            for taker in order {
                let (a, b) = if way == Way::Answer { (taker, giver) } else { (giver, taker) };
                let found = self.trial(a, b, way, at);
                let breaking = |found: &[Difference]| found.iter().filter(|d| d.breaking).count();
                let better = best.as_ref().is_none_or(|b| breaking(&found) < breaking(b));
                if better {
                    let agrees = breaking(&found) == 0;
                    best = Some(found);
                    if agrees {
                        break;
                    }
                }
            }
            for d in best.unwrap_or_default() {
                let what = d.told.strip_prefix(&format!("{}: ", self.within)).unwrap_or(&d.told).to_owned();
                self.tell(d.breaking, d.kind, &what, &d.facade, &d.modern);
            }
        }
    }

    /// What a comparison would find, without telling it.
    fn trial(&mut self, old: &Node<'a>, new: &Node<'a>, way: Way, at: &str) -> Vec<Difference> {
        let (found, told, done) =
            (std::mem::take(&mut self.found), std::mem::take(&mut self.told), std::mem::take(&mut self.done));
        self.schema(old, new, way, at);
        self.told = told;
        self.done = done;
        std::mem::replace(&mut self.found, found)
    }

    fn nullable(&mut self, a: &Shape<'a>, b: &Shape<'a>, way: Way, at: &str) {
        let (breaking, word) = match (a.nullable, b.nullable) {
            (false, true) => (way == Way::Answer, "may be null"),
            (true, false) => (way == Way::Request, "must not be null"),
            _ => return,
        };
        self.tell(breaking, Kind::Nullable, &format!("{} {word} now", name(at)), &a.pointer, &b.pointer);
    }

    /// Two schemas without alternatives.
    fn plain(&mut self, a: &Shape<'a>, b: &Shape<'a>, way: Way, at: &str) {
        let (given, taken) = if way == Way::Answer { (&b.types, &a.types) } else { (&a.types, &b.types) };
        let knows = |types: &BTreeSet<&str>, t: &str| types.contains(t) || (t == "integer" && types.contains("number"));
        let agrees = match (given, taken) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(given), Some(taken)) => given.iter().all(|t| knows(taken, t)),
        };
        if !agrees {
            let what = format!("{} is {}, was {}", name(at), types(&b.types), types(&a.types));
            return self.tell(true, Kind::Type, &what, &a.pointer, &b.pointer);
        }
        if a.types.is_some() && b.types.is_some() {
            if a.types != b.types {
                let what = format!("{} is {}, was {}", name(at), types(&b.types), types(&a.types));
                self.tell(false, Kind::Type, &what, &a.pointer, &b.pointer);
            }
            self.nullable(a, b, way, at);
        }
        if a.format != b.format {
            let none = "none";
            let (old, new) = (a.format.unwrap_or(none), b.format.unwrap_or(none));
            let breaking = match way {
                Way::Answer => a.format.is_some(),
                Way::Request => b.format.is_some(),
            };
            let what = format!("the format of {} is {new}, was {old}", name(at));
            self.tell(breaking, Kind::Format, &what, &a.pointer, &b.pointer);
        }
        self.values(a, b, way, at);
        for differs in a.bounds.against(&b.bounds) {
            let (breaking, kind, what) = match differs {
                Differs::Narrower(what) => (way == Way::Request, Kind::Bounds, what),
                Differs::Wider(what) => (false, Kind::Bounds, what),
                Differs::Unclear(what) => {
                    (false, Kind::NotJudged, format!("{what}; which is narrower cannot be judged"))
                }
            };
            self.tell(breaking, kind, &format!("of {} {what}", name(at)), &a.pointer, &b.pointer);
        }
        self.fields(a, b, way, at);
        match (&a.items, &b.items) {
            (Some(old), Some(new)) => self.schema(old, new, way, &format!("{at}[]")),
            (Some(_), None) if way == Way::Answer => {
                let what = format!("the elements of {} may be anything now", name(at));
                self.tell(true, Kind::Type, &what, &a.pointer, &b.pointer);
            }
            (None, Some(_)) if way == Way::Request => {
                let what = format!("the elements of {} may no longer be anything", name(at));
                self.tell(true, Kind::Type, &what, &a.pointer, &b.pointer);
            }
            _ => {}
        }
        match (&a.more, &b.more) {
            (More::Of(old), More::Of(new)) => self.schema(old, new, way, &field(at, "*")),
            (More::Of(_), More::Anything) if way == Way::Answer => {
                let what = format!("the members of {} may be anything now", name(at));
                self.tell(true, Kind::Type, &what, &a.pointer, &b.pointer);
            }
            (More::Of(_), More::Nothing) | (More::Anything, More::Of(_)) if way == Way::Request => {
                let what = format!("{} takes fewer members now", name(at));
                self.tell(true, Kind::Type, &what, &a.pointer, &b.pointer);
            }
            _ => {}
        }
    }

    fn values(&mut self, a: &Shape<'a>, b: &Shape<'a>, way: Way, at: &str) {
        let list = |values: &[&String]| values.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ");
        let (added, removed): (Vec<&String>, Vec<&String>) = match (&a.values, &b.values) {
            (Some(old), Some(new)) => (new.difference(old).collect(), old.difference(new).collect()),
            (Some(_), None) => {
                let what = format!("{} may be any value now, not only those enumerated", name(at));
                return self.tell(way == Way::Answer, Kind::AddedValue, &what, &a.pointer, &b.pointer);
            }
            (None, Some(new)) => {
                let what = format!("{} is one of {} only", name(at), list(&new.iter().collect::<Vec<_>>()));
                return self.tell(way == Way::Request, Kind::RemovedValue, &what, &a.pointer, &b.pointer);
            }
            (None, None) => return,
        };
        if !added.is_empty() {
            let what = format!("{} may be {} too", name(at), list(&added));
            self.tell(way == Way::Answer, Kind::AddedValue, &what, &a.pointer, &b.pointer);
        }
        if !removed.is_empty() {
            let what = format!("{} is {} no longer", name(at), list(&removed));
            self.tell(way == Way::Request, Kind::RemovedValue, &what, &a.pointer, &b.pointer);
        }
    }

    fn fields(&mut self, a: &Shape<'a>, b: &Shape<'a>, way: Way, at: &str) {
        for (n, old) in &a.fields {
            let told = name(&field(at, n));
            let shape = old.shape(&self.old);
            if (way == Way::Answer && shape.write_only) || (way == Way::Request && shape.read_only) {
                continue;
            }
            let Some(new) = b.fields.get(n) else {
                let what = match way {
                    Way::Answer => format!("{told} is not there"),
                    Way::Request => format!("{told} is not taken"),
                };
                self.tell(true, Kind::RemovedField, &what, &old.pointer(), &b.pointer);
                continue;
            };
            match way {
                Way::Answer if a.required.contains(n) && !b.required.contains(n) => {
                    let what = format!("{told} is not always there");
                    self.tell(true, Kind::OptionalField, &what, &old.pointer(), &new.pointer());
                }
                Way::Request if b.required.contains(n) && !a.required.contains(n) => {
                    let what = format!("{told} is required now");
                    self.tell(true, Kind::RequiredField, &what, &old.pointer(), &new.pointer());
                }
                _ => {}
            }
            self.schema(old, new, way, &field(at, n));
        }
        for (n, new) in b.fields.iter().filter(|(n, _)| !a.fields.contains_key(*n)) {
            let (asked, shape) = (b.required.contains(n), new.shape(&self.new));
            let told = name(&field(at, n));
            match way {
                Way::Answer if !shape.write_only => {
                    self.tell(false, Kind::AddedField, &format!("{told} is new"), &a.pointer, &new.pointer());
                }
                Way::Request if asked && !shape.read_only => {
                    let what = format!("{told} is new and required");
                    self.tell(true, Kind::RequiredField, &what, &a.pointer, &new.pointer());
                }
                _ => {}
            }
        }
    }
}

fn field(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn name(at: &str) -> String {
    if at.is_empty() { "it".to_owned() } else { format!("`{at}`") }
}

fn types(types: &Option<BTreeSet<&str>>) -> String {
    match types {
        None => "anything".to_owned(),
        Some(none) if none.is_empty() => "nothing that can be written".to_owned(),
        Some(some) => some.iter().copied().collect::<Vec<_>>().join(" or "),
    }
}
