//! Client credentials exchanged for a token (RFC 6749, section 4.4).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cofferdam_capability::{Grant, Scope, SecretName, TokenUrl};
use cofferdam_sandbox::{Allowance, Engine, Injection, OwnRequest, OwnRequestError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::value::{Pair, SecretValue};

/// The time that the server of tokens has, from the lookup of its name to the end of its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lifetime of a token whose server names none.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// The time before its end at which a token is not used any more: a request with it may wait as
/// long for its turn.
const MARGIN: Duration = Duration::from_secs(30);

/// The shortest time for which a token is kept.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest time for which a token is kept, whatever its server says.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Bytes that `application/x-www-form-urlencoded` writes as they are.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// An exchange, with all that it takes.
pub(super) struct Exchange<'a> {
    pub(super) engine: &'a Engine,
    pub(super) grant: &'a Grant,
    pub(super) allowance: &'a Allowance,
    pub(super) name: &'a SecretName,
    pub(super) client: Pair<'a>,
    pub(super) url: &'a TokenUrl,
    pub(super) scopes: &'a [Scope],
}

/// A token as its server gave it.
pub(super) struct IssuedToken {
    pub(super) value: SecretValue,
    /// The time for which it may be used.
    pub(super) lifetime: Duration,
    /// `host:port` of the server.
    pub(super) contacted: Vec<String>,
}

/// An exchange that gave no token. The message holds nothing of the server's answer.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct ExchangeError {
    problem: String,
    /// True unless the grant refuses the exchange.
    pub(super) retryable: bool,
}

/// The answer of a server (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Value,
}

impl Exchange<'_> {
    /// Asks for a token.
    pub(super) async fn run(self) -> Result<IssuedToken, ExchangeError> {
        let Self {
            engine,
            grant,
            allowance,
            name,
            client,
            url,
            scopes,
        } = self;
        let failed = |problem: String| ExchangeError {
            problem: format!("{url} gave no token: {problem}"),
            retryable: true,
        };
        let credentials = Injection::new(url.host().clone(), "authorization", &basic(&client))
            .ok_or_else(|| failed("its credentials fit into no header".to_owned()))?;
        let request = OwnRequest {
            grant,
            url,
            credentials,
            form: form(scopes),
            allowance,
        };
        let answer = tokio::time::timeout(PATIENCE, engine.post(request))
            .await
            .map_err(|_| failed(format!("it has not answered within {PATIENCE:?}")))?
            .map_err(|error| ExchangeError {
                retryable: matches!(error, OwnRequestError::Failed(_)),
                ..failed(error.to_string())
            })?;
        if answer.status != 200 {
            return Err(failed(format!("it answered {}", answer.status)));
        }
        let body = Zeroizing::new(answer.body.to_vec());
        let Answer {
            access_token,
            token_type,
            expires_in,
        } = serde_json::from_slice(&body)
            .map_err(|_| failed("its answer is not that of a token".to_owned()))?;
        if !token_type.eq_ignore_ascii_case("bearer") {
            return Err(failed("its token is none of type `bearer`".to_owned()));
        }
        let value = Zeroizing::new(access_token.into_bytes());
        let value = SecretValue::new(name, value)
            .map_err(|error| failed(format!("its token cannot be used: {error}")))?;
        Ok(IssuedToken {
            value,
            lifetime: lifetime(&expires_in),
            contacted: answer.contacted,
        })
    }
}

/// The time for which a token may be used. Some servers write the number as text.
fn lifetime(expires_in: &Value) -> Duration {
    let seconds = match expires_in {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let Some(seconds) = seconds else {
        return LIFETIME;
    };
    Duration::from_secs(seconds)
        .saturating_sub(MARGIN)
        .clamp(SHORTEST, LONGEST)
}

/// Id and secret of the client as RFC 6749, section 2.3.1 has them: encoded as in a form each, and
/// then as user and password.
fn basic(client: &Pair<'_>) -> Zeroizing<Vec<u8>> {
    let encoded = |part: &[u8]| percent_encode(part, FORM).to_string();
    let pair = Zeroizing::new(format!(
        "{}:{}",
        encoded(client.name),
        encoded(client.password)
    ));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", *encoded).into_bytes())
}

fn form(scopes: &[Scope]) -> String {
    let mut form = "grant_type=client_credentials".to_owned();
    for (index, scope) in scopes.iter().enumerate() {
        form.push_str(if index == 0 { "&scope=" } else { "+" });
        form.extend(percent_encode(scope.as_str().as_bytes(), FORM));
    }
    form
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_used_until_half_a_minute_before_its_end() {
        for (written, seconds) in [
            (json!(3_600), 3_570),
            (json!("120"), 90),
            (json!(31), 1),
            (json!(30), 1),
            (json!(0), 1),
            (json!(null), 3_600),
            (json!("soon"), 3_600),
            (json!(u64::MAX), 86_400),
        ] {
            assert_eq!(
                lifetime(&written),
                Duration::from_secs(seconds),
                "{written}"
            );
        }
    }

    #[test]
    fn scopes_and_credentials_are_written_as_in_a_form() {
        let scopes = ["read:all", "a/b"].map(|scope| scope.to_owned().try_into().unwrap());
        assert_eq!(
            form(&scopes),
            "grant_type=client_credentials&scope=read%3Aall+a%2Fb"
        );
        assert_eq!(form(&[]), "grant_type=client_credentials");
        let client = Pair {
            name: b"id",
            password: b"a:b c",
        };
        let encoded = STANDARD.encode("id:a%3Ab%20c");
        assert_eq!(*basic(&client), format!("Basic {encoded}").into_bytes());
    }
}
