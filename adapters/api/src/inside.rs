//! What an open source tells operators of itself, and what of it waits for a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What goes on inside an open source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inside {
    /// Facts, each with its name: `sessions`, `last trace`.
    pub facts: Vec<(String, String)>,
    /// It stands still until a person has looked.
    pub halted: Option<Halted>,
}

/// Why a source stands still, as it is shown to the person who decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// Names this halt: who accepts says which one was seen.
    pub id: String,
    /// One of the kind's declared codes.
    pub code: String,
    /// What happened, and what to do.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// Pictures of what was expected and what came: a caption, and lines of text. No secret is in them.
    pub pictures: Vec<(String, String)>,
    /// The same as one drawing (SVG), where there is one.
    pub drawing: Option<String>,
    /// What the configuration would have to say so that it goes on, where that can be proposed.
    pub proposal: Option<String>,
}
