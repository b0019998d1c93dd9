//! Images of a running host, by a client that nobody here wrote: pulled with progress, described,
//! pushed, listed and removed.

use serde_json::{Value, json};

use crate::support::agents::build;
use crate::support::grpc::client;
use crate::support::images::keep;
use crate::support::{Host, Registry, Scratch, cofferdam};

const AGENT: &str = "FROM scratch\nNAME a\nMODEL builtin/commands\n";

#[test]
fn a_foreign_client_looks_after_images() {
    let (author, registry) = (Scratch::new(), Registry::start());
    let tool = registry.reference("args:1");
    let digest = keep(&author, &tool, "Prints its arguments");
    author.file("build/towns.csv", "Ulm\n");
    let text = format!(
        "{AGENT}LABEL team=blue\nCONFIG key! \"wanted\"\nENV TOKEN=sesame\nADD towns.csv\n\
         BIN args {tool} \"prints\"\n"
    );
    let name = registry.reference("otter:1");
    let built = build(&author, &text, &name);
    for image in [&tool, &name] {
        let push = ["image", "push", image, "--plain-http"];
        cofferdam(&author, push).run().exits(0);
    }

    let scratch = Scratch::new();
    let file = scratch.file("Agentfile", AGENT);
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let reference = format!("reference={name}");
    let images = |method: &str, fields: &[&str]| {
        let action: Vec<_> = ["images", method].iter().chain(fields).copied().collect();
        client(&scratch, &host, &action)
    };
    assert_eq!(images("ListImages", &[]), json!({}));
    let plain = [reference.as_str(), "plain_http=true"];
    let pulled = images("PullImage", &plain);
    assert_eq!(pulled["digest"], built["digest"]);
    assert_eq!(
        (&pulled["present"], &pulled["moved_from"]),
        (&json!(0), &json!(""))
    );
    assert!(!pulled["progress"].as_array().expect("events").is_empty());
    let listed = images("ListImages", &[]);
    let row = &listed["images"][0];
    assert_eq!(
        (&row["reference"], &row["kind"]),
        (&json!(name), &json!("agent"))
    );
    assert_eq!(row["digest"], built["digest"]);

    let described = images("DescribeImage", &[&reference]);
    assert_eq!(
        (&described["name"], &described["model"]),
        (&json!("a"), &json!("builtin/commands"))
    );
    assert_eq!(described["envs"], json!(["TOKEN"]));
    assert_eq!(described["files"], json!(["towns.csv"]));
    assert_eq!(described["labels"], json!({ "team": "blue" }));
    let config = json!({ "key": "key", "description": "wanted", "required": true });
    assert_eq!(described["configs"], json!([config]));
    let bin = &described["bins"][0];
    assert_eq!(
        (&bin["image"], &bin["digest"]),
        (&json!(tool), &json!(digest))
    );
    assert!(
        !described.to_string().contains("sesame"),
        "values are not told"
    );

    let target = format!("target={}", registry.reference("copy:2"));
    let pushed = images("PushImage", &[&reference, &target, "plain_http=true"]);
    assert_eq!(pushed["digest"], built["digest"]);
    let refused = |method: &str, fields: &[&str], code: &str, part: &str| {
        let said = images(method, fields);
        let sentence = said[1].as_str().unwrap_or_default();
        assert!(said[0] == code && sentence.contains(part), "{said}");
    };
    refused(
        "DescribeImage",
        &["reference=Otter"],
        "INVALID_ARGUMENT",
        "lowercase",
    );
    refused(
        "DescribeImage",
        &["reference=nothing:1"],
        "NOT_FOUND",
        "no image nothing:1",
    );
    let other = format!("reference={tool}");
    let tool = [other.as_str(), "plain_http=true"];
    refused(
        "DescribeImage",
        &tool,
        "INVALID_ARGUMENT",
        "is not an agent image",
    );
    let missing = format!("reference={}", registry.reference("missing:1"));
    let missing = [missing.as_str(), "plain_http=true"];
    refused("PullImage", &missing, "UNAVAILABLE", "404");
    refused(
        "PullImage",
        &["reference=a:1"],
        "INVALID_ARGUMENT",
        "names no registry",
    );

    let removed = images("RemoveImage", &[&reference]);
    assert_eq!(removed["digest"], built["digest"]);
    refused("RemoveImage", &[&reference], "NOT_FOUND", "no image");
    assert_eq!(
        images("ListImages", &[]),
        Value::from(serde_json::Map::new())
    );
}
