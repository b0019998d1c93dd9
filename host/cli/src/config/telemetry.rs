//! `[telemetry]`: what leaves this host about what happens in it.

use cofferdam_server::OtlpUrl;
use schemars::JsonSchema;
use serde::Deserialize;

/// The table as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Written {
    /// The collector that spans of turns, model calls and tool calls are exported to, over gRPC in
    /// clear: `http://HOST:PORT`.
    otlp: Option<Url>,
}

/// The address of a collector, such as `http://127.0.0.1:4317`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^[hH][tT][tT][pP]://.+:[0-9]+/?$"))]
struct Url(OtlpUrl);

impl Written {
    /// The collector, if there is one.
    pub(super) fn collector(self) -> Option<OtlpUrl> {
        self.otlp.map(|url| url.0)
    }
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = text.parse::<OtlpUrl>();
        url.map(Self).map_err(|error| format!("{text:?}: {error}"))
    }
}
