//! Noticing files, and waiting until they are whole.

use super::queue::{Waiting, Whole};
use super::{Feed, Watching, token};
use crate::config::WatchConfig;
use crate::config::spec::Order;
use crate::folder::after::After;
use crate::folder::names::Named;
use crate::folder::probe::{self, Look, Probe};
use crate::folder::ready;
use crate::folder::sweep::{Met, sweep};
use crate::folder::watch::Watch;
use crate::format::trouble::Refusal;
use banyan_adapter::{Delivery, UnitRefused, UnitState};
use banyan_words::UnitRef;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a unit before it is read.
pub(super) struct Facts {
    /// See [`UnitRef::order`].
    pub order: String,
    /// See [`UnitRef::as_of`].
    pub as_of: Timestamp,
    /// What its name says.
    pub named: Option<Named>,
}

/// Between two looks at a file that waits for something else than quiet time.
const PATIENTLY: Duration = Duration::from_secs(1);

/// Before the next look at a file that the disk failed on.
const LATER: Duration = Duration::from_secs(5);

impl Feed {
    /// How long to wait for events: until the next thing is due, and never long, so that a stop is noticed.
    pub(super) fn pause(&self, now: Duration, deadline: Duration) -> Duration {
        let sweep = self.last_sweep.map_or(now, |at| at + self.source.every);
        let due = self.queue.next_due().unwrap_or(deadline);
        deadline.min(sweep).min(due).saturating_sub(now).clamp(Duration::from_millis(1), Duration::from_millis(100))
    }

    /// Takes in what happened in the folder.
    pub(super) fn look_around(&mut self, root: &Path) {
        self.attend(root);
        let told = self.signals.take();
        let now = self.now();
        let swept = self.last_sweep.is_some_and(|at| now.saturating_sub(at) < self.source.every);
        if !swept || told.sweep {
            self.sweep(root);
        }
        let mut folder = false;
        for path in told.paths {
            match path.strip_prefix(root).ok().and_then(relative) {
                Some(name) if self.concerns(&name) => self.notice(root, &name, now),
                _ if self.spec.ready.done_file.is_some() => self.queue.nudge(now),
                _ => {}
            }
            folder |= self.spec.files.is_deep() && path.is_dir();
        }
        // A sub-folder moved in brings its files without an event for each.
        if folder && swept {
            self.sweep(root);
        }
        self.examine(root);
    }

    fn concerns(&self, name: &str) -> bool {
        let file = name.rsplit('/').next().unwrap_or(name);
        let moved = matches!(&self.spec.after, After::Move(to) if name.strip_prefix(to.as_str()).is_some_and(|r| r.starts_with('/')));
        !moved && self.spec.files.matches(name) && !self.spec.files.shuns(file)
    }

    /// Watches the folder, again if it was replaced.
    fn attend(&mut self, root: &Path) {
        let inode = std::fs::metadata(root).map(|m| probe::of(&m).inode).unwrap_or_default();
        let current = match &self.watch {
            Watching::Events { of, .. } => *of == inode,
            Watching::Sweeps => true,
            Watching::No => false,
        };
        if current {
            return;
        }
        self.last_sweep = None;
        let mode = if self.source.poll { WatchConfig::Poll } else { WatchConfig::Auto };
        self.watch = match mode {
            WatchConfig::Poll => Watching::Sweeps,
            WatchConfig::Auto => match Watch::start(root, self.spec.files.is_deep(), &self.signals) {
                Ok(watch) => Watching::Events { _watch: watch, of: inode },
                Err(e) => {
                    tracing::warn!(
                        source = %self.cx.source, dataset = %self.spec.name, folder = %root.display(), error = %e,
                        "no events from the operating system; sweeping alone"
                    );
                    Watching::Sweeps
                }
            },
        };
    }

    /// Looks through the folder. If a part of it cannot be read, what was found counts, and the fault is told.
    fn sweep(&mut self, root: &Path) {
        let spec = self.spec.clone();
        let skip = match &spec.after {
            After::Move(folder) => Some(folder.as_str()),
            After::Leave | After::Delete => None,
        };
        let (mut names, mut odd) = (Vec::new(), Vec::new());
        let swept = sweep(root, &spec.files, skip, &mut |met| match met {
            Met::Match(name) => names.push(name),
            Met::OddName(name) => odd.push(name),
        });
        if let Err((folder, e)) = swept {
            self.sick = Some(self.io_fault(&folder, &e));
        }
        let now = self.now();
        self.last_sweep = Some(now);
        for name in names {
            self.notice(root, &name, now);
        }
        for shown in odd {
            let message = "its name has control characters or is no Unicode. Have it named otherwise";
            self.unfit(&shown, "name-refused", "name", message);
        }
    }

    /// A name was met: a file to look at, unless it was dealt with as it is.
    fn notice(&mut self, root: &Path, name: &str, now: Duration) {
        // One look at the attributes, without opening: nearly all files of a sweep were dealt with long ago.
        if let Ok(meta) = std::fs::metadata(root.join(name))
            && self.is_settled(name, &probe::of(&meta))
        {
            return;
        }
        if self.queue.knows(name) && !self.changed(root, name) {
            return;
        }
        self.queue.notice(name, now);
    }

    /// A file noticed before needs another look before its time only if it is not as it was. One that could not be
    /// looked at keeps to its time.
    fn changed(&self, root: &Path, name: &str) -> bool {
        self.queue.last_seen(name).is_some_and(|seen| {
            std::fs::metadata(root.join(name)).map_or(true, |m| probe::of(&m).token() != seen.token())
        })
    }

    /// It was dealt with as it is, and would be dealt with alike today.
    fn is_settled(&mut self, name: &str, probe: &Probe) -> bool {
        let token = self.reading.token(probe);
        if self.queue.is_settled(name, &token) {
            return true;
        }
        let memo = self.cx.memory.unit(&self.spec.name, name);
        let settled = memo.is_some_and(|m| token::of_file(&m.token) == probe.token() && self.reading.is_as_it_was(&m));
        if settled {
            self.queue.settle(name, &token);
        }
        settled
    }

    /// Looks at every file whose time has come. A sick one is told of and keeps no other waiting.
    fn examine(&mut self, root: &Path) {
        for (name, waiting) in self.queue.take_due(self.now()) {
            if let Err(e) = self.look_at(root, &name, waiting.clone()) {
                self.ails(&name, &e, waiting);
            }
        }
    }

    /// The disk failed on a file: it is looked at again later.
    pub(super) fn ails(&mut self, name: &str, e: &std::io::Error, waiting: Waiting) {
        self.sick = Some(self.io_fault(name, e));
        let due = self.now() + LATER;
        self.queue.wait(name.to_owned(), Waiting { seen: None, due, ..waiting });
    }

    fn look_at(&mut self, root: &Path, name: &str, mut waiting: Waiting) -> std::io::Result<()> {
        let now = self.now();
        let probe = match probe::look(root, &root.join(name))? {
            Look::Gone => return Ok(()),
            Look::Unfit { code, token, message } => {
                self.unfit(name, code, &token, &message);
                self.queue.wait(name.to_owned(), Waiting { due: now + self.source.every, ..Waiting::default() });
                return Ok(());
            }
            Look::File(_, probe) => probe,
        };
        if self.is_settled(name, &probe) {
            return Ok(());
        }
        let since = match waiting.seen {
            Some((seen, since)) if seen == probe => since,
            _ => now,
        };
        waiting.seen = Some((probe, since));
        let quiet = self.spec.ready.quiet;
        if now.saturating_sub(since) < quiet {
            waiting.due = since + quiet;
        } else if self.is_written(root, name, now, &mut waiting) || !self.is_announced(root, name, &probe)? {
            waiting.due = now + quiet.clamp(Duration::from_millis(100), PATIENTLY);
        } else if self.is_doubted(&probe, now, since, &waiting) {
            waiting.due = now + PATIENTLY.min(self.spec.ready.patience);
        } else {
            self.is_whole(name, probe, waiting);
            return Ok(());
        }
        self.queue.wait(name.to_owned(), waiting);
        Ok(())
    }

    /// Some process still writes to it, as far as can be known.
    fn is_written(&mut self, root: &Path, name: &str, now: Duration, waiting: &mut Waiting) -> bool {
        let path = root.join(name);
        if self.writers.holds(root, &path, now) {
            return true;
        }
        // An event tells of a write, and none yet of its end. Ends can get lost, so this does not count for ever.
        let Some(ordinal) = self.signals.writing(&path) else { return false };
        let since = match waiting.writing {
            Some((last, since)) if last == ordinal => since,
            _ => now,
        };
        waiting.writing = Some((ordinal, since));
        now.saturating_sub(since) < self.spec.ready.patience
    }

    fn is_announced(&self, root: &Path, name: &str, probe: &Probe) -> std::io::Result<bool> {
        match &self.spec.ready.done_file {
            Some(pattern) => ready::is_done(root, pattern, name, probe.modified),
            None => Ok(true),
        }
    }

    /// Its trailer disagreed, and patience has not ended.
    fn is_doubted(&self, probe: &Probe, now: Duration, since: Duration, waiting: &Waiting) -> bool {
        let doubted = waiting.doubt.as_ref().is_some_and(|(of, _)| of == probe);
        doubted && now.saturating_sub(since) < self.spec.ready.patience
    }

    fn is_whole(&mut self, name: &str, probe: Probe, waited: Waiting) {
        match self.facts(name, &probe) {
            Ok(facts) => self.queue.ready(facts.order, Whole { name: name.to_owned(), probe, waited }),
            Err(refusal) => {
                let token = self.reading.token(&probe);
                self.unfit(name, refusal.code, &token, &refusal.message);
                self.queue.settle(name, &token);
            }
        }
    }

    /// What a file's name and time say of it.
    pub(super) fn facts(&self, name: &str, probe: &Probe) -> Result<Facts, Refusal> {
        let modified = i64::try_from(probe.modified).unwrap_or(i64::MAX);
        let file = name.rsplit('/').next().unwrap_or(name);
        let named = match &self.spec.names {
            None => None,
            Some(pattern) => Some(pattern.read(file).ok_or_else(|| Refusal {
                code: "name-without-date",
                message: "its name does not fit the pattern that gives its date or part".into(),
            })?),
        };
        let part = named.as_ref().and_then(|n| n.part.as_deref());
        if let Some(part) = part
            && !self.spec.parts.iter().any(|p| p == part)
        {
            let parts = self.spec.parts.join(", ");
            let message = format!("`{part}` is no part of the snapshot; its parts are: {parts}");
            return Err(Refusal { code: "unknown-part", message });
        }
        let date = named.as_ref().and_then(|n| n.date);
        // Compared byte by byte, so times are padded, and what separates sorts before any character of a name.
        let time = format!("{:020}", i128::from(modified) + (1 << 63));
        let order = match (self.spec.order, date) {
            (Order::Name, _) | (Order::Date, None) => format!("{name}\u{1}{time}"),
            (Order::Modified, _) => format!("{time}\u{1}{name}"),
            (Order::Date, Some(date)) => format!("{date}\u{1}{name}\u{1}{time}"),
        };
        let dated = date.and_then(|d| d.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|z| z.timestamp());
        let as_of = dated
            .or_else(|| Timestamp::from_nanosecond(i128::from(modified)).ok())
            .unwrap_or_else(|| (self.cx.clock)());
        Ok(Facts { order, as_of, named })
    }

    /// Tells of a file that cannot be used, once.
    fn unfit(&mut self, name: &str, code: &'static str, token: &str, message: &str) {
        let known = self.told.get(name).is_some_and(|t| t == token)
            || self
                .cx
                .memory
                .unit(&self.spec.name, name)
                .is_some_and(|m| m.token == token && m.state == UnitState::Refused);
        if known {
            return;
        }
        self.told.insert(name.to_owned(), token.to_owned());
        let unit = UnitRef { name: name.into(), version: String::new(), order: name.into(), as_of: (self.cx.clock)() };
        let refused =
            UnitRefused { unit, token: token.into(), code: code.into(), message: format!("{name}: {message}") };
        self.outbox.push_back(Delivery::Refused(refused));
    }
}

/// A path below the folder as a name; `None` if it is none that can be kept.
fn relative(path: &Path) -> Option<String> {
    let mut name = String::new();
    for part in path.components() {
        let part = part.as_os_str().to_str()?;
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    (!name.is_empty() && !name.chars().any(char::is_control)).then_some(name)
}

/// The unit of a file.
pub(super) fn unit_of(name: &str, version: String, facts: &Facts) -> Arc<UnitRef> {
    Arc::new(UnitRef { name: name.to_owned(), version, order: facts.order.clone(), as_of: facts.as_of })
}
