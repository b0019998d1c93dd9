//! Files of the data directory that are damaged or missing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{agentfile, agents, nothing, tree};
use crate::support::{Host, Scratch, cofferdam};

/// How long a host that must not start may take to say so. One that starts runs for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory with one agent `a`, whose host was killed.
fn with_agent(scratch: &Scratch) -> String {
    nothing(scratch, "a/one.wasm");
    let file = agentfile(scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    let host = Host::start(scratch, ["--agentfile", &file]);
    cofferdam(
        scratch,
        ["chat", "a", "--new", "--session", "kept", "run one"],
    )
    .run()
    .exits(0);
    assert_eq!(host.terminate(), Some(0));
    file
}

fn serve(scratch: &Scratch, args: &[&str]) -> crate::support::Ran {
    cofferdam(
        scratch,
        ["serve", "--listen", "127.0.0.1:0"].iter().chain(args),
    )
    .patience(PATIENCE)
    .run()
}

#[test]
fn a_broken_image_store_concerns_images_alone() {
    for (file, content) in [("oci-layout", "{"), ("index.json", "{"), ("oci-layout", "")] {
        let scratch = Scratch::new();
        with_agent(&scratch);
        cofferdam(&scratch, ["tool", "ls"]).run().exits(0);
        let path = scratch.data().join("images").join(file);
        std::fs::write(&path, content).unwrap();
        let images = agentfile(&scratch, "b", "BIN one one:1")
            .display()
            .to_string();
        let mut host = Host::start(&scratch, ["--agentfile", &images]);
        let said = host.hears("no agent was made from");
        for part in [
            "agent b, BIN one",
            &scratch.data().join("images").display().to_string(),
            file,
            "move the directory",
        ] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        assert_eq!(
            agents(&scratch),
            [("a".to_owned(), "ready".to_owned(), r#"["one"]"#.to_owned())]
        );
        cofferdam(&scratch, ["tool", "ls"])
            .run()
            .exits(1)
            .complains(&[file, "move the directory"]);
    }
    // Something else altogether under its name.
    let scratch = Scratch::new();
    with_agent(&scratch);
    std::fs::remove_dir_all(scratch.data().join("images")).ok();
    std::fs::write(scratch.data().join("images"), "").unwrap();
    let _host = Host::start::<&str>(&scratch, []);
    assert_eq!(agents(&scratch)[0].1, "ready");
}

#[test]
fn a_bad_agentfile_concerns_its_agent_alone() {
    let scratch = Scratch::new();
    let good = with_agent(&scratch);
    let bad = scratch
        .file(
            "bad/Agentfile",
            "FROM scratch\nNAME bad\nMODEL builtin/chess\n",
        )
        .display()
        .to_string();
    let missing = scratch
        .path()
        .join("nowhere/Agentfile")
        .display()
        .to_string();
    let args = [
        "--agentfile",
        &bad,
        "--agentfile",
        &missing,
        "--agentfile",
        &good,
    ];
    let mut host = Host::start(&scratch, args);
    assert!(
        host.hears(&format!("no agent was made from {bad}"))
            .contains("chess")
    );
    host.hears(&format!("no agent was made from {missing}"));
    assert_eq!(
        agents(&scratch),
        [("a".to_owned(), "ready".to_owned(), r#"["one"]"#.to_owned())]
    );
    host.kill();
    // The agent that a bad one was to replace stays as it is.
    std::fs::write(
        &good,
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN one ./nowhere.wasm\n",
    )
    .unwrap();
    let mut host = Host::start(&scratch, ["--agentfile", &good]);
    host.hears("nowhere.wasm");
    assert_eq!(agents(&scratch)[0].1, "ready");
}

#[test]
fn agents_without_their_database_are_refused() {
    let scratch = Scratch::new();
    let file = with_agent(&scratch);
    let database = scratch.data().join("cofferdam.db");
    let whole = std::fs::read(&database).unwrap();
    let trees = scratch.data().join("agents").display().to_string();
    let way_back = [
        &*database.display().to_string(),
        &trees,
        "1 agents",
        "put the database back",
        "move",
    ];
    let check = |problem: &str, prepare: &dyn Fn()| {
        prepare();
        let before = std::fs::read(&database).ok();
        for args in [&[][..], &["--agentfile", &file]] {
            let ran = serve(&scratch, args).exits(1);
            ran.complains(&way_back).complains(&[problem]);
        }
        assert_eq!(std::fs::read(&database).ok(), before, "it is left as it is");
    };
    check("is missing", &|| std::fs::remove_file(&database).unwrap());
    check("is empty", &|| std::fs::write(&database, "").unwrap());
    check("knows no agent", &|| {
        let new = Scratch::new();
        Host::start::<&str>(&new, []).terminate();
        std::fs::copy(new.data().join("cofferdam.db"), &database).unwrap();
    });
    // The way back.
    std::fs::write(&database, &whole).unwrap();
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(agents(&scratch)[0].1, "ready");
    host.kill();
    std::fs::remove_file(&database).unwrap();
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(scratch.data().join(format!("cofferdam.db{suffix}"))).ok();
    }
    std::fs::rename(scratch.data().join("agents"), scratch.path().join("aside")).unwrap();
    let _host = Host::start(&scratch, ["--agentfile", &file]);
    assert_eq!(agents(&scratch)[0].1, "ready");
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new();
    with_agent(&scratch);
    let database = scratch.data().join("cofferdam.db");
    let whole = std::fs::read(&database).unwrap();
    let garbage = [0x5a; 8_192];
    let middle = [&whole[..4_096], &garbage[..], &whole[12_288..]].concat();
    let first_page = [&whole[..100], &garbage[..3_996], &whole[4_096..]].concat();
    let halves = [
        &garbage[..],
        b"text",
        &whole[..20],
        &whole[..4_096],
        &whole[..whole.len() - 4_096],
        &middle,
        &first_page,
    ];
    let trees = scratch.data().join("agents");
    let kept = files(&trees);
    for damaged in halves {
        std::fs::write(&database, damaged).unwrap();
        let ran = serve(&scratch, &[]).exits(1);
        // The database, what SQLite may lay beside it, and every tree are as they were, and no host
        // is there.
        assert_eq!(
            std::fs::read(&database).unwrap(),
            damaged,
            "it is left as it is"
        );
        for beside in ["cofferdam.db-wal", "cofferdam.db-journal"] {
            let size = scratch
                .data()
                .join(beside)
                .metadata()
                .map_or(0, |metadata| metadata.len());
            assert_eq!(size, 0, "{beside}");
        }
        assert_eq!(files(&trees), kept, "trees are left as they are");
        cofferdam(&scratch, ["ps"])
            .run()
            .exits(1)
            .complains(&["no host answers"]);
        ran.complains(&[
            &database.display().to_string(),
            "is damaged",
            "backup",
            "move it",
        ]);
    }
    // Both ways back that the sentence names: moved away with its trees, and put back.
    let aside = |name: &str| {
        (
            scratch.data().join(name),
            scratch.path().join(format!("aside-{name}")),
        )
    };
    let names = ["cofferdam.db", "agents"].map(aside);
    names
        .iter()
        .for_each(|(from, to)| std::fs::rename(from, to).unwrap());
    assert_eq!(Host::start::<&str>(&scratch, []).terminate(), Some(0));
    std::fs::remove_dir_all(&trees).ok();
    names
        .iter()
        .for_each(|(from, to)| std::fs::rename(to, from).unwrap());
    std::fs::write(&database, whole).unwrap();
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(agents(&scratch)[0].1, "ready");
    assert!(
        cofferdam(&scratch, ["sessions", "show", "kept"])
            .run()
            .exits(0)
            .stdout
            .contains("run one")
    );
    assert!(!host.chat("a", "run one").is_empty());
}

/// The files below a directory, each with what is in it, by name.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path());
    let content = |path: PathBuf| {
        if path.is_dir() {
            return files(&path);
        }
        let content = std::fs::read(&path).expect("a file");
        vec![(path, content)]
    };
    let mut files: Vec<_> = entries.flat_map(content).collect();
    files.sort();
    files
}

/// A tree that a database does not know is named, and the others are served.
#[test]
fn a_tree_that_the_database_does_not_know_is_told() {
    let scratch = Scratch::new();
    with_agent(&scratch);
    let known = tree(&scratch.data());
    let unknown = scratch
        .data()
        .join("agents/6f1ed002-ab5e-4e5b-8d4c-0f0fdbd0e8a1");
    std::fs::create_dir_all(unknown.join("etc")).unwrap();
    std::fs::copy(known.join("etc/Agentfile"), unknown.join("etc/Agentfile")).unwrap();
    let mut host = Host::start::<&str>(&scratch, []);
    host.hears(&format!(
        "{}: the database does not know this agent",
        unknown.display()
    ));
    assert_eq!(agents(&scratch).len(), 1);
    assert!(Path::new(&unknown).exists());
}
