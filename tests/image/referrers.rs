//! Documents that refer to an image, in registries with a list of them and without.

use serde_json::{Value, json};

use crate::support::images::keep;
use crate::support::liar::{Answer, COMPONENT, INDEX, Liar, MANIFEST, Request, Shelf, digest};
use crate::support::{Registry, Scratch, cofferdam, skopeo_json};

const SPDX: &str = "application/spdx+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// A shelf with the image `args:1`, and so many bills of materials that refer to it.
fn shelf(bills: usize) -> (Shelf, Value, Vec<Value>) {
    let mut shelf = Shelf::default();
    let (config, layer) = shelf.sound(COMPONENT);
    let image = shelf.manifest(config, json!([layer]));
    shelf.tag("1", &image);
    let rows = (0..bills).map(|number| {
        let name = format!("bill {number}");
        let bill = json!({ "spdxVersion": "SPDX-2.3", "name": name, "packages": [{}] });
        let layer = shelf.json(SPDX, &bill);
        let config = shelf.blob(EMPTY, "{}");
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": SPDX,
            "config": config, "layers": [layer], "subject": image });
        let mut row = shelf.json(MANIFEST, &manifest);
        row["artifactType"] = SPDX.into();
        row
    });
    let rows = rows.collect();
    (shelf, image, rows)
}

/// The documents that refer to the image, as `tool inspect` shows them.
#[track_caller]
fn attestations(scratch: &Scratch, image: &str) -> Vec<Value> {
    let line = ["image", "ls", "--format", "json"];
    cofferdam(scratch, line).run().exits(0);
    let line = ["tool", "inspect", image, "--format", "json"];
    let shown = cofferdam(scratch, line).run().exits(0).json();
    shown["attestations"].as_array().expect("a list").clone()
}

#[track_caller]
fn pull(scratch: &Scratch, image: &str) {
    let line = ["tool", "pull", image, "--plain-http"];
    cofferdam(scratch, line).run().exits(0);
}

fn page(rows: &[Value]) -> Answer {
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": rows });
    Answer::ok(list.to_string()).header(format!("content-type: {INDEX}"))
}

/// Number of rows of the index of the store that refer to something.
fn kept(scratch: &Scratch) -> usize {
    let index = std::fs::read(scratch.data().join("images/index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    let rows = index["manifests"].as_array().expect("rows").iter();
    rows.filter(|row| row["annotations"]["io.cofferdam.subject"].is_string())
        .count()
}

#[test]
fn a_list_of_referrers_is_read_page_by_page() {
    let scratch = Scratch::new();
    let (shelf, image, rows) = shelf(5);
    let path = format!(
        "/v2/args/referrers/{}",
        image["digest"].as_str().expect("a digest")
    );
    let liar = Liar::start(shelf, move |request: &Request| {
        if request.path == path {
            let next = format!("link: <{path}?page=2>; rel=\"next\"");
            return Some(page(&rows[..3]).header(next));
        }
        (request.path == format!("{path}?page=2")).then(|| page(&rows[3..]))
    });
    pull(&scratch, &liar.reference("args:1"));
    assert_eq!(kept(&scratch), 5);
    let asked = liar.asked();
    assert!(
        !asked
            .iter()
            .any(|asked| asked.contains("manifests/sha256-")),
        "no tag is needed"
    );
}

#[test]
fn more_referrers_than_are_kept_are_left_out() {
    let scratch = Scratch::new();
    let (shelf, image, rows) = shelf(70);
    let path = format!(
        "/v2/args/referrers/{}",
        image["digest"].as_str().expect("a digest")
    );
    let liar = Liar::start(shelf, move |request: &Request| {
        (request.path == path).then(|| page(&rows))
    });
    pull(&scratch, &liar.reference("args:1"));
    assert_eq!(kept(&scratch), 64);
}

#[test]
fn broken_referrers_are_left_out_and_the_image_comes() {
    let scratch = Scratch::new();
    let (shelf, image, mut rows) = shelf(2);
    let path = format!(
        "/v2/args/referrers/{}",
        image["digest"].as_str().expect("a digest")
    );
    rows[0]["size"] = 3.into();
    let liar = Liar::start(shelf, move |request: &Request| {
        (request.path == path).then(|| page(&rows))
    });
    pull(&scratch, &liar.reference("args:1"));
    assert_eq!(kept(&scratch), 1);
    // A next page that is elsewhere is not asked for.
    let other = Scratch::new();
    let (shelf, ..) = self::shelf(0);
    let liar = Liar::start(shelf, move |request: &Request| {
        let elsewhere = "link: <https://registry.example/next>; rel=\"next\"";
        request
            .path
            .contains("/referrers/")
            .then(|| page(&[]).header(elsewhere))
    });
    pull(&other, &liar.reference("args:1"));
    assert_eq!(kept(&other), 0);
}

#[test]
fn a_registry_that_keeps_the_list_gets_no_tag() {
    let scratch = Scratch::new();
    let subject = |has_list: bool| {
        move |request: &Request| {
            let list = if has_list {
                "oci-subject: sha256:0"
            } else {
                "x-nothing: 0"
            };
            match request.method.as_str() {
                "POST" => {
                    let location = format!("location: {}1", request.path);
                    Some(Answer::new("202 Accepted", "").header(location))
                }
                "PUT" => {
                    let kept = digest(&request.body);
                    let answer = Answer::new("201 Created", "").header(list);
                    if !request.path.contains("/manifests/") {
                        return Some(answer);
                    }
                    Some(answer.header(format!("docker-content-digest: {kept}")))
                }
                _ => None,
            }
        }
    };
    // A bill of materials comes with the image.
    let (things, _, rows) = shelf(1);
    let from = Liar::start(things, move |request: &Request| {
        request.path.contains("/referrers/").then(|| page(&rows))
    });
    let image = from.reference("args:1");
    pull(&scratch, &image);
    for has_list in [true, false] {
        let to = Liar::start(Shelf::default(), subject(has_list));
        let target = to.reference("args:1");
        let line = ["tool", "push", &image, &target, "--plain-http"];
        cofferdam(&scratch, line).run().exits(0);
        let asked = to.asked();
        let manifests = asked
            .iter()
            .filter(|asked| asked.starts_with("PUT /v2/args/manifests/"));
        let tags = manifests
            .clone()
            .filter(|asked| asked.contains("manifests/sha256-"));
        assert_eq!(manifests.count(), if has_list { 2 } else { 3 }, "{asked:?}");
        assert_eq!(tags.count(), usize::from(!has_list));
    }
}

#[test]
fn what_others_have_said_of_an_image_stays_in_the_list() {
    let registry = Registry::start();
    let scratch = Scratch::new();
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    for (name, key) in [("one.pem", key), ("two.pem", other)] {
        let machine = Scratch::new();
        keep(&machine, "args:1", "Prints its arguments");
        let file = machine.file(name, key.serialize_pem());
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).expect("a mode");
        let file = file.display().to_string();
        let line = [
            "tool",
            "push",
            "args:1",
            &target,
            "--plain-http",
            "--sign",
            &file,
        ];
        cofferdam(&machine, line).run().exits(0);
    }
    let list = registry.reference(&format!("args:{}", digest.replace(':', "-")));
    let list = format!("docker://{list}");
    let list = skopeo_json(["inspect", "--raw", "--tls-verify=false", &list]);
    assert_eq!(list["manifests"].as_array().expect("rows").len(), 2);
    let user = Scratch::new();
    pull(&user, &target);
    let shown = attestations(&user, &target);
    assert_eq!(shown.len(), 2);
    let nobody = json!([]);
    assert!(
        shown.iter().all(|one| one["signed_by"] == nobody),
        "{shown:?}"
    );
}
