//! How keys reach the far side and pictures come back.
//!
//! Invariant: a transport decides nothing. It sends what it is told, exactly once, and shows what came.
//! Not here: what a picture means, what may be sent when (the engine).

mod config;
pub mod tn3270;
pub mod vt;
pub mod web;

pub use config::Config;
pub(crate) use config::schema;

use crate::map::{ElementFinder, Key, Map};
use crate::picture::{At, Picture};
use banyan_adapter::{Call, Fault};
use std::fmt;
use std::time::Instant;

/// A text to be typed. Secrets are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// What is typed.
    pub plain: String,
    /// It is a secret: traces and audit show its length only.
    pub secret: bool,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str("Text(***)") } else { write!(f, "Text({:?})", self.plain) }
    }
}

/// One thing done to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Presses a key.
    Press(Key),
    /// Presses a button or follows a link (web).
    Click(ElementFinder),
    /// Types at the cursor.
    Type(Text),
    /// Replaces what stands in a field on a grid: the cursor is moved there where the terminal can do that (3270). Where
    /// it cannot (VT) the cursor must already stand there, else nothing is typed.
    FillAt {
        /// The field's first cell.
        at: At,
        /// Its length, where it is known: what was there is erased.
        len: Option<u16>,
        /// What it shall hold.
        text: Text,
    },
    /// Replaces what stands in an input of a page.
    FillIn {
        /// The input.
        element: ElementFinder,
        /// What it shall hold.
        text: Text,
    },
}

/// A way to reach far sides of one kind.
pub trait Transport: Send + Sync {
    /// Opens a session. `lu` is the logical unit to ask for, where the pool names some (3270).
    fn open(&self, map: &Map, lu: Option<&str>, call: &Call) -> Result<Box<dyn Session>, Fault>;

    /// What tells the login that opening a session makes from any other one: user and secrets. Empty: opening logs nobody in.
    fn login(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// One open conversation with the far side. Blocks its thread; used by one transaction at a time.
pub trait Session: Send {
    /// What it shows now, without waiting.
    fn look(&mut self) -> Result<Picture, Fault>;

    /// Waits for the far side to do something after revision `since` and come to rest; at `until`, or when the call is
    /// over, gives up and returns what it shows then: whoever gets a picture that is not newer, or not at rest, has waited
    /// for nothing and does not ask again. A session that ended shows [`crate::picture::Shown::Disconnected`].
    fn settle(&mut self, since: u64, until: Instant, call: &Call) -> Result<Picture, Fault>;

    /// Does one thing. An error with code [`crate::refusals::NOT_SENT`] or one about the text itself says that nothing
    /// reached the far side; after any other it is unknown.
    fn act(&mut self, act: &Act) -> Result<(), Fault>;

    /// A picture for people, as PNG bytes, where the transport can make one (web).
    fn photograph(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Ends it. Dropping does the same without waiting.
    fn close(self: Box<Self>) {}
}
