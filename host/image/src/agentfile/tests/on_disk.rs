//! Files that are read.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::agentfile::{Agentfile, Needed, ReadError, Source};

fn read_whole(path: &Path) -> Result<Agentfile, ReadError> {
    let written = Source::read(path)?.parse(BTreeMap::new(), Needed::AGENT)?;
    Ok(written.resolve(None)?)
}

#[test]
fn reads_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Agentfile");
    let check = |content: &[u8], expected: &str| {
        fs::write(&path, content).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}:{expected}", path.display()));
    };
    check(
        b"FROM scratch\nNAME \xc3\xa9\xff\n",
        "2:7: byte 0xff is not UTF-8; save the file as UTF-8",
    );
    check(
        b"\xfe\xff",
        "1:1: byte 0xfe is not UTF-8; save the file as UTF-8",
    );
    check(
        b"FROM x\nNAME a\nMODEL a/b\n",
        "1:6: the Agentfile builds on the image x:latest, so it is built before it is used: \
         `cofferdam image build` does it",
    );
    // The cap may fall into the middle of a character.
    check(
        "é".repeat(1 << 20).as_bytes(),
        "1:1: the file has more than 1048576 bytes; make it shorter",
    );

    fs::write(&path, LEAST).unwrap();
    assert_eq!(read(&path).unwrap(), parsed(LEAST));

    let missing = dir.path().join("missing");
    let error = read(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!(
            "cannot read the Agentfile {}: ",
            missing.display()
        )),
        "{error}"
    );
}

#[test]
fn reads_texts_beside_the_agentfile() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Agentfile");
    fs::create_dir(dir.path().join("docs")).unwrap();
    fs::write(dir.path().join("docs/soul.md"), "be kind\n\n").unwrap();
    fs::write(
        &path,
        format!("{LEAST}CONTEXT SOUL \"who\" file://docs/soul.md\n"),
    )
    .unwrap();
    let agentfile = read_whole(&path).unwrap();
    let [soul] = agentfile.contexts.as_slice() else {
        panic!("{:?}", agentfile.contexts)
    };
    assert_eq!(soul.content, "be kind");
    assert_eq!(soul.file.as_deref(), Some("docs/soul.md".as_ref()));
    assert_eq!(read(&path).unwrap().contexts[0].content, "");

    // A link leads out of the directory.
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::remove_file(dir.path().join("docs/soul.md")).unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("docs/soul.md")).unwrap();
    let error = read_whole(&path).unwrap_err().to_string();
    assert!(error.contains("context SOUL: cannot read"), "{error}");

    fs::remove_file(dir.path().join("docs/soul.md")).unwrap();
    fs::write(dir.path().join("docs/soul.md"), b"\xff").unwrap();
    let error = read_whole(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("it is not valid UTF-8; save it as UTF-8"),
        "{error}"
    );
}

#[test]
fn reads_the_files_of_add() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Agentfile");
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/towns.csv"), b"a,b\n\xff").unwrap();
    let lines = "ADD data/towns.csv\nADD file://data/towns.csv /etc/data/copy.csv \"again\"\n\
                 ADD data/towns.csv _third\n";
    fs::write(&path, format!("{LEAST}{lines}")).unwrap();
    let agentfile = read_whole(&path).unwrap();
    let names = agentfile.adds.iter().map(|add| add.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["towns.csv", "copy.csv", "_third"]
    );
    assert!(
        agentfile
            .adds
            .iter()
            .all(|add| *add.content == *b"a,b\n\xff")
    );
    assert_eq!(agentfile.adds[1].description.as_deref(), Some("again"));

    let large = vec![0; usize::try_from(crate::agentfile::DATA_MAX_BYTES).unwrap() + 1];
    fs::write(dir.path().join("data/towns.csv"), large).unwrap();
    let error = read_whole(&path).unwrap_err().to_string();
    assert!(
        error.contains("ADD towns.csv: cannot read") && error.contains("16777216 bytes"),
        "{error}"
    );
    fs::remove_file(dir.path().join("data/towns.csv")).unwrap();
    fs::create_dir(dir.path().join("data/towns.csv")).unwrap();
    let error = read_whole(&path).unwrap_err().to_string();
    assert!(error.ends_with("it is not a regular file"), "{error}");
}

#[test]
fn files_are_known_whatever_an_agentfile_builds_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Agentfile");
    let text = "FROM base:1\nCONTEXT A file://docs/a.md\nCONTEXT B <<EOF\nEOF\n\
                ADD towns.csv\nBIN wc ./wc.wasm\nBIN jq jq:1\n";
    fs::write(&path, text).unwrap();
    let files = crate::agentfile::named_files(&path).unwrap();
    assert_eq!(
        files.data,
        ["docs/a.md", "towns.csv"].map(std::path::PathBuf::from)
    );
    assert_eq!(files.components, [std::path::PathBuf::from("./wc.wasm")]);
}
