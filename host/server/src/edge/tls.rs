//! TLS: the certificate of the host, replaced while it listens.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

/// The longest time of a handshake. Clients that mean it take milliseconds.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Certificates in one file: a chain has a handful, and a list of authorities tens.
const MAX_CERTIFICATES: usize = 256;

/// The protocols that clients are offered (RFC 7301): gRPC speaks HTTP/2 alone, and programs that
/// read the pages of the host either.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS as a host speaks it now. Clones are the same. Connections that are open go on as they began.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

/// Contents of the files of TLS, in PEM.
pub struct TlsText {
    /// The certificate of the host, and those that lead to its authority.
    pub certificate: Vec<u8>,
    /// The private key of the certificate.
    pub key: Zeroizing<Vec<u8>>,
    /// Certificates of the authorities whose clients are let in; none for clients without a
    /// certificate.
    pub client_ca: Option<Vec<u8>>,
}

/// A file of TLS that cannot be used, by its key in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {problem}")]
pub struct TlsError {
    /// The key.
    pub key: &'static str,
    /// The problem.
    pub problem: String,
}

impl Tls {
    /// Speaks TLS with these files.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used.
    pub fn new(text: &TlsText) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(RwLock::new(config(text)?))))
    }

    /// Speaks TLS with these files from now on. Where they cannot be used, nothing changes.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used.
    pub fn replace(&self, text: &TlsText) -> Result<(), TlsError> {
        let config = config(text)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Shakes hands with a client.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let shaken = TlsAcceptor::from(config).accept(stream);
        tokio::time::timeout(HANDSHAKE, shaken).await?
    }
}

fn config(text: &TlsText) -> Result<Arc<ServerConfig>, TlsError> {
    let TlsText {
        certificate,
        key,
        client_ca,
    } = text;
    let chain = certificates("certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError {
        key: "key",
        problem: format!("it holds no private key in PEM ({error})"),
    })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let wrong = |key: &'static str, error: &dyn fmt::Display| TlsError {
        key,
        problem: error.to_string(),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("certificate", &error))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates("client-ca", authorities)? {
                roots
                    .add(authority)
                    .map_err(|error| wrong("client-ca", &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier
                .build()
                .map_err(|error| wrong("client-ca", &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError {
            key: "key",
            problem: format!("it and `certificate` cannot be used together ({error})"),
        })?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// The certificates in a file.
fn certificates(key: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |problem: String| TlsError { key, problem };
    let found = CertificateDer::pem_slice_iter(pem).take(MAX_CERTIFICATES + 1);
    let found = found.collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| wrong(format!("it is no PEM ({error})")))?;
    match found.len() {
        0 => Err(wrong("it holds no certificate in PEM".to_owned())),
        1..=MAX_CERTIFICATES => Ok(found),
        _ => Err(wrong(format!(
            "it holds more than {MAX_CERTIFICATES} certificates"
        ))),
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsText").finish_non_exhaustive()
    }
}
