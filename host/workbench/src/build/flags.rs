//! The compiler's flags that every tool is built with.

use std::path::Path;
use std::process::Command;

use super::environment::BuildEnvironment;
use super::reproducible;
use crate::error::Error;

/// The separator of flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: char = '\u{1f}';

/// A heap of 512 KiB that is there from the start. Most calls of most tools need less and so never
/// grow their memory, which would change the mapping of a slot twice in each call and make every
/// core of the host forget its translations. Pages that a guest does not touch cost nothing.
const HEAP: &str = "-Clink-arg=--initial-heap=524288";

/// Adds them to those of the author. The packages are those of the workspace that `cargo_toml` is
/// in.
pub(super) fn set(
    cargo: &mut Command,
    cargo_toml: &Path,
    environment: &BuildEnvironment,
) -> Result<(), Error> {
    let mut flags = reproducible::flags(cargo_toml, environment)?;
    flags.push(HEAP.to_owned());
    // Flags of the environment replace those of a configuration, so ours go where the author's are.
    let BuildEnvironment {
        encoded_rustflags,
        rustflags,
        ..
    } = environment;
    let own = match (encoded_rustflags, rustflags) {
        (Some(encoded), _) => Some(
            encoded
                .split(SEPARATOR)
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        ),
        (None, Some(plain)) => Some(plain.split_whitespace().map(str::to_owned).collect()),
        (None, None) => None,
    };
    match own {
        Some(own) => {
            let all = own
                .into_iter()
                .filter(|flag| !flag.is_empty())
                .chain(flags)
                .collect::<Vec<_>>();
            cargo.env("CARGO_ENCODED_RUSTFLAGS", all.join(&SEPARATOR.to_string()));
        }
        None => {
            let flags = toml::Value::Array(flags.into_iter().map(toml::Value::String).collect());
            // Added to those of the author's configuration. If that has some for this target alone,
            // Cargo takes only those: what the author wrote comes first.
            cargo.args(["--config", &format!("build.rustflags={flags}")]);
        }
    }
    Ok(())
}
