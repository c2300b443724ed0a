//! Runs flows: recognises, acts, waits, reads back, reads, verifies, and finds the way home.
//!
//! Invariant: nothing is sent unless exactly one screen was recognised and the flow allows it there; a commit is sent once;
//! every wait and every way is bounded. An error of [`run`] says that no commit was sent.
//! Not here: how keys travel ([`crate::transport`]), which session is used, and what is done about an error (the pool).

mod log;

pub use crate::source::Login;
pub use log::{Both, Event, Log, NoLog, picture_hash, shown};

use crate::map::{Cell, End, FlowNo, Map, ScreenNo};
use crate::picture::At;
use crate::refusals;
use crate::transport::Session;
use banyan_adapter::{Call, Fault, Probed};
use jiff::Timestamp;

/// What a run is lent.
pub struct Means<'a> {
    /// The map.
    pub map: &'a Map,
    /// Who logs in.
    pub login: &'a Login,
    /// Tells the time, for the log. Waiting goes by the machine's steady clock.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// The caller's terms. Once a commit was sent they no longer count: what came of it is waited for, `within` the
    /// step's time.
    pub call: &'a Call,
    /// Is told everything: trace and audit.
    pub log: &'a mut dyn Log,
}

/// What a run brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// How it ended. Records count only with [`End::Done`].
    pub end: End,
    /// What was read, in the order of the screens.
    pub records: Vec<Record>,
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// A value for each of [`crate::map::Flow::columns`]: without the blanks around it, empty where the cells are blank;
    /// `None` where the screen lacks the cell ([`refusals::MISSING_VALUE`]).
    pub values: Vec<Option<String>>,
    /// Where the record begins.
    pub place: Cell,
    /// Where each of its values stood.
    pub cells: Vec<Place>,
}

/// Where one value stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The screen.
    pub screen: ScreenNo,
    /// The first cell, of a grid.
    pub at: Option<At>,
    /// Which page of a paged table, from 1.
    pub page: u32,
}

/// Takes the records of a page. Its error ends the run.
pub type Sink<'a> = dyn FnMut(Vec<Record>) -> Result<(), Fault> + 'a;

/// Runs a flow: finds the way to its start (login flow, exits), does its steps, and where a commit is in doubt verifies it
/// in this session if that still gets to the start of the verifying flow.
///
/// An error says that no commit was sent: it may be tried again, if it is transient. After a commit was sent the answer is
/// always an [`End`].
pub fn run(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
) -> Result<Ran, Fault> {
    let mut records = Vec::new();
    let end = run_into(session, means, flow, given, &mut |page| {
        records.extend(page);
        Ok(())
    })?;
    if end != End::Done {
        records.clear();
    }
    Ok(Ran { end, records })
}

/// As [`run`], with memory that stays flat however long a table is: each page goes to `sink` as it was read. Of what the
/// sink was given nothing may be used unless the answer is [`End::Done`].
pub fn run_into(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
    sink: &mut Sink<'_>,
) -> Result<End, Fault> {
    let _ = (session, means, flow, given, sink);
    Err(Fault::transient(refusals::FAILED, "the engine is being built"))
}

/// Whether the commit of a flow that was given this happened, asked by its `verify` flow. For a commit in doubt whose own
/// session is gone, with a new session.
pub fn verify(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
) -> Result<Probed, Fault> {
    let _ = (session, means, flow, given);
    Err(Fault::transient(refusals::FAILED, "the engine is being built"))
}

/// Brings the session to where it rests ([`Map::rest`]), by the login flow and by exits: also after it was opened. On an
/// error ([`refusals::NO_WAY_HOME`], [`refusals::LOGIN_REFUSED`], …) the caller closes the session.
pub fn go_home(session: &mut dyn Session, means: &mut Means<'_>) -> Result<(), Fault> {
    let _ = (session, means);
    Err(Fault::transient(refusals::NO_WAY_HOME, "the engine is being built"))
}

/// Presses the pool's keep-alive key, on the resting screen and nowhere else, and waits for that screen.
pub fn keep_alive(session: &mut dyn Session, means: &mut Means<'_>) -> Result<(), Fault> {
    let _ = (session, means);
    Err(Fault::transient(refusals::NO_WAY_HOME, "the engine is being built"))
}
