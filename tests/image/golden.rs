//! Agentfiles of the public project's shape, each with the config of its image or the exact error.
//! Files are in `tests/golden/agentfile`: `NAME.agentfile` with `NAME.json` or `NAME.error`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::support::agents::config;
use crate::support::images::keep;
use crate::support::{Scratch, checkout, cofferdam};

/// The flags of a case, which stand in a comment.
const FLAGS: &str = "# args: ";

fn cases() -> Vec<PathBuf> {
    let directory = checkout().join("tests/golden/agentfile");
    let entries = std::fs::read_dir(directory).expect("the golden files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "agentfile"))
        .collect();
    // Some build on those before them.
    cases.sort();
    cases
}

/// Builds a case, and returns the config of its image, or else the error, which calls the file
/// `Agentfile` and its directory `.`.
fn built(scratch: &Scratch, case: &Path) -> Result<String, String> {
    let name = case.file_stem().expect("a name").to_string_lossy();
    let text = std::fs::read_to_string(case).expect("a case");
    let home = case.parent().expect("a directory").join("files");
    let tag = format!("golden/{name}:1");
    let line = [
        "image", "build", "--format", "json", "--tag", &tag, "--file",
    ];
    let line = line.iter().map(OsString::from);
    let line = line.chain([case.as_os_str().into(), home.as_os_str().into()]);
    let flags = text.lines().filter_map(|line| line.strip_prefix(FLAGS));
    let flags = flags.flat_map(|flags| flags.split(' ').map(OsString::from));
    let ran = cofferdam(scratch, line.chain(flags)).run();
    if ran.code == Some(0) {
        let digest = ran.json()["digest"].as_str().expect("a digest").to_owned();
        return Ok(config(scratch, &digest));
    }
    assert_eq!(ran.code, Some(2), "{name}: {}", ran.stderr);
    let said = ran.stderr.replace(&*case.to_string_lossy(), "Agentfile");
    Err(said.replace(&*home.to_string_lossy(), "."))
}

#[test]
fn agentfiles_resolve_as_their_golden_files_say() {
    let scratch = Scratch::new();
    keep(&scratch, "ghcr.io/example/wc:1", "Counts");
    let cases = cases();
    let mut wrong = Vec::new();
    let mut errors = 0;
    for case in &cases {
        let (file, found) = match built(&scratch, case) {
            Ok(config) => (case.with_extension("json"), config),
            Err(said) => {
                errors += 1;
                (case.with_extension("error"), said)
            }
        };
        // To write them anew, after a look at each: COFFERDAM_GOLDEN=write.
        if std::env::var("COFFERDAM_GOLDEN").is_ok_and(|what| what == "write") {
            std::fs::write(&file, &found).expect("a golden file");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if expected != found {
            let file = file.file_name().expect("a name").to_string_lossy();
            wrong.push(format!("{file}: expected\n{expected}\nfound\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 40 && errors * 2 >= cases.len(), "{errors}");
}
