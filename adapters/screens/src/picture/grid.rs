//! A terminal's screen: cells in rows and columns, counted from 1 as the manuals of such systems count them.

use serde::{Deserialize, Serialize};

/// A place on a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(u16, u16)", into = "(u16, u16)")]
pub struct At {
    /// Row, from 1.
    pub row: u16,
    /// Column, from 1.
    pub column: u16,
}

impl From<(u16, u16)> for At {
    fn from((row, column): (u16, u16)) -> At {
        At { row, column }
    }
}

impl From<At> for (u16, u16) {
    fn from(at: At) -> (u16, u16) {
        (at.row, at.column)
    }
}

/// Cells in a row, beginning at a place. A 3270 field may run on into the next row; so may an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Area {
    /// The first cell.
    pub at: At,
    /// How many cells.
    pub len: u16,
}

/// How a cell looks: a set of the constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Style(pub u8);

impl Style {
    /// Nothing can be typed here (3270).
    pub const PROTECTED: Style = Style(1);
    /// What stands here is not shown.
    pub const HIDDEN: Style = Style(2);
    /// Bright or bold.
    pub const BRIGHT: Style = Style(4);
    /// Reversed.
    pub const REVERSE: Style = Style(8);
    /// Underlined.
    pub const UNDERLINE: Style = Style(16);
    /// Only digits can be typed here (3270).
    pub const NUMERIC: Style = Style(32);
    /// The place of a field's attribute byte (3270): always blank.
    pub const ATTRIBUTE: Style = Style(64);

    /// Whether all of `other` are set.
    pub fn has(self, other: Style) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub fn with(self, other: Style) -> Style {
        Style(self.0 | other.0)
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The character; a blank where there is none. The right half of a wide one is `\0`.
    pub glyph: char,
    /// How it looks.
    pub style: Style,
}

impl Cell {
    /// A cell without anything in it.
    pub const BLANK: Cell = Cell { glyph: ' ', style: Style(0) };
}

/// A field as the far side declared it (3270). Other terminals know none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its cells, without the attribute byte before them.
    pub area: Area,
    /// Protected, hidden, numeric.
    pub style: Style,
    /// The modified-data tag is set.
    pub modified: bool,
}

/// A terminal's screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Rows and columns.
    pub size: (u16, u16),
    /// Where the cursor stands.
    pub cursor: At,
    /// All cells, row by row.
    pub cells: Vec<Cell>,
    /// The far side's own fields, in order; empty where the terminal knows none.
    pub fields: Vec<Span>,
}

impl Grid {
    /// An empty one.
    pub fn blank(rows: u16, columns: u16) -> Grid {
        let cells = vec![Cell::BLANK; usize::from(rows) * usize::from(columns)];
        Grid { size: (rows, columns), cursor: At { row: 1, column: 1 }, cells, fields: Vec::new() }
    }

    /// Where a place stands in [`Grid::cells`]; `None` outside the screen.
    pub fn index(&self, at: At) -> Option<usize> {
        let (rows, columns) = self.size;
        let inside = (1..=rows).contains(&at.row) && (1..=columns).contains(&at.column);
        inside.then(|| usize::from(at.row - 1) * usize::from(columns) + usize::from(at.column - 1))
    }

    /// The cells of an area, as far as they are on the screen.
    pub fn area(&self, area: Area) -> &[Cell] {
        let Some(start) = self.index(area.at) else { return &[] };
        let end = (start + usize::from(area.len)).min(self.cells.len());
        self.cells.get(start..end).unwrap_or_default()
    }

    /// The text of an area, blanks and all.
    pub fn text(&self, area: Area) -> String {
        text(self.area(area))
    }

    /// The text of a row, from 1; empty outside the screen.
    pub fn row(&self, row: u16) -> String {
        self.text(Area { at: At { row, column: 1 }, len: self.size.1 })
    }
}

fn text(cells: &[Cell]) -> String {
    cells.iter().map(|c| c.glyph).filter(|g| *g != '\0').collect()
}
