//! Images and layouts that lie, and what is said of each.

mod index;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use cofferdam_capability::Digest;
use serde_json::{Value, json};

use super::fixture::{Fixture, INDEX, MANIFEST, WASM, WASM_CONFIG, reference, tool};
use crate::{CONFIG_MAX_BYTES, Error, INDEX_MAX_BYTES, MANIFEST_MAX_BYTES};

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// Returns the name of the error's variant.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::Store { source, .. } => kind(source),
        Error::NotFound(_) => "not found",
        Error::Corrupt { .. } => "corrupt",
        Error::NotATool { .. } => "not a tool",
        Error::TooLarge { .. } => "too large",
        Error::Io { .. } => "io",
        _ => "other",
    }
}

/// Names the descriptor that `build` makes and checks how loading it ends.
#[track_caller]
fn check(build: impl FnOnce(&Fixture) -> Value, expected_kind: &str, expected: &str) {
    let fixture = Fixture::new();
    fixture.name(build(&fixture));
    let error = fixture.refused();
    assert_eq!(
        (kind(&error), error.to_string().as_str()),
        (expected_kind, expected)
    );
}

#[track_caller]
fn check_not_a_tool(build: impl FnOnce(&Fixture) -> Value, problem: &str) {
    check(
        build,
        "not a tool",
        &format!("evil:latest is not a tool: {problem}"),
    );
}

#[test]
fn native_images() {
    let oci = "application/vnd.oci.image.config.v1+json";
    let docker = "application/vnd.docker.container.image.v1+json";
    let wrong = |what: &str| {
        format!(
            "it holds {what}, and Cofferdam runs WebAssembly components; build it for wasm32-wasip2"
        )
    };
    for (config, layer, content, expected) in [
        (
            oci,
            WASM,
            &b"\x7fELF"[..],
            wrong("a native Linux program (ELF)"),
        ),
        (
            docker,
            WASM,
            b"\xcf\xfa\xed\xfe",
            wrong("a native macOS program (Mach-O)"),
        ),
        (oci, WASM, b"MZ", wrong("a native Windows program (PE)")),
        (oci, WASM, b"#!/bin/sh", wrong("a script")),
        (
            oci,
            WASM,
            b"\0asm\x01\0\0\0",
            wrong("a core WebAssembly module"),
        ),
        (oci, WASM, b"", wrong("something that is no WebAssembly")),
        (oci, TAR, b"", "its layer has no file in it".to_owned()),
        (
            WASM_CONFIG,
            TAR,
            b"x",
            format!("its layer is `{TAR}`, not `{WASM}`"),
        ),
    ] {
        check_not_a_tool(
            |f| f.manifest(f.blob(config, b"{}"), json!([f.blob(layer, content)])),
            &expected,
        );
    }
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    check_not_a_tool(
        |f| f.manifest(f.blob(oci, b"{}"), json!([f.blob(zstd, b"x")])),
        &format!(
            "its layer is `{zstd}`; Cofferdam reads `{WASM}`, and of openotters' layouts files as \
             they are and `tar+gzip`"
        ),
    );
    let row = |os: &str, architecture: &str| {
        let platform = json!({ "os": os, "architecture": architecture });
        json!({ "mediaType": MANIFEST, "digest": format!("sha256:{}", "0".repeat(64)), "size": 3,
            "platform": platform })
    };
    check_not_a_tool(
        |f| {
            f.json(
                INDEX,
                &json!({ "schemaVersion": 2, "manifests": [row("linux", "amd64"),
                row("darwin", "arm64")] }),
            )
        },
        "it is a native binary image, for linux/amd64, darwin/arm64, and Cofferdam runs \
         WebAssembly components; build it for wasip2",
    );
    check_not_a_tool(
        |f| f.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [] })),
        "it is an image index without an entry for `wasip2/wasm`",
    );
}

#[test]
fn wrong_shapes() {
    check_not_a_tool(
        |f| {
            let (config, layer) = f.sound();
            f.manifest(config, json!([layer, f.blob(WASM, b"second")]))
        },
        "it has 2 layers; a tool has exactly one layer, `application/wasm`",
    );
    check_not_a_tool(
        |f| f.manifest(f.sound().0, json!([])),
        "it has 0 layers; a tool has exactly one layer, `application/wasm`",
    );
    check_not_a_tool(
        |f| f.manifest(f.sound().0, json!([f.blob("text/markdown", b"x")])),
        "its layer is `text/markdown`, not `application/wasm`",
    );
    check_not_a_tool(
        |f| f.manifest(f.blob("application/json", b"{}"), json!([f.sound().1])),
        "its config is `application/json`, not `application/vnd.wasm.config.v0+json`",
    );
    check_not_a_tool(
        |f| {
            let (config, layer) = f.sound();
            f.json(
                MANIFEST,
                &json!({ "schemaVersion": 1, "config": config, "layers": [layer] }),
            )
        },
        "its manifest has schema version 1, not 2",
    );
    check_not_a_tool(
        |f| {
            let (config, layer) = f.sound();
            f.json(
                MANIFEST,
                &json!({ "schemaVersion": 2, "mediaType": "text/x", "config": config,
                "layers": [layer] }),
            )
        },
        &format!("its manifest is `text/x`, not `{MANIFEST}`"),
    );
    check_not_a_tool(
        |f| f.blob("text/plain", b"x"),
        &format!("its manifest is `text/plain`, not `{MANIFEST}`"),
    );
    check_not_a_tool(
        |f| {
            let mut nested = f.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [] }));
            nested["platform"] = json!({ "os": "wasip2", "architecture": "wasm" });
            f.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [nested] }))
        },
        &format!("its manifest is `{INDEX}`, not `{MANIFEST}`"),
    );
}

#[test]
fn wrong_configs() {
    let layer = Digest::of(b"component");
    let with = |config: Value| {
        move |f: &Fixture| f.manifest(f.json(WASM_CONFIG, &config), json!([f.sound().1]))
    };
    check_not_a_tool(
        with(json!({ "os": "wasip1" })),
        "its os is `wasip1`; Cofferdam runs components, `wasip2`",
    );
    check_not_a_tool(
        with(json!({ "architecture": "amd64" })),
        "its architecture is `amd64`; Cofferdam runs components, `wasm`",
    );
    for digests in [json!([Digest::of(b"other")]), json!([layer, layer])] {
        check(
            with(json!({ "layerDigests": digests })),
            "corrupt",
            &format!(
                "the config of evil:latest names other layers than the manifest, which has only \
                 {layer}"
            ),
        );
    }
    check(
        with(json!({ "os": 1 })),
        "corrupt",
        "the config of evil:latest cannot be read: invalid type: integer `1`, expected a string at \
         line 1 column 7",
    );
    // What other writers leave out or spell `null` is not wrong.
    let fixture = Fixture::new();
    fixture.name(with(
        json!({ "layerDigests": null, "component": { "imports": null }, "unknown": 1 }),
    )(&fixture));
    assert_eq!(
        fixture
            .store()
            .tool(&reference("evil"))
            .unwrap()
            .1
            .component,
        b"component"
    );
}

#[test]
fn lying_descriptors() {
    let component = Digest::of(b"component");
    let with_layer = |change: fn(&mut Value)| {
        move |f: &Fixture| {
            let (config, mut layer) = f.sound();
            change(&mut layer);
            f.manifest(config, json!([layer]))
        }
    };
    check(
        with_layer(|layer| layer["size"] = json!(8)),
        "corrupt",
        &format!("the component {component} has 9 bytes where its descriptor says 8"),
    );
    check(
        with_layer(|layer| layer["size"] = json!(10)),
        "corrupt",
        &format!("the component {component} has 9 bytes where its descriptor says 10"),
    );
    check(
        with_layer(|layer| layer["size"] = json!(u64::MAX)),
        "too large",
        "the component has 18446744073709551615 bytes, at most 268435456 are allowed",
    );
    check(
        with_layer(|layer| layer["digest"] = json!(Digest::of(b"absent"))),
        "corrupt",
        &format!(
            "the component {} is missing from blobs/sha256; put or pull the image again",
            Digest::of(b"absent")
        ),
    );
    check(
        with_layer(|layer| layer["digest"] = json!(format!("sha512:{}", "0".repeat(128)))),
        "corrupt",
        &format!(
            "a descriptor cannot be followed: `sha512:{}` is not a digest: expected `sha256:` and \
             64 lowercase hexadecimal digits",
            "0".repeat(128)
        ),
    );
}

#[test]
fn changed_blobs() {
    let component = Digest::of(b"component");
    let config = Digest::of(b"{}");
    let with_config = |content: Vec<u8>| {
        move |f: &Fixture| {
            let descriptor = f.blob(WASM_CONFIG, b"{}");
            f.write_blob(&config, &content);
            f.manifest(descriptor, json!([f.sound().1]))
        }
    };
    check(
        |f| {
            let (config, layer) = f.sound();
            f.write_blob(&component, b"COMPONENT");
            f.manifest(config, json!([layer]))
        },
        "corrupt",
        &format!(
            "the component {component} holds other content, {}; put or pull the image again",
            Digest::of(b"COMPONENT")
        ),
    );
    check(
        with_config(b"[]".to_vec()),
        "corrupt",
        &format!(
            "the config {config} holds other content, {}; put or pull the image again",
            Digest::of(b"[]")
        ),
    );
    // What the file has counts too, not only what the descriptor says: it is not read.
    check(
        with_config(vec![b' '; usize::try_from(CONFIG_MAX_BYTES).unwrap() + 5]),
        "corrupt",
        &format!("the config {config} has 1048581 bytes where its descriptor says 2"),
    );
    check(
        |f| {
            f.blob(
                MANIFEST,
                &vec![b' '; usize::try_from(MANIFEST_MAX_BYTES).unwrap() + 1],
            )
        },
        "too large",
        "the manifest has 1048577 bytes, at most 1048576 are allowed",
    );
    for (content, problem) in [
        ("garbage", "expected value at line 1 column 1"),
        (
            "{\"schemaVersion\":2}",
            "missing field `config` at line 1 column 19",
        ),
    ] {
        let digest = Digest::of(content.as_bytes());
        check(
            |f| f.blob(MANIFEST, content.as_bytes()),
            "corrupt",
            &format!(
                "the manifest {digest} is not the JSON its media type `{MANIFEST}` promises: \
                 {problem}"
            ),
        );
    }
}

/// A blob that is a link, a pipe or a directory is not read, wherever it leads.
#[test]
fn blobs_that_are_not_files() {
    let component = Digest::of(b"component");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("component"), b"component").unwrap();
    let check = |replace: fn(blob: &str, outside: &str)| {
        let fixture = Fixture::new();
        let (config, layer) = fixture.sound();
        fixture.name(fixture.manifest(config, json!([layer])));
        let blob = fixture.path("blobs/sha256").join(component.hex());
        fs::remove_file(&blob).unwrap();
        replace(
            blob.to_str().unwrap(),
            outside.path().join("component").to_str().unwrap(),
        );
        let expected = format!(
            "cannot open blobs/sha256/{}: it is not a regular file",
            component.hex()
        );
        assert_eq!(fixture.refused().to_string(), expected);
    };
    check(|blob, outside| symlink(outside, blob).unwrap());
    check(|blob, _| fs::create_dir(blob).unwrap());
    check(|blob, _| assert!(Command::new("mkfifo").arg(blob).status().unwrap().success()));
}

/// A directory of the layout that leads elsewhere is not followed, for reading or for writing.
#[test]
fn blobs_that_lie_elsewhere() {
    let fixture = Fixture::new();
    fixture
        .store()
        .put_tool(&reference("evil"), &tool("evil", b"a"))
        .unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::rename(fixture.path("blobs/sha256"), outside.path().join("sha256")).unwrap();
    fs::remove_dir(fixture.path("blobs")).unwrap();
    symlink(outside.path(), fixture.path("blobs")).unwrap();
    assert_eq!(kind(&fixture.refused()), "io");
    let put = fixture
        .store()
        .put_tool(&reference("wc"), &tool("wc", b"b"));
    assert_eq!(kind(&put.unwrap_err()), "io");
    assert_eq!(
        fs::read_dir(outside.path().join("sha256")).unwrap().count(),
        3
    );
}
