//! The servers of the corpus, for tests, and one that speaks TLS.

use std::sync::Arc;

use cofferdam_selftest::{Dns, Reply, Web};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A nameserver with these names.
pub(crate) fn dns(names: &[(&str, &[&str])]) -> Dns {
    Dns::start(names).expect("a nameserver")
}

/// A web server with these replies.
pub(crate) fn web(replies: &[(&'static str, Reply)]) -> Web {
    Web::start(replies).expect("a web server")
}

/// The same with TLS for `name`, with a certificate that the returned one (PEM) has signed.
pub(crate) fn start_tls(name: &str, replies: &[(&'static str, Reply)]) -> (Web, String) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority =
        rcgen::CertifiedIssuer::self_signed(authority, rcgen::KeyPair::generate().expect("a key"))
            .expect("a root");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = certificate
        .signed_by(&key, &authority)
        .expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let web = Web::serve(replies, move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(Box::new(StreamOwned::new(connection, stream)))
    });
    (web.expect("a web server"), authority.pem())
}
