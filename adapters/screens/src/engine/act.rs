//! One step's acts: sets fields, types, reads back, presses.
//!
//! Invariant: before every act exactly one screen is recognised, and it is one the step may act on; what was typed is read
//! back from the very picture that the press is sent from.

use super::find::{self, Spot};
use super::hands::{Hands, Now};
use super::values::{self, Texts};
use crate::map::{Field, Press, ScreenNo, Step, Wanted};
use crate::picture::{Area, Grid, Picture, Style};
use crate::refusals;
use crate::transport::{Act, Text};
use banyan_adapter::Fault;
use std::time::Instant;

/// Something typed that must stand there before anything is pressed.
struct Check<'m> {
    name: String,
    spot: Spot<'m>,
    text: Text,
    how: How,
}

/// How what was typed is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// The text must stand there.
    Text,
    /// As many characters must stand there.
    Length,
    /// Not at all.
    Not,
}

impl<'a> Hands<'_, 'a> {
    /// Does what a step does, up to and with its press. The answer is what was shown before the last act, or what is shown
    /// if there was none.
    pub(crate) fn do_step(&mut self, step: &Step, texts: &Texts, may_commit: bool) -> Result<Now, Fault> {
        if step.commit && self.committed {
            return Err(Fault::permanent(refusals::NOT_SENT, "a commit was sent already; it is not sent again"));
        }
        if step.commit && !may_commit {
            let what = "a flow that logs in or verifies, or a transient screen, commits nothing; nothing was pressed";
            return Err(Fault::permanent(refusals::NOT_SENT, what));
        }
        self.on(&step.on)?;
        let mut checks = Vec::new();
        for ((no, _), text) in step.set.iter().zip(&texts.set) {
            checks.push(self.fill(step, *no, text)?);
            self.read_back(step, checks.get(checks.len() - 1..).unwrap_or_default())?;
        }
        if let Some(text) = &texts.typed {
            checks.push(self.type_at_cursor(step, text)?);
            self.read_back(step, checks.get(checks.len() - 1..).unwrap_or_default())?;
        }
        if checks.len() > 1 {
            // A later field may have changed an earlier one.
            self.read_back(step, &checks)?;
        }
        let now = self.on(&step.on)?;
        match &step.press {
            Some(press) => self.press(press, &step.on, now, step.commit),
            None => Ok(now),
        }
    }

    /// Presses a key, or a button of a screen. The answer is what was shown before.
    pub(crate) fn press(&mut self, press: &Press, on: &[ScreenNo], now: Now, commit: bool) -> Result<Now, Fault> {
        let act = match press {
            Press::Key(key) => Act::Press(*key),
            Press::Button(no) => {
                let field = self.field(on, *no, &now)?;
                match self.spot(field, &now, false)? {
                    Spot::Element(element) => {
                        usable(&field.name, find::one(element, &now.picture)?.enabled)?;
                        Act::Click(element.clone())
                    }
                    Spot::Area(_) => return Err(missing(&field.name, "a terminal has no buttons")),
                }
            }
        };
        self.act(&act, commit)
    }

    /// What is shown, which must be a screen that the step may act on.
    fn on(&mut self, on: &[ScreenNo]) -> Result<Now, Fault> {
        let now = self.here()?;
        if on.is_empty() || on.contains(&now.screen) {
            return Ok(now);
        }
        let wanted: Vec<&str> = on.iter().map(|s| self.name(*s)).collect();
        let (wanted, shown) = (wanted.join(", "), self.name(now.screen));
        self.awaited = on.to_vec();
        if self.login().is_some_and(|(_, start)| start == now.screen) {
            let what = format!("`{shown}` came: a new login is asked for; nothing was sent");
            return Err(Fault::transient(refusals::SESSION_EXPIRED, what));
        }
        let what = format!("`{shown}` is shown where the step acts on {wanted}; nothing was sent");
        Err(Fault::transient(refusals::UNEXPECTED_SCREEN, what))
    }

    /// A field of the step's screen. Steps that may begin on several screens take the field of that name.
    fn field(&self, on: &[ScreenNo], no: usize, now: &Now) -> Result<&'a Field, Fault> {
        let first = self.map.screens.get(on.first().copied().unwrap_or(now.screen));
        let here = self.map.screens.get(now.screen);
        let named = first.and_then(|s| s.fields.get(no));
        let same = named.and_then(|f| here.and_then(|s| s.field(&f.name).and_then(|n| s.fields.get(n))));
        same.ok_or_else(|| missing("?", "the screen that is shown has no such field"))
    }

    fn spot(&self, field: &'a Field, now: &Now, input: bool) -> Result<Spot<'a>, Fault> {
        let Some(screen) = self.map.screens.get(now.screen) else { return Err(missing(&field.name, "no screen")) };
        find::locate(screen, &field.find, &now.picture, input).map_err(|mut fault| {
            fault.message = format!("the field `{}` of `{}`: {}", field.name, screen.name, fault.message);
            fault
        })
    }

    /// Fills a field.
    fn fill(&mut self, step: &Step, no: usize, text: &Text) -> Result<Check<'a>, Fault> {
        let now = self.on(&step.on)?;
        let field = self.field(&step.on, no, &now)?;
        let mut text = text.clone();
        text.secret |= field.hidden;
        let mut spot = self.spot(field, &now, true)?;
        let mut hidden = field.hidden;
        if field.numeric {
            values::numeric(&field.name, &text)?;
        }
        let act = match (&mut spot, now.picture.grid()) {
            (Spot::Area(area), Some(grid)) => {
                if let Some((style, room)) = input_at(&field.name, grid, *area, field.wanted)? {
                    area.len = area.len.min(room);
                    hidden |= style.has(Style::HIDDEN);
                    if style.has(Style::NUMERIC) {
                        values::numeric(&field.name, &text)?;
                    }
                }
                values::fits(&field.name, &text, Some(area.len))?;
                Act::FillAt { at: area.at, len: Some(area.len), text: text.clone() }
            }
            (Spot::Element(element), _) => {
                usable(&field.name, find::one(element, &now.picture)?.enabled)?;
                Act::FillIn { element: element.clone(), text: text.clone() }
            }
            _ => return Err(missing(&field.name, "it is not on a terminal")),
        };
        self.act(&act, false)?;
        let how = if !step.readback {
            How::Not
        } else if hidden {
            How::Length
        } else {
            How::Text
        };
        Ok(Check { name: field.name.clone(), spot, text, how })
    }

    /// Types where the cursor stands.
    fn type_at_cursor(&mut self, step: &Step, text: &Text) -> Result<Check<'a>, Fault> {
        let now = self.on(&step.on)?;
        let Some(grid) = now.picture.grid() else {
            return Err(Fault::permanent(refusals::NOT_SENT, "fields of a page are set by name; nothing was typed"));
        };
        let len = u16::try_from(find::cells_of(&text.plain)).unwrap_or(u16::MAX);
        let mut area = Area { at: grid.cursor, len };
        let known = self.map.screens.get(now.screen).and_then(|s| {
            s.fields.iter().find(|f| matches!(f.find, crate::map::Finder::Area(a) if covers(grid, a, grid.cursor)))
        });
        let mut hidden = known.is_some_and(|f| f.hidden);
        let name = known.map_or("the cursor", |f| f.name.as_str());
        let mut numeric = known.is_some_and(|f| f.numeric);
        if let Some((style, room)) = input_at(name, grid, area, Wanted::Input)? {
            values::fits(name, text, Some(room))?;
            // What was left of an older text behind the new one would be submitted with it.
            area.len = room;
            hidden |= style.has(Style::HIDDEN);
            numeric |= style.has(Style::NUMERIC);
        }
        if numeric {
            values::numeric(name, text)?;
        }
        let mut text = text.clone();
        text.secret |= hidden;
        self.act(&Act::Type(text.clone()), false)?;
        let how = if !step.readback {
            How::Not
        } else if hidden {
            How::Length
        } else {
            How::Text
        };
        Ok(Check { name: name.to_owned(), spot: Spot::Area(area), text, how })
    }

    /// Waits until what was typed stands there. A terminal that types into its own picture (3270) has it at once; others
    /// echo.
    fn read_back(&mut self, step: &Step, checks: &[Check<'_>]) -> Result<(), Fault> {
        let until = Instant::now() + step.within.unwrap_or(self.map.within);
        loop {
            let now = self.on(&step.on)?;
            let Some(wrong) = checks.iter().find(|c| !c.stands(&now.picture)) else { return Ok(()) };
            let local = now.picture.grid().is_some_and(|g| !g.fields.is_empty());
            if !local && Instant::now() < until {
                let later = self.settle(now.picture.revision, until)?;
                if later.revision > now.picture.revision {
                    continue;
                }
            }
            self.go_on()?;
            return Err(wrong.differs(&now.picture));
        }
    }
}

impl Check<'_> {
    fn stands(&self, picture: &Picture) -> bool {
        if self.how == How::Not {
            return true;
        }
        let Ok(there) = find::text_of(&self.spot, picture) else { return false };
        let full = |text: &str| text.chars().filter(|c| *c != ' ').count();
        match self.how {
            How::Length => {
                // Terminals without fields of their own often echo nothing at all of what is hidden.
                let echoes = picture.grid().is_none_or(|g| !g.fields.is_empty());
                full(&there) == full(&self.text.plain) || (!echoes && full(&there) == 0)
            }
            _ => there.trim_end() == self.text.plain.trim_end(),
        }
    }

    fn differs(&self, picture: &Picture) -> Fault {
        let there = find::text_of(&self.spot, picture).unwrap_or_default();
        let what = if self.text.secret || self.how == How::Length {
            "its length is not that of what was typed".to_owned()
        } else {
            format!("it holds `{}` where `{}` was typed", there.trim_end(), self.text.plain)
        };
        Fault::transient(refusals::READ_BACK, format!("the field `{}`: {what}; nothing was submitted", self.name))
    }
}

/// What the far side says of a place where something shall be typed: how its field is, and how many cells are left in it.
/// `None` of a terminal that knows no fields.
fn input_at(name: &str, grid: &Grid, area: Area, wanted: Wanted) -> Result<Option<(Style, u16)>, Fault> {
    if wanted == Wanted::Output {
        return Err(Fault::permanent(refusals::PROTECTED, format!("the map says that `{name}` is no input")));
    }
    if grid.fields.is_empty() {
        return Ok(None);
    }
    let span = find::span_at(grid, area.at).filter(|s| !s.style.has(Style::PROTECTED));
    let place = |at| grid.index(at).and_then(|i| u16::try_from(i).ok());
    let room = span.and_then(|s| Some((s.style, s.area.len - (place(area.at)? - place(s.area.at)?))));
    room.map(Some).ok_or_else(|| {
        let what = format!("nothing can be typed at row {}, column {} (`{name}`)", area.at.row, area.at.column);
        Fault::permanent(refusals::PROTECTED, what)
    })
}

fn covers(grid: &Grid, area: Area, at: crate::picture::At) -> bool {
    match (grid.index(area.at), grid.index(at)) {
        (Some(start), Some(place)) => (start..start + usize::from(area.len)).contains(&place),
        _ => false,
    }
}

fn usable(name: &str, enabled: bool) -> Result<(), Fault> {
    let fault = || Fault::permanent(refusals::PROTECTED, format!("`{name}` is there, but cannot be used"));
    enabled.then_some(()).ok_or_else(fault)
}

fn missing(name: &str, what: &str) -> Fault {
    Fault::permanent(refusals::FIELD_MISSING, format!("the field `{name}`: {what}"))
}
