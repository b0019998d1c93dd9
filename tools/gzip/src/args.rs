//! What was asked for.

use cofferdam_command::{STDIN, Stop};
use flate2::Compression;
use lexopt::prelude::*;

/// What happens with each file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Compress,
    Decompress,
    List,
    Test,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) work: Work,
    pub(crate) level: Compression,
    /// To standard output, and the file stays.
    pub(crate) stdout: bool,
    /// The file stays.
    pub(crate) keep: bool,
    /// Replace what is there.
    pub(crate) force: bool,
    /// Files below directories, too.
    pub(crate) recursive: bool,
    /// Leave name and time out of the header.
    pub(crate) anonymous: bool,
    pub(crate) quiet: bool,
    /// `-v`: what was done is told.
    pub(crate) verbose: bool,
    pub(crate) suffix: String,
    pub(crate) files: Vec<String>,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            work: Work::Compress,
            level: Compression::default(),
            stdout: false,
            keep: false,
            force: false,
            recursive: false,
            anonymous: false,
            quiet: false,
            verbose: false,
            suffix: ".gz".to_owned(),
            files: Vec::new(),
        };
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('d') | Long("decompress" | "uncompress") => args.work = Work::Decompress,
                Short('l') | Long("list") => args.work = Work::List,
                Short('t') | Long("test") => args.work = Work::Test,
                Short('c') | Long("stdout" | "to-stdout") => args.stdout = true,
                Short('k') | Long("keep") => args.keep = true,
                Short('f') | Long("force") => args.force = true,
                Short('n') | Long("no-name") => args.anonymous = true,
                Short('q') | Long("quiet") => (args.quiet, args.verbose) = (true, false),
                Short('v') | Long("verbose") => (args.quiet, args.verbose) = (false, true),
                // Both only say how bytes are laid out, which decompresses to the same.
                Long("rsyncable" | "synchronous") => {}
                Short('a') | Long("ascii") => {}
                Short('h') | Long("help") => {
                    return Err(Stop::new("ask for --help alone"));
                }
                Short('S') | Long("suffix") => args.suffix = parser.value()?.string()?,
                Short(digit @ '1'..='9') => {
                    args.level = Compression::new(digit.to_digit(10).unwrap_or(6))
                }
                Long("fast") => args.level = Compression::fast(),
                Long("best") => args.level = Compression::best(),
                Short('r') | Long("recursive") => args.recursive = true,
                Short('N') | Long("name") => {
                    return Err(Stop::new(
                        "-N is not supported here: the name comes from the file, not from the \
                         archive",
                    ));
                }
                Value(file) => args.files.push(file.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        if args.suffix.is_empty() || args.suffix.contains('/') {
            return Err(Stop::new(format!("{:?} is not a suffix", args.suffix)));
        }
        if args.work == Work::List && args.verbose {
            return Err(Stop::new("-l tells no more with -v here: leave -v out"));
        }
        if args.files.is_empty() {
            args.files.push(STDIN.to_owned());
        }
        Ok(args)
    }
}
