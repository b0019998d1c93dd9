//! `cofferdam tool pull` and `image pull`: fetch images from registries.

use clap::Args;
use cofferdam_image::{Kind, Pulled, Reference};
use serde_json::json;

use crate::args::Registries;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The images, HOST/NAME[:TAG] or HOST/NAME@sha256:…
    #[arg(required = true, value_name = "REF")]
    images: Vec<String>,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output: json gives one object for each image
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Fetches images of the kind that is `wanted`, or of any.
pub(crate) async fn run(
    pull: Pull,
    wanted: Option<Kind>,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    let Pull {
        images: names,
        reach,
        format,
    } = pull;
    let images = host::images(config, data, reach.plain_http, progress::transfers())?;
    let names = names
        .iter()
        .map(|image| image.parse::<Reference>())
        .collect::<Result<Vec<_>, _>>();
    let mut rows = Vec::new();
    for reference in names.map_err(Failure::usage)? {
        let store = images.store()?;
        let pulled = images.registry.pull(&store, &reference, wanted).await?;
        tell_moved(&reference, &pulled);
        let Pulled {
            digest,
            moved_from,
            size,
            present,
        } = pulled;
        match format {
            Format::Json => console::json(&json!({
                "reference": reference.to_string(),
                "digest": digest,
                "moved_from": moved_from,
                "size": size,
                "present": present,
            }))?,
            Format::Table => {
                let sizes = [size, size - present].map(console::size);
                rows.push(
                    [reference.to_string(), digest.to_string()]
                        .into_iter()
                        .chain(sizes)
                        .collect(),
                );
            }
        }
    }
    if format == Format::Table {
        console::table(&["reference", "digest", "size", "fetched"], rows);
    }
    Ok(())
}

/// Says that a tag means another image than before: what runs by it changes with it.
pub(super) fn tell_moved(reference: &Reference, pulled: &Pulled) {
    let Pulled {
        digest, moved_from, ..
    } = pulled;
    if let Some(former) = moved_from {
        let kept = reference.pinned(*former);
        console::note(&format!(
            "note: {reference} has moved: it was {former} and is {digest}; the former stays as \
             {kept}"
        ));
    }
}
