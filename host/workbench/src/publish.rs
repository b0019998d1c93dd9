//! Everything that publishing one tool takes, made from its component: the image, a skill, a row of
//! the MCP registry, and a bundle for desktop clients. The same component gives the same bytes, and
//! each file names its digest.

mod archive;
mod bundle;
mod files;
mod image;
mod server;
mod skill;
mod subject;

use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;
use cofferdam_image::Reference;
use cofferdam_tool::Runner;

use crate::build::BuildEnvironment;
use crate::error::Error;
use files::Draft;
use subject::Subject;

pub use files::PublishedFile;

/// The choices of the author.
#[derive(Debug)]
pub struct Publication {
    /// The component.
    pub component: Vec<u8>,
    /// The image in a registry, `HOST/NAME[:TAG]`.
    pub image: Reference,
    /// The name in the MCP registry, `namespace/name`.
    pub server: String,
    /// The author, for desktop clients.
    pub author: String,
    /// The directory of the files.
    pub out: PathBuf,
}

/// The files that were made, and the digests that they name.
#[derive(Debug)]
pub struct Published {
    /// The digest of the component.
    pub component: Digest,
    /// The digest of the image's manifest.
    pub image: Digest,
    /// The files.
    pub files: Vec<PublishedFile>,
}

/// Makes the files. None gets its name before all of them have been made and written.
///
/// # Errors
///
/// [`Error::Usage`] for a component without what a catalogue asks for, a name that it would
/// refuse, or something in the place of a file that is none; [`Error::Work`] if a file cannot be
/// written.
pub async fn publish(
    publication: Publication,
    environment: &BuildEnvironment,
    runner: &Runner,
) -> Result<Published, Error> {
    let Publication {
        component,
        image,
        server,
        author,
        out,
    } = publication;
    server::check_name(&server)?;
    let subject = Subject::read(component, runner).await?;
    let packed = image::pack(&subject, &image, &server, environment, runner).await?;
    let pinned = packed.reference.clone();
    let name = &subject.name;
    let skill = skill::text(&subject, &pinned);
    let drafts = [
        Draft {
            path: format!("{name}.tar").into(),
            purpose: "the image, an OCI image layout",
            bytes: packed.archive,
        },
        Draft {
            path: Path::new("skill").join(skill.name).join("SKILL.md"),
            purpose: "the skill",
            bytes: skill.text.into_bytes(),
        },
        Draft {
            path: "server.json".into(),
            purpose: "the row of the MCP registry",
            bytes: server::document(&subject, &server, &pinned)?,
        },
        Draft {
            path: format!("{name}.mcpb").into(),
            purpose: "the bundle for desktop clients",
            bytes: bundle::zip(&subject, &author, &pinned)?,
        },
    ];
    Ok(Published {
        component: subject.digest,
        image: packed.digest,
        files: files::write(&out, drafts.into())?,
    })
}
