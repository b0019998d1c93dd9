//! What was asked for.

use std::path::Path;

use cofferdam_command::{STDIN, Stop, read};
use lexopt::prelude::*;

/// The widest indentation that is asked for.
const MAX_INDENT: usize = 16;

/// What documents are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) filter: String,
    pub(crate) files: Vec<String>,
    input: Option<Format>,
    pub(crate) output: Option<Format>,
    pub(crate) null_input: bool,
    pub(crate) in_place: bool,
    pub(crate) all: bool,
    pub(crate) exit_status: bool,
    /// Strings that are outputs themselves stand without quotes: in YAML unless it is said, in JSON
    /// if it is said.
    pub(crate) raw: Option<bool>,
    /// Spaces of each level, if they were asked for.
    pub(crate) indent: Option<usize>,
    /// `-P`: written anew, in blocks.
    pub(crate) pretty: bool,
    /// No `---` between documents.
    pub(crate) no_separators: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            filter: ".".to_owned(),
            files: Vec::new(),
            input: None,
            output: None,
            null_input: false,
            in_place: false,
            all: false,
            exit_status: false,
            raw: None,
            indent: None,
            pretty: false,
            no_separators: false,
        };
        let mut parser = lexopt::Parser::from_env();
        let (mut words, mut filter) = (Vec::new(), None);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('n') | Long("null-input") => args.null_input = true,
                Short('i') | Long("inplace") => args.in_place = true,
                Short('e') | Long("exit-status") => args.exit_status = true,
                Short('p') | Long("input-format") => {
                    args.input = Some(format(&parser.value()?.string()?)?)
                }
                Short('o') | Long("output-format") => {
                    args.output = Some(format(&parser.value()?.string()?)?)
                }
                Short('j') | Long("tojson") => args.output = Some(Format::Json),
                Short('r') | Long("unwrapScalar") => {
                    args.raw = Some(parser.optional_value().is_none_or(|value| value != "false"));
                }
                Short('I') | Long("indent") => {
                    let indent: usize = parser.value()?.parse()?;
                    if indent > MAX_INDENT {
                        return Err(Stop::new(format!("-I {indent}: at most {MAX_INDENT}")));
                    }
                    args.indent = Some(indent);
                }
                Short('N') | Long("no-doc") => args.no_separators = true,
                Long("expression") => filter = Some(parser.value()?.string()?),
                Long("from-file") => {
                    let file = parser.value()?.string()?;
                    filter = Some(String::from_utf8_lossy(&read(&file)?).into_owned());
                }
                Short('P') | Long("prettyPrint") => args.pretty = true,
                // There is no terminal to colour.
                Short('M' | 'C') | Long("no-colors" | "colors") => {}
                Short('s') | Long("split-exp") => {
                    return Err(Stop::new("-s: files are not split here"));
                }
                Short('f') | Long("front-matter") => {
                    return Err(Stop::new("-f: front matter is not read here"));
                }
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut words = words.into_iter().peekable();
        match words.peek().map(String::as_str) {
            Some("eval" | "e") => drop(words.next()),
            Some("eval-all" | "ea") => {
                args.all = true;
                drop(words.next());
            }
            _ => {}
        }
        // The filter may be left out before a file.
        let is_file = |word: &String| word == STDIN || Path::new(word).is_file();
        args.filter = match filter {
            Some(filter) => filter,
            None if words.peek().is_none_or(is_file) => ".".to_owned(),
            None => words.next().unwrap_or_default(),
        };
        args.files.extend(words);
        if args.in_place && (args.files.is_empty() || args.null_input || args.all) {
            return Err(Stop::new(
                "-i needs files that are changed, each for itself",
            ));
        }
        if args.files.is_empty() {
            args.files.push(STDIN.to_owned());
        }
        Ok(args)
    }

    /// How a file is read: as its name says, else as YAML, which JSON is too.
    pub(crate) fn input_for(&self, file: &str) -> Format {
        let by_name = if file.ends_with(".json") {
            Format::Json
        } else {
            Format::Yaml
        };
        self.input.unwrap_or(by_name)
    }

    /// How its results are written: as it was read.
    pub(crate) fn output_for(&self, file: &str) -> Format {
        self.output.unwrap_or_else(|| self.input_for(file))
    }
}

fn format(text: &str) -> Result<Format, Stop> {
    match text {
        "yaml" | "y" | "yml" | "auto" | "a" => Ok(Format::Yaml),
        "json" | "j" => Ok(Format::Json),
        other => Err(Stop::new(format!(
            "{other}: formats here are yaml and json"
        ))),
    }
}
