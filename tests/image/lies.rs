//! Registries that lie. Each is told in one sentence, nothing of it stays, and nothing is read
//! without end.

use serde_json::{Value, json};

use crate::support::images::{files, listed};
use crate::support::liar::{
    Answer, COMPONENT, Ending, INDEX, Liar, MANIFEST, Request, Shelf, WASM, digest,
};
use crate::support::{Scratch, cofferdam};

/// Pulls `args:1` from this liar; it must be refused with a sentence that holds `parts`, and leave
/// nothing.
#[track_caller]
fn check_liar(liar: &Liar, code: i32, parts: &[&str]) {
    let scratch = Scratch::new();
    let ran = cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run();
    let ran = ran.exits(code).complains(parts);
    assert!(ran.peak_kib < 200 << 10, "{} KiB", ran.peak_kib);
    assert!(listed(&scratch).is_empty());
    assert_eq!(
        (
            files(&scratch, "blobs/sha256"),
            files(&scratch, ".cofferdam.incoming")
        ),
        (0, 0)
    );
}

/// A shelf on which `args:1` is what `build` describes.
fn shelf(build: impl FnOnce(&mut Shelf) -> Value) -> Shelf {
    let mut shelf = Shelf::default();
    let described = build(&mut shelf);
    shelf.tag("1", &described);
    shelf
}

/// A sound image, with a layer that is long enough to be cut.
fn sound() -> (Shelf, Vec<u8>) {
    let component = [COMPONENT, &vec![7; 4 << 20]].concat();
    let shelf = shelf(|shelf| {
        let (config, layer) = shelf.sound(&component);
        shelf.manifest(config, json!([layer]))
    });
    (shelf, component)
}

/// Whether a request is for the layer.
fn is_layer(request: &Request, layer: &str) -> bool {
    request.method == "GET" && request.path.ends_with(&format!("blobs/{layer}"))
}

#[track_caller]
fn check_image(build: impl FnOnce(&mut Shelf) -> Value, code: i32, parts: &[&str]) {
    let liar = Liar::honest(shelf(build));
    check_liar(&liar, code, parts);
    assert!(
        !liar.asked().iter().any(|asked| asked.contains("/blobs/")),
        "nothing is fetched for it"
    );
}

#[track_caller]
fn check_layer(
    lie: impl Fn(&Request, &[u8]) -> Answer + Send + Sync + 'static,
    parts: &[&str],
) -> Vec<String> {
    let (shelf, component) = sound();
    let layer = digest(&component);
    let liar = Liar::start(shelf, move |request| {
        is_layer(request, &layer).then(|| lie(request, &component))
    });
    check_liar(&liar, 1, parts);
    liar.asked()
}

#[test]
fn what_a_manifest_claims_is_looked_at_before_anything_is_fetched() {
    check_image(
        |shelf| {
            let (config, mut layer) = shelf.sound(COMPONENT);
            layer["size"] = json!(11_u64 << 30);
            shelf.manifest(config, json!([layer]))
        },
        3,
        &["the component has 11811160064 bytes, at most 268435456 are allowed"],
    );
    check_image(
        |shelf| {
            let (config, layer) = shelf.sound(COMPONENT);
            let second = shelf.blob(WASM, "second");
            shelf.manifest(config, json!([layer, second]))
        },
        2,
        &["it has 2 layers; a tool has exactly one layer"],
    );
    check_image(
        |shelf| {
            let (config, layer) = shelf.sound(COMPONENT);
            shelf.manifest(config, json!(vec![layer; 100]))
        },
        2,
        &["it has 100 layers, more than 32"],
    );
    check_image(
        |shelf| shelf.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [] })),
        2,
        &["an image index without an entry for `wasip2/wasm`"],
    );
    check_image(
        |shelf| shelf.blob(MANIFEST, "no JSON"),
        1,
        &["is no manifest"],
    );
    check_image(
        |shelf| {
            let (config, layer) = shelf.sound(COMPONENT);
            let both =
                json!({ "schemaVersion": 2, "config": config, "layers": [layer], "manifests": [] });
            shelf.json(MANIFEST, &both)
        },
        1,
        &["a manifest and an image index at once"],
    );
    check_image(
        |shelf| {
            let mut nested = shelf.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [] }));
            nested["platform"] = json!({ "os": "wasip2", "architecture": "wasm" });
            shelf.json(INDEX, &json!({ "schemaVersion": 2, "manifests": [nested] }))
        },
        2,
        &["its manifest is", "index.v1+json`, not"],
    );
    check_image(
        |shelf| {
            let (config, mut layer) = shelf.sound(COMPONENT);
            layer["digest"] = json!(format!("sha512:{}", "0".repeat(128)));
            shelf.manifest(config, json!([layer]))
        },
        1,
        &["sha512:", "is not a digest"],
    );
}

#[test]
fn a_wrong_digest_is_refused_wherever_it_is() {
    // The manifest, against the digest that was asked for.
    let (shelf, _) = sound();
    let liar = Liar::start(shelf, |request| {
        request
            .path
            .contains("/manifests/sha256:")
            .then(|| Answer::ok(r#"{"schemaVersion":2}"#))
    });
    let scratch = Scratch::new();
    let pinned = liar.reference(&format!("args@sha256:{}", "0".repeat(64)));
    let pull = cofferdam(&scratch, ["tool", "pull", &pinned, "--plain-http"]).run();
    pull.exits(1)
        .complains(&["asked for sha256:000", "gave something else"]);
    // The manifest, against what the registry says of it.
    let (shelf, _) = sound();
    let zero = format!("docker-content-digest: sha256:{}", "0".repeat(64));
    let liar = Liar::start(shelf, move |request| {
        request
            .path
            .ends_with("/manifests/1")
            .then(|| Answer::ok("{}").header(zero.clone()))
    });
    check_liar(&liar, 1, &["the manifest is not what the registry says"]);
    // The layer, of the right size.
    check_layer(
        |_, component| Answer::ok(vec![1; component.len()]),
        &["the component", "holds other content"],
    );
}

#[test]
fn a_lying_size_is_refused() {
    let parts = ["the component", "bytes in the registry", "by its manifest"];
    check_layer(|_, component| Answer::ok(&component[1..]), &parts);
    check_layer(
        |_, component| Answer::ok([component, b"x"].concat()),
        &parts,
    );
    // Without a length, it is as long as what comes.
    check_layer(
        |_, _| Answer::ok(vec![1; 1 << 20]).ending(Ending::Never),
        &["has more than the 4194312 bytes"],
    );
}

#[test]
fn a_connection_that_breaks_is_gone_on_with() {
    let (shelf, component) = sound();
    let (layer, size) = (digest(&component), component.len());
    let half = component[..size / 2].to_vec();
    let liar = Liar::start(shelf, move |request| {
        let first = is_layer(request, &layer) && request.before == 0;
        first.then(|| Answer::ok(half.clone()).ending(Ending::Says(size as u64)))
    });
    let scratch = Scratch::new();
    let name = liar.reference("args:1");
    cofferdam(&scratch, ["tool", "pull", &name, "--plain-http"])
        .run()
        .exits(0);
    assert_eq!(listed(&scratch).len(), 1);
    assert_eq!(
        liar.asked()
            .iter()
            .filter(|asked| asked.contains(&digest(&component)))
            .count(),
        2
    );

    // A registry that knows no ranges sends all of it again.
    let (shelf, component) = sound();
    let (layer, whole) = (digest(&component), component.clone());
    let liar = Liar::start(shelf, move |request| {
        is_layer(request, &layer).then(|| match request.before {
            0 => Answer::ok(&whole[..1000]).ending(Ending::Says(whole.len() as u64)),
            _ => Answer::ok(whole.clone()),
        })
    });
    let scratch = Scratch::new();
    cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run()
    .exits(0);
}

#[test]
fn a_connection_that_always_breaks_leaves_nothing() {
    let asked = check_layer(
        |_, component| Answer::ok(Vec::new()).ending(Ending::Says(component.len() as u64)),
        &["the connection broke after 0 of 4194312 bytes of the component"],
    );
    assert_eq!(
        asked
            .iter()
            .filter(|asked| asked.contains("/blobs/"))
            .count(),
        1 + 5,
        "{asked:?}"
    );
    // The rest of a blob that is another part of it.
    check_layer(
        |request, component| match request.before {
            0 => Answer::ok(&component[..1000]).ending(Ending::Says(component.len() as u64)),
            _ => Answer::new("206 Partial Content", component)
                .header("content-range: bytes 0-4194311/4194312"),
        },
        &["another part of it"],
    );
}

#[test]
fn a_registry_in_trouble_is_asked_again_so_many_times() {
    let (shelf, _) = sound();
    let liar = Liar::start(shelf, |request| {
        (request.before < 2)
            .then(|| Answer::new("503 Service Unavailable", "").header("retry-after: 0"))
    });
    let scratch = Scratch::new();
    cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run()
    .exits(0);
    let liar = Liar::start(Shelf::default(), |_| {
        Some(Answer::new("500 Internal Server Error", "").header("retry-after: 0"))
    });
    check_liar(&liar, 1, &["500"]);
    assert_eq!(liar.asked().len(), 5);
    // What it will not do, it will not do a second later.
    let liar = Liar::honest(Shelf::default());
    check_liar(&liar, 1, &["404", "there is no such thing"]);
    assert_eq!(liar.asked().len(), 1);
}

#[test]
fn nothing_is_read_without_end() {
    let endless = |status| Answer::new(status, vec![b' '; 64 << 10]).ending(Ending::Never);
    let liar = Liar::start(Shelf::default(), move |_| Some(endless("200 OK")));
    check_liar(&liar, 1, &["the manifest has no end within 1048576 bytes"]);
    let liar = Liar::start(Shelf::default(), move |_| Some(endless("403 Forbidden")));
    check_liar(&liar, 1, &["403"]);
    let liar = Liar::start(Shelf::default(), |_| {
        Some(Answer::ok("").ending(Ending::Says(1 << 40)))
    });
    check_liar(&liar, 3, &["the manifest has 1099511627776 bytes"]);
    // A sentence of its own is no way to write on somebody's terminal.
    let evil = json!({ "errors": [{ "code": "DENIED", "message": format!("\u{1b}[2J{}",
            "x".repeat(5000)) }] })
    .to_string();
    let liar = Liar::start(Shelf::default(), move |_| {
        Some(Answer::new("403 Forbidden", evil.clone()))
    });
    let scratch = Scratch::new();
    let ran = cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run()
    .exits(1);
    assert!(
        !ran.stderr.contains('\u{1b}') && ran.stderr.len() < 1000,
        "{}",
        ran.stderr
    );
}

#[test]
fn a_token_is_asked_for_and_shown_and_never_over_a_foreign_line_in_clear() {
    let (shelf, _) = sound();
    let liar = Liar::start(shelf, |request| {
        let host = &request.headers["host"];
        if request.path.starts_with("/token?") {
            assert!(
                request.path.contains("scope=repository%3Aargs%3Apull")
                    && request.path.contains("service=s")
            );
            return Some(Answer::ok(r#"{"token":"pass"}"#));
        }
        let challenge =
            format!("www-authenticate: Bearer realm=\"http://{host}/token\",service=\"s\"");
        let shown = request
            .headers
            .get("authorization")
            .is_some_and(|shown| shown == "Bearer pass");
        (!shown).then(|| Answer::new("401 Unauthorized", "").header(challenge))
    });
    let scratch = Scratch::new();
    cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run()
    .exits(0);
    assert_eq!(
        liar.asked()
            .iter()
            .filter(|asked| asked.contains("/token"))
            .count(),
        1,
        "{:?}",
        liar.asked()
    );

    let check = |header: &str, code: i32, parts: &[&str]| {
        let header = format!("www-authenticate: {header}");
        let liar = Liar::start(Shelf::default(), move |request| {
            Some(match request.path.starts_with("/token") {
                true => Answer::ok(r#"{"token":"a\nb"}"#),
                false => Answer::new("401 Unauthorized", "")
                    .header(header.replace("HERE", &request.headers["host"])),
            })
        });
        check_liar(&liar, code, parts);
    };
    check(
        "Bearer realm=\"http://example.com/token\"",
        1,
        &["its token server is not reached over HTTPS"],
    );
    check(
        "Bearer realm=\"nonsense\"",
        1,
        &["its token server has no valid address"],
    );
    check(
        "Bearer realm=\"http://HERE/token\"",
        1,
        &["cannot stand in a `authorization` header"],
    );
    check("Digest realm=\"x\"", 1, &["401"]);
    check("Basic realm=\"x\"", 1, &["401", "docker login"]);
}

/// Registries announce several ways to be asked, in any order, on one line or on more. Nobody here
/// has a password.
#[test]
fn of_several_challenges_the_one_that_can_be_met_is_met() {
    const PASS: &str = r#"{"token":"pass"}"#;
    const BEARER: &str = r#"Bearer realm="http://HERE/token",service="s""#;
    let check = |challenges: &'static [&'static str], answer: &'static str| {
        let (shelf, _) = sound();
        let liar = Liar::start(shelf, move |request| {
            if request.path.starts_with("/token?") {
                return Some(Answer::ok(answer));
            }
            let shown = request.headers.get("authorization");
            let refused = || {
                let refusal = Answer::new("401 Unauthorized", "");
                challenges.iter().fold(refusal, |refusal, challenge| {
                    let challenge = challenge.replace("HERE", &request.headers["host"]);
                    refusal.header(format!("www-authenticate: {challenge}"))
                })
            };
            (shown.map(String::as_str) != Some("Bearer pass")).then(refused)
        });
        cofferdam(
            &Scratch::new(),
            ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
        )
        .run()
        .exits(0);
    };
    check(
        &[r#"Basic realm="x", Bearer realm="http://HERE/token""#],
        PASS,
    );
    check(&[r#"Basic realm="x""#, BEARER], PASS);
    check(&[BEARER, r#"Basic realm="x""#], PASS);
    check(&["Negotiate", BEARER], PASS);
    check(&["Negotiate dG9rZW4=", BEARER], PASS);
    check(
        &[r#"Bearer  realm="http://HERE/token" ,  service="a  b""#],
        PASS,
    );
    check(&["bearer\trealm=\"http://HERE/token\""], PASS);
    for answer in [
        r#"{"token":"","access_token":"pass"}"#,
        r#"{"token":"pass","access_token":""}"#,
        r#"{"token":null,"access_token":"pass"}"#,
        r#"{"access_token":"pass","expires_in":60}"#,
    ] {
        check(&[BEARER], answer);
    }
}

#[test]
fn a_redirect_leads_only_where_the_request_could() {
    let (shelf, _) = sound();
    let storage = Liar::honest(shelf);
    let elsewhere = storage.reference("v2/args/blobs");
    let (shelf, component) = sound();
    let layer = digest(&component);
    let to = elsewhere.clone();
    let liar = Liar::start(shelf, move |request| {
        let to = format!(
            "location: http://{to}/{}",
            request.path.rsplit('/').next().unwrap()
        );
        is_layer(request, &layer).then(|| Answer::new("307 Temporary Redirect", "").header(to))
    });
    let scratch = Scratch::new();
    cofferdam(
        &scratch,
        ["tool", "pull", &liar.reference("args:1"), "--plain-http"],
    )
    .run()
    .exits(0);
    check_layer(
        |_, _| {
            Answer::new("307 Temporary Redirect", "").header("location: http://example.com/blob")
        },
        &["its redirect is not followed", "without TLS"],
    );
    check_layer(
        |request, _| Answer::new("302 Found", "").header(format!("location: {}", request.path)),
        &["its redirect is not followed"],
    );
}
