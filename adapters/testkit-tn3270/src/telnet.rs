//! TELNET as 3270 uses it: commands, sub-negotiations, and records ended by IAC EOR.
//!
//! Invariant: takes any bytes in any portions; what it holds back is bounded.

pub(crate) const IAC: u8 = 255;
pub(crate) const DONT: u8 = 254;
pub(crate) const DO: u8 = 253;
pub(crate) const WONT: u8 = 252;
pub(crate) const WILL: u8 = 251;
pub(crate) const SB: u8 = 250;
pub(crate) const SE: u8 = 240;
pub(crate) const EOR: u8 = 239;

pub(crate) const BINARY: u8 = 0;
pub(crate) const TERMINAL_TYPE: u8 = 24;
pub(crate) const END_OF_RECORD: u8 = 25;
pub(crate) const TN3270E: u8 = 40;
pub(crate) const START_TLS: u8 = 46;

/// More than any record of a 24 by 80 terminal can have.
const MOST: usize = 64 * 1024;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// WILL, WONT, DO or DONT, and its option.
    Option(u8, u8),
    /// A sub-negotiation, option first.
    Sub(Vec<u8>),
    /// A record, without IAC EOR.
    Record(Vec<u8>),
    /// Another command: NOP, break, interrupt.
    Command(u8),
    /// More than a record or sub-negotiation may have: the connection is of no use any more.
    TooLong,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Data,
    Iac,
    Verb(u8),
    Sub,
    SubIac,
}

/// Takes bytes apart.
#[derive(Default)]
pub struct Parser {
    state: State,
    record: Vec<u8>,
    sub: Vec<u8>,
}

impl Parser {
    /// Takes one byte; an event, if it completes one.
    pub fn take(&mut self, byte: u8) -> Option<Event> {
        let state = std::mem::take(&mut self.state);
        match (state, byte) {
            (State::Data, IAC) => self.state = State::Iac,
            (State::Data, _) | (State::Iac, IAC) => self.record.push(byte),
            (State::Iac, EOR) => return Some(Event::Record(std::mem::take(&mut self.record))),
            (State::Iac, SB) => self.state = State::Sub,
            (State::Iac, WILL..=DONT) => self.state = State::Verb(byte),
            (State::Iac, _) => return Some(Event::Command(byte)),
            (State::Verb(verb), _) => return Some(Event::Option(verb, byte)),
            (State::Sub, IAC) => self.state = State::SubIac,
            (State::SubIac, SE) => return Some(Event::Sub(std::mem::take(&mut self.sub))),
            (State::Sub | State::SubIac, _) => {
                self.sub.push(byte);
                self.state = State::Sub;
            }
        }
        (self.record.len() > MOST || self.sub.len() > MOST).then(|| {
            self.record.clear();
            self.sub.clear();
            Event::TooLong
        })
    }
}

/// A record as it goes over the line.
pub(crate) fn framed(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len() + 8);
    for &byte in record {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
    out.extend([IAC, EOR]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Event> {
        let mut parser = Parser::default();
        bytes.iter().filter_map(|b| parser.take(*b)).collect()
    }

    #[test]
    fn records_commands_and_escapes() {
        assert_eq!(all(&framed(&[1, IAC, 2])), [Event::Record(vec![1, IAC, 2])]);
        assert_eq!(all(&[IAC, WILL, 25, IAC, 241]), [Event::Option(WILL, 25), Event::Command(241)]);
        assert_eq!(all(&[IAC, SB, 24, 0, IAC, IAC, IAC, SE]), [Event::Sub(vec![24, 0, IAC])]);
        assert_eq!(all(&vec![7; MOST + 1]), [Event::TooLong]);
    }
}
