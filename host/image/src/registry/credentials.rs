//! Our credentials for a registry: docker's `config.json`, and the helpers it names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
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

/// Returns the names of all credential helpers in docker's configuration, without the beginning
/// that their programs share. One that cannot be read names none: who uses it is told why.
pub fn credential_helpers(config: &Path) -> Vec<String> {
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Named {
        creds_store: Option<String>,
        cred_helpers: BTreeMap<String, String>,
    }
    let Ok(Some(text)) = read(config) else {
        return Vec::new();
    };
    let Named {
        creds_store,
        cred_helpers,
    } = serde_json::from_slice(&text).unwrap_or_default();
    creds_store
        .into_iter()
        .chain(cred_helpers.into_values())
        .collect()
}

/// Reads docker's configuration, if there is one.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    // A named pipe would wait for its other end.
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if !metadata.is_file() => return Err("it is not a file".to_owned()),
        Err(_) | Ok(_) => {}
    }
    let mut text = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(CONFIG_MAX_BYTES + 1).read_to_end(&mut text))
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > CONFIG_MAX_BYTES {
        return Err(format!("it has more than {CONFIG_MAX_BYTES} bytes"));
    }
    Ok(Some(text))
}

fn look_up(path: &Path, key: &str) -> Result<Option<DockerCredential>, String> {
    let wrong = |problem: String| format!("{}: {problem}", path.display());
    let Some(text) = read(path).map_err(wrong)? else {
        return Ok(None);
    };
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
