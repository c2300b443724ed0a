//! Two schemas compared: of an answer modern may promise more, of a request it may ask for less.

use super::bounds::Differs;
use super::resolve::Doc;
use super::shape::{More, Node, Shape};
use super::{Difference, Kind, label};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Schemas within schemas at most.
const DEEPEST: usize = 60;
/// Pairs of schemas that are looked at in one comparison at most.
const MOST_STEPS: usize = 100_000;
/// Differences that are found at most.
const MOST_FOUND: usize = 20_000;

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
    /// The same as names of differences begin.
    pub(super) site: String,
    found: Vec<Difference>,
    /// Which of them it is, by operation, kind and both places.
    told: BTreeMap<(String, String, bool, (String, String)), usize>,
    /// Pairs being compared: where one comes up again within itself, it is taken to agree.
    open: Vec<Pair>,
    /// Pairs that were compared for this operation, and where.
    done: BTreeMap<Pair, String>,
    steps: usize,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Comparer<'a> {
        Comparer {
            old: Doc { root: old },
            new: Doc { root: new },
            within: String::new(),
            site: String::new(),
            found: Vec::new(),
            told: BTreeMap::new(),
            open: Vec::new(),
            done: BTreeMap::new(),
            steps: 0,
        }
    }

    /// What was found.
    pub(super) fn found(mut self) -> Vec<Difference> {
        if self.steps > MOST_STEPS || self.found.len() >= MOST_FOUND {
            self.begin("the documents");
            self.tell(true, Kind::TooLarge, "there is too much to be compared; not all of it was looked at", "", "");
        }
        self.found
    }

    /// Begins with an operation, or with what its name says. What was compared for another one is compared anew: each is
    /// told by its own name, whatever else is in the documents.
    pub(super) fn begin(&mut self, operation: &str) {
        (self.within, self.site) = (operation.to_owned(), operation.to_owned());
        self.done.clear();
    }

    /// Adds a difference of what is compared now.
    pub(super) fn tell(&mut self, breaking: bool, kind: Kind, what: &str, old: &str, new: &str) {
        self.tell_at("", "", (breaking, kind), what, (old, new));
    }

    /// The same of a place in it; `detail` tells it from others of its kind there.
    pub(super) fn tell_at(
        &mut self,
        at: &str,
        detail: &str,
        (breaking, kind): (bool, Kind),
        what: &str,
        (old, new): (&str, &str),
    ) {
        let told = format!("{}: {what}", self.within);
        let (facade, modern) = (old.to_owned(), new.to_owned());
        let name = label::name(&self.site, at, kind, detail);
        self.add(Difference { breaking, kind, id: label::id(&name), name, told, facade, modern, accepted: false });
    }

    /// Adds one, once: by how many ways it is come upon does not matter. It is called by the shortest of them.
    fn add(&mut self, difference: Difference) {
        let kind = difference.name.split_once(": ").map_or("", |(_, kind)| kind);
        let place = (difference.facade.clone(), difference.modern.clone());
        let key = (self.site.clone(), kind.to_owned(), difference.breaking, place);
        if let Some(known) = self.told.get(&key).and_then(|at| self.found.get_mut(*at)) {
            let length = |d: &Difference| (d.name.matches('/').count(), d.name.clone());
            if length(&difference) < length(known) {
                *known = difference;
            }
        } else if self.found.len() < MOST_FOUND {
            self.told.insert(key, self.found.len());
            self.found.push(difference);
        }
    }

    /// Compares two schemas; `at` is where they stand, in words: `items[].name`.
    pub(super) fn schema(&mut self, old: &Node<'a>, new: &Node<'a>, way: Way, at: &str) {
        let pair = (old.key(&self.old), new.key(&self.new), way);
        if self.open.contains(&pair) {
            return;
        }
        if let Some(before) = self.done.get(&pair).cloned() {
            return self.nearer(pair, &before, at);
        }
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return;
        }
        if self.open.len() >= DEEPEST {
            let what = format!("{} is too deep to be judged", name(at));
            return self.tell_at(at, "", (false, Kind::NotJudged), &what, (&old.pointer(), &new.pointer()));
        }
        self.open.push(pair);
        let (a, b) = (old.shape(&self.old), new.shape(&self.new));
        for (shape, whose) in [(&a, "the facade's"), (&b, "modern's")] {
            if let Some(why) = &shape.unclear {
                let what = format!("{} cannot be judged: in {whose} document {why}", name(at));
                self.tell_at(at, "", (false, Kind::NotJudged), &what, (&a.pointer, &b.pointer));
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
            self.done.insert(pair, at.to_owned());
        }
    }

    /// What is come upon again nearer to the beginning is called by that place: whether the way round is there does not
    /// count.
    fn nearer(&mut self, pair: Pair, before: &str, at: &str) {
        let depth = |at: &str| (at.matches(['.', '[']).count() + usize::from(!at.is_empty()), at.to_owned());
        if depth(at) >= depth(before) {
            return;
        }
        self.steps += self.found.len() / 100;
        let (from, to) = (label::place(before), label::place(at));
        let beginning = format!("{}{from}", self.site);
        for d in &mut self.found {
            let Some(rest) = d.name.strip_prefix(&beginning).filter(|r| r.starts_with([':', '/'])) else { continue };
            // At the beginning itself places are told apart from the operation by a blank.
            let blank = if to.is_empty() && rest.starts_with('/') { " " } else { "" };
            d.name = format!("{}{to}{blank}{rest}", self.site);
            d.id = label::id(&d.name);
            let shown = if at.is_empty() { "`".to_owned() } else { format!("`{at}") };
            let told = d.told.replace(&format!("`{before}"), &shown).replace("`.", "`");
            d.told = told.replace(": `` ", ": it ");
        }
        self.done.insert(pair, at.to_owned());
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
                self.add(d);
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
        self.tell_at(
            at,
            word,
            (breaking, Kind::Nullable),
            &format!("{} {word} now", name(at)),
            (&a.pointer, &b.pointer),
        );
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
        let change = format!("{} -> {}", types(&a.types), types(&b.types));
        if !agrees {
            let what = format!("{} is {}, was {}", name(at), types(&b.types), types(&a.types));
            return self.tell_at(at, &change, (true, Kind::Type), &what, (&a.pointer, &b.pointer));
        }
        if a.types.is_some() && b.types.is_some() {
            if a.types != b.types {
                let what = format!("{} is {}, was {}", name(at), types(&b.types), types(&a.types));
                self.tell_at(at, &change, (false, Kind::Type), &what, (&a.pointer, &b.pointer));
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
            self.tell_at(at, &format!("{old} -> {new}"), (breaking, Kind::Format), &what, (&a.pointer, &b.pointer));
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
            self.tell_at(at, &what, (breaking, kind), &format!("of {} {what}", name(at)), (&a.pointer, &b.pointer));
        }
        self.fields(a, b, way, at);
        match (&a.items, &b.items) {
            (Some(old), Some(new)) => self.schema(old, new, way, &format!("{at}[]")),
            (Some(_), None) if way == Way::Answer => {
                let what = format!("the elements of {} may be anything now", name(at));
                self.tell_at(&format!("{at}[]"), "to anything", (true, Kind::Type), &what, (&a.pointer, &b.pointer));
            }
            (None, Some(_)) if way == Way::Request => {
                let what = format!("the elements of {} may no longer be anything", name(at));
                self.tell_at(&format!("{at}[]"), "from anything", (true, Kind::Type), &what, (&a.pointer, &b.pointer));
            }
            _ => {}
        }
        match (&a.more, &b.more) {
            (More::Of(old), More::Of(new)) => self.schema(old, new, way, &field(at, "*")),
            (More::Of(_), More::Anything) if way == Way::Answer => {
                let what = format!("the members of {} may be anything now", name(at));
                self.tell_at(&field(at, "*"), "to anything", (true, Kind::Type), &what, (&a.pointer, &b.pointer));
            }
            (More::Of(_), More::Nothing) | (More::Anything, More::Of(_)) if way == Way::Request => {
                let what = format!("{} takes fewer members now", name(at));
                self.tell_at(&field(at, "*"), "of fewer", (true, Kind::Type), &what, (&a.pointer, &b.pointer));
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
                return self.tell_at(
                    at,
                    "any",
                    (way == Way::Answer, Kind::AddedValue),
                    &what,
                    (&a.pointer, &b.pointer),
                );
            }
            (None, Some(new)) => {
                let what = format!("{} is one of {} only", name(at), list(&new.iter().collect::<Vec<_>>()));
                return self.tell_at(
                    at,
                    "any",
                    (way == Way::Request, Kind::RemovedValue),
                    &what,
                    (&a.pointer, &b.pointer),
                );
            }
            (None, None) => return,
        };
        if !added.is_empty() {
            let what = format!("{} may be {} too", name(at), list(&added));
            self.tell_at(at, &list(&added), (way == Way::Answer, Kind::AddedValue), &what, (&a.pointer, &b.pointer));
        }
        if !removed.is_empty() {
            let what = format!("{} is {} no longer", name(at), list(&removed));
            self.tell_at(
                at,
                &list(&removed),
                (way == Way::Request, Kind::RemovedValue),
                &what,
                (&a.pointer, &b.pointer),
            );
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
                self.tell_at(&field(at, n), "", (true, Kind::RemovedField), &what, (&old.pointer(), &b.pointer));
                continue;
            };
            match way {
                Way::Answer if a.required.contains(n) && !b.required.contains(n) => {
                    let what = format!("{told} is not always there");
                    self.tell_at(
                        &field(at, n),
                        "",
                        (true, Kind::OptionalField),
                        &what,
                        (&old.pointer(), &new.pointer()),
                    );
                }
                Way::Request if b.required.contains(n) && !a.required.contains(n) => {
                    let what = format!("{told} is required now");
                    self.tell_at(
                        &field(at, n),
                        "",
                        (true, Kind::RequiredField),
                        &what,
                        (&old.pointer(), &new.pointer()),
                    );
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
                    self.tell_at(
                        &field(at, n),
                        "",
                        (false, Kind::AddedField),
                        &format!("{told} is new"),
                        (&a.pointer, &new.pointer()),
                    );
                }
                Way::Request if asked && !shape.read_only => {
                    let what = format!("{told} is new and required");
                    self.tell_at(&field(at, n), "", (true, Kind::RequiredField), &what, (&a.pointer, &new.pointer()));
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
