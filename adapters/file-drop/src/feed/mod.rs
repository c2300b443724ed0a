//! The feed of one dataset: notices files, waits until they are whole, reads them in order.
//!
//! Invariant: a unit that is not read to its end, because the disk failed, the file changed, or the caller gave it up,
//! begins again from its start; what the gateway remembers ([`Memory`](banyan_adapter::Memory)) alone decides what
//! was read. After a fault the open unit counts as given up.

mod begin;
mod look;
pub mod queue;
mod token;

use crate::config::spec::{DatasetSpec, SourceSpec};
use crate::folder::after::{self, Acted};
use crate::folder::probe::{self, Look, Probe};
use crate::folder::ready::Writers;
use crate::folder::watch::{Signals, Watch};
use crate::format::trouble::{Refusal, Trouble};
use crate::format::{Limit, Reader};
use banyan_adapter::{Ask, BlockingFeed, Call, Context, Delivery, Fault, SnapshotPart, UnitDone, UnitRefused};
use banyan_words::{BatchBuilder, UnitRef};
use queue::{Queue, Waiting};
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use token::Reading;

/// Monotonic time since some beginning.
pub type Ticks = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The feed.
pub struct Feed {
    source: Arc<SourceSpec>,
    spec: Arc<DatasetSpec>,
    cx: Context,
    ticks: Ticks,
    reading: Reading,
    signals: Arc<Signals>,
    watch: Watching,
    writers: Writers,
    queue: Queue,
    /// Deliveries that need no reading.
    outbox: VecDeque<Delivery>,
    /// Unfit files told of, by their tokens, so that they are told of once.
    told: HashMap<String, String>,
    last_sweep: Option<Duration>,
    /// What the disk failed on last.
    sick: Option<Fault>,
    open: Option<Open>,
}

/// Whether events arrive.
enum Watching {
    /// Not tried yet, or the folder was replaced.
    No,
    /// Events arrive as long as the watch lives; the inode of the folder they are of.
    Events { _watch: Watch, of: u64 },
    /// They do not: sweeps alone.
    Sweeps,
}

/// The unit being read.
struct Open {
    unit: Arc<UnitRef>,
    probe: Probe,
    part: Option<SnapshotPart>,
    waited: Waiting,
    reader: Source,
    records: u64,
    /// A batch was delivered.
    shown: bool,
    end: Option<Result<(), Refusal>>,
}

/// Where records come from.
enum Source {
    File(std::fs::File),
    Reader(Box<dyn Reader>),
    /// An empty file, where that is allowed.
    Nothing,
}

impl Feed {
    /// A feed that has not looked yet.
    pub fn new(source: Arc<SourceSpec>, spec: Arc<DatasetSpec>, cx: Context, ticks: Ticks) -> Feed {
        Feed {
            reading: Reading::of(&spec),
            source,
            spec,
            cx,
            ticks,
            signals: Arc::default(),
            watch: Watching::No,
            writers: Writers::default(),
            queue: Queue::default(),
            outbox: VecDeque::new(),
            told: HashMap::new(),
            last_sweep: None,
            sick: None,
            open: None,
        }
    }

    fn now(&self) -> Duration {
        (self.ticks)()
    }

    /// The folder, with links in its path followed.
    fn root(&self) -> Result<PathBuf, Fault> {
        let folder = &self.source.folder;
        let missing = |what: String| {
            let message = format!(
                "the folder {} cannot be read: {what}. Mount the share or correct `folder`; no file counts as deleted",
                folder.display()
            );
            Fault::transient("folder-missing", message)
        };
        let root = folder.canonicalize().map_err(|e| missing(e.to_string()))?;
        if root.is_dir() { Ok(root) } else { Err(missing("it is no folder".into())) }
    }

    fn io_fault(&self, name: &str, e: &std::io::Error) -> Fault {
        let at = self.source.folder.join(name);
        Fault::transient("file-io", format!("{} cannot be read: {e}. It is tried again", at.display()))
    }

    /// Reads on in the open unit.
    fn read(&mut self, root: &Path, ask: Ask) -> Result<Delivery, Fault> {
        let Some(mut open) = self.open.take() else { return Ok(Delivery::Idle) };
        if open.end.is_none() {
            let mut batch = BatchBuilder::new(open.unit.clone());
            let limit = Limit { rows: ask.rows.max(1), bytes: ask.bytes.max(1) };
            match self.fill(&mut open, &mut batch, limit) {
                Ok(true) => {}
                Ok(false) => open.end = Some(Ok(())),
                Err(Trouble::Refused(refusal)) => open.end = Some(Err(refusal)),
                Err(Trouble::Io(e)) => {
                    let fault = self.io_fault(&open.unit.name, &e);
                    self.give_up(open);
                    return Err(fault);
                }
            }
            open.records += batch.len() as u64;
            // A unit without records shows its columns all the same.
            let show = !batch.is_empty() || (!open.shown && open.end == Some(Ok(())));
            if show {
                open.shown = true;
                self.open = Some(open);
                return Ok(Delivery::Records(batch.finish()));
            }
            if open.end.is_none() {
                self.open = Some(open);
                return self.read(root, ask);
            }
        }
        self.finish(root, open)
    }

    fn fill(&self, open: &mut Open, batch: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        if let Source::File(_) = open.reader
            && let Source::File(file) = std::mem::replace(&mut open.reader, Source::Nothing)
        {
            open.reader = Source::Reader(self.spec.open(file, &open.unit.name)?);
        }
        match &mut open.reader {
            Source::Reader(reader) => reader.read(batch, limit),
            Source::File(_) | Source::Nothing => Ok(false),
        }
    }

    /// Ends the unit, if the file is still the one that was begun.
    fn finish(&mut self, root: &Path, open: Open) -> Result<Delivery, Fault> {
        let name = open.unit.name.clone();
        let same = match probe::look(root, &root.join(&name)) {
            Ok(Look::File(_, now)) => now == open.probe,
            Ok(Look::Gone | Look::Unfit { .. }) => false,
            Err(e) => {
                let fault = self.io_fault(&name, &e);
                self.give_up(open);
                return Err(fault);
            }
        };
        if !same {
            self.give_up(open);
            let message = format!("{name} changed while it was read. It is read again once it is quiet");
            return Err(Fault::transient("changed-while-reading", message));
        }
        let token = self.reading.token(&open.probe);
        self.queue.settle(&name, &token);
        Ok(match open.end {
            Some(Err(refusal)) => refused(&open.unit, &token, &refusal),
            Some(Ok(())) | None => Delivery::Done(UnitDone { records: open.records, part: open.part, position: None }),
        })
    }

    /// Lets the open unit wait again.
    fn give_up(&mut self, open: Open) {
        let due = self.now() + self.spec.ready.quiet.max(Duration::from_millis(100));
        self.queue.wait(open.unit.name.clone(), Waiting { seen: None, due, ..open.waited });
    }
}

fn refused(unit: &UnitRef, token: &str, refusal: &Refusal) -> Delivery {
    Delivery::Refused(UnitRefused {
        unit: unit.clone(),
        token: token.to_owned(),
        code: refusal.code.to_owned(),
        message: format!("{}: {}", unit.name, refusal.message),
    })
}

impl BlockingFeed for Feed {
    fn next(&mut self, ask: Ask, call: &Call) -> Result<Delivery, Fault> {
        let deadline = self.now().saturating_add(ask.wait);
        loop {
            let root = match self.root() {
                Ok(root) => root,
                Err(fault) => {
                    self.watch = Watching::No;
                    self.last_sweep = None;
                    if let Some(open) = self.open.take() {
                        self.give_up(open);
                    }
                    return Err(fault);
                }
            };
            if self.open.is_some() {
                return self.read(&root, ask);
            }
            if call.stop.stopped() {
                return Ok(Delivery::Idle);
            }
            self.look_around(&root);
            if let Some(delivery) = self.outbox.pop_front() {
                return Ok(delivery);
            }
            if let Some(delivery) = self.begin(&root, call) {
                return Ok(delivery);
            }
            // Only now: what can be read is not kept waiting by what cannot.
            if let Some(fault) = self.sick.take() {
                return Err(fault);
            }
            let now = self.now();
            if now >= deadline {
                return Ok(Delivery::Idle);
            }
            self.signals.wait(self.pause(now, deadline));
        }
    }

    fn acknowledge(&mut self, unit: &UnitRef, token: &str) -> Result<(), Fault> {
        let root = self.root()?;
        let done = self.spec.done_file();
        match after::act(&root, &unit.name, token::of_file(token), &unit.version, &self.spec.after, done) {
            Ok(Acted::Done | Acted::Gone) => Ok(()),
            Ok(Acted::Changed) => {
                tracing::warn!(
                    source = %self.cx.source, dataset = %self.spec.name, file = %unit.name,
                    "the file changed since it was read: it is left alone and read again"
                );
                Ok(())
            }
            Err(e) => {
                let what = format!("{} was read but cannot be moved or deleted: {e}", unit.name);
                Err(Fault::transient("file-io", what))
            }
        }
    }

    /// What was handed over is looked up again. What is known of files that wait stays: a caller that rewinds after
    /// each fault must not make the sound ones wait for ever because one is sick.
    fn rewind(&mut self) {
        if let Some(open) = self.open.take() {
            let due = self.now();
            self.queue.wait(open.unit.name.clone(), Waiting { due, ..open.waited });
        }
        self.outbox.clear();
        self.told.clear();
        self.queue.unsettle();
        self.last_sweep = None;
        self.sick = None;
    }
}

#[cfg(test)]
mod tests;
