//! No text breaks the loader, and no secret leaves it.
#![no_main]

use banyan::config::render::Colour;
use banyan::config::{Memory, MissingSecret, load_from};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const SECRET: &str = "xyzzy-9f1c-secret";

fuzz_target!(|bytes: &[u8]| {
    let mut world = Memory::default();
    // Two files from one input, so that merging is reached; a 0xFF byte parts them.
    let (main, second) = match bytes.iter().position(|b| *b == 0xff) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    world.files.insert("banyan.yaml".into(), main.to_vec());
    world.files.insert("b.yaml".into(), second.to_vec());
    world.variables.insert("A".into(), SECRET.into());
    let loaded = load_from(&world, Path::new("banyan.yaml"), MissingSecret::Error);
    let shown = format!("{loaded:?}{}{}", loaded.render(Colour::On), loaded.to_json());
    // A text that holds the secret's own words shows them itself.
    let written = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
    assert!(written || !shown.contains(SECRET));
});
