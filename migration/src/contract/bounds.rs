//! Bounds of values, and which of two are narrower.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Keys that bound from above, and those that bound from below, in words.
const UPPER: [(&str, &str); 4] = [
    ("maximum", "highest value"),
    ("maxLength", "longest text"),
    ("maxItems", "most elements"),
    ("maxProperties", "most members"),
];
const LOWER: [(&str, &str); 4] = [
    ("minimum", "lowest value"),
    ("minLength", "shortest text"),
    ("minItems", "fewest elements"),
    ("minProperties", "fewest members"),
];

/// A limit. The second number is 1 where the limit itself is outside.
type Limit = Option<(f64, u8)>;

/// Bounds of one schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds<'a> {
    upper: [Limit; 4],
    lower: [Limit; 4],
    patterns: BTreeSet<&'a str>,
    multiples: BTreeSet<String>,
    unique: bool,
}

/// A bound that differs.
pub(super) enum Differs {
    /// Less is allowed than was.
    Narrower(String),
    /// More is allowed than was.
    Wider(String),
    /// It cannot be told.
    Unclear(String),
}

impl<'a> Bounds<'a> {
    /// Adds those of a schema: all of them hold.
    pub(super) fn add(&mut self, schema: &'a Map<String, Value>) {
        for (n, (key, _)) in UPPER.iter().enumerate() {
            let found = [limit(schema, key, "exclusiveMaximum", n == 0), self.upper.get(n).copied().flatten()];
            let tightest = found.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            if let Some(slot) = self.upper.get_mut(n) {
                *slot = tightest;
            }
        }
        for (n, (key, _)) in LOWER.iter().enumerate() {
            let found = [limit(schema, key, "exclusiveMinimum", n == 0), self.lower.get(n).copied().flatten()];
            let tightest = found.into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // At least nothing bounds nothing.
            if let Some(slot) = self.lower.get_mut(n) {
                *slot = tightest.filter(|l| n == 0 || l.0 > 0.0);
            }
        }
        self.patterns.extend(schema.get("pattern").and_then(Value::as_str));
        self.multiples.extend(schema.get("multipleOf").map(Value::to_string));
        self.unique |= schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or(false);
    }

    /// How `new` differs.
    pub(super) fn against(&self, new: &Bounds<'_>) -> Vec<Differs> {
        let mut found = Vec::new();
        let numbers = UPPER.iter().zip(self.upper.iter().zip(&new.upper)).map(|(k, l)| (k.1, l, 1.0));
        let numbers = numbers.chain(LOWER.iter().zip(self.lower.iter().zip(&new.lower)).map(|(k, l)| (k.1, l, -1.0)));
        for (what, (old, new), sign) in numbers {
            if old == new {
                continue;
            }
            let told = format!("the {what} is {}, was {}", word(*new), word(*old));
            let tight = |l: &Limit| l.map_or(f64::INFINITY, |(v, _)| v * sign);
            let excluded = |l: &Limit| l.map_or(0, |(_, e)| e);
            let narrower = tight(new) < tight(old) || (tight(new) == tight(old) && excluded(new) > excluded(old));
            found.push(if narrower { Differs::Narrower(told) } else { Differs::Wider(told) });
        }
        let old: BTreeSet<String> = self.patterns.iter().map(|p| (*p).to_owned()).collect();
        let patterns: BTreeSet<String> = new.patterns.iter().map(|p| (*p).to_owned()).collect();
        found.extend(sets("pattern", &old, &patterns));
        found.extend(sets("multiple", &self.multiples, &new.multiples));
        match (self.unique, new.unique) {
            (false, true) => found.push(Differs::Narrower("elements must all be different now".to_owned())),
            (true, false) => found.push(Differs::Wider("elements may be equal now".to_owned())),
            _ => {}
        }
        found
    }
}

fn sets(what: &str, old: &BTreeSet<String>, new: &BTreeSet<String>) -> Option<Differs> {
    let list = |set: &BTreeSet<String>| set.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(" and ");
    let told = match (old.is_empty(), new.is_empty()) {
        _ if old == new => return None,
        (true, _) => format!("the {what} {} is asked for", list(new)),
        (_, true) => format!("the {what} {} is gone", list(old)),
        _ => format!("the {what} is {}, was {}", list(new), list(old)),
    };
    Some(match (new.is_superset(old), old.is_superset(new)) {
        (true, _) => Differs::Narrower(told),
        (_, true) => Differs::Wider(told),
        _ => Differs::Unclear(told),
    })
}

/// A limit, where `exclusive` is a flag beside it (OpenAPI 3.0) or a limit itself (3.1).
fn limit(schema: &Map<String, Value>, key: &str, exclusive: &str, numbers: bool) -> Limit {
    let plain = schema.get(key).and_then(Value::as_f64);
    let beside = schema.get(exclusive).filter(|_| numbers);
    match (plain, beside) {
        (Some(v), Some(Value::Bool(true))) => Some((v, 1)),
        (None, Some(Value::Number(n))) => n.as_f64().map(|v| (v, 1)),
        (Some(v), Some(Value::Number(n))) => {
            let other = n.as_f64().unwrap_or(v);
            let outside = if exclusive.ends_with("Maximum") { other <= v } else { other >= v };
            Some(if outside { (other, 1) } else { (v, 0) })
        }
        (plain, _) => plain.map(|v| (v, 0)),
    }
}

fn word(limit: Limit) -> String {
    match limit {
        None => "without limit".to_owned(),
        Some((value, 0)) => value.to_string(),
        Some((value, _)) => format!("{value} (itself excluded)"),
    }
}
