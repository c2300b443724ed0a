//! Whom it would break if a route were retired.

use super::{Caller, Callers};
use crate::runtime::routes::{Route, StillCalling};

/// Names shown at most.
const SHOWN: usize = 20;

/// Tells who would be broken, by who called of late. Without callers nobody knows, which is no permission.
pub struct Retiring(pub Option<Callers>);

impl StillCalling for Retiring {
    fn broken(&self, route: &Route, days: u32, gone: bool) -> Vec<String> {
        let Some(callers) = &self.0 else { return vec!["nobody knows who, since calls are not counted".to_owned()] };
        let now_ms = callers.now_ms();
        let mut all: Vec<(u64, String)> = Vec::new();
        for caller in callers.look().into_iter().filter(|c| c.route == route.name) {
            let (calls, needs) = caller.pair.since(now_ms, days);
            let count = if gone { calls } else { needs };
            if count > 0 {
                all.push((count, told(&caller, calls, needs, gone)));
            }
        }
        all.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        let more = all.len().saturating_sub(SHOWN);
        let mut told: Vec<String> = all.into_iter().take(SHOWN).map(|(_, text)| text).collect();
        if more > 0 {
            told.push(format!("{more} more"));
        }
        told
    }
}

/// A caller for people.
fn told(caller: &Caller, calls: u64, needs: u64, gone: bool) -> String {
    let about = &caller.pair.about;
    let at =
        |ms: i64| jiff::Timestamp::from_second(ms.div_euclid(1000)).map_or_else(|_| String::new(), |t| t.to_string());
    if gone {
        return format!("`{}` called {calls} times, last at {}", caller.consumer, at(about.last));
    }
    let words = ["modern failed", "it is bound to legacy", "it went on in a list that legacy began"];
    let why: Vec<&str> = words.into_iter().zip(about.needed).filter_map(|(w, last)| last.map(|_| w)).collect();
    let last = about.needed.iter().flatten().max().copied().unwrap_or(about.last);
    format!(
        "`{}` needed legacy for {needs} of its {calls} calls, last at {} ({})",
        caller.consumer,
        at(last),
        why.join("; ")
    )
}
