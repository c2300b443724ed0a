//! Filters that a source is asked for: which are offered, and that none of them can miss a record.

use super::super::Pushed;
use super::{Input, Reading, Severity, compile};
use crate::draft::Draft;
use crate::formula::NoLookups;
use crate::instance::key_of_fragment;
use crate::mapping::{Draft as Said, Fate, Runner};
use crate::model::{Catalog, NarrowBy};
use crate::query::{Narrowing, Scope, Test, narrowed, params, parse_list};
use banyan_words::id::key_text;
use banyan_words::node::Node;
use banyan_words::{BatchBuilder, Column, Decimal, Id, Place, Row, Shape, Type, UnitRef, Value as Cell};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Offers that are only read live, of customers that passes bring.
fn offers() -> Value {
    json!({
        "banyan": 1,
        "sources": { "erp": { "adapter": "mssql", "datasets": {
            "customers": { "key": ["CUSTNO"] },
            "offers": { "key": ["OFFNO"], "null": ["N/A"] },
            "notes": { "key": ["OFFNO"] }
        } } },
        "entities": {
            "customer": { "fields": { "name": { "type": "text" } } },
            "offer": { "fields": {
                "status": { "type": "enum", "values": ["open", "won"], "filter": ["eq", "in"] },
                "code": { "type": "text", "filter": ["eq"] },
                "no": { "type": "text", "filter": ["eq"] },
                "total": { "type": "decimal", "scale": 2, "filter": ["eq", "gte", "gt", "lte", "lt"] },
                "day": { "type": "date", "filter": ["gte", "lte"] },
                "customer": { "type": "ref", "to": "customer", "filter": ["eq", "in"] },
                "remark": { "type": "text" }
            } }
        },
        "mappings": [
            { "from": "erp.customers", "to": "customer", "fields": { "name": "NAME" } },
            { "from": "erp.offers", "to": "offer", "fields": {
                "status": "STATUS ELSE REJECT \"bad-status\"", "code": "CODE", "no": "TEXT(OFFNO)", "total": "TOTAL",
                "day": "DAY ELSE NULL", "customer": "REF(\"customer\", \"erp\", CUSTNO)" } }
        ]
    })
}

fn columns() -> Vec<Column> {
    let ty = |name: &str, ty| Column { name: name.to_owned(), ty };
    vec![
        ty("OFFNO", Type::Integer),
        ty("STATUS", Type::Text),
        ty("CODE", Type::Text),
        ty("TOTAL", Type::Decimal { precision: 12, scale: 2 }),
        ty("DAY", Type::Date),
        ty("CUSTNO", Type::Integer),
        ty("OTHER", Type::Text),
        ty("AT", Type::DateTime),
    ]
}

fn pushed(column: &str, named: bool, indexed: Option<bool>) -> Pushed {
    let text = matches!(column, "STATUS" | "CODE");
    let named = named.then(|| "find_by[0]".to_owned());
    Pushed { column: column.to_owned(), equal: true, range: !text, named, indexed }
}

const ALL: [&str; 8] = ["OFFNO", "STATUS", "CODE", "TOTAL", "DAY", "CUSTNO", "OTHER", "AT"];

fn told(config: Value, pushes: Vec<Pushed>, indexes_known: bool) -> (Option<Catalog>, Vec<String>) {
    let (draft, faults) = Draft::read(&Node::from(config));
    assert_eq!(faults, Vec::new(), "the draft itself is sound");
    let live = || Reading { columns: Some(columns()), live_only: true, ..Reading::default() };
    let customers = ["CUSTNO", "NAME"].map(|n| Column { name: n.into(), ty: Type::Text }).to_vec();
    let readings: BTreeMap<String, Reading> = [
        ("erp.customers", Reading { columns: Some(customers), ..Reading::default() }),
        ("erp.offers", Reading { pushes, indexes_known, ..live() }),
        ("erp.notes", live()),
    ]
    .into_iter()
    .map(|(name, reading)| (name.to_owned(), reading))
    .collect();
    let files = BTreeMap::new();
    let (catalog, problems) = match compile(&Input { draft: &draft, readings: &readings, files: &files }) {
        Ok((catalog, problems)) => (Some(catalog), problems),
        Err(problems) => (None, problems),
    };
    let shown =
        problems.iter().filter(|p| !["unfilled-field", "else-never-speaks"].contains(&p.code.as_str())).map(|p| {
            let mark = if p.severity == Severity::Warning { " (warning)" } else { "" };
            format!("{} {}{mark}: {}", p.path, p.code, p.message)
        });
    (catalog, shown.collect())
}

fn all_pushed() -> Vec<Pushed> {
    ALL.iter().map(|c| pushed(c, true, Some(true))).collect()
}

fn sound() -> Catalog {
    let (catalog, problems) = told(offers(), all_pushed(), true);
    assert_eq!(problems, Vec::<String>::new());
    catalog.unwrap()
}

#[test]
fn what_can_be_asked_of_the_source_makes_a_list() {
    let catalog = sound();
    let (no, offer) = catalog.entity("offer").unwrap();
    assert!(offer.listed);
    let list = offer.live_list.as_ref().unwrap();
    assert_eq!(list.narrows.len(), 6);
    let customer = catalog.entity("customer").unwrap().0;
    let by = NarrowBy::Key { target: customer, space: "erp".into(), columns: vec!["CUSTNO".into()] };
    assert_eq!(list.of(offer.field("customer").unwrap().0), Some(&by));
    assert!(catalog.entities[customer].children.is_empty(), "a sub-collection would look complete");
    let refusal = parse_list(&catalog, no, &Scope::All, &params("limit=5").unwrap()).unwrap_err();
    assert_eq!(refusal.def.code, "filter-needed");
    assert!(refusal.detail.contains("total[gte]") && refusal.detail.contains("customer[in]"), "{}", refusal.detail);
    assert!(parse_list(&catalog, no, &Scope::All, &params("code=x&limit=5").unwrap()).is_ok());
    // Without a filter that the source can be asked for there is no list at all.
    let mut plain = offers();
    for field in plain["entities"]["offer"]["fields"].as_object_mut().unwrap().values_mut() {
        field.as_object_mut().unwrap().remove("filter");
    }
    let (catalog, problems) = told(plain, all_pushed(), true);
    assert_eq!(problems, Vec::<String>::new());
    assert!(catalog.unwrap().entity("offer").is_some_and(|(_, o)| !o.listed && o.live_list.is_none()));
}

#[test]
fn what_could_miss_a_record_is_refused_with_the_reason() {
    let at = "entities.offer.fields.";
    let cases: &[(&str, Value, &str)] = &[
        ("/mappings/1/fields/code", json!("UPPER(CODE)"), "cannot be read backwards"),
        ("/mappings/1/fields/code", json!("TRIM(CODE)"), "cannot be read backwards"),
        ("/mappings/1/fields/code", json!("CODE ELSE \"x\""), "cannot be read backwards"),
        ("/mappings/1/fields/day", json!("DAY ELSE KEEP \"bad-day\""), "cannot be read backwards"),
        ("/mappings/1/fields/customer", json!("REF(\"customer\", \"erp\", \"1\" & OTHER)"), "cannot be read backwards"),
        ("/entities/offer/fields/code/filter", json!(["eq", "startswith"]), "an index does not help"),
        ("/entities/offer/fields/code/filter", json!(["gte"]), "orders texts in a way of its own"),
        ("/entities/offer/fields/total/filter", json!(["ne"]), "an index does not help"),
        ("/entities/offer/fields/total/sort", json!(true), "cannot be sorted by"),
    ];
    for (pointer, to, why) in cases {
        let mut config = offers();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.into(), to.clone());
        let (_, problems) = told(config, all_pushed(), true);
        assert!(matches!(problems.as_slice(), [one] if one.starts_with(at) && one.contains(why)), "{to}: {problems:?}");
    }
    // Two mappings fill it; another dataset fills it; times get an offset.
    let mut two = offers();
    let notes = json!({ "from": "erp.notes", "to": "offer", "key": ["OFFNO"], "fields": { "code": "CODE" } });
    two["mappings"].as_array_mut().unwrap().push(notes);
    two["entities"]["offer"]["fields"]["code"]["owner"] = json!(["erp.offers", "erp.notes"]);
    let (_, problems) = told(two.clone(), all_pushed(), true);
    assert!(matches!(problems.as_slice(), [one] if one.contains("both fill it")), "{problems:?}");
    two["mappings"][2]["fields"] = json!({ "remark": "CODE" });
    two["entities"]["offer"]["fields"]["code"].as_object_mut().unwrap().remove("owner");
    two["entities"]["offer"]["fields"]["remark"]["filter"] = json!(["eq"]);
    let (_, problems) = told(two, all_pushed(), true);
    assert!(matches!(problems.as_slice(), [one] if one.contains("erp.notes")), "{problems:?}");
    let mut zoned = offers();
    zoned["sources"]["erp"]["zone"] = json!("Europe/London");
    zoned["entities"]["offer"]["fields"]["day"] = json!({ "type": "datetime", "filter": ["gte"] });
    zoned["mappings"][1]["fields"]["day"] = json!("AT");
    let (_, problems) = told(zoned.clone(), all_pushed(), true);
    assert!(matches!(problems.as_slice(), [one] if one.contains("offset of a zone")), "{problems:?}");
    zoned["sources"]["erp"].as_object_mut().unwrap().remove("zone");
    assert_eq!(told(zoned, all_pushed(), true).1, Vec::<String>::new());
}

#[test]
fn only_columns_that_an_index_begins_with_or_that_are_named() {
    let without: Vec<Pushed> = all_pushed().into_iter().filter(|p| p.column != "TOTAL").collect();
    let (_, problems) = told(offers(), without.clone(), true);
    assert!(
        matches!(problems.as_slice(), [one] if one.contains("no index of erp.offers begins with TOTAL")),
        "{problems:?}"
    );
    let (_, problems) = told(offers(), without.clone(), false);
    assert!(matches!(problems.as_slice(), [one] if one.contains("does not say that an index begins with TOTAL")));
    let mut named = without.clone();
    named.push(pushed("TOTAL", true, Some(false)));
    let (catalog, problems) = told(offers(), named, true);
    assert!(catalog.is_some());
    let at = "sources.erp.datasets.offers.find_by[0] not-indexed (warning)";
    assert!(matches!(problems.as_slice(), [one] if one.starts_with(at)), "{problems:?}");
    let mut unsafe_there = without;
    unsafe_there.push(Pushed { equal: false, range: false, ..pushed("TOTAL", true, Some(true)) });
    let (_, problems) = told(offers(), unsafe_there, true);
    assert!(matches!(problems.as_slice(), [one] if one.contains("without missing records")), "{problems:?}");
    let mut misspelt = all_pushed();
    misspelt.push(pushed("STATE", true, Some(false)));
    let (_, problems) = told(offers(), misspelt, true);
    assert!(matches!(problems.as_slice(), [one] if one.contains("find_by[0] unknown-column")), "{problems:?}");
}

/// A record as the source might have it.
#[derive(Clone, Debug)]
struct Record {
    status: Option<String>,
    code: Option<String>,
    total: Option<i64>,
    day: Option<i16>,
    customer: Option<i64>,
}

fn record() -> impl Strategy<Value = Record> {
    let word =
        |words: &'static [&'static str]| proptest::option::of(proptest::sample::select(words).prop_map(str::to_owned));
    (
        word(&["open", "won", "lost", "OPEN", "N/A"]),
        word(&["a", "A", "a ", "", "N/A", "b,c", "ß"]),
        proptest::option::of(-300_i64..300),
        proptest::option::of(-3_i16..3),
        proptest::option::of(0_i64..4),
    )
        .prop_map(|(status, code, total, day, customer)| Record { status, code, total, day, customer })
}

fn day(n: i16) -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 22).checked_add(jiff::SignedDuration::from_hours(24 * i64::from(n))).unwrap()
}

/// Whether a cell is a value as the ports say it: a text is read as the column's type.
fn is(cell: &Cell<'_>, asked: &Cell<'static>) -> bool {
    match (cell, asked) {
        (Cell::Integer(i), Cell::Text(t)) => t.parse() == Ok(*i),
        (Cell::Decimal(a), Cell::Decimal(b)) => a.normalised() == b.normalised(),
        (a, b) => a == b,
    }
}

fn meets(row: &Row<'_>, columns: &[String], test: &Narrowing) -> bool {
    let cells: Vec<Cell<'_>> = columns.iter().map(|c| row.value(row.shape().position(c).unwrap())).collect();
    let above = |a: &Cell<'_>, b: &Cell<'_>| match (a, b) {
        (Cell::Decimal(a), Cell::Decimal(b)) => {
            a.with_scale(2).unwrap().coefficient() >= b.with_scale(2).unwrap().coefficient()
        }
        (Cell::Date(a), Cell::Date(b)) => a >= b,
        _ => false,
    };
    match test {
        Narrowing::AnyOf(all) => all.iter().any(|v| cells.iter().zip(v).all(|(c, v)| is(c, v))),
        Narrowing::AtLeast(v) => above(&cells[0], v),
        Narrowing::AtMost(v) => above(v, &cells[0]),
        Narrowing::KeysOf { space, ids, .. } => {
            let parts: Option<Vec<String>> = cells.iter().map(|c| key_text(c).map(|t| t.into_owned())).collect();
            parts.is_some_and(|p| ids.contains(&Id::derive("customer", space, &p)))
        }
    }
}

proptest! {
    /// The rule: a record whose instance meets the filters meets what the source is asked for.
    #[test]
    fn no_record_is_missed(r in record(), which in 0_usize..7, a in -300_i64..300, b in -3_i16..3, c in 0_i64..4,
                           word in proptest::sample::select(vec!["a", "A", "a ", "N/A", "b", "ß", "1"])) {
        let catalog = sound();
        let (no, entity) = catalog.entity("offer").unwrap();
        let customer = |n: i64| Id::derive("customer", "erp", &[n.to_string()]);
        let total = Decimal::new(i128::from(a), 2).unwrap();
        let query = match which {
            0 => "status[in]=open,won".to_owned(),
            1 => format!("code={word}"),
            2 => format!("total[gt]={total}&total[lt]={}", Decimal::new(i128::from(a) + 90, 2).unwrap()),
            3 => format!("total[lte]={total}&status=won"),
            4 => format!("day[gte]={}&day[lte]={}", day(b), day(b + 1)),
            5 => format!("customer[in]={},{}", customer(c), customer(c + 1)),
            _ => format!("no={word}&total={total}"),
        };
        let query = query.replace(' ', "%20").replace("N/A", "N%2FA").replace('ß', "%C3%9F");
        let intent = parse_list(&catalog, no, &Scope::All, &params(&query).unwrap()).unwrap();
        let conditions = narrowed(entity, entity.live_list.as_ref().unwrap(), &intent.filters).unwrap();
        prop_assert!(!conditions.is_empty());

        let unit = UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of: jiff::Timestamp::UNIX_EPOCH };
        let mut builder = BatchBuilder::new(Arc::new(unit));
        let shape = builder.shape(Arc::new(Shape { dataset: "offers".into(), columns: columns() }));
        builder.begin(shape);
        let text = |t: &Option<String>| t.as_ref().map_or(Cell::Null, |t| Cell::text(t).into_owned());
        builder.value(Cell::Integer(1));
        builder.value(text(&r.status));
        builder.value(text(&r.code));
        builder.value(r.total.map_or(Cell::Null, |t| Cell::Decimal(Decimal::new(i128::from(t), 2).unwrap())));
        builder.value(r.day.map_or(Cell::Null, |d| Cell::Date(day(d))));
        builder.value(r.customer.map_or(Cell::Null, Cell::Integer));
        builder.value(Cell::Null);
        builder.value(Cell::Null);
        builder.end(Place::default());
        let batch = builder.finish();
        let row = batch.row(0);
        let mapping = entity.live_list.as_ref().unwrap().mapping;
        let runner = Runner::new(&catalog, mapping, row.shape());
        let mut said = Said::default();
        let id = runner.record_id(&row).unwrap().unwrap();
        if runner.run(&row, id, &NoLookups, &mut said) == Fate::Says {
            let m = &catalog.mappings[mapping];
            let holds = intent.filters.iter().all(|f| {
                let at = m.fields.iter().position(|(n, _)| *n == f.field).unwrap();
                let mut key = Vec::new();
                key_of_fragment(&entity.fields[f.field].ty, said.fragments.get(at), &mut key);
                key[0] != 0xff && match &f.test {
                    Test::Eq(k) => *k == key,
                    Test::In(ks) => ks.contains(&key),
                    Test::Range { from, to } => {
                        from.as_ref().is_none_or(|(k, own)| key > *k || (*own && key == *k))
                            && to.as_ref().is_none_or(|(k, own)| key < *k || (*own && key == *k))
                    }
                    Test::Ne(_) | Test::Prefix(_) => false,
                }
            });
            let found = conditions.iter().all(|c| meets(&row, &c.columns, &c.test));
            prop_assert!(!holds || found, "{query} misses {r:?}: {conditions:?}");
        }
    }
}
