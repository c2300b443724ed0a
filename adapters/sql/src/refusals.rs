//! Every code this crate gives a configuration, a unit or a call, with its permanent meaning.

use banyan_adapter::RefusalDef;

macro_rules! refusals {
    ($($code:literal $stage:literal $meaning:literal $hint:literal;)*) => {
        /// The table; a kind adds those of its driver.
        pub const REFUSALS: &[RefusalDef] =
            &[$(RefusalDef { code: $code, stage: $stage, meaning: $meaning, hint: $hint }),*];
    };
}

refusals! {
    "bad-answer" "unit" "The server's answer is not what was asked for; the pass begins again." "Look at the server's log; if it stays, report it.";
    "column-missing" "unit" "A column that the configuration uses is not in the table." "Correct the configuration, or have SELECT on the column granted.";
    "key-not-unique" "request" "A live read by key found far more rows than keys, or a live list two records of one key." "Declare a `key` that identifies a record.";
    "mode-not-possible" "unit" "The server does not offer what the `sync` mode needs." "Choose another mode; `sync: auto` takes the best there is.";
    "not-live" "request" "The dataset is not declared to be read by key while somebody waits." "Say `read: live` on it.";
    "not-searchable" "request" "A live list's condition is on a column that cannot be compared at the server without missing records." "Take the column out of `find_by` and its field's `filter`.";
    "source-lost" "unit" "The work on the source died; it is tried again." "Look at the log; if it stays, report it.";
    "table-missing" "unit" "There is no such table or view, or the login may not see it." "Correct `table`, or have SELECT granted.";
    "unreadable-keys" "unit" "No key of a whole page could be read, so that the next page has no beginning." "Use `mode: full`, or correct the records.";
    "unsafe-sql" "config" "The statement is more than one query, or does more than read." "Write one SELECT; see `unchecked` for what only the server understands.";
    "writable-login" "unit" "The login may write, and nothing is read with such a login." "Use a login that may only SELECT, or say `allow_writable_login: true`.";
}
