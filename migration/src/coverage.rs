//! What comparisons must have shown before a route moves: a thousand answers to one easy question prove little.
//!
//! Invariant: what is wanted comes from the contract (status classes, values of enums), never from what happened to come.

use crate::json::Doc;
use crate::path::{Pattern, Step};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What must be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Status classes: 2 for 200 to 299, 4 for 400 to 499.
    pub classes: BTreeSet<u16>,
    /// Values that stand at a place, for each place of an enum.
    pub values: BTreeMap<Pattern, BTreeSet<String>>,
}

/// What was seen in comparisons that counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    classes: BTreeSet<u16>,
    values: BTreeMap<Pattern, BTreeSet<String>>,
}

impl Coverage {
    /// An answer of legacy that was compared.
    pub fn saw(&mut self, status: u16, body: Option<&Doc>, wanted: &Wanted) {
        self.classes.insert(status / 100);
        if let Some(doc) = body.filter(|_| !wanted.values.is_empty()) {
            self.look(doc, &mut Vec::new(), wanted);
        }
    }

    fn look(&mut self, doc: &Doc, place: &mut Vec<Step>, wanted: &Wanted) {
        match doc {
            Doc::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    place.push(Step::Index(n));
                    self.look(item, place, wanted);
                    place.pop();
                }
            }
            Doc::Object(members) => {
                for (name, member) in members {
                    place.push(Step::Name(name.clone()));
                    self.look(member, place, wanted);
                    place.pop();
                }
            }
            Doc::Text(text) => {
                for (pattern, values) in wanted.values.iter().filter(|(p, _)| p.matches(place)) {
                    // Only what is wanted is kept, so that this stays small.
                    if values.contains(text) {
                        self.values.entry(pattern.clone()).or_default().insert(text.clone());
                    }
                }
            }
            _ => {}
        }
    }

    /// What was not seen, told for people; empty if all was.
    pub fn missing(&self, wanted: &Wanted) -> Vec<String> {
        let classes =
            wanted.classes.difference(&self.classes).map(|c| format!("no answer of status {c}xx was compared"));
        let values = wanted.values.iter().flat_map(|(pattern, values)| {
            let seen = self.values.get(pattern);
            let unseen = values.iter().filter(move |v| seen.is_none_or(|s| !s.contains(*v)));
            unseen.map(move |v| format!("no answer with {pattern} = {v:?} was compared"))
        });
        classes.chain(values).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let pattern: Pattern = "/items/*/category".parse().unwrap();
        let values = ["retail", "trade", "export"].map(String::from).into();
        let wanted = Wanted { classes: [2, 4].into(), values: [(pattern, values)].into() };
        let mut coverage = Coverage::default();
        let doc = Doc::parse(br#"{"items":[{"category":"retail"},{"category":"trade"},{"category":"odd"}]}"#).unwrap();
        coverage.saw(200, Some(&doc), &wanted);
        assert_eq!(
            coverage.missing(&wanted),
            ["no answer of status 4xx was compared", "no answer with /items/*/category = \"export\" was compared"]
        );
        coverage.saw(404, None, &wanted);
        coverage.saw(200, Some(&Doc::parse(br#"{"items":[{"category":"export"}]}"#).unwrap()), &wanted);
        assert!(coverage.missing(&wanted).is_empty());
    }
}
