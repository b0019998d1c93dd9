//! Limits that are suggested, and when they are.

use crate::support::{Scratch, Typed, cofferdam};

#[test]
fn limits_are_suggested_when_something_ran() {
    let scratch = Scratch::new();
    let typed = Typed {
        input_schema: r#"{"type":"object","properties":{"n":{"type":"string","maxLength":3}},
            "required":["n"]}"#,
        ..Typed::default()
    };
    let component = typed.built(&scratch, "adds", "");
    let test = || {
        let args = [
            "tool".as_ref(),
            "test".as_ref(),
            component.as_os_str(),
            "--capabilities".as_ref(),
            "adds.toml".as_ref(),
        ];
        cofferdam(&scratch, args).run().exits(0).stdout
    };
    // No hostile input fits its schema, so none of them reached it.
    let silent = test();
    assert!(
        silent.contains("denied") && !silent.contains("most fuel") && !silent.contains("limits"),
        "{silent}"
    );
    scratch.file(
        "built/cases/a.json",
        r#"{"name": "a", "input": {"n": "a"}}"#,
    );
    let ran = test();
    assert!(
        ran.contains("most fuel ") && ran.contains("the default limits are enough"),
        "{ran}"
    );
}
