//! The arguments of a call, as policies read them.

use std::collections::HashSet;

use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use cofferdam_call::Stdin;
use cofferdam_capability::{Account, json};
use cofferdam_sandbox::Invocation;
use serde_json::Value;

use super::uid::{Kind, uid};

/// Bytes of all arguments together that policies read (64 KiB): a call with more is refused where a
/// policy reads arguments, because half of them would be no ground for a decision.
const MAX_BYTES: usize = 64 << 10;

/// Values that policies read, as many as a form has fields.
const MAX_VALUES: usize = 512;

/// Arguments that are too many or too long for a policy to read.
#[derive(Debug, thiserror::Error)]
#[error(
    "its arguments are longer than policies read ({} KiB and {MAX_VALUES} values), and the policy \
     depends on them",
    MAX_BYTES >> 10
)]
pub(super) struct TooLong;

/// The arguments of a call, every value under its place in the input.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    words: Vec<String>,
    values: Vec<(String, String)>,
    bytes: usize,
}

impl Arguments {
    /// Reads the arguments of a call that was checked. The text of a command has `text_place`. What
    /// is parsed is charged to the call's account.
    pub(super) fn read(
        invocation: &Invocation,
        text_place: &str,
        account: &Account,
    ) -> Result<Self, TooLong> {
        let mut arguments = Self::default();
        match invocation {
            Invocation::Command { args, stdin } => {
                for (index, word) in args.iter().enumerate() {
                    arguments.words.push(word.clone());
                    arguments.take(format!("args.{index}"), word.clone())?;
                }
                // Input that is read while the tool runs is not known before.
                if let Stdin::Bytes(bytes) = stdin {
                    let text = String::from_utf8_lossy(bytes.get(..MAX_BYTES).unwrap_or(bytes));
                    if bytes.len() > MAX_BYTES {
                        return Err(TooLong);
                    }
                    arguments.take(text_place.to_owned(), text.into_owned())?;
                }
            }
            Invocation::Typed { input, .. } => {
                if input.len() > MAX_BYTES {
                    return Err(TooLong);
                }
                let held = json::parse(input, "the arguments that the policy reads", account);
                let held = held.map_err(|_| TooLong)?;
                arguments.flatten(None, &held.value)?;
            }
            _ => {}
        }
        Ok(arguments)
    }

    /// The entity that policies know as `context.arguments`.
    pub(super) fn entity(self) -> Option<Entity> {
        let text = RestrictedExpression::new_string;
        let words = RestrictedExpression::new_set(self.words.into_iter().map(text));
        let values = self.values.into_iter();
        Entity::new_with_tags(
            Self::uid(),
            [("words".to_owned(), words)],
            HashSet::new(),
            values.map(|(place, value)| (place, text(value))),
        )
        .ok()
    }

    /// The bytes of all places and values.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The name of that entity.
    pub(super) fn uid() -> EntityUid {
        uid(Kind::Arguments, "call")
    }

    /// Takes the values in a value, which is the whole input where it has no place.
    fn flatten(&mut self, place: Option<&str>, value: &Value) -> Result<(), TooLong> {
        let below = |segment: &str| match place {
            Some(place) => format!("{place}.{segment}"),
            None => segment.to_owned(),
        };
        match value {
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
                let place = below(&segment(name));
                self.flatten(Some(&place), value)
            }),
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, value)| {
                let place = below(&index.to_string());
                self.flatten(Some(&place), value)
            }),
            Value::String(text) => self.take(place.unwrap_or_default().to_owned(), text.clone()),
            other => self.take(place.unwrap_or_default().to_owned(), other.to_string()),
        }
    }

    fn take(&mut self, place: String, value: String) -> Result<(), TooLong> {
        self.bytes = self.bytes.saturating_add(place.len() + value.len());
        if self.bytes > MAX_BYTES || self.values.len() >= MAX_VALUES {
            return Err(TooLong);
        }
        self.values.push((place, value));
        Ok(())
    }
}

/// The name of a field as a part of a place. No two values have one place, or a policy would read
/// one of them and the tool the other: a point in a name has a backslash before it, as a backslash
/// itself has, and so has a name that would be the number of an item.
fn segment(name: &str) -> String {
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let escaped = name.replace('\\', "\\\\").replace('.', "\\.");
    if is_number {
        format!("\\{escaped}")
    } else {
        escaped
    }
}
