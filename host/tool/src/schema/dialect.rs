//! The dialect of this host: draft 2020-12 without what has no bound.

use super::error::SchemaError;
use super::sentence::at;
use super::written::Written;

/// The one dialect. Others have keywords of the same names that mean something else.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords that have no bound, or mean nothing in this dialect, and what is right instead.
const REFUSED: [(&str, &str); 11] = [
    (
        "$anchor",
        "name the place by its pointer, such as `#/$defs/name`",
    ),
    (
        "$dynamicAnchor",
        "schemas of tools have no dynamic references: use `$ref`",
    ),
    (
        "$dynamicRef",
        "schemas of tools have no dynamic references: use `$ref`",
    ),
    (
        "$recursiveAnchor",
        "schemas of tools have no dynamic references: use `$ref`",
    ),
    (
        "$recursiveRef",
        "schemas of tools have no dynamic references: use `$ref`",
    ),
    (
        "$vocabulary",
        "it belongs into a dialect, and not into a schema",
    ),
    (
        "additionalItems",
        "draft 2020-12 has `prefixItems` and `items`",
    ),
    (
        "dependencies",
        "draft 2020-12 has `dependentRequired` and `dependentSchemas`",
    ),
    ("extends", "draft 2020-12 has `allOf`"),
    ("unevaluatedItems", "use `items` after `prefixItems`"),
    (
        "unevaluatedProperties",
        "use `additionalProperties` in each branch",
    ),
];

/// Keywords that stand at the top of a document alone.
const AT_THE_TOP: [&str; 2] = ["$schema", "$id"];

/// Refuses keywords that are outside the dialect. Those that no draft has are notes.
pub(super) fn refuse(written: &Written<'_>) -> Result<(), SchemaError> {
    for (keyword, instead) in REFUSED {
        if written.get(keyword).is_some() {
            return Err(SchemaError::new(format!(
                "{}: `{keyword}` is not taken: {instead}",
                at(&written.place)
            )));
        }
    }
    for keyword in AT_THE_TOP {
        if written.get(keyword).is_some() && !written.place.is_empty() {
            return Err(SchemaError::new(format!(
                "{}: `{keyword}` is not taken below the top: leave it out",
                at(&written.place)
            )));
        }
    }
    match written.get("$schema") {
        Some(dialect)
            if dialect
                .as_str()
                .map(|dialect| dialect.trim_end_matches('#'))
                != Some(DIALECT) =>
        {
            Err(written.wrong(
                "$schema",
                &format!("the dialect of this host: expected {DIALECT}"),
            ))
        }
        _ => Ok(()),
    }
}
