//! The bundle for desktop clients: a zip archive with a `manifest.json` (MCPB, manifest version
//! 0.3) that starts `cofferdam mcp` with the component beside it.

use std::io::{Cursor, Write};

use cofferdam_image::Reference;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::subject::{Offered, Subject};
use crate::error::Error;

/// The version of the manifest. Clients of today read it; 0.4 adds nothing that this needs.
const MANIFEST_VERSION: &str = "0.3";

/// The mode of the files in the archive.
const MODE: u32 = 0o644;

/// Makes the archive. It holds no time, so the same tool gives the same bytes.
pub(super) fn zip(subject: &Subject, author: &str, image: &Reference) -> Result<Vec<u8>, Error> {
    if author.trim().is_empty() {
        return Err(Error::usage("--author is empty: desktop clients show it"));
    }
    let component = format!("server/{}.wasm", subject.name);
    let manifest = manifest(subject, author, image, &component);
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(Error::work)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in [
        ("manifest.json", &manifest),
        (component.as_str(), &subject.component),
    ] {
        archive.start_file(path, options).map_err(Error::work)?;
        archive.write_all(bytes).map_err(Error::work)?;
    }
    let archive = archive.finish().map_err(Error::work)?;
    Ok(archive.into_inner())
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
