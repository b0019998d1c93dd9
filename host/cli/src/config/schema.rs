//! The JSON Schema of `cofferdam.toml`.

use cofferdam_capability::Limits;
use serde_json::{Value, json};

/// Finishes the schema of the file: each table of limits has defaults and ceilings of its own.
pub(super) fn finished(mut config: Value) -> Value {
    // The default of a ceiling is the ceiling of a limit, and above it there is one more.
    for highest in Limits::HIGHEST.rows() {
        let place = format!("/properties/ceiling/properties/{}", highest.name);
        if let Some(Value::Object(key)) = config.pointer_mut(&place)
            && let Some(ceiling) = key.insert("x-ceiling".to_owned(), json!(highest.value))
        {
            key.insert("default".to_owned(), ceiling);
        }
    }
    let grant = "/properties/grant/items/properties/limits";
    without_defaults(config.pointer_mut(grant));
    config
}

/// Takes the defaults out of a table of limits: a key that is left out is as another place says.
pub(crate) fn without_defaults(limits: Option<&mut Value>) {
    let keys = limits.and_then(|limits| limits.get_mut("properties")?.as_object_mut());
    for key in keys.into_iter().flat_map(|keys| keys.values_mut()) {
        if let Value::Object(key) = key {
            key.remove("default");
        }
    }
}
