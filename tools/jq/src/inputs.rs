//! What the filter is run for: values of files one after another, lines, or all at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use cofferdam_command::{Complaints, STDIN, read};
use cofferdam_filter::{Inputs, Reader, Val};

use crate::args::{Args, Input};

/// Reads a file when the last one has been used up. A file that cannot be read is told, and the
/// next one goes on.
pub(crate) struct Files<'a> {
    complaints: &'a Complaints,
    input: Input,
    stream: bool,
    /// All values as one array, or all files as one text; taken when it was given.
    slurp: Cell<bool>,
    state: RefCell<State>,
    failed: Cell<bool>,
}

struct State {
    left: VecDeque<String>,
    file: Option<String>,
    /// Of the file, with where reading goes on.
    text: Vec<u8>,
    at: usize,
    lines: usize,
    /// Events of `--stream` that have not been given yet.
    events: VecDeque<Val>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(args: &Args, complaints: &'a Complaints) -> Self {
        let mut left: VecDeque<String> = args.files.iter().cloned().collect();
        if left.is_empty() {
            left.push_back(STDIN.to_owned());
        }
        Self {
            complaints,
            input: args.input,
            stream: args.stream,
            slurp: Cell::new(args.slurp),
            state: RefCell::new(State {
                left,
                file: None,
                text: Vec::new(),
                at: 0,
                lines: 0,
                events: VecDeque::new(),
            }),
            failed: Cell::new(false),
        }
    }

    /// A file could not be read.
    pub(crate) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Opens the next file that can be read; false if there is none.
    fn open(&self, state: &mut State) -> bool {
        while let Some(file) = state.left.pop_front() {
            match read(&file) {
                Ok(text) => {
                    state.file = (file != STDIN).then_some(file);
                    state.text = text;
                    (state.at, state.lines) = (0, 0);
                    return true;
                }
                Err(stop) => {
                    let sentence = stop.sentence();
                    self.complaints
                        .say(format!("error: could not open {sentence}"));
                    self.failed.set(true);
                }
            }
        }
        false
    }

    fn one(&self, state: &mut State) -> Option<Result<Val, String>> {
        loop {
            if let Some(event) = state.events.pop_front() {
                return Some(Ok(event));
            }
            let value = match self.input {
                Input::Json => state.value(),
                Input::Lines => state.line(),
            };
            match value {
                Some(Ok(value)) if self.stream && self.input == Input::Json => {
                    state.stream(&value);
                }
                Some(value) => return Some(value),
                None if self.open(state) => {}
                None => return None,
            }
        }
    }

    fn all(&self, state: &mut State) -> Result<Val, String> {
        if self.input == Input::Lines {
            let mut whole = Vec::new();
            while self.open(state) {
                whole.append(&mut state.text);
            }
            return Ok(Val::text(String::from_utf8_lossy(&whole)));
        }
        let mut values = Vec::new();
        while let Some(value) = self.one(state) {
            values.push(value?);
        }
        Ok(Val::array(values))
    }
}

impl State {
    fn value(&mut self) -> Option<Result<Val, String>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut reader = Reader::new(rest);
        let value = reader.next();
        let read = reader.read();
        self.lines += reader.lines();
        self.at = if matches!(value, Some(Err(_)) | None) {
            self.text.len()
        } else {
            self.at + read
        };
        let of = self.file.as_deref().unwrap_or("the input").to_owned();
        value.map(|value| value.map_err(|what| format!("error: {of} is not JSON: {what}")))
    }

    fn line(&mut self) -> Option<Result<Val, String>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let line = Val::text(String::from_utf8_lossy(line));
        self.at += end.map_or(rest.len(), |end| end + 1);
        self.lines += usize::from(end.is_some());
        Some(Ok(line))
    }

    /// Paths with leaves, and the paths at which arrays and objects close.
    fn stream(&mut self, value: &Val) {
        stream(value, &mut Vec::new(), &mut self.events);
    }
}

fn stream(value: &Val, path: &mut Vec<Val>, events: &mut VecDeque<Val>) {
    let children: Vec<(Val, &Val)> = match value {
        Val::Arr(values) => {
            let values = values.iter().enumerate();
            values
                .map(|(index, value)| (Val::from(index), value))
                .collect()
        }
        Val::Obj(fields) => {
            let fields = fields.iter();
            fields
                .map(|(key, value)| (Val::Str(key.clone()), value))
                .collect()
        }
        _ => Vec::new(),
    };
    if children.is_empty() {
        let leaf = [Val::array(path.iter().cloned()), value.clone()];
        events.push_back(Val::array(leaf));
        return;
    }
    let mut last = None;
    for (key, child) in children {
        path.push(key.clone());
        stream(child, path, events);
        path.pop();
        last = Some(key);
    }
    if let Some(last) = last {
        path.push(last);
        events.push_back(Val::array([Val::array(path.iter().cloned())]));
        path.pop();
    }
}

impl Inputs for Files<'_> {
    fn next(&self) -> Option<Result<Val, String>> {
        let mut state = self.state.borrow_mut();
        if self.slurp.take() {
            return Some(self.all(&mut state));
        }
        self.one(&mut state)
    }

    fn file(&self) -> Option<String> {
        self.state.borrow().file.clone()
    }

    fn lines(&self) -> usize {
        self.state.borrow().lines
    }
}
