//! Who calls which route, for people.

use super::moment;
use crate::runtime::consumers::{ALL_FIELDS, Caller, Pair};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Days that are added up.
const DAYS: u32 = 30;

/// A consumer and a route it calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsumerView {
    /// The consumer's name; `anonymous` for all without one, `others` for all that could not be told apart.
    pub consumer: String,
    /// The route's name; where no route leads elsewhere: the collection's path and the operation.
    pub route: String,
    /// When it called first.
    pub first_seen: String,
    /// When it called last.
    pub last_seen: String,
    /// Calls of the last 30 days, by the stage at which the route stood; `facade` where there is no route.
    pub stages: BTreeMap<String, u64>,
    /// Calls of the last 30 days.
    pub calls: u64,
    /// Of them: calls that modern would have had, and legacy answered since modern failed.
    pub fell_back: u64,
    /// Of them: the same since the caller is bound to legacy.
    pub pinned: u64,
    /// Of them: the same since a list went on that legacy had begun.
    pub tokens: u64,
    /// When it was last seen to need legacy so; null: never.
    pub needed_legacy: Option<String>,
    /// Calls by day, UTC, oldest first; days without any are left out.
    pub days: Vec<DayView>,
    /// Fields that were asked for, each with the day on which it was last; `*`: all of them.
    pub fields: BTreeMap<String, String>,
}

/// A day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayView {
    /// The day, UTC.
    pub day: String,
    /// Calls.
    pub calls: u64,
}

impl ConsumerView {
    /// Of what is known.
    pub fn of(caller: &Caller, now_ms: i64) -> ConsumerView {
        let Pair { about, days } = &caller.pair;
        let first = Pair::first_day(now_ms, DAYS);
        let (mut stages, mut needs, mut by_day) = (BTreeMap::new(), [0; 3], BTreeMap::new());
        for ((day, stage), counts) in days {
            *by_day.entry(*day).or_insert(0) += counts.calls;
            if *day >= first {
                *stages.entry(stage.clone()).or_insert(0) += counts.calls;
                needs.iter_mut().zip(counts.needs).for_each(|(sum, n)| *sum += n);
            }
        }
        let [fell_back, pinned, tokens] = needs;
        ConsumerView {
            consumer: caller.consumer.clone(),
            route: caller.route.clone(),
            first_seen: moment(about.first),
            last_seen: moment(about.last),
            calls: stages.values().sum(),
            stages,
            fell_back,
            pinned,
            tokens,
            needed_legacy: about.needed.iter().flatten().max().map(|ms| moment(*ms)),
            days: by_day.into_iter().map(|(day, calls)| DayView { day: date(day), calls }).collect(),
            fields: about.fields.iter().map(|(name, day)| (name.clone(), date(*day))).collect(),
        }
    }

    /// The fields it asks for, in words.
    pub fn fields_told(&self) -> String {
        match self.fields.contains_key(ALL_FIELDS) {
            true => "all".to_owned(),
            false if self.fields.is_empty() => "-".to_owned(),
            false => self.fields.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }

    /// Calls by stage, in words.
    pub fn stages_told(&self) -> String {
        self.stages.iter().map(|(stage, n)| format!("{stage} {n}")).collect::<Vec<_>>().join(", ")
    }
}

fn date(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day.saturating_mul(86_400));
    at.map_or_else(|_| String::new(), |t| t.strftime("%Y-%m-%d").to_string())
}
