//! Another version of the configuration is taken up while requests run; rows of the older shape stay readable. And a
//! store that fails.

use super::world::{World, bound, catalog, config, header, problem, serving, started};
use crate::runtime::execute::Reader;
use crate::runtime::serving::{Serving, Shared};
use banyan_model::model::{Catalog, Named, Numbers};
use banyan_store::sqlite::SqliteStore;
use banyan_store::{Ingest, Receipt, Result, Store, StoreError};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_new_version_serves_rows_of_the_old_one() {
    let w = World::filled();
    let path = format!("/v1/customers/{}", w.id("customer", &["001001"]));
    assert_eq!(w.json(&path)["name"], "Harbour Supplies");
    let mut changed = config();
    let fields = changed.pointer_mut("/entities/customer/fields").unwrap().as_object_mut().unwrap();
    fields.remove("tags");
    fields.insert("phone".to_owned(), json!({ "type": "text" }));
    let mapped = changed.pointer_mut("/mappings/0/fields").unwrap().as_object_mut().unwrap();
    mapped.remove("tags");
    mapped.insert("phone".to_owned(), json!("EMAIL"));
    let next = bound(&w.store, catalog(changed));
    w.shared.swap(serving(&w.store, next));
    let told = w.json(&path);
    assert_eq!(told["name"], "Harbour Supplies");
    assert_eq!((&told["phone"], told.get("tags")), (&json!(null), None), "{told}");
    assert_eq!(w.json("/v1/customers?sort=name&fields=phone,active")["items"][0]["active"], true);
    let csv = w.ask("GET", "/v1/customers?limit=1").header("accept", "text/csv").send().unwrap().text().unwrap();
    assert!(csv.starts_with("id,name,email,category,credit_limit,since,active,phone\r\n"), "{csv}");
    let lineage = w.json(&format!("{path}/lineage"));
    assert_eq!(lineage["fields"]["name"]["from"]["value"], "Harbour Supplies", "{lineage}");
    assert_eq!(lineage["records"][0]["current"], false);
    assert_eq!(header(&w.get(&path), "age"), "120", "older plans rest on the same dataset");
    assert!(w.json("/openapi.json")["components"]["schemas"]["Customer"]["properties"]["phone"].is_object());
}

/// A store whose readers fail on demand.
struct Broken(Arc<SqliteStore>, AtomicBool);

impl Store for Broken {
    fn register(&self, names: &[Named]) -> Result<Numbers> {
        self.0.register(names)
    }
    fn about(&self, kind: &str, number: u32) -> Result<Option<(String, String)>> {
        self.0.about(kind, number)
    }
    fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.0.prepare(catalog)
    }
    fn reader(&self) -> Result<Box<dyn Reader>> {
        if self.1.load(Ordering::SeqCst) {
            return Err(StoreError::Database("near \"SELEC\": syntax error in /secret/banyan.db".into()));
        }
        self.0.reader()
    }
    fn ingest(&self) -> Result<Box<dyn Ingest + '_>> {
        self.0.ingest()
    }
    fn durable(&self, receipt: Receipt) -> Result<()> {
        self.0.durable(receipt)
    }
    fn generation(&self) -> u64 {
        self.0.generation()
    }
    fn waits(&self) -> bool {
        false
    }
    fn verify(&self) -> Result<Vec<String>> {
        self.0.verify()
    }
    fn backup(&self, to: &std::path::Path) -> Result<()> {
        self.0.backup(to)
    }
    fn rest(&self) -> Result<()> {
        self.0.rest()
    }
    fn tidy(&self, now_ms: i64, catalog: &Catalog) -> Result<u64> {
        self.0.tidy(now_ms, catalog)
    }
    fn fold(&self, dataset: u32, keep: u32) -> Result<u64> {
        self.0.fold(dataset, keep)
    }
}

#[test]
fn a_store_that_fails_is_told_without_its_words_and_recovers() {
    let w = World::filled();
    let store = Arc::new(Broken(w.store.clone(), AtomicBool::new(false)));
    let shared = Arc::new(Shared::new(Serving::new(w.catalog.clone(), store.clone()).unwrap()));
    store.1.store(true, Ordering::SeqCst);
    let (url, handle) = started(&shared);
    for path in ["/v1/customers".to_owned(), format!("/v1/customers/{}", w.id("customer", &["001001"]))] {
        let r = reqwest::blocking::get(format!("{url}{path}")).unwrap();
        assert_eq!(header(&r, "retry-after"), "5");
        let (status, code, body) = problem(r);
        assert_eq!((status, code.as_str()), (503, "store-unavailable"));
        assert!(!body.to_string().contains("SELEC") && !body.to_string().contains("secret"), "{body}");
    }
    store.1.store(false, Ordering::SeqCst);
    assert_eq!(reqwest::blocking::get(format!("{url}/v1/customers")).unwrap().status(), 200);
    std::mem::drop(handle.stop(false));
}
