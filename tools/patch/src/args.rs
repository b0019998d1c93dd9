//! The command line.

use std::path::Path;

use cofferdam_command::{STDIN, Stop};
use lexopt::prelude::*;

/// Lines of context that may differ, unless `-F` says otherwise.
const FUZZ: usize = 2;

/// A parsed command line.
pub(crate) struct Args {
    /// The file to change, if it is named.
    pub(crate) file: Option<String>,
    pub(crate) patch: String,
    pub(crate) strip: Option<usize>,
    pub(crate) reverse: bool,
    /// `-N`: what is applied already is skipped without a question.
    pub(crate) forward: bool,
    /// `-f`: nothing is asked, and nothing assumed.
    pub(crate) force: bool,
    /// `-t`: a patch that is applied already is taken back.
    pub(crate) batch: bool,
    pub(crate) silent: bool,
    pub(crate) dry_run: bool,
    pub(crate) fuzz: usize,
    pub(crate) backup: bool,
    /// A copy is kept of files whose hunks did not fit exactly.
    pub(crate) backup_if_mismatch: bool,
    pub(crate) suffix: String,
    pub(crate) output: Option<String>,
    pub(crate) directory: String,
    /// `-r`: `-` keeps none.
    pub(crate) rejects: Option<String>,
    pub(crate) ignore_blanks: bool,
    /// `-E`: files that become empty are removed.
    pub(crate) remove_empty: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            file: None,
            patch: STDIN.to_owned(),
            strip: None,
            reverse: false,
            forward: false,
            force: false,
            batch: false,
            silent: false,
            dry_run: false,
            fuzz: FUZZ,
            backup: false,
            backup_if_mismatch: true,
            suffix: ".orig".to_owned(),
            output: None,
            directory: String::new(),
            rejects: None,
            ignore_blanks: false,
            remove_empty: false,
        };
        let mut words = Vec::new();
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('p') | Long("strip") => args.strip = Some(parser.value()?.parse()?),
                Short('i') | Long("input") => args.patch = parser.value()?.string()?,
                Short('R') | Long("reverse") => args.reverse = true,
                Short('N') | Long("forward") => args.forward = true,
                Short('f') | Long("force") => args.force = true,
                Short('t') | Long("batch") => args.batch = true,
                Short('s') | Long("quiet" | "silent") => args.silent = true,
                Long("dry-run") => args.dry_run = true,
                Short('F') | Long("fuzz") => args.fuzz = parser.value()?.parse()?,
                Short('b') | Long("backup") => args.backup = true,
                Long("no-backup-if-mismatch") => args.backup_if_mismatch = false,
                Long("backup-if-mismatch") => args.backup_if_mismatch = true,
                Short('z') | Long("suffix") => args.suffix = parser.value()?.string()?,
                Short('o') | Long("output") => args.output = Some(parser.value()?.string()?),
                Short('d') | Long("directory") => args.directory = parser.value()?.string()?,
                Short('r') | Long("reject-file") => {
                    args.rejects = Some(parser.value()?.string()?);
                }
                Short('l') | Long("ignore-whitespace") => args.ignore_blanks = true,
                Short('E') | Long("remove-empty-files") => args.remove_empty = true,
                // The only kind there is here.
                Short('u') | Long("unified") => {}
                Short('c' | 'e' | 'n') | Long("context" | "ed" | "normal") => {
                    return Err(Stop::new(
                        "only unified differences are applied here: diff -u",
                    ));
                }
                Value(value) => words.push(value.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut words = words.into_iter();
        args.file = words.next();
        if let Some(patch) = words.next() {
            args.patch = patch;
        }
        if let Some(extra) = words.next() {
            return Err(Stop::new(format!("{extra}: extra operand")));
        }
        if args.suffix.is_empty() || args.suffix.contains('/') {
            return Err(Stop::new(format!("{:?} is not a suffix", args.suffix)));
        }
        Ok(args)
    }

    /// Path of the patch, relative to `-d`.
    pub(crate) fn patch_path(&self) -> String {
        if self.patch == STDIN {
            return self.patch.clone();
        }
        let path = Path::new(&self.directory).join(&self.patch);
        path.to_string_lossy().into_owned()
    }
}
