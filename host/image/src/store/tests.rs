//! The store on a real disk: what comes back, what is refused, and who may write at once.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; it makes its own directories and processes"
)]

mod agents;
mod concurrent;
mod fixture;
mod hostile;
mod layouts;

use cofferdam_capability::Digest;
use fixture::{Fixture, reference, tool};

use super::{COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, MANIFEST_MAX_BYTES};
use crate::{Error, ToolImage, annotation};

#[test]
fn what_is_put_comes_back() {
    let fixture = Fixture::new();
    let put = tool("wc", b"component");
    let digest = fixture
        .store()
        .put_tool(&reference("ghcr.io/tools/wc:1"), &put)
        .unwrap();

    // Another process would open the directory anew.
    let store = fixture.store();
    for name in [
        "ghcr.io/tools/wc:1",
        &format!("ghcr.io/tools/wc@{digest}"),
        &format!("ghcr.io/tools/wc:9@{digest}"),
    ] {
        let (found, got) = store.tool(&reference(name)).unwrap();
        assert_eq!((found, &got), (digest, &put), "{name}");
        assert_eq!(
            store.put_tool(&reference("again"), &got).unwrap(),
            digest,
            "what came back packs the same"
        );
    }
    for name in [
        "ghcr.io/tools/wc",
        "ghcr.io/tools/wc:2",
        "tools/wc:1",
        "wc:1",
        &format!("wc@{digest}"),
    ] {
        match store.tool(&reference(name)) {
            Err(Error::NotFound(missing)) => assert_eq!(missing, reference(name)),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn defaults_come_back_as_annotations() {
    let fixture = Fixture::new();
    let put = ToolImage {
        annotations: Default::default(),
        ..tool("wc", b"component")
    };
    fixture.store().put_tool(&reference("wc"), &put).unwrap();
    let (_, got) = fixture.store().tool(&reference("wc")).unwrap();
    let expected = [(annotation::PATH, "/"), (annotation::USAGE, "/USAGE.md")];
    assert_eq!(
        got.annotations,
        expected
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    );
}

#[test]
fn a_moved_tag_leaves_its_image_pinned() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let old = store
        .put_tool(&reference("wc"), &tool("wc", b"old"))
        .unwrap();
    let new = store
        .put_tool(&reference("wc"), &tool("wc", b"new"))
        .unwrap();
    assert_ne!(old, new);
    fixture.check_list(&[("wc:latest", new), (&format!("wc@{old}"), old)]);
    assert_eq!(
        store
            .tool(&reference(&format!("wc@{old}")))
            .unwrap()
            .1
            .component,
        b"old"
    );

    // Put again, it has a tag again, and the other one is left behind.
    store
        .put_tool(&reference("wc"), &tool("wc", b"old"))
        .unwrap();
    fixture.check_list(&[("wc:latest", old), (&format!("wc@{new}"), new)]);
    // With another tag on it, nothing is left behind.
    store
        .put_tool(&reference("wc:1"), &tool("wc", b"old"))
        .unwrap();
    store
        .put_tool(&reference("wc"), &tool("wc", b"new"))
        .unwrap();
    fixture.check_list(&[("wc:1", old), ("wc:latest", new)]);
    // Twice the same is once.
    store
        .put_tool(&reference("wc"), &tool("wc", b"new"))
        .unwrap();
    fixture.check_list(&[("wc:1", old), ("wc:latest", new)]);
}

#[test]
fn a_pinned_reference_takes_only_its_image() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let digest = store.put_tool(&reference("wc"), &tool("wc", b"a")).unwrap();
    store
        .put_tool(&reference(&format!("mine:1@{digest}")), &tool("wc", b"a"))
        .unwrap();
    store
        .put_tool(&reference(&format!("yours@{digest}")), &tool("wc", b"a"))
        .unwrap();
    fixture.check_list(&[
        ("mine:1", digest),
        ("wc:latest", digest),
        (&format!("yours@{digest}"), digest),
    ]);

    let wrong = reference(&format!("mine:1@{digest}"));
    match store.put_tool(&wrong, &tool("wc", b"b")) {
        Err(Error::Pinned { reference, actual }) => {
            assert!(*reference == wrong && actual != digest)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_digest_alone_means_the_image_whatever_its_name() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let digest = store
        .put_tool(&reference("a:1"), &tool("wc", b"a"))
        .unwrap();
    store
        .put_tool(&reference("b:1"), &tool("wc", b"a"))
        .unwrap();
    let bare = reference(&digest.to_string());
    assert_eq!(store.tool(&bare).unwrap().0, digest);
    assert_eq!(store.digest(&bare).unwrap(), Some(digest));
    assert!(matches!(
        store.put_tool(&bare, &tool("wc", b"a")),
        Err(Error::Nameless(_))
    ));
    // It takes every name.
    assert_eq!(store.remove(&bare).unwrap(), digest);
    fixture.check_list(&[]);
    assert!(matches!(store.tool(&bare), Err(Error::NotFound(_))));
}

#[test]
fn removing_keeps_what_others_need() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let shared = store
        .put_tool(&reference("a:1"), &tool("a", b"shared"))
        .unwrap();
    store
        .put_tool(&reference("a:2"), &tool("a", b"shared"))
        .unwrap();
    // Another manifest over the same component.
    let other = store
        .put_tool(&reference("b"), &tool("b", b"shared"))
        .unwrap();
    assert_eq!(fixture.blobs(), 5);

    assert!(matches!(
        store.remove(&reference("c")),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        store.remove(&reference(&format!("a:1@{other}"))),
        Err(Error::NotFound(_))
    ));
    assert_eq!(store.remove(&reference("a:1")).unwrap(), shared);
    fixture.check_list(&[("a:2", shared), ("b:latest", other)]);
    assert_eq!(fixture.blobs(), 5);
    assert_eq!(
        store.remove(&reference(&format!("a@{shared}"))).unwrap(),
        shared
    );
    assert_eq!(fixture.blobs(), 3);
    assert_eq!(store.tool(&reference("b")).unwrap().1.component, b"shared");
    store.remove(&reference("b")).unwrap();
    assert_eq!(fixture.blobs(), 0);
    fixture.check_list(&[]);
}

#[test]
fn a_broken_image_can_be_listed_and_removed_but_sweeps_nothing() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let broken = store
        .put_tool(&reference("broken"), &tool("a", b"a"))
        .unwrap();
    let whole = store
        .put_tool(&reference("whole"), &tool("b", b"b"))
        .unwrap();
    fixture.write_blob(&broken, b"damage");
    fixture.check_list(&[("broken:latest", broken), ("whole:latest", whole)]);
    // The broken image might need any blob.
    store.remove(&reference("whole")).unwrap();
    assert!(matches!(store.prune(), Err(Error::Corrupt { .. })));
    assert_eq!(fixture.blobs(), 6);
    store.remove(&reference("broken")).unwrap();
    assert_eq!(fixture.blobs(), 0);
}

#[test]
fn putting_again_repairs() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let put = tool("wc", b"component");
    store.put_tool(&reference("wc"), &put).unwrap();
    fixture.write_blob(&Digest::of(b"component"), b"damaged!!");
    assert!(matches!(
        store.tool(&reference("wc")),
        Err(Error::Corrupt { .. })
    ));
    store.put_tool(&reference("wc"), &put).unwrap();
    assert_eq!(store.tool(&reference("wc")).unwrap().1, put);
}

#[test]
fn nothing_is_put_that_could_not_be_loaded() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let check = |tool: ToolImage, expected: &str| {
        let error = store.put_tool(&reference("wc"), &tool).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }));
        assert_eq!(error.to_string().split_once(" has ").unwrap().0, expected);
        assert_eq!(fixture.blobs(), 0);
    };
    let sized = |max: u64| "x".repeat(usize::try_from(max).unwrap() + 1);
    check(
        ToolImage {
            component: sized(COMPONENT_MAX_BYTES).into_bytes(),
            ..tool("wc", b"")
        },
        "the component",
    );
    check(
        ToolImage {
            usage: Some(sized(CONFIG_MAX_BYTES)),
            ..tool("wc", b"")
        },
        "the config",
    );
    let annotations = [("a".to_owned(), sized(MANIFEST_MAX_BYTES))].into();
    check(
        ToolImage {
            annotations,
            ..tool("wc", b"")
        },
        "the manifest",
    );
}
