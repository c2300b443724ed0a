//! A route's keys, checked.

use super::{OnlyConfig, PathPattern, PromoteConfig, RollbackConfig};
use crate::compare::{Rules, Tolerance};
use crate::path::Pattern;
use crate::stage::{Side, Stage, Standing};
use crate::sticky::Weight;
use banyan_words::Problem;
use banyan_words::node::{Dur, Named, Percent, Size, join};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A path, and where it is on its way from legacy to modern.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// The paths: `/v1/customers`, `/accounts/{id}`, `/accounts/**`.
    pub path: String,
    /// Which methods; default: all. Reads and writes of one path may be two routes at two stages.
    #[serde(default)]
    pub methods: Vec<String>,
    /// For which requests; default: all. Others go to the next route of their path.
    #[serde(default)]
    pub only: OnlyConfig,
    /// Of an entity's path: which of its operations move. Default: `list` and `get`.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// The upstream that answers until it moved. Without it: Banyan's own facade.
    #[serde(default)]
    pub legacy: Option<String>,
    /// The upstream it moves to.
    #[serde(default)]
    pub modern: Option<String>,
    /// Its first stage; afterwards the journal rules. Default: `legacy`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub stage: Stage,
    /// The path that legacy knows it by, where it is another: this stands in place of the route's literal beginning.
    #[serde(default)]
    pub legacy_path: Option<String>,
    /// The path that modern knows it by.
    #[serde(default)]
    pub modern_path: Option<String>,
    /// The largest body of a request. Default: none; bodies stream and are not kept.
    #[serde(default)]
    pub largest_body: Option<Size>,
    /// Reads that modern answers with 502, 503 or 504 are answered by legacy too, not only those it does not answer at
    /// all. Default: no.
    #[serde(default)]
    pub fallback: bool,
    /// How requests are mirrored.
    #[serde(default)]
    pub shadow: ShadowConfig,
    /// Who goes to modern first.
    #[serde(default)]
    pub canary: CanaryConfig,
    /// What of two answers may differ.
    #[serde(default)]
    pub compare: CompareConfig,
    /// What is asked before it moves on.
    #[serde(default)]
    pub promote: PromoteConfig,
    /// Whether it comes back by itself.
    #[serde(default)]
    pub rollback: RollbackConfig,
    /// How ids of modern are found, where it numbers differently.
    #[serde(default)]
    pub ids: Option<IdsConfig>,
    /// Whether requests are kept, to be asked again of both sides: `{ sample: 10%, keep: 64MiB, query: [token] }`.
    #[serde(default)]
    pub capture: Option<CaptureConfig>,
    /// The day from which it is deprecated (`Deprecation`, RFC 9745).
    #[serde(default)]
    pub deprecated: Option<String>,
    /// The day on which it ends (`Sunset`, RFC 8594).
    #[serde(default)]
    pub sunset: Option<String>,
    /// Where people read about it: an address, or a path here. Told as `Link` beside these headers.
    #[serde(default)]
    pub notice: Option<String>,
}

/// An operation of an entity's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    /// The list.
    List,
    /// One by its id.
    Get,
    /// One by a key (`:lookup`).
    Lookup,
    /// The change feed.
    Changes,
    /// Where values came from.
    Lineage,
    /// Sub-collections.
    Children,
}

impl Move {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Move::List => "list",
            Move::Get => "get",
            Move::Lookup => "lookup",
            Move::Changes => "changes",
            Move::Lineage => "lineage",
            Move::Children => "children",
        }
    }
}

/// How requests are mirrored.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShadowConfig {
    /// Which share of requests. Default: 100%.
    pub sample: Option<Percent>,
    /// How many may wait; beyond that they are counted and dropped. Default: 1000.
    pub queue: Option<usize>,
    /// How many are sent at once. Default: 16.
    pub concurrency: Option<usize>,
    /// The largest body that is compared. Default: 1MiB.
    pub body: Option<Size>,
    /// How long one may take. Default: 5s.
    pub timeout: Option<Dur>,
}

/// Who goes to modern first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryConfig {
    /// The share that modern answers when the stage begins. Default: 5%.
    #[schemars(with = "Option<String>")]
    pub weight: Option<Weight>,
    /// By what callers are told apart: `consumer`, `entity`, `header X-Consumer`, `cookie sid`. Default: `consumer`.
    #[schemars(with = "Option<String>")]
    pub by: Option<By>,
    /// Consumers that go to one side whatever the share: `{ shop: modern, payroll: legacy }`.
    pub pin: BTreeMap<String, Side>,
}

/// By what callers are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum By {
    /// Their name.
    Consumer,
    /// The id that is asked for.
    Entity,
    /// A header's value.
    Header(String),
    /// A cookie's value.
    Cookie(String),
}

impl TryFrom<String> for By {
    type Error = String;

    fn try_from(text: String) -> Result<By, String> {
        let token = |name: &str| {
            let name = name.trim();
            let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            good.then(|| name.to_ascii_lowercase())
        };
        match text.split_once(' ').map_or((text.as_str(), None), |(word, name)| (word, Some(name))) {
            ("consumer", None) => return Ok(By::Consumer),
            ("entity", None) => return Ok(By::Entity),
            ("header", Some(name)) => {
                if let Some(name) = token(name) {
                    return Ok(By::Header(name));
                }
            }
            ("cookie", Some(name)) if token(name).is_some() => return Ok(By::Cookie(name.trim().to_owned())),
            _ => {}
        }
        Err(format!("`{text}` tells nobody apart\nwrite consumer, entity, `header X-Consumer` or `cookie sid`"))
    }
}

/// What of two answers may differ. Places are JSON Pointers in which `*` stands for any step.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CompareConfig {
    /// Places that are not compared.
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Pattern>,
    /// Arrays whose order does not count.
    #[schemars(with = "Vec<String>")]
    pub unordered: Vec<Pattern>,
    /// Numbers that may differ by so much.
    #[schemars(with = "BTreeMap<String, String>")]
    pub tolerance: BTreeMap<Pattern, Tolerance>,
    /// Places where one difference holds promotion back until a person has judged it.
    #[schemars(with = "Vec<String>")]
    pub critical: Vec<Pattern>,
    /// Places whose values are never kept. Fields that an entity calls `personal` are added.
    #[schemars(with = "Vec<String>")]
    pub personal: Vec<Pattern>,
    /// Headers that are compared besides `content-type` and `location`.
    pub headers: Vec<String>,
    /// The header by which modern tells its build, such as `X-Build`: another build starts the evidence again.
    pub build: Option<String>,
    /// The share of requests for which legacy is asked twice, to find where it disagrees with itself. Default: 2%.
    pub double_read: Option<Percent>,
}

impl CompareConfig {
    /// The rules.
    pub fn rules(&self) -> Rules {
        Rules {
            ignore: self.ignore.clone(),
            unordered: self.unordered.clone(),
            tolerance: self.tolerance.clone(),
            critical: self.critical.clone(),
            personal: self.personal.clone(),
            opaque: Vec::new(),
            headers: self.headers.iter().map(|h| h.to_ascii_lowercase()).collect(),
        }
    }
}

/// How requests are kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureConfig {
    /// Which share of requests. Default: 10%.
    pub sample: Option<Percent>,
    /// How much is kept of the route; the oldest make room. Default: 64MiB.
    pub keep: Option<Size>,
    /// Query parameters whose values are never written. Filters by an entity's `personal` fields are added.
    pub query: Vec<String>,
}

impl CaptureConfig {
    /// Whether a request is one of the sample; `roll` is anything below a million, each as likely.
    pub fn takes(&self, roll: u64) -> bool {
        match self.sample {
            Some(share) => !share.exceeded_by(roll + 1, 1_000_000),
            None => roll < 100_000,
        }
    }
}

/// How ids of modern are found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdsConfig {
    /// The key space in which modern numbers.
    pub space: String,
    /// Where ids stand in its answers.
    #[schemars(with = "Vec<String>")]
    pub at: Vec<Pattern>,
}

const METHODS: [&str; 8] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"];

impl RouteConfig {
    /// What tells it from every other route: its path, then its methods, its operations and what it asks for, where it
    /// names some. The journal knows it by this.
    pub fn name(&self) -> String {
        let mut methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
        let mut moves: Vec<&str> = self.moves.iter().map(|m| m.name()).collect();
        let lists = [&mut methods, &mut moves].map(|words| {
            words.sort_unstable();
            words.dedup();
            words.join(",")
        });
        let words = std::iter::once(self.path.clone()).chain(lists).chain(self.only.words());
        words.filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Whether none of its methods is safe: nothing of it can be mirrored, so it moves by canary only.
    pub fn writes_only(&self) -> bool {
        !self.methods.is_empty() && !["GET", "HEAD", "OPTIONS"].iter().any(|m| self.takes(m))
    }

    /// Whether requests of it may change something. One that moves operations of an entity has reads alone: the facade
    /// has no others.
    pub fn takes_writes(&self, of_entity: bool) -> bool {
        let writes = |m: &String| !matches!(m.as_str(), "GET" | "HEAD" | "OPTIONS");
        !of_entity && (self.methods.is_empty() || self.methods.iter().any(writes))
    }

    /// The share that modern answers when its canary begins.
    pub fn first_weight(&self) -> Weight {
        self.canary.weight.unwrap_or_else(|| Weight::millionths(50_000).unwrap_or_default())
    }

    /// Where it stands as long as nobody has decided anything.
    pub fn first_standing(&self) -> Standing {
        let weight = if self.stage == Stage::Canary { self.first_weight() } else { Weight::NONE };
        Standing { stage: self.stage, weight, killed: false }
    }

    /// Whether that operation of an entity's path moves with it.
    pub fn moves_with(&self, what: Move) -> bool {
        if self.moves.is_empty() { matches!(what, Move::List | Move::Get) } else { self.moves.contains(&what) }
    }

    /// Whether it answers that method.
    pub fn takes(&self, method: &str) -> bool {
        // HEAD goes where GET goes: it is the same answer without its body.
        self.methods.is_empty()
            || self.methods.iter().any(|m| m == method)
            || (method == "HEAD" && self.methods.iter().any(|m| m == "GET"))
    }

    /// Checks it alone, offline; `at` is where it stands, `upstreams` what there is.
    pub fn check<T>(&self, at: &str, upstreams: &Named<T>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Err(why) = self.path.parse::<PathPattern>() {
            problems.push(told("bad-path", join(at, "path"), &why));
        }
        for method in self.methods.iter().filter(|m| !METHODS.contains(&m.as_str())) {
            let message = format!("`{method}` is not a method that can be routed");
            problems.push(
                Problem::error("bad-method", join(at, "methods"), message)
                    .hint(format!("write {}", METHODS.join(", "))),
            );
        }
        problems.extend(self.only.check(&join(at, "only")));
        for (key, name) in [("legacy", &self.legacy), ("modern", &self.modern)] {
            let Some(name) = name else { continue };
            if upstreams.get(name).is_none() {
                let meant = banyan_words::problem::nearest(name, upstreams.names());
                let hint = meant.map_or("declare it under `upstreams`".to_owned(), |m| format!("did you mean `{m}`?"));
                let message = format!("there is no upstream `{name}`");
                problems.push(Problem::error("unknown-upstream", join(at, key), message).hint(hint));
            }
        }
        if self.modern.is_none() && self.stage != Stage::Legacy {
            let message = format!("the stage `{}` needs a modern side", self.stage);
            problems.push(Problem::error("no-modern-side", join(at, "stage"), message).hint("name it with `modern`"));
        }
        if self.modern.is_none() && self.legacy.is_none() {
            let hint = "name an upstream with `legacy` or `modern`";
            problems.push(Problem::error("route-to-nowhere", at, "the route leads nowhere").hint(hint));
        }
        if self.writes_only() && self.stage == Stage::Shadow {
            let message = "a write is never sent twice, so nothing of this route can be mirrored";
            let hint = "it goes from legacy to modern by canary only";
            problems.push(Problem::error("no-shadow-for-writes", join(at, "stage"), message).hint(hint));
        }
        if let Err(why) = self.promote.policy().check() {
            problems.push(told("bad-policy", join(at, "promote"), &why.to_string()));
        }
        if let Some(notice) = &self.notice {
            let begins = ["https://", "http://", "/"].iter().any(|b| notice.starts_with(b));
            if !begins || !notice.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\".contains(&b)) {
                let problem = Problem::error("bad-address", join(at, "notice"), "nobody could follow that address");
                problems.push(problem.hint("write it as https://example.com/changes, or /docs/"));
            } else if self.deprecated.is_none() && self.sunset.is_none() {
                let message = "nothing is announced: the route has no `deprecated` and no `sunset`";
                problems.push(Problem::error("no-farewell", join(at, "notice"), message).hint("leave it out"));
            }
        }
        if let (Some(from), Some(end)) = (day(&self.deprecated), day(&self.sunset))
            && end < from
        {
            let message = "it would end before it is deprecated";
            problems.push(
                Problem::error("bad-day", join(at, "sunset"), message).hint("a route ends after its deprecation"),
            );
        }
        for (key, day) in [("deprecated", &self.deprecated), ("sunset", &self.sunset)] {
            if day.as_ref().is_some_and(|d| d.parse::<jiff::civil::Date>().is_err()) {
                problems.push(Problem::error("bad-day", join(at, key), "not a day").hint("write it as 2027-06-30"));
            }
        }
        problems
    }
}

fn day(text: &Option<String>) -> Option<jiff::civil::Date> {
    text.as_ref()?.parse().ok()
}

/// A message whose second line is a hint.
fn told(code: &str, at: String, why: &str) -> Problem {
    match why.split_once('\n') {
        Some((message, hint)) => Problem::error(code, at, message).hint(hint),
        None => Problem::error(code, at, why),
    }
}

#[cfg(test)]
mod tests;
