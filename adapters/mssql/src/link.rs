//! A connection, for callers that block.
//!
//! Invariant: every call comes back within a tenth of a second after its `call` is over. After that, or after any fault
//! that leaves the wire in doubt, the connection is gone: the server is told to stop, and then hears nothing more.

use crate::describe::Described;
use crate::faults::Complaint;
use crate::session::{self, Answer, Ask, FAREWELL, Reply, Wire};
use crate::{access, catalog, cells, params, types};
use banyan_adapter::{Call, Fault};
use banyan_sql::{Access, Asides, Dialect, Link, ReferenceInfo, Sink, Statement, TableInfo, TableName};
use banyan_words::Column;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tiberius::{ColumnData, ColumnType, Row};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// How often a waiting call asks whether it is over.
const TICK: Duration = Duration::from_millis(50);
/// A fetch ends early once it has appended about so many bytes.
const FETCH_BYTES: usize = 8 << 20;

/// Returns once the call is over.
pub(crate) async fn over(call: &Call) {
    while !call.is_over() {
        let left = call.deadline.map_or(TICK, |at| at.saturating_duration_since(Instant::now()).min(TICK));
        tokio::time::sleep(left.max(Duration::from_millis(1))).await;
    }
}

/// A connection's task and the thread-bound runtime that drives it.
pub(crate) struct Room {
    runtime: Runtime,
    task: JoinHandle<()>,
    asks: mpsc::Sender<Ask>,
    answers: mpsc::Receiver<Reply>,
    stop: Arc<Notify>,
    /// An answer is open, or a question unanswered.
    busy: bool,
}

impl Room {
    pub(crate) fn new(runtime: Runtime, wire: Wire) -> Room {
        let (asks, asked) = mpsc::channel(1);
        let (answer, answers) = mpsc::channel(1);
        let stop = Arc::new(Notify::new());
        let task = runtime.spawn(session::serve(wire, asked, answer, stop.clone()));
        Room { runtime, task, asks, answers, stop, busy: false }
    }

    /// Ends the connection without waiting; the server is told to stop where it may still be working.
    fn leave(self) {
        let Room { runtime, task, asks, answers, stop, busy } = self;
        if !busy {
            // Not dropped: dropping a runtime is not allowed on every thread.
            return runtime.shutdown_background();
        }
        stop.notify_one();
        let farewell = move || {
            let _ = runtime.block_on(async { tokio::time::timeout(FAREWELL * 2, task).await });
            drop((asks, answers));
            runtime.shutdown_background();
        };
        if let Err(error) = std::thread::Builder::new().name("mssql-farewell".into()).spawn(farewell) {
            tracing::warn!(%error, "a server could not be told to stop");
        }
    }
}

/// How long a login without rights on single tables is believed to have none.
const BELIEVED: Duration = Duration::from_secs(600);

/// When the login last had no right to write to any single table; shared by all connections of a driver.
pub(crate) type TablesAsked = Arc<Mutex<Option<Instant>>>;

/// A connection to SQL Server.
pub(crate) struct MssqlLink {
    room: Option<Room>,
    server: String,
    complaint: Complaint,
    described: Described,
    asked: TablesAsked,
    asides: Asides,
    /// Transactions read one state of the database.
    snapshot: bool,
}

impl MssqlLink {
    pub(crate) fn new(
        room: Room,
        server: String,
        complaint: Complaint,
        asked: TablesAsked,
        asides: Asides,
        snapshot: bool,
    ) -> MssqlLink {
        MssqlLink { room: Some(room), server, complaint, described: Described::default(), asked, asides, snapshot }
    }

    pub(crate) fn tables_asked_lately(&self) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|at| at.elapsed() < BELIEVED)
    }

    pub(crate) fn tables_asked(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn part(&mut self) {
        if let Some(room) = self.room.take() {
            room.leave();
        }
    }

    fn ask(&mut self, ask: Ask, call: &Call, doing: &str) -> Result<Answer, Fault> {
        let Some(room) = self.room.as_mut() else {
            return Err(self.complaint.transient("mssql-lost", "the connection was given up after a fault"));
        };
        if call.is_over() {
            return Err(self.complaint.transient("mssql-timeout", &format!("given up before {doing}")));
        }
        room.busy = true;
        let (asks, answers) = (&room.asks, &mut room.answers);
        let reply = room.runtime.block_on(async {
            if asks.send(ask).await.is_err() {
                return Some(None);
            }
            tokio::select! {
                biased;
                reply = answers.recv() => Some(reply),
                () = over(call) => None,
            }
        });
        match reply {
            None => {
                self.part();
                Err(self.complaint.over(doing))
            }
            Some(None) => {
                self.part();
                Err(self.complaint.permanent("mssql-protocol", "the protocol library failed on the server's answer"))
            }
            Some(Some(Ok(answer))) => {
                room.busy = !matches!(answer, Answer::Rows(_, false));
                Ok(answer)
            }
            Some(Some(Err(error))) => {
                room.busy = false;
                if session::fatal(&error) {
                    self.part();
                }
                Err(self.complaint.answering(&error))
            }
        }
    }

    fn open(
        &mut self,
        sql: String,
        params: Vec<ColumnData<'static>>,
        call: &Call,
    ) -> Result<Vec<(String, ColumnType)>, Fault> {
        match self.ask(Ask::Select(sql, params), call, "waiting for the answer to begin")? {
            Answer::Columns(columns) => Ok(columns),
            Answer::Rows(..) => Err(self.out_of_step()),
        }
    }

    fn rows(&mut self, most: usize, call: &Call) -> Result<(Vec<Row>, bool), Fault> {
        match self.ask(Ask::Fetch(most), call, "reading rows")? {
            Answer::Rows(rows, more) => Ok((rows, more)),
            Answer::Columns(_) => Err(self.out_of_step()),
        }
    }

    fn out_of_step(&mut self) -> Fault {
        self.part();
        self.complaint.permanent("mssql-protocol", "answers came out of step")
    }

    /// All rows of a statement of ours whose answer is small. The audit is told.
    pub(crate) fn all(&mut self, sql: &str, params: Vec<ColumnData<'static>>, call: &Call) -> Result<Vec<Row>, Fault> {
        let begun = Instant::now();
        let all = self.gather(sql, params, call);
        self.asides.tell(sql, begun, all.as_ref().map(|rows| rows.len() as u64).map_err(|f| f.code.as_str()));
        all
    }

    fn gather(&mut self, sql: &str, params: Vec<ColumnData<'static>>, call: &Call) -> Result<Vec<Row>, Fault> {
        self.open(sql.to_owned(), params, call)?;
        let mut all = Vec::new();
        loop {
            let (rows, more) = self.rows(usize::MAX, call)?;
            all.extend(rows);
            if !more {
                return Ok(all);
            }
        }
    }

    /// What the server says of the statement's columns: once for each text and connection.
    fn describe(&mut self, sql: &str, params: &[ColumnData<'static>], call: &Call) -> Result<(), Fault> {
        if self.described.knows(sql) {
            return Ok(());
        }
        let (ask, with) = Described::question(sql, params);
        match self.all(ask, with, call) {
            Ok(rows) => self.described.learn(sql, Some(&rows)),
            // Servers before 2012, relatives of SQL Server, and statements they cannot describe: the wire tells most.
            Err(fault) if fault.code == "mssql-statement" || fault.code == "mssql-permission" => {
                self.described.learn(sql, None);
            }
            Err(fault) => return Err(fault),
        }
        Ok(())
    }
}

impl Link for MssqlLink {
    fn dialect(&self) -> Dialect {
        Dialect::Tsql
    }

    fn server(&self) -> String {
        self.server.clone()
    }

    fn select(&mut self, statement: &Statement, call: &Call) -> Result<Vec<Column>, Fault> {
        let params: Vec<ColumnData<'static>> =
            statement.params.iter().zip(1..).map(|(p, n)| params::bound(p, n)).collect::<Result<_, _>>()?;
        self.describe(&statement.sql, &params, call)?;
        if let Some(why) = self.described.unreadable(&statement.sql) {
            return Err(self.complaint.permanent("mssql-text", &why));
        }
        let wire = self.open(statement.sql.clone(), params, call)?;
        let known = self.described.types(&statement.sql, &wire);
        let column = |(i, (name, ty)): (usize, (String, ColumnType))| {
            let ty = known.as_ref().and_then(|k| k.get(i).cloned()).unwrap_or_else(|| types::of_wire(ty));
            Column { name, ty }
        };
        Ok(wire.into_iter().enumerate().map(column).collect())
    }

    fn fetch(&mut self, most: usize, into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault> {
        let (first, enough) = (into.rows(), into.weight().saturating_add(FETCH_BYTES));
        loop {
            let left = most.saturating_sub((into.rows() - first) as usize);
            let (rows, more) = self.rows(left, call)?;
            rows.iter().for_each(|row| cells::put(row, into));
            if !more {
                return Ok(false);
            }
            if into.rows() - first >= most as u64 || into.weight() >= enough {
                return Ok(true);
            }
        }
    }

    fn tables(&mut self, call: &Call) -> Result<Vec<TableInfo>, Fault> {
        catalog::tables(self, call)
    }

    fn table(&mut self, table: &TableName, call: &Call) -> Result<Option<TableInfo>, Fault> {
        catalog::table(self, table, call)
    }

    fn references(&mut self, table: &TableName, call: &Call) -> Result<Option<Vec<ReferenceInfo>>, Fault> {
        catalog::references(self, table, call).map(Some)
    }

    fn access(&mut self, call: &Call) -> Result<Access, Fault> {
        access::access(self, call)
    }

    fn one_state(&mut self, begin: bool, call: &Call) -> Result<bool, Fault> {
        // Without snapshot isolation a transaction would promise nothing, or hold locks.
        if !self.snapshot {
            return Ok(false);
        }
        self.all(if begin { "BEGIN TRANSACTION" } else { "COMMIT TRANSACTION" }, Vec::new(), call)?;
        Ok(true)
    }

    fn usable(&self) -> bool {
        self.room.as_ref().is_some_and(|room| !room.task.is_finished())
    }
}

impl Drop for MssqlLink {
    fn drop(&mut self) {
        self.part();
    }
}
