//! Both files, byte by byte.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use cofferdam_command::{STDIN, Stop, open, path_error};

use crate::options::{Options, Show};
use crate::visible::visible;

/// Bytes that are read at once, because a host call costs more than a copy.
const CHUNK: usize = 64 << 10;

#[derive(Debug)]
pub(crate) enum Outcome {
    Same,
    Different,
    /// One file is the beginning of the other, and this sentence says so.
    Ended(String),
}

/// Compares the two files and prints where they differ.
///
/// # Errors
///
/// A sentence about a file that cannot be read, or about standard output.
pub(crate) fn files(options: &Options, out: &mut impl Write) -> Result<Outcome, Stop> {
    let [one, other] = &options.files;
    if one == STDIN && other == STDIN {
        return Ok(Outcome::Same);
    }
    let mut first = Input::open(one, options.skip[0])?;
    let mut second = Input::open(other, options.skip[1])?;
    if options.show == Show::None
        && options.limit == u64::MAX
        && let (Some(size), Some(other_size)) = (first.size, second.size)
        && size != other_size
    {
        return Ok(Outcome::Different);
    }
    let sizes = [first.size, second.size].into_iter().flatten();
    let highest = sizes.fold(options.limit, u64::min);
    let mut at = Position {
        byte: 0,
        line: 1,
        starts_line: true,
    };
    let mut different = false;
    while at.byte < options.limit {
        let most = usize::try_from(options.limit.saturating_sub(at.byte)).unwrap_or(usize::MAX);
        let (one, other) = (first.peek()?, second.peek()?);
        let length = one.len().min(other.len()).min(most);
        if length == 0 {
            let ended = match (one.is_empty(), other.is_empty()) {
                (true, true) => break,
                (true, false) => &first.name,
                (false, _) => &second.name,
            };
            return Ok(if options.show == Show::None {
                Outcome::Different
            } else {
                Outcome::Ended(at.end(ended, options.show))
            });
        }
        let one = one.get(..length).unwrap_or_default();
        let other = other.get(..length).unwrap_or_default();
        let mut start = 0;
        while start < length {
            let rest = one.get(start..).unwrap_or_default();
            let other_rest = other.get(start..).unwrap_or_default();
            let same = common(rest, other_rest);
            at.pass(rest.get(..same).unwrap_or_default());
            let (Some(left), Some(right)) = (rest.get(same), other_rest.get(same)) else {
                break;
            };
            different = true;
            match options.show {
                Show::None => return Ok(Outcome::Different),
                Show::First => {
                    at.first(options, *left, *right, out)?;
                    return Ok(Outcome::Different);
                }
                Show::All => at.one_of_all(options, highest, *left, *right, out)?,
            }
            at.pass(std::slice::from_ref(left));
            start = start.saturating_add(same).saturating_add(1);
        }
        first.reader.consume(length);
        second.reader.consume(length);
    }
    Ok(if different {
        Outcome::Different
    } else {
        Outcome::Same
    })
}

/// Returns how many bytes at the beginning are equal. It compares words: a byte costs as much fuel.
fn common(one: &[u8], other: &[u8]) -> usize {
    let (words, _) = one.as_chunks::<8>();
    let (other_words, _) = other.as_chunks::<8>();
    let mut pairs = words.iter().zip(other_words);
    let equal = pairs.position(|(word, other)| word != other);
    let start = equal
        .unwrap_or(words.len().min(other_words.len()))
        .saturating_mul(8);
    let (rest, other_rest) = (one.get(start..), other.get(start..));
    let rest = rest
        .unwrap_or_default()
        .iter()
        .zip(other_rest.unwrap_or_default());
    start.saturating_add(rest.take_while(|(byte, other)| byte == other).count())
}

/// One of the files.
struct Input {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    /// Bytes behind those that are skipped, if it is a file.
    size: Option<u64>,
}

impl Input {
    fn open(name: &str, skip: u64) -> Result<Self, Stop> {
        let size = (name != STDIN).then(|| File::open(name).and_then(|file| file.metadata()));
        let size = size
            .and_then(Result::ok)
            .filter(|metadata| metadata.is_file());
        let mut reader = BufReader::with_capacity(CHUNK, open(name)?);
        io::copy(&mut reader.by_ref().take(skip), &mut io::sink())
            .map_err(|error| Stop::new(path_error(name, &error)))?;
        Ok(Self {
            name: name.to_owned(),
            reader,
            size: size.map(|metadata| metadata.len().saturating_sub(skip)),
        })
    }

    /// Returns bytes that were not consumed yet; none at the end.
    fn peek(&mut self) -> Result<&[u8], Stop> {
        let name = &self.name;
        self.reader
            .fill_buf()
            .map_err(|error| Stop::new(path_error(name, &error)))
    }
}

/// The place that the comparison has reached.
struct Position {
    /// Bytes that were compared.
    byte: u64,
    /// The number of the line that the next byte is in.
    line: u64,
    starts_line: bool,
}

impl Position {
    /// Goes on behind bytes of the first file.
    fn pass(&mut self, bytes: &[u8]) {
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        self.byte = self.byte.saturating_add(bytes.len() as u64);
        self.line = self.line.saturating_add(lines as u64);
        self.starts_line = bytes.last().map_or(self.starts_line, |byte| *byte == b'\n');
    }

    /// Prints the first byte that differs.
    fn first(
        &self,
        options: &Options,
        left: u8,
        right: u8,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let [one, other] = &options.files;
        let byte = self.byte.saturating_add(1);
        write!(out, "{one} {other} differ: byte {byte}, line {}", self.line)?;
        if options.print_bytes {
            let (left_shown, right_shown) = (visible(left), visible(right));
            write!(out, " is {left:3o} {left_shown} {right:3o} {right_shown}")?;
        }
        writeln!(out)
    }

    /// Prints one line of the list of all bytes that differ.
    fn one_of_all(
        &self,
        options: &Options,
        highest: u64,
        left: u8,
        right: u8,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (byte, width) = (self.byte.saturating_add(1), highest.to_string().len());
        if options.print_bytes {
            let (left_shown, right_shown) = (visible(left), visible(right));
            writeln!(
                out,
                "{byte:width$} {left:3o} {left_shown:4} {right:3o} {right_shown}"
            )
        } else {
            writeln!(out, "{byte:width$} {left:3o} {right:3o}")
        }
    }

    /// Returns the sentence about a file that ended first.
    fn end(&self, name: &str, show: Show) -> String {
        if self.byte == 0 {
            return format!("EOF on '{name}' which is empty");
        }
        let after = format!("EOF on '{name}' after byte {}", self.byte);
        match (show, self.starts_line) {
            (Show::All, _) => after,
            (_, true) => format!("{after}, line {}", self.line.saturating_sub(1)),
            (_, false) => format!("{after}, in line {}", self.line),
        }
    }
}
