//! What was asked for.

use std::time::{Duration, SystemTime};

use cofferdam_command::Stop;
use globset::GlobBuilder;
use lexopt::prelude::*;
use regex::{Regex, RegexBuilder};

/// The largest compiled pattern, in bytes: what the default memory of a call has room for beside
/// the search.
const MAX_COMPILED: usize = 16 << 20;

/// What `-t` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
    Empty,
}

/// `-S`: at least, at most or exactly so many bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    AtLeast(u64),
    AtMost(u64),
    Exactly(u64),
}

/// The command line.
pub(crate) struct Args {
    pub(crate) pattern: String,
    pub(crate) roots: Vec<String>,
    /// No root was named: paths have no `./` in front.
    pub(crate) from_here: bool,
    glob: bool,
    fixed: bool,
    ignore_case: Option<bool>,
    pub(crate) full_path: bool,
    pub(crate) absolute: bool,
    pub(crate) hidden: bool,
    pub(crate) no_ignore: bool,
    /// `.gitignore` counts outside a repository, too.
    pub(crate) no_require_git: bool,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) extensions: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) changed_after: Option<SystemTime>,
    pub(crate) changed_before: Option<SystemTime>,
    pub(crate) min_depth: usize,
    pub(crate) max_depth: Option<usize>,
    pub(crate) max_results: Option<usize>,
    pub(crate) null: bool,
    pub(crate) quiet: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            pattern: String::new(),
            roots: Vec::new(),
            from_here: false,
            glob: false,
            fixed: false,
            ignore_case: None,
            full_path: false,
            absolute: false,
            hidden: false,
            no_ignore: false,
            no_require_git: false,
            kinds: Vec::new(),
            extensions: Vec::new(),
            exclude: Vec::new(),
            sizes: Vec::new(),
            changed_after: None,
            changed_before: None,
            min_depth: 1,
            max_depth: None,
            max_results: None,
            null: false,
            quiet: false,
        };
        let mut parser = lexopt::Parser::from_env();
        let mut words = Vec::new();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('g') | Long("glob") => args.glob = true,
                Long("regex") => args.glob = false,
                Short('F') | Long("fixed-strings") => args.fixed = true,
                Short('i') | Long("ignore-case") => args.ignore_case = Some(true),
                Short('s') | Long("case-sensitive") => args.ignore_case = Some(false),
                Short('p') | Long("full-path") => args.full_path = true,
                Short('a') | Long("absolute-path") => args.absolute = true,
                Short('H') | Long("hidden") => args.hidden = true,
                Short('I') | Long("no-ignore") => args.no_ignore = true,
                Long("no-require-git") => args.no_require_git = true,
                Short('u') | Long("unrestricted") => (args.hidden, args.no_ignore) = (true, true),
                Short('t') | Long("type") => args.kinds.push(kind(&parser.value()?.string()?)?),
                Short('e') | Long("extension") => {
                    let extension = parser.value()?.string()?;
                    args.extensions
                        .push(extension.trim_start_matches('.').to_lowercase());
                }
                Short('E') | Long("exclude") => args.exclude.push(parser.value()?.string()?),
                Short('S') | Long("size") => args.sizes.push(size(&parser.value()?.string()?)?),
                Long("changed-within" | "newer") => {
                    args.changed_after = Some(ago(&parser.value()?.string()?)?)
                }
                Long("changed-before" | "older") => {
                    args.changed_before = Some(ago(&parser.value()?.string()?)?)
                }
                Short('d') | Long("max-depth") => args.max_depth = Some(parser.value()?.parse()?),
                Long("min-depth") => args.min_depth = parser.value()?.parse::<usize>()?.max(1),
                Long("exact-depth") => {
                    let depth = parser.value()?.parse::<usize>()?.max(1);
                    (args.min_depth, args.max_depth) = (depth, Some(depth));
                }
                Long("max-results") => args.max_results = Some(parser.value()?.parse()?),
                Short('1') => args.max_results = Some(1),
                Short('0') | Long("print0") => args.null = true,
                Short('q') | Long("quiet") => args.quiet = true,
                Long("search-path" | "base-directory") => {
                    args.roots.push(parser.value()?.string()?)
                }
                Long("color") | Short('j') | Long("threads") => drop(parser.value()?),
                Short('x') | Long("exec") | Short('X') | Long("exec-batch") => {
                    return Err(Stop::new(
                        "-x: a tool cannot start another one: print the paths, and call the tool \
                         with them",
                    ));
                }
                Short('L') | Long("follow") => {
                    return Err(Stop::new("-L: symbolic links are not followed here"));
                }
                Short('o') | Long("owner") => {
                    return Err(Stop::new("-o: files have no owners here"));
                }
                Short('l') | Long("list-details") => {
                    return Err(Stop::new("-l: use the tool `ls -l` with the paths"));
                }
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut words = words.into_iter();
        args.pattern = words.next().unwrap_or_default();
        args.roots.extend(words);
        args.from_here = args.roots.is_empty();
        if args.from_here {
            args.roots.push(".".to_owned());
        }
        if let Some(root) = args
            .roots
            .iter()
            .find(|root| !std::path::Path::new(root).is_dir())
        {
            return Err(Stop::new(format!(
                "{root:?} is not a directory: fd [OPTIONS] PATTERN [DIRECTORY]..."
            )));
        }
        Ok(args)
    }

    /// The pattern for names, or for whole paths with `-p`. Without a capital letter in it case
    /// does not count.
    pub(crate) fn pattern(&self) -> Result<Regex, Stop> {
        let text = match () {
            () if self.fixed => regex::escape(&self.pattern),
            () if self.glob && self.pattern.is_empty() => String::new(),
            () if self.glob => {
                let glob = GlobBuilder::new(&self.pattern)
                    .literal_separator(true)
                    .build();
                // The regex crate reads text here, not bytes.
                glob.map_err(|error| Stop::new(error.to_string()))?
                    .regex()
                    .replace("(?-u)", "")
            }
            () => self.pattern.clone(),
        };
        let ignore_case = self
            .ignore_case
            .unwrap_or_else(|| !has_capital(&self.pattern));
        let mut builder = RegexBuilder::new(&text);
        builder
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .size_limit(MAX_COMPILED);
        builder
            .build()
            .map_err(|error| Stop::new(error.to_string()))
    }
}

/// Whether there is a capital letter that means itself: in `\S` and `\W` it does not.
fn has_capital(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|char| {
        let counts = !escaped;
        escaped = char == '\\' && !escaped;
        counts && char.is_uppercase()
    })
}

fn kind(text: &str) -> Result<Kind, Stop> {
    match text {
        "f" | "file" => Ok(Kind::File),
        "d" | "dir" | "directory" => Ok(Kind::Directory),
        "l" | "symlink" => Ok(Kind::Link),
        "e" | "empty" => Ok(Kind::Empty),
        other => Err(Stop::new(format!(
            "-t {other}: expected f, d, l or e; nothing else is in a workspace"
        ))),
    }
}

/// `+10k`, `-1Mi`, `500b`.
fn size(text: &str) -> Result<Size, Stop> {
    let wrong = || {
        Stop::new(format!(
            "-S {text}: expected + or -, a number and b, k, m, g, ki, mi or gi"
        ))
    };
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let at = rest
        .find(|char: char| !char.is_ascii_digit())
        .ok_or_else(wrong)?;
    let (digits, unit) = rest.split_at_checked(at).ok_or_else(wrong)?;
    let unit = match unit.to_lowercase().as_str() {
        "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(wrong)?;
    Ok(match text.chars().next() {
        Some('+') => Size::AtLeast(bytes),
        Some('-') => Size::AtMost(bytes),
        _ => Size::Exactly(bytes),
    })
}

/// A time so long ago: `30s`, `10min`, `2h`, `3d`, `1w`.
fn ago(text: &str) -> Result<SystemTime, Stop> {
    let wrong = || {
        Stop::new(format!(
            "{text:?} is not a duration: expected 30s, 10min, 2h, 3d or 1w"
        ))
    };
    let at = text
        .find(|char: char| !char.is_ascii_digit())
        .ok_or_else(wrong)?;
    let (digits, unit) = text.split_at_checked(at).ok_or_else(wrong)?;
    let unit = match unit.trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 60 * 60,
        "d" | "day" | "days" => 24 * 60 * 60,
        "w" | "week" | "weeks" => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let seconds = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(wrong)?;
    SystemTime::now()
        .checked_sub(Duration::from_secs(seconds))
        .ok_or_else(wrong)
}
