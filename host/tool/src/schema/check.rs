//! An input checked against a schema, step by step.

use cofferdam_sandbox::Allowance;
use serde_json::{Map, Value};

use super::equality::{equal, same};
use super::meter::{Meter, Unchecked};
use super::node::{Bound, Id, Keyword, Node, Nodes, Properties, Type};
use super::number;
use super::pattern::Unsearched;
use super::sentence::{at, escaped, shown};
use super::states::PatternStates;
use super::unfit::{Fits, Misfit, Unfit};

/// Checks inside one another. Each takes a few stack frames, and threads have two megabytes: an
/// input as deep as inputs may be has four for each level.
const MAX_DEPTH: usize = 500;

/// Steps for each `multipleOf`: both numbers are written out and read again.
const MULTIPLE_STEPS: usize = 64;

/// Values of an `enum` that a sentence begins to list.
const MAX_LISTED: usize = 20;

/// One step into an input.
#[derive(Clone, Copy)]
enum Inside<'a> {
    Key(&'a str),
    Index(usize),
}

/// One check of one input.
pub(super) struct Checker<'a> {
    schema: &'a Nodes,
    pub(super) meter: Meter<'a>,
    depth: usize,
    /// Branches around the check that may fail without harm: nothing is said of them.
    quiet: usize,
    path: Vec<Inside<'a>>,
    states: PatternStates,
}

impl<'a> Checker<'a> {
    pub(super) fn new(schema: &'a Nodes, allowance: &'a Allowance) -> Self {
        Self::with(schema, Meter::new(allowance))
    }

    pub(super) fn with(schema: &'a Nodes, meter: Meter<'a>) -> Self {
        let path = Vec::new();
        Self {
            schema,
            meter,
            depth: 0,
            quiet: 0,
            path,
            states: PatternStates::default(),
        }
    }

    pub(super) fn run(mut self, input: &'a Value) -> Result<(), Unfit> {
        self.node(self.schema.root, input)
            .map_err(|misfit| match misfit {
                Misfit::Wrong(sentence) => Unfit::Wrong(sentence.unwrap_or_default()),
                Misfit::Unchecked(Unchecked::TooMuch(sentence)) => Unfit::Wrong(sentence),
                Misfit::Unchecked(Unchecked::Ended(outcome)) => Unfit::Ended(outcome),
            })
    }

    /// The sentence is made only where somebody reads it.
    fn wrong(&self, sentence: impl FnOnce() -> String) -> Fits {
        if self.quiet > 0 {
            return Err(Misfit::Wrong(None));
        }
        let mut pointer = String::new();
        for inside in &self.path {
            pointer.push('/');
            match inside {
                Inside::Key(key) => pointer.push_str(&escaped(key)),
                Inside::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        Err(Misfit::Wrong(Some(format!(
            "{}: {}",
            at(&pointer),
            sentence()
        ))))
    }

    /// Checks a branch that may fail: true if the value fits.
    pub(super) fn fits(&mut self, id: Id, value: &'a Value) -> Result<bool, Misfit> {
        self.quiet = self.quiet.saturating_add(1);
        let fits = self.node(id, value);
        self.quiet = self.quiet.saturating_sub(1);
        match fits {
            Ok(()) => Ok(true),
            Err(Misfit::Wrong(_)) => Ok(false),
            Err(unchecked) => Err(unchecked),
        }
    }

    fn inside(&mut self, step: Inside<'a>, id: Id, value: &'a Value) -> Fits {
        self.path.push(step);
        self.node(id, value)?;
        self.path.pop();
        Ok(())
    }

    fn node(&mut self, id: Id, value: &'a Value) -> Fits {
        self.meter.step(1)?;
        let schema = self.schema;
        let keywords = match schema.node(id) {
            Node::Always => return Ok(()),
            Node::Never => return self.wrong(|| format!("{} may not be there", shown(value))),
            Node::Keywords(keywords) => keywords,
        };
        if self.depth == MAX_DEPTH {
            let sentence =
                format!("its schema leads more than {MAX_DEPTH} deep: expected a flatter input");
            return Err(Unchecked::TooMuch(sentence).into());
        }
        self.depth = self.depth.saturating_add(1);
        let path = self.path.len();
        let fits = keywords.iter().try_for_each(|keyword| {
            self.meter.step(1)?;
            self.keyword(keyword, value)
        });
        // Where a branch has failed, its path is left.
        self.path.truncate(path);
        self.depth = self.depth.saturating_sub(1);
        fits
    }

    fn keyword(&mut self, keyword: &'a Keyword, value: &'a Value) -> Fits {
        match (keyword, value) {
            (Keyword::Type(types), value) => self.types(types, value),
            (Keyword::Const(expected), value) => {
                if equal(expected, value, &mut self.meter)? {
                    Ok(())
                } else {
                    self.wrong(|| format!("{} is not {}", shown(value), shown(expected)))
                }
            }
            (Keyword::Enum(values), value) => self.any_value(values, value),
            (Keyword::Reference(reference), value) => {
                self.node(self.schema.target(*reference), value)
            }
            (Keyword::AllOf(schemas), value) => schemas
                .iter()
                .try_for_each(|schema| self.node(*schema, value)),
            (Keyword::AnyOf(schemas), value) => self.any_of(schemas, value),
            (Keyword::OneOf(schemas), value) => self.one_of(schemas, value),
            (Keyword::Not(schema), value) => {
                if self.fits(*schema, value)? {
                    self.wrong(|| format!("{} fits what it may not (`not`)", shown(value)))
                } else {
                    Ok(())
                }
            }
            (
                Keyword::If {
                    condition,
                    then,
                    otherwise,
                },
                value,
            ) => {
                let branch = if self.fits(*condition, value)? {
                    then
                } else {
                    otherwise
                };
                branch.map_or(Ok(()), |branch| self.node(branch, value))
            }
            (keyword, Value::Number(_)) => self.number(keyword, value),
            (keyword, Value::String(text)) => self.text(keyword, text, value),
            (keyword, Value::Array(items)) => self.array(keyword, items),
            (keyword, Value::Object(map)) => self.object(keyword, map, value),
            (_, Value::Null | Value::Bool(_)) => Ok(()),
        }
    }

    fn types(&self, types: &[Type], value: &Value) -> Fits {
        let is = |kind: &Type| match (kind, value) {
            (Type::Integer, Value::Number(number)) => number::is_integer(number),
            (Type::Null, Value::Null)
            | (Type::Boolean, Value::Bool(_))
            | (Type::Number, Value::Number(_))
            | (Type::String, Value::String(_))
            | (Type::Array, Value::Array(_))
            | (Type::Object, Value::Object(_)) => true,
            _ => false,
        };
        if types.iter().any(is) {
            return Ok(());
        }
        self.wrong(|| {
            let names: Vec<_> = types
                .iter()
                .map(|kind| format!("\"{}\"", kind.name()))
                .collect();
            format!("{} is not of type {}", shown(value), names.join(" or "))
        })
    }

    fn any_value(&mut self, values: &[Value], value: &Value) -> Fits {
        for expected in values {
            if equal(expected, value, &mut self.meter)? {
                return Ok(());
            }
        }
        let all = || {
            shown(&Value::Array(
                values.iter().take(MAX_LISTED).cloned().collect(),
            ))
        };
        self.wrong(|| format!("{} is none of {}", shown(value), all()))
    }

    fn any_of(&mut self, schemas: &[Id], value: &'a Value) -> Fits {
        for schema in schemas {
            if self.fits(*schema, value)? {
                return Ok(());
            }
        }
        self.wrong(|| {
            format!(
                "{} fits none of the {} schemas of `anyOf`",
                shown(value),
                schemas.len()
            )
        })
    }

    fn one_of(&mut self, schemas: &[Id], value: &'a Value) -> Fits {
        let mut fitting = 0_usize;
        for schema in schemas {
            fitting = fitting.saturating_add(usize::from(self.fits(*schema, value)?));
            if fitting > 1 {
                return self
                    .wrong(|| format!("{} fits more than one schema of `oneOf`", shown(value)));
            }
        }
        match fitting {
            1 => Ok(()),
            _ => self.wrong(|| {
                format!(
                    "{} fits none of the {} schemas of `oneOf`",
                    shown(value),
                    schemas.len()
                )
            }),
        }
    }

    fn number(&mut self, keyword: &Keyword, value: &Value) -> Fits {
        let Value::Number(found) = value else {
            return Ok(());
        };
        match keyword {
            Keyword::Bound(bound, limit) => {
                let order = number::compare(found, limit);
                let (fits, sentence) = match bound {
                    Bound::Minimum => (order.is_ge(), "less than the minimum"),
                    Bound::ExclusiveMinimum => (order.is_gt(), "not above"),
                    Bound::Maximum => (order.is_le(), "greater than the maximum"),
                    Bound::ExclusiveMaximum => (order.is_lt(), "not below"),
                };
                if fits {
                    Ok(())
                } else {
                    self.wrong(|| format!("{found} is {sentence} {limit}"))
                }
            }
            Keyword::MultipleOf(divisor) => {
                self.meter.step(MULTIPLE_STEPS)?;
                if number::is_multiple(found, divisor) {
                    return Ok(());
                }
                self.wrong(|| format!("{found} is not a multiple of {divisor}"))
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, keyword: &Keyword, text: &'a str, value: &Value) -> Fits {
        match keyword {
            Keyword::Length { least, most } => {
                self.meter.text(text)?;
                let length = text.chars().count() as u64;
                self.within(length, *least, *most, || {
                    format!("{} has {length} characters", shown(value))
                })
            }
            Keyword::Pattern(pattern) => {
                if self.matches(*pattern, text)? {
                    Ok(())
                } else {
                    self.wrong(|| {
                        format!("{} does not match {}", shown(value), self.pattern(*pattern))
                    })
                }
            }
            _ => Ok(()),
        }
    }

    fn array(&mut self, keyword: &'a Keyword, items: &'a [Value]) -> Fits {
        match keyword {
            Keyword::ItemCount { least, most } => {
                let count = items.len() as u64;
                self.within(count, *least, *most, || format!("it has {count} items"))
            }
            Keyword::Items { first, rest } => {
                let schemas = first
                    .iter()
                    .copied()
                    .map(Some)
                    .chain(std::iter::repeat(*rest));
                for (index, (item, schema)) in items.iter().zip(schemas).enumerate() {
                    let Some(schema) = schema else { break };
                    self.inside(Inside::Index(index), schema, item)?;
                }
                Ok(())
            }
            Keyword::Contains {
                schema,
                least,
                most,
            } => {
                let mut count = 0_u64;
                for item in items {
                    count = count.saturating_add(u64::from(self.fits(*schema, item)?));
                }
                self.within(count, *least, *most, || {
                    format!("{count} of its items fit `contains`")
                })
            }
            Keyword::UniqueItems => match same(items, &mut self.meter)? {
                Some((a, b)) => self.wrong(|| format!("its items {a} and {b} are the same")),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn object(
        &mut self,
        keyword: &'a Keyword,
        map: &'a Map<String, Value>,
        value: &'a Value,
    ) -> Fits {
        match keyword {
            Keyword::PropertyCount { least, most } => {
                let count = map.len() as u64;
                self.within(count, *least, *most, || format!("it has {count} entries"))
            }
            Keyword::Properties(properties) => self.properties(properties, map),
            Keyword::PropertyNames(schema) => self.names(*schema, map),
            Keyword::Required(names) => self.required(names, map),
            Keyword::DependentRequired(rows) => rows.iter().try_for_each(|(key, names)| {
                if self.has(map, key)? {
                    self.required(names, map)
                } else {
                    Ok(())
                }
            }),
            Keyword::DependentSchemas(rows) => rows.iter().try_for_each(|(key, schema)| {
                if self.has(map, key)? {
                    self.node(*schema, value)
                } else {
                    Ok(())
                }
            }),
            _ => Ok(()),
        }
    }

    fn properties(&mut self, properties: &'a Properties, map: &'a Map<String, Value>) -> Fits {
        let Properties {
            named,
            matching,
            others,
        } = properties;
        for (key, value) in map {
            self.meter.step(1)?;
            self.meter.text(key)?;
            let mut known = false;
            if let Some(schema) = named.get(key) {
                known = true;
                self.inside(Inside::Key(key), *schema, value)?;
            }
            for (pattern, schema) in matching {
                if self.matches(*pattern, key)? {
                    known = true;
                    self.inside(Inside::Key(key), *schema, value)?;
                }
            }
            match others {
                Some(schema) if !known && matches!(self.schema.node(*schema), Node::Never) => {
                    return self.wrong(|| {
                        format!(
                            "{} is no key that may be there",
                            shown(&Value::from(key.as_str()))
                        )
                    });
                }
                Some(schema) if !known => self.inside(Inside::Key(key), *schema, value)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Keys are checked as texts. They are not part of the input for longer than that, so nothing
    /// inside them is pointed at.
    fn names(&mut self, schema: Id, map: &Map<String, Value>) -> Fits {
        for key in map.keys() {
            self.meter.text(key)?;
            let name = Value::from(key.as_str());
            let mut names = Checker {
                quiet: 1,
                depth: self.depth,
                ..Checker::with(self.schema, self.meter)
            };
            names.states = std::mem::take(&mut self.states);
            let fits = names.node(schema, &name);
            self.meter.go_on_from(&names.meter);
            self.states = names.states;
            match fits {
                Ok(()) => {}
                Err(Misfit::Wrong(_)) => {
                    return self.wrong(|| {
                        format!("the key {} does not fit `propertyNames`", shown(&name))
                    });
                }
                Err(unchecked) => return Err(unchecked),
            }
        }
        Ok(())
    }

    fn required(&mut self, names: &[String], map: &Map<String, Value>) -> Fits {
        for name in names {
            if !self.has(map, name)? {
                return self.wrong(|| {
                    format!(
                        "{} is a required property",
                        shown(&Value::from(name.as_str()))
                    )
                });
            }
        }
        Ok(())
    }

    /// Looks a name of the schema up, which hashes all of it.
    fn has(&mut self, map: &Map<String, Value>, name: &str) -> Result<bool, Unchecked> {
        self.meter.step(1)?;
        self.meter.text(name)?;
        Ok(map.contains_key(name))
    }

    fn within(&self, count: u64, least: u64, most: u64, found: impl FnOnce() -> String) -> Fits {
        match count {
            few if few < least => self.wrong(|| format!("{}: expected at least {least}", found())),
            many if many > most => self.wrong(|| format!("{}: expected at most {most}", found())),
            _ => Ok(()),
        }
    }

    fn pattern(&self, pattern: usize) -> String {
        self.schema
            .patterns
            .get(pattern)
            .map(|pattern| shown(&Value::from(pattern.text())))
            .unwrap_or_default()
    }

    fn matches(&mut self, pattern: usize, text: &str) -> Result<bool, Misfit> {
        let Some(compiled) = self.schema.patterns.get(pattern) else {
            return Ok(false);
        };
        let found = self.states.find(pattern, compiled, text, &mut self.meter);
        found.map_err(|unsearched| match unsearched {
            Unsearched::Unchecked(unchecked) => unchecked.into(),
            Unsearched::States => {
                let pattern = self.pattern(pattern);
                let sentence =
                    format!("the pattern {pattern} has too many states for a text: give it less");
                Unchecked::TooMuch(sentence).into()
            }
        })
    }
}
