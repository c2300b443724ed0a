//! What a sound configuration becomes.

use super::{CATEGORIES, changed, sound, told, told_of};
use crate::model::{Catalog, Content, Owner};
use serde_json::json;
use std::time::Duration;

fn catalog() -> Catalog {
    told(sound()).catalog.unwrap()
}

#[test]
fn defaults_are_filled_in() {
    let c = catalog();
    let (_, custmas) = c.dataset("erp.custmas").unwrap();
    assert_eq!(custmas.content, Content::Snapshot);
    assert_eq!(custmas.shrink_guard.unwrap().permille, 500);
    assert_eq!(custmas.retain, Duration::from_secs(30 * 86_400));
    assert_eq!(custmas.zone.as_deref(), Some("Europe/London"));
    let (_, contacts) = c.dataset("crm.contacts").unwrap();
    assert_eq!(contacts.content, Content::Changes(None), "no deletion is ever guessed");
    assert_eq!((contacts.shrink_guard, contacts.zone.as_deref()), (None, None));
    let (_, customer) = c.entity("customer").unwrap();
    assert_eq!((customer.plural.as_str(), customer.id_name.as_str()), ("customers", "customer"));
    assert_eq!(c.entity("order").unwrap().1.authority, ["erp"], "there is but one space it is fed in");
}

#[test]
fn a_share_becomes_thousandths_rounded_down() {
    for (share, permille) in [("30%", 300), ("0%", 0), ("100%", 1000), ("12.34%", 123)] {
        let c = told(changed(&[("/sources/erp/datasets/custmas/shrink_guard", json!(share))])).catalog.unwrap();
        assert_eq!(c.dataset("erp.custmas").unwrap().1.shrink_guard.unwrap().permille, permille);
    }
}

#[test]
fn record_types_are_datasets_of_their_file() {
    let c = catalog();
    assert!(c.dataset("erp.orders").is_none());
    let (_, line) = c.dataset("erp.line").unwrap();
    assert_eq!((line.feed.as_str(), line.kind.as_ref().unwrap().within.as_deref()), ("orders", Some("order")));
    assert_eq!(line.key, ["order.NO", "ORDINAL"]);
}

#[test]
fn what_is_discarded_is_discarded_from_parents_too() {
    let c = told(changed(&[
        ("/sources/erp/datasets/orders/discard", json!(["AT"])),
        ("/mappings/2/fields/at", json!("NULL")),
    ]));
    assert_eq!(c.catalog.unwrap().dataset("erp.line").unwrap().1.discard, ["AT", "order.AT"]);
}

#[test]
fn mappings_know_whose_instances_they_speak_of() {
    let c = catalog();
    let facts: Vec<(&str, &str, bool, bool)> =
        c.mappings.iter().map(|m| (m.name.as_str(), m.key.space.as_str(), m.creates, m.direct)).collect();
    assert_eq!(
        facts,
        [
            ("erp.custmas -> customer", "erp", true, true),
            ("crm.contacts -> customer", "erp", false, false),
            ("erp.order -> order", "erp", true, true),
            ("erp.line -> line", "erp", true, true),
        ]
    );
}

#[test]
fn a_second_mapping_of_the_same_records_is_not_direct() {
    let more = json!({ "from": "erp.custmas", "to": "customer", "name": "again", "fields": { "name": "NAME" } });
    let told = told(changed(&[("/mappings/-", more), ("/entities/customer/fields/name/owner", json!("erp"))]));
    let c = told.catalog.unwrap();
    assert_eq!(c.mappings.iter().filter(|m| m.direct && m.entity == 0).count(), 1);
    let owner = &c.entities[0].field("name").unwrap().1.owner;
    assert_eq!(*owner, Owner::First(vec![("erp".into(), vec![0, 4])]), "in rank order");
}

#[test]
fn owners_are_mappings() {
    let c = catalog();
    let owner = |name: &str| c.entities[0].field(name).unwrap().1.owner.clone();
    assert_eq!(owner("email"), Owner::First(vec![("crm".into(), vec![1]), ("erp".into(), vec![0])]));
    assert_eq!(owner("name"), Owner::First(vec![("erp".into(), vec![0])]));
    let review = told(changed(&[("/entities/customer/fields/email/owner", json!("review"))])).catalog.unwrap();
    assert_eq!(review.entities[0].field("email").unwrap().1.owner, Owner::Review(vec![0, 1]));
    let by_dataset =
        told(changed(&[("/entities/customer/fields/email/owner", json!("crm.contacts"))])).catalog.unwrap();
    assert_eq!(
        by_dataset.entities[0].field("email").unwrap().1.owner,
        Owner::First(vec![("crm.contacts".into(), vec![1])])
    );
}

#[test]
fn the_other_sides_of_references_are_named() {
    let c = catalog();
    let names =
        |e: usize| c.entities[e].children.iter().map(|k| (k.name.as_str(), k.entity, k.part_of)).collect::<Vec<_>>();
    assert_eq!(names(0), [("orders", 1, false)]);
    assert_eq!(names(1), [("lines", 2, true)]);
    let plain = told(changed(&[("/entities/order/fields/customer/inverse", json!(null))])).catalog.unwrap();
    assert!(plain.entities[0].children.is_empty(), "a plain reference has no other side unless it is named");
}

#[test]
fn records_without_a_key_are_instances_of_their_own() {
    let changes = [
        ("/sources/erp/datasets/custmas/key", json!("none")),
        ("/mappings/1", json!({ "from": "erp.order", "to": "order", "name": "o", "fields": {} })),
        ("/entities/customer/fields/email/owner", json!("erp")),
    ];
    let c = told(changed(&changes)).catalog.unwrap();
    let m = &c.mappings[0];
    assert_eq!((m.key.columns.len(), m.creates, m.direct), (0, true, false));
}

#[test]
fn a_renamed_source_keeps_its_key_space() {
    let mut value = sound();
    super::put(&mut value, "/sources/crm/renamed_from", json!("old_crm"));
    let also = |told: super::Told| told.catalog.unwrap().mappings[1].also[0].space.clone();
    assert_eq!(also(told(value.clone())), "old_crm");
    super::put(&mut value, "/mappings/1/also", json!({ "old_crm": ["ContactID"] }));
    assert_eq!(also(told(value)), "old_crm");
}

#[test]
fn renaming_keeps_what_was_made() {
    // Plans are versions: where the tests' readings differ, they differ.
    let lasting = |c: &Catalog| c.names().into_iter().filter(|n| n.kind != "plan").collect::<Vec<_>>();
    let before = catalog();
    let mut value = sound();
    let crm = value["sources"].as_object_mut().unwrap().remove("crm").unwrap();
    value["sources"]["crm2"] = crm;
    super::put(&mut value, "/sources/crm2/renamed_from", json!("crm"));
    super::put(&mut value, "/mappings/1/from", json!("crm2.contacts"));
    super::put(&mut value, "/entities/customer/fields/email/owner", json!(["crm2", "erp"]));
    let after = told(value).catalog.unwrap();
    assert_eq!(after.mappings[1].name, "crm2.contacts -> customer");
    assert_eq!(lasting(&before), lasting(&after));
    let mut value =
        changed(&[("/sources/crm/datasets/people", json!({ "key": ["ContactID"], "renamed_from": "contacts" }))]);
    assert_eq!(told(value.clone()).lines(), ["sources.crm.datasets.people duplicate-name"], "both would be one");
    super::put(&mut value, "/sources/crm/datasets/contacts", json!(null));
    super::put(&mut value, "/mappings/1/from", json!("crm.people"));
    let after = told(value).catalog.unwrap();
    assert_eq!(lasting(&before), lasting(&after));
}

#[test]
fn a_renamed_entity_keeps_its_ids_in_references_too() {
    let example = json!([{ "given": { "NO": "1", "CUST": "001001" },
                           "expect": { "customer": "5pga7r8a2xsmynwhp3fje39cc1" } }]);
    let id = |renamed_from| {
        let changes = [("/entities/customer/renamed_from", renamed_from), ("/mappings/2/examples", example.clone())];
        told(changed(&changes)).lines()
    };
    assert_eq!(id(json!("customer")), Vec::<String>::new());
    assert_eq!(id(json!("client")), ["mappings[2].examples[0].expect.customer example-failed"], "another id");
}

#[test]
fn a_hash_covers_what_decides_a_value_and_nothing_else() {
    let hashes = |c: Catalog| c.mappings.iter().map(|m| m.hash).collect::<Vec<_>>();
    let first = hashes(catalog());
    assert_eq!(first, hashes(catalog()), "stable");
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    let changed_at = |pointer: &str, to: serde_json::Value| {
        let told = told(changed(&[(pointer, to)]));
        let second = hashes(told.catalog.unwrap_or_else(|| panic!("{pointer}: {:?}", told.problems)));
        first.iter().zip(&second).map(|(a, b)| a != b).collect::<Vec<_>>()
    };
    assert_eq!(changed_at("/mappings/0/fields/name", json!("PROPER(TRIM(NAME & \"\"))")), [true, false, false, false]);
    assert_eq!(changed_at("/mappings/0/fields/name", json!("proper( trim(NAME))")), [false; 4]);
    assert_eq!(changed_at("/sources/erp/zone", json!("Europe/Paris")), [true, false, true, true]);
    assert_eq!(changed_at("/sources/erp/datasets/custmas/null", json!([""])), [true, false, false, false]);
    assert_eq!(changed_at("/entities/customer/fields/credit_limit/scale", json!(3)), [true, false, false, false]);
    assert_eq!(changed_at("/mappings/1/key", json!({ "erp": ["No"] })), [false, true, false, false]);
    assert_eq!(changed_at("/mappings/0/description", json!("words")), [false; 4]);
    assert_eq!(changed_at("/entities/customer/fields/name/description", json!("words")), [false; 4]);
    let rows = hashes(told_of(sound(), &format!("{CATEGORIES}X,*,trade\n")).catalog.unwrap());
    assert_ne!(first[0], rows[0], "lookup rows");
    assert_eq!(first[1..], rows[1..]);
}
