//! The challenge of a registry before it answers: a password, or a token that its token server
//! gives.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use docker_credential::DockerCredential;
use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, Url};
use serde::Deserialize;

use super::backoff::Failure;
use super::body;
use super::target::Target;

/// The largest answer of a token server, in bytes. Tokens have one or two KiB, with many groups in
/// them a few more.
const TOKEN_MAX_BYTES: u64 = 64 << 10;

/// The longest time a token server may take.
const TOKEN_WALL: Duration = Duration::from_secs(30);

/// The credentials that a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password.
    Basic,
    /// A token of this server.
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    /// The challenges of an answer that we know how to meet, of all its headers.
    pub(super) fn all(headers: &HeaderMap) -> Vec<Self> {
        let texts = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut all = Vec::new();
        for text in texts {
            let text = single_spaces(text);
            // A challenge that cannot be parsed hides those behind it, and not those before it.
            let read = ChallengeParser::new(&text).map_while(Result::ok);
            all.extend(read.filter_map(|one| Self::read(&one)));
        }
        all
    }

    /// The challenge to meet. A token server may give a token to anybody, and a password is shown
    /// to the registry itself only if nothing else is asked for.
    pub(super) fn to_meet(all: Vec<Self>, credential: Option<&DockerCredential>) -> Option<Self> {
        let has_password = matches!(credential, Some(DockerCredential::UsernamePassword(..)));
        let can_be_met = |one: &Self| matches!(one, Self::Bearer { .. }) || has_password;
        let possible = all.into_iter().filter(can_be_met);
        possible.min_by_key(|one| matches!(one, Self::Basic))
    }

    fn read(challenge: &ChallengeRef<'_>) -> Option<Self> {
        let value = |name: &str| {
            let found = challenge
                .params
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("Basic") {
            return Some(Self::Basic);
        }
        let realm = value("realm").filter(|_| challenge.scheme.eq_ignore_ascii_case("Bearer"))?;
        Some(Self::Bearer {
            realm,
            service: value("service"),
        })
    }

    /// Returns the value for `Authorization`. None where we have nothing to show.
    pub(super) async fn meet(
        &self,
        client: &Client,
        target: &Target,
        push: bool,
        credential: Option<DockerCredential>,
    ) -> Result<Option<HeaderValue>, Failure> {
        match (self, credential) {
            (Self::Basic, Some(DockerCredential::UsernamePassword(user, password))) => header(
                target,
                &format!("Basic {}", BASE64.encode(format!("{user}:{password}"))),
            )
            .map(Some),
            (Self::Basic, _) => Ok(None),
            (Self::Bearer { realm, service }, credential) => {
                let token =
                    token(client, target, realm, service.as_deref(), push, credential).await?;
                header(target, &format!("Bearer {token}")).map(Some)
            }
        }
    }
}

/// Asks the token server (the distribution project's "Token Authentication Specification").
async fn token(
    client: &Client,
    target: &Target,
    realm: &str,
    service: Option<&str>,
    push: bool,
    credential: Option<DockerCredential>,
) -> Result<String, Failure> {
    let wrong = |problem: String| target.error(format!("its token server {problem}"));
    let mut url =
        Url::parse(realm).map_err(|error| wrong(format!("has no valid address: {error}")))?;
    if !target.is_allowed(&url) {
        let problem =
            "is not reached over HTTPS, and a password would be read on the way: it was not asked";
        return Err(Failure::lasting(wrong(problem.to_owned())));
    }
    let scope = format!(
        "repository:{}:{}",
        target.repository,
        if push { "pull,push" } else { "pull" }
    );
    let mut query: Vec<(&str, &str)> = vec![("scope", &scope)];
    query.extend(service.map(|service| ("service", service)));
    let request = match &credential {
        Some(DockerCredential::IdentityToken(identity)) => {
            query.extend([
                ("grant_type", "refresh_token"),
                ("client_id", "cofferdam"),
                ("refresh_token", identity),
            ]);
            let mut form = url.clone();
            form.query_pairs_mut().clear().extend_pairs(&query);
            let form = form.query().unwrap_or_default().to_owned();
            client
                .post(url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form)
        }
        Some(DockerCredential::UsernamePassword(user, password)) => {
            url.query_pairs_mut().extend_pairs(&query);
            client.get(url).basic_auth(user, Some(password))
        }
        None => {
            url.query_pairs_mut().extend_pairs(&query);
            client.get(url)
        }
    };
    let late = || {
        Failure::passing(
            wrong(format!("gave no answer in {} s", TOKEN_WALL.as_secs())),
            None,
        )
    };
    let response = tokio::time::timeout(TOKEN_WALL, request.send())
        .await
        .map_err(|_| late())?;
    let response = response
        .map_err(|error| Failure::passing(wrong(format!("cannot be reached: {error}")), None))?;
    let status = response.status();
    if !status.is_success() {
        let error = wrong(format!(
            "answered {status}{}",
            body::sentence(response).await
        ));
        let passing = status.is_server_error();
        return Err(if passing {
            Failure::passing(error, None)
        } else {
            Failure::lasting(error)
        });
    }
    let body = body::read(response, TOKEN_MAX_BYTES).await;
    let body =
        body.map_err(|error| Failure::lasting(wrong(format!("gave no whole answer: {error}"))))?;
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| wrong("gave something else than a token".to_owned()))?;
    // Some servers fill one of the two and leave the other empty.
    let mut names = [answer.token, answer.access_token].into_iter().flatten();
    let token = names.find(|token| !token.is_empty());
    token.ok_or_else(|| Failure::lasting(wrong("gave no token".to_owned())))
}

/// Each run of blanks outside of quotation marks as one space. RFC 9110 lets any number stand
/// behind a scheme; the parser takes one.
fn single_spaces(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    let mut is_quoted = false;
    let mut is_escaped = false;
    for character in text.chars() {
        let is_blank = matches!(character, ' ' | '\t') && !is_quoted;
        if is_blank && single.ends_with(' ') {
            continue;
        }
        single.push(if is_blank { ' ' } else { character });
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
    }
    single
}

/// A token, under either of its names.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

fn header(target: &Target, text: &str) -> Result<HeaderValue, Failure> {
    let problem = |_| {
        target.error(format!(
            "what it is to be shown cannot stand in a `{AUTHORIZATION}` header"
        ))
    };
    let mut value = HeaderValue::from_str(text).map_err(problem)?;
    value.set_sensitive(true);
    Ok(value)
}
