//! The scripts, the question a map asks of every page, and the answer.
//!
//! Invariant: one look is one script call, however many locators and rows there are; answers are bounded.

use crate::map::{Condition, Screen};
use crate::map::{ElementFinder, Finder, Map};
use crate::picture::{Element, MASK, Page};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Runs at the start of every document.
pub(super) const WATCH: &str = include_str!("js/watch.js");
/// Chooses an entry of a list.
pub(super) const CHOOSE: &str = include_str!("js/choose.js");
/// Puts a value into an input that has no text.
pub(super) const PUT: &str = include_str!("js/put.js");

macro_rules! script {
    ($($file:literal),*) => { concat!($(include_str!(concat!("js/", $file)), "\n",)*) };
}
/// Answers all of a map's locators.
pub(super) const LOOK: &str = script!("names.js", "state.js", "look.js");
/// Finds one element.
pub(super) const FIND: &str = script!("names.js", "state.js", "find.js");
/// Tells what has the focus.
pub(super) const FOCUS: &str = script!("names.js", "state.js", "focus.js");
/// Tells whether the page rests.
pub(super) const STATE: &str = concat!(include_str!("js/state.js"), "\nreturn stateOf(arguments[0]);");

/// Characters of the body's text.
const TEXT: usize = 64 * 1024;
/// Elements told of each locator: more than one is too many already.
const MOST: usize = 50;
/// Rows of one table on one page.
const ROWS: usize = 20_000;
/// Characters of the whole answer.
const ROOM: usize = 32 * 1024 * 1024;

/// What a look at a page, or at its state, brought.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) token: String,
    pub(super) count: u64,
    pub(super) rest: bool,
    pub(super) url: String,
    /// Chromium's code, where the page could not be loaded.
    pub(super) broken: Option<String>,
    title: String,
    text: String,
    found: BTreeMap<String, Vec<Element>>,
    tables: BTreeMap<String, Vec<Vec<Option<String>>>>,
    /// It was more than fits.
    pub(super) full: bool,
}

impl Answer {
    /// The page.
    pub(super) fn page(self) -> Page {
        let mut text = self.text;
        let mut end = text.len().min(TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        Page { url: discreet(&self.url), title: self.title, found: self.found, tables: self.tables, text }
    }
}

/// The address without what looks like a secret: values of parameters whose names speak of passwords, tokens, keys.
pub(super) fn discreet(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return address.to_owned() };
    let telling = |name: &str| {
        let name = name.to_lowercase();
        ["pass", "pwd", "secret", "token", "apikey", "api_key", "sessionid", "jsessionid"]
            .iter()
            .any(|w| name.contains(w))
    };
    if !url.query_pairs().any(|(name, _)| telling(&name)) {
        return address.to_owned();
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let masked = pairs.iter().map(|(n, v)| (n, if telling(n) { "***" } else { v.as_str() }));
    url.query_pairs_mut().clear().extend_pairs(masked);
    url.into()
}

/// All that a map asks of a page.
pub(super) fn question(map: &Map) -> Value {
    let mut finders = BTreeSet::new();
    for screen in &map.screens {
        finders.extend(of_screen(screen));
    }
    let finders: Vec<Value> =
        finders.into_iter().map(|f| json!({ "id": f.id(), "css": f.css, "role": f.role, "name": f.name })).collect();
    let tables: Vec<Value> = map.screens.iter().filter_map(table).collect();
    json!({
        "finders": finders, "tables": tables, "hidden": hidden(map), "mask": MASK.to_string(),
        "text": TEXT, "most": MOST, "rows": ROWS, "room": ROOM,
    })
}

/// Selectors of fields that are hidden, over and above those for passwords.
pub(super) fn hidden(map: &Map) -> Vec<&str> {
    let fields = map.screens.iter().flat_map(|s| &s.fields).filter(|f| f.hidden);
    fields.filter_map(|f| element(&f.find)).map(|f| f.css.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn element(finder: &Finder) -> Option<&ElementFinder> {
    match finder {
        Finder::Element(element) => Some(element),
        _ => None,
    }
}

fn of_screen(screen: &Screen) -> impl Iterator<Item = &ElementFinder> {
    let conditions = screen.conditions.iter().filter_map(|c| match c {
        Condition::Element(element) => Some(element),
        _ => None,
    });
    let fields = screen.fields.iter().filter_map(|f| element(&f.find));
    let errors = screen.errors.iter().filter_map(|e| e.place.as_ref()).filter_map(element);
    conditions.chain(fields).chain(errors)
}

fn table(screen: &Screen) -> Option<Value> {
    let table = screen.table.as_ref()?;
    let row = table.row_css.as_ref()?;
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|(_, find)| element(find).map_or(Value::Null, |f| json!({ "css": f.css, "role": f.role, "name": f.name })))
        .collect();
    Some(json!({ "id": screen.name, "row": row, "columns": columns }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_without_their_secrets() {
        let address = "https://erp.example/login?user=ann&Password=hunter2&next=%2Fadmin";
        let told = discreet(address);
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains("user=ann") && told.contains("next=%2Fadmin"), "{told}");
        assert_eq!(discreet("https://erp.example/?p=1&q=a b"), "https://erp.example/?p=1&q=a b");
    }

    #[test]
    fn the_text_is_cut_between_characters() {
        let answer = Answer { text: format!("a{}", "€".repeat(TEXT)), ..Answer::default() };
        let page = answer.page();
        assert!(page.text.len() <= TEXT && page.text.len() > TEXT - 4);
    }
}
