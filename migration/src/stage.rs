//! Who answers a request at each stage of its route, and what runs beside.

use crate::sticky::{Point, Weight};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How far a route has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Legacy answers.
    #[default]
    Legacy,
    /// Legacy answers; a sample is asked of modern afterwards, and compared.
    Shadow,
    /// A share of callers is answered by modern; a sample of both is compared.
    Canary,
    /// Modern answers; a sample is asked of legacy afterwards, and compared.
    Modern,
    /// Modern alone.
    Retired,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 5] = [Stage::Legacy, Stage::Shadow, Stage::Canary, Stage::Modern, Stage::Retired];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Legacy => "legacy",
            Stage::Shadow => "shadow",
            Stage::Canary => "canary",
            Stage::Modern => "modern",
            Stage::Retired => "retired",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Stage, String> {
        let found = Stage::ALL.into_iter().find(|s| s.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a stage\nstages are legacy, shadow, canary, modern, retired"))
    }
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The legacy system, or Banyan's facade over it.
    Legacy,
    /// The modern service.
    Modern,
}

impl Side {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Side::Legacy => "legacy",
            Side::Modern => "modern",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Legacy => Side::Modern,
            Side::Modern => Side::Legacy,
        }
    }
}

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Safe (RFC 9110, 9.2.1): GET, HEAD, OPTIONS.
    Read,
    /// Anything else. It is sent once, to one side.
    Write,
}

/// Where a route stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its stage.
    pub stage: Stage,
    /// In canary: the share that modern answers.
    pub weight: Weight,
    /// A person pulled the kill switch: legacy answers, nothing is asked of modern, whatever the stage.
    pub killed: bool,
}

impl Standing {
    /// Whether a side is asked beside the one that answers.
    pub fn mirrors(self) -> bool {
        !self.killed && matches!(self.stage, Stage::Shadow | Stage::Canary | Stage::Modern)
    }
}

/// What a step leaves out of the way there is, in words; `None`: it takes its turn. `writes`: requests of the route change
/// something, so that modern has to have answered some before it answers all; nothing else shows whether it can.
pub fn left_out(from: Standing, to: Standing, writes: bool) -> Option<&'static str> {
    match to.stage {
        _ if to.killed => None,
        Stage::Retired if from.stage != Stage::Modern => {
            Some("a route is retired from `modern`, where it shows who still needs legacy: set it to `modern` first")
        }
        Stage::Modern if writes && from.stage < Stage::Canary => {
            Some("a write goes from legacy to modern by canary only: set it to `canary` first")
        }
        _ => None,
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stage.fmt(f)?;
        if self.stage == Stage::Canary {
            write!(f, " at {}", self.weight)?;
        }
        if self.killed { f.write_str(", switched off: legacy answers") } else { Ok(()) }
    }
}

/// Who answers, and what is done beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who answers.
    pub answers: Side,
    /// Whom a sample is asked of afterwards, to be compared. Never for a write.
    pub beside: Option<Side>,
    /// If modern fails before it answered, legacy answers the same request. Never for a write.
    pub falls_back: bool,
}

/// Who answers a request of a caller at `point`, whom a header or the configuration may have `sent` to one side. The point
/// is asked for where it decides: making one costs a hash.
pub fn way(standing: Standing, access: Access, point: impl FnOnce() -> Point, sent: Option<Side>) -> Way {
    let read = access == Access::Read;
    let legacy_alone = Way { answers: Side::Legacy, beside: None, falls_back: false };
    if standing.killed {
        return legacy_alone;
    }
    let with = |answers: Side| Way {
        answers,
        beside: read.then_some(answers.other()),
        falls_back: read && answers == Side::Modern,
    };
    match standing.stage {
        Stage::Legacy => legacy_alone,
        // A write goes from legacy to modern by canary only: it is never sent twice.
        Stage::Shadow => with(Side::Legacy),
        Stage::Canary => {
            let chosen = || if standing.weight.holds(point()) { Side::Modern } else { Side::Legacy };
            with(sent.unwrap_or_else(chosen))
        }
        Stage::Modern => with(Side::Modern),
        Stage::Retired => Way { answers: Side::Modern, beside: None, falls_back: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sticky::point;

    #[test]
    fn a_write_is_never_sent_twice() {
        for stage in Stage::ALL {
            for weight in [Weight::NONE, Weight::ALL] {
                for killed in [false, true] {
                    for sent in [None, Some(Side::Legacy), Some(Side::Modern)] {
                        let standing = Standing { stage, weight, killed };
                        let way = way(standing, Access::Write, || point("r", "w"), sent);
                        assert_eq!((way.beside, way.falls_back), (None, false), "{standing:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_kill_switch_works_at_every_stage_and_asks_modern_nothing() {
        for stage in Stage::ALL {
            let standing = Standing { stage, weight: Weight::ALL, killed: true };
            let way = way(standing, Access::Read, || point("r", "w"), Some(Side::Modern));
            assert_eq!(way, Way { answers: Side::Legacy, beside: None, falls_back: false }, "{stage}");
        }
    }

    #[test]
    fn each_stage_has_its_way() {
        let told = |stage, weight| {
            let way = way(Standing { stage, weight, killed: false }, Access::Read, || point("r", "w"), None);
            (way.answers, way.beside, way.falls_back)
        };
        assert_eq!(told(Stage::Legacy, Weight::ALL), (Side::Legacy, None, false));
        assert_eq!(told(Stage::Shadow, Weight::ALL), (Side::Legacy, Some(Side::Modern), false));
        assert_eq!(told(Stage::Canary, Weight::NONE), (Side::Legacy, Some(Side::Modern), false));
        assert_eq!(told(Stage::Canary, Weight::ALL), (Side::Modern, Some(Side::Legacy), true));
        assert_eq!(told(Stage::Modern, Weight::NONE), (Side::Modern, Some(Side::Legacy), true));
        assert_eq!(told(Stage::Retired, Weight::NONE), (Side::Modern, None, false));
    }
}
