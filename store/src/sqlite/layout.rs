//! The layout of the file: tables that are always there, and those of each entity, field and mapping.
//!
//! Invariant: a step of [`STEPS`] that was released is never changed; a new layout is a new step.
//! Entities are kept in order of arrival (`ent`), and their ids in a table of their own that holds nothing else, so that
//! the random order of ids touches small pages only. An instance's hash stands in `ent` alone: the unchanged test reads
//! `ent` in order, and a changed row then leaves `ids` untouched.

/// "BNYN": tells our files from others.
pub(super) const APPLICATION: i64 = 0x424e_594e;

/// What brings a file of layout `i` to layout `i + 1`.
pub(super) const STEPS: &[&str] = &[FIRST, SECOND, THIRD, FOURTH];

const FIRST: &str = "
CREATE TABLE name(kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, about TEXT NOT NULL,
    PRIMARY KEY(kind, name)) WITHOUT ROWID;
CREATE UNIQUE INDEX name_number ON name(kind, number);
CREATE TABLE counter(kind INTEGER NOT NULL, number INTEGER NOT NULL, next INTEGER NOT NULL, direct INTEGER NOT NULL,
    live INTEGER NOT NULL, PRIMARY KEY(kind, number)) WITHOUT ROWID;
CREATE TABLE idx(entity INTEGER NOT NULL, field INTEGER NOT NULL, type TEXT NOT NULL,
    PRIMARY KEY(entity, field)) WITHOUT ROWID;

CREATE TABLE columns(number INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
CREATE TABLE raw(blk INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, len INTEGER NOT NULL, z BLOB NOT NULL);
CREATE INDEX raw_dataset ON raw(dataset, blk);
CREATE TABLE stamp(blk INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE chg(seq INTEGER PRIMARY KEY, entity INTEGER NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL,
    ns BLOB NOT NULL);
CREATE INDEX chg_entity ON chg(entity, seq);

CREATE TABLE unit(number INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    ord TEXT NOT NULL, as_of INTEGER NOT NULL, token TEXT NOT NULL, state INTEGER NOT NULL, records INTEGER NOT NULL,
    code TEXT, message TEXT, begun INTEGER NOT NULL, finished INTEGER);
CREATE INDEX unit_name ON unit(dataset, name, number);
CREATE INDEX unit_version ON unit(dataset, version);
CREATE INDEX unit_order ON unit(dataset, ord);
CREATE INDEX unit_waiting ON unit(dataset) WHERE state = 3;
CREATE TABLE ledger(unit INTEGER NOT NULL, mapping INTEGER NOT NULL, dataset INTEGER NOT NULL, read INTEGER NOT NULL,
    applied INTEGER NOT NULL, unchanged INTEGER NOT NULL, superseded INTEGER NOT NULL, skipped INTEGER NOT NULL,
    held INTEGER NOT NULL, rejected INTEGER NOT NULL, discarded INTEGER NOT NULL, deleted INTEGER NOT NULL,
    PRIMARY KEY(unit, mapping)) WITHOUT ROWID;
CREATE INDEX ledger_dataset ON ledger(dataset, unit);

CREATE TABLE letter(number INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, dataset INTEGER NOT NULL,
    mapping INTEGER NOT NULL, unit INTEGER NOT NULL, line INTEGER NOT NULL, off INTEGER NOT NULL, record BLOB,
    code TEXT NOT NULL, message TEXT NOT NULL, field TEXT, shape INTEGER, at INTEGER NOT NULL, times INTEGER NOT NULL,
    state INTEGER NOT NULL, reason TEXT, cells BLOB, raw BLOB NOT NULL);
CREATE UNIQUE INDEX letter_once ON letter(dataset, mapping, fingerprint);
CREATE INDEX letter_record ON letter(mapping, record) WHERE state = 0 AND record IS NOT NULL;
CREATE INDEX letter_open ON letter(dataset) WHERE state = 0;
CREATE TABLE review(number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, entity INTEGER NOT NULL,
    id BLOB NOT NULL, about TEXT NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL);
CREATE INDEX review_open ON review(number) WHERE state = 0;

CREATE TABLE dataset(number INTEGER PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE meta(name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lookup(lookup INTEGER NOT NULL, key BLOB NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY(lookup, key)) WITHOUT ROWID;
CREATE TABLE dep(lookup INTEGER NOT NULL, key BLOB NOT NULL, mapping INTEGER NOT NULL, blk INTEGER NOT NULL,
    slot INTEGER NOT NULL, PRIMARY KEY(lookup, key, mapping, blk, slot)) WITHOUT ROWID;
";

/// Dead letters tell whether `raw` is the record's own bytes (0: yes, 1: it has none, 2: they were discarded). Rows of
/// lookups are numbered, for a snapshot's marks, and know the record that gave them, if that has a key of its own.
const SECOND: &str = "
ALTER TABLE letter ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE letter SET bytes = 1, raw = x'' WHERE shape IS NOT NULL;
CREATE TABLE lookup_2(n INTEGER PRIMARY KEY AUTOINCREMENT, lookup INTEGER NOT NULL, key BLOB NOT NULL, record BLOB,
    value TEXT NOT NULL);
INSERT INTO lookup_2(lookup, key, value) SELECT lookup, key, value FROM lookup;
DROP TABLE lookup;
ALTER TABLE lookup_2 RENAME TO lookup;
CREATE UNIQUE INDEX lookup_key ON lookup(lookup, key);
CREATE INDEX lookup_record ON lookup(lookup, record) WHERE record IS NOT NULL;
";

/// Units know what refers to them: `refers` where an observation did, the raw blocks that hold records of it. Those that
/// nothing refers to may be folded: their sums stand in `folded`, how many they were in `folded_units`. Of units that
/// are there already nobody knows it.
const THIRD: &str = "
ALTER TABLE unit ADD COLUMN refers INTEGER NOT NULL DEFAULT 1;
ALTER TABLE unit ADD COLUMN raw_first INTEGER;
ALTER TABLE unit ADD COLUMN raw_last INTEGER;
CREATE INDEX unit_loose ON unit(dataset, number) WHERE refers = 0;
CREATE INDEX unit_open ON unit(dataset) WHERE state = 0;
CREATE INDEX letter_unit ON letter(unit);
CREATE TABLE folded(dataset INTEGER NOT NULL, mapping INTEGER NOT NULL, read INTEGER NOT NULL,
    applied INTEGER NOT NULL, unchanged INTEGER NOT NULL, superseded INTEGER NOT NULL, skipped INTEGER NOT NULL,
    held INTEGER NOT NULL, rejected INTEGER NOT NULL, discarded INTEGER NOT NULL, deleted INTEGER NOT NULL,
    PRIMARY KEY(dataset, mapping)) WITHOUT ROWID;
CREATE TABLE folded_units(dataset INTEGER PRIMARY KEY, units INTEGER NOT NULL, abandoned INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL);
";

/// Which unit last spoke of a row of a lookup, or of the record behind it, where files tell only what changed.
const FOURTH: &str = "
CREATE TABLE lookup_seen(lookup INTEGER NOT NULL, who BLOB NOT NULL, unit INTEGER NOT NULL, PRIMARY KEY(lookup, who))
    WITHOUT ROWID;
";

/// The tables of an entity: rows, where ids lead, further ids of a row.
pub(super) fn entity(entity: u32) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS ent_{entity}(n INTEGER PRIMARY KEY, id BLOB, hash INTEGER, facts BLOB);
         CREATE TABLE IF NOT EXISTS ids_{entity}(id BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS also_{entity}(n INTEGER NOT NULL, id BLOB NOT NULL,
             PRIMARY KEY(n, id)) WITHOUT ROWID;"
    )
}

/// The tables of a mapping that is not direct: `at` is the instance its record speaks about.
pub(super) fn mapping(mapping: u32) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS rec_{mapping}(n INTEGER PRIMARY KEY, id BLOB, hash INTEGER, at INTEGER);
         CREATE TABLE IF NOT EXISTS rid_{mapping}(id BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID;"
    )
}

/// The table of an indexed field.
pub(super) fn index(entity: u32, field: u32) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS x_{entity}_{field}(v BLOB NOT NULL, n INTEGER NOT NULL,
             PRIMARY KEY(v, n)) WITHOUT ROWID;"
    )
}

/// Kinds of [`STEPS`]' table `counter`.
pub(super) mod counter {
    pub(crate) const ENTITY: u32 = 0;
    pub(crate) const MAPPING: u32 = 1;
    pub(crate) const RAW: u32 = 2;
    pub(crate) const CHANGE: u32 = 3;
}
