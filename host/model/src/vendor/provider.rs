//! The providers: which protocol each speaks, where, and with which key.

use std::net::IpAddr;

use genai::adapter::AdapterKind;
use reqwest::Url;

use crate::credentials::Credentials;
use crate::error::Error;

/// A provider as it will be asked.
pub(super) struct Provider {
    /// The text before the slash.
    pub(super) id: String,
    /// The protocol.
    pub(super) kind: AdapterKind,
    /// The address, ending in a slash.
    pub(super) base: String,
    pub(super) key: Option<String>,
    pub(super) key_variable: String,
}

/// The key of a request, if it carries one.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    Required,
    /// Sent when there is one.
    Optional,
    /// The protocol has no place for one, so it is not even looked up.
    Unused,
}

/// The address of a provider, when its `_API_BASE` does not say otherwise.
#[derive(Clone, Copy)]
enum Base {
    At(&'static str),
    /// Every customer has an address of its own; this is what one looks like.
    Yours(&'static str),
}

/// One provider: its id, its protocol, the prefix of its variables (`…_API_KEY`, `…_API_BASE`), key
/// and address.
struct Row(&'static str, AdapterKind, &'static str, Key, Base);

use AdapterKind as Kind;
use Base::{At, Yours};
use Key::{Optional, Required, Unused};

/// An example of an address of Vertex.
const VERTEX: &str = "https://aiplatform.googleapis.com/v1/projects/NAME/locations/global/";

/// Three rows differ in their protocol or their variables only.
const GOOGLE: &str = "https://generativelanguage.googleapis.com/v1beta/";

/// The providers genai 0.7.2 speaks to, and two more that offer OpenAI's protocol at an address of
/// their own. A test holds it against genai's own list and addresses.
#[rustfmt::skip] // one row a line, so that it reads as a table
const PROVIDERS: &[Row] = &[
    Row("aihubmix", Kind::Aihubmix, "AIHUBMIX", Required, At("https://aihubmix.com/v1/")),
    Row("aliyun", Kind::Aliyun, "ALIYUN", Required,
        At("https://dashscope.aliyuncs.com/compatible-mode/v1/")),
    Row("anthropic", Kind::Anthropic, "ANTHROPIC", Required, At("https://api.anthropic.com/v1/")),
    Row("api-route", Kind::ApiRoute, "API_ROUTE", Required, At("https://global.api-route.com/v1/")),
    Row("atlascloud", Kind::AtlasCloud, "ATLASCLOUD", Required,
        At("https://api.atlascloud.ai/v1/")),
    Row("azure", Kind::OpenAI, "AZURE", Required,
        Yours("https://NAME.openai.azure.com/openai/v1/")),
    // genai's own adapter ignores a configured address; the protocol is OpenAI's.
    Row("baidu", Kind::OpenAI, "BAIDU", Required, At("https://qianfan.baidubce.com/v2/")),
    // The region is part of the address. It decides where data goes, so none is assumed.
    Row("bedrock", Kind::BedrockApi, "BEDROCK", Required,
        Yours("https://bedrock-runtime.REGION.amazonaws.com/")),
    Row("bigmodel", Kind::BigModel, "BIGMODEL", Required,
        At("https://open.bigmodel.cn/api/paas/v4/")),
    Row("cloudgpu", Kind::CloudGpu, "CLOUDGPU", Required, At("https://cloudgpu.app/v1/")),
    // genai's own adapter leaves the tools out; Cohere also offers OpenAI's protocol, with tools.
    Row("cohere", Kind::OpenAI, "COHERE", Required, At("https://api.cohere.ai/compatibility/v1/")),
    Row("deepseek", Kind::DeepSeek, "DEEPSEEK", Required, At("https://api.deepseek.com/v1/")),
    Row("fireworks", Kind::Fireworks, "FIREWORKS", Required,
        At("https://api.fireworks.ai/inference/v1/")),
    Row("gemini", Kind::Gemini, "GEMINI", Required, At(GOOGLE)),
    Row("gemini-interactions", Kind::GeminiIx, "GEMINI", Required, At(GOOGLE)),
    Row("github", Kind::GithubCopilot, "GITHUB", Required,
        At("https://models.github.ai/inference/")),
    Row("google", Kind::Gemini, "GOOGLE", Required, At(GOOGLE)),
    Row("groq", Kind::Groq, "GROQ", Required, At("https://api.groq.com/openai/v1/")),
    Row("heabsy", Kind::Heabsy, "HEABSY", Required, At("https://api.heabsy.com/v1/")),
    Row("kimi", Kind::Kimi, "KIMI", Required, At("https://api.moonshot.ai/v1/")),
    Row("mimo", Kind::Mimo, "MIMO", Required, At("https://api.mimo.com/openai/v1/")),
    Row("minimax", Kind::MiniMax, "MINIMAX", Required, At("https://api.minimax.io/anthropic/v1/")),
    Row("mistral", Kind::Mistral, "MISTRAL", Required, At("https://api.mistral.ai/v1/")),
    Row("moonshot", Kind::Moonshot, "MOONSHOT", Required, At("https://api.moonshot.cn/v1/")),
    Row("nebius", Kind::Nebius, "NEBIUS", Required, At("https://api.studio.nebius.ai/v1/")),
    Row("ollama", Kind::Ollama, "OLLAMA", Unused, At("http://localhost:11434/")),
    Row("ollama-cloud", Kind::OllamaCloud, "OLLAMA_CLOUD", Required, At("https://ollama.com/")),
    Row("omlx", Kind::Omlx, "OMLX", Optional, At("http://127.0.0.1:8000/v1/")),
    Row("openai", Kind::OpenAI, "OPENAI", Required, At("https://api.openai.com/v1/")),
    // The same service in its newer protocol, which some of its models insist on.
    Row("openai-responses", Kind::OpenAIResp, "OPENAI", Required, At("https://api.openai.com/v1/")),
    Row("opencode", Kind::OpenCodeGo, "OPENCODE", Required, At("https://opencode.ai/zen/go/v1/")),
    Row("openrouter", Kind::OpenRouter, "OPENROUTER", Required,
        At("https://openrouter.ai/api/v1/")),
    Row("qwen", Kind::QwenCloud, "QWEN", Required,
        At("https://dashscope-intl.aliyuncs.com/compatible-mode/v1/")),
    Row("requesty", Kind::Requesty, "REQUESTY", Required, At("https://router.requesty.ai/v1/")),
    Row("runcrate", Kind::Runcrate, "RUNCRATE", Required, At("https://api.runcrate.ai/v1/")),
    Row("together", Kind::Together, "TOGETHER", Required, At("https://api.together.xyz/v1/")),
    Row("vercel", Kind::OpenAI, "VERCEL", Required, At("https://ai-gateway.vercel.sh/v1/")),
    // Its key is an access token, and its address names a project.
    Row("vertex", Kind::Vertex, "VERTEX", Required, Yours(VERTEX)),
    Row("xai", Kind::Xai, "XAI", Required, At("https://api.x.ai/v1/")),
    // genai's own adapter ignores a configured address; the protocol is OpenAI's.
    Row("zai", Kind::OpenAI, "ZAI", Required, At("https://api.z.ai/api/paas/v4/")),
];

impl Provider {
    /// Looks a provider up and completes it with its key and address.
    ///
    /// A provider that is not in the table is one that speaks OpenAI's protocol (vLLM, LM Studio, a
    /// gateway) when its `<PROVIDER>_API_BASE` is there; its key is sent when there is one.
    pub(super) fn find(id: &str, credentials: &Credentials) -> Result<Self, Error> {
        let own_prefix = id.to_ascii_uppercase().replace('-', "_");
        let row = PROVIDERS.iter().find(|Row(row, ..)| *row == id);
        let (kind, prefix, need, default) = match row {
            Some(Row(_, kind, prefix, need, base)) => (*kind, *prefix, *need, Some(*base)),
            // Of genai's adapters for OpenAI's protocol it is Omlx that can do without a key.
            None => (Kind::Omlx, own_prefix.as_str(), Optional, None),
        };
        let key_variable = format!("{prefix}_API_KEY");
        let base_variable = format!("{prefix}_API_BASE");

        let base = match (credentials.get(&base_variable), default) {
            (Some(base), _) => checked(base).map_err(|problem| Error::BadBase {
                variable: base_variable,
                problem,
            })?,
            (None, Some(At(base))) => base.to_owned(),
            (None, Some(Yours(example))) => {
                return Err(Error::MissingBase {
                    provider: id.into(),
                    variable: base_variable,
                    example,
                });
            }
            (None, None) => {
                return Err(Error::UnknownProvider {
                    provider: id.into(),
                    variable: base_variable,
                    known: known(),
                });
            }
        };
        let key = credentials
            .get(&key_variable)
            .filter(|_| need != Unused)
            .map(str::to_owned);
        if key.is_none() && need == Required {
            return Err(Error::MissingKey {
                provider: id.into(),
                variable: key_variable,
            });
        }
        if key.is_some() && crosses_a_network_in_the_clear(&base) {
            tracing::warn!(
                provider = id,
                "the key is sent without encryption: its address begins with http:"
            );
        }
        Ok(Self {
            id: id.into(),
            kind,
            base,
            key,
            key_variable,
        })
    }

    /// Takes the key out of a text that may repeat it.
    pub(super) fn redact(&self, text: &str) -> String {
        match self.key.as_deref() {
            Some(key) => text.replace(key, "[key]"),
            None => text.to_owned(),
        }
    }
}

/// Every provider an Agentfile can name, ours first.
fn known() -> String {
    let vendors = PROVIDERS.iter().map(|Row(id, ..)| *id);
    ["builtin", "script"]
        .into_iter()
        .chain(vendors)
        .collect::<Vec<_>>()
        .join(", ")
}

/// An address genai can append a path to, or what is wrong with it.
fn checked(base: &str) -> Result<String, &'static str> {
    let mut url = Url::parse(base).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it is neither an http nor an https URL");
    }
    // It would be repeated wherever the address is.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it holds a query or a fragment, and a path has to be added to it");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url.into())
}

/// Gateways inside a cluster are often plain http, so this is told and not refused.
fn crosses_a_network_in_the_clear(base: &str) -> bool {
    Url::parse(base).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let local = host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
        url.scheme() == "http" && host != "localhost" && !local
    })
}

#[cfg(test)]
mod tests;
