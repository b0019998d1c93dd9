//! `env` as GNU's, but for starting programs, which no tool can. uutils' is not compiled for WASI
//! 0.2.

mod options;

use std::io::{self, Write};

use cofferdam_command::path_error;

use options::{Asked, Options, Variable};

/// Exit code of trouble of `env` itself.
const TROUBLE: i32 = 125;

/// Exit code of a program that is not there, as none is.
const NO_PROGRAM: i32 = 127;

fn main() {
    let code = match Options::parse() {
        Ok(Asked::Variables(options)) => print(&lines(&options)),
        Ok(Asked::Print(text)) => print(text),
        Ok(Asked::Program(name)) => {
            complain(&format!(
                "'{name}': a tool starts no other program; without one the variables are printed"
            ));
            NO_PROGRAM
        }
        Err(stop) => {
            complain(stop.sentence());
            complain("Try 'env --help' for more information.");
            TROUBLE
        }
    };
    std::process::exit(code)
}

/// Returns the variables, each as `NAME=VALUE`.
#[allow(
    clippy::disallowed_methods,
    reason = "the variables of the sandbox are what this tool shows"
)]
fn lines(options: &Options) -> String {
    let mut variables = Vec::new();
    if !options.ignored {
        variables.extend(std::env::vars_os().map(|(name, value)| Variable {
            name: name.to_string_lossy().into_owned(),
            value: value.to_string_lossy().into_owned(),
        }));
    }
    variables.retain(|variable| !options.unset.contains(&variable.name));
    for set in &options.set {
        match variables
            .iter_mut()
            .find(|variable| variable.name == set.name)
        {
            Some(variable) => variable.value.clone_from(&set.value),
            None => variables.push(set.clone()),
        }
    }
    let end = if options.null { '\0' } else { '\n' };
    variables
        .iter()
        .map(|variable| format!("{}={}{end}", variable.name, variable.value))
        .collect()
}

fn print(text: &str) -> i32 {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(error) => {
            complain(&path_error("standard output", &error));
            TROUBLE
        }
    }
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(sentence: &str) {
    eprintln!("env: {sentence}");
}
