//! Values in words, as `util.inspect` of Node has them.

mod layout;
mod names;
mod parts;
mod text;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::JsObject;
use boa_engine::property::PropertyKey;
use boa_engine::value::JsVariant;
use boa_engine::{Context, JsResult, JsString, JsSymbol, JsValue, js_string};
use layout::{Columns, Frame, LEVELS, LINE, joined};
use parts::{Body, Parts, Shown};
use text::{is_plain_key, quoted};

/// Characters of a string that are shown.
const MOST_CHARACTERS: usize = 10_000;

/// Elements of an array that are shown.
const MOST_ELEMENTS: usize = 100;

/// Levels that a script may ask for. Each takes from the stack of the sandbox.
const MOST_LEVELS: usize = 60;

/// Strings that stay in one piece even if they hold line breaks.
const SHORT: usize = 16;

/// The key of a function by which an object says itself how it looks.
const CUSTOM: &str = "nodejs.util.inspect.custom";

/// Options of `util.inspect`.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Levels below the first that are shown.
    pub(crate) depth: usize,
    /// The widest line.
    pub(crate) line: usize,
    /// Levels that share a line.
    pub(crate) shared_levels: usize,
    pub(crate) elements: usize,
    pub(crate) characters: usize,
    /// Keys come in the order of the alphabet.
    pub(crate) sorted: bool,
    /// Properties that are not enumerable are shown.
    pub(crate) hidden: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            depth: 2,
            line: LINE,
            shared_levels: LEVELS,
            elements: MOST_ELEMENTS,
            characters: MOST_CHARACTERS,
            sorted: false,
            hidden: false,
        }
    }
}

/// Shows a value, strings in quotes.
pub(crate) fn inspect(
    value: &JsValue,
    options: &Options,
    context: &mut Context,
) -> JsResult<String> {
    let mut inspector = Inspector {
        options,
        context,
        open: Vec::new(),
        circles: Vec::new(),
        indentation: 0,
        deepest: 0,
    };
    inspector.value(value, 0)
}

/// A string of the script. Halves of characters become the replacement character.
pub(crate) fn text(string: &JsString) -> String {
    string.to_std_string_lossy()
}

/// The name and the message of an error.
pub(crate) fn title(error: &JsObject, context: &mut Context) -> JsResult<String> {
    names::title(error, context)
}

/// `Symbol.for` with the key of functions by which objects say themselves how they look.
fn custom_symbol(context: &mut Context) -> JsResult<Option<JsSymbol>> {
    let symbol = context.intrinsics().constructors().symbol().constructor();
    let registry = symbol.get(js_string!("for"), context)?;
    let Some(registry) = registry.as_callable() else {
        return Ok(None);
    };
    let key = JsString::from(CUSTOM).into();
    let custom = registry.call(&symbol.into(), &[key], context)?;
    Ok(custom.as_symbol())
}

struct Inspector<'a> {
    options: &'a Options,
    context: &'a mut Context,
    /// Objects around the one that is shown.
    open: Vec<JsObject>,
    /// Objects that hold themselves.
    circles: Vec<JsObject>,
    indentation: usize,
    /// The level of the object that was begun last.
    deepest: usize,
}

impl Inspector<'_> {
    fn value(&mut self, value: &JsValue, level: usize) -> JsResult<String> {
        Ok(match value.variant() {
            JsVariant::Undefined => "undefined".to_owned(),
            JsVariant::Null => "null".to_owned(),
            JsVariant::String(string) => self.string(&string),
            JsVariant::Float64(number) if number == 0.0 && number.is_sign_negative() => {
                "-0".to_owned()
            }
            JsVariant::BigInt(number) => format!("{}n", number.to_string_radix(10)),
            JsVariant::Symbol(symbol) => text(&symbol.descriptive_string()),
            JsVariant::Object(object) => self.object(&object, level)?,
            JsVariant::Boolean(_) | JsVariant::Float64(_) | JsVariant::Integer32(_) => {
                text(&value.to_string(self.context)?)
            }
        })
    }

    fn string(&self, string: &JsString) -> String {
        let length = string.len();
        let more = length.saturating_sub(self.options.characters);
        let string = match more {
            0 => text(string),
            _ => text(&string.get(..self.options.characters).unwrap_or_default()),
        };
        let room = self.options.line.saturating_sub(self.indentation + 4);
        let mut shown = if length > SHORT && length > room && string.contains('\n') {
            let lines: Vec<_> = string.split_inclusive('\n').map(quoted).collect();
            lines.join(&format!(" +\n{}", " ".repeat(self.indentation + 2)))
        } else {
            quoted(&string)
        };
        if more > 0 {
            let ending = if more == 1 { "" } else { "s" };
            shown.push_str(&format!("... {more} more character{ending}"));
        }
        shown
    }

    fn object(&mut self, object: &JsObject, level: usize) -> JsResult<String> {
        if let Some(shown) = self.custom(object, level)? {
            return Ok(shown);
        }
        if self
            .open
            .iter()
            .any(|other| JsObject::equals(other, object))
        {
            let number = self.circle(object).unwrap_or_else(|| {
                self.circles.push(object.clone());
                self.circles.len()
            });
            return Ok(format!("[Circular *{number}]"));
        }
        let shown = Shown {
            indentation: self.indentation,
            hidden: self.options.hidden,
        };
        let mut parts = parts::parts(object, &shown, self.context)?;
        if matches!(parts.body, Body::None) && parts.keys.is_empty() {
            return Ok(match parts.base.as_str() {
                "" => format!("{}{}", parts.open, parts.close),
                _ => parts.base,
            });
        }
        if level > self.options.depth.min(MOST_LEVELS) {
            return Ok(format!("[{}]", parts.name));
        }
        let level = level + 1;
        self.open.push(object.clone());
        self.deepest = level;
        let mut shown = self.body(&parts, object, level)?;
        let mut named = Vec::new();
        for key in &parts.keys {
            named.push(self.property(object, key, level)?);
        }
        if self.options.sorted {
            named.sort();
        }
        shown.append(&mut named);
        self.open.pop();
        if let Some(number) = self.circle(object) {
            let reference = format!("<ref *{number}>");
            parts.base = match parts.base.as_str() {
                "" => reference,
                base => format!("{reference} {base}"),
            };
        }
        let frame = Frame {
            base: &parts.base,
            open: &parts.open,
            close: parts.close,
            indentation: self.indentation,
            levels: self.deepest.saturating_sub(level),
            columns: self.columns(&parts, object, &shown)?,
            line: self.options.line,
            shared_levels: self.options.shared_levels,
        };
        Ok(joined(shown, &frame))
    }

    fn circle(&self, object: &JsObject) -> Option<usize> {
        let place = self
            .circles
            .iter()
            .position(|other| JsObject::equals(other, object));
        place.map(|place| place + 1)
    }

    /// The words of an object that says itself how it looks.
    fn custom(&mut self, object: &JsObject, level: usize) -> JsResult<Option<String>> {
        let Some(symbol) = custom_symbol(self.context)? else {
            return Ok(None);
        };
        let custom = object.get(symbol, self.context)?;
        let Some(custom) = custom.as_callable() else {
            return Ok(None);
        };
        let depth = self.options.depth.saturating_sub(level);
        let depth = JsValue::from(u32::try_from(depth).unwrap_or(u32::MAX));
        let options = JsObject::with_object_proto(self.context.intrinsics());
        options.set(js_string!("depth"), depth.clone(), false, self.context)?;
        let shown = custom.call(
            &object.clone().into(),
            &[depth, options.into()],
            self.context,
        )?;
        if let Some(string) = shown.as_string() {
            let line = format!("\n{}", " ".repeat(self.indentation));
            return Ok(Some(text(&string).replace('\n', &line)));
        }
        if shown
            .as_object()
            .is_some_and(|shown| JsObject::equals(&shown, object))
        {
            return Ok(None);
        }
        self.value(&shown, level).map(Some)
    }

    /// The layout of elements: numbers stand to the right.
    fn columns(&mut self, parts: &Parts, object: &JsObject, shown: &[String]) -> JsResult<Columns> {
        let length = match parts.body {
            Body::Array(length) | Body::Typed(length) => length,
            _ => return Ok(Columns::None),
        };
        let limit = self.options.elements;
        // The last text is "more items" where there are more.
        let elements = if shown.len() > limit {
            limit
        } else {
            shown.len()
        };
        for place in 0..u64::try_from(shown.len()).unwrap_or(u64::MAX) {
            if place >= length {
                return Ok(Columns::Left(elements));
            }
            let element = object.get(place, self.context)?;
            if !element.is_number() && !element.is_bigint() {
                return Ok(Columns::Left(elements));
            }
        }
        Ok(Columns::Right(elements))
    }

    fn body(&mut self, parts: &Parts, object: &JsObject, level: usize) -> JsResult<Vec<String>> {
        match &parts.body {
            Body::None => Ok(Vec::new()),
            Body::Texts(texts) => Ok(texts.clone()),
            Body::Array(length) => self.array(object, *length, level),
            Body::Typed(length) => {
                let most = u64::try_from(self.options.elements).unwrap_or(u64::MAX);
                let mut shown = Vec::new();
                for place in 0..(*length).min(most) {
                    let element = object.get(place, self.context)?;
                    shown.push(self.value(&element, level)?);
                }
                shown.extend(more(length.saturating_sub(most)));
                Ok(shown)
            }
            Body::Set(entries) => self.inner(|inspector| {
                let most = inspector.options.elements;
                let mut shown = Vec::new();
                for entry in entries.iter().take(most) {
                    shown.push(inspector.value(entry, level)?);
                }
                shown.extend(more_of(entries.len(), most));
                Ok(shown)
            }),
            Body::Map(entries) => self.inner(|inspector| {
                let most = inspector.options.elements;
                let mut shown = Vec::new();
                for (key, value) in entries.iter().take(most) {
                    let key = inspector.value(key, level)?;
                    shown.push(format!("{key} => {}", inspector.value(value, level)?));
                }
                shown.extend(more_of(entries.len(), most));
                Ok(shown)
            }),
            Body::Promise(state) => Ok(vec![match state {
                PromiseState::Pending => "<pending>".to_owned(),
                PromiseState::Fulfilled(value) => {
                    self.inner(|inspector| inspector.value(value, level))?
                }
                PromiseState::Rejected(reason) => {
                    let reason = self.inner(|inspector| inspector.value(reason, level))?;
                    format!("<rejected> {reason}")
                }
            }]),
        }
    }

    /// Shows what stands two columns further in.
    fn inner<T>(&mut self, show: impl FnOnce(&mut Self) -> JsResult<T>) -> JsResult<T> {
        self.indentation += 2;
        let shown = show(self);
        self.indentation -= 2;
        shown
    }

    fn array(&mut self, object: &JsObject, length: u64, level: usize) -> JsResult<Vec<String>> {
        let mut shown = Vec::new();
        let mut place = 0;
        while place < length && shown.len() < self.options.elements {
            if object.has_own_property(place, self.context)? {
                shown.push(self.element(object, place, level)?);
                place += 1;
                continue;
            }
            let first = place;
            while place < length && !object.has_own_property(place, self.context)? {
                place += 1;
            }
            let holes = place - first;
            let ending = if holes == 1 { "" } else { "s" };
            shown.push(format!("<{holes} empty item{ending}>"));
        }
        shown.extend(more(length - place));
        Ok(shown)
    }

    fn element(&mut self, object: &JsObject, place: u64, level: usize) -> JsResult<String> {
        let accessor = u32::try_from(place).ok().and_then(|place| {
            let key = PropertyKey::from(place);
            let property = object.borrow().properties().get(&key)?;
            property
                .is_accessor_descriptor()
                .then(|| accessor(&property))
        });
        if let Some(accessor) = accessor {
            return Ok(accessor.to_owned());
        }
        let element = object.get(place, self.context)?;
        self.inner(|inspector| inspector.value(&element, level))
    }

    fn property(&mut self, object: &JsObject, key: &PropertyKey, level: usize) -> JsResult<String> {
        let property = object.borrow().properties().get(key);
        let shown = match &property {
            Some(property) if property.is_accessor_descriptor() => accessor(property).to_owned(),
            _ => {
                let value = object.get(key.clone(), self.context)?;
                self.inner(|inspector| inspector.value(&value, level))?
            }
        };
        let name = match key {
            PropertyKey::Symbol(symbol) => format!("[{}]", text(&symbol.descriptive_string())),
            PropertyKey::Index(index) => format!("'{}'", index.get()),
            PropertyKey::String(name) => {
                let name = text(name);
                let hidden = property.is_some_and(|property| property.enumerable() == Some(false));
                match name.as_str() {
                    _ if hidden => format!("[{name}]"),
                    "__proto__" => "['__proto__']".to_owned(),
                    _ if is_plain_key(&name) => name,
                    _ => quoted(&name),
                }
            }
        };
        Ok(format!("{name}: {shown}"))
    }
}

fn accessor(property: &boa_engine::property::PropertyDescriptor) -> &'static str {
    let is_there = |function: Option<&JsValue>| function.is_some_and(|it| !it.is_undefined());
    match (is_there(property.get()), is_there(property.set())) {
        (true, true) => "[Getter/Setter]",
        (true, false) => "[Getter]",
        (false, true) => "[Setter]",
        (false, false) => "undefined",
    }
}

fn more_of(length: usize, most: usize) -> Option<String> {
    more(u64::try_from(length.saturating_sub(most)).unwrap_or(u64::MAX))
}

fn more(count: u64) -> Option<String> {
    match count {
        0 => None,
        1 => Some("... 1 more item".to_owned()),
        _ => Some(format!("... {count} more items")),
    }
}
