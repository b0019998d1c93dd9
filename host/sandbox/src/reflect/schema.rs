//! JSON Schema (draft 2020-12) of WIT types: what `lower` takes and `lift` gives.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::docs::TypeDocs;
use super::types::{Case, Field, Integer, Type};

/// Integers beyond this (2^53) are written as decimal text, because many JSON readers keep numbers
/// as doubles.
pub(crate) const EXACT: i128 = 1 << 53;

/// Floats that JSON has no number for.
pub(crate) const NOT_FINITE: [(&str, f64); 3] = [
    ("NaN", f64::NAN),
    ("Infinity", f64::INFINITY),
    ("-Infinity", f64::NEG_INFINITY),
];

/// Writes schemas with the descriptions that `docs` has for named types. Their words come once for
/// each use of a type.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a> {
    docs: &'a TypeDocs,
    /// Bytes that words may still take; nothing once they were too many, and no more of them are
    /// copied.
    room: &'a Cell<Option<usize>>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(docs: &'a TypeDocs, room: &'a Cell<Option<usize>>) -> Self {
        Self { docs, room }
    }

    /// Returns words as far as there is room for them.
    fn words(self, words: Option<&str>) -> Option<&str> {
        let words = words?;
        self.room.set(
            self.room
                .get()
                .and_then(|room| room.checked_sub(words.len())),
        );
        self.room.get().map(|_| words)
    }

    /// The schema of an object with these members: the parameters of a function, the fields of a
    /// record.
    pub(crate) fn object(self, fields: &[Field], docs_of: Option<&str>) -> Value {
        let member = |field: &Field| (field.name.clone(), self.field(field, docs_of));
        let properties: Map<_, _> = fields.iter().map(member).collect();
        let required: Vec<_> = fields
            .iter()
            .filter(|field| !field.may_be_left_out())
            .map(|field| field.name.as_str())
            .collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            put(&mut schema, "required", json!(required));
        }
        put(&mut schema, "additionalProperties", json!(false));
        schema
    }

    /// The schema of a type.
    pub(crate) fn of(self, ty: &Type) -> Value {
        match ty {
            Type::Bool => json!({ "type": "boolean" }),
            Type::Integer(integer) => self.integer(*integer),
            Type::F32 | Type::F64 => {
                json!({ "anyOf": [{ "type": "number" }, { "enum": NOT_FINITE.map(|(name,
                    _)| name) }] })
            }
            Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Type::String => json!({ "type": "string" }),
            Type::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Type::List(item) => json!({ "type": "array", "items": self.of(item) }),
            Type::Tuple(items) => {
                let count = items.len();
                let items: Vec<_> = items.iter().map(|item| self.of(item)).collect();
                // An empty `prefixItems` is not valid.
                if items.is_empty() {
                    return json!({ "type": "array", "maxItems": 0 });
                }
                json!({ "type": "array", "prefixItems": items, "items": false, "minItems": count })
            }
            Type::Record(record) => self.described(
                self.object(&record.of, record.name.as_deref()),
                record.name.as_deref(),
            ),
            Type::Variant(variant) => {
                let name = variant.name.as_deref();
                let cases: Vec<_> = variant
                    .of
                    .iter()
                    .map(|case| self.case(case, name))
                    .collect();
                self.described(json!({ "oneOf": cases }), name)
            }
            Type::Enum(cases) => {
                let schema = json!({ "type": "string", "enum": cases.of });
                self.listed(schema, cases.name.as_deref(), &cases.of)
            }
            Type::Flags(flags) => {
                let schema = json!({ "type": "array", "items": { "type": "string",
                    "enum": flags.of }, "uniqueItems": true });
                self.listed(schema, flags.name.as_deref(), &flags.of)
            }
            Type::Option(some) => {
                let some = match **some {
                    Type::Option(_) => keyed("some", self.of(some)),
                    _ => self.of(some),
                };
                json!({ "anyOf": [some, { "type": "null" }] })
            }
            Type::Result(ok, err) => {
                let payload = |ty: &Option<Box<Type>>| {
                    ty.as_ref()
                        .map_or(json!({ "type": "null" }), |ty| self.of(ty))
                };
                json!({ "oneOf": [keyed("ok", payload(ok)), keyed("err", payload(err))] })
            }
        }
    }

    fn integer(self, integer: Integer) -> Value {
        let (least, greatest) = integer.range();
        // Whole numbers of 64 bits are exact here, whatever sign they have.
        let number = |value: i128| {
            u64::try_from(value).map_or_else(|_| json!(i64::try_from(value).ok()), Value::from)
        };
        let mut schema =
            json!({ "type": "integer", "minimum": number(least), "maximum": number(greatest) });
        if integer.is_wide() {
            put(&mut schema, "type", json!(["integer", "string"]));
            put(
                &mut schema,
                "pattern",
                json!(if least < 0 {
                    "^-?[0-9]{1,19}$"
                } else {
                    "^[0-9]{1,20}$"
                }),
            );
        }
        schema
    }

    fn field(self, field: &Field, docs_of: Option<&str>) -> Value {
        let mut schema = self.of(&field.ty);
        if let Some(docs) = self.words(docs_of.and_then(|name| self.docs.item(name, &field.name))) {
            put(&mut schema, "description", json!(docs));
        }
        schema
    }

    fn case(self, case: &Case, docs_of: Option<&str>) -> Value {
        let mut schema = match &case.ty {
            Some(ty) => keyed(&case.name, self.of(ty)),
            None => json!({ "const": case.name }),
        };
        if let Some(docs) = self.words(docs_of.and_then(|name| self.docs.item(name, &case.name))) {
            put(&mut schema, "description", json!(docs));
        }
        schema
    }

    fn described(self, mut schema: Value, name: Option<&str>) -> Value {
        if let Some(docs) = self.words(name.and_then(|name| self.docs.of(name))) {
            put(&mut schema, "description", json!(docs));
        }
        schema
    }

    /// An enum or flags: JSON Schema has no place for the words of one value, so they follow those
    /// of the type.
    fn listed(self, mut schema: Value, name: Option<&str>, items: &[String]) -> Value {
        let Some(name) = name else { return schema };
        let item = |item: &String| {
            Some(format!(
                "`{item}`: {}",
                self.words(self.docs.item(name, item))?
            ))
        };
        let lines: Vec<_> = self
            .words(self.docs.of(name))
            .map(str::to_owned)
            .into_iter()
            .chain(items.iter().filter_map(item))
            .collect();
        if !lines.is_empty() {
            put(&mut schema, "description", json!(lines.join("\n")));
        }
        schema
    }
}

/// An object with exactly this one member.
fn keyed(key: &str, of: Value) -> Value {
    json!({ "type": "object", "properties": { key: of }, "required": [key],
        "additionalProperties": false })
}

fn put(schema: &mut Value, key: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
