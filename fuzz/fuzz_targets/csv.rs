//! No bytes break the reader of delimited text, and it reads the same in pieces of any size.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (which, chunk, bytes) = input;
    let encodings = ["utf-8", "utf-16", "utf-16be", "windows-1252", "windows-1253", "cp850", "shift_jis", "gb18030"];
    let mut config = json!({ "kind": "csv", "max_record": "40B" });
    if which & 8 != 0 {
        config["encoding"] = json!(encodings[usize::from(which & 7)]);
    }
    if which & 16 != 0 {
        config["header"] = json!(false);
        config["columns"] = json!(["A", "B"]);
    }
    if which & 32 != 0 {
        config["delimiter"] = json!("+|");
        config["record_end"] = json!("&|\n");
    }
    if which & 64 != 0 {
        config["quote"] = json!("none");
    }
    reading::same_in_pieces(&reading::format(config), chunk, bytes);
});
