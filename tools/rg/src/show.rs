//! Output: what of a match is shown, and how.

use cofferdam_command::Stop;
use grep::cli::unescape;

use crate::search::number;

/// The kind of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Lines,
    Count,
    CountMatches,
    WithMatch,
    WithoutMatch,
    Json,
    /// `--files`: what would be searched.
    Files,
    /// `--type-list`
    Types,
}

/// In which order files come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Path,
    Modified,
    Accessed,
}

/// The line between groups of lines.
#[derive(Default)]
pub(crate) enum Separator {
    #[default]
    Usual,
    Nothing,
    Other(Vec<u8>),
}

/// Settings of the output.
#[derive(Default)]
pub(crate) struct Show {
    pub(crate) mode: Mode,
    pub(crate) only_matching: bool,
    line_number: Option<bool>,
    column: Option<bool>,
    pub(crate) byte_offset: bool,
    pub(crate) heading: bool,
    pub(crate) vimgrep: bool,
    pub(crate) trim: bool,
    pub(crate) null: bool,
    pub(crate) quiet: bool,
    pub(crate) stats: bool,
    pub(crate) no_messages: bool,
    pub(crate) names: Option<bool>,
    pub(crate) replace: Option<String>,
    pub(crate) max_columns: Option<u64>,
    pub(crate) max_columns_preview: bool,
    before: usize,
    after: usize,
    has_context: bool,
    pub(crate) passthru: bool,
    pub(crate) include_zero: bool,
    separator: Separator,
    pub(crate) field_match: Option<Vec<u8>>,
    pub(crate) field_context: Option<Vec<u8>>,
    pub(crate) path_separator: Option<u8>,
    pub(crate) order: Order,
    /// The other way round.
    pub(crate) reverse: bool,
}

impl Show {
    /// Takes an option, if it is one of these.
    pub(crate) fn take(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<bool, Stop> {
        let mut value = || -> Result<String, Stop> {
            let value = parser.value()?;
            Ok(value.to_string_lossy().into_owned())
        };
        match option {
            "-c" | "--count" => self.mode = Mode::Count,
            "--count-matches" => self.mode = Mode::CountMatches,
            "-l" | "--files-with-matches" => self.mode = Mode::WithMatch,
            "--files-without-match" => self.mode = Mode::WithoutMatch,
            "--json" => self.mode = Mode::Json,
            "--no-json" => self.mode = Mode::Lines,
            "--files" => self.mode = Mode::Files,
            "--type-list" => self.mode = Mode::Types,
            "-o" | "--only-matching" => self.only_matching = true,
            "-n" | "--line-number" => self.line_number = Some(true),
            "-N" | "--no-line-number" => self.line_number = Some(false),
            "--column" => self.column = Some(true),
            "--no-column" => self.column = Some(false),
            "-b" | "--byte-offset" => self.byte_offset = true,
            "--no-byte-offset" => self.byte_offset = false,
            "--heading" => self.heading = true,
            "--no-heading" => self.heading = false,
            "-p" | "--pretty" => (self.heading, self.line_number) = (true, Some(true)),
            "--vimgrep" => self.vimgrep = true,
            "--trim" => self.trim = true,
            "--no-trim" => self.trim = false,
            "-0" | "--null" => self.null = true,
            "-q" | "--quiet" => self.quiet = true,
            "--stats" => self.stats = true,
            "--no-stats" => self.stats = false,
            "--no-messages" => self.no_messages = true,
            "-H" | "--with-filename" => self.names = Some(true),
            "-I" | "--no-filename" => self.names = Some(false),
            "-r" | "--replace" => self.replace = Some(value()?),
            "-M" | "--max-columns" => {
                // 0 is no bound.
                self.max_columns = Some(number(option, &value()?)?).filter(|columns| *columns > 0)
            }
            "--max-columns-preview" => self.max_columns_preview = true,
            "--no-max-columns-preview" => self.max_columns_preview = false,
            "-A" | "--after-context" => {
                let after = number(option, &value()?)?;
                self.around(self.before, after);
            }
            "-B" | "--before-context" => {
                let before = number(option, &value()?)?;
                self.around(before, self.after);
            }
            "-C" | "--context" => {
                let lines = number(option, &value()?)?;
                self.around(lines, lines);
            }
            "--passthru" | "--passthrough" => self.passthru = true,
            "--no-passthru" => self.passthru = false,
            "--include-zero" => self.include_zero = true,
            "--no-include-zero" => self.include_zero = false,
            "--context-separator" => self.separator = Separator::Other(unescape(&value()?)),
            "--no-context-separator" => self.separator = Separator::Nothing,
            "--field-match-separator" => self.field_match = Some(unescape(&value()?)),
            "--field-context-separator" => self.field_context = Some(unescape(&value()?)),
            "--path-separator" => self.path_separator = path_separator(&value()?)?,
            "--sort" | "--sortr" => {
                self.reverse = option == "--sortr";
                self.order = order(&value()?)?;
            }
            "--sort-files" => self.order = Order::Path,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn around(&mut self, before: usize, after: usize) {
        (self.before, self.after, self.passthru) = (before, after, false);
        self.has_context = true;
    }

    /// Lines that are printed before and after one that matches.
    pub(crate) fn context(&self) -> [usize; 2] {
        let lines = matches!(self.mode, Mode::Lines | Mode::Json) && !self.quiet;
        if lines && !self.passthru {
            [self.before, self.after]
        } else {
            [0, 0]
        }
    }

    pub(crate) fn line_number(&self) -> bool {
        self.line_number
            .unwrap_or(self.column() || self.vimgrep || self.mode == Mode::Json)
            || self.mode == Mode::Json
    }

    pub(crate) fn column(&self) -> bool {
        self.column.unwrap_or(self.vimgrep)
    }

    /// The line between groups that do not follow each other.
    pub(crate) fn context_separator(&self) -> Option<Vec<u8>> {
        match &self.separator {
            Separator::Usual => Some(b"--".to_vec()),
            Separator::Nothing => None,
            Separator::Other(other) => Some(other.clone()),
        }
    }

    /// The line between the results of two files.
    pub(crate) fn file_separator(&self) -> Option<Vec<u8>> {
        match () {
            () if self.heading => Some(Vec::new()),
            () if self.has_context && !self.passthru => self.context_separator(),
            () => None,
        }
    }
}

fn path_separator(text: &str) -> Result<Option<u8>, Stop> {
    match *unescape(text).as_slice() {
        [] => Ok(None),
        [byte] => Ok(Some(byte)),
        _ => Err(Stop::new(format!(
            "--path-separator {text:?}: expected one byte"
        ))),
    }
}

fn order(text: &str) -> Result<Order, Stop> {
    match text {
        "path" | "none" => Ok(Order::Path),
        "modified" => Ok(Order::Modified),
        "accessed" => Ok(Order::Accessed),
        "created" => Err(Stop::new(
            "--sort created: files have no time of creation here; there is modified",
        )),
        other => Err(Stop::new(format!(
            "--sort {other}: expected path, modified, accessed or none"
        ))),
    }
}
