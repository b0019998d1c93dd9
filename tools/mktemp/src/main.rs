//! `mktemp` of uutils, with its messages set up.
//!
//! What it makes is for the calls after it, and `/tmp` is gone with the call: where nobody names a
//! directory, the name is made in the workspace.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

use std::ffi::OsString;
use std::path::PathBuf;

/// Where a name is made that has no directory.
const DIRECTORY: &str = "/workspace";

mod program {
    /// The program, with a directory where it would have taken that for temporary files.
    mod uu_mktemp {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args = super::super::with_directory(args.collect());
            ::uu_mktemp::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_mktemp);
}

/// The arguments, said anew with `-p DIRECTORY` where the program would look for the directory of
/// temporary files.
fn with_directory(args: Vec<OsString>) -> Vec<OsString> {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_mktemp::uu_app().try_get_matches_from(&args) else {
        return args;
    };
    let template = matches.get_one::<OsString>("template");
    let in_one_part = template.is_none_or(|template| !template.to_string_lossy().contains('/'));
    let named = ["tmpdir", "p"].iter().any(|id| {
        matches
            .get_one::<Option<PathBuf>>(id)
            .is_some_and(Option::is_some)
    });
    let asked = matches.get_flag("t") || matches.contains_id("tmpdir") || template.is_none();
    if named || !asked || !in_one_part {
        return args;
    }
    let mut anew: Vec<OsString> = vec![
        args.into_iter().next().unwrap_or_default(),
        "-p".into(),
        DIRECTORY.into(),
    ];
    let flags = [("directory", "-d"), ("dry-run", "-u"), ("quiet", "-q")];
    anew.extend(
        flags
            .iter()
            .filter(|(id, _)| matches.get_flag(id))
            .map(|(_, flag)| flag.into()),
    );
    if let Some(suffix) = matches.get_one::<OsString>("suffix") {
        let mut option = OsString::from("--suffix=");
        option.push(suffix);
        anew.push(option);
    }
    anew.extend(
        template
            .into_iter()
            .flat_map(|template| ["--".into(), template.clone()]),
    );
    anew
}

fn main() {
    program::main();
}
