//! Every code this adapter may give a run, a unit or a record.
//!
//! Invariant: a code keeps its meaning for ever. Codes of a map's own error rules are not here: they are the map's.

use banyan_adapter::RefusalDef;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $stage:literal, $meaning:literal, $hint:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*
        /// All of them.
        pub const REFUSALS: &[RefusalDef] =
            &[$(RefusalDef { code: $code, stage: $stage, meaning: $meaning, hint: $hint },)*];
    };
}

codes! {
    HOST_DOWN = "screens-host-down", "unit", "The far side cannot be reached; it is tried again.", "See whether it runs and the transport names it rightly.";
    PROGRAM_MISSING = "screens-program-missing", "unit", "A program the transport needs is not installed (s3270, chromedriver, the command itself).", "Install it, or correct the transport.";
    UNTRUSTED = "screens-untrusted", "unit", "The far side's certificate or host key is not the one that is trusted.", "Compare it with its owner; then trust it in the transport.";
    LOGIN_REFUSED = "screens-login-refused", "unit", "The far side refuses the login. It is not tried again until a person acts, lest it lock the user.", "Correct user and password, then `banyan screens accept` or a reload.";
    UNKNOWN_SCREEN = "screens-unknown-screen", "unit", "No screen of the map was recognised. Nothing was typed.", "Compare the picture; accept a new map version if the screen changed.";
    AMBIGUOUS_SCREEN = "screens-ambiguous-screen", "unit", "Two screens of the map were recognised at once. Nothing was typed.", "Give one of them a condition the other does not meet.";
    UNEXPECTED_SCREEN = "screens-unexpected-screen", "unit", "A screen of the map came that the step does not expect.", "Add it to `expect`, or correct the flow.";
    NO_ANSWER = "screens-no-answer", "unit", "The far side did not show an expected screen in time.", "Nothing; it is tried again. If it stays, raise `within`.";
    LOCKED = "screens-keyboard-locked", "unit", "The keyboard stayed locked.", "Look at the status line in the picture.";
    DISCONNECTED = "screens-disconnected", "unit", "The far side ended the session.", "Nothing; a new session is opened.";
    READ_BACK = "screens-read-back", "unit", "What stands in the field is not what was typed. Nothing was submitted.", "Look at the field in the picture: its place, its length, its kind.";
    TOO_LONG = "screens-too-long", "request", "The value is longer than its field. Nothing was typed.", "Shorten the value; it is never cut.";
    NOT_NUMERIC = "screens-not-numeric", "request", "The field takes digits only. Nothing was typed.", "Correct the value.";
    UNFIT = "screens-value-unfit", "request", "A value is missing, is not asked for, or is no date where the flow wants one. Nothing was typed.", "Give the flow what its `given` names, in the form it names.";
    NOT_ENCODABLE = "screens-not-encodable", "request", "The value has a character that the far side's code page lacks. Nothing was typed.", "Correct the value, or the transport's code page.";
    NOT_TYPEABLE = "screens-not-typeable", "request", "The value has a control character, which would act as a key. Nothing was typed.", "Correct the value.";
    PROTECTED = "screens-protected", "unit", "The field is protected: nothing can be typed there.", "Compare the picture with the map.";
    NOT_SENT = "screens-not-sent", "unit", "Nothing was sent to the far side.", "Read the message.";
    FIELD_MISSING = "screens-field-missing", "unit", "A field, or its label, is not on its screen exactly once.", "Compare the picture; accept a new map version if the screen changed.";
    PAGE_REPEATED = "screens-page-repeated", "unit", "The same page of a table came twice; nothing of it was used.", "Correct the table's `next` or `end`.";
    TABLE_CHANGED = "screens-table-changed", "unit", "A table's counter changed from one page to the next: rows came or went while it was read; nothing of it was used.", "Nothing: it is read again. If that happens at each pass, read a smaller part, or when nobody works.";
    KEY_REPEATED = "screens-key-repeated", "unit", "Two rows of a table have the same key; nothing of it was used.", "Correct the table's `key`, or read a smaller part.";
    TABLE_WITHOUT_END = "screens-table-without-end", "unit", "A table's end marker did not come; nothing of it was used.", "Correct the table's `end`.";
    NO_WAY_HOME = "screens-no-way-home", "unit", "The session did not get back to where it rests, and was closed.", "Give the screen an `exit`.";
    BREAKER_OPEN = "screens-breaker-open", "unit", "A screen drifted; the map is not used until a person has looked.", "`banyan screens accept` shows the difference.";
    IN_DOUBT = "screens-in-doubt", "request", "The commit was sent and nothing tells whether it was done. It is not repeated.", "Look in the legacy system, and settle it by hand.";
    SESSION_EXPIRED = "screens-session-expired", "unit", "The far side asked for a new login in the midst of a flow.", "Nothing; a new session is opened.";
    HOST_NOT_ALLOWED = "screens-host-not-allowed", "unit", "The page led to a host that the transport does not allow.", "Add it to `hosts` if it belongs to the system.";
    ELEMENT_AMBIGUOUS = "screens-element-ambiguous", "unit", "A locator matched more than one element, or role, name and selector do not agree. Nothing was done.", "Make the locator narrower.";
    BUSY = "screens-busy", "request", "All sessions are in use and the caller's time was over.", "Ask again; raise `pool.max` if the owner of the system agrees.";
    GIVEN_UP = "screens-given-up", "request", "The caller went away, or its time was over.", "Nothing; it is asked again.";
    FAILED = "screens-failed", "unit", "The transport reports a failure of another kind.", "Read its words.";
    REPLAY_DIFFERS = "screens-replay-differs", "unit", "A run did not do what the trace recorded.", "Read the difference.";
    MISSING_VALUE = "screens-missing-value", "record", "A cell that a table or flow reads is not on the screen.", "Compare the picture with the map.";
    NOT_DONE = "screens-not-done", "request", "The commit was sent, it did not come to its end, and the verifying flow found nothing done.", "Nothing; it may be asked for again.";
    NO_SUCH_FLOW = "screens-no-such-flow", "request", "The map has no such flow, or it commits nothing.", "Name a flow of the map that commits.";
    NOT_LIVE = "screens-not-live", "request", "The dataset is not declared to be read by key while somebody waits.", "Say `read: { flow, with }` on it.";
    OTHER_RECORD = "screens-other-record", "request", "The screen shows another record than the one asked for; nothing of it was used.", "Write keys as the screen shows them.";
}
