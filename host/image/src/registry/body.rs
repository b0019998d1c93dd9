//! Bodies of answers, read up to a limit.

use std::time::Duration;

use reqwest::Response;
use serde::Deserialize;

/// The longest time a registry may say nothing in the middle of an answer.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The largest body of an error that is looked at, in bytes: the sentence in it is short.
const ERROR_MAX_BYTES: u64 = 16 << 10;

/// Maximum characters that are shown of a registry's own sentence.
const SENTENCE_MAX_CHARS: usize = 200;

/// Reasons why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("{0}")]
    Connection(#[from] reqwest::Error),
    #[error("it said nothing for {} s", SILENCE_MAX.as_secs())]
    Silence,
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
}

/// The next piece of a body.
pub(super) async fn chunk(response: &mut Response) -> Result<Option<bytes::Bytes>, BodyError> {
    match tokio::time::timeout(SILENCE_MAX, response.chunk()).await {
        Ok(chunk) => Ok(chunk?),
        Err(_) => Err(BodyError::Silence),
    }
}

/// Reads a body of at most `max` bytes.
pub(super) async fn read(mut response: Response, max: u64) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = chunk(&mut response).await? {
        if (body.len() + chunk.len()) as u64 > max {
            return Err(BodyError::TooLarge(max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The errors of a registry (OCI distribution specification, "Error codes").
#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Returns what a registry says went wrong, as far as it can be shown: its bytes are not for a
/// terminal.
pub(super) async fn sentence(response: Response) -> String {
    let Ok(body) = read(response, ERROR_MAX_BYTES).await else {
        return String::new();
    };
    let Ok(Errors { errors }) = serde_json::from_slice(&body) else {
        return String::new();
    };
    let Some(OneError { code, message }) = errors.into_iter().next() else {
        return String::new();
    };
    let text = if message.is_empty() { code } else { message };
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    format!(": {}", plain.take(SENTENCE_MAX_CHARS).collect::<String>())
}
