//! `banyan screens run`: one flow, once, for a person who waits.

use super::super::connect::by_hand;
use super::super::{Done, Failure, Global, out};
use super::source;
use banyan_adapter::{Call, Fault};
use banyan_screens::engine::Record;
use banyan_screens::map::{End, Flow, Map};
use banyan_screens::source::{ByHand, Source};
use banyan_words::problem::nearest;
use serde_json::{Map as Object, Value, json};
use std::path::PathBuf;
use std::time::Instant;

/// Run a flow of a source's map, and print what it brings.
///
/// It uses a session of its own, beside those of a running gateway. Exit codes: 0 done, 1 it failed and nothing was
/// committed, 3 the system refused it, 4 what was asked for does not exist, 5 in doubt: it was sent, and nothing tells
/// whether it was done.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The source.
    source: String,
    /// The flow.
    flow: String,
    /// What it is given; as often as needed.
    #[arg(long = "with", value_name = "NAME=VALUE")]
    with: Vec<String>,
    /// It may commit: change something in the legacy system.
    #[arg(long)]
    commit: bool,
    /// Keep the trace of this run in that file as well.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

const REFUSED: u8 = 3;
const ABSENT: u8 = 4;
const IN_DOUBT: u8 = 5;

impl Run {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, alone, offline) = source(global, &self.source)?;
        let map = offline.spec.map.clone();
        let no = map.flow(&self.flow).ok_or_else(|| no_flow(&map, &self.flow))?;
        let flow = map.flows.get(no).ok_or_else(|| no_flow(&map, &self.flow))?;
        if flow.verify.is_some() && !self.commit {
            let message =
                format!("`{}` commits: it changes the legacy system. Say --commit if that is meant", flow.name);
            return Err(Failure::Usage(message));
        }
        let given = given(flow, &self.with)?;
        let hands = by_hand(&self.source, &alone.store, &alone.budget)?;
        let source = Source::new(offline.spec, hands.context);
        let deadline = alone.budget.timeout.and_then(|t| Instant::now().checked_add(t));
        let ran = source.by_hand(no, &given, &Call { deadline, ..Call::default() });
        source.close();
        if let (Some(to), Some(from)) = (&self.trace, &ran.trace) {
            let failed = |e| Failure::Because(format!("the trace cannot be kept in {}: {e}", to.display()));
            std::fs::copy(from, to).map_err(failed)?;
        }
        if let Err(fault) = &ran.end
            && !global.json
        {
            return Err(Failure::Because(format!("{}: {fault}{}", flow.name, seen(&ran))));
        }
        match global.json {
            true => out::json(&shown(&ran)),
            false => out::answer(&text(flow, &ran)),
        }
        match ran.end {
            Ok(End::Done) => Ok(()),
            Ok(End::Absent) => Err(Failure::Code(ABSENT)),
            Ok(End::Rejected { .. }) => Err(Failure::Code(REFUSED)),
            Ok(End::Unknown { .. }) => Err(Failure::Code(IN_DOUBT)),
            Ok(End::NotDone { .. }) | Err(_) => Err(Failure::Told),
        }
    }
}

fn no_flow(map: &Map, name: &str) -> Failure {
    let known: Vec<&str> = map.flows.iter().map(|f| f.name.as_str()).collect();
    let meant = nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
    Failure::Usage(format!("the map {} has no flow `{name}`; {meant}there are: {}", map.name, known.join(", ")))
}

/// What the flow must be given, no more and no less.
fn given(flow: &Flow, with: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut given: Vec<(String, String)> = Vec::new();
    let wants: Vec<&str> = flow.given.iter().map(|(name, _)| name.as_str()).collect();
    for one in with {
        let Some((name, value)) = one.split_once('=') else {
            return Err(Failure::Usage(format!("`{one}` is not NAME=VALUE")));
        };
        if !wants.contains(&name) {
            let list = if wants.is_empty() { "nothing".to_owned() } else { wants.join(", ") };
            return Err(Failure::Usage(format!("`{}` is given {list}, not `{name}`", flow.name)));
        }
        if given.iter().any(|(n, _)| n == name) {
            return Err(Failure::Usage(format!("`{name}` is given twice")));
        }
        given.push((name.to_owned(), value.to_owned()));
    }
    match wants.iter().find(|w| given.iter().all(|(name, _)| name != *w)) {
        Some(lacking) => Err(Failure::Usage(format!("`{}` must be given `{lacking}`: --with {lacking}=…", flow.name))),
        None => Ok(given),
    }
}

fn seen(ran: &ByHand) -> String {
    ran.trace.as_ref().map(|t| format!("\nwhat was seen: {}", t.display())).unwrap_or_default()
}

fn text(flow: &Flow, ran: &ByHand) -> String {
    let ended = match &ran.end {
        Ok(End::Done) if ran.columns.is_empty() => "done".to_owned(),
        Ok(End::Done) => {
            let (mut text, n) = (table(ran), ran.records.len());
            text.push_str(&format!("{n} record{}", if n == 1 { "" } else { "s" }));
            text
        }
        Ok(End::Absent) => "it does not exist".to_owned(),
        Ok(End::Rejected { code, message }) => format!("refused [{code}]: {}", out::plain(message)),
        Ok(End::NotDone { message }) => format!("not done: {}{}", out::plain(message), seen(ran)),
        Ok(End::Unknown { message }) => format!(
            "IN DOUBT: {}\nLook in the legacy system whether `{}` was done; do not simply run it again.{}",
            out::plain(message),
            flow.name,
            seen(ran)
        ),
        Err(fault) => fault.to_string(),
    };
    format!("{ended}\n")
}

/// Records in columns as wide as they need.
fn table(ran: &ByHand) -> String {
    let cell = |r: &Record, at: usize| r.values.get(at).cloned().flatten().map_or_else(String::new, |v| out::plain(&v));
    let width = |at: usize, name: &str| {
        let widest = ran.records.iter().map(|r| cell(r, at).chars().count()).max().unwrap_or(0);
        widest.max(name.chars().count())
    };
    let widths: Vec<usize> = ran.columns.iter().enumerate().map(|(at, name)| width(at, name)).collect();
    let row = |cells: Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(c, w)| format!("{c:w$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = row(ran.columns.clone());
    text.extend(ran.records.iter().map(|r| row((0..ran.columns.len()).map(|at| cell(r, at)).collect())));
    text
}

fn shown(ran: &ByHand) -> Value {
    let record = |r: &Record| -> Value {
        let named = ran.columns.iter().zip(&r.values).map(|(name, v)| (name.clone(), json!(v)));
        Value::Object(named.collect::<Object<String, Value>>())
    };
    let fault = |f: &Fault| json!({ "code": f.code, "message": f.message });
    let (end, fault) = match &ran.end {
        Ok(End::Done) => ("done", Value::Null),
        Ok(End::Absent) => ("absent", Value::Null),
        Ok(End::Rejected { code, message }) => ("rejected", json!({ "code": code, "message": message })),
        Ok(End::NotDone { message }) => ("not-done", json!({ "message": message })),
        Ok(End::Unknown { message }) => ("unknown", json!({ "message": message })),
        Err(f) => ("failed", fault(f)),
    };
    let records: Vec<Value> = ran.records.iter().map(record).collect();
    json!({ "end": end, "fault": fault, "records": records, "trace": ran.trace })
}
