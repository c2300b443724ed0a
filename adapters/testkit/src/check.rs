//! The promises of a feed, checked one by one.

use crate::gateway::{End, Gateway, Unit, block_on};
use crate::{Record, Store};
use banyan_adapter::{Ask, BlockingFeed, Connected, Kind, Prepared, RawSource};
use banyan_words::node::{Key, Kind as NodeKind, Node};
use banyan_words::{Type, Value};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An adapter to be checked, with a source that is filled and stands still while it is checked.
pub struct Subject<'k> {
    /// The kind.
    pub kind: &'k dyn Kind,
    /// A source with the dataset in it, holding at least one record and, if the kind knows any, one bad record.
    pub raw: RawSource,
    /// The dataset.
    pub dataset: String,
    /// How long the feed may take until what lies in the source is delivered.
    pub patience: Duration,
}

/// Panics with every broken promise.
pub fn assert_feed(subject: &Subject<'_>) {
    let broken = check_feed(subject);
    assert!(broken.is_empty(), "broken promises:\n- {}", broken.join("\n- "));
}

/// Every promise that the feed breaks, in words.
pub fn check_feed(subject: &Subject<'_>) -> Vec<String> {
    let mut check = Check { subject, broken: Vec::new() };
    check.kind();
    match subject.kind.prepare(&subject.raw) {
        Ok(prepared) => check.prepared(&*prepared),
        Err(problems) => problems.iter().for_each(|p| check.broken.push(format!("prepare: {p}"))),
    }
    check.broken
}

struct Check<'s, 'k> {
    subject: &'s Subject<'k>,
    broken: Vec<String>,
}

impl Check<'_, '_> {
    fn expect(&mut self, holds: bool, promise: &str) {
        if !holds {
            self.broken.push(promise.to_owned());
        }
    }

    fn kind(&mut self) {
        let kind = self.subject.kind;
        let mut seen = BTreeSet::new();
        for def in kind.refusals() {
            let kebab = def
                .code
                .split('-')
                .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
            self.expect(kebab, &format!("the code `{}` is not kebab-case", def.code));
            self.expect(seen.insert(def.code), &format!("the code `{}` is declared twice", def.code));
            let told = !def.meaning.is_empty() && !def.hint.is_empty();
            self.expect(told, &format!("the code `{}` has no meaning or no hint", def.code));
            let stage = ["config", "unit", "record", "mapping", "request"].contains(&def.stage);
            self.expect(stage, &format!("the code `{}` has an unknown stage `{}`", def.code, def.stage));
        }
        for (what, schema) in [("source", kind.source_schema()), ("dataset", kind.dataset_schema())] {
            let described = schema.as_value().get("properties").is_some();
            self.expect(described, &format!("the schema of a {what} has no properties"));
        }
        let mut misspelt = self.subject.raw.clone();
        misspelt.config = with_key(&misspelt.config, "no_such_key");
        self.refused_key(&misspelt, "source");
        let mut misspelt = self.subject.raw.clone();
        for dataset in &mut misspelt.datasets {
            dataset.config = with_key(&dataset.config, "no_such_key");
        }
        self.refused_key(&misspelt, "dataset");
    }

    fn refused_key(&mut self, raw: &RawSource, of: &str) {
        let told = match self.subject.kind.prepare(raw) {
            Ok(_) => false,
            Err(problems) => {
                problems.iter().any(|p| p.path.contains("no_such_key") || p.message.contains("no_such_key"))
            }
        };
        self.expect(told, &format!("a misspelt key of a {of} is not refused by name"));
    }

    fn prepared(&mut self, prepared: &dyn Prepared) {
        let dataset = &self.subject.dataset;
        let again = self.subject.kind.prepare(&self.subject.raw);
        let stable = again.is_ok_and(|p| p.reading_hash(dataset) == prepared.reading_hash(dataset));
        self.expect(stable, "reading_hash differs between two runs over one configuration");
        let store = Arc::new(Store::default());
        let mut gateway = Gateway::new(store.clone(), dataset);
        let cx = gateway.context(&self.subject.raw.name, Timestamp::UNIX_EPOCH);
        let connected = match block_on(prepared.connect(cx)) {
            Ok(connected) => connected,
            Err(fault) => return self.broken.push(format!("connect: {fault}")),
        };
        self.expect(block_on(connected.health()).ok, "health is not ok although the source is there");
        self.expect(connected.feed("no such dataset").is_none(), "a dataset that is not configured has a feed");
        let Some(mut feed) = connected.feed(dataset) else {
            return self.broken.push(format!("there is no feed for {dataset}"));
        };
        self.stops(&mut *feed);
        let units = self.all(&mut gateway, &mut *feed);
        self.broken.append(&mut gateway.protocol);
        let Some(units) = units else { return };
        self.units(prepared, &units);
        self.idles(&mut *feed);
        self.acknowledges(&mut *feed, &units);
        self.restarts(&*connected, &store);
        self.repeats(prepared, &units);
    }

    /// Everything the source holds: read until nothing came for a while.
    fn all(&mut self, gateway: &mut Gateway, feed: &mut dyn BlockingFeed) -> Option<Vec<Unit>> {
        let deadline = Instant::now() + self.subject.patience;
        gateway.ask.wait = Duration::from_millis(50);
        let mut units = Vec::new();
        loop {
            match gateway.next_unit(feed) {
                Ok(Some(unit)) => units.push(unit),
                Ok(None) if !units.is_empty() => return Some(units),
                Ok(None) if Instant::now() > deadline => {
                    self.broken.push("nothing was delivered".into());
                    return None;
                }
                Ok(None) => {}
                Err(fault) => {
                    self.broken.push(format!("next: {fault}"));
                    return None;
                }
            }
        }
    }

    fn units(&mut self, prepared: &dyn Prepared, units: &[Unit]) {
        let declared = prepared.columns(&self.subject.dataset);
        for unit in units {
            let name = &unit.unit.name;
            match &unit.end {
                End::Done(count, _) => {
                    let counted = *count == unit.records.len() as u64;
                    self.expect(counted, &format!("{name}: Done counts {count}, {} came", unit.records.len()));
                    self.expect(!unit.columns.is_empty(), &format!("{name}: no batch showed its columns"));
                }
                End::Refused(code, message) => {
                    self.declared(code, &format!("unit {name}"));
                    self.expect(!message.is_empty(), &format!("{name}: refused without a message"));
                }
                End::Identical(_) => {}
                End::Open => self.broken.push(format!("{name}: neither Done nor Refused came")),
            }
            if let (Some(columns), false) = (&declared, unit.columns.is_empty()) {
                self.expect(*columns == unit.columns, &format!("{name}: other columns came than were announced"));
            }
            for record in &unit.records {
                self.record(name, record);
            }
            let ascending = unit.records.windows(2).all(|w| w[0].place <= w[1].place);
            self.expect(ascending, &format!("{name}: places do not ascend"));
        }
    }

    fn record(&mut self, unit: &str, record: &Record) {
        let at = format!("{unit} line {}", record.place.line);
        self.expect(record.place.line > 0, &format!("{at}: lines count from 1"));
        for (cell, column) in record.cells.iter().zip(&record.columns) {
            let name = &column.name;
            self.expect(cell.fits(&column.ty), &format!("{at}: {name} is {}, not {}", cell.word(), column.ty));
            let float = matches!(cell, Value::Float(..)) && column.ty != Type::Float;
            self.expect(!float, &format!("{at}: {name} came as a float"));
        }
        if let Some((code, message, raw)) = &record.bad {
            self.declared(code, &at);
            self.expect(!message.is_empty(), &format!("{at}: bad without a message"));
            self.expect(!raw.is_empty(), &format!("{at}: bad without its raw bytes"));
        }
    }

    fn declared(&mut self, code: &str, at: &str) {
        let declared = self.subject.kind.refusals().iter().any(|d| d.code == code);
        self.expect(declared, &format!("{at}: the code `{code}` is not declared"));
    }

    fn stops(&mut self, feed: &mut dyn BlockingFeed) {
        let call = banyan_adapter::Call::default();
        call.stop.stop();
        let begun = Instant::now();
        let ask = Ask { rows: 10, bytes: 1 << 16, wait: Duration::from_secs(60) };
        // What was begun may be handed over first, but nothing is waited for.
        for _ in 0..100 {
            match feed.next(ask, &call) {
                Ok(banyan_adapter::Delivery::Idle) => break,
                Ok(_) => {}
                Err(fault) => {
                    self.broken.push(format!("a stopped call failed: {fault}"));
                    break;
                }
            }
        }
        self.expect(begun.elapsed() < Duration::from_secs(2), "a stopped call did not come back soon");
        feed.rewind();
    }

    fn idles(&mut self, feed: &mut dyn BlockingFeed) {
        let begun = Instant::now();
        let wait = Duration::from_millis(200);
        let idle = feed.next(Ask { rows: 10, bytes: 1 << 16, wait }, &banyan_adapter::Call::default());
        self.expect(matches!(idle, Ok(banyan_adapter::Delivery::Idle)), "a feed with nothing left is not idle");
        self.expect(begun.elapsed() >= wait, "an idle call came back before its wait was over: the caller would spin");
        self.expect(begun.elapsed() < wait + Duration::from_secs(2), "an idle call came back long after its wait");
    }

    fn acknowledges(&mut self, feed: &mut dyn BlockingFeed, units: &[Unit]) {
        for unit in units.iter().filter(|u| u.is_done()) {
            for _ in 0..2 {
                if let Err(fault) = feed.acknowledge(&unit.unit, &unit.token) {
                    self.broken.push(format!("{}: acknowledging again failed: {fault}", unit.unit.name));
                }
            }
        }
    }

    /// A new feed with the old memory has nothing to deliver.
    fn restarts(&mut self, connected: &dyn Connected, store: &Arc<Store>) {
        let Some(mut feed) = connected.feed(&self.subject.dataset) else { return };
        let mut gateway = Gateway::new(store.clone(), &self.subject.dataset);
        gateway.ask.wait = Duration::from_millis(300);
        match gateway.drain(&mut *feed) {
            Ok(units) => {
                for unit in units {
                    self.broken.push(format!("after a restart {} was delivered again", unit.unit.name));
                }
            }
            Err(fault) => self.broken.push(format!("after a restart: {fault}")),
        }
    }

    /// The same records come again: for a gateway without a memory, after giving up in the middle, asked for one at
    /// a time. Sources that move what was read are left out: theirs are gone.
    fn repeats(&mut self, prepared: &dyn Prepared, units: &[Unit]) {
        let mut gateway = Gateway::new(Arc::new(Store::default()), &self.subject.dataset);
        let cx = gateway.context(&self.subject.raw.name, Timestamp::UNIX_EPOCH);
        let Ok(connected) = block_on(prepared.connect(cx)) else { return };
        let Some(mut feed) = connected.feed(&self.subject.dataset) else { return };
        let call = banyan_adapter::Call::default();
        let ask = Ask { rows: 1, bytes: 1, wait: self.subject.patience };
        for _ in 0..2 {
            let _ = feed.next(ask, &call);
        }
        feed.rewind();
        gateway.ask = Ask { rows: 1, ..gateway.ask };
        let again = self.all(&mut gateway, &mut *feed);
        self.broken.append(&mut gateway.protocol);
        let Some(again) = again else { return };
        let key = |u: &Unit| (u.unit.name.clone(), u.unit.version.clone());
        for unit in units.iter().filter(|u| u.is_done()) {
            match again.iter().find(|u| key(u) == key(unit)) {
                None => self.broken.push(format!("{} did not come again", unit.unit.name)),
                Some(other) => self.expect(
                    other.records == unit.records,
                    &format!("{}: asked for one by one after a rewind, other records came", unit.unit.name),
                ),
            }
        }
    }
}

fn with_key(node: &Node, key: &str) -> Node {
    let mut entries = node.entries().to_vec();
    entries.push((Key { text: key.into(), spot: node.spot.clone() }, Node::scalar("1", true)));
    Node { spot: node.spot.clone(), kind: NodeKind::Map(entries) }
}
