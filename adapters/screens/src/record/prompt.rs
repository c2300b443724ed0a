//! The recorder's own line, in place of the screen's last row.

use super::notes::Marked;
use crate::map::Key;
use crate::picture::{Area, At};

/// Cells of a field whose length nobody said.
const LENGTH: u16 = 20;

/// What a person decided.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The screen's name.
    Name(String),
    Field(FieldAnswer),
    /// Finish; the flow's name.
    Finish(String),
    Discard,
    /// The hot key itself is meant for the far side.
    Send,
    Back,
}

/// A field as it was marked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldAnswer {
    name: String,
    hidden: bool,
    /// Without a place: where the cursor stands.
    place: Option<(At, u16)>,
}

impl FieldAnswer {
    pub(super) fn at(self, cursor: At) -> Marked {
        let (at, len) = self.place.unwrap_or((cursor, LENGTH));
        Marked { name: self.name, area: Area { at, len }, hidden: self.hidden }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Asked {
    #[default]
    What,
    Name,
    FieldName {
        hidden: bool,
    },
    FieldPlace {
        name: String,
        hidden: bool,
    },
    Flow,
}

/// What is asked, and what was typed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    asked: Asked,
    typed: String,
    told: Option<String>,
}

impl Prompt {
    /// The menu, with something to tell.
    pub(super) fn told(what: &str) -> Prompt {
        Prompt { told: Some(what.to_owned()), ..Prompt::default() }
    }

    /// What stands on the line.
    pub(super) fn line(&self, screen: Option<&str>) -> String {
        let question = match &self.asked {
            Asked::What => {
                let screen = screen.unwrap_or("no name yet");
                format!("[{screen}] n name  f field  h hidden field  q finish  d discard  ^] send  Esc back")
            }
            Asked::Name => "name of this screen: ".to_owned(),
            Asked::FieldName { .. } => "name of the field: ".to_owned(),
            Asked::FieldPlace { .. } => "row,column,length (empty: at the cursor): ".to_owned(),
            Asked::Flow => "name of what was done: ".to_owned(),
        };
        let told = self.told.as_ref().map(|t| format!("{t}: ")).unwrap_or_default();
        format!("{told}{question}{}", self.typed)
    }

    /// Takes a key; an answer when it is complete.
    pub(super) fn take(&mut self, key: Key) -> Option<Answer> {
        self.told = None;
        match (key, &self.asked) {
            (Key::Escape, _) => Some(Answer::Back),
            (Key::Ctrl(']'), Asked::What) => Some(Answer::Send),
            (Key::Char(c), Asked::What) => self.choose(c),
            (_, Asked::What) => None,
            (Key::Backspace, _) => {
                self.typed.pop();
                None
            }
            (Key::Char(c), _) => {
                self.typed.push(c);
                None
            }
            (Key::Enter, _) => self.answered(),
            _ => None,
        }
    }

    fn choose(&mut self, c: char) -> Option<Answer> {
        self.asked = match c.to_ascii_lowercase() {
            'n' => Asked::Name,
            'f' => Asked::FieldName { hidden: false },
            'h' => Asked::FieldName { hidden: true },
            'q' => Asked::Flow,
            'd' => return Some(Answer::Discard),
            _ => Asked::What,
        };
        None
    }

    fn answered(&mut self) -> Option<Answer> {
        let typed = std::mem::take(&mut self.typed);
        let named = name(&typed, &self.asked);
        match std::mem::take(&mut self.asked) {
            Asked::FieldPlace { name, hidden } if typed.trim().is_empty() => {
                Some(Answer::Field(FieldAnswer { name, hidden, place: None }))
            }
            Asked::FieldPlace { name, hidden } => {
                let place = place(&typed);
                if place.is_some() {
                    return Some(Answer::Field(FieldAnswer { name, hidden, place }));
                }
                self.told = Some("three numbers, such as 5,12,20".into());
                self.asked = Asked::FieldPlace { name, hidden };
                None
            }
            asked => match (named, asked) {
                (Some(name), Asked::Name) => Some(Answer::Name(name)),
                (Some(name), Asked::Flow) => Some(Answer::Finish(name)),
                (Some(name), Asked::FieldName { hidden }) => {
                    self.asked = Asked::FieldPlace { name, hidden };
                    None
                }
                (None, asked) => {
                    let taken = matches!(typed.trim(), "disconnected" | "none" | "user" | "password");
                    let told = if taken { "that name has a meaning of its own" } else { "small letters, digits and _" };
                    self.told = Some(told.into());
                    self.asked = asked;
                    None
                }
                _ => None,
            },
        }
    }
}

/// A name as maps have them. Screens share theirs with `expect`; fields that show become what a flow is given, where the
/// login's names are taken.
fn name(typed: &str, asked: &Asked) -> Option<String> {
    let name = typed.trim();
    let sound = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && match asked {
            Asked::Name => !["disconnected", "none"].contains(&name),
            Asked::FieldName { hidden } => *hidden || !["user", "password"].contains(&name),
            _ => true,
        };
    sound.then(|| name.to_owned())
}

fn place(typed: &str) -> Option<(At, u16)> {
    let mut numbers = typed.split(',').map(|n| n.trim().parse::<u16>().ok().filter(|n| *n > 0));
    let (row, column, len) = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some((At { row, column }, len))
}
