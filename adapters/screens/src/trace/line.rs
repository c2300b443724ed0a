//! One line of a trace, as JSON: pictures small enough to be read by people too.
//!
//! Invariant: a picture that was written is read as it was. Secrets were never in it: of a secret text only its length.

use crate::map::{ElementFinder, Key};
use crate::picture::{At, Cell, Grid, Page, Picture, Shown, Span, Style};
use crate::transport::{Act, Text};
use banyan_adapter::{Class, Fault};
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    /// The first: what ran.
    Trace(Head),
    /// A picture came.
    Saw(Saw),
    /// Something was sent.
    Act(Sent),
    /// The transport failed.
    Failed(Told),
    /// Why it stopped.
    Stopped(Told),
    /// What it brought; traces from before it was kept have none.
    Brought { records: u64, digest: String },
    /// How it ended.
    Ended(String),
    /// Another run in the same session begins: its flow, or the way home.
    Then(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) format: u32,
    pub(crate) map: String,
    pub(crate) hash: String,
    pub(crate) flow: Option<String>,
    pub(crate) given: Vec<(String, String)>,
    pub(crate) user: String,
    pub(crate) password: usize,
    pub(crate) at: String,
    /// Older lines were dropped: it cannot be replayed.
    pub(crate) cut: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Saw {
    pub(crate) ms: u64,
    pub(crate) waited: bool,
    pub(crate) revision: u64,
    pub(crate) rest: bool,
    #[serde(flatten)]
    pub(crate) shows: Shows,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shows {
    /// What the line before showed.
    Same(bool),
    Grid(GridLine),
    Page(Page),
    Disconnected(bool),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GridLine {
    size: (u16, u16),
    cursor: At,
    rows: Vec<String>,
    /// Runs of cells of one style: how many, which.
    styles: Vec<(usize, u8)>,
    /// Row, column, length, style, modified.
    fields: Vec<(u16, u16, u16, u8, bool)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) ms: u64,
    /// The screen it was sent from.
    pub(crate) on: String,
    /// The hash of what that showed.
    pub(crate) before: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) commit: bool,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// An act, secrets by their length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    Press(Key),
    Click(ElementFinder),
    Type(Typed),
    FillAt { at: At, len: Option<u16>, text: Typed },
    FillIn { element: ElementFinder, text: Typed },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Typed {
    Text(String),
    /// A secret of so many characters.
    Secret(usize),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) ms: u64,
    pub(crate) code: String,
    pub(crate) permanent: bool,
    pub(crate) message: String,
}

impl Told {
    pub(crate) fn of(ms: u64, fault: &Fault) -> Told {
        let permanent = fault.class == Class::Permanent;
        Told { ms, code: fault.code.clone(), permanent, message: fault.message.clone() }
    }

    pub(crate) fn fault(&self) -> Fault {
        let class = if self.permanent { Class::Permanent } else { Class::Transient };
        Fault { code: self.code.clone(), class, message: self.message.clone() }
    }
}

impl Typed {
    fn of(text: &Text) -> Typed {
        if text.secret { Typed::Secret(text.plain.chars().count()) } else { Typed::Text(text.plain.clone()) }
    }
}

impl What {
    pub(crate) fn of(act: &Act) -> What {
        match act {
            Act::Press(key) => What::Press(*key),
            Act::Click(element) => What::Click(element.clone()),
            Act::Type(text) => What::Type(Typed::of(text)),
            Act::FillAt { at, len, text } => What::FillAt { at: *at, len: *len, text: Typed::of(text) },
            Act::FillIn { element, text } => What::FillIn { element: element.clone(), text: Typed::of(text) },
        }
    }
}

impl Shows {
    pub(crate) fn of(shown: &Shown) -> Shows {
        match shown {
            Shown::Grid(grid) => Shows::Grid(GridLine::of(grid)),
            Shown::Page(page) => Shows::Page(page.clone()),
            Shown::Disconnected => Shows::Disconnected(true),
        }
    }
}

impl Saw {
    /// The picture; `before` is what the line before showed. `None` if the line is not sound.
    pub(crate) fn picture(&self, before: Option<&Shown>) -> Option<Picture> {
        let shown = match &self.shows {
            Shows::Same(_) => before?.clone(),
            Shows::Grid(grid) => Shown::Grid(grid.grid()?),
            Shows::Page(page) => Shown::Page(page.clone()),
            Shows::Disconnected(_) => Shown::Disconnected,
        };
        Some(Picture { revision: self.revision, at_rest: self.rest, shown })
    }
}

impl GridLine {
    fn of(grid: &Grid) -> GridLine {
        let columns = usize::from(grid.size.1).max(1);
        let rows = grid.cells.chunks(columns).map(|row| row.iter().map(|c| c.glyph).collect()).collect();
        let mut styles: Vec<(usize, u8)> = Vec::new();
        for cell in &grid.cells {
            match styles.last_mut() {
                Some((count, style)) if *style == cell.style.0 => *count += 1,
                _ => styles.push((1, cell.style.0)),
            }
        }
        let fields = grid.fields.iter();
        let fields = fields.map(|f| (f.area.at.row, f.area.at.column, f.area.len, f.style.0, f.modified)).collect();
        GridLine { size: grid.size, cursor: grid.cursor, rows, styles, fields }
    }

    fn grid(&self) -> Option<Grid> {
        let wanted = usize::from(self.size.0) * usize::from(self.size.1);
        if self.styles.iter().try_fold(0usize, |sum, (count, _)| sum.checked_add(*count))? != wanted {
            return None;
        }
        let styles = self.styles.iter().flat_map(|(count, style)| std::iter::repeat_n(Style(*style), *count));
        let glyphs = self.rows.iter().flat_map(|row| row.chars());
        let cells: Vec<Cell> = glyphs.zip(styles).map(|(glyph, style)| Cell { glyph, style }).collect();
        let span = |f: &(u16, u16, u16, u8, bool)| Span {
            area: crate::picture::Area { at: At { row: f.0, column: f.1 }, len: f.2 },
            style: Style(f.3),
            modified: f.4,
        };
        let fields = self.fields.iter().map(span).collect();
        (cells.len() == wanted).then_some(Grid { size: self.size, cursor: self.cursor, cells, fields })
    }
}
