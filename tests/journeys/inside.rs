//! What no dropped file can bring about: a unit of keys alone, and a clock that jumps back. The library, not the program.

use banyan::adapters::KINDS;
use banyan::config::{self, Disk, MissingSecret};
use banyan::runtime::ingest::{Engine, OpenFeed, Session, States, Taken, lookup_key};
use banyan_adapter::{Scope, SnapshotPart, UnitDone};
use banyan_store::{DeadLetterFilter, DeadLetterState, Since, Store, sqlite::SqliteStore};
use banyan_words::{Batch, BatchBuilder, Shape, UnitRef, Value};
use std::sync::Arc;
use tempfile::TempDir;

const YAML: &str = r#"
banyan: 1
sources:
  shop:
    adapter: file-drop
    folder: drop
    datasets:
      regions: { files: "*.csv", format: { kind: csv }, key: [ID], content: changes }
lookups:
  by_id: { dataset: shop.regions, keys: [ID], value: NAME }
  by_code: { dataset: shop.regions, keys: [CODE], value: NAME }
entities:
  region: { fields: { name: { type: text } } }
mappings:
  - { from: shop.regions, to: region, fields: { name: NAME } }
"#;

/// An engine over a store, and what its datasets are.
struct Room {
    _folder: TempDir,
    store: Arc<SqliteStore>,
    engine: Engine,
    states: States,
    /// What its clock says.
    now_ms: i64,
}

impl Room {
    fn new() -> Room {
        Room::of(YAML)
    }

    fn of(yaml: &str) -> Room {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("banyan.yaml"), yaml).unwrap();
        let mut loaded = config::load(&folder.path().join("banyan.yaml"), MissingSecret::Error);
        let built = config::build(&mut loaded, KINDS, &Disk).unwrap_or_else(|| panic!("{:?}", loaded.problems));
        let store = Arc::new(SqliteStore::open(&folder.path().join("banyan.db")).unwrap());
        let engine = banyan::gateway::engine(built, &*store).unwrap();
        let states = States::read(&engine, &mut *store.reader().unwrap()).unwrap();
        Room { _folder: folder, store, engine, states, now_ms: 0 }
    }

    /// Does something to the store in a transaction of its own, at the room's time.
    fn commit<R>(&mut self, what: impl FnOnce(&mut Session<'_>, &mut States) -> R) -> R {
        let mut session = Session::new(&self.engine, self.store.ingest().unwrap(), self.now_ms);
        let done = what(&mut session, &mut self.states);
        session.commit().unwrap();
        done
    }

    /// A unit of those rows, from its beginning to its end.
    fn unit(&mut self, name: &str, scope: Scope, columns: &[&str], rows: &[&[&str]]) {
        let mut open = self.begin(0, name, scope);
        self.take(&mut open, columns, rows);
        self.done(open, None);
    }

    /// A unit that says that those records are deleted.
    fn deleted(&mut self, name: &str, keys: &[&str]) {
        let mut open = self.begin(0, name, Scope::Changes);
        let rows: Vec<&[&str]> = keys.iter().map(std::slice::from_ref).collect();
        let batch = batch(&open.parts[0].unit.clone(), &["ID"], &rows);
        self.commit(|session, _| session.deleted(&mut open, &batch).unwrap());
        self.done(open, None);
    }

    /// Begins a unit of a dataset.
    fn begin(&mut self, dataset: usize, name: &str, scope: Scope) -> OpenFeed {
        let as_of = jiff::Timestamp::UNIX_EPOCH;
        let unit = Arc::new(UnitRef { name: name.into(), version: name.into(), order: name.into(), as_of });
        let mut open = self.commit(|session, states| session.begin(&[dataset], &unit, "", scope, states).unwrap());
        open.shape_checked = true;
        open
    }

    /// Takes rows of an open unit.
    fn take(&mut self, open: &mut OpenFeed, columns: &[&str], rows: &[&[&str]]) {
        let batch = batch(&open.parts[0].unit.clone(), columns, rows);
        assert_eq!(self.commit(|session, states| session.take(open, &batch, states).unwrap()), Taken::Yes);
    }

    /// Ends a unit; `part` of a snapshot that several make together.
    fn done(&mut self, open: OpenFeed, part: Option<SnapshotPart>) {
        let done = UnitDone { records: open.records, part, position: None };
        self.commit(|session, states| session.done(open, &done, states).unwrap());
    }

    /// Instances that are there.
    fn live(&self) -> u64 {
        self.store.reader().unwrap().count(self.engine.catalog.entities[0].stored, &[]).unwrap()
    }

    fn lookup(&self, name: &str, key: &str) -> Option<String> {
        let table = self.engine.catalog.lookups.iter().find(|l| l.name == name).unwrap();
        let banyan_model::model::LookupSource::Dataset { stored, .. } = table.rows else { panic!("{name}") };
        self.store.reader().unwrap().lookup(stored, &lookup_key(&[key])).unwrap()
    }
}

fn batch(unit: &Arc<UnitRef>, columns: &[&str], rows: &[&[&str]]) -> Batch {
    let mut b = BatchBuilder::new(unit.clone());
    let shape = b.shape(Arc::new(Shape::of_text("regions", columns.iter().copied())));
    for row in rows {
        b.begin(shape);
        row.iter().for_each(|cell| b.value(Value::text(cell)));
        b.end(banyan_words::Place::default());
    }
    b.finish()
}

#[test]
fn a_unit_of_keys_ends_rows_of_lookups_whose_keys_it_shows_and_no_others() {
    let mut room = Room::new();
    let rows: [&[&str]; 3] = [&["1", "N", "North"], &["2", "S", "South"], &["3", "E", "East"]];
    room.unit("a", Scope::Changes, &["ID", "CODE", "NAME"], &rows);
    assert_eq!(room.lookup("by_id", "2").as_deref(), Some("South"));
    room.unit("b", Scope::Keys, &["ID"], &[&["1"], &["3"]]);
    let by_id = ["1", "2", "3"].map(|k| room.lookup("by_id", k).is_some());
    assert_eq!(by_id, [true, false, true], "what is not among the keys is gone");
    let by_code = ["N", "S", "E"].map(|k| room.lookup("by_code", k).is_some());
    assert_eq!(by_code, [true, true, true], "of other columns keys tell nothing");
    // A pass that shows everything does.
    room.unit("c", Scope::Everything, &["ID", "CODE", "NAME"], &[rows[0], &["3", "S", "East"]]);
    let by_code = ["N", "S", "E"].map(|k| room.lookup("by_code", k));
    assert_eq!(by_code, [Some("North".into()), Some("East".into()), None]);
}

#[test]
fn keys_that_a_source_says_are_deleted_end_records_and_rows_of_lookups() {
    let mut room = Room::new();
    let rows: [&[&str]; 3] = [&["1", "N", "North"], &["2", "S", "South"], &["3", "E", "East"]];
    room.unit("a", Scope::Changes, &["ID", "CODE", "NAME"], &rows);
    // A newer unit says one of them again.
    room.unit("c", Scope::Changes, &["ID", "CODE", "NAME"], &[rows[2]]);
    room.deleted("b", &["2", "3", "4"]);
    let live = ["1", "2", "3"].map(|k| room.lookup("by_id", k).is_some());
    assert_eq!(live[..2], [true, false]);
    assert_eq!(room.lookup("by_code", "S"), None, "the row that the record gave, under whatever key");
    assert_eq!(room.live(), 2, "what is not known, or was said again since, is left alone");
    room.deleted("d", &["1", "3"]);
    assert_eq!(room.live(), 0);
    // It comes back as any record does.
    room.unit("e", Scope::Changes, &["ID", "CODE", "NAME"], &[rows[1]]);
    assert_eq!((room.live(), room.lookup("by_code", "S").as_deref()), (1, Some("South")));
    assert_eq!(room.store.verify().unwrap(), Vec::<String>::new());
}

const RESTING: &str = r#"
banyan: 1
sources:
  shop:
    adapter: file-drop
    folder: drop
    datasets:
      people: { files: "people*.csv", format: { kind: csv }, key: [ID], content: snapshot }
      regions: { files: "regions*.csv", format: { kind: csv }, key: [ID], content: snapshot }
lookups:
  region: { dataset: shop.regions, keys: [ID], value: NAME }
entities:
  person: { fields: { region: { type: text } } }
mappings:
  - { from: shop.people, to: person, ALSO fields: { region: 'LOOKUP("region", REGION) ELSE REJECT "unknown-region"' } }
"#;

#[test]
fn what_is_refused_and_derived_again_within_one_snapshot_is_no_deletion_of_it() {
    // With a second key the store tells records by their observations, without by their instances.
    for also in ["", "also: { shop.second: [REGION, ID] },"] {
        let yaml = RESTING.replace("ALSO", also).replace("folder: drop", "folder: drop\n    spaces: [shop.second]");
        for (parts, from) in [(1, 0), (2, 0), (2, 1)] {
            let mut room = Room::of(&yaml);
            let part = |name: &str| SnapshotPart {
                snapshot: "s".into(),
                part: name.into(),
                parts: vec!["a".into(), "b".into()],
            };
            let mut open = room.begin(0, "people a", Scope::Declared);
            room.take(&mut open, &["ID", "REGION"], &[&["1", "N"], &["2", "N"]]);
            assert_eq!(room.live(), 0, "the regions have not arrived");
            if from == 1 {
                room.done(open, Some(part("a")));
                open = room.begin(0, "people b", Scope::Declared);
            }
            let mut regions = room.begin(1, "regions", Scope::Declared);
            room.take(&mut regions, &["ID", "NAME"], &[&["N", "North"]]);
            room.done(regions, None);
            assert_eq!(room.live(), 2, "they have");
            if parts == 2 && from == 0 {
                room.done(open, Some(part("a")));
                open = room.begin(0, "people b", Scope::Declared);
            }
            room.take(&mut open, &["ID", "REGION"], &[&["3", "N"], &["4", "N"], &["5", "N"]]);
            room.done(open, (parts == 2).then(|| part("b")));
            assert_eq!(room.live(), 5, "{also} {parts} {from}");
            assert!(room.states.0[0].suspended.is_none());
            // What the next one does not show is gone, whenever it was derived.
            let mut next = room.begin(0, "people c", Scope::Declared);
            room.take(&mut next, &["ID", "REGION"], &[&["2", "N"], &["3", "N"], &["4", "N"]]);
            room.done(next, None);
            assert_eq!(room.live(), 3, "{also} {parts} {from}");
            assert_eq!(room.store.verify().unwrap(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_whenever_its_first_record_was_derived() {
    for also in ["", "also: { shop.second: [REGION, ID] },"] {
        let yaml = RESTING.replace("ALSO", also).replace("folder: drop", "folder: drop\n    spaces: [shop.second]");
        let rows: [&[&str]; 3] = [&["1", "N", "a"], &["1", "N", "b"], &["2", "N", "c"]];
        // The lookup's row arrives before the key's first row, between the two, or after both.
        for before in 0..=2 {
            let mut room = Room::of(&yaml);
            let mut open = room.begin(0, "people a", Scope::Declared);
            room.take(&mut open, &["ID", "REGION", "NOTE"], &rows[..before]);
            let mut regions = room.begin(1, "regions", Scope::Declared);
            room.take(&mut regions, &["ID", "NAME"], &[&["N", "North"]]);
            room.done(regions, None);
            room.take(&mut open, &["ID", "REGION", "NOTE"], &rows[before..]);
            room.done(open, None);
            assert_eq!(room.live(), 1, "{also} after {before}");
            let mut reader = room.store.reader().unwrap();
            let total = reader.ledger_totals(room.engine.catalog.datasets[0].stored).unwrap()[0].tally;
            assert_eq!((total.read, total.applied, total.rejected), (3, 1, 2), "{also} after {before}: {total:?}");
            let letters = reader.dead_letters(&DeadLetterFilter::default(), 10).unwrap();
            let open = letters.iter().filter(|l| l.state == DeadLetterState::Open).count();
            assert_eq!(open, 2, "{also} after {before}: {letters:?}");
            drop(reader);
            assert_eq!(room.store.verify().unwrap(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_clock_that_jumps_back_loses_and_reorders_nothing() {
    let mut room = Room::new();
    let mut put = |unit: &str, name: &str, moment: &str| {
        room.now_ms = moment.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        room.unit(unit, Scope::Changes, &["ID", "CODE", "NAME"], &[&["1", "N", name]]);
    };
    put("a", "North", "2026-06-01T12:00:00Z");
    put("b", "Nord", "2026-05-01T12:00:00Z");
    put("c", "Norte", "1970-01-01T00:00:01Z");
    assert_eq!(room.lookup("by_id", "1").as_deref(), Some("Norte"));
    let entity = room.engine.catalog.entities[0].stored;
    let mut reader = room.store.reader().unwrap();
    let page = reader.changes(entity, Since::default(), 10).unwrap();
    let times: Vec<i64> = page.rows.iter().map(|(_, at)| *at).collect();
    assert_eq!(times.len(), 3, "each change is told, in the order of commits: {times:?}");
    assert!(times[0] > times[1] && times[1] > times[2]);
    assert_eq!(reader.newest_change().unwrap(), page.next, "a consumer that followed misses nothing");
    // Nothing is old enough to be forgotten, whatever the clock says now.
    assert_eq!(room.store.tidy(1_000, &room.engine.catalog).unwrap(), 0);
    assert_eq!(room.store.verify().unwrap(), Vec::<String>::new());
}
