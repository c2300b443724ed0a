//! No bytes break the reader of fixed width, and it reads the same in pieces of any size.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (which, chunk, bytes) = input;
    let encodings = ["utf-8", "cp437", "windows-1253", "shift_jis"];
    let config = json!({
        "kind": "fixed", "max_record": "40B", "lines": which & 1 != 0,
        "short": if which & 2 != 0 { "pad" } else { "reject" },
        "positions": if which & 4 != 0 { "characters" } else { "bytes" },
        "encoding": encodings[usize::from(which >> 3 & 3)],
        "columns": [{ "name": "A", "at": 1, "length": 3 }, { "name": "N", "at": 3, "length": 4, "type": "integer" },
            { "name": "D", "at": 7, "length": 5, "type": "decimal", "scale": 2 }],
    });
    reading::same_in_pieces(&reading::format(config), chunk, bytes);
});
