//! Answers that are more than JSON: text, images, recordings and files.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// The `$id` of the schema by which the host knows that a tool answers with content.
const CONTENT: &str = "urn:cofferdam:content:1";

/// An answer of blocks, in the order in which a reader meets them. Clients of MCP get each as what
/// it is; a model that is given text alone reads the texts, and is told of the rest.
///
/// ```
/// use cofferdam_guest::Content;
///
/// let answer: Content = Content::new()
///     .text("The chart:")
///     .image("image/png", b"\x89PNG");
/// ```
///
/// Beside the blocks there may be a value: `Content<Totals>` with
/// [`structured`](Content::structured).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content<T = ()> {
    content: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured: Option<T>,
}

/// One block, as the host reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Block {
    Text {
        text: String,
    },
    Image {
        data: String,
        #[serde(rename = "mimeType")]
        media_type: String,
    },
    Audio {
        data: String,
        #[serde(rename = "mimeType")]
        media_type: String,
    },
    Resource {
        resource: Resource,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Resource {
    uri: String,
    #[serde(rename = "mimeType")]
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
}

impl<T> Content<T> {
    /// An answer without blocks.
    pub fn new() -> Self {
        Self {
            content: Vec::new(),
            structured: None,
        }
    }

    /// Adds text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Block::Text { text: text.into() })
    }

    /// Adds an image of this media type, such as `image/png`.
    #[must_use]
    pub fn image(self, media_type: &str, bytes: &[u8]) -> Self {
        self.with(Block::Image {
            data: base64(bytes),
            media_type: media_type.to_owned(),
        })
    }

    /// Adds a recording of this media type, such as `audio/wav`.
    #[must_use]
    pub fn audio(self, media_type: &str, bytes: &[u8]) -> Self {
        self.with(Block::Audio {
            data: base64(bytes),
            media_type: media_type.to_owned(),
        })
    }

    /// Adds a file that is text. The URI is its name, and need not lead anywhere.
    #[must_use]
    pub fn file(self, uri: &str, media_type: &str, text: impl Into<String>) -> Self {
        self.with(Block::Resource {
            resource: Resource {
                uri: uri.to_owned(),
                media_type: media_type.to_owned(),
                text: Some(text.into()),
                blob: None,
            },
        })
    }

    /// Adds a file that is not text.
    #[must_use]
    pub fn binary_file(self, uri: &str, media_type: &str, bytes: &[u8]) -> Self {
        self.with(Block::Resource {
            resource: Resource {
                uri: uri.to_owned(),
                media_type: media_type.to_owned(),
                text: None,
                blob: Some(base64(bytes)),
            },
        })
    }

    /// Puts a value beside the blocks, for clients that compute with it.
    #[must_use]
    pub fn structured(self, value: T) -> Self {
        Self {
            structured: Some(value),
            ..self
        }
    }

    fn with(mut self, block: Block) -> Self {
        self.content.push(block);
        self
    }
}

impl<T> Default for Content<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: JsonSchema> JsonSchema for Content<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let structured = generator.subschema_for::<T>();
        json_schema!({
            "$id": CONTENT,
            "type": "object",
            "properties": {
                "content": { "type": "array", "items": { "type": "object" } },
                "structured": structured,
            },
            "required": ["content"],
        })
    }
}

/// Bytes in base64 (RFC 4648, with padding). A library would be larger than these lines.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three
            .iter_mut()
            .zip(group)
            .for_each(|(to, from)| *to = *from);
        let [first, second, third] = three.map(u32::from);
        let bits = (first << 16) | (second << 8) | third;
        for place in 0..4_usize {
            let index = (bits >> (18 - 6 * place)) & 63;
            let digit = usize::try_from(index)
                .ok()
                .and_then(|index| ALPHABET.get(index));
            let padding = place > group.len();
            text.push(if padding {
                '='
            } else {
                digit.copied().map_or('=', char::from)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ToolError;
    use crate::glue::{Catalog, Descriptor, Entry};
    use crate::{Context, tool};

    #[derive(serde::Deserialize, JsonSchema)]
    struct Input {}

    /// Draws.
    #[tool]
    fn draw(_: Input) -> Result<Content<u32>, ToolError> {
        Ok(Content::new()
            .text("one")
            .image("image/png", b"\x89PNG\r\n")
            .structured(1))
    }

    #[test]
    fn content_is_what_the_host_reads() {
        const CATALOG: Catalog = Catalog::new(&[Entry::of::<draw>()]);
        let catalog = CATALOG;
        let answer = catalog.call("draw", "{}", &Context::for_tests());
        let answer: serde_json::Value = serde_json::from_str(&answer.unwrap()).unwrap();
        assert_eq!(
            answer,
            json!({ "content": [
                { "type": "text", "text": "one" },
                { "type": "image", "data": "iVBORw0K", "mimeType": "image/png" },
            ], "structured": 1 })
        );
        let schema = Descriptor::of::<draw>().output_schema;
        assert_eq!(schema.get("$id"), Some(&json!(CONTENT)));
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"\xff\xfe\xfd\xfc", "//79/A=="),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }
}
