//! A route's keys about moving by itself: what is asked before it goes on, and whether it comes back.

use crate::account::DWELL_MS;
use crate::score::Policy;
use banyan_words::node::{Dur, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is asked before a route moves on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PromoteConfig {
    /// The parity hoped for. Default: 99.9%.
    pub parity: Option<Percent>,
    /// The parity that must not pass. Default: 99.5%.
    pub against: Option<Percent>,
    /// How probable it may be that a route of that parity is promoted. Default: 1%.
    pub alpha: Option<Percent>,
    /// Whether it moves on by itself. Default: no.
    pub auto: bool,
    /// How long it stays where it is at least before it moves on by itself. Default: 1h.
    pub dwell: Option<Dur>,
}

impl PromoteConfig {
    /// How long it stays where it is, in milliseconds.
    pub fn dwell_ms(&self) -> i64 {
        self.dwell.map_or(DWELL_MS, |d| i64::try_from(d.0.as_millis()).unwrap_or(i64::MAX))
    }

    /// The policy.
    pub fn policy(&self) -> Policy {
        let or = |percent: Option<Percent>, default: f64| {
            percent.and_then(|p| p.fraction().to_string().parse().ok()).unwrap_or(default)
        };
        let default = Policy::default();
        Policy {
            parity: or(self.parity, default.parity),
            against: or(self.against, default.against),
            alpha: or(self.alpha, default.alpha),
        }
    }
}

/// Whether a route comes back by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RollbackConfig {
    /// Default: yes.
    pub auto: bool,
}

impl Default for RollbackConfig {
    fn default() -> RollbackConfig {
        RollbackConfig { auto: true }
    }
}
