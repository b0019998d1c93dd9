//! Signatures of images: made, pushed to a real registry, required when an image is pulled and when
//! it is used, and checked by programs that others wrote.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, SigningKey};
use serde_json::{Value, json};

use crate::support::images::{files, keep, listed};
use crate::support::liar::{Answer, INDEX, Liar, MANIFEST, Request, Shelf};
use crate::support::{Ran, Registry, Scratch, cofferdam, python, skopeo_json};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// A component that does nothing and can be pulled.
const COMPONENT: &[u8] = crate::support::liar::COMPONENT;

fn ed25519() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key")
}

/// A private key in a file that only its owner may read.
fn key_file(scratch: &Scratch, name: &str, key: &KeyPair) -> PathBuf {
    let file = scratch.file(name, key.serialize_pem());
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("a mode");
    file
}

/// Requires that `signer` has signed these images.
fn require(scratch: &Scratch, signer: &str, key: &KeyPair, images: &str) {
    let public = scratch.file(&format!("{signer}.pub"), key.public_key_pem());
    let public = public.display();
    scratch.file(
        "data/cofferdam.toml",
        format!("[[signer]]\nname = \"{signer}\"\nkey = \"{public}\"\nimages = [\"{images}\"]\n"),
    );
}

fn pull(scratch: &Scratch, image: &str) -> Ran {
    cofferdam(scratch, ["tool", "pull", image, "--plain-http"]).run()
}

fn run(scratch: &Scratch, image: &str) -> Ran {
    cofferdam(scratch, ["tool", "run", image, "--", "a"]).run()
}

fn push(scratch: &Scratch, image: &str, target: &str, key: Option<&PathBuf>) -> Value {
    let mut line = vec![
        "tool",
        "push",
        image,
        target,
        "--plain-http",
        "--format",
        "json",
    ];
    let key = key.map(|key| key.display().to_string());
    line.extend(key.iter().flat_map(|key| ["--sign", key.as_str()]));
    cofferdam(scratch, line).run().exits(0).json()
}

/// The bytes that an envelope's signature is over.
fn pre_authentication(payload: &str) -> Vec<u8> {
    format!(
        "DSSEv1 {} {IN_TOTO} {} {payload}",
        IN_TOTO.len(),
        payload.len()
    )
    .into_bytes()
}

/// A signature of an image as another program would write it.
fn bundle(key: &KeyPair, image: &str, predicate_type: &str) -> Value {
    let hex = image.strip_prefix("sha256:").expect("a digest");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "image", "digest": { "sha256": hex } }],
        "predicateType": predicate_type,
        "predicate": {},
    });
    let payload = statement.to_string();
    let signature = key
        .sign(&pre_authentication(&payload))
        .expect("a signature");
    json!({
        "mediaType": BUNDLE,
        "verificationMaterial": { "publicKey": { "hint": "" }, "tlogEntries": [] },
        "dsseEnvelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": IN_TOTO,
            "signatures": [{ "keyid": "", "sig": STANDARD.encode(signature) }],
        },
    })
}

/// A shelf with the image `args:1`, its descriptor, and what `referrers` puts there about it.
fn shelf(referrers: impl FnOnce(&mut Shelf, &Value) -> Vec<Value>) -> (Shelf, Value) {
    let mut shelf = Shelf::default();
    let (config, layer) = shelf.sound(COMPONENT);
    let image = shelf.manifest(config, json!([layer]));
    shelf.tag("1", &image);
    let rows = referrers(&mut shelf, &image);
    let list = json!({ "schemaVersion": 2, "manifests": rows });
    let list = shelf.json(INDEX, &list);
    let tag = image["digest"]
        .as_str()
        .expect("a digest")
        .replace(':', "-");
    shelf.tag(&tag, &list);
    (shelf, image)
}

/// Puts a document about an image on the shelf, and describes its manifest.
fn referrer(shelf: &mut Shelf, image: &Value, document: &Value) -> Value {
    let layer = shelf.json(BUNDLE, document);
    let config = shelf.blob(EMPTY, "{}");
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
        "config": config, "layers": [layer], "subject": image });
    let mut described = shelf.json(MANIFEST, &manifest);
    described["artifactType"] = BUNDLE.into();
    described
}

/// Pulls from a registry with these referrers, where the signature of `key` is required.
#[track_caller]
fn check_pull(key: &KeyPair, referrers: impl FnOnce(&mut Shelf, &Value) -> Vec<Value>) -> Ran {
    let scratch = Scratch::new();
    let liar = Liar::honest(shelf(referrers).0);
    require(&scratch, "release", key, &liar.reference("args"));
    let ran = pull(&scratch, &liar.reference("args:1"));
    if ran.code != Some(0) {
        assert!(listed(&scratch).is_empty());
        assert_eq!(files(&scratch, "blobs/sha256"), 0);
        let layers = liar
            .asked()
            .into_iter()
            .filter(|asked| asked.contains("/blobs/"));
        let layer = crate::support::liar::digest(COMPONENT);
        assert!(
            !layers.into_iter().any(|asked| asked.ends_with(&layer)),
            "it is not fetched"
        );
    }
    ran
}

#[test]
fn a_signed_image_is_pulled_used_and_passed_on() {
    let author = Scratch::new();
    let registry = Registry::start();
    let key = ed25519();
    let private = key_file(&author, "release.pem", &key);
    let digest = keep(&author, "args:1", "Prints its arguments");
    let target = registry.reference("tools/args:1");
    let pushed = push(&author, "args:1", &target, Some(&private));
    assert!(pushed["signature"].is_string(), "{pushed}");
    // The same image and key are the same signature, and nothing is added.
    let again = push(&author, "args:1", &target, Some(&private));
    assert_eq!(again["signature"], pushed["signature"]);

    // This registry has no list of referrers, so a tag stands for it.
    let tag = digest.replace(':', "-");
    let list = format!(
        "docker://{}",
        registry.reference(&format!("tools/args:{tag}"))
    );
    let list = skopeo_json(["inspect", "--raw", "--tls-verify=false", &list]);
    let rows = list["manifests"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["artifactType"], BUNDLE);
    assert_eq!(rows[0]["digest"], pushed["signature"]);
    assert_eq!(
        rows[0]["annotations"]["dev.sigstore.bundle.predicateType"],
        SIGN
    );

    let user = Scratch::new();
    require(&user, "release", &key, &registry.reference("tools/*"));
    pull(&user, &target).exits(0);
    assert_eq!(run(&user, &target).exits(0).stdout, "args\na\n");
    let inspect = ["tool", "inspect", &target, "--format", "json"];
    let shown = cofferdam(&user, inspect).run().exits(0).json();
    let shown = &shown["attestations"][0];
    assert_eq!(shown["signed_by"], json!(["release"]));
    assert_eq!(shown["claim"]["kind"], "signature");
    let lines = cofferdam(&user, ["tool", "inspect", &target])
        .run()
        .exits(0);
    assert!(
        lines.stdout.contains("signed by release"),
        "{}",
        lines.stdout
    );

    // In a file, and back.
    let file = user.path().join("args.tar").display().to_string();
    let export = ["image", "export", "--output", &file, &target];
    cofferdam(&user, export).run().exits(0);
    let other = Scratch::new();
    require(&other, "release", &key, &registry.reference("tools/*"));
    cofferdam(&other, ["image", "import", &file]).run().exits(0);
    run(&other, &target).exits(0);
    // What refers to an image goes with it.
    cofferdam(&other, ["tool", "rm", &target]).run().exits(0);
    assert_eq!(files(&other, "blobs/sha256"), 0);
}

#[test]
fn an_image_without_the_signature_is_not_imported() {
    let author = Scratch::new();
    let registry = Registry::start();
    let key = ed25519();
    let private = key_file(&author, "release.pem", &key);
    let signed = keep(&author, "args:1", "Prints its arguments");
    let target = registry.reference("tools/args:1");
    push(&author, "args:1", &target, Some(&private));
    // Another image, which nobody has signed, in a file under the name of the signed one.
    let other = keep(&author, "args:2", "Prints something else");
    assert_ne!(signed, other);
    let file = author.path().join("args.tar").display().to_string();
    let export = ["image", "export", "--output", &file, "args:2"];
    cofferdam(&author, export).run().exits(0);

    let user = Scratch::new();
    require(&user, "release", &key, &registry.reference("tools/*"));
    let import = |name: &str| cofferdam(&user, ["image", "import", &file, "--tag", name]).run();
    let found = ["requires a signature of `release`", "it has no signature"];
    import(&target).exits(3).complains(&found);
    assert!(listed(&user).is_empty());
    assert_eq!(files(&user, "blobs/sha256"), 0);
    // It does not move the name of the signed one either.
    pull(&user, &target).exits(0);
    import(&target).exits(3).complains(&found);
    assert_eq!(listed(&user), [(target.clone(), signed)].into());
    run(&user, &target).exits(0);
    // Under a name that requires nothing it may come.
    import("args:2").exits(0);
}

#[test]
fn an_image_without_the_signature_is_refused_at_pull_and_at_use() {
    let author = Scratch::new();
    let registry = Registry::start();
    let release = ed25519();
    let private = key_file(&author, "other.pem", &ed25519());
    keep(&author, "args:1", "Prints its arguments");
    let target = registry.reference("tools/args:1");
    push(&author, "args:1", &target, None);

    // Before the operator required anything.
    let user = Scratch::new();
    pull(&user, &target).exits(0);
    run(&user, &target).exits(0);
    require(
        &user,
        "release",
        &release,
        &registry.reference("tools/args"),
    );
    let refused = |ran: Ran| {
        let ran = ran.exits(3);
        let found = ["requires a signature of `release`", "it has no signature"];
        ran.complains(&found);
    };
    refused(run(&user, &target));
    let digest = listed(&user)[&target].clone();
    // Its digest is no way round, and neither is another spelling.
    refused(run(&user, &digest));
    refused(pull(&user, &target));
    refused(pull(&user, &target.replacen("127.0.0.1", "localhost", 1)));
    let agentfile =
        format!("FROM scratch\nNAME otter\nMODEL builtin/commands\nBIN args {target}\n");
    user.file("build/Agentfile", agentfile);
    let build = user.path().join("build").display().to_string();
    let build = ["image", "build", &build, "--tag", "otter:1"];
    refused(cofferdam(&user, build).run());

    // Somebody else's signature.
    push(&author, "args:1", &target, Some(&private));
    let found = ["requires a signature of `release`", "not theirs"];
    pull(&user, &target).exits(3).complains(&found);

    // A key that others may read signs nothing.
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o644)).expect("a mode");
    let sign = |key: &PathBuf| {
        let key = key.display().to_string();
        let line = ["tool", "push", "args:1", &target, "--plain-http", "--sign"];
        let line = line.into_iter().chain([key.as_str()]);
        cofferdam(&author, line).run().exits(2)
    };
    sign(&private).complains(&["other.pem", "mode 0644"]);
    // Neither does the public half, which others may read.
    let public = author.file("release.pub", release.public_key_pem());
    sign(&public).complains(&["release.pub", "it is a public key"]);
}

#[test]
fn a_flipped_bit_of_a_signature_in_the_registry_is_refused() {
    let author = Scratch::new();
    let registry = Registry::start();
    let key = ed25519();
    let private = key_file(&author, "release.pem", &key);
    keep(&author, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let pushed = push(&author, "args:1", &target, Some(&private));
    let manifest = registry.blob(pushed["signature"].as_str().expect("a digest"));
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(manifest).expect("a blob")).expect("a manifest");
    let layer = registry.blob(manifest["layers"][0]["digest"].as_str().expect("a digest"));
    let user = Scratch::new();
    require(&user, "release", &key, &registry.reference("args"));
    let sound = std::fs::read(&layer).expect("a blob");
    for place in [sound.len() / 3, sound.len() / 2] {
        let mut changed = sound.clone();
        changed[place] ^= 1;
        std::fs::write(&layer, changed).expect("a blob");
        let found = ["requires a signature of `release`"];
        pull(&user, &target).exits(3).complains(&found);
        assert_eq!(files(&user, "blobs/sha256"), 0);
    }
    std::fs::write(&layer, sound).expect("a blob");
    pull(&user, &target).exits(0);
}

#[test]
fn signatures_of_other_programs_count_and_lies_do_not() {
    let key = ed25519();
    let digest = |image: &Value| image["digest"].as_str().expect("a digest").to_owned();
    let ran = check_pull(&key, |shelf, image| {
        let signed = bundle(&key, &digest(image), SIGN);
        vec![referrer(shelf, image, &signed)]
    });
    ran.exits(0);
    // The algorithm of `cosign generate-key-pair`.
    let p256 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let ran = check_pull(&p256, |shelf, image| {
        let signed = bundle(&p256, &digest(image), SIGN);
        vec![referrer(shelf, image, &signed)]
    });
    ran.exits(0);

    let refused = |ran: Ran, found: &str| {
        let parts = ["requires a signature of `release`", found];
        ran.exits(3).complains(&parts);
    };
    let theirs = "not theirs, or not of this image";
    // Of another image, by another key, with another word.
    let ran = check_pull(&key, |shelf, image| {
        let other = format!("sha256:{}", "0".repeat(64));
        vec![referrer(shelf, image, &bundle(&key, &other, SIGN))]
    });
    refused(ran, theirs);
    let ran = check_pull(&key, |shelf, image| {
        let signed = bundle(&ed25519(), &digest(image), SIGN);
        vec![referrer(shelf, image, &signed)]
    });
    refused(ran, theirs);
    let ran = check_pull(&key, |shelf, image| {
        let vetted = "https://slsa.dev/verification_summary/v1";
        let signed = bundle(&key, &digest(image), vetted);
        vec![referrer(shelf, image, &signed)]
    });
    refused(ran, "it has no signature");
    // A bit of the signature, in a bundle whose digest is right.
    let ran = check_pull(&key, |shelf, image| {
        let mut signed = bundle(&key, &digest(image), SIGN);
        let signature = &mut signed["dsseEnvelope"]["signatures"][0]["sig"];
        let text = signature.as_str().expect("a signature");
        let mut bytes = STANDARD.decode(text).expect("base64");
        bytes[7] ^= 4;
        *signature = STANDARD.encode(bytes).into();
        vec![referrer(shelf, image, &signed)]
    });
    refused(ran, theirs);
    // A referrer of something else in the list of this image.
    let ran = check_pull(&key, |shelf, image| {
        let signed = bundle(&key, &digest(image), SIGN);
        let other = shelf.blob(MANIFEST, "other");
        vec![referrer(shelf, &other, &signed)]
    });
    refused(ran, "it has no signature");
}

#[test]
fn older_signatures_of_cosign_count() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let signed = |shelf: &mut Shelf, image: &Value, named: &str| {
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": "" },
                "image": { "docker-manifest-digest": named },
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let payload = payload.to_string();
        let signature = STANDARD.encode(key.sign(payload.as_bytes()).expect("a signature"));
        let simple = "application/vnd.dev.cosign.simplesigning.v1+json";
        let mut layer = shelf.blob(simple, payload);
        layer["annotations"] = json!({ "dev.cosignproject.cosign/signature": signature });
        let config = shelf.blob(crate::support::liar::IMAGE_CONFIG, "{}");
        let manifest = shelf.manifest(config, json!([layer]));
        let tag = image["digest"]
            .as_str()
            .expect("a digest")
            .replace(':', "-");
        shelf.tag(&format!("{tag}.sig"), &manifest);
        Vec::new()
    };
    let ran = check_pull(&key, |shelf, image| {
        let digest = image["digest"].as_str().expect("a digest").to_owned();
        signed(shelf, image, &digest)
    });
    ran.exits(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let ran = check_pull(&key, |shelf, image| signed(shelf, image, &other));
    ran.exits(3)
        .complains(&["not theirs, or not of this image"]);
}

#[test]
fn what_others_add_does_not_hide_a_signature() {
    let key = ed25519();
    let digest = |image: &Value| image["digest"].as_str().expect("a digest").to_owned();
    let junk = |shelf: &mut Shelf, image: &Value, number: usize| {
        let layer = shelf.blob("application/json", number.to_string());
        let config = shelf.blob(EMPTY, "{}");
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST,
            "artifactType": "application/x-junk", "config": config, "layers": [layer],
            "subject": image });
        let mut described = shelf.json(MANIFEST, &manifest);
        described["artifactType"] = "application/x-junk".into();
        described
    };
    // Behind more documents than are kept.
    let ran = check_pull(&key, |shelf, image| {
        let rows = (0..100).map(|number| junk(shelf, image, number));
        let mut rows: Vec<_> = rows.collect();
        let signed = bundle(&key, &digest(image), SIGN);
        rows.push(referrer(shelf, image, &signed));
        rows
    });
    ran.exits(0);
    // Behind more signatures of somebody else than are kept.
    let theirs = ed25519();
    let ran = check_pull(&key, |shelf, image| {
        let forged = |number: usize| {
            let mut forged = bundle(&theirs, &digest(image), SIGN);
            forged["number"] = number.into();
            forged
        };
        let rows = (0..70).map(|number| referrer(shelf, image, &forged(number)));
        let mut rows: Vec<_> = rows.collect();
        let signed = bundle(&key, &digest(image), SIGN);
        rows.push(referrer(shelf, image, &signed));
        rows
    });
    ran.exits(0);
}

#[test]
fn a_signature_comes_to_an_image_that_others_have_filled() {
    let key = ed25519();
    let scratch = Scratch::new();
    let fill = |shelf: &mut Shelf, image: &Value, number: usize| {
        let note = json!({ "note": number });
        let layer = shelf.json("application/json", &note);
        let config = shelf.blob(EMPTY, "{}");
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST,
            "artifactType": "application/x-junk", "config": config, "layers": [layer],
            "subject": image });
        shelf.json(MANIFEST, &manifest)
    };
    let mut rows = Vec::new();
    let (shelf, _) = shelf(|shelf, image| {
        rows.extend((0..64).map(|number| fill(shelf, image, number)));
        let digest = image["digest"].as_str().expect("a digest");
        rows.push(referrer(shelf, image, &bundle(&key, digest, SIGN)));
        Vec::new()
    });
    // The signature is there when it is asked for a second time.
    let liar = Liar::start(shelf, move |request: &Request| {
        let shown = if request.before == 0 {
            &rows[..64]
        } else {
            &rows[..]
        };
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": shown });
        let is_list = request.path.contains("/referrers/");
        is_list.then(|| Answer::ok(list.to_string()).header(format!("content-type: {INDEX}")))
    });
    let image = liar.reference("args:1");
    pull(&scratch, &image).exits(0);
    require(&scratch, "release", &key, &liar.reference("args"));
    pull(&scratch, &image).exits(0);
}

#[test]
fn a_signature_is_one_for_another_implementation() {
    let author = Scratch::new();
    let registry = Registry::start();
    let key = ed25519();
    let private = key_file(&author, "release.pem", &key);
    let digest = keep(&author, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let pushed = push(&author, "args:1", &target, Some(&private));
    let blob = |digest: &Value| {
        let blob = registry.blob(digest.as_str().expect("a digest"));
        std::fs::read(blob).expect("a blob")
    };
    let manifest: Value = serde_json::from_slice(&blob(&pushed["signature"])).expect("a manifest");
    let bundle = author.file("bundle.json", blob(&manifest["layers"][0]["digest"]));
    let public = author.file("release.pub", key.public_key_pem());
    let program = r#"
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
bundle = json.load(open(sys.argv[1]))
envelope = dict(bundle["dsseEnvelope"])
key = SSlibKey.from_crypto(load_pem_public_key(open(sys.argv[2], "rb").read()))
envelope["signatures"] = [dict(one, keyid=key.keyid) for one in envelope["signatures"]]
envelope = Envelope.from_dict(envelope)
envelope.verify([key], 1)
statement = json.loads(envelope.payload)
print(statement["predicateType"], statement["subject"][0]["digest"]["sha256"])
"#;
    let ran = Command::new(python())
        .arg("-c")
        .arg(program)
        .args([bundle, public])
        .output();
    let ran = ran.expect("python runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let hex = digest.strip_prefix("sha256:").expect("a digest");
    assert_eq!(said, format!("{SIGN} {hex}\n"));
}

#[test]
fn what_is_wrong_with_a_signer_is_told() {
    let scratch = Scratch::new();
    let key = ed25519();
    let public = scratch.file("release.pub", key.public_key_pem());
    let private = scratch.file("release.pem", key.serialize_pem());
    let public = public.display().to_string();
    let private = private.display().to_string();
    let check = |name: &str, key: &str, images: &str, parts: &[&str]| {
        let row = format!("[[signer]]\nname = \"{name}\"\nkey = \"{key}\"\nimages = [{images}]\n");
        scratch.file("data/cofferdam.toml", row);
        let ran = cofferdam(&scratch, ["tool", "pull", "reg.example/a"]).run();
        ran.exits(2).complains(parts);
    };
    let images = "\"reg.example/*\"";
    check("a b", &public, images, &["cofferdam.toml:2", "`name`"]);
    check(
        "release",
        "release.pub",
        images,
        &["cofferdam.toml:3", "an absolute path"],
    );
    let wrong = ["cofferdam.toml:3", "`PUBLIC KEY` but `PRIVATE KEY`"];
    check("release", &private, images, &wrong);
    check(
        "release",
        &public,
        "",
        &["cofferdam.toml:4", "expected 1 to 64"],
    );
    check(
        "release",
        &public,
        "\"args:1\"",
        &["cofferdam.toml:4", "HOST/NAME/*"],
    );
    // Another spelling of a registry would be another rule for the same images.
    check(
        "release",
        &public,
        "\"127.1:5599/tools/*\"",
        &["cofferdam.toml:4", "HOST/NAME/*"],
    );
    scratch.file("data/cofferdam.toml", "");
    for spelling in ["127.0.0.1:05599", "127.1:5599", "2130706433:5599"] {
        let image = format!("{spelling}/tools/args:1");
        let ran = cofferdam(&scratch, ["tool", "pull", &image, "--plain-http"]).run();
        ran.exits(2)
            .complains(&["another spelling of a registry", "four decimal numbers"]);
    }
}
