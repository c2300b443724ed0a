//! Opens connections: TCP, and TLS where the URL says so.

use crate::config::{Address, TlsConfig};
use crate::failure::{Failure, Sent};
use crate::http1::Io;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What TLS needs, made once.
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Reads certificates; paths are relative to `base`. Messages are for operators.
pub(crate) fn tls(address: &Address, config: Option<&TlsConfig>, base: &Path) -> Result<Option<Tls>, String> {
    if !address.tls {
        return Ok(None);
    }
    let none = TlsConfig::default();
    let config = config.unwrap_or(&none);
    let mut roots = RootCertStore::empty();
    match &config.ca {
        Some(file) => {
            for certificate in certificates(&base.join(file))? {
                roots.add(certificate).map_err(|e| format!("{file} holds a certificate that cannot be used: {e}"))?;
            }
        }
        None => {
            // A system may hold certificates that are of no use here; the others count.
            for certificate in rustls_native_certs::load_native_certs().certs {
                let _ = roots.add(certificate);
            }
        }
    }
    if roots.is_empty() {
        return Err("there is no certificate authority to trust: give `tls.ca`, or install ca-certificates".to_owned());
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let client = match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(&base.join(certificate))?;
            let read = PrivateKeyDer::from_pem_file(base.join(key));
            let key = read.map_err(|e| format!("{key} holds no private key: {e}"))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| format!("{certificate} cannot be used: {e}"))?
        }
        _ => builder.with_no_client_auth(),
    };
    let name = config.name.clone().unwrap_or_else(|| address.host.clone());
    let wrong = format!("`{name}` is not a name that a certificate can bear");
    let name = ServerName::try_from(name).map_err(|_| wrong)?;
    Ok(Some(Tls { connector: TlsConnector::from(Arc::new(client)), name }))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |e: rustls::pki_types::pem::Error| format!("{} cannot be read: {e}", file.display());
    let all: Vec<_> = CertificateDer::pem_file_iter(file).map_err(cannot)?.collect::<Result<_, _>>().map_err(cannot)?;
    if all.is_empty() { Err(format!("{} holds no certificate", file.display())) } else { Ok(all) }
}

/// Opens one.
pub(crate) async fn open(address: &Address, tls: Option<&Tls>, within: Duration) -> Result<Io, Failure> {
    let at = || format!("{}:{}", address.host, address.port);
    let opened = tokio::time::timeout(within, async {
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(|e| Failure::Connect { at: at(), why: e.to_string() })?;
        // Requests are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        match tls {
            None => Ok(Io::Plain(stream)),
            Some(tls) => {
                let stream = tls.connector.connect(tls.name.clone(), stream).await;
                let stream = stream.map_err(|e| Failure::Tls { at: at(), why: e.to_string() })?;
                Ok(Io::Tls(Box::new(stream)))
            }
        }
    });
    opened.await.unwrap_or_else(|_| {
        Err(Failure::Timeout { what: "connecting", millis: within.as_millis(), sent: Sent::Nothing })
    })
}
