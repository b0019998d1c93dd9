//! JSON text from guests and clients: its values are charged to an account before they are made.
//!
//! A text becomes up to a hundred times its size when it is parsed: `[{"":0},…]` takes eight bytes
//! for an object of several hundred. The text is therefore read twice. The first time nothing is
//! kept of it: its weight is counted and its depth is checked. Only what the account covers is then
//! parsed.

use std::fmt;

use crate::account::{Account, Charge};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The most arrays and objects inside one another. Data of people and programs has a dozen;
/// whatever walks a value needs a stack frame for each.
const MAX_DEPTH: usize = 120;

/// One value in an array, in bytes.
const VALUE: usize = size_of::<Value>();

/// One entry of an object in bytes: its hash, its key, its value, its place in the table of hashes.
const ENTRY: usize = size_of::<u64>() + size_of::<String>() + VALUE + 2 * size_of::<usize>();

/// The fewest entries that an object has room for once it has one.
const FEWEST_ENTRIES: usize = 4;

/// The fewest elements that an array has room for once it has one.
const FEWEST_ELEMENTS: usize = 4;

/// The smallest piece of memory that an allocator gives, in bytes.
const SMALLEST: usize = 16;

/// A parsed value. What it was charged is given back when this is dropped.
#[derive(Debug)]
pub struct ParsedJson {
    /// The value.
    pub value: Value,
    _charge: Charge,
}

/// A text that is not taken as JSON, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Parses `text`, with its memory charged to `account` under the name `what`.
///
/// # Errors
///
/// One sentence if the text is not JSON, is nested too deep, or weighs more than the account
/// covers.
pub fn parse(text: &str, what: &'static str, account: &Account) -> Result<ParsedJson, JsonError> {
    let charge = account
        .hold(what, weight(text.as_bytes())?)
        .map_err(|overdrawn| JsonError(overdrawn.to_string()))?;
    let value = serde_json::from_str(text)
        .map_err(|error| JsonError(format!("it is not JSON: {error}")))?;
    Ok(ParsedJson {
        value,
        _charge: charge,
    })
}

/// Returns the bytes that `text` takes when it is parsed. Nothing of it is kept, so this needs no
/// account.
///
/// # Errors
///
/// One sentence if the text is not JSON or is nested too deep.
pub fn weight(text: &[u8]) -> Result<usize, JsonError> {
    let mut scales = Scales {
        bytes: VALUE,
        depth: 0,
        too_deep: false,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    match scales
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
    {
        Ok(()) => Ok(scales.bytes),
        Err(_) if scales.too_deep => Err(JsonError(format!(
            "its arrays and objects are nested more than {MAX_DEPTH} deep: expected flatter JSON"
        ))),
        Err(error) => Err(JsonError(format!("it is not JSON: {error}"))),
    }
}

/// Counts the weight of one text.
struct Scales {
    bytes: usize,
    /// Arrays and objects around the value that is read.
    depth: usize,
    too_deep: bool,
}

impl Scales {
    fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.add(text.len().max(SMALLEST));
        }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.depth = self.depth.saturating_add(1);
        self.too_deep = self.depth > MAX_DEPTH;
        if self.too_deep {
            Err(E::custom("nested too deep"))
        } else {
            Ok(())
        }
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Adds room for `count` things of `size` bytes each, as a vector has that doubles: while it
    /// grows there are two.
    fn room(&mut self, count: usize, size: usize, fewest: usize) {
        if count > 0 {
            let room = count
                .max(fewest)
                .checked_next_power_of_two()
                .unwrap_or(usize::MAX);
            let former = if count > fewest { room / 2 } else { 0 };
            self.add(room.saturating_add(former).saturating_mul(size));
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Scales {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Scales {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut count: usize = 0;
        while elements.next_element_seed(&mut *self)?.is_some() {
            count = count.saturating_add(1);
        }
        self.room(count, VALUE, FEWEST_ELEMENTS);
        self.leave();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut count: usize = 0;
        while let Some(()) = entries.next_key_seed(Key(self))? {
            entries.next_value_seed(&mut *self)?;
            count = count.saturating_add(1);
        }
        self.room(count, ENTRY, FEWEST_ENTRIES);
        self.leave();
        Ok(())
    }
}

/// Counts a key. Keys of one document are seldom the same, and each is held by its object.
struct Key<'a>(&'a mut Scales);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::quantity::Bytes;

    use super::*;

    fn parsed(text: &str, limit: u64) -> Result<Value, String> {
        parse(text, "input", &Account::new(Bytes(limit)))
            .map(|held| held.value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_parsed_is_what_was_written() {
        for text in [
            "null",
            "[1,-2,3.5,\"a\\n\",true]",
            "{\"a\":{\"b\":[{}]},\"c\":\"\"}",
            "18446744073709551615",
        ] {
            assert_eq!(parsed(text, 1 << 20).unwrap().to_string(), text);
        }
    }

    #[test]
    fn text_that_becomes_much_larger_is_refused_before_it_is_parsed() {
        for (element, at_least) in [
            ("{\"\":0}", 40),
            ("[[]]", 40),
            ("0", 30),
            ("[0]", 50),
            ("\"\"", 20),
        ] {
            let text = format!("[{}]", vec![element; 100_000].join(","));
            let weight = weight(text.as_bytes()).unwrap();
            assert!(
                weight >= text.len() * at_least,
                "{element}: {weight} of {}",
                text.len()
            );
            let refused = parsed(&text, 1 << 20).unwrap_err();
            assert!(
                refused.contains("host-memory") && refused.contains("limit 1MiB"),
                "{refused}"
            );
        }
        // Long text weighs little more than itself.
        let text = format!("\"{}\"", "x".repeat(1 << 20));
        assert!(weight(text.as_bytes()).unwrap() < (1 << 20) + 1_000);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parsed(&nested(MAX_DEPTH), 1 << 20).is_ok());
        for depth in [MAX_DEPTH + 1, 127, 128, 1_000, 1_000_000] {
            assert!(
                parsed(&nested(depth), 1 << 30)
                    .unwrap_err()
                    .contains("nested more than 120 deep")
            );
        }
        let objects = format!("{}0{}", "{\"a\":".repeat(121), "}".repeat(121));
        assert!(
            parsed(&objects, 1 << 20)
                .unwrap_err()
                .contains("nested more than 120 deep")
        );
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for text in [
            "",
            "{",
            "[1,]",
            "{} {}",
            "{\"a\" 1}",
            "nul",
            "1e",
            "\"\\ud800\"",
            "[1e999]",
        ] {
            let refused = parsed(text, 1 << 20).unwrap_err();
            assert!(
                refused.starts_with("it is not JSON: ") && refused.contains("line 1"),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let account = Account::new(Bytes(1_000));
        for _ in 0..100 {
            parse("[1,2,3]", "input", &account).unwrap();
        }
        assert!(account.peak() > 0);
    }
}
