//! What a changed configuration asks for: kept records are mapped again, instances are derived again.
//!
//! Invariant: order does not matter. A kept record goes through its mapping with its old place, so what a newer one says
//! stays; what an interrupted run did is done again without effect.

use super::again::batch_of;
use super::engine::Engine;
use super::session::Session;
use super::state::ColumnState;
use super::touch::Before;
use super::units::States;
use crate::runtime::clock::Clock;
use banyan_adapter::Stop;
use banyan_model::model::{Catalog, EntityNo, MappingNo, Owner};
use banyan_store::{RawRow, Result, Store};
use banyan_words::codec;

/// Records of one transaction.
const ROUND: usize = 20_000;

/// Notes how each dataset is read now. Files are read again where that changed: their feed's tokens differ. Columns that
/// the configuration itself names are accepted with it; what a file or a table shows by itself is not.
pub(super) fn check_reading(engine: &Engine, states: &mut States) {
    for (no, (d, state)) in engine.catalog.datasets.iter().zip(&mut states.0).enumerate() {
        let source = &engine.catalog.sources[d.source].name;
        let Some(prepared) = engine.sources.get(source) else { continue };
        let reading = prepared.reading_hash(&d.feed);
        if ![0, reading].contains(&state.reading)
            && !engine.is_table(no)
            && let Some(columns) = prepared.columns(&d.feed)
        {
            state.columns = columns.into_iter().map(|c| ColumnState { name: c.name, ty: c.ty }).collect();
            state.drift = None;
        }
        state.reading = reading;
    }
}

/// Does what is due. Returns when done or stopped.
pub(super) fn run(engine: &Engine, store: &dyn Store, clock: &Clock, stop: &Stop) -> Result<()> {
    let catalog = &engine.catalog;
    let mut due_mappings = Vec::new();
    let mut due_entities = Vec::new();
    {
        let mut reader = store.reader()?;
        for (no, m) in catalog.mappings.iter().enumerate() {
            let known = reader.meta(&mapping_mark(catalog, no))?;
            if known.as_deref() != Some(&format!("{:016x}", m.hash)) {
                due_mappings.push((no, known.is_some()));
            }
        }
        for (no, _) in catalog.entities.iter().enumerate() {
            let known = reader.meta(&entity_mark(catalog, no))?;
            if known.as_deref() != Some(&rules_hash(catalog, no)) {
                due_entities.push((no, known.is_some()));
            }
        }
    }
    for (no, before) in due_mappings {
        // A mapping that was never there may still find records that were kept for others.
        if before {
            tracing::info!(mapping = %catalog.mappings[no].name, "deriving kept records again");
        }
        if !mapping(engine, store, clock, stop, no)? {
            return Ok(());
        }
    }
    for (no, before) in due_entities {
        if before {
            tracing::info!(entity = %catalog.entities[no].name, "deriving instances again");
        }
        if !entity(engine, store, clock, stop, no)? {
            return Ok(());
        }
    }
    Ok(())
}

fn mapping(engine: &Engine, store: &dyn Store, clock: &Clock, stop: &Stop, no: MappingNo) -> Result<bool> {
    let dataset = engine.catalog.datasets[engine.catalog.mappings[no].dataset].stored;
    let mut block = Some(0);
    let mut reader = store.reader()?;
    while let Some(from) = block {
        if stop.stopped() {
            return Ok(false);
        }
        let mut rows: Vec<(banyan_model::instance::RawAt, RawRow)> = Vec::new();
        block = reader.raw_from(dataset, from, ROUND, &mut |at, row| {
            rows.push((at, row));
            Ok(())
        })?;
        let mut session = Session::new(engine, store.ingest()?, clock.now_ms());
        for (at, row) in rows {
            if let Some(batch) = batch_of(&row) {
                session.again_from(no, &batch, row.unit, at, &row.cells, false)?;
            }
        }
        session.settle()?;
        session.commit()?;
    }
    let session = Session::new(engine, store.ingest()?, clock.now_ms());
    let hash = format!("{:016x}", engine.catalog.mappings[no].hash);
    session.tx.with(|tx| tx.put_meta(&mapping_mark(&engine.catalog, no), &hash))?;
    session.commit()?;
    Ok(true)
}

fn entity(engine: &Engine, store: &dyn Store, clock: &Clock, stop: &Stop, no: EntityNo) -> Result<bool> {
    let stored = engine.catalog.entities[no].stored;
    let mut after = 0;
    loop {
        if stop.stopped() {
            return Ok(false);
        }
        let mut session = Session::new(engine, store.ingest()?, clock.now_ms());
        let page = session.tx.with(|tx| tx.scan(stored, after, ROUND))?;
        for n in &page {
            after = *n;
            let (id, mut i) = session.load(no, *n)?;
            let before = Before::of(&i);
            session.write(no, id, Some(*n), before, &mut i)?;
        }
        session.settle()?;
        if page.len() < ROUND {
            let hash = rules_hash(&engine.catalog, no);
            session.tx.with(|tx| tx.put_meta(&entity_mark(&engine.catalog, no), &hash))?;
            session.commit()?;
            return Ok(true);
        }
        session.commit()?;
    }
}

fn mapping_mark(catalog: &Catalog, no: MappingNo) -> String {
    format!("derived:{}", catalog.mappings[no].stored)
}

fn entity_mark(catalog: &Catalog, no: EntityNo) -> String {
    format!("rules:{}", catalog.entities[no].stored)
}

/// Hash of all that decides an entity's canonical values beside its observations.
fn rules_hash(catalog: &Catalog, no: EntityNo) -> String {
    let e = &catalog.entities[no];
    let mut text = String::new();
    for f in &e.fields {
        let name = |m: &MappingNo| catalog.mappings[*m].name.as_str();
        let owner = match &f.owner {
            Owner::First(list) => {
                format!("first {:?}", list.iter().map(|(_, ms)| ms.iter().map(name).collect()).collect::<Vec<Vec<_>>>())
            }
            Owner::Latest(ms) => format!("latest {:?}", ms.iter().map(name).collect::<Vec<_>>()),
            Owner::Review(ms) => format!("review {:?}", ms.iter().map(name).collect::<Vec<_>>()),
        };
        text.push_str(&format!(
            "{} {:?} {owner} {:?} {:?} {}\n",
            f.name, f.ty, f.on_foreign_change, f.refers_to, f.part_of
        ));
    }
    for (_, m) in catalog.feeding(no) {
        text.push_str(&format!("{} {} {:?}\n", m.name, m.creates, m.pick));
    }
    format!("{:016x}", codec::hash(text.as_bytes(), 0))
}
