//! Lookup rows as far as the configuration alone knows them.

use banyan_model::formula::{LookupAnswer, Lookups};
use banyan_model::lookup::Table;
use banyan_model::model::{Catalog, LookupSource};
use banyan_words::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// The tables of files; rows of datasets are not at hand.
pub(super) struct FileTables(Vec<Option<Arc<Table>>>);

impl FileTables {
    pub(super) fn of(catalog: &Catalog) -> FileTables {
        let table = |rows: &LookupSource| match rows {
            LookupSource::File { table, .. } => Some(table.clone()),
            LookupSource::Dataset { .. } => None,
        };
        FileTables(catalog.lookups.iter().map(|l| table(&l.rows)).collect())
    }

    fn table(&self, no: usize) -> Option<&Table> {
        self.0.get(no).and_then(|t| t.as_deref())
    }
}

impl Lookups for FileTables {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        match self.table(table) {
            None => LookupAnswer::NotLoaded,
            Some(t) => t.get(keys).map_or(LookupAnswer::Absent, |(v, _)| LookupAnswer::Found(Value::text(v))),
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        let found = self.table(table).and_then(|t| t.get(keys).map(|(_, line)| (t, line)));
        found.map_or(String::new(), |(t, line)| format!("row {line} of {}", t.name()))
    }
}
