//! Addresses as browsers read them: functions that the class `URL` is made of.

use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::JsObject;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};
use url::{Url, quirks};

use crate::inspect::text;

/// Functions that scripts see as `native`.
pub(crate) const FUNCTIONS: [(&str, NativeFunctionPointer); 2] =
    [("parseUrl", parse), ("changeUrl", change)];

/// `parseUrl(address, base)`: its parts; undefined for what is no address.
fn parse(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let address = text(&arguments.get_or_undefined(0).to_string(context)?);
    let base = arguments.get_or_undefined(1);
    let url = if base.is_undefined() {
        Url::parse(&address)
    } else {
        let base = text(&base.to_string(context)?);
        Url::parse(&base).and_then(|base| base.join(&address))
    };
    url.map_or(Ok(JsValue::undefined()), |url| parts(&url, context))
}

/// `changeUrl(address, part, value)`: the parts of the address with another value of one.
fn change(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let address = text(&arguments.get_or_undefined(0).to_string(context)?);
    let part = text(&arguments.get_or_undefined(1).to_string(context)?);
    let value = text(&arguments.get_or_undefined(2).to_string(context)?);
    let Ok(mut url) = Url::parse(&address) else {
        return Ok(JsValue::undefined());
    };
    // What a part cannot be, it does not become: so says the standard.
    let _ = match part.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Ok(()),
    };
    parts(&url, context)
}

fn parts(url: &Url, context: &mut Context) -> JsResult<JsValue> {
    let parts = JsObject::with_object_proto(context.intrinsics());
    let origin = quirks::origin(url);
    for (name, value) in [
        ("href", quirks::href(url)),
        ("origin", origin.as_str()),
        ("protocol", quirks::protocol(url)),
        ("username", quirks::username(url)),
        ("password", quirks::password(url)),
        ("host", quirks::host(url)),
        ("hostname", quirks::hostname(url)),
        ("port", quirks::port(url)),
        ("pathname", quirks::pathname(url)),
        ("search", quirks::search(url)),
        ("hash", quirks::hash(url)),
    ] {
        parts.set(JsString::from(name), JsString::from(value), false, context)?;
    }
    Ok(parts.into())
}
