//! The config blob of a Wasm artifact, `application/vnd.wasm.config.v0+json`.

use cofferdam_capability::Digest;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::reference::Reference;

/// The value of `created` where the image gives no time. `wkg` does not load a config without one,
/// and the time of the build would give the same tool another digest every time.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The config, as far as this host reads and writes it. Lists are optional because some writers
/// spell an empty one `null`; unknown keys are other hosts' business.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WasmConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    architecture: Option<String>,
    os: Option<String>,
    layer_digests: Option<Vec<String>>,
    component: Option<Interfaces>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cofferdam: Option<Ours>,
}

/// Interfaces that a component imports and exports.
#[derive(Serialize, Deserialize)]
pub(super) struct Interfaces {
    pub(super) imports: Option<Vec<String>>,
    pub(super) exports: Option<Vec<String>>,
}

/// Keys that only this host writes: see the module above for why they are here.
#[derive(Serialize, Deserialize)]
struct Ours {
    usage: Option<String>,
}

impl WasmConfig {
    /// The config of a component whose layer has the digest `layer`.
    pub(super) fn new(
        created: Option<&str>,
        layer: Digest,
        interfaces: Interfaces,
        usage: Option<String>,
    ) -> Self {
        Self {
            created: Some(created.unwrap_or(NO_TIME).to_owned()),
            architecture: Some("wasm".to_owned()),
            os: Some("wasip2".to_owned()),
            layer_digests: Some(vec![layer.to_string()]),
            component: Some(interfaces),
            cofferdam: usage.map(|usage| Ours { usage: Some(usage) }),
        }
    }

    /// Reads the config of an image whose one layer has the digest `layer`.
    pub(super) fn read(reference: &Reference, bytes: &[u8], layer: &Digest) -> Result<Self, Error> {
        let what = || format!("the config of {reference}");
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::corrupt(what(), format!("cannot be read: {error}")))?;
        for (key, value, expected) in [
            ("architecture", &config.architecture, "wasm"),
            ("os", &config.os, "wasip2"),
        ] {
            if let Some(value) = value.as_deref().filter(|value| *value != expected) {
                let problem = format!(
                    "its {key} is `{}`; Cofferdam runs components, `{expected}`",
                    value.escape_debug()
                );
                return Err(Error::not_a_tool(reference, problem));
            }
        }
        match config.layer_digests.as_deref() {
            None | Some([]) => Ok(config),
            Some([digest]) if *digest == layer.to_string() => Ok(config),
            Some(_) => Err(Error::corrupt(
                what(),
                format!("names other layers than the manifest, which has only {layer}"),
            )),
        }
    }

    /// Imports and exports.
    pub(super) fn interfaces(&self) -> (Vec<String>, Vec<String>) {
        match &self.component {
            Some(Interfaces { imports, exports }) => (
                imports.clone().unwrap_or_default(),
                exports.clone().unwrap_or_default(),
            ),
            None => Default::default(),
        }
    }

    pub(super) fn usage(self) -> Option<String> {
        self.cofferdam?.usage
    }
}
