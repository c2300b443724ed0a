//! Every code, with the path it is told at.

use super::{CODES, changed, compiled, sound, told, told_of};
use crate::draft::Draft;
use banyan_words::node::Node;
use serde_json::{Value, json};

/// What is changed, and what is told then.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const CASES: &[Case] = &[
    (&[], &[]),
    // Sources and datasets.
    (&[("/sources/erp/zone", "\"Europe/Londn\"")], &["sources.erp.zone unknown-zone"]),
    (&[("/sources/erp/datasets/custmas/zone", "\"GMT+25\"")], &["sources.erp.datasets.custmas.zone unknown-zone"]),
    (&[("/sources/erp/spaces", "[\"erp.person\", \"crm\"]")], &["sources.erp.spaces[1] duplicate-name"]),
    (&[("/sources/crm/datasets/contacts/key", "null")], &["sources.crm.datasets.contacts key-missing"]),
    (&[("/sources/crm/datasets/contacts/key", "\"none\"")], &["sources.crm.datasets.contacts.key snapshot-only"]),
    (
        &[("/sources/erp/datasets/custmas/key", "[\"CUSTNUM\"]")],
        &["sources.erp.datasets.custmas.key[0] unknown-column"],
    ),
    (
        &[("/sources/erp/datasets/custmas/key", "[\"CUSTNO\", \"CUSTNO\"]")],
        &["sources.erp.datasets.custmas.key[1] duplicate-name"],
    ),
    (
        &[("/sources/erp/datasets/custmas/discard", "[\"PIN\"]")],
        &["sources.erp.datasets.custmas.discard[0] unknown-column"],
    ),
    (
        &[("/sources/erp/datasets/custmas/operation", "{ \"column\": \"OP\", \"delete\": [\"D\"] }")],
        &[
            "sources.erp.datasets.custmas.operation changes-only",
            "sources.erp.datasets.custmas.operation.column unknown-column",
        ],
    ),
    (
        &[("/sources/erp/datasets/emails/operation", "{ \"column\": \"EMAIL\", \"delete\": [] }")],
        &["sources.erp.datasets.emails.operation.delete missing-key"],
    ),
    (
        &[("/sources/erp/datasets/emails/shrink_guard", "\"30%\"")],
        &["sources.erp.datasets.emails.shrink_guard snapshot-only"],
    ),
    // Record types.
    (
        &[("/sources/erp/datasets/orders/records/line/within", "\"ordr\"")],
        &["sources.erp.datasets.orders.records.line.within unknown-record-type"],
    ),
    (
        &[("/sources/erp/datasets/orders/records/order/within", "\"line\"")],
        &[
            "sources.erp.datasets.orders.records.line.within cycle",
            "sources.erp.datasets.orders.records.order.within cycle",
        ],
    ),
    (
        &[("/sources/erp/datasets/orders/records/order/when", "\"KIND = 1\"")],
        &["sources.erp.datasets.orders.records.order.when unknown-column"],
    ),
    (&[("/sources/erp/datasets/line", "{ \"key\": [\"A\"] }")], &["sources.erp.datasets.line duplicate-name"]),
    (&[("/mappings/2/from", "\"erp.orders\"")], &["mappings[2].from record-type-missing"]),
    // Entities and fields.
    (&[("/entities/order/plural", "\"customers\"")], &["entities.order.plural duplicate-name"]),
    (&[("/entities/order/plural", "\"operations\"")], &["entities.order.plural reserved-name"]),
    (&[("/entities/order/renamed_from", "\"customer\"")], &["entities.order duplicate-name"]),
    (
        &[("/entities/customer/fields/id", "{ \"type\": \"text\" }")],
        &["entities.customer.fields.id reserved-name", "entities.customer.fields.id unfilled-field (warning)"],
    ),
    (
        &[("/entities/customer/fields/limit", "{ \"type\": \"text\", \"filter\": [\"eq\"] }")],
        &["entities.customer.fields.limit reserved-name", "entities.customer.fields.limit unfilled-field (warning)"],
    ),
    (
        &[("/entities/customer/fields/note", "{ \"type\": \"text\" }")],
        &["entities.customer.fields.note unfilled-field (warning)"],
    ),
    (
        &[("/entities/customer/fields/credit_limit/scale", "null")],
        &["entities.customer.fields.credit_limit missing-key"],
    ),
    (
        &[("/entities/customer/fields/credit_limit/precision", "39")],
        &["entities.customer.fields.credit_limit.precision wrong-size"],
    ),
    (&[("/entities/customer/fields/name/scale", "2")], &["entities.customer.fields.name.scale no-use"]),
    (&[("/entities/customer/fields/name/min", "2")], &["entities.customer.fields.name.min unsupported"]),
    (
        &[("/entities/customer/fields/category/values", "[\"retail\", \"trade\", \"trade\"]")],
        &["entities.customer.fields.category.values[2] duplicate-name"],
    ),
    (
        &[("/entities/customer/fields/since/example", "\"soon\"")],
        &["entities.customer.fields.since.example example-value (warning)"],
    ),
    (
        &[("/entities/customer/fields/category/filter", "[\"gte\"]")],
        &["entities.customer.fields.category.filter[0] not-filterable"],
    ),
    (
        &[("/entities/customer/fields/since/filter", "[\"startswith\"]")],
        &["entities.customer.fields.since.filter[0] not-filterable"],
    ),
    (&[("/entities/order/fields/customer/sort", "true")], &["entities.order.fields.customer.sort not-sortable"]),
    (&[("/entities/order/fields/customer/to", "\"custmer\"")], &["entities.order.fields.customer.to unknown-entity"]),
    (
        &[("/entities/order/fields/payer", "{ \"type\": \"ref\", \"to\": \"customer\" }")],
        &["entities.order.fields.payer inverse-missing", "entities.order.fields.payer unfilled-field (warning)"],
    ),
    (
        &[("/entities/order/fields/customer/inverse", "\"name\"")],
        &["entities.order.fields.customer.inverse duplicate-name"],
    ),
    (
        &[("/entities/order/fields/customer/inverse", "\"changes\"")],
        &["entities.order.fields.customer.inverse reserved-name"],
    ),
    (
        &[("/entities/order/fields/customer/inverse", "\"My Orders\"")],
        &["entities.order.fields.customer.inverse bad-name"],
    ),
    (
        &[("/entities/order/fields/line", "{ \"type\": \"ref\", \"to\": \"line\", \"part_of\": true }")],
        &[
            "entities.line.fields.order cycle",
            "entities.order.fields.line cycle",
            "entities.order.fields.line unfilled-field (warning)",
        ],
    ),
    (&[("/entities/customer/authority", "\"epr\"")], &["entities.customer.authority unknown-space"]),
    (
        &[("/entities/customer/authority", "null"), ("/mappings/1/key", "null")],
        &["entities.customer authority-missing"],
    ),
    (
        &[("/entities/ghost", "{ \"fields\": { \"x\": { \"type\": \"text\" } } }")],
        &["entities.ghost unfed-entity (warning)"],
    ),
    (
        &[("/entities/customer/match", "[{ \"when\": \"email = other.mail\", \"then\": \"merge\" }]")],
        &["entities.customer.match[0].then unknown-word", "entities.customer.match[0].when unknown-column"],
    ),
    // Owners.
    (&[("/entities/customer/fields/email/owner", "null")], &["entities.customer.fields.email owner-missing"]),
    (
        &[("/entities/customer/fields/email/owner", "[\"crm\", \"epr\"]")],
        &["entities.customer.fields.email.owner[1] unknown-owner"],
    ),
    (
        &[("/entities/customer/fields/name/owner", "[\"erp\", \"crm\"]")],
        &["entities.customer.fields.name.owner[1] owner-silent"],
    ),
    (
        &[("/entities/customer/fields/email/owner", "\"latest\"")],
        &["mappings[0] changed-at-missing", "mappings[1] changed-at-missing"],
    ),
    // Mappings.
    (&[("/mappings/0/from", "\"erp.custmast\"")], &["mappings[0].from unknown-dataset"]),
    (&[("/mappings/2/to", "\"ordre\"")], &["mappings[2].to unknown-entity"]),
    (&[("/mappings/1/key", "{ \"epr\": [\"ErpNo\"] }")], &["mappings[1].key unknown-space"]),
    (&[("/mappings/0/key", "[\"NUMBER\"]")], &["mappings[0].key[0] unknown-column"]),
    (&[("/mappings/1/also", "{ \"aw\": [\"ContactID\"] }")], &["mappings[1].also.aw unknown-space"]),
    (
        &[("/mappings/1/creates", "true"), ("/mappings/1/key", "[\"ContactID\"]")],
        &["mappings[1].creates creates-without-authority"],
    ),
    (
        &[("/mappings/-", "{ \"from\": \"erp.emails\", \"to\": \"customer\", \"fields\": { \"email\": \"EMAIL\" } }")],
        &["mappings[4] key-missing"],
    ),
    (&[("/mappings/1/pick", "\"last BY CVV\"")], &["mappings[1].pick discarded-column"]),
    (&[("/mappings/1/fields/email", "\"CVV\"")], &["mappings[1].fields.email discarded-column"]),
    (&[("/mappings/0/pick", "\"last BY CHANGED\"")], &["mappings[0].pick unknown-column"]),
    (&[("/mappings/0/fields/nmae", "\"NAME\"")], &["mappings[0].fields.nmae unknown-field"]),
    (
        &[("/mappings/0/fields/name", "null")],
        &[
            "entities.customer.fields.name unfilled-field (warning)",
            "mappings[0].examples[0].expect.name unknown-field",
            "mappings[0].fields required-unfilled",
        ],
    ),
    (&[("/mappings/0/fields/name", "\"TRIM(NAMEE)\"")], &["mappings[0].fields.name unknown-column"]),
    (&[("/mappings/0/when", "\"NAME\"")], &["mappings[0].when wrong-type"]),
    (&[("/mappings/0/changed_at", "\"OPENDT\"")], &["mappings[0].changed_at wrong-type"]),
    (
        &[("/mappings/2/fields/customer", "\"REF(\\\"customer\\\", \\\"epr\\\", CUST)\"")],
        &["mappings[2].fields.customer unknown-space"],
    ),
    // Lookups.
    (&[("/lookups/category/file", "\"other.csv\"")], &["lookups.category.file file-unreadable"]),
    (
        &[("/lookups/territory", "{ \"dataset\": \"erp.territory\", \"keys\": [\"A\"], \"value\": \"B\" }")],
        &["lookups.territory.dataset unknown-dataset"],
    ),
    (
        &[("/lookups/mail", "{ \"dataset\": \"erp.emails\", \"keys\": [\"P\"], \"value\": \"EMAIL\" }")],
        &["lookups.mail.keys[0] unknown-column"],
    ),
    (
        &[
            ("/lookups/mail", "{ \"dataset\": \"erp.emails\", \"keys\": [\"PERSON\"], \"value\": \"EMAIL\" }"),
            ("/sources/erp/datasets/emails/key", "\"none\""),
            ("/sources/erp/datasets/emails/content", "\"snapshot\""),
        ],
        &["lookups.mail.dataset key-missing"],
    ),
    // Examples.
    (
        &[("/mappings/0/examples/0/expect/category", "\"retail\"")],
        &["mappings[0].examples[0].expect.category example-failed"],
    ),
    (
        &[("/mappings/0/examples/0/expect/since", "\"1 April\"")],
        &["mappings[0].examples[0].expect.since example-value"],
    ),
    (
        &[
            ("/lookups/mail", "{ \"dataset\": \"erp.emails\", \"keys\": [\"PERSON\"], \"value\": \"EMAIL\" }"),
            ("/mappings/0/fields/email", "\"LOOKUP(\\\"mail\\\", CUSTNO) ELSE NULL\""),
        ],
        &["mappings[0].examples[0] example-not-run (warning)"],
    ),
];

#[test]
fn each_fault_is_told_once_and_in_its_place() {
    let mut wrong = Vec::new();
    for (changes, expected) in CASES {
        let read: Vec<(&str, Value)> =
            changes.iter().map(|(at, to)| (*at, serde_json::from_str(to).unwrap())).collect();
        let told = told(changed(&read));
        let sound = expected.iter().all(|line| line.ends_with("(warning)"));
        if told.lines() != *expected || told.catalog.is_some() != sound {
            wrong.push(format!("{changes:?}\n  wanted {expected:?}\n  told   {:?}", told.lines()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_is_listed_and_told_somewhere() {
    let told: Vec<&str> = CASES.iter().flat_map(|(_, told)| told.iter()).filter_map(|l| l.split(' ').nth(1)).collect();
    let listed: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    // A column that a source is searched by comes of a reading; `pushed` tells it.
    for code in listed.iter().filter(|c| **c != "not-indexed") {
        assert!(told.contains(code), "no case tells {code}");
    }
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, listed);
}

#[test]
fn every_problem_says_what_to_do() {
    for (changes, _) in CASES {
        let read: Vec<(&str, Value)> =
            changes.iter().map(|(at, to)| (*at, serde_json::from_str(to).unwrap())).collect();
        for p in super::told(changed(&read)).problems {
            assert!(p.hint.as_ref().is_some_and(|h| !h.is_empty()), "{p}");
        }
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let mut value = sound();
    for (changes, _) in CASES.iter().filter(|(c, _)| {
        c.len() == 1
            && ["/sources/erp/zone", "/mappings/1/creates", "/mappings/2/from", "/lookups/category/file"]
                .contains(&c[0].0)
    }) {
        for (at, to) in *changes {
            super::put(&mut value, at, serde_json::from_str(to).unwrap());
        }
    }
    let lines = told(value).lines();
    for wanted in [
        "sources.erp.zone unknown-zone",
        "mappings[2].from record-type-missing",
        "lookups.category.file file-unreadable",
    ] {
        assert!(lines.iter().any(|l| l == wanted), "{lines:?}");
    }
}

#[test]
fn consequences_of_a_told_fault_are_not_told() {
    let mut value = sound();
    super::put(&mut value, "/sources/crm", json!({ "adapter": "file-drop", "datasets": { "contacts": { "key": 3 } } }));
    super::put(&mut value, "/entities/order/fields/customer", json!({ "type": "reff" }));
    super::put(&mut value, "/lookups/category/keys", json!("CTYPE"));
    let (draft, faults) = Draft::read(&Node::from(value));
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(compiled(&draft, "").lines(), Vec::<String>::new());
}

#[test]
fn faults_of_a_lookup_file_are_told_with_its_line() {
    let told = told_of(sound(), "CTYPE,REGION,category\nT,*,trade\nT,*,retail\n");
    let spot = told.problems[0].spot.as_ref().unwrap();
    assert_eq!((spot.file.as_str(), spot.line), ("category.csv", 3));
    assert_eq!(told.problems[0].path, "lookups.category");
}
