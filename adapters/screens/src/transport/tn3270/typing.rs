//! What may be typed where, and how s3270 is told.

use crate::map::Key;
use crate::picture::{At, Grid, Style};
use crate::refusals;
use banyan_adapter::Fault;

/// The room at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Cells up to the field's end.
    pub(super) cells: usize,
    /// The field takes digits, sign and point.
    pub(super) numeric: bool,
}

/// The room at a place, from there to its field's end; a screen without fields is one field that ends with the screen.
pub(super) fn room(grid: &Grid, at: At) -> Result<Room, Fault> {
    let missing = || {
        let (rows, columns) = grid.size;
        let message = format!("{},{} is outside the screen of {rows} by {columns}", at.row, at.column);
        Fault::permanent(refusals::FIELD_MISSING, message)
    };
    let start = grid.index(at).ok_or_else(missing)?;
    let first = grid.cells.get(start).ok_or_else(missing)?;
    if first.style.has(Style::PROTECTED) {
        let message = format!("{},{} is protected: nothing can be typed there", at.row, at.column);
        return Err(Fault::permanent(refusals::PROTECTED, message));
    }
    let after = grid.cells.get(start..).unwrap_or_default();
    let formatted = !grid.fields.is_empty();
    let above = if formatted { grid.cells.as_slice() } else { &[] };
    let cells = after.iter().chain(above).take(grid.cells.len()).take_while(|c| !c.style.has(Style::ATTRIBUTE)).count();
    Ok(Room { cells, numeric: first.style.has(Style::NUMERIC) })
}

/// Whether a text may be typed into `cells` of a field. Its words never hold the text, which may be a secret.
pub(super) fn check(text: &str, cells: usize, numeric: bool) -> Result<(), Fault> {
    let count = text.chars().count();
    if text.chars().any(char::is_control) {
        let message = "the value has a control character, which would act as a key";
        return Err(Fault::permanent(refusals::NOT_TYPEABLE, message));
    }
    if count > cells {
        let message = format!("the value has {count} characters; its field has room for {cells}");
        return Err(Fault::permanent(refusals::TOO_LONG, message));
    }
    if numeric && !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '.') {
        let message = "the host says that the field takes digits only, and the value has other characters";
        return Err(Fault::permanent(refusals::NOT_NUMERIC, message));
    }
    Ok(())
}

/// Whether every EBCDIC code page has all of its characters (IBM's invariant set): then s3270 takes it as it is.
pub(super) fn invariant(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || " +<=>%&*\"'(),_-./:;?".contains(c))
}

/// The command that types a text. Quotes and backslashes go as octal numbers: how many backslashes s3270 takes before a
/// quote depends on what follows.
pub(super) fn string(text: &str) -> String {
    let mut command = String::with_capacity(text.len() + 10);
    command.push_str("String(\"");
    for c in text.chars() {
        match c {
            '"' => command.push_str("\\042"),
            '\\' => command.push_str("\\134"),
            c => command.push(c),
        }
    }
    command.push_str("\")");
    command
}

/// The command that presses a key, and whether the host is told of it (others stay in the terminal).
pub(super) fn press(key: Key) -> Option<(String, bool)> {
    let local = |name: &str| Some((format!("{name}()"), false));
    match key {
        Key::Enter | Key::Clear | Key::Attn | Key::SysReq => Some((format!("{key}()"), true)),
        Key::Pf(n) => Some((format!("PF({n})"), true)),
        Key::Pa(n) => Some((format!("PA({n})"), true)),
        Key::Reset | Key::Tab | Key::BackTab | Key::Home | Key::Up | Key::Down | Key::Left | Key::Right => {
            local(&key.to_string())
        }
        Key::End => local("FieldEnd"),
        Key::Delete => local("Delete"),
        Key::Backspace => local("Erase"),
        // Insert mode would push what stands behind into the next cells; the others a 3270 does not have.
        Key::Insert | Key::PageUp | Key::PageDown | Key::Escape | Key::F(_) | Key::Ctrl(_) | Key::Alt(_) => None,
        Key::Char(_) => None,
    }
}
