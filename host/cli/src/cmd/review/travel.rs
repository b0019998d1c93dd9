//! `cofferdam review attach` and `import`: decisions on their way from one host to another, beside
//! the image that they are about, or in a file.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use clap::Args;
use cofferdam_capability::{Digest, Envelope};
use cofferdam_image::{Attachment, Error as ImageError, Found, Images, Reference, ToolSource};
use cofferdam_tool::{DECISION_MEDIA_TYPE, KeptDecision, read_decision, read_envelope};
use serde_json::json;

use super::kept::{find, take};
use super::key::reviews;
use crate::args::{Listing, Registries};
use crate::cmd::tool::source;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

/// The media type of the content of a decision beside an image: an envelope of DSSE.
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The most bytes of a file of decisions: as many as a host keeps, of the usual size (64 MiB).
const MAX_FILE: u64 = 64 << 20;

/// `cofferdam review attach`.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// The image of a tool: its name on this machine, or its digest
    #[arg(value_name = "REF")]
    image: String,

    /// Decisions: their ids, or the beginnings of them [default: all of this host about the
    /// component of the image]
    #[arg(value_name = "ID")]
    decisions: Vec<String>,

    #[command(flatten)]
    listing: Listing,
}

/// `cofferdam review import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file that `review export` has written, or an image with decisions beside it: its name, on
    /// this machine or in a registry
    #[arg(value_name = "FILE|REF")]
    source: String,

    #[command(flatten)]
    reach: Registries,

    #[command(flatten)]
    listing: Listing,
}

impl Attach {
    pub(super) async fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self {
            image,
            decisions,
            listing,
        } = self;
        let reference: Reference = image.parse().map_err(Failure::usage)?;
        let images = host::images(config, data, false, progress::transfers())?;
        if reference.registry().is_some() && images.store()?.digest(&reference)?.is_none() {
            return Err(Failure::usage(format!("no image {reference} is here"))
                .hint(format!("pull it with `cofferdam tool pull {reference}`")));
        }
        let Found { digest, tool, .. } = images.tool(&reference).await?;
        let component = Digest::of(&tool.component);
        let chosen = if decisions.is_empty() {
            let mut all = reviews(data)?.survey().map_err(Failure::work)?.decisions;
            all.retain(|kept| is_about(kept, component));
            all
        } else {
            let found = decisions.iter().map(|written| find(written, data));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().flatten().collect()
        };
        if let Some(other) = chosen.iter().find(|kept| !is_about(kept, component)) {
            return Err(Failure::usage(format!(
                "the decision {} is about another component than {component}, which {reference} \
                 has",
                other.id
            )));
        }
        if chosen.is_empty() {
            return Err(Failure::usage(format!(
                "nobody has decided about {component}, which {reference} has"
            ))
            .hint("decide with `cofferdam review approve`"));
        }
        for kept in &chosen {
            let attachment = Attachment {
                artifact_type: DECISION_MEDIA_TYPE.to_owned(),
                media_type: ENVELOPE.to_owned(),
                bytes: kept.envelope.to_json(),
                annotations: BTreeMap::new(),
            };
            images.attach(&digest, attachment).await?;
        }
        if listing.format == Format::Json {
            let ids: Vec<_> = chosen.iter().map(|kept| kept.id).collect();
            return console::json(&json!({ "image": digest, "decisions": ids }));
        }
        chosen
            .iter()
            .for_each(|kept| console::line(kept.id.to_string()));
        console::note(&format!(
            "`cofferdam tool push {reference}` sends them to the registry with the image"
        ));
        Ok(())
    }
}

impl Import {
    pub(super) async fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self {
            source,
            reach,
            listing,
        } = self;
        let path = Path::new(&source);
        let envelopes = if path.is_file() {
            of_file(path)?
        } else {
            of_image(&source, reach.plain_http, config, data).await?
        };
        take(&envelopes, listing.format, data)
    }
}

/// True for a decision about this component, whoever has made it.
fn is_about(kept: &KeptDecision, component: Digest) -> bool {
    let stated = read_decision(kept.envelope.unverified());
    stated.is_ok_and(|stated| stated.judgement.component() == component)
}

/// The decisions in a file, one on each line.
fn of_file(path: &Path) -> Result<Vec<Envelope>, Failure> {
    let place = path.display();
    let wrong = |problem: String| Failure::usage(format!("{place}: {problem}"));
    let mut text = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut text))
        .map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > MAX_FILE {
        return Err(wrong(format!("it has more than {MAX_FILE} bytes")));
    }
    let mut envelopes = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = read_envelope(line)
            .map_err(|error| Failure::usage(format!("{place}:{}: {error}", index + 1)));
        envelopes.push(read?);
    }
    Ok(envelopes)
}

/// The decisions beside an image. A registry is asked again for what came since the image was
/// pulled; documents that are none are told, and left out.
async fn of_image(
    written: &str,
    plain_http: bool,
    config: &Config,
    data: &DataDir,
) -> Result<Vec<Envelope>, Failure> {
    let ToolSource::Image(reference) = source::named(written, data)? else {
        return Err(Failure::usage(format!("there is no file `{written}`")));
    };
    let images = host::images(config, data, plain_http, progress::transfers())?;
    if reference.registry().is_some() {
        refresh(&images, &reference).await?;
    }
    let documents = images
        .referrers(&reference, Some(DECISION_MEDIA_TYPE))
        .await?;
    let mut envelopes = Vec::new();
    for document in &documents {
        match document.bytes().map(read_envelope) {
            Some(Ok(envelope)) => envelopes.push(envelope),
            Some(Err(error)) => {
                console::note(&format!("note: {} is left out: {error}", document.digest));
            }
            None => console::note(&format!("note: {} is left out", document.digest)),
        }
    }
    if envelopes.is_empty() {
        return Err(Failure::usage(format!("no decision is beside {reference}")));
    }
    Ok(envelopes)
}

/// Pulls an image again, for what its registry has beside it by now. While the registry cannot be
/// asked, an image that is here is enough.
async fn refresh(images: &Images, reference: &Reference) -> Result<(), Failure> {
    let store = images.store()?;
    let Err(failed) = images.registry.pull(&store, reference, None).await else {
        return Ok(());
    };
    let is_away = matches!(failed, ImageError::Registry { .. });
    if !is_away || store.digest(reference)?.is_none() {
        return Err(failed.into());
    }
    console::note(&format!(
        "note: the registry could not be asked, so only decisions that are here already are \
         taken: {failed}"
    ));
    Ok(())
}
