//! Lists of entities that are only read live: which filters the source itself narrows by.

use super::{EntityNo, FieldNo, MappingNo};

/// How instances that are only read live are listed: by a search of one dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveList {
    /// The mapping whose dataset is searched. Its records' keys are the instances' keys.
    pub mapping: MappingNo,
    /// The fields that are offered as filters, each with what it narrows by.
    pub narrows: Vec<(FieldNo, NarrowBy)>,
}

impl LiveList {
    /// What a field's filters narrow by.
    pub fn of(&self, field: FieldNo) -> Option<&NarrowBy> {
        self.narrows.iter().find(|(f, _)| *f == field).map(|(_, by)| by)
    }
}

/// What a filter narrows by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NarrowBy {
    /// The field is this column, or its text.
    Column(String),
    /// The field refers to another entity by a key that is made of these columns.
    Key {
        /// That entity.
        target: EntityNo,
        /// The key's space.
        space: String,
        /// The columns, in the order of the key.
        columns: Vec<String>,
    },
}
