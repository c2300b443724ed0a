//! A trace as a far side: demands the very same acts, byte for byte, and shows the pictures that were recorded.
//!
//! Invariant: acts, pictures and failures come in the recorded order and no other. Of secrets the length must agree.

use super::line::{Head, Line, Told, What};
use crate::engine::{self, Brought, Login, Means, NoLog, OpenDoor, Ran};
use crate::map::{End, Map};
use crate::picture::Picture;
use crate::refusals;
use crate::transport::{Act, Session, Text, Transport};
use banyan_adapter::{Call, Fault};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

enum Item {
    Shows(Picture),
    Wants(What),
    Fails(Fault),
}

struct Left {
    items: VecDeque<Item>,
    now: Option<Picture>,
    number: usize,
}

/// A recorded far side. It opens as often as asked, always at the same place of the same story.
#[derive(Clone)]
pub struct Replay {
    head: Arc<Head>,
    ended: Arc<Result<String, Fault>>,
    /// How many records it brought, and their number.
    brought: Option<(u64, String)>,
    left: Arc<Mutex<Left>>,
}

impl Replay {
    /// Reads a trace's text.
    pub fn read(text: &str) -> Result<Replay, Fault> {
        let mut head = None;
        let mut ended = None;
        let mut brought = None;
        let mut items = VecDeque::new();
        let mut shown = None;
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let unsound = |why: &str| unusable(format!("line {} of the trace {why}", n + 1));
            let line: Line = serde_json::from_str(line).map_err(|e| unsound(&format!("cannot be read: {e}")))?;
            if head.is_none() != matches!(line, Line::Trace(_)) {
                return Err(unsound("is out of place: the first line, and no other, begins with `trace`"));
            }
            match line {
                Line::Trace(first) => head = Some(first),
                Line::Saw(saw) => {
                    let picture = saw.picture(shown.as_ref()).ok_or_else(|| unsound("shows no sound picture"))?;
                    shown = Some(picture.shown.clone());
                    items.push_back(Item::Shows(picture));
                }
                Line::Act(sent) => items.push_back(Item::Wants(sent.what)),
                Line::Failed(told) => items.push_back(Item::Fails(told.fault())),
                Line::Stopped(told) => ended = Some(Err(Told::fault(&told))),
                Line::Brought { records, digest } => brought = Some((records, digest)),
                Line::Ended(end) => {
                    ended = Some(Ok(end));
                    break;
                }
                Line::Then(_) => break,
            }
        }
        let head = head.ok_or_else(|| unusable("the trace is empty".to_owned()))?;
        if head.cut {
            return Err(unusable("the trace holds only the last of its run; record a whole one".to_owned()));
        }
        let ended = ended.ok_or_else(|| unusable("the trace does not tell how its run ended".to_owned()))?;
        let left = Left { items, now: None, number: 0 };
        Ok(Replay { head: Arc::new(head), ended: Arc::new(ended), brought, left: Arc::new(Mutex::new(left)) })
    }

    /// The flow that ran; `None`: the way home alone.
    pub fn flow(&self) -> Option<&str> {
        self.head.flow.as_deref()
    }

    /// What it was given.
    pub fn given(&self) -> &[(String, String)] {
        &self.head.given
    }

    /// The map that it ran by, with its version.
    pub fn map(&self) -> &str {
        &self.head.map
    }

    /// A login that types as many characters as the recorded one.
    pub fn login(&self) -> Login {
        let password = Text { plain: "*".repeat(self.head.password), secret: true };
        Login { user: Text { plain: self.head.user.clone(), secret: false }, password }
    }

    /// That all that was recorded was done.
    pub fn finish(&self) -> Result<(), Fault> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match left.items.iter().find_map(|i| if let Item::Wants(what) = i { Some(what) } else { None }) {
            Some(what) => {
                Err(differs(format!("after act {} the trace has {what:?}; the run did nothing more", left.number)))
            }
            None => Ok(()),
        }
    }
}

/// Runs the flow of a whole trace again, against what it recorded. Any difference is [`refusals::REPLAY_DIFFERS`], with
/// both sides; so is another end than the recorded one. A recorded fault that comes again is the answer.
pub fn replay(map: &Map, trace: &str) -> Result<Ran, Fault> {
    let recorded = Replay::read(trace)?;
    let no_flow = || unusable(format!("the map `{}` has no flow `{}`", map.name, recorded.flow().unwrap_or_default()));
    let flow = match recorded.flow() {
        Some(name) => Some(map.flow(name).ok_or_else(no_flow)?),
        None => None,
    };
    let (login, call) = (recorded.login(), Call::default());
    let clock = || Timestamp::UNIX_EPOCH;
    let mut means = Means { map, login: &login, door: &OpenDoor, clock: &clock, call: &call, log: &mut NoLog };
    let mut session = recorded.clone();
    let ran = match flow {
        Some(flow) => engine::run(&mut session, &mut means, flow, recorded.given()),
        None => engine::home(&mut session, &mut means).map(|()| Ran { end: End::Done, records: Vec::new() }),
    };
    if let Err(fault) = &ran
        && fault.code == refusals::REPLAY_DIFFERS
    {
        return ran;
    }
    recorded.finish()?;
    let now = ran.as_ref().map(|ran| format!("{:?}", ran.end)).map_err(|fault| fault.to_string());
    let then = recorded.ended.as_ref().clone().map_err(|fault| fault.to_string());
    if now != then {
        return Err(differs(format!("the trace ended with {then:?}, the run with {now:?}")));
    }
    if let (Some((records, digest)), Ok(ran)) = (&recorded.brought, &ran) {
        let mut now = Brought::default();
        now.add(&ran.records);
        if (now.records, &format!("{:016x}", now.digest())) != (*records, digest) {
            let (then, now) = (records, now.records);
            let what = if *then == now { "the same number, and other values".to_owned() } else { format!("{now}") };
            return Err(differs(format!("the trace's run read {then} records, this one {what}")));
        }
    }
    ran
}

impl Transport for Replay {
    fn open(&self, _: &Map, _: Option<&str>, _: &Call) -> Result<Box<dyn Session>, Fault> {
        Ok(Box::new(self.clone()))
    }
}

impl Replay {
    fn next(&mut self) -> Result<Picture, Fault> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match left.items.pop_front() {
            Some(Item::Shows(picture)) => {
                left.now = Some(picture.clone());
                Ok(picture)
            }
            Some(Item::Fails(fault)) => Err(fault),
            other => {
                // It was not looked at here when it was recorded: what was shown last is still shown.
                if let Some(item) = other {
                    left.items.push_front(item);
                }
                left.now.clone().ok_or_else(|| differs("the trace shows nothing at its beginning".to_owned()))
            }
        }
    }
}

impl Session for Replay {
    fn look(&mut self) -> Result<Picture, Fault> {
        self.next()
    }

    fn settle(&mut self, _: u64, _: Instant, _: &Call) -> Result<Picture, Fault> {
        self.next()
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let done = What::of(act);
        // It was looked at once more when it was recorded; but nothing new that was seen then may be passed over.
        while let (Some(Item::Shows(next)), Some(now)) = (left.items.front(), &left.now)
            && next.shown == now.shown
        {
            left.items.pop_front();
        }
        left.number += 1;
        let number = left.number;
        match left.items.front() {
            Some(Item::Wants(wanted)) if *wanted == done => {}
            Some(Item::Wants(wanted)) => {
                return Err(differs(format!("act {number}: the trace has {wanted:?}, the run does {done:?}")));
            }
            Some(_) => {
                let what = "the trace has a picture that the run did not wait for";
                return Err(differs(format!("act {number}: {what}, the run does {done:?}")));
            }
            None => return Err(differs(format!("act {number}: the trace has nothing more, the run does {done:?}"))),
        }
        left.items.pop_front();
        match left.items.front() {
            Some(Item::Fails(_)) => match left.items.pop_front() {
                Some(Item::Fails(fault)) => Err(fault),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn differs(what: String) -> Fault {
    Fault::permanent(refusals::REPLAY_DIFFERS, what)
}

fn unusable(what: String) -> Fault {
    Fault::permanent(refusals::REPLAY_DIFFERS, what)
}
