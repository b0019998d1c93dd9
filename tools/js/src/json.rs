//! `JSON.parse`, with the sentences of Node's errors. The engine reads JSON as a script, which
//! takes three times as long, knows neither large numbers nor deep values, and tells less.

use boa_engine::object::JsObject;
use boa_engine::object::builtins::JsArray;
use boa_engine::property::PropertyKey;
use boa_engine::{Context, JsArgs, JsError, JsNativeError, JsResult, JsString, JsValue, js_string};

/// Arrays and objects inside one another. Each level takes from the stack of the sandbox.
const DEEPEST: usize = 500;

/// Characters of a text that an error quotes on each side.
const QUOTED: usize = 10;

/// Replaces the function of the engine.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let json = context.global_object().get(js_string!("JSON"), context)?;
    let json = json.to_object(context)?;
    let function = boa_engine::NativeFunction::from_fn_ptr(|_, arguments, context| {
        let text = arguments.get_or_undefined(0).to_string(context)?;
        let value = parse_units(&text.to_vec(), context)?;
        let reviver = arguments.get_or_undefined(1).as_callable();
        let Some(reviver) = reviver else {
            return Ok(value);
        };
        let holder = JsObject::with_object_proto(context.intrinsics());
        holder.set(js_string!(), value, false, context)?;
        revive(&holder, &js_string!().into(), &reviver, context)
    });
    let function = boa_engine::object::FunctionObjectBuilder::new(context.realm(), function)
        .name(js_string!("parse"))
        .length(2)
        .build();
    crate::builtins::hide(&json, "parse", function, context)
}

/// Parses a text.
pub(crate) fn parse(text: &str, context: &mut Context) -> JsResult<JsValue> {
    parse_units(&text.encode_utf16().collect::<Vec<_>>(), context)
}

fn parse_units(units: &[u16], context: &mut Context) -> JsResult<JsValue> {
    let mut reader = Reader {
        units,
        at: 0,
        depth: 0,
        context,
    };
    let value = reader.value()?;
    reader.blanks();
    if reader.at < units.len() {
        return Err(reader.after_end());
    }
    Ok(value)
}

/// Calls the reviver for what a value holds, and then for itself.
fn revive(
    holder: &JsObject,
    key: &PropertyKey,
    reviver: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let value = holder.get(key.clone(), context)?;
    if let Some(object) = value.as_object() {
        for inner in object.own_property_keys(context)? {
            let length = PropertyKey::from(js_string!("length"));
            let is_length = object.is_array() && inner == length;
            if is_length || matches!(inner, PropertyKey::Symbol(_)) {
                continue;
            }
            let revived = revive(&object, &inner, reviver, context)?;
            if revived.is_undefined() {
                object.delete_property_or_throw(inner, context)?;
            } else {
                object.create_data_property(inner, revived, context)?;
            }
        }
    }
    let key = JsValue::from(key);
    let key = key.to_string(context)?;
    reviver.call(&holder.clone().into(), &[key.into(), value], context)
}

struct Reader<'a> {
    units: &'a [u16],
    at: usize,
    depth: usize,
    context: &'a mut Context,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        let unit = self.units.get(self.at)?;
        Some(char::from_u32(u32::from(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> JsResult<JsValue> {
        self.blanks();
        match self.peek() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::array),
            Some('"') => Ok(self.string()?.into()),
            Some('-' | '0'..='9') => self.number(),
            Some('t') => self.word("true", true.into()),
            Some('f') => self.word("false", false.into()),
            Some('n') => self.word("null", JsValue::null()),
            _ => Err(self.unexpected()),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> JsResult<JsValue>) -> JsResult<JsValue> {
        if self.depth == DEEPEST {
            return Err(JsNativeError::range()
                .with_message(format!("JSON is nested more than {DEEPEST} levels deep"))
                .into());
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> JsResult<JsValue> {
        let mut elements = Vec::new();
        self.blanks();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(JsArray::new(self.context)?.into());
        }
        loop {
            elements.push(self.value()?);
            self.blanks();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => break,
                _ => return Err(self.expected("',' or ']' after array element")),
            }
        }
        self.at += 1;
        Ok(JsArray::from_iter(elements, self.context).into())
    }

    fn object(&mut self) -> JsResult<JsValue> {
        let object = JsObject::with_object_proto(self.context.intrinsics());
        self.blanks();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(object.into());
        }
        let mut first = true;
        loop {
            self.blanks();
            match self.peek() {
                Some('"') => {}
                _ if first => return Err(self.expected("property name or '}'")),
                _ => return Err(self.expected("double-quoted property name")),
            }
            first = false;
            let key = self.string()?;
            self.blanks();
            match self.peek() {
                Some(':') => self.at += 1,
                _ => return Err(self.expected("':' after property name")),
            }
            let value = self.value()?;
            object.create_data_property(key, value, self.context)?;
            self.blanks();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => break,
                _ => return Err(self.expected("',' or '}' after property value")),
            }
        }
        self.at += 1;
        Ok(object.into())
    }

    fn word(&mut self, word: &str, value: JsValue) -> JsResult<JsValue> {
        for expected in word.chars() {
            if self.peek() != Some(expected) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> JsResult<JsValue> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
            if !matches!(self.peek(), Some('0'..='9')) {
                return Err(self.wrong("No number after minus sign"));
            }
        }
        if self.peek() == Some('0') {
            self.at += 1;
            if matches!(self.peek(), Some('0'..='9')) {
                return Err(self.wrong("Unexpected number"));
            }
        } else {
            self.digits();
        }
        if self.peek() == Some('.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.wrong("Unterminated fractional number"));
            }
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.wrong("Exponent part is missing a number"));
            }
        }
        let digits = self.units.get(start..self.at).unwrap_or_default();
        let text: String = digits
            .iter()
            .filter_map(|unit| char::from_u32((*unit).into()))
            .collect();
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        Ok(JsValue::new(number))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> JsResult<JsString> {
        self.at += 1;
        let start = self.at;
        let rest = self.units.get(start..).unwrap_or_default();
        let plain = rest
            .iter()
            .position(|unit| matches!(unit, 0x22 | 0x5c | 0..=0x1f));
        let plain = plain.unwrap_or(rest.len());
        let mut units = rest.get(..plain).unwrap_or_default().to_vec();
        self.at += plain;
        loop {
            match self.units.get(self.at).copied() {
                None => return Err(self.wrong("Unterminated string")),
                Some(0x22) => break,
                Some(0x5c) => {
                    self.at += 1;
                    units.push(self.escape()?);
                }
                Some(0..=0x1f) => {
                    return Err(self.wrong("Bad control character in string literal"));
                }
                Some(unit) => {
                    units.push(unit);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(JsString::from(units.as_slice()))
    }

    fn escape(&mut self) -> JsResult<u16> {
        let unit = match self.peek() {
            Some('"') => 0x22,
            Some('\\') => 0x5c,
            Some('/') => 0x2f,
            Some('b') => 0x8,
            Some('f') => 0xc,
            Some('n') => 0xa,
            Some('r') => 0xd,
            Some('t') => 0x9,
            Some('u') => {
                let mut unit = 0;
                for _ in 0..4 {
                    self.at += 1;
                    let digit = self.peek().and_then(|digit| digit.to_digit(16));
                    let digit = digit.and_then(|digit| u16::try_from(digit).ok());
                    let Some(digit) = digit else {
                        return Err(self.wrong("Bad Unicode escape"));
                    };
                    unit = unit << 4 | digit;
                }
                unit
            }
            None => return Err(self.wrong("Unterminated string")),
            Some(_) => return Err(self.wrong("Bad escaped character")),
        };
        self.at += 1;
        Ok(unit)
    }

    fn error(&self, sentence: String) -> JsError {
        JsNativeError::syntax().with_message(sentence).into()
    }

    fn expected(&self, what: &str) -> JsError {
        self.error(format!("Expected {what} in JSON at position {}", self.at))
    }

    fn wrong(&self, what: &str) -> JsError {
        self.error(format!("{what} in JSON at position {}", self.at))
    }

    fn after_end(&self) -> JsError {
        let at = self.at;
        self.error(format!(
            "Unexpected non-whitespace character after JSON at position {at}"
        ))
    }

    fn unexpected(&self) -> JsError {
        let Some(found) = self.peek() else {
            return self.error("Unexpected end of JSON input".to_owned());
        };
        let whole = String::from_utf16_lossy(self.units);
        if whole == "undefined" || whole == "[object Object]" {
            return self.error(format!("\"{whole}\" is not valid JSON"));
        }
        let start = self.at.saturating_sub(QUOTED);
        let end = (self.at + QUOTED).min(self.units.len());
        let (start, end) = if self.units.len() <= 4 * QUOTED {
            (0, self.units.len())
        } else {
            (start, end)
        };
        let quoted = String::from_utf16_lossy(self.units.get(start..end).unwrap_or_default());
        let before = if start > 0 { "..." } else { "" };
        let after = if end < self.units.len() { "..." } else { "" };
        self.error(format!(
            "Unexpected token '{found}', {before}\"{quoted}\"{after} is not valid JSON"
        ))
    }
}
