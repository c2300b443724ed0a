//! What people say of the evidence: verdicts about clusters, and that a score starts again.
//!
//! Invariant: a verdict that is told to be taken is journaled and synced; one that could not be counts for nothing.

use super::{Evidence, rfc3339, unwritable};
use banyan_migration::account::{self, Judgement};
use banyan_store::Result;
use serde::{Deserialize, Serialize};

/// A verdict of a person about a cluster, as it is journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictLine {
    /// When, RFC 3339.
    pub at: String,
    /// The route.
    pub route: String,
    /// The cluster's number.
    pub number: u64,
    /// The cluster, for people.
    pub cluster: String,
    /// What; `None`: it was opened again.
    pub verdict: Option<Judgement>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Evidence {
    /// A person judges a cluster, or opens it again (`None`). Journaled and synced when this returns; where that changes
    /// what counts as a match, the score starts again.
    pub fn judge(
        &self,
        route: &str,
        cluster: u64,
        verdict: Option<Judgement>,
        by: &str,
        reason: &str,
    ) -> std::result::Result<VerdictLine, NotJudged> {
        let (by, reason) = (by.trim(), reason.trim());
        if by.is_empty() || by.chars().count() > 200 || reason.is_empty() || reason.chars().count() > 1_000 {
            let why = "say who judges (up to 200 characters) and why (up to 1,000): the journal keeps it";
            return Err(NotJudged::Bad(why.to_owned()));
        }
        let now_ms = self.0.clock.now_ms();
        let judged = verdict.map(|verdict| account::Judged {
            verdict,
            by: by.to_owned(),
            reason: reason.to_owned(),
            at_ms: now_ms,
        });
        let mut room = self.0.room();
        let found = room.change(route, |a| a.judge(cluster, judged, now_ms))?.map_err(NotJudged::Bad)?;
        let line = VerdictLine {
            at: rfc3339(now_ms),
            route: route.to_owned(),
            number: cluster,
            cluster: found.to_string(),
            verdict,
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        let text = serde_json::to_string(&line).map_err(unwritable)?;
        // A verdict that is not journaled must not count either.
        room.store.add_verdict(route, &line.at, &text).inspect_err(|e| room.back(e))?;
        room.durably(now_ms)?;
        Ok(line)
    }

    /// Verdicts of people, newest first.
    pub fn verdicts(&self, route: Option<&str>, most: usize) -> Result<Vec<VerdictLine>> {
        let rows = self.0.room().store.verdicts(route, None, most)?;
        Ok(rows.iter().filter_map(|r| serde_json::from_str(&r.document).ok()).collect())
    }

    /// A person starts a route's score again: something was mended that no build and no hash tells.
    pub fn restart(&self, route: &str, by: &str, reason: &str) -> Result<()> {
        let now_ms = self.0.clock.now_ms();
        let mut room = self.0.room();
        room.change(route, |a| a.restart(Some(format!("{by}: {reason}")), now_ms))?;
        room.durably(now_ms)
    }
}

/// Why a verdict is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotJudged {
    /// It makes no sense.
    #[error("{0}")]
    Bad(String),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] banyan_store::StoreError),
}
