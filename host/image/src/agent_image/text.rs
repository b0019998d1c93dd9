//! An Agentfile that is written by the host, from parts of which none can be more than it is.

use cofferdam_capability::is_hiding;

/// The marker of bodies, which are all empty.
const MARKER: &str = "EOF";

/// A text that stands where one word of an Agentfile does.
#[derive(Debug, thiserror::Error)]
#[error("has `{}` where {instruction} takes one word", shown(.text))]
pub struct NotAWord {
    instruction: &'static str,
    text: String,
}

/// The text so far, and the instruction that is being written.
pub(super) struct Text {
    text: String,
    instruction: &'static str,
}

impl Text {
    /// Begins with an instruction.
    pub(super) fn begin(keyword: &'static str) -> Self {
        Self {
            text: keyword.to_owned(),
            instruction: keyword,
        }
    }

    /// Begins the next instruction.
    pub(super) fn instruction(&mut self, keyword: &'static str) -> &mut Self {
        self.text.push_str(keyword);
        self.instruction = keyword;
        self
    }

    /// A bare word, which nothing in it may turn into anything else.
    pub(super) fn word(&mut self, word: &str) -> Result<&mut Self, NotAWord> {
        let ends = |c: char| matches!(c, ' ' | '\t' | '"' | '=' | '!') || is_hiding(c);
        let is_more = word.starts_with("<<") || word.starts_with("file://");
        if word.is_empty() || is_more || word.contains(ends) {
            return Err(NotAWord {
                instruction: self.instruction,
                text: word.chars().take(SHOWN_MAX_CHARS).collect(),
            });
        }
        if !self.text.ends_with('=') {
            self.text.push(' ');
        }
        self.text.push_str(word);
        Ok(self)
    }

    /// A string, whatever is in it. What cannot stand in a string is for the parser to refuse.
    pub(super) fn quoted(&mut self, text: &str) -> &mut Self {
        if !self.text.ends_with(['=', '[']) {
            self.text.push(' ');
        }
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
        self
    }

    /// A description, where there is one.
    pub(super) fn description(&mut self, text: &str) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        self.quoted(text)
    }

    /// A list of strings.
    pub(super) fn list(&mut self, items: &[String]) -> &mut Self {
        self.text.push_str(" [");
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.text.push_str(" ,");
            }
            self.quoted(item);
        }
        self.text.push_str(" ]");
        self
    }

    pub(super) fn equals(&mut self) -> &mut Self {
        self.text.push('=');
        self
    }

    pub(super) fn required(&mut self) {
        self.text.push('!');
    }

    /// An empty body, which ends the instruction.
    pub(super) fn empty_heredoc(&mut self) {
        self.text.push_str(&format!(" <<{MARKER}\n{MARKER}\n"));
    }

    /// Ends the instruction.
    pub(super) fn end(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Characters of a word that a sentence repeats.
const SHOWN_MAX_CHARS: usize = 80;

fn shown(text: &str) -> String {
    text.escape_debug().to_string()
}
