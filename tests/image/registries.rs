//! Registries that ask for a password, speak TLS, or hold a damaged blob.

use serde_json::Value;

use crate::support::images::{files, keep, listed};
use crate::support::{PASSWORD, Registry, Scratch, cofferdam, skopeo_json};

#[test]
fn a_registry_that_asks_who_we_are() {
    let (scratch, registry) = (Scratch::new(), Registry::start_with_password());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let push = |docker: &str| {
        let command = cofferdam(
            &scratch,
            ["tool", "push", "args:1", &target, "--plain-http"],
        );
        command
            .env("DOCKER_CONFIG", scratch.path().join(docker))
            .run()
    };
    let login = format!("docker login {}", registry.address);
    push("nowhere").exits(1).complains(&["401", &login]);

    let auths = |auth: Value| {
        serde_json::json!({ "auths": { (registry.address.as_str()): auth } }).to_string()
    };
    scratch.file(
        "wrong/config.json",
        auths(serde_json::json!({ "username": "author", "password": "guess" })),
    );
    push("wrong").exits(1).complains(&["401", &login]);
    scratch.file("broken/config.json", "{");
    push("broken")
        .exits(1)
        .complains(&["broken/config.json", "line 1"]);
    scratch.file(
        "right/config.json",
        auths(serde_json::json!({ "username": "author", "password": PASSWORD })),
    );
    push("right").exits(0);

    // A helper is asked, and its word is taken.
    scratch.file("helper/config.json", r#"{"credsStore":"test"}"#);
    let helper = scratch.file(
        "bin/docker-credential-test",
        format!(
            "#!/bin/sh\nread -r server\necho \
            \"{{\\\"Username\\\":\\\"author\\\",\\\"Secret\\\":\\\"{PASSWORD}\\\"}}\"\n"
        ),
    );
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        scratch.path().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let pull = || cofferdam(&scratch, ["tool", "pull", &target, "--plain-http"]).env("PATH", &path);
    pull()
        .env("DOCKER_CONFIG", scratch.path().join("helper"))
        .run()
        .exits(0);
    scratch.file(
        "bin/docker-credential-test",
        "#!/bin/sh\nread -r server\nexit 1\n",
    );
    pull()
        .env("DOCKER_CONFIG", scratch.path().join("helper"))
        .run()
        .exits(1)
        .complains(&["docker-credential-test"]);
}

#[test]
fn a_registry_with_tls_is_trusted_by_its_certificate() {
    let (scratch, (registry, certificate)) = (Scratch::new(), Registry::start_with_tls());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    let push = || cofferdam(&scratch, ["tool", "push", "args:1", &target]);
    push()
        .run()
        .exits(1)
        .complains(&["cannot be reached", "certificate"]);
    let trusted = scratch.file("authority.pem", certificate);
    push().env("SSL_CERT_FILE", &trusted).run().exits(0);
    let other = Scratch::new();
    cofferdam(&other, ["tool", "pull", &target])
        .env("SSL_CERT_FILE", &trusted)
        .run()
        .exits(0);
    assert_eq!(
        listed(&other),
        [(target, listed(&scratch)["args:1"].clone())].into()
    );
}

#[test]
fn a_registry_without_tls_is_named_as_such() {
    let scratch = Scratch::new();
    let registry = Registry::start();
    let target = registry.reference("args:1");
    cofferdam(&scratch, ["tool", "pull", &target])
        .run()
        .exits(1)
        .complains(&["it does not speak TLS", "--plain-http"]);
}

#[test]
fn a_blob_that_was_changed_in_the_registry_is_refused() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    keep(&scratch, "args:1", "Prints its arguments");
    let target = registry.reference("args:1");
    cofferdam(
        &scratch,
        ["tool", "push", "args:1", &target, "--plain-http"],
    )
    .run()
    .exits(0);
    let raw = skopeo_json([
        "inspect",
        "--tls-verify=false",
        "--raw",
        &format!("docker://{target}"),
    ]);
    let layer = raw["layers"][0]["digest"].as_str().unwrap();
    let mut content = std::fs::read(registry.blob(layer)).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(registry.blob(layer), content).unwrap();
    let other = Scratch::new();
    let pull = cofferdam(&other, ["tool", "pull", &target, "--plain-http"]).run();
    pull.exits(1)
        .complains(&["the component", layer, "holds other content"]);
    assert!(listed(&other).is_empty());
    assert_eq!(
        (
            files(&other, "blobs/sha256"),
            files(&other, ".cofferdam.incoming")
        ),
        (0, 0)
    );
}
