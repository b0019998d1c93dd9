//! Images in a real registry: pushed, pulled by digest or to be run, read by other clients, and
//! moved.

use serde_json::Value;

use crate::support::images::{USAGE, files, keep, listed};
use crate::support::{Host, Registry, Scratch, cofferdam, content_of, skopeo, skopeo_json};

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
    // How to call it is in the component, and nowhere else.
    let config = skopeo_json(["inspect", "--tls-verify=false", "--config", "--raw", &from]);
    assert!(config.get("cofferdam").is_none(), "{config}");

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
