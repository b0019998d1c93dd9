//! `providers.yaml` as it is written.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::error::Error;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    pub(super) providers: Option<Vec<Spanned<WrittenProvider>>>,
}

/// A provider. It has no `Debug` that shows its key.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WrittenProvider {
    pub(super) name: String,
    pub(super) api_key: Option<String>,
    pub(super) api_base: Option<String>,
    #[serde(default)]
    pub(super) models: Option<Vec<String>>,
}

impl std::fmt::Debug for WrittenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrittenProvider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Reads the text of the file called `path`.
pub(super) fn read(text: &str, path: &str) -> Result<Written, Error> {
    // A document without anything in it is not a mapping.
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_blank) {
        return Ok(Written::default());
    }
    // The library would show the lines around a mistake, and with them keys.
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refused(&error, path))
}

/// The mistake with its line. No value is repeated, because it may be a key.
fn refused(error: &serde_saphyr::Error, path: &str) -> Error {
    use serde_saphyr::Error as E;
    let line = error.location().map_or(0, |location| location.line());
    let place = match line {
        0 => path.to_owned(),
        line => format!("{path}:{line}"),
    };
    let problem = match error.without_snippet() {
        E::SerdeUnknownField {
            field, expected, ..
        } => format!("unknown key `{field}`: expected {}", listed(expected)),
        E::SerdeMissingField { field, .. } => format!("the key `{field}` is missing"),
        E::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` appears twice"),
        E::SerdeInvalidType { expected, .. } | E::SerdeInvalidValue { expected, .. } => {
            format!("expected {expected}")
        }
        E::MultipleDocuments { .. } => "it holds more than one document: expected one".to_owned(),
        E::Budget { .. } => "it is larger or deeper than a list of providers can be".to_owned(),
        _ => "it is not YAML with a list `providers`, each with `name`, and `api-key`, `api-base` \
              (texts) and `models` (a list of texts) where needed"
            .to_owned(),
    };
    Error::Providers { place, problem }
}

fn listed(keys: &[&str]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}
