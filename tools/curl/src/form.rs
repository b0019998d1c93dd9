//! `-F`: a body of several parts (RFC 7578).

use std::hash::{BuildHasher, RandomState};

use cofferdam_command::{Stop, read};

/// Types of files, by the end of their names, as curl knows them.
const TYPES: [(&str, &str); 10] = [
    (".gif", "image/gif"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".png", "image/png"),
    (".svg", "image/svg+xml"),
    (".txt", "text/plain"),
    (".htm", "text/html"),
    (".html", "text/html"),
    (".pdf", "application/pdf"),
    (".xml", "application/xml"),
];

/// Marks the value of a field that is taken as it is (`--form-string`).
const LITERAL: char = '\0';

/// A body and what separates its parts.
pub(crate) struct Form {
    pub(crate) boundary: String,
    pub(crate) body: Vec<u8>,
}

/// A field of `--form-string`, whose value is taken as it is.
pub(crate) fn literal(field: &str) -> String {
    match field.split_once('=') {
        Some((name, value)) => format!("{name}={LITERAL}{value}"),
        None => field.to_owned(),
    }
}

/// The body for fields such as `NAME=VALUE`, `NAME=@FILE` and `NAME=<FILE`, with `;type=` and
/// `;filename=` behind the value.
pub(crate) fn form(fields: &[String]) -> Result<Form, Stop> {
    let boundary = format!(
        "------------------------{:016x}",
        RandomState::new().hash_one(0)
    );
    let mut body = Vec::new();
    for field in fields {
        let (name, value) = field.split_once('=').ok_or_else(|| {
            Stop::new(format!(
                "-F {field:?}: expected NAME=VALUE, NAME=@FILE or NAME=<FILE"
            ))
            .with_code(2)
        })?;
        part(&mut body, &boundary, name, value)?;
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    Ok(Form { boundary, body })
}

fn part(body: &mut Vec<u8>, boundary: &str, name: &str, value: &str) -> Result<(), Stop> {
    let (mut file, mut kind) = (None, None);
    let content = match value.strip_prefix(LITERAL) {
        Some(text) => text.as_bytes().to_vec(),
        None => {
            let mut settings = value.split(';');
            let mut value = settings.next().unwrap_or_default().to_owned();
            for setting in settings {
                match setting.trim_start().split_once('=') {
                    Some(("type", text)) => kind = Some(text.to_owned()),
                    Some(("filename", text)) => file = Some(text.trim_matches('"').to_owned()),
                    // It is a part of the value.
                    _ => {
                        value.push(';');
                        value.push_str(setting);
                    }
                }
            }
            match (value.strip_prefix('@'), value.strip_prefix('<')) {
                (Some(path), _) => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    file.get_or_insert_with(|| name.to_owned());
                    kind.get_or_insert_with(|| of_name(name).to_owned());
                    read(path).map_err(|stop| stop.with_code(26))?
                }
                (_, Some(path)) => read(path).map_err(|stop| stop.with_code(26))?,
                _ => value.into_bytes(),
            }
        }
    };
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
        quoted(name)
    );
    if let Some(file) = file {
        head.push_str(&format!("; filename=\"{}\"", quoted(&file)));
    }
    if let Some(kind) = kind {
        head.push_str(&format!("\r\nContent-Type: {kind}"));
    }
    head.push_str("\r\n\r\n");
    body.extend(head.bytes());
    body.extend(content);
    body.extend(b"\r\n");
    Ok(())
}

fn of_name(name: &str) -> &'static str {
    let lower = name.to_lowercase();
    TYPES
        .iter()
        .find(|(end, _)| lower.ends_with(end))
        .map_or("application/octet-stream", |(_, kind)| kind)
}
