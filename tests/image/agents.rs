//! Images of agents: built twice, pushed to a real registry, removed, pulled by digest into an
//! empty data directory, and tampered with.

use serde_json::{Value, json};

use crate::support::agents::{blob, build, config, inspect, manifest};
use crate::support::images::{files, keep, listed};
use crate::support::{Registry, Scratch, cofferdam, guest, skopeo};

/// An agent with every kind of part, whose BIN is this image.
fn agentfile(scratch: &Scratch, bin: &str) -> String {
    scratch.file("build/docs/soul.md", "Be kind.\n");
    scratch.file("build/towns.csv", "Ulm\n");
    scratch.file("build/empty.txt", "");
    format!(
        "# mine\nFROM scratch\nNAME otter\nMODEL builtin/commands\nLABEL team=blue\n\
         CONTEXT SOUL \"who\" file://docs/soul.md\nCONTEXT RULES <<EOF\nBe brief.\nEOF\n\
         CONFIG key! \"wanted\"\nENV TOKEN=sesame \"a word\"\n\
         ADD towns.csv \"towns\"\nADD empty.txt\nBIN args {bin}\n"
    )
}

#[test]
fn an_image_has_the_layers_and_annotations_of_the_specification() {
    let scratch = Scratch::new();
    let tool = keep(&scratch, "args:1", "Prints its arguments");
    let text = agentfile(&scratch, "args:1");
    let built = build(&scratch, &text, "otter:1");
    let digest = built["digest"].as_str().expect("a digest");
    let manifest = manifest(&scratch, digest);
    let part = |descriptor: &Value| {
        let title = &descriptor["annotations"]["org.opencontainers.image.title"];
        json!([descriptor["mediaType"], title])
    };
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.openotters.agent.v1"
    );
    let kind = &manifest["config"]["mediaType"];
    assert_eq!(kind, "application/vnd.openotters.agent.config.v1+json");
    let layers = manifest["layers"].as_array().expect("layers");
    let context = "application/vnd.openotters.context.v1";
    let data = "application/octet-stream";
    let expected = json!([
        ["application/vnd.openotters.agentfile", "Agentfile"],
        [context, "SOUL.md"],
        [context, "RULES.md"],
        [data, "towns.csv"],
        [data, "empty.txt"],
    ]);
    assert_eq!(
        Value::from(layers.iter().map(part).collect::<Vec<_>>()),
        expected
    );
    let content = |place: usize| {
        let digest = layers[place]["digest"].as_str().expect("a digest");
        std::fs::read_to_string(blob(&scratch, digest)).expect("a layer")
    };
    assert_eq!(content(0), text);
    assert_eq!(
        [content(1), content(2), content(3)],
        ["Be kind.", "Be brief.", "Ulm\n"]
    );
    let annotations = manifest["annotations"].as_object().expect("annotations");
    let keys: Vec<_> = annotations.keys().collect();
    let expected = [
        "io.cofferdam.agent.lock",
        "org.opencontainers.image.title",
        "team",
    ];
    assert_eq!(keys, expected);
    assert_eq!(annotations["org.opencontainers.image.title"], "otter");
    let lock = annotations["io.cofferdam.agent.lock"]
        .as_str()
        .expect("a text");
    let lock: Value = serde_json::from_str(lock).expect("JSON");
    assert_eq!(lock["bins"]["args"]["manifest"], tool.as_str());
    assert_eq!(lock, {
        let mut lock = built["lock"].clone();
        lock["schema"] = json!(1);
        lock.as_object_mut().expect("an object").remove("parents");
        lock
    });
}

#[test]
fn the_same_agent_has_the_same_digest() {
    let scratch = Scratch::new();
    keep(&scratch, "args:1", "Prints its arguments");
    let text = agentfile(&scratch, "args:1");
    let first = build(&scratch, &text, "otter:1");
    let other = Scratch::new();
    keep(&other, "args:1", "Prints its arguments");
    let text = agentfile(&other, "args:1");
    assert_eq!(
        build(&other, &text, "elsewhere:2")["digest"],
        first["digest"]
    );
    // The one time in it is the one that was asked for.
    let home = other.path().join("build");
    let line = ["image", "build", "--format", "json", "--tag", "dated:1"];
    let line: Vec<_> = line
        .iter()
        .map(AsRef::as_ref)
        .chain([home.as_os_str()])
        .collect();
    let dated = cofferdam(&other, line.clone()).env("SOURCE_DATE_EPOCH", "1700000000");
    let dated = dated.run().exits(0).json();
    assert_ne!(dated["digest"], first["digest"]);
    let digest = dated["digest"].as_str().expect("a digest");
    let created = &manifest(&other, digest)["annotations"]["org.opencontainers.image.created"];
    assert_eq!(created, "2023-11-14T22:13:20Z");
    let wrong = cofferdam(&other, line).env("SOURCE_DATE_EPOCH", "yesterday");
    wrong
        .run()
        .exits(2)
        .complains(&["SOURCE_DATE_EPOCH", "yesterday"]);
    let rows = cofferdam(&other, ["image", "ls", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let rows = rows.as_array().expect("rows");
    let row = |name: &str| {
        rows.iter()
            .find(|row| row["reference"] == name)
            .expect("a row")
    };
    assert_eq!(row("dated:1")["created"], "2023-11-14T22:13:20Z");
    let agent = row("elsewhere:2");
    assert_eq!(
        (&agent["kind"], &agent["created"]),
        (&json!("agent"), &Value::Null)
    );
    assert_eq!(row("args:1")["kind"], "tool");
    assert!(
        !listed(&other).contains_key("elsewhere:2"),
        "`tool ls` lists tools"
    );
}

#[test]
fn what_is_pushed_and_removed_is_pulled_by_digest() {
    let scratch = Scratch::new();
    let registry = Registry::start();
    let tool = registry.reference("tools/args:1");
    keep(&scratch, &tool, "Prints its arguments");
    let text = agentfile(&scratch, &tool);
    let built = build(&scratch, &text, "otter:1");
    let digest = built["digest"].as_str().expect("a digest").to_owned();
    let written = config(&scratch, &digest);
    let shown = inspect(&scratch, "otter:1");
    let target = registry.reference("agents/otter:1");
    let push = |name: &str, target: &str| {
        let line = [
            "image",
            "push",
            name,
            target,
            "--plain-http",
            "--format",
            "json",
        ];
        cofferdam(&scratch, line).run().exits(0).json()
    };
    push(&tool, &tool);
    let pushed = push("otter:1", &target);
    assert_eq!(
        (&pushed["digest"], &pushed["present"]),
        (&built["digest"], &json!(0))
    );
    let again = push("otter:1", &target);
    assert_eq!(again["present"], again["size"]);
    let from = format!("docker://{target}");
    let raw = skopeo(["inspect", "--tls-verify=false", "--raw", &from]);
    let file = scratch.file("manifest.json", &raw);
    let found = skopeo(["manifest-digest".as_ref(), file.as_os_str()]);
    assert_eq!(found.trim(), digest);

    cofferdam(&scratch, ["image", "rm", "otter:1", &tool])
        .run()
        .exits(0);
    assert_eq!(files(&scratch, "blobs/sha256"), 0);

    let other = Scratch::new();
    let pinned = registry.reference(&format!("agents/otter@{digest}"));
    let line = ["image", "pull", &pinned, "--plain-http", "--format", "json"];
    let pulled = cofferdam(&other, line).run().exits(0).json();
    assert_eq!(pulled["digest"], built["digest"]);
    assert_eq!(config(&other, &digest), written);
    // Its BIN is pulled by the digest of the lock, whatever its name means by now.
    keep(&scratch, &tool, "Something else");
    push(&tool, &tool);
    let line = [
        "image",
        "inspect",
        &pinned,
        "--plain-http",
        "--format",
        "json",
    ];
    let mut pulled = cofferdam(&other, line).run().exits(0).json();
    assert_eq!(pulled["reference"], pinned);
    pulled["reference"] = shown["reference"].clone();
    assert_eq!(pulled, shown);
    assert_eq!(shown["bins"][0]["asks"][0]["kind"], "nothing");
    // Its fields say everything, and its text is a layer.
    assert!(shown.get("agentfile").is_none(), "{shown}");
    assert!(
        !shown.to_string().contains("\"sesame\""),
        "values of variables are not shown"
    );
    let line = ["image", "inspect", &pinned, "--plain-http"];
    let printed = cofferdam(&other, line).run().exits(0).stdout;
    for part in [
        "otter",
        "builtin/commands",
        "SOUL",
        "RULES",
        "required",
        "TOKEN",
        "towns.csv",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }

    // Each kind is pulled as what it is.
    let wrong = ["tool", "pull", &target, "--plain-http"];
    let wrong = cofferdam(&other, wrong).run().exits(2);
    wrong.complains(&["is not a tool", "an agent image"]);
    let wrong = ["image", "inspect", &tool, "--plain-http"];
    let wrong = cofferdam(&Scratch::new(), wrong).run().exits(2);
    wrong.complains(&["is not an agent image", "tool inspect"]);
}

#[test]
fn damage_is_told_and_mended_by_pulling_again() {
    let scratch = Scratch::new();
    let registry = Registry::start();
    let built = build(
        &scratch,
        &agentfile(&scratch, "args:1").replace("BIN args args:1\n", ""),
        "otter:1",
    );
    let digest = built["digest"].as_str().expect("a digest");
    cofferdam(&scratch, ["image", "push", "nope"])
        .run()
        .exits(2)
        .complains(&["no image nope:latest on this machine"]);
    let target = registry.reference("otter:1");
    let push = ["image", "push", "otter:1", &target, "--plain-http"];
    cofferdam(&scratch, push).run().exits(0);
    let layer = manifest(&scratch, digest)["layers"][1]["digest"].clone();
    let layer = layer.as_str().expect("a digest");

    let other = Scratch::new();
    let pull = ["image", "pull", &target, "--plain-http"];
    cofferdam(&other, pull).run().exits(0);
    std::fs::write(blob(&other, layer), "Be evil.").expect("a blob");
    let damaged = cofferdam(&other, ["image", "inspect", &target])
        .run()
        .exits(1);
    damaged.complains(&[layer, "holds other content"]);
    cofferdam(&other, pull).run().exits(0);
    cofferdam(&other, ["image", "inspect", &target])
        .run()
        .exits(0);

    // In the registry nobody mends it, and nothing of it is kept.
    std::fs::write(registry.blob(layer), "Be evil.").expect("a blob");
    let empty = Scratch::new();
    let refused = cofferdam(&empty, pull).run().exits(1);
    refused.complains(&[layer]);
    assert!(listed(&empty).is_empty());
    assert_eq!(files(&empty, "blobs/sha256"), 0);
    assert_eq!(files(&empty, ".cofferdam.incoming"), 0);
}

#[test]
fn a_bin_that_is_a_file_stays_as_long_as_its_agent() {
    let scratch = Scratch::new();
    let registry = Registry::start();
    let component = std::fs::read(guest("args_echo")).expect("a guest");
    scratch.file("build/args.wasm", &component);
    let text = agentfile(&scratch, "./args.wasm");
    let built = build(&scratch, &text, "otter:1");
    let tool = built["lock"]["bins"]["args"]["manifest"]
        .as_str()
        .expect("a digest");
    let pruned = ["image", "prune", "--format", "json"];
    let pruned = cofferdam(&scratch, pruned).run().exits(0).json();
    assert_eq!(pruned, json!({ "blobs": 0, "bytes": 0 }));
    // The file itself is needed no longer, and its path is nowhere.
    std::fs::remove_file(scratch.path().join("build/args.wasm")).expect("the file");
    let shown = inspect(&scratch, "otter:1");
    assert_eq!(shown["bins"][0]["image"], tool);
    let digest = built["digest"].as_str().expect("a digest");
    assert!(!config(&scratch, digest).contains("args.wasm"));
    let ran = cofferdam(&scratch, ["tool", "run", tool, "--", "x"])
        .run()
        .exits(0);
    assert_eq!(ran.stdout.lines().last(), Some("x"));

    let target = registry.reference("otter:1");
    let push = ["image", "push", "otter:1", &target, "--plain-http"];
    let refused = cofferdam(&scratch, push).run().exits(2);
    let first = format!("cofferdam tool push {tool} HOST/NAME");
    refused.complains(&[
        "BIN args was built from a file",
        &first,
        "build the agent again",
    ]);
    let name = registry.reference("tools/args:1");
    let send = ["tool", "push", tool, &name, "--plain-http"];
    cofferdam(&scratch, send).run().exits(0);
    // Under that name it is the same image, which another machine finds.
    let pull = ["tool", "pull", &name, "--plain-http"];
    cofferdam(&scratch, pull).run().exits(0);
    let named = build(&scratch, &agentfile(&scratch, &name), "otter:2");
    assert_eq!(named["lock"]["bins"]["args"]["manifest"], tool);
    let push = ["image", "push", "otter:2", &target, "--plain-http"];
    cofferdam(&scratch, push).run().exits(0);
    // What only another agent needs goes with it.
    let removed = ["image", "rm", "otter:1", "otter:2", &name];
    cofferdam(&scratch, removed).run().exits(0);
    assert_eq!(files(&scratch, "blobs/sha256"), 0);
}

#[test]
fn an_image_that_its_tag_moved_on_from_stays_and_is_told() {
    let scratch = Scratch::new();
    let text = "FROM scratch\nNAME a\nMODEL builtin/commands\n";
    let first = build(&scratch, text, "otter:1");
    let text = format!("{text}CONFIG max-token=5\n");
    let file = scratch.file("Agentfile", text).display().to_string();
    let line = ["image", "build", "--file", &file, "--tag", "otter:1"];
    let line = line.into_iter().chain([file.trim_end_matches("Agentfile")]);
    let told = cofferdam(&scratch, line).run().exits(0).stderr;
    assert!(told.contains("if you mean `max-tokens`"), "{told}");
    let told = cofferdam(&scratch, ["image", "prune"]).run().exits(0);
    assert!(told.stderr.contains("1 kept by digest"), "{}", told.stderr);
    let name = format!("otter@{}", first["digest"].as_str().expect("a digest"));
    cofferdam(&scratch, ["image", "rm", &name]).run().exits(0);
    let told = cofferdam(&scratch, ["image", "prune"]).run().exits(0);
    assert!(!told.stderr.contains("kept"), "{}", told.stderr);
}

#[test]
fn a_tool_without_its_name_stays_as_long_as_its_agent() {
    let scratch = Scratch::new();
    let tool = keep(&scratch, "args:1", "Prints its arguments");
    build(&scratch, &agentfile(&scratch, "args:1"), "otter:1");
    let shown = inspect(&scratch, "otter:1");
    cofferdam(&scratch, ["tool", "rm", "args:1"]).run().exits(0);
    // Another one has that name now.
    keep(&scratch, "args:1", "Something else");
    cofferdam(&scratch, ["image", "prune"]).run().exits(0);
    assert_eq!(inspect(&scratch, "otter:1"), shown);
    let ran = cofferdam(&scratch, ["tool", "run", &tool, "--", "x"])
        .run()
        .exits(0);
    assert_eq!(ran.stdout, "args\nx\n");
    let names = cofferdam(&scratch, ["image", "ls", "--quiet"])
        .run()
        .exits(0);
    assert_eq!(names.stdout, "args:1\notter:1\n");
    cofferdam(&scratch, ["image", "rm", "otter:1"])
        .run()
        .exits(0);
    cofferdam(&scratch, ["tool", "run", &tool])
        .run()
        .exits(2)
        .complains(&["no image", &tool]);
}

#[test]
fn names_and_flags_that_cannot_be_meant_are_refused() {
    let scratch = Scratch::new();
    let text = "FROM scratch\nNAME otter-\nMODEL a/b\n";
    let file = scratch.file("Agentfile", text);
    let run = |line: &[&str]| {
        let line = ["image", "build"].iter().chain(line).map(AsRef::as_ref);
        cofferdam(&scratch, line.chain([file.as_os_str()])).run()
    };
    run(&[]).exits(2).complains(&["`otter-`", "--tag"]);
    run(&["--tag", "Otter"])
        .exits(2)
        .complains(&["`Otter`", "lowercase"]);
    let digest = format!("sha256:{}", "0".repeat(64));
    run(&["--tag", &digest])
        .exits(2)
        .complains(&["a digest without a name"]);
    run(&["--build-arg", "x"])
        .exits(2)
        .complains(&["NAME=VALUE", "`x`"]);
    run(&["--file", "other"])
        .exits(2)
        .complains(&["is no directory", "--file"]);
    cofferdam(&scratch, ["image", "inspect", "nothing:1"])
        .run()
        .exits(2)
        .complains(&["no image nothing:1"]);
    let line = ["image", "build", "-", "--format", "json"];
    let piped = cofferdam(&scratch, line).stdin("FROM scratch\nNAME piped\nMODEL a/b\n");
    assert_eq!(
        piped.run().exits(0).json()["references"],
        json!(["piped:latest"])
    );
    let wrong = "FROM scratch\nNAME a\nMODEL b\n";
    cofferdam(&scratch, ["image", "build", "-"])
        .stdin(wrong)
        .run()
        .exits(2)
        .complains(&["<stdin>:3:7", "`provider/name`"]);
    cofferdam(&scratch, ["image", "build", "nowhere"])
        .run()
        .exits(2)
        .complains(&["nowhere"]);
}
