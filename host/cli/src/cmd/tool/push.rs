//! `cofferdam tool push` and `image push`: send an image to a registry.

use std::path::PathBuf;

use clap::Args;
use cofferdam_image::{Kind, Pushed, Reference, read_signing_key};
use serde_json::json;

use crate::args::Registries;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image: its name on this machine, a registry's, or its digest (sha256:…)
    #[arg(value_name = "REF")]
    image: String,

    /// Where it goes, HOST/NAME[:TAG] [default: the name it has]
    #[arg(value_name = "TARGET")]
    target: Option<String>,

    /// Sign the image with this private key first (PEM, PKCS#8, Ed25519)
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Sends an image. One that is not here is pulled, if it is of the kind that is `wanted`.
pub(crate) async fn run(
    push: Push,
    wanted: Option<Kind>,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    let Push {
        image,
        target,
        sign,
        reach,
        format,
    } = push;
    // Before anything is sent.
    let key = sign.as_deref().map(read_signing_key).transpose();
    let key = key.map_err(Failure::usage)?;
    let local: Reference = image.parse().map_err(Failure::usage)?;
    let images = host::images(config, data, reach.plain_http, progress::transfers())?;
    let target = match target {
        // From one registry to another, by way of this machine.
        Some(target) => {
            let target: Reference = target.parse().map_err(Failure::usage)?;
            images.bring(&local, wanted).await?;
            target
        }
        None => local.clone(),
    };
    let signature = match &key {
        Some(key) => Some(images.sign(&local, key).await?),
        None => None,
    };
    let pushed = images
        .registry
        .push(&images.store()?, &local, &target)
        .await?;
    let Pushed {
        digest,
        moved_from,
        size,
        present,
    } = pushed;
    if let Some(former) = moved_from {
        console::note(&format!(
            "note: {target} has moved in the registry: it was {former} and is {digest}"
        ));
    }
    let whole = images.store()?.digest(&local)?;
    if whole.is_some_and(|whole| whole != digest) {
        let sentence =
            "note: of an image for several platforms, the entry for wasip2/wasm was pushed";
        console::note(&format!("{sentence}, {digest}"));
    }
    if format == Format::Json {
        return console::json(&json!({
            "reference": target.to_string(),
            "digest": digest,
            "moved_from": moved_from,
            "signature": signature,
            "size": size,
            "present": present,
        }));
    }
    let sizes = [size, size - present].map(console::size);
    let row = [target.to_string(), digest.to_string()]
        .into_iter()
        .chain(sizes)
        .collect();
    console::table(&["reference", "digest", "size", "sent"], vec![row]);
    Ok(())
}
