//! Variables, fields and elements: what is read and assigned.

use std::rc::Rc;

use cofferdam_command::Stop;

use super::Machine;
use crate::op::{Target, Variable, slot};
use crate::record::field_number;
use crate::value::{Array, Value};

impl Machine<'_, '_> {
    fn place(&mut self, variable: Variable) -> Option<&mut Value> {
        match variable {
            Variable::Global(slot) => self.globals.get_mut(slot),
            Variable::Local(slot) => {
                let base = self.frames.last().map_or(0, |frame| frame.base);
                self.stack.get_mut(base + slot)
            }
        }
    }

    fn name_of(&self, variable: Variable) -> &str {
        match variable {
            Variable::Global(slot) => self.program.globals.get(slot).map_or("?", String::as_str),
            Variable::Local(_) => "a parameter",
        }
    }

    pub(super) fn array(&mut self, variable: Variable) -> Result<Array, Stop> {
        match self.place(variable) {
            Some(Value::Array(array)) => Ok(Rc::clone(array)),
            _ => Err(Stop::new(format!(
                "{} is used as an array, and is none",
                self.name_of(variable)
            ))),
        }
    }

    /// The index or the subscript of a target.
    pub(super) fn key_of(&mut self, target: Target) -> Value {
        match target {
            Target::Variable(_) => Value::Unset,
            Target::Field | Target::Element(_) => self.pop(),
        }
    }

    pub(super) fn load(&mut self, target: Target) -> Result<Value, Stop> {
        let key = self.key_of(target);
        self.value_at(target, &key)
    }

    pub(super) fn store(&mut self, target: Target, value: Value) -> Result<(), Stop> {
        let key = self.key_of(target);
        self.store_at(target, &key, value)
    }

    pub(super) fn value_at(&mut self, target: Target, key: &Value) -> Result<Value, Stop> {
        match target {
            Target::Variable(Variable::Global(slot::NF)) => Ok(Value::count(self.record.count())),
            Target::Variable(variable) => {
                let value = self.place(variable);
                Ok(value.cloned().unwrap_or(Value::Unset))
            }
            Target::Field => {
                let number = field_number(key.to_number())?;
                if number == 0 {
                    return Ok(Value::Input(self.record_text()));
                }
                Ok(self.record.field(number))
            }
            Target::Element(array) => {
                let key = self.text(key);
                let array = self.array(array)?;
                let mut array = array.borrow_mut();
                // Asking for an element makes it.
                Ok(array.entry(key).or_insert(Value::Unset).clone())
            }
        }
    }

    pub(super) fn store_at(
        &mut self,
        target: Target,
        key: &Value,
        value: Value,
    ) -> Result<(), Stop> {
        if let Value::Array(_) | Value::Regex(_) = value {
            return Err(Stop::new("an array cannot be assigned as a whole"));
        }
        match target {
            Target::Variable(variable) => {
                let name = match self.place(variable) {
                    Some(Value::Array(_)) => self.name_of(variable).to_owned(),
                    Some(place) => {
                        *place = value;
                        return match variable {
                            Variable::Global(slot) => self.assigned(slot),
                            Variable::Local(_) => Ok(()),
                        };
                    }
                    None => return Ok(()),
                };
                Err(Stop::new(format!(
                    "{name} is an array, and nothing else can be assigned to it"
                )))
            }
            Target::Field => {
                let number = field_number(key.to_number())?;
                if number == 0 {
                    let text = self.text(&value);
                    self.set_record(text);
                    return Ok(());
                }
                self.record.set_field(number, value)
            }
            Target::Element(array) => {
                let key = self.text(key);
                self.array(array)?.borrow_mut().insert(key, value);
                Ok(())
            }
        }
    }
}
