use super::*;
use serde_json::{Value, json};

fn told(value: Value) -> (Draft, Vec<String>) {
    let (draft, problems) = Draft::read(&Node::from(value));
    let mut told: Vec<String> = problems.iter().map(|p| format!("{} {}", p.path, p.code)).collect();
    told.sort();
    (draft, told)
}

fn sound() -> Value {
    json!({
        "banyan": 1,
        "gateway": { "listen": "127.0.0.1:8080" },
        "sources": { "crm": {
            "adapter": "file-drop", "folder": "drop/crm",
            "budget": { "concurrency": 2, "rate": "20/s", "timeout": "10s", "closed": ["22:00-03:30"] },
            "datasets": { "contacts": {
                "files": "*.csv", "key": ["ContactID"], "content": "snapshot", "shrink_guard": "30%", "fresh": "15m",
                "null": ["", "\\N"], "records": { "order": { "when": "TYPE = \"H\"" } }
            } }
        } },
        "entities": { "customer": { "plural": "customers", "authority": "erp", "fields": {
            "name": { "type": "text", "max": 80, "required": true, "owner": ["crm", "erp"] },
            "tags": { "type": "list", "of": "text" },
            "address": { "type": "list", "of": { "type": "object", "fields": { "city": { "type": "text" } } } },
            "since": { "type": "datetime", "owner": "latest", "filter": ["gte", "startswith"] }
        } } },
        "mappings": [{ "from": "crm.contacts", "to": "customer", "key": { "erp": ["ErpNo"] },
            "also": { "aw.person": ["P"] }, "pick": "last BY CHANGED, [SEQ NO]", "fields": { "name": "Name" },
            "examples": [{ "given": { "Name": "x" }, "expect": { "name": "x" } }] }],
        "lookups": { "category": { "file": "lookups/c.csv", "keys": ["A"], "value": "B" } }
    })
}

#[test]
fn reads_the_design_s_example() {
    let (draft, told) = told(sound());
    assert_eq!(told, Vec::<String>::new());
    let contacts = &draft.sources[0].datasets[0];
    assert_eq!(contacts.path, "sources.crm.datasets.contacts");
    assert_eq!(contacts.config.entries().len(), 1, "files is the adapter's");
    assert_eq!(contacts.keys.key, Some(DatasetKey::Columns(vec!["ContactID".into()])));
    assert!(draft.sources[0].keys.budget.as_ref().unwrap().closed[0].holds(10));
    let mapping = &draft.mappings[0];
    assert_eq!(mapping.name, "crm.contacts -> customer");
    assert_eq!(mapping.pick.as_ref().unwrap().by, ["CHANGED", "SEQ NO"]);
    assert_eq!(mapping.key.as_ref().unwrap().space.as_deref(), Some("erp"));
    assert_eq!(draft.entities[0].fields.get("since").unwrap().owner, Some(OwnerDraft::Latest));
    assert_eq!(draft.entities[0].fields.get("tags").unwrap().of.as_ref().unwrap().0.ty, TypeWord::Text);
}

#[test]
fn tells_each_fault_and_keeps_the_rest() {
    let mut value = sound();
    value["banyan"] = json!(2);
    value["channels"] = json!([]);
    value["sources"]["crm"]["budget"]["rate"] = json!("fast");
    value["sources"]["bad name"] = json!({});
    value["sources"]["erp"] = json!({ "zone": "x" });
    value["sources"]["crm"]["datasets"]["contacts"]["content"] = json!("all");
    value["sources"]["crm"]["datasets"]["contacts"]["key"] = json!("ContactID");
    value["sources"]["crm"]["datasets"]["list"] = json!([]);
    value["entities"]["customer"]["fields"]["Name"] = json!({ "type": "text" });
    value["entities"]["customer"]["fields"]["odd"] = json!({ "type": "txt", "fliter": [] });
    value["entities"]["customer"]["fields"]["address"]["of"]["fields"]["city"]["typ"] = json!("x");
    value["entities"]["customer"]["fields"]["tags"]["of"] = json!({ "max": 3 });
    value["lookups"]["both"] = json!({ "file": "a", "dataset": "b", "keys": ["A"], "value": "B" });
    value["mappings"].as_array_mut().unwrap().extend([
        json!({ "from": "crm.contacts", "to": "customer" }),
        json!({ "from": "crm.contacts", "pick": "middle", "key": { "a": ["x"], "b": ["y"] } }),
    ]);
    let (draft, told) = told(value);
    assert_eq!(
        told,
        [
            "banyan unknown-version",
            "channels unknown-key",
            "entities.customer.fields.Name bad-name",
            "entities.customer.fields.address.of.fields.city.typ unknown-key",
            "entities.customer.fields.odd.fliter unknown-key",
            "entities.customer.fields.odd.type unknown-word",
            "entities.customer.fields.tags.of missing-key",
            "lookups.both invalid-value",
            "mappings[1] duplicate-name",
            "mappings[2] missing-key",
            "mappings[2].key invalid-value",
            "mappings[2].pick invalid-value",
            "sources.bad name bad-name",
            "sources.crm.budget.rate invalid-value",
            "sources.crm.datasets.contacts.content unknown-word",
            "sources.crm.datasets.contacts.key invalid-value",
            "sources.crm.datasets.list wrong-type",
            "sources.erp missing-key",
            "sources.erp missing-key",
        ]
    );
    assert_eq!((draft.sources.len(), draft.mappings.len(), draft.lookups.len()), (1, 1, 1));
    assert!(draft.is_left_out("entities.customer.fields.odd.type"));
    assert!(draft.entities[0].fields.get("name").is_some());
}

#[test]
fn lists_of_keys_are_those_of_the_types() {
    let keys = |schema: schemars::Schema| -> Vec<String> {
        let mut keys: Vec<String> = schema.get("properties").unwrap().as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<String> = keys.iter().filter(|k| **k != "datasets").map(|k| (*k).to_owned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(schemars::schema_for!(SourceKeys)), sorted(&SOURCE_KEYS));
    assert_eq!(keys(schemars::schema_for!(DatasetKeys)), sorted(&DATASET_KEYS));
}
