//! The bytes of a tool image: other tools read them, and digests depend on them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use cofferdam_capability::Digest;
use serde_json::{Value, json};

use super::{ToolImage, annotation, canonical_json};

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn tool<const N: usize>(annotations: [(&str, &str); N], usage: Option<&str>) -> ToolImage {
    ToolImage {
        component: b"\0asm".to_vec(),
        annotations: map(annotations),
        usage: usage.map(str::to_owned),
        imports: vec!["wasi:cli/environment@0.2.6".to_owned()],
        exports: vec!["wasi:cli/run@0.2.6".to_owned()],
    }
}

/// Checks the whole text of both documents.
#[track_caller]
fn check_packed(tool: &ToolImage, config: Value, annotations: Value) {
    let packed = tool.pack().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let packed_config = text(packed.config);
    let packed_manifest = text(packed.manifest);
    assert_eq!(packed_config, text(canonical_json(&config).unwrap()));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.wasm.config.v0+json",
            "digest": Digest::of(packed_config.as_bytes()),
            "size": packed_config.len(),
        },
        "layers": [{ "mediaType": "application/wasm", "digest": Digest::of(b"\0asm"), "size": 4 }],
        "annotations": annotations,
    });
    assert_eq!(packed_manifest, text(canonical_json(&manifest).unwrap()));
}

#[test]
fn golden() {
    let layer = Digest::of(b"\0asm");
    check_packed(
        &tool(
            [
                (annotation::NAME, "wc"),
                ("vnd.openotters.bin.description", "counts"),
                ("other", "kept"),
            ],
            Some("# wc"),
        ),
        json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer],
            "component": { "imports": ["wasi:cli/environment@0.2.6"],
                "exports": ["wasi:cli/run@0.2.6"] },
            "cofferdam": { "usage": "# wc" },
        }),
        json!({
            "io.openotters.bin.name": "wc",
            "io.openotters.bin.path": "/",
            "io.openotters.bin.usage": "/USAGE.md",
            "io.openotters.bin.description": "counts",
            "vnd.openotters.bin.name": "wc",
            "vnd.openotters.bin.path": "/",
            "vnd.openotters.bin.usage": "/USAGE.md",
            "vnd.openotters.bin.description": "counts",
            "other": "kept",
        }),
    );
    check_packed(
        &tool(
            [("org.opencontainers.image.created", "2026-11-21T08:00:00Z")],
            None,
        ),
        json!({
            "created": "2026-11-21T08:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer],
            "component": { "imports": ["wasi:cli/environment@0.2.6"],
                "exports": ["wasi:cli/run@0.2.6"] },
        }),
        json!({
            "org.opencontainers.image.created": "2026-11-21T08:00:00Z",
            "io.openotters.bin.path": "/",
            "vnd.openotters.bin.path": "/",
        }),
    );
}

#[test]
fn same_tool_same_bytes() {
    let packed = || {
        let annotations = (0..50)
            .map(|n| (format!("key.{n}"), "x".to_owned()))
            .collect();
        let packed = ToolImage {
            annotations,
            ..tool([], Some("u"))
        }
        .pack()
        .unwrap();
        (packed.config, packed.manifest)
    };
    // Hash maps order themselves anew every time.
    let first = packed();
    for _ in 0..20 {
        assert_eq!(packed(), first);
    }
}

#[test]
fn either_annotation_is_read() {
    for (found, expected) in [
        (
            map([("vnd.openotters.bin.name", "wc")]),
            map([(annotation::NAME, "wc")]),
        ),
        (
            map([
                (annotation::NAME, "new"),
                ("vnd.openotters.bin.name", "old"),
            ]),
            map([(annotation::NAME, "new")]),
        ),
        (
            map([("vnd.openotters.bin.other", "kept")]),
            map([("vnd.openotters.bin.other", "kept")]),
        ),
        (
            map([
                ("vnd.openotters.bin.path", "/usr"),
                ("vnd.openotters.bin.usage", "U"),
                ("vnd.openotters.bin.description", "D"),
            ]),
            map([
                (annotation::PATH, "/usr"),
                (annotation::USAGE, "U"),
                (annotation::DESCRIPTION, "D"),
            ]),
        ),
    ] {
        assert_eq!(annotation::read(&found), expected);
    }
    let tool = tool(
        [
            (annotation::NAME, "wc"),
            (annotation::DESCRIPTION, "counts"),
        ],
        None,
    );
    assert_eq!(
        (tool.name(), tool.description()),
        (Some("wc"), Some("counts"))
    );
}
