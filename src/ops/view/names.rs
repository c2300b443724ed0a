//! Names of the store's numbers, those of earlier configurations included.

use crate::runtime::places::Places;
use banyan_model::model::Catalog;
use banyan_store::{Result, Store};
use std::cell::RefCell;
use std::collections::HashMap;

/// See the module.
pub struct Names<'s> {
    store: &'s dyn Store,
    known: RefCell<HashMap<(&'static str, u32), String>>,
    /// Where values stood, where adapters know that.
    pub places: Places,
}

impl<'s> Names<'s> {
    /// With the names of a catalog, if one is at hand; the store is asked for the others.
    pub fn new(store: &'s dyn Store, catalog: Option<&Catalog>) -> Names<'s> {
        let mut known = HashMap::new();
        if let Some(c) = catalog {
            known.extend(c.datasets.iter().map(|d| (("dataset", d.stored), d.full.clone())));
            known.extend(c.mappings.iter().map(|m| (("mapping", m.stored), m.name.clone())));
            known.extend(c.entities.iter().map(|e| (("entity", e.stored), e.name.clone())));
        }
        Names { store, known: RefCell::new(known), places: Places::default() }
    }

    /// The same, knowing where values stood.
    pub fn with_places(self, places: &Places) -> Names<'s> {
        Names { places: places.clone(), ..self }
    }

    /// The name of a number; one that was never given has none of its own and is told by its number.
    pub fn name(&self, kind: &'static str, number: u32) -> Result<String> {
        if let Some(name) = self.known.borrow().get(&(kind, number)) {
            return Ok(name.clone());
        }
        let name = self.store.about(kind, number)?.map_or_else(|| format!("{kind} {number}"), |(name, _)| name);
        self.known.borrow_mut().insert((kind, number), name.clone());
        Ok(name)
    }

    /// A mapping's name; `None` for 0, which stands for no mapping.
    pub fn mapping(&self, number: u32) -> Result<Option<String>> {
        if number == 0 { Ok(None) } else { self.name("mapping", number).map(Some) }
    }
}
