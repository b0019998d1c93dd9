//! Runs a program, step by step.

mod arguments;
mod builtin;
mod input;
mod order;
mod random;
mod settings;
mod strings;
mod time;
mod variables;

use std::cell::RefCell;
use std::rc::Rc;
use std::vec::IntoIter;

use cofferdam_command::{Complaints, Output, Stop};
use indexmap::IndexMap;

use crate::files::Files;
use crate::op::{Arithmetic, Comparison, Op, Program, Redirect, slot};
use crate::record::Record;
use crate::value::{Array, Text, Value};
use input::Main;
use random::Random;
use settings::Settings;

/// Maximum depth of calls. Each level takes some hundred bytes.
const MAX_CALLS: usize = 50_000;

/// A program while it runs.
pub(crate) struct Machine<'p, 'o> {
    program: &'p Program,
    globals: Vec<Value>,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    /// Loops through subscripts that are under way.
    loops: Vec<IntoIter<Text>>,
    /// Range patterns that have begun.
    ranges: Vec<bool>,
    record: Record,
    main: Main,
    files: Files<'o>,
    settings: Settings,
    random: Random,
    complaints: Complaints,
    /// The exit code.
    code: u8,
}

/// A function that runs.
struct Frame {
    /// Start of its parameters on the stack.
    base: usize,
    back: usize,
    loops: usize,
}

/// The end of a part of a program.
#[derive(PartialEq, Eq)]
enum Ended {
    Done,
    Next,
    NextFile,
    Exit,
}

impl<'p, 'o> Machine<'p, 'o> {
    pub(crate) fn new(program: &'p Program, out: &'o mut Output, complaints: Complaints) -> Self {
        let globals = program.arrays.iter().map(|is_array| {
            if *is_array {
                Value::Array(new_array())
            } else {
                Value::Unset
            }
        });
        let mut machine = Self {
            globals: globals.collect(),
            stack: Vec::new(),
            frames: Vec::new(),
            loops: Vec::new(),
            ranges: vec![false; program.ranges],
            record: Record::new(),
            main: Main::default(),
            files: Files::new(out),
            settings: Settings::default(),
            random: Random::new(),
            complaints,
            code: 0,
            program,
        };
        machine.set_defaults();
        machine
    }

    /// Runs the whole program. Returns the exit code.
    pub(crate) fn run(&mut self) -> Result<u8, Stop> {
        let ended = self.part(self.program.begin, "BEGIN")?;
        let reads = self.program.main.is_some() || self.program.end.is_some();
        if ended != Ended::Exit && reads {
            self.records()?;
        }
        // `exit` outside of END still runs END.
        if let Some(end) = self.program.end {
            self.part(end, "END")?;
        }
        self.files.flush()?;
        Ok(self.code)
    }

    /// Returns the sentence of an error, with the record at which it happened.
    pub(crate) fn sentence(&self, stop: &Stop) -> String {
        let record = self.global(slot::FNR).to_number();
        if record == 0.0 {
            return stop.sentence().to_owned();
        }
        let file = crate::files::readable(&self.text(&self.global(slot::FILENAME)));
        let file = if file.is_empty() {
            "standard input"
        } else {
            &file
        };
        format!("{} (record {record} of {file})", stop.sentence())
    }

    fn records(&mut self) -> Result<(), Stop> {
        while self.next_record()? {
            let Some(main) = self.program.main else {
                continue;
            };
            match self.execute(main)? {
                Ended::Exit => break,
                Ended::NextFile => self.skip_file(),
                Ended::Done | Ended::Next => {}
            }
        }
        Ok(())
    }

    /// Runs BEGIN or END.
    fn part(&mut self, entry: usize, name: &str) -> Result<Ended, Stop> {
        match self.execute(entry)? {
            Ended::Next => Err(Stop::new(format!("`next' cannot be used in {name}"))),
            Ended::NextFile => Err(Stop::new(format!("`nextfile' cannot be used in {name}"))),
            ended => Ok(ended),
        }
    }

    fn execute(&mut self, entry: usize) -> Result<Ended, Stop> {
        self.stack.clear();
        self.frames.clear();
        self.loops.clear();
        let program = self.program;
        let mut next = entry;
        while let Some(op) = program.ops.get(next) {
            next += 1;
            match op {
                Op::Push(value) => self.stack.push(value.clone()),
                Op::Pop => drop(self.pop()),
                Op::Jump(to) => next = *to,
                Op::JumpIfFalse(to) => {
                    if !self.pop().is_true() {
                        next = *to;
                    }
                }
                Op::JumpIfTrue(to) => {
                    if self.pop().is_true() {
                        next = *to;
                    }
                }
                Op::ForStart(array) => {
                    let keys = self.keys(*array)?;
                    self.loops.push(keys.into_iter());
                }
                Op::ForNext(to) => match self.loops.last_mut().and_then(Iterator::next) {
                    Some(key) => self.stack.push(Value::Input(key)),
                    None => {
                        self.loops.pop();
                        next = *to;
                    }
                },
                Op::ForEnd => drop(self.loops.pop()),
                Op::Call(function, arguments) => {
                    next = self.call(*function, *arguments, next)?;
                }
                Op::Return => {
                    let value = self.pop();
                    let Some(frame) = self.frames.pop() else {
                        return Ok(Ended::Done);
                    };
                    self.stack.truncate(frame.base);
                    self.loops.truncate(frame.loops);
                    self.stack.push(value);
                    next = frame.back;
                }
                Op::Next => return Ok(Ended::Next),
                Op::NextFile => return Ok(Ended::NextFile),
                Op::Exit(coded) => {
                    if *coded {
                        self.code = exit_code(self.pop().to_number());
                    }
                    return Ok(Ended::Exit);
                }
                Op::End => return Ok(Ended::Done),
                other => self.step(other)?,
            }
        }
        Ok(Ended::Done)
    }

    /// A step that goes on with the one behind it.
    fn step(&mut self, op: &'p Op) -> Result<(), Stop> {
        let value = match op {
            Op::Load(target) => self.load(*target)?,
            Op::LoadArray(array) => Value::Array(self.array(*array)?),
            Op::Store(target) => {
                let value = self.pop();
                self.store(*target, value.clone())?;
                value
            }
            Op::Modify(target, arithmetic) => {
                let by = self.pop().to_number();
                let key = self.key_of(*target);
                let old = self.value_at(*target, &key)?.to_number();
                let value = Value::Number(calculate(*arithmetic, old, by)?);
                self.store_at(*target, &key, value.clone())?;
                value
            }
            Op::Increment(target, by, new) => {
                let key = self.key_of(*target);
                let old = self.value_at(*target, &key)?.to_number();
                self.store_at(*target, &key, Value::Number(old + by))?;
                Value::Number(if *new { old + by } else { old })
            }
            Op::Subscript(count) => {
                let values = self.pop_all(*count);
                let mut key = Vec::new();
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        key.extend_from_slice(&self.settings.subsep);
                    }
                    key.extend_from_slice(&self.text(value));
                }
                Value::text(key)
            }
            Op::Concat(count) => {
                let values = self.pop_all(*count);
                let mut out = Vec::new();
                for value in &values {
                    match value {
                        Value::Text(text) | Value::Input(text) => out.extend_from_slice(text),
                        other => out.extend_from_slice(&self.text(other)),
                    }
                }
                Value::text(out)
            }
            Op::Arithmetic(arithmetic) => {
                let right = self.pop().to_number();
                let left = self.pop().to_number();
                Value::Number(calculate(*arithmetic, left, right)?)
            }
            Op::Compare(comparison) => {
                let right = self.pop();
                let left = self.pop();
                self.compare(*comparison, &left, &right)
            }
            Op::Not => {
                let value = self.pop();
                Value::truth(!value.is_true())
            }
            Op::Negate => Value::Number(-self.pop().to_number()),
            Op::ToNumber => Value::Number(self.pop().to_number()),
            Op::ToTruth => Value::truth(self.pop().is_true()),
            Op::Match(negated) => {
                let regex = self.pop();
                let text = self.pop();
                let regex = self.regex(&regex)?;
                let text = self.text(&text);
                Value::truth(matches(&regex, &text)? != *negated)
            }
            Op::MatchRecord(regex) => {
                let text = self.record_text();
                let regex = self.folded(regex)?;
                Value::truth(matches(&regex, &text)?)
            }
            Op::In(array) => {
                let key = self.pop();
                let key = self.text(&key);
                Value::truth(self.array(*array)?.borrow().contains_key(&key))
            }
            Op::Case => {
                let case = self.pop();
                let value = self.stack.last().cloned().unwrap_or(Value::Unset);
                if let Value::Regex(_) = &case {
                    let regex = self.regex(&case)?;
                    Value::truth(matches(&regex, &self.text(&value))?)
                } else {
                    self.compare(Comparison::Equal, &value, &case)
                }
            }
            Op::RangeIsActive(range) => {
                Value::truth(self.ranges.get(*range).copied().unwrap_or(false))
            }
            Op::Getline(target) => self.getline(*target)?,
            Op::GetlineFile(target) => self.getline_file(*target)?,
            Op::Substitute(global, target) => self.substitute(*global, *target)?,
            Op::Builtin(builtin, count) => {
                let arguments = self.pop_all(*count);
                self.builtin(*builtin, &arguments)?
            }
            other => return self.effect(other),
        };
        self.stack.push(value);
        Ok(())
    }

    /// A step that leaves nothing on the stack.
    fn effect(&mut self, op: &Op) -> Result<(), Stop> {
        match op {
            Op::Delete(array) => {
                let key = self.pop();
                let key = self.text(&key);
                self.array(*array)?.borrow_mut().swap_remove(&key);
            }
            Op::DeleteAll(array) => self.array(*array)?.borrow_mut().clear(),
            Op::SetRange(range, active) => {
                if let Some(place) = self.ranges.get_mut(*range) {
                    *place = *active;
                }
            }
            Op::Print(count, redirect) => {
                let name = self.redirect_name(*redirect)?;
                let values = self.pop_all(*count);
                let mut out = Vec::new();
                if values.is_empty() {
                    out.extend_from_slice(&self.record_text());
                }
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(&self.settings.ofs);
                    }
                    out.extend_from_slice(&value.to_text(&self.settings.ofmt));
                }
                out.extend_from_slice(&self.settings.ors);
                self.files.write(*redirect, &name, &out)?;
            }
            Op::Printf(count, redirect) => {
                let name = self.redirect_name(*redirect)?;
                let values = self.pop_all(*count);
                let out = self.formatted(&values)?;
                self.files.write(*redirect, &name, &out)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn redirect_name(&mut self, redirect: Redirect) -> Result<Text, Stop> {
        if matches!(redirect, Redirect::Stdout | Redirect::Stderr) {
            return Ok(Rc::from([]));
        }
        let name = self.pop();
        let name = self.text(&name);
        if name.is_empty() {
            return Err(Stop::new("the name of the file to print to is empty"));
        }
        Ok(name)
    }

    fn formatted(&self, values: &[Value]) -> Result<Vec<u8>, Stop> {
        let (format, values) = values.split_first().unwrap_or((&Value::Unset, &[]));
        let mut out = Vec::new();
        let format = self.text(format);
        crate::format::format(&mut out, &format, values, &self.settings.convfmt)
            .map_err(Stop::new)?;
        Ok(out)
    }

    fn call(&mut self, function: usize, arguments: usize, back: usize) -> Result<usize, Stop> {
        let Some(function) = self.program.functions.get(function) else {
            return Ok(back);
        };
        if self.frames.len() >= MAX_CALLS {
            return Err(Stop::new(format!(
                "functions call each other more than {MAX_CALLS} deep: {} does not come to an end",
                function.name
            )));
        }
        let base = self.stack.len().saturating_sub(arguments);
        for (number, is_array) in function.arrays.iter().enumerate() {
            match self.stack.get(base + number) {
                None if *is_array => self.stack.push(Value::Array(new_array())),
                None => self.stack.push(Value::Unset),
                Some(Value::Array(_)) => {}
                Some(_) if *is_array => {
                    return Err(Stop::new(format!(
                        "argument {} of function {} has to be an array",
                        number + 1,
                        function.name
                    )));
                }
                Some(_) => {}
            }
        }
        self.frames.push(Frame {
            base,
            back,
            loops: self.loops.len(),
        });
        Ok(function.entry)
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Unset)
    }

    fn pop_all(&mut self, count: usize) -> Vec<Value> {
        let start = self.stack.len().saturating_sub(count);
        self.stack.split_off(start)
    }

    /// A value as text, with `CONVFMT`.
    fn text(&self, value: &Value) -> Text {
        value.to_text(&self.settings.convfmt)
    }

    fn compare(&self, comparison: Comparison, left: &Value, right: &Value) -> Value {
        let order = left.compare(right, &self.settings.convfmt, self.settings.ignore_case);
        let Some(order) = order else {
            return Value::truth(comparison == Comparison::NotEqual);
        };
        Value::truth(match comparison {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        })
    }
}

pub(crate) fn new_array() -> Array {
    Rc::new(RefCell::new(IndexMap::new()))
}

fn matches(regex: &cofferdam_regex::Regex, text: &[u8]) -> Result<bool, Stop> {
    regex
        .is_match(text, 0)
        .map_err(|error| Stop::new(error.to_string()))
}

fn calculate(arithmetic: Arithmetic, left: f64, right: f64) -> Result<f64, Stop> {
    Ok(match arithmetic {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide | Arithmetic::Remainder if right == 0.0 => {
            return Err(Stop::new("division by zero"));
        }
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    })
}

/// A code as the system has them: 0 to 255.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "masked"
)]
fn exit_code(number: f64) -> u8 {
    (number as i64 & 0xff) as u8
}
