//! A touched instance and all that it drags along: its canonical value, ids, indexes, parents, referrers, reviews.
//!
//! Invariant: after `settle`, every stored instance equals what its observations derive to, and every index entry,
//! part sum and reference agrees with it.

use super::session::{Incoming, Session};
use banyan_model::identity::{self, Verdict};
use banyan_model::instance::{Facts, Fragments, Instance, Observation, key_of_fragment, with_parts};
use banyan_model::model::{EntityNo, MappingNo};
use banyan_model::ownership::{self, Doubt};
use banyan_store::{Result, StoreError, Tally};
use banyan_words::{Id, Value, codec};

/// What an instance was before it was touched.
#[derive(Default)]
pub(super) struct Before {
    live: bool,
    doubtful: bool,
    etag: u64,
    canonical: Fragments,
}

impl Before {
    pub(super) fn of(i: &Instance) -> Before {
        Before {
            live: i.live,
            doubtful: i.doubtful,
            etag: with_parts(i.etag, i.parts),
            canonical: if i.live { i.canonical.clone() } else { Fragments::default() },
        }
    }
}

impl Session<'_> {
    /// Reads an instance.
    pub(super) fn load(&mut self, entity: EntityNo, n: u64) -> Result<(Id, Instance)> {
        let e = &self.engine.catalog.entities[entity];
        let found = self.tx.with(|tx| tx.load(e.stored, n))?;
        let found = found.ok_or_else(|| StoreError::Damaged(format!("{} number {n} is missing", e.name)))?;
        let i = Facts::decode(&found.facts, found.id, &self.engine.book)
            .ok_or_else(|| StoreError::Damaged(format!("{} {} cannot be read", e.name, found.id)))?;
        Ok((found.id, i))
    }

    pub(super) fn find(&mut self, entity: EntityNo, id: Id) -> Result<Option<u64>> {
        let stored = self.engine.catalog.entities[entity].stored;
        let mut out = Vec::with_capacity(1);
        self.tx.with(|tx| tx.find(stored, &[id], &mut out))?;
        Ok(out.first().copied().flatten().map(|(n, _)| n))
    }

    /// Admits an observation to its instance, found by `n` or by its id, else made. Returns the verdict, the instance's
    /// number, the number that a snapshot marks, and whether the observation is held.
    pub(super) fn admit(
        &mut self,
        r: &Incoming<'_>,
        mut o: Observation,
        n: Option<u64>,
        id: Id,
    ) -> Result<(Verdict, u64, Option<u64>, bool)> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[r.mapping];
        let entity = m.entity;
        let n = match n {
            Some(n) => Some(n),
            None if m.direct => None,
            None => self.find(entity, id)?,
        };
        let snapshot = engine.catalog.datasets[m.dataset].content == banyan_model::model::Content::Snapshot;
        let aliases = o.aliases.clone();
        let (withdrawn, hash) = (o.withdrawn, if o.withdrawn { 0 } else { o.hash });
        let (id, n, verdict, live) = match n {
            None => {
                o.held = !o.withdrawn && !m.creates;
                let mut i = Instance { observations: vec![o], ..Instance::default() };
                let n = self.write(entity, id, None, Before::default(), &mut i)?;
                (id, n, Verdict::Applied, i.live)
            }
            Some(n) => {
                let (id, mut i) = self.load(entity, n)?;
                let before = Before::of(&i);
                if snapshot && let Some(old) = self.own(&i, r) {
                    o.prior = if old.unit == o.unit { old.prior } else { old.raw };
                }
                let replaced = self.own(&i, r).filter(|old| old.held).map(|old| old.unit);
                let verdict = identity::admit(&mut i, o, &engine.book, &self.tx);
                self.tx.check()?;
                if verdict != Verdict::Superseded {
                    self.hold(&mut i, r, replaced);
                }
                self.write(entity, id, Some(n), before, &mut i)?;
                (id, n, verdict, i.live)
            }
        };
        // The record spoke about another instance before: there it says nothing any more.
        if let Some(old) = r.known.n.filter(|old| *old != n && !m.direct) {
            self.leave(entity, old, r)?;
        }
        let mut mark = m.direct.then_some(n);
        if !m.direct {
            if withdrawn {
                self.tx.with(|tx| tx.remove_record(m.stored, r.record))?;
            } else if verdict != Verdict::Superseded {
                mark = Some(self.tx.with(|tx| tx.put_record(m.stored, r.record, n, hash))?);
            } else {
                mark = r.known.mark;
            }
        }
        for alias in aliases {
            self.bind_alias(entity, alias, n, id)?;
        }
        Ok((verdict, n, mark, !live))
    }

    /// Whether it is what that mapping made of that record.
    pub(super) fn made_by(&self, o: &Observation, mapping: MappingNo, record: Id) -> bool {
        o.record == record && self.engine.book.plan(o.plan).and_then(|p| p.mapping) == Some(mapping)
    }

    /// The observation that this record made earlier.
    fn own<'i>(&self, i: &'i Instance, r: &Incoming<'_>) -> Option<&'i Observation> {
        i.observations.iter().find(|o| self.made_by(o, r.mapping, r.record))
    }

    fn leave(&mut self, entity: EntityNo, n: u64, r: &Incoming<'_>) -> Result<()> {
        let (id, mut i) = self.load(entity, n)?;
        let before = Before::of(&i);
        i.observations.retain(|o| !self.made_by(o, r.mapping, r.record));
        self.write(entity, id, Some(n), before, &mut i).map(drop)
    }

    /// Lets a further key lead to an instance. A placeholder that waited under it is absorbed; another living instance
    /// under it is a question for a person, and the key stays where it is.
    fn bind_alias(&mut self, entity: EntityNo, alias: Id, n: u64, id: Id) -> Result<()> {
        let stored = self.engine.catalog.entities[entity].stored;
        if alias == id {
            return Ok(());
        }
        match self.find(entity, alias)? {
            Some(at) if at == n => return Ok(()),
            None => self.tx.with(|tx| tx.alias(stored, alias, n))?,
            Some(at) => {
                let (other_id, other) = self.load(entity, at)?;
                if other.live || other.was_live {
                    let name = &self.engine.catalog.entities[entity].name;
                    let about = serde_json::json!({ "entity": name, "key_of": other_id, "claimed_by": id });
                    let key = format!("two-instances-one-key:{stored}:{alias}:{id}");
                    let now = self.now;
                    return self
                        .tx
                        .with(|tx| tx.put_review(&key, "two-instances-one-key", stored, id, &about.to_string(), now));
                }
                self.absorb(entity, n, at, other_id, other)?;
                self.tx.with(|tx| tx.alias(stored, alias, n))?;
            }
        }
        self.refer_again(entity, alias)
    }

    fn absorb(&mut self, entity: EntityNo, n: u64, from_n: u64, from_id: Id, from: Instance) -> Result<()> {
        let engine = self.engine;
        let stored = engine.catalog.entities[entity].stored;
        for o in &from.observations {
            if let Some(m) = engine.book.plan(o.plan).and_then(|p| p.mapping).map(|m| &engine.catalog.mappings[m])
                && !m.direct
                && !o.withdrawn
            {
                self.tx.with(|tx| tx.put_record(m.stored, o.record, n, o.hash).map(drop))?;
            }
        }
        self.tx.with(|tx| tx.remove(stored, from_n, from_id))?;
        let (id, mut i) = self.load(entity, n)?;
        let before = Before::of(&i);
        identity::absorb(&mut i, from, &engine.book, &self.tx);
        self.tx.check()?;
        self.write(entity, id, Some(n), before, &mut i)?;
        self.tx.with(|tx| tx.alias(stored, from_id, n))
    }

    /// Renders again those whose references show an id that now leads elsewhere.
    fn refer_again(&mut self, entity: EntityNo, alias: Id) -> Result<()> {
        let engine = self.engine;
        let mut key = Vec::new();
        banyan_model::instance::key_of_value(&Value::Ref(alias), &mut key);
        for (referrer, field) in &engine.referrers[entity] {
            let e = &engine.catalog.entities[*referrer];
            loop {
                let page = self.tx.with(|tx| tx.with_key(e.stored, e.fields[*field].stored, &key, 0, 500))?;
                // Each one that is rendered again leaves this key, so the first page is always the next one.
                for n in &page {
                    let (id, mut i) = self.load(*referrer, *n)?;
                    let before = Before::of(&i);
                    self.write(*referrer, id, Some(*n), before, &mut i)?;
                }
                if page.len() < 500 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Derives an instance and stores it with its indexes; tells parents, the change feed and reviews.
    pub(super) fn write(
        &mut self,
        entity: EntityNo,
        id: Id,
        n: Option<u64>,
        before: Before,
        i: &mut Instance,
    ) -> Result<u64> {
        let engine = self.engine;
        let e = &engine.catalog.entities[entity];
        let doubts = ownership::derive(&engine.catalog, entity, &engine.book, &self.tx, i);
        self.tx.check()?;
        i.doubtful = !doubts.is_empty();
        self.release_held(i);
        // What comes within one transaction, and is undone in it, was never seen. (What is deleted leaves its tombstone.)
        let undone = !i.live && i.observations.iter().all(|o| !o.withdrawn);
        i.was_live &= !(undone && n.is_some_and(|n| self.is_new(entity, n)));
        let etag = with_parts(i.etag, i.parts);
        let visible = i.live != before.live || (i.live && etag != before.etag);
        if i.observations.is_empty()
            && i.parts == 0
            && !i.was_live
            && let Some(n) = n
        {
            if visible {
                self.index(entity, n, id, &before, i.live.then_some(&i.canonical), etag)?;
            }
            if before.doubtful {
                self.ask(entity, id, &doubts, i)?;
            }
            self.tx.with(|tx| tx.remove(e.stored, n, id))?;
            return Ok(n);
        }
        if visible || i.changed == 0 {
            i.changed = self.now;
        }
        let hash = self.direct_hash(entity, id, i);
        let mut facts = Vec::with_capacity(256);
        Facts::encode(i, id, &engine.book, &mut facts);
        let n = match n {
            None => {
                let n = self.tx.with(|tx| tx.insert(e.stored, id, hash, &facts))?;
                self.made.entry(entity).or_insert(n);
                n
            }
            Some(n) => {
                self.tx.with(|tx| tx.update(e.stored, n, id, hash, &facts))?;
                n
            }
        };
        if visible {
            self.tx.with(|tx| tx.changed(e.stored, n))?;
            self.index(entity, n, id, &before, i.live.then_some(&i.canonical), etag)?;
        }
        if i.doubtful || before.doubtful {
            self.ask(entity, id, &doubts, i)?;
        }
        Ok(n)
    }

    /// Whether this transaction made it.
    pub(super) fn is_new(&self, entity: EntityNo, n: u64) -> bool {
        self.made.get(&entity).is_some_and(|first| n >= *first)
    }

    fn direct_hash(&self, entity: EntityNo, id: Id, i: &Instance) -> u64 {
        let catalog = &self.engine.catalog;
        let direct = i.observations.iter().find(|o| {
            o.record == id
                && !o.withdrawn
                && self
                    .engine
                    .book
                    .plan(o.plan)
                    .and_then(|p| p.mapping)
                    .is_some_and(|m| catalog.mappings[m].direct && catalog.mappings[m].entity == entity)
        });
        direct.map_or(0, |o| o.hash)
    }

    /// Brings index entries and parents' sums from what was before to what is served now, if anything is.
    pub(super) fn index(
        &mut self,
        entity: EntityNo,
        n: u64,
        id: Id,
        before: &Before,
        now: Option<&Fragments>,
        etag: u64,
    ) -> Result<()> {
        let e = &self.engine.catalog.entities[entity];
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (no, field) in e.indexed() {
            old.clear();
            new.clear();
            if before.live {
                key_of_fragment(&field.ty, before.canonical.get(no), &mut old);
            }
            if let Some(now) = now {
                key_of_fragment(&field.ty, now.get(no), &mut new);
            }
            if old != new {
                let (old, new) = ((!old.is_empty()).then_some(&*old), (!new.is_empty()).then_some(&*new));
                self.tx.with(|tx| tx.index(e.stored, field.stored, n, old, new))?;
            }
            if let Some(target) = field.refers_to.filter(|_| field.part_of) {
                if before.live {
                    self.part(target, before.canonical.get(no), id, before.etag, true);
                }
                if let Some(now) = now {
                    self.part(target, now.get(no), id, etag, false);
                }
            }
        }
        Ok(())
    }

    /// Notes what a part adds to, or takes from, its parent.
    fn part(&mut self, parent: EntityNo, fragment: &[u8], id: Id, etag: u64, take: bool) {
        let text = banyan_model::instance::json_scalar_text(fragment);
        let Some(parent_id) = text.as_deref().and_then(Id::parse) else { return };
        let weight = codec::hash(&id.0, etag);
        let sum = self.parts.entry((parent, parent_id)).or_default();
        *sum = if take { sum.wrapping_sub(weight) } else { sum.wrapping_add(weight) };
    }

    /// Brings parents up to date, and theirs, until nothing is left to tell.
    pub(super) fn settle(&mut self) -> Result<()> {
        while !self.parts.is_empty() {
            for ((entity, id), delta) in std::mem::take(&mut self.parts) {
                if delta == 0 {
                    continue;
                }
                let n = self.find(entity, id)?;
                let (id, mut i) = match n {
                    Some(n) => self.load(entity, n)?,
                    // The parent has not arrived: a placeholder keeps the sum for it.
                    None => (id, Instance::default()),
                };
                let before = Before::of(&i);
                i.parts = i.parts.wrapping_add(delta);
                self.write(entity, id, n, before, &mut i)?;
            }
        }
        Ok(())
    }

    /// Marks the record's observation as held, if its instance has not arrived. `replaced` is the unit of a held one that
    /// it took the place of: that one waits no longer.
    fn hold(&mut self, i: &mut Instance, r: &Incoming<'_>, replaced: Option<u32>) {
        let (book, catalog) = (&self.engine.book, &self.engine.catalog);
        let mapping_of = |o: &Observation| book.plan(o.plan).and_then(|p| p.mapping);
        let arrived =
            i.observations.iter().any(|o| !o.withdrawn && mapping_of(o).is_some_and(|m| catalog.mappings[m].creates));
        let own = i.observations.iter_mut().find(|o| o.record == r.record && mapping_of(o) == Some(r.mapping));
        if let Some(own) = own {
            own.held = !arrived && !own.withdrawn;
        }
        if let Some(unit) = replaced {
            let m = &catalog.mappings[r.mapping];
            self.moved(unit, m.dataset, m.stored).add(&Tally { held: -1, superseded: 1, ..Tally::default() });
        }
    }

    /// Moves observations from *held* to *applied* in the ledger when their instance arrives, or when they come to one
    /// that is there (a placeholder is absorbed only after the instance whose key it waited for was written).
    fn release_held(&mut self, i: &mut Instance) {
        if !i.live {
            return;
        }
        for o in &mut i.observations {
            if !std::mem::take(&mut o.held) {
                continue;
            }
            let Some(mapping) = self.engine.book.plan(o.plan).and_then(|p| p.mapping) else { continue };
            let m = &self.engine.catalog.mappings[mapping];
            self.moved(o.unit, m.dataset, m.stored).add(&Tally { held: -1, applied: 1, ..Tally::default() });
        }
    }

    /// Asks the questions that are open now, and closes those that answered themselves.
    fn ask(&mut self, entity: EntityNo, id: Id, doubts: &[Doubt], i: &Instance) -> Result<()> {
        let catalog = self.engine.catalog.clone();
        let e = &catalog.entities[entity];
        let mut possible: Vec<(String, &str, Option<serde_json::Value>)> = Vec::new();
        for (no, m) in catalog.feeding(entity) {
            let asked = doubts.contains(&Doubt::SeveralRecords { mapping: no });
            let about = asked.then(|| {
                let records = i
                    .observations
                    .iter()
                    .filter(|o| !o.withdrawn && self.engine.book.plan(o.plan).and_then(|p| p.mapping) == Some(no));
                serde_json::json!({ "entity": e.name, "mapping": m.name, "records": records.count() })
            });
            possible.push((format!("several-records:{}:{id}:{}", e.stored, m.stored), "several-records", about));
        }
        for (no, f) in e.fields.iter().enumerate() {
            let disagree = doubts.contains(&Doubt::OwnersDisagree { field: no });
            let about = disagree.then(|| serde_json::json!({ "entity": e.name, "field": f.name }));
            possible.push((format!("owners-disagree:{}:{id}:{}", e.stored, f.stored), "owners-disagree", about));
            let foreign = doubts.iter().find_map(|d| match d {
                Doubt::ForeignChange { field, mapping } if *field == no => Some(*mapping),
                _ => None,
            });
            let about = foreign
                .map(|m| serde_json::json!({ "entity": e.name, "field": f.name, "mapping": catalog.mappings[m].name }));
            possible.push((format!("foreign-change:{}:{id}:{}", e.stored, f.stored), "foreign-change", about));
        }
        let now = self.now;
        for (key, kind, about) in possible {
            match about {
                Some(about) => {
                    let about = about.to_string();
                    self.tx.with(|tx| tx.put_review(&key, kind, e.stored, id, &about, now))?;
                }
                None => self.tx.with(|tx| tx.close_review(&key))?,
            }
        }
        Ok(())
    }
}
