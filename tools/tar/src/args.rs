//! The command line, with dashes or without.

use std::path::PathBuf;

use cofferdam_command::{Pattern, STDIN, Stop, arguments, read};
use lexopt::prelude::*;

use crate::TROUBLE;

/// Letters that take a value, for `tar czf x.tgz` without a dash.
const VALUED: [char; 6] = ['f', 'C', 'T', 'X', 'b', 'H'];

/// GNU tar's exit code for options that do not exist, or that lack their value.
const USAGE: u8 = 64;

const ONLY_GZIP: &str = "gzip (-z) is the only compression here";

/// Ends of names by which `-a` knows gzip.
const GZIP_SUFFIXES: [&str; 3] = [".gz", ".tgz", ".taz"];

/// Ends of names by which GNU tar's `-a` knows other compressions.
const OTHER_SUFFIXES: [&str; 14] = [
    ".Z", ".taZ", ".bz2", ".tz2", ".tbz2", ".tbz", ".lz", ".lzma", ".tlz", ".lzo", ".xz", ".txz",
    ".zst", ".tzst",
];

/// The task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Create,
    Extract,
    List,
}

/// A file to pack, or a member to unpack, with the directory of the `-C` before it.
pub(crate) struct Operand {
    pub(crate) directory: PathBuf,
    pub(crate) name: String,
}

/// The reason why a command line is refused, with the exit code of GNU tar.
pub(crate) struct Wrong(Stop);

/// A parsed command line.
pub(crate) struct Args {
    pub(crate) task: Task,
    /// `-` is standard input or output.
    pub(crate) archive: String,
    pub(crate) gzip: bool,
    pub(crate) verbose: bool,
    pub(crate) operands: Vec<Operand>,
    /// Directory to unpack into: the last `-C`.
    pub(crate) directory: PathBuf,
    pub(crate) exclude: Vec<Pattern>,
    /// Leading parts of names that are left out.
    pub(crate) strip: usize,
    pub(crate) to_stdout: bool,
    pub(crate) keep: bool,
    /// Files get the time of now.
    pub(crate) touch: bool,
    /// Links are packed as what they lead to.
    pub(crate) follow: bool,
    /// Operands are patterns.
    pub(crate) wildcards: bool,
}

impl Wrong {
    /// Says what is asked for and not done.
    fn what(sentence: impl Into<String>) -> Self {
        Stop::new(sentence).into()
    }
}

impl From<Stop> for Wrong {
    fn from(stop: Stop) -> Self {
        Self(stop.with_code(TROUBLE))
    }
}

impl From<lexopt::Error> for Wrong {
    fn from(error: lexopt::Error) -> Self {
        let usage = !matches!(error, lexopt::Error::ParsingFailed { .. });
        Self(Stop::from(error).with_code(if usage { USAGE } else { TROUBLE }))
    }
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        wrong.0
    }
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Wrong> {
        let mut task = None;
        let mut by_name = false;
        let mut args = Self {
            task: Task::List,
            archive: STDIN.to_owned(),
            gzip: false,
            verbose: false,
            operands: Vec::new(),
            directory: PathBuf::new(),
            exclude: Vec::new(),
            strip: 0,
            to_stdout: false,
            keep: false,
            touch: false,
            follow: false,
            wildcards: false,
        };
        let mut parser = lexopt::Parser::from_args(with_dashes(arguments().collect())?);
        parser.set_short_equals(false);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('c') | Long("create") => start(Task::Create, &mut task)?,
                Short('x') | Long("extract" | "get") => start(Task::Extract, &mut task)?,
                Short('t') | Long("list") => start(Task::List, &mut task)?,
                Value(name) => {
                    let name = name.string()?;
                    args.operand(name);
                }
                Short('f') | Long("file") => args.archive = parser.value()?.string()?,
                Short('z') | Long("gzip" | "gunzip" | "ungzip") => args.gzip = true,
                Short('v') | Long("verbose") => args.verbose = true,
                Short('C') | Long("directory") => {
                    args.directory = args.directory.join(parser.value()?.string()?);
                }
                Short('O') | Long("to-stdout") => args.to_stdout = true,
                Short('k') | Long("keep-old-files") => args.keep = true,
                Short('m') | Long("touch") => args.touch = true,
                Short('h') | Long("dereference") => args.follow = true,
                Long("strip-components" | "strip") => args.strip = parser.value()?.parse()?,
                Long("wildcards") => args.wildcards = true,
                Long("exclude") => {
                    let pattern = parser.value()?.string()?;
                    args.exclude.push(Pattern::new(&pattern, false));
                }
                Short('X') | Long("exclude-from") => {
                    for line in lines(&parser.value()?.string()?)? {
                        args.exclude.push(Pattern::new(&line, false));
                    }
                }
                Short('T') | Long("files-from") => {
                    for line in lines(&parser.value()?.string()?)? {
                        args.operand(line);
                    }
                }
                // Files have no owners and permissions here, and names come sorted.
                Short('p')
                | Long(
                    "same-permissions"
                    | "preserve-permissions"
                    | "no-same-permissions"
                    | "no-same-owner"
                    | "same-owner"
                    | "numeric-owner"
                    | "no-acls"
                    | "no-selinux"
                    | "no-xattrs"
                    | "overwrite"
                    | "utc",
                ) => {}
                Long("owner" | "group") => drop(parser.value()?),
                Short('a') | Long("auto-compress") => by_name = true,
                Long("sort") => match parser.value()?.string()?.as_str() {
                    "name" => {}
                    other => {
                        return Err(Wrong::what(format!(
                            "--sort={other}: only name is supported"
                        )));
                    }
                },
                Short('j' | 'J' | 'Z') | Long("bzip2" | "xz" | "zstd" | "lzma" | "compress") => {
                    return Err(Wrong::what(ONLY_GZIP));
                }
                Short('r' | 'u' | 'A') | Long("append" | "update" | "delete" | "concatenate") => {
                    return Err(Wrong::what("archives are not changed here: pack a new one"));
                }
                Short('P') | Long("absolute-names") => {
                    return Err(Wrong::what(
                        "-P is not supported here: names stay below a directory",
                    ));
                }
                other => return Err(other.unexpected().into()),
            }
        }
        args.task =
            task.ok_or_else(|| Wrong::what("say what to do: -c packs, -x unpacks, -t lists"))?;
        if by_name && args.task == Task::Create {
            args.gzip = args.gzip || is_gzip(&args.archive)?;
        }
        if args.task == Task::Create && args.operands.is_empty() {
            return Err(Wrong::what(
                "an archive of nothing is not made: name the files to pack",
            ));
        }
        Ok(args)
    }

    fn operand(&mut self, name: String) {
        self.operands.push(Operand {
            directory: self.directory.clone(),
            name,
        });
    }

    /// Returns true if a name, or a directory above it, is excluded.
    pub(crate) fn excludes(&self, name: &str) -> bool {
        if self.exclude.is_empty() {
            return false;
        }
        let name = name.trim_end_matches('/');
        // Patterns match from any part of the name to any other.
        let starts = std::iter::once(0).chain(name.match_indices('/').map(|(at, _)| at + 1));
        starts.into_iter().any(|start| {
            let tail = name.get(start..).unwrap_or_default();
            let ends = tail.match_indices('/').map(|(at, _)| at);
            ends.chain(std::iter::once(tail.len())).any(|end| {
                let part = tail.get(..end).unwrap_or_default();
                self.exclude.iter().any(|pattern| pattern.matches(part))
            })
        })
    }
}

/// Returns true if an archive of that name is compressed by gzip, for `-a`.
fn is_gzip(archive: &str) -> Result<bool, Wrong> {
    let ends_in = |suffixes: &[&str]| suffixes.iter().any(|suffix| archive.ends_with(suffix));
    if ends_in(&OTHER_SUFFIXES) {
        return Err(Wrong::what(ONLY_GZIP));
    }
    Ok(ends_in(&GZIP_SUFFIXES))
}

fn lines(file: &str) -> Result<Vec<String>, Stop> {
    let text = read(file)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(text
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Takes note of the task, of which there is one.
fn start(wanted: Task, task: &mut Option<Task>) -> Result<(), Wrong> {
    if task.is_some_and(|task| task != wanted) {
        return Err(Wrong::what("only one of -c, -x and -t can be done at once"));
    }
    *task = Some(wanted);
    Ok(())
}

/// `czf x.tgz` as `-c -z -f x.tgz`.
fn with_dashes(words: Vec<String>) -> Result<Vec<String>, Wrong> {
    let Some(first) = words.first().filter(|first| !first.starts_with('-')) else {
        return Ok(words);
    };
    let mut rest = words.iter().skip(1).cloned();
    let mut out = Vec::new();
    for letter in first.chars() {
        out.push(format!("-{letter}"));
        if VALUED.contains(&letter) {
            let value = rest.next();
            out.push(value.ok_or_else(|| Wrong::what(format!("-{letter} needs a value")))?);
        }
    }
    out.extend(rest);
    Ok(out)
}
