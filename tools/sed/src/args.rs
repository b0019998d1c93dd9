//! The command line.

use cofferdam_command::{STDIN, Stop, read};
use lexopt::prelude::*;

use crate::TROUBLE;

/// Length of the lines of `l`: a terminal of 70 columns, as in GNU sed.
const LIST_LENGTH: usize = 70;

/// A parsed command line.
pub(crate) struct Args {
    /// The script, its parts joined by line breaks.
    pub(crate) script: String,
    pub(crate) files: Vec<String>,
    /// `-n`
    pub(crate) quiet: bool,
    pub(crate) extended: bool,
    /// Line numbers and `$` are of each file.
    pub(crate) separate: bool,
    /// `-i`: the suffix of copies, empty for none.
    pub(crate) in_place: Option<String>,
    /// `--follow-symlinks`: the file behind a link is edited, not the link.
    pub(crate) follow: bool,
    /// `-z`: the byte that ends a line.
    pub(crate) line_end: u8,
    pub(crate) list_length: usize,
    /// Commands that read and write files are refused.
    pub(crate) no_files: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            script: String::new(),
            files: Vec::new(),
            quiet: false,
            extended: false,
            separate: false,
            in_place: None,
            follow: false,
            line_end: b'\n',
            list_length: LIST_LENGTH,
            no_files: false,
        };
        let mut scripts = Vec::new();
        let mut parser = cofferdam_command::parser();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('n') | Long("quiet" | "silent") => args.quiet = true,
                Short('e') | Long("expression") => scripts.push(parser.value()?.string()?),
                Short('f') | Long("file") => {
                    let text = read(&parser.value()?.string()?);
                    let text = text.map_err(|stop| stop.with_code(TROUBLE))?;
                    let text = String::from_utf8(text).map_err(|_| {
                        Stop::new("the script file is not UTF-8: write bytes as \\xHH")
                    })?;
                    scripts.push(text.strip_suffix('\n').unwrap_or(&text).to_owned());
                }
                Short('E' | 'r') | Long("regexp-extended") => args.extended = true,
                Short('i') | Long("in-place") => {
                    let suffix = parser.optional_value();
                    args.in_place = Some(suffix.map_or(Ok(String::new()), ValueExt::string)?);
                    args.separate = true;
                }
                Short('s') | Long("separate") => args.separate = true,
                Short('l') | Long("line-length") => args.list_length = parser.value()?.parse()?,
                Short('z') | Long("null-data" | "zero-terminated") => args.line_end = 0,
                Long("follow-symlinks") => args.follow = true,
                Long("sandbox") => args.no_files = true,
                // Output goes to the caller when the tool ends, and lines end as they do.
                Short('u' | 'b') | Long("unbuffered" | "binary") => {}
                Long("posix" | "debug") => {
                    return Err(Stop::new(
                        "--posix and --debug are not supported here: leave them out",
                    ));
                }
                Value(value) => args.files.push(value.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        if scripts.is_empty() {
            if args.files.is_empty() {
                return Err(Stop::new(
                    "a script is missing: sed [OPTION]... SCRIPT [FILE]...",
                ));
            }
            scripts.push(args.files.remove(0));
        }
        args.script = scripts.join("\n");
        if args.files.is_empty() {
            if args.in_place.is_some() {
                let sentence = "no input files: -i needs the files to edit";
                return Err(Stop::new(sentence).with_code(TROUBLE));
            }
            args.files.push(STDIN.to_owned());
        }
        Ok(args)
    }
}
