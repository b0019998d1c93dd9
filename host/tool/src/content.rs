//! Results that are more than text: content of typed tools, and output of commands that no reader
//! of text could use.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cofferdam_call::{Block, Resource};
use cofferdam_capability::{Account, ForeignText, json};
use serde::Deserialize;
use serde_json::Value;

/// The `$id` of an output schema whose tool answers with content: the SDK's `Content` has it. Its
/// results are `{"content": [block…], "structured"?: value}`, and the schema of `structured` is
/// what clients are told.
const CONTENT: &str = "urn:cofferdam:content:1";

/// The name of what a command wrote to standard output, for clients.
const STDOUT: &str = "cofferdam:stdout";

/// The type of bytes of which nothing more is known.
const UNKNOWN: &str = "application/octet-stream";

/// The longest media type, in bytes: RFC 6838 allows names of 127 characters.
const MAX_MEDIA_TYPE: usize = 255;

/// The result of a tool that answers with content.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    #[serde(rename = "content")]
    pub(crate) blocks: Vec<Block>,
    #[serde(default)]
    pub(crate) structured: Option<Value>,
}

/// The output schema beside the content, of a tool that answers with content: nothing where there
/// is none. Returns the schema itself for every other tool.
pub(crate) fn structured(output_schema: &Value) -> Option<&Value> {
    if !is_content(output_schema) {
        return Some(output_schema);
    }
    output_schema
        .pointer("/properties/structured")
        .filter(|schema| schema.get("type").is_none_or(|kind| kind != "null"))
}

/// Returns true if a tool of this output schema answers with content.
pub(crate) fn is_content(output_schema: &Value) -> bool {
    output_schema.get("$id").is_some_and(|id| id == CONTENT)
}

/// A result that is not content: one sentence that says where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoContent(String);

impl Content {
    /// Reads a result, if `account` covers what it becomes.
    ///
    /// # Errors
    ///
    /// One sentence that says what is wrong with it.
    pub(crate) fn read(text: &str, account: &Account) -> Result<Self, NoContent> {
        let held = json::parse(text, "the parsed result", account)
            .map_err(|problem| NoContent(problem.to_string()))?;
        let content: Self = serde_json::from_value(held.value)
            .map_err(|error| NoContent(format!("it is not content: {error}")))?;
        for (index, block) in content.blocks.iter().enumerate() {
            check(block).map_err(|problem| NoContent(format!("at /content/{index}: {problem}")))?;
        }
        Ok(content)
    }

    /// The content as far as a model reads it that is given text alone.
    pub(crate) fn text(&self) -> String {
        let mut parts: Vec<String> = self.blocks.iter().map(words).collect();
        parts.extend(self.structured.as_ref().map(Value::to_string));
        parts.join("\n")
    }
}

/// Clients decode what is base64, and look for the kind of a file in its type.
fn check(block: &Block) -> Result<(), String> {
    let base64 = |data: &str| match BASE64_STANDARD.decode(data) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the data is not base64: {error}")),
    };
    match block {
        Block::Text { .. } => Ok(()),
        Block::Image { data, media_type } => {
            check_type(media_type, "image/").and_then(|()| base64(data))
        }
        Block::Audio { data, media_type } => {
            check_type(media_type, "audio/").and_then(|()| base64(data))
        }
        Block::Resource { resource } => {
            let Resource {
                uri: _,
                media_type,
                text,
                blob,
            } = resource;
            if let Some(media_type) = media_type {
                check_type(media_type, "")?;
            }
            match (text, blob) {
                (Some(_), None) => Ok(()),
                (None, Some(blob)) => base64(blob),
                _ => Err("a resource has `text` or `blob`, and not both".to_owned()),
            }
        }
    }
}

fn check_type(media_type: &str, begins: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let fits = media_type.len() <= MAX_MEDIA_TYPE
        && media_type.chars().all(plain)
        && media_type.contains('/')
        && media_type.starts_with(begins);
    if fits {
        return Ok(());
    }
    let end = media_type.floor_char_boundary(MAX_MEDIA_TYPE);
    let shown = ForeignText::line(media_type.get(..end).unwrap_or_default()).to_string();
    Err(format!(
        "`{shown}` is not a media type: expected one such as {begins}…"
    ))
}

/// A block in words.
fn words(block: &Block) -> String {
    let unseen = |kind: &str, media_type: &str, data: &str| {
        // Of four characters of base64, three bytes come.
        let bytes = data.len() / 4 * 3;
        format!("({kind} of about {bytes} bytes, {media_type}: this is text, so it is not shown)")
    };
    match block {
        Block::Text { text } => text.clone(),
        Block::Image { data, media_type } => unseen("an image", media_type, data),
        Block::Audio { data, media_type } => unseen("a recording", media_type, data),
        Block::Resource { resource } => match (&resource.text, &resource.blob) {
            (Some(text), _) => format!("{}:\n{text}", resource.uri),
            (None, blob) => {
                let media_type = resource.media_type.as_deref().unwrap_or(UNKNOWN);
                unseen(
                    &format!("the file {}", resource.uri),
                    media_type,
                    blob.as_deref().unwrap_or_default(),
                )
            }
        },
    }
}

/// Bytes that are not text.
#[derive(Debug)]
pub(crate) struct Binary {
    /// For clients.
    pub(crate) block: Block,
    /// For a model that is given text alone.
    pub(crate) text: String,
}

impl Binary {
    /// Standard output that is no text: an image or a recording as such, anything else as a file.
    /// Returns nothing for text.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if std::str::from_utf8(bytes).is_ok() {
            return None;
        }
        let kind = infer::get(bytes);
        let media_type = kind.map_or(UNKNOWN, |kind| kind.mime_type()).to_owned();
        let data = BASE64_STANDARD.encode(bytes);
        let text = format!(
            "the output is not text: {} bytes of {media_type}, in base64:\n{data}",
            bytes.len()
        );
        let block = match kind.map(|kind| kind.matcher_type()) {
            Some(infer::MatcherType::Image) => Block::Image { data, media_type },
            Some(infer::MatcherType::Audio) => Block::Audio { data, media_type },
            _ => Block::Resource {
                resource: Resource {
                    uri: STDOUT.to_owned(),
                    media_type: Some(media_type),
                    text: None,
                    blob: Some(data),
                },
            },
        };
        Some(Self { block, text })
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::Limits;
    use serde_json::json;

    use super::*;

    fn read(result: &Value) -> Result<Content, NoContent> {
        Content::read(
            &result.to_string(),
            &Account::new(Limits::DEFAULT.host_memory),
        )
    }

    #[track_caller]
    fn refused(block: &Value, part: &str) {
        let problem = read(&json!({ "content": [block] }))
            .unwrap_err()
            .to_string();
        assert!(problem.contains(part), "{problem}");
    }

    #[test]
    fn content_comes_as_it_is_and_a_reader_of_text_is_told() {
        let content = read(&json!({ "content": [
            { "type": "text", "text": "two" },
            { "type": "image", "data": "iVBORw==", "mimeType": "image/png" },
            { "type": "resource", "resource": { "uri": "a:b", "text": "three" } },
        ], "structured": { "n": 1 } }))
        .unwrap();
        assert_eq!(content.blocks.len(), 3);
        let text = content.text();
        assert!(
            text.starts_with("two\n(an image of about 6 bytes, image/png"),
            "{text}"
        );
        assert!(text.ends_with("a:b:\nthree\n{\"n\":1}"), "{text}");
    }

    #[test]
    fn what_clients_cannot_read_is_refused() {
        let image =
            |data: &str, kind: &str| json!({ "type": "image", "data": data, "mimeType": kind });
        refused(
            &image("%%", "image/png"),
            "at /content/0: the data is not base64",
        );
        refused(&image("", "text/plain"), "`text/plain` is not a media type");
        refused(&image("", "image/\u{1b}"), "is not a media type");
        refused(&json!({ "type": "video" }), "unknown variant `video`");
        let both = json!({ "uri": "a", "text": "", "blob": "" });
        refused(
            &json!({ "type": "resource", "resource": both }),
            "`text` or `blob`",
        );
        assert!(read(&json!([])).is_err());
    }

    #[test]
    fn bytes_have_the_type_that_their_beginning_tells() {
        assert!(Binary::of("text: ü".as_bytes()).is_none());
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        let image = Binary::of(png).unwrap();
        assert!(
            matches!(image.block, Block::Image { media_type, .. } if media_type == "image/png")
        );
        assert!(
            image.text.contains("16 bytes of image/png"),
            "{}",
            image.text
        );
        let wav = [b"RIFF\xff\xff\xff\xffWAVEfmt ".as_slice(), &[0xff; 8]].concat();
        assert!(matches!(
            Binary::of(&wav).unwrap().block,
            Block::Audio { .. }
        ));
        let other = Binary::of(b"\xff\xfe\x00").unwrap();
        assert!(
            matches!(other.block, Block::Resource { resource } if resource.blob.is_some()
                && resource.media_type.as_deref() == Some(UNKNOWN))
        );
    }
}
