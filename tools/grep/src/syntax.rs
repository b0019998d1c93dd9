//! The engine that searches for the patterns that were given.

use cofferdam_command::Stop;
use cofferdam_pattern::{
    Backtracking, BacktrackingOptions, Engine, Flavor, Longest, MAX_COMPILED, perl, posix,
};
use grep::regex::{RegexMatcher, RegexMatcherBuilder};
use regex_automata::util::syntax;

use crate::args::{Args, Syntax};

/// A line that matches nothing: what `-f` of an empty file searches for.
const NOTHING: &str = r"[^\s\S]";

/// All patterns together, in the syntax of the engines.
struct Whole {
    pattern: String,
    backtracks: bool,
}

/// The engine for all patterns together.
pub(crate) fn engine(args: &Args, warn: &mut dyn FnMut(&str)) -> Result<Engine, Stop> {
    let whole = whole(args, warn)?;
    let pattern = match () {
        () if args.line => format!("^(?:{})$", whole.pattern),
        () if args.word && whole.backtracks => format!(r"(?<!\w)(?:{})(?!\w)", whole.pattern),
        () if args.word => format!(r"\b{{start-half}}(?:{})\b{{end-half}}", whole.pattern),
        () => whole.pattern,
    };
    // A record that ends in a zero byte is one text, line breaks included.
    let records = args.line_end == 0;
    if whole.backtracks {
        let options = BacktrackingOptions {
            ignore_case: args.ignore_case,
            dot_all: records && args.syntax != Syntax::Perl,
            longest: args.syntax != Syntax::Perl,
            line_end: Some(args.line_end),
            ..BacktrackingOptions::default()
        };
        let engine = Backtracking::new(&pattern, options)?;
        return Ok(Engine::Backtracking(Box::new(engine)));
    }
    let first = automaton(args, &pattern)?;
    // Only where matches are printed does it matter how long they are.
    if args.only_matching && args.syntax != Syntax::Perl {
        let syntax = syntax::Config::new()
            .case_insensitive(args.ignore_case)
            .multi_line(!records)
            .dot_matches_new_line(records);
        let engine = Longest::new(first, &pattern, syntax, args.line_end)?;
        return Ok(Engine::Longest(Box::new(engine)));
    }
    Ok(Engine::Automaton(Box::new(first)))
}

fn automaton(args: &Args, pattern: &str) -> Result<RegexMatcher, Stop> {
    let records = args.line_end == 0;
    let mut builder = RegexMatcherBuilder::new();
    builder
        .case_insensitive(args.ignore_case)
        .multi_line(!records)
        .dot_matches_new_line(records && args.syntax != Syntax::Perl)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .line_terminator(Some(args.line_end))
        .build(pattern)
        .map_err(|error| Stop::new(error.to_string()))
}

fn whole(args: &Args, warn: &mut dyn FnMut(&str)) -> Result<Whole, Stop> {
    let (mut alternatives, mut groups, mut backtracks) = (Vec::new(), 0, false);
    if args.syntax == Syntax::Perl && args.patterns.len() > 1 {
        return Err(Stop::new(
            "the -P option only supports a single pattern: join them with `|`",
        ));
    }
    for pattern in &args.patterns {
        let flavor = match args.syntax {
            Syntax::Fixed => {
                alternatives.push(escape(pattern));
                continue;
            }
            Syntax::Perl => {
                let perl = perl(pattern)?;
                backtracks |= perl.backtracks;
                alternatives.push(perl.pattern);
                continue;
            }
            Syntax::Basic => Flavor::Basic,
            Syntax::Extended => Flavor::Extended,
        };
        let posix = posix(pattern, flavor, groups)?;
        for stray in posix.stray {
            let hint = match stray {
                'd' | 'D' => "; digits are [0-9], or \\d with -P",
                _ => "",
            };
            warn(&format!("warning: stray \\ before {stray}{hint}"));
        }
        groups += posix.groups;
        backtracks |= posix.back_references;
        alternatives.push(posix.pattern);
    }
    let pattern = match alternatives.as_slice() {
        [] => NOTHING.to_owned(),
        [one] => one.clone(),
        many => many
            .iter()
            .map(|one| format!("(?:{one})"))
            .collect::<Vec<_>>()
            .join("|"),
    };
    Ok(Whole {
        pattern,
        backtracks,
    })
}

/// A text as a pattern.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_punctuation() && !matches!(char, '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}
