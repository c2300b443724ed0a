//! From a written map to a checked one, with every problem in one run.
//!
//! Purpose: [`read()`] turns the tree of a map's file into a [`Map`] and the [`Config`] of its transport; [`schema()`] is
//! what editors complete it by.
//! Invariant: a map without errors has only numbers that point somewhere, and texts and places that fit its screens.
//! Not here: files and YAML (the gateway's configuration hands in a tree), what the far side really shows.

mod check;
mod flow;
mod keys;
mod notes;
mod pattern;
mod pieces;
mod raw;
mod screen;
mod step;
mod table;

use super::{Flow, Key, Map, Pool, Screen, ScreenNo};
use crate::transport::Config;
use banyan_words::node::{Kind, Node, join};
use banyan_words::{Problem, codec};
use notes::Notes;
use raw::{RawFlow, RawMap, RawPool, RawScreen};
use std::time::Duration;

const QUIET: Duration = Duration::from_millis(150);
const WITHIN: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(600);
/// Sessions no owner of an old system will grant.
const MOST_SESSIONS: u16 = 256;

/// A checked map.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The map.
    pub map: Map,
    /// How its far side is reached.
    pub transport: Config,
    /// What is probably not as meant.
    pub warnings: Vec<Problem>,
}

/// Reads the map `node`, which stands at `path` of a configuration (`""` where it stands alone). Else every problem,
/// each with its place as far as the tree knows it.
pub fn read(node: &Node, path: &str) -> Result<Checked, Vec<Problem>> {
    let mut reader = Reader::new(node, path);
    let built = reader.map();
    let mut problems = reader.notes.problems;
    place(node, path, &mut problems);
    problems.sort_by(|a, b| (&a.spot, &a.path, &a.code).cmp(&(&b.spot, &b.path, &b.code)));
    problems.dedup();
    match built {
        Some((map, transport)) => Ok(Checked { map, transport, warnings: problems }),
        None => Err(problems),
    }
}

/// The JSON schema of a map's file.
pub fn schema() -> schemars::Schema {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let transport = crate::transport::schema(&mut generator);
    let mut schema = generator.into_root_schema_for::<RawMap>();
    if let Some(properties) = schema.get_mut("properties").and_then(|p| p.as_object_mut()) {
        properties.insert("transport".into(), transport);
    }
    schema
}

fn place(node: &Node, path: &str, problems: &mut [Problem]) {
    for p in problems.iter_mut().filter(|p| p.spot.is_none()) {
        if let Some(rest) = p.path.strip_prefix(path) {
            p.spot = node.spot_within(rest.strip_prefix('.').unwrap_or(rest), p.within);
        }
    }
}

/// What kind of far side it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Far {
    Tn3270,
    Vt,
    Web,
}

/// A map while it is read.
struct Reader<'n> {
    node: &'n Node,
    path: &'n str,
    far: Option<Far>,
    /// How the far side is reached, if that is sound: it knows its keys.
    config: Option<Config>,
    size: Option<(u16, u16)>,
    notes: Notes,
    /// All that are named, in order; what is faulty in one is left out of it.
    screens: Vec<Screen>,
    written: Vec<Option<RawScreen>>,
    flows: Vec<Flow>,
    written_flows: Vec<Option<RawFlow>>,
}

impl<'n> Reader<'n> {
    fn new(node: &'n Node, path: &'n str) -> Reader<'n> {
        let (screens, written, flows, written_flows) = Default::default();
        Reader {
            node,
            path,
            far: None,
            config: None,
            size: None,
            notes: Notes::default(),
            screens,
            written,
            flows,
            written_flows,
        }
    }

    fn at(&self, key: &str) -> String {
        join(self.path, key)
    }

    /// The map; `None` if something is wrong, which is in the notes.
    fn map(&mut self) -> Option<(Map, Config)> {
        let raw: RawMap = self.notes.read(self.node, self.path)?;
        if raw.map.trim().is_empty() {
            let hint = "write its name and version: `map: stock/v3`";
            self.notes.error("bad-value", &self.at("map"), "a map has a name", hint);
        }
        self.transport(raw.transport.as_ref());
        self.section(raw.screens.as_ref(), "screens");
        self.section(raw.flows.as_ref(), "flows");
        self.read_screens();
        self.read_flows();
        let (pool, rest) = self.pool(&raw.pool);
        let login = self.flows.iter().position(|f| f.name == "login");
        self.check_together(rest, login);
        if self.notes.faulty() {
            return None;
        }
        let mut map = Map {
            name: raw.map,
            hash: 0,
            pool,
            screens: std::mem::take(&mut self.screens),
            flows: std::mem::take(&mut self.flows),
            rest: rest?,
            login,
            size: self.size,
            quiet: raw.quiet.map_or(QUIET, |d| d.0),
            within: raw.within.map_or(WITHIN, |d| d.0),
        };
        map.hash = hash(&map);
        Some((map, self.config.take()?))
    }

    /// A section is a map of named things.
    fn section(&mut self, node: Option<&Node>, key: &str) {
        if let Some(node) = node.filter(|n| !matches!(n.kind, Kind::Map(_)) && !n.is_null()) {
            let message = format!("expected a map, found {}", node.describe());
            let hint = format!("write `{key}:` and under it each with its name");
            self.notes.error("wrong-type", &self.at(key), message, hint);
        }
    }

    fn transport(&mut self, node: Option<&Node>) {
        let path = self.at("transport");
        let Some(node) = node else {
            let hint = "write `transport: { kind: tn3270, host: \"mainframe:992\" }`, or kind vt or web";
            let whole = self.path.to_owned();
            self.notes.missing(&whole, "the key `transport` is missing", hint);
            return;
        };
        let kind = node.get("kind").and_then(Node::as_text);
        self.far = match kind {
            Some("tn3270") => Some(Far::Tn3270),
            Some("vt") => Some(Far::Vt),
            Some("web") => Some(Far::Web),
            _ => None,
        };
        self.config = Config::read(node, &path, &mut self.notes.problems);
        self.size = self.config.as_ref().and_then(Config::size);
    }

    fn pool(&mut self, raw: &RawPool) -> (Pool, Option<ScreenNo>) {
        let path = self.at("pool");
        let lu = self.units(&raw.lu, &join(&path, "lu"));
        let max = raw.max.unwrap_or(1);
        if !(1..=MOST_SESSIONS).contains(&max) {
            let message = format!("a pool has from 1 to {MOST_SESSIONS} sessions");
            self.notes.error("bad-value", &join(&path, "max"), message, "leave it out for 1");
        } else if !lu.is_empty() && usize::from(max) > lu.len() {
            let message = format!("there are {} logical units for {max} sessions", lu.len());
            self.notes.error("conflict", &join(&path, "max"), message, "name more of them, or lower `max`");
        }
        if !lu.is_empty() && self.far.is_some_and(|f| f != Far::Tn3270) {
            let message = "only 3270 hosts have logical units";
            self.notes.error("conflict", &join(&path, "lu"), message, "leave `lu` out");
        }
        let rest = self.rest(raw.rest.as_deref(), &join(&path, "rest"));
        let keep_alive = raw.keep_alive.as_ref().and_then(|k| {
            let key: Key = self.key(&k.key, &join(&path, "keep_alive.key"))?;
            if k.every.0 < Duration::from_secs(1) {
                let message = "a session is kept alive at most once a second";
                self.notes.error("bad-value", &join(&path, "keep_alive.every"), message, "write 5m");
            }
            Some((key, k.every.0))
        });
        (Pool { max: usize::from(max), lu, idle: raw.idle.map_or(IDLE, |d| d.0), keep_alive }, rest)
    }

    fn rest(&mut self, name: Option<&str>, path: &str) -> Option<ScreenNo> {
        let Some(name) = name else {
            let home = self.screens.iter().position(|s| s.name == "home");
            if home.is_none() {
                let hint = "name the screen on which sessions rest `home`, or write `pool: { rest: … }`";
                let whole = self.path.to_owned();
                self.notes.missing(&whole, "there is no screen `home`, and `pool.rest` names no other", hint);
            }
            return home;
        };
        let no = self.screen_named(name, path)?;
        if self.screens.get(no).is_some_and(|s| s.transient.is_some()) {
            let message = format!("`{name}` is transient: a session cannot rest on it");
            self.notes.error("transient-expected", path, message, "name a screen that stays");
        }
        Some(no)
    }

    /// `LU01-LU04` is four names.
    fn units(&mut self, written: &[String], path: &str) -> Vec<String> {
        let mut units: Vec<String> = Vec::new();
        for text in written {
            match unit_range(text) {
                Some(range) => units.extend(range),
                None => {
                    let hint = "write `[LU01-LU04]`, or each name";
                    self.notes.error("bad-value", path, format!("`{text}` names no logical units"), hint);
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = units.iter().find(|u| !seen.insert(u.as_str())) {
            let message = format!("the logical unit {twice} is named twice");
            self.notes.error("duplicate-name", path, message, "name it once");
        }
        units
    }

    /// The screen of that name; told if there is none.
    fn screen_named(&mut self, name: &str, path: &str) -> Option<ScreenNo> {
        let found = self.screens.iter().position(|s| s.name == name);
        if found.is_none() && !self.notes.partial(&self.at("screens")) || found.is_none() && !self.screens.is_empty() {
            self.notes.unknown("screen", path, name, self.screens.iter().map(|s| s.name.as_str()));
        }
        found
    }

    /// A name that a screen, field or flow may have.
    fn name(&mut self, what: &str, name: &str, path: &str) {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let goes_on = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !begins || !goes_on || name.len() > 64 {
            let message = format!("`{name}` cannot be the name of a {what}");
            self.notes.error("bad-name", path, message, "use letters, digits, _ and -, and begin with a letter");
        }
    }
}

/// `LU01-LU04` → four names; a plain name → itself.
fn unit_range(text: &str) -> Option<Vec<String>> {
    let plain =
        |t: &str| !t.is_empty() && t.len() <= 8 && t.chars().all(|c| c.is_ascii_alphanumeric() || "@#$".contains(c));
    let Some((first, last)) = text.split_once('-') else {
        return plain(text).then(|| vec![text.to_owned()]);
    };
    if !plain(first) || first.len() != last.len() || !plain(last) {
        return None;
    }
    let digits = first.chars().rev().take_while(char::is_ascii_digit).count();
    let (head, from) = first.split_at(first.len() - digits);
    let (head_too, to) = last.split_at(last.len() - digits);
    let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
    if head != head_too || to < from || to - from > u32::from(MOST_SESSIONS) {
        return None;
    }
    Some((from..=to).map(|n| format!("{head}{n:0digits$}")).collect())
}

/// Of everything that decides what is read. Secrets show as stars, so a new password changes nothing.
fn hash(map: &Map) -> u64 {
    let told = format!("{:?}", (&map.name, &map.screens, &map.flows, map.size));
    codec::hash(told.as_bytes(), 0x4d41)
}

#[cfg(test)]
mod tests;
