//! Images that build on others: by tag and by digest, by a registry, too deep, and in a circle.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::agents::{build, inspect};
use crate::support::images::{keep, listed};
use crate::support::{Host, Registry, Scratch, cofferdam};

const BASE: &str = "FROM scratch\nNAME base\nMODEL a/b\nLABEL of=base\n";

/// Builds an Agentfile that is refused, and returns what is said.
#[track_caller]
fn refused(scratch: &Scratch, text: &str, tag: &str) -> String {
    let file = scratch.file("build/Agentfile", text);
    let line = ["image", "build", "--tag", tag].map(AsRef::as_ref);
    let ran = cofferdam(scratch, line.into_iter().chain([file.as_os_str()]));
    ran.run().exits(2).stderr
}

#[test]
fn a_parent_may_be_a_tag_or_a_digest() {
    let scratch = Scratch::new();
    let first = build(&scratch, BASE, "base:1");
    let first = first["digest"].as_str().expect("a digest");
    build(&scratch, "FROM base:1\nNAME child\n", "child:1");
    // The tag moves on, and the digest stays what it was.
    build(&scratch, &BASE.replace("of=base", "of=next"), "base:1");
    for (parent, expected) in [
        ("base:1".to_owned(), "next"),
        (format!("base@{first}"), "base"),
        (first.to_owned(), "base"),
    ] {
        build(&scratch, &format!("FROM {parent}\nNAME child\n"), "child:2");
        let shown = inspect(&scratch, "child:2");
        assert_eq!(shown["labels"]["of"], expected, "{parent}");
        let locked = &shown["lock"]["parents"][0];
        assert_eq!(locked["image"], parent);
        assert_eq!(locked["digest"] == first, expected == "base", "{parent}");
    }
    // What was built stays what it is.
    assert_eq!(inspect(&scratch, "child:1")["labels"]["of"], "base");
}

#[test]
fn a_parent_may_leave_name_and_model_to_those_that_build_on_it() {
    let scratch = Scratch::new();
    build(&scratch, "FROM scratch\nLABEL of=base\n", "base:1");
    let shown = inspect(&scratch, "base:1");
    assert_eq!(
        [&shown["name"], &shown["model"]],
        [&Value::Null, &Value::Null]
    );
    build(&scratch, "FROM base:1\nNAME child\nMODEL a/b\n", "child:1");
    let shown = inspect(&scratch, "child:1");
    assert_eq!([&shown["name"], &shown["model"]], ["child", "a/b"]);
    assert_eq!(shown["labels"]["of"], "base");

    // An image is called by something.
    let file = scratch.file("build/Agentfile", "FROM scratch\n");
    let line = ["image".as_ref(), "build".as_ref(), file.as_os_str()];
    let ran = cofferdam(&scratch, line).run().exits(2);
    ran.complains(&["no NAME", "--tag"]);

    // Only what runs has both.
    let _host = Host::start::<&str>(&scratch, []);
    let run = |flags: &[&str]| {
        let line = ["run", "base:1"].iter().chain(flags).copied();
        cofferdam(&scratch, line).run()
    };
    run(&[])
        .exits(2)
        .complains(&["base:1 has no NAME", "--name"]);
    run(&["--name", "a"])
        .exits(2)
        .complains(&["agent a: its image has no MODEL", "--model"]);
    run(&["--name", "a", "--model", "builtin/commands"]).exits(0);
    cofferdam(&scratch, ["run", &file.display().to_string()])
        .run()
        .exits(2)
        .complains(&["Agentfile:1:1", "lacks `NAME name`"]);
}

#[test]
fn a_parent_comes_from_its_registry_and_brings_its_lock() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let tool = registry.reference("args:1");
    let first = keep(&scratch, &tool, "The first");
    let base = registry.reference("base:1");
    build(&scratch, &format!("{BASE}BIN args {tool}\n"), &base);
    for name in [&tool, &base] {
        let push = ["image", "push", name, "--plain-http"];
        cofferdam(&scratch, push).run().exits(0);
    }
    // The name of its tool means another one by now.
    keep(&scratch, &tool, "The second");
    let push = ["image", "push", &tool, "--plain-http"];
    cofferdam(&scratch, push).run().exits(0);

    let other = Scratch::new();
    let file = other.file("Agentfile", format!("FROM {base}\nNAME child\n"));
    let line = ["image", "build", "--plain-http", "--format", "json"].map(AsRef::as_ref);
    let line = line.into_iter().chain([file.as_os_str()]);
    let built = cofferdam(&other, line).run().exits(0).json();
    assert_eq!(built["references"], json!(["child:latest"]));
    assert_eq!(built["lock"]["bins"]["args"]["manifest"], first.as_str());
    assert!(
        !listed(&other).contains_key(&tool),
        "its tools are pulled when they are used"
    );
    let shown = [
        "image",
        "inspect",
        "child",
        "--plain-http",
        "--format",
        "json",
    ];
    let shown = cofferdam(&other, shown).run().exits(0).json();
    assert_eq!(shown["bins"][0]["unknown"], Value::Null);
}

#[test]
fn parents_are_counted_and_go_in_no_circle() {
    let scratch = Scratch::new();
    build(&scratch, BASE, "a:0");
    for n in 1..=10 {
        build(&scratch, &format!("FROM a:{}\n", n - 1), &format!("a:{n}"));
    }
    let parents = inspect(&scratch, "a:10")["lock"]["parents"].clone();
    assert_eq!(parents.as_array().expect("parents").len(), 10);
    let said = refused(&scratch, "FROM a:10\n", "a:11");
    for part in [
        "Agentfile:1:6: ",
        "builds on 10 others",
        "at most 10 are allowed",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refused(&scratch, "FROM a:2\n", "a:0");
    let way = "cyclic FROM: a:0 would build on a:2, which builds on a:1, which builds on a:0";
    assert!(
        said.contains("Agentfile:1:6: ") && said.contains(way),
        "{said}"
    );
    let said = refused(&scratch, "# itself\nFROM a:0\n", "a:0");
    let way = "cyclic FROM: a:0 would build on a:0; ";
    assert!(
        said.contains("Agentfile:2:6: ") && said.contains(way),
        "{said}"
    );
}

#[test]
fn files_of_a_parent_are_its_own() {
    // An empty text of the parent is not read from a file of that name beside the child.
    let scratch = Scratch::new();
    scratch.file("build/notes.md", "");
    scratch.file("build/data.csv", "");
    let text = format!("{BASE}CONTEXT NOTES file://notes.md\nADD data.csv\n");
    build(&scratch, &text, "base:1");
    scratch.file("build/notes.md", "the child's own");
    scratch.file("build/data.csv", "the child's own");
    build(&scratch, "FROM base:1\nNAME child\n", "child:1");
    let shown = inspect(&scratch, "child:1");
    assert_eq!(shown["contexts"][0]["bytes"], 0);
    assert_eq!(shown["adds"][0]["bytes"], 0);
    // A link leads out of the directory of the Agentfile.
    let outside = scratch.file("outside.csv", "secret");
    std::fs::remove_file(scratch.path().join("build/data.csv")).expect("the file");
    std::os::unix::fs::symlink(outside, scratch.path().join("build/data.csv")).expect("a link");
    let said = refused(&scratch, &format!("{BASE}ADD data.csv\n"), "base:2");
    assert!(said.contains("ADD data.csv: cannot read"), "{said}");
    // A pipe is not waited for.
    std::fs::remove_file(scratch.path().join("build/data.csv")).expect("the link");
    let pipe = scratch.path().join("build/data.csv");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let said = refused(&scratch, &format!("{BASE}ADD data.csv\n"), "base:2");
    assert!(said.contains("not a regular file"), "{said}");
}
