//! The layouts a tool comes in: beside native programs, as a file, in an archive.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::images::{files, listed};
use crate::support::liar::{
    IMAGE_CONFIG, INDEX, Liar, MANIFEST, Shelf, TAR_GZIP, WASM, WASM_CONFIG,
};
use crate::support::{Scratch, cofferdam, guest};

/// An archive with one file.
pub(super) fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    // Zeros shrink to a thousandth: what a bomb is made of.
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o755);
    // Past the library, which would refuse some names: a liar does not ask it.
    header.as_gnu_mut().expect("a GNU header").name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    archive.append(&header, content).expect("memory takes it");
    archive
        .into_inner()
        .and_then(GzEncoder::finish)
        .expect("memory takes it")
}

fn titled(mut layer: Value, title: &str) -> Value {
    layer["annotations"] = json!({ "org.opencontainers.image.title": title });
    layer
}

/// An openotters image over these layers.
fn bin(shelf: &mut Shelf, layers: Value) -> Value {
    let config = shelf.json(
        IMAGE_CONFIG,
        &json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers",
            "diff_ids": [] } }),
    );
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
            "artifactType": "application/vnd.openotters.bin.v1",
        "config": config, "layers": layers,
        "annotations": { "vnd.openotters.bin.name": "args",
            "vnd.openotters.bin.usage": "/USAGE.md" },
    });
    shelf.json(MANIFEST, &manifest)
}

fn component() -> Vec<u8> {
    std::fs::read(guest("args_echo")).expect("a guest")
}

/// Pulls and runs what `build` describes, and returns what `inspect` tells.
#[track_caller]
fn check_runs(build: impl FnOnce(&mut Shelf) -> Value) -> Value {
    let (scratch, mut shelf) = (Scratch::new(), Shelf::default());
    let described = build(&mut shelf);
    shelf.tag("1", &described);
    let liar = Liar::honest(shelf);
    let name = liar.reference("args:1");
    let pulled = cofferdam(
        &scratch,
        ["tool", "pull", &name, "--plain-http", "--format", "json"],
    )
    .run()
    .exits(0)
    .json();
    assert_eq!(pulled["digest"], described["digest"]);
    assert_eq!(
        cofferdam(&scratch, ["tool", "run", &name, "--", "x"])
            .run()
            .exits(0)
            .stdout,
        "args\nx\n"
    );
    // What is here stays whole when others go.
    cofferdam(&scratch, ["image", "prune"]).run().exits(0);
    cofferdam(&scratch, ["tool", "inspect", &name, "--format", "json"])
        .run()
        .exits(0)
        .json()
}

#[track_caller]
fn check_refused(build: impl FnOnce(&mut Shelf) -> Value, parts: &[&str]) {
    let (scratch, mut shelf) = (Scratch::new(), Shelf::default());
    let described = build(&mut shelf);
    shelf.tag("1", &described);
    let liar = Liar::honest(shelf);
    let name = liar.reference("args:1");
    cofferdam(&scratch, ["tool", "pull", &name, "--plain-http"])
        .run()
        .exits(2)
        .complains(parts);
    assert!(listed(&scratch).is_empty());
    assert_eq!(files(&scratch, ".cofferdam.incoming"), 0);
}

#[test]
fn of_an_index_with_native_entries_the_component_is_taken() {
    check_runs(|shelf| {
        let (config, layer) = shelf.sound(&component());
        let mut wasm = shelf.manifest(config, json!([layer]));
        wasm["platform"] = json!({ "os": "wasip2", "architecture": "wasm" });
        let native = |os: &str| {
            let digest = format!("sha256:{}", "0".repeat(64));
            json!({ "mediaType": MANIFEST, "digest": digest, "size": 500, "platform": { "os": os,
                "architecture": "amd64" } })
        };
        shelf.json(
            INDEX,
            &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [native("linux"),
                native("darwin"), wasm] }),
        )
    });
}

#[test]
fn an_archive_and_a_plain_file_are_read_with_their_usage() {
    let usage = "# how\n";
    for packed in [true, false] {
        let shown = check_runs(|shelf| {
            let layer = match packed {
                true => shelf.blob(TAR_GZIP, archive("args", &component())),
                false => shelf.blob("application/octet-stream", component()),
            };
            let text = shelf.blob("text/markdown", usage);
            bin(
                shelf,
                json!([titled(layer, "args"), titled(text, "/USAGE.md")]),
            )
        });
        assert_eq!(shown["usage"], usage);
        assert_eq!(
            shown["image"]["annotations"]["io.openotters.bin.name"],
            "args"
        );
    }
}

/// A file as a client that knows nothing of WebAssembly pushes it: its layer is called an archive,
/// and a row of its index says no platform.
#[test]
fn a_file_that_another_client_pushed_is_read() {
    let empty = "application/vnd.oci.empty.v1+json";
    for config in [empty, "application/vnd.unknown.config.v1+json"] {
        for layer in [WASM, "application/vnd.oci.image.layer.v1.tar"] {
            for is_indexed in [false, true] {
                check_runs(|shelf| {
                    let layer = titled(shelf.blob(layer, component()), "args.wasm");
                    let config = shelf.blob(config, "{}");
                    let manifest = shelf.manifest(config, json!([layer]));
                    match is_indexed {
                        false => manifest,
                        true => shelf.json(
                            INDEX,
                            &json!({ "schemaVersion": 2, "mediaType": INDEX,
                                "manifests": [manifest] }),
                        ),
                    }
                });
            }
        }
    }
}

/// A refusal names the layer or the row that is unusual.
#[test]
fn layers_and_rows_that_are_not_expected_are_named() {
    let policy = "application/vnd.example.policy.v1+json";
    for config in [WASM_CONFIG, IMAGE_CONFIG] {
        check_refused(
            |shelf| {
                let (_, layer) = shelf.sound(&component());
                let config = shelf.blob(config, "{}");
                let policy = shelf.blob(policy, "{}");
                shelf.manifest(config, json!([layer, policy]))
            },
            &[
                "not a tool",
                &format!("it has `{policy}` beside the component"),
            ],
        );
    }
    check_refused(
        |shelf| {
            let row = |digit: &str| {
                json!({ "mediaType": MANIFEST, "digest": format!("sha256:{}", digit.repeat(64)),
                    "size": 500 })
            };
            shelf.json(
                INDEX,
                &json!({ "schemaVersion": 2, "manifests": [row("0"), row("1")] }),
            )
        },
        &["2 entries say no platform", "by its digest"],
    );
}

#[test]
fn native_programs_are_refused_with_the_reason() {
    let native = std::fs::read("/proc/self/exe").unwrap()[..4096].to_vec();
    for (media_type, layer) in [
        (TAR_GZIP, archive("args", &native)),
        ("application/octet-stream", native.clone()),
    ] {
        check_refused(
            |shelf| {
                let layer = titled(shelf.blob(media_type, layer), "args");
                bin(shelf, json!([layer]))
            },
            &[
                "not a tool",
                "a native Linux program (ELF)",
                "wasm32-wasip2",
            ],
        );
    }
    check_refused(
        |shelf| {
            let row = |os: &str| {
                json!({ "mediaType": MANIFEST, "digest": format!("sha256:{}",
                "0".repeat(64)), "size": 500, "platform": { "os": os, "architecture": "arm64" } })
            };
            shelf.json(
                INDEX,
                &json!({ "schemaVersion": 2, "manifests": [row("linux"), row("darwin")] }),
            )
        },
        &[
            "a native binary image, for linux/arm64, darwin/arm64",
            "build it for wasip2",
        ],
    );
}

#[test]
fn what_leads_out_of_an_image_is_refused() {
    for title in [
        "../args",
        "/../args",
        "a/../../args",
        "a//b",
        "..",
        "a\\b",
        "a\nb",
    ] {
        check_refused(
            |shelf| {
                let layer = titled(shelf.blob("application/octet-stream", component()), title);
                bin(shelf, json!([layer]))
            },
            &["not a tool", "titled", "no file name inside one directory"],
        );
    }
    for name in ["../args", "/etc/args", "a/../../args"] {
        check_refused(
            |shelf| {
                let layer = titled(shelf.blob(TAR_GZIP, archive(name, &component())), "args");
                bin(shelf, json!([layer]))
            },
            &["its layer has an entry", name, "leads out of it"],
        );
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = archive("args", &vec![0; 128 << 20]);
    assert!(bomb.len() < 1 << 20);
    let (scratch, mut shelf) = (Scratch::new(), Shelf::default());
    let layer = titled(shelf.blob(TAR_GZIP, bomb.clone()), "args");
    let described = bin(&mut shelf, json!([layer]));
    shelf.tag("1", &described);
    let liar = Liar::honest(shelf);
    let ran = cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run();
    let ran = ran
        .exits(2)
        .complains(&["its layer unpacks to more than", "that its size allows"]);
    assert!(ran.peak_kib < 200 << 10, "{} KiB", ran.peak_kib);
}

#[test]
fn an_archive_that_claims_11_gib_is_not_believed() {
    let mut archive = archive("args", b"");
    let mut plain = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(archive.as_slice()),
        &mut plain,
    )
    .unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("args").unwrap();
    header.set_size(11 << 30);
    header.set_cksum();
    plain[..512].copy_from_slice(header.as_bytes());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, &plain).unwrap();
    archive = encoder.finish().unwrap();
    check_refused(
        |shelf| {
            let layer = titled(shelf.blob(TAR_GZIP, archive), "args");
            bin(shelf, json!([layer]))
        },
        &[
            "its layer has a file of 11811160064 bytes",
            "at most 268435456",
        ],
    );
}
