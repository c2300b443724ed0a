//! From tables to a proposal: datasets, entities, fields, formulas.
//!
//! Invariant: nothing is made up that the catalog does not tell, but for names. Not here: whose key a column holds
//! (`references`), YAML, examples.

use super::names::{free, plural, singular, snake};
use super::references::{names_of, reference, references};
use crate::cli::discover::{dataset_of, discarded};
use banyan_adapter::{Found, FoundTable};
use banyan_model::draft::{DatasetKey, Draft, Part, SourceDraft};
use banyan_words::decimal::MAX_DIGITS;
use banyan_words::{Column, Type};

/// Names that the facade has for itself.
const ADDRESSES: [&str; 5] = ["operations", "openapi", "docs", "changes", "lineage"];
/// Names that a field cannot have, or not with a filter.
const PARAMETERS: [&str; 6] = ["id", "sort", "fields", "embed", "limit", "cursor"];
/// Words of formulas: a column of that name stands in brackets.
const WORDS: [&str; 7] = ["ELSE", "NULL", "MISSING", "TRUE", "FALSE", "KEEP", "REJECT"];
/// Digits after the point where the source does not say how many there are.
const SOME_DIGITS: u8 = 6;

/// What is proposed for a table.
pub(super) struct Table<'f> {
    pub(super) found: &'f Found,
    /// The dataset's name within its source.
    pub(super) dataset: String,
    /// It is configured already.
    pub(super) configured: bool,
    pub(super) key: Vec<String>,
    pub(super) entity: String,
    pub(super) plural: String,
    pub(super) fields: Vec<Field>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
    /// By which columns the source could be searched, were it read live.
    pub(super) search: Vec<String>,
    /// It is tried whether the configuration holds were it read live.
    pub(super) live: bool,
}

/// A field and its formula.
pub(super) struct Field {
    pub(super) name: String,
    /// What stands in its declaration.
    pub(super) declared: Vec<(&'static str, String)>,
    pub(super) formula: String,
    /// For a reference: the entity, and the columns that make its key.
    pub(super) refers: Option<(String, Vec<String>)>,
}

impl Table<'_> {
    /// What the mapping is called.
    pub(super) fn mapping(&self, source: &str) -> String {
        format!("{source}.{} -> {}", self.dataset, self.entity)
    }

    pub(super) fn info(&self) -> Option<&FoundTable> {
        self.found.table.as_ref()
    }

    pub(super) fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.found.columns.iter().enumerate().find(|(_, c)| c.name == name)
    }

    /// Whether its source finds rows by that column without reading all.
    pub(super) fn indexed(&self, column: &str) -> bool {
        let firsts = self.info().into_iter().flat_map(|t| t.indexes.iter().filter_map(|i| i.1.first()));
        self.key.first().into_iter().chain(firsts).any(|c| c == column)
    }

    /// Never null. What is in the key cannot be, whatever the catalog says.
    pub(super) fn required(&self, i: usize, column: &str) -> bool {
        self.key.iter().any(|k| k == column) || self.info().is_some_and(|t| t.nullable.get(i) == Some(&false))
    }
}

/// Proposals for the tables, in their order.
pub(super) fn plan<'f>(source: &Part<SourceDraft>, draft: &Draft, found: &'f [Found]) -> Vec<Table<'f>> {
    let mut datasets: Vec<String> = source.datasets.iter().map(|d| d.name.clone()).collect();
    let mut entities: Vec<String> = draft.entities.iter().map(|e| e.name.clone()).collect();
    let plurals = draft.entities.iter().map(|e| e.plural.clone().unwrap_or_else(|| format!("{}s", e.name)));
    let mut plurals: Vec<String> = plurals.chain(ADDRESSES.map(str::to_owned)).collect();
    let mut tables: Vec<Table<'f>> = Vec::new();
    for found in found {
        let configured = dataset_of(source, found).map(str::to_owned);
        let own = found.table.as_ref().map_or(found.name.as_str(), |t| t.name.as_str());
        let base = singular(&snake(own, "record"));
        let space = snake(&source.name, "source");
        let entity = free(&[base.clone(), format!("{space}_{base}")], &mut entities);
        let plural = free(&[plural(&entity), format!("{space}_{}", plural(&entity))], &mut plurals);
        let key = match source.datasets.iter().find(|d| Some(&d.name) == configured.as_ref()).map(|d| &d.keys.key) {
            Some(Some(DatasetKey::Columns(columns))) => columns.clone(),
            Some(_) => Vec::new(),
            None => key(found),
        };
        tables.push(Table {
            found,
            configured: configured.is_some(),
            dataset: configured.unwrap_or_else(|| super::names::dataset(found, &mut datasets)),
            key,
            entity,
            plural,
            fields: Vec::new(),
            notes: Vec::new(),
            search: Vec::new(),
            live: false,
        });
    }
    for i in 0..tables.len() {
        let made = tables.get(i).map(|t| fields(t, &tables, source));
        if let (Some(table), Some((fields, notes))) = (tables.get_mut(i), made) {
            (table.fields, table.notes) = (fields, notes);
        }
    }
    tables
}

/// The catalog's key, unless it can be none here.
fn key(found: &Found) -> Vec<String> {
    let key = found.table.as_ref().map(|t| t.key.clone()).unwrap_or_default();
    let type_of = |name: &String| found.columns.iter().find(|c| c.name == *name).map(|c| &c.ty);
    match key.iter().all(|k| type_of(k).is_some_and(|ty| !matches!(ty, Type::Float | Type::Any))) {
        true => key,
        false => Vec::new(),
    }
}

fn fields(table: &Table<'_>, all: &[Table<'_>], source: &Part<SourceDraft>) -> (Vec<Field>, Vec<String>) {
    let (mut fields, mut notes) = (Vec::new(), Vec::new());
    let mut taken: Vec<String> = PARAMETERS.map(str::to_owned).to_vec();
    let refs = references(table, all, &mut notes);
    for (i, column) in table.found.columns.iter().enumerate() {
        // A column that is a whole reference, and no part of the own key, needs no field besides.
        let replaced = refs.iter().any(|r| r.columns == [column.name.clone()]) && !table.key.contains(&column.name);
        if replaced || discarded(source, table.found).contains(&column.name) {
            continue;
        }
        let Some((formula, mut declared)) = typed(table, i, column) else {
            notes.push(format!("{} is left out: {}", column.name, column.ty));
            continue;
        };
        if table.required(i, &column.name) && column.ty != Type::Any {
            declared.push(("required", "true".to_owned()));
        }
        if table.indexed(&column.name)
            && let Some(ops) = filter(&column.ty)
        {
            declared.push(("filter", ops.to_owned()));
        }
        let name = snake(&column.name, "column");
        let name = free(&[name.clone(), format!("{}_{name}", table.entity), format!("{name}_value")], &mut taken);
        fields.push(Field { name, declared, formula, refers: None });
    }
    for r in &refs {
        let several = refs.iter().filter(|other| std::ptr::eq(other.to, r.to)).count() > 1;
        let name = free(&names_of(table, r, several), &mut taken);
        fields.push(reference(table, r, name, several, source));
    }
    (fields, notes)
}

/// A column's formula and the type of its field; `None` for what no field is made of.
fn typed(table: &Table<'_>, i: usize, column: &Column) -> Option<(String, Vec<(&'static str, String)>)> {
    let name = named(&column.name);
    let server = table.info().and_then(|t| t.server_types.get(i)).map(|s| s.to_lowercase()).unwrap_or_default();
    let word = |word: &str| vec![("type", word.to_owned())];
    Some(match &column.ty {
        Type::Text if padded(&server) => (format!("TRIM({name})"), word("text")),
        Type::Text => (name, word("text")),
        Type::Any => (format!("TEXT({name})"), word("text")),
        Type::Decimal { precision: MAX_DIGITS, scale: MAX_DIGITS } => {
            let scale = ("scale", SOME_DIGITS.to_string());
            (format!("ROUND({name}, {SOME_DIGITS})"), vec![("type", "decimal".to_owned()), scale])
        }
        Type::Decimal { scale, .. } => {
            let declared = declared_scale(&server).unwrap_or(*scale).max(seen_scale(table, i));
            // The driver may allow more digits than the table declares. None is cut off: a value that has them is refused.
            let more = declared < *scale;
            let formula = if more { format!("{name} ELSE REJECT \"too-many-digits\"") } else { name };
            (formula, vec![("type", "decimal".to_owned()), ("scale", declared.min(MAX_DIGITS).to_string())])
        }
        ty @ (Type::Integer
        | Type::Float
        | Type::Boolean
        | Type::Date
        | Type::Time
        | Type::DateTime
        | Type::Instant) => (name, word(ty.word())),
        Type::Bytes | Type::Enum(_) | Type::Ref(_) | Type::List(_) | Type::Object(_) => return None,
    })
}

/// Whether values are filled up with blanks.
fn padded(server: &str) -> bool {
    ["char", "nchar", "character", "bpchar"].contains(&server.split('(').next().unwrap_or_default().trim())
}

/// Most digits after the point in the samples: some drivers tell too few.
fn seen_scale(table: &Table<'_>, i: usize) -> u8 {
    let digits = |row: &Vec<String>| row.get(i)?.split_once('.').map(|(_, d)| d.trim_end_matches('0').len());
    table.found.sample.iter().filter_map(digits).max().and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

/// Digits after the point, of `decimal(12,2)`; `decimal(12)` has none, money has four.
fn declared_scale(server: &str) -> Option<u8> {
    if ["money", "smallmoney", "currency"].contains(&server) {
        return Some(4);
    }
    let (base, rest) = server.split_once('(')?;
    if !["decimal", "numeric", "dec", "number"].contains(&base.trim()) {
        return None;
    }
    let (digits, _) = rest.split_once(')')?;
    match digits.split_once(',') {
        Some((_, scale)) => scale.trim().parse().ok(),
        None => Some(0),
    }
}

/// Filters that an index serves.
fn filter(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Text => "[eq, in]",
        Type::Integer => "[eq, in, gte, lte]",
        Type::Decimal { .. } | Type::Date | Type::DateTime | Type::Instant => "[eq, gte, lte]",
        Type::Boolean => "[eq]",
        _ => return None,
    })
}

/// A column as a formula names it.
pub(super) fn named(column: &str) -> String {
    let mut chars = column.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let plain = begins && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain && !WORDS.contains(&column.to_ascii_uppercase().as_str()) {
        true => column.to_owned(),
        false => format!("[{}]", column.replace(']', "]]")),
    }
}
