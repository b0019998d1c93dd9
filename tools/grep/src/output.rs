//! How matches are printed: as GNU grep does without a terminal.

use std::io;

use cofferdam_command::{Output, STDIN, Stop, open, path_error};
use grep::printer::{Standard, StandardBuilder, Summary, SummaryBuilder, SummaryKind};
use grep::regex::RegexMatcher;
use grep::searcher::Searcher;
use termcolor::NoColor;

use crate::args::{Args, Show};

/// What GNU grep calls standard input.
const STDIN_NAME: &str = "(standard input)";

/// One of ripgrep's printers, set up for what was asked.
pub(crate) enum Printer<'a> {
    Lines(Standard<NoColor<&'a mut Output>>),
    Summary(Summary<NoColor<&'a mut Output>>),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(args: &Args, out: &'a mut Output) -> Self {
        let names = args.shows_names();
        let end = args.null.then_some(b'\0');
        let kind = match (args.quiet, args.show) {
            (true, _) => SummaryKind::QuietWithMatch,
            (_, Show::Lines) => {
                let mut builder = StandardBuilder::new();
                builder
                    .path(names)
                    .byte_offset(args.byte_offset)
                    .only_matching(args.only_matching)
                    .path_terminator(end);
                // Between files as between groups of lines.
                let separated = (args.before > 0 || args.after > 0) && !args.only_matching;
                builder.separator_search(separated.then(|| b"--".to_vec()));
                return Self::Lines(builder.build_no_color(out));
            }
            (_, Show::Count) => SummaryKind::Count,
            (_, Show::WithMatch) => SummaryKind::PathWithMatch,
            (_, Show::WithoutMatch) => SummaryKind::PathWithoutMatch,
        };
        let mut builder = SummaryBuilder::new();
        builder
            .kind(kind)
            .path(names)
            .exclude_zero(false)
            .path_terminator(end);
        Self::Summary(builder.build_no_color(out))
    }

    /// Searches one file and says whether there was a match.
    pub(crate) fn search(
        &mut self,
        searcher: &mut Searcher,
        matcher: &RegexMatcher,
        file: &str,
    ) -> Result<bool, Stop> {
        let input = open(file)?;
        let name = if file == STDIN { STDIN_NAME } else { file };
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
        }
    }
}
