//! What is wrong with screens that are each well by themselves: alike, overlapping, without a way off.

use super::super::{Condition, ElementFinder, Expected, Finder, Flow, Screen, ScreenNo};
use super::Reader;
use super::step::screens_of;
use super::table::overlaps;
use crate::picture::Area;
use banyan_words::node::{join, join_index};
use std::collections::BTreeSet;

impl Reader<'_> {
    /// One screen by itself.
    pub(super) fn check_screen(&mut self, no: ScreenNo, said_nothing: bool, path: &str) {
        let Some(screen) = self.screens.get(no).cloned() else { return };
        if said_nothing {
            let hint = "say what is true of it and of no other: `match: { text: [{ at: [1, 2], is: SVM0201P }] }`";
            if !self.notes.partial(path) {
                self.notes.error("no-condition", path, "nothing says how this screen is known", hint);
            }
        }
        let columns = self.size.map_or(u16::MAX, |(_, columns)| columns);
        for (i, area) in screen.volatile.iter().enumerate() {
            if screen.conditions.iter().any(|c| covers(*area, c, columns)) {
                let message = "this screen is known by what stands here, so it cannot change without meaning";
                let at = join_index(&join(path, "volatile"), i);
                self.notes.error("volatile-condition", &at, message, "leave it out, or know the screen otherwise");
            }
        }
        for (i, field) in screen.fields.iter().enumerate() {
            let same = screen.fields.iter().take(i).find(|other| overlaps(&other.find, &field.find));
            if let Some(other) = same {
                let message = format!("`{}` and `{}` share cells", field.name, other.name);
                let at = join(&join(path, "fields"), &field.name);
                self.notes.error("fields-overlap", &at, message, "check places and lengths");
            }
        }
    }

    /// All screens and flows together.
    pub(super) fn check_together(&mut self, rest: Option<ScreenNo>, login: Option<usize>) {
        self.check_alike();
        for no in 0..self.screens.len() {
            self.check_exit(no, rest);
        }
        if let Some(rest) = rest {
            self.check_starts(rest, login);
        }
    }

    fn check_alike(&mut self) {
        let screens = self.screens.clone();
        let known = |s: &Screen, no| !s.conditions.is_empty() && !self.notes.partial(&self.screen_path(no));
        let sound: Vec<ScreenNo> =
            screens.iter().enumerate().filter(|(no, s)| known(s, *no)).map(|(no, _)| no).collect();
        for b in &sound {
            for a in &sound {
                let (Some(one), Some(other)) = (screens.get(*a), screens.get(*b)) else { continue };
                if a == b || !all_implied(&one.conditions, &other.conditions) {
                    continue;
                }
                let both = all_implied(&other.conditions, &one.conditions);
                if both && a > b {
                    continue; // told once
                }
                let message = format!("wherever `{}` is, `{}` would be recognised as well", other.name, one.name);
                let hint = format!("give `{}` a condition that `{}` does not meet", one.name, other.name);
                let at = join(&self.screen_path(*a), "match");
                self.notes.error("screens-alike", &at, message, hint);
            }
        }
    }

    /// Every screen has a way off it that ends where sessions rest, or in the session's end.
    fn check_exit(&mut self, no: ScreenNo, rest: Option<ScreenNo>) {
        let Some(screen) = self.screens.get(no).cloned() else { return };
        let path = self.screen_path(no);
        let said_none = |raw: &super::raw::RawScreen| raw.exit.as_ref().is_some_and(|n| n.as_text() == Some("none"));
        let none = self.written.get(no).and_then(Option::as_ref).is_some_and(said_none);
        if screen.transient.is_some() || rest == Some(no) || none || self.notes.partial(&path) {
            return;
        }
        let faulty = self.written.get(no).and_then(Option::as_ref).is_none_or(|raw| raw.exit.is_some());
        let Some(exit) = &screen.exit else {
            if !faulty {
                let hint =
                    "add `exit: { key: PF3, expect: menu }`; or `exit: none`: a session that stays here is then ended";
                self.notes.error("no-exit", &path, format!("`{}` has no safe exit", screen.name), hint);
            }
            return;
        };
        let (mut seen, mut open) = (BTreeSet::new(), vec![exit.expect.clone()]);
        while let Some(expect) = open.pop() {
            if expect.contains(&Expected::Disconnected) {
                return;
            }
            for next in screens_of(&expect) {
                let way = self.screens.get(next).map(|s| s.exit.clone());
                if rest == Some(next) || rest.is_none() || matches!(way, Some(None)) {
                    return; // home, or told at that screen
                }
                if seen.insert(next) {
                    open.extend(way.flatten().map(|e| e.expect));
                }
            }
        }
        if seen.first() != Some(&no) {
            return; // told at the first screen of the ring
        }
        let message = format!("the exits lead from `{}` round and never to where sessions rest", screen.name);
        self.notes.error(
            "no-way-home",
            &join(&path, "exit"),
            message,
            "let one of them lead there, or to `disconnected`",
        );
    }

    /// Every flow starts where the login, or an exit, can lead.
    fn check_starts(&mut self, rest: ScreenNo, login: Option<usize>) {
        if self.notes.faulty() {
            return;
        }
        let flows = self.flows.clone();
        let login = login.and_then(|no| flows.get(no));
        let mut reached = BTreeSet::from([rest]);
        reached.extend(login.map(|l| l.start));
        reached.extend(login.and_then(last_expected).unwrap_or_default());
        loop {
            let before = reached.len();
            let exits: Vec<ScreenNo> = reached
                .iter()
                .filter_map(|no| self.screens.get(*no)?.exit.as_ref())
                .flat_map(|exit| screens_of(&exit.expect))
                .collect();
            reached.extend(exits);
            if reached.len() == before {
                break;
            }
        }
        for flow in flows.iter().filter(|f| !reached.contains(&f.start)) {
            let name = |no: &ScreenNo| self.screens.get(*no).map_or("", |s| s.name.as_str()).to_owned();
            let known: Vec<String> = reached.iter().map(name).collect();
            let at = format!("{}.{}.start", self.at("flows"), flow.name);
            let message = format!("nothing leads to `{}`, where this flow starts", name(&flow.start));
            let hint = format!("start on {}, or let `login` end there", known.join(", "));
            self.notes.error("unreachable-start", &at, message, hint);
        }
    }
}

fn last_expected(flow: &Flow) -> Option<Vec<ScreenNo>> {
    flow.steps.iter().rev().find(|s| s.press.is_some()).map(|s| screens_of(&s.expect))
}

/// Whether an area that may change covers what a screen is known by.
fn covers(area: Area, condition: &Condition, columns: u16) -> bool {
    match condition {
        Condition::TextAt(at, text) => {
            let len = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
            let this = Finder::Area(Area { at: *at, len });
            overlaps(&this, &Finder::Area(area))
        }
        Condition::RowHas(row, _) | Condition::RowLike(Some(row), _) => {
            area.at.row == *row && area.at.column == 1 && area.len >= columns
        }
        _ => false,
    }
}

/// Whether a screen that meets all of `given` meets all of `wanted` as well.
fn all_implied(wanted: &[Condition], given: &[Condition]) -> bool {
    wanted.iter().all(|w| given.iter().any(|g| implies(g, w)))
}

/// Whether `given` cannot be true without `wanted`.
fn implies(given: &Condition, wanted: &Condition) -> bool {
    use Condition as C;
    match (given, wanted) {
        (C::TextAt(at, long), C::TextAt(place, short)) => {
            let skip = place.column.checked_sub(at.column).filter(|_| at.row == place.row);
            skip.is_some_and(|skip| {
                let rest: String = long.chars().skip(usize::from(skip)).collect();
                rest.starts_with(short.as_str())
            })
        }
        (C::TextAt(at, long), C::RowHas(row, short)) => at.row == *row && long.contains(short.as_str()),
        (C::RowHas(there, long), C::RowHas(row, short)) => there == row && long.contains(short.as_str()),
        (C::TextAt(_, long) | C::RowHas(_, long) | C::Contains(long), C::Contains(short)) => {
            long.contains(short.as_str())
        }
        (C::RowLike(_, a), C::RowLike(None, b)) => a == b,
        (C::RowLike(Some(there), a), C::RowLike(Some(row), b)) => there == row && a == b,
        (C::Element(a), C::Element(b)) => same_element(a, b),
        (C::Cursor(a), C::Cursor(b)) => a == b,
        (C::Layout(a), C::Layout(b)) => a == b,
        (C::Url(a), C::Url(b)) => a == b,
        (C::Title(a), C::Title(b)) => a == b,
        _ => false,
    }
}

/// Whether there is exactly one `b` where there is exactly one `a`: they are the same.
fn same_element(a: &ElementFinder, b: &ElementFinder) -> bool {
    a == b
}
