//! Where a record stood, in the two numbers that the gateway keeps of every record's place.
//!
//! Invariant: the numbers stay below 2^53, so that JSON carries them exactly. What they mean is told by the map whose name
//! and hash the unit's version holds; by another map nothing is told but what the numbers say themselves.

use super::DatasetSpec;
use crate::map::{Cell, Finder, Flow, Map, Read, Screen};
use crate::picture::Area;
use banyan_words::{Place, UnitRef};

const BITS: u32 = 12;
const MASK: u64 = (1 << BITS) - 1;

/// A map's name and hash: what units of its records are versions of.
pub(super) fn version(map: &Map) -> String {
    format!("{}@{:016x}", map.name, map.hash)
}

/// The place of record number `line` of its unit: screen, page, row and column, packed.
pub(super) fn pack(map: &Map, cell: &Cell, line: u64) -> Place {
    let screen = map.screen(&cell.screen).map_or(MASK, |no| no as u64);
    let (row, column) = cell.at.map_or((0, 0), |at| (u64::from(at.row), u64::from(at.column)));
    let page = u64::from(cell.page);
    let offset = [screen, page, row, column].iter().fold(0, |all, part| all << BITS | (*part).min(MASK));
    Place { line, offset }
}

/// Screen, page, row, column.
fn unpack(place: Place) -> (u64, u64, u64, u64) {
    let part = |n: u32| place.offset >> (BITS * n) & MASK;
    (part(3), part(2), part(1), part(0))
}

/// Where a column of a record stood, for a person; `None` of the column: the record.
pub(super) fn locate(
    map: &Map,
    dataset: &DatasetSpec,
    column: Option<&str>,
    unit: &UnitRef,
    place: Place,
) -> Option<String> {
    let (screen, page, row, at) = unpack(place);
    let shown = unit.version.rsplit_once('@').map_or(unit.version.as_str(), |(name, _)| name);
    let mut told = format!("map {shown}");
    if unit.version == version(map) {
        let flows = [dataset.pass.as_ref().map(|p| p.flow), dataset.read.as_ref().map(|r| r.flow)];
        let flow = flows.into_iter().flatten().filter_map(|no| map.flows.get(no)).find(|f| reads(f, screen));
        let found = column.zip(flow).and_then(|(column, flow)| find(map, flow, column));
        let own = map.screens.get(usize::try_from(screen).ok()?);
        let shown = found.as_ref().map(|(s, _)| *s).or(own)?;
        told.push_str(&format!(", screen {}", shown.name));
        if page > 1 {
            told.push_str(&format!(", page {page}"));
        }
        match found {
            Some((_, finder)) => told.push_str(&cells(finder, shown.table.is_some().then_some(row))),
            None if column.is_none() && row > 0 => told.push_str(&format!(", row {row}, column {at}")),
            None => {}
        }
    } else {
        let hash = unit.version.rsplit_once('@').map_or("", |(_, hash)| hash);
        told.push_str(&format!(" (another version than the one in use, {hash})"));
        if page > 1 {
            told.push_str(&format!(", page {page}"));
        }
        if row > 0 {
            told.push_str(&format!(", row {row}, column {at}"));
        }
    }
    Some(told)
}

/// Whether a flow reads anything of a screen.
fn reads(flow: &Flow, screen: u64) -> bool {
    flow.steps.iter().filter_map(|s| s.read.as_ref()).any(|read| match read {
        Read::Table(no) => *no as u64 == screen,
        Read::Fields(fields) => fields.iter().any(|(_, no, _)| *no as u64 == screen),
    })
}

/// What a flow reads a column from.
fn find<'m>(map: &'m Map, flow: &'m Flow, column: &str) -> Option<(&'m Screen, &'m Finder)> {
    flow.steps.iter().filter_map(|s| s.read.as_ref()).find_map(|read| match read {
        Read::Table(no) => {
            let screen = map.screens.get(*no)?;
            let (_, finder) = screen.table.as_ref()?.columns.iter().find(|(name, _)| name == column)?;
            Some((screen, finder))
        }
        Read::Fields(fields) => {
            let (_, screen, field) = fields.iter().find(|(name, ..)| name == column)?;
            let screen = map.screens.get(*screen)?;
            Some((screen, &screen.fields.get(*field)?.find))
        }
    })
}

/// Cells in words. `row`: of a table, the row of the screen where the record begins.
fn cells(finder: &Finder, row: Option<u64>) -> String {
    match finder {
        Finder::Area(Area { at, len }) => {
            let from = u64::from(at.row);
            let line = row.filter(|r| *r > 0).map_or(from, |first| first + from.saturating_sub(1));
            match len {
                0 | 1 => format!(", row {line}, column {}", at.column),
                len => format!(", row {line}, columns {} to {}", at.column, u32::from(at.column) + u32::from(*len) - 1),
            }
        }
        Finder::Label { label, .. } => format!(", the field at {label:?}"),
        Finder::Like(Some(row), pattern) => format!(", row {row}, what matches {}", pattern.text),
        Finder::Like(None, pattern) => format!(", what matches {}", pattern.text),
        Finder::Element(element) => format!(", element {element}"),
    }
}
