//! `banyan schema`: what editors complete and check the configuration by.

use super::{Done, Global, out};
use crate::adapters::KINDS;

/// Print the JSON Schema of the configuration, for editors.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(&self, _: &Global) -> Done {
        out::json(&crate::config::schema(KINDS));
        Ok(())
    }
}
