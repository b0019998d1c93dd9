//! ARGV, ENVIRON and the variables of `-v`, before the program begins.

use cofferdam_command::Stop;

use super::Machine;
use crate::args::Args;
use crate::op::slot;
use crate::value::Value;

impl Machine<'_, '_> {
    /// Hands over the command line and the environment.
    #[allow(clippy::disallowed_methods, reason = "ENVIRON is the environment")]
    pub(crate) fn prepare(&mut self, args: &Args) -> Result<(), Stop> {
        if let Some(separator) = &args.separator {
            self.set_global(slot::FS, Value::Text(separator.clone()));
            self.assigned(slot::FS)?;
        }
        for assignment in &args.assignments {
            if !self.assignment(assignment.as_bytes())? {
                return Err(Stop::new(format!(
                    "-v {assignment}: write it as name=value"
                )));
            }
        }
        let names = std::iter::once("awk").chain(args.operands.iter().map(String::as_str));
        for (number, name) in names.enumerate() {
            self.put(slot::ARGV, &number.to_string(), name);
        }
        self.set_global(slot::ARGC, Value::count(args.operands.len() + 1));
        for (name, value) in std::env::vars_os() {
            self.put(
                slot::ENVIRON,
                &name.to_string_lossy(),
                &value.to_string_lossy(),
            );
        }
        Ok(())
    }

    fn put(&mut self, array: usize, key: &str, value: &str) {
        if let Value::Array(array) = self.global(array) {
            let value = Value::Input(value.as_bytes().into());
            array.borrow_mut().insert(key.as_bytes().into(), value);
        }
    }
}
