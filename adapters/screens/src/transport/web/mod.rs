//! Web pages in a browser of their own.

use banyan_words::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// How an old web application is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page a session begins on.
    pub url: String,
    /// The hosts that pages may be of. Default: that of `url`.
    #[serde(default)]
    pub hosts: Vec<String>,
}

impl Config {
    /// A page has no rows and columns.
    pub fn size(&self) -> Option<(u16, u16)> {
        None
    }
}

/// What is wrong with it.
pub(crate) fn check(config: &Config, path: &str) -> Vec<Problem> {
    if config.url.starts_with("http://") || config.url.starts_with("https://") {
        return Vec::new();
    }
    let told = Problem::error("bad-value", format!("{path}.url"), "this is no address of a page");
    vec![told.hint("write `url: https://stock.example/admin/`")]
}
