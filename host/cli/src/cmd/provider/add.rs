//! `cofferdam provider add`.

use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_model::{Configured, Error, ModelName, NewProvider, configured};
use zeroize::Zeroizing;

use crate::console;
use crate::error::Failure;
use crate::paths::DataDir;
use crate::providers;
use crate::typed::without_echo;

/// The longest key that is read, in bytes, and its line break.
const MAX_KEY: u64 = (16 << 10) + 2;

/// `cofferdam provider add`. It has no flag for a key: what stands on a command line can be read by
/// every user of the machine.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The provider, as models name it before the slash: anthropic, openai, or a name of your own
    /// with --base
    name: String,

    /// Write a reference to this variable, which the host reads, instead of a key from standard
    /// input
    #[arg(long, value_name = "VARIABLE", conflicts_with = "no_key")]
    key_env: Option<String>,

    /// The provider takes no key
    #[arg(long)]
    no_key: bool,

    /// The address, unless it is the provider's usual one
    #[arg(long, value_name = "URL")]
    base: Option<String>,

    /// Let agents use this model alone; may be repeated
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
}

impl Add {
    pub(super) fn run(self, data: PathBuf) -> Result<(), Failure> {
        let Self {
            name,
            key_env,
            no_key,
            base,
            models,
        } = self;
        if base.is_none() {
            needs_no_address(&name)?;
        }
        let key = match key_env {
            Some(variable) => Some(reference(&variable)?),
            None if no_key => None,
            None => Some(typed(&name)?.to_string()),
        };
        let data = DataDir::open(data)?;
        let new = NewProvider {
            name: name.clone(),
            key,
            base,
            models,
        };
        providers::change(&data, |text, path| cofferdam_model::with(text, path, &new))?;
        console::note(&format!(
            "added {name} to {}; a running host reads it within a second",
            providers::path(data.path()).display()
        ));
        let rows = configured(&providers::credentials(data.path()));
        let row = rows.into_iter().find(|row| row.provider == name);
        if let Some(Configured {
            problem: Some(problem),
            ..
        }) = row
        {
            console::note(&format!("note: it cannot be asked yet: {problem}"));
        }
        Ok(())
    }
}

/// Refuses a provider whose address nobody knows.
fn needs_no_address(name: &str) -> Result<(), Failure> {
    // A name that cannot be one is refused with the file.
    let Ok(model) = format!("{name}/any").parse::<ModelName>() else {
        return Ok(());
    };
    let opened = cofferdam_model::open(&model, &providers::of_environment(), Path::new(""));
    match opened.err() {
        Some(error @ (Error::UnknownProvider { .. } | Error::MissingBase { .. })) => {
            Err(Failure::usage(error).hint(format!(
                "give its address: `cofferdam provider add {name} --base URL`"
            )))
        }
        _ => Ok(()),
    }
}

/// A reference to a variable.
fn reference(variable: &str) -> Result<String, Failure> {
    let mut characters = variable.chars();
    let begins = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if begins && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(format!("${{{variable}}}"));
    }
    // It may be a key that was put in the wrong place.
    Err(Failure::usage(
        "--key-env: expected the name of a variable, such as ANTHROPIC_API_KEY",
    ))
}

/// The key from standard input; on a terminal it is asked for and not shown.
fn typed(name: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = std::io::stdin();
    let wrong =
        |error: std::io::Error| Failure::work(format!("cannot read standard input: {error}"));
    let mut line = Zeroizing::new(String::new());
    without_echo(|| {
        if stdin.is_terminal() {
            console::note(&format!("the key of {name} (it is not shown), then Enter:"));
        }
        stdin.lock().take(MAX_KEY).read_line(&mut line)
    })
    .map_err(wrong)?;
    let key = line.trim();
    let refused = |problem: &str| Err(Failure::usage(format!("standard input: {problem}")));
    if key.is_empty() {
        return refused(
            "expected the key on its first line; --key-env VARIABLE refers to one instead, and \
             --no-key adds a provider without",
        );
    }
    if key.len() as u64 > MAX_KEY - 2 {
        return refused(&format!("a key has at most {} bytes", MAX_KEY - 2));
    }
    if key.contains('$') {
        return refused(
            "the key holds a `$`, which the file takes for a variable: put it into a variable, \
             and name that with --key-env",
        );
    }
    Ok(Zeroizing::new(key.to_owned()))
}
