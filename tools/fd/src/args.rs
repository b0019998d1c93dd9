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
    pattern: String,
    /// `--and`: more patterns, all of which must match.
    and: Vec<String>,
    pub(crate) roots: Vec<String>,
    /// No root was named: paths have no `./` in front.
    pub(crate) from_here: bool,
    /// `--base-directory`: relative roots begin there, and it is not printed.
    pub(crate) base: Option<String>,
    /// `--strip-cwd-prefix`: no `./` in front, also with `-0`.
    pub(crate) strips: bool,
    /// `--prune`: no search below a directory that is chosen.
    pub(crate) prune: bool,
    pub(crate) path_separator: Option<String>,
    glob: bool,
    fixed: bool,
    ignore_case: Option<bool>,
    pub(crate) full_path: bool,
    pub(crate) absolute: bool,
    pub(crate) hidden: bool,
    pub(crate) no_ignore: bool,
    pub(crate) no_vcs: bool,
    pub(crate) no_parent: bool,
    pub(crate) ignore_files: Vec<String>,
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
            and: Vec::new(),
            roots: Vec::new(),
            from_here: false,
            base: None,
            strips: false,
            prune: false,
            path_separator: None,
            glob: false,
            fixed: false,
            ignore_case: None,
            full_path: false,
            absolute: false,
            hidden: false,
            no_ignore: false,
            no_vcs: false,
            no_parent: false,
            ignore_files: Vec::new(),
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
                Long("no-hidden") => args.hidden = false,
                Short('I') | Long("no-ignore") => args.no_ignore = true,
                Long("ignore") => args.no_ignore = false,
                Long("no-ignore-vcs") => args.no_vcs = true,
                Long("ignore-vcs") => args.no_vcs = false,
                Long("no-ignore-parent") => args.no_parent = true,
                Long("ignore-file") => args.ignore_files.push(parser.value()?.string()?),
                Long("no-require-git") => args.no_require_git = true,
                Long("require-git") => args.no_require_git = false,
                Long("and") => args.and.push(parser.value()?.string()?),
                Long("prune") => args.prune = true,
                Long("strip-cwd-prefix") => args.strips = strips(parser.optional_value())?,
                Long("path-separator") => args.path_separator = Some(parser.value()?.string()?),
                Long("relative-path") => args.absolute = false,
                Short('u') | Long("unrestricted") => (args.hidden, args.no_ignore) = (true, true),
                Short('t') | Long("type") => args.kinds.push(kind(&parser.value()?.string()?)?),
                Short('e') | Long("extension") => {
                    let extension = parser.value()?.string()?;
                    args.extensions
                        .push(extension.trim_start_matches('.').to_lowercase());
                }
                Short('E') | Long("exclude") => args.exclude.push(parser.value()?.string()?),
                Short('S') | Long("size") => args.sizes.push(size(&parser.value()?.string()?)?),
                Long("changed-within" | "change-newer-than" | "newer" | "changed-after") => {
                    args.changed_after = Some(time(&parser.value()?.string()?)?)
                }
                Long("changed-before" | "change-older-than" | "older") => {
                    args.changed_before = Some(time(&parser.value()?.string()?)?)
                }
                Short('d') | Long("max-depth" | "maxdepth") => {
                    args.max_depth = Some(parser.value()?.parse()?)
                }
                Long("min-depth") => args.min_depth = parser.value()?.parse::<usize>()?.max(1),
                Long("exact-depth") => {
                    let depth = parser.value()?.parse::<usize>()?.max(1);
                    (args.min_depth, args.max_depth) = (depth, Some(depth));
                }
                // 0 is no bound.
                Long("max-results") => {
                    args.max_results = Some(parser.value()?.parse()?).filter(|most| *most > 0)
                }
                Short('1') => args.max_results = Some(1),
                Short('0') | Long("print0") => args.null = true,
                Short('q') | Long("quiet") => args.quiet = true,
                Long("search-path") => args.roots.push(parser.value()?.string()?),
                Long("base-directory") => args.base = Some(parser.value()?.string()?),
                // There is no terminal to colour.
                Short('c') | Long("color") => no_colors(&parser.value()?.string()?)?,
                // What these change is not seen: threads, buffers, one file system without links
                // to others, and errors, which are told as it is.
                Short('j') | Long("threads" | "max-buffer-time") => {
                    let _: u64 = parser.value()?.parse()?;
                }
                Long(
                    "one-file-system"
                    | "mount"
                    | "xdev"
                    | "show-errors"
                    | "no-follow"
                    | "no-global-ignore-file",
                ) => {}
                Short('x') | Long("exec") | Short('X') | Long("exec-batch" | "batch-size") => {
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
                // The program tells mistakes of the command line apart from others.
                other => return Err(Stop::from(other.unexpected()).with_code(2)),
            }
        }
        let mut words = words.into_iter();
        args.pattern = words.next().unwrap_or_default();
        args.roots.extend(words);
        args.from_here = args.roots.is_empty();
        if args.from_here {
            args.roots.push(".".to_owned());
        }
        let is_dir = |path: &str| !path.is_empty() && std::path::Path::new(path).is_dir();
        if let Some(base) = args.base.as_ref().filter(|base| !is_dir(base)) {
            return Err(Stop::new(format!(
                "--base-directory {base:?} is not a directory"
            )));
        }
        if let Some(root) = args
            .roots
            .iter()
            .find(|root| !is_dir(&args.below_base(root)))
        {
            return Err(Stop::new(format!(
                "{root:?} is not a directory: fd [OPTIONS] PATTERN [DIRECTORY]..."
            )));
        }
        Ok(args)
    }

    /// The path of a root for the system: below the base directory, if it is relative.
    pub(crate) fn below_base(&self, root: &str) -> String {
        match &self.base {
            Some(base) if root == "." && self.from_here => base.clone(),
            Some(base) if !root.starts_with('/') => {
                format!("{}/{root}", base.trim_end_matches('/'))
            }
            _ => root.to_owned(),
        }
    }

    /// The patterns for names, or for whole paths with `-p`; all must match.
    pub(crate) fn patterns(&self) -> Result<Vec<Regex>, Stop> {
        let all = std::iter::once(&self.pattern).chain(&self.and);
        all.map(|pattern| self.regex(pattern)).collect()
    }

    /// One pattern. Without a capital letter in it case does not count.
    fn regex(&self, pattern: &str) -> Result<Regex, Stop> {
        let text = match () {
            () if self.fixed => regex::escape(pattern),
            () if self.glob && pattern.is_empty() => String::new(),
            () if self.glob => {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                // The regex crate reads text here, not bytes.
                glob.map_err(|error| Stop::new(error.to_string()))?
                    .regex()
                    .replace("(?-u)", "")
            }
            () => pattern.to_owned(),
        };
        let ignore_case = self.ignore_case.unwrap_or_else(|| !has_capital(pattern));
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

/// Returns true if there is a capital letter that means itself: in `\S` and `\W` it does not.
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
        ))
        .with_code(2)),
    }
}

/// `+10k`, `-1Mi`, `500b`.
fn size(text: &str) -> Result<Size, Stop> {
    let wrong = || {
        Stop::new(format!(
            "-S {text}: expected + or -, a number and b, k, m, g, t, ki, mi, gi or ti"
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
        "t" | "tb" => 1_000_000_000_000,
        "ti" | "tib" => 1 << 40,
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

/// A time so long ago, such as `2h` or `1d12h`, or a date.
fn time(text: &str) -> Result<SystemTime, Stop> {
    let wrong = || {
        Stop::new(format!(
            "{text:?} is not a time: expected an age such as 30s, 10min, 2h, 3d, 1w or a date such \
             as 2024-03-15, '2024-03-15 12:00:00' or @SECONDS"
        ))
    };
    if let Ok(age) = humantime::parse_duration(text) {
        return SystemTime::now().checked_sub(age).ok_or_else(wrong);
    }
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.parse().map_err(|_| wrong())?;
        return SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or_else(wrong);
    }
    // Without a time of day a date is its beginning; times are in UTC.
    humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339_weak(&format!("{text} 00:00:00")))
        .map_err(|_| wrong())
}

/// `--strip-cwd-prefix[=WHEN]`
fn strips(when: Option<std::ffi::OsString>) -> Result<bool, Stop> {
    match when.as_ref().and_then(|when| when.to_str()) {
        None | Some("always") => Ok(true),
        Some("auto" | "never") => Ok(false),
        Some(other) => Err(Stop::new(format!(
            "--strip-cwd-prefix={other}: expected always, auto or never"
        ))),
    }
}

/// `-c`: there is no terminal, so only `always` would change anything.
fn no_colors(when: &str) -> Result<(), Stop> {
    match when {
        "auto" | "never" => Ok(()),
        other => Err(Stop::new(format!(
            "-c {other}: the output of a tool has no colors; leave it out"
        ))),
    }
}
