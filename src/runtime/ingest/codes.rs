//! Codes of records that the gateway itself refuses. (Adapters and mappings have codes of their own.)

use banyan_adapter::RefusalDef;

const fn record(code: &'static str, meaning: &'static str, hint: &'static str) -> RefusalDef {
    RefusalDef { code, stage: "record", meaning, hint }
}

/// All of them.
pub const CODES: &[RefusalDef] = &[
    record(
        "bad-key",
        "A part of the record's key is empty or cannot be part of a key.",
        "The record has no readable key, so it is not known whom it speaks about. Correct it in the source and drop the file again; while it stands, a snapshot's deletions wait.",
    ),
    record(
        "bad-time",
        "A moment has no meaning in its zone.",
        "Correct the record, or the dataset's `zone:`, and replay.",
    ),
    record(
        "duplicate-key",
        "The key stands more than once in one snapshot.",
        "The key stands more than once in one snapshot, and nothing says which record is meant. Correct it in the source, or declare the right `key:` or a `pick:`; then drop the file again.",
    ),
    record(
        "foreign-change",
        "The record changes a field that another source rules, and the field says `on_foreign_change: reject`.",
        "Change the value in the source that rules the field, or discard the letter, with a reason.",
    ),
    record(
        "no-parent-record",
        "A record of a type that stands within another came before any of those.",
        "Correct the order of the records in the source, and drop the file again.",
    ),
    record(
        "required",
        "A required field is null, or nothing is said of it by a mapping that brings instances into being.",
        "Give the formula an `ELSE`, or correct the record in the source; then replay, or drop the file again.",
    ),
    record(
        "unknown-record-type",
        "No record type's `when:` holds for the record.",
        "Declare its type under `records:`, or correct the record in the source; then drop the file again.",
    ),
];
