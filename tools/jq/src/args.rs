//! What was asked for.

use std::ffi::OsString;

use cofferdam_command::{Stop, read};
use cofferdam_filter::{Reader, Val, json};
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
    /// `--stream`: inputs come as paths and leaves.
    pub(crate) stream: bool,
    /// `--seq`: outputs begin with the mark of a record (RFC 7464).
    pub(crate) sequence: bool,
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
            stream: false,
            sequence: false,
            indent: Some("  ".to_owned()),
            named: Vec::new(),
            positional: Vec::new(),
        };
        let mut parser = cofferdam_command::parser();
        let (mut filter, mut rest) = (None, Rest::Files);
        loop {
            if let Some(word) = negative(&mut parser) {
                args.take(word, &mut filter, rest)?;
                continue;
            }
            let Some(argument) = parser.next()? else {
                break;
            };
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
                Long(option @ ("arg" | "argjson" | "slurpfile" | "rawfile" | "argfile")) => {
                    let option = option.to_owned();
                    let name = parser.value()?.string()?;
                    // A value may begin with `-`, which an option's second value could not.
                    let value = parser.raw_args()?.next().map(OsString::into_string);
                    let Some(Ok(value)) = value else {
                        return Err(Stop::new(format!("--{option} takes a name and a value")));
                    };
                    let value = match option.as_str() {
                        "arg" => Val::text(value),
                        "argjson" => json_argument(&value)?,
                        "rawfile" => Val::text(String::from_utf8_lossy(&read(&value)?)),
                        _ => Val::array(values(&value)?),
                    };
                    args.named.retain(|(other, _)| *other != name);
                    args.named.push((name, value));
                }
                Long("args") => rest = Rest::Texts,
                Long("jsonargs") => rest = Rest::Json,
                // There is no terminal to colour.
                Short('C' | 'M') | Long("color-output" | "monochrome-output" | "unbuffered") => {}
                Long("stream") => args.stream = true,
                Long("seq") => args.sequence = true,
                Long(option @ "stream-errors") => {
                    return Err(Stop::new(format!(
                        "--{option} is not supported here; --stream and the filter `tostream` are"
                    )));
                }
                Short('L') | Long("library-path") => {
                    return Err(Stop::new("-L: modules are not loaded here"));
                }
                Value(word) => args.take(word.string()?, &mut filter, rest)?,
                other => return Err(other.unexpected().into()),
            }
        }
        if let Some(filter) = filter {
            args.filter = filter;
        }
        Ok(args)
    }

    /// Takes a word that is no option: the filter first, then what `rest` says.
    fn take(&mut self, word: String, filter: &mut Option<String>, rest: Rest) -> Result<(), Stop> {
        if filter.is_none() {
            *filter = Some(word);
            return Ok(());
        }
        match rest {
            Rest::Files => self.files.push(word),
            Rest::Texts => self.positional.push(Val::text(word)),
            Rest::Json => self.positional.push(json_argument(&word)?),
        }
        Ok(())
    }

    /// Names and values of the variables that the filter can use.
    pub(crate) fn variables(&self) -> (Vec<String>, Vec<Val>) {
        let named = Val::object(self.named.iter().cloned());
        let positional = Val::array(self.positional.iter().cloned());
        let all = Val::object([("positional", positional), ("named", named)]);
        let mut names: Vec<_> = self.named.iter().map(|(name, _)| name.clone()).collect();
        let mut values: Vec<_> = self.named.iter().map(|(_, value)| value.clone()).collect();
        names.push("ARGS".to_owned());
        values.push(all);
        (names, values)
    }
}

/// The next word if it begins with `-` and is still no option, because no letter and no second dash
/// follow: `-1`, `-(.a)`, `-.a`.
fn negative(parser: &mut lexopt::Parser) -> Option<String> {
    let mut words = parser.try_raw_args()?;
    let is_no_option = |word: &std::ffi::OsStr| {
        let rest = word.to_str().and_then(|word| word.strip_prefix('-'));
        rest.and_then(|rest| rest.chars().next())
            .is_some_and(|next| next != '-' && !next.is_alphabetic())
    };
    words.next_if(is_no_option)?.into_string().ok()
}

/// A value in the command line.
fn json_argument(text: &str) -> Result<Val, Stop> {
    json(text).map_err(|what| Stop::new(format!("{text:?} is not JSON: {what}")))
}

/// All values of a file.
fn values(file: &str) -> Result<Vec<Val>, Stop> {
    let text = read(file)?;
    let values: Result<Vec<_>, _> = Reader::new(&text).collect();
    values.map_err(|what| Stop::new(format!("{file} is not JSON: {what}")))
}
