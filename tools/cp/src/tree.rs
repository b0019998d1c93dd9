//! Directories behind symbolic links (`-rL`, `-rH`, `-r link/`), which uutils cannot copy here: it
//! compares files by numbers that WASI does not show. They are walked here, and each file is
//! copied by the program.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};

use crate::paths::{is_link, real_path};
use crate::same::{self, complain};

/// Directories inside one another: a bound on the recursion, far above what anybody has.
const MAX_DEPTH: usize = 64;

/// Options that say how a file is copied, by the name of the program's and by the letter.
const FLAGS: [(&str, &str); 7] = [
    ("verbose", "-v"),
    ("force", "-f"),
    ("no-clobber", "-n"),
    ("interactive", "-i"),
    ("remove-destination", "--remove-destination"),
    ("attributes-only", "--attributes-only"),
    ("debug", "--debug"),
];

/// Sources with directories behind links, and where they are copied.
pub(crate) struct Copy {
    sources: Vec<PathBuf>,
    target: PathBuf,
    /// The target is the copy, not a directory to copy into.
    exact: bool,
    /// `-L`: links inside are followed, too.
    follows: bool,
    keeps_times: bool,
    flags: Vec<OsString>,
}

impl Copy {
    /// Reads the arguments; nothing when the program can do it itself.
    pub(crate) fn parse(args: &[OsString]) -> Option<Self> {
        let matches = uu_cp::uu_app().try_get_matches_from(args).ok()?;
        let is_set = |name: &str| matches.get_flag(name);
        if !(is_set("recursive") || is_set("archive")) || is_set("parents") {
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
        let follows = is_set("dereference");
        let follows_named = is_set("cli-symbolic-links");
        let needs_us = |source: &PathBuf| {
            let slashed = source.as_os_str().as_encoded_bytes().ends_with(b"/");
            source.is_dir() && (follows || (is_link(source) && (follows_named || slashed)))
        };
        if !sources.iter().any(needs_us) {
            return None;
        }
        let mut flags: Vec<OsString> = FLAGS
            .iter()
            .filter(|(name, _)| is_set(name))
            .map(|(_, flag)| flag.into())
            .collect();
        if let Some(update) = matches.get_one::<String>("update") {
            flags.push(format!("--update={update}").into());
        }
        if is_set("u") {
            flags.push("-u".into());
        }
        let keeps_times = is_set("archive")
            || is_set("preserve-default-attributes")
            || matches.contains_id("preserve");
        if keeps_times {
            flags.push("--preserve=timestamps".into());
        }
        Some(Self {
            sources,
            target,
            exact: is_set("no-target-directory"),
            follows,
            keeps_times,
            flags,
        })
    }

    /// Copies all sources, and returns the exit code.
    pub(crate) fn run(&self) -> i32 {
        let into = self.target.is_dir() && !self.exact;
        if self.sources.len() > 1 && !into {
            return complain(&format!(
                "target '{}' is not a directory",
                self.target.display()
            ));
        }
        let mut code = 0;
        for source in &self.sources {
            let target = match source.file_name().filter(|_| into) {
                Some(name) => self.target.join(name),
                None => self.target.clone(),
            };
            code = code.max(self.copy(source, &target, &mut Vec::new()));
        }
        code
    }

    /// Copies a file or a directory. `above` are the directories that it is in.
    fn copy(&self, source: &Path, target: &Path, above: &mut Vec<PathBuf>) -> i32 {
        let follows = self.follows || above.is_empty();
        if !source.is_dir() || (!follows && is_link(source)) {
            return self.file(source, target);
        }
        let Some(real) = real_path(source) else {
            return complain(&format!("cannot access '{}'", source.display()));
        };
        if above.contains(&real) || above.len() == MAX_DEPTH {
            return complain(&format!(
                "'{}' leads back to a directory that it is in; not copied",
                source.display()
            ));
        }
        let inside = real_path(&target.join("..")).is_some_and(|parent| parent.starts_with(&real))
            || real_path(target).is_some_and(|target| target == real);
        if inside && above.is_empty() {
            return complain(&format!(
                "cannot copy a directory, '{}', into itself, '{}'",
                source.display(),
                target.display()
            ));
        }
        if !target.is_dir()
            && let Err(error) = fs::create_dir(target)
        {
            return complain(&format!(
                "cannot create directory '{}': {error}",
                target.display()
            ));
        }
        let entries = match fs::read_dir(source) {
            Ok(entries) => entries,
            Err(error) => {
                return complain(&format!("cannot access '{}': {error}", source.display()));
            }
        };
        let mut names: Vec<_> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        above.push(real);
        let mut code = 0;
        for name in names {
            code = code.max(self.copy(&source.join(&name), &target.join(&name), above));
        }
        above.pop();
        if self.keeps_times {
            keep_times(source, target);
        }
        code
    }

    fn file(&self, source: &Path, target: &Path) -> i32 {
        let mut args: Vec<OsString> = vec!["cp".into()];
        args.extend(self.flags.iter().cloned());
        args.push(if self.follows { "-L" } else { "-P" }.into());
        args.extend(["-T".into(), "--".into(), source.into(), target.into()]);
        same::copy(args)
    }
}

/// Gives a directory the time of another one; a file system that keeps none is no reason to fail.
fn keep_times(source: &Path, target: &Path) {
    let modified = fs::metadata(source).and_then(|metadata| metadata.modified());
    if let (Ok(modified), Ok(directory)) = (modified, File::open(target)) {
        directory
            .set_times(FileTimes::new().set_modified(modified))
            .ok();
    }
}
