//! The tools of a component, for its author: listed, and written into it.

use bytes::Bytes;
use cofferdam_call::Descriptor;
use cofferdam_capability::Manifest;

use crate::descriptors::Descriptors;
use crate::embed;
use crate::error::ToolError;
use crate::runner::Runner;

/// Writes into a component of typed tools which tools it has, as it lists them under a grant that
/// gives nothing. Others come back as they are. What no host would offer is refused.
pub async fn described(
    runner: &Runner,
    bytes: Bytes,
    manifest: &Manifest,
) -> Result<Vec<u8>, ToolError> {
    let wrong = |problem: String| ToolError::Descriptors {
        origin: manifest.tool.name.clone(),
        problem,
    };
    let Some(descriptors) = runner.descriptors(bytes.clone(), manifest).await? else {
        return Ok(bytes.to_vec());
    };
    let json = descriptors
        .to_canonical_json()
        .map_err(|error| wrong(error.to_string()))?;
    embed::embed_descriptors(&bytes, &json).map_err(|error| wrong(error.to_string()))
}

/// Returns the tools that a component of typed tools lists under a grant that gives nothing, by the
/// names that it knows them by; none for others. What no host would offer is refused.
pub async fn listed(
    runner: &Runner,
    bytes: Bytes,
    manifest: &Manifest,
) -> Result<Vec<Descriptor>, ToolError> {
    let descriptors = runner.descriptors(bytes, manifest).await?;
    Ok(descriptors
        .iter()
        .flat_map(Descriptors::iter)
        .cloned()
        .collect())
}
