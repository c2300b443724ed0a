//! A batch of legacy records: one arena, spans into it, no allocation per cell.
//!
//! Invariant: a row's cells stand in the order of its shape's columns, and every row knows its place.
//! Not here: what the records mean (mappings), or how they are read (adapters).

use crate::{Place, Type, UnitRef, Value, codec};
use std::sync::Arc;

/// A record's bytes are kept up to here.
const MOST_RAW: usize = 64 * 1024;

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name as the source spells it.
    pub name: String,
    /// What the source types; [`Type::Text`] where it types nothing, [`Type::Any`] where it varies (JSON).
    pub ty: Type,
}

/// The columns of a dataset's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The dataset's name within its source.
    pub dataset: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

impl Shape {
    /// A shape whose columns are all text.
    pub fn of_text<S: Into<String>>(dataset: &str, names: impl IntoIterator<Item = S>) -> Shape {
        let columns = names.into_iter().map(|n| Column { name: n.into(), ty: Type::Text }).collect();
        Shape { dataset: dataset.to_owned(), columns }
    }

    /// The position of the column of that name (case counts).
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

/// A cell: text in the arena, or a value that is not text.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Missing,
    Null,
    Text { start: u32, len: u32 },
    Typed(u32),
}

/// What became of a record while it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It could be read.
    Record,
    /// It could not; its raw bytes and the reason are kept. The cells are those that could be read, if any.
    Bad(Box<Bad>),
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// A code the adapter declared, such as `csv-too-many-fields`.
    pub code: String,
    /// What is wrong, for a person, with line and column.
    pub message: String,
    /// The record's bytes as the source gave them (cut at 64 KiB).
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug)]
struct RowHead {
    shape: u16,
    cells: u32,
    place: Place,
    fate: Fate,
    raw: (u32, u32),
}

/// Records of one unit, in reading order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The file version or pass they came from.
    pub unit: Arc<UnitRef>,
    shapes: Vec<Arc<Shape>>,
    arena: String,
    cells: Vec<Cell>,
    typed: Vec<Value<'static>>,
    /// Bytes that typed values hold elsewhere.
    elsewhere: usize,
    rows: Vec<RowHead>,
    raws: Vec<u8>,
}

impl Batch {
    /// A batch without records.
    pub fn empty(unit: Arc<UnitRef>) -> Batch {
        BatchBuilder::new(unit).finish()
    }

    /// How many rows, bad ones included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> Row<'_> {
        Row { batch: self, head: &self.rows[i] }
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|head| Row { batch: self, head })
    }

    /// The shapes rows refer to.
    pub fn shapes(&self) -> &[Arc<Shape>] {
        &self.shapes
    }

    /// Bytes of memory that grow with its content; what a budget of batches is counted in.
    pub fn weight(&self) -> usize {
        let text = self.arena.len() + self.raws.len() + self.elsewhere;
        let cells = self.cells.len() * size_of::<Cell>() + self.typed.len() * size_of::<Value<'static>>();
        text + cells + self.rows.len() * size_of::<RowHead>()
    }
}

/// One record.
#[derive(Clone, Copy)]
pub struct Row<'b> {
    batch: &'b Batch,
    head: &'b RowHead,
}

impl<'b> Row<'b> {
    /// Its columns.
    pub fn shape(&self) -> &'b Arc<Shape> {
        &self.batch.shapes[usize::from(self.head.shape)]
    }

    /// The index of its shape in [`Batch::shapes`].
    pub fn shape_index(&self) -> usize {
        usize::from(self.head.shape)
    }

    /// Where it stood.
    pub fn place(&self) -> Place {
        self.head.place
    }

    /// What became of it.
    pub fn fate(&self) -> &'b Fate {
        &self.head.fate
    }

    /// Its bytes as the source gave them, cut at 64 KiB; `None` where it has no bytes of its own (databases).
    pub fn raw(&self) -> Option<&'b [u8]> {
        if let Fate::Bad(bad) = &self.head.fate {
            return Some(&bad.raw);
        }
        let (start, len) = self.head.raw;
        (len > 0).then(|| self.batch.raws.get(start as usize..(start + len) as usize)).flatten()
    }

    /// The value in column `i`, borrowed; missing beyond the last cell.
    pub fn value(&self, i: usize) -> Value<'b> {
        if i >= self.shape().columns.len() {
            return Value::Missing;
        }
        match self.batch.cells.get(self.head.cells as usize + i) {
            None | Some(Cell::Missing) => Value::Missing,
            Some(Cell::Null) => Value::Null,
            Some(Cell::Text { start, len }) => {
                Value::text(&self.batch.arena[*start as usize..(*start + *len) as usize])
            }
            Some(Cell::Typed(at)) => self.batch.typed[*at as usize].clone(),
        }
    }

    /// The text in column `i` without going through a [`Value`]; `None` unless it is text.
    pub fn text(&self, i: usize) -> Option<&'b str> {
        match self.batch.cells.get(self.head.cells as usize + i) {
            Some(Cell::Text { start, len }) => Some(&self.batch.arena[*start as usize..(*start + *len) as usize]),
            _ => None,
        }
    }

    /// Appends the cells in the durable form of [`codec`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_without(|_| false, out);
    }

    /// The same, with those columns missing that `discard` names.
    pub fn encode_without(&self, discard: impl Fn(&str) -> bool, out: &mut Vec<u8>) {
        for (i, column) in self.shape().columns.iter().enumerate() {
            if discard(&column.name) {
                codec::put_missing(out);
                continue;
            }
            match self.batch.cells.get(self.head.cells as usize + i) {
                None | Some(Cell::Missing) => codec::put_missing(out),
                Some(Cell::Null) => codec::put_null(out),
                Some(Cell::Text { start, len }) => {
                    codec::put_text(&self.batch.arena.as_bytes()[*start as usize..(*start + *len) as usize], out);
                }
                Some(Cell::Typed(at)) => codec::put_typed(&self.batch.typed[*at as usize], out),
            }
        }
    }
}

/// Builds a batch, cell by cell.
pub struct BatchBuilder {
    batch: Batch,
    open: Option<(u16, u32)>,
    raw: (u32, u32),
}

impl BatchBuilder {
    /// Starts a batch of that unit.
    pub fn new(unit: Arc<UnitRef>) -> BatchBuilder {
        BatchBuilder {
            batch: Batch {
                unit,
                shapes: Vec::new(),
                arena: String::new(),
                cells: Vec::new(),
                typed: Vec::new(),
                elsewhere: 0,
                rows: Vec::new(),
                raws: Vec::new(),
            },
            open: None,
            raw: (0, 0),
        }
    }

    /// Makes a shape known; rows refer to it by the number returned.
    pub fn shape(&mut self, shape: Arc<Shape>) -> u16 {
        if let Some(i) = self.batch.shapes.iter().position(|s| Arc::ptr_eq(s, &shape)) {
            return i as u16;
        }
        self.batch.shapes.push(shape);
        (self.batch.shapes.len() - 1) as u16
    }

    /// Opens a row of that shape; its cells follow.
    pub fn begin(&mut self, shape: u16) {
        self.open = Some((shape, self.batch.cells.len() as u32));
    }

    /// A text cell.
    #[inline]
    pub fn text(&mut self, t: &str) {
        let start = self.batch.arena.len() as u32;
        self.batch.arena.push_str(t);
        self.batch.cells.push(Cell::Text { start, len: t.len() as u32 });
    }

    /// A text cell written piecewise by `write` at the end of the arena (decoders write straight into it).
    pub fn text_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.batch.arena.len();
        write(&mut self.batch.arena);
        let len = self.batch.arena.len().saturating_sub(start) as u32;
        self.batch.cells.push(Cell::Text { start: start as u32, len });
    }

    /// A cell of any value.
    #[inline]
    pub fn value(&mut self, v: Value<'_>) {
        match v {
            Value::Text(t) => self.text(&t),
            Value::Null => self.batch.cells.push(Cell::Null),
            Value::Missing => self.batch.cells.push(Cell::Missing),
            other => {
                if let Value::Bytes(bytes) = &other {
                    self.batch.elsewhere += bytes.len();
                }
                self.batch.cells.push(Cell::Typed(self.batch.typed.len() as u32));
                self.batch.typed.push(other.into_owned());
            }
        }
    }

    /// The open row's bytes as the source gave them: what a dead letter keeps, should it be refused later. Cut at 64 KiB.
    pub fn raw(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..MOST_RAW).unwrap_or(bytes);
        self.raw = (self.batch.raws.len() as u32, bytes.len() as u32);
        self.batch.raws.extend_from_slice(bytes);
    }

    /// How many cells the open row has so far.
    pub fn width(&self) -> usize {
        self.open.map_or(0, |(_, cells)| self.batch.cells.len() - cells as usize)
    }

    /// The text of cell `i` of the open row.
    pub fn open_text(&self, i: usize) -> Option<&str> {
        let (_, cells) = self.open?;
        match self.batch.cells.get(cells as usize + i) {
            Some(Cell::Text { start, len }) => Some(&self.batch.arena[*start as usize..(*start + *len) as usize]),
            _ => None,
        }
    }

    /// Closes the open row as a good record.
    pub fn end(&mut self, place: Place) {
        self.close(place, Fate::Record);
    }

    /// Closes the open row (or one of shape `shape` without cells) as a bad one.
    pub fn end_bad(&mut self, shape: u16, place: Place, mut bad: Bad) {
        if self.open.is_none() {
            self.begin(shape);
        }
        bad.raw.truncate(MOST_RAW);
        self.close(place, Fate::Bad(Box::new(bad)));
    }

    /// Drops the cells of the open row, so that it can be begun again.
    pub fn rollback(&mut self) {
        if let Some((_, cells)) = self.open.take() {
            self.batch.cells.truncate(cells as usize);
            let (start, len) = std::mem::take(&mut self.raw);
            if len > 0 {
                self.batch.raws.truncate(start as usize);
            }
        }
    }

    fn close(&mut self, place: Place, fate: Fate) {
        let Some((shape, cells)) = self.open.take() else { return };
        // A short row is padded, so that the next row's cells cannot be mistaken for this one's.
        let width = self.batch.shapes[usize::from(shape)].columns.len();
        self.batch.cells.truncate(cells as usize + width);
        self.batch.cells.resize(cells as usize + width, Cell::Missing);
        let raw = std::mem::take(&mut self.raw);
        self.batch.rows.push(RowHead { shape, cells, place, fate, raw });
    }

    /// Appends a row from its durable form; `None` if the bytes are damaged.
    pub fn decode(&mut self, shape: u16, bytes: &[u8], place: Place) -> Option<()> {
        let width = self.batch.shapes.get(usize::from(shape))?.columns.len();
        self.begin(shape);
        let mut at = bytes;
        for _ in 0..width {
            let Some(v) = codec::take_value(&mut at) else {
                self.rollback();
                return None;
            };
            self.value(v);
        }
        self.end(place);
        Some(())
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.batch.rows.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.batch.rows.is_empty()
    }

    /// See [`Batch::weight`].
    pub fn weight(&self) -> usize {
        self.batch.weight()
    }

    /// The batch.
    pub fn finish(mut self) -> Batch {
        self.rollback();
        self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Arc<UnitRef> {
        Arc::new(UnitRef {
            name: "a.csv".into(),
            version: String::new(),
            order: "a.csv".into(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    #[test]
    fn rows_survive_their_durable_form() {
        let shape = Arc::new(Shape::of_text("d", ["A", "B", "C", "D"]));
        let mut b = BatchBuilder::new(unit());
        let s = b.shape(shape.clone());
        b.begin(s);
        b.text("x");
        b.value(Value::Null);
        b.value(Value::Decimal("12.50".parse().unwrap()));
        b.raw(b"x,,12.50");
        b.end(Place { line: 2, offset: 9 });
        let batch = b.finish();
        let mut bytes = Vec::new();
        batch.row(0).encode(&mut bytes);

        let mut again = BatchBuilder::new(unit());
        let s = again.shape(shape);
        again.decode(s, &bytes, Place { line: 2, offset: 9 }).unwrap();
        let again = again.finish();
        let row = again.row(0);
        assert_eq!(row.value(0), Value::text("x"));
        assert_eq!(row.value(1), Value::Null);
        assert_eq!(row.value(2).to_text().unwrap(), "12.50");
        assert_eq!(row.value(3), Value::Missing, "a short row is padded");
        assert_eq!((batch.row(0).raw(), row.raw()), (Some(&b"x,,12.50"[..]), None), "bytes are not part of it");
        for cut in 0..bytes.len() {
            let mut b = BatchBuilder::new(unit());
            let s = b.shape(batch.shapes()[0].clone());
            assert!(b.decode(s, &bytes[..cut], Place::default()).is_none(), "cut at {cut}");
        }
    }
}
