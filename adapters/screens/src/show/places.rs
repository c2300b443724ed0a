//! Where the fields of a screen stand on a grid, for drawing.

use crate::map::{Finder, Screen, Side};
use crate::picture::{Area, At, Grid};

/// A field on the grid.
pub(super) struct Placed {
    /// Its name; `table.item` of a table's column.
    pub(super) name: String,
    /// Where it stands; several of a column, none where it was not found.
    pub(super) areas: Vec<Area>,
    /// Why it was not found.
    pub(super) why: &'static str,
    /// What stands there is not shown.
    pub(super) hidden: bool,
}

/// The fields and table columns of a screen.
pub(super) fn placed(grid: &Grid, screen: &Screen) -> Vec<Placed> {
    let mut all: Vec<Placed> = screen
        .fields
        .iter()
        .map(|field| {
            let (areas, why) = match find(grid, &field.find) {
                Ok(area) => (vec![area], ""),
                Err(why) => (Vec::new(), why),
            };
            Placed { name: field.name.clone(), areas, why, hidden: field.hidden }
        })
        .collect();
    let Some(table) = &screen.table else { return all };
    let starts: Vec<u16> = (table.rows.0.max(1)..=table.rows.1).step_by(usize::from(table.height.max(1))).collect();
    for (name, find) in &table.columns {
        let Finder::Area(area) = find else { continue };
        let at = |start: &u16| Area {
            at: At { row: start + area.at.row.saturating_sub(1), column: area.at.column },
            ..*area
        };
        let areas = starts.iter().map(at).collect();
        all.push(Placed { name: format!("table.{name}"), areas, why: "", hidden: false });
    }
    all
}

fn find(grid: &Grid, find: &Finder) -> Result<Area, &'static str> {
    match find {
        Finder::Area(area) => grid.index(area.at).map(|_| *area).ok_or("not on this screen"),
        Finder::Label { label, side, len } => {
            let mut found = (1..=grid.size.0).flat_map(|row| starts(grid, row, label));
            let (Some(at), None) = (found.next(), found.next()) else { return Err("its label is not there once") };
            let width = count(label);
            let start = match side {
                Side::Below => At { row: at.row.saturating_add(1), column: at.column },
                Side::Right => {
                    let text: Vec<char> = grid.row(at.row).chars().collect();
                    let after = usize::from(at.column - 1) + usize::from(width);
                    let blanks = text.iter().skip(after).take_while(|c| **c == ' ').count();
                    let column = u16::try_from(after + blanks + 1).unwrap_or(u16::MAX);
                    At { row: at.row, column }
                }
            };
            let rest = grid.size.1.saturating_add(1).saturating_sub(start.column);
            grid.index(start).map(|_| Area { at: start, len: len.unwrap_or(rest) }).ok_or("nothing follows its label")
        }
        Finder::Like(row, pattern) => {
            let rows = row.map_or(1..=grid.size.0, |r| r..=r);
            let mut found = rows.filter_map(|row| {
                let text = grid.row(row);
                let group = pattern.regex.captures(&text)?.get(1)?;
                let column = count(text.get(..group.start())?) + 1;
                Some(Area { at: At { row, column }, len: count(group.as_str()) })
            });
            match (found.next(), found.next()) {
                (Some(area), None) => Ok(area),
                _ => Err("its pattern is not there once"),
            }
        }
        Finder::Element(_) => Err("an element of a page"),
    }
}

fn count(text: &str) -> u16 {
    u16::try_from(text.chars().count()).unwrap_or(u16::MAX)
}

/// Where a text begins in a row.
fn starts(grid: &Grid, row: u16, label: &str) -> Vec<At> {
    let text = grid.row(row);
    text.match_indices(label).filter_map(|(i, _)| Some(At { row, column: count(text.get(..i)?) + 1 })).collect()
}
