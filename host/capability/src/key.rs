//! Keys of signers: Ed25519 for signing, Ed25519 and ECDSA P-256 for checking.
//!
//! Public keys are the two forms of SubjectPublicKeyInfo (RFC 5280) that `cosign.pub` and OpenSSL
//! write for these algorithms, byte for byte: one key has one form, so it has one fingerprint.
//! Nothing here reads or writes a file.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pem::{EncodeConfig, LineEnding, Pem};
use zeroize::Zeroizing;

use crate::digest::Digest;

/// The largest text of a key, in bytes. A key of either algorithm takes less than 300; comments
/// before it are allowed.
pub const KEY_TEXT_MAX_BYTES: u64 = 16 << 10;

/// The label of a public key in PEM (RFC 7468, section 13).
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// The label of a private key in PEM (RFC 7468, section 10).
const PRIVATE_LABEL: &str = "PRIVATE KEY";

/// The bytes before the key itself of an Ed25519 public key (RFC 8410, section 4).
const ED25519_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Bytes of an Ed25519 public key.
const ED25519_BYTES: usize = 32;

/// The bytes before the point of a P-256 public key (RFC 5480, section 2), the first of an
/// uncompressed point included.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Bytes of the two coordinates of a P-256 public key.
const P256_BYTES: usize = 64;

/// The algorithm of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032), over the message itself.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, signatures in ASN.1 DER.
    EcdsaP256,
}

/// A public key that checks signatures.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: KeyAlgorithm,
    /// The SubjectPublicKeyInfo, in DER.
    spki: Vec<u8>,
    key: ParsedPublicKey,
}

/// A private key that signs, Ed25519. Nothing prints it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

/// Reasons why a text is no key that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is larger than any key.
    #[error("it has {0} bytes; a key has at most {KEY_TEXT_MAX_BYTES}")]
    TooLarge(u64),
    /// The text is not one PEM block of the expected label.
    #[error("it is not one PEM block `{expected}`{}", instead(.found))]
    NotPem {
        /// The label that was expected.
        expected: &'static str,
        /// The label that was found.
        found: Option<String>,
    },
    /// A private key whose owner has encrypted it.
    #[error("it is encrypted; Cofferdam signs with an unencrypted Ed25519 key in PKCS#8")]
    Encrypted,
    /// A public key of another algorithm.
    #[error("it is a public key of another algorithm; Ed25519 and ECDSA P-256 can be used")]
    UnknownAlgorithm,
    /// A private key of another algorithm.
    #[error(
        "it is no Ed25519 private key in PKCS#8; `openssl genpkey -algorithm ed25519` makes one"
    )]
    NotEd25519,
    /// The bytes are of a known form, and no key.
    #[error("its bytes are no valid key")]
    Invalid,
    /// The system gave no random bytes.
    #[error("the system gives no random bytes to make a key; try again")]
    NoRandom,
}

impl VerifyingKey {
    /// Reads a public key: one PEM block `PUBLIC KEY`, as `cosign.pub` is.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for any other text, key or algorithm.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_spki(&block(text, PUBLIC_LABEL)?)
    }

    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError::UnknownAlgorithm`] for other algorithms and other encodings of these,
    /// [`KeyError::Invalid`] for a point that is not on the curve.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let is = |prefix: &[u8], length: usize| {
            spki.starts_with(prefix) && spki.len() == prefix.len() + length
        };
        let algorithm = if is(ED25519_PREFIX, ED25519_BYTES) {
            KeyAlgorithm::Ed25519
        } else if is(P256_PREFIX, P256_BYTES) {
            KeyAlgorithm::EcdsaP256
        } else {
            return Err(KeyError::UnknownAlgorithm);
        };
        let key = match algorithm {
            KeyAlgorithm::Ed25519 => ParsedPublicKey::new(&ED25519, spki),
            KeyAlgorithm::EcdsaP256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki),
        };
        Ok(Self {
            algorithm,
            spki: spki.to_vec(),
            key: key.map_err(|_| KeyError::Invalid)?,
        })
    }

    /// The key in PEM, as [`VerifyingKey::from_pem`] reads it.
    pub fn to_pem(&self) -> String {
        encode(PUBLIC_LABEL, &self.spki)
    }

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The digest of the key's DER: the name by which records and people compare keys.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// The name that Sigstore bundles give the key: its SHA-256, in base64.
    pub fn hint(&self) -> String {
        STANDARD.encode(digest(&SHA256, &self.spki))
    }

    /// Returns true if this key has made `signature` over `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.algorithm, self.fingerprint())
    }
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandom`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NoRandom)?;
        Self::of(pair)
    }

    /// Reads a private key: one PEM block `PRIVATE KEY` (PKCS#8, version 1 or 2) of Ed25519.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for any other text, key or algorithm.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = Zeroizing::new(block(text, PRIVATE_LABEL)?);
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| KeyError::NotEd25519)?;
        Self::of(pair)
    }

    fn of(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let spki = pair.public_key().as_der().map_err(|_| KeyError::Invalid)?;
        let public = VerifyingKey::from_spki(spki.as_ref())?;
        Ok(Self { pair, public })
    }

    /// The key in PEM (PKCS#8 version 1, which every program reads).
    ///
    /// # Errors
    ///
    /// [`KeyError::Invalid`] if the key cannot be written.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Invalid)?;
        Ok(Zeroizing::new(encode(PRIVATE_LABEL, der.as_ref())))
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs a message. The same message has the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.public.fingerprint();
        f.debug_tuple("SigningKey").field(&fingerprint).finish()
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
        })
    }
}

/// The end of a sentence about a block with another label.
fn instead(found: &Option<String>) -> String {
    let found = found.as_ref();
    found.map_or_else(String::new, |label| {
        format!(" but `{}`", label.escape_debug())
    })
}

/// The bytes of the one PEM block in a text.
fn block(text: &str, expected: &'static str) -> Result<Vec<u8>, KeyError> {
    let size = text.len() as u64;
    if size > KEY_TEXT_MAX_BYTES {
        return Err(KeyError::TooLarge(size));
    }
    let other = |found| KeyError::NotPem { expected, found };
    let blocks = pem::parse_many(text).map_err(|_| other(None))?;
    match <[Pem; 1]>::try_from(blocks) {
        Ok([block]) if block.tag() == expected => Ok(block.into_contents()),
        Ok([block]) if block.tag().contains("ENCRYPTED") => Err(KeyError::Encrypted),
        Ok([block]) => Err(other(Some(block.tag().to_owned()))),
        Err(_) => Err(other(None)),
    }
}

fn encode(label: &str, der: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}

#[cfg(test)]
mod tests {
    use super::{KeyAlgorithm, KeyError, SigningKey, VerifyingKey};

    /// The secret key of RFC 8032, section 7.1, test 1, as OpenSSL 3 writes it.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.verifying_key(), key.verifying_key());
        let public = VerifyingKey::from_pem(&key.verifying_key().to_pem()).unwrap();
        assert_eq!(public.algorithm(), KeyAlgorithm::Ed25519);
        let signature = key.sign(b"message");
        assert!(public.has_signed(b"message", &signature));
        assert!(!public.has_signed(b"messagf", &signature));
    }

    #[test]
    fn a_key_of_another_program_is_read() {
        let key = SigningKey::from_pem(PRIVATE).unwrap();
        let pem = key.verifying_key().to_pem();
        assert!(pem.contains("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="));
    }

    #[test]
    fn other_texts_are_refused() {
        let key = SigningKey::generate().unwrap();
        let private = key.to_pem().unwrap();
        let public = key.verifying_key().to_pem();
        let refused = |text: &str| VerifyingKey::from_pem(text).unwrap_err();
        assert!(matches!(
            refused(&private),
            KeyError::NotPem { found: Some(_), .. }
        ));
        assert!(matches!(refused(""), KeyError::NotPem { found: None, .. }));
        assert!(matches!(
            refused(&format!("{public}{public}")),
            KeyError::NotPem { .. }
        ));
        let large = format!("{}{public}", " ".repeat(16 << 10));
        assert!(matches!(refused(&large), KeyError::TooLarge(_)));
        let encrypted = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n\
                         -----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
        assert_eq!(
            SigningKey::from_pem(encrypted).unwrap_err(),
            KeyError::Encrypted
        );
    }

    #[test]
    fn a_point_beside_the_curve_is_refused() {
        let mut spki = super::P256_PREFIX.to_vec();
        spki.extend([7; super::P256_BYTES]);
        assert_eq!(
            VerifyingKey::from_spki(&spki).unwrap_err(),
            KeyError::Invalid
        );
        spki.pop();
        let short = VerifyingKey::from_spki(&spki).unwrap_err();
        assert_eq!(short, KeyError::UnknownAlgorithm);
    }
}
