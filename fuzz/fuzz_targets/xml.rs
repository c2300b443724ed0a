//! No bytes break the reader of XML, and it reads the same in pieces of any size.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (which, chunk, bytes) = input;
    let mut config = json!({
        "kind": "xml", "record": if which & 1 != 0 { "/c/i" } else { "/c/p:i" }, "namespaces": { "p": "urn:p" },
        "fields": { "a": "@a", "b": "x/y[@z='1']", "l": "t[]", "all": "." },
    });
    if which & 2 != 0 {
        config["max_record"] = json!("40B");
    }
    if which & 4 != 0 {
        config["encoding"] = json!("windows-1253");
    }
    reading::same_in_pieces(&reading::format(config), chunk, bytes);
});
