//! Signatures of images: a DSSE envelope in a Sigstore bundle that refers to the image, as cosign 3
//! writes it, and the older form of cosign (simple signing), which is only read.
//!
//! A signature is over the digest of the image and nothing that a registry chooses. Keys come from
//! the operator; what a bundle says of its key is a hint and is not looked at.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cofferdam_capability::{Digest, DsseError, Envelope, SigningKey, VerifyingKey};
use oci_spec::image::{Descriptor, MediaType};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::referrer::{Attachment, Referrer, ReferrerPart, SMALL_MAX_BYTES};
use crate::tool_image::canonical_json;

/// The media type of a Sigstore bundle, version 0.3.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The beginning of the media types of Sigstore bundles of every version.
const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";

/// The type of a payload that is an in-toto statement.
pub const IN_TOTO_TYPE: &str = "application/vnd.in-toto+json";

/// The type of an in-toto statement, version 1.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The predicate of a statement that says no more than that its signer has signed the image.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The media type of the payload of an older signature of cosign.
const SIMPLE_SIGNING_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation that holds an older signature of cosign over the part that it belongs to.
const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// The most subjects of a statement that are looked at. A signature has one; a build that made many
/// things at once has some hundred.
const SUBJECTS_MAX: usize = 1024;

/// An in-toto statement: what it is about, and what it says.
#[derive(Deserialize)]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(default)]
    subject: Vec<Subject>,
    #[serde(rename = "predicateType", default)]
    pub(crate) predicate_type: String,
    #[serde(default)]
    pub(crate) predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

/// The payload of an older signature of cosign.
#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: SignedImage,
}

#[derive(Deserialize)]
struct SignedImage {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// Signs the image of this digest. The same image and key give the same signature.
pub(crate) fn sign(image: Digest, key: &SigningKey) -> Result<Attachment, Error> {
    let statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "digest": { "sha256": image.hex() } }],
        "predicateType": SIGN_PREDICATE,
        "predicate": {},
    });
    let envelope = Envelope::sign(IN_TOTO_TYPE, &canonical_json(&statement)?, key)
        .map_err(|error| Error::corrupt("the signature", error.to_string()))?;
    Ok(Attachment {
        artifact_type: BUNDLE_TYPE.to_owned(),
        media_type: BUNDLE_TYPE.to_owned(),
        bytes: bundle(&envelope, key.verifying_key())?,
        annotations: BTreeMap::from([
            (
                "dev.sigstore.bundle.content".to_owned(),
                "dsse-envelope".to_owned(),
            ),
            (
                "dev.sigstore.bundle.predicateType".to_owned(),
                SIGN_PREDICATE.to_owned(),
            ),
        ]),
    })
}

/// An envelope as a Sigstore bundle, without a transparency log.
fn bundle(envelope: &Envelope, key: &VerifyingKey) -> Result<Vec<u8>, Error> {
    let envelope: Value =
        serde_json::from_slice(&envelope.to_json()).map_err(Error::io("write a signature"))?;
    canonical_json(&json!({
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": { "hint": key.hint() },
        },
        "dsseEnvelope": envelope,
    }))
}

/// Returns true if a list of referrers says that this one may be a signature.
pub(crate) fn may_be_signature(described: &Descriptor) -> bool {
    let artifact_type = described.artifact_type().as_ref();
    described.size() <= SMALL_MAX_BYTES
        && artifact_type.is_some_and(|text| is_type_of_signatures(text.as_ref()))
}

/// Returns true if a document of this type may be a signature: a bundle, or the older form of
/// cosign, whose manifest says that it is an image.
pub(crate) fn is_type_of_signatures(artifact_type: &str) -> bool {
    artifact_type.starts_with(BUNDLE_PREFIX) || MediaType::ImageConfig.as_ref() == artifact_type
}

/// The envelope in a referrer: alone, or in a Sigstore bundle.
pub(crate) fn envelope(referrer: &Referrer) -> Option<Result<Envelope, DsseError>> {
    let [part] = referrer.parts.as_slice() else {
        return None;
    };
    let is_bundle = part.media_type.starts_with(BUNDLE_PREFIX);
    if !is_bundle {
        let is_envelope = [
            IN_TOTO_TYPE,
            "application/vnd.dsse.envelope.v1+json",
            "application/vnd.dsse+json",
        ];
        let is_envelope = is_envelope.contains(&part.media_type.as_str());
        return is_envelope.then(|| Envelope::from_json(&part.bytes));
    }
    let bundle: Value = match serde_json::from_slice(&part.bytes) {
        Ok(bundle) => bundle,
        Err(error) => return Some(Err(DsseError::Malformed(error.to_string()))),
    };
    let envelope = bundle.get("dsseEnvelope")?.to_string();
    Some(Envelope::from_json(envelope.as_bytes()))
}

/// Returns true if this referrer is a signature, whoever made it: no statement that says more.
pub(crate) fn is_signature(referrer: &Referrer) -> bool {
    if referrer.parts.iter().any(is_simple_signing) {
        return true;
    }
    let Some(Ok(envelope)) = envelope(referrer) else {
        return false;
    };
    Statement::read(envelope.unverified())
        .is_some_and(|statement| statement.predicate_type == SIGN_PREDICATE)
}

/// Returns true if `key` has signed one of these digests of an image with this referrer.
pub(crate) fn is_signed(referrer: &Referrer, images: &[Digest], key: &VerifyingKey) -> bool {
    let older = referrer.parts.iter().filter(|part| is_simple_signing(part));
    if older
        .into_iter()
        .any(|part| is_simply_signed(part, images, key))
    {
        return true;
    }
    statement(referrer, key).is_some_and(|statement| {
        statement.predicate_type == SIGN_PREDICATE && statement.is_about(images)
    })
}

/// The statement in a referrer, if `key` has signed it.
pub(crate) fn statement(referrer: &Referrer, key: &VerifyingKey) -> Option<Statement> {
    let envelope = envelope(referrer)?.ok()?;
    Statement::read(envelope.verify(IN_TOTO_TYPE, key).ok()?)
}

fn is_simple_signing(part: &ReferrerPart) -> bool {
    part.media_type == SIMPLE_SIGNING_TYPE
}

fn is_simply_signed(part: &ReferrerPart, images: &[Digest], key: &VerifyingKey) -> bool {
    let signature = part.annotations.get(SIGNATURE_ANNOTATION);
    let Some(signature) = signature.and_then(|text| STANDARD.decode(text).ok()) else {
        return false;
    };
    if !key.has_signed(&part.bytes, &signature) {
        return false;
    }
    let signed: Option<SimpleSigning> = serde_json::from_slice(&part.bytes).ok();
    let digest = signed.and_then(|signed| signed.critical.image.digest.parse().ok());
    digest.is_some_and(|digest: Digest| images.contains(&digest))
}

impl Statement {
    /// Reads a statement of version 1, or of version 0.1, which differs in its name alone.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let statement: Self = serde_json::from_slice(bytes).ok()?;
        let known = [STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"];
        known
            .contains(&statement.statement_type.as_str())
            .then_some(statement)
    }

    /// Returns true if it is about one of these images.
    pub(crate) fn is_about(&self, images: &[Digest]) -> bool {
        let subjects = self.subject.iter().take(SUBJECTS_MAX);
        let mut hex = subjects.filter_map(|subject| subject.digest.get("sha256"));
        hex.any(|hex| images.iter().any(|image| image.hex() == *hex))
    }
}

#[cfg(test)]
mod tests {
    use super::{is_signature, is_signed, sign};
    use crate::referrer::{Referrer, ReferrerPart};
    use cofferdam_capability::{Digest, SigningKey};

    fn referrer(bytes: Vec<u8>) -> Referrer {
        Referrer {
            digest: Digest::of(b"manifest"),
            subject: Digest::of(b"image"),
            artifact_type: super::BUNDLE_TYPE.to_owned(),
            annotations: [].into(),
            parts: vec![ReferrerPart {
                media_type: super::BUNDLE_TYPE.to_owned(),
                digest: Digest::of(&bytes),
                annotations: [].into(),
                bytes,
            }],
        }
    }

    #[test]
    fn a_signature_is_of_one_image_and_one_key() {
        let key = SigningKey::generate().unwrap();
        let other = SigningKey::generate().unwrap();
        let image = Digest::of(b"image");
        let signed = sign(image, &key).unwrap();
        let signature = referrer(signed.bytes);
        assert!(is_signature(&signature));
        assert!(is_signed(&signature, &[image], key.verifying_key()));
        assert!(!is_signed(&signature, &[image], other.verifying_key()));
        assert!(!is_signed(
            &signature,
            &[Digest::of(b"other")],
            key.verifying_key()
        ));
    }

    #[test]
    fn no_bit_of_what_is_signed_can_be_flipped() {
        let key = SigningKey::generate().unwrap();
        let image = Digest::of(b"image");
        let bytes = sign(image, &key).unwrap().bytes;
        let begin = bytes
            .windows(12)
            .position(|part| part == b"dsseEnvelope")
            .unwrap();
        let end = bytes
            .windows(9)
            .position(|part| part == b"mediaType")
            .unwrap();
        for place in begin..end - 3 {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = referrer(changed);
            assert!(
                !is_signed(&changed, &[image], key.verifying_key()),
                "byte {place}"
            );
        }
    }
}
