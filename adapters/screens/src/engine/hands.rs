//! A session with the map in hand: every look and every key passes here.
//!
//! Invariant: an act is sent only from a [`Now`] that no act was sent since; a commit is marked as sent before it is.

use super::{Brought, Event, Means, picture_hash};
use crate::map::{End, Map, ScreenNo};
use crate::picture::Picture;
use crate::refusals;
use crate::transport::{Act, Session};
use banyan_adapter::{Call, Fault};
use std::sync::Arc;
use std::time::Instant;

/// What is certainly shown now: recognised, and nothing was sent since.
#[derive(Clone)]
pub(crate) struct Now {
    pub(crate) picture: Arc<Picture>,
    pub(crate) screen: ScreenNo,
}

/// How far a login went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LoginSent {
    /// Nothing that could count as a try.
    #[default]
    Nothing,
    /// The password was typed.
    Typed,
    /// It was submitted, or may have been: the far side counts a try.
    Submitted,
}

/// See the module.
pub(crate) struct Hands<'h, 'a> {
    session: &'h mut dyn Session,
    pub(crate) means: &'h mut Means<'a>,
    pub(crate) map: &'a Map,
    /// Until the next act.
    pub(crate) now: Option<Now>,
    last: Option<Arc<Picture>>,
    /// What the last wait was for.
    pub(crate) awaited: Vec<ScreenNo>,
    /// A commit was sent, or may have been.
    pub(crate) committed: bool,
    /// The login flow runs: its first screen is no sign of an expired session.
    pub(crate) logging_in: bool,
    /// How far a login went.
    pub(crate) login_sent: LoginSent,
    /// Transient screens left since the last step.
    pub(crate) transients: u32,
    /// The terms once a commit or a login was sent: the caller's no longer count.
    own: Call,
}

impl<'h, 'a> Hands<'h, 'a> {
    pub(crate) fn new(session: &'h mut dyn Session, means: &'h mut Means<'a>) -> Hands<'h, 'a> {
        let map = means.map;
        Hands {
            session,
            means,
            map,
            now: None,
            last: None,
            awaited: Vec::new(),
            committed: false,
            logging_in: false,
            login_sent: LoginSent::Nothing,
            transients: 0,
            own: Call::default(),
        }
    }

    /// The terms that hold now.
    pub(crate) fn call(&self) -> &Call {
        if self.is_bound() { &self.own } else { self.means.call }
    }

    /// Whether what was sent must be waited for, whoever goes away: it counts on the far side.
    fn is_bound(&self) -> bool {
        self.committed || self.login_sent == LoginSent::Submitted
    }

    /// Ends the run if the caller is gone.
    pub(crate) fn go_on(&self) -> Result<(), Fault> {
        if self.call().is_over() {
            return Err(Fault::transient(refusals::GIVEN_UP, "the caller went away, or its time was over"));
        }
        Ok(())
    }

    pub(crate) fn look(&mut self) -> Result<Arc<Picture>, Fault> {
        let shown = self.session.look();
        self.saw(shown, false)
    }

    pub(crate) fn settle(&mut self, since: u64, until: Instant) -> Result<Arc<Picture>, Fault> {
        let call = if self.is_bound() { &self.own } else { self.means.call };
        let shown = self.session.settle(since, until, call);
        self.saw(shown, true)
    }

    fn saw(&mut self, shown: Result<Picture, Fault>, waited: bool) -> Result<Arc<Picture>, Fault> {
        self.now = None;
        match shown {
            Ok(picture) => {
                let picture = Arc::new(picture);
                self.tell(&Event::Saw { picture: &picture, waited });
                self.last = Some(picture.clone());
                Ok(picture)
            }
            Err(fault) => {
                self.tell(&Event::Failed { fault: &fault });
                Err(fault)
            }
        }
    }

    /// Sends an act from the screen that is certainly shown. Whatever was seen is then old.
    pub(crate) fn act(&mut self, act: &Act, commit: bool) -> Result<Now, Fault> {
        self.go_on()?;
        let Some(now) = self.now.take() else {
            return Err(Fault::transient(refusals::NOT_SENT, "nothing was recognised just now; nothing was sent"));
        };
        let screen = self.map.screens.get(now.screen).map_or("", |s| s.name.as_str());
        self.tell(&Event::Acts { act, screen, before: picture_hash(&now.picture), commit });
        let before = (self.committed, self.login_sent);
        self.committed |= commit;
        if self.logging_in {
            self.login_sent = self.login_sent.after(act);
        }
        match self.session.act(act) {
            Ok(()) => Ok(now),
            Err(fault) => {
                self.tell(&Event::Failed { fault: &fault });
                if nothing_sent(&fault.code) {
                    (self.committed, self.login_sent) = before;
                }
                Err(fault)
            }
        }
    }

    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        let at = (self.means.clock)();
        self.means.log.tell(at, event);
    }

    /// Tells that the run stops, with all that helps to see why.
    pub(crate) fn stopped(&mut self, fault: &Fault) {
        let (last, awaited) = (self.last.clone(), std::mem::take(&mut self.awaited));
        self.tell(&Event::Stopped { fault, picture: last.as_ref(), awaited: &awaited });
        if let Some(png) = self.session.photograph() {
            self.tell(&Event::Photo { png: &png });
        }
    }

    pub(crate) fn ended(&mut self, end: &End, brought: &Brought) {
        self.tell(&Event::Ended { end, brought });
    }

    /// How people call a screen.
    pub(crate) fn name(&self, screen: ScreenNo) -> &'a str {
        self.map.screens.get(screen).map_or("?", |s| s.name.as_str())
    }
}

impl LoginSent {
    fn after(self, act: &Act) -> LoginSent {
        let typed = match act {
            Act::Type(text) | Act::FillAt { text, .. } | Act::FillIn { text, .. } => text.secret,
            Act::Press(_) | Act::Click(_) => {
                return if self == LoginSent::Nothing { self } else { LoginSent::Submitted };
            }
        };
        if typed && self == LoginSent::Nothing { LoginSent::Typed } else { self }
    }
}

/// Codes by which a transport says that nothing reached the far side.
fn nothing_sent(code: &str) -> bool {
    [
        refusals::NOT_SENT,
        refusals::NOT_ENCODABLE,
        refusals::NOT_TYPEABLE,
        refusals::NOT_NUMERIC,
        refusals::TOO_LONG,
        refusals::PROTECTED,
        refusals::FIELD_MISSING,
        refusals::ELEMENT_AMBIGUOUS,
        refusals::HOST_NOT_ALLOWED,
        refusals::UNFIT,
    ]
    .contains(&code)
}
