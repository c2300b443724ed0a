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
            mapping.hash = one(mapping, entity, known, tables);
        }
    }
}

fn one(m: &Mapping, entity: &Entity, known: &Known, tables: &[Found]) -> u64 {
    let mut h = Hasher::default();
    h.number(EDITION);
    h.text(&entity.id_name);
    reading(known, &mut h);
    h.key(&m.key);
    h.number(m.also.len() as u64);
    m.also.iter().for_each(|k| h.key(k));
    h.number(u64::from(m.creates) | u64::from(m.direct) << 1);
    for condition in [&m.when, &m.deleted, &m.changed_at] {
        h.formula(condition.as_ref(), tables);
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
        h.formula(Some(formula), tables);
    }
    h.finish()
}

/// How a record of the dataset is read.
fn reading(known: &Known, h: &mut Hasher) {
    let d = &known.dataset;
    h.text(&d.full);
    h.number(known.reading);
    h.texts(&d.key);
    h.texts(&d.discard);
    h.texts(&known.dataset.null_texts);
    h.texts(&known.null_dates);
    h.text(d.zone.as_deref().unwrap_or(""));
    h.number(d.zone.as_deref().map_or(0, zones::hash));
    if let Content::Changes(Some(operation)) = &d.content {
        h.text(&operation.column);
        h.texts(&operation.delete);
    }
    if let Some(kind) = &d.kind {
        h.text(&kind.name);
        h.number(kind.when.hash());
        h.text(kind.within.as_deref().unwrap_or(""));
    }
}

#[derive(Default)]
struct Hasher(Vec<u8>);

impl Hasher {
    fn number(&mut self, n: u64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        codec::put_bytes(text.as_bytes(), &mut self.0);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|t| self.text(t));
    }

    fn key(&mut self, key: &KeyFrom) {
        self.text(&key.space);
        self.texts(&key.columns);
    }

    fn formula(&mut self, formula: Option<&Formula>, tables: &[Found]) {
        let Some(formula) = formula else { return self.number(0) };
        self.number(formula.hash());
        for name in formula.lookups() {
            self.text(name);
            self.number(tables.iter().find(|t| t.name == *name).map_or(0, |t| t.hash));
        }
    }

    fn finish(self) -> u64 {
        codec::hash(&self.0, 0)
    }
}
