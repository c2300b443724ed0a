//! A session: looks, waits, and what is open over the page.
//!
//! Invariant: a picture is only of a page whose address is allowed. An open dialog or second window hides the page: it is
//! shown in the page's place, so that no screen of the map is taken for it.
//! Not here: clicking and typing ([`super::typing`]).

use super::ask::{self, Answer};
use super::browser::Browser;
use super::faults::{self, Trouble, trouble};
use super::hosts::Hosts;
use crate::map::Map;
use crate::picture::{Page, Picture, Shown};
use crate::refusals;
use crate::transport::{Act, Session};
use banyan_adapter::{Call, Fault};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use thirtyfour::common::types::WindowHandle;
use url::Url;

/// How long the first page may take.
const FIRST_WITHIN: Duration = Duration::from_secs(30);
/// A look that falls between two documents is made again for so long.
const BETWEEN: Duration = Duration::from_secs(1);

/// A session.
pub(super) struct Web {
    pub(super) browser: Browser,
    pub(super) hosts: Hosts,
    question: Value,
    hidden: Vec<String>,
    quiet: u64,
    seen: Seen,
    /// The revision just before the last click or key: what came later is an answer to it.
    acted: u64,
}

/// What was last seen, by which the revision grows.
#[derive(Default)]
struct Seen {
    token: String,
    count: u64,
    revision: u64,
    shown: Option<Shown>,
}

impl Seen {
    /// Counts what the document says has changed.
    fn state(&mut self, answer: &Answer) -> u64 {
        if answer.token != self.token {
            self.revision += 1;
            self.token.clone_from(&answer.token);
        } else {
            self.revision += answer.count.saturating_sub(self.count);
        }
        self.count = answer.count;
        self.revision
    }

    /// Counts a change that no document told of: a value that was put into an input, a dialog.
    fn shown(&mut self, shown: &Shown) -> u64 {
        if self.shown.as_ref() != Some(shown) {
            self.revision += 1;
            self.shown = Some(shown.clone());
        }
        self.revision
    }
}

/// What lies over the page.
pub(super) enum Seeing {
    /// Nothing: the page itself, and whether it rests.
    Page(Answer),
    /// A dialog with that text.
    Dialog(String),
    /// No document is there at the moment.
    Between,
}

impl Web {
    pub(super) fn new(browser: Browser, hosts: Hosts, map: &Map) -> Web {
        let quiet = u64::try_from(map.quiet.as_millis()).unwrap_or(u64::MAX);
        let hidden = ask::hidden(map).into_iter().map(str::to_owned).collect();
        Web { browser, hosts, question: ask::question(map), hidden, quiet, seen: Seen::default(), acted: 0 }
    }

    /// Goes to the first page and waits until it rests.
    pub(super) fn begin(&mut self, url: &Url, call: &Call) -> Result<(), Fault> {
        let address = url.to_string();
        self.browser.command(|web| async move { web.goto(address).await }).map_err(|e| self.fault(trouble(&e)))?;
        let until = Instant::now() + FIRST_WITHIN;
        loop {
            match self.see(ask::STATE, vec![json!(self.quiet)])? {
                Seeing::Page(state) if state.url.starts_with("about:") => {}
                Seeing::Page(state) => {
                    let state = self.sound(state)?;
                    if state.rest {
                        self.seen.state(&state);
                        return Ok(());
                    }
                }
                Seeing::Dialog(_) => return Ok(()),
                Seeing::Between => {}
            }
            if call.is_over() {
                return Err(Fault::transient(refusals::GIVEN_UP, "the call was over before the first page was there"));
            }
            if Instant::now() >= until {
                let told = format!("{}: the page was not there within {FIRST_WITHIN:?}", ask::discreet(url.as_str()));
                return Err(Fault::transient(refusals::HOST_DOWN, told));
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Runs a script that answers with a state.
    pub(super) fn see(&self, script: &str, given: Vec<Value>) -> Result<Seeing, Fault> {
        let (returned, _) = match self.browser.script(script, given) {
            Ok(returned) => returned,
            Err(e) => {
                return match trouble(&e) {
                    Trouble::Between | Trouble::Stale => Ok(Seeing::Between),
                    Trouble::Dialog => self.dialog(),
                    other => Err(self.fault(other)),
                };
            }
        };
        let answer: Answer = serde_json::from_value(returned)
            .map_err(|e| Fault::transient(refusals::FAILED, format!("the page answers with something else: {e}")))?;
        Ok(if answer.url.is_empty() { Seeing::Between } else { Seeing::Page(answer) })
    }

    fn dialog(&self) -> Result<Seeing, Fault> {
        match self.browser.command(|web| async move { web.get_alert_text().await }) {
            Ok(text) => Ok(Seeing::Dialog(text)),
            Err(e) => match trouble(&e) {
                Trouble::Gone(why) => Err(faults::gone(&why)),
                _ => Ok(Seeing::Between),
            },
        }
    }

    /// The answer, if it is of a page that was loaded from a host that is allowed.
    fn sound(&self, answer: Answer) -> Result<Answer, Fault> {
        let Some(code) = &answer.broken else {
            return self.hosts.refuse(&answer.url).map_or(Ok(answer), |host| Err(faults::not_allowed(&host)));
        };
        let address = self.browser.command(|web| async move { web.current_url().await });
        let address = address.map_or_else(|_| "the page".to_owned(), |url| url.to_string());
        Err(match self.hosts.refuse(&address) {
            Some(host) => faults::not_allowed(&host),
            None => faults::not_loaded(&ask::discreet(&address), code),
        })
    }

    pub(super) fn fault(&self, trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Gone(why) => faults::gone(&why),
            Trouble::Mute => faults::mute(),
            Trouble::Dialog => faults::not_sent("a dialog is open"),
            Trouble::Between | Trouble::Stale => faults::not_sent("the page went at that moment"),
            Trouble::Refused(why) => faults::not_sent(why),
            Trouble::Other(why) => Fault::transient(refusals::FAILED, format!("the browser reports: {why}")),
        }
    }

    /// Whether a page opened a window of its own.
    fn second_window(&self) -> Result<bool, Fault> {
        let windows = self.browser.command(|web| async move { web.windows().await });
        let windows: Vec<WindowHandle> = windows.map_err(|e| self.fault(trouble(&e)))?;
        Ok(windows.len() > 1)
    }

    fn picture(&mut self, page: Page, at_rest: bool) -> Picture {
        let shown = Shown::Page(page);
        Picture { revision: self.seen.shown(&shown), at_rest, shown }
    }

    /// What stands in the page's place.
    fn instead(&mut self, url: &str, text: String, at_rest: bool) -> Picture {
        self.picture(Page { url: url.to_owned(), text, ..Page::default() }, at_rest)
    }
}

impl Session for Web {
    fn look(&mut self) -> Result<Picture, Fault> {
        let until = Instant::now() + BETWEEN;
        let given = || vec![self.question.clone(), json!(self.quiet)];
        let answer = loop {
            match self.see(ask::LOOK, given())? {
                Seeing::Page(answer) => break self.sound(answer)?,
                Seeing::Dialog(text) => return Ok(self.instead("dialog:", text, true)),
                Seeing::Between if Instant::now() < until => sleep(Duration::from_millis(20)),
                Seeing::Between => return Ok(self.instead("about:blank", String::new(), false)),
            }
        };
        if answer.full {
            let told = "the page is too large to be read: more than 20,000 rows or 32 million characters";
            return Err(Fault::permanent(refusals::FAILED, told));
        }
        if self.second_window()? {
            return Ok(self.instead("window:", "the page opened another window".to_owned(), true));
        }
        self.seen.state(&answer);
        let rest = answer.rest;
        Ok(self.picture(answer.page(), rest))
    }

    fn settle(&mut self, since: u64, until: Instant, call: &Call) -> Result<Picture, Fault> {
        let since = since.max(self.acted);
        let mut pause = Duration::from_millis(5);
        loop {
            let promising = match self.see(ask::STATE, vec![json!(self.quiet)])? {
                Seeing::Page(state) if state.broken.is_some() => true,
                Seeing::Page(state) => state.rest && self.seen.state(&state) > since,
                Seeing::Dialog(_) => true,
                Seeing::Between => false,
            };
            let over = Instant::now() >= until || call.is_over();
            if promising || over {
                let picture = self.look()?;
                if over || (picture.at_rest && picture.revision > since) {
                    return Ok(picture);
                }
            }
            sleep(pause.min(until.saturating_duration_since(Instant::now())));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        let before = self.look().map_err(|fault| match fault.code.as_str() {
            refusals::HOST_NOT_ALLOWED | refusals::DISCONNECTED => fault,
            _ => faults::not_sent(fault),
        })?;
        self.acted = before.revision;
        self.perform(act, &before)
    }

    fn photograph(&mut self) -> Option<Vec<u8>> {
        let cover = "const sheet = new CSSStyleSheet(); for (const css of arguments[0]) sheet.insertRule(css + \
                     ' { -webkit-text-security: disc !important }'); document.adoptedStyleSheets.push(sheet);";
        let uncover = "document.adoptedStyleSheets.pop();";
        if !self.hidden.is_empty() {
            self.browser.script(cover, vec![json!(self.hidden)]).ok()?;
        }
        let taken = self.browser.command(|web| async move { web.screenshot_as_png().await });
        if !self.hidden.is_empty() {
            let _ = self.browser.script(uncover, Vec::new());
        }
        taken.ok()
    }

    fn close(self: Box<Self>) {
        self.browser.end();
    }
}
