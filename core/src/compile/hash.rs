//! A mapping's hash: everything that decides what a record becomes.
//!
//! Invariant: equal configurations, lookup files and time-zone data have equal hashes, in every run and on every machine;
//! whatever changes a value changes the hash. Records whose mapping's hash changed are mapped anew.

use super::lookups::Found;
use super::sources::{Known, World};
use super::zones;
use crate::formula::Formula;
use crate::model::{Catalog, Content, Entity, KeyFrom, Mapping};
use banyan_words::codec;

/// Counts changes of this product that make the same mapping give other values. To be raised with each such change.
const EDITION: u64 = 1;

pub(super) fn seal(catalog: &mut Catalog, world: &World, tables: &[Found]) {
    for mapping in &mut catalog.mappings {
        let (entity, known) = (catalog.entities.get(mapping.entity), world.datasets.get(mapping.dataset));
        if let (Some(entity), Some(known)) = (entity, known) {
            let hasher = Hasher { bytes: Vec::new(), tables, entities: &catalog.entities };
            mapping.hash = one(mapping, entity, known, hasher);
        }
    }
}

fn one(m: &Mapping, entity: &Entity, known: &Known, mut h: Hasher<'_>) -> u64 {
    h.number(EDITION);
    h.text(&entity.id_name);
    h.reading(known);
    h.key(&m.key);
    h.number(m.also.len() as u64);
    m.also.iter().for_each(|k| h.key(k));
    h.number(u64::from(m.creates) | u64::from(m.direct) << 1);
    for condition in [&m.when, &m.deleted, &m.changed_at] {
        h.formula(condition.as_ref());
    }
    if let Some(pick) = &m.pick {
        h.number(if pick.last { 2 } else { 1 });
        h.texts(&pick.by);
    }
    h.number(m.fields.len() as u64);
    for (no, formula) in &m.fields {
        if let Some(field) = entity.fields.get(*no) {
            h.text(&field.name);
            h.text(&format!("{:?} {} {:?} {:?}", field.ty, field.required, field.text.max, field.text.format));
        }
        h.formula(Some(formula));
    }
    h.finish()
}

struct Hasher<'h> {
    bytes: Vec<u8>,
    tables: &'h [Found],
    entities: &'h [Entity],
}

impl Hasher<'_> {
    /// How a record of the dataset is read.
    fn reading(&mut self, known: &Known) {
        let d = &known.dataset;
        self.text(&d.id_name);
        self.number(known.reading);
        self.texts(&d.key);
        self.texts(&d.discard);
        self.texts(&known.dataset.null_texts);
        self.texts(&known.null_dates);
        self.text(d.zone.as_deref().unwrap_or(""));
        self.number(d.zone.as_deref().map_or(0, zones::hash));
        if let Content::Changes(Some(operation)) = &d.content {
            self.text(&operation.column);
            self.texts(&operation.delete);
        }
        if let Some(kind) = &d.kind {
            self.text(&kind.name);
            self.number(kind.when.hash());
            self.text(kind.within.as_deref().unwrap_or(""));
        }
    }

    fn number(&mut self, n: u64) {
        self.bytes.extend_from_slice(&n.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        codec::put_bytes(text.as_bytes(), &mut self.bytes);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|t| self.text(t));
    }

    fn key(&mut self, key: &KeyFrom) {
        self.text(&key.space);
        self.texts(&key.columns);
    }

    fn formula(&mut self, formula: Option<&Formula>) {
        let Some(formula) = formula else { return self.number(0) };
        self.number(formula.hash());
        for name in formula.lookups() {
            self.text(name);
            self.number(self.tables.iter().find(|t| t.name == *name).map_or(0, |t| t.hash));
        }
        for (name, _) in formula.refs() {
            // The name that ids derive with.
            let entity = self.entities.iter().find(|e| e.name == *name);
            self.text(entity.map_or(name.as_str(), |e| e.id_name.as_str()));
        }
    }

    fn finish(self) -> u64 {
        codec::hash(&self.bytes, 0)
    }
}
