//! Tables of tests: the meaning of an Agentfile, and every way it can be wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod arguments;
mod fuzzed;
mod mistakes;
mod on_disk;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{Agentfile, Bin, Context, FILE_MAX_BYTES, LINE_MAX_BYTES, parse, read};
use crate::ToolSource;

/// The least an Agentfile needs. What is added begins on line 4.
const LEAST: &str = "FROM scratch\nNAME otter\nMODEL script/hello\n";

#[track_caller]
fn parsed(text: &str) -> Agentfile {
    parse(text, "Agentfile").unwrap_or_else(|error| panic!("{error}"))
}

/// Checks that `text` is refused with this mistake, which lacks the file name.
#[track_caller]
fn check_refused(text: &str, expected: &str) {
    match parse(text, "Agentfile") {
        Ok(agentfile) => panic!("accepted {text:?}: {agentfile:?}"),
        Err(error) => assert!(
            error
                .mistakes
                .iter()
                .any(|mistake| mistake.to_string() == format!("Agentfile:{expected}")),
            "{expected} is not among the mistakes of {text:?}: {error}"
        ),
    }
}

/// Checks that `text` is refused with exactly these mistakes.
#[track_caller]
fn check_mistakes(text: &str, expected: &[&str]) {
    let error = parse(text, "f").unwrap_err();
    assert_eq!(
        error.to_string(),
        expected
            .iter()
            .map(|mistake| format!("f:{mistake}"))
            .collect::<Vec<_>>()
            .join("\n"),
        "for {text:?}"
    );
}

#[test]
fn whole_file() {
    let text = r##"# syntax=openotters/agentfile:1
# A comment.
FROM scratch

  # An indented comment.
name   otter.v1
Model	anthropic/claude/with/slashes:latest
CONTEXT SOUL "who it is" <<EOF
# Not a comment
  "kept" \verbatim ${KEPT}
EOF not yet

   EOF
CONTEXT IDENTITY <<_E2
_E2
BIN wc ./tools/wc.wasm "counts \"words\"\n\t\\" <<EOF
wc -l FILE
EOF
BIN up ../up.wasm
BIN abs /opt/abs
BIN bare bare.wasm
BIN wget ghcr.io/example/wget:1.2 "fetches"
BIN jq jq
LABEL description="it is = to this!"
LABEL a.b/c=1
LABEL home=file:///a=b!c"d
LABEL empty=""
LABEL a.b/c = 2
"##;
    let image = |text: &str| ToolSource::Image(text.parse().unwrap());
    let path = |text: &str| ToolSource::Path(text.into());
    let bin = |name: &str, source, description: Option<&str>, usage: Option<&str>| Bin {
        name: name.to_owned(),
        source,
        description: description.map(str::to_owned),
        usage: usage.map(str::to_owned),
    };
    let expected = Agentfile {
        from: None,
        adds: Vec::new(),
        runtime: None,
        configs: Vec::new(),
        requests: BTreeMap::new(),
        exec: Vec::new(),
        args: BTreeMap::new(),
        envs: Vec::new(),
        capabilities: BTreeSet::new(),
        name: Some("otter.v1".parse().unwrap()),
        model: Some("anthropic/claude/with/slashes:latest".to_owned()),
        contexts: vec![
            Context {
                name: "SOUL".to_owned(),
                description: Some("who it is".to_owned()),
                file: None,
                content: "# Not a comment\n  \"kept\" \\verbatim ${KEPT}\nEOF not yet".to_owned(),
            },
            Context {
                name: "IDENTITY".to_owned(),
                description: None,
                file: None,
                content: String::new(),
            },
        ],
        bins: vec![
            bin(
                "wc",
                path("./tools/wc.wasm"),
                Some("counts \"words\"\n\t\\"),
                Some("wc -l FILE"),
            ),
            bin("up", path("../up.wasm"), None, None),
            bin("abs", path("/opt/abs"), None, None),
            bin("bare", path("bare.wasm"), None, None),
            bin(
                "wget",
                image("ghcr.io/example/wget:1.2"),
                Some("fetches"),
                None,
            ),
            bin("jq", image("jq:latest"), None, None),
        ],
        labels: [
            ("description", "it is = to this!"),
            ("a.b/c", "2"),
            ("home", "file:///a=b!c\"d"),
            ("empty", ""),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
    };
    assert_eq!(parsed(text), expected);
    assert_eq!(parsed(&text.replace('\n', "\r\n")), expected, "CRLF");
    assert_eq!(parsed(text.trim_end()), expected, "no newline at the end");
}

#[test]
fn wrong_files() {
    let directive = "# syntax=openotters/agentfile:1";
    let elsewhere =
        "the syntax directive stands on the first line or nowhere; move or delete this one";
    for (text, expected) in [
        (
            "",
            "1:1: the file has no instruction; an Agentfile begins with `FROM scratch`".to_owned(),
        ),
        (
            "# nothing\n\n",
            "1:1: the file has no instruction; an Agentfile begins with `FROM scratch`".to_owned(),
        ),
        (
            "\n  NAME otter\n",
            "2:3: an Agentfile begins with `FROM scratch` or `FROM image`; put it before this \
             instruction"
                .to_owned(),
        ),
        (
            "\nFROM scratch\nMODEL a/b\n",
            "2:1: the Agentfile that begins here lacks `NAME name`; add it".to_owned(),
        ),
        (
            "FROM scratch\nNAME a\n",
            "1:1: the Agentfile that begins here lacks `MODEL provider/name`; add it".to_owned(),
        ),
        (
            "= x\n",
            "1:1: expected an instruction such as `BIN`, found `=`".to_owned(),
        ),
        (
            "\"FROM\" scratch\n",
            "1:1: expected an instruction such as `BIN`, found `\"FROM\"`".to_owned(),
        ),
        (
            "<<EOF\nEOF\n",
            "1:1: expected an instruction such as `BIN`, found `<<EOF`".to_owned(),
        ),
        // FROM.
        (
            "FROM debian:12\n",
            "1:6: the Agentfile builds on the image debian:12, so it is built before it is used: \
             `cofferdam image build` does it"
                .to_owned(),
        ),
        (
            "FROM\n",
            "1:5: expected `scratch` or an image, found the end of the line".to_owned(),
        ),
        (
            "FROM \"scratch\"\n",
            "1:6: expected `scratch` or an image, found `\"scratch\"`".to_owned(),
        ),
        (
            "FROM scratch base\n",
            "1:14: `base` is left over; `FROM` takes `scratch` or one image".to_owned(),
        ),
        (
            "FROM scratch <<EOF\nEOF\n",
            "1:14: this instruction takes no heredoc; `FROM` takes `scratch` or one image"
                .to_owned(),
        ),
        (
            "FROM scratch\nFROM scratch\n",
            "2:1: `FROM` stands on lines 1 and 2; keep one of them".to_owned(),
        ),
        // The first line.
        (
            "# syntax=docker/dockerfile:1\n",
            format!(
                "1:10: unsupported syntax `docker/dockerfile:1`; this host reads `{directive}`"
            ),
        ),
        (
            "#syntax = \n",
            format!("1:11: unsupported syntax ``; this host reads `{directive}`"),
        ),
        (
            &format!("\n{LEAST}  # Syntax=openotters/agentfile:1\n"),
            format!("5:3: {elsewhere}"),
        ),
        (
            &format!("\n{directive}\n{LEAST}"),
            format!("2:1: {elsewhere}"),
        ),
        (
            "\u{feff}FROM scratch\n",
            "1:1: the file begins with a byte order mark; save it as UTF-8 without one".to_owned(),
        ),
    ] {
        check_refused(text, &expected);
    }
    // Only the directive itself is one.
    parsed(&format!("{LEAST}# about the syntax=this\n# syntax\n"));
}

#[test]
fn wrong_names_and_models() {
    let name = "an agent's name is 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or \
                a digit;";
    let long = "a".repeat(64);
    for (line, expected) in [
        (
            "NAME",
            "2:5: expected the agent's name, found the end of the line".to_owned(),
        ),
        ("NAME .otter", format!("2:6: {name} `.otter` is not")),
        ("NAME ötter", format!("2:6: {name} `ötter` is not")),
        ("NAME a/b", format!("2:6: {name} `a/b` is not")),
        (
            &format!("NAME {long}"),
            format!("2:6: {name} `{long}` is not"),
        ),
        (
            &format!("NAME {}", "/".repeat(100)),
            format!("2:6: {name} `{}…` is not", "/".repeat(80)),
        ),
        (
            "NAME a b",
            "2:8: `b` is left over; `NAME` takes one word".to_owned(),
        ),
        (
            "MODEL",
            "2:6: expected a model, written `provider/name`, found the end of the line".to_owned(),
        ),
        (
            "MODEL gpt",
            "2:7: a model is written `provider/name`; `gpt` is not".to_owned(),
        ),
        (
            "MODEL /gpt",
            "2:7: a model is written `provider/name`; `/gpt` is not".to_owned(),
        ),
        (
            "MODEL openai/",
            "2:7: a model is written `provider/name`; `openai/` is not".to_owned(),
        ),
        (
            "MODEL a/b c",
            "2:11: `c` is left over; `MODEL` takes one word, `provider/name`".to_owned(),
        ),
    ] {
        check_refused(&format!("FROM scratch\n{line}\n"), &expected);
    }
    check_refused(
        &format!("{LEAST}NAME b\n"),
        "4:1: `NAME` stands on lines 2 and 4; keep one of them",
    );
    check_refused(
        &format!("{LEAST}MODEL a/b\n"),
        "4:1: `MODEL` stands on lines 3 and 4; keep one of them",
    );
    assert_eq!(
        parsed(&LEAST.replace("otter", &"a".repeat(63)))
            .name()
            .len(),
        63
    );
}

#[test]
fn wrong_instructions() {
    let kept = "the instructions are FROM, RUNTIME, MODEL, NAME, CONTEXT, CONFIG, BIN, ADD, EXEC, \
                LABEL, ARG, ENV, CAPABILITY";
    for (line, expected) in [
        (
            "ADD",
            "4:4: expected a file that lies beside the Agentfile, found the end of the line"
                .to_owned(),
        ),
        (
            "ADD ../a",
            "4:5: `../a` does not lie beside the Agentfile; write a path from its directory, such \
             as `file://docs/soul.md`"
                .to_owned(),
        ),
        (
            "ADD data/.a",
            "4:5: the name of a file is 1 to 128 letters, digits, `.`, `_` or `-`, the first a \
             letter, a digit or `_`; `.a` is not: write another after the file"
                .to_owned(),
        ),
        (
            "ADD a Bins",
            "4:7: the host makes etc/data/Bins itself; write another name after the file"
                .to_owned(),
        ),
        (
            "ADD a x\nADD b/X",
            "5:5: two files become `etc/data/X`, on lines 4 and 5; give one of them another name"
                .to_owned(),
        ),
        (
            "ADD a b c",
            "4:9: `c` is left over; a file is `ADD file [name] [\"description\"]`".to_owned(),
        ),
        (
            "LABEL io.cofferdam.agent.lock=x",
            "4:7: labels that begin with `io.cofferdam.` are this host's own; call \
             `io.cofferdam.agent.lock` otherwise"
                .to_owned(),
        ),
        (
            "LABLE a=b",
            "4:1: unknown instruction `LABLE`; did you mean `LABEL`?".to_owned(),
        ),
        (
            "\tcontxt A <<EOF",
            "4:2: unknown instruction `contxt`; did you mean `CONTEXT`?".to_owned(),
        ),
        (
            "BINN a b",
            "4:1: unknown instruction `BINN`; did you mean `BIN`?".to_owned(),
        ),
        (
            "CAPABILITIES a",
            format!("4:1: unknown instruction `CAPABILITIES`; {kept}"),
        ),
        (
            "ENTRYPOINT a",
            format!("4:1: unknown instruction `ENTRYPOINT`; {kept}"),
        ),
        ("CMD a", format!("4:1: unknown instruction `CMD`; {kept}")),
    ] {
        check_refused(&format!("{LEAST}{line}\n"), &expected);
    }
}

#[test]
fn limits() {
    let filled =
        |length: usize| format!("{LEAST}LABEL é={}\n", "x".repeat(length - "LABEL é=".len()));
    parsed(&filled(LINE_MAX_BYTES));
    // The column is one less than the byte: é has two.
    check_refused(
        &filled(LINE_MAX_BYTES + 1),
        "4:65536: the line has 65537 bytes, at most 65536 are read; break it up",
    );

    let heredoc = |length: usize| format!("{LEAST}CONTEXT A <<EOF\n{}\nEOF\n", "x".repeat(length));
    parsed(&heredoc(LINE_MAX_BYTES));
    check_refused(
        &heredoc(LINE_MAX_BYTES + 1),
        "5:65537: the line has 65537 bytes, at most 65536 are read; break it up",
    );

    let file_max = usize::try_from(FILE_MAX_BYTES).unwrap();
    let file = |length: usize| format!("{LEAST}{}", "\n".repeat(length - LEAST.len()));
    parsed(&file(file_max));
    check_refused(
        &file(file_max + 1),
        "1:1: the file has more than 1048576 bytes; make it shorter",
    );
}
