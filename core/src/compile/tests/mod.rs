//! A small configuration that is sound, and what becomes of it when a part is changed.

mod catalog;
mod codes;
mod examples;
mod pushed;

use super::{CODES, Input, Reading, compile};
use crate::draft::Draft;
use crate::model::Catalog;
use banyan_words::node::Node;
use banyan_words::{Column, Problem, Severity, Type};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Customers from an ERP that a CRM adds e-mail addresses to; orders with lines from one file of two record types.
fn sound() -> Value {
    json!({
        "banyan": 1,
        "sources": {
            "erp": { "adapter": "file-drop", "zone": "Europe/London", "spaces": ["erp.person"], "datasets": {
                "custmas": { "key": ["CUSTNO"], "content": "snapshot", "null": ["\\N"] },
                "emails": { "key": ["PERSON"] },
                "orders": { "content": "changes", "records": {
                    "order": { "when": "TYPE = \"H\"", "key": ["NO"] },
                    "line": { "when": "TYPE = \"L\"", "within": "order", "key": ["order.NO", "ORDINAL"] }
                } }
            } },
            "crm": { "adapter": "file-drop", "datasets": { "contacts": { "key": ["ContactID"], "discard": ["CVV"] } } }
        },
        "entities": {
            "customer": { "authority": "erp", "fields": {
                "name": { "type": "text", "max": 80, "required": true },
                "email": { "type": "text", "format": "email", "owner": ["crm", "erp"] },
                "category": { "type": "enum", "values": ["retail", "trade"], "filter": ["eq", "in"] },
                "credit_limit": { "type": "decimal", "scale": 2, "filter": ["gte"], "sort": true },
                "since": { "type": "date" }
            } },
            "order": { "fields": {
                "customer": { "type": "ref", "to": "customer", "inverse": "orders" },
                "at": { "type": "datetime" }
            } },
            "line": { "fields": {
                "order": { "type": "ref", "to": "order", "part_of": true },
                "quantity": { "type": "integer" }
            } }
        },
        "mappings": [
            { "from": "erp.custmas", "to": "customer", "fields": {
                "name": "PROPER(TRIM(NAME))",
                "email": "LOWER(TRIM(EMAIL)) ELSE KEEP \"bad-email\"",
                "category": "LOOKUP(\"category\", CTYPE, REGION) ELSE REJECT \"unknown-category\"",
                "credit_limit": "DECIMAL(CRLIM) / 100 ELSE REJECT \"bad-limit\"",
                "since": "DATE(OPENDT, \"yyyyMMdd\") ELSE NULL"
            }, "examples": [{
                "given": { "CUSTNO": "001001", "NAME": "HARBOUR SUPPLIES  ", "EMAIL": "a@b.de", "CTYPE": "T",
                           "REGION": "UK", "CRLIM": 1250000, "OPENDT": 20190401 },
                "expect": { "name": "Harbour Supplies", "category": "trade", "credit_limit": 12500, "since": "2019-04-01" }
            }] },
            { "from": "crm.contacts", "to": "customer", "key": { "erp": ["ErpNo"] }, "also": { "crm": ["ContactID"] },
              "creates": false, "fields": { "email": "LOWER(TRIM(Email)) ELSE MISSING" } },
            { "from": "erp.order", "to": "order", "fields": {
                "customer": "REF(\"customer\", \"erp\", CUST)", "at": "DATETIME(AT, \"yyyy-MM-dd HH:mm\") ELSE NULL" } },
            { "from": "erp.line", "to": "line", "fields": {
                "order": "REF(\"order\", \"erp\", order.NO)", "quantity": "INTEGER(QTY) ELSE REJECT \"bad-quantity\"" } }
        ],
        "lookups": { "category": { "file": "category.csv", "keys": ["CTYPE", "REGION"], "value": "category" } }
    })
}

const CATEGORIES: &str = "CTYPE,REGION,category\nT,*,trade\nR,*,retail\n";

fn columns(names: &str) -> Option<Vec<Column>> {
    Some(names.split(' ').map(|n| Column { name: n.to_owned(), ty: Type::Text }).collect())
}

/// What came out, and every problem as `path code`, sorted; problems of the draft itself first fail the test.
struct Told {
    catalog: Option<Catalog>,
    problems: Vec<Problem>,
}

impl Told {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .problems
            .iter()
            .map(|p| {
                let mark = if p.severity == Severity::Warning { " (warning)" } else { "" };
                format!("{} {}{mark}", p.path, p.code)
            })
            .collect();
        lines.sort();
        lines
    }
}

fn told(value: Value) -> Told {
    told_of(value, CATEGORIES)
}

fn told_of(value: Value, categories: &str) -> Told {
    let (draft, faults) = Draft::read(&Node::from(value));
    assert_eq!(faults, Vec::new(), "the draft itself is sound");
    compiled(&draft, categories)
}

fn compiled(draft: &Draft, categories: &str) -> Told {
    let reading = |names| Reading { columns: columns(names), hash: 7, ..Reading::default() };
    let readings: BTreeMap<String, Reading> = [
        ("erp.custmas", reading("CUSTNO NAME EMAIL CTYPE REGION CRLIM OPENDT")),
        ("erp.emails", reading("PERSON EMAIL")),
        ("erp.orders", reading("TYPE NO CUST AT QTY")),
        ("crm.contacts", Reading { hash: 8, ..Reading::default() }),
    ]
    .into_iter()
    .map(|(name, reading)| (name.to_owned(), reading))
    .collect();
    let files = [("category.csv".to_owned(), Ok(categories.as_bytes().to_vec()))].into_iter().collect();
    match compile(&Input { draft, readings: &readings, files: &files }) {
        Ok((catalog, problems)) => Told { catalog: Some(catalog), problems },
        Err(problems) => Told { catalog: None, problems },
    }
}

/// Puts `to` at a JSON pointer of the sound configuration; `null` takes it away.
fn changed(changes: &[(&str, Value)]) -> Value {
    let mut value = sound();
    for (pointer, to) in changes {
        put(&mut value, pointer, to.clone());
    }
    value
}

fn put(value: &mut Value, pointer: &str, to: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Array(items) if key == "-" => items.push(to),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = to,
        Value::Object(map) if to.is_null() => {
            map.remove(key);
        }
        Value::Object(map) => {
            map.insert(key.replace("~1", "/"), to);
        }
        _ => panic!("nothing can be put into {pointer}"),
    }
}
