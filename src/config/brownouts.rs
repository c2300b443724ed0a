//! The section `brownouts:`, checked against consumers and entities.
//!
//! Invariant: a field that would be left out of nothing is told, as is a time that will never come.
//! Not here: leaving it out (`http`).

use banyan_migration::consumer::Consumers;
use banyan_model::draft::{Draft, Weekly};
use banyan_model::model::{Catalog, EntityNo};
use banyan_words::Problem;
use banyan_words::node::{join, read};
use banyan_words::problem::nearest;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

/// For a consumer a field is left out at these times, so that it is noticed before the field ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Brownout")]
pub(super) struct BrownoutConfig {
    /// The consumer's name; `anonymous` means all callers without one.
    consumer: String,
    /// The collection: `/v1/customers`.
    path: String,
    /// The field.
    field: String,
    /// When: `Mon 09:00-10:00`, or `09:00-10:00` for every day.
    at: Vec<Weekly>,
    /// The zone of these times. Default: UTC.
    zone: Option<String>,
    /// The last day, such as 2027-06-30.
    until: String,
}

/// A field that a consumer goes without for a while, checked.
#[derive(Clone, Debug)]
pub struct BuiltBrownout {
    /// The consumer's place. `None`: all callers without a name.
    pub consumer: Option<usize>,
    /// The entity of the collection.
    pub entity: EntityNo,
    /// The field's place.
    pub field: usize,
    /// The field's name.
    pub name: String,
    /// When.
    pub at: Vec<Weekly>,
    /// In that zone.
    pub zone: TimeZone,
    /// On this day for the last time.
    pub until: Date,
}

/// Reads the section. Without a catalog (it has errors of its own) paths and fields are not judged.
pub(super) fn read_all(
    draft: &Draft,
    consumers: &Consumers,
    catalog: Option<&Catalog>,
    problems: &mut Vec<Problem>,
) -> Vec<BuiltBrownout> {
    let mut built = Vec::new();
    for part in &draft.brownouts {
        match read::<BrownoutConfig>(&part.body, &part.path) {
            Ok(config) => built.extend(check(&config, &part.path, draft, consumers, catalog, problems)),
            Err(found) => problems.extend(found),
        }
    }
    built
}

fn check(
    config: &BrownoutConfig,
    at: &str,
    draft: &Draft,
    consumers: &Consumers,
    catalog: Option<&Catalog>,
    problems: &mut Vec<Problem>,
) -> Option<BuiltBrownout> {
    let before = problems.len();
    let mut tell = |code: &str, key: &str, message: String, hint: String| {
        problems.push(Problem::error(code, join(at, key), message).hint(hint));
    };
    let consumer = consumers.names().iter().position(|n| *n == config.consumer);
    let declared = draft.consumers.iter().any(|c| c.name == config.consumer);
    if !declared && config.consumer != banyan_migration::consumer::ANONYMOUS {
        let names = consumers.names().iter().map(String::as_str);
        let hint = match nearest(&config.consumer, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "declare it under `consumers`".to_owned(),
        };
        tell("unknown-consumer", "consumer", format!("there is no consumer `{}`", config.consumer), hint);
    }
    let zone = match config.zone.as_deref() {
        None => Some(TimeZone::UTC),
        Some(name) => TimeZone::get(name).ok(),
    };
    if zone.is_none() {
        let message = format!("there is no time zone `{}`", config.zone.as_deref().unwrap_or_default());
        tell("unknown-zone", "zone", message, "write it as Europe/London".to_owned());
    }
    let until = config.until.parse::<Date>().ok();
    if until.is_none() {
        tell("bad-day", "until", "not a day".to_owned(), "write it as 2027-06-30".to_owned());
    }
    if config.at.is_empty() {
        tell("never", "at", "it has no time".to_owned(), "write `at: [\"Mon 09:00-10:00\"]`".to_owned());
    }
    let mut place = None;
    if let Some(catalog) = catalog {
        let plural = config.path.strip_prefix("/v1/").unwrap_or_default();
        let entity = catalog.entities.iter().position(|e| e.plural == plural);
        match entity.and_then(|no| Some((no, catalog.entities.get(no)?))) {
            Some((no, e)) => match e.field(&config.field) {
                Some((field, _)) => place = Some((no, field)),
                None => {
                    let names = e.fields.iter().map(|f| f.name.as_str());
                    let list = names.clone().collect::<Vec<_>>().join(", ");
                    let meant = nearest(&config.field, names).map(|m| format!("did you mean `{m}`? "));
                    let message = format!("{plural} have no field `{}`", config.field);
                    tell("unknown-field", "field", message, format!("{}fields are: {list}", meant.unwrap_or_default()));
                }
            },
            None => {
                let names = catalog.entities.iter().map(|e| e.plural.as_str());
                let list = names.clone().map(|n| format!("/v1/{n}")).collect::<Vec<_>>().join(", ");
                let meant = nearest(plural, names).map(|m| format!("did you mean `/v1/{m}`? "));
                let message =
                    format!("`{}` is no collection of the facade, and only there fields are left out", config.path);
                tell("unknown-path", "path", message, format!("{}collections are: {list}", meant.unwrap_or_default()));
            }
        }
    }
    if problems.len() > before {
        return None;
    }
    let ((entity, field), zone, until) = (place?, zone?, until?);
    let (name, at) = (config.field.clone(), config.at.clone());
    Some(BuiltBrownout { consumer, entity, field, name, at, zone, until })
}
