//! Tokens of agents: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256 and nothing else.

use std::collections::HashMap;

use cofferdam_store::SigningKey;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

/// The issuer of every token.
const ISSUER: &str = "cofferdam:agent";

/// The longest token that is looked at, in bytes (8 KiB): twice the longest that is made.
const MAX: usize = 8 << 10;

/// Bytes of a key: as many as the digest has (RFC 2104, section 3).
pub(crate) const KEY_BYTES: usize = 32;

/// The claims of a token, as openotters has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    /// The id of the agent.
    pub(crate) agent_ref: String,
    /// Ids of agents that it may talk to.
    pub(crate) links: Vec<String>,
    pub(crate) capabilities: Vec<String>,
    /// The id of the token, by which it is revoked.
    pub(crate) jti: String,
    /// Unix seconds.
    pub(crate) iat: i64,
    /// Unix seconds.
    pub(crate) exp: i64,
}

/// A key that cannot sign.
#[derive(Debug, thiserror::Error)]
#[error("a key cannot sign tokens of agents: {0}")]
pub(crate) struct KeyError(#[from] jsonwebtoken::errors::Error);

/// The keys of a host: the newest signs, all of them prove.
#[derive(Default)]
pub(crate) struct Keys {
    newest: Option<(String, EncodingKey)>,
    all: HashMap<String, DecodingKey>,
}

impl Keys {
    /// Adds a key, which signs from now on.
    pub(crate) fn add(&mut self, key: &SigningKey) -> Result<(), KeyError> {
        let SigningKey { id, key, .. } = key;
        self.all.insert(id.clone(), DecodingKey::from_secret(key)?);
        self.newest = Some((id.clone(), EncodingKey::from_secret(key)?));
        Ok(())
    }

    /// The id of the key that signs; none before the first.
    pub(crate) fn newest(&self) -> Option<&str> {
        self.newest.as_ref().map(|(id, _)| id.as_str())
    }

    /// Signs claims with the newest key; nothing without a key.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<Result<String, KeyError>> {
        let (id, key) = self.newest.as_ref()?;
        let header = Header {
            kid: Some(id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        Some(encode(&header, claims, key).map_err(KeyError))
    }

    /// The claims of a token that one of the keys has signed and that has not expired.
    pub(crate) fn prove(&self, token: &[u8]) -> Option<Claims> {
        if token.len() > MAX {
            return None;
        }
        let key = self.all.get(decode_header(token).ok()?.kid?.as_str())?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        let proven = decode::<Claims>(token, key, &validation).ok()?;
        Some(proven.claims)
    }
}

impl Claims {
    /// The issuer that claims of this host name.
    pub(crate) fn issuer() -> String {
        ISSUER.to_owned()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("newest", &self.newest())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::unix_seconds;

    fn key(id: &str, byte: u8) -> SigningKey {
        SigningKey {
            id: id.to_owned(),
            key: vec![byte; KEY_BYTES],
            created_at: 0,
        }
    }

    fn claims() -> Claims {
        Claims {
            iss: Claims::issuer(),
            agent_ref: "a".to_owned(),
            links: vec!["b".to_owned()],
            capabilities: Vec::new(),
            jti: "1".to_owned(),
            iat: unix_seconds(),
            exp: unix_seconds() + 60,
        }
    }

    fn keys(all: &[SigningKey]) -> Keys {
        let mut keys = Keys::default();
        all.iter().for_each(|key| keys.add(key).unwrap());
        keys
    }

    #[test]
    fn a_former_key_proves_and_the_newest_signs() {
        let one = keys(&[key("1", 1)]);
        let first = one.sign(&claims()).unwrap().unwrap();
        let both = keys(&[key("1", 1), key("2", 2)]);
        assert_eq!(
            both.prove(first.as_bytes()),
            Some(claims()).map(|it| Claims {
                iat: one.prove(first.as_bytes()).unwrap().iat,
                exp: one.prove(first.as_bytes()).unwrap().exp,
                ..it
            })
        );
        let second = both.sign(&claims()).unwrap().unwrap();
        assert!(both.prove(second.as_bytes()).is_some());
        assert!(one.prove(second.as_bytes()).is_none());
        // Another key under the same name.
        assert!(keys(&[key("1", 9)]).prove(first.as_bytes()).is_none());
        assert!(Keys::default().prove(first.as_bytes()).is_none());
    }

    #[test]
    fn what_another_has_made_or_changed_proves_nothing() {
        let keys = keys(&[key("1", 1)]);
        let signed = |claims: &Claims, header: Header| {
            let secret = EncodingKey::from_secret(&[1; KEY_BYTES]).unwrap();
            encode(&header, claims, &secret).unwrap()
        };
        let header = |algorithm| Header {
            kid: Some("1".to_owned()),
            ..Header::new(algorithm)
        };
        let good = signed(&claims(), header(Algorithm::HS256));
        assert!(keys.prove(good.as_bytes()).is_some());
        let expired = Claims {
            exp: unix_seconds() - 1,
            ..claims()
        };
        let other = Claims {
            iss: "ottersd".to_owned(),
            ..claims()
        };
        let mut wrong = vec![
            signed(&expired, header(Algorithm::HS256)),
            signed(&other, header(Algorithm::HS256)),
            signed(&claims(), header(Algorithm::HS512)),
            signed(&claims(), Header::new(Algorithm::HS256)),
            format!("{good}x"),
            good[..good.len() - 1].to_owned(),
            good.repeat(20),
            String::new(),
            "..".to_owned(),
        ];
        // The algorithm `none`, without a signature: {"alg":"none","kid":"1"}.
        let body = good.split('.').nth(1).unwrap();
        wrong.push(format!("eyJhbGciOiJub25lIiwia2lkIjoiMSJ9.{body}."));
        for token in wrong {
            assert!(keys.prove(token.as_bytes()).is_none(), "{token}");
        }
    }
}
