//! What is typed: made from a flow's pieces and checked before anything is typed.
//!
//! Invariant: a value that does not fit is refused, never cut and never changed.

use super::{Login, find};
use crate::map::{Field, Finder, Flow, Given, Map, Piece, Step};
use crate::refusals;
use crate::transport::Text;
use banyan_adapter::Fault;

/// The texts of one step.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// For each of [`Step::set`].
    pub(crate) set: Vec<Text>,
    /// What is typed at the cursor, unless it is nothing.
    pub(crate) typed: Option<Text>,
}

/// Checks what a flow is given and makes the texts of all its steps.
pub(crate) fn texts(map: &Map, flow: &Flow, given: &[(String, String)], login: &Login) -> Result<Vec<Texts>, Fault> {
    check_given(flow, given)?;
    flow.steps.iter().map(|step| step_texts(map, step, given, login)).collect()
}

/// The texts of a step.
pub(crate) fn step_texts(map: &Map, step: &Step, given: &[(String, String)], login: &Login) -> Result<Texts, Fault> {
    let screen = step.on.first().and_then(|n| map.screens.get(*n));
    let mut set = Vec::with_capacity(step.set.len());
    for (no, pieces) in &step.set {
        let mut text = compose(pieces, given, login)?;
        if let Some(field) = screen.and_then(|s| s.fields.get(*no)) {
            text.secret |= field.hidden;
            check(field, &text)?;
        }
        set.push(text);
    }
    let typed = if step.typed.is_empty() { None } else { Some(compose(&step.typed, given, login)?) };
    Ok(Texts { set, typed })
}

/// A text from its pieces; secret if one of them is.
pub(crate) fn compose(pieces: &[Piece], given: &[(String, String)], login: &Login) -> Result<Text, Fault> {
    let mut text = Text { plain: String::new(), secret: false };
    for piece in pieces {
        match piece {
            Piece::Plain(part) => {
                text.plain.push_str(&part.plain);
                text.secret |= part.secret;
            }
            Piece::Given(name) => match (given.iter().find(|(n, _)| n == name), name.as_str()) {
                (Some((_, value)), _) => text.plain.push_str(value),
                (None, "user") => text.plain.push_str(&login.user.plain),
                (None, "password") => {
                    text.plain.push_str(&login.password.plain);
                    text.secret = true;
                }
                (None, name) => return Err(unfit(format!("the flow was not given `{name}`"))),
            },
        }
    }
    match text.plain.chars().position(char::is_control) {
        Some(n) => Err(Fault::permanent(
            refusals::NOT_TYPEABLE,
            format!("character {} of the text is a control character; nothing was typed", n + 1),
        )),
        None => Ok(text),
    }
}

/// What a map says of a field: its length, and whether it takes digits only.
fn check(field: &Field, text: &Text) -> Result<(), Fault> {
    let most = match &field.find {
        Finder::Area(area) => Some(area.len),
        Finder::Label { len, .. } => *len,
        _ => None,
    };
    fits(&field.name, text, most)?;
    if field.numeric { numeric(&field.name, text) } else { Ok(()) }
}

/// Refuses a text that is longer than its field.
pub(crate) fn fits(name: &str, text: &Text, most: Option<u16>) -> Result<(), Fault> {
    let cells = find::cells_of(&text.plain);
    match most.filter(|most| cells > usize::from(*most)) {
        Some(most) => Err(Fault::permanent(
            refusals::TOO_LONG,
            format!("the value for `{name}` takes {cells} cells, the field has {most}; nothing was typed"),
        )),
        None => Ok(()),
    }
}

/// Refuses a text that is no number; an empty one clears the field.
pub(crate) fn numeric(name: &str, text: &Text) -> Result<(), Fault> {
    let only = text.plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | ','));
    if text.plain.is_empty() || (only && text.plain.contains(|c: char| c.is_ascii_digit())) {
        return Ok(());
    }
    let value = if text.secret { "the value".to_owned() } else { format!("`{}`", text.plain) };
    Err(Fault::permanent(refusals::NOT_NUMERIC, format!("`{name}` takes digits only, not {value}; nothing was typed")))
}

fn check_given(flow: &Flow, given: &[(String, String)]) -> Result<(), Fault> {
    if let Some((name, _)) = given.iter().find(|(n, _)| flow.given.iter().all(|(g, _)| g != n)) {
        return Err(unfit(format!("the flow `{}` takes no `{name}`", flow.name)));
    }
    for (name, kind) in &flow.given {
        let mut values = given.iter().filter(|(n, _)| n == name);
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            return Err(unfit(format!("the flow `{}` wants `{name}` exactly once", flow.name)));
        };
        check_type(name, *kind, value)?;
    }
    Ok(())
}

fn check_type(name: &str, kind: Given, value: &str) -> Result<(), Fault> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (good, what) = match kind {
        Given::Text => (true, ""),
        Given::Integer => (digits(unsigned), "a whole number"),
        Given::Decimal => match unsigned.split_once('.') {
            Some((whole, part)) => (digits(whole) && digits(part), "a decimal number"),
            None => (digits(unsigned), "a decimal number"),
        },
        Given::Date => {
            let shape = value.len() == 10;
            if shape && value.parse::<jiff::civil::Date>().is_ok() {
                return Ok(());
            }
            return Err(unfit(format!("`{name}` is to be a date like 2026-07-31, not `{value}`")));
        }
    };
    if good {
        return Ok(());
    }
    Err(Fault::permanent(refusals::NOT_NUMERIC, format!("`{name}` is to be {what}, not `{value}`; nothing was typed")))
}

fn unfit(message: String) -> Fault {
    Fault::permanent(refusals::UNFIT, format!("{message}; nothing was typed"))
}
