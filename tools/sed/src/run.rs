//! Runs a script over its input, cycle by cycle.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::rc::Rc;

use cofferdam_command::Stop;
use cofferdam_regex::{Captures, Regex, char_length};

use crate::args::Args;
use crate::command::{Action, Command, Expression, Substitute};
use crate::input::{Input, Line};
use crate::list::list;
use crate::output::Outputs;
use crate::range::{Place, Range};

/// A run of a script.
pub(crate) struct Run<'a, 'o> {
    args: &'a Args,
    commands: &'a [Command],
    ranges: Vec<Range>,
    input: Input,
    out: Outputs<'o>,
    quiet: bool,
    space: Line,
    hold: Line,
    /// Text written when the cycle ends.
    queue: Vec<Queued<'a>>,
    /// Files of `R`, each read on from where it was left; `None` for one that cannot be opened.
    readers: HashMap<&'a str, Option<Box<dyn BufRead>>>,
    replaced: bool,
    last_used: Option<Rc<Regex>>,
}

enum Queued<'a> {
    Text(&'a [u8]),
    File(&'a str),
    Line(Vec<u8>),
}

/// The end of a cycle.
enum Cycle {
    /// The line is printed, unless `-n`.
    Print,
    /// It is not.
    Skip,
    /// `D`: a cycle without a new line.
    Again,
    /// It is printed, and then the run ends with a code.
    Quit(u8),
    QuitSilently(u8),
}

impl<'a, 'o> Run<'a, 'o> {
    pub(crate) fn new(
        args: &'a Args,
        commands: &'a [Command],
        quiet: bool,
        input: Input,
        out: Outputs<'o>,
    ) -> Self {
        Self {
            args,
            commands,
            ranges: commands
                .iter()
                .map(|command| Range::new(&command.lines))
                .collect(),
            input,
            out,
            quiet: args.quiet || quiet,
            space: Line::default(),
            hold: Line {
                text: Vec::new(),
                ended: true,
            },
            queue: Vec::new(),
            readers: HashMap::new(),
            replaced: false,
            last_used: None,
        }
    }

    /// Runs to the end. Returns the exit code.
    pub(crate) fn run(mut self) -> Result<u8, Stop> {
        let mut quit = None;
        let mut read = self.read(false)?;
        while read {
            let cycle = self.cycle()?;
            if matches!(cycle, Cycle::Print | Cycle::Quit(_)) && !self.quiet {
                self.print()?;
            }
            if !matches!(cycle, Cycle::QuitSilently(_)) {
                self.drain()?;
            }
            read = match cycle {
                Cycle::Again => true,
                Cycle::Quit(code) | Cycle::QuitSilently(code) => {
                    quit = Some(code);
                    false
                }
                _ => self.read(false)?,
            };
        }
        self.finish_file()?;
        self.out.flush()?;
        Ok(quit.unwrap_or(self.input.code))
    }

    /// Reads the next line into the pattern space, or behind what is there.
    fn read(&mut self, append: bool) -> Result<bool, Stop> {
        loop {
            if let Some(line) = self.input.line()? {
                if append {
                    self.space.append(&line, self.args.line_end);
                } else {
                    self.space = line;
                }
                return Ok(true);
            }
            if !self.input.next_file() {
                return Ok(false);
            }
            self.finish_file()?;
            if self.args.separate {
                for (range, command) in self.ranges.iter_mut().zip(self.commands) {
                    *range = Range::new(&command.lines);
                }
            }
            if self.args.in_place.is_some() {
                self.out.edit(self.input.name(), self.args.follow)?;
            }
        }
    }

    fn finish_file(&mut self) -> Result<(), Stop> {
        match &self.args.in_place {
            Some(suffix) => self.out.finish_edit(suffix),
            None => Ok(()),
        }
    }

    fn print(&mut self) -> Result<(), Stop> {
        self.out.line(&self.space.text, self.space.ended)
    }

    /// Writes what `a`, `r` and `R` put off.
    fn drain(&mut self) -> Result<(), Stop> {
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Text(text) => self.out.text(text)?,
                Queued::Line(line) => self.out.text(&line)?,
                // A file that cannot be read is as good as an empty one.
                Queued::File(name) => {
                    if let Ok(text) = cofferdam_command::read(input_name(name)) {
                        self.out.text(&text)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn cycle(&mut self) -> Result<Cycle, Stop> {
        self.replaced = false;
        let commands = self.commands;
        let mut next = 0;
        while let Some(command) = commands.get(next) {
            let index = next;
            next += 1;
            if !self.is_for(index, command)? {
                if let Action::Block(end) = command.action {
                    next = end + 1;
                }
                continue;
            }
            match &command.action {
                Action::Branch(to) => next = *to,
                Action::BranchIfReplaced(to) => {
                    if std::mem::take(&mut self.replaced) {
                        next = *to;
                    }
                }
                Action::BranchUnlessReplaced(to) => {
                    if !std::mem::take(&mut self.replaced) {
                        next = *to;
                    }
                }
                Action::Change(text) => {
                    if command.lines.negated || !self.is_active(index) {
                        self.out.text(text)?;
                    }
                    return Ok(Cycle::Skip);
                }
                Action::Delete => return Ok(Cycle::Skip),
                Action::DeleteLine => {
                    let Some(end) = self.first_line_end() else {
                        return Ok(Cycle::Skip);
                    };
                    self.space.text.drain(..=end);
                    return Ok(Cycle::Again);
                }
                Action::Next | Action::NextAppend => {
                    let append = matches!(command.action, Action::NextAppend);
                    // Without a next line the rest of the script is not run.
                    if self.input.is_end()? {
                        return Ok(Cycle::Quit(self.input.code));
                    }
                    if !append && !self.quiet {
                        self.print()?;
                    }
                    self.drain()?;
                    if !self.read(append)? {
                        return Ok(Cycle::QuitSilently(self.input.code));
                    }
                }
                Action::Quit(code) => return Ok(Cycle::Quit(*code)),
                Action::QuitSilently(code) => return Ok(Cycle::QuitSilently(*code)),
                other => self.act(other)?,
            }
        }
        Ok(Cycle::Print)
    }

    /// Does what changes nothing but texts.
    fn act(&mut self, action: &'a Action) -> Result<(), Stop> {
        match action {
            Action::LineNumber => {
                let number = format!("{}\n", self.input.number);
                self.out.text(number.as_bytes())?;
            }
            Action::Append(text) => self.queue.push(Queued::Text(text)),
            Action::Insert(text) => self.out.text(text)?,
            Action::FileName => {
                let name = self.input.name().to_owned();
                self.out.line(name.as_bytes(), true)?;
            }
            Action::Get => self.space.clone_from(&self.hold),
            Action::GetAppend => self.space.append(&self.hold, self.args.line_end),
            Action::Hold => self.hold.clone_from(&self.space),
            Action::HoldAppend => self.hold.append(&self.space, self.args.line_end),
            Action::Exchange => std::mem::swap(&mut self.hold, &mut self.space),
            Action::List(length) => {
                let length = length.unwrap_or(self.args.list_length);
                self.out.text(&list(&self.space.text, length))?;
            }
            Action::Print => self.print()?,
            Action::PrintLine => {
                let end = self.first_line_end().unwrap_or(self.space.text.len());
                let line = self.space.text.get(..end).unwrap_or_default();
                self.out.line(line, true)?;
            }
            Action::ReadFile(name) => self.queue.push(Queued::File(name)),
            Action::ReadLine(name) => {
                if let Some(line) = self.line_of(name)? {
                    self.queue.push(Queued::Line(line));
                }
            }
            Action::Substitute(substitute) => self.substitute(substitute)?,
            Action::Transliterate(pairs) => self.transliterate(pairs),
            Action::Write(to) => self.out.write(to, &self.space.text, self.space.ended)?,
            Action::WriteLine(to) => {
                let end = self.first_line_end().unwrap_or(self.space.text.len());
                let line = self.space.text.get(..end).unwrap_or_default();
                self.out.write(to, line, true)?;
            }
            Action::Zap => self.space.text.clear(),
            _ => {}
        }
        Ok(())
    }

    fn first_line_end(&self) -> Option<usize> {
        let end = self.args.line_end;
        self.space.text.iter().position(|byte| *byte == end)
    }

    /// The next line of a file of `R`, with its end.
    fn line_of(&mut self, name: &'a str) -> Result<Option<Vec<u8>>, Stop> {
        let open = || -> Option<Box<dyn BufRead>> {
            let opened = cofferdam_command::open(input_name(name)).ok()?;
            Some(Box::new(BufReader::new(opened)))
        };
        let Some(reader) = self.readers.entry(name).or_insert_with(open) else {
            return Ok(None);
        };
        let mut text = Vec::new();
        if reader.read_until(self.args.line_end, &mut text)? == 0 {
            return Ok(None);
        }
        Ok(Some(text))
    }

    fn is_for(&mut self, index: usize, command: &Command) -> Result<bool, Stop> {
        if command.lines.first.is_none() {
            return Ok(!command.lines.negated);
        }
        let mut last_used = self.last_used.take();
        let Some(range) = self.ranges.get_mut(index) else {
            return Ok(false);
        };
        let input = &mut self.input;
        let space = &self.space.text;
        let place = Place {
            number: input.number,
            is_last: &mut || input.is_last(),
            matches: &mut |expression| matches(&mut last_used, expression, space),
        };
        let selected = range.selects(&command.lines, place)?;
        self.last_used = last_used;
        Ok(selected != command.lines.negated)
    }

    /// Returns true inside a range that goes on after this line.
    fn is_active(&self, index: usize) -> bool {
        self.ranges.get(index).is_some_and(Range::is_active)
    }

    fn substitute(&mut self, substitute: &'a Substitute) -> Result<(), Stop> {
        let regex = used(&mut self.last_used, &substitute.expression)?;
        let text = &self.space.text;
        let mut out = Vec::new();
        let mut copied = 0;
        let mut at = 0;
        let mut count = 0;
        let mut end_before = None;
        while at <= text.len() {
            // Most lines do not match, and groups cost more than a search.
            let span = regex
                .find(text, at)
                .map_err(|error| Stop::new(error.to_string()))?;
            let Some(span) = span else { break };
            // An empty match right behind another one is none.
            if span.is_empty() && end_before == Some(span.start) {
                at = span.end + char_length(text, span.end);
                continue;
            }
            count += 1;
            if count >= substitute.number {
                let captures = if substitute.replacement.needs_no_groups() {
                    Ok(Some(Captures::whole(span.clone())))
                } else {
                    regex.captures(text, at)
                };
                let captures = captures.map_err(|error| Stop::new(error.to_string()))?;
                let Some(captures) = captures else { break };
                out.extend_from_slice(text.get(copied..span.start).unwrap_or_default());
                substitute.replacement.write(&mut out, text, &captures);
                copied = span.end;
                self.replaced = true;
                if !substitute.global {
                    break;
                }
            }
            end_before = Some(span.end);
            at = if span.is_empty() {
                span.end + char_length(text, span.end)
            } else {
                span.end
            };
        }
        if count < substitute.number {
            return Ok(());
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
        self.space.text = out;
        if substitute.print {
            self.print()?;
        }
        if let Some(to) = &substitute.write {
            self.out.write(to, &self.space.text, self.space.ended)?;
        }
        Ok(())
    }

    fn transliterate(&mut self, pairs: &[(char, char)]) {
        let mut out = Vec::with_capacity(self.space.text.len());
        for chunk in self.space.text.utf8_chunks() {
            for char in chunk.valid().chars() {
                let pair = pairs.iter().find(|(from, _)| *from == char);
                let char = pair.map_or(char, |(_, to)| *to);
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            out.extend_from_slice(chunk.invalid());
        }
        self.space.text = out;
    }
}

/// The expression to use: an empty one is the one that was used last.
fn used(last: &mut Option<Rc<Regex>>, expression: &Expression) -> Result<Rc<Regex>, Stop> {
    if let Some(regex) = expression {
        *last = Some(Rc::clone(regex));
    }
    last.clone()
        .ok_or_else(|| Stop::new("no previous regular expression"))
}

fn matches(
    last: &mut Option<Rc<Regex>>,
    expression: &Expression,
    text: &[u8],
) -> Result<bool, Stop> {
    let regex = used(last, expression)?;
    let found = regex.is_match(text, 0);
    found.map_err(|error| Stop::new(error.to_string()))
}

/// `r /dev/stdin` reads standard input.
fn input_name(name: &str) -> &str {
    match name {
        "/dev/stdin" => cofferdam_command::STDIN,
        other => other,
    }
}
