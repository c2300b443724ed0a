//! 3270 by the `s3270` program.

use banyan_words::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// How a 3270 host is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name and port: `mainframe:992`.
    pub host: String,
    /// Whether the line is encrypted. Default: `require`.
    #[serde(default)]
    pub tls: Tls,
    /// The terminal's model, which says how large the screen is. Default: 3279-2-E.
    #[serde(default)]
    pub model: Option<String>,
    /// The host's code page. Default: cp037.
    #[serde(default)]
    pub codepage: Option<String>,
}

/// Whether the line is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Encrypted, and the host's certificate is verified.
    #[default]
    Require,
    /// In clear.
    None,
}

impl Config {
    /// Rows and columns.
    pub fn size(&self) -> Option<(u16, u16)> {
        let model = self.model.as_deref().unwrap_or("3279-2-E");
        match model.split('-').nth(1) {
            Some("2") => Some((24, 80)),
            Some("3") => Some((32, 80)),
            Some("4") => Some((43, 80)),
            Some("5") => Some((27, 132)),
            _ => None,
        }
    }
}

/// What is wrong with it.
pub(crate) fn check(config: &Config, path: &str) -> Vec<Problem> {
    if config.size().is_some() {
        return Vec::new();
    }
    let path = format!("{path}.model");
    vec![
        Problem::error("bad-value", path, "this is no model of a 3270 terminal")
            .hint("write 3279-2-E (24 × 80), 3279-3-E, 3279-4-E or 3279-5-E"),
    ]
}
