//! The customers, in a file.
//!
//! Invariant: what the file holds is what the feed said up to the place that it names: both are written together, under
//! another name first. Not here: how the feed is read (`follow`).

use serde_json::{Value, json};
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Data {
    file: PathBuf,
    /// In the order of their arrival.
    pub(crate) customers: Vec<Value>,
    /// Ids of those that ended.
    ended: Vec<String>,
    /// Up to where the feed was read.
    pub(crate) since: Option<String>,
}

impl Data {
    /// Reads the file; where there is none, nothing is known.
    pub(crate) fn open(file: &Path) -> Result<Data> {
        let mut data = Data { file: file.to_owned(), ..Data::default() };
        let text = match fs::read(file) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(data),
            other => other?,
        };
        let bad = |e: serde_json::Error| Error::other(format!("{}: {e}", file.display()));
        let mut kept: Value = serde_json::from_slice(&text).map_err(bad)?;
        if let Value::Array(customers) = kept["customers"].take() {
            data.customers = customers;
        }
        let ended = kept["ended"].as_array().into_iter().flatten();
        data.ended = ended.filter_map(|id| id.as_str().map(str::to_owned)).collect();
        data.since = kept["since"].as_str().map(str::to_owned);
        Ok(data)
    }

    /// Takes a page of changes, and writes it down.
    pub(crate) fn take(&mut self, page: &Value) -> Result<()> {
        for change in page["items"].as_array().into_iter().flatten() {
            self.change(change);
        }
        self.since = page["next"].as_str().map(str::to_owned).or(self.since.take());
        self.keep()
    }

    /// Forgets everything: the feed begins again.
    pub(crate) fn clear(&mut self) -> Result<()> {
        *self = Data { file: std::mem::take(&mut self.file), ..Data::default() };
        self.keep()
    }

    fn change(&mut self, change: &Value) {
        let Some(id) = change["id"].as_str() else { return };
        let place = self.customers.iter().position(|c| c["id"] == id);
        match (change.get("value").filter(|v| v.is_object()), place) {
            (Some(value), Some(n)) => self.customers[n] = value.clone(),
            (Some(value), None) => {
                self.customers.push(value.clone());
                self.ended.retain(|e| e != id);
            }
            (None, Some(n)) => {
                self.customers.remove(n);
                self.ended.push(id.to_owned());
            }
            (None, None) => {}
        }
    }

    /// Whether there was such a customer.
    pub(crate) fn has_ended(&self, id: &str) -> bool {
        self.ended.iter().any(|e| e == id)
    }

    fn keep(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let part = self.file.with_extension("part");
        let all = json!({ "since": self.since, "customers": self.customers, "ended": self.ended });
        fs::write(&part, all.to_string())?;
        fs::rename(&part, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_in_order_end_up_right_and_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("modern/customers.json");
        let mut data = Data::open(&file).unwrap();
        let came = |id: &str, name: &str| json!({ "change": "upsert", "id": id, "value": { "id": id, "name": name } });
        let items = json!([came("a", "A"), came("b", "B"), came("a", "A2"), { "change": "delete", "id": "b" }]);
        data.take(&json!({ "items": items, "next": "t1", "more": false })).unwrap();
        let again = Data::open(&file).unwrap();
        assert_eq!(again.customers, [json!({ "id": "a", "name": "A2" })]);
        assert_eq!((again.since.as_deref(), again.has_ended("b"), again.has_ended("a")), (Some("t1"), true, false));
        data.take(&json!({ "items": [came("b", "back")], "next": "t2" })).unwrap();
        assert!(!data.has_ended("b") && data.customers.len() == 2);
        data.clear().unwrap();
        assert!(Data::open(&file).unwrap().since.is_none());
    }

    #[test]
    fn a_damaged_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("customers.json");
        fs::write(&file, "{\"customers\": [").unwrap();
        assert!(Data::open(&file).unwrap_err().to_string().contains("customers.json"));
    }
}
