//! Bytes and their spellings: UTF-8, base64, hexadecimal digits, Latin-1; digests and randomness.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use boa_engine::builtins::dataview::DataView;
use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::builtins::{JsArrayBuffer, JsTypedArray, JsUint8Array};
use boa_engine::{Context, JsArgs, JsNativeError, JsResult, JsString, JsValue, js_string};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::inspect::text;

/// Random bytes for one request of the host.
const RANDOM: usize = 65_536;

/// Names of the functions that scripts see as `native`.
pub(crate) const FUNCTIONS: [(&str, NativeFunctionPointer); 4] = [
    ("encode", encode),
    ("decode", decode),
    ("digest", digest),
    ("random", random),
];

/// A `Uint8Array` with these bytes.
pub(crate) fn array(bytes: Vec<u8>, context: &mut Context) -> JsResult<JsValue> {
    let buffer = JsArrayBuffer::from_byte_block(bytes_block(&bytes), context)?;
    Ok(JsUint8Array::from_array_buffer(buffer, context)?.into())
}

fn bytes_block(bytes: &[u8]) -> boa_engine::builtins::array_buffer::AlignedVec<u8> {
    boa_engine::builtins::array_buffer::AlignedVec::from_slice(64, bytes)
}

/// The bytes of a value: those of an array or a buffer, or its text as UTF-8.
pub(crate) fn bytes_of(value: &JsValue, context: &mut Context) -> JsResult<Vec<u8>> {
    let Some(object) = value.as_object() else {
        return Ok(text(&value.to_string(context)?).into_bytes());
    };
    if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
        return Ok(buffer.to_vec().unwrap_or_default());
    }
    let is_view = JsTypedArray::from_object(object.clone()).is_ok() || object.is::<DataView>();
    if !is_view {
        return Ok(text(&value.to_string(context)?).into_bytes());
    }
    let number = |name: &str, context: &mut Context| {
        let number = object
            .get(JsString::from(name), context)?
            .to_length(context)?;
        Ok::<_, boa_engine::JsError>(usize::try_from(number).unwrap_or(usize::MAX))
    };
    let start = number("byteOffset", context)?;
    let length = number("byteLength", context)?;
    let buffer = object
        .get(js_string!("buffer"), context)?
        .to_object(context)?;
    let buffer = JsArrayBuffer::from_object(buffer)?;
    let bytes = buffer.to_vec().unwrap_or_default();
    let end = start.saturating_add(length);
    Ok(bytes.get(start..end).unwrap_or_default().to_vec())
}

/// `encode(text, encoding)`: the bytes of a text.
fn encode(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let string = arguments.get_or_undefined(0).to_string(context)?;
    let encoding = text(&arguments.get_or_undefined(1).to_string(context)?);
    let bytes = match encoding.as_str() {
        "base64" | "base64url" => from_base64(&text(&string)),
        "hex" => from_hex(&text(&string)),
        "latin1" | "binary" | "ascii" => string.iter().map(|unit| unit.to_le_bytes()[0]).collect(),
        "utf16le" | "ucs2" | "utf-16le" | "ucs-2" => {
            string.iter().flat_map(u16::to_le_bytes).collect()
        }
        _ => text(&string).into_bytes(),
    };
    array(bytes, context)
}

/// `decode(bytes, encoding, fatal)`: the text of bytes; undefined where they are no UTF-8 and
/// `fatal` is true.
fn decode(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let bytes = arguments.get_or_undefined(0);
    let encoding = text(&arguments.get_or_undefined(1).to_string(context)?);
    if arguments.get_or_undefined(2).to_boolean() && encoding == "utf8" {
        let bytes = bytes_of(bytes, context)?;
        let text = std::str::from_utf8(&bytes).map(JsString::from);
        return Ok(text.map_or(JsValue::undefined(), JsValue::from));
    }
    decoded(bytes, &encoding, context)
}

/// The text of bytes in an encoding; UTF-8 if it is unknown.
pub(crate) fn decoded(bytes: &JsValue, encoding: &str, context: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(bytes, context)?;
    let string = match encoding {
        "base64" => standard().encode(&bytes).into(),
        "base64url" => {
            let standard = standard().encode(&bytes);
            let url = standard.replace('+', "-").replace('/', "_");
            JsString::from(url.trim_end_matches('='))
        }
        "hex" => {
            let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.concat().into()
        }
        "latin1" | "binary" => units(bytes.iter().map(|byte| u16::from(*byte))),
        "ascii" => units(bytes.iter().map(|byte| u16::from(*byte & 0x7f))),
        "utf16le" | "ucs2" | "utf-16le" | "ucs-2" => {
            let (pairs, _) = bytes.as_chunks();
            units(pairs.iter().map(|pair| u16::from_le_bytes(*pair)))
        }
        _ => String::from_utf8_lossy(&bytes).as_ref().into(),
    };
    Ok(string.into())
}

/// Returns true for arrays of bytes and their like.
pub(crate) fn is_bytes(value: &JsValue) -> bool {
    value.as_object().is_some_and(|object| {
        JsTypedArray::from_object(object.clone()).is_ok() || object.is::<DataView>()
    })
}

fn units(units: impl Iterator<Item = u16>) -> JsString {
    JsString::from(units.collect::<Vec<_>>().as_slice())
}

/// Base64 as it is written, and read with or without padding.
fn standard() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config)
}

/// Reads base64 of both alphabets, up to the padding. Other characters are left out, as Node does.
fn from_base64(text: &str) -> Vec<u8> {
    let before = text.split('=').next().unwrap_or_default();
    let mut digits: String = before
        .chars()
        .filter_map(|digit| match digit {
            '-' => Some('+'),
            '_' => Some('/'),
            '+' | '/' => Some(digit),
            _ if digit.is_ascii_alphanumeric() => Some(digit),
            _ => None,
        })
        .collect();
    // A last digit alone has no whole byte.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    standard().decode(digits).unwrap_or_default()
}

/// Reads pairs of digits up to the first that is none.
fn from_hex(text: &str) -> Vec<u8> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let pairs = pairs.iter().map_while(|pair| {
        let digits = std::str::from_utf8(pair).ok()?;
        let digits = digits
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then_some(digits)?;
        u8::from_str_radix(digits, 16).ok()
    });
    pairs.collect()
}

/// `digest(algorithm, bytes)`
fn digest(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let algorithm = text(&arguments.get_or_undefined(0).to_string(context)?);
    let bytes = bytes_of(arguments.get_or_undefined(1), context)?;
    let digest = match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => Md5::digest(&bytes).to_vec(),
        "sha1" => Sha1::digest(&bytes).to_vec(),
        "sha224" => Sha224::digest(&bytes).to_vec(),
        "sha256" => Sha256::digest(&bytes).to_vec(),
        "sha384" => Sha384::digest(&bytes).to_vec(),
        "sha512" => Sha512::digest(&bytes).to_vec(),
        _ => {
            return Err(JsNativeError::error()
                .with_message(format!(
                    "Digest method not supported: {algorithm}; md5, sha1, sha224, sha256, sha384 \
                     and sha512 are"
                ))
                .into());
        }
    };
    array(digest, context)
}

/// `random(length)`
fn random(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let length = arguments.get_or_undefined(0).to_length(context)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > RANDOM {
        return Err(JsNativeError::range()
            .with_message(format!("{length} random bytes are more than {RANDOM}"))
            .into());
    }
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    array(wasip2::random::random::get_random_bytes(length), context)
}
