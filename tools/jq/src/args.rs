//! What was asked for.

use std::ffi::OsString;

use cofferdam_command::{Stop, read};
use cofferdam_filter::{Val, array, json, json_values, object, text};
use lexopt::prelude::*;

/// The widest indentation, as in jq.
const MAX_INDENT: usize = 7;

/// What inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Json,
    /// `-R`
    Lines,
}

/// How strings are printed that are outputs themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw {
    No,
    /// `-r`
    Lines,
    /// `-j`
    Joined,
    /// `--raw-output0`
    Null,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) filter: String,
    pub(crate) files: Vec<String>,
    pub(crate) input: Input,
    pub(crate) raw: Raw,
    pub(crate) null_input: bool,
    pub(crate) slurp: bool,
    pub(crate) sort_keys: bool,
    pub(crate) ascii: bool,
    pub(crate) exit_status: bool,
    /// Of each level; nothing for `-c`.
    pub(crate) indent: Option<String>,
    named: Vec<(String, Val)>,
    positional: Vec<Val>,
}

/// What words that are no options are, from `--args` or `--jsonargs` on.
#[derive(Clone, Copy)]
enum Rest {
    Files,
    Texts,
    Json,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            filter: ".".to_owned(),
            files: Vec::new(),
            input: Input::Json,
            raw: Raw::No,
            null_input: false,
            slurp: false,
            sort_keys: false,
            ascii: false,
            exit_status: false,
            indent: Some("  ".to_owned()),
            named: Vec::new(),
            positional: Vec::new(),
        };
        let mut parser = lexopt::Parser::from_env();
        let (mut filter, mut rest) = (None, Rest::Files);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('n') | Long("null-input") => args.null_input = true,
                Short('r') | Long("raw-output") => args.raw = Raw::Lines,
                Short('j') | Long("join-output") => args.raw = Raw::Joined,
                Long("raw-output0") => args.raw = Raw::Null,
                Short('R') | Long("raw-input") => args.input = Input::Lines,
                Short('s') | Long("slurp") => args.slurp = true,
                Short('c') | Long("compact-output") => args.indent = None,
                Short('S') | Long("sort-keys") => args.sort_keys = true,
                Short('a') | Long("ascii-output") => args.ascii = true,
                Short('e') | Long("exit-status") => args.exit_status = true,
                Long("tab") => args.indent = Some("\t".to_owned()),
                Long("indent") => {
                    let width: usize = parser.value()?.parse()?;
                    if width > MAX_INDENT {
                        return Err(Stop::new(format!("--indent {width}: at most {MAX_INDENT}")));
                    }
                    args.indent = (width > 0).then(|| " ".repeat(width));
                }
                Short('f') | Long("from-file") => {
                    let file = parser.value()?.string()?;
                    filter = Some(String::from_utf8_lossy(&read(&file)?).into_owned());
                }
                Long(option @ ("arg" | "argjson" | "slurpfile" | "rawfile")) => {
                    let option = option.to_owned();
                    let name = parser.value()?.string()?;
                    // A value may begin with `-`, which an option's second value could not.
                    let value = parser.raw_args()?.next().map(OsString::into_string);
                    let Some(Ok(value)) = value else {
                        return Err(Stop::new(format!("--{option} takes a name and a value")));
                    };
                    let value = match option.as_str() {
                        "arg" => text(value),
                        "argjson" => json(&value)?,
                        "rawfile" => text(String::from_utf8_lossy(&read(&value)?)),
                        _ => array(
                            json_values(&read(&value)?)?
                                .collect::<Result<Vec<_>, _>>()
                                .map_err(Stop::new)?,
                        ),
                    };
                    args.named.retain(|(other, _)| *other != name);
                    args.named.push((name, value));
                }
                Long("args") => rest = Rest::Texts,
                Long("jsonargs") => rest = Rest::Json,
                // There is no terminal to colour.
                Short('C' | 'M') | Long("color-output" | "monochrome-output" | "unbuffered") => {}
                Long(option @ ("stream" | "seq" | "stream-errors")) => {
                    return Err(Stop::new(format!(
                        "--{option} is not supported here; the filter `tostream` makes a stream"
                    )));
                }
                Short('L') | Long("library-path") => {
                    return Err(Stop::new("-L: modules are not loaded here"));
                }
                Value(word) if filter.is_none() => filter = Some(word.string()?),
                Value(word) => match rest {
                    Rest::Files => args.files.push(word.string()?),
                    Rest::Texts => args.positional.push(text(word.string()?)),
                    Rest::Json => args.positional.push(json(&word.string()?)?),
                },
                other => return Err(other.unexpected().into()),
            }
        }
        if let Some(filter) = filter {
            args.filter = filter;
        }
        Ok(args)
    }

    /// Names and values of the variables that the filter can use.
    pub(crate) fn variables(&self) -> (Vec<String>, Vec<Val>) {
        let named = object(self.named.iter().map(|(name, value)| (name, value)));
        let positional = array(self.positional.iter().cloned());
        let keys = ["positional".to_owned(), "named".to_owned()];
        let both = object(keys.iter().zip([&positional, &named]));
        let mut names: Vec<_> = self.named.iter().map(|(name, _)| name.clone()).collect();
        let mut values: Vec<_> = self.named.iter().map(|(_, value)| value.clone()).collect();
        names.extend(["ARGS".to_owned(), "ENV".to_owned()]);
        values.extend([both, environment()]);
        (names, values)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "$ENV is what the sandbox gives to every guest"
)]
fn environment() -> Val {
    let variables: Vec<(String, Val)> = std::env::vars()
        .map(|(name, value)| (name, text(value)))
        .collect();
    object(variables.iter().map(|(name, value)| (name, value)))
}
