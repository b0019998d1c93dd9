//! Documents that refer to an image, in a line each.

use cofferdam_image::{Attestation, Reference};
use cofferdam_tool::DECISION_MEDIA_TYPE;

use crate::config::Config;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

/// The documents that refer to an image of this machine.
pub(crate) async fn of(
    reference: &Reference,
    config: &Config,
    data: &DataDir,
) -> Result<Vec<Attestation>, Failure> {
    let images = host::images(config, data, false, None)?;
    Ok(images.attestations(reference).await?)
}

/// A line for each: its claim, and who has signed that.
pub(crate) fn lines(attestations: &[Attestation]) -> Vec<String> {
    attestations.iter().map(line).collect()
}

fn line(attestation: &Attestation) -> String {
    let Attestation {
        digest: _,
        artifact_type,
        signed_by,
        names_image,
        claim,
    } = attestation;
    // It is about the component, so it names no image; and its key is a reviewer's.
    if artifact_type == DECISION_MEDIA_TYPE {
        return "a reviewer's decision about the component; `cofferdam review import REF` takes it"
            .to_owned();
    }
    let signed = match signed_by.as_slice() {
        [] => "by nobody that cofferdam.toml names".to_owned(),
        names => format!("signed by {}", names.join(", ")),
    };
    let other = match names_image {
        Some(false) => "; it is about another image",
        Some(true) | None => "",
    };
    format!("{} ({artifact_type}), {signed}{other}", claim.sentence())
}
