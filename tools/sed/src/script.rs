//! From the text of a script to commands.

use std::collections::HashMap;
use std::rc::Rc;

use cofferdam_command::Stop;
use cofferdam_regex::{Options, Regex, Syntax};

use crate::TROUBLE;
use crate::command::{Action, Address, Command, End, Expression, Lines, Substitute, Target};
use crate::escape;
use crate::replacement::Replacement;
use crate::text::Text;

/// Maximum depth of blocks in blocks.
const MAX_DEPTH: usize = 256;

/// A parsed script.
pub(crate) struct Script {
    pub(crate) commands: Vec<Command>,
    /// Files that commands write to.
    pub(crate) files: Vec<String>,
    /// `#n` on the first line, which is `-n`.
    pub(crate) quiet: bool,
}

/// Options for reading a script.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) extended: bool,
    /// `-z`: lines do not end with a line break, so `M` finds none inside of them.
    pub(crate) zero_ends: bool,
    /// Files are neither read nor written by commands.
    pub(crate) no_files: bool,
}

impl Script {
    /// Parses a whole script.
    pub(crate) fn parse(script: &str, reading: Reading) -> Result<Self, Stop> {
        let mut parser = Parser {
            text: Text::new(script),
            reading,
            commands: Vec::new(),
            files: Vec::new(),
            blocks: Vec::new(),
            labels: HashMap::new(),
            jumps: Vec::new(),
        };
        let quiet = script == "#n" || script.starts_with("#n\n");
        loop {
            parser.text.skip_between();
            if parser.text.peek().is_none() {
                break;
            }
            parser.command()?;
        }
        if !parser.blocks.is_empty() {
            return Err(parser.text.stop("unmatched `{'"));
        }
        parser.resolve()?;
        Ok(Self {
            commands: parser.commands,
            files: parser.files,
            quiet,
        })
    }
}

struct Parser {
    text: Text,
    reading: Reading,
    commands: Vec<Command>,
    files: Vec<String>,
    /// Blocks that are open, by the index of their command.
    blocks: Vec<usize>,
    labels: HashMap<String, usize>,
    /// Commands that jump, and the labels they name.
    jumps: Vec<(usize, String)>,
}

impl Parser {
    fn command(&mut self) -> Result<(), Stop> {
        let lines = self.lines()?;
        let Some(name) = self.text.next() else {
            return Err(self.text.stop("missing command"));
        };
        self.check_lines(name, &lines)?;
        let action = self.action(name)?;
        self.commands.push(Command { lines, action });
        Ok(())
    }

    fn check_lines(&self, name: char, lines: &Lines) -> Result<(), Stop> {
        if lines.first.is_some() && matches!(name, ':' | '}' | '#') {
            return Err(match name {
                ':' => self.text.stop(": doesn't want any addresses"),
                '#' => self.text.stop("comments don't accept any addresses"),
                _ => self.text.stop("} doesn't want any addresses"),
            });
        }
        if lines.end.is_some() && matches!(name, 'q' | 'Q') {
            return Err(self.text.stop("command only uses one address"));
        }
        Ok(())
    }

    fn lines(&mut self) -> Result<Lines, Stop> {
        let mut lines = Lines {
            first: self.address()?,
            ..Lines::default()
        };
        self.text.skip_blanks();
        if lines.first.is_some() && self.text.take(',') {
            self.text.skip_blanks();
            lines.end = Some(self.end()?);
        }
        let zero = matches!(lines.first, Some(Address::Zero));
        if zero && !matches!(lines.end, Some(End::Expression(_))) {
            return Err(self.text.stop("invalid usage of line address 0"));
        }
        self.text.skip_blanks();
        if self.text.take('!') {
            lines.negated = true;
            self.text.skip_blanks();
            if self.text.peek() == Some('!') {
                return Err(self.text.stop("multiple `!'s"));
            }
        }
        Ok(lines)
    }

    fn address(&mut self) -> Result<Option<Address>, Stop> {
        if let Some(number) = self.text.number() {
            if self.text.take('~') {
                let step = self.text.number().unwrap_or(0);
                return Ok(Some(Address::Step(number, step)));
            }
            return Ok(Some(match number {
                0 => Address::Zero,
                number => Address::Number(number),
            }));
        }
        if self.text.take('$') {
            return Ok(Some(Address::Last));
        }
        Ok(self.address_expression()?.map(Address::Expression))
    }

    fn end(&mut self) -> Result<End, Stop> {
        if self.text.take('+') {
            let number = self.text.number();
            let number = number.ok_or_else(|| self.text.stop("expected a number after `+'"))?;
            return Ok(End::Plus(number));
        }
        if self.text.take('~') {
            let number = self.text.number();
            let number = number.ok_or_else(|| self.text.stop("expected a number after `~'"))?;
            return Ok(End::Multiple(number));
        }
        if let Some(number) = self.text.number() {
            return Ok(End::Number(number));
        }
        if self.text.take('$') {
            return Ok(End::Last);
        }
        match self.address_expression()? {
            Some(expression) => Ok(End::Expression(expression)),
            None => Err(self.text.stop("unexpected `,'")),
        }
    }

    /// `/…/` or `\c…c`, with its flags.
    fn address_expression(&mut self) -> Result<Option<Expression>, Stop> {
        let delimiter = if self.text.take('/') {
            '/'
        } else if self.text.take('\\') {
            let delimiter = self.text.next();
            delimiter.ok_or_else(|| self.text.stop("unterminated address regex"))?
        } else {
            return Ok(None);
        };
        let Some(text) = self.text.delimited(delimiter, true) else {
            return Err(self.text.stop("unterminated address regex"));
        };
        let mut options = self.options();
        loop {
            match self.text.peek() {
                Some('I') => options.ignore_case = true,
                Some('M') => options.multi_line = true,
                _ => break,
            }
            self.text.next();
        }
        self.expression(&text, options).map(Some)
    }

    fn options(&self) -> Options {
        Options {
            syntax: if self.reading.extended {
                Syntax::Extended
            } else {
                Syntax::Basic
            },
            ignore_case: false,
            multi_line: false,
        }
    }

    fn expression(&self, text: &str, mut options: Options) -> Result<Expression, Stop> {
        if text.is_empty() {
            if options.ignore_case || options.multi_line {
                return Err(self.text.stop("no modifiers on empty regexp"));
            }
            return Ok(None);
        }
        options.multi_line &= !self.reading.zero_ends;
        let regex = Regex::new(&escape::expression(text), options);
        let regex = regex.map_err(|error| self.text.stop(&error.to_string()))?;
        Ok(Some(Rc::new(regex)))
    }

    fn action(&mut self, name: char) -> Result<Action, Stop> {
        let action = match name {
            '#' => {
                self.text.line();
                return Ok(Action::Nothing);
            }
            '{' => {
                if self.blocks.len() == MAX_DEPTH {
                    return Err(self.text.stop("blocks stand too deep in each other"));
                }
                self.blocks.push(self.commands.len());
                return Ok(Action::Block(0));
            }
            '}' => {
                let Some(begin) = self.blocks.pop() else {
                    return Err(self.text.stop("unexpected `}'"));
                };
                let end = self.commands.len();
                if let Some(command) = self.commands.get_mut(begin) {
                    command.action = Action::Block(end);
                }
                Action::BlockEnd
            }
            ':' => {
                self.text.skip_blanks();
                let label = self.text.label();
                if label.is_empty() {
                    return Err(self.text.stop("\":\" lacks a label"));
                }
                self.labels.insert(label, self.commands.len());
                return Ok(Action::Nothing);
            }
            'b' | 't' | 'T' => {
                self.text.skip_blanks();
                let label = self.text.label();
                self.jumps.push((self.commands.len(), label));
                match name {
                    'b' => Action::Branch(0),
                    't' => Action::BranchIfReplaced(0),
                    _ => Action::BranchUnlessReplaced(0),
                }
            }
            'a' => return Ok(Action::Append(self.text.lines()?)),
            'i' => return Ok(Action::Insert(self.text.lines()?)),
            'c' => return Ok(Action::Change(self.text.lines()?)),
            '=' => Action::LineNumber,
            'd' => Action::Delete,
            'D' => Action::DeleteLine,
            'F' => Action::FileName,
            'g' => Action::Get,
            'G' => Action::GetAppend,
            'h' => Action::Hold,
            'H' => Action::HoldAppend,
            'x' => Action::Exchange,
            'l' => {
                self.text.skip_blanks();
                let length = self.text.number().map(usize::try_from);
                Action::List(length.map(|length| length.unwrap_or(usize::MAX)))
            }
            'n' => Action::Next,
            'N' => Action::NextAppend,
            'p' => Action::Print,
            'P' => Action::PrintLine,
            'q' => Action::Quit(self.exit_code()?),
            'Q' => Action::QuitSilently(self.exit_code()?),
            'r' => Action::ReadFile(self.file_name()?),
            'R' => Action::ReadLine(self.file_name()?),
            'w' => Action::Write(self.target()?),
            'W' => Action::WriteLine(self.target()?),
            's' => self.substitute()?,
            'v' => {
                // A version that the script needs: this one has what it may use.
                self.text.skip_blanks();
                self.text.label();
                Action::Nothing
            }
            'y' => self.transliterate()?,
            'z' => Action::Zap,
            'e' => {
                return Err(self
                    .text
                    .stop("`e' cannot start programs here: call them as tools"));
            }
            other => return Err(self.text.stop(&format!("unknown command: `{other}'"))),
        };
        self.text.end_of_command()?;
        Ok(action)
    }

    /// The code of `q`, which an exit code of a process can hold.
    fn exit_code(&mut self) -> Result<u8, Stop> {
        self.text.skip_blanks();
        let code = self.text.number().unwrap_or(0);
        u8::try_from(code).map_err(|_| self.text.stop("an exit code is at most 255"))
    }

    fn file_name(&mut self) -> Result<String, Stop> {
        if self.reading.no_files {
            return Err(self.text.stop("e/r/w commands disabled in sandbox mode"));
        }
        self.text.skip_blanks();
        let name = self.text.line();
        if name.is_empty() {
            return Err(self.text.stop("missing filename in r/R/w/W commands"));
        }
        Ok(name)
    }

    fn target(&mut self) -> Result<Target, Stop> {
        let name = self.file_name()?;
        Ok(match name.as_str() {
            "/dev/stdout" => Target::Stdout,
            "/dev/stderr" => Target::Stderr,
            _ => {
                let known = self.files.iter().position(|file| *file == name);
                Target::File(known.unwrap_or_else(|| {
                    self.files.push(name);
                    self.files.len() - 1
                }))
            }
        })
    }

    fn substitute(&mut self) -> Result<Action, Stop> {
        let unterminated = |text: &Text| text.stop("unterminated `s' command");
        let Some(delimiter) = self.delimiter() else {
            return Err(unterminated(&self.text));
        };
        let Some(expression) = self.text.delimited(delimiter, true) else {
            return Err(unterminated(&self.text));
        };
        let Some(replacement) = self.text.delimited(delimiter, false) else {
            return Err(unterminated(&self.text));
        };
        let mut options = self.options();
        let mut substitute = Substitute {
            expression: None,
            replacement: Replacement::new(&replacement),
            global: false,
            print: false,
            number: 0,
            write: None,
        };
        loop {
            match self.text.peek() {
                Some('i' | 'I') => options.ignore_case = true,
                Some('m' | 'M') => options.multi_line = true,
                Some('g') if substitute.global => {
                    return Err(self.text.stop("multiple `g' options to `s' command"));
                }
                Some('g') => substitute.global = true,
                Some('p') if substitute.print => {
                    return Err(self.text.stop("multiple `p' options to `s' command"));
                }
                Some('p') => substitute.print = true,
                Some('e') => {
                    return Err(self.text.stop("`e' cannot start programs here"));
                }
                Some('w') => {
                    self.text.next();
                    substitute.write = Some(self.target()?);
                    break;
                }
                Some(char) if char.is_ascii_digit() => {
                    let number = self.text.number().unwrap_or(0);
                    if substitute.number > 0 {
                        let many = "multiple number options to `s' command";
                        return Err(self.text.stop(many));
                    }
                    if number == 0 {
                        let zero = "number option to `s' command may not be zero";
                        return Err(self.text.stop(zero));
                    }
                    substitute.number = usize::try_from(number).unwrap_or(usize::MAX);
                    continue;
                }
                Some('\n' | ';' | '}' | '#') | None => break,
                Some(char) if char.is_whitespace() => break,
                Some(_) => return Err(self.text.stop("unknown option to `s'")),
            }
            self.text.next();
        }
        substitute.number = substitute.number.max(1);
        substitute.expression = self.expression(&expression, options)?;
        if let Some(regex) = &substitute.expression
            && substitute.replacement.groups > regex.groups()
        {
            return Err(self.text.stop(&format!(
                "invalid reference \\{} on `s' command's RHS",
                substitute.replacement.groups
            )));
        }
        Ok(Action::Substitute(Box::new(substitute)))
    }

    fn delimiter(&mut self) -> Option<char> {
        let delimiter = self.text.next()?;
        (delimiter != '\n' && delimiter != '\\').then_some(delimiter)
    }

    fn transliterate(&mut self) -> Result<Action, Stop> {
        let delimiter = self.delimiter();
        let mut side = || self.text.delimited(delimiter?, false);
        let from = side();
        let to = side();
        let sides = from.zip(to);
        let Some((from, to)) = sides else {
            return Err(self.text.stop("unterminated `y' command"));
        };
        let from = Self::characters(&from);
        let to = Self::characters(&to);
        if from.len() != to.len() {
            return Err(self
                .text
                .stop("strings for `y' command are different lengths"));
        }
        Ok(Action::Transliterate(from.into_iter().zip(to).collect()))
    }

    /// The characters of one side of `y`.
    fn characters(side: &str) -> Vec<char> {
        let chars: Vec<char> = side.chars().collect();
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(char) = chars.get(at) {
            at += 1;
            if *char != '\\' {
                out.push(*char);
                continue;
            }
            let after = chars.get(at..).unwrap_or_default();
            if let Some((meant, length)) = escape::escape(after) {
                out.push(meant);
                at += length;
                continue;
            }
            out.extend(after.first());
            at += 1;
        }
        out
    }

    /// Leads each jump to its label.
    fn resolve(&mut self) -> Result<(), Stop> {
        for (from, label) in std::mem::take(&mut self.jumps) {
            let to = match self.labels.get(&label) {
                Some(to) => *to,
                None if label.is_empty() => self.commands.len(),
                None => {
                    let sentence = format!("can't find label for jump to `{label}'");
                    return Err(Stop::new(sentence).with_code(TROUBLE));
                }
            };
            if let Some(command) = self.commands.get_mut(from) {
                command.action = match command.action {
                    Action::Branch(_) => Action::Branch(to),
                    Action::BranchIfReplaced(_) => Action::BranchIfReplaced(to),
                    _ => Action::BranchUnlessReplaced(to),
                };
            }
        }
        Ok(())
    }
}
