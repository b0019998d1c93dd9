//! From the store into a registry.

use std::sync::Arc;

use cofferdam_capability::Digest;
use futures_util::{StreamExt, stream};
use oci_spec::image::MediaType;

use super::referrers;
use super::send::{head, put_manifest, upload};
use super::session::Session;
use super::upload::Upload;
use crate::agent_image::AgentImage;
use crate::blocking::blocking;
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::store::Store;
use crate::tool_source::ToolSource;

/// The result of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The digest of the manifest.
    pub digest: Digest,
    /// The image that the tag meant in the registry before, if that was another one.
    pub moved_from: Option<Digest>,
    /// The size of the manifest's blobs, in bytes.
    pub size: u64,
    /// Number of these bytes that the registry had already.
    pub present: u64,
}

/// Number of blobs of one image that travel at once, as in a pull.
const BLOBS_AT_ONCE: usize = 4;

/// Pushes what `local` means in `store` to where `target` leads.
pub(super) async fn push(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    local: &Reference,
    target: &Reference,
) -> Result<Pushed, Error> {
    let from = Arc::clone(store);
    let name = local.clone();
    let stored = blocking(move || {
        let stored = from.stored(&name)?;
        if stored.kind == Kind::Agent {
            refuse_local(&from.agent(&name)?)?;
        }
        Ok(stored)
    })
    .await?;
    if target
        .digest()
        .is_some_and(|pinned| *pinned != stored.digest)
    {
        return Err(Error::Pinned {
            reference: Box::new(target.clone()),
            actual: stored.digest,
        });
    }
    let named = target
        .tag()
        .map_or_else(|| stored.digest.to_string(), str::to_owned);
    let former = resolve(session, &named).await?;
    let mut size = 0;
    let mut present = 0;
    let uploads = stored.blobs.into_iter().map(|(part, descriptor)| {
        let mut session = session.fork();
        async move {
            let blob = Upload::new(store, part, descriptor)?;
            let was_there = upload(&mut session, &blob).await?;
            Ok::<_, Error>((blob.size(), was_there))
        }
    });
    let uploads: Vec<_> = uploads.collect();
    let mut uploads = stream::iter(uploads).buffer_unordered(BLOBS_AT_ONCE);
    while let Some(uploaded) = uploads.next().await {
        let (bytes, was_there) = uploaded?;
        size += bytes;
        present += if was_there { bytes } else { 0 };
    }
    drop(uploads);
    // Last, when everything it leads to is there.
    let image = MediaType::ImageManifest;
    put_manifest(session, &named, &image, stored.manifest.into()).await?;
    // What refers to an image comes after it, because registries may ask for its subject.
    referrers::push(session, store, stored.digest).await?;
    let moved_from = former.filter(|former| *former != stored.digest);
    Ok(Pushed {
        digest: stored.digest,
        moved_from,
        size,
        present,
    })
}

/// Refuses an agent image with a BIN that no other machine could find.
fn refuse_local(agent: &AgentImage) -> Result<(), Error> {
    for bin in &agent.agentfile.bins {
        let ToolSource::Image(image) = &bin.source else {
            continue;
        };
        if image.registry().is_some() {
            continue;
        }
        let name = &bin.name;
        let what = if image.is_bare() {
            "was built from a file".to_owned()
        } else {
            format!("is {image} of this machine")
        };
        let problem = format!(
            "its BIN {name} {what}: send it first, `cofferdam tool push {image} HOST/NAME`, write \
             that name into the Agentfile, and build the agent again"
        );
        return Err(Error::Local {
            reference: Box::new(agent.reference.clone()),
            problem,
        });
    }
    Ok(())
}

/// Returns what a tag means in the registry now.
async fn resolve(session: &mut Session<'_>, named: &str) -> Result<Option<Digest>, Error> {
    let url = session.target.url(&format!("manifests/{named}"))?;
    let accepted = [MediaType::ImageManifest, MediaType::ImageIndex]
        .map(|kind| kind.to_string())
        .join(", ");
    let found = head(session, &url, &accepted).await?;
    Ok(found.and_then(|digest| digest.parse().ok()))
}
