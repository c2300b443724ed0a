//! `banyan dead-letters`: what was refused, why, and what is to become of it.

use super::hands::{Hands, dataset_number, reading, store_fault};
use super::{Done, Failure, Global, out};
use crate::adapters::KINDS;
use crate::ops::view::{self, DeadLetterView, Names};
use crate::runtime::places::Places;
use banyan_store::{DeadLetterFilter, DeadLetterState, Store};
use serde_json::json;
use std::fmt::Write;

/// Look at refused records; replay or discard them.
#[derive(Debug, clap::Args)]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them, newest first.
    List(List),
    /// Show one: place, reason, hint, columns, bytes.
    Show {
        /// Its number.
        number: u64,
    },
    /// Map records again, after a fix of mapping or lookup.
    Replay(Replay),
    /// Close one for good, with a reason.
    Discard {
        /// Its number.
        number: u64,
        /// Why, for whoever asks later.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only of this dataset.
    #[arg(long)]
    dataset: Option<String>,
    /// Only with this code.
    #[arg(long)]
    code: Option<String>,
    /// In this state.
    #[arg(long, default_value = "open", value_parser = ["open", "replayed", "discarded", "superseded", "all"])]
    state: String,
    /// Only numbers below this one: the next page.
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u16,
}

#[derive(Debug, clap::Args)]
struct Replay {
    /// Their numbers.
    #[arg(required_unless_present = "all")]
    numbers: Vec<u64>,
    /// All open ones.
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
    /// With --all: only of this dataset.
    #[arg(long, requires = "all")]
    dataset: Option<String>,
    /// With --all: only with this code.
    #[arg(long, requires = "all")]
    code: Option<String>,
}

impl DeadLetters {
    pub(super) fn run(&self, global: &Global) -> Done {
        match &self.what {
            What::List(list) => list.run(global),
            What::Show { number } => show(global, *number),
            What::Replay(replay) => replay.run(global),
            What::Discard { number, reason } => discard(global, *number, reason),
        }
    }
}

impl List {
    fn run(&self, global: &Global) -> Done {
        let (built, store) = reading(global)?;
        let state = match self.state.as_str() {
            "open" => Some(DeadLetterState::Open),
            "replayed" => Some(DeadLetterState::Replayed),
            "discarded" => Some(DeadLetterState::Discarded),
            "superseded" => Some(DeadLetterState::Superseded),
            _ => None,
        };
        let dataset = self.dataset.as_ref().map(|d| dataset_number(&*store, d)).transpose()?;
        let filter = DeadLetterFilter { dataset, code: self.code.clone(), state, before: self.before };
        let limit = usize::from(self.limit.max(1));
        let places = Places::of(&built.catalog, &built.prepared);
        let mut letters = read(&*store, &places, &filter, limit + 1)?;
        let more = letters.len() > limit;
        letters.truncate(limit);
        let next = letters.last().filter(|_| more).map(|l| l.number);
        if global.json {
            out::json(&json!({ "items": letters, "next": next }));
            return Ok(());
        }
        let mut text = String::new();
        for l in &letters {
            // Where all are listed, who waits is told from who does not.
            let state = if state.is_none() { format!("{}  ", l.state) } else { String::new() };
            let message = out::plain(&l.message);
            let _ = writeln!(text, "{}  {state}{}  {}  {}: {message}", l.number, l.dataset, place(l), l.code);
        }
        match (letters.is_empty(), next) {
            (true, _) => text.push_str("there are none\n"),
            (false, Some(next)) => text.push_str(&format!("there are more: --before {next}\n")),
            _ => {}
        }
        out::answer(&text);
        Ok(())
    }
}

fn read(
    store: &dyn Store,
    places: &Places,
    filter: &DeadLetterFilter,
    limit: usize,
) -> Result<Vec<DeadLetterView>, Failure> {
    let names = Names::new(store, None).with_places(places);
    let mut reader = store.reader().map_err(store_fault)?;
    let letters = reader.dead_letters(filter, limit).map_err(store_fault)?;
    let shown = letters.into_iter().map(|l| view::dead_letter(&mut *reader, &names, &codes(), l, false));
    shown.collect::<Result<_, _>>().map_err(store_fault)
}

fn codes() -> Vec<banyan_adapter::RefusalDef> {
    KINDS.iter().flat_map(|k| k.refusals()).copied().collect()
}

fn place(l: &DeadLetterView) -> String {
    let unit = out::plain(l.unit.as_deref().unwrap_or("-"));
    match &l.located {
        Some(located) => format!("{unit}: {}", out::plain(located)),
        None => format!("{unit}:{}", l.line),
    }
}

fn show(global: &Global, number: u64) -> Done {
    let (built, store) = reading(global)?;
    let names = Names::new(&*store, None).with_places(&Places::of(&built.catalog, &built.prepared));
    let mut reader = store.reader().map_err(store_fault)?;
    let letter = reader.dead_letter(number).map_err(store_fault)?;
    let letter = letter.ok_or_else(|| Failure::Because(format!("there is no dead letter {number}")))?;
    let raw = letter.raw.clone();
    let l = view::dead_letter(&mut *reader, &names, &codes(), letter, true).map_err(store_fault)?;
    if global.json {
        out::json(&json!(l));
        return Ok(());
    }
    let mut text = format!("dead letter {} ({})\n", l.number, l.state);
    let mut fact = |name: &str, value: &str| text.push_str(&format!("  {name:8} {}\n", out::plain(value)));
    fact("dataset", &l.dataset);
    match &l.located {
        Some(_) => fact("place", &place(&l)),
        None => fact("place", &format!("{}, byte {}", place(&l), l.offset)),
    }
    fact("mapping", l.mapping.as_deref().unwrap_or("none: it could not be read"));
    if let Some(field) = &l.field {
        fact("field", field);
    }
    fact("code", &l.code);
    fact("message", &l.message);
    fact("hint", &l.hint);
    fact("refused", &format!("{} time(s), first at {}", l.times, l.at));
    if let Some(reason) = &l.reason {
        fact("reason", reason);
    }
    if let Some(record) = &l.record {
        text.push_str("columns\n");
        for (name, value) in record {
            let _ = writeln!(
                text,
                "  {} = {}",
                out::plain(name),
                value.as_str().map_or("(no value)".to_owned(), |v| format!("{v:?}"))
            );
        }
    }
    match &l.no_bytes {
        Some(why) => {
            let _ = writeln!(text, "no bytes: {why}");
        }
        None => {
            let _ = writeln!(text, "{} bytes as they came", l.raw_bytes);
            bytes(&raw, &mut text);
        }
    }
    out::answer(&text);
    Ok(())
}

/// As text where all of it can be printed, else in hexadecimal.
fn bytes(raw: &[u8], text: &mut String) {
    let printable = |t: &&str| t.chars().all(|c| matches!(c, '\n' | '\r' | '\t') || !c.is_control());
    match std::str::from_utf8(raw).ok().filter(printable) {
        Some(t) => t.lines().for_each(|line| text.push_str(&format!("  {}\n", out::plain(line)))),
        None => hex(raw, text),
    }
}

/// Offset, sixteen bytes, and what of them is printable.
fn hex(raw: &[u8], text: &mut String) {
    for (i, line) in raw.chunks(16).enumerate() {
        let bytes: Vec<String> = line.iter().map(|b| format!("{b:02x}")).collect();
        let shown: String = line.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
        let _ = writeln!(text, "  {:06x}  {:47}  {shown}", i * 16, bytes.join(" "));
    }
}

impl Replay {
    fn run(&self, global: &Global) -> Done {
        let hands = Hands::of(global)?;
        if self.all {
            let tell = |n| {
                if !global.json {
                    out::aside(&format!("{n} looked at …\n"));
                }
            };
            let counts = hands.replay_all(self.dataset.as_deref(), self.code.as_deref(), tell)?;
            if global.json {
                out::json(&json!(counts));
            } else {
                let text = format!(
                    "{} applied, {} refused again, {} cannot be replayed\n",
                    counts.applied, counts.refused_again, counts.not_possible
                );
                out::answer(&text);
            }
            return Ok(());
        }
        let mut all_applied = true;
        let mut outcomes = Vec::new();
        for number in &self.numbers {
            let mut outcome = hands.replay(*number)?;
            let applied = outcome.get("outcome").and_then(|o| o.as_str()) == Some("applied");
            all_applied &= applied;
            if !global.json {
                let why = outcome.get("message").and_then(|m| m.as_str()).unwrap_or("");
                let said = if applied { "applied".to_owned() } else { format!("refused again: {}", out::plain(why)) };
                out::answer(&format!("dead letter {number}: {said}\n"));
            }
            outcome["number"] = json!(number);
            outcomes.push(outcome);
        }
        if global.json {
            out::json(&json!({ "items": outcomes }));
        }
        if all_applied { Ok(()) } else { Err(Failure::Told) }
    }
}

fn discard(global: &Global, number: u64, reason: &str) -> Done {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Failure::Usage("--reason must say something".to_owned()));
    }
    Hands::of(global)?.discard(number, reason)?;
    match global.json {
        true => out::json(&json!({ "discarded": number })),
        false => out::answer(&format!("dead letter {number} is discarded\n")),
    }
    Ok(())
}
