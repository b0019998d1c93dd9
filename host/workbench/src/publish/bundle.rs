//! The bundle for desktop clients: a zip archive with a `manifest.json` (MCPB, manifest version
//! 0.3) that starts `cofferdam mcp` with the component beside it.

use cofferdam_image::Reference;
use serde_json::{Value, json};

use super::archive::Archive;
use super::subject::{Offered, Subject};
use crate::error::Error;

/// The version of the manifest. Clients of today read it; 0.4 adds nothing that this needs.
const MANIFEST_VERSION: &str = "0.3";

/// Makes the archive. It holds no time, so the same tool gives the same bytes.
pub(super) fn zip(subject: &Subject, author: &str, image: &Reference) -> Result<Vec<u8>, Error> {
    if author.trim().is_empty() {
        return Err(Error::usage("--author is empty: desktop clients show it"));
    }
    let component = format!("server/{}.wasm", subject.name);
    let manifest = manifest(subject, author, image, &component);
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(Error::work)?;
    let mut archive = Archive::default();
    archive.add("manifest.json", &manifest)?;
    archive.add(&component, &subject.component)?;
    archive.finish()
}

fn manifest(subject: &Subject, author: &str, image: &Reference, component: &str) -> Value {
    let tool = |tool: &Offered| json!({ "name": tool.name, "description": tool.description });
    json!({
        "manifest_version": MANIFEST_VERSION,
        "name": subject.name,
        "version": subject.version,
        "description": subject.summary,
        "long_description": subject.usage.as_deref().unwrap_or(&subject.summary),
        "author": { "name": author },
        "server": {
            "type": "binary",
            "entry_point": component,
            "mcp_config": {
                "command": "cofferdam",
                "args": ["mcp", format!("${{__dirname}}/{component}")],
            },
        },
        "tools": subject.tools.iter().map(tool).collect::<Vec<_>>(),
        "compatibility": { "platforms": ["linux"] },
        "_meta": {
            "io.cofferdam": {
                "component": subject.digest,
                "image": image.to_string(),
            },
        },
    })
}
