//! What a million rows cost the store: CPU seconds of the calls alone (making up the rows is measured and taken off).
//!
//! `cargo run --release -p banyan-store --example load -- [rows] [rows per transaction] [folder] [fresh]`
//! Rows: an id, a hash, about 150 bytes of facts, one indexed field, a raw record of about 90 bytes. Linux only.

use banyan_model::instance::{Facts, Fragments, Instance, Observation, Plans, RawAt, Say};
use banyan_model::model::{Catalog, Entity, Field, ForeignChange, Owner, Text};
use banyan_store::{Condition, Ingest, ListQuery, RecordRow, Result, Sort, Store, StoreError, Test, sqlite};
use banyan_words::{Id, Place, Type, codec};
use std::path::PathBuf;
use std::time::Instant;

const BATCH: usize = 1024;
const ENTITY: u32 = 1;
const FIELD: u32 = 1;
const MAPPING: u32 = 1;

struct All;
impl Plans for All {
    fn positions(&self, _: u32, _: u32) -> &[Option<u16>] {
        const AT: [Option<u16>; 8] = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(7)];
        &AT
    }
}

/// CPU time of this thread in seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

fn memory() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_owned();
    let squeeze = |l: String| l.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}, {}", squeeze(line("RssAnon")), squeeze(line("VmHWM")))
}

/// A made-up row; `round` changes every hundredth one.
struct Row {
    id: Id,
    hash: u64,
    facts: Vec<u8>,
    key: Vec<u8>,
    cells: Vec<u8>,
}

/// One of 4096 names, no two with the same beginning.
fn city(i: u64) -> String {
    const PARTS: [&str; 16] = [
        "Ash", "Bex", "Cor", "Dun", "Ely", "Fal", "Gor", "Hav", "Ive", "Jar", "Kes", "Lew", "Mal", "Nor", "Oak", "Pen",
    ];
    let part = |shift: u64| PARTS[(i >> shift & 15) as usize];
    format!("{}{}{} upon Water", part(8), part(4), part(0))
}

fn row(i: u64, round: u64, facts: bool) -> Row {
    let version = if i % 100 == 7 { round } else { 0 };
    let mut cells = Vec::with_capacity(100);
    let city = city(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52);
    let texts = [
        format!("{i:08}"),
        city,
        format!("Name {i} of version {version}"),
        format!("mail{i}@example.com"),
        "trade".into(),
    ];
    texts.iter().for_each(|t| codec::put_text(t.as_bytes(), &mut cells));
    let id = Id::derive("customer", "erp", &texts[..1]);
    let hash = codec::hash(&cells, 1);
    let mut out = Row { id, hash, facts: Vec::new(), key: vec![1], cells };
    out.key.extend_from_slice(texts[1].as_bytes());
    if facts {
        let mut canonical = Fragments::default();
        let mut says = Vec::new();
        for t in &texts[1..] {
            let json = format!("\"{t}\"");
            canonical.push(json.as_bytes());
            says.push(Say::Value(json.into_bytes().into()));
        }
        let o = Observation {
            plan: 1,
            record: id,
            unit: 1,
            place: Place { line: i, offset: i * 90 },
            raw: RawAt::default(),
            prior: RawAt::default(),
            hash,
            withdrawn: false,
            held: false,
            aliases: vec![],
            changed_at: vec![],
            pick: vec![],
            says,
        };
        let i = Instance {
            live: true,
            was_live: true,
            shape: 1,
            etag: hash,
            changed: 1_700_000_000_000,
            canonical,
            observations: vec![o],
            ..Instance::default()
        };
        Facts::encode(&i, id, &All, &mut out.facts);
    }
    out
}

fn catalog() -> Catalog {
    let fields = vec![Field {
        stored: 0,
        name: "city".into(),
        ty: Type::Text,
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
    }];
    let entity = Entity {
        stored: 0,
        shape: 0,
        name: "customer".into(),
        plural: "customers".into(),
        description: None,
        id_name: "customer".into(),
        authority: vec![],
        fields,
        children: vec![],
        listed: true,
        live_list: None,
        match_rules: vec![],
    };
    Catalog { entities: vec![entity], ..Catalog::default() }
}

/// One pass over all rows. Returns CPU seconds, and how many were found unchanged.
fn pass(store: &dyn Store, rows: u64, per: u64, round: u64, order: impl Fn(u64) -> u64) -> Result<(f64, u64)> {
    let (mut spent, mut unchanged) = (0.0, 0);
    let mut tx = store.ingest()?;
    let (mut found, mut at) = (Vec::new(), 0);
    while at < rows {
        let batch: Vec<Row> = (at..rows.min(at + BATCH as u64)).map(|i| row(order(i), round, false)).collect();
        let ids: Vec<Id> = batch.iter().map(|r| r.id).collect();
        let begun = cpu();
        tx.find(ENTITY, &ids, &mut found)?;
        spent += cpu() - begun;
        let changed: Vec<(usize, Row)> = (0..batch.len())
            .filter(|i| found[*i].is_none_or(|(_, hash)| hash != batch[*i].hash))
            .map(|i| (i, row(order(at + i as u64), round, true)))
            .collect();
        unchanged += (batch.len() - changed.len()) as u64;
        let begun = cpu();
        for (i, r) in &changed {
            let place = Place { line: at + *i as u64, offset: 0 };
            tx.put_raw(1, 1, 1, place, &r.cells)?;
            let n = match found[*i] {
                Some((n, _)) => {
                    tx.load(ENTITY, n)?;
                    tx.update(ENTITY, n, r.id, r.hash, &r.facts)?;
                    n
                }
                None => {
                    let n = tx.insert(ENTITY, r.id, r.hash, &r.facts)?;
                    tx.index(ENTITY, FIELD, n, None, Some(&r.key))?;
                    n
                }
            };
            tx.changed(ENTITY, n)?;
        }
        at += batch.len() as u64;
        if at / per != (at - batch.len() as u64) / per {
            tx.commit(1)?;
            tx = store.ingest()?;
        }
        spent += cpu() - begun;
    }
    let begun = cpu();
    tx.commit(1)?;
    Ok((spent + cpu() - begun, unchanged))
}

/// Records of a mapping that is not direct: asked for, then put if new.
fn records(store: &dyn Store, rows: u64, per: u64) -> Result<f64> {
    let mut spent = 0.0;
    let mut tx: Box<dyn Ingest + '_> = store.ingest()?;
    let mut found: Vec<Option<RecordRow>> = Vec::new();
    for at in (0..rows).step_by(BATCH) {
        let ids: Vec<Id> =
            (at..rows.min(at + BATCH as u64)).map(|i| Id::derive("record", "crm", &[i.to_string()])).collect();
        let begun = cpu();
        tx.records(MAPPING, &ids, &mut found)?;
        for (i, id) in ids.iter().enumerate().filter(|(i, _)| found[*i].is_none()) {
            tx.put_record(MAPPING, *id, at + i as u64 + 1, 5)?;
        }
        if at % per < BATCH as u64 && at > 0 {
            tx.commit(1)?;
            tx = store.ingest()?;
        }
        spent += cpu() - begun;
    }
    let begun = cpu();
    tx.commit(1)?;
    Ok(spent + cpu() - begun)
}

fn reads(store: &dyn Store, rows: u64) -> Result<()> {
    let mut reader = store.reader()?;
    let step = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % rows;
    let ids: Vec<Id> = (0..100_000).map(|i| Id::derive("customer", "erp", &[format!("{:08}", step(i))])).collect();
    for _ in 0..2 {
        let begun = cpu();
        let mut bytes = 0;
        for id in &ids {
            bytes += reader.instance(ENTITY, *id)?.map_or(0, |f| f.facts.len());
        }
        println!("read by id, all over the store: {:.2} µs ({bytes} bytes)", (cpu() - begun) * 10.0);
    }
    let key = |i: u64| [&[1], city(i).as_bytes()].concat();
    let begun = cpu();
    for i in 0..2000 {
        let condition = Condition { field: FIELD, test: Test::Eq(key(i)) };
        reader.list(ENTITY, &ListQuery { conditions: vec![condition], limit: 50, ..ListQuery::default() })?;
    }
    println!("list of 50 by one value: {:.1} µs", (cpu() - begun) * 500.0);
    let begun = cpu();
    for i in 0..2000 {
        let sort = vec![Sort { field: FIELD, descending: i % 2 == 0 }];
        reader.list(ENTITY, &ListQuery { sort, limit: 50, ..ListQuery::default() })?;
    }
    println!("list of 50, sorted: {:.1} µs", (cpu() - begun) * 500.0);
    Ok(())
}

/// What plain SQLite takes for rows of that kind: prepared inserts, then the same with a unique id and an index.
fn limits(folder: &std::path::Path, rows: u64) -> std::result::Result<(f64, f64), rusqlite::Error> {
    let mut spent = [0.0; 2];
    for (with, spent) in spent.iter_mut().enumerate() {
        let conn = rusqlite::Connection::open(folder.join(format!("limit{with}.db")))?;
        conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE t(n INTEGER PRIMARY KEY, id BLOB, hash INT, city TEXT, facts BLOB)")?;
        if with == 1 {
            conn.execute_batch("CREATE UNIQUE INDEX i ON t(id); CREATE INDEX c ON t(city)")?;
        }
        conn.execute_batch("BEGIN")?;
        let mut insert = conn
            .prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(n) DO UPDATE SET facts = excluded.facts")?;
        for at in (0..rows).step_by(BATCH) {
            let batch: Vec<Row> = (at..rows.min(at + BATCH as u64)).map(|i| row(i, 0, true)).collect();
            let begun = cpu();
            for (i, r) in batch.iter().enumerate() {
                let city = std::str::from_utf8(&r.key[1..]).unwrap_or_default();
                insert.execute((at as i64 + i as i64, &r.id.0[..], r.hash as i64, city, &r.facts))?;
            }
            *spent += cpu() - begun;
        }
        let begun = cpu();
        conn.execute_batch("COMMIT")?;
        *spent += cpu() - begun;
    }
    Ok((spent[0], spent[1]))
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().and_then(|a| a.parse::<u64>().ok()).unwrap_or(default);
    let (rows, per) = (number(1_000_000), number(250_000));
    let folder = args.next().map_or_else(|| std::env::temp_dir().join("banyan-load"), PathBuf::from);
    let io = |e: std::io::Error| StoreError::Database(e.to_string());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    let store = sqlite::open(&folder.join("banyan.db"))?;
    let mut catalog = catalog();
    let numbers = store.register(&catalog.names())?;
    catalog.bind(&numbers);
    store.prepare(&catalog)?;
    let per_row = |s: f64| s * 1e6 / rows as f64;
    let tell = |what: &str, s: f64| println!("{what}: {s:.2} CPU s, {:.2} µs a row; {}", per_row(s), memory());
    {
        // The tables of a mapping that is not direct.
        let mut with = catalog.clone();
        with.mappings.push(banyan_model::model::Mapping {
            stored: MAPPING,
            plan: 1,
            name: "crm".into(),
            dataset: 0,
            entity: 0,
            key: banyan_model::model::KeyFrom { space: "crm".into(), columns: vec![] },
            also: vec![],
            creates: false,
            direct: false,
            when: None,
            deleted: None,
            changed_at: None,
            pick: None,
            fields: vec![],
            hash: 0,
        });
        store.prepare(&with)?;
    }
    let only_fresh = args.next().is_some_and(|a| a == "fresh");
    if !only_fresh {
        let (plain, indexed) = limits(&folder, rows)?;
        println!("limit: prepared inserts {plain:.2} CPU s, with a unique id and an index {indexed:.2}");
    }
    let wall = Instant::now();
    tell("fresh", pass(&store, rows, per, 0, |i| i)?.0);
    println!(
        "  wall {:.1} s, file {} MB",
        wall.elapsed().as_secs_f64(),
        std::fs::metadata(store.path()).map_err(io)?.len() >> 20
    );
    if only_fresh {
        return Ok(());
    }
    for (what, round) in [("same again", 0), ("1 % changed", 1)] {
        let (spent, unchanged) = pass(&store, rows, per, round, |i| i)?;
        tell(what, spent);
        println!("  unchanged: {unchanged}");
    }
    let shuffled = pass(&store, rows, per, 1, |i| i.wrapping_mul(7_368_787) % rows)?;
    tell("same rows in another order", shuffled.0);
    tell("records, fresh", records(&store, rows, per)?);
    tell("records, same again", records(&store, rows, per)?);
    store.rest()?;
    reads(&store, rows)?;
    let wall = Instant::now();
    println!("verify: {:?} in {:.1} s", store.verify()?.len(), wall.elapsed().as_secs_f64());
    Ok(())
}
