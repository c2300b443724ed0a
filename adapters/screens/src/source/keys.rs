//! What was sent to a session, for the audit: every key and text, with the screens they were sent to.
//!
//! Invariant: no secret is here, and what a flow was given stands as `$name`: the audit is kept for ever, and people can be
//! forgotten. Not here: the trace, which shows values and is kept for a while.

use crate::engine::{Event, Log};
use crate::transport::{Act, Text};
use jiff::Timestamp;
use std::fmt::Write;

/// Longer than this an entry is not: the rest goes into the next.
pub(super) const LONGEST: usize = 16 << 10;

/// See the module.
#[derive(Default)]
pub(super) struct Keys {
    given: Vec<(String, String)>,
    user: String,
    entry: String,
    full: Vec<String>,
    screen: Option<u64>,
}

impl Keys {
    /// Of a run that is given this. The user is no secret, and no name either.
    pub(super) fn new(given: &[(String, String)], user: &str) -> Keys {
        let mut given = given.to_vec();
        // The longest first: a value may be part of another.
        given.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Keys { given, user: user.to_owned(), ..Keys::default() }
    }

    /// The entries since it was last asked, each not too long.
    pub(super) fn take(&mut self) -> Vec<String> {
        let mut all = std::mem::take(&mut self.full);
        all.push(std::mem::take(&mut self.entry));
        all.retain(|e| !e.is_empty());
        // The next one stands alone.
        self.screen = None;
        all
    }

    fn shown(&self, text: &Text) -> String {
        if text.secret {
            return "(secret)".to_owned();
        }
        if !self.user.is_empty() && text.plain == self.user {
            return "$user".to_owned();
        }
        if let Some((name, _)) = self.given.iter().find(|(_, value)| *value == text.plain && !value.is_empty()) {
            return format!("${name}");
        }
        let mut shown = text.plain.clone();
        for (name, value) in self.given.iter().filter(|(_, value)| !value.is_empty()) {
            shown = shown.replace(value.as_str(), &format!("${name}"));
        }
        format!("{shown:?}")
    }

    fn put(&mut self, text: &str) {
        if self.entry.len() + text.len() > LONGEST {
            self.full.push(std::mem::take(&mut self.entry));
        }
        if !self.entry.is_empty() {
            self.entry.push(' ');
        }
        self.entry.push_str(text);
    }
}

impl Log for Keys {
    fn tell(&mut self, _: Timestamp, event: &Event<'_>) {
        let Event::Acts { act, screen, before, commit } = event else { return };
        let mut told = String::new();
        if self.screen != Some(*before) {
            self.screen = Some(*before);
            let _ = write!(told, "[{screen} {before:016x}] ");
        }
        let _ = match act {
            Act::Press(key) => write!(told, "{key}"),
            Act::Click(element) => write!(told, "click {element}"),
            Act::Type(text) => write!(told, "type {}", self.shown(text)),
            Act::FillAt { at, text, .. } => write!(told, "fill {},{} {}", at.row, at.column, self.shown(text)),
            Act::FillIn { element, text } => write!(told, "fill {element} {}", self.shown(text)),
        };
        if *commit {
            told.push_str(" (commit)");
        }
        self.put(&told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Key;

    fn text(plain: &str, secret: bool) -> Text {
        Text { plain: plain.to_owned(), secret }
    }

    #[test]
    fn keys_are_whole_and_values_and_secrets_are_not_there() {
        let given = [("item".to_owned(), "4711".to_owned()), ("name".to_owned(), "Ada Lovelace".to_owned())];
        let mut keys = Keys::new(&given, "OPER1");
        let acts = [
            (Act::Type(text("STK", false)), 1),
            (Act::Type(text("4711", false)), 1),
            (Act::FillAt { at: (5, 7).into(), len: None, text: text("x Ada Lovelace 4711", false) }, 1),
            (Act::Type(text("hunter2", true)), 2),
            (Act::Type(text("OPER1", false)), 2),
            (Act::Press(Key::Pf(5)), 2),
        ];
        for (act, before) in &acts {
            let commit = matches!(act, Act::Press(_));
            keys.tell(Timestamp::UNIX_EPOCH, &Event::Acts { act, screen: "menu", before: *before, commit });
        }
        let expected = "[menu 0000000000000001] type \"STK\" type $item fill 5,7 \"x $name $item\" \
                        [menu 0000000000000002] type (secret) type $user PF5 (commit)";
        assert_eq!(keys.take(), [expected]);
    }

    #[test]
    fn a_long_run_is_several_entries_and_no_key_is_lost() {
        let mut keys = Keys::new(&[], "");
        for n in 0..5_000 {
            let act = Act::Press(Key::Pf(8));
            keys.tell(Timestamp::UNIX_EPOCH, &Event::Acts { act: &act, screen: "list", before: n, commit: false });
        }
        let entries = keys.take();
        assert!(entries.len() > 1 && entries.iter().all(|e| e.len() <= LONGEST));
        assert_eq!(entries.iter().map(|e| e.matches("PF8").count()).sum::<usize>(), 5_000);
    }
}
