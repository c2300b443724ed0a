//! No text breaks the import of CICS map source, and what it writes can be read as a map.
#![no_main]

use banyan_words::node::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let imported = banyan_screens::bms::import("x", text);
    let (node, problems) = yaml::parse("draft.yaml", &imported.yaml);
    assert!(problems.is_empty(), "{problems:?}\n{}", imported.yaml);
    let _ = banyan_screens::map::read(&node.unwrap_or(banyan_words::node::Node::scalar("", true)), "");
});
