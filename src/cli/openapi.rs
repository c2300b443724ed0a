//! `banyan openapi`: the facade's document, as `/openapi.json` serves it.

use super::{Done, Global, out};
use crate::config::MissingSecret;
use crate::http::openapi::facade_document;

/// Print the facade's OpenAPI document.
#[derive(Debug, clap::Args)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        out::json(&facade_document(&built.catalog));
        Ok(())
    }
}
