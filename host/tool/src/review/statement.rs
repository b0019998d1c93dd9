//! The content of a reviewer's decision: a statement of in-toto (version 1) in a DSSE envelope.
//!
//! The subject is the component, by its digest, so other programs see what a decision is about.

use std::time::SystemTime;

use cofferdam_capability::{Digest, DsseError, Envelope, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::seen::Seen;

/// The type of the payload of an envelope that holds a statement of in-toto.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The media type of a decision among the referrers of an image.
pub const DECISION_MEDIA_TYPE: &str = "application/vnd.cofferdam.review.v1+json";

/// The type of a statement, by the specification of in-toto.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of what is stated.
const PREDICATE_TYPE: &str = "urn:cofferdam:review:v1";

/// The largest decision, in bytes: a manifest and a grant have at most 64 KiB each, and base64
/// makes three bytes four.
pub const DECISION_MAX_BYTES: u64 = 512 << 10;

/// The longest reason, in bytes: a page.
const REASON_MAX_BYTES: usize = 4 << 10;

/// A reviewer's word about a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Judgement {
    /// It may run, as it was seen or with less.
    Approve {
        /// The things that were seen.
        seen: Box<Seen>,
        /// The time after which it no longer holds.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "option_rfc3339"
        )]
        expires: Option<SystemTime>,
    },
    /// It may not run, whatever it is granted.
    Reject {
        /// The things that were seen.
        seen: Box<Seen>,
    },
    /// An earlier decision of the same reviewer no longer holds.
    Revoke {
        /// The name of the tool of that decision.
        name: String,
        /// The component of that decision.
        component: Digest,
        /// The id of that decision.
        decision: Digest,
    },
}

/// A decision with its reason and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The word itself.
    pub judgement: Judgement,
    /// The reason.
    pub reason: String,
    /// The time at which it was made, by the reviewer's clock.
    #[serde(with = "rfc3339")]
    pub made: SystemTime,
}

/// A signed decision whose key is known.
#[derive(Debug, Clone)]
pub struct SignedDecision {
    /// The digest of what was signed: the name of the decision.
    pub id: Digest,
    /// The key that signed it.
    pub key: Digest,
    /// The name of its reviewer on this host; the fingerprint of a key that has none.
    pub by: String,
    /// The content.
    pub stated: Stated,
}

/// The reason why an envelope is no decision that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The envelope or its signature.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// Nobody who is trusted here has signed it.
    #[error("no key that is trusted here has signed it")]
    Untrusted,
    /// The key that has signed it is trusted for other tools.
    #[error("its key is not trusted for `{}`", .0.escape_debug())]
    OutOfScope(String),
    /// The content is no statement that this host knows.
    #[error("its content is no decision: {0}")]
    Malformed(String),
    /// More bytes than a decision may have.
    #[error("it has {0} bytes: at most {DECISION_MAX_BYTES} are read and kept")]
    TooLarge(u64),
    /// A reason that is too long or missing.
    #[error("`reason` has {0} bytes; expected 1 to {REASON_MAX_BYTES}")]
    Reason(usize),
}

/// The statement as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "_type")]
    kind: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Stated,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: SubjectDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectDigest {
    sha256: String,
}

impl Judgement {
    /// The name of the tool.
    pub fn name(&self) -> &str {
        match self {
            Self::Approve { seen, .. } | Self::Reject { seen } => &seen.name,
            Self::Revoke { name, .. } => name,
        }
    }

    /// The component.
    pub fn component(&self) -> Digest {
        match self {
            Self::Approve { seen, .. } | Self::Reject { seen } => seen.component,
            Self::Revoke { component, .. } => *component,
        }
    }

    /// The verdict in one word.
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Revoke { .. } => "revoke",
        }
    }
}

impl Stated {
    /// Signs the decision.
    ///
    /// # Errors
    ///
    /// [`DecisionError::Reason`], or [`DecisionError::TooLarge`].
    pub fn sign(&self, key: &SigningKey) -> Result<Envelope, DecisionError> {
        self.check()?;
        let judgement = &self.judgement;
        let written = Written {
            kind: STATEMENT_TYPE.to_owned(),
            subject: [Subject {
                name: judgement.name().to_owned(),
                digest: SubjectDigest {
                    sha256: judgement.component().hex(),
                },
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: self.clone(),
        };
        let payload = serde_json_canonicalizer::to_vec(&written)
            .map_err(|error| DecisionError::Malformed(error.to_string()))?;
        let envelope = Envelope::sign(PAYLOAD_TYPE, &payload, key)?;
        let size = envelope.to_json().len() as u64;
        if size > DECISION_MAX_BYTES {
            return Err(DecisionError::TooLarge(size));
        }
        Ok(envelope)
    }

    fn check(&self) -> Result<(), DecisionError> {
        let length = self.reason.len();
        if self.reason.trim().is_empty() || length > REASON_MAX_BYTES {
            return Err(DecisionError::Reason(length));
        }
        Ok(())
    }
}

impl SignedDecision {
    /// Reads a decision that one of these keys has signed. Nothing of it is looked at before its
    /// signature was checked.
    ///
    /// # Errors
    ///
    /// [`DecisionError`].
    pub fn verify<'a>(
        envelope: &Envelope,
        keys: impl Iterator<Item = &'a VerifyingKey>,
    ) -> Result<Self, DecisionError> {
        check_signatures(envelope)?;
        let mut keys = keys;
        let signed = keys.find_map(|key| Some((key, envelope.verify(PAYLOAD_TYPE, key).ok()?)));
        let Some(signed) = signed else {
            return Err(DecisionError::Untrusted);
        };
        Ok(Self {
            id: Digest::of(signed.1),
            key: signed.0.fingerprint(),
            by: signed.0.fingerprint().to_string(),
            stated: read_decision(signed.1)?,
        })
    }
}

/// Refuses an envelope with several signatures: one reviewer has one word, and whose decision it is
/// must not depend on who is asked about first.
///
/// # Errors
///
/// [`DecisionError::Malformed`].
fn check_signatures(envelope: &Envelope) -> Result<(), DecisionError> {
    match envelope.signatures() {
        1 => Ok(()),
        count => Err(DecisionError::Malformed(format!(
            "it has {count} signatures, and a decision has one"
        ))),
    }
}

/// Reads an envelope that comes from elsewhere, and looks if it holds a decision. The signature is
/// not checked here, but when the decision is imported.
///
/// # Errors
///
/// [`DecisionError`] for everything that is no decision with one signature.
pub fn read_envelope(json: &[u8]) -> Result<Envelope, DecisionError> {
    let size = json.len() as u64;
    if size > DECISION_MAX_BYTES {
        return Err(DecisionError::TooLarge(size));
    }
    let envelope = Envelope::from_json(json)?;
    check_signatures(&envelope)?;
    read_decision(envelope.unverified())?;
    Ok(envelope)
}

/// The id of a decision that nobody has verified, for the name of its file.
pub(super) fn decision_id(envelope: &Envelope) -> Digest {
    Digest::of(envelope.unverified())
}

/// Reads the content of a decision. Where nobody has checked the signature, it is to be shown as
/// unverified, and for nothing else.
///
/// # Errors
///
/// [`DecisionError::Malformed`] for everything else.
pub fn read_decision(payload: &[u8]) -> Result<Stated, DecisionError> {
    let wrong = |problem: String| DecisionError::Malformed(problem);
    let written: Written =
        serde_json::from_slice(payload).map_err(|error| wrong(error.to_string()))?;
    let Written {
        kind,
        subject: [subject],
        predicate_type,
        predicate,
    } = written;
    if kind != STATEMENT_TYPE || predicate_type != PREDICATE_TYPE {
        let shown = predicate_type.escape_debug();
        return Err(wrong(format!(
            "it states `{shown}`, not `{PREDICATE_TYPE}`"
        )));
    }
    let judgement = &predicate.judgement;
    if subject.name != judgement.name() || subject.digest.sha256 != judgement.component().hex() {
        return Err(wrong(
            "its subject is another component than the one it is about".to_owned(),
        ));
    }
    predicate.check()?;
    Ok(predicate)
}

/// Times as RFC 3339 writes them, to the second.
mod rfc3339 {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_seconds(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}

/// The same for times that may be missing.
mod option_rfc3339 {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::rfc3339::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        #[derive(Deserialize)]
        struct Time(#[serde(with = "super::rfc3339")] SystemTime);
        let time = Option::<Time>::deserialize(deserializer)?;
        Ok(time.map(|Time(time)| time))
    }
}
