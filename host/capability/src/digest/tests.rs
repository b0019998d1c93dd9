//! Digests are those of FIPS 180-4, also when the bytes come in pieces.

use super::{Digest, Digester};

/// Examples that NIST publishes for SHA-256, and a block boundary.
const EXAMPLES: [(&str, &str); 3] = [
    (
        "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
];

#[test]
fn digests_are_those_of_the_standard() {
    for (text, expected) in EXAMPLES {
        assert_eq!(Digest::of(text.as_bytes()).hex(), expected, "{text:?}");
    }
}

#[test]
fn pieces_have_the_digest_of_the_whole() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for size in [1, 63, 64, 65, 999] {
        let mut digester = Digester::default();
        bytes.chunks(size).for_each(|piece| digester.update(piece));
        assert_eq!(digester.finish(), Digest::of(&bytes), "in pieces of {size}");
    }
}
