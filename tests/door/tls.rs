//! TLS: certificates that are read, replaced and asked for.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::grpc::{command, ended};
use crate::support::{Host, Scratch, cofferdam};

/// Seconds in which a connection comes about or does not.
const REACHES: &str = "5";

/// An authority, and the files of certificates that it has signed.
struct Authority {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
    file: PathBuf,
}

/// A certificate and its key, as files.
struct Signed {
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(scratch: &Scratch, name: &str) -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().expect("a key");
        let issuer = rcgen::CertifiedIssuer::self_signed(params, key).expect("a root");
        let file = scratch.file(&format!("{name}.pem"), issuer.pem());
        Self { issuer, file }
    }

    /// Signs a certificate for this machine, and writes it and its key over those of `name`.
    fn sign(&self, scratch: &Scratch, name: &str) -> Signed {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = rcgen::CertificateParams::new(names).expect("names");
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        let written = Signed {
            key: scratch.file(&format!("{name}.key"), key.serialize_pem()),
            certificate: scratch.file(&format!("{name}.crt"), signed.pem()),
        };
        let mode = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&written.key, mode).expect("ours");
        written
    }
}

/// `[tls]` with these files.
fn configure(scratch: &Scratch, host: &Signed, client_ca: Option<&Authority>) {
    let mut text = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        host.certificate, host.key
    );
    if let Some(authority) = client_ca {
        text += &format!("client-ca = {:?}\n", authority.file);
    }
    scratch.file("data/cofferdam.toml", text);
}

/// A host on every address of this machine, as clients on it reach it.
fn start(scratch: &Scratch) -> Host<'_> {
    let mut host = Host::start(scratch, ["--listen", "0.0.0.0:0"]);
    let line = host.hears("listening on ");
    let port = line
        .split("https://0.0.0.0:")
        .nth(1)
        .expect("it speaks TLS");
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    host.address = format!("127.0.0.1:{port}");
    host
}

/// The answer to an action of a client that trusts `authority`, and has this certificate.
#[track_caller]
fn ask(
    scratch: &Scratch,
    host: &Host<'_>,
    action: &[&str],
    authority: &Authority,
    own: Option<&Signed>,
) -> Value {
    let mut command = command(scratch, host, action);
    command.env("COFFERDAM_TEST_CA", &authority.file);
    if let Some(Signed { certificate, key }) = own {
        command.env("COFFERDAM_TEST_CERTIFICATE", certificate);
        command.env("COFFERDAM_TEST_KEY", key);
    }
    ended(command)
}

#[test]
fn a_certificate_opens_every_address_and_is_replaced_while_the_host_runs() {
    let scratch = Scratch::new();
    let (first, second) = (
        Authority::new(&scratch, "first"),
        Authority::new(&scratch, "second"),
    );
    configure(&scratch, &first.sign(&scratch, "host"), None);
    let mut host = start(&scratch);
    let health = |host: &Host<'_>, authority| ask(&scratch, host, &["health", ""], authority, None);
    let reaches =
        |host: &Host<'_>, authority| ask(&scratch, host, &["reaches", REACHES], authority, None);
    assert_eq!(health(&host, &first), "SERVING");
    assert_eq!(reaches(&host, &second), false);
    // Who speaks none gets nothing.
    assert_eq!(
        ended(command(&scratch, &host, &["reaches", REACHES])),
        false
    );
    // TLS asks for a token as well.
    let mut nobody = command(&scratch, &host, &["statuses"]);
    nobody
        .env("COFFERDAM_TEST_CA", &first.file)
        .env_remove("COFFERDAM_TOKEN");
    assert_eq!(ended(nobody)["agents"][0], "UNAUTHENTICATED");

    // A file that is half written changes nothing.
    let certificate = scratch.path().join("host.crt");
    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\n").expect("ours");
    let told = host.hears("the certificate stays as it was");
    assert!(
        told.contains("`certificate`") && told.contains("host.crt"),
        "{told}"
    );
    assert_eq!(health(&host, &first), "SERVING");
    second.sign(&scratch, "host");
    host.hears("the certificate was read again");
    // The key may have been read before its certificate, which is told.
    let renewed = || reaches(&host, &second) == true;
    assert!((0..20).any(|_| renewed()));
    assert_eq!(reaches(&host, &first), false);
    // SIGHUP reads them too, and tells one that is wrong.
    std::fs::write(&certificate, "nothing").expect("ours");
    host.signal("HUP");
    host.hears("nothing was changed");
    assert_eq!(health(&host, &second), "SERVING");
}

#[test]
fn clients_show_a_certificate_where_the_operator_asks_for_one() {
    let scratch = Scratch::new();
    let (authority, other) = (
        Authority::new(&scratch, "own"),
        Authority::new(&scratch, "other"),
    );
    configure(
        &scratch,
        &authority.sign(&scratch, "host"),
        Some(&authority),
    );
    let host = start(&scratch);
    let client = authority.sign(&scratch, "client");
    let stranger = other.sign(&scratch, "stranger");
    let health = ask(&scratch, &host, &["health", ""], &authority, Some(&client));
    assert_eq!(health, "SERVING");
    for own in [None, Some(&stranger)] {
        // In TLS 1.3 a client learns after its own handshake that it is not let in.
        let mut refused = command(&scratch, &host, &["health", ""]);
        refused.env("COFFERDAM_TEST_CA", &authority.file);
        if let Some(Signed { certificate, key }) = own {
            refused
                .env("COFFERDAM_TEST_CERTIFICATE", certificate)
                .env("COFFERDAM_TEST_KEY", key);
        }
        let refused = refused
            .env("COFFERDAM_TEST_PATIENCE", REACHES)
            .output()
            .expect("Python");
        assert!(!refused.status.success());
    }
    // Commands go through the socket, as ever.
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn files_and_addresses_that_cannot_be_used_are_told() {
    let scratch = Scratch::new();
    let authority = Authority::new(&scratch, "own");
    let host = authority.sign(&scratch, "host");
    let other = authority.sign(&scratch, "other");
    let refused = |parts: &[&str]| {
        let line = ["serve", "--listen", "0.0.0.0:0"];
        cofferdam(&scratch, line).run().exits(2).complains(parts);
    };
    refused(&[
        "--listen 0.0.0.0:0",
        "without TLS",
        "[tls] in cofferdam.toml",
    ]);
    let wrong = |text: String, parts: &[&str]| {
        scratch.file("data/cofferdam.toml", format!("[tls]\n{text}"));
        refused(parts);
    };
    let row = |key: &str, path: &PathBuf| format!("{key} = {path:?}\n");
    let certificate = row("certificate", &host.certificate);
    wrong(certificate.clone(), &["`certificate` needs `key`"]);
    wrong(
        row("client-ca", &authority.file),
        &["`client-ca` needs `certificate`"],
    );
    wrong(
        "certificate = \"a.pem\"\n".to_owned(),
        &["`certificate`", "absolute path"],
    );
    let key = row("key", &host.key);
    let gone = scratch.path().join("gone.pem");
    wrong(
        row("certificate", &gone) + &key,
        &["`certificate`", "gone.pem"],
    );
    wrong(
        row("certificate", &host.key) + &key,
        &["host.key", "no certificate in PEM"],
    );
    wrong(
        certificate.clone() + &row("key", &host.certificate),
        &["`key`", "others may use it", "chmod 600"],
    );
    wrong(
        certificate.clone() + &row("key", &other.key),
        &["`key`", "cannot be used together"],
    );
    std::fs::set_permissions(&host.key, PermissionsExt::from_mode(0o644)).expect("ours");
    wrong(certificate + &key, &["`key`", "mode 0644", "chmod 600"]);
}
