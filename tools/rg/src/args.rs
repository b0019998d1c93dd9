//! The command line: what is searched for, in which files, and how it is shown.

use cofferdam_command::Stop;
use lexopt::prelude::*;

use crate::filter::Filter;
use crate::refused;
use crate::search::Search;
use crate::show::{Mode, Show};

/// The command line.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) search: Search,
    pub(crate) filter: Filter,
    pub(crate) show: Show,
    pub(crate) paths: Vec<String>,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_env();
        let mut words = Vec::new();
        while let Some(argument) = parser.next()? {
            let option = match argument {
                Short(letter) => format!("-{letter}"),
                Long(name) => format!("--{name}"),
                Value(word) => {
                    words.push(word.string()?);
                    continue;
                }
            };
            let option = option.as_str();
            let taken = args.search.take(option, &mut parser)?
                || args.filter.take(option, &mut parser)?
                || args.show.take(option, &mut parser)?
                || is_without_effect(option, &mut parser)?;
            if !taken {
                return Err(refused::option(option));
            }
        }
        args.search.text |= args.filter.unrestricted >= 3;
        let mut words = words.into_iter();
        let searches = !matches!(args.show.mode, Mode::Files | Mode::Types);
        if searches && !args.search.given {
            let pattern = words
                .next()
                .ok_or_else(|| Stop::new("a pattern is missing: rg [OPTIONS] PATTERN [PATH]..."))?;
            args.search.patterns.push(pattern);
        }
        args.paths.extend(words);
        Ok(args)
    }
}

/// Options that change nothing of what is printed, here or elsewhere: threads, mappings, buffers, a
/// log for the authors, and configuration files, of which there are none.
fn is_without_effect(option: &str, parser: &mut lexopt::Parser) -> Result<bool, Stop> {
    match option {
        "-j" | "--threads" => {
            let _: u64 = parser.value()?.parse()?;
        }
        "--no-config"
        | "--mmap"
        | "--no-mmap"
        | "--line-buffered"
        | "--no-line-buffered"
        | "--block-buffered"
        | "--no-block-buffered"
        | "--messages"
        | "--ignore-messages"
        | "--no-ignore-messages"
        | "--no-pre"
        | "--no-search-zip"
        | "--no-follow"
        | "--no-one-file-system"
        | "--one-file-system"
        | "--debug"
        | "--trace" => {}
        // There is no terminal to colour.
        "--color" => {
            let when = parser.value()?.string()?;
            if !matches!(when.as_str(), "auto" | "never") {
                return Err(refused::color(&when));
            }
        }
        "--colors" => drop(parser.value()?),
        "--hyperlink-format" => {
            let format = parser.value()?.string()?;
            if !matches!(format.as_str(), "none" | "") {
                return Err(Stop::new("--hyperlink-format: there is no terminal here"));
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `10`, `10K`, `10M` or `10G`.
pub(crate) fn size(text: &str) -> Result<u64, Stop> {
    let (digits, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) if text.ends_with('K') => (digits, 1 << 10),
        Some(digits) if text.ends_with('M') => (digits, 1 << 20),
        Some(digits) => (digits, 1 << 30),
        None => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| {
            Stop::new(format!(
                "{text:?} is not a size: expected 10, 10K, 10M or 10G"
            ))
        })
}
