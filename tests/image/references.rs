//! References: files of the same name, and references and flags that are refused.

use crate::support::images::keep;
use crate::support::{Registry, Scratch, cofferdam, tool};

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
