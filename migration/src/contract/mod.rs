//! The contract guard: what of a modern service's OpenAPI document would break those who call the facade now.
//!
//! Purpose: [`compare`] looks at the operations that move, in both documents, and tells each [`Difference`] in words.
//! Invariant: pure, and bounded in depth and in steps whatever the documents say; no document panics. What a schema says
//! in a way that is not understood here is told as such, and breaks nothing; what is too large to be looked at does.
//! Not here: where documents come from, what is held back by a difference. Error answers are not compared.

mod bounds;
mod label;
mod operation;
mod parameters;
mod place;
mod resolve;
mod schema;
mod shape;
#[cfg(test)]
mod tests;

use schema::Comparer;
use serde::Serialize;
use serde_json::Value;

/// Differences that are told at most.
const MOST: usize = 500;

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A path is not there.
    RemovedPath,
    /// A path does not offer a method.
    RemovedOperation,
    /// A field is not there.
    RemovedField,
    /// A field of an answer is not always there.
    OptionalField,
    /// A field is new.
    AddedField,
    /// A field of a request is asked for.
    RequiredField,
    /// A parameter is not taken.
    RemovedParameter,
    /// A parameter is asked for.
    RequiredParameter,
    /// A parameter is written another way.
    Style,
    /// A body is not taken.
    RemovedBody,
    /// A body is asked for.
    RequiredBody,
    /// A status of success is not answered.
    RemovedStatus,
    /// A status of success is new.
    AddedStatus,
    /// A media type is not there.
    RemovedMediaType,
    /// An answer's header is not named.
    RemovedHeader,
    /// Enumerated values are new.
    AddedValue,
    /// Enumerated values are not there.
    RemovedValue,
    /// The JSON type is another.
    Type,
    /// The format is another.
    Format,
    /// Null is there, or not taken.
    Nullable,
    /// Bounds are others.
    Bounds,
    /// It is said in a way that cannot be judged.
    NotJudged,
    /// There is too much of it to be looked at.
    TooLarge,
}

/// A difference between the two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Whether callers of the facade may break by it.
    pub breaking: bool,
    /// Its kind.
    pub kind: Kind,
    /// A short id of its name: `#3f2a91c0`.
    pub id: String,
    /// What it is: operation, place and kind. It stays the same while the two sides say the same of it, whatever else is in
    /// their documents: `GET /v1/customers/{id} 200 /credit_limit: type number -> string`.
    pub name: String,
    /// In words.
    pub told: String,
    /// JSON Pointer into the facade's document.
    pub facade: String,
    /// JSON Pointer into modern's: the place, or the nearest one that is there.
    pub modern: String,
    /// Whether it would break, and the configuration accepts it.
    pub accepted: bool,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many operations were compared.
    pub operations: usize,
    /// What differs, in the order of the facade's document.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Those that break callers.
    pub fn breaking(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|d| d.breaking)
    }

    /// Takes these as accepted: by their ids, by their names (`*` stands for anything), or by places of the facade's document
    /// (`*` stands for any one step, `**` at the end for any number of them). Then tells no more than can be read.
    pub fn accept(&mut self, accepted: &[String]) {
        for difference in self.differences.iter_mut().filter(|d| d.breaking) {
            let names = |text: &String| match text.as_bytes().first() {
                Some(b'#') => *text == difference.id,
                Some(b'/') => place::holds(text, &difference.facade),
                _ => label::holds(text, &difference.name),
            };
            if accepted.iter().any(names) {
                difference.breaking = false;
                difference.accepted = true;
            }
        }
        if self.differences.len() > MOST {
            // What breaks must not be cut off behind what does not, and neither behind what is accepted.
            self.differences.sort_by_key(|d| (!d.breaking, !d.accepted));
            self.differences.truncate(MOST);
        }
    }
}

/// Compares the operations of the facade that move with those of modern. `moved` tells of a method (`GET`) and a path of
/// the facade's document the path that modern knows it by; `None`: it does not move.
pub fn compare(facade: &Value, modern: &Value, moved: &dyn Fn(&str, &str) -> Option<String>) -> Report {
    let mut comparer = Comparer::new(facade, modern);
    let operations = operation::compare(&mut comparer, moved);
    Report { operations, differences: comparer.found() }
}
