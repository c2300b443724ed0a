//! `banyan routes`: where routes stand, why a request goes where it goes, moving one, what a new configuration would change.

use super::admin_client::AdminClient;
use super::{Done, Failure, Global, out};
use crate::config::{Built, Loaded, MissingSecret};
use crate::gateway;
use crate::http;
use crate::ops::view::route::{DecisionView, RouteView};
use crate::runtime::clock::Clock;
use crate::runtime::consumers::plan as consumers_plan;
use crate::runtime::routes::plan::{Change, plan};
use crate::runtime::routes::{Routes, Standings, journal, switch_line, switch_path_of};
use banyan_store::evidence::{EvidenceStore, path_of};
use clap::Subcommand;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Routes: list, explain, move, plan.
#[derive(Debug, clap::Args)]
pub(super) struct RoutesCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Show all routes, and where each stands.
    List,
    /// Say why a request goes where it goes.
    Explain {
        /// The method, such as GET.
        method: String,
        /// The path, with its query: /v1/customers/42.
        path: String,
        /// Who asks: a consumer's name, or what the route tells callers apart by.
        #[arg(long)]
        consumer: Option<String>,
        /// A header that it has, such as 'X-App: shop'. May be given several times. A key shows in the list of processes.
        #[arg(long, conflicts_with = "consumer")]
        header: Vec<String>,
    },
    /// Move a route. A step away from legacy needs evidence; a way back is never refused.
    Set {
        /// Its name as `list` shows it, or its path.
        route: String,
        /// legacy, shadow, canary, modern or retired.
        #[arg(long)]
        stage: Option<String>,
        /// In canary: the share that modern answers, such as 25%.
        #[arg(long)]
        weight: Option<String>,
        /// Why; the journal keeps it.
        #[arg(long)]
        reason: String,
        /// Who decides; by default the user of this terminal.
        #[arg(long)]
        author: Option<String>,
        /// Against what the evidence says; journaled as such.
        #[arg(long)]
        force: bool,
        /// Switch it on again after `routes kill`.
        #[arg(long)]
        revive: bool,
    },
    /// Switch a route off: legacy answers, nothing is asked of modern. Works with the store down, and without a gateway.
    Kill {
        /// Its name or path; `*` for all.
        route: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who decides; by default the user of this terminal.
        #[arg(long)]
        author: Option<String>,
    },
    /// Show the journal of decisions, newest first.
    Journal {
        /// Of this route only.
        #[arg(long)]
        route: Option<String>,
    },
    /// Say what modern's OpenAPI document would change for a route's callers. Ends with 1 if that would break them.
    Contract {
        /// Its name or path.
        route: String,
        /// Compare with the document in this file.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Say what another configuration would change: who moves, who is known no longer, which evidence starts again, what
    /// legacy would have to bear.
    Plan {
        /// The other configuration.
        new: PathBuf,
    },
}

impl RoutesCommand {
    pub(super) fn run(self, global: &Global) -> Done {
        let (loaded, built) = global.built(MissingSecret::Warning)?;
        match self.act {
            Act::List => list(global, built),
            Act::Explain { method, path, consumer, header } => {
                explain(global, built, (&method.to_ascii_uppercase(), &path), consumer.as_deref(), &header)
            }
            Act::Set { route, stage, weight, reason, author, force, revive } => {
                let ask = json!({ "route": route, "stage": stage, "weight": weight, "reason": reason,
                    "author": author.unwrap_or_else(user), "force": force, "killed": revive.then_some(false) });
                let gateway = gateway_of(&built)?.ok_or_else(|| {
                    Failure::Because(format!(
                        "no gateway answers at {} (gateway.admin); routes are moved while one serves. To switch a route off all the same: banyan routes kill",
                        built.settings.admin
                    ))
                })?;
                told(global, &gateway.act("/admin/v1/routes:move", &ask)?);
                Ok(())
            }
            Act::Kill { route, reason, author } => kill(global, built, &route, &reason, &author.unwrap_or_else(user)),
            Act::Journal { route } => decisions(global, &built, route.as_deref()),
            Act::Contract { route, file } => super::contract::contract(global, built, &route, file.as_deref()),
            Act::Plan { new } => planned(global, &loaded, built, new),
        }
    }
}

fn because(e: impl std::fmt::Display) -> Failure {
    Failure::Because(e.to_string())
}

/// Who sits at this terminal.
pub(super) fn user() -> String {
    let told = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|u| !u.is_empty()));
    told.or_else(account).unwrap_or_default()
}

/// The name of this process's account, where the environment does not tell (containers, services).
#[cfg(unix)]
fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().map(|l| l.split(':')).find(|l| l.clone().nth(2) == Some(&uid));
    line?.next().map(str::to_owned)
}

#[cfg(not(unix))]
fn account() -> Option<String> {
    None
}

pub(super) fn gateway_of(built: &Built) -> Result<Option<AdminClient>, Failure> {
    AdminClient::find(built.settings.admin, &built.settings.store)
}

/// The routes as they stand by the journal.
pub(super) fn routes_of(built: &mut Built) -> Result<(Arc<Routes>, Standings), Failure> {
    let standings = Standings::look(&journal::path_of(&built.settings.store)).map_err(because)?;
    Ok((gateway::routes(std::mem::take(&mut built.moving), &standings), standings))
}

fn list(global: &Global, mut built: Built) -> Done {
    let (routes, standings) = routes_of(&mut built)?;
    let decisions = standings.decisions(None);
    let views: Vec<RouteView> = routes.all.iter().map(|r| RouteView::of(r, &decisions)).collect();
    if global.json {
        out::json(&json!(views));
        return Ok(());
    }
    let mut text = String::new();
    for (view, route) in views.iter().zip(&routes.all) {
        let side = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".to_owned());
        let since = match &view.decided {
            Some(d) => format!("{} by {}: {}", d.at, d.author, d.reason),
            None => "as configured".to_owned(),
        };
        let standing = route.standing().to_string();
        let (legacy, modern) = (side(&view.legacy), side(&view.modern));
        text.push_str(&format!("{}\n  {standing}   {legacy} -> {modern}   {since}\n", view.name));
    }
    out::answer(if text.is_empty() { "there are no routes: the facade answers everything\n" } else { &text });
    Ok(())
}

fn explain(
    global: &Global,
    mut built: Built,
    (method, path): (&str, &str),
    who: Option<&str>,
    headers: &[String],
) -> Done {
    if !path.starts_with('/') {
        return Err(Failure::Usage(format!("`{path}` is no path: it begins with a slash, as in /v1/customers/42")));
    }
    let read = |header: &String| {
        let (name, value) =
            header.split_once(':').ok_or_else(|| format!("`{header}` is no header: write 'X-App: shop'"))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let headers = headers.iter().map(read).collect::<Result<Vec<_>, String>>().map_err(Failure::Usage)?;
    let asked = http::Asked::new(method, path, &headers, who).map_err(Failure::Usage)?;
    let (routes, _) = routes_of(&mut built)?;
    let brownouts = gateway::brownouts(std::mem::take(&mut built.brownouts));
    let explained = http::explain(
        &http::World {
            catalog: &Arc::new(built.catalog),
            routes: &routes,
            consumers: &built.consumers,
            brownouts: &brownouts,
            now: Clock::system().now(),
        },
        &asked,
    );
    if global.json {
        out::json(&json!(explained));
        return Ok(());
    }
    let mut text = format!("{method} {path}\n");
    for step in &explained.steps {
        text.push_str(&format!("  {} {}: {}\n", if step.counts { "->" } else { "  " }, step.what, step.why));
    }
    text.push_str(&format!("answered by {}\n", explained.answers));
    if who.is_some() || !headers.is_empty() || !built.consumers.is_empty() {
        text.push_str(&format!("counted as {}\n", explained.counted));
    }
    if !explained.lacks.is_empty() {
        text.push_str(&format!("lacks {} now: a brown-out is in force\n", explained.lacks.join(", ")));
    }
    explained.headers.iter().for_each(|h| text.push_str(&format!("says {h}\n")));
    out::answer(&text);
    Ok(())
}

fn kill(global: &Global, built: Built, route: &str, reason: &str, author: &str) -> Done {
    // Whoever answers at that address, or nobody: the switch must work all the same.
    let gateway = gateway_of(&built).ok().flatten();
    let path = switch_path_of(&built.settings.store);
    // By the configuration alone: a journal that cannot be read must not be in the way.
    let all: Vec<(String, &str)> =
        built.moving.routes.iter().map(|r| (r.config.name(), r.config.path.as_str())).collect();
    let mut named: Vec<String> =
        all.iter().filter(|(n, _)| route == "*" || route == n).map(|(n, _)| n.clone()).collect();
    if named.is_empty() {
        named = all.iter().filter(|(_, path)| route == *path).map(|(n, _)| n.clone()).collect();
        named.truncate(if named.len() == 1 { 1 } else { 0 });
    }
    if named.is_empty() {
        return Err(Failure::Because(format!("there is no route `{route}`; `banyan routes list` shows all")));
    }
    for name in &named {
        let ask = json!({ "route": name, "killed": true, "author": author, "reason": reason });
        match gateway.as_ref().map(|g| g.act("/admin/v1/routes:move", &ask)) {
            Some(Ok(done)) => told(global, &done),
            Some(Err(Failure::Because(why))) if why.contains("already") => {
                out::aside(&format!("{name} is switched off already\n"));
            }
            Some(Err(Failure::Because(why))) => {
                out::aside(&format!("{why}; the switch file is written instead\n"));
                write_switch(&path, &switch_line(name, author, reason), name)?;
            }
            _ => write_switch(&path, &switch_line(name, author, reason), name)?,
        }
    }
    Ok(())
}

/// Names a route in the file that every gateway of this store obeys within a second, and at its start.
fn write_switch(path: &std::path::Path, line: &str, name: &str) -> Done {
    use std::io::Write;
    let write = || {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|e| Failure::Because(format!("{} cannot be written: {e}", path.display())))?;
    let said = "every gateway of this store obeys it within a second, and at its start; take the file away before you switch the route on again";
    out::answer(&format!("{name} is named in {}: {said}\n", path.display()));
    Ok(())
}

fn decisions(global: &Global, built: &Built, route: Option<&str>) -> Done {
    let all = journal::read(&journal::path_of(&built.settings.store)).map_err(because)?;
    let of = |name: &str| route.is_none_or(|r| r == name || name.split(' ').next() == Some(r));
    let views: Vec<DecisionView> = all.iter().rev().filter(|d| of(&d.route)).map(DecisionView::of).collect();
    if global.json {
        out::json(&json!(views));
        return Ok(());
    }
    let row = |d: &DecisionView| {
        let against: String = d.overrode.iter().map(|told| format!("        against: {told}\n")).collect();
        format!(
            "{:>4}  {}  {}  {} -> {}  {} ({}): {}\n{against}",
            d.number, d.at, d.route, d.from, d.to, d.author, d.because, d.reason
        )
    };
    out::answer(&views.iter().map(row).collect::<String>());
    Ok(())
}

fn planned(global: &Global, loaded: &Loaded, mut built: Built, new: PathBuf) -> Done {
    let other = Global { config: new, json: global.json };
    let (read, mut other) = other.built(MissingSecret::Warning)?;
    let both = read.files.names().filter(|name| loaded.files.names().any(|n| same_file(n, name)));
    let both: Vec<&str> = both.collect();
    if !both.is_empty() {
        out::aside(&format!(
            "what was changed in files that both configurations read shows nowhere here; compare with a copy of what is \
             served. They both read {}\n",
            both.join(", ")
        ));
    }
    // Where routes stand is what the journal of the configuration in use says, whatever store the other one names.
    let (now, standings) = routes_of(&mut built)?;
    let then = gateway::routes(std::mem::take(&mut other.moving), &standings);
    let calls = calls_a_day(&built);
    let mut changes = plan((&now, &built.catalog), (&then, &other.catalog), &|route| asked_of(&calls, route));
    changes.extend(consumers_plan::plan((&now, &built.consumers), (&then, &other.consumers)));
    if global.json {
        out::json(&json!(changes));
        return Ok(());
    }
    let row = |c: &Change| {
        format!("{} {}\n{}", c.kind.sign(), c.about(), c.told.iter().map(|t| format!("    {t}\n")).collect::<String>())
    };
    let text: String = changes.iter().map(row).collect();
    out::answer(if text.is_empty() { "nothing about routes or consumers would change\n" } else { &text });
    Ok(())
}

fn same_file(one: &str, other: &str) -> bool {
    let whole = |name: &str| std::fs::canonicalize(name).ok();
    one == other || whole(one).is_some_and(|file| Some(file) == whole(other))
}

/// What is asked of a route in a day; of one that is none yet, what is asked of the facade there.
fn asked_of(calls: &BTreeMap<String, u64>, route: &str) -> Option<u64> {
    let operation = |name: &str| name.strip_prefix(route).is_some_and(|rest| rest.starts_with(' '));
    calls.get(route).copied().or_else(|| {
        let of_facade: Vec<u64> = calls.iter().filter(|(name, _)| operation(name)).map(|(_, n)| *n).collect();
        (!of_facade.is_empty()).then(|| of_facade.iter().sum())
    })
}

/// What is asked of each route in a day, as far as it was counted.
fn calls_a_day(built: &Built) -> BTreeMap<String, u64> {
    let counted = EvidenceStore::read(&path_of(&built.settings.store)).and_then(|store| match store {
        Some(store) => consumers_plan::calls_a_day(&store, Clock::system().now_ms()),
        None => Ok(BTreeMap::new()),
    });
    counted.unwrap_or_else(|e| {
        out::aside(&format!("what is asked in a day cannot be told: {e}\n"));
        BTreeMap::new()
    })
}

/// A decision that was taken.
pub(super) fn told(global: &Global, decision: &Value) {
    if global.json {
        return out::json(decision);
    }
    let text = |key: &str| decision.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let against = decision.get("overrode").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let against: String = against.map(|told| format!("  against: {}\n", out::plain(told))).collect();
    out::answer(&format!("{}: {} -> {}\n{against}", text("route"), text("from"), text("to")));
}
