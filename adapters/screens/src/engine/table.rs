//! Tables: the rows of a page, and page after page up to the end.
//!
//! Invariant: a table ends on its end marker; a page that comes again, a key that comes again, or an end that does not come
//! is an error, and then nothing of the table may be used. Memory is flat: of each page and each key only a 64-bit digest
//! is kept.

use super::hands::Hands;
use super::read::{Value, field_value, record};
use super::recognise::{position, rows};
use super::wait::Want;
use super::{Place, Record, Sink, find};
use crate::map::{Expected, Finder, Map, Paging, Press, Screen, ScreenNo, Table, TableEnd};
use crate::picture::{Area, At, Grid, Picture, Shown};
use crate::refusals;
use banyan_adapter::Fault;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Pages of one table at most: what never ends, ends here.
const PAGES: u32 = 100_000;

/// What one page holds.
struct Page {
    rows: Vec<Vec<Value>>,
    /// The end marker is on it.
    ended: bool,
}

/// What is remembered of the pages before.
#[derive(Default)]
struct Before {
    pages: HashSet<u64>,
    last: Option<u64>,
    keys: HashSet<u64>,
    records: u64,
    /// How many records the first page said there are.
    counted: Option<u64>,
}

/// Reads a table: all its pages. `prefix` goes before the values of each record.
pub(crate) fn read(
    hands: &mut Hands<'_, '_>,
    screen: ScreenNo,
    prefix: &[Value],
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    let map = hands.map;
    let known = map.screens.get(screen).and_then(|s| s.table.as_ref().map(|t| (s, t)));
    let Some((on, table)) = known else {
        return Err(Fault::permanent(refusals::FIELD_MISSING, "the screen has no table"));
    };
    let mut before = Before::default();
    for number in 1..=PAGES {
        let now = hands.here()?;
        if now.screen != screen {
            let what = format!("`{}` is shown where the table of `{}` is read", hands.name(now.screen), on.name);
            return Err(Fault::transient(refusals::UNEXPECTED_SCREEN, what));
        }
        let page = extract(screen, on, table, &now.picture, number)?;
        let again = before.page(on, table, &page)?;
        let records = if again { Vec::new() } else { before.records(map, on, table, page.rows, prefix)? };
        let next = next(hands, on, screen, table, &now.picture, page.ended, &mut before)?;
        let Some(paging) = next else {
            return sink(records);
        };
        hands.transients = 0;
        let from = hands.press(&paging.press, &[screen], now, false)?;
        // The far side works on the next page while this one is taken.
        sink(records)?;
        hands.wait(&from, Want::These(&[Expected::Screen(screen)], None), paging.within)?;
    }
    Err(without_end(on, &format!("{PAGES} pages came")))
}

/// How to go on; `None` at the end.
fn next<'m>(
    hands: &Hands<'_, '_>,
    on: &'m Screen,
    screen: ScreenNo,
    table: &'m Table,
    picture: &Picture,
    ended: bool,
    before: &mut Before,
) -> Result<Option<&'m Paging>, Fault> {
    let records = before.records;
    match (&table.end, &table.next) {
        (_, _) if ended => Ok(None),
        (Some(TableEnd::Counter(field)), next) => {
            let all = counter(hands.map, on, screen, *field, picture)?;
            // A row that came or went moves those behind it from page to page: one of them may have been passed over.
            let first = *before.counted.get_or_insert(all);
            if first != all {
                let what = format!(
                    "the table on `{}` counted {first} rows, and now {all}: it changed while it was read",
                    on.name
                );
                return Err(Fault::transient(refusals::TABLE_CHANGED, what));
            }
            match (records.cmp(&all), next) {
                (std::cmp::Ordering::Equal, _) => Ok(None),
                (std::cmp::Ordering::Less, Some(next)) => Ok(Some(next)),
                _ => Err(without_end(on, &format!("{records} rows came where the screen counts {all}"))),
            }
        }
        (Some(TableEnd::NoNext), Some(next)) => Ok(there(hands.map, screen, &next.press, picture)?.then_some(next)),
        (None | Some(TableEnd::NoNext), None) => Ok(None),
        (Some(_), None) => Err(without_end(on, "its end marker is not on its only page")),
        (_, Some(next)) => Ok(Some(next)),
    }
}

/// Whether the button to the next page is there and can be used. A key always can.
fn there(map: &Map, screen: ScreenNo, press: &Press, picture: &Picture) -> Result<bool, Fault> {
    let Press::Button(no) = press else { return Ok(true) };
    let field = map.screens.get(screen).and_then(|s| s.fields.get(*no));
    let Some(Finder::Element(element)) = field.map(|f| &f.find) else { return Ok(false) };
    match find::one(element, picture) {
        Ok(found) => Ok(found.enabled),
        Err(fault) if fault.code == refusals::FIELD_MISSING => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn counter(map: &Map, on: &Screen, screen: ScreenNo, field: usize, picture: &Picture) -> Result<u64, Fault> {
    let (text, _) = field_value(map, screen, field, picture)?;
    let text = text.unwrap_or_default().replace(',', "");
    text.parse().map_err(|_| {
        let what = format!("the counter of the table on `{}` says `{text}`, which is no number", on.name);
        Fault::permanent(refusals::FIELD_MISSING, what)
    })
}

impl Before {
    /// Remembers a page. True if it is the one before, shown again with the end marker as the answer to `next`, where the map
    /// says that this is how its system ends a table: then its rows were read already. Of any other system nobody could tell
    /// that from a page that it failed to turn.
    fn page(&mut self, on: &Screen, table: &Table, page: &Page) -> Result<bool, Fault> {
        let mut hasher = DefaultHasher::new();
        page.rows.iter().for_each(|row| row.iter().for_each(|(value, _)| value.hash(&mut hasher)));
        let digest = hasher.finish();
        let again =
            page.ended && matches!(table.end, Some(TableEnd::Text { repeats: true, .. })) && self.last == Some(digest);
        self.last = Some(digest);
        if self.pages.insert(digest) || again {
            return Ok(again);
        }
        let what = format!("page {} of the table on `{}` was there before", self.pages.len() + 1, on.name);
        Err(Fault::transient(refusals::PAGE_REPEATED, what))
    }

    fn records(
        &mut self,
        map: &Map,
        on: &Screen,
        table: &Table,
        rows: Vec<Vec<Value>>,
        prefix: &[Value],
    ) -> Result<Vec<Record>, Fault> {
        let keys: Vec<usize> =
            table.key.iter().filter_map(|k| table.columns.iter().position(|(name, _)| name == k)).collect();
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            if !keys.is_empty() {
                let mut hasher = DefaultHasher::new();
                keys.iter().for_each(|k| row.get(*k).map(|(value, _)| value).hash(&mut hasher));
                if !self.keys.insert(hasher.finish()) {
                    let key: Vec<_> = keys.iter().filter_map(|k| row.get(*k)?.0.as_deref()).collect();
                    let what = format!("two rows of the table on `{}` have the key `{}`", on.name, key.join(", "));
                    return Err(Fault::transient(refusals::KEY_REPEATED, what));
                }
            }
            self.records += 1;
            records.push(record(map, prefix.iter().cloned().chain(row).collect()));
        }
        Ok(records)
    }
}

fn extract(screen: ScreenNo, on: &Screen, table: &Table, picture: &Picture, page: u32) -> Result<Page, Fault> {
    match &picture.shown {
        Shown::Grid(grid) => of_grid(screen, on, table, grid, page),
        Shown::Page(shown) => {
            let rows = shown.tables.get(&on.name).ok_or_else(|| {
                Fault::permanent(refusals::FIELD_MISSING, format!("the table of `{}` is not on the page", on.name))
            })?;
            let place = |row: usize, column: usize| {
                let at = u16::try_from(row + 1).ok().zip(u16::try_from(column + 1).ok()).map(At::from);
                Place { screen, at, page }
            };
            let of_row = |(n, row): (usize, &Vec<Option<String>>)| -> Vec<Value> {
                let value = |c: usize| row.get(c).cloned().flatten().map(|text| text.trim().to_owned());
                (0..table.columns.len()).map(|c| (value(c), place(n, c))).collect()
            };
            let mut ended = matches!(&table.end, Some(TableEnd::Text { text, .. }) if {
                // What a record says is no end.
                let in_rows = rows.iter().flatten().flatten().map(|cell| cell.matches(text.as_str()).count());
                shown.text.matches(text.as_str()).count() > in_rows.sum::<usize>()
            });
            let mut kept = Vec::with_capacity(rows.len());
            for row in rows.iter().enumerate().map(of_row) {
                match (is_blank(&row), &table.end) {
                    (false, _) => kept.push(row),
                    (true, Some(TableEnd::Blank)) => {
                        ended = true;
                        break;
                    }
                    (true, _) => {}
                }
            }
            Ok(Page { rows: kept, ended })
        }
        Shown::Disconnected => Err(Fault::transient(refusals::DISCONNECTED, "the far side ended the session")),
    }
}

fn of_grid(screen: ScreenNo, on: &Screen, table: &Table, grid: &Grid, page: u32) -> Result<Page, Fault> {
    let height = table.height.max(1);
    let marker = match &table.end {
        Some(TableEnd::Text { text, .. }) => {
            let found =
                rows(grid).filter_map(|(row, cells)| Some((row, position(cells, text, 0)?, text.chars().count())));
            let mut marks = found.map(|at| (at.0, mark(table, grid, at))).filter(|(_, mark)| *mark != Mark::Record);
            match marks.next() {
                Some((row, Mark::Doubt)) => {
                    let what = format!(
                        "row {row} holds `{text}` and something else: whether it is a record or the end nobody can tell. Say a \
                         longer text, or another end"
                    );
                    return Err(without_end(on, &what));
                }
                mark => mark.map(|(row, _)| row),
            }
        }
        _ => None,
    };
    let (first, last) = table.rows;
    let mut found = Page { rows: Vec::new(), ended: marker.is_some() };
    let mut past_end = false;
    for top in (first..=last).step_by(usize::from(height)).filter(|top| top.saturating_add(height - 1) <= last) {
        let marked = marker.is_some_and(|row| (top..top.saturating_add(height)).contains(&row));
        past_end |= marked;
        if marked {
            continue;
        }
        let row = of_row(screen, on, table, grid, (top, page))?;
        match (is_blank(&row), past_end) {
            (true, _) if matches!(table.end, Some(TableEnd::Blank)) => past_end = true,
            (true, _) => {}
            (false, false) => found.rows.push(row),
            (false, true) => {
                let what = format!("row {top} holds something below the end");
                return Err(without_end(on, &what));
            }
        }
    }
    found.ended |= past_end;
    Ok(found)
}

/// What an end text on a screen is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The end.
    End,
    /// Part of a record: its key stands beside it.
    Record,
    /// One or the other.
    Doubt,
}

/// What an end text at that row, column (from 0) and length is. What stands around it with single blanks between is of one
/// phrase with it.
fn mark(table: &Table, grid: &Grid, (row, column, len): (u16, usize, usize)) -> Mark {
    let (first, last) = table.rows;
    if !(first..=last).contains(&row) {
        return Mark::End;
    }
    let drawn = |n: usize| {
        let at = u16::try_from(n + 1).ok().map(|column| At { row, column });
        let glyph = at.and_then(|at| grid.cells.get(grid.index(at)?)).map(|c| c.glyph);
        glyph.is_some_and(|g| !matches!(g, ' ' | '\0'))
    };
    let (mut from, mut to) = (column, column + len);
    while from > 0 && (drawn(from - 1) || (from > 1 && drawn(from - 2))) {
        from -= 1;
    }
    while to < usize::from(grid.size.1) && (drawn(to) || drawn(to + 1)) {
        to += 1;
    }
    let top = row - (row - first) % table.height.max(1);
    let says = |finder: &Finder, but: std::ops::Range<usize>| {
        let Finder::Area(area) = finder else { return false };
        let at = top.saturating_add(area.at.row.max(1) - 1);
        (area.at.column..area.at.column.saturating_add(area.len)).any(|column| {
            let left_out = at == row && but.contains(&(usize::from(column).saturating_sub(1)));
            let cell = grid.index(At { row: at, column }).and_then(|i| grid.cells.get(i));
            !left_out && cell.is_some_and(|c| c.glyph.is_alphanumeric())
        })
    };
    // A record's key says more than the text; where a table has none, its first column does.
    let is_key = |n: usize, name: &String| if table.key.is_empty() { n == 0 } else { table.key.contains(name) };
    let columns = || table.columns.iter().enumerate();
    let key = |but: &std::ops::Range<usize>| {
        columns().filter(|(n, (name, _))| is_key(*n, name)).any(|(_, (_, finder))| says(finder, but.clone()))
    };
    if key(&(from..to)) {
        Mark::Record
    } else if key(&(column..column + len)) || columns().any(|(_, (_, finder))| says(finder, from..to)) {
        Mark::Doubt
    } else {
        Mark::End
    }
}

fn of_row(
    screen: ScreenNo,
    on: &Screen,
    table: &Table,
    grid: &Grid,
    (top, page): (u16, u32),
) -> Result<Vec<Value>, Fault> {
    let value = |(name, finder): &(String, Finder)| {
        let Finder::Area(Area { at, len }) = finder else {
            let what = format!("the column `{name}` of `{}` has no place on a terminal", on.name);
            return Err(Fault::permanent(refusals::FIELD_MISSING, what));
        };
        let at = At { row: top.saturating_add(at.row.max(1) - 1), column: at.column };
        let there =
            grid.index(at).is_some() && usize::from(at.column - 1) + usize::from(*len) <= usize::from(grid.size.1);
        let text = there.then(|| grid.text(Area { at, len: *len }).trim().to_owned());
        Ok((text, Place { screen, at: Some(at), page }))
    };
    table.columns.iter().map(value).collect()
}

fn is_blank(row: &[Value]) -> bool {
    row.iter().all(|(value, _)| value.as_deref().unwrap_or_default().is_empty())
}

fn without_end(on: &Screen, what: &str) -> Fault {
    Fault::permanent(refusals::TABLE_WITHOUT_END, format!("the table on `{}`: {what}", on.name))
}
