//! Registries that lie about images of agents: each lie is told in one sentence, and nothing of it
//! stays.

use serde_json::{Value, json};

use crate::support::images::{files, listed};
use crate::support::liar::{Answer, Ending, Liar, MANIFEST, Request, Shelf, digest};
use crate::support::{Scratch, cofferdam};

const ARTIFACT: &str = "application/vnd.openotters.agent.v1";
const CONFIG: &str = "application/vnd.openotters.agent.config.v1+json";
const DATA: &str = "application/octet-stream";

/// The files of the agent, each larger than what a connection holds on the way.
const FILES: u8 = 6;

fn content(number: u8) -> Vec<u8> {
    vec![number; 1 << 20]
}

fn title(number: u8) -> String {
    format!("file{number}")
}

/// A shelf with the agent `otter:1`; `change` has the last word about its config and its layers.
fn shelf(change: impl FnOnce(&mut Shelf, &mut Value, &mut Vec<Value>)) -> Shelf {
    let mut shelf = Shelf::default();
    let add = |number| json!({ "src": title(number), "name": title(number) });
    let mut config = json!({ "agent": { "name": "otter", "model": "a/b",
        "adds": (0..FILES).map(add).collect::<Vec<_>>() } });
    let mut layers: Vec<_> = (0..FILES)
        .map(|number| {
            let mut layer = shelf.blob(DATA, content(number));
            let title = title(number);
            layer["annotations"] = json!({ "org.opencontainers.image.title": title });
            layer
        })
        .collect();
    change(&mut shelf, &mut config, &mut layers);
    let config = shelf.json(CONFIG, &config);
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT,
        "config": config, "layers": layers });
    let described = shelf.json(MANIFEST, &manifest);
    shelf.tag("1", &described);
    shelf
}

/// Pulls `otter:1` from this liar; it must be refused with a sentence that holds `parts`, and leave
/// nothing.
#[track_caller]
fn check_liar(liar: &Liar, code: i32, parts: &[&str]) {
    let scratch = Scratch::new();
    let name = liar.reference("otter:1");
    let ran = cofferdam(&scratch, ["image", "pull", &name, "--plain-http"]).run();
    let ran = ran.exits(code).complains(parts);
    assert!(ran.peak_kib < 200 << 10, "{} KiB", ran.peak_kib);
    assert!(listed(&scratch).is_empty());
    assert_eq!(files(&scratch, "blobs/sha256"), 0);
    assert_eq!(files(&scratch, ".cofferdam.incoming"), 0);
}

/// The content of the file that a request is for.
fn file(request: &Request) -> Option<Vec<u8>> {
    let mut files = (0..FILES).map(content);
    let found = files.find(|content| request.path.ends_with(&digest(content)));
    found.filter(|_| request.method == "GET")
}

#[test]
fn layers_travel_beside_each_other_and_go_on_where_they_broke() {
    let liar = Liar::start(shelf(|_, _, _| ()), |request| {
        let content = file(request).filter(|_| request.before == 0)?;
        let size = content.len() as u64;
        Some(Answer::ok(&content[..1000]).ending(Ending::Says(size)))
    });
    let scratch = Scratch::new();
    let name = liar.reference("otter:1");
    cofferdam(&scratch, ["image", "pull", &name, "--plain-http"])
        .run()
        .exits(0);
    let line = ["image", "inspect", &name, "--format", "json"];
    let shown = cofferdam(&scratch, line).run().exits(0).json();
    let adds = shown["adds"].as_array().expect("files");
    assert_eq!(adds.len(), usize::from(FILES));
    assert!(adds.iter().all(|add| add["bytes"] == 1 << 20));
    // Each was asked for twice, and a second one before the first had come.
    let asked = liar.asked();
    let asked: Vec<_> = (0..FILES)
        .map(|number| {
            let digest = digest(&content(number));
            let places = asked.iter().enumerate();
            let places = places.filter(|(_, asked)| asked.ends_with(&digest));
            places.map(|(place, _)| place).collect::<Vec<_>>()
        })
        .collect();
    assert!(asked.iter().all(|places| places.len() == 2), "{asked:?}");
    assert!(asked[1][0] < asked[0][1], "{asked:?}");
}

#[test]
fn one_bad_layer_takes_the_others_with_it() {
    let liar = Liar::start(shelf(|_, _, _| ()), |request| {
        let mut content = file(request)?;
        content[1000] ^= 1;
        (content[0] == 3).then(|| Answer::ok(content))
    });
    check_liar(&liar, 1, &["a file of ADD", "holds other content"]);
}

#[test]
fn what_is_no_agent_is_told_and_not_kept() {
    let check = |change: &dyn Fn(&mut Shelf, &mut Value, &mut Vec<Value>), code, parts: &[&str]| {
        check_liar(&Liar::honest(shelf(change)), code, parts);
    };
    let not = "is not an agent image";
    check(
        &|_, config, _| *config = json!({}),
        2,
        &[not, "missing field `agent`"],
    );
    let bins = json!([{ "name": "sh", "image": "/bin/sh" }]);
    let host_file = |_: &mut Shelf, config: &mut Value, _: &mut Vec<Value>| {
        config["agent"]["bins"] = bins.clone();
    };
    check(&host_file, 2, &[not, "BIN sh as a file"]);
    let climbing = |_: &mut Shelf, _: &mut Value, layers: &mut Vec<Value>| {
        layers[0]["annotations"]["org.opencontainers.image.title"] = json!("../../etc/x");
    };
    check(&climbing, 2, &[not, "`../../etc/x`"]);
    let large = |_: &mut Shelf, _: &mut Value, layers: &mut Vec<Value>| {
        layers[0]["size"] = json!(1_u64 << 40);
    };
    check(&large, 3, &["a file of ADD has 1099511627776 bytes"]);
    let script = |shelf: &mut Shelf, _: &mut Value, layers: &mut Vec<Value>| {
        layers.push(shelf.blob("application/x-sh", "rm -r /"));
    };
    check(&script, 2, &[not, "`application/x-sh`"]);
}
