//! A small wholesaler in a store of its own, served on a port of its own.

use crate::http::{Limits, serve};
use crate::runtime::serving::{Serving, Shared};
use banyan_model::compile::{Input, Reading, compile};
use banyan_model::draft::Draft;
use banyan_model::instance::{Book, Facts, Instance, Observation, RawAt, Say, key_of_fragment};
use banyan_model::model::Catalog;
use banyan_model::ownership::{self, World as Rules};
use banyan_store::sqlite::SqliteStore;
use banyan_store::{Store, UnitChange, UnitKey};
use banyan_words::node::Node;
use banyan_words::{Column, Id, Place, Type, UnitState};
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

/// As of when the fixture's data speaks: 2026-03-01T10:00:00Z.
pub(super) const AS_OF: i64 = 1_772_359_200_000;
/// What its clock says: two minutes later.
pub(super) const NOW: i64 = AS_OF + 120_000;

pub(super) fn config() -> Value {
    json!({
        "banyan": 1,
        "sources": {
            "erp": { "adapter": "file-drop", "datasets": {
                "customers": { "key": ["NO"] }, "products": { "key": ["NO"] },
                "orders": { "key": ["NO"] }, "lines": { "key": ["NO", "LINE"] }
            } },
            "crm": { "adapter": "file-drop", "datasets": { "contacts": { "key": ["ID"] } } }
        },
        "entities": {
            "customer": { "authority": "erp", "description": "Someone who buys.", "fields": {
                "name": { "type": "text", "max": 80, "required": true, "filter": ["startswith"], "sort": true },
                "email": { "type": "text", "owner": ["crm", "erp"] },
                "category": { "type": "enum", "values": ["retail", "trade", "export"], "filter": ["eq", "in", "ne"] },
                "credit_limit": { "type": "decimal", "scale": 2, "filter": ["gte", "lt"], "sort": true },
                "since": { "type": "date", "sort": true },
                "tags": { "type": "list", "of": { "type": "text" } },
                "active": { "type": "boolean" }
            } },
            "product": { "fields": { "name": { "type": "text" }, "weight": { "type": "integer" } } },
            "order": { "fields": {
                "customer": { "type": "ref", "to": "customer", "inverse": "orders", "filter": ["eq"] },
                "note": { "type": "text" }
            } },
            "line": { "fields": {
                "order": { "type": "ref", "to": "order", "part_of": true, "inverse": "lines" },
                "product": { "type": "ref", "to": "product" },
                "quantity": { "type": "integer", "filter": ["gte"], "sort": true }
            } }
        },
        "mappings": [
            { "from": "erp.customers", "to": "customer", "fields": {
                "name": "NAME ELSE REJECT \"no-name\"", "email": "EMAIL", "category": "CAT ELSE REJECT \"bad-category\"",
                "credit_limit": "DECIMAL(LIM) ELSE NULL", "since": "DATE(SINCE, \"yyyy-MM-dd\") ELSE NULL",
                "tags": "TAGS", "active": "ACTIVE = \"Y\"" } },
            { "from": "crm.contacts", "to": "customer", "key": { "erp": ["ERPNO"] }, "also": { "crm": ["ID"] },
              "creates": false, "fields": { "email": "EMAIL" } },
            { "from": "erp.products", "to": "product", "fields": {
                "name": "NAME", "weight": "INTEGER(WEIGHT) ELSE NULL" } },
            { "from": "erp.orders", "to": "order", "fields": {
                "customer": "REF(\"customer\", \"erp\", CUST)", "note": "NOTE" } },
            { "from": "erp.lines", "to": "line", "fields": {
                "order": "REF(\"order\", \"erp\", NO)", "product": "REF(\"product\", \"erp\", PROD)",
                "quantity": "INTEGER(QTY) ELSE NULL" } }
        ]
    })
}

pub(super) fn catalog(config: Value) -> Catalog {
    let (draft, faults) = Draft::read(&Node::from(config));
    assert_eq!(faults, Vec::new());
    let ty = |name: &str| if name == "TAGS" { Type::List(Box::new(Type::Text)) } else { Type::Text };
    let reading = |names: &str| Reading {
        columns: Some(names.split(' ').map(|n| Column { name: n.to_owned(), ty: ty(n) }).collect()),
        hash: 7,
        ..Reading::default()
    };
    let readings: BTreeMap<String, Reading> = [
        ("erp.customers", reading("NO NAME EMAIL CAT LIM SINCE TAGS ACTIVE")),
        ("erp.products", reading("NO NAME WEIGHT")),
        ("erp.orders", reading("NO CUST NOTE")),
        ("erp.lines", reading("NO LINE PROD QTY")),
        ("crm.contacts", reading("ID ERPNO EMAIL")),
    ]
    .map(|(n, r)| (n.to_owned(), r))
    .into();
    match compile(&Input { draft: &draft, readings: &readings, files: &BTreeMap::new() }) {
        Ok((catalog, _)) => catalog,
        Err(problems) => panic!("{problems:#?}"),
    }
}

struct Plain;
impl Rules for Plain {
    fn compare_units(&self, a: u32, b: u32) -> Ordering {
        a.cmp(&b)
    }
    fn resolve(&self, _: usize, id: Id) -> Id {
        id
    }
}

/// See the module.
pub(super) struct World {
    pub(super) catalog: Arc<Catalog>,
    pub(super) store: Arc<SqliteStore>,
    pub(super) shared: Arc<Shared>,
    pub(super) url: String,
    book: Book,
    client: Client,
    handle: actix_web::dev::ServerHandle,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        // Told, not awaited: the thread ends with the server.
        std::mem::drop(self.handle.stop(false));
    }
}

/// Takes a catalog's numbers from a store.
pub(super) fn bound(store: &SqliteStore, mut catalog: Catalog) -> Catalog {
    let numbers = store.register(&catalog.names()).unwrap();
    catalog.bind(&numbers);
    store.prepare(&catalog).unwrap();
    catalog
}

/// A serving with the fixture's clock.
pub(super) fn serving(store: &Arc<SqliteStore>, catalog: Catalog) -> Serving {
    let mut serving = Serving::new(Arc::new(catalog), store.clone()).unwrap();
    serving.clock = crate::runtime::clock::Clock::of(|| jiff::Timestamp::from_millisecond(NOW).unwrap());
    serving
}

/// Serves, and returns the address and what stops it.
pub(super) fn started(shared: &Arc<Shared>) -> (String, actix_web::dev::ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    let shared = shared.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let limits = Limits { workers: 2, ..Limits::default() };
            let server = serve(shared, listener, limits).unwrap();
            tell.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (url, told.recv().unwrap())
}

impl World {
    /// With nothing in it.
    pub(super) fn empty() -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("banyan.db")).unwrap());
        let catalog = bound(&store, catalog(config()));
        let shared = Arc::new(Shared::new(serving(&store, catalog.clone())));
        let (url, handle) = started(&shared);
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let book = Book::new(&catalog);
        World { catalog: Arc::new(catalog), store, shared, url, book, client, handle, _folder: folder }
    }

    /// Three customers, two orders with three lines, two products (one of them not arrived).
    pub(super) fn filled() -> World {
        let w = World::empty();
        let customer = |no: &str, name: &str, category: &str, limit: &str, since: Value| {
            w.put(
                "erp.customers",
                &[no],
                json!({ "name": name, "email": null, "category": category,
                "credit_limit": limit, "since": since, "tags": ["a", "b,c"], "active": true }),
            );
        };
        customer("001001", "Harbour Supplies", "trade", "12500.00", json!("2019-04-01"));
        customer("001002", "Harris & \"Sons\"", "retail", "100.00", json!(null));
        customer("001003", "=SUM(A1), Ltd", "export", "99.50", json!("2001-12-31"));
        w.put("erp.products", &["P1"], json!({ "name": "Rope", "weight": "1250" }));
        for (no, customer) in [("1", "001001"), ("2", "001002")] {
            w.put("erp.orders", &[no], json!({ "customer": w.id("customer", &[customer]), "note": "" }));
        }
        for (order, line, product, quantity) in [("1", "1", "P1", "5"), ("1", "2", "P2", "1"), ("2", "1", "P1", "7")] {
            w.put(
                "erp.lines",
                &[order, line],
                json!({ "order": w.id("order", &[order]),
                "product": w.id("product", &[product]), "quantity": quantity }),
            );
        }
        w
    }

    /// The id of an instance the ERP numbers.
    pub(super) fn id(&self, entity: &str, key: &[&str]) -> String {
        Id::derive(entity, "erp", key).to_string()
    }

    /// A record of that dataset arrives and says that.
    pub(super) fn put(&self, dataset: &str, key: &[&str], says: Value) {
        self.observe(dataset, key, Some(says), &[]);
    }

    /// A record is deleted.
    pub(super) fn withdraw(&self, dataset: &str, key: &[&str]) {
        self.observe(dataset, key, None, &[]);
    }

    /// A contact of the CRM speaks about a customer of the ERP, which gets a further id.
    pub(super) fn contact(&self, id: &str, customer: &str, email: &str) -> String {
        let alias = Id::derive("customer", "crm", &[id]);
        self.observe("crm.contacts", &[customer], Some(json!({ "email": email })), &[alias]);
        alias.to_string()
    }

    fn observe(&self, dataset: &str, key: &[&str], says: Option<Value>, aliases: &[Id]) {
        let (dataset_no, d) = self.catalog.dataset(dataset).unwrap();
        let (_, m) = self.catalog.mappings_of(dataset_no).next().unwrap();
        let entity = &self.catalog.entities[m.entity];
        let id = Id::derive(&entity.id_name, "erp", key);
        let mut tx = self.store.ingest().unwrap();
        let name = format!("{dataset}-{}", key.join("-"));
        let unit = UnitKey {
            name: format!("{name}.csv"),
            version: "v".into(),
            order: name,
            as_of: AS_OF,
            token: String::new(),
        };
        let unit = tx.begin_unit(d.stored, &unit, AS_OF).unwrap();
        let done = UnitChange { state: UnitState::Done, records: 1, code: None, message: None, at: AS_OF };
        tx.put_unit(unit, &done).unwrap();
        let mut known = Vec::new();
        tx.find(entity.stored, &[id], &mut known).unwrap();
        let n = known[0].map(|k| k.0);
        let old = n.map(|n| tx.load(entity.stored, n).unwrap().unwrap());
        let mut i = old.as_ref().map_or(Instance::default(), |f| Facts::decode(&f.facts, f.id, &self.book).unwrap());
        let before = i.clone();
        let record = if aliases.is_empty() { id } else { aliases[0] };
        i.observations.retain(|o| o.record != record || o.plan != m.plan);
        let say = |no: usize| match &says {
            Some(says) => Say::Value(says[&entity.fields[no].name].to_string().into_bytes().into()),
            None => Say::Missing,
        };
        i.observations.push(Observation {
            plan: m.plan,
            record,
            unit,
            place: Place { line: 2, offset: 40 },
            raw: RawAt::default(),
            hash: 1,
            withdrawn: says.is_none(),
            held: false,
            prior: RawAt::default(),
            aliases: aliases.to_vec(),
            changed_at: Vec::new(),
            pick: Vec::new(),
            says: m.fields.iter().map(|(no, _)| say(*no)).collect(),
        });
        ownership::derive(&self.catalog, m.entity, &self.book, &Plain, &mut i);
        i.changed = AS_OF;
        let mut facts = Vec::new();
        Facts::encode(&i, id, &self.book, &mut facts);
        let n = match n {
            Some(n) => {
                tx.update(entity.stored, n, id, 1, &facts).unwrap();
                n
            }
            None => tx.insert(entity.stored, id, 1, &facts).unwrap(),
        };
        for a in aliases {
            tx.alias(entity.stored, *a, n).unwrap();
        }
        for (no, f) in entity.indexed() {
            let key = |i: &Instance| {
                i.live.then(|| {
                    let mut key = Vec::new();
                    key_of_fragment(&f.ty, i.canonical.get(no), &mut key);
                    key
                })
            };
            tx.index(entity.stored, f.stored, n, key(&before).as_deref(), key(&i).as_deref()).unwrap();
        }
        tx.changed(entity.stored, n).unwrap();
        tx.commit(AS_OF).unwrap();
        self.shared.get().freshness.advance(dataset_no, AS_OF);
    }

    /// A request to that path.
    pub(super) fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// What is at a path.
    pub(super) fn get(&self, path: &str) -> Response {
        self.ask("GET", path).send().unwrap()
    }

    /// The JSON at a path, which must answer 200.
    pub(super) fn json(&self, path: &str) -> Value {
        let response = self.get(path);
        let (status, body) = (response.status(), response.text().unwrap());
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}: {body}"))
    }

    /// The problem at a path: status, code and the rest.
    pub(super) fn problem(&self, path: &str) -> (u16, String, Value) {
        problem(self.get(path))
    }
}

/// A problem, taken apart.
pub(super) fn problem(response: Response) -> (u16, String, Value) {
    let status = response.status().as_u16();
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let body: Value = response.json().unwrap();
    assert_eq!(body["status"], status, "{body}");
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["type"], format!("/docs/errors#{code}"));
    (status, code, body)
}

/// A header's text; empty where it is missing.
pub(super) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
}
