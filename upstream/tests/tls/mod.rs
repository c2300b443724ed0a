//! TLS with an authority of our own, and a certificate of ours.

use crate::{config, request, run, text};
use banyan_upstream::{Failure, TlsConfig, Upstream, UpstreamConfig};
use http::Method;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Authority { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
}

fn leaf(authority: &Authority, name: &str, usage: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &authority.issuer).unwrap(), key)
}

/// Serves `ok` to whoever shows a certificate of the authority; its address.
fn serve(authority: &Authority) -> String {
    let (certificate, key) = leaf(authority, "modern.test", ExtendedKeyUsagePurpose::ServerAuth);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream);
            let mut buffer = [0; 4096];
            if tls.read(&mut buffer).is_ok() {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    address
}

fn folder() -> PathBuf {
    let name = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn with(address: &str, tls: TlsConfig) -> UpstreamConfig {
    UpstreamConfig { tls: Some(tls), ..config(&format!("https://{address}")) }
}

#[test]
fn an_authority_of_our_own_and_a_certificate_of_ours() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ours = authority();
    let address = serve(&ours);
    let folder = folder();
    let (client, key) = leaf(&ours, "banyan.test", ExtendedKeyUsagePurpose::ClientAuth);
    std::fs::write(folder.join("ca.pem"), &ours.pem).unwrap();
    std::fs::write(folder.join("other.pem"), authority().pem).unwrap();
    std::fs::write(folder.join("client.pem"), client.pem()).unwrap();
    std::fs::write(folder.join("client.key"), key.serialize_pem()).unwrap();
    let good = TlsConfig {
        ca: Some("ca.pem".into()),
        certificate: Some("client.pem".into()),
        key: Some("client.key".into()),
        name: Some("modern.test".into()),
    };
    let ask = |tls: TlsConfig, folder: &Path| {
        let upstream = Upstream::new(&with(&address, tls), folder).unwrap();
        run(async {
            let answer = upstream.send(request(Method::GET, "/", "")).await?;
            Ok::<_, Failure>(text(answer.body).await.unwrap())
        })
    };
    assert_eq!(ask(good.clone(), &folder).unwrap(), "ok");
    let stranger = TlsConfig { ca: Some("other.pem".into()), ..good.clone() };
    assert!(matches!(ask(stranger, &folder), Err(Failure::Tls { .. })));
    let misnamed = TlsConfig { name: Some("other.test".into()), ..good.clone() };
    assert!(matches!(ask(misnamed, &folder), Err(Failure::Tls { .. })));
    let bare = TlsConfig { certificate: None, key: None, ..good.clone() };
    assert!(ask(bare, &folder).is_err(), "the server asks for a certificate");
    let missing = TlsConfig { ca: Some("none.pem".into()), ..good };
    let told = Upstream::new(&with(&address, missing), &folder).err().unwrap();
    assert!(told.contains("none.pem"), "{told}");
}
