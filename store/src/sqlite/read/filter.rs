//! Whether a row meets all conditions, told from the row itself.
//!
//! Reading keys off a row that is there anyway costs no more than asking each index about it, and the order a list is
//! walked in stays free. It gives the same answer, since indexes hold what rows say (`verify` checks that).

use super::sets::FieldSet;
use crate::Result;
use crate::sqlite::names::{Fields, head};
use rusqlite::Connection;

pub(super) struct Filter<'a> {
    pub(super) conn: &'a Connection,
    pub(super) fields: &'a mut Fields,
    pub(super) sets: &'a [FieldSet],
    pub(super) key: Vec<u8>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(conn: &'a Connection, fields: &'a mut Fields, sets: &'a [FieldSet]) -> Filter<'a> {
        Filter { conn, fields, sets, key: Vec::new() }
    }

    /// A field's key in a row.
    pub(super) fn key_of(&mut self, field: u32, facts: &[u8]) -> Result<&[u8]> {
        self.key.clear();
        self.fields.key(self.conn, field, &head(facts)?, &mut self.key)?;
        Ok(&self.key)
    }

    /// Whether the row meets every condition; the key of one field is known already.
    pub(super) fn passes(&mut self, facts: &[u8], known: Option<(u32, &[u8])>) -> Result<bool> {
        let head = head(facts)?;
        for set in self.sets {
            let met = match known {
                Some((field, key)) if field == set.field => set.has(key),
                _ => {
                    self.key.clear();
                    self.fields.key(self.conn, set.field, &head, &mut self.key)?;
                    set.has(&self.key)
                }
            };
            if !met {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
