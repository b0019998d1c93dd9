//! Lists of digests, checked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use crate::digest::{Algorithm, Mode};
use crate::options::{Check, Options};
use crate::{complain, reason};

/// The longest line that is read as one. A digest has 128 characters and a path at most 4,096
/// bytes; the list itself may be of any length.
const MAX_LINE: u64 = 16 << 10;

/// A line of a list.
struct Line {
    algorithm: Algorithm,
    digest: String,
    mode: Mode,
    file: String,
}

/// What came of a list.
#[derive(Default)]
struct Counts {
    lines: u64,
    malformed: u64,
    ok: u64,
    unread: u64,
    different: u64,
}

/// Checks every file of a list; whether all is well.
pub(crate) fn file(list: &str, options: &Options) -> io::Result<bool> {
    let how = options.check.unwrap_or_default();
    let (name, mut input): (_, Box<dyn BufRead>) = if list == "-" {
        ("standard input", Box::new(io::stdin().lock()))
    } else {
        match File::open(list) {
            Ok(file) => (list, Box::new(BufReader::new(file))),
            Err(error) => {
                complain(&format!("shasum: {list}: {}", reason(&error)));
                return Ok(false);
            }
        }
    };
    let (mut counts, mut number) = (Counts::default(), 0_u64);
    loop {
        let mut bytes = Vec::new();
        if let Err(error) = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
            complain(&format!("shasum: {name}: {}", reason(&error)));
            return Ok(false);
        }
        if bytes.is_empty() {
            break;
        }
        number = number.saturating_add(1);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.starts_with('#') {
            continue;
        }
        match Line::read(text, options.algorithm) {
            Some(line) => {
                counts.lines = counts.lines.saturating_add(1);
                line.check(how, &mut counts)?;
            }
            None => {
                counts.malformed = counts.malformed.saturating_add(1);
                if how.warn {
                    complain(&format!(
                        "shasum: {name}: {number}: improperly formatted SHA checksum line"
                    ));
                }
            }
        }
    }
    Ok(counts.conclude(name, how))
}

impl Line {
    fn read(text: &str, asked: Algorithm) -> Option<Self> {
        let text = text.trim_start_matches([' ', '\t']);
        let (escaped, text) = text
            .strip_prefix('\\')
            .map_or((false, text), |rest| (true, rest));
        let line = match text.strip_prefix("SHA") {
            Some(rest) => Self::bsd(rest)?,
            None => Self::gnu(text, asked)?,
        };
        Some(if escaped {
            Self {
                file: unescaped(&line.file),
                ..line
            }
        } else {
            line
        })
    }

    /// `SHA256 (FILE) = DIGEST`, without `SHA`.
    fn bsd(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(" (")?;
        let (file, rest) = rest.rsplit_once(") = ")?;
        let digest: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        let algorithm = Algorithm::named(name)?;
        (!file.is_empty() && !digest.is_empty()).then(|| Self {
            algorithm,
            digest,
            mode: Mode::Binary,
            file: file.to_owned(),
        })
    }

    /// `DIGEST  FILE`, with the mode in the second place after the digest.
    fn gnu(text: &str, asked: Algorithm) -> Option<Self> {
        let end = text.find(|char: char| !char.is_ascii_hexdigit())?;
        let (digest, rest) = text.split_at_checked(end)?;
        let rest = rest.strip_prefix([' ', '\t'])?;
        let mode = match rest.chars().next()? {
            ' ' => Mode::Text,
            '*' => Mode::Binary,
            'U' => Mode::Universal,
            _ => return None,
        };
        let file = rest.get(1..).filter(|file| !file.is_empty())?;
        Some(Self {
            algorithm: asked.of_length(digest.len())?,
            digest: digest.to_owned(),
            mode,
            file: file.to_owned(),
        })
    }

    fn check(&self, how: Check, counts: &mut Counts) -> io::Result<()> {
        let Self {
            algorithm,
            digest,
            mode,
            file,
        } = self;
        if how.ignore_missing && !Path::new(file).exists() {
            return Ok(());
        }
        let (count, verdict) = match algorithm.digest(file, *mode) {
            Ok(found) if found.eq_ignore_ascii_case(digest) => (&mut counts.ok, "OK"),
            Ok(_) => (&mut counts.different, "FAILED"),
            Err(error) => {
                complain(&format!("shasum: {file}: {}", reason(&error)));
                (&mut counts.unread, "FAILED open or read")
            }
        };
        *count = count.saturating_add(1);
        if how.status || (how.quiet && verdict == "OK") {
            return Ok(());
        }
        writeln!(io::stdout(), "{file}: {verdict}")
    }
}

impl Counts {
    /// Says what was wrong; whether nothing was.
    fn conclude(&self, name: &str, how: Check) -> bool {
        let Self {
            lines,
            malformed,
            ok,
            unread,
            different,
        } = *self;
        if lines == 0 {
            complain(&format!(
                "shasum: {name}: no properly formatted SHA checksum lines found"
            ));
            return false;
        }
        let plural =
            |count: u64, one: &'static str, more: &'static str| if count > 1 { more } else { one };
        let warnings = [
            (
                malformed,
                plural(malformed, "line is", "lines are"),
                "improperly formatted",
            ),
            (
                unread,
                plural(unread, "listed file", "listed files"),
                "could not be read",
            ),
            (
                different,
                plural(different, "computed checksum", "computed checksums"),
                "did NOT match",
            ),
        ];
        for (count, what, problem) in warnings
            .into_iter()
            .filter(|(count, ..)| *count > 0 && !how.status)
        {
            complain(&format!("shasum: WARNING: {count} {what} {problem}"));
        }
        let unverified = how.ignore_missing && ok == 0;
        if unverified && !how.status {
            complain(&format!("shasum: {name}: no file was verified"));
        }
        unread == 0 && different == 0 && !unverified && !(how.strict && malformed > 0)
    }
}

/// The name behind its escapes.
fn unescaped(name: &str) -> String {
    let (mut out, mut chars) = (String::new(), name.chars().peekable());
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('\\', Some('\\')) => out.extend(chars.next()),
            ('\\', Some('n')) => {
                chars.next();
                out.push('\n');
            }
            _ => out.push(char),
        }
    }
    out
}
