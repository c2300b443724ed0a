//! An open source: feeds, live reads, health, and what it holds.

use crate::config::spec::{Datasets, misses};
use crate::feed::{Feed, InTurns, Joint};
use crate::lane::{Desk, Lane};
use crate::lookup::Reads;
use crate::text::{Chosen, ReadFrom, Text};
use crate::{Access, Driver, ReferenceInfo, Sink, TableInfo};
use banyan_adapter::{
    BlockingFeed, Call, Connected, Context, Fault, Found, FoundReference, FoundTable, Health, Lookup, Purpose, Stop,
    Task,
};
use banyan_words::{BatchBuilder, Column, Shape, UnitRef};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tables that samples are taken of.
const SAMPLED: usize = 50;
/// Records of a sample.
const SAMPLE: usize = 5;
/// How long the source may work at a sample: a view may be anything.
const SAMPLING: Duration = Duration::from_secs(10);

/// A source over a driver.
pub struct SqlSource {
    desk: Arc<Desk>,
    datasets: Datasets,
    reads: Reads,
}

impl SqlSource {
    /// Opens nothing yet: a server that is away now may be there later, and then feeds and health say so.
    /// `allow_writable_login`: a login that may write is used all the same.
    pub fn new(driver: Arc<dyn Driver>, datasets: Datasets, cx: Context, allow_writable_login: bool) -> SqlSource {
        let desk = Arc::new(Desk::new(driver, cx, allow_writable_login));
        let reads = Reads::new(desk.clone(), datasets.clone());
        SqlSource { desk, datasets, reads }
    }
}

impl Connected for SqlSource {
    fn feed(&self, dataset: &str) -> Option<Box<dyn BlockingFeed>> {
        let spec = self.datasets.get(dataset)?;
        let sync = spec.sync.clone()?;
        if let Some(first) = sync.together.first() {
            let members = sync.together.iter().filter_map(|name| self.datasets.get(name)).cloned().collect();
            return (first == dataset)
                .then(|| Box::new(InTurns(Joint::new(self.desk.clone(), members, sync))) as Box<dyn BlockingFeed>);
        }
        Some(Box::new(InTurns(Feed::new(self.desk.clone(), spec.clone(), sync))))
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        let live = self.datasets.all.iter().any(|d| d.live);
        live.then_some(&self.reads as &dyn Lookup)
    }

    fn health(&self) -> Task<'_, Health> {
        let desk = self.desk.clone();
        let asked = crate::task::off_thread(move |stop| {
            let mut lane = Lane::new(desk);
            lane.dialect(Purpose::Probe, &brief(stop))
        });
        Box::pin(async move {
            match asked.await {
                Ok(_) => Health { ok: true, message: self.told() },
                // Left alone on purpose is not broken.
                Err(fault) if fault.code == "source-closed" => Health { ok: true, message: fault.message },
                Err(fault) => Health { ok: false, message: fault.to_string() },
            }
        })
    }

    fn discover(&self) -> Task<'_, Result<Vec<Found>, Fault>> {
        self.found(None)
    }

    fn discover_named(&self, names: Vec<String>) -> Task<'_, Result<Vec<Found>, Fault>> {
        self.found(Some(names))
    }
}

fn brief(stop: &Stop) -> Call {
    Call { stop: stop.clone(), deadline: Instant::now().checked_add(Duration::from_secs(30)) }
}

impl SqlSource {
    /// What is there, or what of it bears one of those names.
    fn found(&self, named: Option<Vec<String>>) -> Task<'_, Result<Vec<Found>, Fault>> {
        let desk = self.desk.clone();
        let asked = crate::task::off_thread(move |stop| discover(&desk, named.as_deref(), stop).map(Arc::new));
        Box::pin(async move { Ok(asked.await?.to_vec()) })
    }

    /// The server, its login and how each dataset is brought up to date.
    fn told(&self) -> String {
        let told = self.desk.told().clone();
        let login = match &told.access {
            Some(Access::ReadOnly) => "the login may only read".to_owned(),
            Some(Access::MayWrite(why)) => format!("the login MAY WRITE ({why}), which is allowed here"),
            Some(Access::Unknown(why)) => format!("whether the login may write is not known ({why})"),
            None => "the login was not looked at yet".to_owned(),
        };
        let mut message = format!("{}; {login}", told.server);
        for spec in &self.datasets.all {
            let name = &spec.name;
            match (&spec.sync, told.modes.get(name)) {
                (Some(_), Some(mode)) => {
                    message.push_str(&format!("; {name}: {}, can miss {}", mode.word(), misses(*mode)));
                }
                (Some(_), None) => message.push_str(&format!("; {name}: not read yet")),
                (None, _) if !spec.find_by.is_empty() => {
                    message.push_str(&format!("; {name}: read by key, and searched by {}", spec.find_by.join(", ")));
                }
                (None, _) => message.push_str(&format!("; {name}: read by key only")),
            }
            if let Some(gap) = told.gaps.get(name) {
                message.push_str(&format!("; {name}: a gap in change tracking was repaired at {gap}"));
            }
        }
        message
    }
}

fn discover(desk: &Arc<Desk>, named: Option<&[String]>, stop: &Stop) -> Result<Vec<Found>, Fault> {
    let mut lane = Lane::new(desk.clone());
    let call = Call { stop: stop.clone(), deadline: None };
    let mut found = Vec::new();
    let mut tables = lane.tables(Purpose::Discover, &call)?;
    if let Some(names) = named {
        tables.retain(|t| {
            let listed = described(t.clone(), None, Vec::new());
            names.iter().any(|n| listed.answers_to(n))
        });
    }
    for (i, listed) in tables.into_iter().enumerate() {
        // One that is gone by now, or that the login may not read, is shown by name alone.
        let known = match lane.table(&listed.name, Purpose::Discover, &call) {
            Ok(info) => info.unwrap_or(listed),
            Err(fault) if call.is_over() => return Err(fault),
            Err(_) => listed,
        };
        let references = match lane.references(&known.name, Purpose::Discover, &call) {
            Err(fault) if call.is_over() => return Err(fault),
            told => told.unwrap_or_default().filter(|_| !known.view),
        };
        let sample = match i < SAMPLED {
            true => {
                let deadline = Instant::now().checked_add(SAMPLING);
                sample(&mut lane, &known, &Call { stop: stop.clone(), deadline })
            }
            false => Ok(Vec::new()),
        };
        let sample = match sample {
            Ok(sample) => sample,
            Err(fault) if call.is_over() || fault.code == "writable-login" => return Err(fault),
            Err(_) => Vec::new(),
        };
        found.push(described(known, references, sample));
    }
    Ok(found)
}

fn sample(lane: &mut Lane, info: &TableInfo, call: &Call) -> Result<Vec<Vec<String>>, Fault> {
    let dialect = lane.dialect(Purpose::Discover, call)?;
    let names: Vec<Chosen> = info.columns.iter().map(Chosen::of).collect();
    let from = ReadFrom::Table(info.name.clone());
    let mut text = Text::select(dialect, &names, &from, Some(SAMPLE));
    text.limit(SAMPLE);
    let columns = lane.select(text, &info.name.name, Purpose::Discover, call)?;
    let width = columns.len();
    let unit =
        UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of: Timestamp::UNIX_EPOCH };
    let mut builder = BatchBuilder::new(Arc::new(unit));
    let no = builder.shape(Arc::new(Shape { dataset: info.name.name.clone(), columns }));
    let mut sink = Sink::new(&mut builder, no, 0);
    while sink.rows() < SAMPLE as u64 && lane.fetch((SAMPLE, 1 << 20), &mut sink, Purpose::Discover, call)? {}
    lane.enough();
    let batch = builder.finish();
    let text = |v: banyan_words::Value<'_>| v.to_text().map(|t| t.into_owned()).unwrap_or_default();
    Ok(batch.rows().take(SAMPLE).map(|row| (0..width).map(|i| text(row.value(i))).collect()).collect())
}

fn described(info: TableInfo, references: Option<Vec<ReferenceInfo>>, sample: Vec<Vec<String>>) -> Found {
    let reference = |r: ReferenceInfo| {
        let table = r.table?;
        Some(FoundReference { columns: r.columns, schema: table.schema, table: table.name, theirs: r.theirs })
    };
    let name = match &info.name.schema {
        Some(schema) => format!("{schema}.{}", info.name.name),
        None => info.name.name.clone(),
    };
    Found {
        name,
        columns: info.columns.iter().map(|c| Column { name: c.name.clone(), ty: c.ty.clone() }).collect(),
        sample,
        table: Some(FoundTable {
            schema: info.name.schema,
            name: info.name.name,
            view: info.view,
            key: info.key,
            indexes: info.indexes.into_iter().map(|i| (i.name, i.columns, i.unique)).collect(),
            rows: info.rows,
            server_types: info.columns.iter().map(|c| c.server_type.clone()).collect(),
            nullable: info.columns.iter().map(|c| c.nullable).collect(),
            references: references.map(|all| all.into_iter().filter_map(reference).collect()),
        }),
    }
}
