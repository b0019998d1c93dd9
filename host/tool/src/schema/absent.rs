//! `null` in the place of a value that may be left out: models write it so, and it can mean only
//! one thing.

use cofferdam_sandbox::Allowance;
use serde_json::Value;

use super::check::Checker;
use super::meter::{Meter, Unchecked};
use super::node::{Id, Keyword, Node, Nodes, Properties};
use super::unfit::Misfit;

/// Schemas that lead to one another, and values inside one another, while nulls are looked for.
const MAX_DEPTH: usize = 200;

/// One step into an input.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// Takes every `null` out of an input that stands for a member which its object does not require
/// and whose schema takes no `null`. Returns true if there was one.
pub(super) fn leave_out(schema: &Nodes, input: &mut Value, allowance: &Allowance) -> bool {
    let mut search = Search {
        schema,
        meter: Meter::new(allowance),
        path: Vec::new(),
        found: Vec::new(),
    };
    // What was found until a bound was met is left out; the check afterwards says the rest.
    let _ = search.node(schema.root, input, 0);
    let found = search.found;
    for path in &found {
        remove(input, path);
    }
    !found.is_empty()
}

struct Search<'a> {
    schema: &'a Nodes,
    meter: Meter<'a>,
    path: Vec<Step>,
    found: Vec<Vec<Step>>,
}

impl Search<'_> {
    fn node(&mut self, id: Id, value: &Value, depth: usize) -> Result<(), Unchecked> {
        self.meter.step(1)?;
        if depth > MAX_DEPTH {
            return Ok(());
        }
        let schema = self.schema;
        let Node::Keywords(keywords) = schema.node(id) else {
            return Ok(());
        };
        let depth = depth.saturating_add(1);
        for keyword in keywords {
            match keyword {
                Keyword::Properties(properties) => {
                    self.members(properties, keywords, value, depth)?;
                }
                Keyword::Items { first, rest } => {
                    let schemas = first.iter().copied().map(Some);
                    let schemas = schemas.chain(std::iter::repeat(*rest));
                    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    for (index, (item, schema)) in items.iter().zip(schemas).enumerate() {
                        let Some(schema) = schema else { break };
                        self.inside(Step::Index(index), schema, item, depth)?;
                    }
                }
                Keyword::Reference(reference) => {
                    self.node(schema.target(*reference), value, depth)?;
                }
                Keyword::AllOf(all) => {
                    for one in all {
                        self.node(*one, value, depth)?;
                    }
                }
                // Of several branches nobody knows which one is meant, but for `T` or `null`.
                Keyword::AnyOf(branches) | Keyword::OneOf(branches) if !value.is_null() => {
                    let mut others = Vec::new();
                    for branch in branches {
                        if !self.takes_null(*branch)? {
                            others.push(*branch);
                        }
                    }
                    if let [only] = others.as_slice() {
                        self.node(*only, value, depth)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        properties: &Properties,
        keywords: &[Keyword],
        value: &Value,
        depth: usize,
    ) -> Result<(), Unchecked> {
        let Value::Object(members) = value else {
            return Ok(());
        };
        let required = |name: &String| {
            keywords.iter().any(|keyword| match keyword {
                Keyword::Required(names) => names.contains(name),
                _ => false,
            })
        };
        for (name, id) in &properties.named {
            match members.get(name) {
                None => {}
                // It is required, so null is for its schema to judge.
                Some(Value::Null) if required(name) || self.takes_null(*id)? => {}
                Some(Value::Null) => {
                    let mut path = self.path.clone();
                    path.push(Step::Key(name.clone()));
                    self.found.push(path);
                }
                Some(member) => self.inside(Step::Key(name.clone()), *id, member, depth)?,
            }
        }
        Ok(())
    }

    fn inside(&mut self, step: Step, id: Id, value: &Value, depth: usize) -> Result<(), Unchecked> {
        self.path.push(step);
        self.node(id, value, depth)?;
        self.path.pop();
        Ok(())
    }

    fn takes_null(&mut self, id: Id) -> Result<bool, Unchecked> {
        let mut checker = Checker::with(self.schema, self.meter);
        let fits = checker.fits(id, &Value::Null);
        self.meter.go_on_from(&checker.meter);
        match fits {
            Ok(fits) => Ok(fits),
            Err(Misfit::Unchecked(unchecked)) => Err(unchecked),
            Err(Misfit::Wrong(_)) => Ok(false),
        }
    }
}

fn remove(input: &mut Value, path: &[Step]) {
    let Some((last, way)) = path.split_last() else {
        return;
    };
    let mut value = input;
    for step in way {
        let inner = match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        };
        let Some(inner) = inner else { return };
        value = inner;
    }
    if let (Step::Key(key), Some(members)) = (last, value.as_object_mut()) {
        members.retain(|name, _| name != key);
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::Limits;
    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use crate::schema::Schema;

    use super::*;

    #[track_caller]
    fn check(schema: &Value, mut input: Value, left: &Value) {
        let allowance = Allowance::begin(&Limits::DEFAULT, CancellationToken::new());
        let schema = Schema::new(schema).unwrap();
        schema.leave_out_nulls(&mut input, &allowance);
        assert_eq!(input, *left);
    }

    #[test]
    fn a_null_that_can_only_mean_nothing_is_left_out() {
        let schema = json!({
            "type": "object",
            "properties": {
                "text": { "type": "string" },
                "must": { "type": "string" },
                "null": { "type": ["string", "null"] },
                "inner": { "$ref": "#" },
                "list": { "type": "array",
                    "items": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] } },
            },
            "required": ["must"],
        });
        let all = json!({ "text": null, "must": null, "null": null, "other": null, "inner": null });
        check(
            &schema,
            all,
            &json!({ "must": null, "null": null, "other": null }),
        );
        check(
            &schema,
            json!({ "inner": { "text": null, "must": "a" }, "list": [null, { "text": null }] }),
            &json!({ "inner": { "must": "a" }, "list": [null, {}] }),
        );
    }
}
