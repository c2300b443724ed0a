//! `banyan keys`: digests of API keys, as the configuration wants them.

use super::{Done, Failure, Global, out};
use banyan_migration::consumer::Digest;
use serde_json::json;
use std::io::Read;

/// Longest key that is read, in bytes: that of a longer one names nobody.
const LONGEST: usize = 512;

/// API keys: their digests for the configuration.
#[derive(Debug, clap::Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Print the digest of a key that is read from standard input; white space around it does not count.
    Hash,
}

impl KeysCommand {
    pub(super) fn run(self, global: &Global) -> Done {
        let Act::Hash = self.act;
        let mut given = Vec::new();
        // A little more than is taken, so that what is too long is seen.
        let read = std::io::stdin().take(2 * LONGEST as u64 + 2).read_to_end(&mut given);
        read.map_err(|e| Failure::Because(format!("the key cannot be read: {e}")))?;
        let key = given.trim_ascii();
        if key.is_empty() || key.len() > LONGEST || !key.iter().all(u8::is_ascii_graphic) {
            let why = format!(
                "a key has 1 to {LONGEST} visible ASCII characters and no space: pipe it in, as in `banyan keys hash < key.txt`"
            );
            return Err(Failure::Because(why));
        }
        let digest = Digest::of(key).to_string();
        match global.json {
            true => out::json(&json!({ "sha256": digest })),
            false => out::answer(&format!("{digest}\n")),
        }
        Ok(())
    }
}
