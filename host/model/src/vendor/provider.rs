//! The providers: which protocol each speaks, where, and with which key.

use std::collections::BTreeMap;
use std::net::IpAddr;

use genai::adapter::AdapterKind;
use reqwest::Url;

use crate::address::checked;
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
    /// gateway) when it has an address; its key is sent when there is one.
    pub(super) fn find(id: &str, credentials: &Credentials) -> Result<Self, Error> {
        let row = PROVIDERS.iter().find(|Row(row, ..)| *row == id);
        let own_prefix = prefix(id);
        let (kind, prefix, need, default) = match row {
            Some(Row(_, kind, prefix, need, base)) => (*kind, *prefix, *need, Some(*base)),
            // Of genai's adapters for OpenAI's protocol it is Omlx that can do without a key.
            None => (Kind::Omlx, own_prefix.as_str(), Optional, None),
        };
        let key = credentials.key(id, &format!("{prefix}_API_KEY"));
        let base_variable = format!("{prefix}_API_BASE");
        let base = credentials.base(id, &base_variable);
        let listed = credentials.providers().find(id).is_some();
        // Nothing of it is in the file: the sentence is about the file, if there may be one.
        let not_configured = |hint: String| {
            let path = credentials.path().filter(|_| !listed)?;
            Some(Error::NotConfigured {
                provider: id.into(),
                path: path.into(),
                hint,
            })
        };

        let base = match (base.value, default) {
            (Some(value), _) => checked(&value).map_err(|problem| Error::BadBase {
                variable: base.place,
                problem,
            })?,
            (None, Some(At(base))) => base.to_owned(),
            (None, Some(Yours(example))) => {
                let hint = format!(
                    "it needs a key and the address of your own service, `api-base` there or \
                     {base_variable}, for example {example}"
                );
                return Err(not_configured(hint).unwrap_or(Error::MissingBase {
                    provider: id.into(),
                    variable: base.place,
                    example,
                }));
            }
            (None, None) => {
                let known = known();
                let hint = format!(
                    "there are {known}; any other that speaks OpenAI's protocol needs its \
                     address, as `api-base` there or in {base_variable}"
                );
                return Err(not_configured(hint).unwrap_or(Error::UnknownProvider {
                    provider: id.into(),
                    variable: base.place,
                    known,
                }));
            }
        };
        if key.value.is_none() && need == Required {
            let variable = key.to_set();
            let hint = format!("add it there, or set {variable}");
            return Err(not_configured(hint).unwrap_or(Error::MissingKey {
                provider: id.into(),
                variable,
            }));
        }
        let value = key.value.filter(|_| need != Unused);
        if value.is_some() && crosses_a_network_in_the_clear(&base) {
            tracing::warn!(
                provider = id,
                "the key is sent without encryption: its address begins with http:"
            );
        }
        Ok(Self {
            id: id.into(),
            kind,
            base,
            key: value,
            key_variable: key.place,
        })
    }

    /// True where genai knows a list of models by heart instead of asking the provider.
    pub(super) fn lists_by_heart(&self) -> bool {
        matches!(self.kind, Kind::Vertex | Kind::BedrockApi)
    }

    /// Takes the key out of a text that may repeat it.
    pub(super) fn redact(&self, text: &str) -> String {
        match self.key.as_deref() {
            Some(key) => text.replace(key, "[key]"),
            None => text.to_owned(),
        }
    }
}

/// The state of a provider's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// There is one.
    Set,
    /// There is none, and it cannot be asked without.
    Missing,
    /// There is none, and it may be asked without.
    Unneeded,
}

/// A provider that the operator configured, in the file or by a variable.
#[derive(Debug)]
pub struct Configured {
    /// The name.
    pub provider: String,
    /// The address it is asked at, if it has a usable one.
    pub base: Option<String>,
    /// The state of its key.
    pub key: KeyState,
    /// The place of its configuration: a line of the file, or variables.
    pub origin: String,
    /// The models that agents may use; empty for all of them.
    pub models: Vec<String>,
    /// The reason why it cannot be asked.
    pub problem: Option<String>,
}

impl Configured {
    fn of(id: &str, credentials: &Credentials, origin: String) -> Self {
        let found = Provider::find(id, credentials);
        let providers = credentials.providers();
        let entry = providers.find(id);
        let key = match &found {
            Ok(Provider { key: Some(_), .. }) => KeyState::Set,
            Ok(_) => KeyState::Unneeded,
            Err(Error::MissingKey { .. }) => KeyState::Missing,
            Err(_) if entry.is_some_and(|entry| entry.has_key()) => KeyState::Set,
            Err(_) => KeyState::Missing,
        };
        Self {
            provider: id.to_owned(),
            key,
            origin,
            models: entry.map_or_else(Vec::new, |entry| entry.models().to_vec()),
            problem: found.as_ref().err().map(ToString::to_string),
            base: found.ok().map(|provider| provider.base),
        }
    }
}

/// Every provider that the operator configured: those of the file in its order, then those of
/// variables.
pub fn configured(credentials: &Credentials) -> Vec<Configured> {
    let providers = credentials.providers();
    let mut found: Vec<_> = providers
        .entries()
        .iter()
        .map(|entry| {
            let origin = format!("{}:{}", providers.path(), entry.line());
            Configured::of(entry.name(), credentials, origin)
        })
        .collect();
    let mut prefixes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for variable in credentials.variables() {
        let suffixes = ["_API_KEY", "_API_BASE"];
        if let Some(prefix) = suffixes.iter().find_map(|end| variable.strip_suffix(end)) {
            prefixes.entry(prefix).or_default().push(variable);
        }
    }
    for (prefix, variables) in prefixes {
        let known = PROVIDERS.iter().filter(|Row(_, _, row, ..)| *row == prefix);
        let mut ids: Vec<_> = known.map(|Row(id, ..)| (*id).to_owned()).collect();
        // Any other name is a provider's only together with an address: many programs have keys.
        if ids.is_empty() && variables.iter().any(|name| name.ends_with("_API_BASE")) {
            ids.push(prefix.to_ascii_lowercase().replace('_', "-"));
        }
        let new = ids.iter().filter(|id| providers.find(id).is_none());
        found.extend(new.map(|id| Configured::of(id, credentials, variables.join(", "))));
    }
    found
}

/// The beginning of the variables of a provider that is not in the table.
fn prefix(id: &str) -> String {
    id.to_ascii_uppercase().replace('-', "_")
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
