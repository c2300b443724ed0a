//! What a run tells of itself while it goes on: for the trace and for the audit.
//!
//! Invariant: an act is told before it is sent; secrets are told by their length alone ([`shown`]).

use crate::map::{End, Map, ScreenNo};
use crate::picture::{Picture, Shown};
use crate::transport::Act;
use banyan_adapter::Fault;
use jiff::Timestamp;
use std::sync::Arc;

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A flow begins: told once a run, before the way to its start; for [`super::go_home`] without a flow's name.
    Began {
        /// The map.
        map: &'a Map,
        /// The flow's name.
        flow: Option<&'a str>,
        /// What it is given.
        given: &'a [(String, String)],
        /// Who logs in.
        user: &'a str,
        /// How long the password is.
        password: usize,
    },
    /// The session showed a picture.
    Saw {
        /// The picture.
        picture: &'a Arc<Picture>,
        /// It was asked to wait (and not only to look).
        waited: bool,
    },
    /// An act is about to be sent.
    Acts {
        /// The act. Texts may be secret: use [`shown`].
        act: &'a Act,
        /// The screen that was recognised.
        screen: &'a str,
        /// [`picture_hash`] of what it showed.
        before: u64,
        /// It is a commit.
        commit: bool,
    },
    /// The transport failed, where a picture was to come or after an act.
    Failed {
        /// Its fault.
        fault: &'a Fault,
    },
    /// The run stops with this fault.
    Stopped {
        /// The fault.
        fault: &'a Fault,
        /// What was seen last.
        picture: Option<&'a Arc<Picture>>,
        /// The screens that were awaited.
        awaited: &'a [ScreenNo],
    },
    /// A picture for people, as PNG, of a run that stopped.
    Photo {
        /// Its bytes.
        png: &'a [u8],
    },
    /// The run ended.
    Ended {
        /// How.
        end: &'a End,
        /// What it brought.
        brought: &'a Brought,
    },
}

/// What a run brought, as a count and a number: equal records in equal order have equal numbers, also in years to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Records.
    pub records: u64,
    hash: Fnv,
}

impl Brought {
    /// Adds records.
    pub fn add(&mut self, records: &[super::Record]) {
        for record in records {
            self.records += 1;
            for value in &record.values {
                let text = value.as_deref();
                text.unwrap_or_default().bytes().for_each(|b| self.hash.number(u64::from(b)));
                self.hash.number(256 + u64::from(text.is_none()));
            }
        }
    }

    /// The number.
    pub fn digest(&self) -> u64 {
        self.hash.0
    }
}

/// Is told what a run does.
pub trait Log {
    /// One thing that happened.
    fn tell(&mut self, at: Timestamp, event: &Event<'_>);
}

/// Keeps nothing.
pub struct NoLog;

impl Log for NoLog {
    fn tell(&mut self, _: Timestamp, _: &Event<'_>) {}
}

/// Tells two.
pub struct Both<'a>(pub &'a mut dyn Log, pub &'a mut dyn Log);

impl Log for Both<'_> {
    fn tell(&mut self, at: Timestamp, event: &Event<'_>) {
        self.0.tell(at, event);
        self.1.tell(at, event);
    }
}

/// An act as traces and audit show it. `values`: texts that are no secrets are shown; otherwise, as of secrets, their
/// length alone.
pub fn shown(act: &Act, values: bool) -> String {
    let text = |t: &crate::transport::Text| {
        let length = t.plain.chars().count();
        if values && !t.secret { format!("{:?}", t.plain) } else { format!("({length} characters)") }
    };
    match act {
        Act::Press(key) => key.to_string(),
        Act::Click(element) => format!("click {element}"),
        Act::Type(typed) => format!("type {}", text(typed)),
        Act::FillAt { at, text: filled, .. } => format!("fill {},{} {}", at.row, at.column, text(filled)),
        Act::FillIn { element, text: filled } => format!("fill {element} {}", text(filled)),
    }
}

/// What a picture shows, as a number: equal pictures have equal numbers, also in years to come (FNV-1a, 64 bits).
pub fn picture_hash(picture: &Picture) -> u64 {
    let mut hash = Fnv::default();
    match &picture.shown {
        Shown::Grid(grid) => {
            hash.number(u64::from(grid.size.0) << 16 | u64::from(grid.size.1));
            grid.cells.iter().for_each(|c| hash.number(u64::from(u32::from(c.glyph))));
        }
        Shown::Page(page) => {
            for part in [&page.url, &page.title, &page.text] {
                part.bytes().for_each(|b| hash.number(u64::from(b)));
                hash.number(256);
            }
        }
        Shown::Disconnected => hash.number(1),
    }
    hash.0
}

/// FNV-1a over numbers: quick, and the same in every version of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn number(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
