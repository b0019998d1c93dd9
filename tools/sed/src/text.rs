//! The characters of a script, read from left to right.

use cofferdam_command::Stop;

use crate::escape::{Bracket, escape};

/// A script and the place in it.
pub(crate) struct Text {
    chars: Vec<char>,
    at: usize,
}

impl Text {
    pub(crate) fn new(script: &str) -> Self {
        Self {
            chars: script.chars().collect(),
            at: 0,
        }
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    /// Takes a character if it is the one that stands next.
    pub(crate) fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    pub(crate) fn rest(&self) -> &[char] {
        self.chars.get(self.at..).unwrap_or_default()
    }

    /// An error at this place of the script.
    pub(crate) fn stop(&self, sentence: &str) -> Stop {
        Stop::new(format!("script, character {}: {sentence}", self.at))
    }

    /// Skips spaces and tabs.
    pub(crate) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(char) if char.is_whitespace() && char != '\n') {
            self.at += 1;
        }
    }

    /// Skips what may stand between commands.
    pub(crate) fn skip_between(&mut self) {
        while matches!(self.peek(), Some(char) if char.is_whitespace() || char == ';') {
            self.at += 1;
        }
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let rest = self.rest();
        let digits: String = rest
            .iter()
            .take_while(|char| char.is_ascii_digit())
            .collect();
        self.at += digits.len();
        // One too long for the type is beyond every line in any case.
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
    }

    /// The rest of the line, without the line break.
    pub(crate) fn line(&mut self) -> String {
        let line: String = self
            .rest()
            .iter()
            .take_while(|char| **char != '\n')
            .collect();
        self.at += line.chars().count();
        line
    }

    /// A label: up to a blank, a semicolon, a brace or the end of the line.
    pub(crate) fn label(&mut self) -> String {
        let rest = self.rest();
        let ends = |char: &char| char.is_whitespace() || matches!(char, ';' | '}');
        let label: String = rest.iter().take_while(|char| !ends(char)).collect();
        self.at += label.chars().count();
        label
    }

    /// Reads up to a delimiter, which `\` before it makes a plain character. In an expression
    /// it is one in brackets, too.
    pub(crate) fn delimited(&mut self, delimiter: char, expression: bool) -> Option<String> {
        let mut out = String::new();
        let mut bracket = Bracket::default();
        loop {
            let char = self.next()?;
            let inside = expression && bracket.contains(char, self.rest());
            if inside {
                out.push(char);
                continue;
            }
            if char == delimiter {
                return Some(out);
            }
            if char != '\\' {
                // A line break needs a backslash before it.
                if char == '\n' {
                    return None;
                }
                out.push(char);
                continue;
            }
            let escaped = self.next()?;
            if expression {
                bracket.contains(escaped, self.rest());
            }
            if escaped == delimiter {
                // `&` would stand for the match, were it not for its backslash.
                if !expression && escaped == '&' {
                    out.push('\\');
                }
                out.push(escaped);
            } else {
                out.push('\\');
                out.push(escaped);
            }
        }
    }

    /// Demands that a command ends here: at a line break, `;`, `}` or a comment.
    pub(crate) fn end_of_command(&mut self) -> Result<(), Stop> {
        self.skip_blanks();
        match self.peek() {
            None | Some('}' | '#') => Ok(()),
            Some('\n' | ';') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => {
                self.at += 1;
                Err(self.stop("extra characters after command"))
            }
        }
    }

    /// The text of `a`, `i` and `c`.
    pub(crate) fn lines(&mut self) -> Result<Vec<u8>, Stop> {
        self.skip_blanks();
        if self.take('\\') {
            let kept = self.at;
            self.skip_blanks();
            if self.take('\n') {
                // The usual form: the text is on the lines that follow.
            } else {
                // `a\  text` keeps its blanks.
                self.at = kept;
            }
        }
        if self.rest().is_empty() {
            return Err(self.stop("expected \\ after `a', `c' or `i'"));
        }
        let mut out = String::new();
        while let Some(char) = self.next() {
            match char {
                '\n' => break,
                '\\' => {
                    if let Some((meant, length)) = escape(self.rest()) {
                        out.push(meant);
                        self.at += length;
                    } else {
                        out.extend(self.next());
                    }
                }
                other => out.push(other),
            }
        }
        out.push('\n');
        Ok(out.into_bytes())
    }
}
