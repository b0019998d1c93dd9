//! The record and its fields. Each is made from the other when it is asked for.

use std::rc::Rc;

use cofferdam_command::Stop;

use crate::split::Splitter;
use crate::value::{Text, Value};

/// The highest field. Those before it come into being with it, and take memory.
const MAX_FIELD: usize = 1_000_000;

/// The record.
pub(crate) struct Record {
    text: Text,
    /// The text is what the fields say.
    text_valid: bool,
    fields: Vec<Value>,
    /// The fields are what the text says.
    fields_valid: bool,
    /// As it was when the record was read.
    splitter: Rc<Splitter>,
}

/// Settings for joining fields to a text.
#[derive(Clone, Copy)]
pub(crate) struct Joining<'a> {
    pub(crate) separator: &'a [u8],
    /// `CONVFMT`
    pub(crate) convert: &'a [u8],
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            text: Rc::from([]),
            text_valid: true,
            fields: Vec::new(),
            fields_valid: true,
            splitter: Rc::new(Splitter::Blanks),
        }
    }

    pub(crate) fn set(&mut self, text: Text, splitter: &Rc<Splitter>) {
        self.text = text;
        self.text_valid = true;
        self.fields_valid = false;
        self.splitter = Rc::clone(splitter);
    }

    pub(crate) fn text(&mut self, joining: Joining) -> Text {
        if !self.text_valid {
            let mut out = Vec::new();
            for (index, field) in self.fields.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(joining.separator);
                }
                out.extend_from_slice(&field.to_text(joining.convert));
            }
            self.text = out.into();
            self.text_valid = true;
        }
        Rc::clone(&self.text)
    }

    fn split(&mut self) {
        if self.fields_valid {
            return;
        }
        let (fields, _) = self.splitter.split(&self.text);
        let piece = |field: std::ops::Range<usize>| {
            Value::Input(self.text.get(field).unwrap_or_default().into())
        };
        self.fields = fields.into_iter().map(piece).collect();
        self.fields_valid = true;
    }

    pub(crate) fn count(&mut self) -> usize {
        self.split();
        self.fields.len()
    }

    /// A field, from 1; empty behind the last one, and then not equal to 0, as in gawk.
    pub(crate) fn field(&mut self, number: usize) -> Value {
        self.split();
        let field = number
            .checked_sub(1)
            .and_then(|index| self.fields.get(index));
        field.cloned().unwrap_or_else(|| Value::Input([].into()))
    }

    pub(crate) fn set_field(&mut self, number: usize, value: Value) -> Result<(), Stop> {
        self.split();
        if number > self.fields.len() {
            self.grow(number)?;
        }
        if let Some(field) = number
            .checked_sub(1)
            .and_then(|index| self.fields.get_mut(index))
        {
            *field = value;
        }
        self.text_valid = false;
        Ok(())
    }

    /// `NF = …`
    pub(crate) fn set_count(&mut self, count: f64) -> Result<(), Stop> {
        self.split();
        let count = field_number(count)?;
        if count > self.fields.len() {
            self.grow(count)?;
        } else {
            self.fields.truncate(count);
        }
        self.text_valid = false;
        Ok(())
    }

    fn grow(&mut self, count: usize) -> Result<(), Stop> {
        if count > MAX_FIELD {
            return Err(Stop::new(format!(
                "field {count} is too far: the last one can be {MAX_FIELD}"
            )));
        }
        self.fields.resize(count, Value::Input(Rc::from([])));
        Ok(())
    }
}

/// The number of a field.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in range, and whole"
)]
pub(crate) fn field_number(number: f64) -> Result<usize, Stop> {
    if number < 0.0 || number.is_nan() {
        return Err(Stop::new(format!("there is no field {number}")));
    }
    Ok(number.min(1e15) as usize)
}
