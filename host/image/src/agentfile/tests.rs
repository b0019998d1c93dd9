//! Tables of tests: the meaning of an Agentfile, and every way it can be wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::fs;

use super::{Agentfile, Bin, Context, FILE_MAX_BYTES, LINE_MAX_BYTES, parse, read};
use crate::ToolSource;

/// The least an Agentfile needs. What is added begins on line 4.
const LEAST: &str = "FROM scratch\nNAME otter\nMODEL script/hello\n";

#[track_caller]
fn parsed(text: &str) -> Agentfile {
    parse(text, "Agentfile").unwrap_or_else(|error| panic!("{error}"))
}

/// Checks that `text` is refused with exactly `expected`, which lacks the file name.
#[track_caller]
fn check_refused(text: &str, expected: &str) {
    match parse(text, "Agentfile") {
        Ok(agentfile) => panic!("accepted {text:?}: {agentfile:?}"),
        Err(error) => assert_eq!(
            error.to_string(),
            format!("Agentfile:{expected}"),
            "for {text:?}"
        ),
    }
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
        name: "otter.v1".parse().unwrap(),
        model: "anthropic/claude/with/slashes:latest".to_owned(),
        contexts: vec![
            Context {
                name: "SOUL".to_owned(),
                description: Some("who it is".to_owned()),
                content: "# Not a comment\n  \"kept\" \\verbatim ${KEPT}\nEOF not yet".to_owned(),
            },
            Context {
                name: "IDENTITY".to_owned(),
                description: None,
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
            "2:3: an Agentfile begins with `FROM scratch`; put it before this instruction"
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
            "1:6: only `FROM scratch` for now, not `debian:12`".to_owned(),
        ),
        (
            "FROM\n",
            "1:5: expected `scratch`, found the end of the line".to_owned(),
        ),
        (
            "FROM \"scratch\"\n",
            "1:6: expected `scratch`, found `\"scratch\"`".to_owned(),
        ),
        (
            "FROM scratch base\n",
            "1:14: `base` is left over; `FROM scratch` stands alone on its line".to_owned(),
        ),
        (
            "FROM scratch <<EOF\nEOF\n",
            "1:14: this instruction takes no heredoc; `FROM scratch` stands alone on its line"
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
            .name
            .as_str()
            .len(),
        63
    );
}

#[test]
fn wrong_instructions() {
    let kept = "this host reads FROM, NAME, MODEL, CONTEXT, BIN, LABEL";
    for (line, expected) in [
        (
            "RUNTIME ghcr.io/x/y",
            format!("4:1: `RUNTIME` is not supported yet; {kept}"),
        ),
        (
            "config a!=\"b\"",
            format!("4:1: `CONFIG` is not supported yet; {kept}"),
        ),
        (
            "ADD ./a b",
            format!("4:1: `ADD` is not supported yet; {kept}"),
        ),
        (
            " EXEC [\"a\", \"b",
            format!("4:2: `EXEC` is not supported yet; {kept}"),
        ),
        (
            "ARG a=b",
            format!("4:1: `ARG` is not supported yet; {kept}"),
        ),
        (
            "ENV A=b",
            format!("4:1: `ENV` is not supported yet; {kept}"),
        ),
        (
            "CAPABILITY note_save",
            format!("4:1: `CAPABILITY` is not supported yet; {kept}"),
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
fn wrong_contexts() {
    let left_over = "a context is `CONTEXT name [\"description\"] <<EOF`";
    let marker = "a heredoc is `<<` and a marker of letters, digits and `_`, as in `<<EOF`";
    let last = "a heredoc is the last thing on its line; put what follows before it";
    let name = "a context's name becomes a file name: 1 to 63 letters, digits, `.`, `_` or `-`, \
        the first a letter or a \
                digit;";
    for (lines, expected) in [
        (
            "CONTEXT",
            "4:8: expected the context's name, found the end of the line".to_owned(),
        ),
        (
            "CONTEXT <<EOF\nEOF",
            "4:9: expected the context's name before the heredoc".to_owned(),
        ),
        (
            "CONTEXT A",
            "4:10: context A has no text; end the line with `<<EOF`".to_owned(),
        ),
        (
            "CONTEXT A \"désc\"  ",
            "4:17: context A has no text; end the line with \
            `<<EOF`"
                .to_owned(),
        ),
        (
            "CONTEXT A \"é\" file://a.md",
            "4:15: `file://a.md` is not supported yet; write the text into a heredoc, \
                `<<EOF`"
                .to_owned(),
        ),
        (
            "CONTEXT A file://a.md <<EOF\nEOF",
            "4:11: `file://a.md` is not supported yet; write the text into a heredoc, \
                `<<EOF`"
                .to_owned(),
        ),
        (
            "CONTEXT A b <<EOF\nEOF",
            format!("4:11: `b` is left over; {left_over}"),
        ),
        (
            "CONTEXT A \"b\" \"c\" <<EOF\nEOF",
            format!("4:15: `\"c\"` is left over; {left_over}"),
        ),
        ("CONTEXT A <<EOF b", format!("4:11: {last}")),
        ("CONTEXT A <<\"EOF\"", format!("4:11: {last}")),
        (
            "CONTEXT A <<EOF\nb\n",
            "4:11: the heredoc begun on line 4 never ends; close it with a line that holds only \
                `EOF`"
                .to_owned(),
        ),
        ("CONTEXT A <<-EOF", format!("4:11: {marker}")),
        ("CONTEXT A <<1", format!("4:11: {marker}")),
        ("CONTEXT A <<", format!("4:11: {marker}")),
        (
            "CONTEXT ../A <<EOF\nEOF",
            format!("4:9: {name} `../A` is not"),
        ),
        (
            "CONTEXT MOUNTS <<EOF\nEOF",
            "4:9: the host writes MOUNTS.md itself; give this context another name".to_owned(),
        ),
        (
            "CONTEXT agent <<EOF\nEOF",
            "4:9: the host writes agent.md itself; give this context \
            another name"
                .to_owned(),
        ),
        (
            "CONTEXT Workspace <<EOF\nEOF",
            "4:9: the host writes Workspace.md itself; give this context another name".to_owned(),
        ),
        (
            "CONTEXT a <<EOF\n\nEOF\nCONTEXT A <<EOF\nEOF",
            "7:9: two contexts are called A, on lines 4 and 7; rename one of them".to_owned(),
        ),
    ] {
        check_refused(&format!("{LEAST}{lines}\n"), &expected);
    }
}

#[test]
fn wrong_bins() {
    let source = "expected a path such as `./wc.wasm`, or an image";
    let name = "a model calls a tool by 1 to 63 letters, digits, `_` or `-`, the first a letter or \
        a digit;";
    let left_over = "a tool is `BIN name path-or-image [\"description\"] [<<EOF]`";
    let path = "a path begins with `./` or ends in `.wasm`";
    for (lines, expected) in [
        (
            "BIN",
            "4:4: expected the tool's name, found the end of the line".to_owned(),
        ),
        (
            "BIN wc",
            format!("4:7: {source}, found the end of the line"),
        ),
        (
            "BIN wc \"./wc.wasm\"",
            format!("4:8: {source}, found `\"./wc.wasm\"`"),
        ),
        (
            "BIN wc file://wc.wasm",
            format!("4:8: {source}, found `file://wc.wasm`"),
        ),
        (
            "BIN wc <<EOF\nEOF",
            format!("4:8: {source} before the heredoc"),
        ),
        (
            "BIN w.c ./wc.wasm",
            format!("4:5: {name} `w.c` is not such a name"),
        ),
        (
            "BIN -wc ./wc.wasm",
            format!("4:5: {name} `-wc` is not such a name"),
        ),
        (
            &format!("BIN {} ./a", "a".repeat(64)),
            format!("4:5: {name} `{}` is not such a name", "a".repeat(64)),
        ),
        (
            "BIN wc a\nBIN wc b",
            "5:5: two tools are called wc, on lines 4 and 5; rename one of them".to_owned(),
        ),
        (
            "BIN wc GHCR.io/Wc",
            format!(
                "4:8: `GHCR.io/Wc` is not an image reference: `Wc` is not a name of lowercase \
                    letters and digits, with \
                 single `.`, `_` or `-` between them; {path}"
            ),
        ),
        (
            "BIN wc a@sha256:12",
            format!(
                "4:8: `a@sha256:12` is not an image reference: `sha256:12` is not a digest: \
                    expected `sha256:` and 64 \
                 lowercase hexadecimal digits; {path}"
            ),
        ),
        (
            "BIN wc ./a b",
            format!("4:12: `b` is left over; {left_over}"),
        ),
        (
            "BIN wc ./a=b.wasm",
            format!("4:11: `=` is left over; {left_over}"),
        ),
        (
            "BIN wc ./a!b.wasm",
            format!("4:11: `!` is left over; {left_over}"),
        ),
        (
            "BIN wc ./a \"b\" \"c\"",
            format!("4:16: `\"c\"` is left over; {left_over}"),
        ),
        (
            "BIN wc ./a <<EOF \"b\"",
            "4:12: a heredoc is the last thing on its line; put what follows before it".to_owned(),
        ),
    ] {
        check_refused(&format!("{LEAST}{lines}\n"), &expected);
    }
}

#[test]
fn wrong_labels_and_strings() {
    let left_over =
        "a label is one `key=value`, and a value with spaces, `=` or `!` stands in double quotes";
    let value = "expected the label's value; write `\"\"` for an empty one";
    for (line, expected) in [
        (
            "LABEL",
            "4:6: expected a label, written `key=value`, found the end of the line".to_owned(),
        ),
        (
            "LABEL \"a\"=b",
            "4:7: expected a label, written `key=value`, found `\"a\"`".to_owned(),
        ),
        (
            "LABEL a",
            "4:8: expected `=` and the label's value, found the end of the line".to_owned(),
        ),
        (
            "LABEL a b",
            "4:9: a label is written `key=value`; found `b` instead of `=`".to_owned(),
        ),
        (
            "LABEL a=",
            format!("4:9: {value}, found the end of the line"),
        ),
        (
            "LABEL a==b",
            "4:9: a value that begins with `=` stands in double quotes".to_owned(),
        ),
        (
            "LABEL a=!b",
            "4:9: a value that begins with `!` stands in double quotes".to_owned(),
        ),
        (
            "LABEL a=b=c",
            format!("4:10: `=` is left over; {left_over}"),
        ),
        (
            "LABEL a=b c=d",
            format!("4:11: `c` is left over; {left_over}"),
        ),
        (
            "LABEL a=b <<EOF\nEOF",
            format!("4:11: this instruction takes no heredoc; {left_over}"),
        ),
        (
            "LABEL a=<<EOF\nEOF",
            format!("4:9: {value} before the heredoc"),
        ),
        // Columns count characters, whatever bytes they have.
        (
            "LABEL é=\"b",
            "4:9: the string never ends; close it with `\"` on the same line".to_owned(),
        ),
        (
            "LABEL é=\"b\\x41\"",
            "4:11: unknown escape `\\x`; a string knows `\\\"`, `\\\\`, `\\n`, `\\r` and `\\t`"
                .to_owned(),
        ),
        (
            "LABEL é=\"b\\",
            "4:11: the line ends after `\\`; write `\\\\` for a backslash, and close the string"
                .to_owned(),
        ),
        (
            "LABEL é=\"b\u{1b}[2J\"",
            "4:11: control character `\\u{1b}` in an instruction; delete it".to_owned(),
        ),
        (
            "LABEL 𝔸=b\u{7f}",
            "4:10: control character `\\u{7f}` in an instruction; delete it".to_owned(),
        ),
        (
            "\u{b}LABEL a=b",
            "4:1: control character `\\u{b}` in an instruction; delete it".to_owned(),
        ),
        (
            "LABEL a=b\u{202e}c",
            "4:10: invisible character `\\u{202e}` in an instruction; delete it".to_owned(),
        ),
        (
            "LABEL a=\"b\u{200b}\"",
            "4:11: invisible character `\\u{200b}` in an instruction; delete it".to_owned(),
        ),
        (
            "LABEL a=b\rc",
            "4:10: control character `\\u{d}` in an instruction; delete it".to_owned(),
        ),
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

#[test]
fn reads_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Agentfile");
    let check = |content: &[u8], expected: &str| {
        fs::write(&path, content).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}:{expected}", path.display()));
    };
    check(
        b"FROM scratch\nNAME \xc3\xa9\xff\n",
        "2:7: byte 0xff is not UTF-8; save the file as UTF-8",
    );
    check(
        b"\xfe\xff",
        "1:1: byte 0xfe is not UTF-8; save the file as UTF-8",
    );
    check(b"FROM x\n", "1:6: only `FROM scratch` for now, not `x`");
    // The cap may fall into the middle of a character.
    check(
        "é".repeat(1 << 20).as_bytes(),
        "1:1: the file has more than 1048576 bytes; make it shorter",
    );

    fs::write(&path, LEAST).unwrap();
    assert_eq!(read(&path).unwrap(), parsed(LEAST));

    let missing = dir.path().join("missing");
    let error = read(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!(
            "cannot read the Agentfile {}: ",
            missing.display()
        )),
        "{error}"
    );
}
