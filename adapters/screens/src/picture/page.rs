//! A web page, as far as a map asks about it: one script call answers all its locators.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one script call found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its address, without query values that a map calls secret.
    pub url: String,
    /// Its title.
    pub title: String,
    /// What each locator of the map found, by the locator's text ([`crate::map::ElementFinder::id`]). A locator that
    /// found nothing has an empty list.
    pub found: BTreeMap<String, Vec<Element>>,
    /// Rows of each table of the map, by its screen's name: texts of its columns, in their order; `None` where a row
    /// lacks the cell.
    pub tables: BTreeMap<String, Vec<Vec<Option<String>>>>,
    /// The text of the page's body as a reader sees it, cut at 64 KiB.
    pub text: String,
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Its text, blanks folded.
    pub text: String,
    /// The value of an input; of a hidden one ([`super::MASK`] repeated).
    pub value: Option<String>,
    /// Its ARIA role, given or implied.
    pub role: String,
    /// Its accessible name.
    pub name: String,
    /// It can be seen.
    pub visible: bool,
    /// It can be used.
    pub enabled: bool,
}
