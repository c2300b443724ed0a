//! The steps of a route that moves by itself.
//!
//! Invariant: each step is one stage, or one share of the canary, and a way back always ends where legacy answers.

use crate::stage::{Stage, Standing};
use crate::sticky::Weight;

/// Shares of the canary, in millionths; the first one is the route's own.
const SHARES: [u32; 4] = [50_000, 250_000, 500_000, 1_000_000];

/// The next step forward; `None` where only a person goes further: into the shadow, and from `modern` to `retired`.
pub fn next(standing: Standing, first: Weight) -> Option<Standing> {
    let at = |stage, weight| Some(Standing { stage, weight, killed: false });
    match standing.stage {
        _ if standing.killed => None,
        Stage::Legacy | Stage::Modern | Stage::Retired => None,
        Stage::Shadow => at(Stage::Canary, first),
        Stage::Canary => {
            let greater = SHARES.iter().filter_map(|m| Weight::millionths(*m)).find(|w| *w > standing.weight);
            match greater {
                Some(weight) if weight < Weight::ALL => at(Stage::Canary, weight),
                _ => at(Stage::Modern, Weight::NONE),
            }
        }
    }
}

/// Where a route goes back to: into the shadow, so that it is seen whether the fault is mended; to `legacy` where it has
/// nothing that can be mirrored. `None` where legacy answers already.
pub fn back(standing: Standing, writes_only: bool) -> Option<Standing> {
    let stage = if writes_only { Stage::Legacy } else { Stage::Shadow };
    let moved = !standing.killed && matches!(standing.stage, Stage::Canary | Stage::Modern);
    moved.then_some(Standing { stage, weight: Weight::NONE, killed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_way_and_back() {
        let first: Weight = "1%".parse().unwrap();
        let mut standing = Standing { stage: Stage::Shadow, ..Standing::default() };
        let mut way = Vec::new();
        while let Some(further) = next(standing, first) {
            standing = further;
            way.push((standing.stage, standing.weight.to_string()));
        }
        let canary = |w: &str| (Stage::Canary, w.to_owned());
        let modern = (Stage::Modern, "0%".to_owned());
        assert_eq!(way, [canary("1%"), canary("5%"), canary("25%"), canary("50%"), modern]);
        assert_eq!(back(standing, false).map(|s| s.stage), Some(Stage::Shadow));
        assert_eq!(back(standing, true).map(|s| s.stage), Some(Stage::Legacy));
        for stage in [Stage::Legacy, Stage::Shadow, Stage::Retired] {
            assert_eq!(back(Standing { stage, ..Standing::default() }, false), None);
        }
        assert_eq!(next(Standing { killed: true, ..standing }, first), None);
    }
}
