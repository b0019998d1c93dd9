//! A provider asked once, to see that it can be asked.

use std::time::Duration;

use genai::ModelIden;
use genai::ServiceTarget;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest};
use genai::resolver::{AuthData, Endpoint, ProviderConfig};

use super::failure::Failure;
use super::http;
use super::provider::Provider;
use crate::credentials::Credentials;
use crate::error::Error;

/// The longest check. A list of models comes within a second or two; a person waits for it.
const WALL: Duration = Duration::from_secs(15);

/// Models of one list that are kept. The largest gateways have a thousand.
const MAX_MODELS: usize = 10_000;

/// The answer of a provider that can be asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Answered {
    /// The models that it lists, in its order; empty where one was asked instead.
    pub models: Vec<String>,
    /// Models that agents may use by `providers.yaml`, or that were asked for, and that are not
    /// listed.
    pub absent: Vec<String>,
}

/// Asks a provider with its key and address: for the list of its models or, where the protocol has
/// none, for the shortest answer of `model`.
///
/// # Errors
///
/// As [`open`](crate::open), and [`Error::Vendor`] for one that refuses the key, cannot be reached,
/// or does not answer in its protocol. It is asked once.
pub async fn check(
    provider: &str,
    model: Option<&str>,
    credentials: &Credentials,
) -> Result<Answered, Error> {
    let found = Provider::find(provider, credentials)?;
    let mut expected: Vec<String> = match credentials.providers().find(provider) {
        Some(entry) => entry.models().to_vec(),
        None => Vec::new(),
    };
    if let Some(model) = model
        && !expected.iter().any(|known| known == model)
    {
        expected.push(model.to_owned());
    }
    let asked = tokio::time::timeout(WALL, once(&found, expected)).await;
    asked.unwrap_or_else(|_| {
        let seconds = WALL.as_secs();
        let late = Failure::unavailable(format!("gave no answer within {seconds} seconds"));
        Err(late.error(&found))
    })
}

/// Asks once. `expected` are models that should be listed.
async fn once(provider: &Provider, mut expected: Vec<String>) -> Result<Answered, Error> {
    let failed = |failure: Failure| failure.error(provider);
    if !provider.lists_by_heart() {
        let models = list(provider).await.map_err(failed)?;
        expected.retain(|model| !models.iter().any(|known| is_model(known, model)));
        return Ok(Answered {
            models,
            absent: expected,
        });
    }
    let Some(model) = expected.first() else {
        return Err(Error::NoList {
            provider: provider.id.clone(),
        });
    };
    ask(provider, model).await.map_err(failed)?;
    Ok(Answered {
        models: Vec::new(),
        absent: Vec::new(),
    })
}

async fn list(provider: &Provider) -> Result<Vec<String>, Failure> {
    let config = ProviderConfig::from_endpoint(Endpoint::from_owned(provider.base.as_str()))
        .with_auth(auth(provider));
    let names = http::client(provider)?
        .all_model_names(provider.kind, config)
        .await
        .map_err(|error| Failure::of(&error, provider))?;
    if names.len() > MAX_MODELS {
        return Err(Failure::answer(format!(
            "lists more than {MAX_MODELS} models"
        )));
    }
    Ok(names)
}

async fn ask(provider: &Provider, model: &str) -> Result<(), Failure> {
    let target = ServiceTarget {
        endpoint: Endpoint::from_owned(provider.base.as_str()),
        auth: auth(provider),
        model: ModelIden::new(provider.kind, model),
    };
    let chat = ChatRequest::new(vec![ChatMessage::user("hi")]);
    let options = ChatOptions::default().with_max_tokens(1);
    let answer = http::client(provider)?
        .exec_chat(target, chat, Some(&options))
        .await;
    answer
        .map(drop)
        .map_err(|error| Failure::of(&error, provider))
}

fn auth(provider: &Provider) -> AuthData {
    provider
        .key
        .as_deref()
        .map_or(AuthData::None, AuthData::from_single)
}

/// Returns true if a listed name is that of a model. Google's have `models/` before them, Ollama's
/// a tag behind them.
fn is_model(listed: &str, model: &str) -> bool {
    let listed = listed.strip_prefix("models/").unwrap_or(listed);
    listed == model || listed.strip_suffix(":latest") == Some(model)
}
