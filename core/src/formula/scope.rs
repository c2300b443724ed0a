//! What a formula may speak of, where its value goes, and how it asks for lookup rows.

use super::plan::TextFormat;
use crate::lookup::Table;
use banyan_words::{Column, Type, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a formula may speak of.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The dataset's columns; `None` if they are not known: any name is taken, of type [`Type::Any`].
    pub columns: Option<&'a [Column]>,
    /// Name of the time zone that local times are in, such as `Europe/London`.
    pub zone: Option<&'a str>,
    /// Texts that stand for null in any cell.
    pub null_texts: &'a [String],
    /// Texts that `DATE` and `DATETIME` read as null.
    pub null_dates: &'a [String],
    /// The lookups, by name.
    pub lookups: &'a BTreeMap<String, LookupType>,
    /// The names of all entities, each with the one that its ids derive with: the first it ever had.
    pub entities: &'a BTreeMap<String, String>,
}

/// What the compiler knows of a lookup.
#[derive(Clone, Debug)]
pub struct LookupType {
    /// The number by which [`Lookups::get`] will be asked.
    pub id: usize,
    /// How many keys it takes.
    pub keys: usize,
    /// The type of its values.
    pub value: Type,
    /// True if some row answers whatever the keys.
    pub covers_all: bool,
    /// All values it can answer with, if they are known and texts.
    pub values: Option<Vec<String>>,
    /// True if its rows come from a dataset and must be fetched before a formula is evaluated.
    pub from_dataset: bool,
    /// Its rows where they are known, so that the compiler can tell whether they cover an enum.
    pub table: Option<Arc<Table>>,
}

impl LookupType {
    /// A lookup whose rows come from a file.
    pub fn of_table(id: usize, table: Arc<Table>) -> LookupType {
        LookupType {
            id,
            keys: table.key_count(),
            value: Type::Text,
            covers_all: table.covers_all(),
            values: Some(table.values()),
            from_dataset: false,
            table: Some(table),
        }
    }

    /// A lookup whose rows are those of a dataset.
    pub fn of_dataset(id: usize, keys: usize, value: Type) -> LookupType {
        LookupType { id, keys, value, covers_all: false, values: None, from_dataset: true, table: None }
    }
}

/// Where a formula's value goes. Whether the field is required is not the formula's concern.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The field's type. Decimals come out with exactly its scale.
    pub ty: &'a Type,
    /// Longest text, in characters.
    pub max: Option<u32>,
    /// A form that texts must have.
    pub format: Option<TextFormat>,
}

impl<'a> Target<'a> {
    /// A field of that type, without further demands.
    pub fn of(ty: &'a Type) -> Target<'a> {
        Target { ty, max: None, format: None }
    }
}

/// Answers lookups while formulas are evaluated. Called for each record, so it must be cheap.
pub trait Lookups {
    /// The value for these keys in the table of that number ([`LookupType::id`]).
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t>;

    /// Where that answer stands, for people: `row 14 of lookups/category.csv`. Asked only when a value is explained.
    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        let _ = (table, keys);
        String::new()
    }
}

/// What a lookup says.
#[derive(Clone, Debug, PartialEq)]
pub enum LookupAnswer<'t> {
    /// The row's value; it may be null.
    Found(Value<'t>),
    /// There is no such row.
    Absent,
    /// The rows come from a dataset and this one has not been fetched.
    NotLoaded,
}

/// No lookups at all.
pub struct NoLookups;

impl Lookups for NoLookups {
    fn get<'t>(&'t self, _: usize, _: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        LookupAnswer::Absent
    }
}

/// Lookups of which every one is a table; its number is its place.
impl Lookups for Vec<Arc<Table>> {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        match <[Arc<Table>]>::get(self, table).and_then(|t| t.get(keys)) {
            Some((value, _)) => LookupAnswer::Found(Value::text(value)),
            None => LookupAnswer::Absent,
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        let Some(t) = <[Arc<Table>]>::get(self, table) else { return String::new() };
        t.get(keys).map_or(String::new(), |(_, line)| format!("row {line} of {}", t.name()))
    }
}
