//! Images as one file: exported twice, read by other clients, imported, and made by somebody who
//! means no good.

use serde_json::{Value, json};

use crate::support::agents::{build, config, inspect};
use crate::support::images::{files, keep, listed};
use crate::support::liar::{COMPONENT, INDEX, MANIFEST, WASM, WASM_CONFIG, digest};
use crate::support::{Scratch, cofferdam, guest, skopeo};

/// The entries of an archive, by name.
type Entries = Vec<(String, Vec<u8>)>;

/// Exports these images, and returns the file.
#[track_caller]
fn export(scratch: &Scratch, images: &[&str], file: &str) -> String {
    let file = scratch.path().join(file).display().to_string();
    let line = ["image", "export", "--output", &file];
    let line = line.iter().chain(images);
    cofferdam(scratch, line).run().exits(0);
    file
}

/// Imports a file, and returns a row for each image.
#[track_caller]
fn import(scratch: &Scratch, file: &str) -> Value {
    let line = ["image", "import", file, "--format", "json"];
    cofferdam(scratch, line).run().exits(0).json()
}

#[test]
fn an_agent_goes_with_its_tools_from_one_machine_to_another() {
    let scratch = Scratch::new();
    let tool = keep(&scratch, "args:1", "Prints its arguments");
    let component = std::fs::read(guest("args_echo")).expect("a guest");
    scratch.file("build/args.wasm", component);
    scratch.file("build/towns.csv", "Ulm\n");
    let text = "FROM scratch\nNAME otter\nMODEL builtin/commands\nADD towns.csv\n\
                BIN args args:1\nBIN file ./args.wasm\n";
    let built = build(&scratch, text, "otter:1");
    let shown = inspect(&scratch, "otter:1");
    let file = export(&scratch, &["otter:1"], "otter.tar");
    let again = export(&scratch, &["otter:1"], "again.tar");
    let bytes = |file: &str| std::fs::read(file).expect("an archive");
    assert_eq!(bytes(&file), bytes(&again));

    // Another client reads it.
    let raw = skopeo(["inspect", "--raw", &format!("oci-archive:{file}")]);
    assert_eq!(built["digest"], digest(raw.trim_end().as_bytes()));

    let other = Scratch::new();
    let rows = import(&other, &file);
    let row = json!({ "reference": "otter:1", "digest": built["digest"], "kind": "agent",
        "moved_from": null });
    assert_eq!(rows, json!([row]));
    assert_eq!(inspect(&other, "otter:1"), shown);
    assert!(listed(&other).is_empty(), "its tools have no names here");
    let ran = cofferdam(&other, ["tool", "run", &tool, "--", "x"])
        .run()
        .exits(0);
    assert_eq!(ran.stdout, "args\nx\n");
    let pruned = ["image", "prune", "--format", "json"];
    let pruned = cofferdam(&other, pruned).run().exits(0).json();
    assert_eq!(pruned["blobs"], 0);
    // Again, and by way of standard input, under another name.
    import(&other, &file);
    let line = ["image", "import", "-", "--tag", "beaver:2"];
    cofferdam(&other, line).stdin(bytes(&file)).run().exits(0);
    let digest = built["digest"].as_str().expect("a digest");
    assert_eq!(config(&other, digest), config(&scratch, digest));
    cofferdam(&other, ["image", "rm", "otter:1", "beaver:2"])
        .run()
        .exits(0);
    assert_eq!(files(&other, "blobs/sha256"), 0);

    // Several at once, of either kind.
    let both = export(&scratch, &["otter:1", "args:1"], "both.tar");
    assert_eq!(import(&other, &both).as_array().expect("rows").len(), 2);
    assert_eq!(listed(&other), [("args:1".to_owned(), tool)].into());
    let named = ["image", "import", &both, "--tag", "x:1"];
    cofferdam(&other, named)
        .run()
        .exits(2)
        .complains(&["holds 2 images", "leave --tag out"]);
    let missing = ["image", "export", "nothing:1", "--output", &file];
    cofferdam(&scratch, missing)
        .run()
        .exits(2)
        .complains(&["no image nothing:1"]);
    assert_eq!(bytes(&file), bytes(&again), "the file stays as it was");
}

/// An archive of these files.
fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Not through `append_data`, which would refuse paths that lead out.
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive
            .append(&header, content.as_slice())
            .expect("an entry");
    }
    archive.into_inner().expect("an archive")
}

/// A blob, described and as an entry.
fn blob(media_type: &str, content: &[u8]) -> (Value, (String, Vec<u8>)) {
    let digest = digest(content);
    let path = format!("blobs/{}", digest.replace(':', "/"));
    let described = json!({ "mediaType": media_type, "digest": digest, "size": content.len() });
    (described, (path, content.to_vec()))
}

/// The entries of a sound archive with the tool `args:1`.
fn sound() -> Entries {
    let (layer, layer_entry) = blob(WASM, COMPONENT);
    let config = json!({ "architecture": "wasm", "os": "wasip2" }).to_string();
    let (config, config_entry) = blob(WASM_CONFIG, config.as_bytes());
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config,
        "layers": [layer] });
    let (mut row, manifest_entry) = blob(MANIFEST, manifest.to_string().as_bytes());
    row["annotations"] = json!({ "org.opencontainers.image.ref.name": "args:1" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [row] });
    vec![
        ("index.json".to_owned(), index.to_string().into_bytes()),
        layer_entry,
        config_entry,
        manifest_entry,
    ]
}

#[test]
fn archives_that_lie_leave_nothing_behind() {
    let scratch = Scratch::new();
    let check = |bytes: Vec<u8>, code: i32, parts: &[&str]| {
        let file = scratch.file("x.tar", bytes).display().to_string();
        let ran = cofferdam(&scratch, ["image", "import", &file]).run();
        ran.exits(code).complains(parts);
        assert!(listed(&scratch).is_empty());
        assert_eq!(files(&scratch, "blobs/sha256"), 0);
        assert_eq!(files(&scratch, ".cofferdam.incoming"), 0);
    };
    check(Vec::new(), 2, &["the archive", "no `index.json`"]);
    check(b"hello".repeat(1000), 2, &["the archive cannot be read"]);
    // The name of the next entry, which would be read whole.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    let long = header.as_bytes().to_vec();
    check(long, 2, &["has a name that is longer than any"]);
    let with = |change: &dyn Fn(&mut Entries)| {
        let mut entries = sound();
        change(&mut entries);
        archive(&entries)
    };
    let index = |text: String| with(&|entries| entries[0].1 = text.clone().into_bytes());
    check(index("{".to_owned()), 2, &["no index that can be read"]);
    let none = json!({ "schemaVersion": 2, "manifests": [] });
    check(index(none.to_string()), 2, &["holds 0 images"]);
    check(
        with(&|entries| entries[1].1.push(0)),
        2,
        &["holds other content"],
    );
    check(
        with(&|entries| drop(entries.pop())),
        2,
        &["lacks the manifest"],
    );
    check(
        with(&|entries| drop(entries.remove(1))),
        2,
        &["lacks the component"],
    );
    check(
        with(&|entries| entries.push(entries[1].clone())),
        2,
        &["twice"],
    );
    check(
        with(&|entries| entries.push(entries[0].clone())),
        2,
        &["`index.json` twice"],
    );
    let rows = |change: &dyn Fn(&mut Value)| {
        with(&|entries| {
            let mut index: Value = serde_json::from_slice(&entries[0].1).expect("an index");
            change(&mut index["manifests"][0]);
            entries[0].1 = index.to_string().into_bytes();
        })
    };
    let nameless = rows(&|row| row["annotations"] = json!({}));
    check(nameless, 2, &["an image without a name", "--tag"]);
    let name = |name: &str| json!({ "org.opencontainers.image.ref.name": name });
    let bad = rows(&|row| row["annotations"] = name("../x"));
    check(bad, 2, &["gives an image a name that it cannot have here"]);
    let size = rows(&|row| row["size"] = json!(7));
    check(size, 2, &["the manifest", "where its descriptor says 7"]);
    let large = rows(&|row| row["size"] = json!(2 << 20));
    check(large, 3, &["the manifest has 2097152 bytes"]);
    // What leads elsewhere is not looked at.
    let mut entries = sound();
    entries.push(("../evil".to_owned(), b"evil".to_vec()));
    entries.push(("manifest.json".to_owned(), b"[]".to_vec()));
    let file = scratch
        .file("x.tar", archive(&entries))
        .display()
        .to_string();
    import(&scratch, &file);
    assert_eq!(listed(&scratch).len(), 1);
    assert!(!scratch.path().join("evil").exists());
}
