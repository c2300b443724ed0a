//! No YAML breaks the reader of screen maps.
#![no_main]

use banyan_words::node::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let (Some(node), _) = yaml::parse("map.yaml", text) {
        let _ = banyan_screens::map::read(&node, "sources.x.map");
    }
});
