//! The command line.

use std::path::Path;

use cofferdam_command::{STDIN, Stop};
use lexopt::prelude::*;

/// The exit code for a wrong command line.
const WRONG_USE: u8 = 2;

/// A parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) source: Source,
    pub(crate) shown: Shown,
    /// `--check`: the script is only parsed.
    pub(crate) check: bool,
    /// `--input-type=module`
    pub(crate) module: bool,
    /// Arguments of the script.
    pub(crate) rest: Vec<String>,
}

/// The place of the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Code(String),
    File(String),
    Stdin,
}

/// Values that are printed when the script has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The value of the last expression, unless it is undefined or the script prints by itself.
    Last,
    /// `-p`: the value of the script, whatever it is.
    Always,
    /// None: a file is a program.
    Never,
}

impl Args {
    /// Parses the words of a command line.
    pub(crate) fn parse(words: Vec<String>) -> Result<Self, Stop> {
        parse(words).map_err(|stop| stop.with_code(WRONG_USE))
    }
}

fn parse(words: Vec<String>) -> Result<Args, Stop> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut args = Args {
        source: Source::Stdin,
        shown: Shown::Last,
        check: false,
        module: false,
        rest: Vec::new(),
    };
    let mut code = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('e') | Long("eval") => code = Some(parser.value()?.string()?),
            Short('p') | Long("print") => {
                args.shown = Shown::Always;
                // `-pe CODE` is `-p -e CODE`.
                code = match parser.optional_value() {
                    Some(value) if value == "e" => Some(parser.value()?.string()?),
                    Some(value) => Some(value.string()?),
                    None => Some(parser.value()?.string()?),
                };
            }
            Short('c') | Long("check") => args.check = true,
            Long("input-type") => match parser.value()?.string()?.as_str() {
                "module" => args.module = true,
                "commonjs" => {}
                other => {
                    return Err(Stop::new(format!(
                        "--input-type={other}: it is `module` or `commonjs`"
                    )));
                }
            },
            Value(word) => {
                let word = word.string()?;
                if code.is_some() {
                    args.rest.push(word);
                } else if word != STDIN {
                    (args.source, args.shown) = operand(word, args.shown);
                }
                let rest = parser.raw_args()?.map(|rest| rest.string());
                args.rest.extend(rest.collect::<Result<Vec<_>, _>>()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(code) = code {
        args.source = Source::Code(code);
    }
    Ok(args)
}

/// The source that a first operand means: a file, or else code.
fn operand(word: String, shown: Shown) -> (Source, Shown) {
    let named = |character: char| character.is_alphanumeric() || "._-/".contains(character);
    if Path::new(&word).is_file() || (!word.is_empty() && word.chars().all(named)) {
        let shown = if shown == Shown::Last {
            Shown::Never
        } else {
            shown
        };
        (Source::File(word), shown)
    } else {
        (Source::Code(word), shown)
    }
}
