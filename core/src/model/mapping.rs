//! Mappings: from a dataset's records to observations of an entity.

use super::{Catalog, DatasetNo, EntityNo, FieldNo, Stored};
use crate::formula::Formula;
use crate::lookup::Table;
use std::sync::Arc;

/// A mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The store's number.
    pub stored: Stored,
    /// The store's number of this version of it (name and hash): what observations say they were made by.
    pub plan: Stored,
    /// Its name.
    pub name: String,
    /// What it reads.
    pub dataset: DatasetNo,
    /// What it feeds.
    pub entity: EntityNo,
    /// Which instance a record speaks about.
    pub key: KeyFrom,
    /// Further keys the instance has.
    pub also: Vec<KeyFrom>,
    /// Whether it may bring instances into being: its key's space is an authority and `creates` is not false.
    pub creates: bool,
    /// True where a record's own key is the instance's key: the common case, which needs no table of its own.
    pub direct: bool,
    /// Records for which this is not true are skipped.
    pub when: Option<Formula>,
    /// Records for which this is true withdraw what they said.
    pub deleted: Option<Formula>,
    /// When the source changed the record; decides `owner: latest`.
    pub changed_at: Option<Formula>,
    /// Which of several records of one instance speaks.
    pub pick: Option<Pick>,
    /// One formula a field.
    pub fields: Vec<(FieldNo, Formula)>,
    /// Covers everything that decides what a record becomes: key, formulas, field types, lookup contents, time-zone
    /// data, the adapter's reading. Seeds the unchanged test.
    pub hash: u64,
}

impl Mapping {
    /// The name that stored numbers derive with. Where the name is the default one, it follows dataset and entity back
    /// to their first names, so that renaming those keeps what the mapping has made.
    pub fn id_name(&self, catalog: &Catalog) -> String {
        match (catalog.datasets.get(self.dataset), catalog.entities.get(self.entity)) {
            (Some(d), Some(e)) if self.name == format!("{} -> {}", d.full, e.name) => {
                format!("{} -> {}", d.id_name, e.id_name)
            }
            _ => self.name.clone(),
        }
    }
}

/// A key made from columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFrom {
    /// The key space.
    pub space: String,
    /// Its columns in declared order.
    pub columns: Vec<String>,
}

/// Which of several records of one instance speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The highest, else the lowest.
    pub last: bool,
    /// By these columns; by place in the unit where there are none.
    pub by: Vec<String>,
}

/// A value table.
#[derive(Clone, Debug)]
pub struct LookupTable {
    /// Its name.
    pub name: String,
    /// Its key columns.
    pub keys: Vec<String>,
    /// Its value column.
    pub value: String,
    /// Where its rows are.
    pub rows: LookupSource,
}

/// Where a value table's rows are.
#[derive(Clone, Debug)]
pub enum LookupSource {
    /// In a CSV file, read with the configuration.
    File {
        /// The file, as the user named it.
        file: String,
        /// Its rows.
        table: Arc<Table>,
    },
    /// In a dataset; the store keeps them by key.
    Dataset {
        /// The dataset.
        dataset: DatasetNo,
        /// The store's number.
        stored: Stored,
    },
}
