//! The store as the rules of mapping and ownership see it through a reader.
//!
//! Invariant: dataset-backed rows are read as they are now. Errors are kept and raised by [`Looking::check`], so that
//! nothing is decided on a failed read.

use super::ingest::lookup_key;
use super::why::place;
use banyan_model::formula::{LookupAnswer, Lookups};
use banyan_model::model::{Catalog, EntityNo, LookupSource};
use banyan_model::ownership::World;
use banyan_store::{Reader, StoreError};
use banyan_words::Id;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The number that stands for a reading that is not in the store yet.
pub const NOT_STORED: u32 = u32::MAX;

/// See the module.
pub struct Looking<'a> {
    catalog: &'a Catalog,
    reader: RefCell<&'a mut dyn Reader>,
    orders: RefCell<HashMap<u32, String>>,
    failed: Cell<Option<StoreError>>,
}

impl<'a> Looking<'a> {
    /// Through that reader.
    pub fn new(catalog: &'a Catalog, reader: &'a mut dyn Reader) -> Looking<'a> {
        Looking { catalog, reader: RefCell::new(reader), orders: RefCell::default(), failed: Cell::new(None) }
    }

    /// Gives a reading that is not in the store yet its place among the units.
    pub fn knowing(self, order: &str) -> Looking<'a> {
        self.orders.borrow_mut().insert(NOT_STORED, order.to_owned());
        self
    }

    /// The error of a read that failed inside the rules.
    pub fn check(&self) -> Result<(), StoreError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn order(&self, unit: u32) -> String {
        if let Some(order) = self.orders.borrow().get(&unit) {
            return order.clone();
        }
        let order = match self.reader.borrow_mut().unit(unit) {
            Ok(unit) => unit.map(|u| u.key.order).unwrap_or_default(),
            Err(e) => {
                self.failed.set(Some(e));
                String::new()
            }
        };
        self.orders.borrow_mut().insert(unit, order.clone());
        order
    }
}

impl World for Looking<'_> {
    fn compare_units(&self, a: u32, b: u32) -> Ordering {
        if a == b { Ordering::Equal } else { self.order(a).cmp(&self.order(b)) }
    }

    fn resolve(&self, entity: EntityNo, id: Id) -> Id {
        match self.reader.borrow_mut().instance(self.catalog.entities[entity].stored, id) {
            Ok(found) => found.map_or(id, |f| f.id),
            Err(e) => {
                self.failed.set(Some(e));
                id
            }
        }
    }
}

impl Lookups for Looking<'_> {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        match self.catalog.lookups.get(table).map(|l| &l.rows) {
            Some(LookupSource::File { table, .. }) => match table.get(keys) {
                Some((value, _)) => LookupAnswer::Found(banyan_words::Value::text(value)),
                None => LookupAnswer::Absent,
            },
            Some(LookupSource::Dataset { stored, .. }) => {
                match self.reader.borrow_mut().lookup(*stored, &lookup_key(keys)) {
                    Ok(Some(v)) => LookupAnswer::Found(banyan_words::Value::Text(Cow::Owned(v))),
                    Ok(None) => LookupAnswer::Absent,
                    Err(_) => LookupAnswer::NotLoaded,
                }
            }
            None => LookupAnswer::Absent,
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        place(self.catalog, table, keys)
    }
}
