//! One record: mapped, and what it says applied to its instance.
//!
//! Invariant: a record counts as exactly one of applied, unchanged, superseded, skipped, held and rejected.
//! Not here: which records of a batch come this far (`session`), what a touched instance drags along (`touch`).

use super::session::{Done, Incoming, Known, Session};
use super::touch::Before;
use super::unit::OpenUnit;
use banyan_model::identity::Verdict;
use banyan_model::instance::{Lineage, Observation, RawAt};
use banyan_model::mapping::{Draft, Fate, Refusal, Runner, SayKind};
use banyan_model::model::{Content, ForeignChange};
use banyan_model::ownership::{said, same_row};
use banyan_store::{DeadLetterState, Result, Tally};
use banyan_words::{Id, Row};

impl Session<'_> {
    /// Maps one record and applies what it says.
    pub(super) fn record(&mut self, r: &Incoming<'_>, runner: &Runner, open: &OpenUnit) -> Result<Done> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[r.mapping];
        let mut draft = std::mem::take(&mut self.draft);
        let fate = if self.means_deletion(&r.row, open) {
            let fate = runner.run(&r.row, r.record, &self.tx, &mut draft);
            // A deletion needs no values: only its key must be readable.
            if draft.instance.is_some() { Fate::Withdrawn } else { fate }
        } else {
            runner.run(&r.row, r.record, &self.tx, &mut draft)
        };
        self.tx.check()?;
        for (lookup, key) in self.tx.take_asked() {
            self.tx.with(|tx| tx.depend(lookup, &key, m.stored, r.raw))?;
        }
        let fate = match fate {
            Fate::Says => match self.nothing_to_keep(r, &draft)? {
                Some(refusal) => Fate::Refused(refusal),
                None => self.foreign(r, &draft)?.map_or(Fate::Says, Fate::Refused),
            },
            other => other,
        };
        let out = match fate {
            Fate::Says if m.direct && r.known.n.is_none() && engine.lone[r.mapping].is_some() => {
                self.first(r, &draft, open).map(Done::Said)
            }
            Fate::Says => {
                let seen = (open.number, r.row.place());
                let o = draft.observation(m.plan, r.record, seen, r.raw, r.hash);
                self.apply(r, o, draft.instance.unwrap_or(r.record), open)
            }
            Fate::Withdrawn => {
                let o = withdrawn(m.plan, r, (open.number, r.row.place()));
                self.tally(open.number, open.dataset, m.stored).deleted += 1;
                self.apply(r, o, draft.instance.unwrap_or(r.record), open)
            }
            Fate::Skipped => {
                self.tally(open.number, open.dataset, m.stored).skipped += 1;
                // It may have been meant before: then what it said is withdrawn.
                if r.known.n.is_some() {
                    let o = withdrawn(m.plan, r, (open.number, r.row.place()));
                    self.admit(r, o, r.known.n, r.record)?;
                }
                Ok(Done::Skipped)
            }
            Fate::Refused(refusal) => {
                let message = format!("line {}: {}", r.row.place().line, refusal.message);
                let mut cells = Vec::new();
                let discard = &engine.catalog.datasets[open.dataset].discard;
                r.row.encode_without(|name| discard.iter().any(|d| d == name), &mut cells);
                self.tally(open.number, open.dataset, m.stored).rejected += 1;
                // What is derived again and overtaken since has no letter that anyone need look at.
                if self.quiet.is_none() || !self.is_overtaken(r, open)? {
                    let refusal = Refusal { message, ..refusal };
                    self.letter(Some(r.mapping), open, &r.row, Some(r.record), &refusal, &cells)?;
                }
                Ok(Done::Refused)
            }
        };
        self.draft = draft;
        out
    }

    /// A required field whose last good value is to stay, where there has been none.
    fn nothing_to_keep(&mut self, r: &Incoming<'_>, draft: &Draft) -> Result<Option<Refusal>> {
        let m = &self.engine.catalog.mappings[r.mapping];
        let e = &self.engine.catalog.entities[m.entity];
        for (at, (field, _)) in m.fields.iter().enumerate() {
            let Some(SayKind::Keep(code)) = draft.says.get(at) else { continue };
            if !m.creates || !e.fields[*field].required {
                continue;
            }
            let known = match r.known.n {
                Some(n) => {
                    let (_, i) = self.load(m.entity, n)?;
                    let own = i.observations.iter().find(|o| self.made_by(o, r.mapping, r.record));
                    own.is_some_and(|o| said(&self.engine.book, o, *field).is_some())
                }
                None => false,
            };
            if !known {
                let name = &e.fields[*field].name;
                let message =
                    format!("the field is required, its formula keeps the last good value ({code}), and there is none");
                return Ok(Some(Refusal { code: "required".into(), field: Some(name.clone()), message }));
            }
        }
        Ok(None)
    }

    /// A value that another source rules, of a field whose `on_foreign_change` is `reject`.
    fn foreign(&mut self, r: &Incoming<'_>, draft: &Draft) -> Result<Option<Refusal>> {
        let m = &self.engine.catalog.mappings[r.mapping];
        let e = &self.engine.catalog.entities[m.entity];
        let guarded = |field: usize| {
            let f = &e.fields[field];
            f.on_foreign_change == ForeignChange::Reject && !f.owner.names(r.mapping)
        };
        if !m.fields.iter().any(|(f, _)| guarded(*f)) {
            return Ok(None);
        }
        let n = match r.known.n {
            Some(n) => Some(n),
            None => self.find(m.entity, draft.instance.unwrap_or(r.record))?,
        };
        let Some(n) = n else { return Ok(None) };
        let (_, i) = self.load(m.entity, n)?;
        for (at, (field, _)) in m.fields.iter().enumerate().filter(|(_, (f, _))| guarded(*f)) {
            let (says, served) = (draft.fragments.get(at), i.canonical.get(*field));
            let same = says == served || (says == b"null" && served.is_empty());
            if i.live && draft.says.get(at) == Some(&SayKind::Value) && !same {
                let name = &e.fields[*field].name;
                let message = format!("another source rules `{name}`, and it says something else");
                return Ok(Some(Refusal { code: "foreign-change".into(), field: Some(name.clone()), message }));
            }
        }
        Ok(None)
    }

    pub(super) fn means_deletion(&self, row: &Row<'_>, open: &OpenUnit) -> bool {
        let Content::Changes(Some(op)) = &self.engine.catalog.datasets[open.dataset].content else { return false };
        let Some(at) = row.shape().position(&op.column) else { return false };
        row.value(at).to_text().is_some_and(|t| op.delete.iter().any(|d| *d == t.trim()))
    }

    /// A record that is the first to speak of an instance, and alone: see [`ownership::Lone`].
    fn first(&mut self, r: &Incoming<'_>, draft: &Draft, open: &OpenUnit) -> Result<Known> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[r.mapping];
        let e = &engine.catalog.entities[m.entity];
        let Some(lone) = &engine.lone[r.mapping] else { return Ok(r.known) };
        let (mut canonical, mut facts) = (std::mem::take(&mut self.canonical), std::mem::take(&mut self.facts));
        canonical.clear();
        facts.clear();
        let (record, unit, place) = (r.record, open.number, r.row.place());
        let lineage = Lineage { plan: m.plan, record, unit, place, raw: r.raw, hash: r.hash };
        let etag = lone.row(e, &engine.book, &self.tx, draft, &lineage, self.now, &mut canonical, &mut facts);
        debug_assert!(
            same_row(&engine.catalog, r.mapping, &engine.book, &self.tx, draft, &lineage, self.now, &facts),
            "the short way differs"
        );
        self.tx.check()?;
        let n = self.tx.with(|tx| {
            let n = tx.insert(e.stored, record, r.hash, &facts)?;
            tx.changed(e.stored, n)?;
            Ok(n)
        })?;
        self.made.entry(m.entity).or_insert(n);
        self.index(m.entity, n, record, &Before::default(), Some(&canonical), etag)?;
        (self.canonical, self.facts) = (canonical, facts);
        self.tally(open.number, open.dataset, m.stored).applied += 1;
        self.good(r, open)?;
        Ok(Known { mark: Some(n), n: Some(n), hash: r.hash })
    }

    /// A record that went through: dead letters of it are done with, but for those of newer ones.
    fn good(&mut self, r: &Incoming<'_>, open: &OpenUnit) -> Result<()> {
        let m = &self.engine.catalog.mappings[r.mapping];
        let seen = (open.number, r.row.place());
        for (number, unit, place) in self.tx.with(|tx| tx.open_dead_letters(m.stored, r.record))? {
            if self.is_newer((unit, place), seen) {
                continue;
            }
            // Derived again and good now: what was refused is applied.
            let replayed = self.quiet.is_some() && (unit, place) == seen;
            let to = if replayed { DeadLetterState::Replayed } else { DeadLetterState::Superseded };
            self.tx.with(|tx| tx.close_dead_letter(number, to, None))?;
            if replayed {
                let moved = Tally { rejected: -1, applied: 1, ..Tally::default() };
                self.moved(unit, open.dataset, m.stored).add(&moved);
            }
        }
        self.tx.check()
    }

    fn apply(&mut self, r: &Incoming<'_>, o: Observation, instance: Id, open: &OpenUnit) -> Result<Done> {
        let m = &self.engine.catalog.mappings[r.mapping];
        let n = if m.direct { r.known.n } else { None };
        let withdrawal = o.withdrawn;
        let (verdict, n, mark, held) = self.admit(r, o, n, instance)?;
        let tally = self.tally(open.number, open.dataset, m.stored);
        match verdict {
            Verdict::Superseded => tally.superseded += 1,
            _ if held && !withdrawal => tally.held += 1,
            Verdict::Unchanged => tally.unchanged += 1,
            Verdict::Applied => tally.applied += 1,
        }
        if !withdrawal {
            self.good(r, open)?;
        }
        Ok(Done::Said(Known { mark, n: Some(n), hash: r.hash }))
    }
}

fn withdrawn(plan: u32, r: &Incoming<'_>, seen: (u32, banyan_words::Place)) -> Observation {
    Observation {
        plan,
        record: r.record,
        unit: seen.0,
        place: seen.1,
        raw: r.raw,
        prior: RawAt::default(),
        hash: r.hash,
        withdrawn: true,
        held: false,
        aliases: Vec::new(),
        changed_at: Vec::new(),
        pick: Vec::new(),
        says: Vec::new(),
    }
}
