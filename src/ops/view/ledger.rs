//! The ledger: what came in, what became of it, and whether it adds up.

use super::{Names, UnitView, moment};
use banyan_store::{LedgerRow, Reader, Result, Tally};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Counts of records by what became of them. `in` is the sum of `applied`, `unchanged`, `superseded`, `skipped`, `held`
/// and `rejected`: the ledger's equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sums {
    /// Records that came in.
    #[serde(rename = "in")]
    pub read: i64,
    /// Changed what their instance says.
    pub applied: i64,
    /// Said what was known.
    pub unchanged: i64,
    /// Older than what was known.
    pub superseded: i64,
    /// Not meant by the mapping (`when`).
    pub skipped: i64,
    /// Waiting for the instance they speak about.
    pub held: i64,
    /// Became dead letters. One that is replayed moves to `applied`.
    pub rejected: i64,
    /// Of the rejected: discarded by a person. Not part of the equation.
    pub discarded: i64,
    /// Instances' records deleted, by absence or by operation. Not part of the equation.
    pub deleted: i64,
    /// Whether the equation holds.
    pub adds_up: bool,
}

impl From<Tally> for Sums {
    fn from(t: Tally) -> Sums {
        Sums {
            read: t.read,
            applied: t.applied,
            unchanged: t.unchanged,
            superseded: t.superseded,
            skipped: t.skipped,
            held: t.held,
            rejected: t.rejected,
            discarded: t.discarded,
            deleted: t.deleted,
            adds_up: t.adds_up(),
        }
    }
}

impl Sums {
    /// What `in` is the sum of.
    pub fn parts(&self) -> [(&'static str, i64); 6] {
        [
            ("applied", self.applied),
            ("unchanged", self.unchanged),
            ("superseded", self.superseded),
            ("skipped", self.skipped),
            ("held", self.held),
            ("rejected", self.rejected),
        ]
    }

    /// All counts.
    pub fn fates(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let others = [("discarded", self.discarded), ("deleted", self.deleted)];
        std::iter::once(("in", self.read)).chain(self.parts()).chain(others)
    }

    /// The equation in words: `in 12 = applied 10 + unchanged 0 + … + rejected 2`.
    pub fn equation(&self) -> String {
        let parts: Vec<String> = self.parts().iter().map(|(word, n)| format!("{word} {n}")).collect();
        let sign = if self.adds_up { "=" } else { "≠" };
        format!("in {} {sign} {}", self.read, parts.join(" + "))
    }
}

/// A row of the ledger: a unit in a mapping.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LedgerRowView {
    /// The dataset.
    pub dataset: String,
    /// The unit; null if its row is gone.
    pub unit: Option<UnitView>,
    /// The mapping; null for a dataset that no mapping reads.
    pub mapping: Option<String>,
    /// The counts.
    #[serde(flatten)]
    pub sums: Sums,
}

/// The sums of a mapping.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MappingSums {
    /// The mapping; `-` for a dataset that no mapping reads.
    pub mapping: String,
    /// The counts.
    #[serde(flatten)]
    pub sums: Sums,
}

/// A dataset's sums over all its units.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DatasetLedger {
    /// The dataset.
    pub dataset: String,
    /// A row for each mapping.
    pub mappings: Vec<MappingSums>,
    /// Passes that are not listed one by one any more, since nothing is left of them but their counts. Those are part of
    /// `mappings`.
    pub folded: Option<FoldedView>,
    /// Whether every row adds up.
    pub adds_up: bool,
}

/// Passes of which nothing is left but their counts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FoldedView {
    /// How many they were.
    pub units: u64,
    /// Of these, those that were not read to their end.
    pub abandoned: u64,
    /// When the first was begun.
    pub since: String,
    /// When the last was begun.
    pub until: String,
    /// A row for each mapping.
    pub mappings: Vec<MappingSums>,
}

impl FoldedView {
    /// In words: `1,200 passes that left nothing behind, from … to …`.
    pub fn words(&self) -> String {
        let abandoned = match self.abandoned {
            0 => String::new(),
            n => format!(", {n} of them not read to their end"),
        };
        format!(
            "{} earlier passes of which only their counts are kept ({} to {}{abandoned})",
            self.units, self.since, self.until
        )
    }
}

/// Ledger rows, newest unit first, of whole units: at least one, about `limit` rows. With them the unit number to go on
/// below, if there are more.
pub fn ledger(
    reader: &mut dyn Reader,
    names: &Names<'_>,
    dataset: Option<u32>,
    before: Option<u32>,
    limit: usize,
) -> Result<(Vec<LedgerRowView>, Option<u32>)> {
    let (rows, next) = whole_units(reader, dataset, before, limit)?;
    let mut units: HashMap<u32, Option<UnitView>> = HashMap::new();
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let unit = match units.get(&row.unit) {
            Some(unit) => unit.clone(),
            None => {
                let unit = reader.unit(row.unit)?.map(UnitView::from);
                units.insert(row.unit, unit.clone());
                unit
            }
        };
        out.push(LedgerRowView {
            dataset: names.name("dataset", row.dataset)?,
            unit,
            mapping: names.mapping(row.mapping)?,
            sums: row.tally.into(),
        });
    }
    Ok((out, next))
}

/// A page must not end within a unit, since the next one begins below it.
fn whole_units(
    reader: &mut dyn Reader,
    dataset: Option<u32>,
    before: Option<u32>,
    limit: usize,
) -> Result<(Vec<LedgerRow>, Option<u32>)> {
    let mut ask = limit + 1;
    loop {
        let mut rows = reader.ledger(dataset, before, ask)?;
        if rows.len() < ask {
            return Ok((rows, None));
        }
        let cut = rows.last().map_or(0, |r| r.unit);
        let whole = rows.iter().take_while(|r| r.unit != cut).count();
        if whole > 0 {
            rows.truncate(whole);
            let next = rows.last().map(|r| r.unit);
            return Ok((rows, next));
        }
        ask *= 2; // one unit in more mappings than a page has rows
    }
}

/// A dataset's sums.
pub fn totals(reader: &mut dyn Reader, names: &Names<'_>, dataset: u32) -> Result<DatasetLedger> {
    let mappings = by_mapping(reader.ledger_totals(dataset)?, names)?;
    let folded = match reader.folded(dataset)? {
        Some(f) => Some(FoldedView {
            units: f.units,
            abandoned: f.abandoned,
            since: moment(f.since),
            until: moment(f.until),
            mappings: by_mapping(f.rows, names)?,
        }),
        None => None,
    };
    let all = mappings.iter().chain(folded.iter().flat_map(|f| &f.mappings));
    let adds_up = all.into_iter().all(|m| m.sums.adds_up);
    Ok(DatasetLedger { dataset: names.name("dataset", dataset)?, mappings, folded, adds_up })
}

fn by_mapping(rows: Vec<LedgerRow>, names: &Names<'_>) -> Result<Vec<MappingSums>> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let mapping = names.mapping(row.mapping)?.unwrap_or_else(|| "-".to_owned());
        out.push(MappingSums { mapping, sums: row.tally.into() });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_says_whether_it_holds() {
        let good = Tally {
            read: 12,
            applied: 7,
            unchanged: 1,
            superseded: 1,
            skipped: 1,
            held: 1,
            rejected: 1,
            ..Tally::default()
        };
        let text = Sums::from(good).equation();
        assert_eq!(text, "in 12 = applied 7 + unchanged 1 + superseded 1 + skipped 1 + held 1 + rejected 1");
        let bad = Sums::from(Tally { applied: 8, ..good });
        assert!(!bad.adds_up && bad.equation().starts_with("in 12 ≠ applied 8"));
        let json = serde_json::to_value(bad).unwrap();
        assert_eq!((json["in"].as_i64(), json["adds_up"].as_bool()), (Some(12), Some(false)));
    }
}
