//! The open transaction as the rules of identity and ownership see it.

use super::engine::Engine;
use banyan_model::formula::{LookupAnswer, Lookups};
use banyan_model::model::{EntityNo, LookupSource};
use banyan_model::ownership::World;
use banyan_store::{Ingest, StoreError};
use banyan_words::{Id, Value, codec};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// The transaction, with what was read in it. Errors inside the pure rules are kept and raised by [`Tx::check`],
/// so that nothing is ever decided, and then committed, on a failed read.
pub(super) struct Tx<'s> {
    engine: &'s Engine,
    inner: RefCell<Box<dyn Ingest + 's>>,
    orders: RefCell<HashMap<u32, Rc<str>>>,
    rows: RefCell<HashMap<(usize, Vec<u8>), Option<Rc<str>>>>,
    asked: RefCell<Vec<(u32, Vec<u8>)>>,
    failed: Cell<Option<StoreError>>,
}

impl<'s> Tx<'s> {
    /// Around a transaction.
    pub(super) fn new(engine: &'s Engine, inner: Box<dyn Ingest + 's>) -> Tx<'s> {
        Tx {
            engine,
            inner: RefCell::new(inner),
            orders: RefCell::default(),
            rows: RefCell::default(),
            asked: RefCell::default(),
            failed: Cell::new(None),
        }
    }

    /// The transaction itself.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut dyn Ingest) -> Result<R, StoreError>) -> Result<R, StoreError> {
        f(&mut **self.inner.borrow_mut())
    }

    /// Gives the transaction back.
    pub(super) fn into_inner(self) -> Box<dyn Ingest + 's> {
        self.inner.into_inner()
    }

    /// The error of a read that failed inside the rules.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Knows a unit's order without asking.
    pub(super) fn know_order(&self, unit: u32, order: &str) {
        self.orders.borrow_mut().insert(unit, order.into());
    }

    /// The dataset-backed lookup keys asked for since the last call.
    pub(super) fn take_asked(&self) -> Vec<(u32, Vec<u8>)> {
        std::mem::take(&mut *self.asked.borrow_mut())
    }

    /// Forgets a lookup row that changed.
    pub(super) fn forget_lookup(&self, table: usize, key: &[u8]) {
        self.rows.borrow_mut().remove(&(table, key.to_vec()));
    }

    fn fail<T>(&self, e: StoreError, instead: T) -> T {
        let first = self.failed.take().unwrap_or(e);
        self.failed.set(Some(first));
        instead
    }

    /// A unit's order.
    pub(super) fn order(&self, unit: u32) -> Rc<str> {
        if let Some(order) = self.orders.borrow().get(&unit) {
            return order.clone();
        }
        let order: Rc<str> = match self.with(|tx| tx.unit_order(unit)) {
            Ok(order) => order.into(),
            Err(e) => self.fail(e, "".into()),
        };
        self.orders.borrow_mut().insert(unit, order.clone());
        order
    }
}

impl World for Tx<'_> {
    fn compare_units(&self, a: u32, b: u32) -> Ordering {
        if a == b { Ordering::Equal } else { self.order(a).cmp(&self.order(b)) }
    }

    fn resolve(&self, entity: EntityNo, id: Id) -> Id {
        if !self.engine.aliased[entity] {
            return id;
        }
        let stored = self.engine.catalog.entities[entity].stored;
        let found = self.with(|tx| {
            let mut out = Vec::new();
            tx.find(stored, &[id], &mut out)?;
            match out.first().copied().flatten() {
                Some((n, _)) => Ok(tx.load(stored, n)?.map(|f| f.id)),
                None => Ok(None),
            }
        });
        match found {
            Ok(found) => found.unwrap_or(id),
            Err(e) => self.fail(e, id),
        }
    }
}

/// The durable form of a lookup's key.
pub fn lookup_key<S: AsRef<str>>(parts: &[S]) -> Vec<u8> {
    let mut out = Vec::new();
    parts.iter().for_each(|p| codec::put_bytes(p.as_ref().as_bytes(), &mut out));
    out
}

impl Lookups for Tx<'_> {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        let Some(lookup) = self.engine.catalog.lookups.get(table) else { return LookupAnswer::Absent };
        match &lookup.rows {
            LookupSource::File { table, .. } => match table.get(keys) {
                Some((value, _)) => LookupAnswer::Found(Value::text(value)),
                None => LookupAnswer::Absent,
            },
            LookupSource::Dataset { stored, .. } => {
                let key = lookup_key(keys);
                self.asked.borrow_mut().push((*stored, key.clone()));
                let mut rows = self.rows.borrow_mut();
                if rows.len() > 100_000 {
                    rows.clear();
                }
                let answer = rows.entry((table, key)).or_insert_with_key(|(_, key)| {
                    match self.with(|tx| tx.lookup(*stored, key)) {
                        Ok(v) => v.map(Rc::from),
                        Err(e) => self.fail(e, None),
                    }
                });
                match answer {
                    Some(v) => LookupAnswer::Found(Value::Text(Cow::Owned(v.to_string()))),
                    None => LookupAnswer::Absent,
                }
            }
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        crate::runtime::why::place(&self.engine.catalog, table, keys)
    }
}
