//! A store in a temporary directory, and a hand that writes into it past the store.

use std::fs;
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::store::Store;
use crate::{Error, Reference, ToolImage, annotation};

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(super) const WASM: &str = "application/wasm";

pub(super) struct Fixture {
    dir: TempDir,
}

impl Fixture {
    /// An empty store.
    pub(super) fn new() -> Self {
        let fixture = Self::empty();
        fixture.store();
        fixture
    }

    /// A directory that is no store yet.
    pub(super) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn dir(&self) -> Dir {
        Dir::open_ambient_dir(self.dir.path(), ambient_authority()).unwrap()
    }

    pub(super) fn open(&self) -> Result<Store, Error> {
        Store::open(self.dir())
    }

    pub(super) fn store(&self) -> Store {
        self.open().unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    pub(super) fn check_list(&self, expected: &[(&str, Digest)]) {
        let list = self.store().list().unwrap();
        let list: Vec<_> = list
            .iter()
            .map(|row| (row.reference.to_string(), row.digest))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, digest)| ((*name).to_owned(), *digest))
            .collect();
        assert_eq!(list, expected);
    }

    pub(super) fn blobs(&self) -> usize {
        fs::read_dir(self.path("blobs/sha256")).unwrap().count()
    }

    /// Puts a file where the blob `digest` belongs.
    pub(super) fn write_blob(&self, digest: &Digest, content: &[u8]) {
        fs::write(self.path("blobs/sha256").join(digest.hex()), content).unwrap();
    }

    /// Stores `content` and describes it.
    pub(super) fn blob(&self, media_type: &str, content: &[u8]) -> Value {
        let digest = Digest::of(content);
        self.write_blob(&digest, content);
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    }

    /// Stores a document and describes it.
    pub(super) fn json(&self, media_type: &str, document: &Value) -> Value {
        self.blob(media_type, document.to_string().as_bytes())
    }

    /// Stores a manifest over these blobs and describes it.
    pub(super) fn manifest(&self, config: Value, layers: Value) -> Value {
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config,
            "layers": layers });
        self.json(MANIFEST, &manifest)
    }

    /// A config and a layer as they should be.
    pub(super) fn sound(&self) -> (Value, Value) {
        let layer = self.blob(WASM, b"component");
        let config =
            json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer["digest"]] });
        (self.json(WASM_CONFIG, &config), layer)
    }

    /// Writes an index with these rows.
    pub(super) fn index(&self, rows: Value) {
        let index = json!({ "schemaVersion": 2, "manifests": rows });
        fs::write(self.path("index.json"), index.to_string()).unwrap();
    }

    /// Writes an index in which `evil:latest` is this descriptor.
    pub(super) fn name(&self, mut descriptor: Value) {
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": "evil:latest" });
        self.index(json!([descriptor]));
    }

    /// Loads `evil:latest`, which must not work, and returns the error.
    #[track_caller]
    pub(super) fn refused(&self) -> Error {
        match self.store().tool(&reference("evil")) {
            Ok((digest, tool)) => panic!("loaded {digest}: {tool:?}"),
            Err(error) => error,
        }
    }
}

pub(super) fn reference(text: &str) -> Reference {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A tool whose annotations are complete, so that it comes back as it is.
pub(super) fn tool(name: &str, component: &[u8]) -> ToolImage {
    let annotations = [
        (annotation::NAME, name),
        (annotation::PATH, "/"),
        (annotation::USAGE, "/USAGE.md"),
    ];
    ToolImage {
        component: component.to_vec(),
        annotations: annotations
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        usage: Some(format!("# {name}\n")),
        imports: vec!["wasi:cli/environment@0.2.6".to_owned()],
        exports: vec!["wasi:cli/run@0.2.6".to_owned()],
    }
}
