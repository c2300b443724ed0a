//! Each way a contract can be broken is found and judged; what cannot be judged is told; nothing panics.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn all(_: &str, path: &str) -> Option<String> {
    Some(path.to_owned())
}

fn shop() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": { "/v1/items/{id}": {
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "get": {
                "parameters": [
                    { "name": "kind", "in": "query", "schema": { "type": "string", "enum": ["a", "b"] } },
                    { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100 } },
                    { "name": "tags", "in": "query", "explode": false,
                      "schema": { "type": "array", "items": { "type": "string" } } },
                    { "name": "If-None-Match", "in": "header", "schema": { "type": "string" } }
                ],
                "responses": {
                    "200": { "headers": { "ETag": {} }, "content": {
                        "application/json": { "schema": { "$ref": "#/components/schemas/Item" } },
                        "text/csv": { "schema": { "type": "string" } } } },
                    "404": { "content": { "application/problem+json": { "schema": { "type": "object" } } } } } },
            "put": {
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } },
                "responses": { "204": {} } }
        } },
        "components": { "schemas": { "Item": {
            "type": "object", "required": ["id", "name"],
            "properties": {
                "id": { "type": "string", "readOnly": true },
                "name": { "type": "string", "maxLength": 40 },
                "price": { "type": ["string", "null"], "format": "decimal" },
                "kind": { "type": "string", "enum": ["a", "b"] },
                "parent": { "anyOf": [{ "$ref": "#/components/schemas/Item" }, { "type": "null" }] },
                "notes": { "type": "array", "items": { "type": "object", "properties": { "at": { "type": "string" } } } }
            } } } }
    })
}

const GET: &str = "/paths/~1v1~1items~1{id}/get";
const PUT: &str = "/paths/~1v1~1items~1{id}/put";
const ITEM: &str = "/components/schemas/Item";

fn changed(pointer: &str, to: Option<Value>) -> Value {
    let mut document = shop();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    match (document.pointer_mut(parent).unwrap(), to) {
        (Value::Object(o), Some(v)) => drop(o.insert(last, v)),
        (Value::Object(o), None) => drop(o.remove(&last).unwrap()),
        (Value::Array(a), Some(v)) if last == "-" => a.push(v),
        (Value::Array(a), Some(v)) => a[last.parse::<usize>().unwrap()] = v,
        (Value::Array(a), None) => drop(a.remove(last.parse().unwrap())),
        _ => panic!("{pointer}"),
    }
    document
}

fn told(old: &Value, new: &Value) -> Vec<(bool, Kind)> {
    // A part that several operations have differs for each of them; here it counts once.
    let mut seen = std::collections::BTreeSet::new();
    let differences = compare(old, new, &all).differences;
    let once = differences.iter().filter(|d| {
        let what = d.told.split_once(": ").unwrap().1.split('`').step_by(2).collect::<String>();
        seen.insert((d.breaking, d.kind, d.facade.clone(), d.modern.clone(), what))
    });
    once.map(|d| (d.breaking, d.kind)).collect()
}

#[test]
fn each_change_is_found_and_judged() {
    use Kind::*;
    let item = |rest: &str| format!("{ITEM}{rest}");
    let get = |rest: &str| format!("{GET}{rest}");
    let put = |rest: &str| format!("{PUT}{rest}");
    let param = json!({ "name": "new", "in": "query", "required": true, "schema": {} });
    let free = json!({ "name": "new", "in": "query", "schema": {} });
    let cases: Vec<(String, Option<Value>, Vec<(bool, Kind)>)> = vec![
        ("/paths/~1v1~1items~1{id}".into(), None, vec![(true, RemovedPath)]),
        (PUT.into(), None, vec![(true, RemovedOperation)]),
        // Of an answer and of a request.
        (item("/properties/notes"), None, vec![(true, RemovedField), (true, RemovedField)]),
        (item("/properties/notes/items/properties/at"), None, vec![(true, RemovedField), (true, RemovedField)]),
        (item("/properties/more"), Some(json!({})), vec![(false, AddedField)]),
        (item("/required/1"), None, vec![(true, OptionalField)]),
        (item("/required/-"), Some(json!("price")), vec![(true, RequiredField)]),
        (item("/properties/kind/enum/-"), Some(json!("c")), vec![(true, AddedValue), (false, AddedValue)]),
        (item("/properties/kind/enum/0"), None, vec![(false, RemovedValue), (true, RemovedValue)]),
        (item("/properties/kind/enum"), None, vec![(true, AddedValue), (false, AddedValue)]),
        (item("/properties/price/type"), Some(json!("string")), vec![(false, Nullable), (true, Nullable)]),
        (item("/properties/name/type"), Some(json!(["string", "null"])), vec![(true, Nullable), (false, Nullable)]),
        (item("/properties/name/type"), Some(json!("number")), vec![(true, Type)]),
        (item("/properties/name/maxLength"), Some(json!(20)), vec![(false, Bounds), (true, Bounds)]),
        (item("/properties/price/format"), Some(json!("double")), vec![(true, Format)]),
        (item("/properties/price/format"), None, vec![(true, Format), (false, Format)]),
        (get("/parameters/0"), None, vec![(true, RemovedParameter)]),
        (get("/parameters/3"), None, vec![(false, RemovedParameter)]),
        (get("/parameters/0/schema/enum/0"), None, vec![(true, RemovedValue)]),
        (get("/parameters/0/schema/enum/-"), Some(json!("c")), vec![(false, AddedValue)]),
        (get("/parameters/0/required"), Some(json!(true)), vec![(true, RequiredParameter)]),
        (get("/parameters/-"), Some(param), vec![(true, RequiredParameter)]),
        (get("/parameters/-"), Some(free), vec![]),
        (get("/parameters/1/schema/maximum"), Some(json!(50)), vec![(true, Bounds)]),
        (get("/parameters/1/schema/minimum"), Some(json!(2)), vec![(true, Bounds)]),
        (get("/parameters/1/schema/maximum"), Some(json!(500)), vec![(false, Bounds)]),
        (get("/parameters/1/schema/exclusiveMaximum"), Some(json!(100)), vec![(true, Bounds)]),
        (get("/parameters/1/schema/pattern"), Some(json!("^1")), vec![(true, Bounds)]),
        (get("/parameters/2/explode"), Some(json!(true)), vec![(true, Style)]),
        (get("/responses/200"), None, vec![(true, RemovedStatus)]),
        (get("/responses/202"), Some(json!({})), vec![(false, AddedStatus)]),
        (get("/responses/404"), None, vec![]),
        (get("/responses/200/content/text~1csv"), None, vec![(true, RemovedMediaType)]),
        (get("/responses/200/headers/ETag"), None, vec![(false, RemovedHeader)]),
        (put("/requestBody"), None, vec![(true, RemovedBody)]),
        (put("/requestBody/required"), Some(json!(true)), vec![(true, RequiredBody)]),
    ];
    for (pointer, to, wanted) in cases {
        let new = changed(&pointer, to.clone());
        let mut found = told(&shop(), &new);
        found.sort_by_key(|d| (wanted.iter().position(|w| w == d), *d));
        assert_eq!(found, wanted, "{pointer} {to:?}: {:#?}", compare(&shop(), &new, &all).differences);
        for d in compare(&shop(), &new, &all).differences {
            assert!(shop().pointer(&d.facade).is_some(), "{}", d.facade);
            assert!(new.pointer(&d.modern).is_some(), "{}", d.modern);
        }
    }
}

#[test]
fn a_document_against_itself_has_no_difference() {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/wholesaler.json")).unwrap();
    let own: Value = serde_json::from_slice(&text).unwrap();
    for document in [shop(), own.clone()] {
        let report = compare(&document, &document, &all);
        assert!(report.operations > 0);
        assert_eq!(report.differences, []);
    }
    // Every field of an entity is guarded: taken away anywhere, that is told.
    let fields: Vec<String> =
        own.pointer("/components/schemas/Customer/properties").unwrap().as_object().unwrap().keys().cloned().collect();
    assert!(fields.len() > 5);
    for name in fields {
        let mut new = own.clone();
        for schema in ["Customer", "CustomerSelection"] {
            let at = format!("/components/schemas/{schema}/properties");
            new.pointer_mut(&at).unwrap().as_object_mut().unwrap().remove(&name).unwrap();
        }
        let report = compare(&own, &new, &all);
        assert!(report.breaking().any(|d| d.kind == Kind::RemovedField && d.facade.ends_with(&name)), "{name}");
    }
}

#[test]
fn paths_are_one_by_their_shape_and_behind_the_servers_path() {
    let mut new = shop();
    let item = new["paths"].as_object_mut().unwrap().remove("/v1/items/{id}").unwrap();
    new["paths"]["/things/{thing}"] = item;
    new["paths"]["/things/{thing}"]["parameters"][0]["name"] = json!("thing");
    let to = |_: &str, path: &str| path.strip_prefix("/v1/items").map(|rest| format!("/things{rest}"));
    assert_eq!(compare(&shop(), &new, &to).differences, []);
    assert_eq!(told(&shop(), &new), [(true, Kind::RemovedPath)]);
    new["servers"] = json!([{ "url": "https://crm.example/v1/" }]);
    let to = |_: &str, path: &str| path.strip_prefix("/v1/items").map(|rest| format!("/v1/things{rest}"));
    assert_eq!(compare(&shop(), &new, &to).differences, []);
    let nothing = compare(&shop(), &new, &|_, _| None);
    assert_eq!((nothing.operations, nothing.breaking().count(), nothing.differences.len()), (0, 0, 1));
}

#[test]
fn both_ways_of_writing_null_are_one_and_parts_are_merged() {
    let mut three = shop();
    three["openapi"] = json!("3.0.3");
    let fields = &mut three["components"]["schemas"]["Item"]["properties"];
    fields["price"] = json!({ "type": "string", "format": "decimal", "nullable": true });
    fields["parent"] = json!({ "allOf": [{ "$ref": "#/components/schemas/Item" }], "nullable": true });
    assert_eq!(told(&shop(), &three), []);
    assert_eq!(told(&three, &shop()), []);
    let mut parts = shop();
    let item = parts["components"]["schemas"]["Item"].take();
    parts["components"]["schemas"]["Base"] = item;
    let rest = json!({ "type": "object", "properties": { "name": { "minLength": 0 } } });
    parts["components"]["schemas"]["Item"] = json!({ "allOf": [{ "$ref": "#/components/schemas/Base" }, rest] });
    assert_eq!(told(&shop(), &parts), []);
}

#[test]
fn alternatives_are_compared_as_such() {
    let one = |schema: Value| {
        json!({ "paths": { "/x": { "get": { "responses": { "200": { "content": {
            "application/json": { "schema": schema } } } } } } } })
    };
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "number" }));
    let either = one(json!({ "oneOf": [text, number] }));
    assert_eq!(told(&either, &one(json!({ "anyOf": [number, text] }))), []);
    assert_eq!(told(&either, &one(text.clone())), []);
    assert_eq!(told(&one(text.clone()), &either), [(true, Kind::Type)]);
    assert_eq!(told(&either, &one(json!({ "oneOf": [text, { "type": "integer" }] }))), [(false, Kind::Type)]);
    assert_eq!(told(&either, &one(json!({ "oneOf": [text, { "type": "boolean" }] }))), [(true, Kind::Type)]);
    assert_eq!(
        told(&one(text.clone()), &one(json!({ "oneOf": [text, { "type": "null" }] }))),
        [(true, Kind::Nullable)]
    );
    // What cannot be judged is told, and breaks nothing.
    for odd in [json!({ "not": text }), json!({ "$ref": "other.json" }), json!({ "$ref": "#/nowhere" })] {
        assert_eq!(told(&one(text.clone()), &one(odd)), [(false, Kind::NotJudged)]);
    }
    let mut circle = one(json!({ "$ref": "#/a" }));
    circle["a"] = json!({ "$ref": "#/a" });
    assert_eq!(told(&circle, &circle).iter().filter(|d| d.0).count(), 0);
}

/// An id, and who has it.
fn named(report: &Report) -> Vec<(String, String)> {
    report.breaking().map(|d| (d.id.clone(), d.name.clone())).collect()
}

#[test]
fn differences_keep_their_names_whatever_else_is_in_the_documents() {
    let price = format!("{ITEM}/properties/price");
    let (old, new) = (shop(), changed(&price, Some(json!({ "type": "number" }))));
    let found = named(&compare(&old, &new, &all));
    let names: Vec<&str> = found.iter().map(|(_, n)| n.as_str()).collect();
    assert_eq!(
        names,
        [
            "GET /v1/items/{id} 200 /price: type string -> number",
            "PUT /v1/items/{id} body /price: type string -> number"
        ]
    );
    // More paths before and behind, which have the same parts; the other order of fields; other places of the parts.
    let grown = |mut document: Value, theirs: bool| {
        let item = document["paths"]["/v1/items/{id}"].clone();
        let renamed = serde_json::to_string(&document).unwrap().replace("schemas/Item", "schemas/Goods");
        let goods = document["components"]["schemas"]["Item"].clone();
        document = serde_json::from_str(&renamed).unwrap();
        document["components"]["schemas"]["Goods"] =
            serde_json::from_str(&serde_json::to_string(&goods).unwrap().replace("schemas/Item", "schemas/Goods"))
                .unwrap();
        if theirs {
            let paths = document["paths"].as_object_mut().unwrap();
            let own = paths.shift_remove("/v1/items/{id}").unwrap();
            paths.insert("/v1/aaa/{id}".to_owned(), item.clone());
            paths.insert("/v1/items/{id}".to_owned(), own);
            paths.insert("/v1/zzz".to_owned(), item);
        }
        document
    };
    assert_eq!(named(&compare(&old, &grown(new.clone(), true), &all)), found);
    assert_eq!(named(&compare(&grown(old.clone(), false), &grown(new.clone(), true), &all)), found);
    // An operation more that moves has differences of its own; those that were there keep their names.
    let more = |mut document: Value| {
        let item = document["paths"]["/v1/items/{id}"].clone();
        let paths = document["paths"].as_object_mut().unwrap();
        let own = paths.shift_remove("/v1/items/{id}").unwrap();
        paths.insert("/v1/aaa/{id}".to_owned(), item);
        paths.insert("/v1/items/{id}".to_owned(), own);
        document
    };
    let mut report = compare(&more(old.clone()), &more(new.clone()), &all);
    assert!(found.iter().all(|f| named(&report).contains(f)) && named(&report).len() == 4, "{report:#?}");
    report.accept(&found.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>());
    let left = named(&report);
    assert!(left.len() == 2 && left.iter().all(|(_, n)| n.contains("/v1/aaa/{id}")), "{left:?}");
}

#[test]
fn an_acceptance_holds_for_what_was_accepted_and_for_nothing_else() {
    let price = format!("{ITEM}/properties/price");
    let to = |kind: &str| changed(&price, Some(json!({ "type": kind })));
    let by = |accept: &[&str], new: &Value| {
        let mut report = compare(&shop(), new, &all);
        report.accept(&accept.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        report.breaking().count()
    };
    let names = ["GET /v1/items/{id} 200 /price: type string -> number", "PUT /v1/items/{id} body /price: type *"];
    assert_eq!(by(&names, &to("number")), 0);
    assert_eq!(by(&["* /price: type string -> number"], &to("number")), 0);
    assert_eq!(by(&names[..1], &to("number")), 1);
    assert_eq!(by(&names[..1], &to("boolean")), 2, "another change of the same field");
    assert_eq!(by(&["#00000000"], &to("number")), 2);
    assert_eq!(by(&[&price], &to("number")), 0, "places are taken as before");
    // An enumeration that grows further is another difference.
    let kinds = |values: Value| changed(&format!("{ITEM}/properties/kind/enum"), Some(values));
    let accept = ["GET /v1/items/{id} 200 /kind: added-value \"c\""];
    assert_eq!(by(&accept, &kinds(json!(["a", "b", "c"]))), 0);
    assert_eq!(by(&accept, &kinds(json!(["a", "b", "c", "d"]))), 1);
}

#[test]
fn what_is_cut_off_is_never_what_breaks() {
    let document = |kind: &str| {
        let fields: serde_json::Map<String, Value> =
            (0..900).map(|n| (format!("f{n:03}"), json!({ "type": kind }))).collect();
        json!({ "openapi": "3.1.0", "paths": { "/a": { "get": { "responses": { "200": { "content": {
            "application/json": { "schema": { "type": "object", "properties": fields } } } } } } } } })
    };
    let mut report = compare(&document("string"), &document("number"), &all);
    report.accept(&["GET /a 200 /f0*".to_owned(), "GET /a 200 /f1*".to_owned(), "GET /a 200 /f2*".to_owned()]);
    assert_eq!(report.differences.len(), MOST);
    assert_eq!(report.breaking().count(), MOST);
    let mut report = compare(&document("string"), &document("number"), &all);
    report.accept(&(0..8).map(|n| format!("GET /a 200 /f{n}*")).collect::<Vec<_>>());
    assert_eq!((report.breaking().count(), report.differences.len()), (100, MOST));
}

#[test]
fn what_is_accepted_holds_nothing_back() {
    let new = changed(&format!("{GET}/parameters/0"), None);
    let mut report = compare(&shop(), &new, &all);
    report.accept(&["/paths/*/put/**".to_owned()]);
    assert_eq!(report.breaking().count(), 1);
    report.accept(&["/paths/*/get/parameters/*".to_owned()]);
    assert_eq!((report.breaking().count(), report.differences[0].accepted), (0, true));
}

#[test]
fn a_document_made_to_take_long_is_refused() {
    // Alternatives within alternatives: 12 to the power of 12 ways, were they all walked.
    let mut schemas = serde_json::Map::new();
    for level in 0..12 {
        let next = |n: usize| {
            json!({ "type": "object", "required": [format!("r{n}")],
            "properties": { "x": { "$ref": format!("#/components/schemas/L{}", level + 1) } } })
        };
        schemas.insert(format!("L{level}"), json!({ "oneOf": (0..12).map(next).collect::<Vec<_>>() }));
    }
    schemas.insert("L12".to_owned(), json!({ "type": "string" }));
    let document = |last: &str| {
        let mut schemas = schemas.clone();
        schemas.insert("L12".to_owned(), json!({ "type": last }));
        json!({ "components": { "schemas": schemas }, "paths": { "/x": { "get": { "responses": { "200": { "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/L0" } } } } } } } } })
    };
    assert!(told(&document("string"), &document("number")).contains(&(true, Kind::TooLarge)));
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "string", "format": "date" })),
        Just(json!({ "type": ["integer", "null"], "minimum": 1 })),
        Just(json!({ "enum": ["a", "b", null] })),
        Just(json!({ "$ref": "#/components/schemas/Item" })),
        Just(json!({ "type": "number", "nullable": true, "exclusiveMaximum": true, "maximum": 9 })),
        Just(json!({})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let fields = prop::collection::btree_map("[a-c]", inner.clone(), 0..4);
        prop_oneof![
            fields.prop_map(
                |f| json!({ "type": "object", "required": f.keys().take(1).collect::<Vec<_>>(), "properties": f })
            ),
            inner.clone().prop_map(|i| json!({ "type": "array", "items": i })),
            inner.clone().prop_map(|i| json!({ "type": "object", "additionalProperties": i })),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|i| json!({ "anyOf": i })),
            prop::collection::vec(inner, 1..3).prop_map(|i| json!({ "allOf": i })),
        ]
    })
}

/// JSON that is full of a document's own words in the wrong places.
fn odd() -> impl Strategy<Value = Value> {
    let words = || {
        prop::sample::select(vec![
            "paths",
            "/x",
            "/{a}",
            "/{",
            "get",
            "parameters",
            "name",
            "in",
            "path",
            "query",
            "schema",
            "$ref",
            "#",
            "#/paths",
            "#/components/schemas/A",
            "allOf",
            "anyOf",
            "type",
            "null",
            "enum",
            "properties",
            "required",
            "items",
            "responses",
            "200",
            "2XX",
            "content",
            "application/json",
            "requestBody",
            "components",
            "schemas",
            "A",
            "additionalProperties",
            "maximum",
            "servers",
            "url",
            "nullable",
            "#/%zz",
            "const",
        ])
    };
    let leaf = prop_oneof![
        words().prop_map(|w| json!(w)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        Just(Value::Null)
    ];
    leaf.prop_recursive(8, 80, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(words().prop_map(str::to_owned), inner, 0..5).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn any_schema_agrees_with_itself(schema in schema()) {
        let mut document = shop();
        document["components"]["schemas"]["Item"]["properties"]["more"] = schema;
        let report = compare(&document, &document, &all);
        prop_assert_eq!(report.breaking().count(), 0, "{:?}", report.differences);
    }

    #[test]
    fn no_document_panics(a in odd(), b in odd(), within in odd()) {
        let _ = compare(&a, &b, &all);
        let mut document = shop();
        document["components"]["schemas"]["Item"]["properties"]["name"] = within.clone();
        let _ = compare(&document, &shop(), &all);
        let _ = compare(&shop(), &document, &all);
        document["paths"]["/v1/items/{id}"]["get"] = within;
        let _ = compare(&document, &document, &all);
    }
}
