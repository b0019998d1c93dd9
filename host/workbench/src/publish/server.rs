//! The row of the MCP registry: `server.json`, as its schema of 2025-12-11 says.

use cofferdam_image::Reference;
use serde_json::json;

use super::subject::{Subject, cut};
use crate::error::Error;

/// The schema that the document follows.
const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

/// The longest name, in characters.
const NAME_MAX: usize = 200;

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 100;

/// Refuses a name that the registry would refuse: `namespace/name`, the namespace a domain written
/// backwards.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let is_plain = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let parts = name.split_once('/');
    let holds =
        parts.is_some_and(|(namespace, name)| is_plain(namespace, ".-") && is_plain(name, "._-"));
    if holds && name.len() <= NAME_MAX {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{}` is no name of the MCP registry: write NAMESPACE/NAME, the namespace a domain \
         backwards, such as io.github.user/word-count, at most {NAME_MAX} characters",
        name.escape_debug()
    )))
}

/// The document. Clients that know `cofferdam` start it as `cofferdam mcp IMAGE`.
pub(super) fn document(subject: &Subject, name: &str, image: &Reference) -> Result<Vec<u8>, Error> {
    let document = json!({
        "$schema": SCHEMA,
        "name": name,
        "title": cut(&subject.name, DESCRIPTION_MAX),
        "description": cut(&subject.summary, DESCRIPTION_MAX),
        "version": subject.version,
        "packages": [{
            "registryType": "oci",
            "identifier": image.to_string(),
            "runtimeHint": "cofferdam",
            "runtimeArguments": [{ "type": "positional", "value": "mcp" }],
            "transport": { "type": "stdio" },
        }],
        "_meta": {
            "io.modelcontextprotocol.registry/publisher-provided": {
                "component": subject.digest,
            },
        },
    });
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(Error::work)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_those_of_the_registry() {
        assert!(check_name("io.github.user/word_count").is_ok());
        for name in [
            "",
            "a",
            "a/",
            "/a",
            "a/b/c",
            "a b/c",
            "io_x/c",
            &"a/b".repeat(80),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
