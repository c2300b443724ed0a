//! Datasets that are read and committed as one: `sync: { together: [orders, lines] }`.
//!
//! Invariant: every member knows the whole group, and has the `sync` of the first. Not here: how they are read (`feed`).

use super::spec::{DatasetSpec, Mode};
use banyan_adapter::RawSource;
use banyan_words::Problem;
use std::sync::Arc;

/// Gives the members of each group their `sync`.
pub(super) fn join(raw: &RawSource, all: &mut [Arc<DatasetSpec>], problems: &mut Vec<Problem>) {
    let mut taken: Vec<String> = Vec::new();
    let leaders = all.to_vec();
    for leader in leaders {
        let Some(sync) = leader.sync.as_ref().filter(|s| !s.together.is_empty()) else { continue };
        let Some(at) = raw.datasets.iter().find(|d| d.name == leader.name).map(|d| &d.path) else { continue };
        let at = format!("{at}.sync.together");
        let mut error = |code: &str, message: String, hint: &str| {
            problems.push(Problem::error(code, at.clone(), message).hint(hint));
        };
        if sync.together.first() != Some(&leader.name) || sync.together.len() < 2 {
            let message = format!("the list begins with `{}`, where it stands, and names others after it", leader.name);
            error(
                "bad-value",
                message,
                "write `together: [orders, lines]` at `orders`, and leave `sync` out at `lines`",
            );
            continue;
        }
        for name in &sync.together {
            if taken.contains(name) {
                error("conflict", format!("`{name}` is named twice"), "name each dataset once, in one list");
            }
            taken.push(name.clone());
            let Some(member) = all.iter_mut().find(|d| d.name == *name) else {
                let known = raw.datasets.iter().any(|d| d.name == *name);
                if !known {
                    error(
                        "unknown-dataset",
                        format!("this source has no dataset `{name}`"),
                        "name datasets of this source",
                    );
                }
                continue;
            };
            let own = raw.datasets.iter().find(|d| d.name == *name).is_some_and(|d| d.config.get("sync").is_some());
            if own && *name != leader.name {
                error(
                    "conflict",
                    format!("`{name}` has a `sync` of its own"),
                    "leave it out there: it is read with this one",
                );
            }
            let wraps = !matches!(&member.from, crate::ReadFrom::Query(q) if !q.wraps());
            if sync.mode == Some(Mode::Keyset) && (member.key.is_empty() || !wraps) {
                error(
                    "missing-key",
                    format!("`keyset` needs a key of `{name}`, and a table or view"),
                    "or use `mode: full`",
                );
            }
            let spec = DatasetSpec { sync: Some(sync.clone()), ..DatasetSpec::clone(member) };
            *member = Arc::new(spec);
        }
    }
}
