//! What the command line asks for.

use std::ffi::OsString;

use lexopt::prelude::{Long, Short, Value};

use crate::digest::{Algorithm, Mode};

/// What `-h` prints.
const HELP: &str = "\
Usage: shasum [OPTION]... [FILE]...
Print or check SHA checksums.
With no FILE, or when FILE is -, read standard input.

  -a, --algorithm   1 (default), 224, 256, 384, 512, 512224, 512256
  -b, --binary      read in binary mode
  -c, --check       read SHA sums from the FILEs and check them
      --tag         create a BSD-style checksum
  -t, --text        read in text mode (default)
  -U, --UNIVERSAL   read in Universal Newlines mode

The following five options are useful only when verifying checksums:
      --ignore-missing  don't fail or report status for missing files
  -q, --quiet           don't print OK for each successfully verified file
  -s, --status          don't output anything, status code shows success
      --strict          exit non-zero for improperly formatted checksum lines
  -w, --warn            warn about improperly formatted checksum lines

  -h, --help        display this help and exit
  -v, --version     output version information and exit
";

/// What `-v` prints.
const VERSION: &str = "0.1.0 (cofferdam)\n";

/// Every long option. Any beginning that only one has stands for it.
const LONG: [&str; 13] = [
    "01",
    "UNIVERSAL",
    "algorithm",
    "binary",
    "check",
    "help",
    "ignore-missing",
    "quiet",
    "status",
    "strict",
    "tag",
    "text",
    "version",
];

/// The long option beyond those: `-w` in long.
const WARN: &str = "warn";

pub(crate) enum Asked {
    Work(Options),
    /// Help or the version.
    Print(&'static str),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) algorithm: Algorithm,
    pub(crate) mode: Mode,
    pub(crate) tag: bool,
    /// Whether the files are lists of digests, and how they are checked.
    pub(crate) check: Option<Check>,
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) ignore_missing: bool,
    pub(crate) quiet: bool,
    pub(crate) status: bool,
    pub(crate) strict: bool,
    pub(crate) warn: bool,
}

impl Options {
    /// Reads the command line; the error is a line for the user.
    pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
        let mut parser = lexopt::Parser::from_iter(args);
        let (mut algorithm, mut modes, mut files) = (Algorithm::Sha1, Vec::new(), Vec::new());
        let (mut tag, mut check, mut how, mut print) = (false, false, Check::default(), None);
        while let Some(arg) = parser.next().map_err(|error| format!("shasum: {error}"))? {
            let name = match arg {
                Short(letter) => letter.to_string(),
                Long(name) => long(name)?.to_owned(),
                Value(file) => {
                    files.push(text(file)?);
                    continue;
                }
            };
            match name.as_str() {
                "a" | "algorithm" => algorithm = number(&mut parser)?,
                "b" | "binary" => modes.push(Mode::Binary),
                "t" | "text" => modes.push(Mode::Text),
                "U" | "UNIVERSAL" => modes.push(Mode::Universal),
                "c" | "check" => check = true,
                "tag" => tag = true,
                "ignore-missing" => how.ignore_missing = true,
                "q" | "quiet" => how.quiet = true,
                "s" | "status" => how.status = true,
                "strict" => how.strict = true,
                "w" | WARN => how.warn = true,
                "h" | "help" => print = Some(HELP),
                "v" | "version" => print = print.or(Some(VERSION)),
                "0" | "01" => {
                    return Err(
                        "shasum: BITS mode is not supported: this program reads whole bytes"
                            .to_owned(),
                    );
                }
                other => return Err(format!("shasum: Unknown option: {other}")),
            }
        }
        if let Some(text) = print {
            return Ok(Asked::Print(text));
        }
        modes.dedup();
        let mode = match modes.as_slice() {
            [] => Mode::Text,
            [mode] => *mode,
            _ => return Err("shasum: Ambiguous file mode".to_owned()),
        };
        if tag && !modes.is_empty() && mode != Mode::Binary {
            return Err(
                "shasum: --tag supports neither --text nor Universal Newlines mode".to_owned(),
            );
        }
        if !check && let Some(option) = how.first() {
            return Err(format!(
                "shasum: --{option} option used only when verifying checksums"
            ));
        }
        if files.is_empty() {
            files.push("-".to_owned());
        }
        Ok(Asked::Work(Self {
            algorithm,
            mode,
            tag,
            check: check.then_some(how),
            files,
        }))
    }
}

impl Check {
    /// An option that was given.
    fn first(self) -> Option<&'static str> {
        let Self {
            ignore_missing,
            quiet,
            status,
            strict,
            warn,
        } = self;
        let given = [
            (ignore_missing, "ignore-missing"),
            (quiet, "quiet"),
            (status, "status"),
            (strict, "strict"),
            (warn, WARN),
        ];
        given
            .into_iter()
            .find_map(|(given, name)| given.then_some(name))
    }
}

/// The long option that is meant.
fn long(written: &str) -> Result<&'static str, String> {
    let all = LONG.into_iter().chain([WARN]);
    let meant: Vec<_> = all.filter(|name| name.starts_with(written)).collect();
    match meant.as_slice() {
        [name] => Ok(name),
        [] => Err(format!("shasum: Unknown option: {written}")),
        names => names
            .iter()
            .find(|name| **name == written)
            .copied()
            .ok_or_else(|| {
                format!(
                    "shasum: Option {written} is ambiguous ({})",
                    names.join(", ")
                )
            }),
    }
}

fn number(parser: &mut lexopt::Parser) -> Result<Algorithm, String> {
    let written = text(parser.value().map_err(|error| format!("shasum: {error}"))?)?;
    Algorithm::numbered(&written).ok_or_else(|| {
        format!(
            "shasum: Unrecognized algorithm {written}: there are 1, 224, 256, 384, 512, 512224 and \
             512256"
        )
    })
}

fn text(arg: OsString) -> Result<String, String> {
    arg.into_string()
        .map_err(|arg| format!("shasum: {}: not valid UTF-8", arg.display()))
}
