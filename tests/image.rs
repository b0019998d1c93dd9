//! Tool images: kept, pushed to a real registry, pulled and run; what other clients make of them;
//! what lies are told.

mod layouts;
mod lies;
mod reproducible;
mod transfers;

use serde_json::Value;

use crate::support::images::{USAGE, keep, listed};
use crate::support::{
    Host, PASSWORD, Registry, Scratch, cofferdam, content_of, skopeo, skopeo_json, tool,
};

/// How many files there are below the store's directory of this name.
fn files(scratch: &Scratch, below: &str) -> usize {
    std::fs::read_dir(scratch.data().join("images").join(below)).map_or(0, Iterator::count)
}

#[test]
fn what_is_pushed_and_deleted_is_pulled_by_digest_and_runs() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("tools/args:1");
    let push = [
        "tool",
        "push",
        "args:1",
        &target,
        "--plain-http",
        "--format",
        "json",
    ];
    let pushed = cofferdam(&scratch, push).run().exits(0).json();
    assert_eq!(
        (&pushed["digest"], &pushed["moved_from"], &pushed["present"]),
        (&digest.clone().into(), &Value::Null, &0.into())
    );
    // Again, nothing is sent.
    let again = cofferdam(&scratch, push).run().exits(0).json();
    assert_eq!(again["present"], again["size"]);

    cofferdam(&scratch, ["tool", "rm", "args:1"]).run().exits(0);
    assert!(listed(&scratch).is_empty());
    assert_eq!(files(&scratch, "blobs/sha256"), 0);
    cofferdam(&scratch, ["tool", "run", &digest])
        .run()
        .exits(2)
        .complains(&[&digest, "no image"]);

    let pinned = registry.reference(&format!("tools/args@{digest}"));
    let pulled = cofferdam(
        &scratch,
        ["tool", "pull", &pinned, "--plain-http", "--format", "json"],
    )
    .run()
    .exits(0)
    .json();
    assert_eq!(
        (&pulled["digest"], &pulled["present"]),
        (&digest.clone().into(), &0.into())
    );
    assert_eq!(listed(&scratch), [(pinned.clone(), digest.clone())].into());
    drop(registry);
    for name in [&pinned, &digest] {
        let ran = cofferdam(&scratch, ["tool", "run", name, "--", "a b", "c"])
            .run()
            .exits(0);
        assert_eq!(ran.stdout, "args\na b\nc\n", "{name}");
        let shown = cofferdam(&scratch, ["tool", "inspect", name, "--format", "json"])
            .run()
            .exits(0)
            .json();
        assert_eq!(
            (&shown["usage"], &shown["image"]["digest"]),
            (&USAGE.into(), &digest.clone().into())
        );
        assert_eq!(
            shown["image"]["annotations"]["org.opencontainers.image.version"],
            "1.2.3"
        );
    }
    let shown = cofferdam(&scratch, ["tool", "inspect", &pinned])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains(&digest) && shown.contains("Prints its arguments, one on each line."),
        "{shown}"
    );

    // The same resolver, for an agent: by digest alone, and with the usage text of the image.
    let file = scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\nBIN args {digest}\n"),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(
        content_of(&host.chat("a", "run args 'a b'"), "tool.result"),
        "args\na b\n"
    );
    let agents = std::fs::read_dir(scratch.data().join("agents"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert_eq!(
        std::fs::read_to_string(agents.join("etc/data/bins/args/USAGE.md")).unwrap(),
        USAGE
    );
}

#[test]
fn a_tool_that_is_not_here_is_pulled_to_be_run() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);
    let other = Scratch::new();
    let ran = cofferdam(&other, ["tool", "run", &target, "--plain-http", "--", "x"])
        .run()
        .exits(0);
    assert_eq!(ran.stdout, "args\nx\n");
    assert!(
        ran.stderr
            .contains(&format!("pulled {target}, which is {digest}")),
        "{}",
        ran.stderr
    );
    // Now it is here, and a name without a registry is never looked for elsewhere.
    drop(registry);
    cofferdam(&other, ["tool", "run", &target, "--", "x"])
        .run()
        .exits(0);
    cofferdam(&other, ["tool", "run", "args:1"])
        .run()
        .exits(2)
        .complains(&["no image args:1"]);
}

#[test]
fn other_clients_read_what_is_pushed() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);

    let from = format!("docker://{target}");
    // Without `--raw`, skopeo looks into configs of containers alone.
    let text = skopeo(["inspect", "--tls-verify=false", "--raw", &from]);
    let file = scratch.file("manifest.json", &text);
    assert_eq!(
        skopeo(["manifest-digest".as_ref(), file.as_os_str()]).trim(),
        digest
    );
    let raw: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(raw["annotations"]["io.openotters.bin.name"], "args");
    assert_eq!(raw["annotations"]["vnd.openotters.bin.usage"], "/USAGE.md");
    let config = skopeo_json(["inspect", "--tls-verify=false", "--config", "--raw", &from]);
    assert_eq!(config["cofferdam"]["usage"], USAGE);

    // By way of a layout on disk to another repository, where it is still the same.
    let layout = format!("oci:{}:args", scratch.path().join("layout").display());
    skopeo([
        "copy",
        "--insecure-policy",
        "--src-tls-verify=false",
        &from,
        &layout,
    ]);
    let copy = registry.reference("copies/args:2");
    skopeo([
        "copy",
        "--insecure-policy",
        "--dest-tls-verify=false",
        &layout,
        &format!("docker://{copy}"),
    ]);
    let other = Scratch::new();
    let pulled = cofferdam(
        &other,
        ["tool", "pull", &copy, "--plain-http", "--format", "json"],
    )
    .run()
    .exits(0)
    .json();
    assert_eq!(pulled["digest"], digest.as_str());
    assert_eq!(
        cofferdam(&other, ["tool", "run", &copy])
            .run()
            .exits(0)
            .stdout,
        "args\n"
    );
}

#[test]
fn a_tag_that_has_moved_is_told() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let target = registry.reference("args:1");
    let old = keep(&scratch, "args:1", "The first");
    cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);
    let other = Scratch::new();
    let pull = || {
        cofferdam(&other, ["tool", "pull", &target, "--plain-http"])
            .run()
            .exits(0)
    };
    let first = pull();
    assert!(
        first.stdout.contains(&old) && !first.stderr.contains("moved"),
        "{first:?}"
    );
    let again = pull();
    assert!(!again.stderr.contains("moved"), "{again:?}");

    let new = keep(&scratch, "args:1", "The second");
    assert_ne!(old, new);
    let pushed = cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);
    assert!(
        pushed
            .stderr
            .contains(&format!("moved in the registry: it was {old} and is {new}")),
        "{pushed:?}"
    );
    let pulled = pull();
    assert!(
        pulled
            .stderr
            .contains(&format!("{target} has moved: it was {old} and is {new}")),
        "{pulled:?}"
    );
    let pinned = registry.reference(&format!("args@{old}"));
    assert_eq!(
        listed(&other),
        [(target.clone(), new), (pinned.clone(), old)].into()
    );
    cofferdam(&other, ["tool", "run", &pinned]).run().exits(0);
}

#[test]
fn a_registry_that_asks_who_we_are() {
    let (scratch, registry) = (Scratch::new(), Registry::start_with_password());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let push = |docker: &str| {
        let command = cofferdam(
            &scratch,
            ["tool", "push", "args:1", &target, "--plain-http"],
        );
        command
            .env("DOCKER_CONFIG", scratch.path().join(docker))
            .run()
    };
    let login = format!("docker login {}", registry.address);
    push("nowhere").exits(1).complains(&["401", &login]);

    let auths = |auth: Value| {
        serde_json::json!({ "auths": { (registry.address.as_str()): auth } }).to_string()
    };
    scratch.file(
        "wrong/config.json",
        auths(serde_json::json!({ "username": "author", "password": "guess" })),
    );
    push("wrong").exits(1).complains(&["401", &login]);
    scratch.file("broken/config.json", "{");
    push("broken")
        .exits(1)
        .complains(&["broken/config.json", "line 1"]);
    scratch.file(
        "right/config.json",
        auths(serde_json::json!({ "username": "author", "password": PASSWORD })),
    );
    push("right").exits(0);

    // A helper is asked, and its word is taken.
    scratch.file("helper/config.json", r#"{"credsStore":"test"}"#);
    let helper = scratch.file(
        "bin/docker-credential-test",
        format!(
            "#!/bin/sh\nread -r server\necho \
            \"{{\\\"Username\\\":\\\"author\\\",\\\"Secret\\\":\\\"{PASSWORD}\\\"}}\"\n"
        ),
    );
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        scratch.path().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let pull = || cofferdam(&scratch, ["tool", "pull", &target, "--plain-http"]).env("PATH", &path);
    pull()
        .env("DOCKER_CONFIG", scratch.path().join("helper"))
        .run()
        .exits(0);
    scratch.file(
        "bin/docker-credential-test",
        "#!/bin/sh\nread -r server\nexit 1\n",
    );
    pull()
        .env("DOCKER_CONFIG", scratch.path().join("helper"))
        .run()
        .exits(1)
        .complains(&["docker-credential-test"]);
}

#[test]
fn a_registry_with_tls_is_trusted_by_its_certificate() {
    let (scratch, (registry, certificate)) = (Scratch::new(), Registry::start_with_tls());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let push = || cofferdam(&scratch, ["tool", "push", "args:1", &target]);
    push()
        .run()
        .exits(1)
        .complains(&["cannot be reached", "certificate"]);
    let trusted = scratch.file("authority.pem", certificate);
    push().env("SSL_CERT_FILE", &trusted).run().exits(0);
    let other = Scratch::new();
    cofferdam(&other, ["tool", "pull", &target])
        .env("SSL_CERT_FILE", &trusted)
        .run()
        .exits(0);
    assert_eq!(
        listed(&other),
        [(target, listed(&scratch)["args:1"].clone())].into()
    );
}

#[test]
fn a_blob_that_was_changed_in_the_registry_is_refused() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);
    let raw = skopeo_json([
        "inspect",
        "--tls-verify=false",
        "--raw",
        &format!("docker://{target}"),
    ]);
    let layer = raw["layers"][0]["digest"].as_str().unwrap();
    let mut content = std::fs::read(registry.blob(layer)).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(registry.blob(layer), content).unwrap();
    let other = Scratch::new();
    let pull = cofferdam(&other, ["tool", "pull", &target, "--plain-http"]).run();
    pull.exits(1)
        .complains(&["the component", layer, "holds other content"]);
    assert!(listed(&other).is_empty());
    assert_eq!(
        (
            files(&other, "blobs/sha256"),
            files(&other, ".cofferdam.incoming")
        ),
        (0, 0)
    );
}

#[test]
fn a_file_and_an_image_of_one_name_are_told_apart_by_who_wrote_it() {
    let scratch = Scratch::new();
    let digest = keep(&scratch, "args", "Prints its arguments");
    scratch.file("args", std::fs::read(tool("echo")).unwrap());
    for command in ["run", "inspect"] {
        let parts = [
            "`args` is a file here and an image",
            "./args",
            "args:latest",
            digest.as_str(),
        ];
        cofferdam(&scratch, ["tool", command, "args"])
            .run()
            .exits(2)
            .complains(&parts);
    }
    assert_eq!(
        cofferdam(&scratch, ["tool", "run", "./args", "--", "x"])
            .run()
            .exits(0)
            .stdout,
        "x\n"
    );
    assert_eq!(
        cofferdam(&scratch, ["tool", "run", "args:latest", "--", "x"])
            .run()
            .exits(0)
            .stdout,
        "args\nx\n"
    );
    // Alone, the file is the file.
    scratch.file("other", std::fs::read(tool("echo")).unwrap());
    assert_eq!(
        cofferdam(&scratch, ["tool", "run", "other", "--", "x"])
            .run()
            .exits(0)
            .stdout,
        "x\n"
    );
    cofferdam(&scratch, ["tool", "run", "Nowhere!"])
        .run()
        .exits(2)
        .complains(&["no file `Nowhere!`", "reference"]);
}

#[test]
fn references_and_flags_that_cannot_be_meant_are_refused() {
    let scratch = Scratch::new();
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let plain = ["tool", "pull", "example.com/args:1", "--plain-http"];
    cofferdam(&scratch, plain).run().exits(1).complains(&[
        "example.com",
        "this machine alone",
        "certificate",
    ]);
    cofferdam(&scratch, ["tool", "pull", "args:1"])
        .run()
        .exits(2)
        .complains(&["args:1 names no registry", "HOST/"]);
    cofferdam(&scratch, ["tool", "push", "args:1"])
        .run()
        .exits(2)
        .complains(&["args:1 names no registry"]);
    cofferdam(&scratch, ["tool", "pull", &digest])
        .run()
        .exits(2)
        .complains(&["a digest without a name"]);
    cofferdam(&scratch, ["tool", "pull", "Args"])
        .run()
        .exits(2)
        .complains(&["`Args`", "lowercase"]);
    cofferdam(&scratch, ["tool", "rm", "nothing:1"])
        .run()
        .exits(2)
        .complains(&["no image nothing:1"]);
    let other = format!("example.com/args@sha256:{}", "0".repeat(64));
    cofferdam(&scratch, ["tool", "push", "args:1", &other])
        .run()
        .exits(3)
        .complains(&["pins another image", &digest]);
    let registry = Registry::start();
    let target = registry.reference("args:1");
    cofferdam(&scratch, ["tool", "push", "args:1", &target])
        .run()
        .exits(1)
        .complains(&["--plain-http"]);
    cofferdam(&scratch, ["tool", "pull", &target, "--plain-http"])
        .run()
        .exits(1)
        .complains(&["404", "unknown"]);
}
