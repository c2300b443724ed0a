//! `banyan check`: everything that is wrong with the configuration, at once.

use super::{Done, Failure, Global, connect, out};
use crate::config::render::Colour;
use crate::config::{Built, Loaded, MissingSecret};
use crate::runtime::routes::journal;
use banyan_words::Problem;
use banyan_words::node::{join, join_index};
use serde_json::json;

/// Tell everything that is wrong with the configuration, and run its examples.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Also ask each source whether it can be used now.
    #[arg(long)]
    connect: bool,
}

impl Check {
    pub(super) fn run(&self, global: &Global) -> Done {
        let missing = if self.connect { MissingSecret::Error } else { MissingSecret::Warning };
        let (mut loaded, built) = global.build(missing);
        if let Some(built) = &built {
            loaded.add(elsewhere(built));
        }
        let asked = match (&built, self.connect) {
            (Some(built), true) => connect::health(built)?,
            _ => Vec::new(),
        };
        match global.json {
            true => {
                let mut answer = loaded.to_json();
                if let Some(built) = &built {
                    answer["counts"] =
                        counts(built, &loaded).into_iter().map(|(what, n)| (what.to_owned(), json!(n))).collect();
                }
                if self.connect {
                    answer["sources"] = asked.iter().map(connect::Asked::to_json).collect();
                }
                out::json(&answer);
            }
            false => {
                let colour = Colour::of(&std::io::stdout());
                let mut text = String::new();
                if let Some(built) = &built {
                    let counts: Vec<String> = counts(built, &loaded).iter().map(|(what, n)| some(*n, what)).collect();
                    text = format!("{}: {}\n", global.config.display(), counts.join(", "));
                }
                asked.iter().for_each(|a| text.push_str(&a.to_text()));
                let lacking = asked.iter().filter(|a| !a.health.ok).count();
                // "No problems" would be what a person reads last, and believes.
                match lacking > 0 && loaded.problems.is_empty() {
                    true => text.push_str(&format!(
                        "no problems in the configuration; {} not usable now\n",
                        some(lacking, "sources")
                    )),
                    false => text.push_str(&loaded.render(colour)),
                }
                out::answer(&text);
            }
        }
        match loaded.has_errors() || asked.iter().any(|a| !a.health.ok) {
            true => Err(Failure::Told),
            false => Ok(()),
        }
    }
}

/// Routes that stand elsewhere than the configuration has them begin: the journal rules, and the file may mislead.
fn elsewhere(built: &Built) -> Vec<Problem> {
    let decisions = match journal::read(&journal::path_of(&built.settings.store)) {
        Ok(decisions) => journal::standings(&decisions),
        Err(e) => return vec![Problem::error("bad-journal", "store", e.to_string())],
    };
    let mut problems = Vec::new();
    for (n, route) in built.moving.routes.iter().enumerate() {
        let (name, first) = (route.config.name(), route.config.first_standing());
        if let Some(now) = decisions.get(&name).filter(|now| now.stage != first.stage || now.killed) {
            let message = format!("{name} stands at {now} by the journal; the configuration has it begin at {first}");
            let at = join(&join_index("routes", n), "stage");
            problems
                .push(Problem::warning("stage-differs", at, message).hint("the journal rules; write the same here"));
        }
    }
    problems
}

fn counts(built: &Built, loaded: &Loaded) -> [(&'static str, usize); 6] {
    let c = &built.catalog;
    let examples = loaded.draft.mappings.iter().map(|m| m.examples.len()).sum();
    [
        ("sources", c.sources.len()),
        ("datasets", c.datasets.len()),
        ("entities", c.entities.len()),
        ("mappings", c.mappings.len()),
        ("lookups", c.lookups.len()),
        ("examples", examples),
    ]
}

fn some(n: usize, what: &str) -> String {
    let one = match what {
        "entities" => "entity",
        other => other.trim_end_matches('s'),
    };
    format!("{n} {}", if n == 1 { one } else { what })
}
