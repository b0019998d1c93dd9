//! A turn as it is printed while it happens.

use cofferdam_server::ChatEvent;

use super::cost;
use super::running::RunningCalls;
use crate::console::{self, Style};
use crate::fence::Fence;

/// Lines of a tool's answer that a terminal shows, from its beginning and from its end: together
/// half of a screen.
const HEAD: usize = 16;
const TAIL: usize = 8;

/// The longest input of a call that a terminal shows, in bytes: some lines.
const MAX_INPUT: usize = 600;

/// Prints a turn as it happens. On a terminal everything that a model or a tool says is marked, so
/// that only the host's own words begin at the left edge; a pipe gets it as it is.
#[derive(Debug)]
pub(super) struct Printer {
    session: String,
    /// True if text stands on the line that is being written.
    in_line: bool,
    /// The columns of the terminal, and the words of the model on it.
    terminal: Option<(usize, Fence)>,
    calls: RunningCalls,
}

impl Printer {
    pub(super) fn new(session: &str) -> Self {
        let fenced = |columns| (columns, Fence::model(columns));
        Self {
            session: session.to_owned(),
            in_line: false,
            terminal: console::terminal().map(fenced),
            calls: RunningCalls::default(),
        }
    }

    /// Prints an event.
    pub(super) fn print(&mut self, event: &ChatEvent) {
        self.clear();
        match event.kind.as_str() {
            "step.start" if event.step > 0 => {
                self.end_line();
                console::spans(&[(Style::Dim, &format!("· step {}", event.step))]);
            }
            "text.delta" => self.text(&event.content),
            "tool.call" => {
                self.end_line();
                self.calls.begin(&event.tool_id, &event.tool);
                self.call(event);
            }
            "tool.progress" => {
                if let Some(progress) = &event.progress {
                    self.calls.progress(&event.tool_id, progress);
                }
                self.draw();
            }
            "approval.requested" => {
                self.end_line();
                console::spans(&[(Style::Dim, &format!("· {} waits", event.tool))]);
            }
            "tool.result" => {
                self.end_line();
                self.calls.end(&event.tool_id);
                self.result(event);
            }
            "step.finish" => self.end_line(),
            "message.create" | "turn.interrupted" => {
                self.end_line();
                self.end(event);
            }
            _ => {}
        }
    }

    /// Returns true while the time of a call that runs is to be drawn every second.
    pub(super) fn is_waiting(&self) -> bool {
        !self.calls.is_empty() && self.terminal.is_some()
    }

    /// Draws the calls that run, below what was printed.
    pub(super) fn draw(&self) {
        if let (true, Some((columns, _))) = (self.is_waiting(), &self.terminal) {
            console::draw(&format!("… {}", self.calls.line()), *columns);
        }
    }

    /// Leaves a turn, whether it is over or not: what is printed next begins a line.
    pub(super) fn leave(&mut self) {
        self.clear();
        self.end_line();
    }

    /// Takes away what was drawn.
    pub(super) fn clear(&self) {
        if self.is_waiting() {
            console::undraw();
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.terminal {
            Some((_, fence)) => console::fenced(&fence.text(text)),
            None => {
                console::piece(text);
                self.in_line = !text.ends_with('\n');
            }
        }
    }

    /// A call: its whole input in a pipe, and the beginning of a long one on a terminal.
    fn call(&self, event: &ChatEvent) {
        let input = &event.content;
        let cut = input.floor_char_boundary(MAX_INPUT);
        match (&self.terminal, input.get(..cut)) {
            (Some(_), Some(head)) if cut < input.len() => {
                let more = input.len() - cut;
                console::call(&event.tool, &format!("{head} … {more} more bytes"));
            }
            _ => console::call(&event.tool, input),
        }
    }

    /// The answer of a tool: its beginning and its end on a terminal, or all of it in a pipe.
    fn result(&self, event: &ChatEvent) {
        let content = event.content.trim_end();
        let took = format!("({} ms)", event.duration_ms);
        let Some((columns, _)) = self.terminal else {
            console::piece(&format!("← {content} "));
            return console::spans(&[(Style::Dim, &took)]);
        };
        console::spans(&[
            (Style::Plain, &format!("← {} ", event.tool)),
            (Style::Dim, &took),
        ]);
        let mut fence = Fence::guest(columns);
        let shown = fence.text(content) + fence.end();
        let lines: Vec<_> = shown.lines().collect();
        let folded = lines.len().saturating_sub(HEAD + TAIL);
        let tail = lines.len().saturating_sub(TAIL);
        for (place, line) in lines.iter().enumerate() {
            if place < HEAD || place >= tail || folded == 0 {
                console::fenced(&format!("{line}\n"));
            } else if place == HEAD {
                console::line(self.folded(folded, &event.file));
            }
        }
    }

    /// The sentence in place of lines that are not shown.
    fn folded(&self, lines: usize, file: &str) -> String {
        let session = &self.session;
        let all = format!("… {lines} more lines: `cofferdam sessions show {session}` has them");
        if file.is_empty() {
            return all;
        }
        format!("{all}, and {file} all that was cut for the model")
    }

    /// The end of a turn: calls that it has interrupted, and on a terminal its cost.
    fn end(&mut self, event: &ChatEvent) {
        for tool in self.calls.take() {
            console::spans(&[(Style::Dim, &format!("· the call of {tool} was interrupted"))]);
        }
        if let (Some(_), Some(usage)) = (&self.terminal, &event.usage) {
            console::spans(&[(Style::Dim, &format!("· {}", cost::words(usage)))]);
        }
    }

    fn end_line(&mut self) {
        if let Some((_, fence)) = &mut self.terminal {
            console::fenced(fence.end());
        }
        if std::mem::take(&mut self.in_line) {
            console::piece("\n");
        }
    }
}
