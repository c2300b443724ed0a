//! What was seen and done while a person worked: screens with their pictures, and the steps between them.
//!
//! Invariant: what was typed and not echoed is kept by its length alone.

use crate::map::Key;
use crate::picture::{Area, At, Grid};

/// Of so many cells in a hundred that show something, so many are the same where a screen was not named anew.
const ALIKE: usize = 80;

/// A place that a person marked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Marked {
    pub(super) name: String,
    pub(super) area: Area,
    pub(super) hidden: bool,
}

/// A screen, and what it showed whenever it was noted.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) pictures: Vec<Grid>,
    pub(super) fields: Vec<Marked>,
}

/// Something typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Typed {
    Text(String),
    /// It was not echoed.
    Secret,
}

/// Where a step led.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum To {
    Screen(usize),
    Disconnected,
}

/// A step, from one screen to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Step {
    pub(super) from: usize,
    pub(super) set: Vec<(String, Typed)>,
    pub(super) typed: Vec<Typed>,
    pub(super) press: Option<Key>,
    pub(super) to: Option<To>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) screens: Vec<Seen>,
    pub(super) steps: Vec<Step>,
    current: Option<usize>,
    pending: Step,
    /// What is being typed, and what was shown before.
    run: String,
    before: Option<Grid>,
    changed: bool,
}

impl Notes {
    /// The screen that is shown has this name.
    pub(super) fn name(&mut self, name: &str, grid: &Grid) {
        self.settle(grid);
        self.arrive(name, grid);
    }

    /// A field of the screen that was named last; false if none was.
    pub(super) fn field(&mut self, marked: Marked) -> bool {
        let Some(screen) = self.current.and_then(|no| self.screens.get_mut(no)) else { return false };
        screen.fields.retain(|f| f.name != marked.name);
        screen.fields.push(marked);
        self.changed = true;
        true
    }

    /// Whether anything was noted since this was asked last.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The name of the screen that was named last.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.and_then(|no| self.screens.get(no)).map(|s| s.name.as_str())
    }

    /// A key is about to be sent.
    pub(super) fn act(&mut self, key: Key, grid: &Grid) {
        match key {
            // A first letter that was no text was a command; what follows is something else.
            Key::Char(_) if self.run.chars().count() == 1 && self.is_command(grid) => {
                self.settle(grid);
                self.act(key, grid);
            }
            Key::Char(c) if !self.run.is_empty() => self.run.push(c),
            Key::Backspace if self.run.pop().is_some() => {}
            Key::Char(c) => {
                self.pass(grid);
                self.before = Some(grid.clone());
                self.run.push(c);
            }
            key => {
                self.settle(grid);
                self.pass(grid);
                self.pending.press = Some(key);
            }
        }
    }

    /// The far side ended the session.
    pub(super) fn disconnected(&mut self) {
        // Nothing tells any more whether it was echoed.
        let typed = std::mem::take(&mut self.run);
        match (typed.chars().next(), typed.chars().count()) {
            (Some(c), 1) if self.pending.press.is_none() => self.pending.press = Some(Key::Char(c)),
            (Some(_), _) => self.pending.typed.push(Typed::Secret),
            (None, _) => {}
        }
        self.close(To::Disconnected);
    }

    /// Nothing more comes; this is shown.
    pub(super) fn finish(&mut self, grid: Option<&Grid>) {
        if let Some(grid) = grid {
            self.settle(grid);
            self.pass(grid);
        }
    }

    /// In the midst of a text: what is shown need not come to rest before the next letter.
    pub(super) fn typing(&self) -> bool {
        self.run.chars().count() > 1
    }

    /// Something was pressed and nobody named what came of it: it gets a name, unless it is the screen before.
    fn pass(&mut self, grid: &Grid) {
        if self.current.is_none() {
            self.arrive("screen_1", grid);
        } else if self.pending.press.is_some() {
            let known = self.screens.iter().find(|s| s.pictures.iter().any(|p| alike(p, grid)));
            let name = known.map_or_else(|| format!("screen_{}", self.screens.len() + 1), |s| s.name.clone());
            self.arrive(&name, grid);
        }
    }

    fn arrive(&mut self, name: &str, grid: &Grid) {
        let no = self.screens.iter().position(|s| s.name == name).unwrap_or_else(|| {
            self.screens.push(Seen { name: name.to_owned(), pictures: Vec::new(), fields: Vec::new() });
            self.screens.len() - 1
        });
        if let Some(screen) = self.screens.get_mut(no).filter(|s| !s.pictures.contains(grid)) {
            screen.pictures.push(grid.clone());
        }
        self.close(To::Screen(no));
        self.current = Some(no);
        self.pending = Step { from: no, ..Step::default() };
    }

    fn close(&mut self, to: To) {
        self.changed = true;
        let mut step = std::mem::take(&mut self.pending);
        let did = step.press.is_some() || !step.typed.is_empty() || !step.set.is_empty();
        if did && self.current.is_some() {
            step.to = Some(to);
            self.steps.push(step);
        }
    }

    /// Decides what the letters were that were typed since the last key: a text, a secret, or a command of one letter.
    fn settle(&mut self, now: &Grid) {
        let run = std::mem::take(&mut self.run);
        let Some(before) = self.before.take().filter(|_| !run.is_empty()) else { return };
        let field = self.field_at(before.cursor);
        let hidden = field.as_ref().is_some_and(|f| f.hidden);
        match run.chars().next() {
            _ if echoed(&before, &run, now) && !hidden => self.typed(field, Typed::Text(run)),
            Some(c) if run.chars().count() == 1 && !hidden && glyphs(&before) != glyphs(now) => {
                self.pending.press = Some(Key::Char(c));
            }
            _ => self.typed(field, Typed::Secret),
        }
    }

    /// Whether the one letter typed so far did something else than stand there.
    fn is_command(&self, now: &Grid) -> bool {
        self.before.as_ref().is_some_and(|b| !echoed(b, &self.run, now) && glyphs(b) != glyphs(now))
            && !self.before.as_ref().and_then(|b| self.field_at(b.cursor)).is_some_and(|f| f.hidden)
    }

    fn typed(&mut self, field: Option<Marked>, typed: Typed) {
        match field {
            Some(field) => self.pending.set.push((field.name, typed)),
            None => self.pending.typed.push(typed),
        }
    }

    fn field_at(&self, at: At) -> Option<Marked> {
        let screen = self.current.and_then(|no| self.screens.get(no))?;
        screen.fields.iter().find(|f| f.area.at == at).cloned()
    }
}

/// Whether a text that was typed at the cursor of `before` stands there now.
fn echoed(before: &Grid, typed: &str, now: &Grid) -> bool {
    let len = u16::try_from(typed.chars().count()).unwrap_or(u16::MAX);
    now.text(Area { at: before.cursor, len }) == typed
}

fn glyphs(grid: &Grid) -> Vec<char> {
    grid.cells.iter().map(|c| c.glyph).collect()
}

fn alike(known: &Grid, now: &Grid) -> bool {
    let pairs = known.cells.iter().zip(&now.cells).filter(|(k, n)| k.glyph != ' ' || n.glyph != ' ');
    let (mut all, mut same) = (0, 0);
    pairs.for_each(|(k, n)| {
        all += 1;
        same += usize::from(k.glyph == n.glyph);
    });
    known.size == now.size && same * 100 >= all * ALIKE
}
