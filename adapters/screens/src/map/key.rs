//! Keys, as maps write them.

use super::FieldNo;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A key that terminals have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    /// `Enter`.
    Enter,
    /// `Clear` (3270).
    Clear,
    /// `PF1` to `PF24` (3270).
    Pf(u8),
    /// `PA1` to `PA3` (3270).
    Pa(u8),
    /// `Attn` (3270).
    Attn,
    /// `SysReq` (3270).
    SysReq,
    /// `Reset` (3270): unlocks the keyboard after an operator error.
    Reset,
    /// `Tab`.
    Tab,
    /// `BackTab`.
    BackTab,
    /// `Home`.
    Home,
    /// `End`.
    End,
    /// `Up`.
    Up,
    /// `Down`.
    Down,
    /// `Left`.
    Left,
    /// `Right`.
    Right,
    /// `PageUp`.
    PageUp,
    /// `PageDown`.
    PageDown,
    /// `Insert`.
    Insert,
    /// `Delete`.
    Delete,
    /// `Backspace`.
    Backspace,
    /// `Escape`.
    Escape,
    /// `F1` to `F24` (VT, web).
    F(u8),
    /// `Ctrl+X`.
    Ctrl(char),
    /// `Alt+X`.
    Alt(char),
    /// A single character: `q`.
    Char(char),
}

const NAMED: [(&str, Key); 19] = [
    ("Enter", Key::Enter),
    ("Clear", Key::Clear),
    ("Attn", Key::Attn),
    ("SysReq", Key::SysReq),
    ("Reset", Key::Reset),
    ("Tab", Key::Tab),
    ("BackTab", Key::BackTab),
    ("Home", Key::Home),
    ("End", Key::End),
    ("Up", Key::Up),
    ("Down", Key::Down),
    ("Left", Key::Left),
    ("Right", Key::Right),
    ("PageUp", Key::PageUp),
    ("PageDown", Key::PageDown),
    ("Insert", Key::Insert),
    ("Delete", Key::Delete),
    ("Backspace", Key::Backspace),
    ("Escape", Key::Escape),
];

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        if let Some((_, key)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*key);
        }
        let numbered = |prefix: &str, most: u8| {
            let number = text.strip_prefix(prefix).filter(|d| !d.starts_with('0'))?.parse().ok()?;
            (1..=most).contains(&number).then_some(number)
        };
        let single = |prefix: &str| {
            let mut rest = text.strip_prefix(prefix)?.chars();
            rest.next().filter(|_| rest.next().is_none())
        };
        if let Some(n) = numbered("PF", 24) {
            Ok(Key::Pf(n))
        } else if let Some(n) = numbered("PA", 3) {
            Ok(Key::Pa(n))
        } else if let Some(n) = numbered("F", 24) {
            Ok(Key::F(n))
        } else if let Some(c) = single("Ctrl+").filter(char::is_ascii) {
            Ok(Key::Ctrl(c.to_ascii_uppercase()))
        } else if let Some(c) = single("Alt+") {
            Ok(Key::Alt(c))
        } else if let Some(c) = single("").filter(|c| !c.is_control()) {
            Ok(Key::Char(c))
        } else {
            Err(format!(
                "`{text}` is not a key\nkeys are Enter, Clear, PF1 to PF24, PA1 to PA3, F1 to F24, Tab, Up, Ctrl+X, a single character …"
            ))
        }
    }
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Key, String> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.to_string()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Pf(n) => write!(f, "PF{n}"),
            Key::Pa(n) => write!(f, "PA{n}"),
            Key::F(n) => write!(f, "F{n}"),
            Key::Ctrl(c) => write!(f, "Ctrl+{c}"),
            Key::Alt(c) => write!(f, "Alt+{c}"),
            Key::Char(c) => write!(f, "{c}"),
            named => f.write_str(NAMED.iter().find(|(_, k)| k == named).map_or("", |(n, _)| n)),
        }
    }
}

/// What a step presses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key.
    Key(Key),
    /// A button or link of the screen (web), one of its fields.
    Button(FieldNo),
}
