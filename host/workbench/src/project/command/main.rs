//! A command tool: an ordinary program. It gets arguments and standard input, and prints what it
//! has to say. Prints its arguments, or else what it reads, in capital letters.

use std::io::{Error, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("TOOL_NAME: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<(), Error> {
    let mut text = arguments.join(" ");
    if text.is_empty() {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text.push('\n');
    }
    std::io::stdout().write_all(capitals(&text).as_bytes())
}

fn capitals(text: &str) -> String {
    text.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_become_capitals_and_the_rest_stays() {
        assert_eq!(capitals("Ab größe 1\n"), "AB GRÖSSE 1\n");
    }
}
