//! Beginning a whole file: which version it is, whether it was read before, whether its trailer agrees.

use super::look::unit_of;
use super::queue::{Waiting, Whole};
use super::{Feed, Open, Source, refused};
use crate::folder::digest;
use crate::folder::probe::{self, Look};
use crate::format::Limit;
use crate::format::trouble::{Refusal, Trouble};
use banyan_adapter::{Call, Delivery, Scope, SnapshotPart, UnitState};
use banyan_words::{BatchBuilder, UnitRef};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

impl Feed {
    /// Begins the oldest whole file; `None` if there is none, or it has to wait.
    pub(super) fn begin(&mut self, root: &Path, call: &Call) -> Option<Delivery> {
        while let Some(whole) = self.queue.next_whole() {
            if call.stop.stopped() {
                self.wait_again(whole, Duration::ZERO);
                return None;
            }
            let name = whole.name.clone();
            let waited = whole.waited.clone();
            match self.begin_file(root, whole, call) {
                Ok(Some(delivery)) => return Some(delivery),
                Ok(None) => {}
                Err(e) => self.ails(&name, &e, waited),
            }
        }
        None
    }

    fn wait_again(&mut self, whole: Whole, pause: Duration) {
        let due = self.now() + pause;
        self.queue.wait(whole.name, Waiting { due, ..whole.waited });
    }

    fn begin_file(&mut self, root: &Path, whole: Whole, call: &Call) -> std::io::Result<Option<Delivery>> {
        let (mut file, probe) = match probe::look(root, &root.join(&whole.name))? {
            Look::File(file, probe) => (file, probe),
            // Looked at again, and told of or dropped there.
            Look::Gone | Look::Unfit { .. } => {
                self.wait_again(whole, Duration::ZERO);
                return Ok(None);
            }
        };
        if probe != whole.probe {
            self.wait_again(whole, Duration::ZERO);
            return Ok(None);
        }
        let Ok(facts) = self.facts(&whole.name, &probe) else { return Ok(None) };
        let Some(version) = digest::sha256(&mut file, &call.stop)? else {
            self.wait_again(whole, Duration::ZERO);
            return Ok(None);
        };
        let token = self.reading.token(&probe);
        let unit = unit_of(&whole.name, version, &facts);
        if let Some(delivery) = self.known(&unit, &token) {
            self.queue.settle(&whole.name, &token);
            return Ok(delivery);
        }
        let mut source = Source::Nothing;
        if probe.size > 0 {
            if let Some(refusal) = self.doubt(&mut file, &whole, call)? {
                return Ok(self.doubted(whole, &unit, refusal));
            }
            source = Source::File(file);
        } else if !self.spec.empty_ok {
            let refusal = Refusal {
                code: "empty-file",
                message: "it holds nothing. Have it sent again, or allow it with `empty: ok`".into(),
            };
            self.queue.settle(&whole.name, &token);
            return Ok(Some(refused(&unit, &token, &refusal)));
        }
        let part = facts.named.and_then(|n| n.part.zip(n.date)).map(|(part, date)| SnapshotPart {
            snapshot: date.to_string(),
            part,
            parts: self.spec.parts.clone(),
        });
        let open = Open {
            unit: unit.clone(),
            probe,
            part,
            waited: whole.waited,
            reader: source,
            records: 0,
            shown: false,
            end: None,
        };
        self.open = Some(open);
        Ok(Some(Delivery::Begin { unit, token, scope: Scope::Declared, columns: None }))
    }

    /// What to say of content that was dealt with before; `None` if it was not. `Some(None)`: nothing.
    fn known(&self, unit: &Arc<UnitRef>, token: &str) -> Option<Option<Delivery>> {
        let memory = &self.cx.memory;
        let identical = |first: String| Some(Delivery::Identical { unit: unit.clone(), token: token.into(), first });
        let newest = memory.unit(&self.spec.name, &unit.name);
        // What was read, or refused, under another configuration may come out otherwise under this one.
        if let Some(memo) = &newest
            && memo.version == unit.version
            && self.reading.is_as_it_was(memo)
        {
            match memo.state {
                // Touched: told, so that its new token is remembered.
                UnitState::Done | UnitState::Unacknowledged => return Some(identical(memo.name.clone())),
                UnitState::Refused => return Some(None),
                UnitState::Open | UnitState::Abandoned => {}
            }
        }
        // A part belongs to its own snapshot, whatever other snapshots held.
        if !self.spec.parts.is_empty() {
            return None;
        }
        // So is a version that comes back with the very time of the one that took its place.
        if newest.is_some_and(|memo| memo.version != unit.version && memo.order == unit.order) {
            return None;
        }
        let first = memory.with_content(&self.spec.name, &unit.version).filter(|m| self.reading.is_as_it_was(m))?;
        // Old content that comes again after something newer is news: what it says rules once more.
        let newest = memory.newest(&self.spec.name).unwrap_or_default();
        let rules = newest <= first.order || unit.order <= first.order;
        rules.then(|| identical(first.name))
    }

    /// Reads the file to its trailer, where it has one; what is wrong with it.
    fn doubt(&self, file: &mut File, whole: &Whole, call: &Call) -> std::io::Result<Option<Refusal>> {
        if !self.spec.has_trailer {
            return Ok(None);
        }
        if let Some((of, refusal)) = &whole.waited.doubt
            && *of == whole.probe
        {
            return Ok(Some(refusal.clone()));
        }
        let copy = file.try_clone()?;
        let found = match self.spec.open(copy, &whole.name) {
            Ok(mut reader) => loop {
                let unit = UnitRef {
                    name: whole.name.clone(),
                    version: String::new(),
                    order: String::new(),
                    as_of: jiff::Timestamp::UNIX_EPOCH,
                };
                let mut batch = BatchBuilder::new(Arc::new(unit));
                match reader.read(&mut batch, Limit { rows: 4096, bytes: 4 << 20 }) {
                    Ok(true) if !call.stop.stopped() => {}
                    Ok(_) => break None,
                    Err(Trouble::Io(e)) => return Err(e),
                    Err(Trouble::Refused(refusal)) => break Some(refusal),
                }
            },
            Err(Trouble::Io(e)) => return Err(e),
            Err(Trouble::Refused(refusal)) => Some(refusal),
        };
        file.seek(SeekFrom::Start(0))?;
        // Anything else is found again, and told, when the file is read.
        Ok(found.filter(|r| r.code == "trailer-mismatch" || r.code == "truncated-archive"))
    }

    /// A trailer that disagrees: wait, until patience ends.
    fn doubted(&mut self, mut whole: Whole, unit: &UnitRef, refusal: Refusal) -> Option<Delivery> {
        let now = self.now();
        let since = whole.waited.seen.map_or(now, |(_, since)| since);
        if now.saturating_sub(since) >= self.spec.ready.patience {
            let token = self.reading.token(&whole.probe);
            self.queue.settle(&whole.name, &token);
            return Some(refused(unit, &token, &refusal));
        }
        whole.waited.doubt = Some((whole.probe, refusal));
        let pause = Duration::from_secs(1).min(self.spec.ready.patience);
        self.wait_again(whole, pause);
        None
    }
}
