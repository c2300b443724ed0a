//! Which columns hold another table's key, and the fields they become.
//!
//! Invariant: what the catalog says (foreign keys) goes before what names suggest; a table that is not part of the proposal
//! is referred to by nobody. Not here: all other fields (`plan`).

use super::names::snake;
use super::plan::{Field, Table, named};
use banyan_adapter::FoundReference;
use banyan_model::draft::{Part, SourceDraft};
use banyan_words::{Column, Type};

/// Columns that hold another table's key.
pub(super) struct Reference<'a, 'f> {
    pub(super) to: &'a Table<'f>,
    /// In the order of its key.
    pub(super) columns: Vec<String>,
}

/// By foreign keys; besides, at most one for each table by names, since two would each need a name for their other side,
/// which is a person's to find.
pub(super) fn references<'a, 'f>(
    table: &Table<'f>,
    all: &'a [Table<'f>],
    notes: &mut Vec<String>,
) -> Vec<Reference<'a, 'f>> {
    let mut found: Vec<Reference<'a, 'f>> = Vec::new();
    let declared = table.info().and_then(|t| t.references.as_deref()).unwrap_or_default();
    for foreign in declared {
        match declared_one(table, foreign, all) {
            Ok(r) if found.iter().any(|f| f.columns == r.columns) => {}
            Ok(r) => found.push(r),
            Err(why) => notes.push(format!("{} refers to {}{why}", foreign.columns.join(", "), foreign.table)),
        }
    }
    for to in all {
        let itself = std::ptr::eq(to.found, table.found);
        let told = found.iter().any(|r| std::ptr::eq(r.to, to));
        if itself || told || to.key.is_empty() || same_names(&to.key, &table.key) {
            continue;
        }
        let columns: Option<Vec<String>> = to.key.iter().map(|k| holder(table, to, k)).collect();
        let Some(columns) = columns else { continue };
        // What the catalog says of a column is all there is. Of several tables with equal keys the first is meant, as they
        // were named.
        let spoken_for = declared.iter().any(|f| columns.iter().all(|c| f.columns.contains(c)));
        if !spoken_for && !found.iter().any(|r| r.columns == columns) {
            found.push(Reference { to, columns });
        }
    }
    found
}

/// The reference of a foreign key; why it cannot be one.
fn declared_one<'a, 'f>(
    table: &Table<'f>,
    foreign: &FoundReference,
    all: &'a [Table<'f>],
) -> Result<Reference<'a, 'f>, String> {
    let schema = |t: &Table<'_>| t.info().and_then(|i| i.schema.clone());
    let meant = |t: &&Table<'_>| {
        let name = t.info().map_or(t.found.name.as_str(), |i| i.name.as_str());
        // SQLite names tables in any case.
        name.eq_ignore_ascii_case(&foreign.table)
            && (foreign.schema.is_none() || schema(t).is_none() || schema(t) == foreign.schema)
    };
    let to = all.iter().find(meant).ok_or(", which is not part of this")?;
    let theirs = if foreign.theirs.is_empty() { &to.key } else { &foreign.theirs };
    let mut columns = Vec::new();
    for key in &to.key {
        let at = theirs.iter().position(|t| t.eq_ignore_ascii_case(key));
        columns.extend(at.and_then(|at| foreign.columns.get(at)).cloned());
    }
    if to.key.is_empty() || columns.len() != to.key.len() || theirs.len() != to.key.len() {
        return Err(format!(" by {}, which is not its key", theirs.join(", ")));
    }
    let spelled = |c: &String| table.found.columns.iter().find(|f| f.name.eq_ignore_ascii_case(c));
    let ours: Option<Vec<&Column>> = columns.iter().map(spelled).collect();
    let ours = ours.ok_or(" by columns that cannot be seen")?;
    let same = ours.iter().zip(&to.key).all(|(c, k)| to.column(k).is_some_and(|(_, t)| t.ty.word() == c.ty.word()));
    match same {
        true => Ok(Reference { to, columns: ours.iter().map(|c| c.name.clone()).collect() }),
        false => Err(", whose key is of another type".to_owned()),
    }
}

/// Names for the field, best first. What refers to a table in several ways, or to itself, is called by its column.
pub(super) fn names_of(table: &Table<'_>, r: &Reference<'_, '_>, several: bool) -> Vec<String> {
    let entity = &r.to.entity;
    let mut names = vec![entity.clone(), format!("{entity}_ref")];
    let itself = std::ptr::eq(r.to.found, table.found);
    if let ([column], true) = (r.columns.as_slice(), several || itself) {
        let name = snake(column, "column");
        let short = ["_id", "_no", "_nr", "_key", "_code", "_num"].iter().find_map(|end| name.strip_suffix(end));
        names.insert(0, short.filter(|s| !s.is_empty()).unwrap_or(&name).to_owned());
    }
    names
}

fn same_names(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|k| b.iter().any(|o| o.eq_ignore_ascii_case(k)))
}

/// The column of `table` that holds the key column `key` of `to`: one of its name, or of its table's name and its own
/// (`customer_id` for `id` of `customers`).
fn holder(table: &Table<'_>, to: &Table<'_>, key: &str) -> Option<String> {
    let (_, wanted) = to.column(key)?;
    let bare = |text: &str| text.to_lowercase().replace(['_', ' ', '-'], "");
    let weak = ["id", "no", "nr", "key", "code", "num", "number", "name", "line", "pos", "type"];
    let own = bare(key);
    let mut names = vec![format!("{}{own}", bare(&to.entity)), format!("{}{own}", bare(&to.dataset))];
    if !(weak.contains(&own.as_str()) && to.key.len() == 1) {
        names.push(own);
    }
    let fits = |c: &&Column| c.ty.word() == wanted.ty.word() && names.contains(&bare(&c.name));
    table.found.columns.iter().find(fits).map(|c| c.name.clone())
}

/// The field of a reference. Where `several` mean the same table, each names its other side.
pub(super) fn reference(
    table: &Table<'_>,
    r: &Reference<'_, '_>,
    name: String,
    several: bool,
    source: &Part<SourceDraft>,
) -> Field {
    let space = source.keys.renamed_from.as_deref().unwrap_or(&source.name);
    let mut keys = Vec::new();
    let mut sure = true;
    for column in &r.columns {
        let in_key = table.key.contains(column);
        let (i, text) = table.column(column).map_or((0, false), |(i, c)| (i, c.ty == Type::Text));
        sure &= table.required(i, column) && (in_key || !text);
        // An empty text is no key, and says that there is none.
        keys.push(if text && !in_key { format!("BLANKNULL({})", named(column)) } else { named(column) });
    }
    let entity = r.to.entity.clone();
    let mut declared = vec![("type", "ref".to_owned()), ("to", entity.clone())];
    if sure {
        declared.push(("required", "true".to_owned()));
    }
    if r.columns.first().is_some_and(|c| table.indexed(c)) {
        declared.push(("filter", "[eq, in]".to_owned()));
    }
    // Its key begins with the other's: lines of an order.
    if table.key.len() > r.columns.len() && table.key.starts_with(&r.columns) && whole(table, r) {
        declared.push(("part_of", "true".to_owned()));
    }
    if several {
        declared.push(("inverse", format!("{}_as_{name}", table.plural)));
    }
    let formula = format!("REF(\"{entity}\", \"{space}\", {})", keys.join(", "));
    Field { name, declared, formula, refers: Some((entity, r.columns.clone())) }
}

/// Whether the parts can be served beneath the whole under their own name.
fn whole(table: &Table<'_>, r: &Reference<'_, '_>) -> bool {
    !r.to.found.columns.iter().any(|c| snake(&c.name, "column") == table.plural)
}
