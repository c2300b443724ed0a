//! Where a route stands, as every thread sees it without a lock.

use banyan_migration::stage::{Stage, Standing};
use banyan_migration::sticky::Weight;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A [`Standing`] that changes while requests look at it.
#[derive(Debug)]
pub(super) struct Cell {
    now: AtomicU64,
    /// Modern answered callers at some time.
    far: AtomicBool,
}

impl Cell {
    pub(super) fn new(standing: Standing) -> Cell {
        Cell { now: AtomicU64::new(pack(standing)), far: AtomicBool::new(standing.stage >= Stage::Canary) }
    }

    /// Whether modern answered callers at some time.
    pub(super) fn went_far(&self) -> bool {
        self.far.load(Ordering::Relaxed)
    }

    /// Says that it did.
    pub(super) fn go_far(&self) {
        self.far.store(true, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Standing {
        unpack(self.now.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, standing: Standing) {
        if standing.stage >= Stage::Canary {
            self.go_far();
        }
        self.now.store(pack(standing), Ordering::Release);
    }
}

/// Weight in the lower half, stage above it, the switch at the top.
fn pack(standing: Standing) -> u64 {
    let stage = Stage::ALL.iter().position(|s| *s == standing.stage).unwrap_or(0) as u64;
    u64::from(standing.weight.as_millionths()) | stage << 32 | u64::from(standing.killed) << 63
}

fn unpack(packed: u64) -> Standing {
    let stage = Stage::ALL.get((packed >> 32 & 0xff) as usize).copied().unwrap_or_default();
    let weight = u32::try_from(packed & 0xffff_ffff).ok().and_then(Weight::millionths).unwrap_or_default();
    Standing { stage, weight, killed: packed >> 63 == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_comes_back() {
        for stage in Stage::ALL {
            for weight in ["0%", "0.0001%", "5%", "100%"] {
                for killed in [false, true] {
                    let standing = Standing { stage, weight: weight.parse().unwrap(), killed };
                    assert_eq!(Cell::new(standing).get(), standing);
                }
            }
        }
    }
}
