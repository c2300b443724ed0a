//! What steps read: fields into one record, or a table's pages into many.
//!
//! Invariant: a field that is not found exactly once stops the run; nothing is read from another screen than it names.

use super::hands::Hands;
use super::{Place, Record, Sink, find, table};
use crate::map::{Cell, Field, Finder, Flow, Map, Read, ScreenNo, Wanted};
use crate::picture::{Area, Grid, Picture, Style};
use crate::refusals;
use banyan_adapter::Fault;

/// A value, and where it stood.
pub(crate) type Value = (Option<String>, Place);

/// Collects what a flow's steps read.
pub(crate) struct Reader {
    /// What single fields said so far: of a flow that also reads a table, each of its records has them.
    fields: Vec<Value>,
    table: bool,
}

impl Reader {
    pub(crate) fn new(_: &Map, flow: &Flow) -> Reader {
        let fields = flow.steps.iter().filter_map(|s| s.read.as_ref());
        let room = fields.map(|r| if let Read::Fields(f) = r { f.len() } else { 0 }).sum();
        Reader { fields: Vec::with_capacity(room), table: false }
    }

    pub(crate) fn read(&mut self, hands: &mut Hands<'_, '_>, read: &Read, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.table {
            let what = "a flow reads fields before its table, and one table";
            return Err(Fault::permanent(refusals::FAILED, what));
        }
        match read {
            Read::Table(screen) => {
                self.table = true;
                table::read(hands, *screen, &self.fields, sink)
            }
            Read::Fields(fields) => {
                let now = hands.here()?;
                for (name, screen, field) in fields {
                    if *screen != now.screen {
                        let (shown, wanted) = (hands.name(now.screen), hands.name(*screen));
                        let what = format!("`{name}` stands on `{wanted}`, and `{shown}` is shown");
                        return Err(Fault::transient(refusals::UNEXPECTED_SCREEN, what));
                    }
                    self.fields.push(field_value(hands.map, *screen, *field, &now.picture)?);
                }
                Ok(())
            }
        }
    }

    /// Hands over the record of single fields.
    pub(crate) fn finish(self, map: &Map, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.table || self.fields.is_empty() {
            return Ok(());
        }
        sink(vec![record(map, self.fields)])
    }
}

/// A record of these values; it begins where the first stood.
pub(crate) fn record(map: &Map, values: Vec<Value>) -> Record {
    let (values, cells): (Vec<_>, Vec<Place>) = values.into_iter().unzip();
    let screen = |p: &Place| map.screens.get(p.screen).map_or_else(String::new, |s| s.name.clone());
    let place = cells.first().map_or(Cell { screen: String::new(), at: None, page: 1 }, |p| Cell {
        screen: screen(p),
        at: p.at,
        page: p.page,
    });
    Record { values, place, cells }
}

/// What a field says.
pub(crate) fn field_value(map: &Map, screen: ScreenNo, field: usize, picture: &Picture) -> Result<Value, Fault> {
    let known = map.screens.get(screen).and_then(|s| s.fields.get(field).map(|f| (s, f)));
    let Some((on, field)) = known else {
        return Err(Fault::permanent(refusals::FIELD_MISSING, "the screen has no such field"));
    };
    let read = || {
        let spot = find::locate(on, &field.find, picture, false)?;
        as_drawn(field, &spot, picture)?;
        Ok((find::text_of(&spot, picture)?, spot))
    };
    let (text, spot) = read().map_err(|fault: Fault| Fault {
        message: format!("the field `{}` of `{}`: {}", field.name, on.name, fault.message),
        ..fault
    })?;
    let at = match spot {
        find::Spot::Area(area) => Some(area.at),
        find::Spot::Element(_) => None,
    };
    Ok((Some(text.trim().to_owned()), Place { screen, at, page: 1 }))
}

/// Whether the far side still declares the field as it was when the map was drawn, and what it says is whole.
fn as_drawn(field: &Field, spot: &find::Spot<'_>, picture: &Picture) -> Result<(), Fault> {
    let (find::Spot::Area(area), Some(grid)) = (spot, picture.grid()) else { return Ok(()) };
    if !field.part && matches!(field.find, Finder::Area(_) | Finder::Label { .. }) && is_cut(grid, *area) {
        let what = "what stands there goes on beyond it: it moved, or is longer than the map says (`part: true`, if a part \
                    of it is wanted)";
        return Err(Fault::permanent(refusals::FIELD_MISSING, what));
    }
    let Some(span) = find::span_at(grid, area.at) else { return Ok(()) };
    let differs = match field.wanted {
        Wanted::Any => None,
        Wanted::Input => span.style.has(Style::PROTECTED).then_some("an input, and is protected now"),
        Wanted::Output => (!span.style.has(Style::PROTECTED)).then_some("an output, and is an input now"),
    };
    differs.map_or(Ok(()), |what| Err(Fault::permanent(refusals::FIELD_MISSING, format!("it was {what}"))))
}

/// Whether an area's first or last cell is the middle of a word in one of the far side's own fields.
fn is_cut(grid: &Grid, area: Area) -> bool {
    let Some(first) = grid.index(area.at) else { return false };
    let after = first + usize::from(area.len);
    let drawn = |i: usize| grid.cells.get(i).is_some_and(|c| !matches!(c.glyph, ' ' | '\0'));
    let one_field = |i: usize| {
        grid.fields
            .iter()
            .filter_map(|span| Some((grid.index(span.area.at)?, usize::from(span.area.len))))
            .any(|(start, len)| (start..start + len).contains(&i) && (start..start + len).contains(&(i + 1)))
    };
    let goes_on = |i: usize| drawn(i) && drawn(i + 1) && one_field(i);
    (area.len > 0 && goes_on(after - 1)) || first.checked_sub(1).is_some_and(goes_on)
}
