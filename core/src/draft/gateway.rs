//! The `gateway:` section.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the gateway listens, and what its document says of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gateway")]
pub struct GatewayDraft {
    /// Address of the facade. Default 127.0.0.1:8080.
    pub listen: Option<String>,
    /// Address of the admin listener. Default 127.0.0.1:8081.
    pub admin: Option<String>,
    /// How many passes over a table, of those that changed nothing, stay listed one by one. Default 100.
    #[schemars(range(min = 1))]
    pub keep_passes: Option<u32>,
    /// Whether every request comes through a proxy that verifies tokens and certificates, and drops what it could not
    /// verify. Then their claims and subjects name consumers. Default: no.
    pub trusted_proxy: Option<bool>,
    /// The header in which that proxy tells of the client certificate.
    pub certificate_header: Option<String>,
    /// Title of the facade's OpenAPI document.
    pub title: Option<String>,
    /// What the facade is, for its OpenAPI document.
    pub description: Option<String>,
}
