//! A filter, compiled and run.

use cofferdam_command::Stop;
use jaq_core::compile::{Compiler, Undefined};
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Exn, Filter, Vars};

use crate::data::{Data, Inputs, Kind};
use crate::lower::{self, SyntaxError};
use crate::val::Val;
use crate::{funs, names};

/// A filter that can be run.
pub struct Program {
    filter: Filter<Kind>,
    environment: Val,
}

/// The end of a run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Ended {
    /// An error was told.
    pub failed: bool,
    /// The filter said `halt`, with this code.
    pub halted: Option<i32>,
}

/// The longest filter, in bytes. A long one is a mistake: a file of data in the filter's place.
const MOST_CODE: usize = 60_000;

/// Filters that are said in jq's own language.
const DEFINITIONS: &str = include_str!("defs.jq");

/// The name under which the engine calls the program; no program can say it.
const MAIN: &str = "@main";

impl Program {
    /// Compiles a filter, with variables by name (without the `$`). Modules are not loaded.
    ///
    /// # Errors
    ///
    /// What is wrong with it and where.
    pub fn new(code: &str, variables: &[String]) -> Result<Self, Stop> {
        if code.len() > MOST_CODE {
            return Err(Stop::new(format!(
                "the filter has {} bytes: at most {MOST_CODE} are read",
                code.len()
            )));
        }
        // An empty program, or one of comments alone, gives its input.
        let code = match without_comments(code).is_empty() {
            true => ".".to_owned(),
            false => lower::joined_surrogates(code),
        };
        let refused = |errors: Vec<SyntaxError>| {
            let said: Vec<String> = errors.iter().map(|error| error.told(&code)).collect();
            Stop::new(format!("the filter does not compile: {}", said.join("; ")))
        };
        let main = Def {
            name: MAIN,
            args: Vec::new(),
            body: lower::program(&code).map_err(refused)?,
        };
        let ours = lower::definitions(DEFINITIONS).map_err(|errors| {
            let said: Vec<String> = errors.iter().map(|error| format!("{error:?}")).collect();
            Stop::new(format!(
                "our own definitions are broken: {}",
                said.join("; ")
            ))
        })?;
        let (arena, loader) = (
            Arena::default(),
            Loader::new(ours.into_iter().chain([main])),
        );
        let file = File {
            code: MAIN,
            path: (),
        };
        let modules = loader
            .load(&arena, file)
            .map_err(|_| Stop::new("the filter does not compile"))?;
        let variables: Vec<String> = variables
            .iter()
            .map(|name| format!("${name}"))
            .chain(["$ENV".to_owned()])
            .collect();
        let compiled = Compiler::default()
            .with_funs(funs::all())
            .with_global_vars(variables.iter().map(String::as_str))
            .compile(modules);
        let filter = compiled.map_err(|errors| {
            let undefined = errors.into_iter().flat_map(|(_, errors)| errors);
            refused(
                undefined
                    .map(|(name, kind)| SyntaxError {
                        at: place(&code, name),
                        sentence: undefined_sentence(name, &kind),
                    })
                    .collect(),
            )
        })?;
        Ok(Self {
            filter,
            environment: environment(),
        })
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
        mut values: Vec<Val>,
        inputs: &dyn Inputs,
        null_input: bool,
        complain: &mut dyn FnMut(String),
        each: &mut dyn FnMut(&Val) -> Result<(), Stop>,
    ) -> Result<Ended, Stop> {
        values.push(self.environment.clone());
        let data = Data {
            lut: &self.filter.lut,
            inputs,
            builtins,
            environment: &self.environment,
        };
        let context = Ctx::<Kind>::new(&data, Vars::new(values));
        let mut ended = Ended::default();
        let mut null = null_input.then_some(Ok(Val::Null));
        loop {
            let next = match (null_input, null.take()) {
                (true, input) => input,
                (false, _) => inputs.next(),
            };
            let input = match next {
                None => break,
                Some(Ok(input)) => input,
                Some(Err(sentence)) => {
                    complain(sentence);
                    ended.failed = true;
                    break;
                }
            };
            for output in self.filter.id.run((context.clone(), input)) {
                match output {
                    Ok(output) => each(&output)?,
                    Err(exception) => match told(exception, inputs) {
                        Ok(sentence) => {
                            complain(sentence);
                            ended.failed = true;
                            break;
                        }
                        Err(code) => {
                            ended.halted = Some(code);
                            return Ok(ended);
                        }
                    },
                }
            }
        }
        Ok(ended)
    }
}

/// Names and numbers of arguments of all filters.
fn builtins() -> Val {
    let all = names::all(DEFINITIONS, &funs::names());
    let named = all
        .into_iter()
        .map(|(name, arity)| format!("{name}/{arity}"));
    Val::array(named.map(Val::text))
}

/// An error with the place of its input, or the code of a `halt`.
fn told(exception: Exn<'_, Val>, inputs: &dyn Inputs) -> Result<String, i32> {
    let error = match exception.get_err() {
        Ok(error) => error,
        Err(exception) => return Err(exception.get_halt().unwrap_or(1)),
    };
    let file = inputs.file().unwrap_or_else(|| "<stdin>".to_owned());
    let place = format!("(at {file}:{})", inputs.lines());
    Ok(match error.into_val() {
        Val::Str(sentence) if &*sentence == "break" => {
            format!("error {place}: break: `input` found no more inputs")
        }
        Val::Str(sentence) => format!("error {place}: {sentence}"),
        other => format!("error {place} (not a string): {other}"),
    })
}

fn without_comments(code: &str) -> String {
    let lines = code
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines.collect::<String>().trim().to_owned()
}

/// The place of a name in the code: at its end if it is not of it.
fn place(code: &str, name: &str) -> usize {
    let whole = code.as_bytes().as_ptr_range();
    if whole.contains(&name.as_ptr()) {
        jaq_core::load::span(code, name).start
    } else {
        code.len()
    }
}

fn undefined_sentence(name: &str, kind: &Undefined) -> String {
    match kind {
        Undefined::Filter(arity) => {
            let known = names::like(name, DEFINITIONS, &funs::names());
            let known = match known.is_empty() {
                true => String::new(),
                false => format!(" (there is {})", known.join(", ")),
            };
            match name.strip_prefix('@') {
                Some(format) => format!("{format} is not a valid format{known}"),
                None => format!("{name}/{arity} is not defined{known}"),
            }
        }
        Undefined::Var => format!("{name} is not defined"),
        Undefined::Label => format!("label {name} is not defined"),
        _ => format!("{name} is not defined: modules are not loaded here"),
    }
}

/// `$ENV`
#[allow(
    clippy::disallowed_methods,
    reason = "$ENV is what the sandbox gives to every guest"
)]
fn environment() -> Val {
    Val::object(std::env::vars().map(|(name, value)| (name, Val::text(value))))
}
