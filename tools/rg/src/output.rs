//! Printing matches as ripgrep does without a terminal.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use cofferdam_command::{Output, Stop, path_error};
use cofferdam_pattern::Engine;
use grep::printer::{
    JSON, JSONBuilder, Standard, StandardBuilder, Stats, Summary, SummaryBuilder, SummaryKind,
};
use grep::searcher::Searcher;
use serde_json::json;
use termcolor::NoColor;

use crate::args::Args;
use crate::show::Mode;

/// Prints results, and counts them where that was asked for.
pub(crate) struct Printer<'a> {
    kind: Kind<'a>,
    stats: Option<Stats>,
    began: Instant,
}

/// One of ripgrep's printers, set up for what was asked.
enum Kind<'a> {
    Lines(Standard<NoColor<&'a mut Output>>),
    Summary(Summary<NoColor<&'a mut Output>>),
    Json(JSON<&'a mut Output>),
    Names(&'a mut Output),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(args: &Args, names: bool, out: &'a mut Output) -> Self {
        let show = &args.show;
        // The summary of `--json` holds the figures.
        let counts = show.stats || (show.mode == Mode::Json && !show.quiet);
        let kind = match (show.quiet, show.mode) {
            (_, Mode::Files | Mode::Types) => Kind::Names(out),
            (false, Mode::Json) => {
                let replace = show.replace.as_ref().map(|text| text.clone().into_bytes());
                Kind::Json(JSONBuilder::new().replacement(replace).build(out))
            }
            (false, Mode::Lines) => Kind::Lines(lines(args, names).build_no_color(out)),
            (quiet, mode) => Kind::Summary(summary(args, names, quiet, mode).build_no_color(out)),
        };
        Self {
            kind,
            stats: counts.then(Stats::new),
            began: Instant::now(),
        }
    }

    /// Searches one input and says whether there was a match.
    pub(crate) fn search(
        &mut self,
        searcher: &mut Searcher,
        engine: &Engine,
        name: &str,
        input: impl Read,
    ) -> Result<bool, Stop> {
        let failed = |error: io::Error| Stop::new(path_error(name, &error));
        let (matched, stats) = match &mut self.kind {
            Kind::Lines(printer) => {
                let mut sink = printer.sink_with_path(engine, name);
                searcher
                    .search_reader(engine, input, &mut sink)
                    .map_err(failed)?;
                (sink.has_match(), sink.stats().cloned())
            }
            Kind::Summary(printer) => {
                let mut sink = printer.sink_with_path(engine, name);
                searcher
                    .search_reader(engine, input, &mut sink)
                    .map_err(failed)?;
                (sink.has_match(), sink.stats().cloned())
            }
            Kind::Json(printer) => {
                let mut sink = printer.sink_with_path(engine, name);
                searcher
                    .search_reader(engine, input, &mut sink)
                    .map_err(failed)?;
                (sink.has_match(), Some(sink.stats().clone()))
            }
            Kind::Names(_) => (false, None),
        };
        if let (Some(sum), Some(stats)) = (&mut self.stats, stats) {
            *sum += stats;
        }
        Ok(matched)
    }

    /// Prints the name of a file that would be searched.
    pub(crate) fn name(&mut self, name: &str, null: bool) -> Result<(), Stop> {
        if let Kind::Names(out) = &mut self.kind {
            write!(out, "{name}{}", if null { '\0' } else { '\n' })?;
        }
        Ok(())
    }

    /// Prints the figures: `--stats`, and the last message of `--json`.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        let (Some(stats), took) = (&self.stats, self.began.elapsed()) else {
            return Ok(());
        };
        match &mut self.kind {
            Kind::Json(printer) => {
                let summary = json!({
                    "type": "summary",
                    "data": {
                        "elapsed_total": {
                            "secs": took.as_secs(),
                            "nanos": took.subsec_nanos(),
                            "human": seconds(took),
                        },
                        "stats": stats,
                    },
                });
                writeln!(printer.get_mut(), "{summary}")?;
            }
            Kind::Lines(printer) => write_stats(printer.get_mut().get_mut(), stats, took)?,
            Kind::Summary(printer) => write_stats(printer.get_mut().get_mut(), stats, took)?,
            Kind::Names(_) => {}
        }
        Ok(())
    }
}

fn lines(args: &Args, names: bool) -> StandardBuilder {
    let show = &args.show;
    let mut builder = StandardBuilder::new();
    builder
        .stats(show.stats)
        .path(names)
        .heading(show.heading && !show.vimgrep)
        .only_matching(show.only_matching)
        .per_match(show.vimgrep)
        .per_match_one_line(true)
        .replacement(show.replace.as_ref().map(|text| text.clone().into_bytes()))
        .column(show.column())
        .byte_offset(show.byte_offset)
        .trim_ascii(show.trim)
        .max_columns(show.max_columns)
        .max_columns_preview(show.max_columns_preview)
        .separator_context(show.context_separator())
        .separator_search(show.file_separator())
        .separator_path(show.path_separator)
        .path_terminator(show.null.then_some(b'\0'));
    if let Some(separator) = &show.field_match {
        builder.separator_field_match(separator.clone());
    }
    if let Some(separator) = &show.field_context {
        builder.separator_field_context(separator.clone());
    }
    builder
}

fn summary(args: &Args, names: bool, quiet: bool, mode: Mode) -> SummaryBuilder {
    let show = &args.show;
    // What is inverted is counted by lines.
    let by_match = !args.search.is_inverted();
    let kind = match mode {
        _ if quiet => SummaryKind::QuietWithMatch,
        Mode::Count if show.only_matching && by_match => SummaryKind::CountMatches,
        Mode::CountMatches if by_match => SummaryKind::CountMatches,
        Mode::WithMatch => SummaryKind::PathWithMatch,
        Mode::WithoutMatch => SummaryKind::PathWithoutMatch,
        _ => SummaryKind::Count,
    };
    let mut builder = SummaryBuilder::new();
    builder
        .kind(kind)
        .stats(show.stats)
        .path(names)
        .exclude_zero(!show.include_zero)
        .separator_path(show.path_separator)
        .path_terminator(show.null.then_some(b'\0'));
    if let Some(separator) = &show.field_match {
        builder.separator_field(separator.clone());
    }
    builder
}

fn write_stats(out: &mut dyn Write, stats: &Stats, took: Duration) -> io::Result<()> {
    write!(
        out,
        "\n{} matches\n{} matched lines\n{} files contained matches\n{} files searched\n{} bytes \
         printed\n{} bytes searched\n{:.6} seconds spent searching\n{:.6} seconds\n",
        stats.matches(),
        stats.matched_lines(),
        stats.searches_with_match(),
        stats.searches(),
        stats.bytes_printed(),
        stats.bytes_searched(),
        stats.elapsed().as_secs_f64(),
        took.as_secs_f64(),
    )
}

fn seconds(took: Duration) -> String {
    format!("{:.6}s", took.as_secs_f64())
}
