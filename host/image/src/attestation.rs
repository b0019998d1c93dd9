//! The meaning of documents that refer to an image, as data for a reviewer: who built it from what,
//! what is in it, who has signed that.
//!
//! Everything here is the word of its author. It decides nothing.

use cofferdam_capability::Digest;
use serde::Serialize;
use serde_json::Value;

use crate::referrer::Referrer;
use crate::signature::{self, Statement};
use crate::signers::Signers;

/// The longest text of a document that is passed on, in characters: identifiers are addresses.
const TEXT_MAX_CHARS: usize = 1024;

/// The most sources of a build that are passed on. A build of one component has one or two; its
/// whole list is in the document.
const SOURCES_MAX: usize = 32;

/// A document about an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attestation {
    /// The digest of the document's manifest.
    pub digest: Digest,
    /// The type of the document, as its manifest says.
    pub artifact_type: String,
    /// The names of the operator's signers whose signature of it is valid, sorted. Of a document
    /// without any, nobody knows who wrote it.
    pub signed_by: Vec<String>,
    /// True if the document names the image by its digest; none where it names nothing.
    pub names_image: Option<bool>,
    /// The claim that it makes.
    pub claim: Claim,
}

/// A claim about an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Claim {
    /// Somebody has signed the image.
    Signature,
    /// The build of the image (SLSA provenance, version 0.2 or 1).
    Provenance {
        /// The builder, by its identifier.
        builder: Option<String>,
        /// The kind of build.
        build_type: Option<String>,
        /// The sources of the build.
        sources: Vec<Source>,
    },
    /// The parts of the image.
    Sbom {
        /// The format and its version.
        format: String,
        /// The name of the document, or of what it describes.
        name: Option<String>,
        /// The number of packages or components.
        packages: u64,
    },
    /// Another in-toto statement.
    Statement {
        /// Its kind.
        predicate_type: String,
    },
    /// A document of another type.
    Other,
}

/// A source of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its address.
    pub uri: String,
    /// Its digests, `algorithm:hex`.
    pub digests: Vec<String>,
}

impl Attestation {
    /// Reads a document that refers to an image with these digests.
    pub(crate) fn read(referrer: &Referrer, images: &[Digest], signers: &Signers) -> Self {
        let mut attestation = Self {
            digest: referrer.digest,
            artifact_type: text(&referrer.artifact_type),
            signed_by: Vec::new(),
            names_image: None,
            claim: Claim::Other,
        };
        let envelope = signature::envelope(referrer);
        if let Some(Ok(envelope)) = &envelope
            && let Some(statement) = Statement::read(envelope.unverified())
        {
            attestation.names_image = Some(statement.is_about(images));
            attestation.claim = claim(&statement);
            let signed = signers.rows().iter();
            let signed = signed.filter(|one| signature::statement(referrer, &one.key).is_some());
            attestation.signed_by = signed.map(|signer| signer.name.clone()).collect();
        } else if signature::is_signature(referrer) {
            attestation.claim = Claim::Signature;
            let signed = signers.rows().iter();
            let signed = signed.filter(|one| signature::is_signed(referrer, images, &one.key));
            attestation.signed_by = signed.map(|signer| signer.name.clone()).collect();
        } else if envelope.is_none()
            && let Some(bytes) = referrer.bytes()
            && let Ok(document) = serde_json::from_slice(bytes)
        {
            attestation.claim = bill(&document).unwrap_or(Claim::Other);
        }
        attestation.signed_by.sort();
        attestation.signed_by.dedup();
        attestation
    }
}

impl Claim {
    /// The claim in one line, for a person.
    pub fn sentence(&self) -> String {
        match self {
            Self::Signature => "signature".to_owned(),
            Self::Provenance {
                builder,
                build_type: _,
                sources,
            } => {
                let builder = builder.as_deref().unwrap_or("an unnamed builder");
                let source = match sources.as_slice() {
                    [] => String::new(),
                    [source] => format!(" from {}", source.uri),
                    [source, rest @ ..] => format!(" from {} and {} more", source.uri, rest.len()),
                };
                format!("provenance: built by {builder}{source}")
            }
            Self::Sbom {
                format,
                name,
                packages,
            } => {
                let name = name.iter().map(|name| format!(" of {name}"));
                let name: String = name.collect();
                format!("bill of materials ({format}){name}: {packages} packages")
            }
            Self::Statement { predicate_type } => format!("statement {predicate_type}"),
            Self::Other => "document".to_owned(),
        }
    }
}

/// The claim of a statement.
fn claim(statement: &Statement) -> Claim {
    let kind = statement.predicate_type.as_str();
    let predicate = &statement.predicate;
    if kind.starts_with("https://slsa.dev/provenance/") {
        return provenance(predicate);
    }
    if kind.starts_with("https://sigstore.dev/cosign/sign/") {
        return Claim::Signature;
    }
    bill(predicate).unwrap_or_else(|| Claim::Statement {
        predicate_type: text(kind),
    })
}

/// A predicate of SLSA: `buildDefinition` and `runDetails` since version 1, `builder`,
/// `materials` and `invocation` before.
fn provenance(predicate: &Value) -> Claim {
    let at = |pointer: &str| predicate.pointer(pointer);
    let builder = at("/runDetails/builder/id").or_else(|| at("/builder/id"));
    let build_type = at("/buildDefinition/buildType").or_else(|| at("/buildType"));
    let named = [
        "/buildDefinition/externalParameters/source",
        "/buildDefinition/externalParameters/workflow",
        "/invocation/configSource",
    ];
    let listed = ["/buildDefinition/resolvedDependencies", "/materials"];
    let mut sources: Vec<Source> = Vec::new();
    let listed = listed.iter().filter_map(|list| at(list)?.as_array());
    let all = listed
        .flatten()
        .chain(named.iter().filter_map(|one| at(one)));
    for source in all.filter_map(Source::read) {
        let is_known = sources.iter().any(|other| other.uri == source.uri);
        if !is_known && sources.len() < SOURCES_MAX {
            sources.push(source);
        }
    }
    Claim::Provenance {
        builder: builder.and_then(Value::as_str).map(text),
        build_type: build_type.and_then(Value::as_str).map(text),
        sources,
    }
}

/// A bill of materials, if the document is one.
fn bill(document: &Value) -> Option<Claim> {
    let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let count = |key: &str| {
        let list = document.get(key).and_then(Value::as_array);
        list.map_or(0, |list| list.len() as u64)
    };
    if let Some(version) = at("/spdxVersion") {
        return Some(Claim::Sbom {
            format: text(version),
            name: at("/name").map(text),
            packages: count("packages"),
        });
    }
    if at("/bomFormat") == Some("CycloneDX") {
        let version = at("/specVersion").unwrap_or_default();
        return Some(Claim::Sbom {
            format: text(&format!("CycloneDX-{version}")),
            name: at("/metadata/component/name").map(text),
            packages: count("components"),
        });
    }
    None
}

impl Source {
    /// Reads a resource with an address: `uri`, or the `repository` of a workflow.
    fn read(value: &Value) -> Option<Self> {
        let uri = value.get("uri").or_else(|| value.get("repository"))?;
        let digests = value.get("digest").and_then(Value::as_object);
        let digests = digests.into_iter().flatten().take(SOURCES_MAX);
        let digests = digests.filter_map(|(algorithm, hex)| {
            let hex = hex.as_str()?;
            Some(text(&format!("{algorithm}:{hex}")))
        });
        Some(Self {
            uri: text(uri.as_str()?),
            digests: digests.collect(),
        })
    }
}

/// A text of a document, cut.
fn text(text: &str) -> String {
    text.chars().take(TEXT_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::{Digest, Envelope, SigningKey};
    use serde_json::{Value, json};

    use super::{Attestation, Claim, Source};
    use crate::referrer::{Referrer, ReferrerPart};
    use crate::signature::IN_TOTO_TYPE;
    use crate::signers::{Signer, Signers};

    fn referrer(media_type: &str, bytes: Vec<u8>) -> Referrer {
        Referrer {
            digest: Digest::of(b"manifest"),
            subject: Digest::of(b"image"),
            artifact_type: media_type.to_owned(),
            annotations: [].into(),
            parts: vec![ReferrerPart {
                media_type: media_type.to_owned(),
                digest: Digest::of(&bytes),
                annotations: [].into(),
                bytes,
            }],
        }
    }

    fn statement(predicate_type: &str, predicate: Value) -> Vec<u8> {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "digest": { "sha256": Digest::of(b"image").hex() } }],
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        statement.to_string().into_bytes()
    }

    #[test]
    fn provenance_names_builder_and_sources() {
        let key = SigningKey::generate().unwrap();
        let predicate = json!({
            "buildDefinition": {
                "buildType": "https://example.com/build/v1",
                "externalParameters": { "workflow": { "repository": "https://example.com/tool" } },
                "resolvedDependencies": [{
                    "uri": "git+https://example.com/tool@refs/heads/main",
                    "digest": { "gitCommit": "abc" },
                }],
            },
            "runDetails": { "builder": { "id": "https://example.com/builder" } },
        });
        let payload = statement("https://slsa.dev/provenance/v1", predicate);
        let envelope = Envelope::sign(IN_TOTO_TYPE, &payload, &key).unwrap();
        let referrer = referrer(IN_TOTO_TYPE, envelope.to_json());
        let signers = Signers::new(vec![Signer {
            name: "builder".to_owned(),
            key: key.verifying_key().clone(),
            images: Vec::new(),
            required: false,
        }]);
        let image = [Digest::of(b"image")];
        let read = Attestation::read(&referrer, &image, &signers);
        assert_eq!(read.signed_by, ["builder"]);
        assert_eq!(read.names_image, Some(true));
        let Claim::Provenance {
            builder, sources, ..
        } = read.claim
        else {
            panic!("{:?}", read.claim);
        };
        assert_eq!(builder.as_deref(), Some("https://example.com/builder"));
        let source = Source {
            uri: "git+https://example.com/tool@refs/heads/main".to_owned(),
            digests: vec!["gitCommit:abc".to_owned()],
        };
        assert_eq!(sources[0], source);
        assert_eq!(sources[1].uri, "https://example.com/tool");
        let other = Attestation::read(&referrer, &[Digest::of(b"other")], &Signers::default());
        assert_eq!(other.names_image, Some(false));
        assert!(other.signed_by.is_empty());
    }

    #[test]
    fn bills_of_materials_are_counted() {
        let spdx = json!({ "spdxVersion": "SPDX-2.3", "name": "tool", "packages": [{}, {}] });
        let spdx = referrer("application/spdx+json", spdx.to_string().into_bytes());
        let read = Attestation::read(&spdx, &[], &Signers::default());
        let sentence = "bill of materials (SPDX-2.3) of tool: 2 packages";
        assert_eq!(read.claim.sentence(), sentence);
        let cyclone = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": { "component": { "name": "tool" } }, "components": [{}],
        });
        let payload = statement("https://cyclonedx.org/bom", cyclone);
        let key = SigningKey::generate().unwrap();
        let envelope = Envelope::sign(IN_TOTO_TYPE, &payload, &key).unwrap();
        let cyclone = referrer(IN_TOTO_TYPE, envelope.to_json());
        let read = Attestation::read(&cyclone, &[], &Signers::default());
        let sentence = "bill of materials (CycloneDX-1.6) of tool: 1 packages";
        assert_eq!(read.claim.sentence(), sentence);
    }

    #[test]
    fn what_nobody_knows_is_a_document() {
        let referrer = referrer("text/plain", b"hello".to_vec());
        let read = Attestation::read(&referrer, &[], &Signers::default());
        assert_eq!(read.claim, Claim::Other);
    }
}
