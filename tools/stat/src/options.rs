//! The command line.

use std::ffi::OsString;

use cofferdam_command::Stop;
use lexopt::prelude::{Long, Short, Value};

/// Printed by `--help`.
const HELP: &str = include_str!("help.txt");

/// Printed by `--version`.
const VERSION: &str = "stat 0.1.0 (cofferdam)\n";

/// Long options and the short ones that they stand for. Any beginning that only one has stands for
/// it.
const LONG: [(&str, char); 8] = [
    ("cached", 'C'),
    ("dereference", 'L'),
    ("file-system", 'f'),
    ("format", 'c'),
    ("help", 'h'),
    ("printf", 'p'),
    ("terse", 't'),
    ("version", 'v'),
];

/// The format without `-c`, which holds everything.
const LONG_FORMAT: &str = "  File: %n%Q
  Size: %-10s\\tBlocks: %-10b IO Block: %-6o %F
Device: %d\\tInode: %-11i Links: %h
Access: (%a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)
Access: %x
Modify: %y
Change: %z
 Birth: %w
";

/// The format of `-t`.
const TERSE_FORMAT: &str = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\\n";

pub(crate) enum Asked {
    Files(Options),
    /// Help or the version.
    Print(&'static str),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) format: String,
    /// Set if backslashes in the format mean something, and no line feed follows it.
    pub(crate) escapes: bool,
    /// Set if symbolic links are followed.
    pub(crate) follow: bool,
    pub(crate) files: Vec<String>,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first argument that is wrong.
    pub(crate) fn parse() -> Result<Asked, Stop> {
        let mut parser = cofferdam_command::parser();
        let mut options = Self {
            format: LONG_FORMAT.to_owned(),
            escapes: true,
            follow: false,
            files: Vec::new(),
        };
        while let Some(arg) = parser.next()? {
            let code = match arg {
                Short(letter @ ('c' | 'f' | 't' | 'L')) => letter,
                Short(other) => return Err(Stop::new(format!("invalid option -- '{other}'"))),
                Long(name) => long(name)?,
                Value(file) => {
                    options.files.push(text(file));
                    continue;
                }
            };
            match code {
                'c' => {
                    options.format = text(parser.value()?);
                    options.escapes = false;
                }
                'p' => {
                    options.format = text(parser.value()?);
                    options.escapes = true;
                }
                't' => {
                    options.format = TERSE_FORMAT.to_owned();
                    options.escapes = true;
                }
                'L' => options.follow = true,
                // Nothing is cached here.
                'C' => {
                    parser.value()?;
                }
                'f' => {
                    return Err(Stop::new(
                        "-f is not supported: a tool knows files, not the file system they are on",
                    ));
                }
                'v' => return Ok(Asked::Print(VERSION)),
                _ => return Ok(Asked::Print(HELP)),
            }
        }
        if options.files.is_empty() {
            return Err(Stop::new("missing operand"));
        }
        if options.files.iter().any(|file| file == "-") {
            return Err(Stop::new(
                "'-' is not supported: standard input is no file here; ./- is a file of that name",
            ));
        }
        Ok(Asked::Files(options))
    }
}

/// Returns the code of a long option.
fn long(written: &str) -> Result<char, Stop> {
    let mut meant = LONG.iter().filter(|(name, _)| name.starts_with(written));
    let exact = LONG.iter().find(|(name, _)| *name == written);
    match (exact, meant.next(), meant.next()) {
        (Some((_, code)), _, _) | (None, Some((_, code)), None) => Ok(*code),
        (None, None, _) => Err(Stop::new(format!("unrecognized option '--{written}'"))),
        (None, Some((first, _)), Some((second, _))) => Err(Stop::new(format!(
            "option '--{written}' is ambiguous: it may be --{first} or --{second}"
        ))),
    }
}

fn text(arg: OsString) -> String {
    arg.to_string_lossy().into_owned()
}
