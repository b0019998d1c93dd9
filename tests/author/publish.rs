//! The files that publishing a tool takes: of one component, the same each time, and read by
//! programs that others wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::images::{USAGE, listed};
use crate::support::liar::digest;
use crate::support::{Ran, Scratch, checkout, cofferdam, guest, python};

const IMAGE: &str = "registry.example/tools/args:1";
const NAME: &str = "example.registry/args";

/// A component with a manifest and a usage text.
fn component(scratch: &Scratch, manifest: &str) -> PathBuf {
    let capabilities = scratch.file("tool/capabilities.toml", manifest);
    scratch.file("tool/USAGE.md", USAGE);
    let out = scratch.directory("built");
    let capabilities = capabilities.display().to_string();
    let guest = guest("args_echo").display().to_string();
    let out_path = out.display().to_string();
    let line = [
        "tool",
        "build",
        &guest,
        "--capabilities",
        &capabilities,
        "--out",
        &out_path,
    ];
    cofferdam(scratch, line).run().exits(0);
    out.join("args.wasm")
}

fn manifest() -> &'static str {
    "schema = 1\n[tool]\nname = \"args\"\nversion = \"1.2.3\"\nsummary = \"Prints its arguments\"\n"
}

fn publish(scratch: &Scratch, component: &Path, name: &str, out: &Path) -> Ran {
    let component = component.display().to_string();
    let out = out.display().to_string();
    let line = [
        "tool", "publish", &component, "--image", IMAGE, "--name", name, "--out", &out,
    ];
    let line = line.into_iter().chain(["--format", "json"]);
    cofferdam(scratch, line).run()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).expect("JSON")
}

#[test]
fn one_component_gives_every_file_and_each_names_its_digest() {
    let scratch = Scratch::new();
    let component = component(&scratch, manifest());
    let out = scratch.directory("out");
    let published = publish(&scratch, &component, NAME, &out).exits(0).json();
    let again = scratch.directory("again");
    let same = publish(&scratch, &component, NAME, &again).exits(0).json();
    let files = |published: &Value| {
        let files = published["files"].as_array().expect("files").iter();
        let file = |file: &Value| (file["digest"].clone(), file["size"].clone());
        files.map(file).collect::<Vec<_>>()
    };
    assert_eq!(files(&published), files(&same), "the same bytes");
    let path = component.display().to_string();
    let again = again.display().to_string();
    let line = [
        "tool", "publish", &path, "--image", IMAGE, "--name", NAME, "--out", &again,
    ];
    let told = cofferdam(&scratch, line).run().exits(0).stderr;
    let push = format!("cofferdam image import {again}/args.tar && cofferdam image push {IMAGE}");
    assert!(told.contains(&push), "{told}");
    for file in published["files"].as_array().expect("files") {
        let path = file["file"].as_str().expect("a path");
        assert_eq!(file["digest"], digest(&read(Path::new(path))));
    }
    let own = digest(&read(&component));
    assert_eq!(published["component"], own);
    let image = published["image"].as_str().expect("a digest").to_owned();
    let pinned = format!("registry.example/tools/args@{image}");

    // The image is what a machine without a registry imports.
    let archive = out.join("args.tar").display().to_string();
    cofferdam(&scratch, ["image", "import", &archive])
        .run()
        .exits(0);
    assert_eq!(listed(&scratch), [(IMAGE.to_owned(), image.clone())].into());
    let inspect = ["tool", "inspect", IMAGE, "--format", "json"];
    let shown = cofferdam(&scratch, inspect).run().exits(0).json();
    assert_eq!(shown["digest"], own);
    let server_name = "io.modelcontextprotocol.server.name";
    assert_eq!(shown["image"]["annotations"][server_name], NAME);

    let server = json_of(&out.join("server.json"));
    assert_eq!(server["name"], NAME);
    assert_eq!(server["version"], "1.2.3");
    let package = json!([{
        "registryType": "oci",
        "identifier": pinned,
        "runtimeHint": "cofferdam",
        "runtimeArguments": [{ "type": "positional", "value": "mcp" }],
        "transport": { "type": "stdio" },
    }]);
    assert_eq!(server["packages"], package);
    let provided = "io.modelcontextprotocol.registry/publisher-provided";
    assert_eq!(server["_meta"][provided]["component"], own);

    let skill = String::from_utf8(read(&out.join("skill/args/SKILL.md"))).expect("text");
    let front = format!(
        "---\nname: args\ndescription: \"Prints its arguments\"\nmetadata:\n  \
         version: \"1.2.3\"\n  \
         image: \"{pinned}\"\n  component: \"{own}\"\n---\n\n{USAGE}"
    );
    assert!(skill.starts_with(&front), "{skill}");
    assert!(skill.contains("- `args`: "), "{skill}");
}

#[test]
fn the_bundle_is_one_for_other_programs() {
    let scratch = Scratch::new();
    let component = component(&scratch, manifest());
    let out = scratch.directory("out");
    publish(&scratch, &component, NAME, &out).exits(0);
    let bundle = out.join("args.mcpb");
    let unpacked = scratch.directory("unpacked");
    let program = "import sys, zipfile\nzipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let mut command = Command::new(python());
    let ran = command
        .args(["-c", program])
        .arg(&bundle)
        .arg(&unpacked)
        .output();
    let ran = ran.expect("python runs");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(read(&unpacked.join("server/args.wasm")), read(&component));
    let manifest = json_of(&unpacked.join("manifest.json"));
    assert_eq!(manifest["manifest_version"], "0.3");
    assert_eq!(manifest["author"]["name"], "example.registry");
    assert_eq!(manifest["tools"][0]["name"], "args");
    let config = &manifest["server"]["mcp_config"];
    assert_eq!(config["command"], "cofferdam");
    assert_eq!(
        config["args"],
        json!(["mcp", "${__dirname}/server/args.wasm"])
    );
    let own = digest(&read(&component));
    assert_eq!(manifest["_meta"]["io.cofferdam"]["component"], own);

    // The program that makes and checks such bundles, where npm has installed it.
    let mcpb = checkout().join("target/javascript/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js");
    if mcpb.is_file() {
        let mut command = Command::new("node");
        let ran = command
            .arg(mcpb)
            .arg("validate")
            .arg(unpacked.join("manifest.json"))
            .output();
        let ran = ran.expect("node runs");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

#[test]
fn what_a_catalogue_would_refuse_is_refused() {
    let scratch = Scratch::new();
    let unnamed = guest("args_echo");
    let out = scratch.path().join("out");
    let ran = publish(&scratch, &unnamed, NAME, &out);
    ran.exits(2).complains(&["no `name`", "capabilities.toml"]);
    let ran = publish(&scratch, &unnamed, "args", &out);
    ran.exits(2)
        .complains(&["`args` is no name of the MCP registry", "NAMESPACE/NAME"]);
    let named = component(&scratch, manifest()).display().to_string();
    let line = [
        "tool", "publish", &named, "--image", "args:1", "--name", NAME,
    ];
    let ran = cofferdam(&scratch, line).run();
    ran.exits(2)
        .complains(&["no place in a registry", "HOST/NAME[:TAG]"]);
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn files_are_replaced_whole_and_links_are_not_followed() {
    let scratch = Scratch::new();
    let component = component(&scratch, manifest());
    let out = scratch.directory("out");
    let victim = scratch.file("victim", "old");
    std::os::unix::fs::symlink(&victim, out.join("server.json")).expect("a link");
    // Something in the place of the last file, which is told before the first is written.
    let taken = scratch.directory("out/args.mcpb");
    let ran = publish(&scratch, &component, NAME, &out);
    ran.exits(2).complains(&["args.mcpb is a directory"]);
    assert!(!out.join("args.tar").exists(), "nothing is written");
    std::fs::remove_dir(taken).expect("removed");
    publish(&scratch, &component, NAME, &out).exits(0);
    assert_eq!(read(&victim), b"old");
    assert_eq!(json_of(&out.join("server.json"))["name"], NAME);
    let entries = std::fs::read_dir(&out).expect("a directory");
    assert_eq!(entries.count(), 4, "nothing else is left");
}
