//! `@csv` and the other formats of texts.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::native::{Filter, nullary, unary};
use crate::val::{Error, Val, error};

pub(super) fn all() -> Vec<Filter> {
    vec![
        unary!("format", |value, name| format(value, &name)),
        nullary!("@text", |value| Ok(Val::Str(value.to_text()))),
        nullary!("@json", |value| Ok(Val::text(value.to_string()))),
        nullary!("@csv", |value| csv(&value)),
        nullary!("@tsv", |value| tsv(&value)),
        nullary!("@html", |value| Ok(Val::text(html(&value.to_text())))),
        nullary!("@uri", |value| Ok(Val::text(uri(&value.to_text())))),
        nullary!("@urid", |value| urid(&value)),
        nullary!("@sh", |value| sh(&value)),
        nullary!("@base64", |value| Ok(Val::text(
            BASE64.encode(&*value.to_text())
        ))),
        nullary!("@base64d", |value| base64d(&value)),
        nullary!("@base32", |value| Ok(Val::text(base32(
            value.to_text().as_bytes()
        )))),
        nullary!("@base32d", |value| base32d(&value)),
    ]
}

/// A format by its name, for `format/1`.
fn format(value: Val, name: &Val) -> Result<Val, Error> {
    let text = value.to_text();
    match name.to_text().as_ref() {
        "text" => Ok(Val::Str(text)),
        "json" => Ok(Val::text(value.to_string())),
        "csv" => csv(&value),
        "tsv" => tsv(&value),
        "html" => Ok(Val::text(html(&text))),
        "uri" => Ok(Val::text(uri(&text))),
        "sh" => sh(&value),
        "base64" => Ok(Val::text(BASE64.encode(&*text))),
        "base64d" => base64d(&value),
        "base32" => Ok(Val::text(base32(text.as_bytes()))),
        "base32d" => base32d(&value),
        other => Err(error(format!("{other} is not a valid format"))),
    }
}

/// Reads with and without padding, as jq does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The letters of RFC 4648. Own code, because it is a dozen lines and the crates are no smaller.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn csv(value: &Val) -> Result<Val, Error> {
    row(value, "csv", ",", |text| {
        format!("\"{}\"", text.replace('"', "\"\""))
    })
}

fn tsv(value: &Val) -> Result<Val, Error> {
    row(value, "tsv", "\t", tab_escaped)
}

fn row(value: &Val, format: &str, between: &str, text: fn(&str) -> String) -> Result<Val, Error> {
    let Val::Arr(cells) = value else {
        return Err(error(format!(
            "{} cannot be {format}-formatted, only array",
            value.named()
        )));
    };
    let cell = |cell: &Val| match cell {
        Val::Null => Ok(String::new()),
        Val::Num(number, _) if number.is_nan() => Ok(String::new()),
        Val::Bool(_) | Val::Num(..) => Ok(cell.to_string()),
        Val::Str(cell) => Ok(text(cell)),
        other => Err(error(format!(
            "{} is not valid in a csv row",
            other.named()
        ))),
    };
    let cells: Result<Vec<String>, Error> = cells.iter().map(cell).collect();
    Ok(Val::text(cells?.join(between)))
}

fn tab_escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;")
        .replace('"', "&quot;")
}

fn uri(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn urid(value: &Val) -> Result<Val, Error> {
    let text = value.to_text();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        match u8::from_str_radix(&digits, 16) {
            Ok(byte) if digits.len() == 2 => bytes.push(byte),
            _ => {
                return Err(error(format!(
                    "{} is not a valid uri encoding",
                    value.named()
                )));
            }
        }
    }
    Ok(lossy(&bytes))
}

fn sh(value: &Val) -> Result<Val, Error> {
    let word = |value: &Val| match value {
        Val::Null | Val::Bool(_) | Val::Num(..) => Ok(value.to_string()),
        Val::Str(text) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
        other => Err(error(format!(
            "{} can not be escaped for shell",
            other.named()
        ))),
    };
    let words: Result<Vec<String>, Error> = match value {
        Val::Arr(values) => values.iter().map(word).collect(),
        other => word(other).map(|word| vec![word]),
    };
    Ok(Val::text(words?.join(" ")))
}

fn lossy(bytes: &[u8]) -> Val {
    Val::text(String::from_utf8_lossy(bytes).into_owned())
}

fn base64d(value: &Val) -> Result<Val, Error> {
    match BASE64.decode(&*value.to_text()) {
        Ok(bytes) => Ok(lossy(&bytes)),
        Err(_) => Err(error(format!("{} is not valid base64 data", value.named()))),
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let mut bits = [0_u8; 8];
        for (slot, byte) in bits.iter_mut().skip(3).zip(group) {
            *slot = *byte;
        }
        let bits = u64::from_be_bytes(bits);
        let letters = (group.len() * 8).div_ceil(5);
        for letter in 0..8 {
            let five = usize::try_from((bits >> (35 - 5 * letter)) & 31).unwrap_or(0);
            let char = BASE32.get(five).copied().map_or('=', char::from);
            text.push(if letter < letters { char } else { '=' });
        }
    }
    text
}

fn base32d(value: &Val) -> Result<Val, Error> {
    let text = value.to_text();
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let Some(five) = BASE32.iter().position(|other| *other == letter) else {
            return Err(error(format!("{} is not valid base32 data", value.named())));
        };
        bits = (bits << 5) | u32::try_from(five).unwrap_or(0);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    Ok(lossy(&bytes))
}
