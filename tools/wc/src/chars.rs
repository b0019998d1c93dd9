//! `-m` without `-w` and `-L`, as GNU's counts: a byte that is part of no character is none.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};

use cofferdam_command::{STDIN, path_error};

/// Least width of a number where the length of an input is not known.
const LEAST_WIDTH: usize = 7;

/// Inputs whose characters are counted, and the columns that are shown.
pub(crate) struct Count {
    /// None is standard input without a name.
    files: Vec<String>,
    lines: bool,
    bytes: bool,
    total: Total,
}

/// Says when the sum of all inputs is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Total {
    Always,
    Auto,
    Never,
    Only,
}

#[derive(Default)]
struct Sum {
    lines: usize,
    chars: usize,
    bytes: usize,
}

impl Count {
    /// Reads the arguments; nothing when the program can do it itself.
    pub(crate) fn parse(args: &[OsString]) -> Option<Self> {
        let matches = uu_wc::uu_app().try_get_matches_from(args).ok()?;
        let is_set = |name: &str| matches.get_flag(name);
        let is_ours = is_set("chars")
            && !is_set("words")
            && !is_set("max-line-length")
            && !is_set("debug")
            && !matches.contains_id("files0-from");
        if !is_ours {
            return None;
        }
        let files = matches.get_many::<OsString>("files").unwrap_or_default();
        let files: Vec<_> = files
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        // An empty name is refused by the program.
        if files.iter().any(String::is_empty) {
            return None;
        }
        let total = matches.get_one::<String>("total");
        Some(Self {
            files,
            lines: is_set("lines"),
            bytes: is_set("bytes"),
            total: match total.map(String::as_str) {
                Some("always") => Total::Always,
                Some("never") => Total::Never,
                Some("only") => Total::Only,
                _ => Total::Auto,
            },
        })
    }

    /// Prints the numbers, and returns the exit code.
    pub(crate) fn run(&self) -> i32 {
        match self.print(&mut io::stdout().lock()) {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(error) => {
                complain(&path_error("standard output", &error));
                1
            }
        }
    }

    /// Returns true if everything could be read.
    fn print(&self, out: &mut impl Write) -> io::Result<bool> {
        let width = self.width();
        let mut whole = true;
        let mut total = Sum::default();
        for name in self.names() {
            let mut sum = Sum::default();
            let read = sum.add(name.unwrap_or(STDIN));
            let is_open = !matches!(read, Err(Problem::Open(_)));
            if self.total != Total::Only && is_open {
                self.line(out, &sum, width, name)?;
            }
            if let Err(Problem::Open(error) | Problem::Read(error)) = read {
                out.flush()?;
                complain(&path_error(name.unwrap_or("standard input"), &error));
                whole = false;
            }
            total.lines += sum.lines;
            total.chars += sum.chars;
            total.bytes += sum.bytes;
        }
        match self.total {
            Total::Only => self.line(out, &total, width, None)?,
            Total::Always => self.line(out, &total, width, Some("total"))?,
            Total::Auto if self.files.len() > 1 => {
                self.line(out, &total, width, Some("total"))?;
            }
            Total::Auto | Total::Never => {}
        }
        out.flush()?;
        Ok(whole)
    }

    /// Returns the names of all inputs.
    fn names(&self) -> Vec<Option<&str>> {
        if self.files.is_empty() {
            return vec![None];
        }
        self.files.iter().map(|file| Some(file.as_str())).collect()
    }

    /// Returns the width of numbers, which is that of the length of all files together.
    fn width(&self) -> usize {
        let is_one_number = !self.lines && !self.bytes;
        if self.total == Total::Only || (is_one_number && self.files.len() <= 1) {
            return 1;
        }
        let mut least = 1;
        let mut length: u64 = 0;
        for name in self.names() {
            let file = name.filter(|name| *name != STDIN).map(fs::metadata);
            match file {
                Some(Ok(file)) if file.is_file() => length = length.saturating_add(file.len()),
                Some(Err(_)) => {}
                Some(Ok(_)) | None => least = LEAST_WIDTH,
            }
        }
        length.to_string().len().max(least)
    }

    fn line(
        &self,
        out: &mut impl Write,
        sum: &Sum,
        width: usize,
        name: Option<&str>,
    ) -> io::Result<()> {
        let columns = [
            self.lines.then_some(sum.lines),
            Some(sum.chars),
            self.bytes.then_some(sum.bytes),
        ];
        let mut words: Vec<String> = columns
            .into_iter()
            .flatten()
            .map(|number| format!("{number:width$}"))
            .collect();
        words.extend(name.map(str::to_owned));
        writeln!(out, "{}", words.join(" "))
    }
}

/// The reason why an input was not read to its end.
enum Problem {
    Open(io::Error),
    Read(io::Error),
}

impl Sum {
    /// Counts what an input has.
    fn add(&mut self, name: &str) -> Result<(), Problem> {
        let mut input: Box<dyn BufRead> = if name == STDIN {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(name).map_err(Problem::Open)?))
        };
        let mut line = Vec::new();
        // No character has a line feed in it.
        while input.read_until(b'\n', &mut line).map_err(Problem::Read)? > 0 {
            let chunks = line.utf8_chunks();
            let chars: usize = chunks.map(|chunk| chunk.valid().chars().count()).sum();
            self.chars += chars;
            self.bytes += line.len();
            self.lines += usize::from(line.ends_with(b"\n"));
            line.clear();
        }
        Ok(())
    }
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(sentence: &str) {
    eprintln!("wc: {sentence}");
}
