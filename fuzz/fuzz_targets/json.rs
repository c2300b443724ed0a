//! No bytes break the readers of JSON, and they read the same in pieces of any size.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (which, chunk, bytes) = input;
    let mut config = match which & 3 {
        0 => json!({ "kind": "json", "columns": ["a", "b"] }),
        1 => json!({ "kind": "json", "record": "/a/b", "fields": { "x": "/a/0", "y": "/b" } }),
        _ => json!({ "kind": "jsonl", "columns": ["a", "b"] }),
    };
    if which & 4 != 0 {
        config["max_record"] = json!("20B");
    }
    if which & 8 != 0 {
        config["encoding"] = json!("utf-16le");
    }
    reading::same_in_pieces(&reading::format(config), chunk, bytes);
});
