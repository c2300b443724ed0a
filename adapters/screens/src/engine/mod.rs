//! Runs flows: recognises, acts, waits, reads back, reads, verifies, and finds the way home.
//!
//! Invariant: nothing is sent unless exactly one screen was recognised and the flow allows it there; a commit is sent once;
//! every wait and every way is bounded. An error of [`run`] says that no commit was sent.
//! Not here: how keys travel ([`crate::transport`]), which session is used, and what is done about an error (the pool).

mod act;
mod door;
mod find;
mod hands;
mod home;
mod log;
mod read;
mod recognise;
mod run;
mod table;
mod values;
mod wait;

pub use crate::source::Login;
pub use door::{Door, OpenDoor};
pub(crate) use find::cells_of;
pub(crate) use log::Fnv;
pub use log::{Both, Brought, Event, Log, NoLog, picture_hash, shown};
pub use recognise::{Seen, recognise};
pub(crate) use recognise::{glyphs, holds, places, row_cells, rows};

use crate::drift;
use crate::map::{Cell, End, FlowNo, Map, Press, ScreenNo};
use crate::picture::At;
use crate::refusals;
use crate::transport::Session;
use banyan_adapter::{Call, Fault, Probed};
use hands::Hands;
use jiff::Timestamp;
use run::Task;
use wait::Want;

/// What a run is lent.
pub struct Means<'a> {
    /// The map.
    pub map: &'a Map,
    /// Who logs in.
    pub login: &'a Login,
    /// Lets the login pass.
    pub door: &'a dyn Door,
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
    let (end, whole) = drive(session, means, flow, given, &mut |page| {
        records.extend(page);
        Ok(())
    })?;
    if end != End::Done || !whole {
        records.clear();
    }
    Ok(Ran { end, records })
}

/// As [`run`], with memory that stays flat however long a table is: each page goes to `sink` as it was read. Of what the
/// sink was given nothing may be used unless the answer is [`End::Done`]. Not for flows that commit.
pub fn run_into(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
    sink: &mut Sink<'_>,
) -> Result<End, Fault> {
    if means.map.flows.get(flow).is_some_and(|f| f.steps.iter().any(|s| s.commit)) {
        return Err(Fault::permanent(refusals::NOT_SENT, "a flow that commits is not read page by page"));
    }
    drive(session, means, flow, given, sink).map(|(end, _)| end)
}

/// The end, and whether every step was done (and so everything was read).
fn drive(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
    sink: &mut Sink<'_>,
) -> Result<(End, bool), Fault> {
    let name = means.map.flows.get(flow).map(|f| f.name.as_str());
    let mut hands = begin(session, means, name, given);
    let task = Task::new(hands.map, flow, given, hands.means.login, true);
    let mut brought = Brought::default();
    let ran = task.as_ref().map_err(Fault::clone).and_then(|task| {
        hands.go(task.flow.start)?;
        hands.steps(task, &mut |page| {
            brought.add(&page);
            sink(page)
        })
    });
    let (end, whole) = match (ran, &task) {
        (Ok(end), _) => (end, true),
        (Err(fault), Ok(task)) if hands.committed => {
            hands.stopped(&fault);
            (hands.doubt(task.flow, given, &fault), false)
        }
        (Err(fault), _) => {
            hands.stopped(&fault);
            return Err(fault);
        }
    };
    if end != End::Done || !whole {
        brought = Brought::default();
    }
    hands.ended(&end, &brought);
    Ok((end, whole))
}

/// Whether the commit of a flow that was given this happened, asked by its `verify` flow. For a commit in doubt whose own
/// session is gone, with a new session.
pub fn verify(
    session: &mut dyn Session,
    means: &mut Means<'_>,
    flow: FlowNo,
    given: &[(String, String)],
) -> Result<Probed, Fault> {
    let Some(verify) = means.map.flows.get(flow).and_then(|f| f.verify.as_ref()) else {
        return Ok(Probed::CannotTell("the flow has no `verify`".to_owned()));
    };
    let name = means.map.flows.get(verify.flow).map(|f| f.name.as_str());
    // As the run of the flow that looks: so its trace can be replayed.
    let with = run::asked(verify, given, means.login)?;
    let mut hands = begin(session, means, name, &with);
    match hands.probe(verify, given, &with) {
        Ok((probed, end, brought)) => {
            hands.ended(&end, &brought);
            Ok(probed)
        }
        Err(fault) => {
            hands.stopped(&fault);
            Err(fault)
        }
    }
}

/// Brings the session to where it rests ([`Map::rest`]), by the login flow and by exits: also after it was opened. On an
/// error ([`refusals::NO_WAY_HOME`], [`refusals::LOGIN_REFUSED`], …) the caller closes the session.
pub fn go_home(session: &mut dyn Session, means: &mut Means<'_>) -> Result<(), Fault> {
    home(session, means).map_err(|fault| {
        let own = [refusals::LOGIN_REFUSED, refusals::DISCONNECTED, refusals::GIVEN_UP, refusals::HOST_DOWN];
        if own.contains(&fault.code.as_str()) || fault.code == refusals::NO_WAY_HOME || drift::is_drift(&fault.code) {
            return fault;
        }
        Fault { message: format!("the session did not get home: {fault}"), code: refusals::NO_WAY_HOME.into(), ..fault }
    })
}

/// The way home, with the fault that ended it as it was.
pub(crate) fn home(session: &mut dyn Session, means: &mut Means<'_>) -> Result<(), Fault> {
    let mut hands = begin(session, means, None, &[]);
    let rest = hands.map.rest;
    hands.go(rest).inspect_err(|fault| hands.stopped(fault))
}

/// Presses the pool's keep-alive key, on the resting screen and nowhere else, and waits for that screen.
pub fn keep_alive(session: &mut dyn Session, means: &mut Means<'_>) -> Result<(), Fault> {
    let Some((key, _)) = means.map.pool.keep_alive else { return Ok(()) };
    let mut hands = begin(session, means, None, &[]);
    let kept = |hands: &mut Hands<'_, '_>| {
        let (now, rest) = (hands.here()?, hands.map.rest);
        if now.screen != rest {
            let what =
                format!("`{}` is shown where the session should rest; nothing was pressed", hands.name(now.screen));
            return Err(Fault::transient(refusals::NO_WAY_HOME, what));
        }
        let before = hands.press(&Press::Key(key), &[rest], now, false)?;
        hands.wait(&before, Want::Any, None)?;
        match hands.here()? {
            now if now.screen == rest => Ok(()),
            now => Err(Fault::transient(
                refusals::NO_WAY_HOME,
                format!("the keep-alive key led to `{}`", hands.name(now.screen)),
            )),
        }
    };
    kept(&mut hands).inspect_err(|fault| hands.stopped(fault))
}

fn begin<'h, 'a>(
    session: &'h mut dyn Session,
    means: &'h mut Means<'a>,
    flow: Option<&str>,
    given: &[(String, String)],
) -> Hands<'h, 'a> {
    let mut hands = Hands::new(session, means);
    let login = hands.means.login;
    let (user, password) = (login.user.plain.as_str(), login.password.plain.chars().count());
    hands.tell(&Event::Began { map: hands.map, flow, given, user, password });
    hands
}
