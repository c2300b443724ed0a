//! One pass: the statements it sends, and what it has read so far.
//!
//! Invariant: rows come in the order the server gave them; a page begins behind the last key of the page before it, as the
//! server gave that key.

use super::plan::Plan;
use super::window::Window;
use crate::Sink;
use crate::config::spec::{DatasetSpec, Mode};
use crate::lane::Lane;
use crate::text::{Chosen, Compared, ReadFrom, Text, quoted, quoted_table};
use banyan_adapter::{Ask, Call, Fault, Purpose, Scope};
use banyan_words::{Batch, BatchBuilder, Column, Fate, Shape, UnitRef, Value};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;

/// What a pass reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    /// Everything, in one SELECT.
    Whole,
    /// Everything, page by page.
    Pages,
    /// All keys, page by page or in one SELECT.
    Keys,
    /// From that value of the column on, up to the other.
    Column { from: Option<Value<'static>>, below: Option<Value<'static>> },
    /// What changed since that version.
    Changes { from: Value<'static> },
}

/// Where a pass that reads page by page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Pages,
    Nulls,
    /// Change tracking: the keys of what was deleted, after what changed.
    Deleted,
    End,
}

pub(crate) struct Pass {
    pub read: Read,
    pub scope: Scope,
    pub plan: Arc<Plan>,
    pub started: Timestamp,
    pub clock: Instant,
    pub unit: Arc<UnitRef>,
    pub part: u32,
    /// Rows of the open unit.
    pub rows: u64,
    /// `Begin` was handed over.
    pub begun: bool,
    /// A batch of the unit was handed over.
    pub shown: bool,
    /// Read, and not handed over before it is known whether it is new.
    pub held: Vec<Batch>,
    pub window: Option<Window>,
    /// The version of change tracking, or the rowversion, that the next pass goes on from.
    pub upper: Option<Value<'static>>,
    /// The growing column's last value.
    pub column_last: Option<Value<'static>>,
    /// Keys of deleted records that were handed over.
    pub deleted: u64,
    columns: Vec<Chosen>,
    shape: Option<Arc<Shape>>,
    /// The shape of deleted records.
    keys: Option<Arc<Shape>>,
    open: bool,
    stage: Stage,
    last: Option<Vec<Value<'static>>>,
    in_page: usize,
    page_last: Option<Vec<Value<'static>>>,
    /// The record behind a page, where it has the same key as the page's last one.
    twin: Option<Batch>,
}

impl Pass {
    pub(crate) fn new(plan: Arc<Plan>, read: Read, scope: Scope, started: Timestamp) -> Pass {
        let window = match (&read, plan.mode) {
            (Read::Column { .. }, Mode::Watermark) => Some(Window::new(plan.lag, started)),
            _ => None,
        };
        let columns = match read {
            Read::Keys => plan.key.iter().map(|k| plan.table.chosen(&k.name)).collect(),
            _ => plan.picked.clone(),
        };
        let mut pass = Pass {
            read,
            scope,
            plan,
            started,
            clock: Instant::now(),
            unit: unit(started, 1),
            part: 1,
            rows: 0,
            begun: false,
            shown: false,
            held: Vec::new(),
            window,
            upper: None,
            column_last: None,
            deleted: 0,
            columns,
            shape: None,
            keys: None,
            open: false,
            stage: Stage::Pages,
            last: None,
            in_page: 0,
            page_last: None,
            twin: None,
        };
        if !pass.pages() {
            pass.stage = Stage::Nulls;
        }
        pass
    }

    /// The next unit of the same pass.
    pub(crate) fn next_part(&mut self) {
        self.part += 1;
        self.unit = unit(self.started, self.part);
        (self.rows, self.begun, self.shown) = (0, false, false);
    }

    fn pages(&self) -> bool {
        match self.read {
            Read::Pages => true,
            Read::Keys => self.plan.table.pages_well(),
            _ => false,
        }
    }

    /// The statement that is sent next.
    fn text(&self, spec: &DatasetSpec) -> Text {
        let plan = &self.plan;
        let dialect = plan.table.dialect;
        let select = |limit| Text::select(dialect, &self.columns, &plan.table.from, limit);
        match &self.read {
            Read::Whole | Read::Keys if plan.table.whole => match &spec.from {
                ReadFrom::Query(query) => Text::verbatim(dialect, query),
                ReadFrom::Table(_) => select(None),
            },
            Read::Pages | Read::Keys if self.stage == Stage::Pages => {
                // One more than is taken: the next page would leave out a second record with the last one's key.
                let limit = spec.page_rows + 1;
                let mut text = select(Some(limit));
                let mut word = " WHERE ";
                if plan.null_keys {
                    let known = plan.key.iter().map(|k| format!("{} IS NOT NULL", quoted(dialect, &k.name)));
                    text.push(word).push(&known.collect::<Vec<_>>().join(" AND "));
                    word = " AND ";
                }
                if let Some(last) = &self.last {
                    text.push(word).push("(").after(&plan.key, last).push(")");
                }
                text.order_by(&plan.key).limit(limit);
                text
            }
            Read::Pages => {
                let mut text = select(None);
                let unknown = plan.key.iter().map(|k| format!("{} IS NULL", quoted(dialect, &k.name)));
                text.push(" WHERE ").push(&unknown.collect::<Vec<_>>().join(" OR "));
                text
            }
            Read::Column { from, below } => {
                let mut text = select(None);
                if let Some((column, _)) = &plan.column {
                    let mut word = " WHERE ";
                    for (op, value) in [(" >= ", from), (" < ", below)] {
                        if let Some(value) = value {
                            text.push(word).compare(column, op.trim(), value.clone());
                            word = " AND ";
                        }
                    }
                    text.order_by(std::slice::from_ref(column));
                }
                text
            }
            Read::Changes { from } if self.stage == Stage::Deleted => self.vanished(spec, from),
            Read::Changes { from } => self.changed(spec, from),
            Read::Whole | Read::Keys => select(None),
        }
    }

    /// What SQL Server's change tracking says was inserted or updated, and is still there.
    fn changed(&self, spec: &DatasetSpec, from: &Value<'static>) -> Text {
        let dialect = self.plan.table.dialect;
        let ReadFrom::Table(table) = &spec.from else { return Text::own(dialect, "") };
        let columns: Vec<String> = self.columns.iter().map(|c| c.written(dialect, "t.")).collect();
        let joined = self.plan.key.iter().map(|k| {
            let name = quoted(dialect, &k.name);
            format!("t.{name} = c.{name}")
        });
        let joined = joined.collect::<Vec<_>>().join(" AND ");
        let mut text = Text::own(dialect, "SELECT ");
        text.push(&columns.join(", ")).push(" FROM ").push(&quoted_table(dialect, table)).push(" AS t JOIN ");
        text.changes(table, from.clone()).push(" AS c ON ").push(&joined);
        text
    }

    /// The keys of what change tracking says was deleted.
    fn vanished(&self, spec: &DatasetSpec, from: &Value<'static>) -> Text {
        let dialect = self.plan.table.dialect;
        let ReadFrom::Table(table) = &spec.from else { return Text::own(dialect, "") };
        let keys: Vec<String> = self.key().iter().map(|k| k.written(dialect, "c.")).collect();
        let mut text = Text::own(dialect, "SELECT ");
        text.push(&keys.join(", ")).push(" FROM ").changes(table, from.clone());
        text.push(&format!(" AS c WHERE c.{} = 'D'", quoted(dialect, "SYS_CHANGE_OPERATION")));
        text
    }

    fn key(&self) -> Vec<Chosen> {
        self.plan.key.iter().map(|k| self.plan.table.chosen(&k.name)).collect()
    }

    /// What the next step reads are keys of deleted records.
    pub(crate) fn reads_deletions(&self) -> bool {
        self.stage == Stage::Deleted
    }

    /// One request: a batch, and whether there is more.
    pub(crate) fn step(
        &mut self,
        lane: &mut Lane,
        spec: &DatasetSpec,
        ask: Ask,
        call: &Call,
    ) -> Result<(Batch, bool), Fault> {
        if let Some(twin) = self.twin.take() {
            self.rows += 1;
            return Ok((twin, self.open || self.stage != Stage::End));
        }
        let mut builder = BatchBuilder::new(self.unit.clone());
        if !self.open {
            if self.stage == Stage::End {
                return Ok((builder.finish(), false));
            }
            let found = lane.select(self.text(spec), &spec.name, Purpose::Sync, call)?;
            match self.stage {
                Stage::Deleted => self.keys = Some(self.shaped(&self.key(), found, spec)?),
                _ => self.shape = Some(self.shaped(&self.columns, found, spec)?),
            }
            (self.open, self.in_page) = (true, 0);
        }
        let deleted = self.reads_deletions();
        let shape = if deleted { &self.keys } else { &self.shape };
        let Some(shape) = shape.clone() else { return Ok((builder.finish(), false)) };
        let no = builder.shape(shape.clone());
        let paged = self.pages() && self.stage == Stage::Pages;
        let room = if paged { spec.page_rows.saturating_sub(self.in_page).max(1) } else { usize::MAX };
        let mut sink = Sink::new(&mut builder, no, if deleted { self.deleted } else { self.rows });
        let mut more = lane.fetch((ask.rows.clamp(1, room), ask.bytes.max(1)), &mut sink, Purpose::Sync, call)?;
        *if deleted { &mut self.deleted } else { &mut self.rows } = sink.rows();
        let batch = builder.finish();
        self.in_page += batch.len();
        if paged {
            self.remember(&batch, &shape);
            if more && self.in_page >= spec.page_rows {
                self.look_behind(lane, &shape, call)?;
                lane.enough();
                more = false;
            }
        }
        if let (Read::Column { .. }, Some((column, _))) = (&self.read, &self.plan.column)
            && let Some(at) = shape.position(&column.name)
        {
            if let Some(window) = &mut self.window {
                window.note(&batch, at);
            }
            let values = (0..batch.len()).rev().map(|i| batch.row(i).value(at));
            if let Some(last) = values.into_iter().find(|v| !v.is_absent()) {
                self.column_last = Some(last.into_owned());
            }
        }
        if !more {
            self.open = false;
            self.turn(spec)?;
        }
        Ok((batch, self.open || self.twin.is_some() || self.stage != Stage::End))
    }

    /// Looks at the record behind a full page. One that has the key of the page's last record belongs to it: the gateway
    /// sees both, and refuses them as it refuses others that come twice.
    fn look_behind(&mut self, lane: &mut Lane, shape: &Arc<Shape>, call: &Call) -> Result<(), Fault> {
        let mut builder = BatchBuilder::new(self.unit.clone());
        let no = builder.shape(shape.clone());
        lane.peek(&mut Sink::new(&mut builder, no, self.rows), call)?;
        let batch = builder.finish();
        let key = (!batch.is_empty()).then(|| self.key_at(&batch, 0, shape)).flatten();
        let twins = |key: &Vec<Value<'_>>| {
            let last = self.page_last.iter().flatten();
            self.page_last.is_some() && key.iter().zip(last).all(|(a, b)| alike(a, b))
        };
        if let Some(key) = key.filter(twins) {
            (self.page_last, self.twin) = (Some(key), Some(batch));
        }
        Ok(())
    }

    /// Gives up the open answer so that the pass can go on later; false where it must begin anew instead.
    pub(crate) fn pause(&mut self) -> bool {
        if !self.open {
            return true;
        }
        if !self.pages() || self.stage != Stage::Pages {
            return false;
        }
        if self.in_page > 0 {
            // The page goes on behind the last key that came.
            let Some(last) = self.page_last.take() else { return false };
            self.last = Some(last);
        }
        self.open = false;
        true
    }

    /// After the last row of an answer: the next page, or the end.
    fn turn(&mut self, spec: &DatasetSpec) -> Result<(), Fault> {
        let paged = self.pages() && self.stage == Stage::Pages;
        if paged && self.in_page >= spec.page_rows {
            let Some(last) = self.page_last.take() else {
                let message =
                    format!("{}: a whole page of {} rows has no key that can be read", spec.name, self.in_page);
                return Err(Fault::permanent("unreadable-keys", message));
            };
            if self.last.as_ref() == Some(&last) {
                let message = format!(
                    "{}: the server finds the same key again behind itself, so that pages have no end; use `mode: full`",
                    spec.name
                );
                return Err(Fault::permanent("unreadable-keys", message));
            }
            self.last = Some(last);
        } else if paged && self.plan.null_keys && self.read == Read::Pages {
            self.stage = Stage::Nulls;
        } else if matches!(self.read, Read::Changes { .. }) && self.stage != Stage::Deleted {
            self.stage = Stage::Deleted;
        } else {
            self.stage = Stage::End;
        }
        Ok(())
    }

    /// The last key of the page so far.
    fn remember(&mut self, batch: &Batch, shape: &Shape) {
        for at in (0..batch.len()).rev() {
            if (batch.row(at).fate() == &Fate::Record || at == 0)
                && let Some(key) = self.key_at(batch, at, shape)
            {
                self.page_last = Some(key);
                return;
            }
        }
    }

    /// A record's key, where all of it can be read.
    fn key_at(&self, batch: &Batch, at: usize, shape: &Shape) -> Option<Vec<Value<'static>>> {
        let part = |k: &Compared| Some(batch.row(at).value(shape.position(&k.name)?).into_owned());
        let key: Vec<Value<'static>> = self.plan.key.iter().map(part).collect::<Option<_>>()?;
        key.iter().all(|v| !v.is_absent()).then_some(key)
    }

    /// The shape of what comes: named as asked, typed as answered.
    fn shaped(&self, asked: &[Chosen], found: Vec<Column>, spec: &DatasetSpec) -> Result<Arc<Shape>, Fault> {
        let verbatim = self.plan.table.whole && matches!(spec.from, ReadFrom::Query(_));
        if verbatim {
            return Ok(Arc::new(Shape { dataset: spec.name.clone(), columns: found }));
        }
        if found.len() != asked.len() {
            let (asked, came) = (asked.len(), found.len());
            let message = format!("{}: {asked} columns were asked for and {came} came", spec.name);
            return Err(Fault::transient("bad-answer", message));
        }
        let columns = asked.iter().zip(found).map(|(a, c)| Column { name: a.name.clone(), ty: c.ty });
        let shape = Shape { dataset: spec.name.clone(), columns: columns.collect() };
        Ok(match &self.shape {
            Some(known) if **known == shape => known.clone(),
            _ => Arc::new(shape),
        })
    }

    /// A batch that shows the columns and no row.
    pub(crate) fn empty(&self) -> Batch {
        let mut builder = BatchBuilder::new(self.unit.clone());
        if let Some(shape) = &self.shape {
            builder.shape(shape.clone());
        }
        builder.finish()
    }
}

/// Whether two parts of keys may be equal to a server, which need not tell upper from lower case, or count blanks at the end.
fn alike(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.trim_end().to_lowercase() == b.trim_end().to_lowercase(),
        _ => a == b,
    }
}

fn unit(started: Timestamp, part: u32) -> Arc<UnitRef> {
    let time = order(started);
    let (name, order) = match part {
        1 => (format!("pass {time}"), time),
        part => (format!("pass {time} part {part}"), format!("{time} {part:05}")),
    };
    Arc::new(UnitRef { name, version: order.clone(), order, as_of: started })
}

/// A time as text that orders as times do.
pub(crate) fn order(time: Timestamp) -> String {
    format!("{time:.3}")
}
