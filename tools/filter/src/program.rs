//! A filter, compiled and run.

use cofferdam_command::Stop;
use jaq_all::data::{Ctx, Data, Filter, Runner, funs};
use jaq_all::jaq_core::Vars;
use jaq_all::jaq_std::input::RcIter;
use jaq_all::json::Val;
use jaq_all::load::FileReportsDisp;
use jaq_all::{compile_with, defs};

use crate::messages;

/// A filter that can be run.
pub struct Program {
    filter: Filter,
}

/// How a run ended.
#[derive(Debug, Default, Clone, Copy)]
pub struct Ended {
    /// An error was told.
    pub failed: bool,
    /// The filter said `halt`, with this code.
    pub halted: Option<i32>,
}

/// The longest filter, in bytes. What is wrong with one is drawn below it, and nothing draws wider
/// than this.
const MOST_CODE: usize = 60_000;

impl Program {
    /// Compiles a filter, with variables by name (without the `$`). Modules are not loaded.
    ///
    /// # Errors
    ///
    /// What is wrong with it and where.
    pub fn new(code: &str, variables: &[String]) -> Result<Self, Stop> {
        messages::listen();
        if code.len() > MOST_CODE {
            return Err(Stop::new(format!(
                "the filter has {} bytes: at most {MOST_CODE} are read",
                code.len()
            )));
        }
        let compiled = compile_with(code, defs(), funs(), variables);
        let filter = compiled.map_err(|reports| {
            let reports: String = reports
                .iter()
                .map(|report| FileReportsDisp::new(report).to_string())
                .collect();
            Stop::new(format!(
                "the filter does not compile\n{}",
                reports.trim_end()
            ))
        })?;
        Ok(Self { filter })
    }

    /// Runs it for each input, or once without one (`null_input`; then the filter can ask for
    /// them). `values` are those of the variables, in their order. An error ends the outputs of its
    /// input, and is told to `complain`.
    ///
    /// # Errors
    ///
    /// What `each` returns; it is called for every output.
    pub fn run(
        &self,
        values: Vec<Val>,
        inputs: impl Iterator<Item = Result<Val, String>>,
        null_input: bool,
        complain: &mut dyn FnMut(String),
        each: &mut dyn FnMut(&Val) -> Result<(), Stop>,
    ) -> Result<Ended, Stop> {
        let runner = Runner::default();
        let inputs: Box<dyn Iterator<Item = Result<Val, String>>> = Box::new(inputs);
        let (inputs, null) = (
            RcIter::new(inputs),
            RcIter::new(std::iter::once(Ok(Val::Null))),
        );
        let data = Data {
            runner: &runner,
            lut: &self.filter.lut,
            inputs: &inputs,
            input_filename: &Val::Null,
        };
        let context = Ctx::new(&data, Vars::new(values));
        let mut ended = Ended::default();
        let mut next: Box<dyn FnMut() -> Option<Result<Val, String>>> = match null_input {
            true => Box::new(|| (&null).next()),
            false => Box::new(|| (&inputs).next()),
        };
        while let Some(input) = next() {
            let input = match input {
                Ok(input) => input,
                Err(sentence) => {
                    complain(sentence);
                    ended.failed = true;
                    break;
                }
            };
            for output in self.filter.id.run((context.clone(), input)) {
                match output {
                    Ok(output) => each(&output)?,
                    Err(exception) => match exception.get_err() {
                        Ok(error) => {
                            complain(error.to_string());
                            ended.failed = true;
                            break;
                        }
                        Err(exception) => {
                            ended.halted = Some(exception.get_halt().unwrap_or(1));
                            return Ok(ended);
                        }
                    },
                }
            }
        }
        Ok(ended)
    }
}
