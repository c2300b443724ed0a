//! The `gateway:` section.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which requests come through a proxy that is believed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "write `true`, or a list of addresses and networks: [10.0.0.7, 10.1.0.0/16]")]
#[schemars(rename = "TrustedProxy")]
pub enum TrustedProxyDraft {
    /// All, or none.
    All(bool),
    /// What comes from these addresses and networks.
    From(Vec<String>),
}

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
    /// `true`: every request comes through a proxy that verifies tokens and certificates, drops what it could not verify, and
    /// says truly in `Forwarded` and `X-Forwarded-*` who asks. A list of addresses and networks: what comes from there does.
    /// Then claims and subjects name consumers, and the chain of proxies is extended instead of begun anew. Default: no.
    pub trusted_proxy: Option<TrustedProxyDraft>,
    /// The header in which that proxy tells of the client certificate.
    pub certificate_header: Option<String>,
    /// Title of the facade's OpenAPI document.
    pub title: Option<String>,
    /// What the facade is, for its OpenAPI document.
    pub description: Option<String>,
}
