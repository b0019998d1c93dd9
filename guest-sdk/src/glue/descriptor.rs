use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::Tool;

/// One tool, as a model and a reviewer see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// Name a model calls it by.
    pub name: &'static str,
    /// Its purpose, in words for a model.
    pub description: &'static str,
    /// JSON Schema (draft 2020-12) of the input.
    pub input_schema: Schema,
    /// JSON Schema (draft 2020-12) of the output.
    pub output_schema: Schema,
}

impl Descriptor {
    /// Describes the tool `T`, with schemas made from its types.
    pub fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            description: T::DESCRIPTION,
            input_schema: schema::<T::Input>(SchemaSettings::draft2020_12().for_deserialize()),
            output_schema: schema::<T::Output>(SchemaSettings::draft2020_12().for_serialize()),
        }
    }
}

/// Subschemas stand where they are used, because models follow references badly; only a type that
/// contains itself still needs one.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    settings
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
}
