//! The difference of two documents.

use super::Rules;
use super::normal::{self, instant};
use crate::json::Doc;
use crate::path::{Step, general, pointer};
use serde::{Deserialize, Serialize};

/// More differences than this are counted, not kept.
pub(super) const MOST: usize = 100;

/// Longer values are cut when they are shown, in characters.
const SHOWN: usize = 120;

/// In which way two answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Another value of the same type.
    Value,
    /// Another JSON type.
    Type,
    /// The modern side lacks it.
    Missing,
    /// The legacy side lacks it.
    Extra,
    /// The same elements in another order.
    Order,
    /// Another status code.
    Status,
    /// Another header.
    Header,
    /// Another body that is not JSON, or is on one side only.
    Body,
    /// The modern side did not answer.
    NoAnswer,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Value => "value",
            Kind::Type => "type",
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Order => "order",
            Kind::Status => "status",
            Kind::Header => "header",
            Kind::Body => "body",
            Kind::NoAnswer => "no-answer",
        }
    }
}

/// By what differences are gathered: where, whatever the index, and in which way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cluster {
    /// The place with `*` for every index; of a status `status 200/404`, of a header its name.
    pub at: String,
    /// In which way.
    pub kind: Kind,
}

impl Cluster {
    /// Whether a person may say that it does not matter. That modern fails always does.
    pub fn may_be_accepted(&self) -> bool {
        let fails = |at: &str| at.rsplit('/').next().is_some_and(|modern| modern.starts_with('5'));
        match self.kind {
            Kind::NoAnswer => false,
            Kind::Status => !fails(&self.at),
            _ => true,
        }
    }
}

impl std::fmt::Display for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.at.is_empty() { "(the whole)" } else { &self.at };
        write!(f, "{at} {}", self.kind.name())
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Where, as a JSON Pointer; of a status or header its name.
    pub at: String,
    /// The same with `*` for every index: differences are gathered by this and `kind`.
    pub cluster: String,
    /// In which way.
    pub kind: Kind,
    /// What legacy says, redacted where it is personal; `None` where it says nothing.
    pub legacy: Option<String>,
    /// What modern says.
    pub modern: Option<String>,
    /// A rule calls the place critical.
    pub critical: bool,
    /// The place is personal: its values are not told.
    #[serde(default)]
    pub personal: bool,
}

impl Difference {
    /// With what it is gathered.
    pub fn cluster(&self) -> Cluster {
        Cluster { at: self.cluster.clone(), kind: self.kind }
    }
}

/// Gathers differences while two documents are walked.
pub(super) struct Walk<'r> {
    pub(super) rules: &'r Rules,
    pub(super) place: Vec<Step>,
    pub(super) found: Vec<Difference>,
    /// All of them, those that were not kept included.
    pub(super) count: u64,
}

impl<'r> Walk<'r> {
    pub(super) fn new(rules: &'r Rules) -> Walk<'r> {
        Walk { rules, place: Vec::new(), found: Vec::new(), count: 0 }
    }

    /// Walks both at the current place.
    pub(super) fn both(&mut self, legacy: &Doc, modern: &Doc) {
        if self.rules.ignores(&self.place) {
            return;
        }
        match (legacy, modern) {
            (Doc::Object(l), Doc::Object(m)) => self.objects(l, m),
            (Doc::List(l), Doc::List(m)) => self.lists(l, m),
            _ if legacy.kind() != modern.kind() => self.differ(Kind::Type, Some(legacy), Some(modern)),
            _ if !self.same(legacy, modern) => self.differ(Kind::Value, Some(legacy), Some(modern)),
            _ => {}
        }
    }

    /// Whether two values of one type, neither holding others, say the same here.
    fn same(&self, legacy: &Doc, modern: &Doc) -> bool {
        legacy == modern
            || match (legacy, modern) {
                (Doc::Number(l), Doc::Number(m)) => self.rules.tolerance(&self.place).is_some_and(|t| l.is_near(m, t)),
                (Doc::Text(l), Doc::Text(m)) => self.rules.opaque(&self.place) || same_instant(l, m),
                _ => false,
            }
    }

    fn objects(&mut self, legacy: &[(String, Doc)], modern: &[(String, Doc)]) {
        for (n, (name, l)) in legacy.iter().enumerate() {
            // Both sides mostly have the same members in the same order.
            let beside = modern.get(n).filter(|(other, _)| other == name);
            let m = beside.or_else(|| modern.iter().find(|(other, _)| other == name)).map(|(_, m)| m);
            self.at(Step::Name(name.clone()), |walk| match m {
                Some(m) => walk.both(l, m),
                None => walk.one(Kind::Missing, l),
            });
        }
        for (n, (name, m)) in modern.iter().enumerate() {
            let known = legacy.get(n).is_some_and(|(l, _)| l == name) || legacy.iter().any(|(l, _)| l == name);
            if !known {
                self.at(Step::Name(name.clone()), |walk| walk.one(Kind::Extra, m));
            }
        }
    }

    /// Something that one side alone has.
    pub(super) fn one(&mut self, kind: Kind, doc: &Doc) {
        if self.rules.ignores(&self.place) {
            return;
        }
        match kind {
            Kind::Missing => self.differ(kind, Some(doc), None),
            _ => self.differ(kind, None, Some(doc)),
        }
    }

    pub(super) fn at(&mut self, step: Step, walk: impl FnOnce(&mut Self)) {
        self.place.push(step);
        walk(self);
        self.place.pop();
    }

    pub(super) fn differ(&mut self, kind: Kind, legacy: Option<&Doc>, modern: Option<&Doc>) {
        self.count += 1;
        // A critical difference is kept in any case: it decides.
        let critical = self.rules.critical(&self.place);
        if self.found.len() >= MOST && !critical {
            return;
        }
        let personal = self.rules.personal(&self.place);
        let shown = |doc: &Doc| if personal { redacted(doc) } else { shown(doc, self.rules, &self.place) };
        self.found.push(Difference {
            at: pointer(&self.place),
            cluster: general(&self.place),
            kind,
            legacy: legacy.map(shown),
            modern: modern.map(shown),
            critical,
            personal,
        });
    }
}

fn same_instant(legacy: &str, modern: &str) -> bool {
    instant(legacy).is_some_and(|l| instant(modern) == Some(l))
}

/// The value for people: as it is, cut. Members of what is shown as a whole are redacted where they are personal.
fn shown(doc: &Doc, rules: &Rules, place: &[Step]) -> String {
    let text = match doc {
        Doc::Text(text) => format!("{text:?}"),
        Doc::Number(number) => number.text().to_owned(),
        whole => normal::readable(whole, rules, &mut place.to_vec()),
    };
    cut(&text)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What may be told of something personal.
pub(super) fn redacted(doc: &Doc) -> String {
    match doc {
        Doc::Text(text) => format!("(string of {} characters)", text.chars().count()),
        Doc::List(items) => format!("(array of {})", items.len()),
        other => format!("({})", other.kind()),
    }
}
