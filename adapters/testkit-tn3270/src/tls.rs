//! The host's own certificate, and the authority that signed it.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The host's side, and the authority's certificate in PEM.
pub(crate) fn certificates() -> Result<(Arc<ServerConfig>, String), Failure> {
    let (issuer, authority) = authority()?;
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])?.signed_by(&key, &issuer)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_no_client_auth();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((Arc::new(config.with_single_cert(vec![own.der().clone()], private)?), authority))
}

/// An authority that signed nothing of this host's, in PEM.
pub(crate) fn stranger() -> Result<String, Failure> {
    Ok(authority()?.1)
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), Failure> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Named otherwise than the host: OpenSSL takes a certificate whose subject is its issuer for its own authority.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "authority of the stock host");
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}
