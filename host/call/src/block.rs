//! Content of a result that is more than text.

use serde::{Deserialize, Serialize};

/// One block of a result, in the form that clients of MCP get. Binary data is base64 (RFC 4648,
/// with padding).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Block {
    /// Text for a model.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    Image {
        /// The file, in base64.
        data: String,
        /// Its media type, such as `image/png`.
        #[serde(rename = "mimeType")]
        media_type: String,
    },
    /// A recording.
    Audio {
        /// The file, in base64.
        data: String,
        /// Its media type, such as `audio/wav`.
        #[serde(rename = "mimeType")]
        media_type: String,
    },
    /// A file of any kind.
    Resource {
        /// The file.
        resource: Resource,
    },
}

/// A file in a result: its content is `text` or `blob`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// A name for it, which need not lead anywhere.
    pub uri: String,
    /// Its media type, where it is known.
    #[serde(rename = "mimeType", default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its content, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its content in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
}
