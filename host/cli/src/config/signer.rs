//! `[[signer]]`: who has to have signed which images.

use std::path::PathBuf;
use std::sync::Arc;

use cofferdam_image::{Scope, Signer, Signers, read_verifying_key};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::place::{self, Key, Source};
use super::setting::Setting;
use crate::error::Failure;

/// Rows, at most. Each is a key that is read when a command starts.
const MAX_SIGNERS: usize = 64;

/// Scopes of one row, at most.
const MAX_SCOPES: usize = 64;

/// Characters of a name, at most.
const MAX_NAME: usize = 63;

/// `[[signer]]`: a key, and the images that have to be signed with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SignerRow {
    /// The signer's name: letters, digits, `.`, `_` and `-`. Rows of one name are keys of one
    /// signer, any of which is enough.
    #[schemars(extend("pattern" = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"))]
    name: String,
    /// The file of the public key (PEM, Ed25519 or ECDSA P-256, such as `cosign.pub`): an absolute
    /// path.
    #[schemars(extend("pattern" = "^/."))]
    key: PathBuf,
    /// The images: `HOST/NAME`, `HOST/NAME/*` for all below it, `HOST/*` for a whole registry.
    #[schemars(extend("minItems" = 1, "maxItems" = MAX_SCOPES))]
    images: Vec<String>,
    /// Refuse such an image without a valid signature of this signer, when it is pulled and when it
    /// is used. With `false` the signer's name is shown where they have signed.
    #[schemars(extend("default" = true))]
    required: Option<bool>,
}

/// The signers of these rows, with their keys.
pub(super) fn signers(
    rows: Vec<SignerRow>,
    source: Option<&Source>,
) -> Result<Arc<Signers>, Failure> {
    let refuse = |index: usize, key: &'static str, problem: String| {
        let place = place::origin(source, Key::Row("signer", index, key));
        Failure::usage(format!("{place}: [[signer]] {problem}"))
    };
    if rows.len() > MAX_SIGNERS {
        let problem = format!("has {} rows: at most {MAX_SIGNERS} are read", rows.len());
        return Err(refuse(MAX_SIGNERS, "name", problem));
    }
    let mut signers = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let SignerRow {
            name,
            key,
            images,
            required,
        } = row;
        if !is_name(&name) {
            let problem = format!(
                "`name` = {name:?}: expected 1 to {MAX_NAME} letters, digits, `.`, `_` or `-`, the \
                 first a letter or a digit"
            );
            return Err(refuse(index, "name", problem));
        }
        if !key.is_absolute() {
            let problem = format!("{name}: `key` = {key:?}: expected an absolute path");
            return Err(refuse(index, "key", problem));
        }
        let key = read_verifying_key(&key)
            .map_err(|error| refuse(index, "key", format!("{name}: `key`: {error}")))?;
        let count = images.len();
        if !(1..=MAX_SCOPES).contains(&count) {
            let problem = format!("{name}: `images` has {count} rows: expected 1 to {MAX_SCOPES}");
            return Err(refuse(index, "images", problem));
        }
        let images = images.iter().map(|images| images.parse::<Scope>());
        let images = images.collect::<Result<_, _>>();
        let images = images
            .map_err(|error| refuse(index, "images", format!("{name}: `images`: {error}")))?;
        signers.push(Signer {
            name,
            key,
            images,
            required: required.unwrap_or(true),
        });
    }
    Ok(Arc::new(Signers::new(signers)))
}

/// The rows as they are shown.
pub(super) fn settings(signers: &Signers, source: Option<&Source>) -> Vec<Setting> {
    let settings = |(index, signer): (usize, &Signer)| {
        let setting = |key: &'static str, value: Value| Setting {
            key: format!("signer.{}.{key}", signer.name),
            value,
            origin: place::origin(source, Key::Row("signer", index, key)),
            note: None,
        };
        let images = signer.images.iter().map(Scope::to_string);
        [
            setting("key", signer.key.fingerprint().to_string().into()),
            setting("images", images.collect::<Vec<_>>().into()),
            setting("required", signer.required.into()),
        ]
    };
    let rows = signers.rows().iter().enumerate();
    rows.flat_map(settings).collect()
}

/// Returns true for a name that tables and messages can show.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
