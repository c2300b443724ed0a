//! Names and their numbers, and what numbers in rows mean: which field stands where under which shape.

use super::fault::{Columns, damaged};
use crate::Result;
use banyan_model::instance::{FactsHead, key_of_fragment};
use banyan_model::model::{Named, Numbers};
use banyan_words::Type;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The key of null.
pub(super) const NULL: &[u8] = &[0xff];

/// Numbers that are known already; `None` where a name is new or its `about` has changed.
pub(super) fn known(conn: &Connection, names: &[Named]) -> Result<Option<Numbers>> {
    let mut s = conn.prepare_cached("SELECT number, about FROM name WHERE kind = ?1 AND name = ?2")?;
    let mut out = Numbers::new();
    for n in names {
        let mut rows = s.query((n.kind, &n.name))?;
        match rows.next()? {
            Some(row) if row.get_ref(1)?.as_str()? == n.about => {
                out.insert((n.kind.to_owned(), n.name.clone()), row.small(0)?);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(out))
}

/// Gives every name a number, within a transaction. What was known about a name gives way to what is said now.
pub(super) fn register(conn: &Connection, names: &[Named]) -> Result<Numbers> {
    let mut put = conn.prepare_cached(
        "INSERT INTO name(kind, name, number, about)
         VALUES(?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM name WHERE kind = ?1), ?3)
         ON CONFLICT(kind, name) DO UPDATE SET about = excluded.about RETURNING number",
    )?;
    let mut out = Numbers::new();
    for n in names {
        let number = put.query_row((n.kind, &n.name, &n.about), |r| r.get(0))?;
        out.insert((n.kind.to_owned(), n.name.clone()), number);
    }
    Ok(out)
}

/// Name and `about` of a number.
pub(super) fn about(conn: &Connection, kind: &str, number: u32) -> Result<Option<(String, String)>> {
    let mut s = conn.prepare_cached("SELECT name, about FROM name WHERE kind = ?1 AND number = ?2")?;
    let mut rows = s.query((kind, number))?;
    Ok(rows.next()?.map(|r| Ok::<_, rusqlite::Error>((r.get(0)?, r.get(1)?))).transpose()?)
}

/// Finds the order keys of fields in rows of any shape.
#[derive(Default)]
pub(super) struct Fields {
    types: BTreeMap<u32, (String, Type)>,
    /// Shape and field, to the field's position under that shape.
    positions: BTreeMap<(u32, u32), Option<usize>>,
}

impl Fields {
    /// Forgets everything: names were registered.
    pub(super) fn clear(&mut self) {
        *self = Fields::default();
    }

    fn field(&mut self, conn: &Connection, field: u32) -> Result<&(String, Type)> {
        #[derive(serde::Deserialize)]
        struct About {
            r#type: Type,
        }
        match self.types.entry(field) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let (name, about) = about(conn, "field", field)?.ok_or_else(|| {
                    crate::StoreError::Database(format!("the store knows no field of number {field}"))
                })?;
                let name = name.rsplit_once('.').map_or(name.as_str(), |(_, n)| n).to_owned();
                let about: About =
                    serde_json::from_str(&about).map_err(|e| damaged(format!("the type of field {name}: {e}")))?;
                Ok(place.insert((name, about.r#type)))
            }
        }
    }

    fn position(&mut self, conn: &Connection, shape: u32, field: u32) -> Result<Option<usize>> {
        if let Some(position) = self.positions.get(&(shape, field)) {
            return Ok(*position);
        }
        #[derive(serde::Deserialize)]
        struct Member {
            name: String,
        }
        let name = self.field(conn, field)?.0.clone();
        let (_, about) = about(conn, "shape", shape)?
            .ok_or_else(|| damaged(format!("rows have shape {shape}, which is not named")))?;
        let members: Vec<Member> =
            serde_json::from_str(&about).map_err(|e| damaged(format!("the fields of shape {shape}: {e}")))?;
        let position = members.iter().position(|m| m.name == name);
        self.positions.insert((shape, field), position);
        Ok(position)
    }

    /// Appends the order key of a field in a row: what its index holds if the row is live.
    pub(super) fn key(&mut self, conn: &Connection, field: u32, head: &FactsHead<'_>, out: &mut Vec<u8>) -> Result<()> {
        let fragment = match self.position(conn, head.shape, field)? {
            Some(at) => head.fragments().nth(at).unwrap_or_default(),
            None => &[],
        };
        if fragment.is_empty() {
            out.extend_from_slice(NULL);
            return Ok(());
        }
        key_of_fragment(&self.field(conn, field)?.1, fragment, out);
        Ok(())
    }
}

/// The front of a row.
pub(super) fn head(facts: &[u8]) -> Result<FactsHead<'_>> {
    FactsHead::read(facts).ok_or_else(|| damaged("an instance's row cannot be read"))
}
