//! How matches are printed: as ripgrep does without a terminal.

use std::io::{self, Read, Write};

use cofferdam_command::{Output, Stop, path_error};
use grep::printer::{
    JSON, JSONBuilder, Standard, StandardBuilder, Summary, SummaryBuilder, SummaryKind,
};
use grep::regex::RegexMatcher;
use grep::searcher::Searcher;
use termcolor::NoColor;

use crate::args::{Args, Mode};

/// One of ripgrep's printers, set up for what was asked.
pub(crate) enum Printer<'a> {
    Lines(Standard<NoColor<&'a mut Output>>),
    Summary(Summary<NoColor<&'a mut Output>>),
    Json(JSON<&'a mut Output>),
    Names(&'a mut Output),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(args: &Args, names: bool, out: &'a mut Output) -> Self {
        let end = args.null.then_some(b'\0');
        let replace = args.replace.as_ref().map(|text| text.clone().into_bytes());
        let kind = match (args.quiet, args.mode) {
            (true, _) => SummaryKind::QuietWithMatch,
            (_, Mode::Files | Mode::Types) => return Self::Names(out),
            (_, Mode::Json) => {
                return Self::Json(JSONBuilder::new().replacement(replace).build(out));
            }
            (_, Mode::Lines) => {
                let mut builder = StandardBuilder::new();
                builder
                    .path(names)
                    .heading(args.heading)
                    .only_matching(args.only_matching)
                    .per_match(args.vimgrep)
                    .per_match_one_line(true)
                    .replacement(replace)
                    .column(args.column)
                    .byte_offset(args.byte_offset)
                    .trim_ascii(args.trim)
                    .max_columns(args.max_columns)
                    .path_terminator(end);
                let between = match () {
                    () if args.heading => Some(Vec::new()),
                    () if args.before > 0 || args.after > 0 => Some(b"--".to_vec()),
                    () => None,
                };
                builder.separator_search(between);
                return Self::Lines(builder.build_no_color(out));
            }
            (_, Mode::Count) if args.only_matching => SummaryKind::CountMatches,
            (_, Mode::Count) => SummaryKind::Count,
            (_, Mode::CountMatches) => SummaryKind::CountMatches,
            (_, Mode::WithMatch) => SummaryKind::PathWithMatch,
            (_, Mode::WithoutMatch) => SummaryKind::PathWithoutMatch,
        };
        let mut builder = SummaryBuilder::new();
        builder
            .kind(kind)
            .path(names)
            .exclude_zero(true)
            .path_terminator(end);
        Self::Summary(builder.build_no_color(out))
    }

    /// Searches one input and says whether there was a match.
    pub(crate) fn search(
        &mut self,
        searcher: &mut Searcher,
        matcher: &RegexMatcher,
        name: &str,
        input: impl Read,
    ) -> Result<bool, Stop> {
        let failed = |error: io::Error| Stop::new(path_error(name, &error));
        match self {
            Self::Lines(printer) => {
                let mut sink = printer.sink_with_path(matcher, name);
                searcher
                    .search_reader(matcher, input, &mut sink)
                    .map_err(failed)?;
                Ok(sink.has_match())
            }
            Self::Summary(printer) => {
                let mut sink = printer.sink_with_path(matcher, name);
                searcher
                    .search_reader(matcher, input, &mut sink)
                    .map_err(failed)?;
                Ok(sink.has_match())
            }
            Self::Json(printer) => {
                let mut sink = printer.sink_with_path(matcher, name);
                searcher
                    .search_reader(matcher, input, &mut sink)
                    .map_err(failed)?;
                Ok(sink.has_match())
            }
            Self::Names(_) => Ok(false),
        }
    }

    /// Prints the name of a file that would be searched.
    pub(crate) fn name(&mut self, name: &str, null: bool) -> Result<(), Stop> {
        if let Self::Names(out) = self {
            write!(out, "{name}{}", if null { '\0' } else { '\n' })?;
        }
        Ok(())
    }
}
