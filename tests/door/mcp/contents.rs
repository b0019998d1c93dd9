//! Results that are more than text, and failures that say what to do.

use serde_json::{Value, json};

use crate::support::mcp::{Server, asked, over_stdio};
use crate::support::{Host, Scratch, Typed, tool};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[test]
fn output_that_is_no_text_is_a_block_of_its_type() {
    let scratch = Scratch::new();
    scratch.file("in/a.png", PNG);
    scratch.file("in/a.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xfe");
    scratch.file("in/a.bin", b"\xff\xfe\x00\x01");
    scratch.file("in/a.txt", "text: ü\n");
    let dir = format!("{}:/workspace:ro", scratch.path().join("in").display());
    let args = ["--dir".into(), dir.into(), tool("cat").into_os_string()];
    let mut server = Server::start(&scratch, args);
    server.initialize();
    let mut cat = |file: &str| {
        let params = json!({ "name": "cat", "arguments": { "args": [file] } });
        server.ask(1, "tools/call", params)["result"]["content"][0].clone()
    };
    let image = json!({ "type": "image", "data": "iVBORw0KGgoAAAANSUhEUg==",
        "mimeType": "image/png" });
    assert_eq!(cat("a.png"), image);
    assert_eq!(cat("a.wav")["type"], "audio");
    let file = cat("a.bin");
    assert_eq!(file["type"], "resource");
    assert_eq!(file["resource"]["blob"], "//4AAQ==", "{file}");
    assert_eq!(file["resource"]["mimeType"], "application/octet-stream");
    assert_eq!(cat("a.txt"), json!({ "type": "text", "text": "text: ü\n" }));

    // The same through a host.
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN cat {}\n",
        tool("cat").display()
    );
    let agentfile = scratch.file("Agentfile", text);
    let copy = format!("a:{}", scratch.path().join("in/a.png").display());
    let args = [
        "--agentfile".as_ref(),
        agentfile.as_os_str(),
        "--copy-in".as_ref(),
        copy.as_ref(),
    ];
    let _host = Host::start(&scratch, args);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    server.initialize();
    let params = json!({ "name": "cat", "arguments": { "args": ["a.png"] } });
    let shown = server.ask(1, "tools/call", params)["result"]["content"][0].clone();
    assert_eq!(shown, image);
}

/// A typed tool whose schema says that it answers with content.
fn content(scratch: &Scratch, name: &str, result: &Value) -> std::path::PathBuf {
    let schema = json!({ "$id": "urn:cofferdam:content:1", "type": "object", "properties": {
        "content": { "type": "array", "items": { "type": "object" } },
        "structured": { "type": "object", "properties": { "n": { "type": "integer" } } } } });
    let typed = Typed {
        output_schema: &schema.to_string(),
        first: &result.to_string(),
        last: "",
        ..Typed::default()
    };
    typed.file(scratch, name)
}

#[test]
fn a_typed_tool_answers_with_content() {
    let scratch = Scratch::new();
    let blocks = json!([
        { "type": "text", "text": "Two:" },
        { "type": "image", "data": "iVBORw==", "mimeType": "image/png" },
        { "type": "audio", "data": "UklGRg==", "mimeType": "audio/wav" },
        { "type": "resource",
            "resource": { "uri": "test://a", "mimeType": "text/plain", "text": "three" } },
    ]);
    let good = content(
        &scratch,
        "good",
        &json!({ "content": blocks, "structured": { "n": 2 } }),
    );
    let bad = content(
        &scratch,
        "bad",
        &json!({ "content": [{ "type": "image", "data": "%", "mimeType": "image/png" }] }),
    );
    let args = [good.display().to_string(), bad.display().to_string()];
    // A client of today and one of before, which hold it against the schema.
    for mode in ["auto", "legacy"] {
        let server = over_stdio(&scratch, mode, &args.each_ref().map(String::as_str));
        let (about, _) = asked(&server, &["about"]);
        let schema = &about["tools"]["good"]["outputSchema"];
        assert_eq!(
            schema["properties"],
            json!({ "n": { "type": "integer" } }),
            "{about}"
        );
    }
    let mut server = Server::start(&scratch, args);
    server.initialize();
    let mut call = |name: &str| {
        server.ask(1, "tools/call", json!({ "name": name, "arguments": {} }))["result"].clone()
    };
    let result = call("good");
    assert_eq!(result["content"], blocks, "{result}");
    assert_eq!(result["structuredContent"], json!({ "n": 2 }), "{result}");
    let result = call("bad");
    assert_eq!(result["isError"], true, "{result}");
    assert!(
        result
            .to_string()
            .contains("at /content/0: the data is not base64"),
        "{result}"
    );
}

#[test]
fn a_failure_says_what_the_host_refused_and_which_path_is_right() {
    let scratch = Scratch::new();
    scratch.file("in/a.txt", "one\n");
    let inside = scratch
        .path()
        .join("in")
        .canonicalize()
        .expect("it is there");
    let dir = format!("{}:/workspace:ro", inside.display());
    let tools = ["wc", "curl", "cp", "seq"].map(|name| tool(name).into_os_string());
    let limits = ["--fuel".into(), "50_000_000".into()];
    let args = ["--dir".into(), dir.into()].into_iter().chain(limits);
    let args = args.chain(tools);
    let mut server = Server::start(&scratch, args);
    let about = server.initialize();
    let instructions = about["result"]["instructions"]
        .as_str()
        .expect("a text")
        .to_owned();
    let mapped = format!("/workspace is {}", inside.display());
    assert!(instructions.contains(&mapped), "{instructions}");
    let mut call = |name: &str, arguments: Value| {
        let params = json!({ "name": name, "arguments": { "args": arguments } });
        let result = server.ask(1, "tools/call", params)["result"].clone();
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    let path = inside.join("a.txt").display().to_string();
    let said = call("wc", json!([path]));
    assert!(said.contains("as /workspace/a.txt"), "{said}");
    let said = call("wc", json!(["/etc/hostname"]));
    assert!(
        said.contains("is not in the sandbox") && said.contains(&mapped),
        "{said}"
    );
    let said = call("curl", json!(["http://example.com/"]));
    assert!(said.contains("[refused by the host: "), "{said}");
    assert!(said.contains("example.com"), "{said}");
    // A file that may not be written, and a limit.
    let said = call("cp", json!(["a.txt", "b.txt"]));
    let refused = "[refused by the host: /workspace: it is granted read-only, and the tool tried \
        to write there]";
    assert!(said.contains(refused), "{said}");
    let said = call("seq", json!(["1000000"]));
    assert!(
        said.contains("out-of-fuel (limit 50_000_000 of fuel): give it less to do"),
        "{said}"
    );
}
