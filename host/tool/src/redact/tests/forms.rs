//! Secrets in the forms that servers and usual programs write, whole and cut, and texts that hold
//! none.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::super::spellings::MIN_BEGIN;
use super::super::*;
use super::redacted;

const SECRETS: [&str; 6] = [
    "sk+A/b=c&d\"e'f<g>%2Fh_J-kQ9zX",
    "Zq/9&kP\"w<7Lm=xT",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    r#"it's "quoted" \ and 42%"#,
    "Zq/9kPx-w_7LmAxT",
    "pässwörd-Ünïcode€9",
];

fn redactor(secret: &str) -> Redactor {
    super::of([("key", secret)])
}

type Form = (&'static str, fn(&str) -> Vec<u8>);

fn each(text: &str, write: impl Fn(&mut String, char)) -> String {
    let mut out = String::new();
    text.chars().for_each(|c| write(&mut out, c));
    out
}

fn bytes(text: impl AsRef<[u8]>, between: &str, write: impl Fn(u8) -> String) -> String {
    text.as_ref()
        .iter()
        .map(|byte| write(*byte))
        .collect::<Vec<_>>()
        .join(between)
}

fn wrap(text: &str, width: usize, end: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(width)
        .map(|line| line.iter().collect())
        .collect::<Vec<String>>()
        .join(end)
}

fn json(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    text[1..text.len() - 1].replace('/', "\\/")
}

fn unicode(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        write!(out, "\\u{unit:04x}").unwrap();
        out
    })
}

fn html(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#x27;")
}

fn escaped(text: &str, sign: char) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    bytes(text, "", |byte| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("{sign}{byte:02X}")
        }
    })
}

fn percent(text: &str) -> String {
    escaped(text, '%')
}

fn mail(text: &str) -> String {
    escaped(text, '=')
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Each writes one character after the other, so that a part of the secret is the beginning of the
/// whole.
const FORMS: [Form; 82] = [
    ("plain", |s| s.into()),
    ("JSON", |s| json(s).into()),
    ("JSON in JSON", |s| json(&json(s)).into()),
    ("JSON three times", |s| json(&json(&json(s))).into()),
    ("JSON by number", |s| unicode(s).into()),
    ("JSON by number in JSON", |s| json(&unicode(s)).into()),
    ("JavaScript", |s| {
        bytes(s, "", |byte| format!("\\x{byte:02x}")).into()
    }),
    ("JavaScript in braces", |s| {
        each(s, |out, c| {
            write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap()
        })
        .into()
    }),
    ("with zeros in braces", |s| {
        each(s, |out, c| {
            write!(out, "\\u{{{:06x}}}", u32::from(c)).unwrap()
        })
        .into()
    }),
    ("Perl in braces", |s| {
        each(s, |out, c| {
            write!(out, "\\x{{{:x}}}", u32::from(c)).unwrap()
        })
        .into()
    }),
    ("Python", |s| {
        each(s, |out, c| write!(out, "\\U{:08x}", u32::from(c)).unwrap()).into()
    }),
    ("octal", |s| {
        bytes(s, "", |byte| format!("\\{byte:03o}")).into()
    }),
    ("line goes on", |s| {
        wrap(&s.replace('\\', "\\\\"), 6, "\\\n").into()
    }),
    ("line goes on, CRLF", |s| {
        wrap(&s.replace('\\', "\\\\"), 6, "\\\r\n").into()
    }),
    ("URL", |s| percent(s).into()),
    ("URL in small letters", |s| {
        bytes(s, "", |byte| format!("%{byte:02x}")).into()
    }),
    ("URL in URL", |s| percent(&percent(s)).into()),
    ("URL three times", |s| percent(&percent(&percent(s))).into()),
    ("URL by number", |s| {
        each(s, |out, c| write!(out, "%u{:04x}", u32::from(c)).unwrap()).into()
    }),
    ("form", |s| percent(s).replace("%20", "+").into()),
    ("URL in JSON", |s| json(&percent(s)).into()),
    ("JSON in URL", |s| percent(&json(s)).into()),
    ("HTML", |s| html(s).into()),
    ("HTML in HTML", |s| html(&html(s)).into()),
    ("HTML three times", |s| html(&html(&html(s))).into()),
    ("HTML by number", |s| {
        each(s, |out, c| write!(out, "&#{};", u32::from(c)).unwrap()).into()
    }),
    ("HTML in hexadecimal", |s| {
        each(s, |out, c| write!(out, "&#x{:X};", u32::from(c)).unwrap()).into()
    }),
    ("HTML with zeros", |s| {
        each(s, |out, c| write!(out, "&#{:012};", u32::from(c)).unwrap()).into()
    }),
    ("HTML with many zeros", |s| {
        each(s, |out, c| {
            write!(out, "&#x{:018x};", u32::from(c)).unwrap()
        })
        .into()
    }),
    ("HTML without ends", |s| {
        html(s).replace("&#x27;", "'").replace(';', "").into()
    }),
    ("HTML by name", |s| {
        s.replace('&', "&AMP;")
            .replace('/', "&sol;")
            .replace('_', "&UnderBar;")
            .into()
    }),
    ("HTML in JSON", |s| json(&html(s)).into()),
    ("JSON in HTML", |s| html(&json(s)).into()),
    ("JSON twice in HTML", |s| html(&json(&json(s))).into()),
    ("URL in HTML in JSON", |s| json(&html(&percent(s))).into()),
    ("JSON that is safe in HTML", |s| {
        json(s)
            .replace('&', "\\u0026")
            .replace('<', "\\u003c")
            .into()
    }),
    ("mail", |s| mail(s).into()),
    ("mail in small letters", |s| {
        mail(s).to_ascii_lowercase().into()
    }),
    ("mail in lines", |s| {
        wrap(&s.replace('=', "=3D"), 5, "=\r\n").into()
    }),
    ("mail in lines, LF", |s| {
        wrap(&s.replace('=', "=3D"), 5, "=\n").into()
    }),
    ("mail in lines, blank", |s| {
        wrap(&s.replace('=', "=3D"), 5, "= \r\n").into()
    }),
    ("mail in JSON", |s| json(&wrap(&mail(s), 9, "=\r\n")).into()),
    ("mail in HTML", |s| html(&mail(s)).into()),
    ("JSON in mail", |s| {
        wrap(&mail(&json(s)), 30, "=\r\n").into()
    }),
    ("HTML in mail", |s| mail(&html(s)).into()),
    ("folded", |s| wrap(s, 6, "\r\n\t").into()),
    ("CSV", |s| s.replace('"', "\"\"").into()),
    ("SQL", |s| s.replace('\'', "''").into()),
    ("shell", |s| s.replace('\'', "'\\''").into()),
    ("shell by Python", |s| s.replace('\'', "'\"'\"'").into()),
    ("colours", |s| wrap(s, 6, "\x1b[01;31m\x1b[K").into()),
    ("base64", |s| base64(s).into()),
    ("base64 behind a user", |s| {
        base64(format!("user:{s}")).into()
    }),
    ("base64 of URLs behind a user", |s| {
        URL_SAFE.encode(format!("u:{s}")).into()
    }),
    ("base64 in lines", |s| wrap(&base64(s), 8, "\n").into()),
    ("base64 in lines in JSON", |s| {
        json(&wrap(&base64(s), 8, "\r\n")).into()
    }),
    ("base64 in lines in JSON twice", |s| {
        json(&json(&wrap(&base64(s), 8, "\n"))).into()
    }),
    ("base64 in lines in HTML", |s| {
        wrap(&base64(s), 8, "&#10;").into()
    }),
    ("base64 in lines in URL", |s| {
        wrap(&percent(&base64(s)), 8, "%0D%0A").into()
    }),
    ("base64 in a page", |s| wrap(&base64(s), 8, "<br>").into()),
    ("base64 in a page, XHTML", |s| {
        wrap(&base64(s), 8, "<br />\n").into()
    }),
    ("base64 with blanks", |s| wrap(&base64(s), 8, " ").into()),
    ("base64 in Unicode lines", |s| {
        wrap(&base64(s), 8, "\u{2028}").into()
    }),
    ("base64 in vertical tabs", |s| {
        wrap(&base64(s), 8, "\x0b").into()
    }),
    ("base64 in an answer to a mail", |s| {
        wrap(&base64(s), 8, "\r\n> ").into()
    }),
    ("base64 in base64", |s| {
        base64(base64(format!("user:{s}"))).into()
    }),
    ("base64 of JSON", |s| {
        base64(format!("{{\"k\":\"{}", json(s))).into()
    }),
    ("base64 of URL", |s| base64(percent(s)).into()),
    ("base64 of HTML", |s| base64(html(s)).into()),
    ("base64 of UTF-16", |s| base64(utf16(s)).into()),
    ("base64 of hexadecimal", |s| {
        base64(bytes(s, "", |byte| format!("{byte:02x}"))).into()
    }),
    ("hexadecimal", |s| {
        bytes(s, "", |byte| format!("{byte:02x}")).into()
    }),
    ("hexadecimal with colons", |s| {
        bytes(s, ":", |byte| format!("{byte:02X}")).into()
    }),
    ("hexadecimal with blanks", |s| {
        bytes(s, " ", |byte| format!("{byte:02x}")).into()
    }),
    ("hexadecimal numbers", |s| {
        bytes(s, ", ", |byte| format!("0x{byte:02x}")).into()
    }),
    ("hexadecimal of JSON", |s| {
        bytes(json(s), "", |byte| format!("{byte:02x}")).into()
    }),
    ("numbers", |s| {
        format!("[{}", bytes(s, ",", |byte| byte.to_string())).into()
    }),
    ("numbers in lines", |s| {
        format!("[\n  {}", bytes(s, ",\n  ", |byte| byte.to_string())).into()
    }),
    ("numbers without brackets", |s| {
        bytes(s, ",", |byte| byte.to_string()).into()
    }),
    ("numbers, one a line", |s| {
        bytes(s, "\n", |byte| byte.to_string()).into()
    }),
    ("numbers in a page", |s| {
        bytes(s, "<br>", |byte| byte.to_string()).into()
    }),
    ("UTF-16", |s| utf16(s)),
];

/// Forms that are no beginning of another, because they say how far they go.
const MORE_FORMS: [Form; 7] = [
    ("UTF-16, big end first", |s| {
        s.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }),
    ("UTF-32", |s| {
        s.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
    }),
    ("JSON in UTF-16", |s| utf16(&json(s))),
    ("a buffer of Node", |s| {
        let numbers = bytes(json(s), ",", |byte| byte.to_string());
        format!("{{\"type\":\"Buffer\",\"data\":[{numbers}]}}").into()
    }),
    ("an array of bytes of JavaScript", |s| {
        let numbers: Vec<_> = s
            .bytes()
            .enumerate()
            .map(|(index, byte)| format!("\"{index}\":{byte}"))
            .collect();
        format!("{{{}}}", numbers.join(",")).into()
    }),
    ("bytes of Go", |s| {
        format!("[{}]", bytes(s, " ", |byte| byte.to_string())).into()
    }),
    ("characters for bytes", |s| {
        s.bytes().map(char::from).collect::<String>().into()
    }),
];

/// Characters beside the mark, if there is one.
fn beside(clean: &[u8]) -> Option<usize> {
    let mark = b"[redacted:key]";
    let found = clean.windows(mark.len()).any(|window| window == mark);
    found.then(|| {
        String::from_utf8_lossy(clean)
            .replace("[redacted:key]", "")
            .chars()
            .count()
    })
}

#[test]
fn the_forms_that_servers_and_programs_write_are_found() {
    let mut missed = Vec::new();
    for secret in SECRETS {
        let redactor = redactor(secret);
        for (name, form) in FORMS.iter().chain(&MORE_FORMS) {
            for (before, after) in [
                ("", ""),
                ("value=", "\n"),
                ("length: 100\n", ""),
                ("\"k\":\"", "\","),
            ] {
                // What is read as characters of two bytes has no neighbours of one.
                let said = form(secret);
                let said = if name.contains("UTF-") {
                    said
                } else {
                    [before.as_bytes(), &said, after.as_bytes()].concat()
                };
                let clean = redacted(&redactor, &said, false);
                let left = beside(&clean);
                // Brackets and names of a form, and the characters of base64 that its neighbours
                // decide.
                if left.is_none_or(|left| left > before.len() + after.len() + 40) {
                    missed.push(format!(
                        "{name} of {secret}: {}",
                        String::from_utf8_lossy(&clean)
                    ));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn no_form_leaves_more_than_a_few_characters_where_it_is_cut() {
    let mut missed = Vec::new();
    for secret in SECRETS {
        let redactor = redactor(secret);
        let begin: String = secret.chars().take(MIN_BEGIN).collect();
        for (name, form) in FORMS {
            let said = form(secret);
            for cut in form(&begin).len() + 4..said.len() {
                let clean = redacted(&redactor, &said[..cut], true);
                let left = beside(&clean);
                if left.is_none_or(|left| left > 40) {
                    missed.push(format!(
                        "{name} of {secret} at {cut}: {}",
                        String::from_utf8_lossy(&clean)
                    ));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_is_nearly_a_secret_stays_as_it_is() {
    for secret in SECRETS {
        let redactor = redactor(secret);
        let chars: Vec<char> = secret.chars().collect();
        for (index, changed) in
            (0..chars.len()).flat_map(|index| [(index, ""), (index, "~"), (index, " .")])
        {
            let near: String = chars[..index].iter().collect::<String>() + changed;
            let near = near + &chars[index + 1..].iter().collect::<String>();
            for (name, form) in FORMS.iter().chain(&MORE_FORMS) {
                // Base64 writes the first and last bits of a secret together with its neighbours.
                if (index == 0 || index + 1 == chars.len()) && name.starts_with("base64") {
                    continue;
                }
                let said = form(&near);
                let clean = redacted(&redactor, &said, false);
                assert!(
                    beside(&clean).is_none() && clean == said,
                    "{name} of {secret}: {near}"
                );
            }
        }
    }
    let words = redactor("correct-horse-battery");
    for said in [
        "correct horse battery, correct_horse_battery, correcthorsebattery",
        r#"{"a":"b","list":[1,2,3],"url":"https:\/\/a.test\/?a=1&amp;b=%20","none":null}"#,
        "=?utf-8?Q?a=20b?= =\r\n C:\\dir\\new 100% &c. &lt; 'it''s' \"\"",
        "deadbeef 00ff 0x00 1,2,3 QUJDREVGRw== AAAA////++++____----",
        "",
    ] {
        for cut in [false, true] {
            assert_eq!(
                redacted(&words, said.as_bytes(), cut),
                said.as_bytes(),
                "{said}"
            );
        }
    }
}

#[test]
fn the_longest_secret_is_found_in_parts() {
    let byte = |at: u32| b'!' + u8::try_from(at.wrapping_mul(at) / 7 % 90).unwrap();
    let secret: String = (0..64 << 10).map(|at| char::from(byte(at))).collect();
    let redactor = redactor(&secret);
    for (name, form) in FORMS
        .iter()
        .filter(|(name, _)| ["plain", "JSON", "base64", "numbers"].contains(name))
    {
        for said in [form(&secret), [b"x ".as_slice(), &form(&secret)].concat()] {
            let clean = redacted(&redactor, &said, false);
            let clean = String::from_utf8(clean).unwrap();
            assert!(
                clean.len() < 40 && clean.matches("[redacted:key]").count() == 1,
                "{name}: {:.100}",
                clean
            );
            let clean = redacted(&redactor, &said[..said.len() / 2], true);
            assert!(clean.len() < 40, "{name}: {}", clean.len());
        }
    }
}
