//! A session on a terminal: acts become bytes, once; pictures come from the line.

use super::carrier::Carrier;
use super::charset::Charset;
use super::config::Term;
use super::keys;
use super::line::Line;
use crate::map::Key;
use crate::picture::{At, Picture};
use crate::refusals::{DISCONNECTED, NOT_ENCODABLE, NOT_SENT, NOT_TYPEABLE, READ_BACK, TOO_LONG};
use crate::transport::{Act, Session, Text};
use banyan_adapter::{Call, Fault};
use std::sync::Arc;
use std::time::Instant;

/// What decides which bytes are sent.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) term: Term,
    pub(super) charset: Charset,
    pub(super) backspace: Option<u8>,
}

pub(super) struct VtSession {
    line: Arc<Line>,
    manner: Manner,
    carrier: Box<dyn Carrier>,
}

impl VtSession {
    pub(super) fn new(line: Arc<Line>, manner: Manner, carrier: Box<dyn Carrier>) -> VtSession {
        VtSession { line, manner, carrier }
    }

    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        match self.line.ended() {
            // Nothing was sent, but a new session is what helps.
            Some(why) => Err(Fault::transient(DISCONNECTED, format!("the session has ended: {why}"))),
            None => self.carrier.send(bytes),
        }
    }

    fn press(&mut self, key: Key) -> Result<(), Fault> {
        let Manner { term, charset, backspace } = &self.manner;
        let bytes = keys::bytes(key, *term, *backspace, self.line.modes(), charset)
            .map_err(|why| Fault::permanent(NOT_SENT, format!("`{key}` was not sent: {why}")))?;
        self.send(bytes)
    }

    fn typed(&mut self, text: &Text) -> Result<(), Fault> {
        let mut bytes = Vec::with_capacity(text.plain.len());
        for (place, c) in text.plain.chars().enumerate() {
            // A secret's characters are not told, not even one.
            let named = if text.secret { "a character".to_owned() } else { format!("{c:?}") };
            if c.is_control() {
                let message = format!("{named}, number {} of what was to be typed, would act as a key", place + 1);
                return Err(Fault::permanent(NOT_TYPEABLE, message));
            }
            if self.manner.charset.encode(c, &mut bytes).is_none() {
                let message =
                    format!("{named}, number {} of what was to be typed, is not in the line's encoding", place + 1);
                return Err(Fault::permanent(NOT_ENCODABLE, message));
            }
        }
        if bytes.is_empty() { Ok(()) } else { self.send(bytes) }
    }

    fn fill(&mut self, at: At, len: Option<u16>, text: &Text) -> Result<(), Fault> {
        let length = text.plain.chars().count();
        if let Some(len) = len.filter(|len| length > usize::from(*len)) {
            let message = format!(
                "{length} characters do not fit the field at row {}, column {}, which holds {len}",
                at.row, at.column
            );
            return Err(Fault::permanent(TOO_LONG, message));
        }
        let cursor = self.line.cursor();
        if cursor != at {
            let message = format!(
                "the cursor stands at row {}, column {}, not in the field at row {}, column {}; a terminal of this kind \
                 cannot move it by itself: press the keys that lead there",
                cursor.row, cursor.column, at.row, at.column
            );
            return Err(Fault::permanent(READ_BACK, message));
        }
        self.typed(text)
    }
}

impl Session for VtSession {
    fn look(&mut self) -> Result<Picture, Fault> {
        Ok(self.line.picture())
    }

    fn settle(&mut self, since: u64, until: Instant, call: &Call) -> Result<Picture, Fault> {
        Ok(self.line.settle(since, until, call))
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        match act {
            Act::Press(key) => self.press(*key),
            Act::Type(text) => self.typed(text),
            Act::FillAt { at, len, text } => self.fill(*at, *len, text),
            Act::Click(element) | Act::FillIn { element, .. } => {
                Err(Fault::permanent(NOT_SENT, format!("a terminal has no element `{element}`; it is for web pages")))
            }
        }
    }

    fn close(self: Box<Self>) {
        self.carrier.close();
    }
}
