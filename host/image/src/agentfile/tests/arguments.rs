//! Contexts, tools, labels and strings that are refused.

use super::*;

#[test]
fn wrong_contexts() {
    let left_over = "a context is `CONTEXT name [\"description\"] <<EOF` or `… file://PATH`";
    let no_text = "has no text; end the line with `<<EOF`, or name a file, `file://PATH`";
    let marker = "a heredoc is `<<` and a marker of letters, digits and `_`, as in `<<EOF`";
    let last = "a heredoc is the last thing on its line; put what follows before it";
    let name = "a context's name becomes a file name: 1 to 63 letters, digits, `.`, `_` or `-`, \
                the first a letter or a digit;";
    for (lines, expected) in [
        (
            "CONTEXT",
            "4:8: expected the context's name, found the end of the line".to_owned(),
        ),
        (
            "CONTEXT <<EOF\nEOF",
            "4:9: expected the context's name before the heredoc".to_owned(),
        ),
        ("CONTEXT A", format!("4:10: context A {no_text}")),
        ("CONTEXT A \"désc\"  ", format!("4:17: context A {no_text}")),
        (
            "CONTEXT A file://a.md <<EOF\nEOF",
            "4:11: context A has a file and a heredoc; keep one of them".to_owned(),
        ),
        (
            "CONTEXT A file:///etc/passwd",
            "4:11: `file:///etc/passwd` does not lie beside the Agentfile; write a path from its \
             directory, such as `file://docs/soul.md`"
                .to_owned(),
        ),
        (
            "CONTEXT A file://a/../../b",
            "4:11: `file://a/../../b` does not lie beside the Agentfile; write a path from its \
             directory, such as `file://docs/soul.md`"
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
            "4:9: the host writes agent.md itself; give this context another name".to_owned(),
        ),
        (
            "CONTEXT Workspace <<EOF\nEOF",
            "4:9: the host writes Workspace.md itself; give this context another name".to_owned(),
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
                 letters and digits, with single `.`, `_` or `-` between them; {path}"
            ),
        ),
        (
            "BIN wc a@sha256:12",
            format!(
                "4:8: `a@sha256:12` is not an image reference: `sha256:12` is not a digest: \
                 expected `sha256:` and 64 lowercase hexadecimal digits; {path}"
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
