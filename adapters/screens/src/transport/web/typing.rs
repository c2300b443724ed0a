//! Clicking, typing and choosing.
//!
//! Invariant: an error with a code of [`refusals::NOT_SENT`]'s kind says that the page got nothing: everything that can be
//! known beforehand is looked at first. Messages never hold what was to be typed.
//! Not here: reading back what was typed (the engine).

use super::ask;
use super::faults::{self, Trouble, not_sent, trouble};
use super::keys::{stroke, typeable};
use super::session::Web;
use crate::map::{ElementFinder, Key};
use crate::picture::Picture;
use crate::refusals as codes;
use crate::transport::{Act, Text};
use banyan_adapter::Fault;
use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverError;
use thirtyfour::{WebDriver, WebElement};

/// What the script that finds an element says.
#[derive(Deserialize)]
struct Found {
    url: String,
    broken: Option<String>,
    #[serde(default)]
    leaving: bool,
    #[serde(default)]
    selected: usize,
    #[serde(default)]
    agreed: usize,
    #[serde(default)]
    seen: Vec<String>,
    #[serde(default)]
    element: Value,
    about: Option<About>,
}

/// What decides how an element is filled.
#[derive(Deserialize)]
struct About {
    tag: String,
    #[serde(rename = "type")]
    kind: String,
    visible: bool,
    enabled: bool,
    readonly: bool,
    editable: bool,
    multiple: bool,
    most: Option<usize>,
    checked: bool,
    empty: bool,
}

#[derive(Deserialize)]
struct Focus {
    url: String,
    broken: Option<String>,
    leaving: bool,
    types: bool,
}

/// Inputs that are set rather than typed into: how keys fill them depends on the browser's language.
const SET: [&str; 7] = ["date", "time", "datetime-local", "month", "week", "color", "range"];
/// Inputs without anything to fill.
const UNFIT: [&str; 6] = ["button", "submit", "reset", "image", "hidden", "file"];

impl Web {
    /// Does one thing; `before` is what is shown.
    pub(super) fn perform(&mut self, act: &Act, before: &Picture) -> Result<(), Fault> {
        let over = before.page().map_or("", |page| page.url.as_str());
        match (over, act) {
            ("dialog:", Act::Press(Key::Enter)) => {
                return self.surely(self.browser.command(|web| async move { web.accept_alert().await }));
            }
            ("dialog:", Act::Press(Key::Escape)) => {
                return self.surely(self.browser.command(|web| async move { web.dismiss_alert().await }));
            }
            ("dialog:", _) => return Err(not_sent("a dialog is open, which takes Enter or Escape only")),
            ("window:" | "about:blank", _) => return Err(not_sent("the page does not show")),
            _ => {}
        }
        match act {
            Act::Click(finder) => {
                let (element, about) = self.one(finder)?;
                usable(finder, &about)?;
                self.begun(self.browser.command(|_| async move { element.click().await }))
            }
            Act::FillIn { element, text } => self.fill(element, text),
            Act::Press(key) => self.press(*key),
            Act::Type(text) => {
                plain(text, false)?;
                if !self.focus()?.types {
                    return Err(Fault::transient(codes::PROTECTED, "nothing that takes text has the focus"));
                }
                let keys = text.plain.clone();
                self.surely(self.browser.command(|w| async move { w.action_chain().send_keys(keys).perform().await }))
            }
            Act::FillAt { .. } => Err(not_sent("a page has no rows and columns")),
        }
    }

    /// The one element that a locator means.
    fn one(&self, finder: &ElementFinder) -> Result<(WebElement, About), Fault> {
        let (found, web): (Found, WebDriver) =
            self.asked(ask::FIND, vec![json!({ "css": finder.css, "role": finder.role, "name": finder.name })])?;
        self.stays(&found.url, found.broken.as_deref(), found.leaving)?;
        let say = |what: String| format!("`{finder}`: {what}. Nothing was done");
        match (found.selected, found.agreed, found.about) {
            (0, ..) => {
                Err(Fault::permanent(codes::FIELD_MISSING, say("nothing on the page matches the selector".into())))
            }
            (n, 0, _) => {
                let told =
                    format!("the selector finds {n}, whose role and name do not agree: {}", found.seen.join(", "));
                Err(Fault::permanent(codes::ELEMENT_AMBIGUOUS, say(told)))
            }
            (_, 1, Some(about)) => {
                let element = WebElement::from_json(found.element, web.handle().clone());
                Ok((element.map_err(|e| not_sent(faults::short(&e)))?, about))
            }
            (_, n, _) => Err(Fault::permanent(codes::ELEMENT_AMBIGUOUS, say(format!("it matches {n} elements")))),
        }
    }

    fn focus(&self) -> Result<Focus, Fault> {
        let (focus, _): (Focus, _) = self.asked(ask::FOCUS, Vec::new())?;
        self.stays(&focus.url, focus.broken.as_deref(), focus.leaving)?;
        Ok(focus)
    }

    /// Runs a script that only looks: whatever happens, nothing was done.
    fn asked<T: serde::de::DeserializeOwned>(&self, script: &str, given: Vec<Value>) -> Result<(T, WebDriver), Fault> {
        let (returned, web) = self.browser.script(script, given).map_err(|e| match trouble(&e) {
            Trouble::Gone(why) => faults::gone(&why),
            other => not_sent(self.fault(other)),
        })?;
        let returned = serde_json::from_value(returned).map_err(not_sent)?;
        Ok((returned, web))
    }

    /// The page is one that may get keys, and is not about to go.
    fn stays(&self, url: &str, broken: Option<&str>, leaving: bool) -> Result<(), Fault> {
        if let Some(code) = broken {
            return Err(not_sent(format!("the page could not be loaded ({code})")));
        }
        if let Some(host) = self.hosts.refuse(url) {
            return Err(faults::not_allowed(&host));
        }
        if leaving { Err(not_sent("another page is on its way")) } else { Ok(()) }
    }

    fn fill(&self, finder: &ElementFinder, text: &Text) -> Result<(), Fault> {
        let (element, about) = self.one(finder)?;
        usable(finder, &about)?;
        let protected = |why: &str| Err(Fault::transient(codes::PROTECTED, format!("`{finder}` {why}")));
        let kind = about.kind.as_str();
        match about.tag.as_str() {
            "select" if about.multiple => protected("takes several entries, which cannot be chosen here"),
            "select" => self.choose(finder, &element, text),
            "input" if UNFIT.contains(&kind) => protected("is no input for text"),
            _ if about.readonly => protected("can only be read"),
            "input" if kind == "checkbox" || kind == "radio" => self.tick(finder, &about, element, text),
            "input" if SET.contains(&kind) => self.put(finder, &element, text),
            "input" | "textarea" => {
                plain(text, about.tag == "textarea")?;
                fits(finder, &about, text)?;
                self.replace(element, about.empty, text)
            }
            _ if about.editable => {
                plain(text, false)?;
                self.replace(element, false, text)
            }
            _ => protected("is no input"),
        }
    }

    fn replace(&self, element: WebElement, empty: bool, text: &Text) -> Result<(), Fault> {
        let keys = text.plain.clone();
        self.begun(self.browser.command(|_| async move {
            if !empty {
                element.clear().await?;
            }
            if keys.is_empty() { Ok(()) } else { element.send_keys(keys).await }
        }))
    }

    fn choose(&self, finder: &ElementFinder, element: &WebElement, text: &Text) -> Result<(), Fault> {
        let given = vec![element_json(element)?, json!(text.plain)];
        let (chosen, _): (i64, _) = self.asked_to(ask::CHOOSE, given)?;
        match chosen {
            1 => Ok(()),
            0 => Err(not_sent(format!("`{finder}` has no entry with exactly the text that is wanted"))),
            -1 => Err(not_sent(format!("`{finder}`: the entry that is wanted cannot be chosen now"))),
            n => {
                let told = format!("`{finder}` has {n} entries with the text that is wanted. Nothing was done");
                Err(Fault::transient(codes::ELEMENT_AMBIGUOUS, told))
            }
        }
    }

    fn tick(&self, finder: &ElementFinder, about: &About, element: WebElement, text: &Text) -> Result<(), Fault> {
        let wanted = match text.plain.as_str() {
            "true" => true,
            "false" if about.kind == "checkbox" || !about.checked => false,
            _ => return Err(not_sent(format!("`{finder}` takes `true` or `false`, a radio button `true` only"))),
        };
        if wanted == about.checked {
            return Ok(());
        }
        self.begun(self.browser.command(|_| async move { element.click().await }))
    }

    fn put(&self, finder: &ElementFinder, element: &WebElement, text: &Text) -> Result<(), Fault> {
        let (put, _): (bool, _) = self.asked_to(ask::PUT, vec![element_json(element)?, json!(text.plain)])?;
        if put {
            return Ok(());
        }
        let told =
            format!("`{finder}` does not take the value: dates are `2026-11-22`, times `18:30`. Nothing was done");
        Err(Fault::transient(codes::UNFIT, told))
    }

    /// Runs a script that changes the page.
    fn asked_to<T: serde::de::DeserializeOwned>(
        &self,
        script: &str,
        given: Vec<Value>,
    ) -> Result<(T, WebDriver), Fault> {
        let (returned, web) = self.browser.script(script, given).map_err(|e| self.unsure(&e))?;
        Ok((serde_json::from_value(returned).map_err(|e| Fault::transient(codes::FAILED, e.to_string()))?, web))
    }

    fn press(&self, key: Key) -> Result<(), Fault> {
        let Some((held, key)) = stroke(key) else { return Err(not_sent(format!("a page knows no key {key}"))) };
        self.focus()?;
        self.surely(self.browser.command(|web| async move {
            let keys = web.action_chain();
            let keys = match held {
                Some(held) => keys.key_down(held).key_down(key).key_up(key).key_up(held),
                None => keys.key_down(key).key_up(key),
            };
            keys.perform().await
        }))
    }

    /// The result of a command on an element: refused before it began, or unsure.
    fn begun(&self, done: Result<(), WebDriverError>) -> Result<(), Fault> {
        done.map_err(|e| match trouble(&e) {
            refused @ (Trouble::Refused(_) | Trouble::Stale) => self.fault(refused),
            _ => self.unsure(&e),
        })
    }

    /// The result of keys: an error leaves open what the page got.
    fn surely(&self, done: Result<(), WebDriverError>) -> Result<(), Fault> {
        done.map_err(|e| self.unsure(&e))
    }

    fn unsure(&self, error: &WebDriverError) -> Fault {
        match trouble(error) {
            sure @ (Trouble::Gone(_) | Trouble::Mute) => self.fault(sure),
            _ => Fault::transient(codes::FAILED, format!("the browser reports: {}", faults::short(error))),
        }
    }
}

fn element_json(element: &WebElement) -> Result<Value, Fault> {
    element.to_json().map_err(|e| not_sent(faults::short(&e)))
}

fn usable(finder: &ElementFinder, about: &About) -> Result<(), Fault> {
    let why = match (about.visible, about.enabled) {
        (false, _) => "cannot be seen",
        (_, false) => "is disabled",
        _ => return Ok(()),
    };
    Err(Fault::transient(codes::PROTECTED, format!("`{finder}` {why}. Nothing was done")))
}

/// A text has nothing in it that would act as a key. `lines`: it may have several.
fn plain(text: &Text, lines: bool) -> Result<(), Fault> {
    if text.plain.chars().all(|c| typeable(c) || (lines && c == '\n')) {
        return Ok(());
    }
    Err(Fault::transient(codes::NOT_TYPEABLE, "the text has a character that would act as a key. Nothing was typed"))
}

fn fits(finder: &ElementFinder, about: &About, text: &Text) -> Result<(), Fault> {
    let long = text.plain.encode_utf16().count();
    if let Some(most) = about.most.filter(|most| long > *most) {
        let told = format!("`{finder}` takes {most} characters, the text has {long}. Nothing was typed");
        return Err(Fault::transient(codes::TOO_LONG, told));
    }
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    if about.kind == "number" && !text.plain.chars().all(digits) {
        let told = format!("`{finder}` takes digits, sign and point only. Nothing was typed");
        return Err(Fault::transient(codes::NOT_NUMERIC, told));
    }
    Ok(())
}
