//! Names of objects: their constructors, their tags, and functions in words.

use boa_engine::builtins::function::OrdinaryFunction;
use boa_engine::object::{JsObject, JsPrototype};
use boa_engine::property::PropertyKey;
use boa_engine::{Context, JsResult, JsString, JsSymbol, JsValue, js_string};

/// Prototypes that are looked at, so that a chain of proxies ends.
const MOST_PROTOTYPES: usize = 1_000;

/// The name of the constructor that made an object; `None` where no prototype names one.
pub(crate) fn constructor(object: &JsObject, context: &mut Context) -> JsResult<Option<String>> {
    let mut next: JsPrototype = Some(object.clone());
    for _ in 0..MOST_PROTOTYPES {
        let Some(current) = next else {
            break;
        };
        let constructor = own(&current, &js_string!("constructor").into());
        if let Some(constructor) = constructor.and_then(|value| value.as_callable()) {
            let name = function_name(&constructor, context)?;
            let prototype = constructor.get(js_string!("prototype"), context)?;
            let made = prototype
                .as_object()
                .is_some_and(|prototype| is_prototype_of(&prototype, object));
            if !name.is_empty() && made {
                return Ok(Some(name));
            }
        }
        next = current.prototype();
    }
    Ok(None)
}

fn is_prototype_of(prototype: &JsObject, object: &JsObject) -> bool {
    let mut next = object.prototype();
    for _ in 0..MOST_PROTOTYPES {
        let Some(current) = next else {
            return false;
        };
        if JsObject::equals(&current, prototype) {
            return true;
        }
        next = current.prototype();
    }
    false
}

/// The value of an own property that has one, without calling a getter.
pub(crate) fn own(object: &JsObject, key: &PropertyKey) -> Option<JsValue> {
    let object = object.borrow();
    let property = object.properties().get(key)?;
    property.value().cloned()
}

/// The name of a function, if it is a text.
pub(crate) fn function_name(function: &JsObject, context: &mut Context) -> JsResult<String> {
    let name = function.get(js_string!("name"), context)?;
    Ok(name.as_string().map(|name| text(&name)).unwrap_or_default())
}

/// `Symbol.toStringTag`, unless it says no more than the constructor.
pub(crate) fn tag(
    object: &JsObject,
    constructor: Option<&str>,
    context: &mut Context,
) -> JsResult<String> {
    let tag = object.get(JsSymbol::to_string_tag(), context)?;
    let tag = tag.as_string().map(|tag| text(&tag)).unwrap_or_default();
    Ok(if constructor == Some(&tag) {
        String::new()
    } else {
        tag
    })
}

/// The words before the bracket of an object, with a blank at the end: `Foo(2) [tag] `.
pub(crate) fn prefix(constructor: Option<&str>, tag: &str, fallback: &str, size: &str) -> String {
    let tag = if tag.is_empty() || tag == fallback && constructor.is_none() {
        String::new()
    } else {
        format!("[{tag}] ")
    };
    match constructor {
        Some(name) => format!("{name}{size} {tag}"),
        None => format!("[{fallback}{size}: null prototype] {tag}"),
    }
}

/// A function in words: `[Function: f]`, `[class A extends B]`.
pub(crate) fn function(
    function: &JsObject,
    constructor: Option<&str>,
    tag: &str,
    context: &mut Context,
) -> JsResult<String> {
    let name = function_name(function, context)?;
    if is_class(function) {
        let mut words = "[class ".to_owned();
        words.push_str(if name.is_empty() {
            "(anonymous)"
        } else {
            &name
        });
        if constructor != Some("Function")
            && let Some(constructor) = constructor
        {
            words.push_str(&format!(" [{constructor}]"));
        }
        match function.prototype() {
            Some(parent) => {
                let parent = function_name(&parent, context)?;
                if !parent.is_empty() {
                    words.push_str(&format!(" extends {parent}"));
                }
            }
            None => words.push_str(" extends null"),
        }
        return Ok(words + "]");
    }
    let kinds = [
        "AsyncFunction",
        "GeneratorFunction",
        "AsyncGeneratorFunction",
    ];
    let kind = constructor.filter(|name| kinds.contains(name));
    let kind = kind.unwrap_or("Function");
    let mut words = format!("[{kind}");
    if constructor.is_none() {
        words.push_str(" (null prototype)");
    }
    words.push_str(&if name.is_empty() {
        " (anonymous)".to_owned()
    } else {
        format!(": {name}")
    });
    words.push(']');
    if let Some(constructor) = constructor
        && constructor != kind
        && constructor != "Function"
    {
        words.push_str(&format!(" {constructor}"));
    }
    if !tag.is_empty() && tag != kind && constructor != Some(tag) {
        words.push_str(&format!(" [{tag}]"));
    }
    Ok(words)
}

/// Returns true for a class of the script: its prototype stays.
fn is_class(function: &JsObject) -> bool {
    let key = PropertyKey::from(js_string!("prototype"));
    let property = function.borrow().properties().get(&key);
    let stays = property.is_some_and(|property| property.writable() == Some(false));
    stays && function.is::<OrdinaryFunction>()
}

/// An error in words: its name and message, and below them the places of its stack.
pub(crate) fn error(object: &JsObject, context: &mut Context) -> JsResult<String> {
    let stack = object.get(js_string!("stack"), context)?;
    let stack = stack
        .as_string()
        .map(|stack| text(&stack))
        .unwrap_or_default();
    let words = title(object, context)?;
    let places = stack.find("    at ").and_then(|at| stack.get(at..));
    let is_own = object.has_own_property(js_string!("stack"), context)?;
    Ok(match places {
        // A stack that the script has made is shown as it is.
        _ if is_own && !stack.is_empty() => stack,
        Some(places) => format!("{words}\n{}", places.trim_end()),
        None => words,
    })
}

/// The name and the message of an error.
pub(crate) fn title(object: &JsObject, context: &mut Context) -> JsResult<String> {
    let name = object.get(js_string!("name"), context)?;
    let name = if name.is_undefined() {
        "Error".to_owned()
    } else {
        text(&name.to_string(context)?)
    };
    // A class that extends `Error` and does not name its errors is their name.
    let class = constructor(object, context)?.filter(|class| class.ends_with(&name));
    let name = class.unwrap_or(name);
    let message = object.get(js_string!("message"), context)?;
    let message = if message.is_undefined() {
        String::new()
    } else {
        text(&message.to_string(context)?)
    };
    Ok(match (name.as_str(), message.as_str()) {
        ("", _) => message,
        (_, "") => name,
        _ => format!("{name}: {message}"),
    })
}

/// A string of the script. Halves of characters become the replacement character.
pub(crate) fn text(string: &JsString) -> String {
    string.to_std_string_lossy()
}
