//! The arguments with which an executor starts a runtime: `runtime`, the arguments of `EXEC`, and
//! then its own.

use std::ffi::OsString;
use std::path::Path;

/// Flags that mean something here, each with a value.
const FLAGS: [&str; 6] = ["root", "model", "addr", "name", "data-dir", "config"];

/// The verbs of a runtime, and flags without a value.
const WORDS: [&str; 4] = ["serve", "help", "--help", "-h"];

/// A command line as it would be typed.
#[derive(Debug)]
pub(crate) struct AsTyped {
    pub(crate) arguments: Vec<OsString>,
    /// Flags of `EXEC` that mean nothing here, without their values.
    pub(crate) ignored: Vec<String>,
}

/// The command line of this process. Started by the name `runtime`, it is `cofferdam runtime`, and
/// what `EXEC` gives to another runtime is left out.
pub(crate) fn as_typed(arguments: impl IntoIterator<Item = OsString>) -> AsTyped {
    let mut given = arguments.into_iter();
    let program = given.next().unwrap_or_default();
    let mut typed = AsTyped {
        arguments: vec![program],
        ignored: Vec::new(),
    };
    let is_runtime = typed
        .arguments
        .first()
        .and_then(|program| Path::new(program).file_name())
        .is_some_and(|name| name == "runtime");
    if !is_runtime {
        typed.arguments.extend(given);
        return typed;
    }
    typed.arguments.push("runtime".into());
    while let Some(argument) = given.next() {
        // What is no UTF-8 is refused by whoever reads the whole.
        let text = argument.to_string_lossy().into_owned();
        let flag = text.strip_prefix("--").unwrap_or_default();
        let (name, has_value) = match flag.split_once('=') {
            Some((name, _)) => (name, true),
            None => (flag, false),
        };
        if FLAGS.contains(&name) {
            typed.arguments.push(argument);
            if !has_value {
                typed.arguments.extend(given.next());
            }
        } else if WORDS.contains(&text.as_str()) {
            typed.arguments.push(argument);
        } else if text.starts_with('-') {
            let name = text.split('=').next().unwrap_or_default();
            typed.ignored.push(name.to_owned());
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> (String, String) {
        let typed = as_typed(line.split(' ').map(OsString::from));
        let words = typed.arguments.iter().map(|word| word.to_string_lossy());
        let words: Vec<_> = words.collect();
        (words.join(" "), typed.ignored.join(" "))
    }

    #[test]
    fn arguments_of_another_runtime_are_left_out() {
        for (line, says, ignored) in [
            ("cofferdam serve --x", "cofferdam serve --x", ""),
            (
                "/a/runtime serve --root /a --model=b/c --addr :1",
                "/a/runtime runtime serve --root /a --model=b/c --addr :1",
                "",
            ),
            (
                "runtime serve --max-tokens 5 --api-key=secret -v --root /a",
                "runtime runtime serve --root /a",
                "--max-tokens --api-key -v",
            ),
        ] {
            assert_eq!(typed(line), (says.to_owned(), ignored.to_owned()), "{line}");
        }
    }
}
