//! The digest of arguments: the same for the same arguments, however they are written.

use std::io::{self, Write};

use cofferdam_call::Stdin;
use cofferdam_capability::{Digest, Digester};
use serde_json::{Value, json};

/// SHA-256 of the canonical form of a value (RFC 8785). None for a value that has no such form.
pub(crate) fn digest(value: &Value) -> Option<Digest> {
    let mut digested = Digested::default();
    serde_json_canonicalizer::to_writer(value, &mut digested).ok()?;
    Some(digested.0.finish())
}

/// The same for the arguments of a command, as a model would write them. Standard input that is
/// asked for is not known yet, and not in it.
pub(crate) fn digest_of_command(args: &[String], stdin: &Stdin) -> Option<Digest> {
    match stdin {
        Stdin::Bytes(bytes) if !bytes.is_empty() => {
            digest(&json!({ "args": args, "stdin": String::from_utf8_lossy(bytes) }))
        }
        _ => digest(&json!({ "args": args })),
    }
}

/// Takes the digest of what is written.
#[derive(Default)]
struct Digested(Digester);

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_and_the_spelling_of_numbers_do_not_matter() {
        let one: Value = serde_json::from_str(r#"{"b":1.0,"a":[1,"\u00e9"]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{ "a" : [1, "é"], "b" : 1 }"#).unwrap();
        let form = r#"{"a":[1,"é"],"b":1}"#;
        assert_eq!(digest(&one), Some(Digest::of(form.as_bytes())));
        assert_eq!(digest(&one), digest(&other));
        let args = ["x".to_owned()];
        let command = digest_of_command(&args, &Stdin::default());
        assert_eq!(command, digest(&json!({ "args": ["x"] })));
        assert_ne!(command, digest_of_command(&args, &b"in".to_vec().into()));
    }
}
