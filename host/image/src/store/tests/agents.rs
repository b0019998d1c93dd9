//! Agent images that somebody has written who means no good.

use serde_json::{Value, json};

use super::fixture::{Fixture, MANIFEST, reference, tool};
use crate::Error;

const ARTIFACT: &str = "application/vnd.openotters.agent.v1";
const CONFIG: &str = "application/vnd.openotters.agent.config.v1+json";
const AGENTFILE: &str = "application/vnd.openotters.agentfile";
const CONTEXT: &str = "application/vnd.openotters.context.v1";
const DATA: &str = "application/octet-stream";

/// A layer with a title.
fn titled(fixture: &Fixture, media_type: &str, title: &str, content: &[u8]) -> Value {
    let mut layer = fixture.blob(media_type, content);
    layer["annotations"] = json!({ "org.opencontainers.image.title": title });
    layer
}

/// A config with a context and a file.
fn config() -> Value {
    json!({ "agent": {
        "name": "otter", "model": "a/b",
        "contexts": [{ "name": "SOUL" }], "adds": [{ "src": "x", "name": "x.csv" }],
    } })
}

/// Layers as they should be.
fn layers(fixture: &Fixture) -> Vec<Value> {
    vec![
        titled(fixture, AGENTFILE, "Agentfile", b"FROM scratch\n"),
        titled(fixture, CONTEXT, "SOUL.md", b"be kind\n"),
        titled(fixture, DATA, "x.csv", b"a,b"),
    ]
}

/// Names an image `evil:latest`.
fn put(fixture: &Fixture, config: &Value, layers: &[Value], annotations: Value) {
    let config = fixture.json(CONFIG, config);
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT,
        "config": config, "layers": layers, "annotations": annotations });
    fixture.name(fixture.json(MANIFEST, &manifest));
}

#[track_caller]
fn refused(fixture: &Fixture) -> String {
    match fixture.store().agent(&reference("evil")) {
        Ok(agent) => panic!("loaded {agent:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_image_of_another_builder_is_read() {
    let fixture = Fixture::new();
    let annotations = json!({ "team": "blue" });
    put(&fixture, &config(), &layers(&fixture), annotations);
    let agent = fixture.store().agent(&reference("evil")).unwrap();
    assert_eq!(agent.agentfile.contexts[0].content, "be kind");
    assert_eq!(&*agent.agentfile.adds[0].content, b"a,b");
    assert_eq!(agent.source.as_deref(), Some("FROM scratch\n"));
    assert_eq!(agent.lock, None);
    assert_eq!(agent.annotations["team"], "blue");
    // Older ones have no Agentfile, and titles are paths.
    let mut older = config();
    older["agent"]["adds"] = json!([{ "src": "x", "dst": "/data/x.csv" }]);
    let layers = [
        titled(&fixture, CONTEXT, "SOUL.md", b"be kind"),
        titled(&fixture, DATA, "/data/x.csv", b"a,b"),
    ];
    put(&fixture, &older, &layers, json!({}));
    let agent = fixture.store().agent(&reference("evil")).unwrap();
    assert_eq!(agent.source, None);
    assert_eq!(&*agent.agentfile.adds[0].content, b"a,b");
}

#[test]
fn layers_that_do_not_belong_there_are_refused() {
    let fixture = Fixture::new();
    let sound = layers(&fixture);
    let check = |layers: &[Value], part: &str| {
        put(&fixture, &config(), layers, json!({}));
        let said = refused(&fixture);
        assert!(
            said.contains("evil:latest is not an agent image") && said.contains(part),
            "{part}: {said}"
        );
    };
    let with = |layer: Value| [sound.clone(), vec![layer]].concat();
    for (title, part) in [
        ("../x", "no file name inside one directory"),
        ("a/../../x", "no file name inside one directory"),
        ("x\u{0}", "no file name inside one directory"),
        ("", "no file name inside one directory"),
        ("X.csv", "two layers are titled `X.csv`"),
        ("/elsewhere/x.csv", "two layers are titled `x.csv`"),
        ("y.csv", "3 layers with files, and its config declares 2"),
    ] {
        check(&with(titled(&fixture, DATA, title, b"")), part);
    }
    let soul = titled(&fixture, CONTEXT, "soul.md", b"");
    check(&with(soul), "two layers are titled `soul.md`");
    check(&with(fixture.blob(DATA, b"")), "has no title");
    let script = fixture.blob("text/x-sh", b"");
    check(&with(script), "`text/x-sh`, which this host does not know");
    check(&with(sound[0].clone()), "two Agentfiles");
    check(&sound[..2], "it has no layer `x.csv` for its ADD");
    check(&sound[2..], "it has no layer `SOUL.md` for its context");
    let latin = titled(&fixture, CONTEXT, "SOUL.md", b"\xff");
    let layers = [latin, sound[2].clone()];
    check(&layers, "`SOUL.md` is not valid UTF-8");
    let latin = titled(&fixture, AGENTFILE, "Agentfile", b"\xff");
    let layers = [latin, sound[1].clone(), sound[2].clone()];
    check(&layers, "the Agentfile in it is not valid UTF-8");
    let many: Vec<_> = (0..2000)
        .map(|n| titled(&fixture, DATA, &format!("{n}"), b""))
        .collect();
    check(&many, "2000 layers, at most 1024");
}

#[test]
fn configs_and_locks_that_do_not_fit_are_refused() {
    let fixture = Fixture::new();
    let sound = layers(&fixture);
    let check = |config: &Value, annotations: Value, part: &str| {
        put(&fixture, config, &sound, annotations);
        let said = refused(&fixture);
        assert!(said.contains(part), "{part}: {said}");
    };
    let none = || json!({});
    check(
        &none(),
        none(),
        "its config cannot be read: missing field `agent`",
    );
    let mut other = config();
    other["agent"]["contexts"][0]["content"] = json!("be evil");
    check(&other, none(), "another text for SOUL.md");
    let mut file = config();
    file["agent"]["bins"] = json!([{ "name": "sh", "image": "/bin/sh" }]);
    check(&file, none(), "has BIN sh as a file");
    let mut bin = config();
    bin["agent"]["bins"] = json!([{ "name": "wc", "image": "wc:1" }]);
    let lock = |text: &str| json!({ "io.cofferdam.agent.lock": text });
    check(&bin, lock("{"), "its lock cannot be read");
    let next = "{\"schema\":2}";
    check(&bin, lock(next), "its lock has schema 2; this host reads 1");
    let empty = "{\"schema\":1,\"bins\":{}}";
    check(&bin, lock(empty), "its lock has no digest for BIN wc");
    let more = "{\"schema\":1,\"bins\":{},\"more\":1}";
    check(&bin, lock(more), "unknown field `more`");
    let zeros = format!("sha256:{}", "0".repeat(64));
    let row = format!("{{\"manifest\":\"{zeros}\",\"component\":\"{zeros}\"}}");
    let two = format!("{{\"schema\":1,\"bins\":{{\"wc\":{row},\"sh\":{row}}}}}");
    check(&bin, lock(&two), "more BINs than the image has");
    let parent = format!("{{\"image\":\"a\",\"digest\":\"{zeros}\"}}");
    let parents = [parent.as_str(); 11].join(",");
    let deep = format!("{{\"schema\":1,\"parents\":[{parents}],\"bins\":{{\"wc\":{row}}}}}");
    check(&bin, lock(&deep), "11 parents, at most 10");
    // Pruning is not kept from its work by a lock that nobody can read.
    put(&fixture, &config(), &sound, lock("{"));
    fixture.store().prune().unwrap();
}

#[test]
fn sizes_are_looked_at_before_anything_is_read() {
    let fixture = Fixture::new();
    let check = |layer: Value| {
        let mut layers = layers(&fixture);
        layers.push(layer);
        put(&fixture, &config(), &layers, json!({}));
        match fixture.store().agent(&reference("evil")) {
            Err(Error::TooLarge { .. }) => {}
            other => panic!("{other:?}"),
        }
    };
    let mut large = titled(&fixture, DATA, "large", b"x");
    large["size"] = json!((16 << 20) + 1);
    check(large);
    let mut large = titled(&fixture, CONTEXT, "LARGE.md", b"x");
    large["size"] = json!((1 << 20) + 1);
    check(large);
    // Together they are too large as well.
    let parts = (0..5).map(|n| {
        let mut part = titled(&fixture, DATA, &format!("part{n}"), b"x");
        part["size"] = json!(16 << 20);
        part
    });
    let layers: Vec<_> = layers(&fixture).into_iter().chain(parts).collect();
    put(&fixture, &config(), &layers, json!({}));
    let said = refused(&fixture);
    assert!(said.contains("at most 67108864 are allowed"), "{said}");
}

#[test]
fn images_of_the_other_kind_are_told_apart() {
    let fixture = Fixture::new();
    let store = fixture.store();
    store
        .put_tool(&reference("wc"), &tool("wc", b"component"))
        .unwrap();
    let error = store.agent(&reference("wc")).unwrap_err().to_string();
    let expected = "wc:latest is not an agent image: `cofferdam tool inspect` says";
    assert!(error.contains(expected), "{error}");
    put(&fixture, &config(), &layers(&fixture), json!({}));
    let said = fixture.refused().to_string();
    assert!(said.contains("it is an agent image"), "{said}");
    let list = fixture.store().list().unwrap();
    assert_eq!(
        list[0].kind.map(|kind| kind.to_string()).as_deref(),
        Some("agent")
    );
}
