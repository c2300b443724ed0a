//! Decisions about routes, kept for good: a file of lines beside the store, each bound to the one before.
//!
//! Invariant: a decision that is told to have been taken is on disk, synced, and survives any kill; where routes stand
//! is what the lines say, read from the first to the last. The file is apart from the store, so that a route can be
//! taken back while the store is down (ENGINE, rule 14).
//! Not here: whether a decision is right (`Routes::set`), the evidence itself.

use banyan_migration::bundle::{Bundle, Cause};
use banyan_migration::stage::Standing;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What the first line is bound to.
const FIRST: &str = "0";

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number, counted from 1.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// The route's name.
    pub route: String,
    /// Who: a person's name, or `banyan`.
    pub author: String,
    /// Why, in words.
    pub reason: String,
    /// Where it stood.
    pub from: Standing,
    /// Where it stands now.
    pub to: Standing,
    /// What it rests on.
    pub cause: Cause,
}

impl Decision {
    /// With all it rests on, to be computed again.
    pub fn bundle(&self) -> Bundle {
        Bundle {
            route: self.route.clone(),
            at: self.at.clone(),
            author: self.author.clone(),
            reason: self.reason.clone(),
            from: (self.from.stage, self.from.weight),
            to: (self.to.stage, self.to.weight),
            cause: self.cause.clone(),
        }
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    /// As it was written: the chain binds these very bytes.
    decision: Box<RawValue>,
    /// SHA-256 of the line before's chain and of this line's decision.
    chain: String,
}

/// Why the journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A line is none, or was changed.
    #[error(
        "{file}, line {line}: {why}; where routes stand cannot be told. Restore the file from a backup, or move it away to begin again with the stages of the configuration"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The disk.
    #[error("the journal of routes {file}: {why}")]
    Disk {
        /// The file.
        file: String,
        /// The system's words.
        why: std::io::Error,
    },
}

/// Where the journal of a store's gateway is: beside the store.
pub fn path_of(store: &Path) -> PathBuf {
    store.with_extension("routes.jsonl")
}

/// All decisions, oldest first. A last line that was cut by a kill was never told to anyone, and does not count.
pub fn read(path: &Path) -> Result<Vec<Decision>, JournalError> {
    Ok(scan(path)?.decisions)
}

/// The whole lines of the file as they stand there, each bound to the one before. `None`: there is none.
pub fn whole(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    if !path.exists() {
        return Ok(None);
    }
    let (scanned, mut text) = scan_text(path)?;
    text.truncate(usize::try_from(scanned.whole).unwrap_or(usize::MAX));
    Ok(Some(text))
}

struct Scanned {
    decisions: Vec<Decision>,
    chain: String,
    /// Bytes of whole lines.
    whole: u64,
}

fn scan(path: &Path) -> Result<Scanned, JournalError> {
    Ok(scan_text(path)?.0)
}

fn scan_text(path: &Path) -> Result<(Scanned, Vec<u8>), JournalError> {
    let disk = |why| JournalError::Disk { file: path.display().to_string(), why };
    let mut scanned = Scanned { decisions: Vec::new(), chain: FIRST.to_owned(), whole: 0 };
    let mut text = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut text).map_err(disk)?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((scanned, text)),
        Err(e) => return Err(disk(e)),
    };
    for (n, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        let damaged = |why: String| JournalError::Damaged { file: path.display().to_string(), line: n + 1, why };
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let read: Line = serde_json::from_slice(line).map_err(|e| damaged(format!("it cannot be read: {e}")))?;
        if read.chain != link(&scanned.chain, read.decision.get()) {
            return Err(damaged("this line, or one before it, was changed, put in or taken out".to_owned()));
        }
        scanned.whole += line.len() as u64 + 1;
        scanned.chain = read.chain;
        let decision = serde_json::from_str(read.decision.get());
        scanned.decisions.push(decision.map_err(|e| damaged(format!("it is no decision: {e}")))?);
    }
    Ok((scanned, text))
}

fn link(before: &str, decision: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(decision.as_bytes());
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
    chain: String,
    number: u64,
}

impl Journal {
    /// Opens it, and tells what stands in it.
    pub fn open(path: &Path) -> Result<(Journal, Vec<Decision>), JournalError> {
        let scanned = scan(path)?;
        let mut journal =
            Journal { path: path.to_owned(), file: None, chain: scanned.chain, number: scanned.decisions.len() as u64 };
        if path.exists() {
            let file = journal.file()?;
            // What was cut is taken off, so that the next line stands by itself.
            file.set_len(scanned.whole).map_err(|why| journal.disk(why))?;
        }
        Ok((journal, scanned.decisions))
    }

    /// Lets go of the file.
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    fn disk(&self, why: std::io::Error) -> JournalError {
        JournalError::Disk { file: self.path.display().to_string(), why }
    }

    fn file(&mut self) -> Result<File, JournalError> {
        if self.file.is_none() {
            let made = !self.path.exists();
            let file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(|e| self.disk(e))?;
            if made && let Some(folder) = self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
                // The file's name must survive as well.
                File::open(folder).and_then(|f| f.sync_all()).map_err(|e| self.disk(e))?;
            }
            self.file = Some(file);
        }
        self.file.as_ref().map_or_else(
            || Err(self.disk(std::io::ErrorKind::NotFound.into())),
            |f| f.try_clone().map_err(|e| self.disk(e)),
        )
    }

    /// Adds a decision, numbered here. Once this returns it is on disk.
    pub fn add(&mut self, mut decision: Decision) -> Result<Decision, JournalError> {
        decision.number = self.number + 1;
        let raw = serde_json::value::to_raw_value(&decision).map_err(|e| self.disk(e.into()))?;
        let line = Line { chain: link(&self.chain, raw.get()), decision: raw };
        let mut text = serde_json::to_vec(&line).map_err(|e| self.disk(e.into()))?;
        text.push(b'\n');
        let mut file = self.file()?;
        let length = file.metadata().map_err(|e| self.disk(e))?.len();
        if let Err(why) = file.write_all(&text).and_then(|()| file.sync_data()) {
            // Half a line must not stand before the next one.
            let _ = file.set_len(length);
            self.file = None;
            return Err(self.disk(why));
        }
        self.number += 1;
        self.chain = line.chain;
        Ok(decision)
    }
}

/// Where each route stands by its newest decision.
pub fn standings(decisions: &[Decision]) -> BTreeMap<String, Standing> {
    decisions.iter().map(|d| (d.route.clone(), d.to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_migration::stage::Stage;

    fn decision(route: &str, stage: Stage) -> Decision {
        Decision {
            number: 0,
            at: "2026-07-01T10:00:00Z".into(),
            route: route.into(),
            author: "ann".into(),
            reason: "why not".into(),
            from: Standing::default(),
            to: Standing { stage, ..Standing::default() },
            cause: Cause::person(),
        }
    }

    #[test]
    fn what_was_decided_stands_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        for (n, stage) in [Stage::Shadow, Stage::Canary, Stage::Shadow].into_iter().enumerate() {
            let (mut journal, before) = Journal::open(&path).unwrap();
            assert_eq!(before.len(), n);
            assert_eq!(journal.add(decision("/a", stage)).unwrap().number, n as u64 + 1);
        }
        assert_eq!(standings(&read(&path).unwrap())["/a"].stage, Stage::Shadow);
    }

    #[test]
    fn lines_from_before_it_was_kept_what_a_step_was_against_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        let standing = |stage: &str| format!(r#"{{"stage":"{stage}","weight":"0%","killed":false}}"#);
        let old = format!(
            r#"{{"number":1,"at":"2026-07-01T10:00:00Z","route":"/a","author":"ann","reason":"why not","from":{},"to":{},"cause":{{"by":"person","forced":true}}}}"#,
            standing("legacy"),
            standing("modern")
        );
        std::fs::write(&path, format!("{{\"decision\":{old},\"chain\":\"{}\"}}\n", link(FIRST, &old))).unwrap();
        let (mut journal, before) = Journal::open(&path).unwrap();
        assert_eq!(before[0].cause, Cause::Person { forced: true, overrode: vec![], stood: None });
        let overrode = vec!["insufficient evidence".to_owned()];
        let cause = Cause::Person { forced: true, overrode, stood: None };
        journal.add(Decision { cause: cause.clone(), ..decision("/a", Stage::Modern) }).unwrap();
        assert_eq!(read(&path).unwrap()[1].cause, cause);
        // What was overridden is bound like the rest.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("insufficient", "sufficient")).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn a_cut_line_never_counted_and_a_changed_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.add(decision("/a", Stage::Shadow)).unwrap();
        journal.add(decision("/b", Stage::Shadow)).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        for cut in 1..whole.lines().last().unwrap().len() {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (mut journal, before) = Journal::open(&path).unwrap();
            assert_eq!(before.len(), 1, "cut by {cut}");
            if cut % 100 == 1 {
                journal.add(decision("/c", Stage::Canary)).unwrap();
                assert_eq!(read(&path).unwrap().len(), 2);
            }
        }
        std::fs::write(&path, whole.replacen("why not", "because", 1)).unwrap();
        let told = Journal::open(&path).unwrap_err().to_string();
        assert!(told.contains("line 1") && told.contains("changed"), "{told}");
    }
}
