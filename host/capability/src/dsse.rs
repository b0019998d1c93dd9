//! DSSE envelopes (Dead Simple Signing Envelope, version 1): bytes, their type, and signatures over
//! both.
//!
//! The payload of an envelope is read through [`Envelope::verify`], which takes the key and the
//! type that are expected. [`Envelope::unverified`] is for people who are shown that it is
//! unverified.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key::{SigningKey, VerifyingKey};

/// The largest envelope as JSON, in bytes (4 MiB). Bills of materials of large images come in
/// envelopes; a review decision or a signature has some KiB.
pub const ENVELOPE_MAX_BYTES: u64 = 4 << 20;

/// The most signatures of an envelope: each is checked against each key.
const SIGNATURES_MAX: usize = 16;

/// The longest type of a payload, in bytes: that of a media type (RFC 6838).
const TYPE_MAX_BYTES: usize = 255;

/// The longest signature, in bytes. One of Ed25519 has 64, one of P-256 at most 72, and others of
/// the same envelope are of other algorithms.
const SIGNATURE_MAX_BYTES: usize = 8 << 10;

/// The longest name of a key, in bytes. It is shown to people, and decides nothing.
const KEY_ID_MAX_BYTES: usize = 1024;

/// A payload, its type, and the signatures over both. Nothing is believed of it before
/// [`Envelope::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// A signature, and its signer's name for the key.
#[derive(Clone, PartialEq, Eq)]
struct Signature {
    key_id: Option<String>,
    bytes: Vec<u8>,
}

/// Reasons why an envelope cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// The text is no envelope, or exceeds a limit.
    #[error("it is no DSSE envelope: {0}")]
    Malformed(String),
    /// The payload is of another type than expected.
    #[error("its payload is `{}`, not `{expected}`", .found.escape_debug())]
    OtherType {
        /// The type in the envelope.
        found: String,
        /// The type that was expected.
        expected: String,
    },
    /// No signature is one of the key.
    #[error("none of its signatures is valid for the key {0}")]
    NotSigned(Digest),
}

/// The envelope as JSON. Other fields are ignored, as the specification says.
#[derive(Deserialize)]
struct Read {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<ReadSignature>,
}

#[derive(Deserialize)]
struct ReadSignature {
    #[serde(default)]
    keyid: Option<String>,
    sig: String,
}

#[derive(Serialize)]
struct Written<'a> {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: &'a str,
    signatures: Vec<WrittenSignature<'a>>,
}

#[derive(Serialize)]
struct WrittenSignature<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<&'a str>,
    sig: String,
}

impl Envelope {
    /// Signs a payload of this type. The same payload and key give the same envelope.
    ///
    /// # Errors
    ///
    /// [`DsseError::Malformed`] for a payload that [`Envelope::from_json`] would refuse.
    pub fn sign(payload_type: &str, payload: &[u8], key: &SigningKey) -> Result<Self, DsseError> {
        let signature = Signature {
            key_id: None,
            bytes: key.sign(&pre_authentication(payload_type, payload)),
        };
        let envelope = Self {
            payload_type: payload_type.to_owned(),
            payload: payload.to_vec(),
            signatures: vec![signature],
        };
        check_type(payload_type)?;
        let size = envelope.to_json().len() as u64;
        check(size <= ENVELOPE_MAX_BYTES, || {
            format!("it has {size} bytes, at most {ENVELOPE_MAX_BYTES} are allowed")
        })?;
        Ok(envelope)
    }

    /// Reads an envelope. Its base64 is the standard one, padded, and nothing else.
    ///
    /// # Errors
    ///
    /// [`DsseError::Malformed`] with the problem.
    pub fn from_json(json: &[u8]) -> Result<Self, DsseError> {
        let size = json.len() as u64;
        check(size <= ENVELOPE_MAX_BYTES, || {
            format!("it has {size} bytes, at most {ENVELOPE_MAX_BYTES} are allowed")
        })?;
        let read: Read = serde_json::from_slice(json)
            .map_err(|error| DsseError::Malformed(error.to_string()))?;
        check_type(&read.payload_type)?;
        let count = read.signatures.len();
        check((1..=SIGNATURES_MAX).contains(&count), || {
            format!("it has {count} signatures; expected 1 to {SIGNATURES_MAX}")
        })?;
        let mut signatures = Vec::new();
        for ReadSignature { keyid, sig } in read.signatures {
            let bytes = decode(&sig, "a signature")?;
            check(bytes.len() <= SIGNATURE_MAX_BYTES, || {
                format!("a signature has more than {SIGNATURE_MAX_BYTES} bytes")
            })?;
            let key_id = keyid.filter(|id| !id.is_empty());
            let length = key_id.as_ref().map_or(0, String::len);
            check(length <= KEY_ID_MAX_BYTES, || {
                format!("the name of a key has more than {KEY_ID_MAX_BYTES} bytes")
            })?;
            signatures.push(Signature { key_id, bytes });
        }
        Ok(Self {
            payload: decode(&read.payload, "the payload")?,
            payload_type: read.payload_type,
            signatures,
        })
    }

    /// The envelope as JSON. The same envelope gives the same bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let written = Written {
            payload: STANDARD.encode(&self.payload),
            payload_type: &self.payload_type,
            signatures: self.signatures.iter().map(Signature::written).collect(),
        };
        // Strings and lists of strings: there is nothing that could fail.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// The payload, if it is of this type and `key` has signed both.
    ///
    /// # Errors
    ///
    /// [`DsseError::OtherType`] or [`DsseError::NotSigned`].
    pub fn verify(&self, payload_type: &str, key: &VerifyingKey) -> Result<&[u8], DsseError> {
        if self.payload_type != payload_type {
            return Err(DsseError::OtherType {
                found: self.payload_type.clone(),
                expected: payload_type.to_owned(),
            });
        }
        let message = pre_authentication(&self.payload_type, &self.payload);
        let signed = |signature: &Signature| key.has_signed(&message, &signature.bytes);
        if self.signatures.iter().any(signed) {
            return Ok(&self.payload);
        }
        Err(DsseError::NotSigned(key.fingerprint()))
    }

    /// The number of its signatures.
    pub fn signatures(&self) -> usize {
        self.signatures.len()
    }

    /// The payload's type, as the envelope says. Unverified.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload, from nobody in particular: to be shown as unverified, and for nothing else.
    pub fn unverified(&self) -> &[u8] {
        &self.payload
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("payload_type", &self.payload_type)
            .field("payload_bytes", &self.payload.len())
            .field("signatures", &self.signatures.len())
            .finish()
    }
}

impl Signature {
    fn written(&self) -> WrittenSignature<'_> {
        WrittenSignature {
            keyid: self.key_id.as_deref(),
            sig: STANDARD.encode(&self.bytes),
        }
    }
}

/// The bytes that are signed (DSSE protocol, "PAE"): the lengths keep type and payload apart.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let type_bytes = payload_type.len();
    let payload_bytes = payload.len();
    let head = format!("DSSEv1 {type_bytes} {payload_type} {payload_bytes} ");
    [head.as_bytes(), payload].concat()
}

fn check_type(payload_type: &str) -> Result<(), DsseError> {
    let length = payload_type.len();
    check((1..=TYPE_MAX_BYTES).contains(&length), || {
        format!("the type of its payload has {length} bytes; expected 1 to {TYPE_MAX_BYTES}")
    })
}

fn check(holds: bool, problem: impl FnOnce() -> String) -> Result<(), DsseError> {
    if holds {
        return Ok(());
    }
    Err(DsseError::Malformed(problem()))
}

fn decode(text: &str, noun: &str) -> Result<Vec<u8>, DsseError> {
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| DsseError::Malformed(format!("{noun} is no padded base64")))
}

#[cfg(test)]
mod tests {
    use super::{DsseError, ENVELOPE_MAX_BYTES, Envelope, pre_authentication};
    use crate::key::SigningKey;

    const TYPE: &str = "application/vnd.in-toto+json";

    #[test]
    fn the_signed_bytes_are_those_of_the_specification() {
        let bytes = pre_authentication("http://example.com/HelloWorld", b"hello world");
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn an_envelope_is_read_as_it_was_written() {
        let key = SigningKey::generate().unwrap();
        let signed = Envelope::sign(TYPE, b"{}", &key).unwrap();
        let read = Envelope::from_json(&signed.to_json()).unwrap();
        assert_eq!(read, signed);
        assert_eq!(read.verify(TYPE, key.verifying_key()), Ok(&b"{}"[..]));
    }

    #[test]
    fn no_bit_can_be_flipped() {
        let key = SigningKey::generate().unwrap();
        let signed = Envelope::sign(TYPE, b"{\"a\":1}", &key).unwrap().to_json();
        for place in 0..signed.len() {
            for bit in 0..8 {
                let mut changed = signed.clone();
                changed[place] ^= 1 << bit;
                let read = Envelope::from_json(&changed);
                let verified = read
                    .as_ref()
                    .map(|read| read.verify(TYPE, key.verifying_key()));
                assert!(!matches!(verified, Ok(Ok(_))), "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn another_key_and_another_type_are_refused() {
        let key = SigningKey::generate().unwrap();
        let other = SigningKey::generate().unwrap();
        let signed = Envelope::sign(TYPE, b"{}", &key).unwrap();
        let refused = signed.verify(TYPE, other.verifying_key()).unwrap_err();
        assert!(matches!(refused, DsseError::NotSigned(_)));
        let refused = signed
            .verify("text/plain", key.verifying_key())
            .unwrap_err();
        assert!(matches!(refused, DsseError::OtherType { .. }));
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let refused = |json: &str| {
            Envelope::from_json(json.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert!(refused("[]").contains("no DSSE envelope"));
        let none = r#"{"payload":"","payloadType":"a","signatures":[]}"#;
        assert!(refused(none).contains("0 signatures"));
        let unpadded = r#"{"payload":"YQ","payloadType":"a","signatures":[{"sig":"YQ=="}]}"#;
        assert!(refused(unpadded).contains("the payload is no padded base64"));
        let url_safe = r#"{"payload":"YQ==","payloadType":"a","signatures":[{"sig":"_w=="}]}"#;
        assert!(refused(url_safe).contains("a signature is no padded base64"));
        let key = SigningKey::generate().unwrap();
        let large = vec![0; usize::try_from(ENVELOPE_MAX_BYTES).unwrap()];
        assert!(Envelope::sign(TYPE, &large, &key).is_err());
    }
}
