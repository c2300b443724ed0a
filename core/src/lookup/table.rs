//! A value table in memory: hashed by its keys, with `*` for any.
//!
//! Invariant: rows are grouped by which of their keys are `*`; groups are asked from the most specific on, and no two
//! rows of equally specific groups answer the same keys unless a more specific row does.

use super::csv;
use banyan_words::{Problem, Spot};
use std::borrow::Cow;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A row's key that matches anything.
const ANY: &str = "*";
/// How many keys a table may have.
pub(crate) const MOST_KEYS: usize = 8;
/// Ties told of; a table built wrongly has thousands.
const MOST_TIES: usize = 20;

/// A value table.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    keys: usize,
    rows: Vec<Row>,
    /// Most specific first.
    groups: Vec<Group>,
    hash: u64,
}

#[derive(Clone, Debug)]
struct Row {
    line: usize,
    keys: Vec<String>,
    value: String,
}

/// The rows with `*` in the same places.
#[derive(Clone, Debug)]
struct Group {
    /// Bit i is set if key i is `*`.
    mask: u8,
    /// Row numbers plus one by hash, open addressing; 0 is empty. A power of two, at most half full.
    slots: Vec<u32>,
}

impl Group {
    fn find(&self, rows: &[Row], keys: &[Cow<'_, str>]) -> Option<usize> {
        let last = self.slots.len().checked_sub(1)?;
        let mut at = hash(self.mask, keys.iter().map(AsRef::as_ref)) as usize & last;
        loop {
            let n = (*self.slots.get(at)? as usize).checked_sub(1)?;
            if rows.get(n).is_some_and(|r| same(self.mask, r, keys)) {
                return Some(n);
            }
            at = (at + 1) & last;
        }
    }
}

fn same(mask: u8, row: &Row, keys: &[Cow<'_, str>]) -> bool {
    row.keys.iter().zip(keys).enumerate().all(|(i, (a, b))| mask >> i & 1 == 1 || a.as_str() == b.as_ref())
}

fn hash<'k>(mask: u8, keys: impl Iterator<Item = &'k str>) -> u64 {
    let fixed = keys.enumerate().filter(|(i, _)| mask >> i & 1 == 0);
    fixed.fold(0, |h, (_, k)| xxh3_64_with_seed(k.as_bytes(), h))
}

impl Table {
    /// Reads a table from CSV with a header. `name` is the file's, for messages; `keys` and `value` are columns, others
    /// are ignored. On success the problems are warnings; on failure they are all there is to say.
    pub fn parse(
        name: &str,
        bytes: &[u8],
        keys: &[String],
        value: &str,
    ) -> Result<(Table, Vec<Problem>), Vec<Problem>> {
        let fault = |code, line, said: String| problem(name, code, line, said);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = bytes.iter().take(e.valid_up_to()).filter(|b| **b == b'\n').count() + 1;
            vec![fault("lookup-encoding", line, "the table is not UTF-8".to_owned()).hint("save it as CSV UTF-8")]
        })?;
        let mut lines = csv::rows(text).map_err(|(line, said)| vec![fault("lookup-csv", line, said)])?.into_iter();
        let Some((_, header)) = lines.next() else {
            return Err(vec![fault("lookup-empty", 1, "the table has no header".to_owned())]);
        };
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(vec![fault("lookup-keys", 1, format!("a lookup has 1 to {MOST_KEYS} keys"))]);
        }
        let (places, value_at) = columns(name, &header, keys, value)?;
        let mut builder = Builder { name, problems: Vec::new(), rows: Vec::new() };
        for (line, cells) in lines {
            builder.row(line, &cells, &header, &places, value_at);
        }
        let table = Table {
            name: name.to_owned(),
            keys: keys.len(),
            groups: builder.groups(keys.len()),
            hash: xxh3_64(bytes),
            rows: builder.rows,
        };
        let mut problems = builder.problems;
        if problems.is_empty() {
            table.ties(&mut problems);
        }
        let fatal = problems.iter().any(|p| p.severity == banyan_words::Severity::Error);
        if fatal { Err(problems) } else { Ok((table, problems)) }
    }

    /// The file it was read from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many keys it takes.
    pub fn key_count(&self) -> usize {
        self.keys
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A hash of the file's bytes.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// True if a row of `*` alone answers whatever the keys.
    pub fn covers_all(&self) -> bool {
        self.groups.iter().any(|g| g.mask.count_ones() as usize == self.keys)
    }

    /// All its values, each once, in order of appearance.
    pub fn values(&self) -> Vec<String> {
        let mut seen = std::collections::BTreeSet::new();
        self.rows.iter().filter(|r| seen.insert(r.value.as_str())).map(|r| r.value.clone()).collect()
    }

    /// The value for these keys and the line it stands on; the most specific row answers.
    pub fn get(&self, keys: &[Cow<'_, str>]) -> Option<(&str, usize)> {
        if keys.len() != self.keys {
            return None;
        }
        let n = self.groups.iter().find_map(|g| g.find(&self.rows, keys))?;
        self.rows.get(n).map(|row| (row.value.as_str(), row.line))
    }

    /// Tells of pairs of rows that answer the same keys, equally specific.
    fn ties(&self, problems: &mut Vec<Problem>) {
        for (i, a) in self.groups.iter().enumerate() {
            let rivals = self.groups.iter().skip(i + 1).filter(|b| b.mask.count_ones() == a.mask.count_ones());
            for b in rivals {
                for x in self.members(a) {
                    for y in self.members(b) {
                        if self.tie(x, a.mask, y, b.mask) {
                            let (first, second) = (x.line.min(y.line), x.line.max(y.line));
                            let keys = shared(x, y).join(", ");
                            let said =
                                format!("this row and line {first} both answer {keys}; neither is more specific");
                            let hint = "add a row for exactly these keys";
                            problems.push(problem(&self.name, "lookup-tie", second, said).hint(hint));
                            if problems.len() >= MOST_TIES {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }

    fn members<'t>(&'t self, g: &'t Group) -> impl Iterator<Item = &'t Row> {
        g.slots.iter().filter_map(|n| self.rows.get((*n as usize).checked_sub(1)?))
    }

    fn tie(&self, x: &Row, a: u8, y: &Row, b: u8) -> bool {
        let agree = x.keys.iter().zip(&y.keys).enumerate().all(|(i, (p, q))| (a | b) >> i & 1 == 1 || p == q);
        if !agree {
            return false;
        }
        // Keys that both leave open are asked as `*`, which only rows with `*` there can answer.
        let keys: Vec<Cow<'_, str>> = shared(x, y).into_iter().map(Cow::Borrowed).collect();
        !self.groups.iter().any(|g| {
            g.mask.count_ones() < a.count_ones() && g.mask & (a & b) == (a & b) && g.find(&self.rows, &keys).is_some()
        })
    }
}

/// The keys that two rows both answer.
fn shared<'r>(x: &'r Row, y: &'r Row) -> Vec<&'r str> {
    x.keys.iter().zip(&y.keys).map(|(p, q)| if p == ANY { q.as_str() } else { p.as_str() }).collect()
}

fn problem(name: &str, code: &str, line: usize, said: String) -> Problem {
    let mut p = Problem::error(code, "", said);
    p.spot = Some(Spot { file: name.to_owned(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 0 });
    p
}

/// Where keys and value stand in the header.
fn columns(name: &str, header: &[String], keys: &[String], value: &str) -> Result<(Vec<usize>, usize), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut find = |wanted: &str| {
        let mut places = header.iter().enumerate().filter(|(_, h)| h.trim() == wanted).map(|(i, _)| i);
        let found = places.next();
        if found.is_none() || places.next().is_some() {
            let said = match found {
                None => format!("the header has no column {wanted}"),
                Some(_) => format!("the header has column {wanted} twice"),
            };
            let hint = format!("it has {}", header.join(", "));
            problems.push(problem(name, "lookup-column", 1, said).hint(hint));
        }
        found.unwrap_or(0)
    };
    let places = keys.iter().map(|k| find(k)).collect();
    let value_at = find(value);
    if problems.is_empty() { Ok((places, value_at)) } else { Err(problems) }
}

struct Builder<'n> {
    name: &'n str,
    problems: Vec<Problem>,
    rows: Vec<Row>,
}

impl Builder<'_> {
    fn row(&mut self, line: usize, cells: &[String], header: &[String], places: &[usize], value_at: usize) {
        let get = |i: usize| cells.get(i).cloned();
        let keys: Option<Vec<String>> = places.iter().map(|i| get(*i)).collect();
        let (Some(keys), Some(value)) = (keys, get(value_at)) else {
            let said = format!("the row has {} cells, the header {}", cells.len(), header.len());
            self.problems.push(problem(self.name, "lookup-short-row", line, said));
            return;
        };
        for k in keys.iter().chain([&value]).filter(|k| k.trim() != k.as_str()) {
            let said = format!("\"{k}\" has blanks around it, which count");
            let warning = Problem {
                severity: banyan_words::Severity::Warning,
                ..problem(self.name, "lookup-blanks", line, said)
            };
            self.problems.push(warning);
        }
        self.rows.push(Row { line, keys, value });
    }

    /// Hashes the rows, telling of keys that are there twice.
    fn groups(&mut self, keys: usize) -> Vec<Group> {
        let mask = |r: &Row| r.keys.iter().enumerate().fold(0_u8, |m, (i, k)| m | u8::from(k == ANY) << i);
        let mut groups: Vec<Group> = Vec::new();
        // Fewer `*` first; the order among equals is fixed, though ties are refused.
        let mut masks: Vec<u8> = (0..=u8::MAX >> (8 - keys.min(8))).collect();
        masks.sort_by_key(|m| (m.count_ones(), *m));
        for m in masks {
            let members: Vec<usize> =
                (0..self.rows.len()).filter(|i| self.rows.get(*i).is_some_and(|r| mask(r) == m)).collect();
            if members.is_empty() {
                continue;
            }
            let mut group = Group { mask: m, slots: vec![0; (members.len() * 2).next_power_of_two()] };
            for n in members {
                self.insert(&mut group, n);
            }
            groups.push(group);
        }
        groups
    }

    fn insert(&mut self, group: &mut Group, n: usize) {
        let Some(row) = self.rows.get(n) else { return };
        let keys: Vec<Cow<'_, str>> = row.keys.iter().map(|k| Cow::Borrowed(k.as_str())).collect();
        if let Some(first) = group.find(&self.rows, &keys).and_then(|i| self.rows.get(i)) {
            let said = format!("the keys {} stand on line {} already", keys.join(", "), first.line);
            self.problems.push(problem(self.name, "lookup-duplicate", row.line, said));
            return;
        }
        let last = group.slots.len() - 1;
        let mut at = hash(group.mask, keys.iter().map(AsRef::as_ref)) as usize & last;
        while let Some(slot) = group.slots.get_mut(at) {
            if *slot == 0 {
                *slot = u32::try_from(n + 1).unwrap_or(0);
                return;
            }
            at = (at + 1) & last;
        }
    }
}

#[cfg(test)]
mod tests;
