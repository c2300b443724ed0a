//! Paths into a tree: `sources.crm.datasets.contacts.key[0]`.
//!
//! A key may itself hold dots (`also: { aw.person: […] }`): finding tries every key that fits, longest first.

use super::{Key, Kind, Node};
use crate::{Problem, Spot};

/// `path` and a key under it.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// `path` and the position of an item under it.
pub fn join_index(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

impl Node {
    /// The node at `path`.
    pub fn find(&self, path: &str) -> Option<&Node> {
        walk(self, None, path).and_then(|found| found.rest.is_empty().then_some(found.node))
    }

    /// Where `path` stands; where it does not exist, the nearest part above it that does. A list or a map is shown
    /// by its key. `None` if that place is not known.
    pub fn spot_of(&self, path: &str) -> Option<Spot> {
        self.spot_within(path, None)
    }

    /// As [`Node::spot_of`], `within` bytes into the scalar there. Exact for what stands on one line without escapes.
    pub fn spot_within(&self, path: &str, within: Option<usize>) -> Option<Spot> {
        let found = walk(self, None, path)?;
        let mut spot = match (&found.node.kind, found.key) {
            (Kind::Scalar { text, .. }, Some(key)) if text.is_empty() => key.spot.clone(),
            (Kind::Scalar { text, plain, secret }, _) => {
                let mut spot = found.node.spot.clone();
                if let (Some(head), false, true) = (within.and_then(|n| text.get(..n)), secret, spot.column > 0) {
                    let chars = u32::try_from(head.chars().count()).unwrap_or(0);
                    spot.column = spot.column.saturating_add(chars).saturating_add(u32::from(!plain));
                }
                spot
            }
            (_, Some(key)) => key.spot.clone(),
            (_, None) => found.node.spot.clone(),
        };
        if spot.line == 0 {
            return None;
        }
        spot.column = spot.column.max(1);
        Some(spot)
    }

    /// Gives every problem that has none its spot.
    pub fn locate(&self, problems: &mut [Problem]) {
        for p in problems.iter_mut().filter(|p| p.spot.is_none()) {
            p.spot = self.spot_within(&p.path, p.within);
        }
    }
}

/// How far a path led: the node reached, the key it stands under, and what of the path is left.
struct Found<'n, 'p> {
    node: &'n Node,
    key: Option<&'n Key>,
    rest: &'p str,
}

/// Follows `path` as far as it leads.
fn walk<'n, 'p>(node: &'n Node, key: Option<&'n Key>, path: &'p str) -> Option<Found<'n, 'p>> {
    let here = Found { node, key, rest: path };
    if path.is_empty() {
        return Some(here);
    }
    let mut best = here;
    match &node.kind {
        Kind::Map(entries) => {
            let path = path.strip_prefix('.').unwrap_or(path);
            for (k, child) in entries {
                let Some(rest) = path.strip_prefix(k.text.as_str()) else { continue };
                if rest.is_empty() || rest.starts_with(['.', '[']) {
                    keep_deeper(&mut best, walk(child, Some(k), rest));
                }
            }
        }
        Kind::List(items) => {
            let index = path.strip_prefix('[').and_then(|p| p.split_once(']'));
            if let Some((i, rest)) = index
                && let Some(child) = i.parse().ok().and_then(|i: usize| items.get(i))
            {
                // An item has no key of its own; its list's would point too far up.
                keep_deeper(&mut best, walk(child, None, rest));
            }
        }
        Kind::Scalar { .. } => {}
    }
    Some(best)
}

fn keep_deeper<'n, 'p>(best: &mut Found<'n, 'p>, other: Option<Found<'n, 'p>>) {
    if let Some(other) = other
        && other.rest.len() < best.rest.len()
    {
        *best = other;
    }
}
