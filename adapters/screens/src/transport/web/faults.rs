//! What went wrong with a browser, in words and codes of ours.

use super::driver::packages;
use crate::refusals as codes;
use banyan_adapter::Fault;
use std::path::Path;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner as Inner};

/// A program is not there.
pub(super) fn missing(program: &Path, what: &str, key: &str) -> Fault {
    let told = format!(
        "{what} `{}` is not installed. Debian has it in {}; else name it as `transport.{key}`",
        program.display(),
        packages()
    );
    Fault::permanent(codes::PROGRAM_MISSING, told)
}

/// A program is there and does not run.
pub(super) fn not_started(program: &Path, why: &str) -> Fault {
    Fault::transient(codes::FAILED, format!("`{}` cannot be started: {why}", program.display()))
}

/// Nothing was done, and why.
pub(super) fn not_sent(why: impl std::fmt::Display) -> Fault {
    Fault::transient(codes::NOT_SENT, format!("nothing was done: {why}"))
}

/// The browser or its driver is gone.
pub(super) fn gone(why: &str) -> Fault {
    Fault::transient(codes::DISCONNECTED, format!("the browser of this session is gone: {why}"))
}

/// The browser does not answer.
pub(super) fn mute() -> Fault {
    Fault::transient(codes::NO_ANSWER, "the browser does not answer: the page keeps it busy")
}

/// A page that could not be loaded, by Chromium's own code.
pub(super) fn not_loaded(url: &str, code: &str) -> Fault {
    if code.contains("CERT") || code.contains("SSL") {
        let told = format!(
            "{url}: the browser does not trust the server's certificate ({code}). Trust its authority for the user that \
             runs this program: `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n NAME -i CA.pem`"
        );
        return Fault::permanent(codes::UNTRUSTED, told);
    }
    Fault::transient(codes::HOST_DOWN, format!("{url}: the page could not be loaded ({code})"))
}

/// A page of a host that is not allowed.
pub(super) fn not_allowed(host: &str) -> Fault {
    let told = format!("the page led to `{host}`, which `transport.url` and `transport.hosts` do not name");
    Fault::permanent(codes::HOST_NOT_ALLOWED, told)
}

/// What an error of a command means for the session.
pub(super) enum Trouble {
    /// A dialog is open and must be met first.
    Dialog,
    /// The document went while the command ran, or is not there yet.
    Between,
    /// The element went before the command reached it.
    Stale,
    /// The command was refused before it did anything.
    Refused(String),
    /// The browser is busy.
    Mute,
    /// The session is gone.
    Gone(String),
    /// Anything else.
    Other(String),
}

/// Sorts an error. Its text never holds what was typed: the driver does not repeat it.
pub(super) fn trouble(error: &WebDriverError) -> Trouble {
    let said = short(error);
    match error.as_inner() {
        Inner::UnexpectedAlertOpen(_) => Trouble::Dialog,
        Inner::StaleElementReference(_) | Inner::NoSuchElement(_) => Trouble::Stale,
        _ if said.contains("valid selector") => Trouble::Other(said),
        Inner::ElementClickIntercepted(_)
        | Inner::ElementNotInteractable(_)
        | Inner::InvalidElementState(_)
        | Inner::MoveTargetOutOfBounds(_)
        | Inner::InvalidArgument(_) => Trouble::Refused(said),
        Inner::ScriptTimeout(_) | Inner::WebDriverTimeout(_) | Inner::Timeout(_) => Trouble::Mute,
        Inner::InvalidSessionId(_) | Inner::NoSuchWindow(_) | Inner::RequestFailed(_) | Inner::HttpError(_) => {
            Trouble::Gone(said)
        }
        _ if ["tab crashed", "not reachable", "disconnected", "session deleted", "crash"]
            .iter()
            .any(|w| said.contains(w)) =>
        {
            Trouble::Gone(said)
        }
        _ if ["navigat", "unloaded", "uniqueContextId", "context", "detached", "loader"]
            .iter()
            .any(|w| said.contains(w)) =>
        {
            Trouble::Between
        }
        _ => Trouble::Other(said),
    }
}

/// Its first line: the rest is the driver's stack.
pub(super) fn short(error: &WebDriverError) -> String {
    let text = error.to_string();
    text.lines().find(|l| !l.trim().is_empty()).unwrap_or("no words").chars().take(400).collect()
}
