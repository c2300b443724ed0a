//! From keys to a checked source, with every problem in one run.

use super::config::{DatasetConfig, LoginConfig, ReadConfig, SourceConfig};
use crate::map::{self, Flow, FlowNo, Given, Map, Piece, Returns};
use crate::source::{DatasetSpec, Login, PassSpec, ReadSpec, Spec};
use crate::transport::Text;
use banyan_adapter::{RawDataset, RawSource};
use banyan_words::node::{Kind, Named, Node, join, join_index, read, read_partly};
use banyan_words::problem::nearest;
use banyan_words::{Decimal, Problem, Severity};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(15 * 60);
const TRACES: u16 = 50;

/// A source checked offline.
pub struct Offline {
    /// What is handed to who connects.
    pub spec: Spec,
    /// What is probably not as meant.
    pub warnings: Vec<Problem>,
}

/// Checks a source's configuration, its map included. Else every problem.
pub fn prepare(raw: &RawSource) -> Result<Offline, Vec<Problem>> {
    let reading = read_partly::<SourceConfig>(&raw.config, &raw.path);
    let mut problems = reading.problems;
    let at = join(&raw.path, "map");
    let checked = reading.value.as_ref().and_then(|config| match &config.map.kind {
        Kind::Map(_) => map::read(&config.map, &at).map_err(|faults| problems.extend(faults)).ok(),
        _ => {
            let message = format!("expected a map or the name of its file, found {}", config.map.describe());
            problems.push(Problem::error("wrong-type", at.as_str(), message).hint("write `map: stock.yaml`"));
            None
        }
    });
    let map = checked.as_ref().map(|c| &c.map);
    let datasets: Vec<_> = raw.datasets.iter().map(|d| dataset(d, map, &mut problems)).collect();
    let (Some(config), Some(checked)) = (reading.value, checked) else { return Err(problems) };
    let map::Checked { map, transport, warnings } = checked;
    let login = login(config.login.as_ref(), &map, &raw.path, &mut problems);
    let faulty = problems.iter().any(|p| p.severity == Severity::Error);
    problems.extend(warnings);
    let datasets: Option<Vec<Arc<DatasetSpec>>> = datasets.into_iter().map(|d| d.map(Arc::new)).collect();
    let (Some(datasets), Some(login), false) = (datasets, login, faulty) else { return Err(problems) };
    let own = &config.map.spot.file;
    let spec = Spec {
        name: raw.name.clone(),
        map: Arc::new(map),
        file: (!own.is_empty() && *own != raw.config.spot.file).then(|| PathBuf::from(own)),
        transport: Arc::from(transport.connect(&raw.base)),
        login,
        datasets,
        traces: usize::from(config.traces.unwrap_or(TRACES)),
    };
    Ok(Offline { spec, warnings: problems })
}

/// Who logs in; what the map types must be given.
fn login(config: Option<&LoginConfig>, map: &Map, path: &str, problems: &mut Vec<Problem>) -> Option<Login> {
    let at = join(path, "login");
    let typed = |name: &str| uses(map, name);
    let mut missing = |name: &str, told: bool| {
        if typed(name) && !told {
            let message = format!("the map types `${name}`, and the source's `login` gives none");
            let hint = "write `login: { user: …, password: \"${env:NAME}\" }`";
            problems.push(Problem::error("missing-key", path, message).hint(hint));
        }
    };
    let user = config.and_then(|c| c.user.as_text().map(|t| (t.to_owned(), c.user.is_secret())));
    let password = config.and_then(|c| c.password.as_ref()).map(|p| p.expose().to_owned());
    missing("user", config.is_some());
    missing("password", password.is_some());
    if let Some(config) = config {
        if user.is_none() {
            let message = format!("expected a text, found {}", config.user.describe());
            problems.push(Problem::error("wrong-type", join(&at, "user"), message).hint("write `user: BANYAN`"));
        }
        if !typed("user") && !typed("password") {
            let message = "no flow of the map types `$user` or `$password`";
            problems.push(Problem::warning("unused-login", at.as_str(), message).hint("leave `login` out"));
        }
    }
    for (key, text) in [("user", user.as_ref().map(|u| &u.0)), ("password", password.as_ref())] {
        if text.is_some_and(|t| t.chars().any(char::is_control)) {
            let message = "there is a control character in it, which would act as a key";
            problems.push(Problem::error("bad-value", join(&at, key), message).hint("remove it"));
        }
    }
    let (user, secret) = user.unwrap_or_default();
    let password = Text { plain: password.unwrap_or_default(), secret: true };
    Some(Login { user: Text { plain: user, secret }, password })
}

/// Whether a flow of the map types what the login gives under that name.
fn uses(map: &Map, name: &str) -> bool {
    let named = |p: &Piece| matches!(p, Piece::Given(n) if n == name);
    let leaving = map.screens.iter().filter_map(|s| s.transient.as_ref()).flatten();
    let mut steps = map.flows.iter().flat_map(|f| &f.steps).chain(leaving);
    steps.any(|s| s.typed.iter().chain(s.set.iter().flat_map(|(_, p)| p)).any(named))
}

fn tell(problems: &mut Vec<Problem>, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
    problems.push(Problem::error(code, path, message).hint(hint));
}

fn unknown(problems: &mut Vec<Problem>, what: &str, path: &str, name: &str, known: &[&str]) {
    let all = if known.is_empty() { "there are none".to_owned() } else { format!("there are: {}", known.join(", ")) };
    let hint = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {all}"),
        None => all,
    };
    tell(problems, &format!("unknown-{what}"), path, format!("there is no {what} `{name}`"), hint);
}

fn dataset(raw: &RawDataset, map: Option<&Map>, problems: &mut Vec<Problem>) -> Option<DatasetSpec> {
    if let Some("live") = raw.config.get("read").and_then(Node::as_text) {
        let message = "screens are read by key through a flow";
        let hint = "write `read: { flow: read_item, with: { item: item } }`";
        tell(problems, "wrong-type", &join(&raw.path, "read"), message, hint);
        return None;
    }
    let config = read::<DatasetConfig>(&raw.config, &raw.path).map_err(|p| problems.extend(p)).ok()?;
    if config.flow.is_none() && config.read.is_none() {
        let hint = "write `flow: list_items`, or `read: { flow: read_item, with: { item: item } }`";
        tell(problems, "missing-key", &raw.path, "nothing says which flow reads this dataset", hint);
    }
    for (key, said) in [("sync", config.sync.is_some()), ("with", !config.with.is_empty())] {
        if said && config.flow.is_none() {
            let message = format!("`{key}` belongs to `flow`");
            tell(problems, "conflict", &join(&raw.path, key), message, "name the flow that reads all, or leave it out");
        }
    }
    let every = config.sync.as_ref().and_then(|s| s.every).map_or(EVERY, |d| d.0);
    if every < Duration::from_secs(1) {
        let at = join(&raw.path, "sync.every");
        tell(problems, "bad-value", &at, "screens are read once a second at most", "write 10m");
    }
    let map = map?;
    let before = problems.len();
    let pass = config.flow.as_ref().and_then(|name| {
        let (flow, no) = flow_named(map, name, &join(&raw.path, "flow"), problems)?;
        columns_of_key(raw, flow, map, problems);
        let given = constants(flow, &config.with, &raw.path, problems);
        Some(PassSpec { flow: no, given, every })
    });
    let read = config.read.as_ref().and_then(|read| by_key(raw, read, map, problems));
    if let (Some(pass), Some(read)) = (&pass, &read) {
        same_columns(raw, map, pass.flow, read.flow, problems);
    }
    (problems.len() == before).then(|| DatasetSpec { name: raw.name.clone(), key: raw.key.clone(), pass, read })
}

/// A flow that reads and does nothing else.
fn flow_named<'m>(map: &'m Map, name: &str, path: &str, problems: &mut Vec<Problem>) -> Option<(&'m Flow, FlowNo)> {
    let Some(no) = map.flow(name) else {
        let known: Vec<&str> = map.flows.iter().map(|f| f.name.as_str()).collect();
        unknown(problems, "flow", path, name, &known);
        return None;
    };
    let flow = map.flows.get(no)?;
    if flow.steps.iter().any(|s| s.commit) {
        tell(
            problems,
            "conflict",
            path,
            format!("`{name}` commits: it is not for reading"),
            "name a flow that only reads",
        );
        return None;
    }
    if flow.returns == Returns::Nothing {
        tell(problems, "conflict", path, format!("`{name}` reads nothing"), "add a `read` to one of its steps");
        return None;
    }
    Some((flow, no))
}

/// The key is made of columns that the flow reads.
fn columns_of_key(raw: &RawDataset, flow: &Flow, map: &Map, problems: &mut Vec<Problem>) {
    let columns = flow.columns(map);
    for (i, column) in raw.key.iter().enumerate().filter(|(_, c)| !columns.contains(&c.as_str())) {
        let at = join_index(&join(&raw.path, "key"), i);
        unknown(problems, "column", &at, column, &columns);
    }
}

/// What a flow is given that reads all: always the same.
fn constants(flow: &Flow, with: &Named<String>, path: &str, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let at = join(path, "with");
    let names: Vec<&str> = flow.given.iter().map(|(n, _)| n.as_str()).collect();
    for (name, text) in with.iter() {
        let Some((_, given)) = flow.given.iter().find(|(n, _)| n == name) else {
            unknown(problems, "given", &join(&at, name), name, &names);
            continue;
        };
        let (fits, what) = match given {
            Given::Text => (!text.chars().any(char::is_control), "a text without control characters"),
            Given::Integer => (text.parse::<i64>().is_ok(), "a whole number"),
            Given::Decimal => (text.parse::<Decimal>().is_ok(), "a decimal"),
            Given::Date => (text.parse::<jiff::civil::Date>().is_ok(), "a date such as 2026-01-31"),
        };
        if !fits {
            tell(problems, "bad-value", &join(&at, name), format!("`{name}` is {what}"), "correct it");
        }
    }
    missing(flow, &flow.name, with, path, problems);
    with.iter().map(|(n, t)| (n.to_owned(), t.clone())).collect()
}

fn missing(flow: &Flow, name: &str, with: &Named<String>, path: &str, problems: &mut Vec<Problem>) {
    for (given, _) in flow.given.iter().filter(|(n, _)| with.get(n).is_none()) {
        let message = format!("the flow `{name}` must be given `{given}`");
        tell(problems, "missing-key", path, message, format!("add `{given}: …` to `with`"));
    }
}

fn by_key(raw: &RawDataset, config: &ReadConfig, map: &Map, problems: &mut Vec<Problem>) -> Option<ReadSpec> {
    let path = join(&raw.path, "read");
    let (flow, no) = flow_named(map, &config.flow, &join(&path, "flow"), problems)?;
    if raw.key.is_empty() {
        tell(problems, "missing-key", &path, "reading by key needs the dataset's key", "declare `key: [item]`");
        return None;
    }
    columns_of_key(raw, flow, map, problems);
    let key: Vec<&str> = raw.key.iter().map(String::as_str).collect();
    let names: Vec<&str> = flow.given.iter().map(|(n, _)| n.as_str()).collect();
    let mut with = Vec::new();
    for (name, column) in config.with.iter() {
        let at = join(&join(&path, "with"), name);
        if !names.contains(&name) {
            unknown(problems, "given", &at, name, &names);
        }
        match key.iter().position(|k| k == column) {
            Some(place) => with.push((name.to_owned(), place)),
            None => unknown(problems, "column", &at, column, &key),
        }
    }
    missing(flow, &config.flow, &config.with, &path, problems);
    for (place, column) in key.iter().enumerate() {
        if !with.iter().any(|(_, p)| *p == place) && config.with.len() == with.len() {
            let message = format!("`{column}` is part of the key and is not given to the flow");
            tell(problems, "missing-key", &path, message, format!("add it to `with`: `{{ …: {column} }}`"));
        }
    }
    Some(ReadSpec { flow: no, with })
}

/// Whichever way a record is read, it has the same columns.
fn same_columns(raw: &RawDataset, map: &Map, pass: FlowNo, read: FlowNo, problems: &mut Vec<Problem>) {
    let (Some(pass), Some(read)) = (map.flows.get(pass), map.flows.get(read)) else { return };
    let (all, one) = (pass.columns(map), read.columns(map));
    let lacks = |from: &[&str], of: &[&str]| -> Vec<String> {
        from.iter().filter(|c| !of.contains(c)).map(|c| (*c).to_owned()).collect()
    };
    for (flow, lacking) in [(read, lacks(&all, &one)), (pass, lacks(&one, &all))] {
        if !lacking.is_empty() {
            let message = format!("`{}` does not read {}", flow.name, lacking.join(", "));
            let hint = "both flows must read the same columns: name them alike, or make two datasets";
            tell(problems, "columns-differ", &join(&raw.path, "read"), message, hint);
        }
    }
}
