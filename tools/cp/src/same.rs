//! Copies of a file onto itself through a symbolic link, which uutils does not recognize here: the
//! link has another number than its file, and the file would be emptied before it is read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::paths::{is_link, real_path};

/// Options that replace the target or leave it as it is, so that nothing is lost.
const HARMLESS: [&str; 5] = [
    "no-clobber",
    "remove-destination",
    "link",
    "symbolic-link",
    "backupopt_b",
];

/// Options of which the next argument is the value.
const WITH_VALUE: [&str; 4] = ["-t", "--target-directory", "-S", "--suffix"];

/// Runs the program without the sources that are their own targets, and returns the exit code.
pub(crate) fn copy(mut args: Vec<OsString>) -> i32 {
    let Some(pairs) = pairs(&args) else {
        return uu_cp::uumain(args.into_iter());
    };
    let refused: Vec<_> = pairs.iter().filter(|pair| pair.is_one_file()).collect();
    for Pair { source, target, .. } in &refused {
        complain(&format!(
            "'{}' and '{}' are the same file",
            source.display(),
            target.display()
        ));
        if let Some(at) = position(&args, source) {
            args.remove(at);
        }
    }
    if !refused.is_empty() && refused.len() == pairs.len() {
        return 1;
    }
    let code = uu_cp::uumain(args.into_iter());
    code.max(i32::from(!refused.is_empty()))
}

struct Pair {
    source: PathBuf,
    target: PathBuf,
    /// A link is copied as what it leads to.
    follows: bool,
}

impl Pair {
    fn is_one_file(&self) -> bool {
        // A link that is itself copied may replace another one, and not its file.
        let is_through_link = match (is_link(&self.source), is_link(&self.target)) {
            (true, true) => self.follows,
            (source, target) => source || target,
        };
        is_through_link
            && self.source.is_file()
            && real_path(&self.source) == real_path(&self.target)
    }
}

/// Returns every source with its target, or nothing when no target would be written.
fn pairs(args: &[OsString]) -> Option<Vec<Pair>> {
    // What it does not understand the program refuses itself.
    let matches = uu_cp::uu_app().try_get_matches_from(args).ok()?;
    let is_set = |name: &str| matches.get_flag(name);
    let is_harmless = HARMLESS.iter().any(|name| is_set(name))
        || is_set("parents")
        || matches.contains_id("backupopt_backup")
        || matches.contains_id("backupopt_suffix");
    if is_harmless {
        return None;
    }
    let mut sources: Vec<PathBuf> = matches
        .get_many::<OsString>("paths")?
        .map(PathBuf::from)
        .collect();
    let target = match matches.get_one::<PathBuf>("target-directory") {
        Some(directory) => directory.clone(),
        None => sources.pop()?,
    };
    let is_into = target.is_dir() && !is_set("no-target-directory");
    let is_whole_tree = is_set("recursive") || is_set("archive");
    let follows = is_set("dereference")
        || !(is_set("no-dereference")
            || is_set("no-dereference-preserve-links")
            || (is_whole_tree && !is_set("cli-symbolic-links")));
    let with_target = |source: PathBuf| Pair {
        target: match source.file_name().filter(|_| is_into) {
            Some(name) => target.join(name),
            None => target.clone(),
        },
        source,
        follows,
    };
    Some(sources.into_iter().map(with_target).collect())
}

/// Returns the place of a source among the arguments.
fn position(args: &[OsString], source: &Path) -> Option<usize> {
    (1..args.len()).find(|at| {
        let is_value = at
            .checked_sub(1)
            .and_then(|before| args.get(before))
            .is_some_and(|before| WITH_VALUE.iter().any(|option| before == option));
        !is_value && args.get(*at).is_some_and(|arg| arg == source.as_os_str())
    })
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
pub(crate) fn complain(what: &str) -> i32 {
    eprintln!("cp: {what}");
    1
}
