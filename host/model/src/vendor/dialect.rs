//! The protocols that providers speak, as far as they differ in what they can be asked for.

use genai::adapter::AdapterKind as Kind;

use super::provider::Provider;
use crate::error::Error;
use crate::sampling::Sampling;

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAI's chat completions, which most providers speak.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Google's `generateContent`.
    Gemini,
    /// Google's interactions.
    Interactions,
    /// Ollama's own.
    Ollama,
    /// One of which the library writes the usual fields alone.
    Narrow,
}

/// Settings beside `max-tokens`, `temperature` and `top-p`, which every protocol has.
const SETTINGS: [&str; 5] = [
    "top-k",
    "presence-penalty",
    "frequency-penalty",
    "seed",
    "stop",
];

impl Dialect {
    /// The protocol of a provider for this model.
    pub(super) fn of(kind: Kind, model: &str) -> Self {
        match kind {
            Kind::OpenAIResp => Self::Responses,
            Kind::Anthropic | Kind::MiniMax => Self::Messages,
            Kind::Gemini => Self::Gemini,
            Kind::Vertex if model.starts_with("gemini") => Self::Gemini,
            Kind::GeminiIx => Self::Interactions,
            Kind::Ollama | Kind::OllamaCloud => Self::Ollama,
            Kind::Vertex | Kind::BedrockApi | Kind::OpenCodeGo => Self::Narrow,
            _ => Self::Chat,
        }
    }

    /// The settings of [`SETTINGS`] that it has no field for, or that the library has none for.
    fn missing(self, provider: &str) -> &'static [&'static str] {
        match self {
            // The company's own servers refuse a field that they do not know.
            Self::Chat if ["openai", "azure"].contains(&provider) => &["top-k"],
            Self::Chat | Self::Gemini => &[],
            Self::Responses => &SETTINGS,
            Self::Messages => &["presence-penalty", "frequency-penalty", "seed"],
            Self::Interactions | Self::Ollama => {
                &["top-k", "presence-penalty", "frequency-penalty"]
            }
            Self::Narrow => &["top-k", "presence-penalty", "frequency-penalty", "seed"],
        }
    }

    /// Refuses a setting that the provider cannot be asked for: it would be dropped in silence, or
    /// every turn would fail.
    pub(super) fn check(self, provider: &Provider, sampling: &Sampling) -> Result<(), Error> {
        let refused = |setting, instead| Error::Sampling {
            provider: provider.id.clone(),
            setting,
            instead,
        };
        let Sampling {
            max_tokens: _,
            temperature,
            top_p: _,
            top_k,
            presence_penalty,
            frequency_penalty,
            seed,
            stop,
        } = sampling;
        let chosen = [
            top_k.is_some(),
            presence_penalty.is_some(),
            frequency_penalty.is_some(),
            seed.is_some(),
            !stop.is_empty(),
        ];
        let missing = self.missing(&provider.id);
        let mut chosen = SETTINGS.iter().zip(chosen).filter(|(_, chosen)| *chosen);
        if let Some((setting, _)) = chosen.find(|(setting, _)| missing.contains(setting)) {
            return Err(refused(setting, ""));
        }
        if self == Self::Messages && temperature.is_some_and(|temperature| temperature > 1.0) {
            return Err(refused("temperature", " above 1"));
        }
        Ok(())
    }

    /// Returns true if the provider wants the thoughts of a turn back, together with the results of
    /// its tools, and the library has to be asked to keep them. Others refuse them.
    pub(super) fn keeps_thinking(self, kind: Kind) -> bool {
        self == Self::Messages
            || matches!(
                kind,
                Kind::BedrockApi | Kind::DeepSeek | Kind::Kimi | Kind::Moonshot | Kind::Mistral
            )
    }

    /// Returns true if the library ends a stream that broke off as one that is complete, and only
    /// the missing reason shows it.
    pub(super) fn hides_breaks(self) -> bool {
        matches!(
            self,
            Self::Responses | Self::Gemini | Self::Interactions | Self::Ollama
        )
    }
}
