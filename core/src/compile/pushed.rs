//! Which filters of an entity that is only read live its source can narrow by.
//!
//! Invariant: a filter is offered only if the records that a search for it finds are all that meet it, and perhaps more:
//! one mapping alone fills the field, its formula can be read backwards, the source compares values of that type without
//! missing any. The answer is tested again on what the records become. For everything else there is a reason, told at check.

use super::sources::{Known, World};
use crate::formula::Straight;
use crate::model::{Catalog, EntityNo, Field, FieldNo, FilterOp, Mapping, MappingNo, NarrowBy};
use banyan_words::Type;

/// What the filters of a field narrow by, and in which mapping; else why they cannot be offered.
pub(super) fn narrows(
    catalog: &Catalog,
    world: &World,
    entity: EntityNo,
    field: FieldNo,
) -> Result<(MappingNo, NarrowBy), String> {
    let mut filling = catalog.feeding(entity).filter(|(_, m)| m.fields.iter().any(|(f, _)| *f == field));
    let Some((no, mapping)) = filling.next() else { return Err("no mapping fills it".to_owned()) };
    if let Some((_, other)) = filling.next() {
        return Err(format!(
            "`{}` and `{}` both fill it, and a search of one does not find what the other says",
            mapping.name, other.name
        ));
    }
    let known = world.datasets.get(mapping.dataset).ok_or("its dataset is not known")?;
    let full = &known.dataset.full;
    if !known.dataset.live_only {
        return Err(format!("{full}, which fills it, is not what lists are read from"));
    }
    if !mapping.direct {
        return Err(format!("the keys of {full} are not the keys of its instances"));
    }
    let e = catalog.entities.get(entity).ok_or("its entity is not known")?;
    let f = e.fields.get(field).ok_or("the field is not known")?;
    let by = read_backwards(catalog, mapping, field)?;
    let columns = match &by {
        NarrowBy::Column(column) => std::slice::from_ref(column),
        NarrowBy::Key { columns, .. } => columns.as_slice(),
    };
    // Of several columns the first is what an index is sought by.
    let mut range = true;
    for (i, column) in columns.iter().enumerate() {
        if i == 0 || known.pushes.iter().any(|p| p.column == *column) {
            range &= pushed(known, column)?;
        }
    }
    if let NarrowBy::Column(column) = &by {
        of_type(known, f, column)?;
        ops(f, range)?;
    } else if let Some(op) = f.filter.iter().find(|o| !matches!(o, FilterOp::Eq | FilterOp::In)) {
        return Err(format!("`{}` cannot be asked of the source: a reference is searched by its key", op.word()));
    }
    Ok((no, by))
}

fn read_backwards(catalog: &Catalog, mapping: &Mapping, field: FieldNo) -> Result<NarrowBy, String> {
    let formula = mapping.fields.iter().find(|(f, _)| *f == field).map(|(_, formula)| formula);
    let formula = formula.ok_or("no mapping fills it")?;
    Ok(match formula.straight() {
        Some(Straight::Column(column) | Straight::Text(column)) => NarrowBy::Column(column),
        Some(Straight::Ref { entity, space, columns }) => {
            let (target, _) = catalog.entity(&entity).ok_or("the entity it refers to is not known")?;
            NarrowBy::Key { target, space, columns }
        }
        None => {
            return Err(format!(
                "`{}` cannot be read backwards, so the source cannot be asked for records that give a value; a column as \
                 it is, `TEXT(COLUMN)` and `REF(\"entity\", \"space\", COLUMN)` can, each with `ELSE NULL` or `ELSE REJECT`",
                formula.text()
            ));
        }
    })
}

/// Whether ranges are possible on a column that equality is possible on.
fn pushed(known: &Known, column: &str) -> Result<bool, String> {
    let full = &known.dataset.full;
    match known.pushes.iter().find(|p| p.column == column) {
        Some(p) if p.equal => Ok(p.range),
        Some(_) => {
            Err(format!("{full} cannot be searched by {column} without missing records, as its server compares it"))
        }
        None if known.indexes_known => Err(format!(
            "no index of {full} begins with {column}, by its kept schema, so every such list would read all of it"
        )),
        None => Err(format!("{full} does not say that an index begins with {column}")),
    }
}

/// Whether a column's values become the field's one by one. Where its type is not known, records of another type are
/// refused when they are mapped.
fn of_type(known: &Known, field: &Field, column: &str) -> Result<(), String> {
    let found = known.columns.as_ref().and_then(|all| all.iter().find(|c| c.name == column)).map(|c| &c.ty);
    let agrees = match &field.ty {
        Type::Text | Type::Enum(_) => true,
        Type::Integer | Type::Decimal { .. } => {
            matches!(found, None | Some(Type::Any | Type::Integer | Type::Decimal { .. }))
        }
        Type::Date => matches!(found, None | Some(Type::Any | Type::Date)),
        Type::DateTime if known.dataset.zone.is_some() => {
            return Err("its times get the offset of a zone, and the source knows none".to_owned());
        }
        Type::DateTime => matches!(found, None | Some(Type::Any | Type::DateTime)),
        _ => false,
    };
    match agrees {
        true => Ok(()),
        false => Err(format!("a source is not searched by {} values", field.ty.word())),
    }
}

fn ops(field: &Field, range: bool) -> Result<(), String> {
    let text = matches!(field.ty, Type::Text | Type::Enum(_));
    for op in &field.filter {
        let why = match op {
            FilterOp::Eq | FilterOp::In => continue,
            FilterOp::Ne | FilterOp::StartsWith => "an index does not help with it",
            FilterOp::Lt | FilterOp::Lte | FilterOp::Gt | FilterOp::Gte if text => {
                "the server orders texts in a way of its own"
            }
            FilterOp::Lt | FilterOp::Lte | FilterOp::Gt | FilterOp::Gte if !range => {
                "its values have no safe order there"
            }
            FilterOp::Lt | FilterOp::Lte | FilterOp::Gt | FilterOp::Gte => continue,
        };
        return Err(format!("`{}` cannot be asked of the source: {why}", op.word()));
    }
    Ok(())
}
