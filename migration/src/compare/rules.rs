//! What of two answers may differ.

use crate::path::{Pattern, Step};
use banyan_words::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How far two numbers may be apart: an exact decimal, not negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tolerance(Decimal);

impl TryFrom<String> for Tolerance {
    type Error = String;

    fn try_from(text: String) -> Result<Tolerance, String> {
        let decimal = text.parse::<Decimal>().ok().filter(|d| !d.is_negative());
        decimal.map(Tolerance).ok_or_else(|| format!("`{text}` is not a tolerance\nwrite a number such as 0.01"))
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> String {
        tolerance.0.to_string()
    }
}

/// What may differ, what must not, and what must not be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Places that are not compared.
    pub ignore: Vec<Pattern>,
    /// Arrays whose order does not count.
    pub unordered: Vec<Pattern>,
    /// Numbers that may differ by so much.
    pub tolerance: BTreeMap<Pattern, Tolerance>,
    /// Places where one difference holds promotion back until a person has judged it.
    pub critical: Vec<Pattern>,
    /// Places whose values are never kept: only their type and length.
    pub personal: Vec<Pattern>,
    /// Places whose texts each side makes for itself, such as cursors: only that there is one counts.
    pub opaque: Vec<Pattern>,
    /// Headers that are compared, in lower case, besides `content-type` and `location`.
    pub headers: Vec<String>,
}

impl Rules {
    /// Names these rules: evidence that was gathered under others does not count. Redaction is left out, since it decides
    /// nothing.
    pub fn hash(&self) -> String {
        let judged = Rules { personal: Vec::new(), ..self.clone() };
        let text = serde_json::to_vec(&judged).unwrap_or_default();
        let digest = Sha256::digest(&text);
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    pub(super) fn ignores(&self, place: &[Step]) -> bool {
        any(&self.ignore, place)
    }

    pub(super) fn unordered(&self, place: &[Step]) -> bool {
        any(&self.unordered, place)
    }

    pub(super) fn critical(&self, place: &[Step]) -> bool {
        any(&self.critical, place)
    }

    pub(super) fn personal(&self, place: &[Step]) -> bool {
        // What holds something personal is personal as a whole.
        (0..=place.len()).any(|n| place.get(..n).is_some_and(|p| any(&self.personal, p)))
    }

    pub(super) fn opaque(&self, place: &[Step]) -> bool {
        any(&self.opaque, place)
    }

    pub(super) fn tolerance(&self, place: &[Step]) -> Option<Decimal> {
        self.tolerance.iter().find(|(p, _)| p.matches(place)).map(|(_, t)| t.0)
    }
}

fn any(patterns: &[Pattern], place: &[Step]) -> bool {
    patterns.iter().any(|p| p.matches(place))
}
