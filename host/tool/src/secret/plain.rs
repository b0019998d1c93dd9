//! Secrets in plain files, as hosts kept them before there was a store.

use cap_std::fs::Dir;
use cofferdam_capability::SecretName;

use super::error::SourceError;
use super::identity::IdentityFile;
use super::names::Namespace;
use super::size::MAX_SECRET;
use super::store::SecretStore;
use super::value::SecretValue;

/// The largest plain file, in bytes: the largest secret and a line break.
const MAX_FILE: usize = MAX_SECRET + 2;

/// Files looked at: as many as any host took.
const MOST: usize = 1_024;

/// Encrypts the plain files `NAME` in the directory of a store, each as the host's secret of its
/// name, and removes them. Returns the names, or the reason why one stays as it is.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn encrypt_plain(
    store: &SecretStore,
) -> Result<Vec<Result<SecretName, SourceError>>, SourceError> {
    let failed = |error: std::io::Error| store.private(store.path()).failed(&error);
    let mut done = Vec::new();
    let Some(root) = store.root()? else {
        return Ok(done);
    };
    for entry in root.entries().map_err(failed)?.take(MOST) {
        let entry = entry.map_err(failed)?;
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name().into_string().unwrap_or_default();
        let is_own = name.starts_with('.') || name == IdentityFile::NAME;
        if is_directory || is_own {
            continue;
        }
        if let Ok(name) = name.parse() {
            done.push(encrypt_one(store, &root, &name).map(|()| name));
        }
    }
    Ok(done)
}

fn encrypt_one(store: &SecretStore, root: &Dir, name: &SecretName) -> Result<(), SourceError> {
    let path = store.path().join(name.as_str());
    let private = store.private(&path);
    let Some(bytes) = private.read(root, name.as_str(), MAX_FILE)? else {
        return Ok(());
    };
    if store.get(&Namespace::Host, name)?.is_some() {
        return Err(SourceError::new(format!(
            "{} is a plain file beside the secret of this name: remove it, or set its value with \
             `cofferdam secret set {name} --from-file`",
            path.display()
        )));
    }
    let value = SecretValue::of_text(name, bytes)?;
    store.set(&Namespace::Host, name, &value)?;
    root.remove_file(name.as_str())
        .map_err(|error| private.failed(&error))
}
