//! Where problems are gathered while a configuration is compiled.

use crate::draft::Draft;
use crate::model::Catalog;
use banyan_words::problem::nearest;
use banyan_words::{Problem, Severity};

/// Every code `compile` may give, and what it means; formula codes are in `formula`, those of single values in `draft`.
/// Permanent.
pub const CODES: [(&str, &str); 39] = [
    ("authority-missing", "several key spaces feed an entity and none is said to bring instances into being"),
    ("bad-name", "the name cannot stand in an address"),
    ("changed-at-missing", "`owner: latest` needs to know when each record was changed"),
    ("changes-only", "the key means something with `content: changes` only"),
    ("creates-without-authority", "a mapping is to create instances in a key space that is no authority of the entity"),
    ("cycle", "record types stand within each other, or entities are parts of each other, in a circle"),
    ("discarded-column", "a column is used that the dataset discards before anything sees it"),
    ("duplicate-name", "two things have the same name where names must differ"),
    ("example-failed", "an example of a mapping does not come out as it says"),
    ("example-not-run", "an example needs rows of a dataset and cannot be run offline (warning)"),
    ("example-value", "a value of an example cannot be read as its column or field wants it"),
    ("file-unreadable", "a file that the configuration names cannot be read"),
    ("inverse-missing", "two references of one entity point at the same target, and one does not name its other side"),
    ("key-missing", "it is not said which columns identify a record or an instance"),
    ("missing-key", "a key is missing that its neighbours make necessary"),
    ("no-use", "a key has no meaning where it stands"),
    (
        "not-filterable",
        "a filter operator does not suit the type of its field, or cannot be asked of a source that is only read live",
    ),
    ("not-indexed", "lists search by a column that no index begins with (warning)"),
    ("not-sortable", "a field of that type cannot be sorted by"),
    ("owner-missing", "several mappings fill a field and nothing says which one rules"),
    ("owner-silent", "an owner is named that never fills the field"),
    ("record-type-missing", "a mapping names a dataset of several record types, but not which of them"),
    ("required-unfilled", "a required field would be null for instances that some mapping creates"),
    ("reserved-name", "the name has a meaning of its own in the facade"),
    ("snapshot-only", "the key means something with `content: snapshot` only"),
    ("unfed-entity", "no mapping feeds an entity (warning)"),
    ("unfilled-field", "no mapping fills a field (warning)"),
    ("unknown-column", "a column is named that the dataset does not have"),
    ("unknown-dataset", "a dataset is named that no source has"),
    ("unknown-entity", "an entity is named that does not exist"),
    ("unknown-field", "a field is named that the entity does not have"),
    ("unknown-owner", "an owner is named that is neither a source nor a dataset"),
    ("unknown-record-type", "a record type is named that the dataset does not have"),
    ("unknown-space", "a key space is named that no source has"),
    ("unknown-word", "a word is none of those possible here"),
    ("unknown-zone", "a time zone is named that does not exist"),
    ("unsupported", "the key is not carried out by this version"),
    ("wrong-size", "a number is outside of what is possible"),
    ("wrong-type", "a formula gives a value of another type than its place needs"),
];

/// Gathers problems.
pub(super) struct Tell<'d> {
    draft: &'d Draft,
    problems: Vec<Problem>,
}

impl<'d> Tell<'d> {
    pub(super) fn new(draft: &'d Draft) -> Tell<'d> {
        Tell { draft, problems: Vec::new() }
    }

    /// An error, with what to do about it.
    pub(super) fn error(&mut self, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Problem::error(code, path, message).hint(hint));
    }

    /// A warning, with what to do about it.
    pub(super) fn warn(&mut self, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Problem::warning(code, path, message).hint(hint));
    }

    /// A problem made elsewhere. What several parts come upon (a source's zone) is told once.
    pub(super) fn add(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A name that refers to nothing. Silent if what it means was faulty and has been told: `told_at` is its path.
    pub(super) fn unknown<'k>(
        &mut self,
        (code, what): (&str, &str),
        path: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
        told_at: &str,
    ) {
        if !told_at.is_empty() && self.draft.is_left_out(told_at) {
            return;
        }
        let known: Vec<&str> = known.into_iter().collect();
        self.error(code, path, format!("there is no {what} `{name}`"), meant(name, &known));
    }

    /// True if `path`, or what holds it, was faulty and has been told.
    pub(super) fn is_left_out(&self, path: &str) -> bool {
        self.draft.is_left_out(path)
    }

    /// True if something below `path` was faulty and has been told, so that what is missing there is a consequence.
    pub(super) fn is_partial(&self, path: &str) -> bool {
        self.draft.is_left_out(path) || self.draft.left_out.iter().any(|gone| is_under(gone, path))
    }

    /// How many errors were told so far, to see whether a part is sound.
    pub(super) fn warning(&mut self, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Problem::warning(code, path, message).hint(hint));
    }

    pub(super) fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.severity == Severity::Error).count()
    }

    /// The catalog and the warnings, if there was no error.
    pub(super) fn done(self, catalog: Catalog) -> Result<(Catalog, Vec<Problem>), Vec<Problem>> {
        match self.errors() {
            0 => Ok((catalog, self.problems)),
            _ => Err(self.problems),
        }
    }
}

fn is_under(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// A hint for a misspelt name: the one meant, and what there is.
pub(super) fn meant(name: &str, known: &[&str]) -> String {
    const MOST: usize = 20;
    let mut list = known.iter().take(MOST).map(|k| (*k).to_owned()).collect::<Vec<_>>().join(", ");
    if known.len() > MOST {
        list.push_str(", …");
    }
    match nearest(name, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`? there are: {list}"),
        None if known.is_empty() => "there are none at all".to_owned(),
        None => format!("there are: {list}"),
    }
}
