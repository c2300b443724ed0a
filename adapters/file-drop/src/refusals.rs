//! Every code this adapter gives a record, a unit or a call, with its permanent meaning.

use banyan_adapter::RefusalDef;

macro_rules! refusals {
    ($($code:literal $stage:literal $meaning:literal $hint:literal;)*) => {
        /// The table; the adapter's page in `docs/` shows it too.
        pub const REFUSALS: &[RefusalDef] =
            &[$(RefusalDef { code: $code, stage: $stage, meaning: $meaning, hint: $hint }),*];
    };
}

refusals! {
    "archive-member" "unit" "A zip has no member to read, or several." "Name one with `member:`.";
    "archive-too-large" "unit" "An archive unpacks to more than `max_unpacked`, or to 500 times its packed size." "Raise `max_unpacked` if the file is sound; else ask its sender.";
    "archive-unsupported" "unit" "A zip member is encrypted, or packed with something other than deflate." "Have it packed with deflate and without a password.";
    "bad-encoding" "record" "A record has bytes that its encoding gives no meaning to." "Correct `encoding`, or the record at its sender.";
    "changed-while-reading" "unit" "The file changed while it was read; what was read is given up and it is read again once it is quiet." "Have it copied under another name and renamed, or raise `ready.quiet`.";
    "csv-field-count" "record" "A record has more or fewer fields than there are columns." "Look for a delimiter or a line end inside a field that is not quoted.";
    "csv-header" "unit" "The header cannot be read as a record." "Check `header`, `delimiter` and `quote`.";
    "csv-header-duplicate" "unit" "Two columns of the header have the same name." "Name all columns with `columns:`.";
    "csv-header-empty" "unit" "A column of the header has no name." "Name all columns with `columns:`.";
    "csv-header-mismatch" "unit" "The header does not fit the columns that `columns:` declares." "Compare both; columns may have been added or have moved.";
    "csv-quote" "record" "A quote is not closed, or text follows its end; that line alone is refused." "Correct the line, or declare `quote: none` if the file quotes nothing.";
    "damaged-archive" "unit" "An archive cannot be unpacked." "Have it sent again.";
    "empty-file" "unit" "The file holds nothing, not even a header." "Have it sent again, or allow it with `empty: ok`.";
    "file-io" "unit" "The disk or share could not be read; it is tried again." "Look at the disk, the share and its mount.";
    "fixed-bad-number" "record" "A column declared as a number holds something else." "Correct the record, or the column's position and type.";
    "fixed-long" "record" "A record is longer than declared and what is too much is not blank." "Compare the columns with the record layout; declare `length` if there is filler.";
    "fixed-short" "record" "A record ends before its last column." "Declare `short: pad` if trailing blanks are cut off.";
    "folder-missing" "unit" "The folder is not there: moved, or its share is not mounted. No file counts as deleted." "Mount the share, or correct `folder`.";
    "json-duplicate-member" "record" "An object names a member twice." "Have its sender correct it; which of the two counts is a guess.";
    "json-malformed" "record" "A record, or the document around the records, is no JSON." "Have it sent again; the message names the place.";
    "json-not-an-object" "record" "A record is no object." "Check `record`.";
    "json-number-too-large" "record" "A number has more than 38 digits." "Have it sent as text.";
    "json-record-not-found" "unit" "The document has no list where `record` points." "Check `record`, such as `/items`.";
    "json-too-deep" "record" "Values nest more than 64 deep." "Have its sender correct it.";
    "link-outside-folder" "unit" "A symbolic link leads out of the folder." "Drop the file itself.";
    "name-refused" "unit" "A name has control characters or is no Unicode." "Have the file named otherwise.";
    "name-without-date" "unit" "A name does not fit the pattern that gives its date or part." "Rename the file, or correct the pattern or `files`.";
    "not-a-file" "unit" "A directory, a pipe or a broken link is named like a file." "Remove it, or make `files` more exact.";
    "record-too-large" "record" "A record is longer than `max_record`." "Raise `max_record` if the record is sound.";
    "trailer-mismatch" "unit" "The trailer is missing, does not stand last, or its count or total disagrees, for longer than `patience`." "Have the file sent again whole.";
    "truncated-archive" "unit" "An archive ends early." "Have it sent again whole.";
    "unknown-part" "unit" "A name gives a part that `snapshot.parts` does not list." "Add the part, or rename the file.";
    "unreadable-file" "unit" "The file may not be read." "Give the gateway's user read access; it is then read by itself.";
    "unsafe-archive-member" "unit" "A zip has a member whose name leads out of the archive." "Do not trust this file; ask its sender.";
    "wrong-encoding" "unit" "The file as a whole is in another encoding than declared." "Declare the right `encoding`.";
    "xml-doctype" "unit" "An XML file's document type declares entities, which are never expanded." "Have it exported without a document type.";
    "xml-entity" "record" "A record uses an entity that XML does not predefine." "Have its sender write the character itself.";
    "xml-malformed" "unit" "An XML file is not well-formed; records before that place stay." "Have it sent again; the message names the place.";
    "xml-many" "record" "A field's path leads to several values." "Write `[]` behind the name for a list, or narrow the path.";
    "xml-record" "record" "A record cannot be read as XML." "The message says why.";
    "xml-record-not-found" "unit" "An XML file has nothing at the path `record` gives, nor around it." "Check `record`, such as `/catalogue/item`.";
}
