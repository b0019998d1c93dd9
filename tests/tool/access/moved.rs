//! A tag that moves: what asks for more than the component in use is withheld until the operator
//! accepts it.

use std::path::{Path, PathBuf};

use super::{agentfile, grant};
use crate::support::components::directory;
use crate::support::{Host, Scratch, cofferdam, content_of, guest};

fn variable(name: &str) -> String {
    format!("[[env]]\nname = \"{name}\"\nreason = \"to try\"\n")
}

/// Keeps a guest under a tag, with these rows in its manifest, and returns where the component was
/// built.
#[track_caller]
fn keep(scratch: &Scratch, tag: &str, guest_name: &str, rows: &str) -> PathBuf {
    let head = "schema = 1\n[tool]\nname = \"probe\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{head}{rows}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest(guest_name).into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(scratch, build.chain(["--tag".into(), tag.into()]))
        .run()
        .exits(0);
    out.join("probe.wasm")
}

fn start<'a>(scratch: &'a Scratch, file: &Path, flags: &[&str]) -> Host<'a> {
    let args = ["--agentfile".as_ref(), file.as_os_str()]
        .into_iter()
        .chain(flags.iter().map(AsRef::as_ref));
    Host::start(scratch, args)
}

fn answer(host: &Host<'_>) -> String {
    content_of(&host.chat("a", "run probe"), "tool.result")
}

#[test]
fn a_moved_tag_that_asks_for_more_is_withheld_until_it_is_accepted() {
    let scratch = Scratch::new();
    scratch.file(
        "data/cofferdam.toml",
        grant("probe") + "env = { A = \"one\", B = \"two\" }\n",
    );
    let file = agentfile(&scratch, "BIN probe probe:1\n");
    keep(&scratch, "probe:1", "env_dump", &variable("A"));
    let host = start(&scratch, &file, &[]);
    let before = answer(&host);
    assert!(
        before.contains("A=one") && !before.contains("B="),
        "{before}"
    );
    host.kill();

    let wider = keep(
        &scratch,
        "probe:1",
        "env_dump",
        &(variable("A") + &variable("B")),
    );
    let inspect = [
        "tool".as_ref(),
        "inspect".as_ref(),
        wider.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let digest = cofferdam(&scratch, inspect).run().exits(0).json()["digest"]
        .as_str()
        .expect("text")
        .to_owned();
    let accept = format!("a:probe@{digest}");
    // As often as it is started, and not accepted by a decision about another component or another
    // tool.
    let zero = format!("sha256:{}", "0".repeat(64));
    let others = [
        format!("a:probe@{zero}"),
        format!("a:other@{digest}"),
        format!("b:probe@{digest}"),
    ];
    let flags: Vec<_> = others
        .iter()
        .flat_map(|other| ["--accept", other])
        .collect();
    for flags in [&[][..], &flags] {
        let mut host = start(&scratch, &file, flags);
        let told = host.hears("probe:1 is withheld");
        for part in [
            "asks for more",
            "which stays in use",
            "the variable B;",
            &format!("`--accept {accept}`"),
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(answer(&host), before);
        host.kill();
    }
    // Nor without the Agentfile: the tree has the one that was decided about.
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(answer(&host), before);
    host.kill();
    let host = start(&scratch, &file, &["--accept", &accept]);
    let after = answer(&host);
    assert!(
        after.contains("A=one") && after.contains("B=two"),
        "{after}"
    );
    host.kill();
    // It is the one in use now.
    let mut host = start(&scratch, &file, &[]);
    assert_eq!(answer(&host), after);
    assert!(host.is_silent_about("is withheld"));
    host.kill();

    // What asks for no more is taken, whatever it does; a limit above the default is not given, so
    // it is no more.
    keep(
        &scratch,
        "probe:1",
        "args_echo",
        &(variable("B") + "[limits]\nfuel = 30_000_000_000\n"),
    );
    let mut host = start(&scratch, &file, &[]);
    assert_eq!(answer(&host), "probe\n");
    assert!(host.is_silent_about("is withheld"));
    host.kill();
    // Another reference is the operator's own decision.
    keep(
        &scratch,
        "probe:2",
        "env_dump",
        &(variable("A") + &directory("/workspace", "read-only")),
    );
    let file = agentfile(&scratch, "BIN probe probe:2\n");
    let host = start(&scratch, &file, &[]);
    assert!(answer(&host).contains("A=one"));
}

#[test]
fn a_component_that_cannot_be_read_any_more_decides_nothing() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "BIN probe probe:1\n");
    keep(&scratch, "probe:1", "env_dump", &variable("A"));
    start(&scratch, &file, &[]).kill();
    let trees = std::fs::read_dir(scratch.data().join("agents")).expect("a directory");
    let tree = trees.last().expect("a tree").expect("an entry").path();
    std::fs::write(tree.join("usr/bin/probe"), "damaged").expect("a file");
    let mut host = start(&scratch, &file, &[]);
    let complaint = host.hears("the component in use cannot be read");
    host.kill();
    assert!(
        complaint.contains("BIN probe") && complaint.contains("the variable A"),
        "{complaint}"
    );
    let accept = complaint
        .split("--accept ")
        .nth(1)
        .expect("a flag")
        .split('`')
        .next()
        .expect("its value");
    let host = start(&scratch, &file, &["--accept", accept]);
    assert!(answer(&host).contains("HOME="));
    for wrong in [
        "a:probe",
        "a@sha256:00",
        "aprobe@sha256:00",
        "a:probe@sha256:00",
    ] {
        cofferdam(&Scratch::new(), ["serve", "--accept", wrong])
            .run()
            .exits(2)
            .complains(&["--accept", wrong]);
    }
}
