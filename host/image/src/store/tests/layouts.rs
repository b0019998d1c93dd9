//! Which directories are stores.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::fixture::{Fixture, INDEX, MANIFEST, WASM, WASM_CONFIG, reference, tool};
use crate::Error;

#[test]
fn an_empty_directory_becomes_an_image_layout() {
    let fixture = Fixture::new();
    let text = |path: &str| fs::read_to_string(fixture.path(path)).unwrap();
    assert_eq!(text("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
    assert_eq!(
        text("index.json"),
        format!(r#"{{"manifests":[],"mediaType":"{INDEX}","schemaVersion":2}}"#)
    );
    fixture
        .store()
        .put_tool(&reference("wc"), &tool("wc", b"a"))
        .unwrap();
    // Opening changes nothing.
    fixture.store().tool(&reference("wc")).unwrap();
}

#[test]
fn a_store_half_made_is_finished() {
    for left in [".cofferdam.lock", ".cofferdam.new", "index.json"] {
        let fixture = Fixture::empty();
        fs::write(fixture.path(left), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        fixture
            .store()
            .put_tool(&reference("wc"), &tool("wc", b"a"))
            .unwrap();
        assert!(!fixture.path(".cofferdam.new").exists());
    }
}

#[test]
fn another_directory_is_refused_and_left_alone() {
    let fixture = Fixture::empty();
    fs::write(fixture.path("thesis.txt"), "").unwrap();
    match fixture.open() {
        Err(Error::Store { source, .. }) => {
            assert!(source.to_string().contains("`thesis.txt`"), "{source}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_dir(fixture.path(".")).unwrap().count(), 1);
}

#[test]
fn wrong_layout_files() {
    for (content, expected) in [
        (
            r#"{"imageLayoutVersion":"2.0.0"}"#.to_owned(),
            "oci-layout has version `2.0.0`; this host reads 1.0.0",
        ),
        (
            "{}".to_owned(),
            "oci-layout is not an image layout's: missing field `imageLayoutVersion` at line 1 \
             column 2",
        ),
        (
            " ".repeat(4097),
            "oci-layout has 4097 bytes, at most 4096 are allowed",
        ),
    ] {
        let fixture = Fixture::new();
        fs::write(fixture.path("oci-layout"), content).unwrap();
        let error = fixture.open().unwrap_err().to_string();
        assert!(
            error.starts_with("the image store /") && error.contains(&format!(": {expected}; ")),
            "{error}"
        );
    }
    let fixture = Fixture::new();
    fs::remove_file(fixture.path("oci-layout")).unwrap();
    symlink("/etc/hostname", fixture.path("oci-layout")).unwrap();
    assert_eq!(
        fixture.open().unwrap_err().to_string(),
        "cannot open oci-layout: it is not a regular file"
    );
}

/// Reads what `skopeo` or `oras` write: an index without a media type, rows with short names or
/// none, keys of their own.
#[test]
fn layouts_of_other_tools() {
    let fixture = Fixture::new();
    let (config, layer) = fixture.sound();
    let mut named = fixture.manifest(config, json!([layer]));
    named["annotations"] = json!({ "org.opencontainers.image.ref.name": "v1", "other": "kept" });
    let nameless = fixture.manifest(
        fixture.blob(WASM_CONFIG, b"{}"),
        json!([fixture.blob(WASM, b"other")]),
    );
    fixture.index(json!([named, nameless]));
    fs::create_dir(fixture.path("ingest")).unwrap();

    let store = fixture.store();
    assert_eq!(store.list().unwrap().len(), 1);
    assert_eq!(
        store.tool(&reference("v1")).unwrap().1.component,
        b"component"
    );
    store.put_tool(&reference("wc"), &tool("wc", b"a")).unwrap();
    let index = fs::read_to_string(fixture.path("index.json")).unwrap();
    assert!(index.contains(r#""other":"kept""#), "{index}");
    // A row without a name is kept, with its three blobs.
    store.remove(&reference("wc")).unwrap();
    store.remove(&reference("v1")).unwrap();
    assert_eq!(fixture.blobs(), 3);
}

#[test]
fn of_an_index_the_component_is_taken() {
    let fixture = Fixture::new();
    let (config, layer) = fixture.sound();
    let absent = |os: &str, architecture: &str| {
        let platform = json!({ "os": os, "architecture": architecture });
        json!({ "mediaType": MANIFEST, "digest": format!("sha256:{}", "0".repeat(64)), "size": 3,
            "platform": platform })
    };
    let mut wasm = fixture.manifest(config, json!([layer]));
    wasm["platform"] = json!({ "os": "wasip2", "architecture": "wasm" });
    let rows = json!([
        absent("linux", "amd64"),
        absent("wasi", "wasm"),
        absent("wasip2", "amd64"),
        wasm
    ]);
    let top = fixture.json(INDEX, &json!({ "schemaVersion": 2, "manifests": rows }));
    fixture.name(top.clone());

    let (digest, tool) = fixture.store().tool(&reference("evil")).unwrap();
    assert_eq!(tool.component, b"component");
    // The digest is the whole index's, which a reference can be pinned to.
    assert_eq!(json!(digest), top["digest"]);
    fixture
        .store()
        .tool(&reference("evil").pinned(digest))
        .unwrap();
}

/// Blobs under an image index are needed, too.
#[test]
fn an_index_keeps_its_blobs() {
    let fixture = Fixture::new();
    let (config, layer) = fixture.sound();
    let mut wasm = fixture.manifest(config, json!([layer]));
    wasm["platform"] = json!({ "os": "wasip2", "architecture": "wasm" });
    fixture.name(fixture.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [wasm] })));
    let store = fixture.store();
    store.put_tool(&reference("wc"), &tool("wc", b"a")).unwrap();
    store.remove(&reference("wc")).unwrap();
    assert_eq!(fixture.blobs(), 4);
    store.tool(&reference("evil")).unwrap();
}
