//! A copy of the evidence while it is written, and whether a copy is sound.

use super::EvidenceStore;
use crate::Result;
use crate::sqlite::backup::{copy, written};
use std::path::Path;

impl EvidenceStore {
    /// Writes a copy of one commit's state into a new file.
    pub fn backup(&self, to: &Path) -> Result<()> {
        written(to, |part| {
            self.conn.execute_batch("BEGIN")?;
            // The first read is what fixes the view.
            let looked = self.conn.query_row("SELECT count(*) FROM route", [], |_| Ok(()));
            let done = looked.map_err(Into::into).and_then(|()| copy(&self.conn, part));
            let _ = self.conn.execute_batch("COMMIT");
            done
        })
    }

    /// What is wrong with the file, as SQLite finds it; empty where nothing is.
    pub fn verify(&self) -> Result<Vec<String>> {
        let mut check = self.conn.prepare("PRAGMA integrity_check(10)")?;
        let rows = check.query_map([], |row| row.get::<_, String>(0))?;
        let all: Vec<String> = rows.collect::<std::result::Result<_, _>>()?;
        Ok(all.into_iter().filter(|line| line != "ok").collect())
    }
}
