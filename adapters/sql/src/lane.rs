//! A connection as passes and lookups use it: opened when needed, checked, paced, and written down.
//!
//! Invariant: every request has leave of the budget and a deadline, every statement is in the audit with how long the
//! source worked on it and what came back, and no connection is used whose login may write, unless that is allowed.
//! Not here: which statements are sent.

use crate::door::Door;
use crate::text::Text;
use crate::{Access, Asides, Dialect, Driver, Link, ReferenceInfo, Sink, TableInfo, TableName};
use banyan_adapter::{Call, Context, Fault, Purpose, Sent, Stop};
use banyan_words::Column;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A connection that was not used for so long is opened anew: who knows what stands between.
const IDLE: Duration = Duration::from_secs(300);

/// A file that is a database may be put in another's place, and an open connection would not notice: it is opened anew
/// after so long.
const FILE_OPEN: Duration = Duration::from_secs(5);

/// No request takes longer where the budget does not say: a dead server must not hold a pass for ever.
const LONGEST: Duration = Duration::from_secs(600);
/// How long a server may take to forget an answer that is not read to its end.
const ENOUGH: Duration = Duration::from_secs(5);
/// Rows asked for before it is known how wide they are.
const FIRST_ROWS: usize = 64;

/// What all connections to one source share.
pub(crate) struct Desk {
    driver: Arc<dyn Driver>,
    /// What the gateway lent.
    pub cx: Context,
    allow_writable: bool,
    /// What the last opened connection told.
    told: Mutex<Told>,
    door: Door,
}

/// What a server told of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Product and version.
    pub server: String,
    /// Whether the login may write.
    pub access: Option<Access>,
    /// For each dataset how it is brought up to date.
    pub modes: std::collections::BTreeMap<String, crate::Mode>,
    /// For each dataset since when change tracking could not say what changed, and everything was read instead.
    pub gaps: std::collections::BTreeMap<String, jiff::Timestamp>,
}

impl Desk {
    /// For a source. `allow_writable`: a login that may write is used all the same.
    pub(crate) fn new(driver: Arc<dyn Driver>, cx: Context, allow_writable: bool) -> Desk {
        Desk { driver, cx, allow_writable, told: Mutex::default(), door: Door::default() }
    }

    /// What is known of the server.
    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The terms of one request of a longer call.
    fn request(&self, call: &Call) -> Call {
        let own = Instant::now().checked_add(self.cx.budget.timeout().unwrap_or(LONGEST));
        let deadline = [own, call.deadline].into_iter().flatten().min();
        Call { stop: call.stop.clone(), deadline }
    }

    /// Asks the driver for something of the catalog. What it was asked is written down; the statements it sends for that
    /// are as well, each by itself ([`Desk::asides`]).
    fn catalog<T>(&self, what: &str, purpose: Purpose, ask: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let begun = Instant::now();
        let result = ask();
        self.cx.audit.sent(&Sent {
            source: self.cx.source.clone(),
            dataset: String::new(),
            purpose,
            what: what.to_owned(),
            millis: millis(begun.elapsed()),
            rows: 0,
            fault: result.as_ref().err().map(|f| f.code.clone()),
        });
        result
    }

    /// Writes down what a driver sends of its own, for whatever its lane is about at that moment.
    fn asides(&self, about: &Arc<Mutex<Purpose>>) -> Asides {
        let (source, audit, about) = (self.cx.source.clone(), self.cx.audit.clone(), about.clone());
        Asides::new(move |aside| {
            audit.sent(&Sent {
                source: source.clone(),
                dataset: String::new(),
                purpose: *about.lock().unwrap_or_else(PoisonError::into_inner),
                what: format!("(driver) {}", aside.what),
                millis: millis(aside.took),
                rows: aside.rows,
                fault: aside.fault.map(str::to_owned),
            });
        })
    }

    /// Opens a connection and looks at its login. The caller has leave.
    fn open(&self, purpose: Purpose, asides: &Asides, call: &Call) -> Result<Box<dyn Link>, Fault> {
        let open = || self.catalog("(connect)", purpose, || self.driver.open_telling(call, asides));
        let mut link = self.door.pass(call, open)?;
        let access = self.catalog("(permissions of the login)", purpose, || link.access(call))?;
        let source = &self.cx.source;
        {
            let mut told = self.told();
            told.server = link.server();
            if told.access.as_ref() != Some(&access) {
                match &access {
                    Access::ReadOnly => tracing::info!(%source, "the login may only read"),
                    Access::MayWrite(why) => tracing::warn!(%source, "the login may write: {why}"),
                    Access::Unknown(why) => {
                        tracing::warn!(%source, "the server cannot say whether the login may write: {why}")
                    }
                }
            }
            told.access = Some(access.clone());
        }
        match access {
            Access::MayWrite(why) if !self.allow_writable => Err(Fault::permanent(
                "writable-login",
                format!(
                    "the login of {source} may write: {why}. Give it a login that may only SELECT, or say \
                     `allow_writable_login: true` on the source"
                ),
            )),
            _ => Ok(link),
        }
    }
}

/// One connection, or the place for one.
pub(crate) struct Lane {
    desk: Arc<Desk>,
    link: Option<Box<dyn Link>>,
    opened: Instant,
    used: Instant,
    answer: Option<Answer>,
    /// One state of the database is being read: the connection must stay the same.
    pinned: bool,
    /// What the request under way is for.
    about: Arc<Mutex<Purpose>>,
}

/// An answer being read.
struct Answer {
    dataset: String,
    purpose: Purpose,
    what: String,
    took: Duration,
    rows: u64,
}

impl Lane {
    /// A lane without a connection.
    pub(crate) fn new(desk: Arc<Desk>) -> Lane {
        let about = Arc::new(Mutex::new(Purpose::Probe));
        Lane { desk, link: None, opened: Instant::now(), used: Instant::now(), answer: None, pinned: false, about }
    }

    /// True while its connection may be used without being opened first.
    pub(crate) fn fresh(&self) -> bool {
        let file = |l: &dyn Link| matches!(l.dialect(), Dialect::Sqlite | Dialect::Bare);
        let current = |l: &dyn Link| !file(l) || self.opened.elapsed() < FILE_OPEN;
        self.used.elapsed() < IDLE && self.link.as_ref().is_some_and(|l| l.usable() && current(&**l))
    }

    /// The dialect of its server.
    pub(crate) fn dialect(&mut self, purpose: Purpose, call: &Call) -> Result<Dialect, Fault> {
        self.work(purpose, call, |link, _| Ok(link.dialect()))
    }

    /// A table as the catalog has it.
    pub(crate) fn table(
        &mut self,
        name: &TableName,
        purpose: Purpose,
        call: &Call,
    ) -> Result<Option<TableInfo>, Fault> {
        let schema = name.schema.as_ref().map(|s| format!("{s}.")).unwrap_or_default();
        let desk = self.desk.clone();
        self.work(purpose, call, |link, call| {
            desk.catalog(&format!("(catalog) {schema}{}", name.name), purpose, || link.table(name, call))
        })
    }

    /// A table's foreign keys.
    pub(crate) fn references(
        &mut self,
        name: &TableName,
        purpose: Purpose,
        call: &Call,
    ) -> Result<Option<Vec<ReferenceInfo>>, Fault> {
        let schema = name.schema.as_ref().map(|s| format!("{s}.")).unwrap_or_default();
        let desk = self.desk.clone();
        self.work(purpose, call, |link, call| {
            let what = format!("(catalog) references of {schema}{}", name.name);
            desk.catalog(&what, purpose, || link.references(name, call))
        })
    }

    /// Tables and views.
    pub(crate) fn tables(&mut self, purpose: Purpose, call: &Call) -> Result<Vec<TableInfo>, Fault> {
        let desk = self.desk.clone();
        self.work(purpose, call, |link, call| desk.catalog("(catalog) tables", purpose, || link.tables(call)))
    }

    /// Sends a statement; the answer's columns.
    pub(crate) fn select(
        &mut self,
        text: Text,
        dataset: &str,
        purpose: Purpose,
        call: &Call,
    ) -> Result<Vec<Column>, Fault> {
        self.close(None);
        let vouched = text.is_vouched();
        let statement = text.checked()?;
        let what = if vouched { format!("(unchecked) {}", statement.sql) } else { statement.sql.clone() };
        // Without leave, or without a connection, it is not sent.
        let mut sent = None;
        let result = self.work(purpose, call, |link, call| {
            sent = Some(Instant::now());
            link.select(&statement, call)
        });
        if let Some(took) = sent.map(|at| at.elapsed()) {
            self.answer = Some(Answer { dataset: dataset.to_owned(), purpose, what, took, rows: 0 });
        }
        if let Err(fault) = &result {
            self.close(Some(&fault.code));
        }
        result
    }

    /// Reads on in the answer, about `most` rows or `bytes` bytes; false once there are no more rows.
    pub(crate) fn fetch(
        &mut self,
        (most, bytes): (usize, usize),
        into: &mut Sink<'_>,
        purpose: Purpose,
        call: &Call,
    ) -> Result<bool, Fault> {
        let before = into.rows();
        let mut took = Duration::ZERO;
        let result = self.work(purpose, call, |link, call| {
            let begun = Instant::now();
            let more = fill(link, (most, bytes), into, call);
            took = begun.elapsed();
            more
        });
        if let Some(answer) = &mut self.answer {
            answer.rows += into.rows() - before;
            answer.took += took;
        }
        match &result {
            Ok(true) => {}
            Ok(false) => self.close(None),
            Err(fault) => self.close(Some(&fault.code)),
        }
        result
    }

    /// The next record of the open answer, if there is one: the server has sent it already, so that it needs no leave.
    pub(crate) fn peek(&mut self, into: &mut Sink<'_>, call: &Call) -> Result<(), Fault> {
        let before = into.rows();
        let request = self.desk.request(call);
        let (Some(link), Some(answer)) = (&mut self.link, &mut self.answer) else { return Ok(()) };
        let begun = Instant::now();
        let mut read = Ok(true);
        while read == Ok(true) && into.rows() == before {
            read = link.fetch(1, into, &request);
        }
        answer.rows += into.rows() - before;
        answer.took += begun.elapsed();
        read.map(drop)
    }

    /// Gives up an answer that is still open, and with it the connection: only so is the server sure to stop.
    pub(crate) fn give_up(&mut self) {
        if self.answer.is_some() || self.pinned {
            self.close(Some("given-up"));
            (self.link, self.pinned) = (None, false);
        }
    }

    /// A connection is held.
    pub(crate) fn is_open(&self) -> bool {
        self.link.is_some()
    }

    /// Ends the connection: nothing of it shall be left at the server.
    pub(crate) fn hang_up(&mut self) {
        self.close(Some("given-up"));
        (self.link, self.pinned) = (None, false);
    }

    /// Begins or ends reading one state of the database; whether the server promises it.
    pub(crate) fn one_state(&mut self, begin: bool, purpose: Purpose, call: &Call) -> Result<bool, Fault> {
        if !begin && !self.pinned {
            return Ok(false);
        }
        let promised = self.work(purpose, call, |link, call| link.one_state(begin, call))?;
        self.pinned = begin && promised;
        Ok(promised)
    }

    /// Ends an answer that was read as far as it was wanted; the connection stays, and the server holds nothing for it.
    pub(crate) fn enough(&mut self) {
        if self.answer.is_some()
            && let Some(link) = &mut self.link
        {
            let call = Call { stop: Stop::default(), deadline: Instant::now().checked_add(ENOUGH) };
            // One that cannot even do that is opened anew.
            if link.enough(&call).is_err() {
                self.link = None;
            }
        }
        self.close(None);
    }

    /// One request, with leave, on an open connection.
    fn work<T>(
        &mut self,
        purpose: Purpose,
        call: &Call,
        ask: impl FnOnce(&mut dyn Link, &Call) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let desk = self.desk.clone();
        let permit = desk.cx.budget.permit(purpose, call)?;
        let request = desk.request(call);
        *self.about.lock().unwrap_or_else(PoisonError::into_inner) = purpose;
        if self.answer.is_none() && !self.pinned && !self.fresh() {
            self.link = None;
        }
        let link = match &mut self.link {
            Some(link) => link,
            None if self.pinned => {
                self.pinned = false;
                let message = "the connection was lost in the midst of a pass that reads one state of the database";
                return Err(Fault::transient("source-lost", message));
            }
            None => {
                self.opened = Instant::now();
                self.link.insert(desk.open(purpose, &desk.asides(&self.about), &request)?)
            }
        };
        let result = ask(&mut **link, &request);
        self.used = Instant::now();
        if result.is_ok() && self.answer.is_none() {
            // Of an answer only its beginning: how long the rest takes says nothing of the server's state.
            permit.answered();
        } else if result.is_err() && !link.usable() {
            self.link = None;
        }
        result
    }

    /// Writes the answer down.
    fn close(&mut self, fault: Option<&str>) {
        if let Some(answer) = self.answer.take() {
            self.desk.cx.audit.sent(&Sent {
                source: self.desk.cx.source.clone(),
                dataset: answer.dataset,
                purpose: answer.purpose,
                what: answer.what,
                millis: millis(answer.took),
                rows: answer.rows,
                fault: fault.map(str::to_owned),
            });
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// Asks for a few rows first: how wide they are is known only then.
fn fill(link: &mut dyn Link, (most, bytes): (usize, usize), into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault> {
    let start = into.rows();
    let mut chunk = most.min(FIRST_ROWS);
    loop {
        let more = link.fetch(chunk, into, call)?;
        let rows = usize::try_from(into.rows() - start).unwrap_or(usize::MAX);
        let weight = into.weight();
        if !more || rows >= most || weight >= bytes {
            return Ok(more);
        }
        let width = (weight / rows.max(1)).max(1);
        chunk = ((bytes - weight) / width).clamp(1, most - rows);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.give_up();
    }
}
