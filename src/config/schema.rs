//! The published JSON Schema of the configuration: the draft's types, and each adapter kind's own keys.
//!
//! Written by `banyan schema` and blessed in `openapi/config.schema.json`. A source's `adapter` decides which further
//! keys it and its datasets may have.

use super::brownouts::BrownoutConfig;
use banyan_adapter::Kind;
use banyan_migration::consumer::ConsumerConfig;
use banyan_migration::route::RouteConfig;
use banyan_model::draft::{DatasetKeys, EntityDraft, GatewayDraft, LookupDraft, MappingDraft, SourceKeys, TOP_KEYS};
use banyan_upstream::UpstreamConfig;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema for a product with these adapter kinds.
pub fn schema(kinds: &[&dyn Kind]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let sections = sections(&mut generator);
    let source = inlined::<SourceKeys>(&mut generator);
    let dataset = inlined::<DatasetKeys>(&mut generator);
    let mut defs: Map<String, Value> = generator.take_definitions(true);
    for kind in kinds {
        let name = kind.name();
        let own = adopt(&mut defs, name, "dataset", kind.dataset_schema().to_value());
        defs.insert(format!("{name}-dataset"), joined(&dataset, own));
        let own = adopt(&mut defs, name, "source", kind.source_schema().to_value());
        let mut whole = joined(&source, own);
        set(&mut whole, &["properties", "adapter"], json!({ "const": name, "description": "The kind of adapter." }));
        set(
            &mut whole,
            &["properties", "datasets"],
            json!({
                "type": "object",
                "description": "Named sets of records.",
                "additionalProperties": { "$ref": format!("#/$defs/{name}-dataset") }
            }),
        );
        if let Some(required) = whole.get_mut("required").and_then(Value::as_array_mut) {
            required.push(json!("datasets"));
        }
        defs.insert(format!("{name}-source"), whole);
    }
    let names: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
    let choices: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({ "if": { "properties": { "adapter": { "const": name } }, "required": ["adapter"] },
                    "then": { "$ref": format!("#/$defs/{name}-source") } })
        })
        .collect();
    defs.insert(
        "source".into(),
        json!({ "type": "object", "required": ["adapter"], "properties": { "adapter": { "enum": names } },
                "allOf": choices }),
    );
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Banyan configuration",
        "description": "banyan.yaml and the files it includes.",
        "type": "object",
        "properties": sections,
        "additionalProperties": false,
        "$defs": Value::Object(defs.into_iter().collect())
    });
    loosen(&mut document);
    document
}

/// The sections of the top level, in the order people write them.
fn sections(generator: &mut SchemaGenerator) -> Value {
    let map = |of: Value, what: &str| json!({ "type": "object", "description": what, "additionalProperties": of });
    let mut part = |key: &str| match key {
        "banyan" => json!({ "const": 1, "description": "Version of the configuration." }),
        "gateway" => generator.subschema_for::<GatewayDraft>().to_value(),
        "store" => {
            json!({ "type": "string", "description": "Where Banyan keeps what it knows; sqlite:var/banyan.db by default." })
        }
        "include" => json!({ "type": "array", "items": { "type": "string" },
            "description": "Further files, relative to this one; * and ? match within a name." }),
        "sources" => map(json!({ "$ref": "#/$defs/source" }), "Legacy systems."),
        "entities" => map(generator.subschema_for::<EntityDraft>().to_value(), "Canonical types."),
        "mappings" => json!({ "type": "array", "description": "From datasets to entities.",
            "items": generator.subschema_for::<MappingDraft>() }),
        "lookups" => map(generator.subschema_for::<LookupDraft>().to_value(), "Value tables."),
        "upstreams" => map(generator.subschema_for::<UpstreamConfig>().to_value(), "Services behind the wrapper."),
        "routes" => {
            json!({ "type": "array", "description": "Paths, and where each is on its way from legacy to modern.",
            "items": generator.subschema_for::<RouteConfig>() })
        }
        "consumers" => map(generator.subschema_for::<ConsumerConfig>().to_value(), "Named callers."),
        "brownouts" => {
            json!({ "type": "array", "description": "Fields that a consumer goes without for a while.",
            "items": generator.subschema_for::<BrownoutConfig>() })
        }
        _ => json!(true),
    };
    Value::Object(TOP_KEYS.iter().map(|key| ((*key).to_owned(), part(key))).collect())
}

/// A type's schema in full; what it refers to stays in the generator's definitions.
fn inlined<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

/// Takes a kind's schema into the document: its definitions under names of their own, the rest without its head.
fn adopt(defs: &mut Map<String, Value>, kind: &str, part: &str, mut schema: Value) -> Value {
    let prefix = format!("{kind}-{part}-");
    rename(&mut schema, &prefix);
    let Some(map) = schema.as_object_mut() else { return json!({}) };
    map.remove("$schema");
    map.remove("title");
    if let Some(Value::Object(own)) = map.remove("$defs") {
        defs.extend(own.into_iter().map(|(name, def)| (format!("{prefix}{name}"), def)));
    }
    schema
}

fn rename(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("$ref", Value::String(to)) => {
                        if let Some(name) = to.strip_prefix("#/$defs/") {
                            *to = format!("#/$defs/{prefix}{name}");
                        }
                    }
                    _ => rename(value, prefix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, prefix)),
        _ => {}
    }
}

/// The common keys and a kind's own as one object. Where the kind's schema is not a plain list of keys, both apply.
fn joined(common: &Value, own: Value) -> Value {
    let mut whole = common.clone();
    match own.get("properties") {
        Some(Value::Object(properties)) if !["anyOf", "oneOf", "allOf"].iter().any(|k| own.get(*k).is_some()) => {
            for (key, schema) in properties {
                set(&mut whole, &["properties", key], schema.clone());
            }
            let required = |v: &Value| v.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let all = [required(&whole), required(&own)].concat();
            set(&mut whole, &["required"], Value::Array(all));
            whole
        }
        _ => {
            let open = |mut v: Value| {
                v.as_object_mut().map(|m| m.remove("additionalProperties"));
                v
            };
            let mut whole = open(whole);
            set(&mut whole, &["allOf"], json!([open(own)]));
            set(&mut whole, &["unevaluatedProperties"], json!(false));
            whole
        }
    }
}

fn set(value: &mut Value, path: &[&str], to: Value) {
    match (path, value) {
        ([key], Value::Object(map)) => {
            map.insert((*key).to_owned(), to);
        }
        ([key, rest @ ..], Value::Object(map)) => {
            set(map.entry(*key).or_insert_with(|| json!({})), rest, to);
        }
        _ => {}
    }
}

/// Text is read as it is written, so `0123` and `no` without quotes are texts too, whatever an editor makes of them.
fn loosen(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let fixed = ["enum", "const", "pattern"].iter().any(|k| map.contains_key(*k));
            match map.get_mut("type") {
                Some(kind) if !fixed && *kind == json!("string") => *kind = json!(["string", "number", "boolean"]),
                Some(kind) if !fixed && *kind == json!(["string", "null"]) => {
                    *kind = json!(["string", "number", "boolean", "null"]);
                }
                _ => {}
            }
            map.values_mut().for_each(loosen);
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}
