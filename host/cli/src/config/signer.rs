//! `[[signer]]`: signers, and the images that need their signature.

use std::path::{Path, PathBuf};
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

/// A row that was checked. Its key is read when images are asked for.
#[derive(Debug)]
struct NamedSigner {
    name: String,
    key: PathBuf,
    images: Vec<Scope>,
    required: bool,
}

/// All rows, and the file they are from.
#[derive(Debug)]
pub(crate) struct SignerRows {
    rows: Vec<NamedSigner>,
    source: Option<Arc<Source>>,
}

impl SignerRows {
    /// Refuses rows that are not written as they should be, whether their keys are there or not.
    pub(super) fn new(
        written: Vec<SignerRow>,
        source: Option<Arc<Source>>,
    ) -> Result<Self, Failure> {
        let mut own = Self {
            rows: Vec::new(),
            source,
        };
        if written.len() > MAX_SIGNERS {
            let count = written.len();
            let problem = format!("has {count} rows: at most {MAX_SIGNERS} are read");
            return Err(own.refuse(MAX_SIGNERS, "name", &problem));
        }
        for (index, row) in written.into_iter().enumerate() {
            let SignerRow {
                name,
                key,
                images,
                required,
            } = row;
            if !is_name(&name) {
                let problem = format!(
                    "`name` = {name:?}: expected 1 to {MAX_NAME} letters, digits, `.`, `_` or \
                     `-`, the first a letter or a digit"
                );
                return Err(own.refuse(index, "name", &problem));
            }
            if !key.is_absolute() {
                let problem = format!("{name}: `key` = {key:?}: expected an absolute path");
                return Err(own.refuse(index, "key", &problem));
            }
            let count = images.len();
            if !(1..=MAX_SCOPES).contains(&count) {
                let problem =
                    format!("{name}: `images` has {count} rows: expected 1 to {MAX_SCOPES}");
                return Err(own.refuse(index, "images", &problem));
            }
            let images = images.iter().map(|images| images.parse::<Scope>());
            let images = images.collect::<Result<_, _>>().map_err(|error| {
                own.refuse(index, "images", &format!("{name}: `images`: {error}"))
            })?;
            own.rows.push(NamedSigner {
                name,
                key,
                images,
                required: required.unwrap_or(true),
            });
        }
        Ok(own)
    }

    /// The files of the keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Path> {
        self.rows.iter().map(|row| row.key.as_path())
    }

    /// Reads the keys. Without one of them no image is pulled or used.
    pub(crate) fn signers(&self) -> Result<Arc<Signers>, Failure> {
        let signer = |(index, row): (usize, &NamedSigner)| {
            let name = &row.name;
            let wrong = |error| self.refuse(index, "key", &format!("{name}: `key`: {error}"));
            Ok(Signer {
                name: name.clone(),
                key: read_verifying_key(&row.key).map_err(wrong)?,
                images: row.images.clone(),
                required: row.required,
            })
        };
        let signers = self.rows.iter().enumerate().map(signer);
        let signers = signers.collect::<Result<_, Failure>>()?;
        Ok(Arc::new(Signers::new(signers)))
    }

    /// The rows as they are shown.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let settings = |(index, row): (usize, &NamedSigner)| {
            let setting = |key: &'static str, value: Value| Setting {
                key: format!("signer.{}.{key}", row.name),
                value,
                origin: self.origin(index, key),
                note: None,
            };
            let images = row.images.iter().map(Scope::to_string);
            [
                setting("key", row.key.display().to_string().into()),
                setting("images", images.collect::<Vec<_>>().into()),
                setting("required", row.required.into()),
            ]
        };
        self.rows.iter().enumerate().flat_map(settings).collect()
    }

    fn refuse(&self, index: usize, key: &'static str, problem: &str) -> Failure {
        let place = self.origin(index, key);
        Failure::usage(format!("{place}: [[signer]] {problem}"))
    }

    fn origin(&self, index: usize, key: &'static str) -> String {
        place::origin(self.source.as_deref(), Key::Row("signer", index, key))
    }
}

/// Returns true for a name that tables and messages can show.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
