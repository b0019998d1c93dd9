//! Unified differences as diff and git write them.
//!
//! The crate diffy parses them too. It says of a broken one neither the line nor what is wrong, and
//! applies a whole file or nothing, so both are done here.

use cofferdam_command::Stop;

/// The name of the side on which there is no file.
pub(crate) const NO_FILE: &str = "/dev/null";

/// The differences of one file.
#[derive(Default)]
pub(crate) struct Section {
    /// Names as they are written, without the time behind them.
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    /// The times behind the names, with the tab before them.
    pub(crate) old_time: String,
    pub(crate) new_time: String,
    pub(crate) renamed: Option<Renamed>,
    pub(crate) hunks: Vec<Hunk>,
    /// The line of its first hunk, from 1, and the text before it.
    pub(crate) line: usize,
    pub(crate) header: Vec<String>,
    pub(crate) binary: bool,
    /// Its lines ended in CR LF, and the CRs were taken away.
    pub(crate) stripped: bool,
}

/// `rename from` and `rename to` of git.
pub(crate) struct Renamed {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A part that changes some lines.
#[derive(Clone)]
pub(crate) struct Hunk {
    pub(crate) old: Range,
    pub(crate) new: Range,
    /// The text behind the second `@@`.
    pub(crate) function: Vec<u8>,
    pub(crate) lines: Vec<Line>,
}

/// First line, from 1, and number of lines.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) start: usize,
    pub(crate) count: usize,
}

/// Kind of a line of a hunk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Context,
    Old,
    New,
}

/// A line of a hunk, with its line break if it has one.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) text: Vec<u8>,
}

impl Section {
    /// Returns true if the file is not there before.
    pub(crate) fn creates(&self) -> bool {
        self.old.as_deref() == Some(NO_FILE)
    }

    /// Returns true if the file is not there afterwards.
    pub(crate) fn deletes(&self) -> bool {
        self.new.as_deref() == Some(NO_FILE)
    }

    /// The same the other way round.
    pub(crate) fn reversed(self) -> Self {
        Self {
            old: self.new,
            new: self.old,
            old_time: self.new_time,
            new_time: self.old_time,
            renamed: self.renamed.map(|renamed| Renamed {
                from: renamed.to,
                to: renamed.from,
            }),
            hunks: self.hunks.iter().map(Hunk::reversed).collect(),
            ..self
        }
    }
}

impl Hunk {
    pub(crate) fn reversed(&self) -> Self {
        let turn = |line: &Line| Line {
            kind: match line.kind {
                Kind::Context => Kind::Context,
                Kind::Old => Kind::New,
                Kind::New => Kind::Old,
            },
            text: line.text.clone(),
        };
        // Old lines come before new ones again.
        let mut lines: Vec<Line> = Vec::new();
        let mut news = Vec::new();
        for line in self.lines.iter().map(turn) {
            match line.kind {
                Kind::New => news.push(line),
                Kind::Old => lines.push(line),
                Kind::Context => {
                    lines.append(&mut news);
                    lines.push(line);
                }
            }
        }
        lines.append(&mut news);
        Self {
            old: self.new,
            new: self.old,
            function: self.function.clone(),
            lines,
        }
    }

    /// The lines that the file has, or is to have.
    pub(crate) fn side(&self, without: Kind) -> Vec<&[u8]> {
        let lines = self.lines.iter().filter(|line| line.kind != without);
        lines.map(|line| line.text.as_slice()).collect()
    }
}

/// Parses everything that was written.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Section>, Stop> {
    let mut parser = Parser {
        lines: text.split_inclusive(|byte| *byte == b'\n').collect(),
        at: 0,
    };
    let mut sections = Vec::new();
    while let Some(section) = parser.section()? {
        sections.push(section);
    }
    Ok(sections)
}

struct Parser<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&[u8]> {
        self.lines.get(self.at).copied()
    }

    fn malformed(&self) -> Stop {
        let line = self.lines.get(self.at).copied().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        Stop::new(format!(
            "malformed patch at line {}: {}",
            self.at + 1,
            line.trim_end()
        ))
    }

    /// Headers and hunks of the next file.
    fn section(&mut self) -> Result<Option<Section>, Stop> {
        let mut section = Section::default();
        let mut from = None;
        let mut git = None;
        while let Some(raw) = self.peek() {
            let line = String::from_utf8_lossy(raw).into_owned();
            let line = line.trim_end_matches('\n');
            if line.starts_with("@@ -") && (section.old.is_some() || section.new.is_some()) {
                break;
            }
            let next_is_new = self
                .lines
                .get(self.at + 1)
                .is_some_and(|next| next.starts_with(b"+++ "));
            if line.starts_with("--- ") && next_is_new {
                section.stripped = line.ends_with('\r');
                section.old = Some(name(line.get(4..).unwrap_or_default()));
                section.old_time = time(line);
            } else if line.starts_with("+++ ") && section.old.is_some() {
                section.new = Some(name(line.get(4..).unwrap_or_default()));
                section.new_time = time(line);
            } else if line.starts_with("*** ") && line.trim_end().ends_with("****") {
                return Err(Stop::new(format!(
                    "line {}: this is a context difference; only unified ones are applied here",
                    self.at + 1
                )));
            } else if line.starts_with("diff --git ") {
                if let Some(section) = whole(&mut section) {
                    return Ok(Some(section));
                }
                git = git_names(line);
            } else if let Some(old) = line.strip_prefix("rename from ") {
                from = Some(old.to_owned());
            } else if let (Some(new), Some(old)) = (line.strip_prefix("rename to "), &from) {
                section.renamed = Some(Renamed {
                    from: old.clone(),
                    to: new.to_owned(),
                });
            } else if line == "GIT binary patch" || line.starts_with("Binary files ") {
                section.binary = true;
                section.new = git.clone();
            }
            section.header.push(line.to_owned());
            self.at += 1;
        }
        section.line = self.at + 1;
        while self.peek().is_some_and(|line| line.starts_with(b"@@ -")) {
            let hunk = self.hunk(section.stripped)?;
            section.hunks.push(hunk);
        }
        Ok(whole(&mut section))
    }

    fn hunk(&mut self, stripped: bool) -> Result<Hunk, Stop> {
        let line = self.peek().unwrap_or_default().to_vec();
        let (old, new, mut function) = ranges(&line).ok_or_else(|| self.malformed())?;
        if stripped && function.last() == Some(&b'\r') {
            function.pop();
        }
        self.at += 1;
        let mut hunk = Hunk {
            old,
            new,
            function,
            lines: Vec::new(),
        };
        let mut olds = 0;
        let mut news = 0;
        while olds < old.count || news < new.count {
            let Some(line) = self.peek() else {
                return Err(Stop::new(format!(
                    "unexpected end of file in patch at line {}",
                    self.at + 1
                )));
            };
            let (kind, text) = match line {
                [b' ', rest @ ..] => (Kind::Context, rest),
                [b'-', rest @ ..] => (Kind::Old, rest),
                [b'+', rest @ ..] => (Kind::New, rest),
                [b'\\', ..] => {
                    hunk.without_end();
                    self.at += 1;
                    continue;
                }
                // Editors take away a blank at the end of a line.
                [b'\n', ..] | [b'\r', b'\n'] => (Kind::Context, line),
                _ => return Err(self.malformed()),
            };
            olds += usize::from(kind != Kind::New);
            news += usize::from(kind != Kind::Old);
            if olds > old.count || news > new.count {
                return Err(self.malformed());
            }
            let text = match text {
                [before @ .., b'\r', b'\n'] if stripped => [before, b"\n"].concat(),
                other => other.to_vec(),
            };
            hunk.lines.push(Line { kind, text });
            self.at += 1;
        }
        if self.peek().is_some_and(|line| line.starts_with(b"\\")) {
            hunk.without_end();
            self.at += 1;
        }
        Ok(hunk)
    }
}

impl Hunk {
    /// `\ No newline at end of file`
    fn without_end(&mut self) {
        if let Some(last) = self.lines.last_mut()
            && last.text.last() == Some(&b'\n')
        {
            last.text.pop();
        }
    }
}

/// The section, if it says anything.
fn whole(section: &mut Section) -> Option<Section> {
    let says = !section.hunks.is_empty() || section.renamed.is_some() || section.binary;
    says.then(|| std::mem::take(section))
}

/// A name before its time stamp, which a tab separates.
fn name(text: &str) -> String {
    let name = text.split('\t').next().unwrap_or_default();
    name.trim_end_matches('\r')
        .trim_end()
        .trim_matches('"')
        .to_owned()
}

/// The time behind a name, with the tab that separates them.
fn time(line: &str) -> String {
    let time = line.find('\t').and_then(|tab| line.get(tab..));
    time.unwrap_or_default().trim_end_matches('\r').to_owned()
}

/// The second name of `diff --git a/x b/x`.
fn git_names(line: &str) -> Option<String> {
    line.rsplit_once(" b/").map(|(_, name)| format!("b/{name}"))
}

/// `@@ -1,2 +3,4 @@ function`
fn ranges(line: &[u8]) -> Option<(Range, Range, Vec<u8>)> {
    let rest = line.strip_prefix(b"@@ -")?;
    let end = rest.windows(3).position(|three| three == b" @@")?;
    let numbers = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (old, new) = numbers.split_once(" +")?;
    let function = rest.get(end + 3..)?;
    let function = function.strip_suffix(b"\n").unwrap_or(function);
    Some((range(old)?, range(new)?, function.to_vec()))
}

fn range(text: &str) -> Option<Range> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some(Range {
        start: start.parse().ok()?,
        count: count.parse().ok()?,
    })
}
