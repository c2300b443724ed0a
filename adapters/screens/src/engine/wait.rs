//! Waiting for a named set of screens, and leaving those that come in between.
//!
//! Invariant: a picture counts only if it is newer than the act, at rest, and exactly one screen that is awaited. Every
//! wait ends: by the clock, and by a bound on the screens that come in between.

use super::hands::{Hands, Now};
use super::recognise::{Seen, error, recognise};
use super::values;
use crate::map::{Expected, FlowNo, Map, ScreenNo, Step};
use crate::picture::{Picture, Shown};
use crate::refusals;
use banyan_adapter::Fault;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Transient screens that may be left between two steps.
const TRANSIENTS: u32 = 8;

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arrived {
    /// An awaited screen.
    Screen(ScreenNo),
    /// An awaited error.
    Error {
        /// Its screen.
        screen: ScreenNo,
        /// Its code.
        code: String,
        /// What the screen says.
        message: String,
    },
    /// The far side ended the session, as awaited.
    Disconnected,
}

/// What is awaited.
#[derive(Clone, Copy)]
pub(crate) enum Want<'e> {
    /// Any one screen of the map.
    Any,
    /// These; and the error that says that something does not exist.
    These(&'e [Expected], Option<&'e (ScreenNo, String)>),
}

enum Judged {
    Arrived(Arrived),
    Transient(ScreenNo),
    /// Not what is awaited: what to say if nothing else comes.
    Other(Fault),
}

impl Hands<'_, '_> {
    /// What is shown now, if nothing was sent since it was recognised; else looks, leaving transient screens.
    pub(crate) fn here(&mut self) -> Result<Now, Fault> {
        if self.now.is_none() {
            let until = Instant::now() + self.map.within;
            let picture = self.look()?;
            self.arrive(picture, None, Want::Any, until)?;
        }
        self.now.clone().ok_or_else(|| Fault::transient(refusals::NO_ANSWER, "no screen came"))
    }

    /// Waits after an act that was sent from `before`.
    pub(crate) fn wait(&mut self, before: &Now, want: Want<'_>, within: Option<Duration>) -> Result<Arrived, Fault> {
        self.awaited = match want {
            Want::Any => Vec::new(),
            Want::These(expected, _) => expected.iter().filter_map(screen_of).collect(),
        };
        let until = Instant::now() + within.unwrap_or(self.map.within);
        let picture = self.settle(before.picture.revision, until)?;
        self.arrive(picture, Some(before.clone()), want, until)
    }

    fn arrive(
        &mut self,
        mut picture: Arc<Picture>,
        mut before: Option<Now>,
        want: Want<'_>,
        until: Instant,
    ) -> Result<Arrived, Fault> {
        let mut since = before.as_ref().map(|b| b.picture.revision);
        let mut other = None;
        loop {
            let newer = since.is_none_or(|s| picture.revision > s);
            if picture.shown == Shown::Disconnected {
                return self.disconnected(want);
            }
            if !newer || (since.is_some() && !picture.at_rest) {
                return Err(self.gave_up(&picture, newer, other));
            }
            if picture.at_rest {
                match self.judge(&picture, before.as_ref(), want) {
                    Judged::Arrived(arrived) => return Ok(arrived),
                    Judged::Transient(screen) => {
                        let now = self.leave(&picture, screen)?;
                        since = Some(now.picture.revision);
                        before = Some(now);
                        picture = self.settle(since.unwrap_or_default(), until)?;
                        continue;
                    }
                    Judged::Other(fault) => other = Some(fault),
                }
                since = Some(picture.revision);
            } else {
                // It may come to rest without anything new.
                since = Some(picture.revision.saturating_sub(1));
            }
            if until <= Instant::now() {
                return Err(self.gave_up(&picture, true, other));
            }
            picture = self.settle(since.unwrap_or_default(), until)?;
        }
    }

    fn judge(&mut self, picture: &Arc<Picture>, before: Option<&Now>, want: Want<'_>) -> Judged {
        let screen = match recognise(self.map, picture) {
            Seen::One(screen) => screen,
            Seen::Two(one, two) => return Judged::Other(self.ambiguous(one, two)),
            Seen::None | Seen::Disconnected => return Judged::Other(self.unknown()),
        };
        let Some(known) = self.map.screens.get(screen) else { return Judged::Other(self.unknown()) };
        let awaited = matches!(want, Want::These(these, _) if these.contains(&Expected::Screen(screen)));
        match &known.transient {
            Some(steps) if !awaited && steps.iter().any(|s| s.press.is_some()) => return Judged::Transient(screen),
            // It goes by itself.
            Some(_) if !awaited => return Judged::Other(self.unexpected(screen, None)),
            _ => {}
        }
        let Want::These(these, absent) = want else {
            self.now = Some(Now { picture: picture.clone(), screen });
            return Judged::Arrived(Arrived::Screen(screen));
        };
        if let Some((rule, message)) = error(known, picture) {
            let named = these.contains(&Expected::Errors(screen))
                || these.contains(&Expected::Error(screen, rule.code.clone()))
                || absent.is_some_and(|(s, code)| *s == screen && *code == rule.code);
            // Where the far side draws no fields it locks no keyboard either: an echo is a new picture, on which the message of
            // a request before may still stand.
            let stood =
                before.filter(|b| b.screen == screen && is_plain(picture)).and_then(|b| error(known, &b.picture));
            if stood.is_some_and(|(was, said)| was.code == rule.code && said == message) {
                let what =
                    format!("`{message}` stood on `{}` before, and nothing tells whether it is the answer", known.name);
                return Judged::Other(Fault::transient(refusals::NO_ANSWER, what));
            }
            if named {
                self.now = Some(Now { picture: picture.clone(), screen });
                return Judged::Arrived(Arrived::Error { screen, code: rule.code.clone(), message });
            }
            return Judged::Other(self.unexpected(screen, Some(&message)));
        }
        if !awaited {
            return Judged::Other(self.unexpected(screen, None));
        }
        if before.is_some_and(|b| b.screen == screen && only_volatile(self.map, screen, &b.picture, picture)) {
            return Judged::Other(Fault::transient(
                refusals::NO_ANSWER,
                format!("nothing but a clock changed on `{}`", known.name),
            ));
        }
        self.now = Some(Now { picture: picture.clone(), screen });
        Judged::Arrived(Arrived::Screen(screen))
    }

    /// Leaves a transient screen by its steps, up to its last press.
    fn leave(&mut self, picture: &Arc<Picture>, screen: ScreenNo) -> Result<Now, Fault> {
        self.transients += 1;
        let name = self.name(screen);
        if self.transients > TRANSIENTS {
            return Err(Fault::transient(
                refusals::UNEXPECTED_SCREEN,
                format!("`{name}` and the like came {TRANSIENTS} times in a row; nothing more was pressed"),
            ));
        }
        let steps = self.map.screens.get(screen).and_then(|s| s.transient.as_deref()).unwrap_or_default();
        let mut last = Now { picture: picture.clone(), screen };
        self.now = Some(last.clone());
        for (n, step) in steps.iter().enumerate() {
            let texts = values::step_texts(self.map, step, &[], self.means.login)?;
            last = self.do_step(step, &texts, false)?;
            if n + 1 < steps.len() {
                self.between(step, &last)?;
            }
        }
        Ok(last)
    }

    fn between(&mut self, step: &Step, last: &Now) -> Result<(), Fault> {
        if step.press.is_some() {
            self.wait(last, Want::These(&step.expect, None), step.within)?;
        }
        Ok(())
    }

    fn disconnected(&mut self, want: Want<'_>) -> Result<Arrived, Fault> {
        match want {
            Want::These(these, _) if these.contains(&Expected::Disconnected) => Ok(Arrived::Disconnected),
            _ => Err(Fault::transient(refusals::DISCONNECTED, "the far side ended the session")),
        }
    }

    fn gave_up(&self, picture: &Picture, newer: bool, other: Option<Fault>) -> Fault {
        if self.call().is_over() {
            return Fault::transient(refusals::GIVEN_UP, "the caller went away, or its time was over");
        }
        let terminal = picture.grid().is_some_and(|g| !g.fields.is_empty());
        if newer && !picture.at_rest && terminal {
            return Fault::transient(refusals::LOCKED, "the keyboard stayed locked");
        }
        let names: Vec<&str> = self.awaited.iter().map(|s| self.name(*s)).collect();
        let names = if names.is_empty() { "a screen of the map".to_owned() } else { names.join(", ") };
        other.unwrap_or_else(|| {
            Fault::transient(refusals::NO_ANSWER, format!("waited for {names}: nothing came in time"))
        })
    }

    fn unknown(&self) -> Fault {
        Fault::permanent(refusals::UNKNOWN_SCREEN, format!("a screen came that `{}` does not know", self.map.name))
    }

    fn ambiguous(&self, one: ScreenNo, two: ScreenNo) -> Fault {
        let (one, two) = (self.name(one), self.name(two));
        Fault::permanent(refusals::AMBIGUOUS_SCREEN, format!("the screen is both `{one}` and `{two}`"))
    }

    fn unexpected(&self, screen: ScreenNo, message: Option<&str>) -> Fault {
        let name = self.name(screen);
        let says = message.map(|m| format!(" and says `{m}`")).unwrap_or_default();
        let at_door = self.login().is_some_and(|(_, start)| start == screen);
        if at_door && self.logging_in {
            let what = format!("`{name}` came again after the login{says}; it is not tried again");
            return Fault::permanent(refusals::LOGIN_REFUSED, what);
        }
        if at_door {
            return Fault::transient(
                refusals::SESSION_EXPIRED,
                format!("`{name}` came: a new login is asked for{says}"),
            );
        }
        Fault::transient(refusals::UNEXPECTED_SCREEN, format!("`{name}` came, which is not expected here{says}"))
    }

    /// The login flow and the screen it starts on.
    pub(crate) fn login(&self) -> Option<(FlowNo, ScreenNo)> {
        let flow = self.map.login?;
        Some((flow, self.map.flows.get(flow)?.start))
    }
}

fn screen_of(expected: &Expected) -> Option<ScreenNo> {
    match expected {
        Expected::Screen(screen) => Some(*screen),
        _ => None,
    }
}

/// Whether nothing but volatile areas changed. Asked of terminals without a keyboard that locks: on these a ticking clock
/// looks like an answer.
fn only_volatile(map: &Map, screen: ScreenNo, before: &Picture, now: &Picture) -> bool {
    let (Some(old), Some(new)) = (before.grid(), now.grid()) else { return false };
    let Some(screen) = map.screens.get(screen).filter(|s| !s.volatile.is_empty()) else { return false };
    if !new.fields.is_empty() || old.size != new.size || old.cursor != new.cursor {
        return false;
    }
    let volatile = |index: usize| {
        screen
            .volatile
            .iter()
            .any(|area| new.index(area.at).is_some_and(|start| (start..start + usize::from(area.len)).contains(&index)))
    };
    let mut changed = old.cells.iter().zip(&new.cells).enumerate().filter(|(_, (a, b))| a != b);
    changed.all(|(index, _)| volatile(index))
}

/// Whether that is a terminal whose far side draws no fields.
fn is_plain(picture: &Picture) -> bool {
    picture.grid().is_some_and(|g| g.fields.is_empty())
}
