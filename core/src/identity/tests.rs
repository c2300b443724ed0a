//! The canonical value is a pure function of the set of observations: any order, any repeats, the same bytes.

use super::{absorb, admit};
use crate::compile::{Input, Reading, compile};
use crate::draft::Draft;
use crate::instance::{Book, Instance, Observation, RawAt, Say};
use crate::model::{Catalog, Numbers};
use crate::ownership::{World, derive};
use banyan_words::node::Node;
use banyan_words::{Id, Place};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

struct ByNumber;
impl World for ByNumber {
    fn compare_units(&self, a: u32, b: u32) -> Ordering {
        a.cmp(&b)
    }
    fn resolve(&self, _: usize, id: Id) -> Id {
        id
    }
}

/// Two sources speak of customers: one rules some fields, another rules others; one has several records an instance.
fn catalog() -> Catalog {
    let config = serde_json::json!({
        "banyan": "1",
        "gateway": { "listen": "127.0.0.1:0", "admin": "127.0.0.1:0" },
        "store": "sqlite:x.db",
        "sources": {
            "erp": { "adapter": "file-drop", "datasets": { "cust": { "key": ["NO"], "content": "changes" } } },
            "crm": { "adapter": "file-drop", "datasets": {
                "contacts": { "key": ["ID"], "content": "changes" },
                "phones": { "key": ["ID", "N"], "content": "changes" } } }
        },
        "entities": { "customer": { "plural": "customers", "authority": "erp", "fields": {
            "name": { "type": "text", "owner": "erp" },
            "email": { "type": "text", "owner": ["crm.contacts", "erp"] },
            "tier": { "type": "text", "owner": "latest" },
            "vat": { "type": "text", "owner": "review" },
            "phone": { "type": "text", "owner": "crm.phones" }
        } } },
        "mappings": [
            { "from": "erp.cust", "to": "customer", "changed_at": "DATE(AT)",
              "fields": { "name": "NAME", "email": "EMAIL", "tier": "TIER", "vat": "VAT" } },
            { "from": "crm.contacts", "to": "customer", "key": { "erp": ["ERPNO"] }, "creates": "false",
              "changed_at": "DATE(AT)", "fields": { "email": "EMAIL", "tier": "TIER", "vat": "VAT" } },
            { "from": "crm.phones", "to": "customer", "key": { "erp": ["ERPNO"] }, "creates": "false",
              "pick": "last BY N", "fields": { "phone": "PHONE" } }
        ]
    });
    let (draft, problems) = Draft::read(&Node::from(config));
    assert!(problems.is_empty(), "{problems:?}");
    let readings: BTreeMap<String, Reading> =
        ["erp.cust", "crm.contacts", "crm.phones"].map(|d| (d.to_owned(), Reading::default())).into();
    let input = Input { draft: &draft, readings: &readings, files: &BTreeMap::new() };
    let mut catalog = compile(&input).unwrap_or_else(|p| panic!("{p:#?}")).0;
    let mut numbers = Numbers::new();
    for (i, n) in catalog.names().into_iter().enumerate() {
        numbers.insert((n.kind.to_owned(), n.name), i as u32 + 1);
    }
    catalog.bind(&numbers);
    catalog
}

fn say() -> impl Strategy<Value = Say> {
    let value = prop_oneof![Just("\"a\""), Just("\"b\""), Just("\"c\""), Just("null")];
    prop_oneof![
        1 => Just(Say::Missing),
        4 => value.prop_map(|v| Say::Value(v.as_bytes().into())),
        1 => Just(Say::Keep { code: "bad".into(), value: None, seen: None }),
    ]
}

/// What a record said at some time: its mapping, which record, when it was seen, and what.
#[derive(Clone, Debug)]
struct Said {
    mapping: usize,
    record: u8,
    seen: (u32, u64),
    withdrawn: bool,
    changed: u8,
    says: Vec<Say>,
}

fn said() -> impl Strategy<Value = Said> {
    let parts = (0_usize..3, 0_u8..2, 0_u32..4, 1_u64..3, prop::bool::weighted(0.15), 0_u8..3);
    (parts, prop::collection::vec(say(), 4)).prop_map(|((mapping, record, unit, line, withdrawn, changed), says)| {
        Said {
            mapping,
            // Only telephone numbers come in several records an instance.
            record: if mapping == 2 { record } else { 0 },
            seen: (unit, line),
            withdrawn,
            changed,
            says,
        }
    })
}

fn observation(catalog: &Catalog, s: &Said) -> Observation {
    let m = &catalog.mappings[s.mapping];
    Observation {
        plan: m.plan,
        record: Id([s.mapping as u8 * 16 + s.record; 16]),
        unit: s.seen.0,
        place: Place { line: s.seen.1, offset: 0 },
        raw: RawAt::default(),
        prior: RawAt::default(),
        hash: 0,
        withdrawn: s.withdrawn,
        held: false,
        aliases: Vec::new(),
        changed_at: vec![s.changed],
        pick: if s.mapping == 2 { vec![s.record] } else { Vec::new() },
        says: if s.withdrawn { Vec::new() } else { s.says[..m.fields.len()].to_vec() },
    }
}

fn derived(catalog: &Catalog, book: &Book, said: &[Said]) -> Instance {
    let mut i = Instance::default();
    for s in said {
        admit(&mut i, observation(catalog, s), book, &ByNumber);
        // What was canonical in between must leave no trace.
        derive(catalog, 0, book, &ByNumber, &mut i);
    }
    // Live at some time is history, not content.
    i.was_live = false;
    i
}

fn shuffled(said: Vec<Said>) -> impl Strategy<Value = (Vec<Said>, Vec<Said>)> {
    let repeats = prop::sample::subsequence(said.clone(), 0..=said.len());
    (Just(said.clone()), repeats).prop_flat_map(|(all, again)| {
        let mut twice = all.clone();
        twice.extend(again);
        (Just(all), Just(twice).prop_shuffle())
    })
}

/// One place says one thing: of several drawn for the same record and place only the first stands.
fn consistent(mut all: Vec<Said>) -> Vec<Said> {
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|s| seen.insert((s.mapping, s.record, s.seen)));
    all
}

proptest! {
    #[test]
    fn order_and_repeats_leave_no_trace(
        (all, mixed) in prop::collection::vec(said(), 1..12).prop_map(consistent).prop_flat_map(shuffled)
    ) {
        let catalog = catalog();
        let book = Book::new(&catalog);
        prop_assert_eq!(derived(&catalog, &book, &all), derived(&catalog, &book, &mixed));
    }

    #[test]
    fn a_placeholder_that_is_absorbed_is_as_if_it_had_never_been(
        all in prop::collection::vec(said(), 1..12).prop_map(consistent), cut in 0_usize..12
    ) {
        let catalog = catalog();
        let book = Book::new(&catalog);
        let cut = cut.min(all.len());
        let mut into = derived(&catalog, &book, &all[..cut]);
        absorb(&mut into, derived(&catalog, &book, &all[cut..]), &book, &ByNumber);
        derive(&catalog, 0, &book, &ByNumber, &mut into);
        into.was_live = false;
        prop_assert_eq!(into, derived(&catalog, &book, &all));
    }
}
