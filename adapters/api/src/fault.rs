//! Why a source could not do what was asked.

use serde::Serialize;

/// What kind of trouble it is, which decides what the gateway does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// May pass by itself: tried again with growing pauses.
    Transient,
    /// Stays until a person acts.
    Permanent,
}

/// A failed call. Told to operators; never shown to consumers as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message} [{code}]")]
pub struct Fault {
    /// One of the kind's declared codes.
    pub code: String,
    /// Transient or permanent.
    pub class: Class,
    /// What happened, where, and what to do.
    pub message: String,
}

impl Fault {
    /// A fault that may pass.
    pub fn transient(code: &str, message: impl Into<String>) -> Fault {
        Fault { code: code.into(), class: Class::Transient, message: message.into() }
    }

    /// A fault that stays until a person acts.
    pub fn permanent(code: &str, message: impl Into<String>) -> Fault {
        Fault { code: code.into(), class: Class::Permanent, message: message.into() }
    }
}

/// A code with its permanent meaning; `openapi/errors.json` and the documentation are made from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalDef {
    /// Kebab-case, never re-used for another meaning.
    pub code: &'static str,
    /// Where it is refused: `config`, `unit`, `record`, `mapping`, `request`.
    pub stage: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub hint: &'static str,
}
