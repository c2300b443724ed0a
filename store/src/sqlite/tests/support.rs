//! A store in a folder of its own, a catalog, and rows.

use crate::sqlite::SqliteStore;
use crate::{Ingest, Store};
use banyan_model::instance::{Facts, Fragments, Instance, Observation, Plans, RawAt, key_of_fragment};
use banyan_model::model::{
    Catalog, Content, Dataset, Entity, Field, ForeignChange, KeyFrom, Mapping, Owner, Source, Text,
};
use banyan_words::{Id, Place, Type};
use std::path::PathBuf;
use std::time::Duration;

pub(super) struct Home {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

pub(super) fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("var").join("banyan.db");
    Home { _folder: folder, path }
}

pub(super) fn field(name: &str, ty: Type) -> Field {
    Field {
        stored: 0,
        name: name.into(),
        ty,
        required: false,
        text: Text::default(),
        description: None,
        example: None,
        personal: false,
        owner: Owner::First(vec![]),
        on_foreign_change: ForeignChange::Ignore,
        filter: vec![],
        sort: true,
        refers_to: None,
        part_of: false,
        inverse: None,
    }
}

/// An entity `thing` with those fields, a dataset `src.things`, a mapping `other` that is not direct.
pub(super) fn catalog(fields: Vec<Field>) -> Catalog {
    let entity = Entity {
        stored: 0,
        shape: 0,
        name: "thing".into(),
        plural: "things".into(),
        description: None,
        id_name: "thing".into(),
        authority: vec![],
        fields,
        children: vec![],
        listed: true,
        live_list: None,
        match_rules: vec![],
    };
    let mapping = Mapping {
        stored: 0,
        plan: 0,
        name: "other".into(),
        dataset: 0,
        entity: 0,
        key: KeyFrom { space: "src".into(), columns: vec![] },
        also: vec![],
        creates: true,
        direct: false,
        when: None,
        deleted: None,
        changed_at: None,
        pick: None,
        fields: vec![],
        hash: 0,
    };
    let dataset = Dataset {
        stored: 0,
        source: 0,
        feed: "things".into(),
        full: "src.things".into(),
        id_name: "src.things".into(),
        null_texts: vec![],
        key: vec![],
        content: Content::Snapshot,
        shrink_guard: None,
        fresh: None,
        stale_if_error: None,
        kept: vec![],
        live_only: false,
        discard: vec![],
        kind: None,
        zone: None,
        retain: Duration::from_secs(100),
    };
    Catalog {
        sources: vec![Source { name: "src".into(), adapter: "file-drop".into(), budget: Default::default() }],
        datasets: vec![dataset],
        entities: vec![entity],
        mappings: vec![mapping],
        ..Catalog::default()
    }
}

pub(super) fn bound(store: &SqliteStore, mut catalog: Catalog) -> Catalog {
    let numbers = store.register(&catalog.names()).unwrap();
    catalog.bind(&numbers);
    store.prepare(&catalog).unwrap();
    catalog
}

pub(super) fn open(home: &Home, fields: Vec<Field>) -> (SqliteStore, Catalog) {
    let store = SqliteStore::open(&home.path).unwrap();
    let catalog = bound(&store, catalog(fields));
    (store, catalog)
}

pub(super) fn id(key: u64) -> Id {
    Id::derive("thing", "src", &[key.to_string()])
}

struct Nothing;
impl Plans for Nothing {
    fn positions(&self, _: u32, _: u32) -> &[Option<u16>] {
        &[]
    }
}

/// A row with those JSON fragments (empty: null), resting on a raw record.
pub(super) fn facts(shape: u32, live: bool, fragments: &[String], raw: RawAt) -> Vec<u8> {
    let mut canonical = Fragments::default();
    fragments.iter().for_each(|f| canonical.push(f.as_bytes()));
    let o = Observation {
        plan: 1,
        record: Id([9; 16]),
        unit: 1,
        place: Place::default(),
        raw,
        prior: RawAt::default(),
        hash: 1,
        withdrawn: false,
        held: false,
        aliases: vec![],
        changed_at: vec![],
        pick: vec![],
        says: vec![],
    };
    let observations = if raw.block == 0 { vec![] } else { vec![o] };
    let i =
        Instance { live, was_live: live, shape, etag: 7, changed: 1, canonical, observations, ..Instance::default() };
    let mut out = Vec::new();
    Facts::encode(&i, Id([0; 16]), &Nothing, &mut out);
    out
}

pub(super) fn key(ty: &Type, fragment: &str) -> Vec<u8> {
    let mut out = Vec::new();
    key_of_fragment(ty, fragment.as_bytes(), &mut out);
    out
}

/// Stores a new live instance with its index entries.
pub(super) fn put(tx: &mut dyn Ingest, catalog: &Catalog, number: u64, fragments: &[String]) -> u64 {
    let e = &catalog.entities[0];
    let n = tx.insert(e.stored, id(number), number + 1, &facts(e.shape, true, fragments, RawAt::default())).unwrap();
    for (at, f) in e.indexed() {
        tx.index(e.stored, f.stored, n, None, Some(&key(&f.ty, &fragments[at]))).unwrap();
    }
    n
}

pub(super) fn sound(store: &SqliteStore) {
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}
