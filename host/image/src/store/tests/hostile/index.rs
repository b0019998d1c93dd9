//! Indexes that lie.

use super::*;

/// Checks how every way into a store with this index ends.
#[track_caller]
fn check_index(prepare: impl FnOnce(&Fixture), expected_kind: &str, expected: &str) {
    let fixture = Fixture::new();
    prepare(&fixture);
    let store = fixture.store();
    let ways = [
        store.tool(&reference("evil")).map(|_| ()),
        store.list().map(|_| ()),
        store.remove(&reference("evil")).map(|_| ()),
        store
            .put_tool(&reference("wc"), &tool("wc", b"a"))
            .map(|_| ()),
    ];
    for error in ways.map(|way| way.unwrap_err()) {
        assert_eq!(kind(&error), expected_kind, "{error}");
        let place = format!(
            "the image store {}: {expected}",
            fixture.path("").display().to_string().trim_end_matches('/')
        );
        assert!(
            error.to_string().starts_with(&place),
            "{error}\n  does not begin with\n{place}"
        );
    }
}

#[test]
fn hostile_indexes() {
    let row = |digest: &str, name: &str| {
        let annotations = json!({ "org.opencontainers.image.ref.name": name });
        json!({ "mediaType": MANIFEST, "digest": digest, "size": 1, "annotations": annotations })
    };
    for digest in [
        "sha256:../../../secret",
        "../x:y",
        "sha256:/etc/passwd",
        "md5:../../x",
        "sha256",
        "",
    ] {
        check_index(
            |f| f.index(json!([row(digest, "evil:latest")])),
            "corrupt",
            "index.json is not an image index: ",
        );
    }
    for digest in ["md5:abc", "x+y:abc"] {
        let expected = format!("a descriptor cannot be followed: `{digest}` is not a digest: ");
        check_index(
            |f| f.index(json!([row(digest, "evil:latest")])),
            "corrupt",
            &expected,
        );
    }
    let zero = format!("sha256:{}", "0".repeat(64));
    for name in [
        "../../evil",
        "/etc/passwd",
        "evil:latest\nsecret",
        "",
        "a/../b:1",
    ] {
        let expected = format!(
            "index.json has a bad row: `{}` is not an image reference: ",
            name.escape_debug()
        );
        check_index(|f| f.index(json!([row(&zero, name)])), "corrupt", &expected);
    }
    check_index(
        |f| f.index(json!([row(&zero, "evil:latest"), row(&zero, "evil")])),
        "corrupt",
        "index.json has two rows named evil:latest; remove one of them",
    );
    check_index(
        |f| fs::write(f.path("index.json"), "{").unwrap(),
        "corrupt",
        "index.json is not an image index: EOF",
    );
    check_index(
        |f| fs::remove_file(f.path("index.json")).unwrap(),
        "corrupt",
        "index.json is missing; an image layout cannot be read without it",
    );
    check_index(
        |f| {
            fs::write(
                f.path("index.json"),
                vec![b' '; usize::try_from(INDEX_MAX_BYTES).unwrap() + 1],
            )
            .unwrap()
        },
        "too large",
        "index.json has 4194305 bytes, at most 4194304 are allowed",
    );
}

#[test]
fn a_full_index_takes_no_more_and_stays_as_it_was() {
    let fixture = Fixture::new();
    let filler = "x".repeat(usize::try_from(INDEX_MAX_BYTES).unwrap() - 100);
    let index = json!({ "schemaVersion": 2, "manifests": [], "annotations": { "filler": filler } })
        .to_string();
    fs::write(fixture.path("index.json"), &index).unwrap();
    let error = fixture
        .store()
        .put_tool(&reference("wc"), &tool("wc", b"a"))
        .unwrap_err();
    assert_eq!(kind(&error), "too large");
    assert_eq!(
        fs::read_to_string(fixture.path("index.json")).unwrap(),
        index
    );
}
