//! Several mistakes at once, and input that is made to be hard to read.

use super::*;

#[test]
fn every_mistake_of_a_file_is_reported() {
    check_mistakes(
        "FROM scratch\nNAME .\nMODLE a/b\nBIN wc\nCONTEXT\nLABEL a=b\n",
        &[
            "2:6: an agent's name is 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter \
             or a digit; `.` is not",
            "3:1: unknown instruction `MODLE`; did you mean `MODEL`?",
            "4:7: expected a path such as `./wc.wasm`, or an image, found the end of the line",
            "5:8: expected the context's name, found the end of the line",
        ],
    );
}

#[test]
fn the_body_of_a_mistake_holds_no_instructions() {
    check_mistakes(
        &format!("{LEAST}CONTXT A <<EOF\nNAME x y z\nBIN\nEOF\nBIN wc\n"),
        &[
            "4:1: unknown instruction `CONTXT`; did you mean `CONTEXT`?",
            "8:7: expected a path such as `./wc.wasm`, or an image, found the end of the line",
        ],
    );
    let long = "x".repeat(LINE_MAX_BYTES + 1);
    check_mistakes(
        &format!("{LEAST}CONTEXT A <<EOF\n{long}\nBIN\nEOF\nLABEL a=b\n"),
        &["5:65537: the line has 65537 bytes, at most 65536 are read; break it up"],
    );
}

#[test]
fn mistakes_are_bounded() {
    let error = parse(&format!("{LEAST}{}", "BIN\n".repeat(1000)), "f").unwrap_err();
    assert_eq!(error.mistakes.len(), 20);
    assert!(
        error.to_string().ends_with("\n980 more: mend these first"),
        "{error}"
    );
}

#[test]
fn values_of_arguments_are_bounded() {
    // Each line alone is short; the values of the first would make gigabytes of the last.
    let kilobytes = "x".repeat(60_000);
    let line = "${A}".repeat(16_000);
    check_refused(
        &format!("FROM scratch\nARG A={kilobytes}\nNAME a\nMODEL a/b\nLABEL a={line}\n"),
        "5:13: with the values of `ARG` the line has more than 65536 bytes; make them shorter",
    );
    // Nor does one of each line.
    let doubling: String = (0..200)
        .map(|n| format!("ARG A{}=${{A{n}}}${{A{n}}}\n", n + 1))
        .collect();
    let text = format!("FROM scratch\nARG A0=xxxxxxxx\n{doubling}NAME a\nMODEL a/b\n");
    assert!(parse(&text, "f").is_err());
}

#[test]
fn large_files_end_soon() {
    let million = "LABEL a=b\n".repeat(100_000);
    let text = format!("{LEAST}{million}");
    parsed(&text);
    let quotes = format!("{LEAST}LABEL a=\"{}", "\\\"".repeat(30_000));
    check_refused(
        &quotes,
        "4:9: the string never ends; close it with `\"` on the same line",
    );
}
