//! A registry of a test's own: Debian's `docker-registry`, on a free port of loopback.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long the registry may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// The password of `author` in a registry that asks for one, and its bcrypt hash.
pub(crate) const PASSWORD: &str = "open sesame";
const PASSWORD_HASH: &str = "$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW";

/// A running registry; killed when it is dropped.
pub(crate) struct Registry {
    child: Child,
    directory: TempDir,
    /// Its host and port.
    pub(crate) address: String,
}

impl Registry {
    /// Starts an empty one that lets everybody in.
    pub(crate) fn start() -> Self {
        Self::configured(|_| String::new())
    }

    /// Starts an empty one that asks for the user `author` and [`PASSWORD`].
    pub(crate) fn start_with_password() -> Self {
        Self::configured(|directory| {
            let file = directory.join("htpasswd");
            std::fs::write(&file, format!("author:{PASSWORD_HASH}\n")).expect("a file");
            format!(
                "auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
                file.display()
            )
        })
    }

    /// Starts an empty one that speaks TLS as `localhost`, and returns the certificate (PEM) to
    /// trust.
    pub(crate) fn start_with_tls() -> (Self, String) {
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = rcgen::CertifiedIssuer::self_signed(
            authority,
            rcgen::KeyPair::generate().expect("a key"),
        )
        .expect("a root");
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let certificate = certificate
            .signed_by(&key, &authority)
            .expect("a certificate");
        let mut registry = Self::configured(|directory| {
            let (certificate_file, key_file) =
                (directory.join("certificate.pem"), directory.join("key.pem"));
            std::fs::write(&certificate_file, certificate.pem()).expect("a file");
            std::fs::write(&key_file, key.serialize_pem()).expect("a file");
            let (certificate, key) = (certificate_file.display(), key_file.display());
            format!("  tls:\n    certificate: {certificate}\n    key: {key}\n")
        });
        registry.address = registry.address.replace("127.0.0.1", "localhost");
        (registry, authority.pem())
    }

    fn configured(rest: impl FnOnce(&Path) -> String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().join("registry");
        let config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  delete:\n    enabled: true\n  \
                filesystem:\n    rootdirectory: \
             {}\nhttp:\n  addr: 127.0.0.1:0\n{}",
            root.display(),
            rest(directory.path())
        );
        let file = directory.path().join("config.yml");
        std::fs::write(&file, config).expect("a file");
        let mut command = Command::new("docker-registry");
        command
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .expect("docker-registry is installed: `./just test` does it");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            // It is read to its end, so that the registry never waits for a reader.
            for line in log.lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        let deadline = Instant::now() + PATIENCE;
        let mut said = Vec::new();
        while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if let Some((_, rest)) = line.split_once("listening on ") {
                let address = rest
                    .split(['"', ' ', ','])
                    .next()
                    .expect("an address")
                    .to_owned();
                return Self {
                    child,
                    directory,
                    address,
                };
            }
            said.push(line);
        }
        child.kill().ok();
        child.wait().ok();
        panic!("docker-registry did not start:\n{}", said.join("\n"));
    }

    /// A reference to something in it.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// A file of its storage, by the digest of the blob.
    pub(crate) fn blob(&self, digest: &str) -> std::path::PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a digest");
        let below = format!(
            "registry/docker/registry/v2/blobs/sha256/{}/{hex}/data",
            &hex[..2]
        );
        self.directory.path().join(below)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs `skopeo`, which nobody here wrote, and returns what it prints.
#[track_caller]
pub(crate) fn skopeo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let output = Command::new("skopeo")
        .args(args)
        .stdin(Stdio::null())
        .output();
    let output = output.expect("skopeo is installed: `./just test` does it");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("skopeo prints text")
}

/// The same, as JSON.
#[track_caller]
pub(crate) fn skopeo_json<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Value {
    serde_json::from_str(&skopeo(args)).expect("skopeo prints JSON")
}
