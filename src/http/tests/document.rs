//! The document: served, true to what is served, and shown offline.

use super::world::{World, catalog, config, header};
use crate::http::openapi::facade_document;
use serde_json::{Value, json};

#[test]
fn it_says_what_is_required_and_what_may_be_null() {
    let doc = facade_document(&catalog(config()));
    assert_eq!(doc["openapi"], "3.1.0");
    let customer = &doc["components"]["schemas"]["Customer"];
    let fields = json!(["id", "name", "email", "category", "credit_limit", "since", "tags", "active"]);
    assert_eq!(customer["required"], fields, "every field is there");
    assert_eq!(customer["properties"]["name"]["type"], "string");
    assert_eq!(customer["properties"]["email"]["type"], json!(["string", "null"]));
    assert_eq!(customer["properties"]["credit_limit"]["format"], "decimal");
    assert_eq!(customer["properties"]["category"]["enum"], json!(["retail", "trade", "export", null]));
    assert_eq!(doc["components"]["schemas"]["CustomerSelection"]["required"], json!(["id"]));
    let ids: Vec<&str> = doc["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|p| p.as_object().unwrap().values())
        .map(|o| o["operationId"].as_str().unwrap())
        .collect();
    for id in [
        "listCustomers",
        "getCustomer",
        "lookupCustomer",
        "lookupCustomerByBody",
        "listCustomerChanges",
        "getCustomerLineage",
        "listOrdersOfCustomer",
        "listLinesOfOrder",
    ] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
}

#[test]
fn every_parameter_it_names_is_taken_and_every_reference_leads_somewhere() {
    let w = World::filled();
    let doc = w.json("/openapi.json");
    let id = w.id("customer", &["001001"]);
    for (path, item) in doc["paths"].as_object().unwrap() {
        if path.contains("lookup") || !path.starts_with("/v1/customers") {
            continue;
        }
        for p in item["get"]["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "query") {
            let schema = &p["schema"];
            let of = if schema["type"] == "array" { &schema["items"] } else { schema };
            let value = of["examples"][0].as_str().or(of["enum"][0].as_str()).unwrap_or("1");
            let name = p["name"].as_str().unwrap();
            let asked = format!("{}?{name}={value}", path.replace("{id}", &id));
            let r = w.get(&asked);
            // A token cannot be made up; that it is not unknown is what counts.
            if name == "cursor" || name == "since" {
                assert_eq!(super::world::problem(r).1, "bad-cursor", "{asked}");
            } else {
                assert_eq!(r.status(), 200, "{asked}: {}", r.text().unwrap());
            }
        }
    }
    let mut dangling = Vec::new();
    references(&doc, &mut |to| {
        if doc.pointer(to.trim_start_matches('#')).is_none() {
            dangling.push(to.to_owned());
        }
    });
    assert_eq!(dangling, Vec::<String>::new());
}

fn references(v: &Value, each: &mut impl FnMut(&str)) {
    match v {
        Value::Object(o) => o.iter().for_each(|(k, v)| match (k.as_str(), v) {
            ("$ref", Value::String(to)) => each(to),
            _ => references(v, each),
        }),
        Value::Array(a) => a.iter().for_each(|v| references(v, each)),
        _ => {}
    }
}

#[test]
fn it_is_served_with_an_etag_and_shown_offline() {
    let w = World::empty();
    let r = w.get("/openapi.json");
    let etag = header(&r, "etag");
    assert_eq!(w.ask("GET", "/openapi.json").header("if-none-match", etag).send().unwrap().status(), 304);
    let r = w.get("/docs");
    assert_eq!((r.status().as_u16(), header(&r, "location").as_str()), (308, "/docs/"));
    for (path, kind) in
        [("/docs/", "text/html"), ("/docs/swagger-ui-bundle.js", "text/javascript"), ("/docs/errors", "text/html")]
    {
        let r = w.get(path);
        assert_eq!(r.status(), 200, "{path}");
        assert!(header(&r, "content-type").starts_with(kind), "{path}: {}", header(&r, "content-type"));
    }
    let start = w.get("/docs/swagger-initializer.js").text().unwrap();
    assert!(start.contains("/openapi.json") && !start.contains("http"), "{start}");
    let page = w.get("/docs/").text().unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    assert!(w.get("/docs/errors").text().unwrap().contains("id=\"cursor-mismatch\""));
    assert_eq!(w.problem("/docs/../Cargo.toml").1, "no-such-path");
}

#[test]
fn the_table_of_codes_in_the_documentation_is_the_registry() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- codes: begin -->\n", "<!-- codes: end -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (table, after) = rest.split_once(end).unwrap();
    let want = crate::http::errors_table();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, format!("{before}{begin}{want}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(table, want, "run the test once with BLESS=1");
}

/// Offers that are only read live, and what their source can be asked for.
fn live() -> banyan_model::model::Catalog {
    use banyan_model::compile::{Input, Pushed, Reading, compile};
    use banyan_model::draft::Draft;
    use banyan_words::{Column, Type, node::Node};
    let config = json!({
        "banyan": 1,
        "gateway": { "title": "Offers" },
        "sources": { "erp": { "adapter": "mssql", "datasets": {
            "customers": { "key": ["CUSTNO"] }, "offers": { "key": ["OFFNO"] }
        } } },
        "entities": {
            "customer": { "fields": { "name": { "type": "text" } } },
            "offer": { "fields": {
                "status": { "type": "enum", "values": ["open", "won"], "filter": ["eq", "in"] },
                "total": { "type": "decimal", "scale": 2, "filter": ["gte", "lt"] },
                "customer": { "type": "ref", "to": "customer", "inverse": "offers", "filter": ["eq"] },
                "note": { "type": "text" }
            } }
        },
        "mappings": [
            { "from": "erp.customers", "to": "customer", "fields": { "name": "NAME" } },
            { "from": "erp.offers", "to": "offer", "fields": {
                "status": "STATUS ELSE REJECT \"bad-status\"", "total": "TOTAL", "note": "NOTE",
                "customer": "REF(\"customer\", \"erp\", CUSTNO)" } }
        ]
    });
    let (draft, faults) = Draft::read(&Node::from(config));
    assert_eq!(faults, Vec::new());
    let column = |(name, ty): (&str, Type)| Column { name: name.to_owned(), ty };
    let total = Type::Decimal { precision: 12, scale: 2 };
    let offers =
        [("OFFNO", Type::Text), ("STATUS", Type::Text), ("CUSTNO", Type::Text), ("NOTE", Type::Text), ("TOTAL", total)];
    let push =
        |column: &str| Pushed { column: column.into(), equal: true, range: true, named: None, indexed: Some(true) };
    let pushes = ["STATUS", "TOTAL", "CUSTNO"].map(push).to_vec();
    let customers = ["CUSTNO", "NAME"].map(|n| column((n, Type::Text))).to_vec();
    let readings = [
        ("erp.customers".to_owned(), Reading { columns: Some(customers), ..Reading::default() }),
        (
            "erp.offers".to_owned(),
            Reading { columns: Some(offers.map(column).to_vec()), live_only: true, pushes, ..Reading::default() },
        ),
    ]
    .into();
    match compile(&Input { draft: &draft, readings: &readings, files: &std::collections::BTreeMap::new() }) {
        Ok((catalog, _)) => catalog,
        Err(problems) => panic!("{problems:#?}"),
    }
}

#[test]
fn a_list_that_is_read_live_says_what_it_needs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/openapi/live-list.json");
    let doc = facade_document(&live());
    let list = &doc["paths"]["/v1/offers"]["get"];
    let named = |name: &str| list["parameters"].as_array().unwrap().iter().any(|p| p["name"] == name);
    assert!(named("status[in]") && named("total[gte]") && named("customer") && named("cursor"));
    assert!(!named("sort") && !named("note") && !named("total[gt]"));
    assert!(doc["paths"]["/v1/customers/{id}/offers"].is_null(), "a sub-collection would look complete");
    let mut made = serde_json::to_string_pretty(list).unwrap();
    made.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &made).unwrap();
    }
    let blessed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(blessed == made, "{path} is not what comes out now; look at the difference, then run with BLESS=1");
}
