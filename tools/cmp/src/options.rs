//! The command line.

use std::ffi::OsString;

use cofferdam_command::{STDIN, Stop};
use lexopt::prelude::{Long, Short, Value};

/// Printed by `--help`.
const HELP: &str = "\
Usage: cmp [OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]
Compare two files byte by byte. FILE2 is standard input if it is left out; so is a file called -.

  -b, --print-bytes                 show the bytes that differ, too
  -i, --ignore-initial=SKIP[:SKIP2] skip so many bytes of both files, or of each
  -l, --verbose                     show all bytes that differ: number and octal values
  -n, --bytes=LIMIT                 compare at most LIMIT bytes
  -s, --quiet, --silent             print nothing

SKIP and LIMIT may end with K, M, G (1024) or kB, MB, GB (1000) and so on.
Exit status is 0 if the files are the same, 1 if they differ, 2 if there was trouble.
";

/// Printed by `--version`.
const VERSION: &str = "cmp 0.1.0 (cofferdam)\n";

/// Long options and the short ones that they stand for. Any beginning that only one has stands for
/// it.
const LONG: [(&str, char); 8] = [
    ("bytes", 'n'),
    ("help", 'h'),
    ("ignore-initial", 'i'),
    ("print-bytes", 'b'),
    ("quiet", 's'),
    ("silent", 's'),
    ("verbose", 'l'),
    ("version", 'v'),
];

pub(crate) enum Asked {
    Compare(Options),
    /// Help or the version.
    Print(&'static str),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) show: Show,
    pub(crate) print_bytes: bool,
    /// Bytes that are compared at most.
    pub(crate) limit: u64,
    pub(crate) files: [String; 2],
    /// Bytes at the beginning of each file that are not compared.
    pub(crate) skip: [u64; 2],
}

/// Bytes that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Show {
    #[default]
    First,
    All,
    None,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first argument that is wrong.
    pub(crate) fn parse() -> Result<Asked, Stop> {
        let mut parser = cofferdam_command::parser();
        let (mut show, mut print_bytes, mut limit) = (Show::First, false, u64::MAX);
        let (mut skip, mut operands) = (None, Vec::new());
        while let Some(arg) = parser.next()? {
            let code = match arg {
                Short(letter @ ('b' | 'i' | 'l' | 'n' | 's' | 'v')) => letter,
                Short(other) => return Err(Stop::new(format!("invalid option -- '{other}'"))),
                Long(name) => long(name)?,
                Value(operand) => {
                    operands.push(text(operand));
                    continue;
                }
            };
            match code {
                'b' => print_bytes = true,
                'l' if show == Show::None => return Err(incompatible()),
                's' if show == Show::All => return Err(incompatible()),
                'l' => show = Show::All,
                's' => show = Show::None,
                'i' => skip = Some(skips(&text(parser.value()?))?),
                'n' => limit = number("--bytes", &text(parser.value()?))?,
                'v' => return Ok(Asked::Print(VERSION)),
                _ => return Ok(Asked::Print(HELP)),
            }
        }
        let mut operands = operands.into_iter();
        let first = operands
            .next()
            .ok_or_else(|| Stop::new("missing operand after 'cmp'"))?;
        let second = operands.next().unwrap_or_else(|| STDIN.to_owned());
        let mut skipped = [0; 2];
        for (skip, written) in skipped.iter_mut().zip(operands.by_ref()) {
            *skip = number("SKIP", &written)?;
        }
        if let Some(extra) = operands.next() {
            return Err(Stop::new(format!("extra operand '{extra}'")));
        }
        Ok(Asked::Compare(Self {
            show,
            print_bytes,
            limit,
            files: [first, second],
            skip: skip.unwrap_or(skipped),
        }))
    }
}

fn incompatible() -> Stop {
    Stop::new("options -l and -s are incompatible")
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

/// Reads `SKIP` or `SKIP:SKIP2`.
fn skips(written: &str) -> Result<[u64; 2], Stop> {
    let (first, second) = written.split_once(':').unwrap_or((written, written));
    Ok([
        number("--ignore-initial", first)?,
        number("--ignore-initial", second)?,
    ])
}

/// Reads a number of bytes with a unit. One beyond 64 bits means all of a file.
fn number(option: &str, written: &str) -> Result<u64, Stop> {
    let wrong = || {
        Stop::new(format!(
            "invalid {option} value '{written}': it is a number of bytes such as 10, 4K or 1MB"
        ))
    };
    let digits = written
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(written.len());
    let (number, unit) = written.split_at_checked(digits).ok_or_else(wrong)?;
    if number.is_empty() {
        return Err(wrong());
    }
    // Digits alone, so what is wrong is their number.
    let number = number.parse().unwrap_or(u64::MAX);
    let (letter, base) = match unit.as_bytes() {
        [] => return Ok(number),
        [letter] | [letter, b'i', b'B'] => (letter, 1024_u64),
        [letter, b'B'] => (letter, 1000),
        _ => return Err(wrong()),
    };
    let letter = letter.to_ascii_uppercase();
    let power = b"KMGTPEZY"
        .iter()
        .position(|known| *known == letter)
        .ok_or_else(wrong)?;
    let power = u32::try_from(power).unwrap_or(u32::MAX).saturating_add(1);
    Ok(number.saturating_mul(base.saturating_pow(power)))
}

fn text(arg: OsString) -> String {
    arg.to_string_lossy().into_owned()
}
