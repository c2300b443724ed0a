//! Everything that was sent to legacy systems, for their owners: a file of lines, each bound to the one before.
//!
//! Invariant: a line that was written is never changed; one that is changed, taken out or put in breaks the chain from
//! there on, and [`verify`] says where. Values of parameters never come here.
//! Not here: what people did (`acts` tells the log), what is sent (adapters).

use anyhow::{Context, Result, anyhow};
use banyan_adapter::{Audit, Sent};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file is closed, and another begun, when it has grown beyond this.
const LARGEST: u64 = 64 << 20;
const FIRST: &str = "0";

/// Writes the lines.
pub struct AuditLog {
    path: PathBuf,
    clock: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    open: Mutex<Open>,
}

struct Open {
    file: Option<File>,
    length: u64,
    chain: String,
}

/// Where the lines of a store's gateway are: beside the store.
pub fn path_of(store: &Path) -> PathBuf {
    store.with_extension("audit.jsonl")
}

/// Where the lines of `discover` and `scaffold` are: apart, for a gateway may be writing its own.
pub fn discover_path_of(store: &Path) -> PathBuf {
    store.with_extension("discover.audit.jsonl")
}

impl AuditLog {
    /// Goes on with the file at `path`, which is made with the first line.
    pub fn new(path: PathBuf, clock: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>) -> Result<AuditLog> {
        let (mut chain, mut length, mut file) = (FIRST.to_owned(), 0, None);
        if path.exists() {
            let opened = OpenOptions::new().read(true).append(true).open(&path);
            let mut f = opened.with_context(|| format!("the audit log {} cannot be opened", path.display()))?;
            length = f.metadata()?.len();
            let (last, whole) = last_chain(&mut f, length)?;
            chain = last.unwrap_or(chain);
            if !whole {
                // The process was killed while it wrote. What was cut stays, and the next line says so.
                f.write_all(b"\n")?;
                length += 1;
            }
            file = Some(f);
        } else if let Some(newest) = closed(&path)?.pop() {
            let mut f = File::open(&newest)?;
            let length = f.metadata()?.len();
            chain = last_chain(&mut f, length)?.0.unwrap_or(chain);
        }
        Ok(AuditLog { path, clock, open: Mutex::new(Open { file, length, chain }) })
    }

    fn write(&self, line: Map<String, Value>) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.length > LARGEST {
            let stamp = (self.clock)().strftime("%Y%m%dT%H%M%S%6fZ").to_string();
            std::fs::rename(&self.path, self.path.with_extension(format!("{stamp}.jsonl")))?;
            (open.file, open.length) = (None, 0);
        }
        let (text, chain) = linked(line, &open.chain);
        if open.file.is_none() {
            let options = OpenOptions::new().create(true).append(true).open(&self.path);
            open.file = Some(options.with_context(|| format!("{} cannot be written", self.path.display()))?);
        }
        if let Some(file) = &mut open.file {
            // One call a line: a kill may cut the last line, never mix two.
            file.write_all(text.as_bytes())?;
        }
        open.length += text.len() as u64;
        open.chain = chain;
        Ok(())
    }
}

impl Audit for AuditLog {
    fn sent(&self, sent: &Sent) {
        let outcome = if sent.fault.is_some() { "fault" } else { "ok" };
        let purpose = format!("{:?}", sent.purpose).to_lowercase();
        metrics::counter!("banyan_source_requests_total", "source" => sent.source.clone(), "purpose" => purpose,
            "outcome" => outcome)
        .increment(1);
        metrics::histogram!("banyan_source_request_seconds", "source" => sent.source.clone())
            .record(sent.millis as f64 / 1000.0);
        let mut line = Map::new();
        line.insert("at".to_owned(), json!((self.clock)().to_string()));
        if let Ok(Value::Object(rest)) = serde_json::to_value(sent) {
            line.extend(rest);
        }
        if let Err(e) = self.write(line) {
            tracing::error!(source = %sent.source, "what was sent could not be written to the audit log: {e:#}");
        }
    }
}

/// The line's text with its link, and the link.
fn linked(mut line: Map<String, Value>, before: &str) -> (String, String) {
    let text = Value::Object(line.clone()).to_string();
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(text.as_bytes());
    let chain: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    line.insert("chain".to_owned(), json!(chain));
    (format!("{}\n", Value::Object(line)), chain)
}

/// The link of the last whole line, and whether the file ends with a whole line.
fn last_chain(file: &mut File, length: u64) -> Result<(Option<String>, bool)> {
    let from = length.saturating_sub(256 << 10);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let whole = tail.is_empty() || tail.ends_with(b"\n");
    let chain = tail.rsplit(|b| *b == b'\n').find_map(|line| {
        let value: Value = serde_json::from_slice(line).ok()?;
        Some(value.get("chain")?.as_str()?.to_owned())
    });
    Ok((chain, whole))
}

/// Files that were closed, oldest first.
fn closed(path: &Path) -> Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned() + ".";
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?.path();
        let name = entry.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.starts_with(&stem) && name.ends_with(".jsonl") && entry != path {
            out.push(entry);
        }
    }
    out.sort();
    Ok(out)
}

/// What a look at all lines showed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Lines whose links hold.
    pub lines: u64,
    /// Lines that were cut by a kill, and are told as such.
    pub cut: u64,
}

/// Follows the chain through all files. The error says where it breaks.
pub fn verify(path: &Path) -> Result<Verified> {
    let mut verified = Verified { lines: 0, cut: 0 };
    let mut chain = FIRST.to_owned();
    each(path, |file, number, text| {
        let Ok(Value::Object(mut line)) = serde_json::from_str::<Value>(text) else {
            verified.cut += 1;
            return Ok(());
        };
        let told = line.remove("chain");
        let (_, computed) = linked(line, &chain);
        if told.as_ref().and_then(Value::as_str) != Some(&computed) {
            return Err(anyhow!(
                "{}, line {number}: this line, or one before it, was changed, put in or taken out after it was written",
                file.display()
            ));
        }
        chain = computed;
        verified.lines += 1;
        Ok(())
    })?;
    Ok(verified)
}

/// All lines, oldest first.
pub fn each(path: &Path, mut see: impl FnMut(&Path, u64, &str) -> Result<()>) -> Result<()> {
    let mut files =
        if path.parent().is_some_and(|p| p.as_os_str().is_empty() || p.exists()) { closed(path)? } else { vec![] };
    if path.exists() {
        files.push(path.to_owned());
    }
    for file in files {
        let lines = BufReader::new(File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?);
        for (n, line) in lines.split(b'\n').enumerate() {
            let line = line?;
            if !line.is_empty() {
                see(&file, n as u64 + 1, &String::from_utf8_lossy(&line))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_adapter::Purpose;

    fn log(path: &Path) -> AuditLog {
        AuditLog::new(path.to_owned(), Arc::new(|| "2026-07-01T10:00:00Z".parse().unwrap())).unwrap()
    }

    fn sent(what: &str) -> Sent {
        Sent {
            source: "erp".into(),
            dataset: "custmas".into(),
            purpose: Purpose::Sync,
            what: what.into(),
            millis: 3,
            rows: 7,
            fault: None,
        }
    }

    #[test]
    fn a_changed_line_breaks_the_chain_and_a_restart_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        for round in 0..3 {
            let log = log(&path);
            log.sent(&sent(&format!("SELECT {round}")));
            log.sent(&sent("SELECT 'again'"));
        }
        assert_eq!(verify(&path).unwrap(), Verified { lines: 6, cut: 0 });
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("SELECT 1", "SELECT 9")).unwrap();
        assert!(verify(&path).unwrap_err().to_string().contains("line 3"));
        let without: Vec<&str> = text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, l)| l).collect();
        std::fs::write(&path, without.join("\n") + "\n").unwrap();
        assert!(verify(&path).unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn a_line_cut_by_a_kill_is_told_and_the_chain_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        log(&path).sent(&sent("SELECT 1"));
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\":\"2026-07-0");
        std::fs::write(&path, text).unwrap();
        log(&path).sent(&sent("SELECT 2"));
        assert_eq!(verify(&path).unwrap(), Verified { lines: 2, cut: 1 });
    }

    #[test]
    fn a_full_file_is_closed_and_the_chain_runs_through_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("banyan.db"));
        let first = log(&path);
        first.sent(&sent("SELECT 1"));
        first.open.lock().unwrap().length = LARGEST + 1;
        first.sent(&sent("SELECT 2"));
        log(&path).sent(&sent("SELECT 3"));
        assert_eq!(closed(&path).unwrap().len(), 1);
        assert_eq!(verify(&path).unwrap(), Verified { lines: 3, cut: 0 });
    }
}
