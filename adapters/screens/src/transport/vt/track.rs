//! Where in the stream of a terminal's controls one is: in plain text, or in the midst of a sequence.
//!
//! Invariant: a string control (a title, say) that does not end keeps no more than [`LONGEST`] bytes of memory.
//! Not here: what the sequences mean.

use memchr::memchr;

/// Bytes of a string control that are handed on; of one that is longer the rest is dropped.
pub(super) const LONGEST: usize = 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Text,
    Escape,
    /// After an escape with intermediate characters: one more follows.
    Designate,
    Control,
    /// In a string, and how long it is so far. A bell ends one of the operating system kind only.
    String(usize, Bell),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bell {
    Ends,
    Part,
}

/// What is to be done with a run of bytes.
#[derive(Debug, PartialEq)]
pub(super) enum Run {
    /// They go to the emulator.
    Pass(usize),
    /// They go to the emulator, and then its string is cancelled: it was too long.
    PassAndCancel(usize),
    /// They are dropped: the rest of such a string.
    Drop(usize),
}

/// Follows a stream.
#[derive(Debug, Default)]
pub(super) struct Track {
    state: State,
}

impl Track {
    /// Whether the stream is in the midst of a sequence.
    pub(super) fn midway(&self) -> bool {
        self.state != State::Text
    }

    /// Takes the next run of bytes. An empty run changes the state: what follows is to be taken again.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Run {
        if self.overlong() {
            return Run::Drop(self.skip(bytes));
        }
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.state == State::Text {
                let Some(escape) = memchr(0x1b, bytes.get(at..).unwrap_or_default()) else { break };
                at += escape + 1;
                self.state = State::Escape;
                continue;
            }
            self.state = after(self.state, *byte);
            at += 1;
            if self.overlong() {
                return Run::PassAndCancel(at);
            }
        }
        Run::Pass(bytes.len())
    }

    fn overlong(&self) -> bool {
        matches!(self.state, State::String(length, _) if length > LONGEST)
    }

    /// How many bytes are still of the string. An escape that ends it belongs to what follows.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            match after(self.state, *byte) {
                State::String(..) => {}
                State::Escape => {
                    self.state = State::Text;
                    return at;
                }
                next => {
                    self.state = next;
                    return at + 1;
                }
            }
        }
        bytes.len()
    }
}

fn after(state: State, byte: u8) -> State {
    match (state, byte) {
        (_, 0x1b) => State::Escape,
        (_, 0x18 | 0x1a) => State::Text,
        (State::Text, _) => State::Text,
        (State::Escape, b'[') => State::Control,
        (State::Escape, b']') => State::String(0, Bell::Ends),
        (State::Escape, b'P' | b'X' | b'^' | b'_') => State::String(0, Bell::Part),
        (State::Escape | State::Designate, 0x20..=0x2f) => State::Designate,
        // Other controls act even in the midst of a sequence.
        (State::Escape | State::Designate | State::Control, 0x00..=0x1f) => state,
        (State::Escape | State::Designate, _) => State::Text,
        (State::Control, 0x40..=0x7e) => State::Text,
        (State::Control, _) => State::Control,
        (State::String(_, Bell::Ends), 0x07) => State::Text,
        (State::String(length, bell), _) => State::String(length.saturating_add(1), bell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn midway(text: &str) -> bool {
        let mut track = Track::default();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (Run::Pass(n) | Run::PassAndCancel(n) | Run::Drop(n)) = track.take(rest);
            rest = &rest[n..];
        }
        track.midway()
    }

    #[test]
    fn sequences_end_where_they_end() {
        for whole in
            ["", "plain", "\x1b[2J", "\x1b(0", "\x1b]0;title\x07", "\x1bPq\x1b\\", "\x1b[2\x18", "\x1bM", "\x1b[\r1m"]
        {
            assert!(!midway(whole), "{whole:?}");
        }
        for part in ["\x1b", "\x1b[", "\x1b[12;", "\x1b(", "\x1b]0;ti", "\x1bPq\x07", "\x1b[0m\x1b"] {
            assert!(midway(part), "{part:?}");
        }
    }

    #[test]
    fn an_endless_string_is_dropped_until_it_ends() {
        let mut track = Track::default();
        let flood = format!("\x1b]0;{}", "x".repeat(5000));
        assert_eq!(track.take(flood.as_bytes()), Run::PassAndCancel(LONGEST + 3));
        assert_eq!(track.take(&[b'x'; 700]), Run::Drop(700));
        assert!(track.midway());
        assert_eq!(track.take(b"xx\x1b\\text"), Run::Drop(2));
        assert_eq!(track.take(b"\x1b\\text"), Run::Pass(6));
        assert!(!track.midway());
        track.take(flood.as_bytes());
        assert_eq!(track.take(b"x\x07text"), Run::Drop(2));
        assert!(!track.midway());
    }
}
