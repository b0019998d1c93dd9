//! The command line.

use std::ffi::OsString;

use cofferdam_command::Stop;
use lexopt::prelude::{Long, Short, Value};

/// Printed by `--help`.
const HELP: &str = "\
Usage: env [OPTION]... [-] [NAME=VALUE]...
Print the variables that tools see, with NAME set to VALUE.

  -i, -, --ignore-environment  begin without variables
  -u, --unset=NAME             without NAME
  -0, --null                   end lines with NUL

A tool starts no other program, so there is none to name behind the variables.
";

/// Printed by `--version`.
const VERSION: &str = "env 0.1.0 (cofferdam)\n";

/// Long options and the short ones that they stand for. Any beginning that only one has stands for
/// it.
const LONG: [(&str, char); 5] = [
    ("help", 'h'),
    ("ignore-environment", 'i'),
    ("null", '0'),
    ("unset", 'u'),
    ("version", 'v'),
];

pub(crate) enum Asked {
    Variables(Options),
    /// Help or the version.
    Print(&'static str),
    /// A program that should run.
    Program(String),
}

#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Set if there are no variables to begin with.
    pub(crate) ignored: bool,
    pub(crate) unset: Vec<String>,
    pub(crate) set: Vec<Variable>,
    /// Set if lines end with NUL.
    pub(crate) null: bool,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first argument that is wrong.
    pub(crate) fn parse() -> Result<Asked, Stop> {
        let mut parser = cofferdam_command::parser();
        let mut options = Self::default();
        let mut words = Vec::new();
        while let Some(arg) = parser.next()? {
            let code = match arg {
                Short(letter @ ('0' | 'i' | 'u')) => letter,
                Short(other) => {
                    return Err(Stop::new(format!(
                        "option '-{other}' is not supported: there are -i, -u NAME and -0"
                    )));
                }
                Long(name) => long(name)?,
                Value(word) if word == "-" => 'i',
                Value(word) => {
                    // Options end at the first variable.
                    words.push(word);
                    words.extend(parser.raw_args()?);
                    break;
                }
            };
            match code {
                'i' => options.ignored = true,
                '0' => options.null = true,
                'u' => options.unset.push(unset(text(parser.value()?))?),
                'v' => return Ok(Asked::Print(VERSION)),
                _ => return Ok(Asked::Print(HELP)),
            }
        }
        for word in words {
            let word = text(word);
            let Some((name, value)) = word.split_once('=') else {
                return Ok(Asked::Program(word));
            };
            if name.is_empty() {
                return Err(Stop::new(format!(
                    "cannot set '': '{word}' has no name before '='"
                )));
            }
            options.set.push(Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
        Ok(Asked::Variables(options))
    }
}

/// Returns the name of a variable that is to be removed.
fn unset(name: String) -> Result<String, Stop> {
    if name.is_empty() || name.contains('=') {
        return Err(Stop::new(format!(
            "cannot unset '{name}': it is no name of a variable, which has letters and no '='"
        )));
    }
    Ok(name)
}

/// Returns the code of a long option.
fn long(written: &str) -> Result<char, Stop> {
    let mut meant = LONG.iter().filter(|(name, _)| name.starts_with(written));
    match (meant.next(), meant.next()) {
        (Some((_, code)), None) => Ok(*code),
        (None, _) => Err(Stop::new(format!("unrecognized option '--{written}'"))),
        (Some((first, _)), Some((second, _))) => Err(Stop::new(format!(
            "option '--{written}' is ambiguous: it may be --{first} or --{second}"
        ))),
    }
}

fn text(arg: OsString) -> String {
    arg.to_string_lossy().into_owned()
}
