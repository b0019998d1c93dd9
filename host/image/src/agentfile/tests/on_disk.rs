//! Files that are read.

use super::*;

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
    check(b"FROM x\n", "1:6: only `FROM scratch` for now, not `x`");
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
