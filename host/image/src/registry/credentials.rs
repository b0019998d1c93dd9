//! Our credentials for a registry: docker's `config.json`, and the helpers it names.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::target::Target;
use crate::error::Error;

/// The largest configuration that is read, in bytes. One with a hundred logins has 20 KiB.
const CONFIG_MAX_BYTES: u64 = 1 << 20;

/// The longest time a helper may take: it may ask a person for a password.
const HELPER_WALL: Duration = Duration::from_secs(60);

/// Looks credentials up when a registry asks for them, and not before.
#[derive(Debug)]
pub(super) struct Credentials {
    docker_config: Option<PathBuf>,
}

impl Credentials {
    pub(super) fn new(docker_config: Option<PathBuf>) -> Self {
        Self { docker_config }
    }

    /// Returns the credentials for this registry, if there are any.
    pub(super) async fn find(&self, target: &Target) -> Result<Option<DockerCredential>, Error> {
        let Some(path) = self.docker_config.clone() else {
            return Ok(None);
        };
        let key = target.credentials_key.to_string();
        let wrong = |problem: String| target.error(problem);
        // The helper is a program of the user's own, and may wait for them.
        let found = tokio::task::spawn_blocking(move || look_up(&path, &key));
        match tokio::time::timeout(HELPER_WALL, found).await {
            Ok(Ok(found)) => found.map_err(wrong),
            Ok(Err(error)) => Err(wrong(format!(
                "its credentials cannot be looked up: {error}"
            ))),
            Err(_) => Err(wrong(format!(
                "its credential helper gave no answer in {} s",
                HELPER_WALL.as_secs()
            ))),
        }
    }
}

fn look_up(path: &std::path::Path, key: &str) -> Result<Option<DockerCredential>, String> {
    let wrong = |problem: String| format!("{}: {problem}", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let mut text = Vec::new();
    file.take(CONFIG_MAX_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > CONFIG_MAX_BYTES {
        return Err(wrong(format!("it has more than {CONFIG_MAX_BYTES} bytes")));
    }
    // What is wrong with a document says its own parser better.
    serde_json::from_slice::<serde::de::IgnoredAny>(&text)
        .map_err(|error| wrong(error.to_string()))?;
    match docker_credential::get_credential_from_reader(text.as_slice(), key) {
        Ok(credential) => Ok(Some(credential)),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // The words that docker's own helpers have for "nothing stored".
        Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
            if format!("{stdout}{stderr}").contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => Err(wrong(format!(
            "the credential helper {helper}, which it names, failed"
        ))),
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            let helper = helper(&text, key).unwrap_or_default();
            Err(wrong(format!(
                "the credential helper docker-credential-{helper}, which it names, does not answer"
            )))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// The helper that docker's configuration names for a registry: its own, or that of all registries.
fn helper(text: &[u8], key: &str) -> Option<String> {
    let config: serde_json::Value = serde_json::from_slice(text).ok()?;
    let own = config
        .get("credHelpers")
        .and_then(|helpers| helpers.get(key));
    own.or_else(|| config.get("credsStore"))?
        .as_str()
        .map(str::to_owned)
}
